/*
 * budget/raises.c - a map from counter and bucket to what is added there, in most daemons empty.
 */
#include "budget/raises.h"
#include "budget/ledger_impl.h"

#include "base/err.h"
#include "base/money.h"

#include <stdlib.h>
#include <string.h>

#define SUM_MAX (INT64_MAX / 4) /* added to any max, it stays a number */

/* All raises of one counter. */
struct group {
    struct list raises; /* struct entry, by `of_group` */
    size_t key_n;
    char key[];
};

struct entry {
    struct list node, of_group;
    struct group *group;
    struct raise raise;
    char text[]; /* what its strs point at */
};

void raises_init(struct raises *r, size_t n_max, const uint8_t seed[16])
{
    map_init(&r->by_bucket, n_max, seed);
    list_init(&r->all);
    r->n = 0;
    r->n_max = n_max;
}

static void drop(struct raises *r, struct entry *e)
{
    struct group *g = e->group;
    list_remove(&e->node);
    list_remove(&e->of_group);
    r->n--;
    free(e);
    if (!list_is_empty(&g->raises))
        return;
    (void)map_remove(&r->by_bucket, (struct str){g->key, g->key_n});
    free(g);
}

void raises_deinit(struct raises *r)
{
    list_each_safe(node, tmp, &r->all)
        drop(r, list_entry(node, struct entry, node));
    map_deinit(&r->by_bucket);
}

static struct group *group_find(const struct raises *r, struct str counter, struct str bucket)
{
    char text[BUCKET_KEY_BYTES_MAX];
    struct str key;
    return bucket_key(counter, bucket, text, &key) ? map_get(&r->by_bucket, key) : NULL;
}

static int group_of(struct raises *r, const struct raise *raise, struct group **ret)
{
    char text[BUCKET_KEY_BYTES_MAX];
    struct str key;
    if (!bucket_key(raise->counter, raise->bucket, text, &key))
        return -ERR_TOO_LARGE;
    *ret = map_get(&r->by_bucket, key);
    if (*ret)
        return 0;
    struct group *g = malloc(sizeof *g + key.n);
    if (!g)
        return -ERR_NOMEM;
    list_init(&g->raises);
    g->key_n = key.n;
    memcpy(g->key, key.p, key.n);
    int e = map_put(&r->by_bucket, (struct str){g->key, key.n}, g, NULL);
    if (e < 0)
        free(g);
    else
        *ret = g;
    return e;
}

static struct entry *entry_new(const struct raise *from)
{
    const struct str *texts[] = {&from->id, &from->counter, &from->bucket, &from->limit, &from->reason, &from->who};
    size_t n = 0;
    for (size_t i = 0; i < 6; i++)
        n += texts[i]->n;
    struct entry *e = malloc(sizeof *e + n);
    if (!e)
        return NULL;
    e->raise = *from;
    struct str *own[] = {&e->raise.id,    &e->raise.counter, &e->raise.bucket,
                         &e->raise.limit, &e->raise.reason,  &e->raise.who};
    char *p = e->text;
    for (size_t i = 0; i < 6; p += own[i]->n, i++) {
        if (own[i]->n)
            memcpy(p, own[i]->p, own[i]->n);
        own[i]->p = p;
    }
    list_init(&e->node);
    list_init(&e->of_group);
    return e;
}

static void drop_past(struct raises *r, wall_t now)
{
    list_each_safe(node, tmp, &r->all) {
        struct entry *e = list_entry(node, struct entry, node);
        if (e->raise.until <= now)
            drop(r, e);
    }
}

int raises_add(struct raises *r, const struct raise *raise, wall_t now)
{
    wall_t until;
    int64_t sum;
    struct group *g;
    check(raise->by > 0);
    drop_past(r, now);
    if (r->n >= r->n_max)
        return err_trace(-ERR_TOO_LARGE);
    if (!money_add(raises_of(r, raise->counter, raise->bucket, now, &until), raise->by, &sum) || sum > SUM_MAX)
        return err_trace(-ERR_OVERFLOW);
    struct entry *e = entry_new(raise);
    int error = e ? group_of(r, raise, &g) : -ERR_NOMEM;
    if (error < 0) {
        free(e);
        return err_trace(error);
    }
    e->group = g;
    list_add_tail(&g->raises, &e->of_group);
    list_add_tail(&r->all, &e->node);
    r->n++;
    return 0;
}

void raises_undo(struct raises *r)
{
    check(!list_is_empty(&r->all));
    drop(r, list_entry(r->all.prev, struct entry, node));
}

int64_t raises_of(const struct raises *r, struct str counter, struct str bucket, wall_t now, wall_t *ret_until)
{
    const struct group *g = r->n ? group_find(r, counter, bucket) : NULL;
    int64_t sum = 0;
    *ret_until = 0;
    if (!g)
        return 0;
    list_each(node, &g->raises) {
        const struct raise *raise = &list_entry(node, struct entry, of_group)->raise;
        if (raise->until <= now)
            continue;
        sum += raise->by; /* raises_add saw that they fit */
        if (!*ret_until || raise->until < *ret_until)
            *ret_until = raise->until;
    }
    return sum;
}

void raises_apply(const struct raises *r, struct limit_need *needs, size_t n, wall_t now)
{
    for (size_t i = 0; i < n; i++) {
        struct limit_need *need = &needs[i];
        int64_t base = need->max - need->raised;
        need->raised = raises_of(r, need->counter, need->bucket, now, &need->raised_until);
        need->max = base > INT64_MAX - need->raised ? INT64_MAX : base + need->raised;
        need->raised = need->max - base;
    }
}

const struct raise *raises_next(const struct raises *r, wall_t now, const struct list **i)
{
    const struct list *node = *i ? *i : &r->all;
    for (node = node->next; node != &r->all; node = node->next) {
        const struct entry *e = list_entry((struct list *)(uintptr_t)node, struct entry, node);
        *i = node;
        if (e->raise.until > now)
            return &e->raise;
    }
    return NULL;
}
