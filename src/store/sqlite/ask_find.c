/*
 * store/sqlite/ask_find.c - what an id belongs to: the names that have a table of their own first, then the calls whose
 * frames name it, newest first, each once.
 */
#include "base/err.h"
#include "base/map.h"
#include "store/render.h"
#include "store/sqlite/finds.h"
#include "store/sqlite/sqlite_impl.h"

#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

/* The newest call that has the value in that column, through the blocks in which such calls are, newest first. */
#define NEWEST(column) \
    "SELECT open_seq FROM (SELECT (SELECT c.open_seq FROM calls c" \
    "  WHERE c.open_seq BETWEEN p.block * " TEXT(PLACE_SEQS) " AND p.block * " TEXT(PLACE_SEQS) \
    "  + " TEXT(PLACE_SEQS) " - 1" \
    "  AND c." column " = ?1 AND (?2 = '' OR c.tenant = ?2) ORDER BY c.open_seq DESC LIMIT 1) AS open_seq" \
    " FROM places p WHERE p.term = '" column "=' || ?1 AND (?2 = ''" \
    "  OR EXISTS (SELECT 1 FROM places o WHERE o.term = 'tenant=' || ?2 AND o.block = p.block))" \
    " ORDER BY p.block DESC) WHERE open_seq IS NOT NULL LIMIT 1"

struct finding {
    struct store_reader *r;
    const struct query *q;
    struct json_writer *w;
    struct map shown;   /* open_seqs of calls that are in the answer */
    int64_t n_left;
};

static int put(struct finding *f, const struct find_row *row)
{
    struct str tenant = row->call ? row->call->tenant : row->tenant;
    if (f->n_left <= 0 || (f->q->tenant.n && !str_eq(f->q->tenant, tenant)))
        return 0;
    f->n_left--;
    render_find(f->w, row);
    return 0;
}

static int put_call(struct finding *f, enum find_kind kind, enum find_how how, uint64_t open_seq)
{
    const struct call_row *call;
    int r = blocks_call(&f->r->blocks, open_seq, &call);
    return r < 0 ? r : put(f, &(struct find_row){.value = {kind, how, f->q->id}, .call = call});
}

/* The same, unless the call is in the answer already. */
static int put_once(struct finding *f, enum find_kind kind, enum find_how how, uint64_t open_seq)
{
    struct str key = {(const char *)&open_seq, sizeof open_seq};
    if (map_get(&f->shown, key))
        return 0;
    int r = map_put(&f->shown, key, f, NULL);
    return r < 0 ? err_trace(r) : put_call(f, kind, how, open_seq);
}

