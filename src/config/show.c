/*
 * config/show.c - the config in force, and where each value came from.
 */
#include "config/show_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "codec/json_write.h"

/* "flyball.yaml:3", "FLYBALL_DIR", "--dir", "default". `env` and `flag` name the ways that are not the file. */
static struct str origin_text(const struct config *c, const struct config_source *s, struct str env, struct str flag,
                              char out[512])
{
    switch (s->origin) {
    case CONFIG_FILE: {
        int n = snprintf(out, 512, "%.*s:%d", (int)(c->store->file.n < 480 ? c->store->file.n : 480), c->store->file.p,
                         s->line);
        return (struct str){out, (size_t)n};
    }
    case CONFIG_ENV:
        return env;
    case CONFIG_FLAG:
        return flag;
    default:
        return STR("default");
    }
}

static struct str limit_env(struct str name, char out[96])
{
    int n = snprintf(out, 96, "FLYBALL_LIMITS_%.*s", (int)name.n, name.p);
    for (int i = 0; i < n; i++)
        if (out[i] >= 'a' && out[i] <= 'z')
            out[i] = (char)(out[i] - ('a' - 'A'));
    return (struct str){out, (size_t)n};
}

static int64_t limit_value(const struct config *c, const struct limit_info *info)
{
    int64_t value;
    memcpy(&value, (const char *)&c->limits + info->offset, sizeof value);
    return value;
}

/* The value of a setting as JSON. */
static void put_value(const struct config *c, const struct setting_info *s, struct buf *out)
{
    const char *at = (const char *)c + s->at;
    switch (s->type) {
    case TYPE_SWITCH:
        buf_add(out, *(const bool *)(const void *)at ? STR("true") : STR("false"));
        break;
    case TYPE_WORKERS:
        buf_printf(out, "%lld", (long long)*(const int64_t *)(const void *)at);
        break;
    case TYPE_LEVEL:
    case TYPE_BOUND:
        json_quote(out, setting_words(s->type).items[*(const int *)(const void *)at]);
        break;
    default:
        json_quote(out, *(const struct str *)(const void *)at);
    }
}

static bool is_set(const struct config *c, const struct setting_info *s)
{
    const struct str *text = (const void *)((const char *)c + s->at);
    return (s->type != TYPE_PATH && s->type != TYPE_ADDR) || text->n > 0;
}

/* --- as flyball.yaml ---------------------------------------------------------------------------------------------- */

static void end_line(struct buf *out, bool with_origin, struct str origin)
{
    if (with_origin) {
        buf_add(out, STR("  # "));
        buf_add(out, origin);
    }
    buf_add_byte(out, '\n');
}

static void text_settings(const struct config *c, bool with_origin, struct buf *out)
{
    struct str section = STR_NONE;
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *s = &setting_infos[i];
        struct str key, own = setting_section(s->path, &key);
        char origin[512];
        if (!is_set(c, s))
            continue;
        for (size_t k = sections_shared(section, own); k < section_depth(own); k++)
            buf_printf(out, "%*s" STR_FMT ":\n", (int)k * 2, "", STR_ARG(section_part(own, k)));
        section = own;
        buf_printf(out, "%*s" STR_FMT ": ", (int)section_depth(own) * 2, "", STR_ARG(key));
        put_value(c, s, out);
        end_line(out, with_origin, origin_text(c, &c->sources[i], s->env, s->flag, origin));
    }
}

void text_entry(const struct config *c, struct str name, int line, bool with_origin, struct buf *out)
{
    struct config_source s = {.origin = CONFIG_FILE, .line = line};
    char origin[512];
    buf_printf(out, "  " STR_FMT ":", STR_ARG(name));
    end_line(out, with_origin, origin_text(c, &s, STR_NONE, STR_NONE, origin));
}

static void text_str(const char *key, struct str value, struct buf *out)
{
    buf_printf(out, "    %s: ", key);
    json_quote(out, value);
    buf_add_byte(out, '\n');
}

void text_str_if(const char *key, struct str value, struct buf *out)
{
    if (value.n)
        text_str(key, value, out);
}

static void put_additions(const struct config_vendor *v, struct buf *out)
{
    if (v->additions != ADDITIONS_LISTED) {
        buf_add(out, v->additions == ADDITIONS_ALL ? STR("true") : STR("false"));
        return;
    }
    for (size_t i = 0; i < v->n_additions_listed; i++) {
        buf_add(out, i ? STR(",") : STR("["));
        json_quote(out, v->additions_listed[i]);
    }
    buf_add_byte(out, ']');
}

