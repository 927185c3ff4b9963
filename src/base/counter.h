/*
 * base/counter.h - process-wide counters, relaxed atomics, listed in counter.tbl.h.
 */
#pragma once

#include <stdint.h>

enum counter {
#define COUNTER(name, help) COUNTER_##name,
#include "base/counter.tbl.h"
#undef COUNTER
    COUNTER_COUNT
};

void counter_add(enum counter c, uint64_t n);
uint64_t counter_get(enum counter c);
const char *counter_name(enum counter c);
const char *counter_help(enum counter c);
