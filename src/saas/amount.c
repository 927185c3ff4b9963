/*
 * saas/amount.c - numbers and names out of requests and answers: currencies, exponents, amount expressions, JSON paths.
 * Integers only; what does not fit is not known, never rounded.
 */
#include "saas/connector_impl.h"

#include <string.h>

bool strs_has(const struct strs *l, struct str s)
{
    for (size_t i = 0; i < l->n; i++) {
        if (str_eq(l->items[i], s))
            return true;
    }
    return false;
}

const struct param *param_get(const struct saas_call *call, struct str name)
{
    for (size_t i = 0; name.n && i < call->n_params; i++) {
        if (str_eq(call->params[i].name, name))
            return &call->params[i];
    }
    for (size_t i = 0; name.n && i < call->n_contents; i++) {
        if (str_eq(call->contents[i].name, name))
            return &call->contents[i];
    }
    return NULL;
}

bool currency_code(struct str s, char ret[4])
{
    char code[4] = {0};
    if (s.n != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        char ch = s.p[i];
        if (ch >= 'a' && ch <= 'z')
            ch = (char)(ch - 'a' + 'A');
        if (ch < 'A' || ch > 'Z')
            return false;
        code[i] = ch;
    }
    memcpy(ret, code, 4);
    return true;
}

static const struct currency_rule *rule_in(const struct currency_table *t, const char code[4])
{
    for (size_t i = 0; t && i < t->n; i++) {
        if (memcmp(t->rules[i].code, code, 4) == 0)
            return &t->rules[i];
    }
    return NULL;
}

const struct currency_rule *currency_rule(const struct connector *c, const struct operation *op, const char code[4])
{
    const struct currency_rule *own = rule_in(op ? op->currencies : NULL, code);
    return own ? own : rule_in(&c->currencies, code);
}

int currency_exponent(const struct connector *c, const struct operation *op, const char code[4])
{
    const struct currency_rule *r = currency_rule(c, op, code);
    return r ? r->exponent : c->exponent_default;
}

bool amount_eval(struct json root, const struct amount_expr *e, int64_t *ret)
{
    int64_t plus, minus = 0;
    if (!json_i64(json_path(root, e->plus), &plus) || plus < 0)
        return false;
    if (e->minus.n && (!json_i64(json_path(root, e->minus), &minus) || minus < 0))
        return false;
    *ret = plus > minus ? plus - minus : 0;
    return true;
}

struct str json_text_at(struct json root, struct str path)
{
    struct json v = json_path(root, path);
    struct str s = STR_NONE;
    bool b;
    if (json_type(v) == JSON_OBJECT)
        v = json_get(v, STR("id")); /* an expanded object stands where its id stood */
    if (json_bool(v, &b))
        return b ? STR("true") : STR("false");
    (void)json_str(v, &s); /* absent, null and numbers are no text */
    return s;
}

struct str json_first_text(struct json root, const struct strs *paths)
{
    for (size_t i = 0; i < paths->n; i++) {
        struct str s = json_text_at(root, paths->items[i]);
        if (s.n)
            return s;
    }
    return STR_NONE;
}
