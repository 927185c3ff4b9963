/*
 * store/memory/memory_impl.h - what the store in memory keeps.
 */
#pragma once

#include "base/list.h"
#include "call/store.h"
#include "store/render.h"

#include <pthread.h>

struct memory_call {
    struct call_row row;
    struct run_link_row link; /* run_id empty: none, or known before */
    const struct hold_row *holds;
    int64_t *left; /* one a limit of the body */
    size_t n_holds, n_limits;
};

/* One frame; texts are copies. Strings of `call` and `event` live in the store's arena. */
struct memory_entry {
    struct frame frame;
    struct memory_call *call; /* of an OPEN frame */
    struct event_row event;   /* of an EVENT frame */
};

struct memory_state {
    uint64_t seq; /* the EVENT that set it; 0: ended before it was set */
    bool is_over;
    wall_t over_at;
};

struct memory_object {
    struct object_full full;
};

struct memory_idempotency {
    struct str scope, key, body;
    wall_t at;
    uint64_t open_seq;
};

struct memory {
    struct store store; /* first */
    pthread_mutex_t lock; /* for all of it */
    struct arena arena;
    struct memory_entry *entries; /* entries[i] has seq i + 1 */
    size_t n, cap;
    struct tally counters;
    struct map calls;       /* call_id -> struct memory_call */
    struct map states;      /* kind 0x00 id -> struct memory_state */
    struct map objects;     /* id 0x00 scope -> struct memory_object */
    struct map idempotency; /* scope 0x00 key -> struct memory_idempotency */
    struct map links;       /* run_id 0x00 tenant -> struct memory_call */
    struct map marks;       /* name -> uint64_t */
    struct list bodies;     /* memory_body, oldest first */
    int64_t body_bytes;
    uint64_t last_body;
};

struct store_reader {
    struct memory *m;
    struct arena arena;
};

/* The frames of a call. */
struct call_texts memory_texts(struct memory *m, const struct call_row *c);
/* bodies.c; all but the first under the lock */
int memory_keep(struct store *s, const struct kept_body *bodies, size_t n, const struct bodies_bound *bound,
                int64_t *ret_removed);
void memory_ask_bodies(struct memory *m, const struct query *q, struct json_writer *w);
int memory_ask_body_text(struct memory *m, const struct query *q, struct json_writer *w);
void memory_bodies_erase(struct memory *m, bool (*goes)(void *ctx, const struct kept_body *b), void *ctx,
                         bool is_dry_run, int64_t *n);
void memory_bodies_free(struct memory *m);
/* erase.c */
int memory_erase(struct store *s, const struct erasure *what, struct erased *ret);
int memory_erase_pending(struct store *s, struct arena *a, struct erasure *ret, struct erased *ret_done);
int memory_erase_scrub(struct store *s);
int memory_erase_end(struct store *s);
int memory_ask_customer(struct memory *m, struct arena *a, const struct query *q, struct json_writer *w);
int memory_ask(struct store_reader *r, const struct query *q, struct buf *ret_json);
/* The rows of QUERY_FIND, inside the lock and the array of memory_ask. */
int memory_find(struct memory *m, struct arena *a, const struct query *q, struct json_writer *w);
/* "a", 0x00, "b" in the store's arena. */
struct str memory_key(struct memory *m, struct str a, struct str b);
static inline struct memory_entry *memory_entry(struct memory *m, uint64_t seq) { return &m->entries[seq - 1]; }
