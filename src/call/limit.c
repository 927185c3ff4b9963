/*
 * call/limit.c - meters: their texts, and their part of what a call used.
 */
#include "call/limit.h"

#include "base/check.h"
#include "base/err.h"

static const struct {
    struct str text, unit;
    bool is_cost;
} meters[METER_COUNT] = {
#define METER(name, text, is_cost, unit) {STR_INIT(text), STR_INIT(unit), is_cost},
#include "call/meter.tbl.h"
#undef METER
};

struct str meter_text(enum limit_meter m)
{
    check(m < METER_COUNT);
    return meters[m].text;
}

struct str meter_unit(enum limit_meter m)
{
    check(m < METER_COUNT);
    return meters[m].unit;
}

bool meter_is_cost(enum limit_meter m)
{
    check(m < METER_COUNT);
    return meters[m].is_cost;
}

bool meter_is_tokens(enum limit_meter m)
{
    return meter_is_cost(m) && m != METER_USD;
}

/* A part that is unknown makes the sum unknown. */
static int64_t both(int64_t a, int64_t b)
{
    money_t sum;
    if (a == USED_UNKNOWN || b == USED_UNKNOWN)
        return USED_UNKNOWN;
    return money_add(a, b, &sum) ? sum : INT64_MAX;
}

int64_t used_of(const struct used *u, enum limit_meter m)
{
    check(meter_is_cost(m));
    switch (m) {
    case METER_USD:
        return u->usd;
    case METER_INPUT_TOKENS:
        return u->input_tokens;
    case METER_OUTPUT_TOKENS:
        return u->output_tokens;
    default:
        return both(u->input_tokens, u->output_tokens);
    }
}

int meter_parse(struct str s, enum limit_meter *ret)
{
    for (size_t i = 0; i < METER_COUNT; i++) {
        if (!str_eq(meters[i].text, s))
            continue;
        *ret = (enum limit_meter)i;
        return 0;
    }
    return -ERR_NOT_FOUND;
}
