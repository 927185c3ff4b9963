/*
 * daemon/remotes.c - makes struct remotes.
 */
#include "daemon/remotes.h"

#include "base/err.h"
#include "io/files.h"
#include "io/whole_file.h"
#include "proxy/allow.h"
#include "sql/sql.h"
#include "crypto/hash.h"
#include "tls/client.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX (4u << 20)
#define MODEL_BYTES_MAX (1u << 20)
#define TUPLES_BYTES_MAX (64u << 20)

/* --- relations on file -------------------------------------------------------------------------------------------- */

static int read_file(struct str path, size_t max, struct buf *text, struct buf *error)
{
    int r = io_read_file(io_system(), path, max, text);
    if (r < 0)
        buf_printf(error, "relations.embedded: cannot read " STR_FMT ": %s", STR_ARG(path), err_text(r));
    return r;
}

int relations_load(const struct config_relations *c, struct buf *error, struct relations **ret)
{
    struct arena a;
    struct diag_list diags;
    struct buf model, tuples;
    if (!c->model_file.n) {
        *ret = NULL;
        return 0;
    }
    arena_init(&a, 1u << 20);
    diag_list_init(&diags, &a, 20);
    buf_init(&model, MODEL_BYTES_MAX);
    buf_init(&tuples, TUPLES_BYTES_MAX);
    int r = read_file(c->model_file, MODEL_BYTES_MAX, &model, error);
    if (r == 0)
        r = read_file(c->tuples_file, TUPLES_BYTES_MAX, &tuples, error);
    if (r == 0) {
        r = relations_parse(buf_str(&model), c->model_file, buf_str(&tuples), c->tuples_file, &diags, ret);
        if (r < 0)
            (void)diag_list_text(&diags, error);
    }
    buf_deinit(&model);
    buf_deinit(&tuples);
    arena_deinit(&a);
    return err_trace(r);
}

/* --- one remote --------------------------------------------------------------------------------------------------- */

static int load_tls(struct remote_set *s, const struct config_remote *c, struct buf *error, struct remote *r)
{
    int err = s->sessions ? 0 : tls_sessions_new(&s->sessions);
    return err == 0 ? tls_client_new(c->ca_file, s->sessions, error, &r->target.tls) : err;
}

static int load_condition(struct remote_set *s, const struct config_remote *c, struct buf *error, struct remote *r)
{
    struct str text = c->allow_when.n ? c->allow_when : STR("status == 200");
    struct expr_fault fault;
    struct expr *e;
    int err = allow_compile(text, &s->arena, &e, &fault);
    if (err == -ERR_INVALID)
        buf_printf(error, "sources." STR_FMT ".allow_when: " STR_FMT, STR_ARG(c->name), STR_ARG(fault.message));
    else if (err == 0)
        r->allow_when = e;
    return err;
}

static int load_sql(const struct config_remote *c, struct buf *error, struct remote *r)
{
    struct secret *conninfo;
    int err = secret_load(c->postgres, error, &conninfo);
    if (err < 0)
        return err;
    struct str s = secret_reveal(conninfo);
    char *text = strndup(s.p, s.n), *sql = strndup(c->sql.p, c->sql.n);
    struct sql_options o = {.conninfo = text,
                            .sql = sql,
                            .timeout_ms = c->timeout_ms,
                            .n_connections = (size_t)c->concurrent,
                            .waiting_max = (size_t)c->concurrent * REMOTE_WAITING_FACTOR};
    err = text && sql ? sql_pool_new(&o, &r->sql) : -ERR_NOMEM;
    if (err == -ERR_NOT_FOUND || err == -ERR_UNSUPPORTED)
        buf_printf(error, "sources." STR_FMT ": libpq.so.5 cannot be opened; install it (Debian: libpq5)",
                   STR_ARG(c->name));
    if (text)
        bytes_wipe(text, s.n);
    free(text);
    free(sql);
    secret_free(conninfo);
    return err;
}

static int load_remote(struct remote_set *s, const struct config_remote *c, struct buf *error, struct remote *r)
{
    int err = 0;
    *r = (struct remote){
        .name = c->name.n ? c->name : STR("openfga"),
        .target = {.host = c->host, .port = c->port, .allows_private = c->is_private},
        .path = c->path,
        .timeout_ms = c->timeout_ms,
        .concurrent = (size_t)c->concurrent,
        .store = c->store,
        .model = c->model,
    };
    if (c->cache_ms && !(r->cache = lookup_cache_new(c->cache_ms)))
        err = -ERR_NOMEM;
    if (err == 0 && c->is_tls)
        err = load_tls(s, c, error, r);
    if (err == 0 && c->secret.n)
        err = secret_load(c->secret, error, &r->token);
    if (err == 0)
        err = c->postgres.n ? load_sql(c, error, r) : load_condition(s, c, error, r);
    return err_trace(err);
}

static void wipe_secrets(const struct config *c)
{
    secret_env_wipe(c->relations.openfga.secret);
    for (size_t i = 0; i < c->n_live_sources; i++) {
        secret_env_wipe(c->live_sources[i].secret);
        secret_env_wipe(c->live_sources[i].postgres);
    }
}

int remote_set_load(const struct config *c, struct buf *error, struct remote_set *ret)
{
    struct remotes *all = &ret->remotes;
    struct relations *relations;
    int r = 0;
    memset(ret, 0, sizeof(*ret));
    ret->is_loaded = true;
    arena_init(&ret->arena, ARENA_BYTES_MAX);
    pthread_mutex_init(&all->mutex, NULL);
    all->items = arena_alloc(&ret->arena, (c->n_live_sources + 1) * sizeof(*all->items));
    for (size_t i = 0; i < c->n_live_sources && r == 0; i++) {
        all->n_sources = all->n = i + 1;
        r = load_remote(ret, &c->live_sources[i], error, &all->items[i]);
    }
    if (r == 0 && c->relations.openfga.url.n) {
        all->openfga = &all->items[all->n++];
        r = load_remote(ret, &c->relations.openfga, error, all->openfga);
    }
    wipe_secrets(c);
    if (r == 0)
        r = relations_load(&c->relations, error, &relations);
    if (r == 0)
        remotes_put_relations(all, relations);
    return err_trace(r);
}

void remote_set_stop(struct remote_set *s)
{
    for (size_t i = 0; i < s->remotes.n; i++) {
        sql_pool_free(s->remotes.items[i].sql);
        s->remotes.items[i].sql = NULL;
    }
}

void remote_set_free(struct remote_set *s)
{
    if (!s->is_loaded)
        return;
    remote_set_stop(s);
    for (size_t i = 0; i < s->remotes.n; i++) {
        struct remote *r = &s->remotes.items[i];
        lookup_cache_free(r->cache);
        tls_client_free(r->target.tls);
        secret_free(r->token);
    }
    remotes_put_relations(&s->remotes, NULL);
    tls_sessions_free(s->sessions);
    pthread_mutex_destroy(&s->remotes.mutex);
    arena_deinit(&s->arena);
}
