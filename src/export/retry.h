/*
 * export/retry.h - what an answer means for what comes next, and how long to wait. No clock, no network: values only.
 */
#pragma once

#include "base/rand.h"
#include "base/time.h"

enum retry_verdict {
    RETRY_SENT,   /* it has it */
    RETRY_LATER,  /* the target cannot now, or is set up wrongly: nothing is lost by asking again */
    RETRY_SMALLER /* it does not take this: malformed or too large in its eyes */
};
enum retry_verdict retry_verdict_of(uint16_t status);

/* `n`: failures so far, from 1. Doubles up to `most_ms`, with a fifth of it to and fro. */
int64_t retry_backoff_ms(int64_t first_ms, int64_t most_ms, unsigned n, struct rng *r);

/* Of a Retry-After field: seconds, or an HTTP date (RFC 9110 10.2.3). False: neither. Never negative. */
bool retry_after_ms(struct str value, wall_t now, int64_t *ret_ms);
