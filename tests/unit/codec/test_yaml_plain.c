/* codec/yaml_text: what a word without quotes is. */
#include "codec/yaml_impl.h"

#include "unit.h"

static void json_words_and_numbers_mean_what_they_mean_in_json(void **state)
{
    static const struct {
        const char *text;
        enum yaml_type type;
        int64_t i;
    } cases[] = {
        {"", YAML_NULL, 0},
        {"null", YAML_NULL, 0},
        {"true", YAML_BOOL, 1},
        {"false", YAML_BOOL, 0},
        {"0", YAML_INT, 0},
        {"42", YAML_INT, 42},
        {"-7", YAML_INT, -7},
        {"9223372036854775807", YAML_INT, INT64_MAX},
        {"-9223372036854775808", YAML_INT, INT64_MIN},
        {"12.50", YAML_NUMBER, 0},
        {"-0.5", YAML_NUMBER, 0},
        {"0.0", YAML_NUMBER, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum yaml_type type = YAML_SEQ;
        int64_t n = -1;
        const char *trap;
        if (!yaml_plain_type(str_c(cases[i].text), &type, &n, &trap) || type != cases[i].type || n != cases[i].i)
            fail_msg("%s", cases[i].text);
    }
}

static void other_words_are_strings(void **state)
{
    static const char *const words[] = {
        "a", "usd", "15m", "50/day", "2026-11-23", "2026-11-23T10:00:00Z", "1.2.3", "127.0.0.1", "127.0.0.1:4747",
        "stripe.refunds.create", "yes please", "nothing", "nil", "None", "on_exceed", "*", "-", "--", "-x", "+", ".",
        "..", "./a", ".5x", "0x", "0xg", "1e", "1e3x", "e3", "12a", "1,000", "10%", "$5", "a:1", "12:", "12:3a",
        ":30", "_1", "fb_test_1", "Infinity", "NaN", "inf", "nan", "0b", "0b12x", "t", "f", "http://127.0.0.1:9001",
        "1-2", "1+2", "~x",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        enum yaml_type type = YAML_SEQ;
        int64_t n;
        const char *trap = "";
        if (!yaml_plain_type(str_c(words[i]), &type, &n, &trap) || type != YAML_STR)
            fail_msg("%s: %s", words[i], trap);
    }
}

static void words_that_readers_disagree_on_are_traps(void **state)
{
    static const char *const words[] = {
        "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n", "N", "True",
        "TRUE", "False", "FALSE", "~", "Null", "NULL", "-0", "+1", "01", "010", "007", "-01", "0x1F", "0X1f", "0o17",
        "0b101", "0b12", "1_000", "1__0", "1e3", "1E3", "1e+3", "1.5e-3", "+1.5", ".5", "-.5", "5.", "-5.", "1_0.5",
        ".inf", "-.inf", "+.INF", ".nan", ".NaN", "12:30", "190:20:30", "1:00.5", "-12:30", "9223372036854775808",
        "-9223372036854775809", "00.5",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        enum yaml_type type;
        int64_t n;
        const char *trap = NULL;
        if (yaml_plain_type(str_c(words[i]), &type, &n, &trap))
            fail_msg("%s was taken", words[i]);
        assert_non_null(trap);
    }
}

static void surrogates_are_joined_in_json_only(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"[\"\\ud83d\\ude00\"]", "[\"\\U0001f600\"]"},
        {"[\"\\uDBFF\\uDFFF x \\uD800\\uDC00\"]", "[\"\\U0010ffff x \\U00010000\"]"},
        {"[\"\\\\ud83d\\\\ude00\"]", "[\"\\\\ud83d\\\\ude00\"]"},
        {"[\"\\\\\\ud83d\\ude00\"]", "[\"\\\\\\U0001f600\"]"},
        {"a: '\\ud83d\\ude00'", "a: '\\ud83d\\ude00'"},
        {"[\"\\ud83d\"]", "[\"\\ud83d\"]"},
        {"[\"\\ud7ff\"]", "[\"\\ud7ff\"]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        struct str text = str_c(cases[i].in);
        buf_init(&out, 1000);
        assert_int_equal(yaml_join_surrogates(&text, &yaml_limits_default, &out), 0);
        assert_str(text, cases[i].want);
        buf_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_words_and_numbers_mean_what_they_mean_in_json),
        cmocka_unit_test(other_words_are_strings),
        cmocka_unit_test(words_that_readers_disagree_on_are_traps),
        cmocka_unit_test(surrogates_are_joined_in_json_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
