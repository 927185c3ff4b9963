/*
 * llm/catalog.h - which models there are, what they can take, and what each kind of token costs: catalog/models.yaml.
 *
 * Immutable once shared; outlives every call. Prices are nano-USD per million tokens, products are rounded up. A price
 * that is not there is not zero: what it would price is unknown.
 */
#pragma once

#include "base/limits.h"
#include "base/money.h"
#include "call/usage.h"
#include "codec/diag.h"
#include "llm/tier.h"

struct catalog;
struct model;

/* 0; -ERR_INVALID: `diags` says why and where; -ERR_TOO_LARGE, -ERR_NOMEM. `text` need not outlive the call. */
int catalog_parse(struct str text, struct str file, const struct limits *limits, struct diag_list *diags,
                  struct catalog **ret);
void catalog_free(struct catalog *c); /* NULL is fine */
/*
 * The models of `over` are added to c, or replace those of the same vendor and name, whose aliases they keep. Before c
 * is shared. c owns `over` from then on; the later merge wins. -ERR_TOO_LARGE, -ERR_NOMEM: c can only be freed.
 */
int catalog_merge(struct catalog *c, struct catalog *over);
struct str catalog_builtin(void); /* the text compiled into the binary */
/* Date and hash of the text, joined by '+' for merged ones; recorded with every priced call. */
struct str catalog_version(const struct catalog *c);
struct str catalog_priced_at(const struct catalog *c); /* the date alone; of merged ones, the first's */
size_t catalog_models(const struct catalog *c);
const struct model *catalog_model(const struct catalog *c, size_t i);
/*
 * By the name that an agent or an answer says: a model, one of its aliases, or a dated form that the catalog lists.
 * `vendor` empty: any vendor. NULL: unknown, so its price is.
 */
const struct model *catalog_find(const struct catalog *c, struct str vendor, struct str name);

struct str model_name(const struct model *m);
struct str model_vendor(const struct model *m);
const struct str *model_aliases(const struct model *m, size_t *ret_n);
size_t model_index(const struct model *m); /* 0 .. catalog_models() - 1 */
int64_t model_input_max(const struct model *m);        /* tokens; 0: the catalog does not say */
int64_t model_output_max(const struct model *m);       /* tokens; 0: the catalog does not say */
int64_t model_image_tokens_max(const struct model *m); /* the most that one image can count; 0: does not say */
bool model_hides_reasoning(const struct model *m);     /* it reasons, and bills for it, without showing it */
/* "2026-11-28" and such, or empty. */
struct str model_priced_at(const struct model *m);
struct str model_deprecated_at(const struct model *m);
struct str model_source(const struct model *m);

/* Nano-USD for a million tokens; -1: there is no such price. `is_long`: of a call whose input passes long_above. */
money_t model_rate(const struct model *m, enum price_tier tier, enum token_class class, bool is_long);
int64_t model_long_above(const struct model *m); /* tokens; 0: no price depends on the length */
money_t model_web_search(const struct model *m); /* of one; -1: there is no price */
/* What inference kept in the US multiplies token prices by, in millionths. */
int64_t model_us_inference_ppm(const struct model *m);

/*
 * What that use costs. Long-context prices hold for the whole call once all input tokens pass their threshold.
 * Reasoning without a price of its own costs what output does. False: something was used that the catalog has no price
 * for, or the sum does not fit.
 */
bool model_price(const struct model *m, enum price_tier tier, const struct usage *u, money_t *ret);
/* The most that up to so many tokens can cost, whichever classes they turn out to be (cache writes and audio only where
 * the request can cause them). False: a price is missing. */
struct price_ask {
    enum price_tier tier;
    int64_t input, output;
    bool may_write_cache_1h, may_write_cache, has_audio_in, has_audio_out, has_image_out;
    bool is_us_inference;
    int64_t web_searches; /* the most there can be; -1: unbounded, so unknown */
};
bool model_price_most(const struct model *m, const struct price_ask *ask, money_t *ret);
