/*
 * tests/unit/proxy/test_conceal.c - a vendor's secret never comes back to an agent, in whatever pieces it arrives.
 */
#include "unit.h"

#include "base/arena.h"
#include "base/rand.h"
#include "codec/b64.h"
#include "proxy/conceal.h"

#include <stdlib.h>
#include <string.h>

static const char canary[] = "zz_live_51Canary0123456789abcdef";

static struct secret *make(struct conceal_forms *f)
{
    struct secret *s;
    assert_int_equal(secret_new(str_c(canary), &s), 0);
    assert_int_equal(conceal_forms_init(f, s), 0);
    return s;
}

static void raw_and_base64_forms_are_overwritten_byte_for_byte(void **state)
{
    struct conceal_forms f;
    struct secret *s = make(&f);
    char b64[128], b64_colon[128], text[1024], with_colon[64];
    struct str e1 = b64_encode(str_c(canary), b64);
    int n = snprintf(with_colon, sizeof(with_colon), "%s:", canary);
    struct str e2 = b64_encode((struct str){with_colon, (size_t)n}, b64_colon);
    n = snprintf(text, sizeof(text), "a %s b %.*s c %.*s d %s", canary, (int)e1.n, e1.p, (int)e2.n, e2.p, canary);
    size_t found = conceal_text(&f, text, (size_t)n);
    assert_true(found >= 4);
    assert_int_equal(strlen(text), n);
    assert_null(strstr(text, canary));
    assert_null(strstr(text, "Canary"));
    assert_null(memmem(text, (size_t)n, e1.p, e1.n - 4));
    assert_non_null(strstr(text, "a *"));
    assert_non_null(strstr(text, " b *"));
    conceal_forms_deinit(&f);
    secret_free(s);
}

/* Whatever stands behind the secret in what is encoded together: all but its last few bits are gone. */
static void base64_is_overwritten_also_when_it_goes_on_behind_the_secret(void **state)
{
    static const char *const behind[] = {"", ":", ":x", "\xff\xff\xff"};
    for (size_t n = 8; n <= strlen(canary); n++) {
        struct conceal_forms f;
        struct secret *s;
        assert_int_equal(secret_new((struct str){canary, n}, &s), 0);
        assert_int_equal(conceal_forms_init(&f, s), 0);
        for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
            char plain[64], text[128], stars[128];
            int n_plain = snprintf(plain, sizeof(plain), "%.*s%s", (int)n, canary, behind[i]);
            struct str t = b64_encode((struct str){plain, (size_t)n_plain}, text);
            assert_int_equal(conceal_text(&f, text, t.n), 1);
            memset(stars, '*', sizeof(stars));
            assert_memory_equal(text, stars, (n * 8 + 5) / 6 - 1);
        }
        conceal_forms_deinit(&f);
        secret_free(s);
    }
}

static void the_password_of_a_pair_is_overwritten_alone_too(void **state)
{
    struct conceal_forms f;
    struct secret *s;
    char text[] = "{\"auth_token\":\"0123456789abcdef\",\"sid\":\"ACx\"}", short_text[] = "AC0123456789:short short";
    assert_int_equal(secret_new(STR("ACx:0123456789abcdef"), &s), 0);
    assert_int_equal(conceal_forms_init(&f, s), 0);
    assert_int_equal(conceal_text(&f, text, strlen(text)), 1);
    assert_string_equal(text, "{\"auth_token\":\"****************\",\"sid\":\"ACx\"}");
    conceal_forms_deinit(&f);
    secret_free(s);
    assert_int_equal(secret_new(STR("AC0123456789:short"), &s), 0);
    assert_int_equal(conceal_forms_init(&f, s), 0);
    assert_int_equal(conceal_text(&f, short_text, strlen(short_text)), 1); /* short texts alone are anybody's */
    conceal_forms_deinit(&f);
    secret_free(s);
}

