/*
 * cli/whom.h - for whom a call was made, in a word or two, and whether anyone vouches for that.
 */
#pragma once

#include "cli/cli.h"
#include "codec/json_read.h"

/* "ann", "ann, cus_1", "ann (claimed)"; empty: the record names nobody. Lives in the arena of `c`. */
struct str whom_of(struct cli *c, struct json call);
