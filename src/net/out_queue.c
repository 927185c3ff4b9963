/*
 * net/out_queue.c - bytes that wait for the kernel, in chunks that all streams of a loop share.
 *
 * Chunks never move and are never shared between queues, so what out_queue_bufs() gave stays valid until it is taken.
 */
#include "net/uv_impl.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

static struct out_chunk *chunk_new(struct out_chunks *spare)
{
    struct out_chunk *c = spare->first;

    if (c) {
        spare->first = c->next;
        spare->n--;
    } else {
        c = malloc(sizeof(*c));
        check(c);
    }
    c->next = NULL;
    c->from = c->to = 0;
    return c;
}

static void chunk_free(struct out_chunks *spare, struct out_chunk *c)
{
    if (spare->n >= FREE_CHUNKS_MAX) {
        free(c);
        return;
    }
    c->next = spare->first;
    spare->first = c;
    spare->n++;
}

static struct out_chunk *chunk_with_room(struct out_queue *q, struct out_chunks *spare)
{
    if (q->last && q->last->to < OUT_CHUNK_BYTES)
        return q->last;
    struct out_chunk *c = chunk_new(spare);
    if (q->last)
        q->last->next = c;
    else
        q->first = c;
    return q->last = c;
}

void out_queue_add(struct out_queue *q, struct out_chunks *spare, struct str bytes)
{
    q->n_bytes += bytes.n;
    while (bytes.n) {
        struct out_chunk *c = chunk_with_room(q, spare);
        size_t room = OUT_CHUNK_BYTES - c->to, n = bytes.n < room ? bytes.n : room;
        memcpy(c->bytes + c->to, bytes.p, n);
        c->to += n;
        bytes = str_sub(bytes, n, bytes.n);
    }
}

void out_queue_take(struct out_queue *q, struct out_chunks *spare, size_t n)
{
    check(n <= q->n_bytes);
    q->n_bytes -= n;
    while (n) {
        struct out_chunk *c = q->first;
        size_t have = c->to - c->from;
        if (n < have) {
            c->from += n;
            return;
        }
        n -= have;
        q->first = c->next;
        if (!c->next)
            q->last = NULL;
        chunk_free(spare, c);
    }
}

void out_queue_drop(struct out_queue *q, struct out_chunks *spare)
{
    out_queue_take(q, spare, q->n_bytes);
    check(!q->first && !q->last);
}

size_t out_queue_bufs(const struct out_queue *q, uv_buf_t *bufs, size_t n_max, size_t *ret_bytes)
{
    size_t n = 0, bytes = 0;

    for (struct out_chunk *c = q->first; c && n < n_max; c = c->next) {
        bufs[n++] = uv_buf_init(c->bytes + c->from, (unsigned)(c->to - c->from));
        bytes += c->to - c->from;
    }
    *ret_bytes = bytes;
    return n;
}

void out_chunks_free(struct out_chunks *spare)
{
    while (spare->first) {
        struct out_chunk *c = spare->first;
        spare->first = c->next;
        free(c);
    }
    spare->n = 0;
}