/* Those in force: the vendor's own, or the limits'. As JSON, which is YAML. */
static void put_timeouts(const struct config *c, const struct config_vendor *v, struct buf *out)
{
    struct config_timeouts t = config_vendor_timeouts(c, v);
    buf_printf(out, "{\"connect_ms\": %lld, \"first_byte_ms\": %lld, \"idle_ms\": %lld}", (long long)t.connect_ms,
               (long long)t.first_byte_ms, (long long)t.idle_ms);
}

static void text_vendor(const struct config *c, const struct config_vendor *v, bool with_origin, struct buf *out)
{
    text_entry(c, v->name, v->line, with_origin, out);
    text_str("connector", v->connector, out);
    text_str("base_url", v->base_url, out);
    text_str_if("ca_file", v->ca_file, out);
    text_str_if("prices", v->prices, out);
    text_str("secret", v->secret, out);
    text_str_if("mode", v->mode, out);
    buf_add(out, STR("    additions: "));
    put_additions(v, out);
    buf_printf(out, "\n    insecure: %s\n    private: %s\n    poll: %s\n    forward_run_id: %s\n",
               v->is_insecure ? "true" : "false", v->is_private ? "true" : "false", v->polls ? "true" : "false",
               v->forwards_run_id ? "true" : "false");
    buf_add(out, STR("    timeouts: "));
    put_timeouts(c, v, out);
    buf_add_byte(out, '\n');
}

/* {"authorization": "env:NAME"}: references, never what they lead to. As JSON, which is YAML. */
static void put_headers(const struct config_export *x, struct buf *out)
{
    buf_add_byte(out, '{');
    for (size_t i = 0; i < x->n_headers; i++) {
        buf_add(out, i ? STR(", ") : STR(""));
        json_quote(out, x->headers[i].name);
        buf_add(out, STR(": "));
        json_quote(out, x->headers[i].value);
    }
    buf_add_byte(out, '}');
}

static void text_export(const struct config *c, const struct config_export *x, bool with_origin, struct buf *out)
{
    text_entry(c, x->name, x->line, with_origin, out);
    text_str("otlp", x->url, out);
    text_str("protocol", x->is_json ? STR("http/json") : STR("http/protobuf"), out);
    text_str("compression", x->is_plain ? STR("none") : STR("gzip"), out);
    text_str_if("semconv", x->semconv, out);
    text_str_if("ca_file", x->ca_file, out);
    text_str("from", x->is_from_start ? STR("start") : STR("now"), out);
    buf_printf(out, "    personal: %s\n    session_id: %s\n    insecure: %s\n    private: %s\n    headers: ",
               x->has_personal ? "true" : "false", x->has_session ? "true" : "false",
               x->is_insecure ? "true" : "false", x->is_private ? "true" : "false");
    put_headers(x, out);
    buf_add_byte(out, '\n');
}

static void text_list(const char *key, const struct str *items, size_t n, struct buf *out)
{
    buf_printf(out, "    %s: [", key);
    for (size_t i = 0; i < n; i++) {
        buf_add(out, i ? STR(",") : STR(""));
        json_quote(out, items[i]);
    }
    buf_add(out, STR("]\n"));
}

static void put_claims(const struct config_issuer *i, struct buf *out)
{
    const struct {
        const char *key;
        struct str claim;
    } claims[] = {{"user", i->claim_user}, {"tenant", i->claim_tenant}, {"customer", i->claim_customer},
                  {"agent", i->claim_agent}};
    const char *comma = "";
    buf_add_byte(out, '{');
    for (size_t k = 0; k < sizeof claims / sizeof claims[0]; k++) {
        if (!claims[k].claim.n)
            continue;
        buf_printf(out, "%s\"%s\": ", comma, claims[k].key);
        json_quote(out, claims[k].claim);
        comma = ", ";
    }
    buf_add_byte(out, '}');
}

