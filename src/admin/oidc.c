/*
 * admin/oidc.c - idle -> document -> keys -> idle; whoever waits is told at the end.
 */
#include "admin/oidc.h"

#include "base/check.h"
#include "base/err.h"
#include "base/log.h"
#include "identity/id_token.h"

#include <stdlib.h>

#define DOCUMENT_MEMORY_BYTES_MAX (32u << 20) /* a parsed document takes about 20 bytes a byte */

enum stage { IDLE, DOCUMENT, KEYS };

struct oidc {
    struct oidc_options o;
    struct http_pool *pool;
    struct fetch fetch;
    enum stage stage;
    struct url issuer;
    struct arena own;          /* of the issuer's URL */
    struct arena arenas[2];    /* of the provider in use, and of the next one */
    unsigned i_arena;
    struct provider provider, next;
    struct jwk_set *keys;      /* NULL: nothing was good yet */
    const char *problem;       /* of the last try; NULL: it was good */
    mono_t good_at, failed_at; /* of the last that was, that was not */
    struct list waiting;
};

const struct provider *oidc_provider(const struct oidc *o) { return &o->provider; }
const struct jwk_set *oidc_keys(const struct oidc *o) { return o->keys; }
const struct oidc_options *oidc_options(const struct oidc *o) { return &o->o; }
struct http_pool *oidc_pool(struct oidc *o) { return o->pool; }

struct http_target oidc_target(const struct oidc *o, const struct url *u)
{
    return (struct http_target){.host = u->host,
                                .port = u->port,
                                .tls = u->is_tls ? o->o.tls : NULL,
                                .allows_private = o->o.config->is_private};
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static void get(struct oidc *o, enum stage stage, const struct url *u, struct str path)
{
    struct http_target at = oidc_target(o, u);
    struct http_field fields[] = {{STR("accept"), STR("application/json")}, {STR("accept-encoding"), STR("identity")}};
    struct fetch_request get = {.at = &at,
                                .method = STR("GET"),
                                .path = path,
                                .fields = fields,
                                .n_fields = 2,
                                .ms = o->o.limits->jwks_timeout_ms,
                                .too_large = "the answer is larger than jwks_bytes_max",
                                .too_late = "no whole answer within jwks_timeout_ms"};
    o->stage = stage;
    fetch_start(&o->fetch, &get);
}

static bool within(const struct oidc *o, mono_t since, int64_t ms)
{
    return loop_now(o->o.loop) - since <= ms * NS_PER_MS;
}

/* Whether what was good once may still be used. */
static bool is_usable(const struct oidc *o) { return o->keys && within(o, o->good_at, o->o.limits->jwks_stale_ms); }

static void say(const struct oidc *o, const char *problem)
{
    if (problem)
        log_at(LOG_WARN, "sign_in_provider_failed", "issuer=\"" STR_FMT "\" reason=\"%s\"",
               STR_ARG(o->o.config->issuer), problem);
    else if (o->problem || !o->good_at)
        log_at(LOG_INFO, "sign_in_provider", "issuer=\"" STR_FMT "\"", STR_ARG(o->o.config->issuer));
}

/* Who is told may ask again at once, and then waits for the next end. */
static void conclude(struct oidc *o, const char *problem)
{
    struct list waiting;
    say(o, problem);
    o->stage = IDLE;
    o->problem = problem;
    *(problem ? &o->failed_at : &o->good_at) = loop_now(o->o.loop);
    list_init(&waiting);
    list_each_safe(n, tmp, &o->waiting) {
        list_remove(n);
        list_add_tail(&waiting, n);
    }
    const char *told = problem && !is_usable(o) ? problem : NULL;
    while (!list_is_empty(&waiting)) {
        struct oidc_wait *w = list_entry(list_first(&waiting), struct oidc_wait, node);
        list_remove(&w->node);
        w->then(w, told);
    }
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static const char *take_document(struct oidc *o, struct str text)
{
    struct arena *a = &o->arenas[!o->i_arena];
    const char *why;
    arena_reset(a);
    return provider_read(text, o->o.config->issuer, o->o.config->is_insecure, a, &o->next, &why) ? NULL : why;
}

static const char *take_keys(struct oidc *o, struct str text)
{
    struct jwk_set *keys;
    const char *why;
    if (jwk_set_parse(text, ID_TOKEN_ALGS, (size_t)o->o.limits->jwks_keys_max, &keys, &why) < 0)
        return why;
    jwk_set_unref(o->keys);
    o->keys = keys;
    o->provider = o->next;
    o->i_arena = !o->i_arena;
    return NULL;
}

static void on_answer(void *ctx, const char *problem, uint16_t status, struct str body)
{
    struct oidc *o = ctx;
    if (!problem && status != 200)
        problem = "the answer is not 200";
    if (!problem)
        problem = o->stage == DOCUMENT ? take_document(o, body) : take_keys(o, body);
    if (problem || o->stage == KEYS)
        conclude(o, problem);
    else
        get(o, KEYS, &o->next.jwks, o->next.jwks.path);
}

/* --- for those who need it ---------------------------------------------------------------------------------------- */

void oidc_need(struct oidc *o, bool is_newer, struct oidc_wait *w)
{
    const struct limits *l = o->o.limits;
    bool is_fresh = o->keys && within(o, o->good_at, is_newer ? l->jwks_spacing_ms : l->jwks_fresh_ms);
    bool is_too_soon = o->problem && within(o, o->failed_at, l->jwks_spacing_ms);
    list_init(&w->node);
    if (o->stage == IDLE && (is_fresh || is_too_soon)) {
        w->then(w, is_fresh || is_usable(o) ? NULL : o->problem);
        return;
    }
    list_add_tail(&o->waiting, &w->node);
    if (o->stage == IDLE)
        get(o, DOCUMENT, &o->issuer, provider_path(&o->issuer, &o->arenas[!o->i_arena]));
}

void oidc_forget(struct oidc_wait *w) { list_remove(&w->node); }

int oidc_new(const struct oidc_options *options, struct oidc **ret)
{
    struct oidc *o = calloc(1, sizeof *o);
    if (!o)
        return err_trace(-ERR_NOMEM);
    o->o = *options;
    list_init(&o->waiting);
    arena_init(&o->own, DOCUMENT_MEMORY_BYTES_MAX);
    for (int i = 0; i < 2; i++)
        arena_init(&o->arenas[i], DOCUMENT_MEMORY_BYTES_MAX);
    check(!url_parse(o->o.config->issuer, &o->own, &o->issuer)); /* the config has read it */
    int r = http_pool_new(o->o.loop, o->o.limits, &o->pool);
    fetch_init(&o->fetch, o->o.loop, o->pool, (size_t)o->o.limits->jwks_bytes_max, on_answer, o);
    if (r < 0) {
        oidc_free(o);
        return err_trace(r);
    }
    *ret = o;
    return 0;
}

void oidc_free(struct oidc *o)
{
    if (!o)
        return;
    check(list_is_empty(&o->waiting));
    fetch_deinit(&o->fetch);
    if (o->pool)
        http_pool_free(o->pool);
    jwk_set_unref(o->keys);
    arena_deinit(&o->own);
    for (int i = 0; i < 2; i++)
        arena_deinit(&o->arenas[i]);
    free(o);
}
