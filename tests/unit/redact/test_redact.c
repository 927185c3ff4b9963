/* redact/redact: several detectors over one text, and streams that give what the whole gives. */
#include "redact_set.h"

#include "base/rand.h"

#define ALL ((1u << REDACT_KINDS) - 1)

static void finds_that_overlap_are_replaced_as_one(void **state)
{
    struct arena a;
    struct redact_set s = set_of(ALL);
    arena_init(&a, 4 << 20);
    add_pattern(&s, &a, "com now", "[phrase]");
    expect_redacted(&s, "john@example.com now", "[email]");
    expect_redacted(&s, "a 4111111111111111 b +4915112345678 c", "a [card] b [phone] c");
    expect_redacted(&s, "+4111111111111111@example.com.", "[email].");
    arena_deinit(&a);
}

static void a_detector_is_in_a_set_once_and_a_set_has_an_end(void **state)
{
    struct redact_set s = set_of(ALL);
    assert_true(redact_set_add(&s, REDACT_EMAIL, NULL, STR("other")));
    assert_int_equal(s.n, REDACT_KINDS);
    expect_redacted(&s, "john@example.com", "[email]");
    struct arena a;
    arena_init(&a, 4 << 20);
    for (size_t i = s.n; i < REDACT_SOURCES_MAX; i++)
        add_pattern(&s, &a, "x{3}", "[x]");
    assert_false(redact_set_add(&s, REDACT_KINDS, (const struct regex *)&a, STR("one more")));
    arena_deinit(&a);
}

static void a_replacement_names_its_kind(void **state)
{
    struct arena a;
    arena_init(&a, 4096);
    assert_str(redact_replacement(&a, STR("<{kind}>"), STR("card")), "<card>");
    assert_str(redact_replacement(&a, STR("***"), STR("card")), "***");
    arena_deinit(&a);
}

/* A chain of finds that overlap without end: patterns that reach into one another. */
static void what_would_have_to_be_kept_back_beyond_the_bound_is_replaced_whole(void **state)
{
    struct arena a;
    struct redact_set s = {.n = 0};
    struct buf out;
    char text[8 * 1024];
    arena_init(&a, 16 << 20);
    add_pattern(&s, &a, "a{9}b", "[one]");
    add_pattern(&s, &a, "ba{9}", "[two]");
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 10 == 9 ? 'b' : 'a';
    in_pieces(&s, (struct str){text, sizeof text}, 7, &out);
    size_t at;
    assert_false(str_find(buf_str(&out), STR("aaaaaaaaab"), &at));
    buf_deinit(&out);
    arena_deinit(&a);
}

static struct str random_text(struct rng *r, char *text, size_t n_max)
{
    static const char *const words[] = {"john@example.com", "4111 1111 1111 1111", "+49 30 1234567", "@", "4111", " ",
                                        "DE89370400440532013000", "x", ".", "\\n", "%40", "-", "1", "\xc3\xa4", "de",
                                        "example.com", "(415) 555-2671", "TCK-123456", "\"", "+", "0", "_"};
    size_t n = 0, n_words = rng_below(r, 12);
    for (size_t i = 0; i < n_words; i++) {
        const char *w = words[rng_below(r, sizeof words / sizeof words[0])];
        if (n + strlen(w) < n_max) {
            memcpy(text + n, w, strlen(w));
            n += strlen(w);
        }
    }
    return (struct str){text, n};
}

static void pieces_of_any_size_give_what_the_whole_gives(void **state)
{
    struct arena a;
    struct rng r;
    struct redact_set s = set_of(ALL);
    struct buf whole, cut;
    char memory[400];
    arena_init(&a, 4 << 20);
    add_pattern(&s, &a, "\\bTCK-[0-9]{6}\\b", "[ticket]");
    buf_init(&whole, 1 << 20);
    buf_init(&cut, 1 << 20);
    rng_seeded_init(&r, 4711);
    for (int i = 0; i < 20000; i++) {
        struct redact_stream stream;
        size_t n_found = 0;
        struct str text = random_text(&r, memory, sizeof memory);
        buf_reset(&whole);
        buf_reset(&cut);
        assert_int_equal(redact_text(&s, text, &whole, &n_found), 0);
        redact_stream_init(&stream, &s);
        for (size_t at = 0, n; at < text.n; at += n) {
            n = 1 + rng_below(&r, 9);
            assert_int_equal(redact_stream_add(&stream, str_sub(text, at, n), &cut, &n_found), 0);
        }
        assert_int_equal(redact_stream_end(&stream, &cut, &n_found), 0);
        redact_stream_deinit(&stream);
        if (!str_eq(buf_str(&whole), buf_str(&cut)))
            fail_msg("\"%.*s\"\n  whole \"%.*s\"\n  cut   \"%.*s\"", STR_ARG(text), STR_ARG(buf_str(&whole)),
                     STR_ARG(buf_str(&cut)));
    }
    buf_deinit(&whole);
    buf_deinit(&cut);
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_that_overlap_are_replaced_as_one),
        cmocka_unit_test(a_detector_is_in_a_set_once_and_a_set_has_an_end),
        cmocka_unit_test(a_replacement_names_its_kind),
        cmocka_unit_test(what_would_have_to_be_kept_back_beyond_the_bound_is_replaced_whole),
        cmocka_unit_test(pieces_of_any_size_give_what_the_whole_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
