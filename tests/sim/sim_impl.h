/*
 * tests/sim/sim_impl.h - what loop_sim.c and stream_sim.c share.
 *
 * Every callback into a user of a loop runs between sim_turn_begin() and sim_turn_end(): there the streams written to
 * during the callback are flushed, as net/uv_impl.h does it.
 */
#pragma once

#include "base/buf.h"
#include "base/check.h"
#include "loop_sim.h"
#include "net/timer.h"

#define LOOPS_MAX 256
#define CONN_BYTES_MAX (256u << 20)
#define NAMES_MAX 8

struct sim_event {
    mono_t at;
    uint64_t order; /* events of one moment run in the order made */
    void (*fn)(void *ctx);
    void *ctx;
};

struct sim {
    struct rng rng;
    struct sim_net net;
    mono_t now;
    wall_t wall_offset;
    struct clock clock;
    struct sim_event *heap; /* the earliest first */
    size_t n_events, events_cap;
    uint64_t n_made, n_steps, trace;
    struct loop_sim *loops[LOOPS_MAX];
    size_t n_loops;
    struct loop_sim *running; /* whose turn it is; NULL: an event of no loop */
    struct sim_conn **conns;  /* their ids are their places; freed with the simulation */
    size_t n_conns, conns_cap;
    struct list listeners;
    struct sim_name {
        const char *name;
        struct net_addrs addrs;
    } names[NAMES_MAX];
    size_t n_names;
    uint16_t next_port;
    void (*tap)(void *ctx, const struct net_addr *to, struct str bytes);
    void *tap_ctx;
};

struct loop_sim {
    struct loop loop; /* first: a struct loop * is a struct loop_sim * */
    struct sim *sim;
    size_t id;
    mono_t wake_at;        /* INT64_MAX: none */
    uint64_t wake_gen;     /* of the newest wake-up: older ones do nothing */
    bool is_dead, is_stopping, is_again;
    struct list dirty;     /* streams to flush at the end of the turn */
    struct list ends;      /* streams of this loop, until nothing is left to send on them */
    size_t n_listeners;
    mono_t post_at[LOOPS_MAX + 1]; /* when the last post of each sender arrives; the last place: of no loop */
};

struct sim_conn;

/* One end of a connection. `in` is what the other end sent: n_arrived bytes of it can be read, the rest is on its way.
 */
struct sim_end {
    struct stream s; /* first */
    struct sim_conn *conn;
    struct loop_sim *loop; /* NULL: nobody adopted it yet, or the owner is done */
    struct list node;      /* in loop->ends */
    struct list dirty;
    struct buf in;
    size_t n_arrived;
    struct buf out; /* accepted, not yet given to the kernel */
    int err;
    mono_t linger_until;
    bool is_adopted, is_connected, wants_read, wants_drained, is_failed, got_eof;
    bool is_closed;  /* by its owner */
    bool is_gone;    /* and nothing is left to send */
    bool has_fin, fin_arrived; /* the other end shut its direction */
    bool has_rst, rst_arrived;
    bool is_arrive_due, is_read_due, is_room_due;
};

struct sim_conn {
    struct sim *sim;
    size_t id;
    size_t window_bytes;
    bool is_hole;
    struct net_addr addr;     /* where to */
    struct net_listener *via; /* not adopted yet: whose ticket it is */
    struct sim_end ends[2];   /* who connected, who accepted */
};

struct net_listener {
    struct list node; /* in sim.listeners */
    struct loop_sim *loop;
    struct net_addr addr;
    void (*on_accept)(void *ctx, struct net_ticket t);
    void *ctx;
};

static inline struct loop_sim *loop_sim_of(struct loop *l) { return (struct loop_sim *)(void *)l; }

void sim_add_event(struct sim *s, mono_t at, void (*fn)(void *ctx), void *ctx);
int64_t sim_delay(struct sim *s); /* one draw of the network's delays */
void sim_turn_begin(struct loop_sim *l);
void sim_turn_end(struct loop_sim *l);
void sim_turn_soon(struct loop_sim *l); /* an empty one, for streams written to outside of any */

/* stream_sim.c */
int stream_sim_adopt(struct loop *l, struct net_ticket t, struct stream **ret_stream);
int stream_sim_connect(struct loop *l, const struct net_addr *a, const struct stream_events *ev, void *ev_ctx,
                       struct stream **ret_stream);
void stream_sim_turn_end(struct sim_end *e); /* e was dirty and is off the list */
void stream_sim_kill(struct sim_end *e, bool is_silent);
void stream_sim_drop(struct sim_end *e); /* nobody adopted it, and nobody will */
void stream_sim_free_conns(struct sim *s);
struct sim_end *stream_sim_accepted(struct net_ticket t);
