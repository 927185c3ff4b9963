/*
 * codec/json_read, codec/scan: which texts are JSON, asked of both. Our own table, written by the classes of mistakes
 * that RFC 8259 rules out; and the files of the JSON parsing test suite (y_ must parse, n_ must not), where they are:
 * under FLYBALL_SUITES, else in a folder beside the checkout.
 */
#include "codec/json_read.h"
#include "codec/scan.h"

#include <dirent.h>

#include "base/err.h"
#include "codec/json_canon.h"
#include "unit.h"

#define S STR_INIT

static const struct str accepted[] = {
    S("null"), S("true"), S("false"), S("0"), S("-0"), S("42"), S("-1"), S("\"\""), S("\"a\""), S("[]"), S("{}"),
    S(" [] "), S("\t[\r\n1 , 2\n]\t"), S("[[]   ]"), S("[null, 1, \"1\", {}]"), S("{\"\":0}"), S("{\"a\":[]}"),
    S("[123e65]"), S("[0e+1]"), S("[0e1]"), S("[20e1]"), S("[1E22]"), S("[1E-2]"), S("[1E+2]"), S("[123.456e78]"),
    S("[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]"), S("[0.5]"), S("-0.1"),
    S("[1e9999]"), S("[-1e-9999]"), S("[100000000000000000000000]"), S("{ \"min\": -1.0e+28, \"max\": 1.0e+28 }"),
    S("[\"\\u0060\\u012a\\u12AB\"]"), S("[\"\\uD801\\udc37\"]"), S("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]"),
    S("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), S("[\"\\\\u0000\"]"), S("[\"\\u0000\"]"), S("[\"\\uFFFF\"]"),
    S("[\"\\uDBFF\\uDFFF\"]"), S("[\"a/*b*/c/*d//e\"]"), S("[\"\x7f\"]"), S("[\"\xe2\x80\xa8\"]"),
    S("[\"\xe2\x80\xa9\"]"), S("[\"\xf4\x8f\xbf\xbf\"]"), S("[\"\xef\xbf\xbf\"]"), S("[\"\xcf\x80\"]"),
    S("[\"\xe2\x82\xac\xf0\x9d\x84\x9e\"]"), S("{\"foo\\u0000bar\": 42}"), S("\" \""), S("[true]\n"),
};

static const struct str refused[] = {
    /* nothing, or not one value */
    S(""), S(" "), S("\n"), S("[][]"), S("1 2"), S("1,2"), S("{}{}"), S("{}}"), S("[1]]"), S("1]"), S("]"), S("}"),
    S("\"\"x"), S("[1]x"), S("{\"a\":\"b\"}#"), S("2@"), S("123\0"), S("[]\0"), S("\0"), S("{\"a\": true} \"x\""),
    /* byte order marks and other encodings */
    S("\xef\xbb\xbf"), S("\xef\xbb\xbf{}"), S("\xef\xbb{}"), S("\xff\xfe[\0]\0"), S("\xfe\xff\0[\0]"), S("[\0]\0"),
    /* comments and space that is none */
    S("{}/**/"), S("{}//"), S("{}/"), S("{\"a\":/*c*/\"b\"}"), S("#x\n1"), S("[\x0c]"), S("[\x0b]"),
    S("[\xe2\x81\xa0]"), S("\xc2\xa0[]"), S("\xe2\x80\xa8[]"),
    /* commas and colons */
    S("[,1]"), S("[1,]"), S("[1,,2]"), S("[,]"), S("[1 true]"), S("[1:2]"), S("[\"\": 1]"), S("[\"x\",,]"), S("[3[4]]"),
    S("{\"a\":1,}"), S("{,}"), S("{\"a\":1,,\"b\":2}"), S("{\"a\" 1}"), S("{\"a\"::1}"), S("{\"a\",1}"), S("{:1}"),
    S("{\"a\" \"b\"}"), S("{ \"foo\" : \"bar\", \"a\" }"), S("{\"a\":1 \"b\":2}"), S("{\"a\":\"a\" 123}"),
    /* not closed, or closed by another */
    S("["), S("{"), S("[1"), S("[1,"), S("[\"x\""), S("[\"x"), S("[{}"), S("[{"), S("{\"a\""), S("{\"a\":"),
    S("{\"a\":1"),
    S("{]"), S("[}"), S("{["), S("{\"a\":\"a"), S("\""), S("\"\\"), S("[\"asd]"),
    /* keys that are no strings, quotes that are none */
    S("{1:1}"), S("{null:null}"), S("{a: 1}"), S("{'a':0}"), S("['a']"), S("abc"), S("[a]"), S("[*]"), S("<.>"),
    S("{[: \"x\"}"), S("{\xf0\x9f\x87\xa8}"), S("[\xc3\xa9]"), S("[\\n]"), S("[\\u0020\"a\"]"),
    /* words */
    S("[fals]"), S("[nul]"), S("[tru]"), S("[truth]"), S("[True]"), S("[NULL]"), S("[undefined]"), S("truex"),
    /* numbers */
    S("[+1]"), S("[++1]"), S("[-]"), S("[- 1]"), S("[-foo]"), S("[01]"), S("[-01]"), S("[00]"), S("[012]"), S("[1.]"),
    S("[-2.]"), S("[.5]"), S("[-.5]"), S("[.-1]"), S("[0.1.2]"), S("[1.0.]"), S("[1e]"), S("[1e+]"), S("[1.0e-]"),
    S("[0E]"), S("[1eE2]"), S("[0.e1]"), S("[2.e3]"), S("[0e+-1]"), S("[1ea]"), S("[1.2a-3]"), S("[0x1]"), S("[0x42]"),
    S("[1 000.0]"), S("[1_000]"), S("[1+2]"), S("[NaN]"), S("[-NaN]"), S("[nan]"), S("[Inf]"), S("[+Inf]"),
    S("[Infinity]"), S("[-Infinity]"), S("[\xef\xbc\x91]"), S("[1x]"), S("[1.8H-308]"), S("[1,000]"),
    /* strings */
    S("[\"\t\"]"), S("[\"new\nline\"]"), S("[\"a\0a\"]"), S("[\"\x1f\"]"), S("[\"\\a\"]"), S("[\"\\x00\"]"),
    S("[\"\\\"]"), S("[\"\\\\\\\"]"), S("[\"\\\t\"]"), S("[\"\\\0\"]"), S("[\"\\\xf0\x9f\x8c\x80\"]"), S("\"\\UA66D\""),
    S("[\"\\u00A\"]"), S("[\"\\uqqqq\"]"), S("[\"\\u\"]"), S("[\"\\u 123\"]"),
    /* surrogates */
    S("[\"\\uD800\"]"), S("[\"\\uDC00\"]"), S("[\"\\uD800\\u\"]"), S("[\"\\uD800\\u1x\"]"), S("[\"\\uD800\\n\"]"),
    S("[\"\\uD800\\uD800\"]"), S("[\"\\uD834\\uDd\"]"), S("[\"\\uDd1e\\uD834\"]"), S("[\"\\uD800a\"]"),
    /* UTF-8 */
    S("[\"\xff\"]"), S("[\"\xe5\"]"), S("\xe5"), S("[\xff]"), S("[1\xe5]"), S("[1e1\xe5]"), S("[\"\\u\xe5\"]"),
    S("[\"\x80\"]"), S("[\"\xc0\xaf\"]"), S("[\"\xc1\xbf\"]"), S("[\"\xe0\x80\xaf\"]"), S("[\"\xed\xa0\x80\"]"),
    S("[\"\xf0\x80\x80\xaf\"]"), S("[\"\xf4\xbf\xbf\xbf\"]"), S("[\"\xf8\x88\x80\x80\x80\"]"), S("[\"\xe2\x82\"]"),
    S("{\"\xb9\":\"0\"}"),
};

/* Enters every container, so that the scanner too sees each key. */
static void enter_all(struct scan *s)
{
    struct scan_value v;
    struct str key;
    enum json_type type = scan_peek(s);
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        scan_value(s, &v);
    else if (scan_enter(s, type))
        while (type == JSON_OBJECT ? scan_member(s, &key) : scan_item(s))
            enter_all(s);
}

/* What each of the readers says: document, scanner that skips, scanner that enters. They agree, but for equal keys. */
static int parse(struct str text)
{
    struct arena a;
    struct json root = JSON_ABSENT;
    struct scan skipping, entering;
    struct scan_value v;
    arena_init(&a, 16 << 20);
    int r = json_parse(&a, text, SCAN_DEPTH_MAX, &root);
    assert_int_equal(r == 0, root.v != NULL);
    scan_init(&skipping, text, SCAN_DEPTH_MAX, &a);
    (void)scan_value(&skipping, &v); /* scan_end() says it */
    int r_skipping = scan_end(&skipping, NULL);
    scan_init(&entering, text, SCAN_DEPTH_MAX, &a);
    enter_all(&entering);
    int r_entering = scan_end(&entering, NULL);
    if (r_skipping != (r == -ERR_AMBIGUOUS ? 0 : r) || r_entering != r)
        /* Syntax first, or depth first: both refuse. */
        assert_true(r < 0 && r_skipping == -ERR_TOO_LARGE && r_entering == -ERR_TOO_LARGE);
    arena_deinit(&a);
    return r;
}

static void all_that_is_json_is_accepted(void **state)
{
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
        if (parse(accepted[i]) != 0)
            fail_msg(STR_FMT, STR_ARG(accepted[i]));
    }
}

