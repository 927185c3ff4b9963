/* proxy/body: what of a body may be kept: whole, cut, unpacked, redacted, or a reason why nothing is. */
#include "unit.h"

#include "base/check.h"
#include "codec/gzip.h"
#include "proxy/body.h"

#define MAX 40

struct bench {
    struct body_work work;
    struct redact_set none, email;
};

static int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    body_work_init(&b->work, MAX);
    check(redact_set_add(&b->email, REDACT_EMAIL, NULL, STR("[email]")));
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    body_work_deinit(&b->work);
    free(b);
    return 0;
}

/* As a call hands it over: the beginning of what passed. */
static struct kept_body prepared(struct bench *b, bool redacts, const char *type, const char *encoding,
                                 struct str whole)
{
    size_t n = whole.n < BODY_COLLECT_BYTES(MAX) ? whole.n : BODY_COLLECT_BYTES(MAX);
    struct kept_body body = {.content_type = str_c(type),
                             .encoding = str_c(encoding),
                             .bytes = (int64_t)whole.n,
                             .content = str_sub(whole, 0, n)};
    assert_int_equal(body_prepare(&b->work, redacts ? &b->email : &b->none, MAX, &body), 0);
    return body;
}

static void assert_kept(struct kept_body b, const char *text, bool is_cut)
{
    assert_int_equal(b.lack, BODY_LACK_NONE);
    assert_str(b.content, text);
    assert_int_equal(b.is_cut, is_cut);
    assert_int_equal(b.encoding.n, 0);
}

static void assert_lacks(struct kept_body b, enum body_lack why)
{
    assert_int_equal(b.lack, why);
    assert_int_equal(b.content.n, 0);
    assert_true(body_lack_help(body_lack_text(why)).n > 0);
}

static void at_the_limit_it_is_whole_and_one_past_it_cut(void **state)
{
    const char *digits = "0123456789012345678901234567890123456789x";
    assert_kept(prepared(*state, false, "text/plain", "", (struct str){digits, MAX}),
                "0123456789012345678901234567890123456789", false);
    assert_kept(prepared(*state, false, "text/plain", "", str_c(digits)), "0123456789012345678901234567890123456789",
                true);
    assert_kept(prepared(*state, false, "text/plain", "", STR_NONE), "", false);
}

static void a_code_point_is_never_cut(void **state)
{
    /* the last is three bytes, of which the limit has one, two and all */
    assert_kept(prepared(*state, false, "", "", STR("012345678901234567890123456789012345678\u20ac and on")),
                "012345678901234567890123456789012345678", true);
    assert_kept(prepared(*state, false, "", "", STR("01234567890123456789012345678901234567\u20ac and on")),
                "01234567890123456789012345678901234567", true);
    assert_kept(prepared(*state, false, "", "", STR("0123456789012345678901234567890123456\u20ac and on")),
                "0123456789012345678901234567890123456\u20ac", true);
}

static void what_is_personal_is_taken_out_of_each_form(void **state)
{
    assert_kept(prepared(*state, true, "application/json", "", STR("{\"to\":\"a@b.example\"}")), "{\"to\":\"[email]\"}",
                false);
    assert_kept(prepared(*state, true, "application/json", "", STR("no JSON: a@b.example")), "no JSON: [email]", false);
    assert_kept(prepared(*state, true, "application/x-www-form-urlencoded", "", STR("a=1&to=a%40b.example")),
                "a=1&to=[email]", false);
    assert_kept(prepared(*state, true, "text/plain", "", STR("to a@b.example")), "to [email]", false);
    assert_kept(prepared(*state, true, "text/event-stream", "", STR("data: {\"a\":\"a@b.example\"}\n\n")),
                "data: {\"a\":\"[email]\"}\n\n", false);
}

