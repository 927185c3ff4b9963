/* cli/live: names of vendors as the configuration that they stand for. */
#include "cli/live.h"
#include "config/config.h"
#include "unit.h"

static struct cli c;
static char *said;
static size_t said_bytes;
static const char *const env[] = {"OPENAI_API_KEY=a",  "ANTHROPIC_API_KEY=b", "STRIPE_SECRET_KEY=c",
                                  "TWILIO_SECRET=d:e", "RESEND_API_KEY=f",    NULL};

static int set_up(void **state)
{
    c = (struct cli){.env = env, .out = stdout, .err = open_memstream(&said, &said_bytes)};
    arena_init(&c.arena, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    fclose(c.err);
    free(said);
    arena_deinit(&c.arena);
    return 0;
}

static const char *words(void)
{
    fflush(c.err);
    return said;
}

static void every_vendor_of_the_table_is_a_configuration(void **state)
{
    struct config_input in = {.file = STR("--live"), .env = env, .n_cores = 1};
    struct diag_list diags;
    const struct config *config;
    diag_list_init(&diags, &c.arena, 8);
    assert_int_equal(live_config(&c, STR("openai, anthropic,stripe,twilio,resend"), &in.text), 0);
    assert_int_equal(config_load(&in, &diags, &config), 0);
    assert_int_equal(diags.n, 0);
    assert_int_equal(config->n_vendors, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_true(config->vendors[i].is_tls);
        assert_true(str_starts(config->vendors[i].host, STR("api.")));
        assert_true(str_starts(config->vendors[i].secret, STR("env:")));
    }
    assert_str(config->vendors[0].host, "api.openai.com");
    config_unref(config);
}

static void what_is_unknown_or_has_no_secret_is_refused(void **state)
{
    static const char *const none[] = {"OPENAI_API_KEY=", NULL};
    struct str text = STR("untouched");
    assert_int_equal(live_config(&c, STR("openai,github"), &text), CLI_USAGE);
    assert_non_null(strstr(words(), "`github`; there are openai, anthropic, stripe, twilio, resend"));
    assert_int_equal(live_config(&c, STR(""), &text), CLI_USAGE);
    c.env = none;
    assert_int_equal(live_config(&c, STR("openai"), &text), CLI_FAILED);
    assert_non_null(strstr(words(), "OPENAI_API_KEY, which is not set"));
    assert_str(text, "untouched");
}

static void so_many_names_that_nothing_fits_are_refused(void **state)
{
    struct buf b;
    struct str text;
    buf_init(&b, 65536);
    for (int i = 0; i < 200; i++)
        assert_int_equal(buf_add_c(&b, "openai,"), 0);
    assert_int_equal(buf_add_c(&b, "openai"), 0);
    assert_int_equal(live_config(&c, buf_str(&b), &text), CLI_USAGE);
    buf_deinit(&b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(every_vendor_of_the_table_is_a_configuration),
        T(what_is_unknown_or_has_no_secret_is_refused),
        T(so_many_names_that_nothing_fits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
