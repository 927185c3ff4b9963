/* store/sqlite: conformance, and what a file adds: reopening, damage, foreign files, who may read it. */
#include "conformance.h"

#include "base/err.h"
#include "store/audit.h"
#include "store/sqlite/schema.sql.h"
#include "store/sqlite/store_sqlite.h"
#include "scratch.h"
#include "story.h"
#include "unit.h"
#include "unpacked.h"

#include <sqlite3.h>
#include <sys/stat.h>

static int make(void *ctx, struct store **ret)
{
    struct scratch *s = ctx;
    scratch_clear(s);
    return store_sqlite_open(str_c(s->file), ret);
}

static struct store *open_store(struct scratch *s)
{
    struct store *store = NULL;
    assert_int_equal(store_sqlite_open(str_c(s->file), &store), 0);
    return store;
}

/* Changes the file behind the store's back. */
static void change(struct scratch *s, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(s->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void what_was_applied_is_there_after_reopening(void **state)
{
    struct scratch *s = *state;
    struct story story;
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    scratch_clear(s);
    story_init(&story);
    story_random(&story, 21, 300);
    struct store *store = open_store(s);
    for (size_t i = 0; i < story.seq; i += 100) {
        size_t n = story.seq - i < 100 ? story.seq - i : 100;
        assert_int_equal(store->ops->apply(store, story.frames + i, n), 0);
        store->ops->close(store);
        store = open_store(s);
        assert_int_equal(store->ops->position(store, chain, &epoch), i + n);
    }
    assert_memory_equal(chain, story.chain, CHAIN_BYTES);
    struct buf json;
    buf_init(&json, 1 << 20);
    assert_int_equal(store->ops->rebuild(store, &json), 0);
    buf_deinit(&json);
    store->ops->close(store);
    story_deinit(&story);
}

static void durable_follows_the_checkpoints(void **state)
{
    struct scratch *s = *state;
    struct story story;
    scratch_clear(s);
    story_init(&story);
    story_random(&story, 22, 6000);
    struct store *store = open_store(s);
    uint64_t durable = 0;
    for (size_t i = 0; i + 100 <= story.seq; i += 100) {
        assert_int_equal(store->ops->apply(store, story.frames + i, 100), 0);
        assert_true(store->ops->durable(store) >= durable && store->ops->durable(store) <= i + 100);
        durable = store->ops->durable(store);
    }
    assert_true(durable > 0);
    store->ops->close(store);
    story_deinit(&story);
}

static void the_file_is_for_its_owner_only(void **state)
{
    struct scratch *s = *state;
    struct stat st;
    scratch_clear(s);
    mode_t before = umask(0);
    struct store *store = open_store(s);
    assert_int_equal(stat(s->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    char wal[160];
    snprintf(wal, sizeof wal, "%s-wal", s->file);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    store->ops->close(store);
    umask(before);
}

static void another_schema_and_foreign_files_are_refused(void **state)
{
    struct scratch *s = *state;
    struct store *store;
    scratch_clear(s);
    store = open_store(s);
    store->ops->close(store);
    for (int version = SCHEMA_VERSION - 1; version <= SCHEMA_VERSION + 1; version += 2) {
        char text[64];
        snprintf(text, sizeof text, "PRAGMA user_version = %d", version);
        change(s, text);
        assert_int_equal(store_sqlite_open(str_c(s->file), &store), -ERR_UNSUPPORTED);
    }
    scratch_clear(s);
    change(s, "CREATE TABLE notes(x)");
    assert_int_equal(store_sqlite_open(str_c(s->file), &store), -ERR_CORRUPT);
    scratch_clear(s);
    scratch_write(s,
                  "this is no database, but it is long enough to be looked at by one ................................");
    assert_int_equal(store_sqlite_open(str_c(s->file), &store), -ERR_CORRUPT);
    assert_int_equal(store_sqlite_open(STR("/nonexistent/dir/store.db"), &store), -ERR_NOT_FOUND);
}

static void rebuild_finds_counters_that_lie(void **state)
{
    static const char *const LIES[] = {
        "UPDATE counters SET settled = settled + 1 WHERE counter LIKE '%daily%'",
        "DELETE FROM counters WHERE settled <> 0",
        "INSERT INTO counters VALUES('made/up', '-', 0, 'usd', 'lifetime', 5, 0)",
    };
    struct scratch *s = *state;
    struct story story;
    struct buf json;
    story_init(&story);
    story_random(&story, 23, 200);
    buf_init(&json, 1 << 20);
    for (size_t i = 0; i < 3; i++) {
        scratch_clear(s);
        struct store *store = open_store(s);
        assert_int_equal(store->ops->apply(store, story.frames, story.seq), 0);
        store->ops->close(store);
        change(s, LIES[i]);
        store = open_store(s);
        buf_reset(&json);
        assert_int_equal(store->ops->rebuild(store, &json), STORE_R_DIFFERS);
        assert_true(buf_str(&json).n > 20);
        store->ops->close(store);
    }
    buf_deinit(&json);
    story_deinit(&story);
}

static void erase(struct scratch *s, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(s->file, &db), SQLITE_OK);
    unpack(db);
    unpacked_run(db, text);
    repack(db, 10);
    sqlite3_close(db);
}

static void erased_values_leave_the_chain_and_the_sums_valid(void **state)
{
    struct scratch *s = *state;
    struct story story;
    struct buf json;
    struct audit_report rep;
    struct store_reader *reader;
    scratch_clear(s);
    story_init(&story);
    story_random(&story, 24, 200);
    buf_init(&json, 1 << 20);
    struct store *store = open_store(s);
    assert_int_equal(store->ops->apply(store, story.frames, story.seq), 0);
    store->ops->close(store);
    erase(s, "DELETE FROM personal WHERE seq % 3 = 0");
    store = open_store(s);
    assert_int_equal(store->ops->reader_new(store, &reader), 0);
    assert_int_equal(audit_verify(store, reader, &rep), 0);
    assert_true(rep.erased > 50);
    assert_int_equal(store->ops->rebuild(store, &json), 0);
    struct query q = {.kind = QUERY_CALLS, .rows_max = 1000};
    buf_reset(&json);
    assert_int_equal(store->ops->ask(reader, &q, &json), 0);
    store->ops->reader_free(reader);
    store->ops->close(store);
    buf_deinit(&json);
    story_deinit(&story);
}

int main(void)
{
    struct scratch scratch;
    scratch_init(&scratch, "sqlite");
    const struct store_factory f = {"store/sqlite", make, &scratch};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(what_was_applied_is_there_after_reopening, &scratch),
        cmocka_unit_test_prestate(durable_follows_the_checkpoints, &scratch),
        cmocka_unit_test_prestate(the_file_is_for_its_owner_only, &scratch),
        cmocka_unit_test_prestate(another_schema_and_foreign_files_are_refused, &scratch),
        cmocka_unit_test_prestate(rebuild_finds_counters_that_lie, &scratch),
        cmocka_unit_test_prestate(erased_values_leave_the_chain_and_the_sums_valid, &scratch),
    };
    int n = conformance_run(&f);
    n += cmocka_run_group_tests_name("store/sqlite file", tests, NULL, NULL);
    scratch_deinit(&scratch);
    return n;
}
