/*
 * sandbox/arguments.c - a JSON schema and a text become a JSON value.
 */
#include "sandbox/arguments.h"

#include "codec/json_write.h"
#include "sandbox/said.h"

#include <stdio.h>

#define REFERENCES_MAX 8
#define TEXT_BYTES_MAX 400

struct filling {
    struct json root; /* where "#/..." points into */
    struct said *said;
    struct json_writer *w;
};

/* The parameter that a value is for. */
struct param {
    struct str name, help;
    bool is_required;
};

const struct sim_tool *arguments_tool(struct str text, const struct sim_tool *tools, size_t n)
{
    size_t best = 0, best_hits = 0;
    for (size_t i = 0; i < n; i++) {
        struct str rest = tools[i].name, word;
        size_t hits = 0;
        while (said_next_word(&rest, &word))
            hits += said_has_word(text, word);
        if (hits > best_hits) {
            best = i;
            best_hits = hits;
        }
    }
    return &tools[best];
}

/* --- values of a text --------------------------------------------------------------------------------------------- */

static bool has_any(const struct param *p, const char *const *words)
{
    for (; *words; words++)
        if (said_has_word(p->name, str_c(*words)) || said_has_word(p->help, str_c(*words)))
            return true;
    return false;
}

static bool is_named(const struct param *p, const char *const *words)
{
    for (; *words; words++)
        if (said_has_word(p->name, str_c(*words)))
            return true;
    return false;
}

/* "ch" begins "charge", and "pi" are the initials of "payment_intent". */
static bool is_kind_of(struct str prefix, struct str name)
{
    char initials[16];
    size_t n = 0;
    struct str word;
    while (said_next_word(&name, &word)) {
        if (prefix.n <= word.n && str_eq_nocase(prefix, str_sub(word, 0, prefix.n)))
            return true;
        if (n < sizeof(initials))
            initials[n++] = word.p[0];
    }
    return str_eq_nocase(prefix, (struct str){initials, n});
}

/* How well a name of the text fits: 2 by its kind, 1 perhaps, 0 not. */
static int fit(const struct param *p, struct str name)
{
    static const char *const addresses[] = {"email", "mail", "to", "recipient", "address", NULL};
    static const char *const phones[] = {"phone", "number", "to", "recipient", NULL};
    static const char *const ids[] = {"id", NULL};
    struct str prefix, rest;
    if (str_has(name, '@'))
        return is_named(p, addresses) ? 2 : 0;
    if (str_starts(name, STR("+")))
        return is_named(p, phones) ? 2 : 0;
    if (str_cut(name, '_', &prefix, &rest) && is_kind_of(prefix, p->name))
        return 2;
    return is_named(p, ids) ? 1 : 0;
}

/* The name that fits best and was not used; STR_NONE: none. */
static struct str take_name(struct said *s, const struct param *p)
{
    struct said_name *best = NULL;
    int best_fit = 0;
    for (size_t i = 0; i < s->n_names; i++) {
        int f = s->names[i].is_used ? 0 : fit(p, s->names[i].text);
        if (f <= best_fit)
            continue;
        best = &s->names[i];
        best_fit = f;
    }
    if (!best)
        return STR_NONE;
    best->is_used = true;
    return best->text;
}

/* In hundredths of what the parameter counts. */
static bool take_number(struct said *s, const struct param *p, int64_t *ret)
{
    static const char *const cents[] = {"cent", "cents", "minor", "smallest", NULL};
    bool is_in_cents = has_any(p, cents);
    for (size_t i = 0; i < s->n_numbers; i++) {
        struct said_number *n = &s->numbers[i];
        if (n->is_used)
            continue;
        n->is_used = true;
        *ret = n->hundredths;
        if (is_in_cents && n->unit != SAID_CENTS)
            *ret = n->hundredths * 100;
        else if (!is_in_cents && n->unit == SAID_CENTS)
            *ret = n->hundredths / 100;
        return true;
    }
    return false;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

/* Follows "$ref": "#/$defs/x", and takes the first of several forms that is not null. */
static struct json resolve(const struct filling *f, struct json schema)
{
    static const char *const forms[] = {"anyOf", "oneOf", "allOf"};
    for (int i = 0; i < REFERENCES_MAX; i++) {
        struct str ref, key;
        struct json to = JSON_ABSENT, one;
        if (json_str(json_get(schema, STR("$ref")), &ref) && str_starts(ref, STR("#/"))) {
            ref = str_sub(ref, 2, ref.n);
            for (to = f->root; str_cut(ref, '/', &key, &ref);)
                to = json_get(to, key);
            to = json_get(to, ref);
        }
        for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]) && json_type(to) == JSON_NONE; k++) {
            struct str type = STR_NONE;
            for (struct json_iter it = json_each(json_get(schema, str_c(forms[k]))); json_next(&it, NULL, &one);) {
                (void)json_str(json_get(one, STR("type")), &type); /* a reference has none: it is a form too */
                if (json_type(to) == JSON_NONE && !str_eq(type, STR("null")))
                    to = one;
            }
        }
        if (json_type(to) != JSON_OBJECT)
            return schema;
        schema = to;
    }
    return schema;
}

static struct str type_of(struct json schema)
{
    struct str type = STR_NONE;
    struct json types = json_get(schema, STR("type")), one;
    if (json_str(types, &type))
        return type;
    for (struct json_iter it = json_each(types); json_next(&it, NULL, &one);)
        if (json_str(one, &type) && !str_eq(type, STR("null")))
            return type;
    return json_type(json_get(schema, STR("properties"))) == JSON_OBJECT ? STR("object") : STR("string");
}

