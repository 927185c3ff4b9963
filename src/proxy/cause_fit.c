/*
 * proxy/cause_fit.c - see cause_fit.h for the rule; each number of it is one function here.
 */
#include "proxy/cause_fit.h"

#include "codec/json_read.h"

#define ARGS_DEPTH_MAX 16
#define SENTENCE_BYTES_MIN 16
#define DIGITS_MIN 6

static bool is_distinctive(struct str s)
{
    size_t n_digits = 0, n_letters = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        n_digits += c >= '0' && c <= '9';
        n_letters += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }
    bool is_number = n_digits + str_starts(s, STR("+")) == s.n; /* a phone's has a plus */
    if (str_has(s, '@') || (n_digits && n_letters) || (is_number && n_digits >= DIGITS_MIN))
        return true;
    return s.n >= SENTENCE_BYTES_MIN && str_has(s, ' ');
}

struct values {
    struct cause_value *v;
    size_t n;
};

/* FNV-1a. Unkeyed: texts with equal hashes are compared, as all of them would be without it. */
static uint64_t hash_of(struct str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    return h;
}

static void add(struct values *to, struct str text, bool is_distinct)
{
    money_t units = -1;
    if (to->n == CAUSE_VALUES_MAX || text.n > CAUSE_VALUE_BYTES_MAX)
        return;
    (void)money_parse(text, &units); /* else it stays no number */
    to->v[to->n++] = (struct cause_value){text, hash_of(text), units, is_distinct};
}

/* Depth is bounded by the parse. */
static void collect(struct values *to, struct json v)
{
    struct str s;
    struct json child;
    switch (json_type(v)) {
    case JSON_NUMBER:
        if (json_number_text(v, &s))
            add(to, s, false);
        break;
    case JSON_STR:
        if (json_str(v, &s) && s.n >= CAUSE_STRING_BYTES_MIN)
            add(to, s, is_distinctive(s));
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        for (struct json_iter it = json_each(v); json_next(&it, NULL, &child);)
            collect(to, child);
        break;
    default:
        break;
    }
}

size_t cause_values(struct str args, struct arena *a, struct cause_value ret[CAUSE_VALUES_MAX])
{
    struct values to = {.v = ret};
    struct json root;
    if (json_parse(a, args, ARGS_DEPTH_MAX, &root) < 0)
        return 0;
    collect(&to, root);
    return to.n;
}

/* 500 cents are 5 whole units: 5, 5.00 and "5.00". -1: unknown, or more than anything can be. */
static money_t units_of(const struct amount *a)
{
    money_t units = a->minor;
    if (!a->is_known || a->exponent < 0 || a->exponent > 9)
        return -1;
    for (int i = a->exponent; i < 9; i++)
        if (!money_mul(units, 10, &units))
            return -1;
    return units;
}

static void add_target(struct cause_target *t, struct str text)
{
    if (text.n == 0 || t->n == CAUSE_TARGETS_MAX)
        return;
    t->hashes[t->n] = hash_of(text);
    t->texts[t->n++] = text;
}

void cause_target(const struct facts *f, struct cause_target *ret)
{
    ret->n = 0;
    ret->units = units_of(&f->amount);
    add_target(ret, f->customer);
    for (size_t i = 0; i < f->n_params; i++)
        add_target(ret, f->params[i].s);
}

static bool is_matched(const struct cause_value *v, const struct cause_target *t)
{
    if (v->units >= 0 && v->units == t->units)
        return true;
    for (size_t i = 0; i < t->n; i++)
        if (v->hash == t->hashes[i] && str_eq(v->text, t->texts[i]))
            return true;
    return false;
}

struct cause_fit cause_fit(const struct cause_value *values, size_t n, const struct cause_target *t)
{
    struct cause_fit fit = {0};
    for (size_t i = 0; i < n; i++) {
        if (is_matched(&values[i], t)) {
            fit.n_matched++;
            fit.is_fit |= values[i].is_distinctive;
        } else {
            fit.n_others++;
        }
    }
    return fit;
}

bool cause_fit_is_better(struct cause_fit a, struct cause_fit b)
{
    return a.n_matched > b.n_matched || (a.n_matched == b.n_matched && a.n_others < b.n_others);
}
