/*
 * identity/run.h - which run a call belongs to, and how far that can be trusted (CONTRACT 3).
 *
 * First found: x-agent-run-id; key suffix; /r/<id>/ path; X-Claude-Code-Session-Id; traceparent; else made per key and
 * idle gap.
 */
#pragma once

#include "base/arena.h"
#include "base/uuid.h"
#include "call/names.h"

#define RUN_ID_CHARS_MAX 128

/* 1-128 of [A-Za-z0-9._:-]. */
bool run_id_is_valid(struct str s);

struct run_carriers { /* empty: not there */
    struct str header, key_suffix, path, session, traceparent;
    struct str parent; /* x-agent-parent-run-id */
};
struct run {
    struct str id;
    enum run_source source;
    enum run_trust trust;
    char trace_id[33]; /* W3C: 32 hex; the run's when it is a UUID, else traceparent's, else random; fixed at admit */
    char span_id[17];
    struct str parent;
};
/*
 * `made`: the run id to use when no carrier has one (per key and idle gap: the caller keeps it).
 * 0, or -ERR_INVALID with *ret_bad naming the carrier whose value is malformed (a refusal, never a silent fallback).
 */
int run_choose(const struct run_carriers *c, struct str made, struct rng *r, struct arena *a, struct run *ret,
               const char **ret_bad);
