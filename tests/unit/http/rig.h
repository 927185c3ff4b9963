/*
 * tests/unit/http/rig.h - a loop on a thread of its own, and blocking sockets on the test's side of the wire.
 *
 * What happens on the loop's thread is written to a log that tests wait for and compare; what a test wants done there
 * is posted and waited for. Nothing sleeps to be safe: every wait ends as soon as its text is there.
 */
#pragma once

#include "unit.h"

#include "base/buf.h"
#include "base/limits.h"
#include "http/client.h"
#include "http/server.h"

#include <pthread.h>

#define RIG_WAIT_MS 5000

struct rig {
    struct loop *loop;
    struct limits limits;
    struct http_server *server; /* NULL: none */
    struct http_pool *pool;     /* NULL: none */
    struct net_listener *listener;
    struct net_addr addr;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct buf log; /* under mutex, as all below */
    size_t n_done;
    /* for handlers */
    size_t queued_max;
    size_t body_bytes_max;
};

void rig_init(struct rig *r); /* default limits; change them before rig_start() */
void rig_start_server(struct rig *r, const struct http_server_handler *h);
void rig_start_pool(struct rig *r);
void rig_stop(struct rig *r); /* ends the thread, frees everything */

/* Runs fn(ctx) on the loop's thread and waits for it. */
void rig_do(struct rig *r, void (*fn)(void *ctx), void *ctx);
void rig_log(struct rig *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void rig_wait(struct rig *r, const char *text);  /* until the log holds text; fails after RIG_WAIT_MS */
bool rig_never(struct rig *r, const char *text, int ms); /* true when it does not come within ms */
size_t rig_count(struct rig *r, const char *text);
bool rig_is(struct rig *r, const char *text); /* the whole log; prints it when it is not */
void rig_clear(struct rig *r);

/* -------- the test's side of the wire -------- */

int wire_connect(const struct rig *r);
void wire_send(int fd, struct str s);
/* Sends; true unless the peer was gone. */
bool wire_try_send(int fd, struct str s);
/* One response: its head, and its body by whatever framing it has. False: closed before any byte. */
bool wire_response(int fd, struct buf *head, struct buf *body);
int wire_status(const struct buf *head);
/* Reads until the peer closes or ms passed; true when it closed. */
bool wire_closed(int fd, int ms);
bool wire_read_until(int fd, struct buf *b, const char *text); /* false: closed or late */
void wire_read_n(int fd, struct buf *b, size_t n);

/* A vendor: a listening socket of the test's own. */
int wire_listen(struct net_addr *ret);
int wire_accept(int listener);
bool wire_pending(int fd, int ms); /* something can be read or accepted within ms */
