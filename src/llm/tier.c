/*
 * llm/tier.c - the tiers as texts.
 */
#include "llm/tier.h"

#include "base/check.h"

static const struct str texts[] = {
#define TIER(name, text) STR_INIT(text),
#include "llm/tier.tbl.h"
#undef TIER
};

struct str price_tier_text(enum price_tier t)
{
    check(t < TIER_COUNT);
    return texts[t];
}
