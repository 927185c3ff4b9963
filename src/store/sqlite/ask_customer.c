/*
 * store/sqlite/ask_customer.c - finds the frames that name a customer or anything of it, through `finds`: one walk over
 * its rows, however many ids these are.
 */
#include "store/customer.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "store/sqlite/finds.h"
#include "store/sqlite/sqlite_impl.h"

#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)
#define OF_RUN                                                                                                         \
    "SELECT open_seq, close_seq, last_seq FROM places p CROSS JOIN calls c ON c.open_seq BETWEEN p.block * " TEXT(     \
        PLACE_SEQS) " AND p.block * " TEXT(PLACE_SEQS) " + " TEXT(PLACE_SEQS) " - 1"                                   \
                                                                              " WHERE p.term = 'run=' || ?1 AND "      \
                                                                              "c.run_id = ?1 AND c.agent = ?2 AND "    \
                                                                              "c.tenant = ?3"

struct asking_customer {
    struct store_reader *r;
    struct json_writer *w;
    struct customer c;
    sqlite3_stmt *owner;
    uint32_t *marks; /* sorted */
    size_t n_marks;
};

/* --- what is the customer's --------------------------------------------------------------------------------------- */

static int objects_of(struct asking_customer *a, const char *sql)
{
    sqlite3_stmt *st;
    int rc = SQLITE_DONE, r = sql_prepare(a->r->db, str_c(sql), &st);
    if (r < 0)
        return r;
    sql_bind_str(st, 1, a->c.id);
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
        r = customer_object(&a->c, sql_str(st, 0));
    if (r == 0 && rc != SQLITE_DONE)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* What is named as the customer's, and what belongs to that and is named as nobody's. */
static int objects(struct asking_customer *a)
{
    int r = objects_of(a, "SELECT id FROM objects WHERE customer = ?1 AND customer <> ''");
    return r < 0 ? r
                 : objects_of(a, "SELECT o.id FROM objects o JOIN objects p ON p.id = o.parent AND p.scope = o.scope"
                                 " WHERE o.customer = '' AND o.parent <> '' AND p.customer = ?1");
}

/* --- which frames ------------------------------------------------------------------------------------------------- */

static int by_value(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

static int marks(struct asking_customer *a)
{
    struct finds_key key;
    struct str id;
    void *v;
    int r = finds_key_read(a->r->db, &key);
    if (r < 0)
        return r;
    a->marks = malloc((a->c.ids.n + 1) * sizeof *a->marks);
    check(a->marks != NULL);
    for (size_t i = 0; map_next(&a->c.ids, &i, &id, &v);)
        a->marks[a->n_marks++] = finds_mark(&key, id);
    qsort(a->marks, a->n_marks, sizeof *a->marks, by_value);
    return 0;
}

static int look_at(struct asking_customer *a, uint64_t seq)
{
    struct frame frame;
    arena_reset(&a->r->arena);
    int r = packs_frame(&a->r->packs, seq, &frame);
    return r < 0 ? err_trace(r == -ERR_NOT_FOUND ? -ERR_CORRUPT : r) : customer_frame(&a->c, &a->r->arena, &frame);
}

/* Entries stand in the order of their frames; a frame with several is looked at once. */
static int look_at_block(struct asking_customer *a, int64_t block, struct str entries)
{
    uint64_t last = 0;
    int r = 0;
    for (size_t i = 0; i < finds_count(entries) && r == 0; i++) {
        uint32_t mark;
        uint64_t seq = finds_entry(entries, i, block, &mark);
        if (seq == last || !bsearch(&mark, a->marks, a->n_marks, sizeof mark, by_value))
            continue;
        last = seq;
        r = look_at(a, seq);
    }
    return r;
}

static int frames(struct asking_customer *a)
{
    sqlite3_stmt *st;
    int rc = SQLITE_DONE, r = sql_prepare(a->r->db, STR("SELECT block, entries FROM finds ORDER BY block"), &st);
    if (r < 0)
        return r;
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
        r = look_at_block(a, sql_i64(st, 0), sql_blob(st, 1));
    if (r == 0 && rc != SQLITE_DONE)
        r = sql_error(rc);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static int put_calls(struct asking_customer *a)
{
    int r = 0;
    for (size_t i = 0; i < a->c.n_calls && r == 0; i++) {
        struct call_texts t;
        arena_reset(&a->r->arena);
        r = sqlite_texts_of_call(a->r, a->c.calls[i], &t);
        if (r == 0)
            r = customer_call(&a->c, &a->r->arena, a->w, &t);
    }
    return r;
}

static bool is_owned(void *ctx, struct str id)
{
    struct asking_customer *a = ctx;
    sql_bind_str(a->owner, 1, id);
    bool is = sqlite3_step(a->owner) == SQLITE_ROW;
    (void)sqlite3_reset(a->owner); /* says again what step said */
    return is;
}

static int count_run(struct asking_customer *a, sqlite3_stmt *st, const struct customer_run *run)
{
    int rc = SQLITE_DONE, r = 0;
    sql_bind_str(st, 1, run->run_id);
    sql_bind_str(st, 2, run->agent);
    sql_bind_str(st, 3, run->tenant);
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct call_texts t;
        arena_reset(&a->r->arena);
        r = sqlite_call_texts(a->r, sql_i64(st, 0), sql_i64(st, 1), sql_i64(st, 2), &t);
        if (r == 0)
            r = customer_other(&a->c, &a->r->arena, &t, is_owned, a);
    }
    (void)sqlite3_reset(st); /* says again what step said */
    return r < 0 || rc == SQLITE_DONE ? r : sql_error(rc);
}

static int count_runs(struct asking_customer *a)
{
    sqlite3_stmt *st;
    int r = sql_prepare(a->r->db, STR(OF_RUN), &st);
    if (r < 0)
        return r;
    for (const struct customer_run *run = a->c.first_run; run && r == 0; run = run->next)
        r = count_run(a, st, run);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

static int collect(struct asking_customer *a)
{
    int r = objects(a);
    if (r == 0)
        r = marks(a);
    if (r == 0)
        r = frames(a);
    if (r < 0)
        return r;
    customer_sort(&a->c);
    r = put_calls(a);
    return r == 0 ? count_runs(a) : r;
}

int sqlite_ask_customer(struct store_reader *reader, const struct query *q, struct json_writer *w)
{
    struct asking_customer a = {.r = reader, .w = w};
    if (q->id.n == 0)
        return 0;
    int r = customer_init(&a.c, q, query_rows(q));
    if (r == 0)
        r = sql_prepare(reader->db, STR("SELECT 1 FROM objects WHERE id = ?1 AND customer <> ''"), &a.owner);
    if (r == 0)
        r = collect(&a);
    customer_render(&a.c, w);
    (void)sqlite3_finalize(a.owner); /* says again what step said */
    customer_deinit(&a.c);
    free(a.marks);
    return r;
}
