/* llm/counts_impl.h - what the vendors' files share. */
#pragma once

#include "llm/counts.h"

int64_t counts_or_0(const struct counts *c, enum count i);
/* Takes a part out of a total, as much of it as is left there. */
int64_t counts_take(int64_t part, int64_t *rest);
