/* io/whole_file: bounds of reading, and replacing in one step at every failure. */
#include "io/whole_file.h"

#include "base/err.h"
#include "io/io_fault.h"
#include "io/io_memory.h"
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

static void put(struct io *io, const char *path, struct str content)
{
    struct io_file *f;
    assert_int_equal(io_open(io, str_c(path), IO_WRITE | IO_CREATE | IO_EMPTY, &f), 0);
    assert_int_equal(io_write_at(f, content, 0), 0);
    io_close(f);
}

static void reads_up_to_the_bound_exactly(void **state)
{
    static char many[20000];
    struct io *io = io_memory_new(1 << 20);
    struct buf b;
    memset(many, 'm', sizeof many);
    put(io, "a", (struct str){many, sizeof many});
    buf_init(&b, 30000);
    assert_int_equal(buf_add(&b, STR("before")), 0);
    assert_int_equal(io_read_file(io, STR("a"), 19999, &b), -ERR_TOO_LARGE);
    assert_str(buf_str(&b), "before");
    assert_int_equal(io_read_file(io, STR("a"), 20000, &b), 0);
    assert_int_equal(b.n, 20006);
    assert_memory_equal(b.p + 6, many, sizeof many);
    assert_int_equal(io_read_file(io, STR("a"), 20000, &b), -ERR_TOO_LARGE); /* the buffer's own maximum */
    assert_int_equal(b.n, 20006);
    assert_int_equal(io_read_file(io, STR("none"), 10, &b), -ERR_NOT_FOUND);
    buf_reset(&b);
    put(io, "empty", STR_NONE);
    assert_int_equal(io_read_file(io, STR("empty"), 0, &b), 0);
    assert_int_equal(b.n, 0);
    buf_deinit(&b);
    io_memory_free(io);
}

static void assert_old_or_new(struct io *io, bool must_be_new)
{
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(io_read_file(io, STR("d/token"), 100, &b), 0);
    if (must_be_new || !str_eq(buf_str(&b), STR("old")))
        assert_str(buf_str(&b), "the new one");
    buf_deinit(&b);
}

/* One failure at each operation in turn, and a power loss behind it. */
static void a_replaced_file_is_old_or_new_never_a_part(void **state)
{
    int r = -1;
    for (int i = 0; r < 0; i++) {
        struct io *memory = io_memory_new(1 << 20);
        struct io_fault f;
        struct rng rng;
        assert_int_equal(io_mkdir(memory, STR("d")), 0);
        assert_int_equal(io_sync_dir(memory, STR(".")), 0);
        assert_int_equal(io_replace_file(memory, STR("d/token"), STR("old")), 0);
        io_fault_init(&f, memory);
        f.ops_left = i;
        r = io_replace_file(&f.io, STR("d/token"), STR("the new one"));
        assert_old_or_new(memory, r == 0);
        rng_seeded_init(&rng, (uint64_t)i);
        io_memory_power_loss(memory, &rng);
        assert_old_or_new(memory, r == 0);
        io_memory_free(memory);
        assert_true(i < 20);
    }
}

static int count(void *ctx, struct str name)
{
    ++*(int *)ctx;
    return 0;
}

static void a_failed_replacement_leaves_nothing_beside(void **state)
{
    struct io *memory = io_memory_new(1 << 20);
    struct io_fault f;
    int n = 0;
    io_fault_init(&f, memory);
    f.bytes_left = 3;
    assert_int_equal(io_replace_file(&f.io, STR("token"), STR("four")), -ERR_NO_SPACE);
    assert_int_equal(io_list(memory, STR("."), count, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(io_replace_file(memory, STR_NONE, STR("x")), -ERR_INVALID);
    io_memory_free(memory);
}

/* A reload that waited for a writer would wait for good. */
static void a_fifo_is_no_file_and_is_not_waited_for(void **state)
{
    char folder[] = "/tmp/whole-file-XXXXXX", path[64];
    struct buf out;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/fifo", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    buf_init(&out, 4096);
    assert_int_equal(io_read_file(io_system(), str_c(path), 100, &out), -ERR_IO);
    assert_int_equal(out.n, 0);
    buf_deinit(&out);
    unlink(path);
    rmdir(folder);
}

static void folders_are_made_all_the_way(void **state)
{
    struct io *io = io_memory_new(1 << 20);
    assert_int_equal(io_mkdir_all(io, STR("/var/lib/flyball/")), 0);
    assert_int_equal(io_mkdir_all(io, STR("/var/lib/flyball")), 0);
    put(io, "/var/lib/flyball/x", STR("1"));
    assert_int_equal(io_mkdir_all(io, STR("a/b")), 0);
    put(io, "a/b/x", STR("1"));
    assert_int_equal(io_mkdir_all(io, STR_NONE), -ERR_INVALID);
    assert_int_equal(io_mkdir_all(io_system(), STR("/tmp")), 0);
    assert_int_equal(io_mkdir_all(io_system(), STR("/proc/none/such")), -ERR_NOT_FOUND);
    io_memory_free(io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_up_to_the_bound_exactly),
        cmocka_unit_test(a_replaced_file_is_old_or_new_never_a_part),
        cmocka_unit_test(a_failed_replacement_leaves_nothing_beside),
        cmocka_unit_test(a_fifo_is_no_file_and_is_not_waited_for),
        cmocka_unit_test(folders_are_made_all_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
