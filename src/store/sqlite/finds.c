/*
 * store/sqlite/finds.c - writes and reads the rows of `finds`.
 */
#include "store/sqlite/finds.h"

#include "base/check.h"
#include "base/err.h"
#include "base/siphash.h"
#include "store/sqlite/sqlite_impl.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define PLACE_BITS 9
#define NO_BLOCK (-1)
#define ROW_BYTES_MAX ((size_t)64 << 20) /* more than frames of a block can name */

_Static_assert(PLACE_SEQS == 1 << PLACE_BITS, "an entry has room for each place of its block");

int finds_key_read(sqlite3 *db, struct finds_key *ret)
{
    sqlite3_stmt *st;
    int r = sql_prepare(db, STR("SELECT find_key FROM meta"), &st);
    if (r < 0)
        return r;
    int rc = sqlite3_step(st);
    struct str key = rc == SQLITE_ROW ? sql_blob(st, 0) : STR_NONE;
    if (key.n == FIND_KEY_BYTES) {
        memcpy(ret->seed, key.p, key.n);
        for (int i = 0; i < 2; i++)
            ret->seed[i] = le64toh(ret->seed[i]);
    } else {
        r = rc == SQLITE_ROW || rc == SQLITE_DONE ? err_trace(-ERR_CORRUPT) : sql_error(rc);
    }
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

uint32_t finds_mark(const struct finds_key *k, struct str id)
{
    return (uint32_t)(siphash(k->seed, id) >> 32) & ~((1u << PLACE_BITS) - 1);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

int finds_init(struct finds *f, struct sqlite *s)
{
    *f = (struct finds){.s = s, .block = NO_BLOCK};
    buf_init(&f->entries, ROW_BYTES_MAX);
    return finds_key_read(s->db, &f->key);
}

void finds_deinit(struct finds *f) { buf_deinit(&f->entries); }

void finds_reset(struct finds *f)
{
    f->block = NO_BLOCK;
    buf_reset(&f->entries);
}

/* What earlier batches put into the row of that block. */
static int begin(struct finds *f, int64_t block)
{
    int r = finds_write(f);
    if (r < 0)
        return r;
    sqlite3_stmt *st = sqlite_stmt(f->s, STMT_FIND_GET);
    sql_bind_int(st, 1, block);
    r = sqlite_row(f->s, st);
    if (r == 0) {
        r = buf_add(&f->entries, sql_blob(st, 0));
        (void)sqlite3_reset(st);
    }
    f->block = block;
    return r < 0 ? r : 0;
}

int finds_add(struct finds *f, uint64_t seq, struct str id)
{
    int64_t block = (int64_t)(seq / PLACE_SEQS);
    check(block >= f->block);
    int r = block == f->block ? 0 : begin(f, block);
    if (r < 0)
        return r;
    uint32_t entry = htole32(finds_mark(&f->key, id) | (uint32_t)(seq % PLACE_SEQS));
    return buf_add(&f->entries, (struct str){(const char *)&entry, sizeof entry});
}

int finds_write(struct finds *f)
{
    int r = buf_ok(&f->entries);
    if (r == 0 && f->block != NO_BLOCK) {
        sqlite3_stmt *st = sqlite_stmt(f->s, STMT_FIND_PUT);
        sql_bind_int(st, 1, f->block);
        sql_bind_blob(st, 2, f->entries.p, f->entries.n);
        r = sqlite_run(f->s, st);
    }
    finds_reset(f);
    return r;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static uint32_t entry_at(struct str entries, size_t i)
{
    uint32_t entry;
    memcpy(&entry, entries.p + 4 * i, sizeof entry);
    return le32toh(entry);
}

uint64_t finds_entry(struct str entries, size_t i, int64_t block, uint32_t *ret_mark)
{
    uint32_t entry = entry_at(entries, i), place = entry & (PLACE_SEQS - 1);
    *ret_mark = entry - place;
    return (uint64_t)block * PLACE_SEQS + place;
}

/* Most rows have none: without a way out, this is a few instructions for eight entries. */
bool finds_has(struct str entries, uint32_t mark)
{
    uint32_t n_hits = 0;
    for (size_t i = 0; i < finds_count(entries); i++)
        n_hits += (entry_at(entries, i) ^ mark) < PLACE_SEQS;
    return n_hits > 0;
}

bool finds_next(struct str entries, int64_t block, uint32_t mark, size_t *i, uint64_t *ret_seq)
{
    while (*i > 0) {
        uint32_t entry = entry_at(entries, --*i);
        if ((entry ^ mark) >= PLACE_SEQS)
            continue;
        *ret_seq = (uint64_t)block * PLACE_SEQS + entry % PLACE_SEQS;
        return true;
    }
    return false;
}

/* --- erasing ------------------------------------------------------------------------------------------------------ */

int finds_put(struct buf *entries, const struct finds_key *k, uint64_t seq, struct str id)
{
    uint32_t entry = htole32(finds_mark(k, id) | (uint32_t)(seq % PLACE_SEQS));
    return buf_add(entries, (struct str){(const char *)&entry, sizeof entry});
}

void finds_drop(struct buf *entries, uint64_t seq)
{
    size_t n = 0;
    for (size_t i = 0; i < finds_count(buf_str(entries)); i++) {
        if ((entry_at(buf_str(entries), i) & (PLACE_SEQS - 1)) == seq % PLACE_SEQS)
            continue;
        memmove(entries->p + 4 * n++, entries->p + 4 * i, 4);
    }
    entries->n = 4 * n;
}

static int by_place(const void *x, const void *y)
{
    uint32_t a, b;
    memcpy(&a, x, sizeof a);
    memcpy(&b, y, sizeof b);
    a = le32toh(a) & (PLACE_SEQS - 1);
    b = le32toh(b) & (PLACE_SEQS - 1);
    return (a > b) - (a < b);
}

void finds_sort(struct buf *entries)
{
    if (entries->n)
        qsort(entries->p, finds_count(buf_str(entries)), 4, by_place);
}
