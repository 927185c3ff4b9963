/*
 * daemon/exports.c - fails at start, with a sentence, rather than at the first span.
 */
#include "daemon/exports.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "crypto/secret.h"
#include "proxy/core_follow.h"
#include "tls/client.h"

#define ARENA_BYTES_MAX (1u << 20)

static int load_value(struct export_set *s, const struct config_export *x, const struct config_header *h,
                      struct buf *error, struct str *ret)
{
    struct secret *secret;
    if (str_starts(h->value, CONFIG_HEADER_TEXT)) {
        *ret = str_sub(h->value, CONFIG_HEADER_TEXT.n, h->value.n);
        return 0;
    }
    int r = secret_load(h->value, error, &secret);
    if (r < 0) {
        buf_printf(error, " (exports." STR_FMT ".headers." STR_FMT ")", STR_ARG(x->name), STR_ARG(h->name));
        return r;
    }
    s->secrets[s->n_secrets++] = secret;
    *ret = secret_reveal(secret);
    return 0;
}

static int load_headers(struct export_set *s, const struct config_export *x, struct buf *error, struct export_target *t)
{
    struct http_field *fields = arena_alloc(&s->arena, (x->n_headers + 1) * sizeof *fields);
    int r = 0;
    for (size_t i = 0; i < x->n_headers && r == 0; i++) {
        fields[i].name = x->headers[i].name;
        r = load_value(s, x, &x->headers[i], error, &fields[i].value);
    }
    t->headers = fields;
    t->n_headers = x->n_headers;
    return r;
}

static int load_tls(struct export_set *s, const struct config_export *x, struct buf *error, struct export_target *t)
{
    int r = s->sessions ? 0 : tls_sessions_new(&s->sessions);
    if (r == 0)
        r = tls_client_new(x->ca_file, s->sessions, error, &t->at.tls);
    if (r < 0 && x->ca_file.n)
        buf_printf(error, " (exports." STR_FMT ".ca_file)", STR_ARG(x->name));
    return r;
}

static int load_one(struct export_set *s, const struct config_export *x, struct buf *error, struct export_target *t)
{
    *t = (struct export_target){
        .name = x->name,
        .at = {.host = x->host, .port = x->port, .allows_private = x->is_private},
        .path = x->path,
        .protocol = x->is_json ? OTLP_JSON : OTLP_PROTOBUF,
        .is_gzip = !x->is_plain,
        .is_from_start = x->is_from_start,
        .trace = {.has_personal = x->has_personal, .has_session = x->has_session},
    };
    if (x->semconv.n)
        check(semconv_parse(x->semconv, &t->trace.semconv) == 0); /* the config knows the versions */
    int r = x->is_tls ? load_tls(s, x, error, t) : 0;
    return r == 0 ? load_headers(s, x, error, t) : r;
}

int export_set_load(const struct config *c, struct buf *error, struct export_set *ret)
{
    int r = 0;
    memset(ret, 0, sizeof *ret);
    arena_init(&ret->arena, ARENA_BYTES_MAX);
    ret->targets = arena_alloc(&ret->arena, (c->n_exports + 1) * sizeof *ret->targets);
    ret->secrets = arena_alloc(&ret->arena, (c->n_exports * CONFIG_HEADERS_MAX + 1) * sizeof(struct secret *));
    for (size_t i = 0; i < c->n_exports && r == 0; i++)
        r = load_one(ret, &c->exports[ret->n++], error, &ret->targets[i]);
    for (size_t i = 0; i < c->n_exports && r == 0; i++)
        for (size_t k = 0; k < c->exports[i].n_headers; k++)
            secret_env_wipe(c->exports[i].headers[k].value);
    return err_trace(r);
}

static void feed_ask(void *ctx, struct ask *a) { core_ask(ctx, a); }
static void feed_mark(void *ctx, struct str name, uint64_t seq) { core_mark(ctx, name, seq); }
static uint64_t feed_seq(void *ctx) { return core_store_seq(ctx); }

int export_set_start(struct export_set *s, struct core *core, const struct limits *limits, struct str version)
{
    struct exports_options o = {
        .feed = {feed_ask, feed_mark, feed_seq, core},
        .limits = limits,
        .version = version,
        .targets = s->targets,
        .n_targets = s->n,
    };
    if (s->n == 0)
        return 0;
    rng_buffered_init(&s->rng);
    o.rng = &s->rng.rng;
    int r = loop_thread_new(&s->loop);
    o.loop = s->loop.loop;
    if (r == 0)
        r = exports_new(&o, &s->exports);
    return r == 0 ? loop_thread_start(&s->loop, "export") : r;
}

static void stop_now(void *ctx) { exports_stop(ctx); }

void export_set_stop(struct export_set *s)
{
    if (s->exports)
        loop_thread_call(&s->loop, stop_now, s->exports);
}

void export_set_free(struct export_set *s)
{
    loop_thread_stop(&s->loop);
    exports_free(s->exports);
    for (size_t i = 0; i < s->n; i++)
        tls_client_free(s->targets[i].at.tls);
    for (size_t i = 0; i < s->n_secrets; i++)
        secret_free(s->secrets[i]);
    tls_sessions_free(s->sessions);
    arena_deinit(&s->arena);
}