/* Runs SQL that takes an id and the question's tenant; the arena is empty for each row. */
static int each(struct finding *f, const char *sql, struct str id, int (*on_row)(struct finding *f, sqlite3_stmt *st))
{
    sqlite3_stmt *st;
    int rc = SQLITE_DONE, r = sql_prepare(f->r->db, str_c(sql), &st);
    if (r < 0)
        return r;
    sql_bind_str(st, 1, id);
    if (sqlite3_bind_parameter_count(st) > 1)
        sql_bind_str(st, 2, f->q->tenant);
    while (r == 0 && f->n_left > 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        arena_reset(&f->r->arena);
        r = on_row(f, st);
    }
    if (r == 0 && rc != SQLITE_DONE && rc != SQLITE_ROW)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* --- names with a table of their own ------------------------------------------------------------------------------ */

static int on_run(struct finding *f, sqlite3_stmt *st)
{
    return put_call(f, FIND_RUN, FIND_HOW_LATEST, (uint64_t)sql_i64(st, 0));
}

static int on_agent(struct finding *f, sqlite3_stmt *st)
{
    return put_call(f, FIND_AGENT, FIND_HOW_LATEST, (uint64_t)sql_i64(st, 0));
}

static int on_tenant(struct finding *f, sqlite3_stmt *st)
{
    return put_call(f, FIND_TENANT, FIND_HOW_LATEST, (uint64_t)sql_i64(st, 0));
}

static int on_object(struct finding *f, sqlite3_stmt *st)
{
    enum find_how how = sql_i64(st, 1) ? FIND_HOW_CREATED : FIND_HOW_SEEN;
    return put_once(f, FIND_OBJECT, how, (uint64_t)sql_i64(st, 0));
}

/* 0: its newest call is in *ret; SQLITE_R_NONE: nobody used it yet. */
static int newest_of_key(struct finding *f, struct str key, const struct call_row **ret)
{
    sqlite3_stmt *st;
    int r = sql_prepare(f->r->db, STR(NEWEST("key")), &st);
    if (r < 0)
        return r;
    sql_bind_str(st, 1, key);
    sql_bind_str(st, 2, STR_NONE);
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        r = blocks_call(&f->r->blocks, (uint64_t)sql_i64(st, 0), ret);
    else
        r = rc == SQLITE_DONE ? SQLITE_R_NONE : sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* The row is of id and seq: who has the key, its event says. */
static int on_key(struct finding *f, sqlite3_stmt *st)
{
    struct find_row row = {.value = {FIND_KEY, FIND_HOW_LATEST, sql_str(st, 0)}};
    struct frame frame;
    int r = packs_frame(&f->r->packs, (uint64_t)sql_i64(st, 1), &frame);
    if (r == 0)
        r = find_key_row(&f->r->arena, &frame, &row);
    if (r == 0)
        r = newest_of_key(f, row.value.id, &row.call);
    return r < 0 ? r : put(f, &row);
}

static int find_names(struct finding *f)
{
    static const struct {
        const char *sql;
        int (*on_row)(struct finding *f, sqlite3_stmt *st);
    } NAMES[] = {
        {"SELECT last_seq FROM runs WHERE run_id = ?1 AND (?2 = '' OR tenant = ?2) ORDER BY agent, tenant", on_run},
        {"SELECT id, seq FROM states WHERE kind = 'key' AND seq <> 0 AND id >= ?1 AND id <= ?1 || char(1114111)"
         " AND (id = ?1 OR length(?1) >= " TEXT(FIND_PREFIX_MIN) ") ORDER BY id", on_key},
        {NEWEST("agent"), on_agent},
        {NEWEST("tenant"), on_tenant},
        {"SELECT open_seq, created FROM objects WHERE id = ?1 ORDER BY scope", on_object},
    };
    int r = 0;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0] && r == 0; i++)
        r = each(f, NAMES[i].sql, f->q->id, NAMES[i].on_row);
    return r;
}

/* --- calls whose frames name it ----------------------------------------------------------------------------------- */

static int look_at(struct finding *f, uint64_t seq)
{
    struct frame frame;
    struct find_value v;
    uint64_t open_seq;
    arena_reset(&f->r->arena);
    int r = packs_frame(&f->r->packs, seq, &frame);
    if (r == 0)
        r = find_in_frame(&f->r->arena, &frame, f->q->id, &open_seq, &v);
    if (r != 0)
        return r == FIND_R_NONE ? 0 : r == -ERR_NOT_FOUND ? err_trace(-ERR_CORRUPT) : r;
    return put_once(f, v.kind, v.how, open_seq);
}

static int find_frames(struct finding *f)
{
    struct finds_key key;
    sqlite3_stmt *st;
    int rc = SQLITE_DONE, r = finds_key_read(f->r->db, &key);
    if (r == 0)
        r = sql_prepare(f->r->db, STR("SELECT block, entries FROM finds ORDER BY block DESC"), &st);
    if (r < 0)
        return r;
    uint32_t mark = finds_mark(&key, f->q->id);
    while (r == 0 && f->n_left > 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct str entries = sql_blob(st, 1);
        size_t i = finds_has(entries, mark) ? finds_count(entries) : 0;
        uint64_t seq;
        while (r == 0 && f->n_left > 0 && finds_next(entries, sql_i64(st, 0), mark, &i, &seq))
            r = look_at(f, seq);
    }
    if (r == 0 && rc != SQLITE_DONE && rc != SQLITE_ROW)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

int sqlite_find(struct store_reader *reader, const struct query *q, struct json_writer *w)
{
    struct finding f = {.r = reader, .q = q, .w = w, .n_left = query_rows(q)};
    if (q->id.n == 0)
        return 0;
    map_init(&f.shown, FIND_CALLS_MAX, NULL);
    int r = find_names(&f);
    if (r == 0)
        r = find_frames(&f);
    map_deinit(&f.shown);
    return r;
}
