/*
 * http/h1_client_impl.h - what client.c, h1_client.c and h1_call.c share.
 */
#pragma once

#include "base/map.h"
#include "http/client.h"
#include "http/h1_impl.h"
#include "net/resolve.h"
#include "net/timer.h"

#define CALL_HEAD_BYTES_KEPT 16384
#define FREE_CALLS_MAX 256
#define TARGETS_MAX 4096
#define INFO_HEADS_MAX 16
#define HOST_FIELD_BYTES_MAX (NET_NAME_CHARS_MAX + sizeof("[]:65535"))
#define TARGET_KEY_BYTES_MAX (NET_NAME_CHARS_MAX + 64)

struct http_pool {
    struct loop *loop;
    const struct limits *limits;
    struct h1_limits head_limits;
    struct resolver *resolver;
    struct map targets; /* key: all that tells one target from another */
    struct pool_target *last_target; /* of the call before, which is mostly the next one's */
    struct list calls; /* that may still have events */
    size_t n_conns;
    struct list free_calls;
    size_t n_free_calls;
    size_t n_live_calls; /* not yet released; the pool's memory waits for them */
    struct buf scratch;
    bool is_freed;
};

struct pool_target {
    struct http_pool *pool;
    uint16_t port;
    bool allows_private;
    struct tls_client *tls;
    struct list idle; /* most recently used first */
    struct list conns; /* all of them */
    size_t n_idle, n_conns;
    struct list waiting; /* calls, oldest first */
    size_t n_waiting;
    struct str field; /* the Host field, in: */
    char field_text[HOST_FIELD_BYTES_MAX];
    size_t host_n;
    char host[];
};

/* CONNECTING: resolving, connecting or shaking hands; `stream` is NULL while resolving. */
enum h1_vendor_state { VENDOR_CONNECTING, VENDOR_BUSY, VENDOR_IDLE, VENDOR_GONE };

/* One connection to a vendor. */
struct h1_vendor {
    struct pool_target *target;
    struct list node;      /* in target->conns */
    struct list idle_node; /* in target->idle */
    struct resolve_wait resolving;
    struct net_addrs addrs;
    size_t i_addr; /* the next one to try */
    struct stream *stream;
    struct h1_parser parser;
    struct h1_call *call; /* BUSY, CONNECTING: the exchange it carries */
    enum h1_vendor_state state;
    struct h1_message in;
    mono_t idle_since;
    char *held; /* read, but beyond the credit */
    size_t held_bytes;
    bool in_run, is_reading, was_refused; /* was_refused: an address was special */
    struct timer idle_timer, resume_timer, next_timer;
};

enum h1_phase { CALL_CONNECT, CALL_PAUSE, CALL_SEND, CALL_FIRST_BYTE, CALL_BODY };

/* One exchange towards a vendor. */
struct h1_call {
    struct http_exchange x; /* first */
    struct http_pool *pool;
    struct pool_target *target;
    struct h1_vendor *conn; /* NULL: waiting, or over */
    struct list node;       /* in pool->calls or pool->free_calls */
    struct list waiting;    /* in target->waiting */
    struct http_timeouts times;
    struct buf pending; /* given before the connection was open */
    struct http_head head;
    struct h1_head_buf buf, trailer;
    enum h1_framing framing; /* of the request */
    uint64_t left_bytes;     /* H1_LENGTH: of the request */
    uint64_t given_bytes;    /* to the stream */
    uint64_t taken_mark;
    uint64_t in_base;        /* the stream's bytes_in before this exchange */
    size_t credit;
    unsigned n_infos;
    enum h1_phase phase;
    enum http_reset why; /* of the failure that fail_timer tells */
    bool wants_fresh, is_over, is_head_request, is_head_sent, is_finished, got_head, wants_writable;
    struct timer timer, fail_timer;
};

/* client.c */
struct h1_call *h1_call_new(struct http_pool *p);
void h1_call_free(struct h1_call *call);
/* A connection is free again, or one may be opened: serves who waits. */
void pool_serve_waiting(struct pool_target *t);
void pool_conn_gone(struct h1_vendor *v);
void pool_conn_idle(struct h1_vendor *v);

/* h1_client.c */
void vendor_open(struct pool_target *t, struct h1_call *call); /* causes no event now */
void vendor_attach(struct h1_vendor *v, struct h1_call *call);
void vendor_close(struct h1_vendor *v, bool now); /* v may be freed */
void vendor_settle(struct h1_vendor *v);
void vendor_resume_soon(struct h1_vendor *v);

/* h1_call.c */
extern const struct http_exchange_ops h1_call_ops;
void h1_call_init_timers(struct h1_call *call);
/* No events after this; parts from its connection, which the caller looks after. */
void h1_call_over(struct h1_call *call);
void h1_call_lose(struct h1_call *call, enum http_reset why); /* tells the user; closes its connection */
void h1_call_fail_soon(struct h1_call *call, enum http_reset why); /* the same, outside of this call */
void h1_call_connected(struct h1_call *call); /* sends what waited for it */
void h1_call_settle(struct h1_call *call, bool is_activity); /* the timer follows the phase */
