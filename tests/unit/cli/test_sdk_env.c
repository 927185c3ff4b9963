/* cli/sdk_env: what a program under `flyball run` finds in its environment, and what it does not. */
#include "../unit.h"

#include "cli/sdk_env.h"

#include <string.h>

static struct arena arena;
static char told[1024];

static struct str base(void *ctx, const char *vendor)
{
    return arena_printf(&arena, "http://127.0.0.1:4747/%s", vendor);
}
static void hidden(void *ctx, struct str variable, const char *vendor)
{
    size_t n = strlen(told);
    snprintf(told + n, sizeof(told) - n, "%.*s:%s ", (int)variable.n, variable.p, vendor);
}

static const char **made(const char *const *env)
{
    const struct sdk_values v = {.key = STR("fb_test_x.run_r1"), .run = STR("r1"), .mode = STR("test")};
    told[0] = 0;
    return sdk_env(&arena, env, &v, NULL, base, hidden);
}

/* How often a variable is there; *ret_value: the last value. */
static size_t count(const char **env, const char *name, const char **ret_value)
{
    size_t n = 0, length = strlen(name);
    *ret_value = "";
    for (; *env; env++) {
        if (strncmp(*env, name, length) == 0 && (*env)[length] == '=') {
            n++;
            *ret_value = *env + length + 1;
        }
    }
    return n;
}

static void assert_value(const char **env, const char *name, const char *want)
{
    const char *value;
    assert_int_equal(count(env, name, &value), 1);
    assert_string_equal(value, want);
}

static void each_sdk_finds_its_address_and_the_key_in_its_dress(void **state)
{
    const char *const env[] = {"PATH=/bin", NULL};
    const char **all = made(env);
    assert_value(all, "PATH", "/bin");
    assert_value(all, "OPENAI_BASE_URL", "http://127.0.0.1:4747/openai/v1");
    assert_value(all, "OPENAI_API_KEY", "sk-fb_test_x.run_r1");
    assert_value(all, "OPENAI_CUSTOM_HEADERS", "x-agent-run-id: r1");
    assert_value(all, "ANTHROPIC_BASE_URL", "http://127.0.0.1:4747/anthropic");
    assert_value(all, "ANTHROPIC_API_KEY", "sk-ant-fb_test_x.run_r1");
    assert_value(all, "STRIPE_SECRET_KEY", "sk_test_fb_test_x.run_r1");
    assert_value(all, "TWILIO_AUTH_TOKEN", "fb_test_x.run_r1");
    assert_value(all, "RESEND_BASE_URL", "http://127.0.0.1:4747/resend");
    assert_value(all, "RESEND_API_URL", "http://127.0.0.1:4747/resend");
    assert_value(all, "RESEND_API_KEY", "re_fb_test_x.run_r1");
    assert_string_equal(told, "");
}

static void old_values_of_these_variables_are_gone(void **state)
{
    const char *const env[] = {"OPENAI_API_KEY=one", "OPENAI_API_KEY=two", "ANTHROPIC_AUTH_TOKEN=three",
                               "FLYBALL_TOKEN=four", "OPENAI_BASE_URL=http://elsewhere",
                               "TWILIO_API_SECRET=five", NULL};
    const char **all = made(env), *value;
    assert_value(all, "OPENAI_API_KEY", "sk-fb_test_x.run_r1");
    assert_value(all, "OPENAI_BASE_URL", "http://127.0.0.1:4747/openai/v1");
    assert_int_equal(count(all, "ANTHROPIC_AUTH_TOKEN", &value), 0);
    assert_int_equal(count(all, "FLYBALL_TOKEN", &value), 0);
    assert_int_equal(count(all, "TWILIO_API_SECRET", &value), 0);
}

static void a_real_key_under_another_name_is_hidden_and_told(void **state)
{
    const char *const env[] = {"PAY=sk_live_abc", "BOX={\"k\": \"rk_live_abc\"}", "MODEL=gpt-4o", "SKI=sk-", NULL};
    const char **all = made(env), *value;
    assert_int_equal(count(all, "PAY", &value), 0);
    assert_int_equal(count(all, "BOX", &value), 0);
    assert_value(all, "MODEL", "gpt-4o");
    assert_value(all, "SKI", "sk-");
    assert_string_equal(told, "PAY:Stripe BOX:Stripe ");
}

