/*
 * store/sqlite/by_seq.c - seqs of one batch follow each other, so that nearly all are found without a hash.
 */
#include "store/sqlite/by_seq.h"

#include "base/check.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define OLDER_MAX ((size_t)1 << 20)
#define CAP_MIN 1024
#define CAP_MAX ((size_t)1 << 17)

void by_seq_init(struct by_seq *b)
{
    *b = (struct by_seq){0};
    map_init(&b->older, OLDER_MAX, NULL);
}

void by_seq_deinit(struct by_seq *b)
{
    free(b->at);
    map_deinit(&b->older);
}

void by_seq_clear(struct by_seq *b)
{
    if (b->cap)
        memset(b->at, 0, b->cap * sizeof *b->at);
    b->first = 0;
    if (b->older.n == 0)
        return;
    map_deinit(&b->older);
    map_init(&b->older, OLDER_MAX, NULL);
}

void by_seq_begin(struct by_seq *b, uint64_t seq)
{
    if (b->first == 0)
        b->first = seq;
}

static struct str key_of(const uint64_t *seq) { return (struct str){(const char *)seq, sizeof *seq}; }

/* Its place is in the array, though that may not have grown so far yet. */
static bool is_in_array(const struct by_seq *b, uint64_t seq)
{
    return b->first && seq >= b->first && seq - b->first < CAP_MAX;
}

void *by_seq_get(const struct by_seq *b, uint64_t seq)
{
    if (is_in_array(b, seq))
        return seq - b->first < b->cap ? b->at[seq - b->first] : NULL;
    return b->older.n == 0 ? NULL : map_get(&b->older, key_of(&seq));
}

/* So that seq has a place. */
static int grow(struct by_seq *b, uint64_t seq)
{
    size_t cap = b->cap ? b->cap : CAP_MIN;
    while (seq - b->first >= cap)
        cap *= 2;
    void **at = realloc(b->at, cap * sizeof *at);
    if (!at)
        return err_trace(-ERR_NOMEM);
    memset(at + b->cap, 0, (cap - b->cap) * sizeof *at);
    b->at = at;
    b->cap = cap;
    return 0;
}

int by_seq_put(struct by_seq *b, uint64_t seq, void *what)
{
    check(seq > 0 && what);
    if (!is_in_array(b, seq))
        return map_put(&b->older, key_of(&seq), what, NULL);
    int r = seq - b->first < b->cap ? 0 : grow(b, seq);
    if (r == 0)
        b->at[seq - b->first] = what;
    return r;
}
