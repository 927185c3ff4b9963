/*
 * net/loop.h - one thread's event loop behind a table, so that a simulation can run many of them in one thread.
 *
 * A loop belongs to the thread that runs it: every function here but loop_post() and loop_stop() is called on that
 * thread only. Time comes from the loop (loop_now, cached for one turn; loop_wall), never from the system.
 *
 * Implementations: net/loop_uv.c (libuv, the daemon) and tests/sim/loop_sim.c (virtual time, seeded order, in-memory
 * streams).
 */
#pragma once

#include "base/list.h"
#include "base/post.h"
#include "base/time.h"

struct loop;
struct stream;
struct stream_events;

/* An address to listen on or connect to; numeric only: net/resolve.h makes them of names. */
struct net_addr {
    char host[46]; /* numeric IPv4 or IPv6, NUL-terminated */
    uint16_t port; /* host order; 0 lets the system pick when listening */
};
/* "127.0.0.1:4747", "[::1]:4747", "localhost:80" (as 127.0.0.1). -ERR_INVALID. */
int net_addr_parse(struct str s, struct net_addr *ret);
struct str net_addr_text(const struct net_addr *a, char out[64]);
bool net_addr_is_loopback(const struct net_addr *a);
/* What special block an address is of (special.tbl.h), in words; NULL: the public internet. */
const char *net_addr_special(const struct net_addr *a);
/* "127.0.0.1" or "::1", without brackets and port. */
bool net_host_is_numeric(struct str host);

/* The addresses of one name; ports are 0. */
#define NET_ADDRS_MAX 8
#define NET_NAME_CHARS_MAX 253
struct net_addrs {
    struct net_addr items[NET_ADDRS_MAX];
    size_t n;
};

/* An accepted connection on its way from the acceptor's loop to a worker's: a descriptor, or the simulation's index. */
struct net_ticket {
    int64_t id;
};

struct net_listener; /* opaque; belongs to the loop it was opened on */

struct loop_ops {
    mono_t (*now)(struct loop *l);
    wall_t (*wall)(struct loop *l);
    void (*post)(struct loop *l, struct post p);
    /* Calls wheel_advance at or after `at`; replaces the wake-up set before. INT64_MAX: none. */
    void (*wake_at)(struct loop *l, mono_t at);
    int (*listen)(struct loop *l, const struct net_addr *a, int backlog,
                  void (*on_accept)(void *ctx, struct net_ticket t), void *ctx,
                  struct net_listener **ret_listener, struct net_addr *ret_bound);
    void (*listener_close)(struct net_listener *li); /* no on_accept after this */
    int (*adopt)(struct loop *l, struct net_ticket t, struct stream **ret_stream); /* closes it when it fails */
    void (*ticket_drop)(struct net_ticket t); /* closes a connection nobody adopted */
    int (*connect)(struct loop *l, const struct net_addr *a, const struct stream_events *ev, void *ev_ctx,
                   struct stream **ret_stream);
    /* Asks the system for the addresses of a name, in another thread. 0: fn comes exactly once, on the loop's thread,
     * not inside this call; at the latest when the loop ends (-ERR_CLOSED). `addrs` is NULL when err is negative. */
    int (*resolve)(struct loop *l, const char *name, void (*fn)(void *ctx, int err, const struct net_addrs *addrs),
                   void *ctx);
    int (*run)(struct loop *l); /* until loop_stop and no handle is left */
    void (*stop)(struct loop *l);
    void (*free)(struct loop *l);
};

struct timer_wheel;

struct loop {
    const struct loop_ops *ops;
    struct timer_wheel *wheel;
    struct post_box box; /* post_send(&loop->box, p) is loop_post() */
};

int loop_uv_new(struct loop **ret_loop); /* makes the process ignore SIGPIPE, unless it has a handler */
static inline mono_t loop_now(struct loop *l) { return l->ops->now(l); }
static inline wall_t loop_wall(struct loop *l) { return l->ops->wall(l); }
/* From any thread: p.fn(p.ctx) runs on the loop's thread, in the order sent by one thread, never inside this call. */
static inline void loop_post(struct loop *l, struct post p) { l->ops->post(l, p); }
static inline int loop_run(struct loop *l) { return l->ops->run(l); }
/* From any thread, idempotent. Open handles must be closed by their owners first. */
static inline void loop_stop(struct loop *l) { l->ops->stop(l); }
static inline void loop_free(struct loop *l) { l->ops->free(l); }
