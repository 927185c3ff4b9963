/*
 * proxy/allow.c - an answer's JSON as values of CEL. What is no JSON is absent, and reading it is an error.
 */
#include "proxy/allow.h"

#include "base/err.h"

#include <stdlib.h>

#define DEPTH_MAX 32

enum slot { SLOT_STATUS, SLOT_BODY };

int allow_compile(struct str text, struct arena *a, struct expr **ret, struct expr_fault *ret_fault)
{
    static const struct expr_variable variables[] = {{STR_INIT("status"), TYPE_PLAIN(TYPE_INT), SLOT_STATUS},
                                                     {STR_INIT("body"), TYPE_PLAIN(TYPE_DYN), SLOT_BODY}};
    const struct expr_scope scope = {.variables = variables, .n_variables = 2};
    return expr_compile(a, text, &scope, ret, ret_fault);
}

static bool to_value(struct json v, struct arena *a, struct value *ret);

static bool to_number(struct json v, struct arena *a, struct value *ret)
{
    struct str text;
    int64_t i;
    if (json_i64(v, &i)) {
        *ret = value_int(i);
        return true;
    }
    if (!json_number_text(v, &text))
        return false;
    text = arena_str(a, text);
    *ret = (struct value){.kind = TYPE_DOUBLE, .d = strtod(text.p, NULL)};
    return true;
}

static bool to_list(struct json v, struct arena *a, struct value *ret)
{
    struct value_list *list = arena_try_alloc(a, sizeof *list);
    struct value *items = arena_try_alloc(a, (json_len(v) + 1) * sizeof *items);
    struct json item;
    size_t n = 0;
    if (!list || !items)
        return false;
    for (struct json_iter it = json_each(v); json_next(&it, NULL, &item);)
        if (!to_value(item, a, &items[n++]))
            return false;
    *list = (struct value_list){items, n};
    *ret = (struct value){.kind = TYPE_LIST, .list = list};
    return true;
}

static bool to_map(struct json v, struct arena *a, struct value *ret)
{
    struct value_map *map = arena_try_alloc(a, sizeof *map);
    struct value_entry *entries = arena_try_alloc(a, (json_len(v) + 1) * sizeof *entries);
    struct str key;
    struct json item;
    size_t n = 0;
    if (!map || !entries)
        return false;
    for (struct json_iter it = json_each(v); json_next(&it, &key, &item); n++) {
        entries[n].key = value_str(key);
        if (!to_value(item, a, &entries[n].value))
            return false;
    }
    *map = (struct value_map){entries, n};
    *ret = (struct value){.kind = TYPE_MAP, .map = map};
    return true;
}

static bool to_value(struct json v, struct arena *a, struct value *ret)
{
    struct str s;
    bool b;
    switch (json_type(v)) {
    case JSON_OBJECT:
        return to_map(v, a, ret);
    case JSON_ARRAY:
        return to_list(v, a, ret);
    case JSON_NUMBER:
        return to_number(v, a, ret);
    case JSON_STR:
        (void)json_str(v, &s); /* it is one */
        *ret = value_str(s);
        return true;
    case JSON_BOOL:
        (void)json_bool(v, &b);
        *ret = value_bool(b);
        return true;
    default:
        *ret = (struct value){.kind = TYPE_NULL};
        return true;
    }
}

struct answer_facts {
    uint16_t status;
    struct json body;
};

static bool get(void *ctx, unsigned slot, struct str name, struct arena *scratch, struct value *ret)
{
    const struct answer_facts *f = ctx;
    *ret = value_int(f->status);
    return slot == SLOT_STATUS || (json_type(f->body) != JSON_NONE && to_value(f->body, scratch, ret));
}

bool allow_eval(const struct expr *e, uint16_t status, struct str body, struct arena *a, bool *ret)
{
    struct answer_facts f = {status, JSON_ABSENT};
    struct value v;
    if (json_parse(a, body, DEPTH_MAX, &f.body) < 0)
        f.body = JSON_ABSENT;
    expr_eval(e, &(struct expr_facts){get, &f}, a, &v);
    *ret = v.kind == TYPE_BOOL && v.b;
    return v.kind == TYPE_BOOL;
}