static void of_a_cut_body_nothing_is_kept_that_may_be_the_half_of_something(void **state)
{
    struct str words = STR("words and then, at the end, comes ann@b.example");
    struct kept_body b = prepared(*state, true, "text/plain", "", words);
    size_t at;
    assert_int_equal(b.lack, BODY_LACK_NONE);
    assert_true(b.is_cut);
    assert_false(str_find(b.content, STR("ann"), &at));
    assert_kept(prepared(*state, true, "application/x-www-form-urlencoded", "",
                         STR("a=1&b=0123456789012345678901234567890ann%40b.example")),
                "a=1", true);
    assert_lacks(prepared(*state, true, "application/json", "",
                          STR("{\"a\":\"0123456789012345678901234567890 ann@b.example\"}")),
                 BODY_LACK_TOO_LARGE);
}

static void what_cannot_be_looked_into_is_kept_only_where_nothing_is_taken_out(void **state)
{
    assert_kept(prepared(*state, false, "image/png", "", STR("\x89PNG")), "\x89PNG", false);
    assert_lacks(prepared(*state, true, "image/png", "", STR("\x89PNG")), BODY_LACK_UNREADABLE);
    struct kept_body b = prepared(*state, false, "text/plain", "br", STR("packed"));
    assert_str(b.encoding, "br");
    assert_str(b.content, "packed");
    assert_lacks(prepared(*state, true, "text/plain", "br", STR("packed")), BODY_LACK_UNREADABLE);
    assert_kept(prepared(*state, true, "text/plain", "identity", STR("plain")), "plain", false);
}

static void gzip_is_unpacked_and_what_is_damaged_is_not_believed(void **state)
{
    struct buf packed;
    buf_init(&packed, 4096);
    assert_int_equal(gzip_pack(STR("to a@b.example"), &packed), 0);
    struct str whole = buf_str(&packed);
    assert_kept(prepared(*state, false, "text/plain", "gzip", whole), "to a@b.example", false);
    assert_kept(prepared(*state, true, "text/plain", "X-GZIP", whole), "to [email]", false);
    struct kept_body b = prepared(*state, false, "text/plain", "gzip", str_sub(whole, 0, whole.n - 1));
    assert_str(b.encoding, "gzip");
    assert_int_equal(b.content.n, whole.n - 1);
    assert_lacks(prepared(*state, true, "text/plain", "gzip", str_sub(whole, 0, whole.n - 1)), BODY_LACK_DAMAGED);
    assert_lacks(prepared(*state, true, "text/plain", "gzip", STR("not gzip")), BODY_LACK_DAMAGED);
    buf_deinit(&packed);
}

static void a_small_gzip_of_much_is_cut_and_takes_no_more_memory_than_its_share(void **state)
{
    static char zeros[1 << 16];
    struct buf packed;
    memset(zeros, '0', sizeof zeros);
    buf_init(&packed, 1 << 18);
    assert_int_equal(gzip_pack((struct str){zeros, sizeof zeros}, &packed), 0);
    struct kept_body b = {.content_type = STR("text/plain"), .encoding = STR("gzip"), .bytes = (int64_t)packed.n,
                          .content = buf_str(&packed)};
    struct bench *bench = *state;
    assert_int_equal(body_prepare(&bench->work, &bench->none, MAX, &b), 0);
    assert_kept(b, "0000000000000000000000000000000000000000", true);
    assert_true(bench->work.unpacked.cap <= 16 * BODY_COLLECT_BYTES(MAX));
    buf_deinit(&packed);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(at_the_limit_it_is_whole_and_one_past_it_cut),
        T(a_code_point_is_never_cut),
        T(what_is_personal_is_taken_out_of_each_form),
        T(of_a_cut_body_nothing_is_kept_that_may_be_the_half_of_something),
        T(what_cannot_be_looked_into_is_kept_only_where_nothing_is_taken_out),
        T(gzip_is_unpacked_and_what_is_damaged_is_not_believed),
        T(a_small_gzip_of_much_is_cut_and_takes_no_more_memory_than_its_share),
    };
    return cmocka_run_group_tests_name("proxy/body", tests, NULL, NULL);
}
