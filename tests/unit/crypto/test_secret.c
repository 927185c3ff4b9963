/* crypto/secret: loading, refusing, and leaving no copies. */
#include "crypto/secret.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/err.h"
#include "unit.h"

#define CANARY "sk_test_canary_4eC39HqLyjWDarjtT1zdp7dc"

struct place {
    char dir[64], path[128], ref[160];
    struct buf error;
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    strcpy(p->dir, "/tmp/flyball-test-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof p->path, "%s/secret", p->dir);
    snprintf(p->ref, sizeof p->ref, "file:%s", p->path);
    buf_init(&p->error, 1000);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    unlink(p->path);
    rmdir(p->dir);
    buf_deinit(&p->error);
    free(p);
    return 0;
}

static void put(struct place *p, struct str content, mode_t mode)
{
    int fd = open(p->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.p, content.n), (ssize_t)content.n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* Loading `ref` fails with `r`, says `text`, and repeats nothing of the secret. */
static void assert_refused(struct place *p, const char *ref, int r, const char *text)
{
    struct secret *s = NULL;
    size_t at;
    buf_reset(&p->error);
    assert_int_equal(secret_load(str_c(ref), &p->error, &s), r);
    assert_null(s);
    if (!str_find(buf_str(&p->error), str_c(text), &at))
        assert_str(buf_str(&p->error), text);
    assert_false(str_find(buf_str(&p->error), STR("canary"), &at));
    assert_int_equal(secret_load(str_c(ref), NULL, &s), r);
}

static void assert_loads(struct place *p, const char *ref, const char *want)
{
    struct secret *s = NULL;
    buf_reset(&p->error);
    assert_int_equal(secret_load(str_c(ref), &p->error, &s), 0);
    assert_str(secret_reveal(s), want);
    assert_int_equal(p->error.n, 0);
    secret_free(s);
}

static void reads_a_variable(void **state)
{
    setenv("FLYBALL_TEST_SECRET", CANARY, 1);
    assert_loads(*state, "env:FLYBALL_TEST_SECRET", CANARY);
    setenv("FLYBALL_TEST_SECRET", "", 1);
    assert_refused(*state, "env:FLYBALL_TEST_SECRET", -ERR_INVALID, "FLYBALL_TEST_SECRET is empty");
    unsetenv("FLYBALL_TEST_SECRET");
    assert_refused(*state, "env:FLYBALL_TEST_SECRET", -ERR_NOT_FOUND, "FLYBALL_TEST_SECRET is not set");
    assert_refused(*state, "env:", -ERR_INVALID, "name of a variable");
    assert_refused(*state, "env:A=B", -ERR_INVALID, "name of a variable");
}

static void wiping_overwrites_the_variable_in_place(void **state)
{
    setenv("FLYBALL_TEST_SECRET", CANARY, 1);
    const char *in_place = getenv("FLYBALL_TEST_SECRET");
    extern char **environ;
    bool is_there = false;
    secret_env_wipe(STR("file:/nothing"));
    secret_env_wipe(STR("env:FLYBALL_TEST_NO_SUCH"));
    assert_string_equal(in_place, CANARY);
    secret_env_wipe(STR("env:FLYBALL_TEST_SECRET"));
    assert_null(getenv("FLYBALL_TEST_SECRET"));
    for (char **e = environ; *e; e++)
        is_there = is_there || strstr(*e, "canary");
    assert_false(is_there);
}

static void reads_a_file_and_cuts_one_line_end(void **state)
{
    struct place *p = *state;
    put(p, STR(CANARY "\n"), 0600);
    assert_loads(p, p->ref, CANARY);
    put(p, STR(CANARY "\r\n"), 0640);
    assert_loads(p, p->ref, CANARY);
    put(p, STR("a b"), 0400);
    assert_loads(p, p->ref, "a b");
    put(p, STR(CANARY "\n\n"), 0600);
    assert_refused(p, p->ref, -ERR_INVALID, "no header can carry");
    put(p, STR("canary\nX-Injected: 1"), 0600);
    assert_refused(p, p->ref, -ERR_INVALID, "no header can carry");
    put(p, STR(" canary"), 0600);
    assert_refused(p, p->ref, -ERR_INVALID, "no header can carry");
    put(p, STR("canary\0"), 0600);
    assert_refused(p, p->ref, -ERR_INVALID, "no header can carry");
    put(p, STR("\n"), 0600);
    assert_refused(p, p->ref, -ERR_INVALID, "is empty");
    put(p, STR_NONE, 0600);
    assert_refused(p, p->ref, -ERR_INVALID, "is empty");
}

static void a_file_that_everyone_reads_is_no_secret(void **state)
{
    struct place *p = *state;
    put(p, STR(CANARY), 0644);
    assert_refused(p, p->ref, -ERR_DENIED, "mode 0644): chmod 600");
    put(p, STR(CANARY), 0604);
    assert_refused(p, p->ref, -ERR_DENIED, "mode 0604");
}

static void what_is_no_readable_file_is_refused(void **state)
{
    struct place *p = *state;
    assert_refused(p, p->ref, -ERR_NOT_FOUND, "no such thing");
    assert_refused(p, "file:", -ERR_INVALID, "wants a path");
    assert_refused(p, "file:/dev/null", -ERR_INVALID, "not a regular file");
    assert_refused(p, "file:/tmp", -ERR_INVALID, "not a regular file");
    assert_int_equal(mkfifo(p->path, 0600), 0);
    assert_refused(p, p->ref, -ERR_INVALID, "not a regular file"); /* and does not wait for a writer */
}

static void a_secret_in_place_of_a_reference_is_not_repeated(void **state)
{
    assert_refused(*state, CANARY, -ERR_INVALID, "env:NAME or file:PATH");
    assert_refused(*state, "vault:canary", -ERR_INVALID, "env:NAME or file:PATH");
    assert_refused(*state, "", -ERR_INVALID, "env:NAME or file:PATH");
}

static void size_is_bounded_at_its_edge(void **state)
{
    struct place *p = *state;
    char *many = malloc(SECRET_BYTES_MAX + 3);
    memset(many, 'x', SECRET_BYTES_MAX + 1);
    memcpy(many + SECRET_BYTES_MAX, "\r\n", 2);
    put(p, (struct str){many, SECRET_BYTES_MAX + 2}, 0600);
    struct secret *s = NULL;
    assert_int_equal(secret_load(str_c(p->ref), NULL, &s), 0);
    assert_int_equal(secret_reveal(s).n, SECRET_BYTES_MAX);
    secret_free(s);
    many[SECRET_BYTES_MAX] = 'x';
    put(p, (struct str){many, SECRET_BYTES_MAX + 1}, 0600);
    assert_refused(p, p->ref, -ERR_TOO_LARGE, "more than 8192 bytes");
    free(many);
}

static void equality_is_exact(void **state)
{
    struct secret *s = NULL;
    assert_int_equal(secret_new(STR(CANARY), &s), 0);
    assert_true(secret_equals(s, STR(CANARY)));
    assert_false(secret_equals(s, STR(CANARY "x")));
    assert_false(secret_equals(s, str_sub(STR(CANARY), 0, 10)));
    assert_false(secret_equals(s, STR("sk_test_canary_4eC39HqLyjWDarjtT1zdp7dd")));
    assert_false(secret_equals(s, STR_NONE));
    secret_free(s);
    secret_free(NULL);
}

static void its_pages_are_read_only_and_kept_out_of_dumps(void **state)
{
    struct secret *s = NULL;
    assert_int_equal(secret_new(STR(CANARY), &s), 0);
    FILE *f = fopen("/proc/self/smaps", "r");
    if (!f)
        skip();
    char line[512], rights[8] = "";
    bool is_ours = false, is_undumped = false;
    while (fgets(line, sizeof line, f)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3) {
            is_ours = (uintptr_t)s >= from && (uintptr_t)s < to;
            if (is_ours)
                assert_string_equal(rights, "r--p");
        } else if (is_ours && strncmp(line, "VmFlags:", 8) == 0) {
            is_undumped = strstr(line, " dd") != NULL;
        }
    }
    fclose(f);
    assert_true(is_undumped);
    secret_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_a_variable, setup, teardown),
        cmocka_unit_test(wiping_overwrites_the_variable_in_place),
        cmocka_unit_test_setup_teardown(reads_a_file_and_cuts_one_line_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_everyone_reads_is_no_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_readable_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_in_place_of_a_reference_is_not_repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(size_is_bounded_at_its_edge, setup, teardown),
        cmocka_unit_test(equality_is_exact),
        cmocka_unit_test(its_pages_are_read_only_and_kept_out_of_dumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
