/* io/io_fault: the chosen operation fails, its neighbours do not. */
#include "io/io_fault.h"

#include "base/err.h"
#include "io/io_memory.h"
#include "unit.h"

static struct io_file *opened(struct io_fault *f)
{
    struct io_file *file = NULL;
    assert_int_equal(io_open(&f->io, STR("a"), IO_READ | IO_WRITE | IO_CREATE, &file), 0);
    return file;
}

static void only_the_nth_sync_fails_and_syncs_nothing(void **state)
{
    struct io *memory = io_memory_new(1000);
    struct io_fault f;
    io_fault_init(&f, memory);
    f.syncs_left = 1;
    struct io_file *file = opened(&f);
    assert_int_equal(io_sync_dir(&f.io, STR(".")), 0);
    assert_int_equal(io_write_at(file, STR("one"), 0), 0);
    assert_int_equal(io_sync(file), 0);
    assert_int_equal(io_write_at(file, STR("two"), 0), 0);
    assert_int_equal(io_sync(file), -ERR_IO);
    io_memory_power_loss(memory, NULL);
    io_close(file);
    file = opened(&f);
    char got[3];
    size_t n;
    assert_int_equal(io_read_at(file, got, 3, 0, &n), 0);
    assert_memory_equal(got, "one", 3);
    assert_int_equal(io_sync(file), 0);
    assert_int_equal(f.n_syncs, 3);
    io_close(file);
    io_memory_free(memory);
}

static void a_full_disk_takes_what_fits(void **state)
{
    struct io *memory = io_memory_new(1000);
    struct io_fault f;
    io_fault_init(&f, memory);
    f.bytes_left = 5;
    struct io_file *file = opened(&f);
    uint64_t size = 0;
    assert_int_equal(io_write_at(file, STR("abc"), 0), 0);
    assert_int_equal(io_write_at(file, STR("def"), 3), -ERR_NO_SPACE);
    assert_int_equal(io_size(file, &size), 0);
    assert_int_equal(size, 5);
    assert_int_equal(io_write_at(file, STR("x"), 0), -ERR_NO_SPACE);
    assert_int_equal(io_allocate(file, 100), -ERR_NO_SPACE);
    assert_int_equal(io_sync(file), 0);
    f.bytes_left = -1; /* somebody made room */
    assert_int_equal(io_write_at(file, STR("def"), 3), 0);
    assert_int_equal(f.n_bytes, 8);
    io_close(file);
    io_memory_free(memory);
}

/* Runs a small script; returns how far it came. */
static int script(struct io *io)
{
    struct io_file *f = NULL;
    uint64_t size;
    int r = io_mkdir(io, STR("d"));
    r = r < 0 ? r : io_lock(io, STR("d/lock"), &f);
    io_close(f);
    f = NULL;
    r = r < 0 ? r : io_open(io, STR("d/a"), IO_READ | IO_WRITE | IO_CREATE, &f);
    r = r < 0 ? r : io_allocate(f, 10);
    r = r < 0 ? r : io_write_at(f, STR("x"), 0);
    r = r < 0 ? r : io_truncate(f, 5);
    r = r < 0 ? r : io_size(f, &size);
    r = r < 0 ? r : io_sync(f);
    io_close(f);
    r = r < 0 ? r : io_rename(io, STR("d/a"), STR("d/b"));
    r = r < 0 ? r : io_sync_dir(io, STR("d"));
    r = r < 0 ? r : io_unlink(io, STR("d/b"));
    return r;
}

static void every_operation_can_be_the_one_that_fails(void **state)
{
    struct io_fault f;
    struct io *memory = io_memory_new(1000);
    io_fault_init(&f, memory);
    assert_int_equal(script(&f.io), 0);
    assert_int_equal(f.n_ops, 11);
    io_memory_free(memory);
    for (int i = 0; i < 11; i++) {
        memory = io_memory_new(1000);
        io_fault_init(&f, memory);
        f.ops_left = i;
        f.ops_error = i % 2 ? -ERR_DENIED : 0;
        assert_int_equal(script(&f.io), i % 2 ? -ERR_DENIED : -ERR_IO);
        assert_int_equal(f.n_ops, i + 1);
        assert_int_equal(f.ops_left, -1);
        io_memory_free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_nth_sync_fails_and_syncs_nothing),
        cmocka_unit_test(a_full_disk_takes_what_fits),
        cmocka_unit_test(every_operation_can_be_the_one_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
