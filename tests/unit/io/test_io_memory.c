/* io/io_memory: what survives the end of a process, and of the power. */
#include "io/io_memory.h"

#include "base/err.h"
#include "unit.h"

static struct io_file *opened(struct io *io, const char *path, unsigned flags)
{
    struct io_file *f = NULL;
    assert_int_equal(io_open(io, str_c(path), flags, &f), 0);
    return f;
}

static struct io_file *created(struct io *io, const char *path, struct str content)
{
    struct io_file *f = opened(io, path, IO_READ | IO_WRITE | IO_CREATE);
    assert_int_equal(io_write_at(f, content, 0), 0);
    return f;
}

static void assert_content(struct io *io, const char *path, const char *want)
{
    struct io_file *f = opened(io, path, IO_READ);
    char got[256];
    size_t n = 0;
    assert_int_equal(io_read_at(f, got, sizeof got, 0, &n), 0);
    assert_str(((struct str){got, n}), want);
    io_close(f);
}

static void assert_missing(struct io *io, const char *path)
{
    struct io_file *f;
    assert_int_equal(io_open(io, str_c(path), IO_READ, &f), -ERR_NOT_FOUND);
}

static void a_killed_process_loses_no_written_byte(void **state)
{
    struct io *io = io_memory_new(1 << 20);
    struct io_file *f = created(io, "a", STR("abc"));
    io_memory_crash(io);
    char c;
    size_t n;
    assert_int_equal(io_read_at(f, &c, 1, 0, &n), -ERR_CLOSED);
    assert_int_equal(io_write_at(f, STR("x"), 0), -ERR_CLOSED);
    assert_int_equal(io_sync(f), -ERR_CLOSED);
    io_close(f);
    assert_content(io, "a", "abc");
    io_memory_free(io);
}

static void power_loss_takes_what_was_not_synced(void **state)
{
    struct io *io = io_memory_new(1 << 20);
    struct io_file *f = created(io, "a", STR("abc"));
    assert_int_equal(io_sync(f), 0);
    assert_int_equal(io_sync_dir(io, STR(".")), 0);
    assert_int_equal(io_write_at(f, STR("XYZ123"), 0), 0);
    io_close(f);
    assert_content(io, "a", "XYZ123");
    io_memory_power_loss(io, NULL);
    assert_content(io, "a", "abc");
    io_memory_free(io);
}

static void a_name_needs_its_folder_synced(void **state)
{
    struct io *io = io_memory_new(1 << 20);
    assert_int_equal(io_mkdir(io, STR("d")), 0);
    assert_int_equal(io_sync_dir(io, STR(".")), 0);
    struct io_file *f = created(io, "d/a", STR("abc"));
    assert_int_equal(io_sync(f), 0);
    io_close(f);
    assert_int_equal(io_sync_dir(io, STR(".")), 0); /* the wrong folder */
    io_memory_power_loss(io, NULL);
    assert_missing(io, "d/a");

    f = created(io, "d/a", STR("abc"));
    io_close(f);
    assert_int_equal(io_sync_dir(io, STR("d/")), 0);
    io_memory_power_loss(io, NULL);
    assert_content(io, "d/a", ""); /* the name without the bytes */
    io_memory_free(io);
}

static void renames_and_removals_are_undone_unless_synced(void **state)
{
    struct io *io = io_memory_new(1 << 20);
    struct io_file *a = created(io, "a", STR("A")), *b = created(io, "b", STR("B"));
    assert_int_equal(io_sync(a), 0);
    assert_int_equal(io_sync(b), 0);
    io_close(a);
    io_close(b);
    assert_int_equal(io_sync_dir(io, STR(".")), 0);
    assert_int_equal(io_rename(io, STR("a"), STR("b")), 0);
    assert_content(io, "b", "A");
    io_memory_power_loss(io, NULL);
    assert_content(io, "a", "A");
    assert_content(io, "b", "B");

    assert_int_equal(io_rename(io, STR("a"), STR("b")), 0);
    assert_int_equal(io_sync_dir(io, STR(".")), 0);
    io_memory_power_loss(io, NULL);
    assert_missing(io, "a");
    assert_content(io, "b", "A");

    assert_int_equal(io_unlink(io, STR("b")), 0);
    io_memory_power_loss(io, NULL);
    assert_content(io, "b", "A");
    io_memory_free(io);
}

static void truncation_is_undone_unless_synced(void **state)
{
    struct io *io = io_memory_new(1 << 20);
    struct io_file *f = created(io, "a", STR("abcdef"));
    assert_int_equal(io_sync(f), 0);
    assert_int_equal(io_sync_dir(io, STR(".")), 0);
    assert_int_equal(io_truncate(f, 2), 0);
    io_close(f);
    io_memory_power_loss(io, NULL);
    assert_content(io, "a", "abcdef");
    f = opened(io, "a", IO_READ | IO_WRITE);
    assert_int_equal(io_truncate(f, 2), 0);
    assert_int_equal(io_allocate(f, 4), 0);
    assert_int_equal(io_sync(f), 0);
    io_close(f);
    io_memory_power_loss(io, NULL);
    f = opened(io, "a", IO_READ);
    char got[8];
    size_t n;
    assert_int_equal(io_read_at(f, got, 8, 0, &n), 0);
    assert_int_equal(n, 4);
    assert_memory_equal(got, "ab\0\0", 4);
    io_close(f);
    io_memory_free(io);
}

