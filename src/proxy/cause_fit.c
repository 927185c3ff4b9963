/*
 * proxy/cause_fit.c - see cause_fit.h for the rule; each number of it is one function here.
 */
#include "proxy/cause_fit.h"

#include "base/money.h"
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

static void add(struct values *to, struct str text, bool is_distinct)
{
    if (to->n < CAUSE_VALUES_MAX && text.n <= CAUSE_VALUE_BYTES_MAX)
        to->v[to->n++] = (struct cause_value){text, is_distinct};
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

/* 5, 5.00 and "5.00" for 500 cents. */
static bool is_amount(struct str text, const struct amount *a)
{
    money_t asked, sent = a->minor;
    if (!a->is_known || a->exponent < 0 || a->exponent > 9 || money_parse(text, &asked) < 0)
        return false;
    for (int i = a->exponent; i < 9; i++)
        if (!money_mul(sent, 10, &sent))
            return false;
    return asked == sent;
}

static bool is_matched(struct str text, const struct facts *f)
{
    if (str_eq(text, f->customer) || is_amount(text, &f->amount))
        return true;
    for (size_t i = 0; i < f->n_params; i++)
        if (str_eq(text, f->params[i].s))
            return true;
    return false;
}

struct cause_fit cause_fit(const struct cause_value *values, size_t n, const struct facts *f)
{
    struct cause_fit fit = {0};
    for (size_t i = 0; i < n; i++) {
        if (is_matched(values[i].text, f)) {
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
