/*
 * cli/demo.h - the two sample runs of `flyball demo`.
 */
#pragma once

#include "base/money.h"
#include "cli/cli.h"

int demo_runaway(struct cli *c);

/* What would be lost in `window_ns` at the rate of `lost` in `elapsed_ns` (> 0); the most that there is on overflow. */
money_t demo_lost_in(money_t lost, int64_t elapsed_ns, int64_t window_ns);
