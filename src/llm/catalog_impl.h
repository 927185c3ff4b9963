/*
 * llm/catalog_impl.h - a model in memory.
 */
#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "llm/catalog.h"

#define PRICE_NONE INT64_C(-1)

/* Nano-USD for a million tokens; PRICE_NONE: there is no price. */
struct price_list {
    money_t usd[TIER_COUNT][TOKEN_CLASS_COUNT];
};

struct model {
    struct str name, vendor;
    struct str *aliases;
    size_t n_aliases;
    size_t index;
    int64_t input_max, output_max, image_tokens_max; /* 0: not said */
    bool hides_reasoning;
    struct price_list prices;
    int64_t long_above; /* 0: there is no long-context price */
    struct price_list long_prices;
    money_t web_search;        /* of one; PRICE_NONE */
    int64_t us_inference_ppm;  /* a factor in millionths */
    struct str priced_at, deprecated_at, source; /* as written; empty: not said */
};

struct catalog {
    struct arena arena; /* of texts and models */
    struct model *models;
    size_t n_models;
    struct map by_name, by_vendor; /* "name", "vendor/name": a model */
    struct str priced_at, version;
    struct catalog *over; /* was merged into this one; owned */
};

/* Numbers the models and makes their names findable, anew. -ERR_NOMEM. */
int catalog_index(struct catalog *c);
