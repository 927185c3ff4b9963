/*
 * config/show_remotes.c - `relations:` and `sources:` as they are in force, for `config show`.
 */
#include "config/show_impl.h"

#include <stdio.h>

/* --- as flyball.yaml ---------------------------------------------------------------------------------------------- */

static void text_remote(struct buf *out, const struct config_remote *r)
{
    text_str_if("url", r->url, out);
    text_str_if("secret", r->secret, out);
    text_str_if("ca_file", r->ca_file, out);
    buf_printf(out, "    timeout: %lldms\n    cache: %lldms\n    concurrent: %lld\n", (long long)r->timeout_ms,
               (long long)r->cache_ms, (long long)r->concurrent);
    if (r->url.n)
        buf_printf(out, "    private: %s\n    insecure: %s\n", r->is_private ? "true" : "false",
                   r->is_insecure ? "true" : "false");
}

static void text_relations(const struct config *c, bool with_origin, struct buf *out)
{
    const struct config_relations *r = &c->relations;
    if (r->model_file.n || r->openfga.url.n)
        buf_add(out, STR("relations:\n"));
    if (r->model_file.n) {
        text_entry(c, STR("embedded"), r->embedded_line, with_origin, out);
        text_str_if("model", r->model_file, out);
        text_str_if("tuples", r->tuples_file, out);
    }
    if (r->openfga.url.n) {
        text_entry(c, STR("openfga"), r->openfga.line, with_origin, out);
        text_remote(out, &r->openfga);
        text_str_if("store", r->openfga.store, out);
        text_str_if("model", r->openfga.model, out);
    }
}

void text_remotes(const struct config *c, bool with_origin, struct buf *out)
{
    text_relations(c, with_origin, out);
    if (c->n_live_sources)
        buf_add(out, STR("sources:\n"));
    for (size_t i = 0; i < c->n_live_sources; i++) {
        const struct config_remote *s = &c->live_sources[i];
        text_entry(c, s->name, s->line, with_origin, out);
        text_remote(out, s);
        text_str_if("allow_when", s->allow_when, out);
        text_str_if("postgres", s->postgres, out);
        text_str_if("sql", s->sql, out);
    }
}

/* --- as JSON ------------------------------------------------------------------------------------------------------ */

static void json_ms(struct shown *s, const char *suffix, int64_t ms)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%lldms", (long long)ms);
    shown_str(s, suffix, (struct str){text, (size_t)n});
}

static void json_remote(struct shown *s, const struct config_remote *r)
{
    shown_str(s, ".url", r->url);
    shown_str(s, ".secret", r->secret);
    shown_str(s, ".ca_file", r->ca_file);
    json_ms(s, ".timeout", r->timeout_ms);
    json_ms(s, ".cache", r->cache_ms);
    shown_i64(s, ".concurrent", r->concurrent);
    shown_bool(s, ".private", r->is_private);
    shown_bool(s, ".insecure", r->is_insecure);
}

void json_remotes(struct json_writer *w, const struct config *c)
{
    const struct config_relations *r = &c->relations;
    struct shown s;
    if (r->model_file.n) {
        shown_begin(&s, w, c, "relations.", STR("embedded"), r->embedded_line);
        shown_str(&s, ".model", r->model_file);
        shown_str(&s, ".tuples", r->tuples_file);
    }
    if (r->openfga.url.n) {
        shown_begin(&s, w, c, "relations.", STR("openfga"), r->openfga.line);
        json_remote(&s, &r->openfga);
        shown_str(&s, ".store", r->openfga.store);
        shown_str(&s, ".model", r->openfga.model);
    }
    for (size_t i = 0; i < c->n_live_sources; i++) {
        const struct config_remote *x = &c->live_sources[i];
        shown_begin(&s, w, c, "sources.", x->name, x->line);
        json_remote(&s, x);
        shown_str(&s, ".allow_when", x->allow_when);
        shown_str(&s, ".postgres", x->postgres);
        shown_str(&s, ".sql", x->sql);
    }
}
