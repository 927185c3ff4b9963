/*
 * store/tally.c - a map from (counter, bucket, window start) to sums. A row and its texts are one allocation.
 */
#include "store/tally.h"

#include "base/check.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

/* Rows follow from what the ledger let through, which has its own maximum (buckets_max); windows come on top. */
#define TALLY_ROWS_MAX ((size_t)1 << 32)

void tally_init(struct tally *t)
{
    *t = (struct tally){0};
    map_init(&t->rows, TALLY_ROWS_MAX, NULL);
}

void tally_clear(struct tally *t)
{
    size_t i = 0;
    for (struct tally_row *row; (row = tally_next(t, &i));)
        free(row);
    map_deinit(&t->rows);
    tally_init(t);
}

void tally_deinit(struct tally *t)
{
    tally_clear(t);
    map_deinit(&t->rows);
}

/* counter 0x00 bucket 0x00 window start; at most n bytes of `out` are written. False: it needs more. */
static bool key_write(struct str counter, struct str bucket, wall_t window_start, char *out, size_t n, struct str *ret)
{
    size_t need = counter.n + bucket.n + 2 + sizeof window_start;
    if (need > n)
        return false;
    char *p = out;
    if (counter.n)
        memcpy(p, counter.p, counter.n);
    p += counter.n;
    *p++ = 0;
    if (bucket.n)
        memcpy(p, bucket.p, bucket.n);
    p += bucket.n;
    *p++ = 0;
    memcpy(p, &window_start, sizeof window_start);
    *ret = (struct str){out, need};
    return true;
}

#define KEY_BYTES 512

/* The key stands in `small` when it fits, else in *ret_heap, which the caller frees. */
static struct str key_of(struct str counter, struct str bucket, wall_t window_start, char small[KEY_BYTES],
                         char **ret_heap)
{
    struct str key;
    *ret_heap = NULL;
    if (key_write(counter, bucket, window_start, small, KEY_BYTES, &key))
        return key;
    size_t n = counter.n + bucket.n + 2 + sizeof window_start;
    *ret_heap = malloc(n);
    check(*ret_heap != NULL);
    check(key_write(counter, bucket, window_start, *ret_heap, n, &key));
    return key;
}

struct tally_row *tally_find(const struct tally *t, struct str counter, struct str bucket, wall_t window_start)
{
    char small[KEY_BYTES], *heap;
    struct tally_row *row = map_get(&t->rows, key_of(counter, bucket, window_start, small, &heap));
    free(heap);
    return row;
}

static bool is_of(const struct tally_row *row, const struct hold_row *h)
{
    return row->window_start == h->window_start && str_eq(row->counter, h->counter) && str_eq(row->bucket, h->bucket);
}

struct tally_row *tally_at(struct tally *t, const struct hold_row *h)
{
    struct tally_row **recent = &t->recent[h->i % TALLY_RECENT];
    if (*recent && is_of(*recent, h))
        return *recent;
    char small[KEY_BYTES], *heap;
    struct str key = key_of(h->counter, h->bucket, h->window_start, small, &heap);
    struct tally_row *row = map_get(&t->rows, key);
    if (!row && (row = calloc(1, sizeof *row + h->counter.n + h->bucket.n + h->meter.n + h->window.n))) {
        char *p = (char *)(row + 1);
        row->counter = str_put(&p, h->counter);
        row->bucket = str_put(&p, h->bucket);
        row->meter = str_put(&p, h->meter);
        row->window = str_put(&p, h->window);
        row->window_start = h->window_start;
        if (map_put(&t->rows, key, row, NULL) < 0) {
            free(row);
            row = NULL;
        }
    }
    free(heap);
    return *recent = row;
}

int tally_add(struct tally_row *row, int64_t settled, int64_t held)
{
    int64_t s, h;
    if (__builtin_add_overflow(row->settled, settled, &s) || __builtin_add_overflow(row->held, held, &h))
        return err_trace(-ERR_OVERFLOW);
    row->settled = s;
    row->held = h;
    return 0;
}

struct tally_row *tally_next(const struct tally *t, size_t *i)
{
    struct str key;
    void *row;
    return map_next(&t->rows, i, &key, &row) ? row : NULL;
}

static int by_place(const void *a, const void *b)
{
    const struct tally_row *x = *(struct tally_row *const *)a, *y = *(struct tally_row *const *)b;
    int r = str_cmp(x->counter, y->counter);
    if (r == 0)
        r = str_cmp(x->bucket, y->bucket);
    return r ? r : (x->window_start > y->window_start) - (x->window_start < y->window_start);
}

struct tally_row **tally_sorted(const struct tally *t, size_t *ret_n)
{
    size_t n = 0, i = 0;
    *ret_n = t->rows.n;
    if (t->rows.n == 0)
        return NULL;
    struct tally_row **rows = calloc(t->rows.n, sizeof *rows);
    check(rows != NULL);
    for (struct tally_row *row; (row = tally_next(t, &i));)
        rows[n++] = row;
    check(n == *ret_n);
    qsort(rows, n, sizeof *rows, by_place);
    return rows;
}
