/*
 * tests/fuzz/fuzz.h - what fuzz targets share. meson.build beside this says how to add one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"

/* What must hold for every input. */
#define fuzz_check(cond) check(cond)

/* Called by libFuzzer, or by replay.c for each file of a corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline struct str fuzz_str(const uint8_t *data, size_t n)
{
    return (struct str){(const char *)data, n};
}