/* Every 512-byte piece is old or new; over many seeds both happen, and so do both lengths. */
static void torn_writes_keep_whole_sectors(void **state)
{
    static char old_bytes[4096], new_bytes[5000], got[8192];
    bool saw_mixed = false, saw_long = false, saw_short = false;
    memset(old_bytes, 'o', sizeof old_bytes);
    memset(new_bytes, 'n', sizeof new_bytes);
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct io *io = io_memory_new(1 << 20);
        struct rng r;
        rng_seeded_init(&r, seed);
        struct io_file *f = created(io, "a", (struct str){old_bytes, sizeof old_bytes});
        assert_int_equal(io_sync(f), 0);
        assert_int_equal(io_sync_dir(io, STR(".")), 0);
        assert_int_equal(io_write_at(f, (struct str){new_bytes + 100, sizeof new_bytes - 100}, 100), 0);
        io_close(f);
        io_memory_power_loss(io, &r);
        f = opened(io, "a", IO_READ);
        size_t n, n_new = 0;
        assert_int_equal(io_read_at(f, got, sizeof got, 0, &n), 0);
        assert_true(n == 4096 || n == 5000);
        for (size_t at = 0; at < n; at += 512)
            for (size_t i = at < 100 ? 100 : at; i < at + 512 && i < n; i++) {
                size_t first = at < 100 ? 100 : at;
                assert_int_equal(got[i], got[first]);
                n_new += got[i] == 'n';
            }
        assert_int_equal(got[0], 'o');
        saw_mixed = saw_mixed || (n_new > 0 && n_new < n - 100);
        saw_long = saw_long || n == 5000;
        saw_short = saw_short || n == 4096;
        io_close(f);
        io_memory_free(io);
    }
    assert_true(saw_mixed && saw_long && saw_short);
}

static void the_same_seed_loses_the_same_bytes(void **state)
{
    char got[2][2048];
    for (int turn = 0; turn < 2; turn++) {
        struct io *io = io_memory_new(1 << 20);
        struct rng r;
        size_t n;
        memset(got[turn], 'x', sizeof got[turn]);
        rng_seeded_init(&r, 9);
        struct io_file *f = created(io, "a", (struct str){got[turn], sizeof got[turn]});
        assert_int_equal(io_sync_dir(io, STR(".")), 0);
        io_memory_power_loss(io, &r);
        io_close(f);
        f = opened(io, "a", IO_READ);
        memset(got[turn], 0, sizeof got[turn]);
        assert_int_equal(io_read_at(f, got[turn], sizeof got[turn], 0, &n), 0);
        io_close(f);
        io_memory_free(io);
    }
    assert_memory_equal(got[0], got[1], sizeof got[0]);
}

static void the_disk_is_full_at_its_size(void **state)
{
    struct io *io = io_memory_new(10);
    struct io_file *f = created(io, "a", STR("0123456789"));
    assert_int_equal(io_write_at(f, STR("x"), 10), -ERR_NO_SPACE);
    assert_int_equal(io_allocate(f, 11), -ERR_NO_SPACE);
    assert_int_equal(io_write_at(f, STR("x"), 9), 0);
    assert_int_equal(io_truncate(f, 5), 0);
    assert_int_equal(io_append(f, STR("abcde")), 0);
    io_close(f);
    assert_content(io, "a", "01234abcde");
    assert_int_equal(io_unlink(io, STR("a")), 0);
    io_close(created(io, "b", STR("0123456789")));
    io_memory_free(io);
}

static void locks_end_with_their_process(void **state)
{
    struct io *io = io_memory_new(10);
    struct io_file *old = NULL, *new = NULL, *third = NULL;
    assert_int_equal(io_lock(io, STR("lock"), &old), 0);
    io_memory_crash(io);
    assert_int_equal(io_lock(io, STR("lock"), &new), 0);
    io_close(old); /* late, and must not open the new one's lock */
    assert_int_equal(io_lock(io, STR("lock"), &third), -ERR_BUSY);
    io_close(new);
    io_memory_free(io);
}

static void damage_shows_in_both_copies(void **state)
{
    struct io *io = io_memory_new(100);
    struct io_file *f = created(io, "a", STR("abc"));
    assert_int_equal(io_sync(f), 0);
    assert_int_equal(io_sync_dir(io, STR(".")), 0);
    io_close(f);
    assert_int_equal(io_memory_damage(io, STR("a"), 1, 1), 0);
    assert_content(io, "a", "acc");
    io_memory_power_loss(io, NULL);
    assert_content(io, "a", "acc");
    assert_int_equal(io_memory_damage(io, STR("a"), 3, 1), -ERR_INVALID);
    assert_int_equal(io_memory_damage(io, STR("b"), 0, 1), -ERR_NOT_FOUND);
    io_memory_free(io);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_process_loses_no_written_byte),
        cmocka_unit_test(power_loss_takes_what_was_not_synced),
        cmocka_unit_test(a_name_needs_its_folder_synced),
        cmocka_unit_test(renames_and_removals_are_undone_unless_synced),
        cmocka_unit_test(truncation_is_undone_unless_synced),
        cmocka_unit_test(torn_writes_keep_whole_sectors),
        cmocka_unit_test(the_same_seed_loses_the_same_bytes),
        cmocka_unit_test(the_disk_is_full_at_its_size),
        cmocka_unit_test(locks_end_with_their_process),
        cmocka_unit_test(damage_shows_in_both_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
