/*
 * store/sqlite/schema.sql.h - the tables, version SCHEMA_VERSION. A changed schema gets the next number; once there is
 * a release, also a step in schema.c that leads there from the last one.
 *
 *   (1) packs has what the chain covers, byte for byte; no personal value is in it. All else follows from packs and
 *       personal, but for values that were erased.
 *   (2) absent texts are '' and times 0.
 *   (3) kept bodies follow from nothing else, and nothing follows from them.
 *   (4) times are nanoseconds since 1970, money is nano-USD.
 */
#pragma once

#define SCHEMA_VERSION 12
#define SCHEMA_APPLICATION_ID 0x46424c4c /* "FBLL" */

static const char SCHEMA_SQL[] =
    "CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL, chain BLOB NOT NULL,"
    " epoch INTEGER NOT NULL, find_key BLOB NOT NULL) STRICT;"

    /* All frames, in the packs in which they came (pack.h): seq and last are those of the first and last frame. */
    "CREATE TABLE packs(seq INTEGER PRIMARY KEY, last INTEGER NOT NULL, at INTEGER NOT NULL, frames BLOB NOT NULL)"
    " STRICT;"
    "CREATE INDEX packs_at ON packs(at);"
    "CREATE TABLE personal(seq INTEGER PRIMARY KEY, texts BLOB NOT NULL) STRICT;"

    /* What lists know of calls, a row for each block of PLACE_SEQS seqs that has some (call_rows.h): `calls`
     * (calls_table.h) is what SQL sees of it. Those that are open, unknown or released: few, and looked for often. */
    "CREATE TABLE call_blocks(block INTEGER PRIMARY KEY, rows BLOB NOT NULL) STRICT;"
    "CREATE TABLE odd_calls(open_seq INTEGER PRIMARY KEY, outcome TEXT NOT NULL) STRICT;"
    /* In which blocks of PLACE_SEQS seqs calls with that value are ("agent=refunds"): one row for many calls. */
    "CREATE TABLE places(term TEXT NOT NULL, block INTEGER NOT NULL, PRIMARY KEY(term, block)) STRICT, WITHOUT ROWID;"

    /* Which frames of a block may name an id (finds.h). */
    "CREATE TABLE finds(block INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;"

    /* What is still held, and nothing else. */
    "CREATE TABLE holds(open_seq INTEGER NOT NULL, i INTEGER NOT NULL, counter TEXT NOT NULL, bucket TEXT NOT NULL,"
    " meter TEXT NOT NULL, window TEXT NOT NULL, window_start INTEGER NOT NULL, n INTEGER NOT NULL,"
    " remaining INTEGER NOT NULL, PRIMARY KEY(open_seq, i)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE counters(counter TEXT NOT NULL, bucket TEXT NOT NULL, window_start INTEGER NOT NULL, meter TEXT NOT "
    "NULL,"
    " window TEXT NOT NULL, settled INTEGER NOT NULL, held INTEGER NOT NULL, PRIMARY KEY(counter, bucket, "
    "window_start))"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX counters_start ON counters(window_start);"
    "CREATE INDEX counters_held ON counters(held) WHERE held <> 0;"

    /* Sums over calls, kept as they change. */
    "CREATE TABLE runs(run_id TEXT NOT NULL, agent TEXT NOT NULL, tenant TEXT NOT NULL, calls INTEGER NOT NULL,"
    " denied INTEGER NOT NULL, unknown INTEGER NOT NULL, settled_nano INTEGER NOT NULL, settled_how INTEGER NOT NULL,"
    " held_nano INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, first_seq INTEGER NOT NULL,"
    " last_seq INTEGER NOT NULL, PRIMARY KEY(run_id, agent, tenant)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX runs_last ON runs(last_seq);"
    /* Runs of trees that other runs began: the first call that said so, and whose tree it is. */
    "CREATE TABLE run_links(open_seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL, tenant TEXT NOT NULL,"
    " root TEXT NOT NULL, UNIQUE(run_id, tenant)) STRICT;"
    "CREATE TABLE spend(day INTEGER NOT NULL, vendor TEXT NOT NULL, model TEXT NOT NULL, class TEXT NOT NULL,"
    " agent TEXT NOT NULL, key TEXT NOT NULL, tenant TEXT NOT NULL, calls INTEGER NOT NULL, denied INTEGER NOT NULL,"
    " unknown INTEGER NOT NULL, settled_nano INTEGER NOT NULL, settled_how INTEGER NOT NULL,"
    " held_nano INTEGER NOT NULL, PRIMARY KEY(day, vendor, model, class, agent, key, tenant)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE objects(id TEXT NOT NULL, scope TEXT NOT NULL, type TEXT NOT NULL, customer TEXT NOT NULL,"
    " parent TEXT NOT NULL, created INTEGER NOT NULL, agent TEXT NOT NULL, key TEXT NOT NULL, run_id TEXT NOT NULL,"
    " call_id TEXT NOT NULL, open_seq INTEGER NOT NULL, PRIMARY KEY(id, scope)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX objects_customer ON objects(customer) WHERE customer <> '';"
    "CREATE TABLE idempotency(scope TEXT NOT NULL, key TEXT NOT NULL, open_seq INTEGER NOT NULL, body TEXT NOT NULL,"
    " at INTEGER NOT NULL, PRIMARY KEY(scope, key)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE events(seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, event TEXT NOT NULL) STRICT;"
    "CREATE INDEX events_event ON events(event);"
    "CREATE TABLE policies(seq INTEGER PRIMARY KEY, name TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL)"
    " STRICT;"
    "CREATE INDEX policies_name ON policies(name);"
    /* Keys, policies and stops as their last event left them: seq is the event that set them. */
    "CREATE TABLE states(kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, is_over INTEGER NOT NULL,"
    " over_at INTEGER NOT NULL, PRIMARY KEY(kind, id)) STRICT, WITHOUT ROWID;"
    /* How far those who follow along have got. */
    "CREATE TABLE marks(name TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

    /* Bodies of calls, what is equal once: content 0: not kept, or empty. The bytes of all stand in bodies_sum. */
    "CREATE TABLE bodies(id INTEGER PRIMARY KEY, call_id TEXT NOT NULL, side INTEGER NOT NULL, at INTEGER NOT NULL,"
    " run_id TEXT NOT NULL, agent TEXT NOT NULL, tenant TEXT NOT NULL, type TEXT NOT NULL, encoding TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, is_cut INTEGER NOT NULL, lack INTEGER NOT NULL, content INTEGER NOT NULL) STRICT;"
    "CREATE INDEX bodies_call ON bodies(call_id);"
    "CREATE INDEX bodies_at ON bodies(at);"
    "CREATE INDEX bodies_run ON bodies(run_id);"
    "CREATE INDEX bodies_content ON bodies(content) WHERE content <> 0;"
    "CREATE TABLE contents(id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, packed BLOB NOT NULL) STRICT;"
    "CREATE TABLE bodies_sum(id INTEGER PRIMARY KEY CHECK(id = 1), bytes INTEGER NOT NULL) STRICT;"
    "CREATE TRIGGER content_added AFTER INSERT ON contents BEGIN"
    " UPDATE bodies_sum SET bytes = bytes + length(new.packed); END;"
    "CREATE TRIGGER content_gone AFTER DELETE ON contents BEGIN"
    " UPDATE bodies_sum SET bytes = bytes - length(old.packed); END;"
    "CREATE TRIGGER body_gone AFTER DELETE ON bodies WHEN old.content <> 0 AND NOT EXISTS"
    " (SELECT 1 FROM bodies WHERE content <> 0 AND content = old.content)"
    " BEGIN DELETE FROM contents WHERE id = old.content; END;"
    "INSERT INTO bodies_sum VALUES(1, 0);"

    /* What is being erased: its value until that is done, then what came of it. */
    "CREATE TABLE erasing(id INTEGER PRIMARY KEY CHECK(id = 1), what TEXT NOT NULL, value TEXT NOT NULL,"
    " done TEXT NOT NULL) STRICT;"

    "INSERT INTO meta VALUES(1, 0, zeroblob(32), 0, randomblob(16));";