static void text_issuer(const struct config *c, const struct config_issuer *i, bool with_origin, struct buf *out)
{
    char age[DURATION_TEXT_BYTES];
    text_entry(c, i->name, i->line, with_origin, out);
    text_str("issuer", i->issuer, out);
    text_str("audience", i->audience, out);
    text_str("jwks", i->jwks.text, out);
    text_str_if("ca_file", i->ca_file, out);
    text_list("algorithms", i->algorithms, i->n_algorithms, out);
    text_str("typ", i->typ, out);
    buf_add(out, STR("    claims: "));
    put_claims(i, out);
    buf_printf(out, "\n    max_age: " STR_FMT "\n    single_use: %s\n    private: %s\n    insecure: %s\n",
               STR_ARG(duration_text(i->age_s_max * NS_PER_S, age)), i->is_single_use ? "true" : "false",
               i->is_private ? "true" : "false", i->is_insecure ? "true" : "false");
    text_list("customers_of", i->customers_of, i->n_customers_of, out);
}

/* Of `approvals`, where persons are asked; else of `notices`. */
static void text_approval(const struct config *c, const struct config_approval *x, bool is_asked, bool with_origin,
                          struct buf *out)
{
    text_entry(c, x->name, x->line, with_origin, out);
    text_str("webhook", x->webhook, out);
    text_str("secret", x->secret, out);
    text_str_if("page", x->page, out);
    text_str_if("link", x->link, out);
    text_str_if("ca_file", x->ca_file, out);
    if (is_asked)
        buf_printf(out, "    personal: %s\n", x->has_personal ? "true" : "false");
    buf_printf(out, "    private: %s\n    insecure: %s\n", x->is_private ? "true" : "false",
               x->is_insecure ? "true" : "false");
}

static void text_oidc(const struct config *c, bool with_origin, struct buf *out)
{
    const struct config_oidc *o = &c->oidc;
    if (!o->issuer.n)
        return;
    buf_add(out, STR("people:\n"));
    text_entry(c, STR("oidc"), o->line, with_origin, out);
    text_str("issuer", o->issuer, out);
    text_str("client_id", o->client_id, out);
    text_str_if("client_secret", o->client_secret, out);
    text_list("scopes", o->scopes, o->n_scopes, out);
    text_str("claim", o->claim, out);
    text_str("label", o->label, out);
    text_str_if("url", o->url, out);
    text_str_if("ca_file", o->ca_file, out);
    buf_printf(out, "    private: %s\n    insecure: %s\n", o->is_private ? "true" : "false",
               o->is_insecure ? "true" : "false");
}

int config_text(const struct config *c, bool with_origin, struct buf *out)
{
    size_t n;
    const struct limit_info *limits = limits_table(&n);
    text_settings(c, with_origin, out);
    if (c->n_vendors)
        buf_add(out, STR("vendors:\n"));
    for (size_t i = 0; i < c->n_vendors; i++)
        text_vendor(c, &c->vendors[i], with_origin, out);
    if (c->n_issuers)
        buf_add(out, STR("issuers:\n"));
    for (size_t i = 0; i < c->n_issuers; i++)
        text_issuer(c, &c->issuers[i], with_origin, out);
    if (c->n_exports)
        buf_add(out, STR("exports:\n"));
    for (size_t i = 0; i < c->n_exports; i++)
        text_export(c, &c->exports[i], with_origin, out);
    if (c->n_approvals)
        buf_add(out, STR("approvals:\n"));
    for (size_t i = 0; i < c->n_approvals; i++)
        text_approval(c, &c->approvals[i], true, with_origin, out);
    if (c->n_notices)
        buf_add(out, STR("notices:\n"));
    for (size_t i = 0; i < c->n_notices; i++)
        text_approval(c, &c->notices[i], false, with_origin, out);
    text_oidc(c, with_origin, out);
    text_remotes(c, with_origin, out);
    buf_add(out, STR("limits:\n"));
    for (size_t i = 0; i < n; i++) {
        char origin[512], env[96];
        buf_printf(out, "  " STR_FMT ": %lld", STR_ARG(limits[i].name), (long long)limit_value(c, &limits[i]));
        end_line(out, with_origin,
                 origin_text(c, &c->sources[SETTING_COUNT + i], limit_env(limits[i].name, env), STR_NONE, origin));
    }
    return buf_ok(out);
}

/* --- as JSON ------------------------------------------------------------------------------------------------------ */

/* The entry's value was just written by jw_put_*("value"). */
static void json_origin(struct json_writer *w, struct str origin)
{
    jw_put_str(w, STR("origin"), origin);
    jw_object_end(w);
}

