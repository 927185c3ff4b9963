/* cli/where.c: which daemon, with which credential, and what is said when there is none. */
#include "../unit.h"

#include "base/err.h"
#include "cli/client.h"
#include "cli/where.h"

#include <sys/stat.h>

static char dir[64], *said;
static size_t said_bytes;
static char env_text[6][160];
static const char *env[7];

static int setup(void **state)
{
    strcpy(dir, "/tmp/flyball-where-XXXXXX");
    assert_non_null(mkdtemp(dir));
    memset(env, 0, sizeof(env));
    return 0;
}

static void put_file(const char *sub, const char *name, const char *content)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, sub);
    (void)mkdir(path, 0700); /* there already is fine */
    snprintf(path, sizeof(path), "%s/%s/%s", dir, sub, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

static int teardown(void **state)
{
    static const char *const subs[] = {"flyball", "flyball-dev", "other"};
    char path[128];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s/admin.url", dir, subs[i]);
        unlink(path);
        snprintf(path, sizeof(path), "%s/%s/admin.token", dir, subs[i]);
        unlink(path);
        snprintf(path, sizeof(path), "%s/%s", dir, subs[i]);
        rmdir(path);
    }
    rmdir(dir);
    return 0;
}

static void set_env(size_t i, const char *name, const char *value)
{
    snprintf(env_text[i], sizeof(env_text[i]), "%s=%s", name, value);
    env[i] = env_text[i];
}

/* `calls` with these words; env[0] is always XDG_DATA_HOME, so that the default is in our folder. */
static int find(struct where *ret, const char *word1, const char *word2)
{
    static struct cli c;
    const char *const argv[] = {"flyball", "calls", word1, word2, NULL};
    int argc = 2 + !!word1 + !!word2;
    struct buf error;

    set_env(0, "XDG_DATA_HOME", dir);
    arena_deinit(&c.arena);
    free(said);
    memset(&c, 0, sizeof(c));
    arena_init(&c.arena, 1u << 20);
    buf_init(&error, 1024);
    c.env = env;
    c.err = c.out = open_memstream(&said, &said_bytes);
    assert_int_equal(cli_parse(&c, argc, argv, &error), 0);
    buf_deinit(&error);
    int r = where_find(&c, ret);
    fclose(c.err);
    return r;
}

static void the_default_folder_says_where(void **state)
{
    struct where w;
    put_file("flyball", "admin.url", "http://127.0.0.1:4748\n");
    put_file("flyball", "admin.token", "tok\n");
    assert_int_equal(find(&w, NULL, NULL), 0);
    assert_str(w.url, "http://127.0.0.1:4748");
    assert_str(w.token, "tok");
    assert_int_equal(w.port, 4748);
    assert_false(w.is_dev_folder);
}

static void the_dev_folder_is_found_where_nothing_else_is(void **state)
{
    struct where w;
    put_file("flyball-dev", "admin.url", "http://127.0.0.1:5000");
    put_file("flyball-dev", "admin.token", "devtok");
    assert_int_equal(find(&w, NULL, NULL), 0);
    assert_str(w.token, "devtok");
    assert_true(w.is_dev_folder);
    put_file("flyball", "admin.url", "http://127.0.0.1:4748");
    put_file("flyball", "admin.token", "tok");
    assert_int_equal(find(&w, NULL, NULL), 0);
    assert_str(w.token, "tok");
}

static void a_named_folder_is_never_replaced_by_another(void **state)
{
    struct where w;
    char named[128];
    put_file("flyball-dev", "admin.url", "http://127.0.0.1:5000");
    put_file("flyball-dev", "admin.token", "devtok");
    snprintf(named, sizeof(named), "--dir=%s/other", dir);
    assert_int_equal(find(&w, named, NULL), CLI_UNREACHABLE);
    assert_non_null(strstr(said, "/other"));
    assert_non_null(strstr(said, "flyball dev"));
}

static void options_win_over_environment_over_folder(void **state)
{
    struct where w;
    put_file("flyball", "admin.url", "http://127.0.0.1:1");
    put_file("flyball", "admin.token", "tok");
    set_env(1, "FLYBALL_ADMIN", "http://127.0.0.1:2/");
    assert_int_equal(find(&w, NULL, NULL), 0);
    assert_int_equal(w.port, 2);
    assert_str(w.token, "tok");
    set_env(2, "FLYBALL_TOKEN", "envtok");
    assert_int_equal(find(&w, "--admin", "http://[::1]:3"), 0);
    assert_int_equal(w.port, 3);
    assert_str(w.host, "::1");
    assert_str(w.token, "envtok");
}

static void the_environments_folder_counts(void **state)
{
    struct where w;
    char path[128];
    put_file("other", "admin.url", "http://127.0.0.1:9");
    put_file("other", "admin.token", "othertok");
    snprintf(path, sizeof(path), "%s/other", dir);
    set_env(1, "FLYBALL_DIR", path);
    assert_int_equal(find(&w, NULL, NULL), 0);
    assert_str(w.token, "othertok");
}

static void no_credential_is_said(void **state)
{
    struct where w;
    assert_int_equal(find(&w, "--admin", "http://127.0.0.1:2"), CLI_UNREACHABLE);
    assert_non_null(strstr(said, "FLYBALL_TOKEN"));
}

static void urls_are_read_strictly(void **state)
{
    struct arena a;
    struct where w;
    arena_init(&a, 65536);
    assert_int_equal(where_parse_url(STR("http://127.0.0.1"), &a, &w), 0);
    assert_str(w.host, "127.0.0.1");
    assert_true(w.port == 4748 && !w.is_tls);
    assert_int_equal(where_parse_url(STR("http://[::1]"), &a, &w), 0);
    assert_str(w.host, "::1");
    assert_int_equal(w.port, 4748);
    assert_int_equal(where_parse_url(STR("http://localhost:80/"), &a, &w), 0);
    assert_int_equal(w.port, 80);
    assert_int_equal(where_parse_url(STR("https://flyball.example.com:8443"), &a, &w), 0);
    assert_str(w.host, "flyball.example.com");
    assert_true(w.port == 8443 && w.is_tls);
    static const char *const bad[] = {
        "",           "127.0.0.1:4748", "http://", "http:///",           "http://a/b",  "http://u@h", "http://h?x",
        "http://h:0", "http://h:99999", "ftp://h", "http://127.0.0.1:x", "http://[::1", "http://h h",
        "http://h:",  "http://[::1]x",  "http://[h]", "http://[127.0.0.1]", "https://", "http://[::1]:"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int r = where_parse_url(str_c(bad[i]), &a, &w);
        if (r == 0)
            print_error("%s is taken\n", bad[i]);
        assert_true(r < 0);
    }
    arena_deinit(&a);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_default_folder_says_where),
        T(the_dev_folder_is_found_where_nothing_else_is),
        T(a_named_folder_is_never_replaced_by_another),
        T(options_win_over_environment_over_folder),
        T(the_environments_folder_counts),
        T(no_credential_is_said),
        cmocka_unit_test(urls_are_read_strictly),
    };
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    free(said);
    return r;
}
