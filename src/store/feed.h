/*
 * store/feed.h - frames as what people watch: one renderer for all stores (QUERY_FEED).
 *
 * A call's row is what it was after that frame, whatever came since: who goes on behind a seq gets the same rows as who
 * was there all along.
 */
#pragma once

#include "call/store.h"
#include "codec/json_write.h"

/* How a store finds frames. Texts live until the arena of the feed is reset. Negative: as the store's. */
struct feed_source {
    int (*frame)(void *ctx, uint64_t seq, struct frame *ret);
    /* The first CLOSE of the call that was opened by that frame. */
    int (*first_close)(void *ctx, uint64_t open_seq, uint64_t *ret_seq);
    void *ctx;
};

struct feed_rows {
    struct arena *arena; /* reset for each frame */
    const struct query *q;
    struct json_writer *w;
    const struct feed_source *from;
    int64_t frames_left, rows_left;
    uint64_t seq; /* looked at up to here */
};
void feed_rows_init(struct feed_rows *f, struct arena *a, const struct query *q, struct json_writer *w,
               const struct feed_source *from);
/* The next frame, in order; its texts may lie anywhere but in the arena. FEED_R_FULL: the answer is long enough. */
int feed_rows_add(struct feed_rows *f, const struct frame *frame);
#define FEED_R_FULL 1
/* The last member of the answer: up to where frames were looked at. */
void feed_rows_end(struct feed_rows *f);
