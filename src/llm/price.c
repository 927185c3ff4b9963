/*
 * llm/price.c - tokens times prices, exactly: 128 bits wide, rounded up once, at the end.
 *
 * The widest product is TOKENS_MAX (2^40) x a price (2^50) x a factor in millionths (2^24), a few of them added up.
 */
#include "llm/catalog_impl.h"

#define PER_MILLION 1000000

/* Nano-USD x million tokens, not yet divided. */
typedef __int128 wide_t;

static wide_t divide_up(wide_t n, wide_t by)
{
    return n / by + (n % by > 0);
}

/* Reasoning is output unless it is priced apart. */
static money_t rate_of(const struct price_list *list, enum price_tier tier, enum token_class class)
{
    money_t rate = list->usd[tier][class];
    return rate < 0 && class == TOKEN_REASONING ? list->usd[tier][TOKEN_OUTPUT] : rate;
}

static bool add_searches(const struct model *m, int64_t n, wide_t *sum)
{
    if (n == 0)
        return true;
    if (n < 0 || m->web_search < 0)
        return false;
    *sum += (wide_t)n * m->web_search;
    return true;
}

/* `tokens_sum` is of tokens x prices; searches cost the same wherever they are made. */
static bool total(const struct model *m, wide_t tokens_sum, bool is_us_inference, int64_t web_searches, money_t *ret)
{
    wide_t sum = tokens_sum, per = PER_MILLION;
    if (is_us_inference) {
        sum *= m->us_inference_ppm;
        per *= PER_MILLION;
    }
    sum = divide_up(sum, per);
    if (!add_searches(m, web_searches, &sum) || sum > MONEY_MAX)
        return false;
    *ret = (money_t)sum;
    return true;
}

bool model_price(const struct model *m, enum price_tier tier, const struct usage *u, money_t *ret)
{
    bool is_long = m->long_above && usage_tokens(u, TOKENS_IN) > m->long_above;
    const struct price_list *list = is_long ? &m->long_prices : &m->prices;
    wide_t sum = 0;
    for (enum token_class c = 0; c < TOKEN_CLASS_COUNT; c++) {
        money_t rate = rate_of(list, tier, c);
        if (u->tokens[c] && rate < 0)
            return false;
        if (u->tokens[c])
            sum += (wide_t)u->tokens[c] * rate;
    }
    return total(m, sum, u->is_us_inference, u->web_searches, ret);
}

/* ---- the most ---- */

/* Which classes tokens of one direction may be. */
static bool may_be(const struct price_ask *ask, enum token_class c)
{
    switch (c) {
    case TOKEN_CACHE_WRITE_5M:
        return ask->may_write_cache;
    case TOKEN_CACHE_WRITE_1H:
        return ask->may_write_cache_1h;
    case TOKEN_AUDIO_IN:
        return ask->has_audio_in;
    case TOKEN_AUDIO_OUT:
        return ask->has_audio_out;
    case TOKEN_IMAGE_OUT:
        return ask->has_image_out;
    case TOKEN_INPUT:
    case TOKEN_OUTPUT:
    case TOKEN_REASONING:
        return true;
    default: /* cheaper than input, or counted as it */
        return false;
    }
}

/* Raises *most to the dearest class of that direction; false: one has no price. */
static bool raise_most(const struct price_list *list, const struct price_ask *ask, bool is_input, money_t *most)
{
    for (enum token_class c = 0; c < TOKEN_CLASS_COUNT; c++) {
        if ((c < TOKEN_OUTPUT) != is_input || !may_be(ask, c))
            continue;
        money_t rate = rate_of(list, ask->tier, c);
        if (rate < 0)
            return false;
        if (rate > *most)
            *most = rate;
    }
    return true;
}

static bool most_of(const struct model *m, const struct price_ask *ask, bool is_input, int64_t n, wide_t *sum)
{
    money_t most = 0;
    bool may_be_long = m->long_above && ask->input > m->long_above;
    if (n == 0)
        return true;
    if (n < 0 || n > TOKENS_MAX)
        return false;
    if (!raise_most(&m->prices, ask, is_input, &most) ||
        (may_be_long && !raise_most(&m->long_prices, ask, is_input, &most)))
        return false;
    *sum += (wide_t)n * most;
    return true;
}

bool model_price_most(const struct model *m, const struct price_ask *ask, money_t *ret)
{
    wide_t sum = 0;
    return most_of(m, ask, true, ask->input, &sum) && most_of(m, ask, false, ask->output, &sum) &&
           total(m, sum, ask->is_us_inference, ask->web_searches, ret);
}
