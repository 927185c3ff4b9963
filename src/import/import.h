/*
 * import/import.h - files of LiteLLM and Portkey as one agentpolicy/v1 document, and what became of each value.
 *
 *   (1) every value of every file has exactly one note. What nobody thought of is refused, never dropped.
 *   (2) a restriction is kept, made stricter, or refused; it is never lost in silence.
 *   (3) no secret is copied. What stands where secrets stand is left out, and its note says so.
 *
 * Formats: https://docs.litellm.ai/docs/proxy/config_settings and .../virtual_keys (also what /key/list and its like
 * answer); https://portkey.ai/docs/api-reference/inference-api/config-object and .../admin-api/control-plane/policies.
 */
#pragma once

#include "base/arena.h"
#include "base/zone.h"
#include "codec/diag.h"

enum import_source {
#define SOURCE(name, text) IMPORT_##name,
#include "import/source.tbl.h"
#undef SOURCE
    IMPORT_COUNT
};
struct str import_source_text(enum import_source s);
int import_source_parse(struct str s, enum import_source *ret); /* -ERR_NOT_FOUND */

enum import_bucket {
#define BUCKET(name, text, help) BUCKET_##name,
#include "import/bucket.tbl.h"
#undef BUCKET
    BUCKET_COUNT
};
struct str import_bucket_text(enum import_bucket b);

struct import_file {
    struct str name, text;
};

struct import_note {
    enum import_bucket bucket;
    struct str file;
    int line, col;
    struct str path; /* model_list[0].litellm_params.model; empty: the file as a whole */
    struct str text; /* one sentence; may be empty for what is exact */
};

struct imported {
    struct str document; /* YAML, with comments that say where each line is from */
    const struct import_note *notes; /* by file and line */
    size_t n_notes, n_of[BUCKET_COUNT];
    const struct str *steps; /* commands that the document cannot do: keys to create */
    size_t n_steps;
};

/*
 * `name` is the document's; `zones` knows time zones (NULL: UTC alone). Everything in *ret lives in `a`.
 * -ERR_INVALID: `diags` says where a file is no YAML or JSON, or what it is instead; -ERR_TOO_LARGE: the document would
 * be.
 */
int import_read(enum import_source source, struct str name, const struct import_file *files, size_t n_files,
                const struct zones *zones, struct arena *a, struct diag_list *diags, struct imported *ret);