/* The member of an enum that the text names; of a required one else the first. */
static bool take_choice(const struct filling *f, const struct param *p, struct json choices, struct json *ret)
{
    struct json one;
    struct str text;
    for (struct json_iter it = json_each(choices); json_next(&it, NULL, &one);) {
        if (!json_str(one, &text) || !said_has_word(f->said->text, text))
            continue;
        *ret = one;
        return true;
    }
    *ret = json_at(choices, 0);
    return p->is_required;
}

static bool write_string(struct filling *f, const struct param *p)
{
    static const char *const currencies[] = {"currency", NULL};
    struct str name = take_name(f->said, p);
    if (!name.n && !p->is_required)
        return false;
    if (!name.n && is_named(p, currencies))
        name = STR("usd");
    size_t n = f->said->text.n < TEXT_BYTES_MAX ? f->said->text.n : TEXT_BYTES_MAX;
    while (n && n < f->said->text.n && ((unsigned char)f->said->text.p[n] & 0xC0) == 0x80)
        n--; /* not inside a character */
    jw_str(f->w, name.n ? name : str_sub(f->said->text, 0, n));
    return true;
}

static bool write_number(struct filling *f, struct json schema, const struct param *p, bool is_integer)
{
    char text[32];
    int64_t n, min = 1;
    if (!take_number(f->said, p, &n)) {
        (void)json_i64(json_get(schema, STR("minimum")), &min); /* else one */
        n = min * 100;
        if (!p->is_required)
            return false;
    }
    if (is_integer || n % 100 == 0)
        jw_i64(f->w, n / 100);
    else
        jw_raw(f->w, (struct str){text, (size_t)snprintf(text, sizeof(text), "%lld.%02lld", (long long)(n / 100),
                                                         (long long)(n % 100))});
    return true;
}

static bool write_value(struct filling *f, struct json schema, const struct param *p, struct str key, int depth);

static bool is_required(struct json schema, struct str name)
{
    struct json one;
    struct str text;
    for (struct json_iter it = json_each(json_get(schema, STR("required"))); json_next(&it, NULL, &one);)
        if (json_str(one, &text) && str_eq(text, name))
            return true;
    return false;
}

static void write_object(struct filling *f, struct json schema, int depth)
{
    struct str name;
    struct json property;
    jw_object(f->w);
    for (struct json_iter it = json_each(json_get(schema, STR("properties"))); json_next(&it, &name, &property);) {
        struct param p = {.name = name, .is_required = is_required(schema, name)};
        (void)json_str(json_get(property, STR("description")), &p.help); /* not every one has it */
        (void)write_value(f, property, &p, name, depth + 1);
    }
    jw_object_end(f->w);
}

static void write_array(struct filling *f, struct json schema, const struct param *p, int depth)
{
    struct param item = *p;
    item.is_required = true;
    jw_array(f->w);
    (void)write_value(f, json_get(schema, STR("items")), &item, STR_NONE, depth + 1); /* required: always written */
    jw_array_end(f->w);
}

static void put_key(struct filling *f, struct str key)
{
    if (key.p)
        jw_key(f->w, key);
}

/* A string or number is written only when the text has it, or it is required: its key must wait for that. */
static bool write_scalar(struct filling *f, struct json schema, struct str type, const struct param *p, struct str key)
{
    struct json_writer before = *f->w;
    size_t n = f->w->out->n;
    put_key(f, key);
    bool is_number = str_eq(type, STR("integer")) || str_eq(type, STR("number"));
    bool is_written = is_number ? write_number(f, schema, p, str_eq(type, STR("integer"))) : write_string(f, p);
    if (is_written)
        return true;
    *f->w = before;
    f->w->out->n = n;
    return false;
}

/* `key` STR_NONE: an item or the root. False: nothing was written. */
static bool write_value(struct filling *f, struct json schema, const struct param *p, struct str key, int depth)
{
    struct json choice = JSON_ABSENT;
    if (depth > SCHEMA_DEPTH_MAX) {
        put_key(f, key);
        jw_null(f->w);
        return true;
    }
    schema = resolve(f, schema);
    struct str type = type_of(schema);
    struct json constant = json_get(schema, STR("const")), choices = json_get(schema, STR("enum"));
    bool is_enum = json_type(constant) == JSON_NONE && json_len(choices) > 0;
    if (is_enum && !take_choice(f, p, choices, &choice))
        return false;
    if (is_enum || json_type(constant) != JSON_NONE) {
        put_key(f, key);
        jw_json(f->w, is_enum ? choice : constant);
        return true;
    }
    if (str_eq(type, STR("string")) || str_eq(type, STR("integer")) || str_eq(type, STR("number")))
        return write_scalar(f, schema, type, p, key);
    if (!p->is_required)
        return false;
    put_key(f, key);
    if (str_eq(type, STR("object")))
        write_object(f, schema, depth);
    else if (str_eq(type, STR("array")))
        write_array(f, schema, p, depth);
    else if (str_eq(type, STR("boolean")))
        jw_bool(f->w, said_has_word(f->said->text, p->name));
    else
        jw_null(f->w);
    return true;
}

void arguments_write(struct json schema, struct str text, struct buf *out)
{
    struct said said;
    struct json_writer w;
    struct filling f = {.root = schema, .said = &said, .w = &w};
    said_read(text, &said);
    jw_init(&w, out);
    if (json_len(schema) == 0)
        write_object(&f, schema, 0);
    else
        (void)write_value(&f, schema, &(struct param){.is_required = true}, STR_NONE, 0); /* required: written */
    jw_end(&w);
}
