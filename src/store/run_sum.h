/*
 * store/run_sum.h - what the calls of one run add up to: money by layer and vendor, tokens, tool calls, and the limits
 * that count this run alone, and all of it.
 *
 * Fed call by call, so that a run of any length takes the memory of one call and of these sums.
 */
#pragma once

#include "call/usage.h"
#include "store/render.h"

struct run_sum_row {
    struct str layer, vendor; /* empty: the call was refused before one was known */
    struct rollup sum;
};

/* A limit whose bucket names a run, over all of it: its window has no start (run, lifetime, instant). */
struct run_limit {
    struct str id, counter, bucket, meter, window;
    int64_t max; /* when its newest call was held */
};

struct run_sum {
    struct arena arena; /* its texts */
    struct run_sum_row *rows;
    size_t n_rows, rows_cap;
    struct run_limit *limits;
    size_t n_limits, limits_cap;
    int64_t tokens[TOKEN_CLASS_COUNT]; /* by the first class of each recorded name */
    bool has_tokens;
    int64_t n_tool_calls;
};

void run_sum_init(struct run_sum *s);
void run_sum_deinit(struct run_sum *s);
/* Texts are parsed into `a`, which the caller resets between calls. -ERR_CORRUPT, -ERR_TOO_LARGE, -ERR_OVERFLOW. */
int run_sum_add(struct run_sum *s, struct arena *a, const struct call_texts *t);
/* Fills settled and held of a limit from the store's counters, and leaves them where there is no counter. */
typedef int (*run_sum_look)(void *ctx, const struct run_limit *l, int64_t *ret_settled, int64_t *ret_held);
/* {"totals":[...],"tokens":{...},"tool_calls":n,"limits":[...]} */
int run_sum_render(struct run_sum *s, struct json_writer *w, run_sum_look look, void *ctx);
