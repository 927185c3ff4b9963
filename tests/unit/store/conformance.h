/*
 * tests/unit/store/conformance.h - what every store must do, whatever it is made of.
 */
#pragma once

#include "call/store.h"

#include <stddef.h>

struct store_factory {
    const char *name;
    int (*make)(void *ctx, struct store **ret);
    void *ctx;
};

/* Runs all tests against stores of the factory; the number of tests that failed. */
int conformance_run(const struct store_factory *f);
