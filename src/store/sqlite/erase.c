/*
 * store/sqlite/erase.c - takes personal values out of every table, in one transaction.
 *
 * What is to be erased is first written down (table erasing), so that a process that dies on the way finds it at the
 * next start; the transaction that erases takes the value out of there too. What SQLite leaves in freed pages is zeroed
 * (secure_delete), what stands in the WAL goes with sqlite_erase_scrub().
 *
 * The record is walked twice: to find the calls, then to rewrite their packs' personal parts. That takes seconds for a
 * million calls, in the thread that applies: meanwhile the journal keeps what is new.
 */
#include "store/erase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/rand.h"
#include "codec/hex.h"
#include "codec/lz.h"
#include "store/find.h"
#include "store/sqlite/sqlite_impl.h"
#include "store/sqlite/finds.h"

#define ARENA_BYTES_MAX ((size_t)1 << 30)

struct erasing {
    struct sqlite *s;
    const struct erasure *what;
    struct erase_set set;
    struct map calls;   /* open seqs whose values go */
    struct map kept;    /* open seqs that would, but still hold something */
    struct map in_force; /* seqs of events that say how something stands now */
    uint64_t first_event; /* that may go by itself */
    bool is_of_call;      /* of the last event looked at */
    struct arena arena; /* of one frame */
    struct pack pack, changed;
    struct erased *done;
};

/* --- statements -----------------------------------------------------------------------------------------------------
 */

static struct str seq_key(const uint64_t *seq) { return (struct str){(const char *)seq, sizeof *seq}; }

/* Runs one statement with up to two texts; *ret_changes (may be NULL) gets how many rows it changed. */
static int run(struct sqlite *s, const char *sql, struct str first, struct str second, int64_t *ret_changes)
{
    sqlite3_stmt *st;
    int r = sql_prepare(s->db, str_c(sql), &st);
    if (r < 0)
        return r;
    sql_bind_str(st, 1, first);
    if (sqlite3_bind_parameter_count(st) > 1)
        sql_bind_str(st, 2, second);
    r = sqlite_run(s, st);
    (void)sqlite3_finalize(st); /* says again what step said */
    if (r == 0 && ret_changes)
        *ret_changes += sqlite3_changes(s->db);
    return r;
}

