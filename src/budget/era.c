/*
 * budget/era.c - how far windows of one kind have come, in each zone that some limit counts in: what is spent in a past
 * window may be forgotten, and then no clock that steps back may find that window open.
 *
 * Zones live as long as the process and are as many as the system has at the most; an era stays until the ledger goes.
 */
#include "budget/ledger_impl.h"

#include <stdlib.h>

static void era_init(struct era *e, enum limit_window w, const struct zone *zone)
{
    *e = (struct era){.window = w, .zone = zone};
    list_init(&e->node);
    list_init(&e->spent);
}

void eras_init(struct ledger *l)
{
    for (enum limit_window w = 0; w < WINDOW_COUNT; w++)
        era_init(&l->eras[w], w, NULL);
    list_init(&l->zoned);
}

void eras_deinit(struct ledger *l)
{
    list_each_safe(node, tmp, &l->zoned)
        free(list_entry(node, struct era, node));
}

struct era *era_find(const struct ledger *l, enum limit_window w, const struct zone *zone)
{
    if (!zone)
        return (struct era *)(uintptr_t)&l->eras[w];
    list_each(node, &l->zoned) {
        struct era *e = list_entry(node, struct era, node);
        if (e->window == w && e->zone == zone)
            return e;
    }
    return NULL;
}

static void restore(struct era *e, wall_t now)
{
    wall_t start = e->window == WINDOW_SLIDING ? now : window_start(e->window, 0, e->zone, now);
    era_evicted(e, start - 1);
    e->newest = start;
}

struct era *era_of(struct ledger *l, enum limit_window w, const struct zone *zone)
{
    struct era *e = era_find(l, w, zone);
    if (e)
        return e;
    e = malloc(sizeof *e);
    if (!e)
        return NULL;
    era_init(e, w, zone);
    if (l->restored_at)
        restore(e, l->restored_at);
    list_add_tail(&l->zoned, &e->node);
    return e;
}

void eras_restore(struct ledger *l, wall_t now)
{
    l->restored_at = now;
    for (struct era *e = NULL; era_next(l, &e);)
        if (window_moves(e->window))
            restore(e, now);
}

bool era_next(const struct ledger *l, struct era **i)
{
    const struct list *node = NULL;
    if (!*i)
        *i = era_find(l, 0, NULL);
    else if (!(*i)->zone && (*i)->window + 1 < WINDOW_COUNT)
        *i = era_find(l, (*i)->window + 1, NULL);
    else
        node = (*i)->zone ? (*i)->node.next : l->zoned.next;
    if (!node)
        return true;
    *i = list_entry((struct list *)(uintptr_t)node, struct era, node);
    return node != &l->zoned;
}

void era_evicted(struct era *e, wall_t start)
{
    if (start > e->evicted)
        e->evicted = start;
    if (start > e->newest)
        e->newest = start;
}
