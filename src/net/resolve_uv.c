/*
 * net/resolve_uv.c - getaddrinfo() in libuv's thread pool.
 *
 * The order of addresses is the system's (RFC 6724): which family comes first is its administrator's decision.
 */
#include "net/uv_impl.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct lookup {
    uv_getaddrinfo_t req;
    struct list node; /* in loop_uv.lookups */
    struct loop_uv *loop;
    void (*fn)(void *ctx, int err, const struct net_addrs *addrs); /* NULL: told already */
    void *ctx;
};

static void collect(const struct addrinfo *list, struct net_addrs *to)
{
    for (const struct addrinfo *it = list; it && to->n < NET_ADDRS_MAX; it = it->ai_next) {
        struct net_addr *a = &to->items[to->n];
        const void *bytes = it->ai_family == AF_INET6
                                ? (const void *)&((const struct sockaddr_in6 *)(const void *)it->ai_addr)->sin6_addr
                                : (const void *)&((const struct sockaddr_in *)(const void *)it->ai_addr)->sin_addr;
        memset(a, 0, sizeof(*a));
        if ((it->ai_family == AF_INET || it->ai_family == AF_INET6) &&
            inet_ntop(it->ai_family, bytes, a->host, sizeof(a->host)))
            to->n++;
    }
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct lookup *k = req->data;
    struct loop_uv *l = k->loop;
    struct net_addrs addrs = {.n = 0};

    list_remove(&k->node);
    if (status == 0)
        collect(list, &addrs);
    uv_freeaddrinfo(list);
    if (k->fn) {
        uv_turn_begin(l);
        k->fn(k->ctx, status == 0 ? 0 : -ERR_RESOLVE, status == 0 ? &addrs : NULL);
        uv_turn_end(l);
    }
    free(k);
}

int resolve_uv_ask(struct loop *base, const char *name, void (*fn)(void *, int, const struct net_addrs *), void *ctx)
{
    struct loop_uv *l = loop_uv_of(base);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct lookup *k = l->is_winding_up ? NULL : calloc(1, sizeof(*k));

    if (!k)
        return err_trace(-ERR_CLOSED);
    *k = (struct lookup){.loop = l, .fn = fn, .ctx = ctx};
    list_init(&k->node);
    k->req.data = k;
    if (uv_getaddrinfo(&l->uv, &k->req, on_resolved, name, NULL, &hints) < 0) {
        free(k);
        return err_trace(-ERR_RESOLVE);
    }
    list_add_tail(&l->lookups, &k->node);
    return 0;
}

void resolve_uv_give_up(struct loop_uv *l)
{
    list_each_safe(it, tmp, &l->lookups) {
        struct lookup *k = list_entry(it, struct lookup, node);
        void (*fn)(void *, int, const struct net_addrs *) = k->fn;
        k->fn = NULL;
        fn(k->ctx, -ERR_CLOSED, NULL);
        (void)uv_cancel((uv_req_t *)&k->req); /* its callback comes; one that runs already goes on */
    }
}
