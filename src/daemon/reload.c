/*
 * daemon/reload.c - prepare all, then commit all.
 */
#include "daemon/reload.h"

#include "base/check.h"
#include "base/err.h"
#include "daemon/file_secrets.h"
#include "daemon/rates.h"
#include "proxy/rates.h"
#include "proxy/stats.h"

#include <stdlib.h>

#define WHY_BYTES_MAX 65536

struct reload {
    struct reload_options o;
    pthread_mutex_t turn;  /* held by the one reload that goes on, while it reads files too */
    pthread_mutex_t mutex; /* of what follows; never held for long */
    const struct config *config; /* in force */
    wall_t refused_at;           /* 0: the last one was not */
    struct buf why;
};

/* What is made of a new configuration and not in force yet. */
struct parts {
    const struct config *config;
    struct listener_tls tls;
    struct jwk_set **keys; /* NULL: there are no issuers */
    struct relations *relations;
    struct fx_table rates;
    struct file_secrets secrets;
};

struct reload *reload_new(const struct reload_options *o)
{
    struct reload *r = calloc(1, sizeof *r);
    check(r != NULL);
    r->o = *o;
    r->config = config_ref(o->config);
    pthread_mutex_init(&r->turn, NULL);
    pthread_mutex_init(&r->mutex, NULL);
    buf_init(&r->why, WHY_BYTES_MAX);
    return r;
}

void reload_free(struct reload *r)
{
    if (!r)
        return;
    config_unref(r->config);
    buf_deinit(&r->why);
    pthread_mutex_destroy(&r->turn);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}

/* --- one reload --------------------------------------------------------------------------------------------------- */

static int prepare(struct reload *r, struct buf *error, struct parts *p)
{
    int e = r->o.make(r->o.make_ctx, error, &p->config);
    if (e == 0)
        e = config_takes(r->config, p->config, error); /* only this thread changes it: it has the turn */
    if (e == 0)
        e = listener_tls_load(p->config, error, &p->tls);
    if (e == 0 && r->o.issuers)
        e = issuers_read_files(r->o.issuers, p->config, error, &p->keys);
    if (e == 0)
        e = relations_load(&p->config->relations, error, &p->relations);
    if (e == 0 && p->config->fx_table.n)
        e = rates_read(p->config, &p->rates, error);
    if (e == 0)
        e = file_secrets_read(r->o.vendors, p->config, error, &p->secrets);
    return e;
}

static void drop(struct reload *r, struct parts *p)
{
    file_secrets_drop(&p->secrets);
    relations_unref(p->relations);
    if (r->o.issuers)
        issuers_drop_files(r->o.issuers, p->keys);
    listener_tls_free(&p->tls);
    config_unref(p->config);
}

/* Takes all parts over. Nothing here can fail. */
static void commit(struct reload *r, struct parts *p)
{
    listener_tls_take(r->o.tls, &p->tls);
    if (r->o.issuers)
        issuers_put_files(r->o.issuers, p->keys, clock_system.wall(clock_system.ctx));
    remotes_put_relations(r->o.remotes, p->relations);
    rates_put(r->o.rates, p->config->fx_table.n ? &p->rates : NULL);
    file_secrets_put(r->o.vendors, &p->secrets);
    log_set_level(p->config->log_level);
    pthread_mutex_lock(&r->mutex);
    const struct config *before = r->config;
    r->config = p->config;
    pthread_mutex_unlock(&r->mutex);
    *p = (struct parts){.config = before, .secrets = p->secrets};
}

/* Each fault by itself: it holds words of the files. */
static void log_refusal(struct str why)
{
    char value[LOG_VALUE_BYTES];
    struct str fault;
    while (str_cut(why, '\n', &fault, &why))
        log_at(LOG_ERROR, "reload_failed", "error=%s", log_value(fault, value));
    log_at(LOG_ERROR, "reload_failed", "error=%s", log_value(why, value)); /* the last one has no end */
}

static void remember(struct reload *r, int e, const struct buf *error)
{
    pthread_mutex_lock(&r->mutex);
    buf_reset(&r->why);
    r->refused_at = e < 0 ? clock_system.wall(clock_system.ctx) : 0;
    if (e < 0)
        (void)buf_add(&r->why, buf_str(error)); /* cut short at worst */
    pthread_mutex_unlock(&r->mutex);
    stats_reloaded(r->o.stats, e == 0);
    if (e < 0)
        log_refusal(buf_str(error));
    else
        log_at(LOG_INFO, "reloaded", "vendors=%zu", r->config->n_vendors);
}

int reload_now(void *reload, struct buf *error)
{
    struct reload *r = reload;
    struct parts p = {.config = NULL};
    pthread_mutex_lock(&r->turn);
    int e = prepare(r, error, &p);
    if (e == 0)
        commit(r, &p);
    else if (error->n == 0)
        (void)buf_printf(error, "the configuration cannot be read again: %s", err_text(e));
    drop(r, &p);
    while (error->n && error->p[error->n - 1] == '\n')
        error->n--; /* lists of faults end in one */
    remember(r, e, error);
    pthread_mutex_unlock(&r->turn);
    return err_trace(e);
}

/* --- what is known of it ------------------------------------------------------------------------------------------ */

wall_t reload_refused(void *reload, struct buf *why)
{
    struct reload *r = reload;
    pthread_mutex_lock(&r->mutex);
    wall_t at = r->refused_at;
    (void)buf_add(why, buf_str(&r->why)); /* noted in the buf */
    pthread_mutex_unlock(&r->mutex);
    return at;
}

int reload_config_json(void *reload, struct buf *out)
{
    struct reload *r = reload;
    pthread_mutex_lock(&r->mutex);
    const struct config *c = config_ref(r->config);
    pthread_mutex_unlock(&r->mutex);
    int e = config_json(c, out);
    config_unref(c);
    return err_trace(e);
}
