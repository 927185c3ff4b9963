/*
 * admin/why.h - a call's record in sentences, for `flyball why` and the dashboard: what was decided, by which values,
 * what happened, and how each number is known. Pure: a record in, a JSON list of {"topic","text"} out, the verdict
 * first.
 */
#pragma once

#include "base/arena.h"
#include "codec/json_read.h"
#include "codec/json_write.h"

/* Members that are absent or null are left out of the sentences, never guessed. `a` gives memory for texts. */
void why_explain(struct arena *a, struct json call, struct json_writer *w);
