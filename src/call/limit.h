/*
 * call/limit.h - what policy asks of the ledger: one need for each limit that matches a call.
 */
#pragma once

#include "base/money.h"
#include "base/time.h"
#include "call/approval.h"
#include "call/names.h"
#include "call/window.h"

enum limit_meter {
#define METER(name, text, is_cost, unit) METER_##name,
#include "call/meter.tbl.h"
#undef METER
    METER_COUNT
};
/* A meter and, of METER_CURRENCY, its currency: three capitals, and never USD, which METER_USD counts. Else empty. */
#define CURRENCY_BYTES 4
#define METER_TEXT_BYTES 16
/* "tokens", "currency:EUR"; lies in `out`, or is static. */
struct str meter_text(enum limit_meter m, const char *currency, char out[METER_TEXT_BYTES]);
struct str meter_unit(enum limit_meter m, const char *currency); /* "USD", "EUR", "input tokens" */
bool meter_is_cost(enum limit_meter m);    /* settles with what was used; else it counts calls */
bool meter_is_money(enum limit_meter m);   /* its numbers are billionths of a unit of money, and written as decimals */
bool meter_is_tokens(enum limit_meter m);
int meter_parse(struct str s, enum limit_meter *ret, char ret_currency[CURRENCY_BYTES]); /* -ERR_NOT_FOUND */

/* What a call used in the end, for the meters of cost. USED_UNKNOWN: something, and no number says how much. */
#define USED_UNKNOWN (-1)
struct used {
    money_t usd;
    int64_t input_tokens, output_tokens;
    int64_t amount; /* for METER_CURRENCY: billionths of a unit of `currency`, and nothing of any other */
    char currency[CURRENCY_BYTES];
};
#define USED_UNKNOWN_ALL ((struct used){USED_UNKNOWN, USED_UNKNOWN, USED_UNKNOWN, USED_UNKNOWN, {0}})
/* m counts cost. */
int64_t used_of(const struct used *u, enum limit_meter m, const char *currency);

/* A call never has more needs than this: policy denies what would (the defaults allow 108). */
#define LIMIT_NEEDS_MAX 256

/*
 * Units of n, max and the results: billionths of a unit of money (meter_is_money), else a plain count. Strings live in
 * the call's arena.
 */
struct limit_need {
    struct str id;      /* as the document names it; key limits: "key/usd/day" */
    struct str counter; /* what makes it the same counter over time: "<document>/<id>/<meter>/<window>/<by,...>", or
                           "key/<meter>/<window>" of a key; with "test:" before it in test mode */
    struct str bucket;  /* "agent=refunds,customer=cus_1"; "-" without `by`; absent values are "-"; separators as %XX */
    unsigned by;        /* of which facts the bucket is made, as policy has them: for sentences */
    enum limit_meter meter;
    char currency[CURRENCY_BYTES]; /* of METER_CURRENCY */
    enum limit_window window;
    int64_t sliding_ns;  /* how long, WINDOW_SLIDING; else 0 */
    const struct zone *zone; /* of a calendar window; NULL: UTC. Lives as long as the process */
    wall_t window_start; /* 0 where the window has no start; of a sliding one the slot's */
    wall_t resets_at;    /* 0: never. Sliding: when there is room for n again, or what counts first counts no more */
    int64_t max;         /* with raised */
    int64_t n;      /* how much this call holds */
    bool may_clamp; /* without room: lower what the model may answer, and decide again */
    struct str downgrade; /* without room: the vendor's model to ask instead, and decide again; empty: none */
    bool counts_new; /* of the need before it: asks 1 where that one's bucket has never been touched, else nothing */
    bool is_shadow; /* counts, and never refuses */
    int64_t soft;   /* the threshold that only tells; 0: none */
    struct approval_terms approval; /* without room: a person may say yes; quorum 0: nobody may */
    /* what of max is a temporary raise, and when the first part of it ends; filled beside the ledger */
    int64_t raised;
    wall_t raised_until; /* 0: nothing is raised */
    /* filled by the ledger when it looks */
    int64_t before; /* settled in this window */
    int64_t held;   /* held by other calls, all windows */
    int64_t after;  /* before + held + n, when held */
    bool is_short;  /* no room */
};
