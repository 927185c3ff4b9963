/* cli/settings.c: the configuration made again of what the start was made of, for reloads. */
#include "../unit.h"

#include "cli/settings.h"
#include "config/config.h"

#include <stdlib.h>
#include <unistd.h>

static char file[] = "/tmp/flyball-settings-XXXXXX";
static char file_env[128];
static const char *const env[] = {file_env, "FLYBALL_LOG_LEVEL=warn", NULL};
static long n_cores;

/* In place of the library's: a machine that gets more cores while we run. */
long sysconf(int name) { return name == _SC_NPROCESSORS_ONLN ? n_cores : getpagesize(); }

static void put(const char *text)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int setup(void **state)
{
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    snprintf(file_env, sizeof file_env, "FLYBALL_CONFIG=%s", file);
    return 0;
}

static int teardown(void **state)
{
    unlink(file);
    return 0;
}

static const struct config *load(struct cli *c, struct settings *ret_of)
{
    const struct config *config = NULL;
    *c = (struct cli){.env = env, .out = stdout, .err = stderr};
    arena_init(&c->arena, 1 << 20);
    n_cores = 2;
    assert_int_equal(settings_load(c, false, ret_of, &config), 0);
    return config;
}

static const struct config *load_again(struct settings *of, const char *want)
{
    const struct config *config = NULL;
    struct buf error;
    buf_init(&error, 4096);
    int r = settings_again(of, &error, &config);
    assert_str(buf_str(&error), want);
    assert_int_equal(r < 0, want[0] != 0);
    buf_deinit(&error);
    return config;
}

static void the_file_is_read_again_and_the_environment_stands_above_it(void **state)
{
    struct cli c;
    struct settings of;
    put("log: {level: info}\nlimits: {keys_max: 7}\n");
    const struct config *config = load(&c, &of);
    put("log: {level: info}\nlimits: {keys_max: 8}\n");
    const struct config *again = load_again(&of, "");
    assert_int_equal(config->limits.keys_max, 7);
    assert_int_equal(again->limits.keys_max, 8);
    assert_int_equal(again->log_level, LOG_WARN);
    config_unref(config);
    config_unref(again);
    arena_deinit(&c.arena);
}

static void a_file_that_is_gone_is_said(void **state)
{
    char want[160];
    struct cli c;
    struct settings of;
    put("");
    const struct config *config = load(&c, &of);
    unlink(file);
    snprintf(want, sizeof want, "cannot read %s: no such thing", file);
    assert_null(load_again(&of, want));
    config_unref(config);
    arena_deinit(&c.arena);
}

/* What nobody wrote must not refuse a reload. */
static void a_default_is_that_of_the_start(void **state)
{
    struct cli c;
    struct settings of;
    put("");
    const struct config *config = load(&c, &of);
    n_cores = 4;
    const struct config *again = load_again(&of, "");
    assert_int_equal(config->workers, 2);
    assert_int_equal(again->workers, 2);
    config_unref(config);
    config_unref(again);
    arena_deinit(&c.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_read_again_and_the_environment_stands_above_it),
        cmocka_unit_test(a_file_that_is_gone_is_said),
        cmocka_unit_test(a_default_is_that_of_the_start),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