static void other_text_is_untouched(void **state)
{
    struct conceal_forms f;
    struct secret *s = make(&f);
    char text[] = "zz_live_51Canary0123456789abcdeX and zz_live_";
    assert_int_equal(conceal_text(&f, text, strlen(text)), 0);
    assert_string_equal(text, "zz_live_51Canary0123456789abcdeX and zz_live_");
    conceal_forms_deinit(&f);
    secret_free(s);
}

/* Every split into up to three pieces gives what one piece gives. */
static void a_secret_split_over_pieces_is_still_found(void **state)
{
    struct conceal_forms f;
    struct secret *s = make(&f);
    struct rng r;
    rng_seeded_init(&r, 11);
    for (int round = 0; round < 2000; round++) {
        char text[512], want[512];
        size_t n = 0, at = 0;
        while (n < 300) {
            if (rng_below(&r, 3) == 0) {
                memcpy(text + n, canary, strlen(canary));
                n += strlen(canary);
            } else {
                text[n++] = "zz_live51Canary"[rng_below(&r, 15)];
            }
        }
        memcpy(want, text, n);
        (void)conceal_text(&f, want, n);
        struct conceal_stream cs;
        struct buf got;
        buf_init(&got, 4096);
        conceal_stream_init(&cs, &f);
        while (at < n) {
            size_t k = 1 + rng_below(&r, 40);
            k = k > n - at ? n - at : k;
            struct str out;
            assert_int_equal(conceal_stream_add(&cs, (struct str){text + at, k}, &out), 0);
            assert_int_equal(buf_add(&got, out), 0);
            at += k;
        }
        assert_int_equal(buf_add(&got, conceal_stream_end(&cs)), 0);
        assert_int_equal(got.n, n);
        assert_memory_equal(got.p, want, n);
        assert_null(memmem(got.p, got.n, canary, strlen(canary)));
        conceal_stream_deinit(&cs);
        buf_deinit(&got);
    }
    conceal_forms_deinit(&f);
    secret_free(s);
}

static void a_piece_behind_which_nothing_waits_is_looked_through_where_it_lies(void **state)
{
    struct conceal_forms f;
    struct secret *s = make(&f);
    struct conceal_stream cs;
    struct str out;
    char first[64], second[] = "ve", third[] = "rsa";
    int n = snprintf(first, sizeof(first), "a %s, zz_li", canary);
    conceal_stream_init(&cs, &f);
    assert_int_equal(conceal_stream_add(&cs, (struct str){first, (size_t)n}, &out), 0);
    assert_ptr_equal(out.p, first);
    assert_str(out, "a ********************************, ");
    assert_int_equal(conceal_stream_add(&cs, (struct str){second, 2}, &out), 0);
    assert_str(out, ""); /* "zz_live" may still become the secret */
    assert_int_equal(conceal_stream_add(&cs, (struct str){third, 3}, &out), 0);
    assert_str(out, "zz_liversa");
    assert_int_equal(conceal_stream_end(&cs).n, 0);
    conceal_stream_deinit(&cs);
    conceal_forms_deinit(&f);
    secret_free(s);
}

static void without_a_secret_bytes_pass_as_they_are(void **state)
{
    struct conceal_forms f;
    struct conceal_stream cs;
    struct str out;
    assert_int_equal(conceal_forms_init(&f, NULL), 0);
    conceal_stream_init(&cs, &f);
    assert_int_equal(conceal_stream_add(&cs, STR("hello"), &out), 0);
    assert_str(out, "hello");
    assert_int_equal(conceal_stream_end(&cs).n, 0);
    conceal_stream_deinit(&cs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_and_base64_forms_are_overwritten_byte_for_byte),
        cmocka_unit_test(base64_is_overwritten_also_when_it_goes_on_behind_the_secret),
        cmocka_unit_test(the_password_of_a_pair_is_overwritten_alone_too),
        cmocka_unit_test(other_text_is_untouched),
        cmocka_unit_test(a_secret_split_over_pieces_is_still_found),
        cmocka_unit_test(a_piece_behind_which_nothing_waits_is_looked_through_where_it_lies),
        cmocka_unit_test(without_a_secret_bytes_pass_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