static void json_entry(struct json_writer *w, const char *prefix, struct str name, const char *suffix)
{
    char key[256];
    int n = snprintf(key, sizeof key, "%s%.*s%s", prefix, (int)name.n, name.p, suffix);
    jw_key(w, (struct str){key, (size_t)n < sizeof key ? (size_t)n : sizeof key - 1});
    jw_object(w);
}

void shown_begin(struct shown *s, struct json_writer *w, const struct config *c, const char *prefix, struct str name,
                 int line)
{
    struct config_source source = {.origin = CONFIG_FILE, .line = line};
    *s = (struct shown){.w = w, .prefix = prefix, .name = name};
    s->origin = origin_text(c, &source, STR_NONE, STR_NONE, s->text);
}

void shown_str(struct shown *s, const char *suffix, struct str value)
{
    json_entry(s->w, s->prefix, s->name, suffix);
    jw_put_str_or_null(s->w, STR("value"), value);
    json_origin(s->w, s->origin);
}

void shown_bool(struct shown *s, const char *suffix, bool value)
{
    json_entry(s->w, s->prefix, s->name, suffix);
    jw_put_bool(s->w, STR("value"), value);
    json_origin(s->w, s->origin);
}

void shown_i64(struct shown *s, const char *suffix, int64_t value)
{
    json_entry(s->w, s->prefix, s->name, suffix);
    jw_put_i64(s->w, STR("value"), value);
    json_origin(s->w, s->origin);
}

static void shown_raw(struct shown *s, const char *suffix, struct buf *json)
{
    json_entry(s->w, s->prefix, s->name, suffix);
    jw_put_raw(s->w, STR("value"), buf_str(json));
    json_origin(s->w, s->origin);
    buf_reset(json);
}

static void shown_list(struct shown *s, const char *suffix, const struct str *items, size_t n)
{
    json_entry(s->w, s->prefix, s->name, suffix);
    jw_key(s->w, STR("value"));
    jw_array(s->w);
    for (size_t i = 0; i < n; i++)
        jw_str(s->w, items[i]);
    jw_array_end(s->w);
    json_origin(s->w, s->origin);
}

static void json_vendor(struct json_writer *w, const struct config *c, const struct config_vendor *v)
{
    struct shown s;
    struct buf value;
    shown_begin(&s, w, c, "vendors.", v->name, v->line);
    shown_str(&s, ".connector", v->connector);
    shown_str(&s, ".base_url", v->base_url);
    shown_str(&s, ".ca_file", v->ca_file);
    shown_str(&s, ".secret", v->secret);
    shown_str(&s, ".mode", v->mode);
    shown_str(&s, ".prices", v->prices);
    shown_bool(&s, ".insecure", v->is_insecure);
    shown_bool(&s, ".private", v->is_private);
    shown_bool(&s, ".poll", v->polls);
    shown_bool(&s, ".forward_run_id", v->forwards_run_id);
    buf_init(&value, 4096);
    put_additions(v, &value);
    shown_raw(&s, ".additions", &value);
    put_timeouts(c, v, &value);
    shown_raw(&s, ".timeouts", &value);
    buf_deinit(&value);
}

static void json_export(struct json_writer *w, const struct config *c, const struct config_export *x)
{
    struct shown s;
    struct buf value;
    shown_begin(&s, w, c, "exports.", x->name, x->line);
    shown_str(&s, ".otlp", x->url);
    shown_str(&s, ".protocol", x->is_json ? STR("http/json") : STR("http/protobuf"));
    shown_str(&s, ".compression", x->is_plain ? STR("none") : STR("gzip"));
    shown_str(&s, ".semconv", x->semconv);
    shown_str(&s, ".ca_file", x->ca_file);
    shown_str(&s, ".from", x->is_from_start ? STR("start") : STR("now"));
    shown_bool(&s, ".personal", x->has_personal);
    shown_bool(&s, ".session_id", x->has_session);
    shown_bool(&s, ".insecure", x->is_insecure);
    shown_bool(&s, ".private", x->is_private);
    buf_init(&value, 1u << 18);
    put_headers(x, &value);
    shown_raw(&s, ".headers", &value);
    buf_deinit(&value);
}

