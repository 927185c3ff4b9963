/*
 * http/h1_server_impl.h - what server.c, h1_server.c and h1_answer.c share.
 *
 * A connection and an exchange find each other by pointers that both sides clear at once (h1_detach): the exchange
 * lives until its user releases it, the connection until the wire is done, in any order.
 */
#pragma once

#include "http/h1_impl.h"
#include "net/timer.h"

#define EXCHANGE_HEAD_BYTES_KEPT 16384
#define FREE_EXCHANGES_MAX 256
#define FREE_CONNS_MAX 256

struct http_server {
    struct loop *loop;
    const struct limits *limits;
    struct h1_limits head_limits;
    uint64_t body_bytes_max;
    const struct http_server_handler *handler;
    void *ctx;
    struct list conns;
    size_t n_conns;
    struct list free_conns, free_exchanges;
    size_t n_free_conns, n_free_exchanges;
    size_t n_live_exchanges; /* not yet released; the server's memory waits for them */
    struct buf scratch;      /* heads on their way out */
    struct arena refusal;    /* the body of one refusal */
    bool is_draining, is_freed;
    struct timer drained; /* tells on_drained, outside of any call */
    void (*on_drained)(void *ctx);
    void *drained_ctx;
};

/*
 *   IDLE --first byte--> HEAD --complete--> BODY --end--> ANSWER --finished--> IDLE
 *                          |                  \--finished: the rest is discarded--^
 *                          \--no body-------------------> ANSWER
 *   any --> GONE (freed at once, or at the end of the run that is under way)
 */
enum h1_state { H1_IDLE, H1_HEAD, H1_BODY, H1_ANSWER, H1_GONE };

/* What the read timer waits for. */
enum h1_wait { H1_WAIT_NOTHING, H1_WAIT_HEAD, H1_WAIT_BODY, H1_WAIT_NEXT };

struct h1_conn {
    struct http_server *server;
    struct list node; /* in server->conns or free_conns */
    struct stream *stream;
    struct h1_parser parser;
    struct h1_answer *x; /* the exchange under way, from its first byte to its finish */
    enum h1_state state;
    enum h1_wait wait;
    struct h1_message in;
    size_t credit;
    uint64_t body_bytes;      /* of the current request, so far */
    uint64_t discarded_bytes; /* of it, after the answer was finished */
    uint64_t given_bytes, taken_mark; /* to the stream; of these taken when the write timer was armed */
    char *held; /* read, but not yet wanted */
    size_t held_bytes;
    bool in_run, is_reading, is_discarding, wants_close, continue_pending;
    struct timer read_timer, total_timer, write_timer, resume_timer;
};

struct h1_answer {
    struct http_exchange x; /* first: a struct http_exchange * is a struct h1_answer * */
    struct http_server *server;
    struct h1_conn *conn; /* NULL: finished, reset or lost */
    struct list node;     /* in server->free_exchanges */
    struct http_head head;
    struct h1_head_buf buf;
    enum h1_framing framing; /* of the answer */
    uint64_t left_bytes;     /* H1_LENGTH */
    bool is_http10, is_head_request, is_begun, is_head_sent, wants_writable;
};

/* server.c */
struct h1_answer *h1_answer_new(struct http_server *s);
void h1_answer_free(struct h1_answer *a);
struct h1_conn *h1_conn_alloc(struct http_server *s);
void h1_conn_recycle(struct h1_conn *c);
void h1_conn_left(struct http_server *s); /* one connection less */

/* h1_server.c */
void h1_conn_start(struct http_server *s, struct stream *st);
enum h1_close { H1_CLOSE_SOFT, H1_CLOSE_NOW, H1_CLOSE_RESET };
void h1_conn_close(struct h1_conn *c, enum h1_close how); /* detaches; c may be freed */
void h1_conn_lose(struct h1_conn *c, enum http_reset why, enum h1_close how); /* and tells the user */
void h1_conn_answered(struct h1_conn *c); /* the answer is finished; c may be freed */
void h1_conn_settle(struct h1_conn *c);   /* reading and timers follow the state */
void h1_conn_write(struct h1_conn *c, const struct str *parts, size_t n);
void h1_conn_resume_soon(struct h1_conn *c);

/* h1_answer.c */
extern const struct http_exchange_ops h1_answer_ops;
/* Answers on the connection's own account; the caller closes. */
void h1_refuse(struct h1_conn *c, const struct http_refusal *r);
