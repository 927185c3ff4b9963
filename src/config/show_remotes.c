/*
 * config/show_remotes.c - `relations:` and `sources:` as they are in force, for `config show`.
 */
#include "config/show_impl.h"

#include "codec/json_write.h"

static void put(struct buf *out, const char *key, struct str value)
{
    if (!value.n)
        return;
    buf_printf(out, "    %s: ", key);
    json_quote(out, value);
    buf_add(out, STR("\n"));
}

static void put_remote(struct buf *out, const struct config_remote *r)
{
    put(out, "url", r->url);
    put(out, "secret", r->secret);
    put(out, "ca_file", r->ca_file);
    buf_printf(out, "    timeout: %lldms\n    cache: %lldms\n    concurrent: %lld\n", (long long)r->timeout_ms,
               (long long)r->cache_ms, (long long)r->concurrent);
    if (r->url.n)
        buf_printf(out, "    private: %s\n    insecure: %s\n", r->is_private ? "true" : "false",
                   r->is_insecure ? "true" : "false");
}

void text_remotes(const struct config *c, struct buf *out)
{
    const struct config_relations *r = &c->relations;
    if (r->model_file.n || r->openfga.url.n)
        buf_add(out, STR("relations:\n"));
    if (r->model_file.n) {
        buf_add(out, STR("  embedded:\n"));
        put(out, "model", r->model_file);
        put(out, "tuples", r->tuples_file);
    }
    if (r->openfga.url.n) {
        buf_add(out, STR("  openfga:\n"));
        put_remote(out, &r->openfga);
        put(out, "store", r->openfga.store);
        put(out, "model", r->openfga.model);
    }
    if (c->n_live_sources)
        buf_add(out, STR("sources:\n"));
    for (size_t i = 0; i < c->n_live_sources; i++) {
        const struct config_remote *s = &c->live_sources[i];
        buf_printf(out, "  " STR_FMT ":\n", STR_ARG(s->name));
        put_remote(out, s);
        put(out, "allow_when", s->allow_when);
        put(out, "postgres", s->postgres);
        put(out, "sql", s->sql);
    }
}
