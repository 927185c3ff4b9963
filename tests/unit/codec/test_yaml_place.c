/* codec/yaml_place: every byte of a scalar's text is found again where it was written. */
#include "codec/yaml.h"

#include "unit.h"

/* The place of `needle`, which is in the text of `key`, is where it stands in the document (`raw` there). */
static void expect(const char *document, const char *needle, const char *raw)
{
    struct arena a;
    struct diag_list diags;
    const struct yaml *root;
    size_t at;
    int line, col;
    arena_init(&a, 1 << 20);
    diag_list_init(&diags, &a, 5);
    assert_int_equal(yaml_parse(&a, STR("f"), str_c(document), &yaml_limits_default, &diags, &root), 0);
    const struct yaml *y = yaml_get(root, STR("key"));
    assert_non_null(y);
    assert_true(str_find(y->text, str_c(needle), &at));
    yaml_place(str_c(document), y, at, &line, &col);
    const char *p = document;
    for (int i = 1; i < line; i++)
        p = strchr(p, '\n') + 1;
    for (int i = 1; i < col; i++)
        p += ((unsigned char)p[0] & 0xc0) == 0xc0
                 ? ((unsigned char)p[0] >= 0xf0 ? 4 : 1 + ((unsigned char)p[0] >= 0xe0) + 1)
                 : 1;
    if (strncmp(p, raw, strlen(raw)) != 0)
        fail_msg("%s is said to be at %d:%d of\n%s", needle, line, col, document);
    arena_deinit(&a);
}

static void plain_and_quoted_texts_are_walked_with_their_escapes(void **state)
{
    expect("other: 1\nkey: a + needle + b\n", "needle", "needle");
    expect("key: \"a \\\"b\\\" \\\\ needle\"\n", "needle", "needle");
    expect("key: \"\\x41\\u00e9\\U0001F431 \\n\\tneedle\"\n", "needle", "needle");
    expect("key: 'it''s a needle'\n", "needle", "needle");
    expect("\xc3\xa9: 1\nkey: '\xe2\x82\xac\xf0\x9f\x90\xb1 needle'\n", "needle", "needle");
    expect("{\"key\": \"\\u20ac needle\"}\n", "needle", "needle");
    expect("key: needle\n", "needle", "needle");
}

static void lines_that_are_folded_or_indented_are_followed(void **state)
{
    expect("key: one two\n  three\n\n  needle\n", "needle", "needle");
    expect("key: \"one two\n    three\\\n    \\ four needle\"\n", "needle", "needle");
    expect("key: 'one\n\n  two needle'\n", "needle", "needle");
    expect("key: |\n  one\n    two needle\n  three\n", "needle", "needle");
    expect("key: |2-\n    one\n   needle\n", "needle", "needle");
    expect("key: >-\n  one\n  two\n\n    indented\n  needle\n", "needle", "needle");
    expect("key: one\r\n  needle\r\n", "needle", "needle");
}

static void the_end_of_a_text_is_a_place_too(void **state)
{
    struct arena a;
    struct diag_list diags;
    const struct yaml *root;
    struct str document = STR("key: 'abc'\n");
    int line, col;
    arena_init(&a, 1 << 20);
    diag_list_init(&diags, &a, 5);
    assert_int_equal(yaml_parse(&a, STR("f"), document, &yaml_limits_default, &diags, &root), 0);
    yaml_place(document, yaml_get(root, STR("key")), 3, &line, &col);
    assert_int_equal(line, 1);
    assert_int_equal(col, 10);
    yaml_place(document, yaml_get(root, STR("key")), 99, &line, &col);
    assert_int_equal(col, 10);
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_quoted_texts_are_walked_with_their_escapes),
        cmocka_unit_test(lines_that_are_folded_or_indented_are_followed),
        cmocka_unit_test(the_end_of_a_text_is_a_place_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
