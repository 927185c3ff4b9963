/*
 * export/export.c - all targets together.
 */
#include "export/export.h"

#include <stdlib.h>

#include "base/err.h"
#include "export/target_impl.h"

#define NAMES_BYTES_MAX 65536

struct str export_state_text(enum export_state s)
{
    return s == EXPORT_STARTING ? STR("starting") : s == EXPORT_OK ? STR("ok") : STR("failing");
}

static struct str mark_name(struct exports *x, struct str target, const char *what)
{
    return arena_printf(&x->arena, "otlp/" STR_FMT "/%s", STR_ARG(target), what);
}

static void start_all(void *ctx)
{
    struct exports *x = ctx;
    for (size_t i = 0; i < x->n; i++)
        target_start(&x->targets[i]);
}

int exports_new(const struct exports_options *o, struct exports **ret)
{
    struct exports *x = calloc(1, sizeof *x);
    if (!x)
        return err_trace(-ERR_NOMEM);
    *x = (struct exports){.loop = o->loop, .feed = o->feed, .limits = o->limits, .rng = o->rng, .n = o->n_targets};
    x->resource.version = o->version;
    arena_init(&x->arena, NAMES_BYTES_MAX);
    x->targets = calloc(o->n_targets + 1, sizeof *x->targets);
    int r = x->targets ? http_pool_new(o->loop, o->limits, &x->pool) : err_trace(-ERR_NOMEM);
    if (r < 0) {
        free(x->targets);
        free(x);
        return r;
    }
    for (size_t i = 0; i < x->n; i++) {
        target_init(&x->targets[i], x, &o->targets[i]);
        x->targets[i].mark_calls = mark_name(x, o->targets[i].name, "calls");
        x->targets[i].mark_runs = mark_name(x, o->targets[i].name, "runs");
    }
    loop_post(x->loop, (struct post){start_all, x});
    *ret = x;
    return 0;
}

void exports_stop(struct exports *x)
{
    x->is_stopping = true;
    for (size_t i = 0; i < x->n; i++)
        target_stop(&x->targets[i]);
    http_pool_free(x->pool);
    x->pool = NULL;
}

void exports_free(struct exports *x)
{
    if (!x)
        return;
    for (size_t i = 0; i < x->n; i++)
        target_deinit(&x->targets[i]);
    arena_deinit(&x->arena);
    free(x->targets);
    free(x);
}

size_t exports_n(const struct exports *x) { return x ? x->n : 0; }

struct str exports_name(const struct exports *x, size_t i) { return x->targets[i].t->name; }

void exports_status(struct exports *x, size_t i, struct export_status *ret)
{
    struct target *g = &x->targets[i];
    pthread_mutex_lock(&g->lock);
    *ret = g->shown;
    pthread_mutex_unlock(&g->lock);
}