static void all_else_is_refused(void **state)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (parse(refused[i]) != -ERR_INVALID)
            fail_msg("%zu: " STR_FMT, i, STR_ARG(refused[i]));
    }
}

/* A document that was cut anywhere is no document. */
static void every_prefix_of_a_document_is_refused(void **state)
{
    struct str whole = STR("{\"a\":[true,null,-1.5e3,\"x\\u00e9\\n\xe2\x82\xac\"],\"b\":{\"c\":false}}");
    for (size_t n = 0; n < whole.n; n++)
        assert_int_equal(parse(str_sub(whole, 0, n)), -ERR_INVALID);
}

static struct str read_file(const char *path, char **ret_bytes)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    *ret_bytes = malloc(1 << 20);
    size_t n = fread(*ret_bytes, 1, 1 << 20, f);
    fclose(f);
    return (struct str){*ret_bytes, n};
}

static void check_suite_file(const char *folder, const char *name, int *n_run)
{
    char path[4096], *bytes;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int r = parse(read_file(path, &bytes));
    /* Twins are JSON to the suite, and two things to us. */
    int want = name[0] != 'y' ? -ERR_INVALID : strstr(name, "duplicated_key") ? -ERR_AMBIGUOUS : 0;
    bool is_deep = r == -ERR_TOO_LARGE && name[0] == 'n';
    if (name[0] != 'i' && r != want && !is_deep)
        fail_msg("%s: %s", name, err_name(r));
    *n_run += name[0] != 'i';
    free(bytes);
}

static void files_of_the_parsing_suite(void **state)
{
    const char *suites = getenv("FLYBALL_SUITES");
    char folder[2048];
    snprintf(folder, sizeof folder, "%s/json-test-suite", suites ? suites : SUITES_BESIDE);
    DIR *dir = opendir(folder);
    if (!dir) {
        print_message("there is no %s: the files of the parsing suite were not run\n", folder);
        skip();
    }
    int n_run = 0;
    for (struct dirent *e; (e = readdir(dir));)
        if (strchr("yni", e->d_name[0]) && e->d_name[1] == '_')
            check_suite_file(folder, e->d_name, &n_run);
    closedir(dir);
    print_message("%d files of the suite\n", n_run);
    assert_true(n_run > 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_is_json_is_accepted),
        cmocka_unit_test(all_else_is_refused),
        cmocka_unit_test(every_prefix_of_a_document_is_refused),
        cmocka_unit_test(files_of_the_parsing_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
