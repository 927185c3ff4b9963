/* codec/yaml: trees, places, and what is refused. */
#include "codec/yaml.h"

#include "base/err.h"
#include "codec/json_canon.h"
#include "unit.h"

static struct arena arena;
static struct diag_list diags;
static struct buf out;

static int set_up(void **state)
{
    arena_init(&arena, 16 << 20);
    diag_list_init(&diags, &arena, 100);
    buf_init(&out, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    arena_deinit(&arena);
    buf_deinit(&out);
    return 0;
}

static int parse(struct str text, const struct yaml **ret_root)
{
    diag_list_init(&diags, &arena, 100);
    return yaml_parse(&arena, STR("f.yaml"), text, &yaml_limits_default, &diags, ret_root);
}

static const char *diag_texts(void)
{
    buf_reset(&out);
    diag_list_text(&diags, &out);
    buf_add_byte(&out, 0);
    return out.p;
}

static const struct yaml *parse_ok(const char *text)
{
    const struct yaml *root = NULL;
    if (parse(str_c(text), &root) != 0)
        fail_msg("%s", diag_texts());
    assert_int_equal(diags.n, 0);
    return root;
}

static void canon(const char *text, const char *want)
{
    const struct yaml *root = parse_ok(text);
    buf_reset(&out);
    assert_int_equal(yaml_canon(&arena, root, &out), 0);
    assert_str(buf_str(&out), want);
}

static void refused(struct str text, const char *want)
{
    const struct yaml *root = NULL;
    if (parse(text, &root) != -ERR_INVALID)
        fail_msg("accepted: " STR_FMT, STR_ARG(text));
    assert_null(root);
    assert_true(diags.n_errors > 0);
    if (strncmp(diag_texts(), want, strlen(want)) != 0)
        fail_msg("got %s, want %s", diag_texts(), want);
}

static void a_document_becomes_a_tree(void **state)
{
    const struct yaml *root = parse_ok("# a policy\n"
                                       "kind: Policy\n"
                                       "limits:\n"
                                       "  - id: day\n"
                                       "    max: 12.50\n"
                                       "    count: 100\n"
                                       "  - {id: run, strict: true}\n"
                                       "note: |\n"
                                       "  two\n"
                                       "  lines\n"
                                       "none:\n");
    struct str s;
    int64_t i;
    bool b;
    assert_true(yaml_is(root, YAML_MAP));
    assert_int_equal(root->n, 4);
    assert_true(yaml_str(yaml_get(root, STR("kind")), &s));
    assert_str(s, "Policy");
    const struct yaml *limits = yaml_get(root, STR("limits"));
    assert_true(yaml_is(limits, YAML_SEQ));
    assert_int_equal(limits->n, 2);
    assert_true(yaml_number_text(yaml_get(yaml_at(limits, 0), STR("max")), &s));
    assert_str(s, "12.50");
    assert_true(yaml_i64(yaml_get(yaml_at(limits, 0), STR("count")), &i));
    assert_int_equal(i, 100);
    assert_true(yaml_bool(yaml_get(yaml_at(limits, 1), STR("strict")), &b) && b);
    assert_true(yaml_str(yaml_get(root, STR("note")), &s));
    assert_str(s, "two\nlines\n");
    assert_true(yaml_is(yaml_get(root, STR("none")), YAML_NULL));
    assert_null(yaml_get(root, STR("gone")));
    assert_null(yaml_at(limits, 2));
}

static void nodes_know_their_place(void **state)
{
    const struct yaml *root = parse_ok("a: 1\nb:\n  - x\n  -   \xc3\xa9: \"z\"\n");
    const struct yaml *b = yaml_get(root, STR("b")), *map = yaml_at(b, 1), *z = map->first;
    assert_int_equal(root->line, 1);
    assert_int_equal(root->first->col, 4);
    assert_int_equal(b->key_line, 2);
    assert_int_equal(b->key_col, 1);
    assert_int_equal(b->line, 3);
    assert_int_equal(b->col, 3);
    assert_int_equal(z->key_line, 4);
    assert_int_equal(z->key_col, 7);
    assert_int_equal(z->line, 4);
    assert_int_equal(z->col, 10);
    assert_null(root->key.p);
}

static void children_are_visited_in_order(void **state)
{
    char seen[16] = "";
    yaml_each (y, parse_ok("z: 1\na: 2\nm: 3\n"))
        strncat(seen, y->key.p, y->key.n);
    assert_string_equal(seen, "zam");
    yaml_each (y, (const struct yaml *)NULL)
        fail();
    yaml_each (y, parse_ok("[]"))
        fail();
}

static void getters_take_nothing_and_wrong_types(void **state)
{
    const struct yaml *root = parse_ok("{s: x, i: 1, d: 1.5, b: true, l: [1]}");
    struct str s = STR("kept");
    int64_t i = 7;
    bool b = true;
    assert_false(yaml_str(NULL, &s) || yaml_str(yaml_get(root, STR("i")), &s) || yaml_str(root, &s));
    assert_false(yaml_i64(NULL, &i) || yaml_i64(yaml_get(root, STR("d")), &i));
    assert_false(yaml_i64(yaml_get(root, STR("s")), &i));
    assert_false(yaml_bool(NULL, &b) || yaml_bool(yaml_get(root, STR("i")), &b));
    assert_false(yaml_number_text(NULL, &s) || yaml_number_text(yaml_get(root, STR("b")), &s));
    assert_str(s, "kept");
    assert_int_equal(i, 7);
    assert_null(yaml_get(NULL, STR("a")));
    assert_null(yaml_get(yaml_get(root, STR("l")), STR("a")));
    assert_null(yaml_at(NULL, 0));
    assert_false(yaml_is(NULL, YAML_NULL));
    assert_string_equal(yaml_type_name(YAML_SEQ), "a list");
    assert_true(yaml_number_text(yaml_get(root, STR("s")), &s)); /* amounts may be written with quotes */
}

static void empty_documents_are_null(void **state)
{
    static const char *const empty[] = {"", "\n\n", "# nothing\n", "---\n", "---\n...\n", "null"};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        assert_true(yaml_is(parse_ok(empty[i]), YAML_NULL));
    const struct yaml *root = NULL;
    assert_int_equal(parse(STR_NONE, &root), 0);
    assert_true(yaml_is(root, YAML_NULL));
}

static void what_json_cannot_say_is_refused(void **state)
{
    refused(STR("a: &x 1\nb: 2\n"), "f.yaml:1:4: yaml_anchor: ");
    refused(STR("a: &x [1]\n"), "f.yaml:1:4: yaml_anchor: ");
    refused(STR("a: &x {b: 1}\n"), "f.yaml:1:4: yaml_anchor: ");
    refused(STR("&k a: 1\n"), "f.yaml:1:1: yaml_anchor: ");
    refused(STR("a: 1\nb: *x\n"), "f.yaml:2:4: yaml_alias: ");
    refused(STR("*x : 1\n"), "f.yaml:1:1: yaml_key: ");
    refused(STR("a: !!str 1\n"), "f.yaml:1:4: yaml_tag: ");
    refused(STR("a: !x {}\n"), "f.yaml:1:4: yaml_tag: ");
    refused(STR("a: ! 1\n"), "f.yaml:1:4: yaml_tag: ");
    refused(STR("!!map {a: 1}\n"), "f.yaml:1:1: yaml_tag: ");
    refused(STR("a:\n  <<: {b: 1}\n"), "f.yaml:2:3: yaml_merge: ");
    refused(STR("? [a]\n: 1\n"), "f.yaml:1:3: yaml_key: ");
    refused(STR("{[a]: 1}"), "f.yaml:1:2: yaml_key: ");
    refused(STR("? {a: 1}\n"), "f.yaml:1:3: yaml_key: ");
    refused(STR("%YAML 1.1\n---\na: 1\n"), "f.yaml:1:1: yaml_directive: ");
    refused(STR("%TAG ! x\n---\na: 1\n"), "f.yaml:1:1: yaml_directive: ");
    refused(STR("a: 1\n---\nb: 2\n"), "f.yaml:2:1: yaml_documents: ");
    refused(STR("1: x\n"), "f.yaml:1:1: yaml_key: the key `1` is no string");
    refused(STR("null: x\n"), "f.yaml:1:1: yaml_key: ");
    refused(STR("true: x\n"), "f.yaml:1:1: yaml_key: ");
    refused(STR("{: x}"), "f.yaml:1:2: ");
    refused(STR(": x\n"), "f.yaml:1:1: ");
    refused(STR("a: \"\\0\"\n"), "f.yaml:1:4: yaml_nul: ");
}

static void duplicate_keys_are_refused(void **state)
{
    refused(STR("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: duplicate_key: the key `a` stands twice, first in line 1");
    refused(STR("x:\n  - {k: 1, \"k\": 2}\n"), "f.yaml:2:12: duplicate_key: ");
    refused(STR("{\"a\":1,\"\\u0061\":2}"), "f.yaml:1:8: duplicate_key: ");
    parse_ok("a: {a: {a: 1}}\nA: 2\n");
}

static void syntax_faults_have_a_place(void **state)
{
    refused(STR("a: [1, 2\nb: 3\n"), "f.yaml:2:");
    refused(STR("a: 'x\n"), "f.yaml:");
    refused(STR("a: 1\n  b: 2\n"), "f.yaml:2:");
    refused(STR("a:\n\t- 1\n"), "f.yaml:2:1: syntax: ");
    refused(STR("a: b: c\n"), "f.yaml:1:5: syntax: ");
    refused(STR("[1, 2]]"), "f.yaml:1:7: ");
    refused(STR("- a\nb: c\n"), "f.yaml:2:1: syntax: ");
    refused(STR("a: @x\n"), "f.yaml:1:4: syntax: ");
}

static void syntax_faults_say_what_to_write(void **state)
{
    static const char indent[] = "syntax: this line is not indented like those that it belongs to";
    char said[120];
    snprintf(said, sizeof said, "f.yaml:2:4: %s", indent);
    refused(STR("a: 1\n  b: 2\n"), said);
    snprintf(said, sizeof said, "f.yaml:3:2: %s", indent);
    refused(STR("a:\n  b: 1\n c: 2\n"), said);
    refused(STR("a: b: c\n"), "f.yaml:1:5: syntax: a text with `: ` in it needs quotes");
    refused(STR("a: \"b\" c\n"), "f.yaml:1:8: syntax: the text ended with its quote, and more follows: ");
    refused(STR("a: [*]\n"), "f.yaml:1:5: syntax: a text that begins with `*` needs quotes");
    refused(STR("a: [&]\n"), "f.yaml:1:5: syntax: a text that begins with `&` needs quotes");
    refused(STR("a: @x\n"), "f.yaml:1:4: syntax: a text that begins with this character needs quotes");
    refused(STR("a: 1\nb\nc: 1\n"), "f.yaml:2:1: syntax: a key needs a `:` and a space behind it");
    refused(STR("a: [1, 2\nb: 3\n"), "f.yaml:2:2: syntax: `,` or `]` is missing here, for the `[` of line 1");
    refused(STR("\n{a: 1\n"), "f.yaml:3:1: syntax: `,` or `}` is missing here, for the `{` of line 2");
    refused(STR("[1, 2]]"), "f.yaml:1:7: syntax: did not find expected <document start>"); /* the library's own */
}

static void bytes_that_readers_see_differently_are_refused(void **state)
{
    refused(STR("\xef\xbb\xbf" "a: 1\n"), "f.yaml:1:1: yaml_bytes: here is a byte order mark");
    refused(STR("\xff\xfe" "a\0:\0"), "f.yaml:1:1: yaml_bytes: here is no UTF-8");
    refused(STR("a: 1\nb: \xe9\n"), "f.yaml:2:4: yaml_bytes: here is no UTF-8");
    refused(STR("a: \x01\n"), "f.yaml:1:4: yaml_bytes: ");
    refused(STR("a: x\0y\n"), "f.yaml:1:5: yaml_bytes: ");
    refused(STR("a: \x7f\n"), "f.yaml:1:4: yaml_bytes: ");
    refused(STR("a: \xc2\x85\n"), "f.yaml:1:4: yaml_bytes: ");
    refused(STR("\xc3\xa9: 1\r\nb: \"\xe2\x80\xa8\"\n"), "f.yaml:2:5: yaml_bytes: here is a line or");
    parse_ok("a: \"\\u2028\\x85\"\r\nb: \xc2\xa0x\n");
}

static void all_faults_of_meaning_are_told_at_once(void **state)
{
    const struct yaml *root;
    assert_int_equal(parse(STR("a: yes\nb: 0x10\nc: !x 1\nc: 2\n"), &root), -ERR_INVALID);
    assert_int_equal(diags.n, 4);
    assert_int_equal(diags.items[0].line, 1);
    assert_int_equal(diags.items[1].line, 2);
    assert_int_equal(diags.items[2].line, 3);
    assert_int_equal(diags.items[3].line, 4);
}

static void bounds_hold(void **state)
{
    const struct yaml *root = NULL;
    const struct yaml_limits limits = {.bytes_max = 40, .depth_max = 3, .nodes_max = 6};
    struct str file = STR("f");
    assert_int_equal(yaml_parse(&arena, file, STR("[[[1]]]"), &limits, &diags, &root), 0);
    assert_int_equal(yaml_parse(&arena, file, STR("[[[[1]]]]"), &limits, &diags, &root), -ERR_TOO_LARGE);
    assert_int_equal(yaml_parse(&arena, file, STR("[1,2,3,4,5]"), &limits, &diags, &root), 0);
    assert_int_equal(yaml_parse(&arena, file, STR("[1,2,3,4,5,6]"), &limits, &diags, &root), -ERR_TOO_LARGE);
    struct str forty = STR("a: 89012345678901234567890123456789x1234");
    assert_int_equal(forty.n, 40);
    assert_int_equal(yaml_parse(&arena, file, forty, &limits, &diags, &root), 0);
    struct str longer = STR("a: 89012345678901234567890123456789x12345");
    assert_int_equal(yaml_parse(&arena, file, longer, &limits, &diags, &root), -ERR_TOO_LARGE);
    assert_int_equal(diags.n, 3);

    struct arena small;
    arena_init(&small, 300);
    assert_int_equal(yaml_parse(&small, file, STR("[1, 2, 3, 4]"), &limits, &diags, &root), -ERR_TOO_LARGE);
    arena_deinit(&small);
}

static void hostile_shapes_end_soon(void **state)
{
    const struct yaml *root;
    size_t n = 200000;
    char *text = malloc(n);
    static const char shapes[] = "[{-?:!&'\" ";
    for (const char *c = shapes; *c; c++) {
        memset(text, *c, n);
        (void)parse((struct str){text, n}, &root); /* any answer will do, but in time and bounds */
    }
    for (size_t i = 0; i < n; i++)
        text[i] = "- "[i % 2];
    assert_int_equal(parse((struct str){text, n}, &root), -ERR_TOO_LARGE);
    free(text);
}

static void json_means_the_same(void **state)
{
    static const char *const texts[] = {
        "{\"a\":1,\"b\":[true,false,null,-5,12.5],\"c\":{\"d\":\"x\\ty\\u00e9\\/\\\"\\\\\"}}",
        "{\n\t\"tabs\":\t[\n\t\t1,\n\t\t2\n\t]\n}\n",
        "[\"yes\",\"0x10\",\"\",\"~\",\"1e3\",\"a: b\",\"# no comment\",\"- x\"]",
        "{\"\":{\"a b\":1},\"k\":\"\\ud83d\\ude00 \\\\ud83d \\u0041\"}",
        "\"\\uD834\\uDD1E\"",
        "[]",
        "{}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct json json;
        struct buf want;
        buf_init(&want, 65536);
        assert_int_equal(json_parse(&arena, str_c(texts[i]), 64, &json), 0);
        assert_int_equal(json_canon(&arena, json, &want), 0);
        buf_add_byte(&want, 0);
        canon(texts[i], want.p);
        buf_deinit(&want);
    }
}

static void digests_do_not_depend_on_the_way_of_writing(void **state)
{
    const char *want = "{\"a\":[1,{\"b\":null}],\"s\":\"x y\",\"t\":\"12:30\",\"z\":12.5}";
    canon("z: 12.50\nt: '12:30'\ns: x y\na:\n- 1\n- b:\n", want);
    canon("{\"a\": [1, {\"b\": null}], \"s\": \"x y\", \"t\": \"12:30\", \"z\": 12.5}", want);
    canon("---\n# comment\na: [1, {b: null}]\ns: >-\n  x\n  y\nt: \"12:30\"\nz: 12.500\n...\n", want);
    const struct yaml *root = parse_ok("a: 9007199254740993\n");
    assert_int_equal(yaml_canon(&arena, root, &out), -ERR_OVERFLOW);
}

static void unknown_keys_are_told_with_a_guess(void **state)
{
    static const struct str names[] = {STR_INIT("match"), STR_INIT("limits")};
    const struct yaml *root = parse_ok("match: 1\nlimit: 2\n  \nzebra: 3\n");
    yaml_check_keys(root, STR("f.yaml"), names, 2, &diags);
    assert_string_equal(diag_texts(), "f.yaml:2:1: unknown_key: the key `limit` is not known; did you mean `limits`?\n"
                                      "f.yaml:4:1: unknown_key: the key `zebra` is not known; there is `match`, "
                                      "`limits`\n");
    yaml_check_keys(NULL, STR("f.yaml"), names, 2, &diags);
    yaml_check_keys(parse_ok("[1]"), STR("f.yaml"), names, 2, &diags);
    assert_int_equal(diags.n, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_document_becomes_a_tree),
        T(nodes_know_their_place),
        T(children_are_visited_in_order),
        T(getters_take_nothing_and_wrong_types),
        T(empty_documents_are_null),
        T(what_json_cannot_say_is_refused),
        T(duplicate_keys_are_refused),
        T(syntax_faults_have_a_place),
        T(syntax_faults_say_what_to_write),
        T(bytes_that_readers_see_differently_are_refused),
        T(all_faults_of_meaning_are_told_at_once),
        T(bounds_hold),
        T(hostile_shapes_end_soon),
        T(json_means_the_same),
        T(digests_do_not_depend_on_the_way_of_writing),
        T(unknown_keys_are_told_with_a_guess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
