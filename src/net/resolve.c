/*
 * net/resolve.c - see resolve.h.
 *
 * A look-up cannot be called back: a name whose resolver was freed meanwhile is freed by its answer.
 */
#include "net/resolve.h"

#include "base/check.h"
#include "base/err.h"
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 4096

struct name {
    struct resolver *resolver; /* NULL: freed */
    struct net_addrs addrs;    /* n 0: none known */
    mono_t at;                 /* of the answer in addrs */
    mono_t failed_at;          /* of the last failure; 0: none since `at` */
    bool is_asking;
    struct list waiting;
    char text[];
};

struct resolver {
    struct loop *loop;
    const struct limits *limits;
    struct map names;
};

int resolver_new(struct loop *l, const struct limits *limits, struct resolver **ret)
{
    struct resolver *r = calloc(1, sizeof(*r));

    if (!r)
        return err_trace(-ERR_NOMEM);
    r->loop = l;
    r->limits = limits;
    map_init(&r->names, NAMES_MAX, NULL); /* names come from the configuration */
    *ret = r;
    return 0;
}

/* -------- names that need no look-up -------- */

static void add(struct net_addrs *to, struct str host)
{
    struct net_addr *a = &to->items[to->n++];

    memset(a, 0, sizeof(*a));
    memcpy(a->host, host.p, host.n);
}

static bool is_known(struct str name, struct net_addrs *ret)
{
    struct net_addrs found = {.n = 0};

    if (str_eq_nocase(name, STR("localhost"))) {
        add(&found, STR("127.0.0.1"));
        add(&found, STR("::1"));
    } else if (net_host_is_numeric(name)) {
        add(&found, name);
    } else {
        return false;
    }
    *ret = found;
    return true;
}

/* -------- look-ups -------- */

static void tell(struct name *n, int err)
{
    struct list waiting, *it;

    list_init(&waiting);
    while ((it = list_first(&n->waiting))) { /* who asks again while being told waits for the next answer */
        list_remove(it);
        list_add_tail(&waiting, it);
    }
    struct net_addrs addrs = n->addrs; /* being told may free the resolver */
    while ((it = list_first(&waiting))) {
        struct resolve_wait *w = list_entry(it, struct resolve_wait, node);
        list_remove(it);
        w->fn(w, err, err < 0 ? NULL : &addrs);
    }
}

static void on_answer(void *ctx, int err, const struct net_addrs *addrs)
{
    struct name *n = ctx;

    if (!n->resolver) {
        free(n);
        return;
    }
    n->is_asking = false;
    if (err == 0 && addrs->n == 0)
        err = -ERR_RESOLVE;
    if (err < 0) {
        n->failed_at = loop_now(n->resolver->loop);
        if (n->addrs.n)
            err = 0; /* the old answer is the best there is */
    } else {
        n->addrs = *addrs;
        n->at = loop_now(n->resolver->loop);
        n->failed_at = 0;
    }
    tell(n, err);
}

static void ask(struct name *n)
{
    struct loop *l = n->resolver->loop;
    bool is_too_soon =
        n->failed_at && loop_now(l) - n->failed_at < n->resolver->limits->resolve_failed_ms * NS_PER_MS;

    if (n->is_asking || is_too_soon)
        return;
    n->is_asking = l->ops->resolve(l, n->text, on_answer, n) == 0;
    if (!n->is_asking)
        n->failed_at = loop_now(l);
}

static struct name *name_get(struct resolver *r, struct str text)
{
    struct name *n = map_get(&r->names, text);

    if (n)
        return n;
    n = calloc(1, sizeof(*n) + text.n + 1);
    check(n);
    n->resolver = r;
    list_init(&n->waiting);
    memcpy(n->text, text.p, text.n);
    if (map_put(&r->names, text, n, NULL) == 0)
        return n;
    free(n);
    return NULL;
}

int resolver_ask(struct resolver *r, struct str text, struct resolve_wait *w, struct net_addrs *ret_addrs)
{
    if (is_known(text, ret_addrs))
        return 0;
    struct name *n = text.n && text.n <= NET_NAME_CHARS_MAX && !str_has(text, '\0') ? name_get(r, text) : NULL;
    if (!n)
        return -ERR_RESOLVE;
    mono_t age = loop_now(r->loop) - n->at;

    if (!n->addrs.n || age >= r->limits->resolve_fresh_ms * NS_PER_MS)
        ask(n);
    if (n->addrs.n && (age < r->limits->resolve_stale_ms * NS_PER_MS || !n->is_asking)) {
        *ret_addrs = n->addrs;
        return 0;
    }
    if (!n->is_asking)
        return -ERR_RESOLVE;
    list_add_tail(&n->waiting, &w->node);
    return RESOLVE_R_WAIT;
}

void resolve_cancel(struct resolve_wait *w)
{
    if (list_is_linked(&w->node))
        list_remove(&w->node);
}

void resolver_free(struct resolver *r)
{
    size_t i = 0;
    struct str key;
    void *value;

    if (!r)
        return;
    while (map_next(&r->names, &i, &key, &value)) {
        struct name *n = value;
        check(list_is_empty(&n->waiting));
        n->resolver = NULL;
        if (!n->is_asking)
            free(n);
    }
    map_deinit(&r->names);
    free(r);
}
