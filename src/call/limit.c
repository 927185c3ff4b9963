/*
 * call/limit.c - meters: their texts, and their part of what a call used.
 */
#include "call/limit.h"

#include "base/check.h"
#include "base/err.h"

#include <string.h>

#define CURRENCY_PREFIX STR("currency:")

static const struct {
    struct str text, unit;
    bool is_cost;
} meters[METER_COUNT] = {
#define METER(name, text, is_cost, unit) {STR_INIT(text), STR_INIT(unit), is_cost},
#include "call/meter.tbl.h"
#undef METER
};

struct str meter_text(enum limit_meter m, const char *currency, char out[METER_TEXT_BYTES])
{
    check(m < METER_COUNT);
    if (m != METER_CURRENCY)
        return meters[m].text;
    memcpy(out, CURRENCY_PREFIX.p, CURRENCY_PREFIX.n);
    memcpy(out + CURRENCY_PREFIX.n, currency, CURRENCY_BYTES);
    return str_c(out);
}

struct str meter_unit(enum limit_meter m, const char *currency)
{
    check(m < METER_COUNT);
    return m == METER_CURRENCY ? str_c(currency) : meters[m].unit;
}

bool meter_is_cost(enum limit_meter m)
{
    check(m < METER_COUNT);
    return meters[m].is_cost;
}

bool meter_is_money(enum limit_meter m)
{
    return m == METER_USD || m == METER_CURRENCY;
}

bool meter_is_tokens(enum limit_meter m)
{
    return meter_is_cost(m) && !meter_is_money(m);
}

/* A part that is unknown makes the sum unknown. */
static int64_t both(int64_t a, int64_t b)
{
    money_t sum;
    if (a == USED_UNKNOWN || b == USED_UNKNOWN)
        return USED_UNKNOWN;
    return money_add(a, b, &sum) ? sum : INT64_MAX;
}

int64_t used_of(const struct used *u, enum limit_meter m, const char *currency)
{
    check(meter_is_cost(m));
    switch (m) {
    case METER_USD:
        return u->usd;
    case METER_CURRENCY:
        return u->amount == USED_UNKNOWN || memcmp(u->currency, currency, CURRENCY_BYTES) == 0 ? u->amount : 0;
    case METER_INPUT_TOKENS:
        return u->input_tokens;
    case METER_OUTPUT_TOKENS:
        return u->output_tokens;
    default:
        return both(u->input_tokens, u->output_tokens);
    }
}

static bool is_currency(struct str s)
{
    bool is_ok = s.n == CURRENCY_BYTES - 1 && !str_eq(s, STR("USD"));
    for (size_t i = 0; i < s.n; i++)
        is_ok &= s.p[i] >= 'A' && s.p[i] <= 'Z';
    return is_ok;
}

int meter_parse(struct str s, enum limit_meter *ret, char ret_currency[CURRENCY_BYTES])
{
    struct str currency = str_starts(s, CURRENCY_PREFIX) ? str_sub(s, CURRENCY_PREFIX.n, SIZE_MAX) : STR("");
    struct str text = currency.n ? meters[METER_CURRENCY].text : s;
    if (is_currency(currency) != str_eq(text, meters[METER_CURRENCY].text))
        return -ERR_NOT_FOUND;
    for (size_t i = 0; i < METER_COUNT; i++) {
        if (!str_eq(meters[i].text, text))
            continue;
        *ret = (enum limit_meter)i;
        memset(ret_currency, 0, CURRENCY_BYTES);
        memcpy(ret_currency, currency.p, currency.n);
        return 0;
    }
    return -ERR_NOT_FOUND;
}
