/* redact/redact_body: values of JSON, forms and text; all else stays as it came. */
#include "redact/redact_body.h"

#include "redact_set.h"

#define ALL ((1u << REDACT_KINDS) - 1)

static void expect(enum redact_form form, const char *body, const char *wanted)
{
    struct redact_set s = set_of(ALL);
    struct buf out;
    size_t n_found = 0;
    buf_init(&out, 1 << 20);
    int r = redact_body(&s, form, str_c(body), &out, &n_found);
    if (!wanted) {
        assert_int_equal(r, -ERR_INVALID);
    } else {
        assert_int_equal(r, 0);
        assert_str(buf_str(&out), wanted);
        assert_int_equal(n_found > 0, strcmp(body, wanted) != 0);
    }
    buf_deinit(&out);
}

static void values_of_json_change_and_names_and_spaces_do_not(void **state)
{
    expect(REDACT_JSON, "{ \"to\" : \"john@example.com\",\n \"n\":1.50 , \"ok\":true}",
           "{ \"to\" : \"[email]\",\n \"n\":1.50 , \"ok\":true}");
    expect(REDACT_JSON, "[\"a\",[\"+4915112345678\"],{\"john@example.com\":null}]",
           "[\"a\",[\"[phone]\"],{\"john@example.com\":null}]");
    expect(REDACT_JSON, "\"john@example.com\"", "\"[email]\"");
    expect(REDACT_JSON, "{}", "{}");
    expect(REDACT_JSON, "{\"amount\":2000,\"id\":\"cus_4111111111111111\"}",
           "{\"amount\":2000,\"id\":\"cus_4111111111111111\"}");
}

static void escapes_hide_nothing(void **state)
{
    expect(REDACT_JSON, "[\"john\\u0040example.com\"]", "[\"[email]\"]");
    expect(REDACT_JSON, "[\"\\u0034111111111111111\"]", "[\"[card]\"]");
    expect(REDACT_JSON, "[\"a\\n4111111111111111\\t\"]", "[\"a\\n[card]\\t\"]");
    expect(REDACT_JSON, "[\"{\\\"to\\\":\\\"john@example.com\\\"}\"]", "[\"{\\\"to\\\":\\\"[email]\\\"}\"]");
    expect(REDACT_JSON, "[\"\\ud83d\\ude00 john@example.com\"]", "[\"\xf0\x9f\x98\x80 [email]\"]");
    expect(REDACT_JSON, "[\"\\ud83d john@example.com\"]", "[\"\xef\xbf\xbd [email]\"]");
    expect(REDACT_JSON, "[\"\\\\n4111111111111111\"]", "[\"\\\\n[card]\"]");
}

static void a_number_that_is_a_card_becomes_a_text(void **state)
{
    expect(REDACT_JSON, "{\"number\":4111111111111111}", "{\"number\":\"[card]\"}");
    expect(REDACT_JSON, "{\"number\":4111111111111112}", "{\"number\":4111111111111112}");
}

static void the_words_of_logprobs_are_taken_out(void **state)
{
    expect(REDACT_JSON, "{\"logprobs\":{\"content\":[{\"token\":\"john\"}]},\"x\":1}", "{\"logprobs\":null,\"x\":1}");
    expect(REDACT_JSON, "{\"logprobs\":[{\"token\":\"john\"}]}", "{\"logprobs\":[]}");
    expect(REDACT_JSON, "{\"logprobs\":null,\"x\":\"}\"}", "{\"logprobs\":null,\"x\":\"}\"}");
}

static void what_is_no_json_is_said(void **state)
{
    expect(REDACT_JSON, "john@example.com", NULL);
    expect(REDACT_JSON, "{\"a\":john@example.com}", NULL);
    expect(REDACT_JSON, "{\"a\":\"b}", NULL);
    expect(REDACT_JSON, "{\"a\":1", NULL);
    expect(REDACT_JSON, "[1}", NULL);
    expect(REDACT_JSON, "\"a\":1", NULL);
    expect(REDACT_FORMS, "x", NULL);
    char deep[2 * 129 + 1] = {0};
    for (int n = 128; n <= 129; n++) {
        memset(deep, '[', (size_t)n);
        memset(deep + n, ']', (size_t)n);
        deep[2 * n < 258 ? 2 * n : 258] = 0;
        expect(REDACT_JSON, deep, n == 128 ? deep : NULL);
    }
}

static void values_of_forms_change_and_stay_encoded(void **state)
{
    expect(REDACT_URLENCODED, "email=john%40example.com&amount=2000", "email=[email]&amount=2000");
    expect(REDACT_URLENCODED, "To=%2B14155552671&Body=Call+%28415%29+555-2671",
           "To=[phone]&Body=Call+[phone]");
    expect(REDACT_URLENCODED, "metadata[card]=4111+1111+1111+1111", "metadata[card]=[card]");
    expect(REDACT_URLENCODED, "a=b&&c", "a=b&&c");
    expect(REDACT_URLENCODED, "john@example.com", "[email]");
    expect(REDACT_URLENCODED, "a=%4", "a=%4");
    expect(REDACT_URLENCODED, "", "");
}

static void the_media_type_says_which_form(void **state)
{
    static const struct {
        const char *type, *body;
        enum redact_form form;
    } rows[] = {
        {"application/json", "", REDACT_JSON},
        {"Application/JSON; charset=utf-8", "", REDACT_JSON},
        {"application/problem+json", "", REDACT_JSON},
        {"application/x-www-form-urlencoded", "", REDACT_URLENCODED},
        {"text/html; charset=utf-8", "", REDACT_PLAIN},
        {"", "{\"a\":1}", REDACT_JSON},
        {"", "hello", REDACT_PLAIN},
        {"application/pdf", "", REDACT_FORMS},
        {"image/png", "", REDACT_FORMS},
        {"application/octet-stream", "{}", REDACT_FORMS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (redact_form_of(str_c(rows[i].type), str_c(rows[i].body)) != rows[i].form)
            fail_msg("%s", rows[i].type);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_json_change_and_names_and_spaces_do_not),
        cmocka_unit_test(escapes_hide_nothing),
        cmocka_unit_test(a_number_that_is_a_card_becomes_a_text),
        cmocka_unit_test(the_words_of_logprobs_are_taken_out),
        cmocka_unit_test(what_is_no_json_is_said),
        cmocka_unit_test(values_of_forms_change_and_stay_encoded),
        cmocka_unit_test(the_media_type_says_which_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
