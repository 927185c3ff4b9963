/*
 * tests/cases/saas/case.h - one connector case: a request, what must be read from it, what a look-up and an answer
 * mean.
 *
 * A case is a YAML file in connectors/<vendor>/cases/. All that it states is compared, a key that is not known is a
 * fault, and what was read must be read again the same from its own canonical form.
 */
#pragma once

#include "base/limits.h"
#include "codec/yaml.h"
#include "saas/call.h"

struct case_run {
    const struct connector *connector;
    struct limits limits;
    struct arena arena; /* of one case */
    const char *name;
    int n_faults; /* of this case; each was printed */
};

/* Reads and runs one file. Negative: it cannot be read. */
int case_run_file(struct case_run *run, const char *path);
