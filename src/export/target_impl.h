/*
 * export/target_impl.h - one target on its way along the record; for the files of this folder only.
 *
 *     resting (timer) -> asking (the store) -> sending (the exchange) -> resting, or asking for more at once
 *                            ^                       |
 *                            +-- backing off (timer) +
 */
#pragma once

#include "export/export.h"
#include "net/timer.h"

#include <pthread.h>

/* What is asked for in turn: calls that ended, then runs that have become quiet. */
enum target_step { STEP_MARKS, STEP_CALLS, STEP_RUNS };

struct target {
    struct exports *set;
    const struct export_target *t;
    struct str mark_calls, mark_runs; /* names of the marks */
    struct timer timer;
    enum target_step step;
    uint64_t calls_seq, runs_seq; /* frames up to here are there */
    uint64_t next_seq;            /* and up to here with what is on its way */
    int64_t calls_max;            /* in one request: less for a while, after one was refused as malformed */
    unsigned n_failures;          /* in a row */
    bool is_full;                 /* the store may have more at once */

    struct ask ask;
    bool is_asking;
    struct arena arena; /* of the answer and its spans */
    size_t n_rows, n_calls, n_spans; /* on their way */
    struct buf body, packed;
    const struct buf *sending;
    size_t n_written;

    struct http_exchange *up; /* NULL: nothing is on its way */
    uint16_t status;
    int64_t retry_after_ms; /* -1: it does not say */
    struct buf answer;
    bool is_answer_cut;

    pthread_mutex_t lock; /* for what follows */
    struct export_status shown;
};

struct exports {
    struct loop *loop;
    struct record_feed feed;
    const struct limits *limits;
    struct rng *rng;
    struct otlp_resource resource;
    struct http_pool *pool;
    struct arena arena; /* names of marks */
    struct target *targets;
    size_t n;
    bool is_stopping;
};

/* target.c */
void target_init(struct target *g, struct exports *set, const struct export_target *t);
void target_start(struct target *g);
void target_stop(struct target *g);
void target_deinit(struct target *g);
/* What target_send() came to. `why`: for people, of a failure without an answer. */
void target_answered(struct target *g);
void target_failed(struct target *g, const char *why);

/* send.c */
void target_send(struct target *g);
void target_give_up(struct target *g);
