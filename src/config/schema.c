/*
 * config/schema.c - the tables as a JSON Schema and as Markdown.
 */
#include "config/config_impl.h"

#include "codec/json_write.h"

/* --- JSON Schema -------------------------------------------------------------------------------------------------- */

/* An object with these properties and no others; closed by object_end. */
static void object_begin(struct json_writer *w)
{
    jw_object(w);
    jw_put_str(w, STR("type"), STR("object"));
    jw_put_bool(w, STR("additionalProperties"), false);
    jw_key(w, STR("properties"));
    jw_object(w);
}

static void object_end(struct json_writer *w)
{
    jw_object_end(w);
    jw_object_end(w);
}

static void words_schema(struct json_writer *w, struct setting_words words)
{
    jw_array(w);
    for (size_t i = 0; i < words.n; i++)
        jw_str(w, words.items[i]);
    jw_array_end(w);
}

static void setting_schema(struct json_writer *w, const struct setting_info *s)
{
    jw_object(w);
    switch (s->type) {
    case TYPE_ADDR:
        jw_put_str(w, STR("type"), STR("string"));
        jw_put_str(w, STR("pattern"), STR("^([0-9.]+|\\[[0-9a-fA-F:.]+\\]|localhost):[0-9]{1,5}$"));
        break;
    case TYPE_SWITCH:
        jw_put_str(w, STR("type"), STR("boolean"));
        break;
    case TYPE_PATH:
        jw_put_str(w, STR("type"), STR("string"));
        jw_put_i64(w, STR("minLength"), 1);
        break;
    case TYPE_WORKERS:
        jw_put_str(w, STR("type"), STR("integer"));
        jw_put_i64(w, STR("minimum"), 1);
        jw_put_i64(w, STR("maximum"), CONFIG_WORKERS_MAX);
        break;
    case TYPE_LEVEL:
    case TYPE_BOUND:
        jw_key(w, STR("enum"));
        words_schema(w, setting_words(s->type));
        break;
    }
    if (s->type == TYPE_SWITCH)
        jw_put_bool(w, STR("default"), str_eq(s->def, STR("true")));
    else if (s->def.n)
        jw_put_str(w, STR("default"), s->def);
    jw_put_str(w, STR("description"), str_c(s->help));
    jw_object_end(w);
}

/* Closes what `from` has and `to` has not, and opens the rest of `to`. */
static void go_to_section(struct json_writer *w, struct str from, struct str to)
{
    size_t shared = sections_shared(from, to);
    for (size_t i = section_depth(from); i > shared; i--)
        object_end(w);
    for (size_t i = shared; i < section_depth(to); i++) {
        jw_key(w, section_part(to, i));
        object_begin(w);
    }
}

static void settings_schema(struct json_writer *w)
{
    struct str open = STR_NONE;
    for (int i = 0; i < SETTING_COUNT; i++) {
        struct str key, section = setting_section(setting_infos[i].path, &key);
        go_to_section(w, open, section);
        open = section;
        jw_key(w, key);
        setting_schema(w, &setting_infos[i]);
    }
    go_to_section(w, open, STR_NONE);
}

/* The table's schema is an object: the description goes in front of its last brace. */
static void key_schema(struct json_writer *w, const struct config_key_info *k)
{
    struct str schema = str_c(k->schema);
    struct buf b;
    buf_init(&b, 4096);
    buf_add(&b, str_sub(schema, 0, schema.n - 1));
    buf_add(&b, STR(",\"description\":"));
    json_quote(&b, str_c(k->help));
    buf_add_byte(&b, '}');
    jw_put_raw(w, k->name, buf_str(&b));
    buf_deinit(&b);
}

/* An object with these keys. */
static void keys_schema(struct json_writer *w, const struct config_key_info *keys, size_t n)
{
    jw_object(w);
    jw_put_str(w, STR("type"), STR("object"));
    jw_put_bool(w, STR("additionalProperties"), false);
    jw_key(w, STR("required"));
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        if (keys[i].is_required)
            jw_str(w, keys[i].name);
    jw_array_end(w);
    jw_key(w, STR("properties"));
    jw_object(w);
    for (size_t i = 0; i < n; i++)
        key_schema(w, &keys[i]);
    jw_object_end(w);
    jw_object_end(w);
}

/* A map from names to objects with these keys. */
static void named_schema(struct json_writer *w, struct str section, int64_t n_max, const struct config_key_info *keys,
                         size_t n)
{
    jw_key(w, section);
    jw_object(w);
    jw_put_str(w, STR("type"), STR("object"));
    jw_put_i64(w, STR("maxProperties"), n_max);
    jw_put_raw(w, STR("propertyNames"), STR("{\"pattern\":\"^[a-z][a-z0-9_-]{0,63}$\"}"));
    jw_key(w, STR("additionalProperties"));
    keys_schema(w, keys, n);
    jw_object_end(w);
}

