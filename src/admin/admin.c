/*
 * admin/admin.c - the admin listener: takes connections, starts requests, ends when the last of them is over.
 */
#include "admin/admin.h"

#include "admin/feed.h"
#include "admin/h_sign_in.h"
#include "admin/oidc.h"
#include "admin/openapi.h"
#include "admin/request.h"
#include "admin/sign_ins.h"
#include "base/err.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "http/server.h"
#include "tls/server.h"

#include <stdio.h>
#include <stdlib.h>

#define COOKIE_NAME "flyball"
#define OPENAPI_BYTES_MAX (1u << 20)
#define ADMIN_ARENA_BYTES_MAX (16u << 20)

static void on_request(void *ctx, struct http_exchange *x, const struct http_head *head)
{
    request_start(ctx, x, head);
}

/* Heads that cannot be valid get the same error form as everything else. */
static void on_bad_head(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                        struct http_refusal_answer *ret)
{
    ret->body = arena_printf(a, "{\"error\":{\"code\":\"request_invalid\",\"message\":\"%s\"}}\n", r->text);
}

static const struct http_server_handler handler = {.on_request = on_request, .on_bad_head = on_bad_head};

static void on_accept(void *ctx, struct net_ticket t)
{
    struct admin *a = ctx;
    struct stream *st;

    if (a->loop->ops->adopt(a->loop, t, &st) < 0 || (a->tls && tls_server_wrap(a->tls, st, &st) < 0))
        return;
    if (http_server_take(a->server, st) < 0)
        log_at(LOG_WARN, "admin_refused", "reason=admin_connections_max");
}

static int open_provider(struct admin *a, const struct admin_options *o)
{
    struct oidc_options oo = {a->loop, a->limits, o->oidc, o->oidc_tls, o->oidc_secret};
    if (!o->oidc || !o->oidc->issuer.n)
        return 0;
    int r = sign_ins_new(o->limits, o->rng, &a->sign_ins);
    return r < 0 ? r : oidc_new(&oo, &a->oidc);
}

int admin_new(const struct admin_options *o, struct admin **ret)
{
    struct admin *a = calloc(1, sizeof(*a));
    if (!a)
        return err_trace(-ERR_NOMEM);

    a->loop = o->loop;
    a->core = o->core;
    a->limits = o->limits;
    a->token = o->token;
    a->vendors_json = o->vendors_json;
    a->version = o->version;
    a->ui_dir = o->ui_dir;
    a->default_mode = o->default_mode;
    a->tls = o->tls;
    a->exports = o->exports;
    a->stats = o->stats;
    a->config = o->config;
    a->http_limits = *o->limits;
    a->http_limits.connections_max = o->limits->admin_connections_max;
    a->http_limits.body_bytes_max = o->limits->admin_body_bytes_max;
    list_init(&a->requests);
    list_init(&a->comings);
    feed_init(a);
    failed_news_init(&a->failed_news, a->loop, a->core);
    arena_init(&a->arena, ADMIN_ARENA_BYTES_MAX);
    buf_init(&a->openapi, OPENAPI_BYTES_MAX);

    int r = sessions_new(o->limits, o->rng, &a->sessions);
    if (r == 0)
        r = open_provider(a, o);
    if (r == 0)
        r = openapi_write(a->version, &a->openapi);
    if (r == 0)
        r = http_server_new(a->loop, &a->http_limits, &handler, a, &a->server);
    if (r < 0) {
        admin_free(a);
        return err_trace(r);
    }
    *ret = a;
    return 0;
}

/*
 * Browsers keep cookies by host, whatever the port: two daemons of one machine must not sign each other out. With TLS,
 * __Host- keeps other hosts and plain HTTP from setting it.
 */
static void name_cookie(struct admin *a)
{
    if (a->tls)
        (void)snprintf(a->cookie_name, sizeof(a->cookie_name), "__Host-" COOKIE_NAME);
    else
        (void)snprintf(a->cookie_name, sizeof(a->cookie_name), COOKIE_NAME "_%u", a->bound.port);
}

int admin_listen(struct admin *a, const struct net_addr *addr, struct net_addr *ret_bound)
{
    int r = a->loop->ops->listen(a->loop, addr, (int)a->limits->accept_backlog, on_accept, a, &a->listener, &a->bound);
    if (r < 0)
        return err_trace(r);
    name_cookie(a);
    *ret_bound = a->bound;
    return 0;
}

struct str admin_link(struct admin *a, char text[ADMIN_LINK_CHARS_MAX])
{
    struct session_text code;
    struct principal who = principal_of_folder();
    sessions_link(a->sessions, &who, loop_now(a->loop), &code);
    int n = snprintf(text, ADMIN_LINK_CHARS_MAX, "/ui/?t=%s", code.text);
    bytes_wipe(&code, sizeof(code));
    return (struct str){text, (size_t)n};
}

void admin_request_gone(struct admin *a)
{
    if (!a->on_drained || !a->is_server_drained || !list_is_empty(&a->requests))
        return;
    void (*fn)(void *ctx) = a->on_drained;
    a->on_drained = NULL;
    fn(a->on_drained_ctx);
}

static void on_server_drained(void *ctx)
{
    struct admin *a = ctx;
    a->is_server_drained = true;
    failed_news_end(&a->failed_news);
    admin_request_gone(a);
}

static void listener_close(struct admin *a)
{
    if (a->listener)
        a->loop->ops->listener_close(a->listener);
    a->listener = NULL;
}

void admin_drain(struct admin *a, void (*on_drained)(void *ctx), void *ctx)
{
    a->on_drained = on_drained;
    a->on_drained_ctx = ctx;
    listener_close(a);
    feed_end_all(a);
    http_server_drain(a->server, on_server_drained, a);
}

void admin_free(struct admin *a)
{
    if (!a)
        return;
    listener_close(a);
    a->on_drained = NULL;
    timer_cancel(a->loop, &a->failed_news.timer);
    sign_in_stop(a);
    list_each_safe(it, tmp, &a->requests) request_drop(list_entry(it, struct request, node));
    if (a->server)
        http_server_free(a->server);
    sessions_free(a->sessions);
    oidc_free(a->oidc);
    sign_ins_free(a->sign_ins);
    buf_deinit(&a->openapi);
    arena_deinit(&a->arena);
    free(a);
}
