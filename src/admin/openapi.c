/*
 * admin/openapi.c - writes the OpenAPI document once at start. Every verb is in it, because both come from one table.
 */
#include "admin/openapi.h"

#include "admin/verbs.h"
#include "base/check.h"
#include "codec/json_write.h"

#include <string.h>

struct field_info {
    const char *schema;
    struct str name;
    const char *type, *help;
};

static const struct field_info fields[] = {
#define FIELD(schema, name, type, help) {schema, STR_INIT(name), type, help},
#include "admin/fields.tbl.h"
#undef FIELD
};
#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static void put_ref(struct json_writer *w, struct str kind, struct str name)
{
    char ref[96] = "#/components/";
    check(kind.n + name.n + 16 < sizeof(ref));
    strncat(ref, kind.p, kind.n);
    strcat(ref, "/");
    strncat(ref, name.p, name.n);
    jw_put_str(w, STR("$ref"), str_c(ref));
}

/* The members of the schema of a type of fields.tbl.h, into an open object. */
static void put_type(struct json_writer *w, struct str type)
{
    bool is_plain = str_eq(type, STR("string")) || str_eq(type, STR("integer")) || str_eq(type, STR("boolean")) ||
                    str_eq(type, STR("number")) || str_eq(type, STR("object"));
    if (str_starts(type, STR("["))) {
        jw_put_str(w, STR("type"), STR("array"));
        jw_key(w, STR("items"));
        jw_object(w);
        put_type(w, str_sub(type, 1, type.n - 2));
        jw_object_end(w);
    } else if (str_eq(type, STR("time"))) {
        jw_put_str(w, STR("type"), STR("string"));
        jw_put_str(w, STR("format"), STR("date-time"));
    } else if (str_eq(type, STR("amount"))) {
        jw_put_raw(w, STR("type"), STR("[\"string\",\"integer\"]"));
    } else if (is_plain) {
        jw_put_str(w, STR("type"), type);
    } else {
        put_ref(w, STR("schemas"), type);
    }
}

static void put_field(struct json_writer *w, const struct field_info *f)
{
    struct str type = str_c(f->type);
    bool is_optional = str_ends(type, STR("?"));
    if (is_optional)
        type = str_sub(type, 0, type.n - 1);

    jw_key(w, f->name);
    jw_object(w);
    jw_put_str(w, STR("description"), str_c(f->help));
    if (is_optional) {
        jw_key(w, STR("anyOf"));
        jw_array(w);
        jw_object(w);
        put_type(w, type);
        jw_object_end(w);
        jw_object(w);
        jw_put_str(w, STR("type"), STR("null"));
        jw_object_end(w);
        jw_array_end(w);
    } else {
        put_type(w, type);
    }
    jw_object_end(w);
}

/* The schema that starts at fields[i]; returns the index behind it. */
static size_t put_schema(struct json_writer *w, size_t i)
{
    size_t end = i;
    while (end < N_FIELDS && strcmp(fields[end].schema, fields[i].schema) == 0)
        end++;

    jw_key(w, str_c(fields[i].schema));
    jw_object(w);
    jw_put_str(w, STR("type"), STR("object"));
    jw_key(w, STR("properties"));
    jw_object(w);
    for (size_t k = i; k < end; k++)
        put_field(w, &fields[k]);
    jw_object_end(w);
    jw_key(w, STR("required"));
    jw_array(w);
    for (size_t k = i; k < end; k++) {
        if (!str_ends(str_c(fields[k].type), STR("?")))
            jw_str(w, fields[k].name);
    }
    jw_array_end(w);
    jw_object_end(w);
    return end;
}

static void put_query_param(struct json_writer *w, struct str name)
{
    size_t n;
    const struct param_info *p = params_table(&n);
    size_t i = 0;
    while (i < n && !str_eq(p[i].name, name))
        i++;
    check(i < n); /* verbs.tbl.h names only what params.tbl.h has */

    jw_object(w);
    jw_put_str(w, STR("name"), name);
    jw_put_str(w, STR("in"), STR("query"));
    jw_put_str(w, STR("description"), str_c(p[i].help));
    jw_key(w, STR("schema"));
    jw_object(w);
    jw_put_str(w, STR("type"), str_c(p[i].type));
    jw_object_end(w);
    jw_object_end(w);
}

static void put_params(struct json_writer *w, const struct verb *v)
{
    struct str rest = v->path, before, name;
    jw_key(w, STR("parameters"));
    jw_array(w);
    while (str_cut(rest, '{', &before, &rest) && str_cut(rest, '}', &name, &rest)) {
        jw_object(w);
        jw_put_str(w, STR("name"), name);
        jw_put_str(w, STR("in"), STR("path"));
        jw_put_bool(w, STR("required"), true);
        jw_key(w, STR("schema"));
        jw_object(w);
        jw_put_str(w, STR("type"), STR("string"));
        jw_object_end(w);
        jw_object_end(w);
    }
    rest = str_c(v->params);
    while (str_cut(rest, ' ', &name, &rest))
        put_query_param(w, name);
    if (rest.n)
        put_query_param(w, rest);
    jw_array_end(w);
}

