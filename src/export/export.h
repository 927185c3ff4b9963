/*
 * export/export.h - sends what is on record to the targets of `exports:`, as OTLP traces (export/trace.h).
 *
 * A target follows the store: it asks for what ended since its mark, sends that, and moves the mark when the target has
 * it (proxy/core_follow.h). The record itself is the spool, so nothing is lost over an outage or a restart, whatever it
 * lasts; what was sent without an answer is sent again, under the same ids.
 *
 *   (1) no call ever waits for a target: nothing here is on its path.
 *   (2) one request a target is on its way, of at most export_calls_max calls and export_bytes_max bytes; memory is
 *       bounded by that.
 *   (3) a target that fails is asked again later: exponentially, or when its Retry-After says. What it refuses as
 *       malformed is halved until the one call that it does not take stands alone, which is counted and left out.
 *
 * Lives on one loop's thread; exports_json() may be called from any.
 */
#pragma once

#include "export/otlp.h"
#include "export/trace.h"
#include "http/client.h"
#include "call/ask.h"

struct exports;

/* The record, as those see it who follow along (proxy/core_follow.h). Called on the exports' loop, never waits. */
struct record_feed {
    void (*ask)(void *ctx, struct ask *a);
    void (*mark)(void *ctx, struct str name, uint64_t seq);
    uint64_t (*seq)(void *ctx); /* the last that the store has */
    void *ctx;
};

struct export_target {
    struct str name;
    struct http_target at;
    struct str path;
    const struct http_field *headers; /* values are credentials: valid as long as the target */
    size_t n_headers;
    enum otlp_protocol protocol;
    bool is_gzip, is_from_start;
    struct trace_options trace;
};

struct exports_options {
    struct loop *loop;
    struct record_feed feed;
    const struct limits *limits;
    struct rng *rng; /* the loop's own */
    struct str version;
    const struct export_target *targets; /* all of it outlives the exports */
    size_t n_targets;
};

int exports_new(const struct exports_options *o, struct exports **ret);
/* On the loop. What is on its way is given up: it is sent again after the next start. */
void exports_stop(struct exports *x);
/* After exports_stop(), when nothing asks the store any more. NULL is fine. */
void exports_free(struct exports *x);

/* Any thread. */
enum export_state { EXPORT_STARTING, EXPORT_OK, EXPORT_FAILING };
struct str export_state_text(enum export_state s);
struct export_status {
    enum export_state state;
    uint64_t seq; /* frames up to here are there */
    uint64_t calls_sent, spans_sent, spans_rejected, requests, failures;
    uint16_t last_status;  /* 0: no answer */
    char error[256];       /* of the last failure or rejection; what the target said may be in it */
    wall_t last_sent_at;   /* 0: never */
};
size_t exports_n(const struct exports *x); /* NULL: 0 */
struct str exports_name(const struct exports *x, size_t i);
void exports_status(struct exports *x, size_t i, struct export_status *ret);
