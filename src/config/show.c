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

static void text_str(const char *key, struct str value, struct buf *out)
{
    buf_printf(out, "    %s: ", key);
    json_quote(out, value);
    buf_add_byte(out, '\n');
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
    struct config_source s = {.origin = CONFIG_FILE, .line = v->line};
    char origin[512];
    buf_printf(out, "  " STR_FMT ":", STR_ARG(v->name));
    end_line(out, with_origin, origin_text(c, &s, STR_NONE, STR_NONE, origin));
    text_str("connector", v->connector, out);
    text_str("base_url", v->base_url, out);
    if (v->ca_file.n)
        text_str("ca_file", v->ca_file, out);
    if (v->prices.n)
        text_str("prices", v->prices, out);
    text_str("secret", v->secret, out);
    if (v->mode.n)
        text_str("mode", v->mode, out);
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
    struct config_source s = {.origin = CONFIG_FILE, .line = x->line};
    char origin[512];
    buf_printf(out, "  " STR_FMT ":", STR_ARG(x->name));
    end_line(out, with_origin, origin_text(c, &s, STR_NONE, STR_NONE, origin));
    text_str("otlp", x->url, out);
    text_str("protocol", x->is_json ? STR("http/json") : STR("http/protobuf"), out);
    text_str("compression", x->is_plain ? STR("none") : STR("gzip"), out);
    if (x->semconv.n)
        text_str("semconv", x->semconv, out);
    if (x->ca_file.n)
        text_str("ca_file", x->ca_file, out);
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
    struct config_source s = {.origin = CONFIG_FILE, .line = i->line};
    char origin[512], age[DURATION_TEXT_BYTES];
    buf_printf(out, "  " STR_FMT ":", STR_ARG(i->name));
    end_line(out, with_origin, origin_text(c, &s, STR_NONE, STR_NONE, origin));
    text_str("issuer", i->issuer, out);
    text_str("audience", i->audience, out);
    text_str("jwks", i->jwks.text, out);
    if (i->ca_file.n)
        text_str("ca_file", i->ca_file, out);
    text_list("algorithms", i->algorithms, i->n_algorithms, out);
    text_str("typ", i->typ, out);
    buf_add(out, STR("    claims: "));
    put_claims(i, out);
    buf_printf(out, "\n    max_age: " STR_FMT "\n    single_use: %s\n    private: %s\n    insecure: %s\n",
               STR_ARG(duration_text(i->age_s_max * NS_PER_S, age)), i->is_single_use ? "true" : "false",
               i->is_private ? "true" : "false", i->is_insecure ? "true" : "false");
    text_list("customers_of", i->customers_of, i->n_customers_of, out);
}

static void text_approval(const struct config *c, const struct config_approval *x, bool with_origin, struct buf *out)
{
    struct config_source s = {.origin = CONFIG_FILE, .line = x->line};
    char origin[512];
    buf_printf(out, "  " STR_FMT ":", STR_ARG(x->name));
    end_line(out, with_origin, origin_text(c, &s, STR_NONE, STR_NONE, origin));
    text_str("webhook", x->webhook, out);
    text_str("secret", x->secret, out);
    if (x->page.n)
        text_str("page", x->page, out);
    if (x->link.n)
        text_str("link", x->link, out);
    if (x->ca_file.n)
        text_str("ca_file", x->ca_file, out);
    buf_printf(out, "    personal: %s\n    private: %s\n    insecure: %s\n", x->has_personal ? "true" : "false",
               x->is_private ? "true" : "false", x->is_insecure ? "true" : "false");
}

