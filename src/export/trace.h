/*
 * export/trace.h - what happened, as spans: one trace a run, in it the run, its calls, and their attempts.
 *
 *   run                   INTERNAL, root; once the run has been quiet for a while
 *   └─ call               CLIENT; gen_ai.* for models, flyball.* for verdict, limits and money
 *      ├─ attempt         CLIENT; one for each try and look-up
 *      └─ call            that a tool call of this one caused, where that is known (explicit, observed)
 *
 *   (1) ids follow from the record, so that what is sent twice is the same span: the trace id is the run id where that
 *       is a UUID or a W3C trace id, else a hash of tenant, agent and run id; a call's span id is the one on record.
 *   (2) a cause that was only inferred is a link, not a parent: it is no fact.
 *   (3) personal values go out only where `has_personal` says so.
 *
 * Takes records as the store gives them (QUERY_ENDED, QUERY_IDLE_RUNS), parsed; strings are copied or point there.
 */
#pragma once

#include "codec/json_read.h"
#include "export/span.h"

enum semconv_version { SEMCONV_1_42, SEMCONV_1_36, SEMCONV_VERSION_COUNT };
struct str semconv_text(enum semconv_version v);            /* "1.42" */
int semconv_parse(struct str s, enum semconv_version *ret); /* -ERR_NOT_FOUND */
struct str semconv_schema_url(enum semconv_version v);

struct trace_options {
    enum semconv_version semconv;
    bool has_personal;
    bool has_session; /* session.id = run id: some backends group by it */
};

/* Spans of a call that is over. -ERR_CORRUPT: not a record. */
int trace_call(const struct trace_options *o, struct json record, struct spans *out);
/* The span of a run. */
int trace_run(const struct trace_options *o, struct json run, struct spans *out);

void trace_id_of(struct str tenant, struct str agent, struct str run_id, uint8_t ret[SPAN_TRACE_ID_BYTES]);
