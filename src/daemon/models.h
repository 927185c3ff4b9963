/*
 * daemon/models.h - what calls to models need beside the vendors: the catalog of models and prices, and what is learned
 * of their tokens.
 */
#pragma once

#include "config/config.h"
#include "proxy/llm.h"

struct models {
    struct llm_shared shared;
    struct catalog *catalog;
    struct llm_floors *floors;
};

/* The built-in catalog, with the user's on top. 0, or a negative code with what is wrong, and where, in `error`. */
int models_load(const struct config *c, const struct limits *limits, struct buf *error, struct models *ret);
/* The day that its prices are from; 0: it does not say. */
wall_t models_priced_at(const struct models *m);
void models_free(struct models *m);
