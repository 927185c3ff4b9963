/*
 * store/sqlite/blocks.c - finds a call in its block. Neighbours are mostly asked for one after the other, so the last
 * block is kept at hand.
 */
#include "store/sqlite/blocks.h"

#include "base/err.h"
#include "store/sqlite/call_rows.h"
#include "store/sqlite/sqlite_impl.h"

#include <stdlib.h>

#define NO_BLOCK (-1)

int blocks_init(sqlite3 *db, struct blocks *ret)
{
    *ret = (struct blocks){.block = NO_BLOCK};
    buf_init(&ret->bytes, CALL_ROWS_BYTES_MAX);
    return sql_prepare(db, STR("SELECT rows FROM call_blocks WHERE block = ?1"), &ret->get);
}

void blocks_deinit(struct blocks *b)
{
    (void)sqlite3_finalize(b->get); /* says again what step said */
    buf_deinit(&b->bytes);
    free(b->rows);
}

void blocks_rest(struct blocks *b)
{
    b->block = NO_BLOCK;
    b->n = 0;
}

static int add_row(struct blocks *b, const struct call_row *row)
{
    if (b->n == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : 64;
        struct call_row *rows = realloc(b->rows, cap * sizeof *rows);
        if (!rows)
            return err_trace(-ERR_NOMEM);
        b->rows = rows;
        b->cap = cap;
    }
    b->rows[b->n++] = *row;
    return 0;
}

static int unpack(struct blocks *b, int64_t block)
{
    struct call_rows_iter it;
    struct call_row row;
    int r;
    call_rows_read(&it, (uint64_t)block * PLACE_SEQS, buf_str(&b->bytes));
    while ((r = call_rows_next(&it, &row)) == 0 && (r = add_row(b, &row)) == 0)
        ;
    return r == CALL_ROWS_R_END ? 0 : r;
}

static int go_to(struct blocks *b, int64_t block)
{
    blocks_rest(b);
    buf_reset(&b->bytes);
    sql_bind_int(b->get, 1, block);
    int rc = sqlite3_step(b->get);
    int r = rc == SQLITE_ROW ? buf_add(&b->bytes, sql_blob(b->get, 0)) : rc == SQLITE_DONE ? 0 : sql_error(rc);
    (void)sqlite3_reset(b->get); /* says again what step said */
    if (r == 0)
        r = unpack(b, block);
    if (r == 0)
        b->block = block;
    return err_trace(r);
}

static int by_open_seq(const void *key, const void *element)
{
    uint64_t seq = *(const uint64_t *)key, of = ((const struct call_row *)element)->open_seq;
    return (seq > of) - (seq < of);
}

int blocks_call(struct blocks *b, uint64_t open_seq, const struct call_row **ret)
{
    int64_t block = (int64_t)(open_seq / PLACE_SEQS);
    int r = block == b->block ? 0 : go_to(b, block);
    if (r < 0)
        return r;
    *ret = b->n ? bsearch(&open_seq, b->rows, b->n, sizeof *b->rows, by_open_seq) : NULL;
    return *ret ? 0 : err_trace(-ERR_CORRUPT);
}
