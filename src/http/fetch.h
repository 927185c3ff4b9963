/*
 * http/fetch.h - one request and its whole answer, bounded in size and time: keys, documents and tokens of others.
 *
 *   (1) one at a time; `done` comes once for each start, never from inside a call, and not after fetch_stop().
 *   (2) a redirect is an answer like any other: nothing is followed.
 *   (3) the target is checked as a vendor's is: certificate, and no special address that it does not allow.
 *
 * Lives in the caller's memory, on the thread of the pool's loop.
 */
#pragma once

#include "base/buf.h"
#include "http/client.h"
#include "net/timer.h"

/* `problem` NULL: the answer is whole; else a static sentence, and there is none. `body` is gone after the call. */
typedef void (*fetch_done)(void *ctx, const char *problem, uint16_t status, struct str body);

struct fetch {
    struct loop *loop;
    struct http_pool *pool;
    fetch_done done;
    void *ctx;
    struct timer deadline;
    struct http_exchange *up; /* NULL: none is under way */
    uint16_t status;
    const char *too_large, *too_late;
    struct buf answer;
};

struct fetch_request {
    const struct http_target *at; /* copied */
    struct str method, path;
    struct http_field *fields;
    size_t n_fields;
    struct str body; /* empty: none */
    int64_t ms;      /* until the answer is whole */
    const char *too_large, *too_late; /* what is said then: static sentences that name the limit */
};

/* loop and pool outlive it. */
void fetch_init(struct fetch *f, struct loop *l, struct http_pool *pool, size_t bytes_max, fetch_done done, void *ctx);
void fetch_start(struct fetch *f, const struct fetch_request *r);
bool fetch_is_running(const struct fetch *f);
void fetch_stop(struct fetch *f);
void fetch_deinit(struct fetch *f); /* stops it */
