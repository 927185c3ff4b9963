/*
 * redact/redact_body.h - bodies without what is personal in their values: JSON, forms and plain text. Names stay, and
 * so does the structure: what was read before can be read after.
 */
#pragma once

#include "redact/redact.h"

enum redact_form {
    REDACT_JSON,
    REDACT_URLENCODED, /* forms, and queries */
    REDACT_PLAIN,
    REDACT_FORMS, /* none of them: it cannot be looked into */
};
/* Of a body by its media type; what has none is JSON where it begins so. */
enum redact_form redact_form_of(struct str content_type, struct str body);

/*
 * Appends the body to `out`; adds to *n_found. JSON: strings, and numbers that are more than numbers, which become
 * strings; what a model says of the probability of its words (`logprobs`) repeats them one by one, and is taken out.
 * -ERR_INVALID: it is not of that form. -ERR_NOMEM, -ERR_TOO_LARGE.
 */
int redact_body(const struct redact_set *s, enum redact_form form, struct str body, struct buf *out, size_t *n_found);
/* One JSON string, with its quotes, as redact_body() treats it; `scratch` is emptied. */
int redact_quoted(const struct redact_set *s, struct str quoted, struct buf *scratch, struct buf *out,
                  size_t *n_found);
