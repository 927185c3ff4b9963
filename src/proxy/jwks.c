/*
 * proxy/jwks.c - one issuer's keys:
 *
 *     waiting (timer) -> asking (the exchange, and a deadline) -> waiting again
 */
#include "proxy/jwks.h"

#include "base/check.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "http/fetch.h"
#include "net/timer.h"
#include "tls/client.h"

#include <stdlib.h>
#include <string.h>

struct source {
    struct jwks *jwks;
    struct issuer *issuer;
    struct tls_client *tls; /* NULL: plain HTTP */
    struct timer due;
    struct fetch fetch; /* not running: waiting */
    mono_t asked_at;
    bool was_asked;
    uint8_t digest[SHA256_BYTES]; /* of the text whose keys are in force */
    bool has_keys, was_good;
};

struct jwks {
    struct loop *loop;
    const struct limits *limits;
    struct http_pool *pool;
    struct post on_first;
    size_t n_first; /* not asked yet */
    size_t n;
    struct source items[];
};

/* Once a change: an issuer that is down for hours is one line. */
static void say(struct source *s, const char *problem)
{
    struct str name = s->issuer->terms.name;
    counter_add(problem ? COUNTER_jwks_failed : COUNTER_jwks_fetched, 1);
    if (problem && (s->was_good || !s->was_asked))
        log_at(LOG_WARN, "issuer_keys_failed",
               "issuer=" STR_FMT " reason=\"%s\" next=\"keys that are known stay in use\"", STR_ARG(name), problem);
    if (!problem && !s->was_good)
        log_at(LOG_INFO, "issuer_keys", "issuer=" STR_FMT, STR_ARG(name));
    s->was_good = !problem;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

/* NULL: its keys are in force. */
static const char *take(struct source *s, struct str text)
{
    uint8_t digest[SHA256_BYTES];
    wall_t now = loop_wall(s->jwks->loop);
    struct jwk_set *set;
    const char *why;
    sha256(text, digest);
    if (s->has_keys && memcmp(digest, s->digest, sizeof digest) == 0) {
        issuer_keys_renew(s->issuer->keys, now); /* the same set: tokens that were verified with it stay so */
        return NULL;
    }
    if (issuer_take_keys(s->issuer, s->jwks->limits, text, &set, &why) < 0)
        return why;
    issuer_keys_put(s->issuer->keys, set, now, false);
    memcpy(s->digest, digest, sizeof digest);
    s->has_keys = true;
    return NULL;
}

/* The exchange is over; `problem` NULL: the answer is whole. */
static void asked(void *ctx, const char *problem, uint16_t status, struct str answer)
{
    struct source *s = ctx;
    struct jwks *j = s->jwks;
    say(s, problem ? problem : (problem = status == 200 ? take(s, answer) : "the answer is not 200"));
    timer_arm(j->loop, &s->due, problem ? j->limits->jwks_spacing_ms : j->limits->jwks_fresh_ms);
    if (!s->was_asked && --j->n_first == 0)
        j->on_first.fn(j->on_first.ctx);
    s->was_asked = true;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

static void ask(struct source *s)
{
    struct jwks *j = s->jwks;
    const struct config_issuer *c = s->issuer->config;
    struct http_target at = {
        .host = c->jwks.host, .port = c->jwks.port, .tls = s->tls, .allows_private = c->is_private};
    struct http_field fields[] = {{STR("accept"), STR("application/json")}, {STR("accept-encoding"), STR("identity")}};
    struct fetch_request get = {.at = &at,
                                .method = STR("GET"),
                                .path = c->jwks.path,
                                .fields = fields,
                                .n_fields = 2,
                                .ms = j->limits->jwks_timeout_ms,
                                .too_large = "the answer is larger than jwks_bytes_max",
                                .too_late = "no whole answer within jwks_timeout_ms"};
    timer_cancel(j->loop, &s->due);
    issuer_keys_asked(s->issuer->keys);
    s->asked_at = loop_now(j->loop);
    fetch_start(&s->fetch, &get);
}

static void on_due(struct timer *t) { ask(list_entry(t, struct source, due)); }

/* Somebody has a token with a kid that is not known: soon, but not sooner than the spacing allows. */
static void on_want(void *ctx)
{
    struct source *s = ctx;
    struct jwks *j = s->jwks;
    if (fetch_is_running(&s->fetch))
        return; /* the answer that is on its way will do */
    int64_t waited_ms = (loop_now(j->loop) - s->asked_at) / NS_PER_MS, left_ms = j->limits->jwks_spacing_ms - waited_ms;
    timer_cancel(j->loop, &s->due);
    timer_arm(j->loop, &s->due, left_ms > 0 ? left_ms : 0);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

static int source_init(struct source *s, struct jwks *j, struct issuer *i, struct buf *error)
{
    s->jwks = j;
    s->issuer = i;
    fetch_init(&s->fetch, j->loop, j->pool, (size_t)j->limits->jwks_bytes_max, asked, s);
    timer_init(&s->due, on_due);
    if (!i->config->jwks.is_tls)
        return 0;
    int r = tls_client_new(i->config->ca_file, NULL, error, &s->tls);
    if (r < 0)
        (void)buf_printf(error, " (issuers." STR_FMT ".ca_file)", STR_ARG(i->terms.name));
    return r;
}

static int init(struct jwks *j, struct issuers *all, struct buf *error)
{
    int r = http_pool_new(j->loop, j->limits, &j->pool);
    for (size_t i = 0; r == 0 && i < issuers_len(all); i++)
        if (!issuers_at(all, i)->config->jwks.file.n)
            r = source_init(&j->items[j->n++], j, issuers_at(all, i), error);
    return r;
}

int jwks_new(struct loop *l, struct issuers *s, const struct limits *limits, struct post on_first, struct buf *error,
             struct jwks **ret)
{
    struct jwks *j = calloc(1, sizeof *j + issuers_len(s) * sizeof j->items[0]);
    if (!j)
        return err_trace(-ERR_NOMEM);
    j->loop = l;
    j->limits = limits;
    j->on_first = on_first;
    int r = init(j, s, error);
    if (r < 0) {
        jwks_free(j);
        return err_trace(r);
    }
    j->n_first = j->n;
    for (size_t i = 0; i < j->n; i++) {
        issuer_keys_on_want(j->items[i].issuer->keys, &l->box, (struct post){on_want, &j->items[i]});
        ask(&j->items[i]);
    }
    if (j->n == 0)
        on_first.fn(on_first.ctx);
    *ret = j;
    return 0;
}

void jwks_free(struct jwks *j)
{
    if (!j)
        return;
    for (size_t i = 0; i < j->n; i++) {
        struct source *s = &j->items[i];
        issuer_keys_on_want(s->issuer->keys, NULL, (struct post){NULL, NULL});
        timer_cancel(j->loop, &s->due);
        fetch_deinit(&s->fetch);
    }
    if (j->pool)
        http_pool_free(j->pool);
    for (size_t i = 0; i < j->n; i++)
        tls_client_free(j->items[i].tls);
    free(j);
}