/* on_row for each row of a question with one text; the rows may not change while it is asked. */
static int each(struct erasing *e, const char *sql, struct str text, int (*on_row)(struct erasing *e, sqlite3_stmt *st))
{
    sqlite3_stmt *st;
    int rc = SQLITE_DONE, r = sql_prepare(e->s->db, str_c(sql), &st);
    if (r < 0)
        return r;
    if (sqlite3_bind_parameter_count(st) > 0)
        sql_bind_str(st, 1, text);
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
        r = on_row(e, st);
    if (r == 0 && rc != SQLITE_DONE)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* A customer and a user are known by what frames say; runs and times stand in rows. */
static bool is_by_name(const struct erasure *e) { return e->what == ERASE_CUSTOMER || e->what == ERASE_USER; }

/* --- which values, which calls --------------------------------------------------------------------------------------
 */

static int on_value(struct erasing *e, sqlite3_stmt *st) { return erase_set_add(&e->set, sql_str(st, 0)); }

/* A customer's objects are its own. */
static int values(struct erasing *e)
{
    if (!is_by_name(e->what))
        return 0;
    int r = erase_set_add(&e->set, e->what->value);
    if (r == 0 && e->what->what == ERASE_CUSTOMER)
        r = each(e, "SELECT id FROM objects WHERE customer = ?1 AND customer <> ''", e->what->value, on_value);
    if (r == 0 && e->what->what == ERASE_CUSTOMER)
        r = each(e,
                 "SELECT o.id FROM objects o JOIN objects p ON p.id = o.parent AND p.scope = o.scope"
                 " WHERE o.customer = '' AND o.parent <> '' AND p.customer = ?1",
                 e->what->value, on_value);
    return r;
}

static int add_call(struct erasing *e, uint64_t open_seq) { return map_put(&e->calls, seq_key(&open_seq), e, NULL); }

static int on_row_of_call(struct erasing *e, sqlite3_stmt *st) { return add_call(e, (uint64_t)sql_i64(st, 0)); }

/* Of calls that were erased by their age before, nothing is left to do: a mark says up to where. */
static int find_old_calls(struct erasing *e)
{
    char text[U64_DIGITS_MAX + 1];
    wall_t before;
    int r = wall_parse(e->what->value, &before);
    if (r < 0 || before < 0)
        return err_trace(-ERR_INVALID);
    struct str digits = {text, u64_digits((uint64_t)before, text)};
    return each(e,
                "SELECT open_seq FROM calls WHERE started_at < CAST(?1 AS INTEGER) AND open_seq >"
                " coalesce((SELECT seq FROM marks WHERE name = 'erased/before'), 0)",
                digits, on_row_of_call);
}

/* 0: *ret_open is the call of that frame; ERASE_R_NONE: of none. */
#define ERASE_R_NONE 1
static int open_seq_of(struct erasing *e, const struct frame *f, uint64_t *ret_open)
{
    struct call_close close;
    if (f->kind == FRAME_EVENT)
        return ERASE_R_NONE;
    *ret_open = f->seq;
    if (f->kind == FRAME_OPEN)
        return 0;
    arena_reset(&e->arena);
    int r = frame_read_close(&e->arena, f, &close);
    if (r == 0)
        *ret_open = close.open_seq;
    return r;
}

static int on_pack_find(struct erasing *e, sqlite3_stmt *st)
{
    struct pack_iter it;
    struct frame f;
    int r = pack_read(&e->pack, sql_blob(st, 1), sql_blob(st, 2), &it);
    while (r == 0 && (r = pack_next(&it, &f)) == 0) {
        uint64_t open_seq;
        if (f.personal.n == 0 || !erase_set_names(&e->set, f.personal))
            continue;
        if (f.kind == FRAME_EVENT && f.seq < e->first_event)
            e->first_event = f.seq;
        r = open_seq_of(e, &f, &open_seq);
        if (r == 0)
            r = add_call(e, open_seq);
        r = r > 0 ? 0 : r;
    }
    return r == PACK_R_END ? 0 : r;
}

/* What still holds money needs its buckets' names at the next start. */
static int on_live(struct erasing *e, sqlite3_stmt *st)
{
    uint64_t seq = (uint64_t)sql_i64(st, 0);
    if (!map_remove(&e->calls, seq_key(&seq)))
        return 0;
    e->done->kept++;
    return map_put(&e->kept, seq_key(&seq), e, NULL);
}

static int on_state(struct erasing *e, sqlite3_stmt *st)
{
    uint64_t seq = (uint64_t)sql_i64(st, 0);
    return erase_state_keeps(sql_str(st, 1)) ? map_put(&e->in_force, seq_key(&seq), e, NULL) : 0;
}

#define PACKS "SELECT f.seq, f.frames, p.texts FROM packs f JOIN personal p ON p.seq = f.seq ORDER BY f.seq"

static int find_calls(struct erasing *e)
{
    int r = values(e);
    if (r == 0 && e->what->what == ERASE_RUN)
        r = each(e, "SELECT open_seq FROM calls WHERE run_id = ?1", e->what->value, on_row_of_call);
    else if (r == 0 && e->what->what == ERASE_BEFORE)
        r = find_old_calls(e);
    else if (r == 0)
        r = each(e, PACKS, STR_NONE, on_pack_find);
    if (r == 0)
        r = each(e,
                 "SELECT open_seq FROM odd_calls WHERE outcome = ''"
                 " UNION SELECT open_seq FROM holds",
                 STR_NONE, on_live);
    if (r == 0)
        r = each(e, "SELECT seq, kind FROM states WHERE is_over = 0", STR_NONE, on_state);
    e->done->calls = (int64_t)e->calls.n;
    return r;
}

/* --- packs ----------------------------------------------------------------------------------------------------------
 */

/* The entries of a block without those of frames that were erased, and with what these frames still say. */
struct rewrite {
    struct erasing *e;
    struct buf entries;
    struct finds_key key;
    uint64_t seq;
};

static int on_id(void *ctx, const struct find_value *v)
{
    struct rewrite *w = ctx;
    return finds_put(&w->entries, &w->key, w->seq, v->id);
}

static int entries_of_frame(struct rewrite *w, const struct frame *f)
{
    struct call_open open;
    struct call_close close;
    w->seq = f->seq;
    arena_reset(&w->e->arena);
    int r = f->kind == FRAME_OPEN ? frame_read_open(&w->e->arena, f, &open) : frame_read_close(&w->e->arena, f, &close);
    if (r < 0)
        return r;
    return f->kind == FRAME_OPEN ? find_in_open(&open, on_id, w) : find_in_close(&close, on_id, w);
}

static int read_block(struct rewrite *w, int64_t block)
{
    sqlite3_stmt *st = sqlite_stmt(w->e->s, STMT_FIND_GET);
    buf_reset(&w->entries);
    sql_bind_int(st, 1, block);
    int r = sqlite_row(w->e->s, st);
    if (r == SQLITE_R_NONE)
        return 0;
    if (r == 0) {
        r = buf_add(&w->entries, sql_blob(st, 0));
        (void)sqlite3_reset(st); /* says again what step said */
    }
    return r;
}

/* A frame's entries are made anew: of its personal values none is left. */
static int rewrite_entries(struct erasing *e, const struct frame *f)
{
    struct rewrite w = {.e = e};
    int64_t block = (int64_t)(f->seq / PLACE_SEQS);
    buf_init(&w.entries, (size_t)64 << 20);
    int r = finds_key_read(e->s->db, &w.key);
    if (r == 0)
        r = read_block(&w, block);
    if (r == 0) {
        finds_drop(&w.entries, f->seq);
        r = entries_of_frame(&w, f);
    }
    if (r == 0) {
        sqlite3_stmt *st = sqlite_stmt(e->s, STMT_FIND_PUT);
        finds_sort(&w.entries);
        sql_bind_int(st, 1, block);
        sql_bind_blob(st, 2, w.entries.p, w.entries.n);
        r = sqlite_run(e->s, st);
    }
    buf_deinit(&w.entries);
    return r;
}

/* What is said of a call that goes. */
static int is_of_call_to_go(struct erasing *e, const struct frame *f)
{
    struct str id = erase_event_call(&e->arena, f);
    int64_t seq;
    int r = id.n ? sqlite_call_by_id(e->s->db, id, &seq) : SQLITE_R_NONE;
    return r == 0 ? map_get(&e->calls, seq_key(&(uint64_t){(uint64_t)seq})) != NULL : r == SQLITE_R_NONE ? 0 : r;
}

static int is_event_to_go(struct erasing *e, const struct frame *f)
{
    int r = is_of_call_to_go(e, f);
    if (r)
        return r;
    if (!erase_event_goes(&e->arena, e->what, &e->set, f))
        return 0;
    bool stays = map_get(&e->in_force, seq_key(&f->seq)) != NULL;
    e->done->in_force += stays;
    return !stays;
}

/* 1: the frame's personal values go. */
static int is_to_go(struct erasing *e, const struct frame *f)
{
    uint64_t open_seq;
    if (f->personal.n == 0)
        return 0;
    if (f->kind == FRAME_EVENT)
        return is_event_to_go(e, f);
    int r = open_seq_of(e, f, &open_seq);
    return r < 0 ? r : r == 0 && map_get(&e->calls, seq_key(&open_seq)) ? 1 : 0;
}

static int copy_pack(struct erasing *e, struct pack_iter *it, bool *ret_changed)
{
    struct frame f;
    int r;
    pack_reset(&e->changed);
    while ((r = pack_next(it, &f)) == 0) {
        int goes = is_to_go(e, &f);
        if (goes < 0)
            return goes;
        if (goes) {
            *ret_changed = true;
            e->done->frames++;
            f.personal = STR_NONE;
        }
        r = pack_add(&e->changed, &f);
        if (r == 0 && goes && f.kind != FRAME_EVENT && !e->what->is_dry_run) /* events are found by no id */
            r = rewrite_entries(e, &f);
        if (r < 0)
            return r;
    }
    return r == PACK_R_END ? 0 : r;
}

static int write_personal(struct erasing *e, int64_t seq)
{
    struct buf texts;
    sqlite3_stmt *st;
    buf_init(&texts, PACK_BYTES_MAX);
    int r = lz_pack(buf_str(&e->changed.personal), &texts);
    if (r == 0)
        r = sql_prepare(e->s->db, STR("UPDATE personal SET texts = ?2 WHERE seq = ?1"), &st);
    if (r == 0) {
        sql_bind_int(st, 1, seq);
        sql_bind_blob(st, 2, texts.p, texts.n);
        r = sqlite_run(e->s, st);
        (void)sqlite3_finalize(st); /* says again what step said */
    }
    buf_deinit(&texts);
    return r;
}

/* The next pack behind `after`, changed where it has to be; *ret_seq 0: there is none. */
static int erase_pack(struct erasing *e, sqlite3_stmt *st, int64_t after, int64_t *ret_seq)
{
    struct pack_iter it;
    bool is_changed = false;
    sql_bind_int(st, 1, after);
    int rc = sqlite3_step(st);
    int r = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : sql_error(rc);
    *ret_seq = rc == SQLITE_ROW ? sql_i64(st, 0) : 0;
    if (rc == SQLITE_ROW)
        r = pack_read(&e->pack, sql_blob(st, 1), sql_blob(st, 2), &it);
    (void)sqlite3_reset(st); /* says again what step said */
    if (r == 0 && *ret_seq)
        r = copy_pack(e, &it, &is_changed);
    return r == 0 && is_changed && !e->what->is_dry_run ? write_personal(e, *ret_seq) : r;
}

/* By its run or its age only a question to persons goes. */
static int find_first_question(struct erasing *e)
{
    sqlite3_stmt *st;
    int r = sql_prepare(e->s->db, STR("SELECT coalesce(min(seq), 0) FROM events WHERE event = 'approval.ask'"), &st);
    if (r < 0)
        return r;
    r = sqlite_row(e->s, st);
    if (r == 0)
        e->first_event = sql_i64(st, 0) ? (uint64_t)sql_i64(st, 0) : UINT64_MAX;
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* Nothing of a call stands in front of its OPEN frame. */
static int first_pack(struct erasing *e, int64_t *ret_after)
{
    uint64_t first = e->first_event, seq;
    struct str key;
    void *v;
    sqlite3_stmt *st;
    for (size_t i = 0; map_next(&e->calls, &i, &key, &v);) {
        memcpy(&seq, key.p, sizeof seq);
        first = seq < first ? seq : first;
    }
    int r = sql_prepare(e->s->db, STR("SELECT coalesce(max(seq), 1) - 1 FROM packs WHERE seq <= ?1"), &st);
    if (r < 0)
        return r;
    sql_bind_int(st, 1, (int64_t)first);
    r = sqlite_row(e->s, st);
    if (r == 0)
        *ret_after = sql_i64(st, 0);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

static int erase_packs(struct erasing *e)
{
    sqlite3_stmt *st;
    int64_t seq = 0;
    int r = is_by_name(e->what) ? 0 : find_first_question(e);
    if (r < 0 || (e->calls.n == 0 && e->first_event == UINT64_MAX))
        return r;
    r = first_pack(e, &seq);
    if (r == 0)
        r = sql_prepare(e->s->db,
                        STR("SELECT f.seq, f.frames, p.texts FROM packs f JOIN personal p ON p.seq = f.seq"
                            " WHERE f.seq > ?1 ORDER BY f.seq LIMIT 1"),
                        &st);
    if (r < 0)
        return r;
    do
        r = erase_pack(e, st, seq, &seq);
    while (r == 0 && seq);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* --- what follows from them -----------------------------------------------------------------------------------------
 */

static int drop_object(struct erasing *e, const char *sql, struct str id)
{
    return run(e->s, sql, id, STR_NONE, &e->done->objects);
}

/* Those that no newer call has told us of. */
static int drop_old_objects(struct erasing *e)
{
    return drop_object(e,
                       "DELETE FROM objects WHERE call_id IN (SELECT call_id FROM calls WHERE started_at <"
                       " CAST(strftime('%s', ?1) AS INTEGER) * 1000000000)",
                       e->what->value);
}

static int erase_objects(struct erasing *e)
{
    struct str id;
    void *v;
    int r = 0;
    if (e->what->what == ERASE_RUN)
        return drop_object(e, "DELETE FROM objects WHERE run_id = ?1", e->what->value);
    if (e->what->what == ERASE_BEFORE)
        return drop_old_objects(e);
    for (size_t i = 0; r == 0 && map_next(&e->set.words, &i, &id, &v);)
        r = drop_object(e, "DELETE FROM objects WHERE id = ?1", id);
    return r == 0 ? drop_object(e, "DELETE FROM objects WHERE customer = ?1", e->what->value) : r;
}

/* A counter that nothing is held on counts on under a name that says nothing. */
static int rename_counters(struct erasing *e)
{
    char name[40] = "erased-";
    uint8_t random[8];
    struct rng r;
    if (!is_by_name(e->what))
        return 0;
    rng_system_init(&r);
    rng_fill(&r, random, sizeof random);
    (void)hex_encode(random, sizeof random, name + 7);
    name[7 + 2 * sizeof random] = '\0';
    return run(e->s, "UPDATE counters SET bucket = replace(bucket, ?1, ?2) WHERE held = 0 AND instr(bucket, ?1) > 0",
               e->what->value, str_c(name), &e->done->counters);
}

/* Whether an owner is disabled is kept under the owner's name. */
static int drop_states(struct erasing *e)
{
    if (!is_by_name(e->what))
        return 0;
    return run(e->s, "DELETE FROM states WHERE kind = 'owner' AND id = ?1 AND is_over = 1", e->what->value, STR_NONE,
               NULL);
}

static int on_count(struct erasing *e, sqlite3_stmt *st)
{
    e->done->objects = sql_i64(st, 0);
    return 0;
}

static int count_objects(struct erasing *e)
{
    const char *sql = e->what->what == ERASE_RUN ? "SELECT count(*) FROM objects WHERE run_id = ?1"
                                                 : "SELECT count(*) FROM objects WHERE customer = ?1";
    if (e->what->what == ERASE_BEFORE)
        return 0; /* an estimate is not worth a walk */
    return each(e, sql, e->what->value, on_count);
}

/* --- the transaction ------------------------------------------------------------------------------------------------
 */

static int write_down(struct sqlite *s, const struct erasure *e)
{
    return run(s, "INSERT OR REPLACE INTO erasing VALUES(1, ?1, ?2, '')", erase_what_text(e->what), e->value, NULL);
}

static int note_done(struct sqlite *s, const struct erased *d)
{
    char text[200];
    int n = snprintf(text, sizeof text, "%lld %lld %lld %lld %lld %lld %lld", (long long)d->calls,
                     (long long)d->frames, (long long)d->objects, (long long)d->counters, (long long)d->kept,
                     (long long)d->bodies, (long long)d->in_force);
    return run(s, "UPDATE erasing SET value = '', done = ?1", (struct str){text, (size_t)n}, STR_NONE, NULL);
}

/* Up to the oldest call that kept its values: it is looked at again. */
static int move_mark(struct erasing *e)
{
    uint64_t last = 0, kept = UINT64_MAX, seq;
    struct str key;
    void *v;
    for (size_t i = 0; map_next(&e->calls, &i, &key, &v);) {
        memcpy(&seq, key.p, sizeof seq);
        last = seq > last ? seq : last;
    }
    for (size_t i = 0; map_next(&e->kept, &i, &key, &v);) {
        memcpy(&seq, key.p, sizeof seq);
        kept = seq < kept ? seq : kept;
    }
    last = kept <= last ? kept - 1 : last;
    if (last == 0)
        return 0;
    sqlite3_stmt *st = sqlite_stmt(e->s, STMT_MARK_PUT);
    sql_bind_str(st, 1, STR("erased/before"));
    sql_bind_int(st, 2, (int64_t)last);
    return sqlite_run(e->s, st);
}

static int erase_all(struct erasing *e)
{
    int r = find_calls(e);
    if (r == 0)
        r = erase_packs(e);
    if (r == 0)
        r = sqlite_erase_bodies(e->s, e->what, &e->set, (const struct map *const[]){&e->calls, &e->kept},
                                &e->done->bodies);
    if (r == 0 && e->what->is_dry_run)
        return count_objects(e);
    if (r == 0)
        r = erase_objects(e);
    if (r == 0)
        r = rename_counters(e);
    if (r == 0)
        r = drop_states(e);
    if (r == 0 && e->what->what == ERASE_BEFORE)
        r = move_mark(e);
    return r == 0 ? note_done(e->s, e->done) : r;
}

static int transaction(struct erasing *e)
{
    struct sqlite *s = e->s;
    int r = sqlite_run(s, sqlite_stmt(s, STMT_BEGIN));
    if (r < 0)
        return r;
    r = erase_all(e);
    if (r == 0 && !e->what->is_dry_run)
        r = sqlite_run(s, sqlite_stmt(s, STMT_COMMIT));
    if (sqlite3_get_autocommit(s->db) == 0)
        (void)sqlite_run(s, sqlite_stmt(s, STMT_ROLLBACK)); /* if that fails too, the next BEGIN does */
    packs_rest(&s->packs);
    return r;
}

int sqlite_erase(struct store *store, const struct erasure *what, struct erased *ret)
{
    struct sqlite *s = (struct sqlite *)store;
    struct erased done = {0};
    struct erasing e = {.s = s, .what = what, .done = &done, .first_event = UINT64_MAX};
    if (s->has_failed)
        return err_trace(-ERR_IO);
    int r = what->is_dry_run ? 0 : write_down(s, what);
    if (r < 0)
        return r;
    erase_set_init(&e.set);
    map_init(&e.calls, ERASE_VALUES_MAX, NULL);
    map_init(&e.kept, ERASE_VALUES_MAX, NULL);
    map_init(&e.in_force, ERASE_VALUES_MAX, NULL);
    arena_init(&e.arena, ARENA_BYTES_MAX);
    pack_init(&e.pack);
    pack_init(&e.changed);
    r = transaction(&e);
    pack_deinit(&e.pack);
    pack_deinit(&e.changed);
    arena_deinit(&e.arena);
    map_deinit(&e.calls);
    map_deinit(&e.kept);
    map_deinit(&e.in_force);
    erase_set_deinit(&e.set);
    if (r == 0)
        *ret = done;
    return r;
}

/* --- before and after -----------------------------------------------------------------------------------------------
 */

int sqlite_erase_pending(struct store *store, struct arena *a, struct erasure *ret, struct erased *ret_done)
{
    struct sqlite *s = (struct sqlite *)store;
    sqlite3_stmt *st;
    int r = sql_prepare(s->db, STR("SELECT what, value, done FROM erasing"), &st);
    if (r < 0)
        return r;
    r = sqlite_row(s, st);
    if (r == 0) {
        struct str done = sql_str(st, 2);
        long long n[7] = {0};
        *ret = (struct erasure){.value = arena_str(a, sql_str(st, 1))};
        r = erase_what_parse(sql_str(st, 0), &ret->what);
        if (done.n && sscanf(arena_str(a, done).p, "%lld %lld %lld %lld %lld %lld %lld", &n[0], &n[1], &n[2], &n[3],
                             &n[4], &n[5], &n[6]) != 7)
            r = err_trace(-ERR_CORRUPT);
        *ret_done = (struct erased){n[0], n[1], n[2], n[3], n[4], n[5], n[6]};
        r = r < 0 ? r : done.n ? STORE_R_ERASED : STORE_R_TO_ERASE;
    } else if (r == SQLITE_R_NONE) {
        r = 0;
    }
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

int sqlite_erase_scrub(struct store *store)
{
    struct sqlite *s = (struct sqlite *)store;
    return s->has_failed ? err_trace(-ERR_IO) : sqlite_truncate_wal(s);
}

int sqlite_erase_end(struct store *store)
{
    struct sqlite *s = (struct sqlite *)store;
    return s->has_failed ? err_trace(-ERR_IO) : run(s, "DELETE FROM erasing WHERE id <> ?1", STR_NONE, STR_NONE, NULL);
}
