/*
 * store/memory/bodies.c - kept bodies, oldest first, each with a copy of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/list.h"
#include "store/body.h"
#include "store/memory/memory_impl.h"

struct memory_body {
    struct list node;
    uint64_t id;
    struct kept_body body;
    char texts[];
};

static void put(struct memory *m, const struct kept_body *b)
{
    struct memory_body *mb = calloc(1, sizeof *mb + kept_body_bytes(b) + b->content.n);
    check(mb != NULL);
    char *at = mb->texts;
    mb->body = kept_body_copy(b, &at);
    mb->body.content = str_put(&at, b->content);
    mb->id = ++m->last_body;
    list_init(&mb->node);
    list_add_tail(&m->bodies, &mb->node);
    m->body_bytes += (int64_t)b->content.n;
}

static void drop(struct memory *m, struct memory_body *mb)
{
    m->body_bytes -= (int64_t)mb->body.content.n;
    list_remove(&mb->node);
    free(mb);
}

int memory_keep(struct store *store, const struct kept_body *bodies, size_t n, const struct bodies_bound *bound,
                int64_t *ret_removed)
{
    struct memory *m = (struct memory *)store;
    struct list *first;
    pthread_mutex_lock(&m->lock);
    *ret_removed = 0;
    for (size_t i = 0; i < n; i++)
        put(m, &bodies[i]);
    list_each_safe(node, tmp, &m->bodies) {
        struct memory_body *mb = list_entry(node, struct memory_body, node);
        if (mb->body.at >= bound->before)
            continue;
        drop(m, mb);
        ++*ret_removed;
    }
    while (m->body_bytes > bound->bytes_max && (first = list_first(&m->bodies))) {
        drop(m, list_entry(first, struct memory_body, node));
        ++*ret_removed;
    }
    pthread_mutex_unlock(&m->lock);
    return 0;
}

void memory_bodies_erase(struct memory *m, bool (*goes)(void *ctx, const struct kept_body *b), void *ctx,
                         bool is_dry_run, int64_t *n)
{
    list_each_safe(node, tmp, &m->bodies) {
        struct memory_body *mb = list_entry(node, struct memory_body, node);
        if (!goes(ctx, &mb->body))
            continue;
        ++*n;
        if (!is_dry_run)
            drop(m, mb);
    }
}

void memory_bodies_free(struct memory *m)
{
    struct list *first;
    while ((first = list_first(&m->bodies)))
        drop(m, list_entry(first, struct memory_body, node));
}

static bool fits(const struct query *q, const struct kept_body *b)
{
    return q->tenant.n == 0 || str_eq(q->tenant, b->tenant);
}

void memory_ask_bodies(struct memory *m, const struct query *q, struct json_writer *w)
{
    for (enum body_side s = 0; s < BODY_SIDES; s++)
        list_each(node, &m->bodies) {
            const struct kept_body *b = &list_entry(node, struct memory_body, node)->body;
            if (b->side == s && str_eq(b->call_id, q->id) && fits(q, b))
                render_body(w, b);
        }
}

/* The newest of those before it; NULL: there is none. */
static const struct memory_body *body_before(struct memory *m, uint64_t id)
{
    const struct memory_body *found = NULL;
    list_each(node, &m->bodies) {
        const struct memory_body *mb = list_entry(node, struct memory_body, node);
        if (mb->id < id)
            found = mb;
    }
    return found;
}

int memory_ask_body_text(struct memory *m, const struct query *q, struct json_writer *w)
{
    struct body_words bw;
    struct body_searched s = {0};
    const struct memory_body *mb;
    int64_t n_left = q->rows_max;
    int r = body_words_init(&bw, q->text);
    uint64_t at = q->before_seq ? q->before_seq : UINT64_MAX;
    while (r == 0 && s.next == 0 && (mb = body_before(m, at))) {
        const struct kept_body *b = &mb->body;
        at = mb->id;
        if (b->content.n == 0 || !fits(q, b) || b->at < q->since || (q->until && b->at >= q->until))
            continue;
        s.bodies++;
        s.bytes += (int64_t)b->content.n;
        s.since = b->at;
        n_left -= render_body_hit(w, b, &bw);
        if ((n_left == 0 || s.bytes >= q->search_bytes) && at > 1)
            s.next = at;
    }
    if (r == 0)
        render_body_searched(w, &s);
    return r;
}
