/*
 * net/uv_impl.h - what loop_uv.c, listen_uv.c and stream_uv.c share; the only headers of ours that know libuv.
 *
 * Every callback from libuv starts with uv_turn_begin(), where the clock is cached, and ends with uv_turn_end(). The
 * streams that were written to are flushed, each with one system call, when all callbacks of a poll have returned (or
 * CORKED_TURNS_MAX of them): peers are woken less often, and find more to do.
 */
#pragma once

#include "net/stream.h"
#include "net/timer.h"

#include <pthread.h>
#include <uv.h>

#define READ_BUFFER_BYTES 65536
#define CORKED_TURNS_MAX 64 /* callbacks of one poll whose writes leave together */
#define OUT_CHUNK_BYTES 16320
#define FREE_CHUNKS_MAX 64
#define FREE_STREAMS_MAX 256

struct stream_uv;

/* -------- out_queue.c: bytes on their way out -------- */

struct out_chunk {
    struct out_chunk *next;
    size_t from, to; /* bytes[from..to) are still to be sent */
    char bytes[OUT_CHUNK_BYTES];
};

/* Chunks that no queue of this loop uses. */
struct out_chunks {
    struct out_chunk *first;
    size_t n;
};

struct out_queue {
    struct out_chunk *first, *last;
    size_t n_bytes;
};

void out_queue_add(struct out_queue *q, struct out_chunks *spare, struct str bytes);
void out_queue_take(struct out_queue *q, struct out_chunks *spare, size_t n); /* n bytes off the front */
void out_queue_drop(struct out_queue *q, struct out_chunks *spare);
/* The front of the queue, at most n_max buffers; returns their number. They stay valid until taken. */
size_t out_queue_bufs(const struct out_queue *q, uv_buf_t *bufs, size_t n_max, size_t *ret_bytes);
void out_chunks_free(struct out_chunks *spare);

struct post_queue {
    struct post *posts;
    size_t n, cap;
};

struct loop_uv {
    struct loop loop;
    uv_loop_t uv;
    uv_async_t async;
    uv_timer_t wake;
    uv_idle_t again; /* active while streams are dirty at the end of a turn */
    uv_prepare_t before_poll;
    uv_check_t after_poll;
    int n_corked; /* callbacks since the last flush */
    mono_t now;
    bool is_now_known;
    bool is_winding_up; /* our own handles are closed or closing */
    struct list dirty;   /* streams to flush at the end of the turn */
    struct list lookups; /* of names, under way in libuv's thread pool */
    struct list closing; /* streams closed by their owner that still send or linger */
    size_t n_handles;    /* streams and listeners whose close callback has not come */
    struct list free_streams;
    size_t n_free_streams;
    struct out_chunks chunks;
    struct post_queue running;
    pthread_mutex_t mutex; /* guards the three below */
    struct post_queue inbox;
    bool is_stopping;
    bool is_deaf; /* the async handle is closed: posts are dropped */
    char read_buffer[READ_BUFFER_BYTES];
};

static inline struct loop_uv *loop_uv_of(struct loop *l) { return (struct loop_uv *)(void *)l; }
static inline void uv_turn_begin(struct loop_uv *l) { l->is_now_known = false; }
void uv_turn_end(struct loop_uv *l);
bool uv_loop_is_stopping(struct loop_uv *l);
void uv_handle_gone(struct loop_uv *l); /* a counted handle's close callback came */

/* listen_uv.c */
int listen_uv_open(struct loop *l, const struct net_addr *a, int backlog, void (*on_accept)(void *, struct net_ticket),
                   void *ctx, struct net_listener **ret_listener, struct net_addr *ret_bound);
void listen_uv_close(struct net_listener *li);
void listen_uv_ticket_drop(struct net_ticket t);
void uv_addr_from_sockaddr(const struct sockaddr_storage *ss, struct net_addr *ret); /* IPv4 or IPv6 */
int uv_addr_to_sockaddr(const struct net_addr *a, struct sockaddr_storage *ret);

/* resolve_uv.c */
int resolve_uv_ask(struct loop *l, const char *name, void (*fn)(void *, int, const struct net_addrs *), void *ctx);
/* The loop ends: tells who waits, and forgets look-ups that have not begun. What has cannot be stopped. */
void resolve_uv_give_up(struct loop_uv *l);

/* stream_uv.c */
int stream_uv_adopt(struct loop *l, struct net_ticket t, struct stream **ret_stream);
int stream_uv_connect(struct loop *l, const struct net_addr *a, const struct stream_events *ev, void *ev_ctx,
                      struct stream **ret_stream);
void stream_uv_turn_end(struct stream_uv *s); /* s was dirty and is off the list */
struct stream_uv *stream_uv_of_dirty(struct list *node);
void stream_uv_hurry(struct loop_uv *l); /* the loop stops: closes what only lingers */
void stream_uv_free_lists(struct loop_uv *l);