/* The one provider that people may sign in at. */
static void people_schema(struct json_writer *w)
{
    jw_key(w, STR("people"));
    object_begin(w);
    jw_key(w, STR("oidc"));
    keys_schema(w, oidc_key_infos, n_oidc_key_infos);
    object_end(w);
}

static void limits_schema(struct json_writer *w)
{
    size_t n;
    const struct limit_info *t = limits_table(&n);
    jw_key(w, STR("limits"));
    object_begin(w);
    for (size_t i = 0; i < n; i++) {
        jw_key(w, t[i].name);
        jw_object(w);
        jw_put_str(w, STR("type"), STR("integer"));
        jw_put_i64(w, STR("minimum"), t[i].least);
        jw_put_i64(w, STR("maximum"), t[i].most);
        jw_put_i64(w, STR("default"), t[i].def);
        jw_put_str(w, STR("description"), str_c(t[i].help));
        jw_object_end(w);
    }
    object_end(w);
}

int config_schema(struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w);
    jw_put_str(&w, STR("$schema"), STR("https://json-schema.org/draft/2020-12/schema"));
    jw_put_str(&w, STR("title"), STR("flyball.yaml"));
    jw_put_raw(&w, STR("type"), STR("[\"object\",\"null\"]"));
    jw_put_bool(&w, STR("additionalProperties"), false);
    jw_key(&w, STR("properties"));
    jw_object(&w);
    settings_schema(&w);
    named_schema(&w, STR("vendors"), CONFIG_VENDORS_MAX, vendor_key_infos, n_vendor_key_infos);
    named_schema(&w, STR("issuers"), CONFIG_ISSUERS_MAX, issuer_key_infos, n_issuer_key_infos);
    named_schema(&w, STR("exports"), CONFIG_EXPORTS_MAX, export_key_infos, n_export_key_infos);
    named_schema(&w, STR("approvals"), CONFIG_APPROVALS_MAX, approval_key_infos, n_approval_key_infos);
    named_schema(&w, STR("notices"), CONFIG_APPROVALS_MAX, notice_key_infos, n_notice_key_infos);
    people_schema(&w);
    named_schema(&w, STR("relations"), 2, relation_key_infos, n_relation_key_infos);
    named_schema(&w, STR("sources"), CONFIG_SOURCES_MAX, source_key_infos, n_source_key_infos);
    limits_schema(&w);
    jw_object_end(&w);
    jw_object_end(&w);
    jw_end(&w);
    return buf_ok(out);
}

/* --- Markdown ----------------------------------------------------------------------------------------------------- */

static void keys_markdown(const char *of, const struct config_key_info *keys, size_t n, struct buf *out)
{
    buf_printf(out, "\n| key of %s | needed | default | meaning |\n|---|---|---|---|\n", of);
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "| `" STR_FMT "` | %s | %s | %s |\n", STR_ARG(keys[i].name),
                   keys[i].is_required ? "yes" : "no", keys[i].def, keys[i].help);
}

int config_markdown(struct buf *out)
{
    size_t n;
    const struct limit_info *t = limits_table(&n);
    buf_add(out, STR("| setting | environment | flag | default | meaning |\n|---|---|---|---|---|\n"));
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_info *s = &setting_infos[i];
        buf_printf(out, "| `" STR_FMT "` | `" STR_FMT "` | `" STR_FMT "` | " STR_FMT " | %s |\n", STR_ARG(s->path),
                   STR_ARG(s->env), STR_ARG(s->flag), STR_ARG(s->def), s->help);
    }
    keys_markdown("a vendor", vendor_key_infos, n_vendor_key_infos, out);
    keys_markdown("an issuer", issuer_key_infos, n_issuer_key_infos, out);
    keys_markdown("a target of exports", export_key_infos, n_export_key_infos, out);
    keys_markdown("an approval", approval_key_infos, n_approval_key_infos, out);
    keys_markdown("a notice", notice_key_infos, n_notice_key_infos, out);
    keys_markdown("`people.oidc`", oidc_key_infos, n_oidc_key_infos, out);
    keys_markdown("an engine of relations", relation_key_infos, n_relation_key_infos, out);
    keys_markdown("a source", source_key_infos, n_source_key_infos, out);
    buf_add(out, STR("\n| limit | default | least | most | unit | bounds |\n|---|---|---|---|---|---|\n"));
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "| `" STR_FMT "` | %lld | %lld | %lld | %s | %s |\n", STR_ARG(t[i].name), (long long)t[i].def,
                   (long long)t[i].least, (long long)t[i].most, t[i].unit, t[i].help);
    return buf_ok(out);
}
