/*
 * llm/tier.h - the tier of service that a request asked for, or an answer says it got.
 */
#pragma once

#include "base/str.h"

enum price_tier {
#define TIER(name, text) TIER_##name,
#include "llm/tier.tbl.h"
#undef TIER
    TIER_COUNT
};
struct str price_tier_text(enum price_tier t);
