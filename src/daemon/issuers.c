/*
 * daemon/issuers.c - one thread of its own for the fetching: an issuer that hangs holds up nobody else.
 */
#include "daemon/issuers.h"

#include "base/err.h"
#include "proxy/jwks.h"

#include <time.h>

static bool has_urls(const struct config *c)
{
    for (size_t i = 0; i < c->n_issuers; i++)
        if (!c->issuers[i].jwks.file.n)
            return true;
    return false;
}

static void on_first(void *ctx)
{
    struct issuer_set *s = ctx;
    pthread_mutex_lock(&s->mutex);
    s->were_asked = true;
    pthread_cond_signal(&s->cond);
    pthread_mutex_unlock(&s->mutex);
}

/* The first calls shall find keys; an issuer that does not answer must not keep the daemon from starting. */
static void wait_for_first(struct issuer_set *s)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ISSUERS_WAIT_MS / 1000;
    pthread_mutex_lock(&s->mutex);
    while (!s->were_asked && pthread_cond_timedwait(&s->cond, &s->mutex, &until) == 0)
        ;
    pthread_mutex_unlock(&s->mutex);
}

static int start_fetching(struct issuer_set *s, struct buf *error)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->cond, &attr);
    pthread_condattr_destroy(&attr);
    int r = loop_thread_new(&s->loop);
    if (r == 0)
        r = jwks_new(s->loop.loop, s->issuers, s->limits, (struct post){on_first, s}, error, &s->jwks);
    if (r == 0)
        r = loop_thread_start(&s->loop, "issuers");
    if (r == 0)
        wait_for_first(s);
    return r;
}

int issuer_set_start(const struct config *c, const struct limits *l, struct buf *error, struct issuer_set *s)
{
    s->limits = l;
    if (c->n_issuers == 0)
        return 0;
    wall_t now = clock_system.wall(clock_system.ctx);
    struct jwk_set **keys;
    s->issuers = issuers_new(c, l, now);
    int r = issuers_read_files(s->issuers, c, error, &keys);
    if (r == 0)
        issuers_put_files(s->issuers, keys, now);
    if (r == 0 && has_urls(c))
        r = start_fetching(s, error);
    if (r < 0 && error->n == 0)
        (void)buf_printf(error, "cannot fetch the keys of token issuers: %s", err_text(r));
    return err_trace(r);
}

static void free_jwks(void *ctx) { jwks_free(ctx); }

void issuer_set_stop(struct issuer_set *s)
{
    if (s->jwks)
        loop_thread_call(&s->loop, free_jwks, s->jwks);
    loop_thread_stop(&s->loop);
    issuers_free(s->issuers);
}
