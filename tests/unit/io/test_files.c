/* io/files: one conformance test over the system, the memory and the fault implementation. */
#include "io/files.h"

#include <sys/stat.h>

#include "base/err.h"
#include "io/io_fault.h"
#include "io/io_memory.h"
#include "unit.h"

enum { SYSTEM, MEMORY, FAULT };

struct place {
    struct io *io, *memory;
    struct io_fault fault;
    char dir[64], text[256];
};

/* A path in the test's folder; valid until the next call but one. */
static struct str at(struct place *p, const char *name)
{
    static int turn;
    char *out = p->text + 128 * (turn++ % 2);
    int n = snprintf(out, 128, "%s%s%s", p->dir, *name ? "/" : "", name);
    return (struct str){out, (size_t)n};
}

static int setup(void **state, int kind)
{
    struct place *p = calloc(1, sizeof *p);
    *state = p;
    strcpy(p->dir, "/data");
    if (kind == SYSTEM) {
        p->io = io_system();
        strcpy(p->dir, "/tmp/flyball-test-XXXXXX");
        return mkdtemp(p->dir) ? 0 : -1;
    }
    p->io = p->memory = io_memory_new(1 << 20);
    if (kind == FAULT) {
        io_fault_init(&p->fault, p->memory);
        p->io = &p->fault.io;
    }
    return io_mkdir(p->io, str_c(p->dir));
}

static int setup_system(void **state) { return setup(state, SYSTEM); }
static int setup_memory(void **state) { return setup(state, MEMORY); }
static int setup_fault(void **state) { return setup(state, FAULT); }

static int unlink_it(void *ctx, struct str name)
{
    struct place *p = ctx;
    char c[64];
    snprintf(c, sizeof c, STR_FMT, STR_ARG(name));
    if (io_unlink(p->io, at(p, c)) < 0)
        rmdir(at(p, c).p);
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;
    io_list(p->io, at(p, ""), unlink_it, p);
    if (p->memory)
        io_memory_free(p->memory);
    else
        rmdir(p->dir);
    free(p);
    return 0;
}

static struct io_file *opened(struct place *p, const char *name, unsigned flags)
{
    struct io_file *f = NULL;
    assert_int_equal(io_open(p->io, at(p, name), flags, &f), 0);
    return f;
}

static void what_is_put_into_a_mapping_is_read_back(void **state)
{
    struct place *p = *state;
    struct io_file *f = opened(p, "m", IO_READ | IO_WRITE | IO_CREATE);
    char got[6] = {0};
    uint8_t *bytes;
    size_t n;
    assert_int_equal(io_allocate(f, 8192), 0);
    int r = io_map(f, 8192, &bytes);
    if (r == 0) {
        memcpy(bytes + 4094, "hello", 5);
        assert_int_equal(io_read_at(f, got, 5, 4094, &n), 0);
        assert_string_equal(got, "hello");
        io_unmap(f, bytes, 8192);
        assert_int_equal(io_sync(f), 0);
        assert_int_equal(io_read_at(f, got, 5, 4094, &n), 0);
        assert_string_equal(got, "hello");
    } else { /* in memory and under faults there is none, so that no fault can be passed by */
        assert_int_equal(r, -ERR_UNSUPPORTED);
    }
    io_close(f);
}

static void assert_content(struct io_file *f, const char *want)
{
    char got[256];
    size_t n = 0;
    assert_int_equal(io_read_at(f, got, sizeof got, 0, &n), 0);
    assert_str(((struct str){got, n}), want);
}

