/*
 * call/fx.c - one multiplication, rounded up twice: to the nano-dollar, and again with the margin.
 */
#include "call/fx.h"

#include "base/check.h"

#include <string.h>

#define NS_PER_DAY (86400 * NS_PER_S)
#define NANO 1000000000LL
#define EXPONENT_MAX 9

struct str fx_state_text(enum fx_state s)
{
    static const struct str texts[] = {[FX_USED] = STR_INIT("used"), [FX_NO_TABLE] = STR_INIT("no_table"),
                                       [FX_NO_RATE] = STR_INIT("no_rate"), [FX_STALE] = STR_INIT("stale")};
    return texts[s];
}

/* ceil(a * b / c); false when it is no int64. */
static bool scale_up(int64_t a, int64_t b, int64_t c, int64_t *ret)
{
    __int128 n = ((__int128)a * b + c - 1) / c;
    if (n > INT64_MAX)
        return false;
    *ret = (int64_t)n;
    return true;
}

int64_t amount_nano(const struct amount *m)
{
    int64_t n, unit = NANO;
    check(m->minor >= 0);
    if (m->exponent < 0 || m->exponent > EXPONENT_MAX)
        return INT64_MAX;
    for (int i = 0; i < m->exponent; i++)
        unit /= 10;
    return scale_up(m->minor, unit, 1, &n) ? n : INT64_MAX;
}

struct cost fx_again(const struct fx_use *use, const struct amount *m)
{
    struct cost cost = {.how = HOW_UNKNOWN};
    int64_t plain, unit = 1;
    check(m->minor >= 0);
    if (use->state != FX_USED || strcmp(use->currency, m->currency) != 0 || m->exponent < 0 ||
        m->exponent > EXPONENT_MAX)
        return cost;
    for (int i = 0; i < m->exponent; i++)
        unit *= 10;
    if (scale_up(m->minor, use->nano_usd, unit, &plain) &&
        scale_up(plain, 100 * NANO + use->margin_nano_percent, 100 * NANO, &cost.usd))
        cost.how = HOW_PRICED;
    return cost;
}

/* Also before its day: a clock that is so wrong tells nothing of ages. */
static bool is_stale(const struct fx_table *t, wall_t now)
{
    return now < t->from - NS_PER_DAY || now - t->from - NS_PER_DAY >= t->max_age_ns;
}

static int64_t rate_of(const struct fx_table *t, const char currency[4])
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->rates[i].currency, currency) == 0)
            return t->rates[i].nano_usd;
    return 0;
}

struct cost fx_to_usd(const struct fx_table *t, const struct amount *m, wall_t now, struct fx_use *ret)
{
    struct fx_use use = {.state = FX_NO_TABLE};
    memcpy(use.currency, m->currency, sizeof use.currency);
    if (t) {
        memcpy(use.date, t->date, sizeof use.date);
        use.margin_nano_percent = t->margin_nano_percent;
        use.nano_usd = rate_of(t, m->currency);
        use.state = is_stale(t, now) ? FX_STALE : use.nano_usd ? FX_USED : FX_NO_RATE;
    }
    *ret = use;
    return fx_again(&use, m);
}