static void json_issuer(struct json_writer *w, const struct config *c, const struct config_issuer *i)
{
    struct shown s;
    struct buf claims;
    char age[DURATION_TEXT_BYTES];
    shown_begin(&s, w, c, "issuers.", i->name, i->line);
    shown_str(&s, ".issuer", i->issuer);
    shown_str(&s, ".audience", i->audience);
    shown_str(&s, ".jwks", i->jwks.text);
    shown_str(&s, ".typ", i->typ);
    shown_str(&s, ".ca_file", i->ca_file);
    shown_list(&s, ".algorithms", i->algorithms, i->n_algorithms);
    shown_str(&s, ".max_age", duration_text(i->age_s_max * NS_PER_S, age));
    shown_bool(&s, ".single_use", i->is_single_use);
    shown_bool(&s, ".private", i->is_private);
    shown_bool(&s, ".insecure", i->is_insecure);
    shown_list(&s, ".customers_of", i->customers_of, i->n_customers_of);
    buf_init(&claims, 4096);
    put_claims(i, &claims);
    shown_raw(&s, ".claims", &claims);
    buf_deinit(&claims);
}

static void json_approval(struct json_writer *w, const struct config *c, const struct config_approval *x, bool is_asked)
{
    struct shown s;
    shown_begin(&s, w, c, is_asked ? "approvals." : "notices.", x->name, x->line);
    shown_str(&s, ".webhook", x->webhook);
    shown_str(&s, ".secret", x->secret);
    if (is_asked) {
        shown_str(&s, ".page", x->page);
        shown_str(&s, ".link", x->link);
        shown_bool(&s, ".personal", x->has_personal);
    }
    shown_str(&s, ".ca_file", x->ca_file);
    shown_bool(&s, ".private", x->is_private);
    shown_bool(&s, ".insecure", x->is_insecure);
}

static void json_oidc(struct json_writer *w, const struct config *c)
{
    const struct config_oidc *o = &c->oidc;
    struct shown s;
    if (!o->issuer.n)
        return;
    shown_begin(&s, w, c, "people.", STR("oidc"), o->line);
    shown_str(&s, ".issuer", o->issuer);
    shown_str(&s, ".client_id", o->client_id);
    shown_str(&s, ".client_secret", o->client_secret);
    shown_list(&s, ".scopes", o->scopes, o->n_scopes);
    shown_str(&s, ".claim", o->claim);
    shown_str(&s, ".label", o->label);
    shown_str(&s, ".url", o->url);
    shown_str(&s, ".ca_file", o->ca_file);
    shown_bool(&s, ".private", o->is_private);
    shown_bool(&s, ".insecure", o->is_insecure);
}

static void json_settings(struct json_writer *w, const struct config *c)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *s = &setting_infos[i];
        char origin[512];
        struct buf value;
        buf_init(&value, 65536);
        if (is_set(c, s))
            put_value(c, s, &value);
        else
            buf_add(&value, STR("null"));
        json_entry(w, "", s->path, "");
        jw_put_raw(w, STR("value"), buf_str(&value));
        json_origin(w, origin_text(c, &c->sources[i], s->env, s->flag, origin));
        buf_deinit(&value);
    }
}

int config_json(const struct config *c, struct buf *out)
{
    struct json_writer w;
    size_t n;
    const struct limit_info *limits = limits_table(&n);
    jw_init(&w, out);
    jw_object(&w);
    json_settings(&w, c);
    for (size_t i = 0; i < c->n_vendors; i++)
        json_vendor(&w, c, &c->vendors[i]);
    for (size_t i = 0; i < c->n_issuers; i++)
        json_issuer(&w, c, &c->issuers[i]);
    for (size_t i = 0; i < c->n_exports; i++)
        json_export(&w, c, &c->exports[i]);
    for (size_t i = 0; i < c->n_approvals; i++)
        json_approval(&w, c, &c->approvals[i], true);
    for (size_t i = 0; i < c->n_notices; i++)
        json_approval(&w, c, &c->notices[i], false);
    json_oidc(&w, c);
    json_remotes(&w, c);
    for (size_t i = 0; i < n; i++) {
        char origin[512], env[96];
        json_entry(&w, "limits.", limits[i].name, "");
        jw_put_i64(&w, STR("value"), limit_value(c, &limits[i]));
        const struct config_source *s = &c->sources[SETTING_COUNT + i];
        json_origin(&w, origin_text(c, s, limit_env(limits[i].name, env), STR_NONE, origin));
    }
    jw_object_end(&w);
    jw_end(&w);
    return buf_ok(out);
}
