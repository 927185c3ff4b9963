/*
 * policy/key_limits.c - limits of a key: `usd=50/day`. They narrow what the key's document allows; never the other way.
 */
#include "policy/policy_impl.h"

#include <stdlib.h>

#include "base/err.h"

#define COUNT_MAX 1000000000000LL

/* What people write, for one line of help. */
#define FORMS "usd=50.00/day, usd=5/call, currency:EUR=20/day, tokens=200000/60s, requests=100/lifetime, concurrent=4"

static int fault(struct diag_list *diags, struct str spec, const char *code, const char *text)
{
    diag_add(diags, STR("--limit"), 0, 0, code, "`" STR_FMT "`: %s", STR_ARG(spec), text);
    return -ERR_INVALID;
}

static int parse_value(struct str spec, struct str value, struct diag_list *diags, struct limit *l)
{
    struct str whole = value, fraction;
    if (!meter_is_money(l->meter))
        return str_to_i64(value, &l->max) < 0 || l->max > COUNT_MAX
                   ? fault(diags, spec, "bad_count", "the count is a whole number")
                   : 0;
    (void)str_cut(value, '.', &whole, &fraction);
    return whole.n > 9 || money_parse(value, &l->max) < 0
               ? fault(diags, spec, "bad_amount", "the amount is a decimal like 50.00")
               : 0;
}

static int parse_window_word(struct str spec, struct str word, bool has_word, struct diag_list *diags, struct limit *l)
{
    l->window = WINDOW_INSTANT;
    if (!has_word && l->meter == METER_CONCURRENT)
        return 0;
    if (!has_word || window_parse_short(word, &l->window, &l->sliding_ns) < 0)
        return fault(diags, spec, "bad_window",
                     "a window is one of /call /minute /hour /day /week /month /run /lifetime, or slides: /60s");
    bool is_instant = l->window == WINDOW_INSTANT, is_concurrent = l->meter == METER_CONCURRENT;
    if (is_instant != is_concurrent || (l->meter == METER_REQUESTS && l->window == WINDOW_CALL))
        return fault(diags, spec, "bad_window", "this meter has no such window; write " FORMS);
    return 0;
}

static int parse_spec(struct str spec, struct diag_list *diags, struct arena *a, struct limit *ret)
{
    struct str meter, rest, value, window = STR_NONE;
    struct limit l = {.by = 1u << BY_KEY};
    if (!str_cut(spec, '=', &meter, &rest) || meter_parse(meter, &l.meter, l.currency) < 0)
        return fault(diags, spec, "bad_limit", "write " FORMS);
    bool has_window = str_cut(rest, '/', &value, &window);
    if (!has_window)
        value = rest;
    if (parse_value(spec, value, diags, &l) < 0 || parse_window_word(spec, window, has_window, diags, &l) < 0)
        return -ERR_INVALID;
    if (l.window == WINDOW_RUN)
        l.by |= 1u << BY_RUN;
    limit_name_counter(&l, STR_NONE, a);
    l.id = l.counter;
    *ret = l;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    return str_cmp(((const struct limit *)a)->id, ((const struct limit *)b)->id);
}

static int parse_all(struct key_limits *k, const struct str *specs, size_t n, struct diag_list *diags)
{
    int r = 0;
    for (size_t i = 0; i < n; i++) {
        struct limit l;
        if (parse_spec(specs[i], diags, &k->arena, &l) < 0) {
            r = -ERR_INVALID;
            continue;
        }
        for (size_t j = 0; j < k->n; j++)
            if (str_eq(k->limits[j].id, l.id))
                r = fault(diags, specs[i], "duplicate_id", "the same meter and window stand twice");
        k->limits[k->n++] = l;
    }
    return r;
}

int key_limits_parse(const struct str *specs, size_t n, const struct limits *limits, struct diag_list *diags,
                     struct key_limits **ret)
{
    if ((int64_t)n > limits->key_limits_max) {
        diag_add(diags, STR("--limit"), 0, 0, "too_many", "%zu limits; key_limits_max is %lld", n,
                 (long long)limits->key_limits_max);
        return err_trace(-ERR_INVALID);
    }
    struct key_limits *k = calloc(1, sizeof *k);
    if (!k)
        return err_trace(-ERR_NOMEM);
    arena_init(&k->arena, 65536);
    k->limits = arena_alloc(&k->arena, (n + 1) * sizeof *k->limits);
    int r = parse_all(k, specs, n, diags);
    if (r < 0) {
        key_limits_free(k);
        return err_trace(r);
    }
    if (k->n > 1)
        qsort(k->limits, k->n, sizeof *k->limits, by_id);
    *ret = k;
    return 0;
}

void key_limits_free(struct key_limits *k)
{
    if (!k)
        return;
    arena_deinit(&k->arena);
    free(k);
}