static void text_oidc(const struct config *c, bool with_origin, struct buf *out)
{
    const struct config_oidc *o = &c->oidc;
    struct config_source s = {.origin = CONFIG_FILE, .line = o->line};
    char origin[512];
    if (!o->issuer.n)
        return;
    buf_add(out, STR("people:\n  oidc:"));
    end_line(out, with_origin, origin_text(c, &s, STR_NONE, STR_NONE, origin));
    text_str("issuer", o->issuer, out);
    text_str("client_id", o->client_id, out);
    if (o->client_secret.n)
        text_str("client_secret", o->client_secret, out);
    text_list("scopes", o->scopes, o->n_scopes, out);
    text_str("claim", o->claim, out);
    text_str("label", o->label, out);
    if (o->url.n)
        text_str("url", o->url, out);
    if (o->ca_file.n)
        text_str("ca_file", o->ca_file, out);
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
        text_approval(c, &c->approvals[i], with_origin, out);
    text_oidc(c, with_origin, out);
    text_remotes(c, out);
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

static void json_vendor(struct json_writer *w, const struct config *c, const struct config_vendor *v)
{
    struct config_source s = {.origin = CONFIG_FILE, .line = v->line};
    char text[512];
    struct str origin = origin_text(c, &s, STR_NONE, STR_NONE, text);
    const struct {
        const char *suffix;
        struct str value;
    } strs[] = {{".connector", v->connector}, {".base_url", v->base_url}, {".ca_file", v->ca_file},
                {".secret", v->secret},       {".mode", v->mode},         {".prices", v->prices}};
    for (size_t i = 0; i < sizeof strs / sizeof strs[0]; i++) {
        json_entry(w, "vendors.", v->name, strs[i].suffix);
        jw_put_str_or_null(w, STR("value"), strs[i].value);
        json_origin(w, origin);
    }
    const struct {
        const char *suffix;
        bool value;
    } bools[] = {
        {".insecure", v->is_insecure},
        {".private", v->is_private},
        {".poll", v->polls},
        {".forward_run_id", v->forwards_run_id}};
    for (size_t i = 0; i < sizeof bools / sizeof bools[0]; i++) {
        json_entry(w, "vendors.", v->name, bools[i].suffix);
        jw_put_bool(w, STR("value"), bools[i].value);
        json_origin(w, origin);
    }

    struct buf value;
    buf_init(&value, 4096);
    put_additions(v, &value);
    json_entry(w, "vendors.", v->name, ".additions");
    jw_put_raw(w, STR("value"), buf_str(&value));
    json_origin(w, origin);
    buf_reset(&value);
    put_timeouts(c, v, &value);
    json_entry(w, "vendors.", v->name, ".timeouts");
    jw_put_raw(w, STR("value"), buf_str(&value));
    json_origin(w, origin);
    buf_deinit(&value);
}

static void json_export(struct json_writer *w, const struct config *c, const struct config_export *x)
{
    struct config_source s = {.origin = CONFIG_FILE, .line = x->line};
    char text[512];
    struct str origin = origin_text(c, &s, STR_NONE, STR_NONE, text);
    const struct {
        const char *suffix;
        struct str value;
    } strs[] = {{".otlp", x->url},
                {".protocol", x->is_json ? STR("http/json") : STR("http/protobuf")},
                {".compression", x->is_plain ? STR("none") : STR("gzip")},
                {".semconv", x->semconv},
                {".ca_file", x->ca_file},
                {".from", x->is_from_start ? STR("start") : STR("now")}};
    for (size_t i = 0; i < sizeof strs / sizeof strs[0]; i++) {
        json_entry(w, "exports.", x->name, strs[i].suffix);
        jw_put_str_or_null(w, STR("value"), strs[i].value);
        json_origin(w, origin);
    }
    const struct {
        const char *suffix;
        bool value;
    } bools[] = {{".personal", x->has_personal},
                 {".session_id", x->has_session},
                 {".insecure", x->is_insecure},
                 {".private", x->is_private}};
    for (size_t i = 0; i < sizeof bools / sizeof bools[0]; i++) {
        json_entry(w, "exports.", x->name, bools[i].suffix);
        jw_put_bool(w, STR("value"), bools[i].value);
        json_origin(w, origin);
    }
    struct buf value;
    buf_init(&value, 1u << 18);
    put_headers(x, &value);
    json_entry(w, "exports.", x->name, ".headers");
    jw_put_raw(w, STR("value"), buf_str(&value));
    json_origin(w, origin);
    buf_deinit(&value);
}

static void json_issuer(struct json_writer *w, const struct config *c, const struct config_issuer *i)
{
    struct config_source s = {.origin = CONFIG_FILE, .line = i->line};
    char text[512];
    struct str origin = origin_text(c, &s, STR_NONE, STR_NONE, text);
    const struct {
        const char *suffix;
        struct str value;
    } strs[] = {{".issuer", i->issuer}, {".audience", i->audience}, {".jwks", i->jwks.text}, {".typ", i->typ}};
    for (size_t k = 0; k < sizeof strs / sizeof strs[0]; k++) {
        json_entry(w, "issuers.", i->name, strs[k].suffix);
        jw_put_str_or_null(w, STR("value"), strs[k].value);
        json_origin(w, origin);
    }
    struct buf claims;
    buf_init(&claims, 4096);
    put_claims(i, &claims);
    json_entry(w, "issuers.", i->name, ".claims");
    jw_put_raw(w, STR("value"), buf_str(&claims));
    json_origin(w, origin);
    buf_deinit(&claims);
}

static void json_approval(struct json_writer *w, const struct config *c, const struct config_approval *x)
{
    struct config_source s = {.origin = CONFIG_FILE, .line = x->line};
    char text[512];
    struct str origin = origin_text(c, &s, STR_NONE, STR_NONE, text);
    const struct {
        const char *suffix;
        struct str value;
    } strs[] = {{".webhook", x->webhook}, {".secret", x->secret}, {".page", x->page}, {".link", x->link},
                {".ca_file", x->ca_file}};
    for (size_t i = 0; i < sizeof strs / sizeof strs[0]; i++) {
        json_entry(w, "approvals.", x->name, strs[i].suffix);
        jw_put_str_or_null(w, STR("value"), strs[i].value);
        json_origin(w, origin);
    }
    json_entry(w, "approvals.", x->name, ".personal");
    jw_put_bool(w, STR("value"), x->has_personal);
    json_origin(w, origin);
}

static void json_oidc(struct json_writer *w, const struct config *c)
{
    const struct config_oidc *o = &c->oidc;
    struct config_source s = {.origin = CONFIG_FILE, .line = o->line};
    char text[512];
    const struct {
        const char *suffix;
        struct str value;
    } strs[] = {{".issuer", o->issuer}, {".client_id", o->client_id}, {".client_secret", o->client_secret},
                {".claim", o->claim},   {".label", o->label},         {".url", o->url}};
    for (size_t k = 0; o->issuer.n && k < sizeof strs / sizeof strs[0]; k++) {
        json_entry(w, "people.", STR("oidc"), strs[k].suffix);
        jw_put_str_or_null(w, STR("value"), strs[k].value);
        json_origin(w, origin_text(c, &s, STR_NONE, STR_NONE, text));
    }
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
        json_approval(&w, c, &c->approvals[i]);
    json_oidc(&w, c);
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
