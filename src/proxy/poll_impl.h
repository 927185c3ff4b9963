/*
 * proxy/poll_impl.h - what poll.c and take_up.c share.
 */
#pragma once

#include "proxy/poll.h"

#define POLL_ARENA_BYTES (1 << 20)

struct poll {
    struct list node; /* all of the poller's */
    struct list line; /* ready */
    struct poller *poller;
    struct timer due;
    struct arena arena; /* strings below */
    const struct vendor *vendor;
    const struct operation *op;
    struct str path, call_id;
    uint64_t open_seq;
    struct correction_need *needs;
    size_t n_needs;
    int64_t waited_ms; /* since the answer */
    size_t n_asked;
    uint8_t salt[SALT_BYTES];
};

struct poller {
    struct worker *w;
    struct list all, ready;
    size_t n;
    struct poll *asking; /* NULL: none */
    struct http_exchange *up;
    struct credential *credential; /* that it was asked with; NULL: none */
    uint16_t status;
    struct buf answer;
    struct timer pause;
};

/* One more price is awaited; salt and needs are the caller's to fill. NULL: polls_max is reached, or no memory. */
struct poll *poll_new(struct poller *p, const struct vendor *v, const struct operation *op, struct str path,
                      struct str call_id, uint64_t open_seq);
/* Until the next time that the connector names; after the last one the estimate stands, and `it` is freed. */
void poll_wait(struct poll *it);
void poll_now(struct poll *it); /* in line */