static void what_belongs_to_a_vendor_that_is_called_directly_stays(void **state)
{
    const char *const env[] = {"OPENAI_API_KEY=sk-proj-real", "SPARE=sk-proj-real2", "ANTHROPIC_AUTH_TOKEN=a",
                               "STRIPE_SECRET_KEY=sk_live_real", "FLYBALL_TOKEN=t", "PAY=rk_live_real", NULL};
    const struct str direct[] = {STR("openai"), STR("anthropic")};
    const struct sdk_values v = {.key = STR("fb_test_x"), .run = STR("r1"), .mode = STR("test"), .direct = direct,
                                 .n_direct = 2};
    told[0] = 0;
    const char **all = sdk_env(&arena, env, &v, NULL, base, hidden), *value;
    assert_value(all, "OPENAI_API_KEY", "sk-proj-real");
    assert_value(all, "SPARE", "sk-proj-real2");
    assert_value(all, "ANTHROPIC_AUTH_TOKEN", "a");
    assert_int_equal(count(all, "OPENAI_BASE_URL", &value), 0);
    assert_int_equal(count(all, "ANTHROPIC_API_KEY", &value), 0);
    assert_value(all, "STRIPE_SECRET_KEY", "sk_test_fb_test_x");
    assert_int_equal(count(all, "FLYBALL_TOKEN", &value), 0);
    assert_int_equal(count(all, "PAY", &value), 0);
    assert_string_equal(told, "PAY:Stripe ");
}

static void keys_of_vendors_are_told_from_ours_and_from_words(void **state)
{
    static const struct {
        const char *value, *vendor;
    } table[] = {
        {"sk_live_51abc", "Stripe"},
        {"rk_test_51abc", "Stripe"},
        {"sk-ant-api03-abc", "Anthropic"},
        {"sk-proj-abc", "OpenAI"},
        {"sk-0123456789abcdefg", "OpenAI"},  /* 20 characters */
        {"sk-0123456789abcdef", NULL},       /* 19 */
        {"re_0123456789abcdefg", "Resend"},
        {"re_0123456789 abcdefg", NULL},     /* no key has a space */
        {"are_0123456789abcdefg", NULL},
        {"sk_live_fb_live_abc_def", NULL},   /* ours, dressed */
        {"sk_test_fb_test_abc_def", NULL},
        {"sk-ant-fb_live_abc_def0123", NULL},
        {"sk-fb_live_abc_def0123456", NULL},
        {"re_fb_live_abc_def0123456", NULL},
        {"fb_live_abc_def0123456789", NULL},
        {"sk_live_fb_live_abc sk_live_real", "Stripe"}, /* one of each */
        {"fb_live_abc sk_live_real", "Stripe"},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *got = sdk_real_key(str_c(table[i].value));
        if (!table[i].vendor && got)
            fail_msg("%s taken for a key of %s", table[i].value, got);
        if (table[i].vendor && (!got || strcmp(got, table[i].vendor) != 0))
            fail_msg("%s taken for %s", table[i].value, got ? got : "nothing");
    }
}

static void a_template_keeps_words_that_are_not_ours(void **state)
{
    const struct sdk_word words[] = {{STR("base"), STR("B")}, {STR("key"), STR("{base}")}};
    assert_str(sdk_fill(&arena, STR("{base}/v1 {base}{run}"), words, 2), "B/v1 B{run}");
    assert_str(sdk_fill(&arena, STR("f({baseURL: \"{base}\"}) {"), words, 2), "f({baseURL: \"B\"}) {");
    assert_str(sdk_fill(&arena, STR("{key}"), words, 2), "{base}"); /* what was put in is not read again */
    assert_str(sdk_fill(&arena, STR(""), words, 2), "");
}

static void a_key_wears_what_its_sdk_checks(void **state)
{
    const struct sdk_values v = {.key = STR("fb_live_x"), .mode = STR("live")};
    assert_str(sdk_dressed_key(&arena, "ANTHROPIC_API_KEY", &v), "sk-ant-fb_live_x");
    assert_str(sdk_dressed_key(&arena, "STRIPE_SECRET_KEY", &v), "sk_live_fb_live_x");
    assert_str(sdk_dressed_key(&arena, "NO_SUCH_VARIABLE", &v), "fb_live_x");
}

static int setup(void **state)
{
    arena_init(&arena, 1u << 20);
    return 0;
}
static int teardown(void **state)
{
    arena_deinit(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sdk_finds_its_address_and_the_key_in_its_dress),
        cmocka_unit_test(old_values_of_these_variables_are_gone),
        cmocka_unit_test(a_real_key_under_another_name_is_hidden_and_told),
        cmocka_unit_test(what_belongs_to_a_vendor_that_is_called_directly_stays),
        cmocka_unit_test(keys_of_vendors_are_told_from_ours_and_from_words),
        cmocka_unit_test(a_key_wears_what_its_sdk_checks),
        cmocka_unit_test(a_template_keeps_words_that_are_not_ours),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
