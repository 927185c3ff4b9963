/*
 * cli/timeline.h - a run as what happened, in order: calls to models, the tool calls that they asked for, the calls
 * that carry these out, verdicts, costs; and what it all adds up to.
 *
 * A line that does not fit the width goes on below, indented. An edge between two calls says how it is known: `<-` is
 * what the agent or a span said, `<~` is only inferred.
 */
#pragma once

#include "cli/cli.h"
#include "codec/json_read.h"

/* `run` and `calls` (oldest first) as the API gives them; `columns` 0: no line is broken. */
void print_timeline(struct cli *c, struct json run, struct json calls, size_t columns);
/* Sums by layer and vendor, tokens, and the limits that count this run alone. */
void print_run_sums(struct cli *c, struct json run, size_t columns);
