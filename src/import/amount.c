/*
 * import/amount.c - sums, counts and truths as other products write them: 100, "100", 1e2, True.
 */
#include "import/import_impl.h"

#include "base/money.h"

bool is_unset(const struct yaml *at)
{
    return !at || at->type == YAML_NULL || (at->type == YAML_STR && (at->text.n == 0 || str_eq(at->text, STR("~")))) ||
           ((at->type == YAML_SEQ || at->type == YAML_MAP) && at->n == 0);
}

bool read_truth(const struct yaml *at)
{
    bool is = false;
    struct str s;
    if (yaml_str(at, &s))
        return str_eq_nocase(s, STR("true")) || str_eq_nocase(s, STR("yes")) || str_eq_nocase(s, STR("on"));
    return yaml_bool(at, &is) && is;
}

/* 1e2, 2.5E-3 and the like, with at most nine places. False: no number, or one that has more. */
static bool plain_decimal(struct import *x, struct str s, struct str *ret)
{
    struct str mantissa, exponent, whole, places;
    int64_t e = 0;
    if (!str_cut(s, 'e', &mantissa, &exponent) && !str_cut(s, 'E', &mantissa, &exponent))
        return false;
    bool is_negative = str_starts(exponent, STR("-"));
    if (is_negative || str_starts(exponent, STR("+")))
        exponent = str_sub(exponent, 1, exponent.n);
    while (exponent.n > 1 && exponent.p[0] == '0')
        exponent = str_sub(exponent, 1, exponent.n);
    if (str_to_i64(exponent, &e) < 0 || e > 18)
        return false;
    if (!str_cut(mantissa, '.', &whole, &places)) {
        whole = mantissa;
        places = STR_NONE;
    }
    struct buf b;
    buf_init(&b, 128);
    if (is_negative) {
        (void)buf_add(&b, STR("0.")); /* cut short at worst, and then no number */
        for (size_t i = whole.n; i < (size_t)e; i++)
            (void)buf_add_byte(&b, '0');
        (void)buf_add(&b, whole);
        (void)buf_add(&b, places);
    } else {
        (void)buf_add(&b, whole);
        (void)buf_add(&b, places);
        for (size_t i = places.n; i < (size_t)e; i++)
            (void)buf_add_byte(&b, '0');
    }
    bool is_ok = buf_ok(&b) == 0 && (is_negative ? whole.n <= (size_t)e : places.n <= (size_t)e);
    *ret = arena_str(x->a, buf_str(&b));
    buf_deinit(&b);
    return is_ok;
}

static bool number_of(struct import *x, const struct yaml *at, struct str *ret)
{
    struct str s, plain;
    if (!yaml_number_text(at, &s))
        return false;
    *ret = plain_decimal(x, s, &plain) ? plain : s;
    return true;
}

bool read_usd(struct import *x, const struct yaml *at, struct str *ret_text)
{
    char out[MONEY_TEXT_BYTES];
    struct str s;
    money_t usd;
    if (!number_of(x, at, &s) || money_parse(s, &usd) < 0) {
        note(x, at, BUCKET_REFUSED, "this is no sum in dollars of at most nine places");
        return false;
    }
    *ret_text = arena_str(x->a, money_text_short(usd, out));
    return true;
}

bool read_count(struct import *x, const struct yaml *at, struct str *ret_text)
{
    struct str s, whole, places;
    int64_t n;
    bool is_ok = number_of(x, at, &s);
    if (is_ok && str_cut(s, '.', &whole, &places)) { /* 100.0 */
        for (size_t i = 0; i < places.n; i++)
            is_ok = is_ok && places.p[i] == '0';
        s = whole;
    }
    if (!is_ok || str_to_i64(s, &n) < 0) {
        note(x, at, BUCKET_REFUSED, "this is no count");
        return false;
    }
    *ret_text = s;
    return true;
}