static struct str content_type(const char *schema)
{
    return strcmp(schema, "stream") == 0 ? STR("text/event-stream")
           : strcmp(schema, "text") == 0 || strcmp(schema, "redirect") == 0 ? STR("text/plain")
           : strcmp(schema, "file") == 0 ? STR("*/*")
                                         : STR("application/json");
}

static void put_content(struct json_writer *w, const char *schema)
{
    struct str type = content_type(schema);
    jw_key(w, STR("content"));
    jw_object(w);
    jw_key(w, type);
    jw_object(w);
    jw_key(w, STR("schema"));
    jw_object(w);
    put_type(w, str_eq(type, STR("application/json")) ? str_c(schema) : STR("string"));
    jw_object_end(w);
    jw_object_end(w);
    jw_object_end(w);
}

static void put_request(struct json_writer *w, const struct verb *v)
{
    if (!*v->request)
        return;
    jw_key(w, STR("requestBody"));
    jw_object(w);
    jw_put_bool(w, STR("required"), true);
    put_content(w, v->request);
    jw_object_end(w);
}

static void put_answers(struct json_writer *w, const struct verb *v)
{
    jw_key(w, STR("responses"));
    jw_object(w);
    bool is_new = strcmp(v->id, "key_create") == 0 || strcmp(v->id, "person_create") == 0;
    jw_key(w, is_new ? STR("201") : STR("200"));
    jw_object(w);
    jw_put_str(w, STR("description"), STR("done"));
    put_content(w, v->answer);
    jw_object_end(w);
    if (v->role != ROLE_PUBLIC) {
        jw_key(w, STR("default"));
        jw_object(w);
        put_ref(w, STR("responses"), STR("Error"));
        jw_object_end(w);
    }
    jw_object_end(w);
}

static void put_verb(struct json_writer *w, const struct verb *v)
{
    static const struct str methods[METHOD_COUNT] = {STR_INIT("get"), STR_INIT("post"), STR_INIT("delete")};
    jw_key(w, methods[v->method]);
    jw_object(w);
    jw_put_str(w, STR("operationId"), str_c(v->id));
    jw_put_str(w, STR("summary"), str_c(v->what));
    jw_put_str(w, STR("x-role"), str_c(role_text(v->role)));
    jw_put_str(w, STR("x-tenant"), verb_keeps_tenant(v) || v->role == ROLE_PUBLIC ? STR("one") : STR("all"));
    if (v->role == ROLE_PUBLIC) {
        jw_key(w, STR("security"));
        jw_array(w);
        jw_array_end(w);
    }
    put_params(w, v);
    put_request(w, v);
    put_answers(w, v);
    jw_object_end(w);
}

/* A path's methods stand together in the document, wherever they stand in the table. */
static void put_paths(struct json_writer *w)
{
    size_t n;
    const struct verb *v = verbs_table(&n);

    jw_key(w, STR("paths"));
    jw_object(w);
    for (size_t i = 0; i < n; i++) {
        bool is_first = true;
        for (size_t k = 0; k < i; k++)
            is_first &= !str_eq(v[k].path, v[i].path);
        if (!is_first)
            continue;
        jw_key(w, v[i].path);
        jw_object(w);
        for (size_t k = i; k < n; k++) {
            if (str_eq(v[k].path, v[i].path))
                put_verb(w, &v[k]);
        }
        jw_object_end(w);
    }
    jw_object_end(w);
}

static void put_components(struct json_writer *w)
{
    jw_key(w, STR("components"));
    jw_object(w);
    jw_put_raw(w, STR("securitySchemes"), STR("{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
               "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"flyball\"}}"));
    jw_key(w, STR("responses"));
    jw_object(w);
    jw_key(w, STR("Error"));
    jw_object(w);
    jw_put_str(w, STR("description"), STR("refused or failed"));
    put_content(w, "Error");
    jw_object_end(w);
    jw_object_end(w);
    jw_key(w, STR("schemas"));
    jw_object(w);
    for (size_t i = 0; i < N_FIELDS;)
        i = put_schema(w, i);
    jw_object_end(w);
    jw_object_end(w);
}

int openapi_write(struct str version, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w);
    jw_put_str(&w, STR("openapi"), STR("3.1.0"));
    jw_key(&w, STR("info"));
    jw_object(&w);
    jw_put_str(&w, STR("title"), STR("Flyball admin API"));
    jw_put_str(&w, STR("version"), version);
    jw_put_str(&w, STR("description"), STR("What agents did, what it cost, and the means to stop them."));
    jw_object_end(&w);
    jw_put_raw(&w, STR("security"), STR("[{\"token\":[]},{\"session\":[]}]"));
    put_paths(&w);
    put_components(&w);
    jw_object_end(&w);
    jw_end(&w);
    (void)buf_add_byte(out, '\n'); /* noted in the buf */
    return buf_ok(out);
}
