/*
 * base/counter.c - one cache line a counter, so that workers do not slow each other down by counting.
 */
#include "base/counter.h"

#include <stdatomic.h>

#include "base/check.h"

static struct {
    _Alignas(64) _Atomic uint64_t n;
} counters[COUNTER_COUNT];

static const struct {
    const char *name, *help;
} infos[COUNTER_COUNT] = {
#define COUNTER(name, help) [COUNTER_##name] = {#name, help},
#include "base/counter.tbl.h"
#undef COUNTER
};

void counter_add(enum counter c, uint64_t n)
{
    check((unsigned)c < COUNTER_COUNT);
    atomic_fetch_add_explicit(&counters[c].n, n, memory_order_relaxed);
}

uint64_t counter_get(enum counter c)
{
    check((unsigned)c < COUNTER_COUNT);
    return atomic_load_explicit(&counters[c].n, memory_order_relaxed);
}

const char *counter_name(enum counter c)
{
    check((unsigned)c < COUNTER_COUNT);
    return infos[c].name;
}

const char *counter_help(enum counter c)
{
    check((unsigned)c < COUNTER_COUNT);
    return infos[c].help;
}