static void what_is_written_is_read_back(void **state)
{
    struct place *p = *state;
    struct io_file *f = opened(p, "a", IO_READ | IO_WRITE | IO_CREATE);
    char got[8];
    size_t n = 99;
    assert_int_equal(io_write_at(f, STR("hello"), 0), 0);
    assert_int_equal(io_write_at(f, STR("J"), 0), 0);
    assert_int_equal(io_append(f, STR(" world")), 0);
    assert_int_equal(io_write_at(f, STR_NONE, 500), 0);
    assert_content(f, "Jello world");
    assert_int_equal(io_read_at(f, got, 5, 6, &n), 0);
    assert_str(((struct str){got, n}), "world");
    assert_int_equal(io_read_at(f, got, 8, 9, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(io_read_at(f, got, 8, 1000, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(io_sync(f), 0);
    io_close(f);
    f = opened(p, "a", IO_READ);
    assert_content(f, "Jello world");
    io_close(f);
    io_close(NULL);
}

static void a_hole_reads_as_zeros(void **state)
{
    struct place *p = *state;
    struct io_file *f = opened(p, "a", IO_READ | IO_WRITE | IO_CREATE);
    char got[10];
    size_t n;
    assert_int_equal(io_write_at(f, STR("x"), 9), 0);
    assert_int_equal(io_read_at(f, got, 10, 0, &n), 0);
    assert_int_equal(n, 10);
    assert_memory_equal(got, "\0\0\0\0\0\0\0\0\0x", 10);
    io_close(f);
}

static void size_follows_truncate_and_allocate(void **state)
{
    struct place *p = *state;
    struct io_file *f = opened(p, "a", IO_READ | IO_WRITE | IO_CREATE);
    uint64_t size = 99;
    char got[8];
    size_t n;
    assert_int_equal(io_size(f, &size), 0);
    assert_int_equal(size, 0);
    assert_int_equal(io_write_at(f, STR("abcdef"), 0), 0);
    assert_int_equal(io_truncate(f, 2), 0);
    assert_int_equal(io_allocate(f, 5000), 0);
    assert_int_equal(io_size(f, &size), 0);
    assert_int_equal(size, 5000);
    assert_int_equal(io_allocate(f, 100), 0); /* never makes it smaller */
    assert_int_equal(io_allocate(f, 0), 0);
    assert_int_equal(io_size(f, &size), 0);
    assert_int_equal(size, 5000);
    assert_int_equal(io_read_at(f, got, 6, 0, &n), 0);
    assert_memory_equal(got, "ab\0\0\0\0", 6); /* what was cut off does not come back */
    io_close(f);
}

static void open_flags_decide_what_may_be_there(void **state)
{
    struct place *p = *state;
    struct io_file *f = NULL;
    assert_int_equal(io_open(p->io, at(p, "a"), IO_READ, &f), -ERR_NOT_FOUND);
    assert_int_equal(io_open(p->io, at(p, "no/a"), IO_WRITE | IO_CREATE, &f), -ERR_NOT_FOUND);
    assert_null(f);
    f = opened(p, "a", IO_WRITE | IO_CREATE | IO_EXCLUSIVE);
    assert_int_equal(io_write_at(f, STR("abc"), 0), 0);
    io_close(f);
    f = NULL;
    assert_int_equal(io_open(p->io, at(p, "a"), IO_WRITE | IO_CREATE | IO_EXCLUSIVE, &f), -ERR_EXISTS);
    assert_null(f);
    f = opened(p, "a", IO_READ | IO_WRITE | IO_CREATE);
    assert_content(f, "abc");
    io_close(f);
    f = opened(p, "a", IO_READ | IO_WRITE | IO_EMPTY);
    assert_content(f, "");
    io_close(f);
}

static void bad_paths_are_refused(void **state)
{
    struct place *p = *state;
    struct io_file *f = NULL;
    char *longest = malloc(IO_PATH_BYTES_MAX + 1);
    memset(longest, 'x', IO_PATH_BYTES_MAX + 1);
    assert_int_equal(io_open(p->io, STR_NONE, IO_READ, &f), -ERR_INVALID);
    assert_int_equal(io_open(p->io, STR("a\0b"), IO_READ, &f), -ERR_INVALID);
    assert_int_equal(io_open(p->io, (struct str){longest, IO_PATH_BYTES_MAX + 1}, IO_READ, &f), -ERR_TOO_LARGE);
    assert_int_equal(io_unlink(p->io, STR("a\0b")), -ERR_INVALID);
    assert_int_equal(io_rename(p->io, STR("a\0b"), STR("c")), -ERR_INVALID);
    assert_int_equal(io_mkdir(p->io, STR_NONE), -ERR_INVALID);
    assert_int_equal(io_sync_dir(p->io, STR("\0")), -ERR_INVALID);
    assert_int_equal(io_lock(p->io, STR_NONE, &f), -ERR_INVALID);
    assert_null(f);
    free(longest);
}

static void rename_replaces_and_open_files_live_on(void **state)
{
    struct place *p = *state;
    struct io_file *a = opened(p, "a", IO_READ | IO_WRITE | IO_CREATE);
    struct io_file *b = opened(p, "b", IO_READ | IO_WRITE | IO_CREATE);
    assert_int_equal(io_write_at(a, STR("A"), 0), 0);
    assert_int_equal(io_write_at(b, STR("B"), 0), 0);
    assert_int_equal(io_rename(p->io, at(p, "a"), at(p, "b")), 0);
    assert_content(b, "B"); /* has no name any more, but is open */
    io_close(a);
    io_close(b);
    b = opened(p, "b", IO_READ);
    assert_content(b, "A");
    io_close(b);
    assert_int_equal(io_rename(p->io, at(p, "a"), at(p, "b")), -ERR_NOT_FOUND);
    assert_int_equal(io_rename(p->io, at(p, "b"), at(p, "no/b")), -ERR_NOT_FOUND);
    assert_int_equal(io_unlink(p->io, at(p, "b")), 0);
    assert_int_equal(io_unlink(p->io, at(p, "b")), -ERR_NOT_FOUND);
    assert_int_equal(io_sync_dir(p->io, at(p, "")), 0);
    assert_int_equal(io_sync_dir(p->io, at(p, "no")), -ERR_NOT_FOUND);
}

struct listing {
    char text[64];
    int stop_after;
};

static int on_name(void *ctx, struct str name)
{
    struct listing *l = ctx;
    strncat(l->text, name.p, name.n);
    strcat(l->text, " ");
    return --l->stop_after == 0 ? -ERR_CLOSED : 1;
}

static void listing_is_sorted_and_can_stop(void **state)
{
    struct place *p = *state;
    struct listing all = {.stop_after = -1}, some = {.stop_after = 2}, none = {.stop_after = -1};
    io_close(opened(p, "b", IO_WRITE | IO_CREATE));
    io_close(opened(p, "a.1", IO_WRITE | IO_CREATE));
    io_close(opened(p, "B", IO_WRITE | IO_CREATE));
    assert_int_equal(io_mkdir(p->io, at(p, "d")), 0);
    assert_int_equal(io_mkdir(p->io, at(p, "d")), -ERR_EXISTS);
    assert_int_equal(io_mkdir(p->io, at(p, "b")), -ERR_EXISTS);
    assert_int_equal(io_mkdir(p->io, at(p, "no/d")), -ERR_NOT_FOUND);
    assert_int_equal(io_list(p->io, at(p, ""), on_name, &all), 0);
    assert_string_equal(all.text, "B a.1 b d ");
    assert_int_equal(io_list(p->io, at(p, ""), on_name, &some), -ERR_CLOSED);
    assert_string_equal(some.text, "B a.1 ");
    assert_int_equal(io_list(p->io, at(p, "d"), on_name, &none), 0);
    assert_string_equal(none.text, "");
    assert_int_equal(io_list(p->io, at(p, "no"), on_name, &none), -ERR_NOT_FOUND);
}

static void a_lock_excludes_until_it_is_closed(void **state)
{
    struct place *p = *state;
    struct io_file *first = NULL, *second = NULL;
    assert_int_equal(io_lock(p->io, at(p, "lock"), &first), 0);
    assert_int_equal(io_lock(p->io, at(p, "lock"), &second), -ERR_BUSY);
    assert_null(second);
    io_close(first);
    assert_int_equal(io_lock(p->io, at(p, "lock"), &second), 0);
    assert_int_equal(io_write_at(second, STR("123\n"), 0), 0);
    assert_content(second, "123\n");
    io_close(second);
}

static void new_files_are_for_their_owner_only(void **state)
{
    struct place *p = *state;
    struct stat st;
    mode_t before = umask(0);
    io_close(opened(p, "a", IO_WRITE | IO_CREATE));
    assert_int_equal(io_mkdir(p->io, at(p, "d")), 0);
    umask(before);
    assert_int_equal(stat(at(p, "a").p, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(at(p, "d").p, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

#define ON_ALL(test) \
    cmocka_unit_test_setup_teardown(test, setup_system, teardown), \
    cmocka_unit_test_setup_teardown(test, setup_memory, teardown), \
    cmocka_unit_test_setup_teardown(test, setup_fault, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ALL(what_is_written_is_read_back),
        ON_ALL(what_is_put_into_a_mapping_is_read_back),
        ON_ALL(a_hole_reads_as_zeros),
        ON_ALL(size_follows_truncate_and_allocate),
        ON_ALL(open_flags_decide_what_may_be_there),
        ON_ALL(bad_paths_are_refused),
        ON_ALL(rename_replaces_and_open_files_live_on),
        ON_ALL(listing_is_sorted_and_can_stop),
        ON_ALL(a_lock_excludes_until_it_is_closed),
        cmocka_unit_test_setup_teardown(new_files_are_for_their_owner_only, setup_system, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
