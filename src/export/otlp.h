/*
 * export/otlp.h - OTLP/HTTP 1.x as bytes: one ExportTraceServiceRequest out, the collector's answer in.
 *
 * https://opentelemetry.io/docs/specs/otlp/ ; the numbers of fields are in otlp_field.tbl.h.
 */
#pragma once

#include "base/buf.h"
#include "export/span.h"

enum otlp_protocol { OTLP_PROTOBUF, OTLP_JSON };

/* What all spans of a request share. */
struct otlp_resource {
    struct str version;    /* of this program */
    struct str schema_url; /* of the names of attributes; empty: none */
};

struct str otlp_content_type(enum otlp_protocol p);
/* Appends the request's body; with no spans nothing. -ERR_TOO_LARGE. */
int otlp_write(enum otlp_protocol p, const struct otlp_resource *r, const struct spans *spans, struct buf *out);

/* What a 200 says: how many spans it did not take, and why. */
struct otlp_answer {
    int64_t n_rejected;
    struct str message; /* in `text` or the arena */
};
/* -ERR_INVALID: not an answer of that protocol. An empty text is one that took all. */
int otlp_read(enum otlp_protocol p, struct arena *a, struct str text, struct otlp_answer *ret);
