/* cli/print.c: nothing a stranger wrote reaches a terminal as a command; tables stand straight. */
#include "../unit.h"

#include "cli/print.h"

static char *text;
static size_t text_bytes;

static struct cli open_cli(void)
{
    struct cli c = {.out = open_memstream(&text, &text_bytes)};
    arena_init(&c.arena, 1u << 20);
    c.err = c.out;
    return c;
}
static const char *close_cli(struct cli *c)
{
    static char copy[4096];
    fclose(c->out);
    snprintf(copy, sizeof(copy), "%s", text);
    free(text);
    arena_deinit(&c->arena);
    return copy;
}

static void assert_safe(const char *in, const char *want)
{
    struct cli c = open_cli();
    print_safe(c.out, str_c(in));
    const char *got = close_cli(&c);
    assert_string_equal(got, want);
    assert_int_equal(print_width(str_c(in)), print_width(str_c(want)));
}

static void control_bytes_are_shown_and_not_sent(void **state)
{
    assert_safe("plain text", "plain text");
    assert_safe("a\033[31mb", "a\\x1b[31mb");
    assert_safe("a\nb\tc\r\x7f", "a\\x0ab\\x09c\\x0d\\x7f");
    assert_safe("\xc2\x9b"
                "31m",
                "\\xc2\\x9b31m");
    assert_safe("bad \xff utf \xc3", "bad \\xff utf \\xc3");
    assert_safe("\xe2\x80\xae"
                "abc",
                "\\xe2\\x80\\xaeabc");
    assert_safe("\xe2\x81\xa6"
                "x",
                "\\xe2\\x81\\xa6x");
    assert_safe("Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80", "Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void columns_are_aligned_by_characters(void **state)
{
    static const char *const titles[] = {"NAME", ">N", "LAST"};
    struct cli c = open_cli();
    struct table t;
    table_init(&t, &c, titles, 3);
    table_add(&t, STR("Zo\xc3\xab"));
    table_add(&t, STR("7"));
    table_add(&t, STR("x"));
    table_add(&t, STR("a longer one"));
    table_add(&t, STR("1234"));
    table_add(&t, STR(""));
    table_print(&t);
    assert_string_equal(close_cli(&c), "NAME             N  LAST\n"
                                       "Zo\xc3\xab              7  x\n"
                                       "a longer one  1234  -\n");
}

static void many_rows_fit(void **state)
{
    static const char *const titles[] = {"N"};
    struct cli c = open_cli();
    struct table t;
    table_init(&t, &c, titles, 1);
    for (int i = 0; i < 300; i++)
        table_add(&t, STR("x"));
    assert_int_equal(t.n_cells, 300);
    assert_str(t.cells[299].text, "x");
    close_cli(&c);
}

static void colour_only_where_it_is_wanted(void **state)
{
    struct cli c = open_cli();
    print_styled(&c, STYLE_BAD, STR("no"));
    c.has_color = true;
    print_styled(&c, STYLE_BAD, STR("no"));
    print_styled(&c, STYLE_PLAIN, STR("no"));
    assert_string_equal(close_cli(&c), "no\033[31mno\033[0mno");
}

static void json_says_the_same_when_it_is_made_safe(void **state)
{
    char got[200] = "";
    FILE *f = fmemopen(got, sizeof got, "w");
    print_safe_json(f, STR("\"a\x7f\xc2\x85\xe2\x80\xae\xe2\x81\xa6 \xc3\xa9\xf0\x9f\x98\x80 \\u001b\""));
    fclose(f);
    assert_string_equal(got, "\"a\\u007f\\u0085\\u202e\\u2066 \xc3\xa9\xf0\x9f\x98\x80 \\u001b\"");
}

static void records_become_text(void **state)
{
    struct cli c = open_cli();
    struct json call;
    assert_int_equal(
        json_parse(&c.arena,
                   STR("{\"held\":{\"usd\":\"12.500000000\",\"how\":\"estimated\"},\"settled\":null,\"n\":7,"
                       "\"at\":\"2026-11-23T12:00:01.123Z\",\"agent\":\"a\",\"roles\":[\"viewer\",1,\"policy\"]}"),
                   8, &call),
        0);
    assert_str(show_money(&c, call, "held"), "12.50 USD estimated");
    assert_str(show_money(&c, call, "settled"), "");
    assert_str(show_money(&c, call, "absent"), "");
    assert_str(show_number(&c, call, "n"), "7");
    assert_str(show_time(&c, call, "at"), "2026-11-23 12:00:01Z");
    assert_str(show_time(&c, call, "absent"), "");
    assert_str(show_text(call, "agent"), "a");
    assert_str(show_text(call, "n"), "");
    assert_str(show_list(&c, call, "roles"), "viewer policy");
    assert_str(show_list(&c, call, "absent"), "");
    assert_str(show_units(&c, STR("usd"), 4750000), "0.00475 USD");
    assert_str(show_units(&c, STR("currency:EUR"), 3000000000), "3.00 EUR");
    assert_str(show_units(&c, STR("requests"), 3), "3");
    close_cli(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_bytes_are_shown_and_not_sent),
        cmocka_unit_test(columns_are_aligned_by_characters),
        cmocka_unit_test(many_rows_fit),
        cmocka_unit_test(colour_only_where_it_is_wanted),
        cmocka_unit_test(json_says_the_same_when_it_is_made_safe),
        cmocka_unit_test(records_become_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
