/*
 * tests/cases/llm/answers/case.h - one answer of a model: its bytes, and what is read off them and what it cost.
 *
 * A case is a YAML file. All of the result is compared: what it does not state is empty, zero or false. A stream is
 * read whole, byte by byte and in two pieces for every place to cut it, always with the same result and the same bytes
 * passed.
 */
#pragma once

#include "base/limits.h"
#include "codec/yaml.h"
#include "llm/meter.h"

struct case_run {
    struct str catalog_text;
    struct limits limits;
    struct arena arena; /* of one case */
    const char *name;
    int n_faults; /* of this case; each was printed */
};

/* Reads and runs one file. Negative: it cannot be read. */
int case_run_file(struct case_run *run, const char *path);
