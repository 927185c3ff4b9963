/*
 * The disk fails under SQLite: each write finds it full once, each write and sync fails once. The store says so, keeps
 * what it had, and goes on, or stops for good where nobody knows what is on the disk.
 */
#include "../unit/store/scratch.h"
#include "../unit/store/story.h"
#include "unit.h"

#include "base/err.h"
#include "store/audit.h"
#include "store/sqlite/store_sqlite.h"

#include <sqlite3.h>

#define BATCH 40
#define CALLS_FEW 150
#define CALLS_MANY 1000 /* enough for checkpoints between batches */

/* The system's VFS with a countdown: after n writes (or syncs) one fails. -1: never. */
static struct {
    sqlite3_vfs vfs, *under;
    sqlite3_io_methods methods;
    const sqlite3_io_methods *under_methods;
    int writes_left, syncs_left, error;
    int n_writes, n_syncs;
} disk;

static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    disk.n_writes++;
    if (disk.writes_left >= 0 && disk.writes_left-- == 0)
        return disk.error;
    return disk.under_methods->xWrite(f, p, n, at);
}

static int on_sync(sqlite3_file *f, int flags)
{
    disk.n_syncs++;
    if (disk.syncs_left >= 0 && disk.syncs_left-- == 0)
        return SQLITE_IOERR_FSYNC;
    return disk.under_methods->xSync(f, flags);
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
    int rc = disk.under->xOpen(disk.under, name, f, flags, ret_flags);
    if (rc == SQLITE_OK && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL))) {
        if (!disk.under_methods) {
            disk.under_methods = f->pMethods;
            disk.methods = *f->pMethods;
            disk.methods.xWrite = on_write;
            disk.methods.xSync = on_sync;
        }
        f->pMethods = &disk.methods;
    }
    return rc;
}

static void disk_reset(void)
{
    disk.writes_left = disk.syncs_left = -1;
    disk.error = SQLITE_FULL;
    disk.n_writes = disk.n_syncs = 0;
}

static void disk_init(void)
{
    disk.under = sqlite3_vfs_find("unix-none"); /* one process; its files have no locks that differ from file to file */
    disk.vfs = *disk.under;
    disk.vfs.zName = "faulty";
    disk.vfs.xOpen = on_open;
    if (sqlite3_vfs_register(&disk.vfs, 1) != SQLITE_OK)
        abort();
    disk_reset();
}

struct trial {
    struct scratch *scratch;
    struct story *story;
    struct store *store;
};

static struct store *open_store(struct scratch *s)
{
    struct store *store = NULL;
    assert_int_equal(store_sqlite_open(str_c(s->file), &store), 0);
    return store;
}

static uint64_t position(struct store *s)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    return s->ops->position(s, chain, &epoch);
}

/* Applies from the position on; the first failure, or 0. */
static int apply_rest(struct trial *t)
{
    int r = 0;
    for (uint64_t at = position(t->store); at < t->story->seq && r == 0; at = position(t->store)) {
        size_t n = t->story->seq - at < BATCH ? t->story->seq - at : BATCH;
        r = t->store->ops->apply(t->store, t->story->frames + at, n);
        if (r < 0)
            assert_true(position(t->store) == at || position(t->store) == at + n); /* n: only its checkpoint failed */
    }
    return r;
}

static void assert_whole(struct trial *t)
{
    struct store_reader *reader;
    struct audit_report rep;
    struct buf json;
    buf_init(&json, 1 << 20);
    assert_int_equal(position(t->store), t->story->seq);
    assert_int_equal(t->store->ops->rebuild(t->store, &json), 0);
    assert_int_equal(t->store->ops->reader_new(t->store, &reader), 0);
    assert_int_equal(audit_verify(t->store, reader, &rep), 0);
    t->store->ops->reader_free(reader);
    buf_deinit(&json);
}

static void begin(struct trial *t)
{
    scratch_clear(t->scratch);
    disk_reset();
    t->store = open_store(t->scratch);
    disk.n_writes = disk.n_syncs = 0;
}

static int count(struct trial *t, bool syncs)
{
    begin(t);
    assert_int_equal(apply_rest(t), 0);
    t->store->ops->close(t->store);
    return syncs ? disk.n_syncs : disk.n_writes;
}

static void a_full_disk_costs_nothing_but_time(void **state)
{
    struct trial *t = *state;
    int n = count(t, false);
    assert_true(n > 50);
    for (int i = 0; i < n; i += 1 + n / 60) {
        begin(t);
        disk.writes_left = i;
        int r = apply_rest(t);
        assert_true(r == 0 || r == -ERR_NO_SPACE);
        assert_int_equal(apply_rest(t), 0); /* there is room again */
        assert_whole(t);
        t->store->ops->close(t->store);
    }
}

static void a_failed_write_is_told_and_leaves_the_store_whole(void **state)
{
    struct trial *t = *state;
    int n = count(t, false);
    for (int i = 0; i < n; i += 1 + n / 60) {
        begin(t);
        disk.error = SQLITE_IOERR_WRITE;
        disk.writes_left = i;
        int r = apply_rest(t);
        assert_true(r == 0 || r == -ERR_IO);
        t->store->ops->close(t->store);
        disk_reset();
        t->store = open_store(t->scratch);
        assert_int_equal(apply_rest(t), 0);
        assert_whole(t);
        t->store->ops->close(t->store);
    }
}

static void the_first_failed_sync_is_final(void **state)
{
    struct trial *t = *state;
    story_random(t->story, 78, CALLS_MANY - CALLS_FEW);
    int n = count(t, true), n_final = 0;
    assert_true(n >= 4);
    for (int i = 0; i < n; i++) {
        begin(t);
        disk.syncs_left = i;
        int r = apply_rest(t);
        assert_true(r == 0 || r == -ERR_IO);
        if (r < 0) {
            n_final++;
            assert_int_equal(t->store->ops->apply(t->store, t->story->frames, t->story->seq), -ERR_IO);
        }
        t->store->ops->close(t->store);
        disk_reset();
        t->store = open_store(t->scratch);
        assert_int_equal(apply_rest(t), 0);
        assert_whole(t);
        t->store->ops->close(t->store);
    }
    assert_true(n_final > 0);
}

int main(void)
{
    struct scratch scratch;
    struct story story;
    struct trial trial = {&scratch, &story, NULL};
    disk_init();
    scratch_init(&scratch, "sqlite-fault");
    story_init(&story);
    story_random(&story, 77, CALLS_FEW);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_full_disk_costs_nothing_but_time, &trial),
        cmocka_unit_test_prestate(a_failed_write_is_told_and_leaves_the_store_whole, &trial),
        cmocka_unit_test_prestate(the_first_failed_sync_is_final, &trial),
    };
    int n = cmocka_run_group_tests_name("fault/sqlite", tests, NULL, NULL);
    story_deinit(&story);
    scratch_deinit(&scratch);
    return n;
}
