/*
 * tests/sim/stream_sim.c - connections in memory: what TCP promises, and no more.
 *
 * What one end writes stands in its `out` until the turn ends; then as much as the window takes goes to the other
 * end's `in`, where it arrives piece by piece. Behind the bytes may come an end (FIN) or a break (RST).
 *
 *   (1) the events of net/stream.h, in the order and at the places where stream_uv.c has them.
 *   (2) a break throws away what arrived and was not read, and a part of what was on its way.
 *   (3) bytes that reach an end whose owner is gone come back as a break, unless it lingers.
 *   (4) connections stay in memory until the simulation ends, so that late events find what they name.
 */
#include "sim_impl.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define READ_BYTES_MAX 65536
#define DIRECT_BYTES 8192
#define WINDOW_BYTES_LEAST 64
#define CLOSE_NS (5 * NS_PER_S)
#define LINGER_NS (2 * NS_PER_S)

static const struct stream_ops stream_sim_ops, dead_ops;

static const struct sim_end *of_const(const struct stream *s)
{
    const struct sim_end *e = (const struct sim_end *)(const void *)s;
    check(!e->is_closed);
    return e;
}
static struct sim_end *of(struct stream *s)
{
    (void)of_const(s);
    return (struct sim_end *)(void *)s;
}
static struct sim *sim_of(const struct sim_end *e) { return e->conn->sim; }
static struct sim_end *other(struct sim_end *e) { return &e->conn->ends[e == &e->conn->ends[0]]; }

/* How many of n things happen at once: often all, sometimes one. */
static size_t piece(struct sim *s, size_t n)
{
    uint64_t toss = sim_below(s, 16);

    if (toss < 9)
        return n;
    return toss == 15 ? 1 : 1 + (size_t)sim_below(s, n);
}

static void mark_dirty(struct sim_end *e)
{
    struct loop_sim *l = e->loop;

    if (!l || e->is_gone || list_is_linked(&e->dirty))
        return;
    list_add_tail(&l->dirty, &e->dirty);
    if (sim_of(e)->running != l)
        sim_turn_soon(l);
}

static void fail(struct sim_end *e, int err)
{
    if (e->err)
        return;
    e->err = err;
    mark_dirty(e);
}

/* -------- on the way -------- */

static void on_arrive(void *ctx);

static bool is_something_on_its_way(const struct sim_end *e)
{
    if (e->rst_arrived)
        return false; /* nothing comes behind a break */
    return e->in.n > e->n_arrived || e->has_rst || (e->has_fin && !e->fin_arrived);
}

static void arrive_later(struct sim_end *e)
{
    if (e->is_arrive_due || !is_something_on_its_way(e))
        return;
    e->is_arrive_due = true;
    sim_add_event(sim_of(e), sim_of(e)->now + sim_delay(sim_of(e)), on_arrive, e);
}

static void send_fin(struct sim_end *to)
{
    if (to->has_rst)
        return;
    to->has_fin = true;
    arrive_later(to);
}

static void send_rst(struct sim_end *to)
{
    if (to->has_rst)
        return;
    size_t on_way = to->in.n - to->n_arrived;
    if (on_way)
        to->in.n -= (size_t)sim_below(sim_of(to), on_way + 1);
    to->has_rst = true;
    arrive_later(to);
}

static void on_room(void *ctx);

/* Bytes were taken out of e->in: who writes them may go on. */
static void room_later(struct sim_end *e)
{
    struct sim_end *writer = other(e);

    if (writer->out.n == 0 || writer->is_room_due)
        return;
    writer->is_room_due = true;
    sim_add_event(sim_of(e), sim_of(e)->now + sim_delay(sim_of(e)), on_room, writer);
}

static void take_arrived(struct sim_end *e, size_t n)
{
    buf_drop(&e->in, n);
    e->n_arrived -= n;
    room_later(e);
}

/* -------- reading -------- */

static void on_read_due(void *ctx);

static void read_soon(struct sim_end *e)
{
    if (e->is_read_due)
        return;
    e->is_read_due = true;
    sim_add_event(sim_of(e), sim_of(e)->now + (int64_t)sim_below(sim_of(e), 20 * NS_PER_US), on_read_due, e);
}

static void deliver_bytes(struct sim_end *e)
{
    size_t n = piece(sim_of(e), e->n_arrived < READ_BYTES_MAX ? e->n_arrived : READ_BYTES_MAX);
    char *copy = malloc(n); /* exactly as long as what is told, so that a reader behind its end is caught */

    check(copy);
    memcpy(copy, e->in.p, n);
    take_arrived(e, n);
    e->s.bytes_in += n;
    e->s.ev->on_bytes(e->s.ev_ctx, (struct str){copy, n});
    free(copy);
}

/* Within a turn of e's loop: what arrived, to its owner. */
static void react(struct sim_end *e)
{
    if (e->rst_arrived) {
        if (e->wants_read || e->out.n || e->is_closed)
            fail(e, -ERR_RESET);
        return;
    }
    if (e->is_closed) {
        take_arrived(e, e->n_arrived);
        e->got_eof |= e->fin_arrived;
        return;
    }
    if (!e->wants_read || !e->is_connected || e->err || e->got_eof)
        return;
    if (e->n_arrived) {
        deliver_bytes(e);
    } else if (e->fin_arrived) {
        e->got_eof = true;
        if (e->s.ev->on_eof)
            e->s.ev->on_eof(e->s.ev_ctx);
    }
    if (!e->is_closed && e->wants_read && (e->n_arrived || (e->fin_arrived && !e->got_eof)))
        read_soon(e);
}

static void react_in_turn(struct sim_end *e)
{
    struct loop_sim *l = e->loop;

    if (!l)
        return;
    sim_turn_begin(l);
    react(e);
    sim_turn_end(l);
}

static void on_read_due(void *ctx)
{
    struct sim_end *e = ctx;

    e->is_read_due = false;
    react_in_turn(e);
}

/* Nobody is there any more. */
static void bury(struct sim_end *e)
{
    bool had_bytes = e->n_arrived > 0;

    take_arrived(e, e->n_arrived);
    if (had_bytes && sim_of(e)->now >= e->linger_until)
        send_rst(other(e));
}

static void on_arrive(void *ctx)
{
    struct sim_end *e = ctx;
    struct sim *s = sim_of(e);

    e->is_arrive_due = false;
    e->conn->is_hole |= sim_chance(s, s->net.hole_ppm);
    if (e->conn->is_hole)
        return;
    if (sim_chance(s, s->net.reset_ppm)) {
        send_rst(e);
        send_rst(other(e));
    }
    if (e->in.n > e->n_arrived) {
        e->n_arrived += piece(s, e->in.n - e->n_arrived);
    } else if (e->has_rst) {
        e->rst_arrived = true;
        e->n_arrived = 0;
        buf_reset(&e->in);
    } else if (e->has_fin) {
        e->fin_arrived = true;
    }
    arrive_later(e);
    if (e->is_gone)
        bury(e);
    else
        react_in_turn(e);
}

static void sim_read_on(struct stream *base)
{
    struct sim_end *e = of(base);

    e->wants_read = true;
    if (e->n_arrived || e->fin_arrived || e->rst_arrived)
        read_soon(e);
}

static void sim_read_off(struct stream *base) { of(base)->wants_read = false; }

static bool sim_is_quiet(const struct stream *base)
{
    const struct sim_end *e = of_const(base);

    return !e->err && !e->got_eof && !e->n_arrived && !e->fin_arrived && !e->rst_arrived;
}

/* -------- writing -------- */

static size_t sim_queued(const struct stream *base) { return of_const(base)->out.n; }

/* As much as the window takes; now and then less, as a kernel that is short of memory. */
static void flush(struct sim_end *e)
{
    struct sim_end *to = other(e);
    size_t window = e->conn->window_bytes, n = e->out.n;

    if (n == 0 || !e->is_connected || e->err || e->is_room_due)
        return;
    if (e->rst_arrived) {
        fail(e, -ERR_RESET);
        return;
    }
    size_t room = to->in.n < window ? window - to->in.n : 0;
    n = n < room ? n : room;
    if (n && sim_below(sim_of(e), 8) == 0) {
        n = piece(sim_of(e), n);
        if (n < e->out.n) {
            e->is_room_due = true;
            sim_add_event(sim_of(e), sim_of(e)->now + sim_delay(sim_of(e)), on_room, e);
        }
    }
    if (n == 0)
        return;
    if (!to->has_rst) /* else the connection broke on the way, and we have not heard of it */
        check(buf_add(&to->in, (struct str){e->out.p, n}) == 0);
    buf_drop(&e->out, n);
    e->s.bytes_out += n;
    arrive_later(to);
}

static void on_room(void *ctx)
{
    struct sim_end *e = ctx;

    struct loop_sim *l = e->loop;

    e->is_room_due = false;
    if (!l)
        return;
    sim_turn_begin(l);
    mark_dirty(e);
    sim_turn_end(l);
}

static void sim_write(struct stream *base, const struct str *parts, size_t n_parts)
{
    struct sim_end *e = of(base);
    size_t n = 0;

    if (e->err)
        return;
    for (size_t i = 0; i < n_parts; i++) {
        check(buf_add(&e->out, parts[i]) == 0);
        n += parts[i].n;
    }
    if (n == 0)
        return;
    if (e->conn->sim->tap && e == &e->conn->ends[0])
        e->conn->sim->tap(e->conn->sim->tap_ctx, &e->conn->addr, (struct str){e->out.p + e->out.n - n, n});
    e->wants_drained = true;
    if (n >= DIRECT_BYTES)
        flush(e);
    mark_dirty(e);
}

/* -------- closing -------- */

static void vanish(struct sim_end *e, bool is_reset)
{
    if (e->is_gone)
        return;
    e->is_gone = true;
    e->loop = NULL;
    list_remove(&e->node);
    list_remove(&e->dirty);
    buf_reset(&e->out);
    if (!other(e)->is_connected)
        return; /* the first packet did not reach it, and will not */
    if (is_reset || e->n_arrived || !e->is_connected)
        send_rst(other(e));
    else
        send_fin(other(e));
}

static void on_close_limit(void *ctx) { vanish(ctx, false); }

static void disown(struct sim_end *e)
{
    e->is_closed = true;
    e->s.ev = NULL;
}

static void sim_close(struct stream *base, bool now)
{
    struct sim_end *e = of(base);

    disown(e);
    if (now || e->err || !e->is_connected) {
        vanish(e, false);
        return;
    }
    sim_add_event(sim_of(e), sim_of(e)->now + CLOSE_NS, on_close_limit, e);
    take_arrived(e, e->n_arrived);
    mark_dirty(e);
}

static void sim_reset(struct stream *base)
{
    struct sim_end *e = of(base);

    disown(e);
    vanish(e, true);
}

static void closing_step(struct sim_end *e)
{
    if (e->err) {
        vanish(e, false);
    } else if (e->out.n == 0) {
        take_arrived(e, e->n_arrived);
        e->linger_until = e->got_eof ? 0 : sim_of(e)->now + LINGER_NS;
        vanish(e, false);
    }
}

void stream_sim_turn_end(struct sim_end *e)
{
    flush(e);
    if (e->is_closed) {
        closing_step(e);
    } else if (e->err) {
        if (!e->is_failed) {
            e->is_failed = true;
            e->s.ev->on_error(e->s.ev_ctx, e->err);
        }
    } else if (e->wants_drained && e->out.n == 0) {
        e->wants_drained = false;
        if (e->s.ev->on_drained)
            e->s.ev->on_drained(e->s.ev_ctx);
    }
}

/* -------- ends that nobody asked for -------- */

void stream_sim_kill(struct sim_end *e, bool is_silent)
{
    disown(e);
    e->s.ops = &dead_ops;
    e->conn->is_hole |= is_silent;
    vanish(e, false);
}

void stream_sim_drop(struct sim_end *e)
{
    check(!e->is_adopted);
    e->is_adopted = true;
    e->conn->via = NULL;
    vanish(e, false);
}

/* What is left of a dead process may still call; nothing comes of it. */
static void dead_read(struct stream *s) { (void)s; }
static void dead_write(struct stream *s, const struct str *parts, size_t n)
{
    (void)s;
    (void)parts;
    (void)n;
}
static size_t dead_queued(const struct stream *s)
{
    (void)s;
    return 0;
}
static void dead_close(struct stream *s, bool now)
{
    (void)s;
    (void)now;
}

static const struct stream_ops dead_ops = {
    .read_start = dead_read, .read_stop = dead_read, .write = dead_write, .queued = dead_queued, .close = dead_close};

/* -------- opening -------- */

static const struct stream_ops stream_sim_ops = {
    .read_start = sim_read_on,
    .read_stop = sim_read_off,
    .write = sim_write,
    .queued = sim_queued,
    .close = sim_close,
    .reset = sim_reset,
    .is_quiet = sim_is_quiet,
};

static struct sim_conn *conn_new(struct sim *s, const struct net_addr *a)
{
    struct sim_conn *c = calloc(1, sizeof(*c));

    check(c);
    if (s->n_conns == s->conns_cap) {
        s->conns_cap = s->conns_cap ? s->conns_cap * 2 : 64;
        s->conns = realloc(s->conns, s->conns_cap * sizeof(*s->conns));
        check(s->conns);
    }
    c->sim = s;
    c->id = s->n_conns;
    c->addr = *a;
    size_t most = s->net.window_bytes_max > WINDOW_BYTES_LEAST ? s->net.window_bytes_max : WINDOW_BYTES_LEAST;
    c->window_bytes = WINDOW_BYTES_LEAST + (size_t)sim_below(s, most - WINDOW_BYTES_LEAST + 1);
    for (size_t i = 0; i < 2; i++) {
        struct sim_end *e = &c->ends[i];
        e->conn = c;
        list_init(&e->node);
        list_init(&e->dirty);
        buf_init(&e->in, CONN_BYTES_MAX);
        buf_init(&e->out, CONN_BYTES_MAX);
    }
    s->conns[s->n_conns++] = c;
    return c;
}

static void own(struct sim_end *e, struct loop *l)
{
    e->is_adopted = true;
    e->loop = loop_sim_of(l);
    e->s.ops = &stream_sim_ops;
    e->s.loop = l;
    list_add_tail(&e->loop->ends, &e->node);
}

struct sim_end *stream_sim_accepted(struct net_ticket t) { return &((struct sim_conn *)(intptr_t)t.id)->ends[1]; }

int stream_sim_adopt(struct loop *l, struct net_ticket t, struct stream **ret_stream)
{
    struct sim_end *e = stream_sim_accepted(t);

    check(!e->is_adopted && !loop_sim_of(l)->is_dead);
    e->conn->via = NULL;
    own(e, l);
    *ret_stream = &e->s;
    return 0;
}

static void on_established(void *ctx)
{
    struct sim_end *e = ctx;
    struct loop_sim *l = e->loop;

    if (e->is_closed || e->conn->is_hole || !l)
        return;
    sim_turn_begin(l);
    e->is_connected = true;
    if (e->wants_read && (e->n_arrived || e->fin_arrived || e->rst_arrived))
        read_soon(e);
    if (e->out.n)
        mark_dirty(e);
    if (e->s.ev->on_connect)
        e->s.ev->on_connect(e->s.ev_ctx);
    sim_turn_end(l);
}

static struct net_listener *find_listener(struct sim *s, const struct net_addr *a)
{
    list_each(it, &s->listeners) {
        struct net_listener *li = list_entry(it, struct net_listener, node);
        if (li->addr.port == a->port && strcmp(li->addr.host, a->host) == 0)
            return li;
    }
    return NULL;
}

/* The first packet reached the other side. */
static void on_knock(void *ctx)
{
    struct sim_conn *c = ctx;
    struct sim *s = c->sim;
    struct net_listener *li = find_listener(s, &c->addr);

    if (c->ends[0].is_closed || c->is_hole)
        return;
    if (!li || sim_chance(s, s->net.refuse_ppm)) {
        struct loop_sim *l = c->ends[0].loop;
        sim_turn_begin(l);
        fail(&c->ends[0], -ERR_CONNECT);
        sim_turn_end(l);
        return;
    }
    c->via = li;
    c->ends[1].is_connected = true;
    sim_add_event(s, s->now + sim_delay(s), on_established, &c->ends[0]);
    struct loop_sim *l = li->loop;
    sim_turn_begin(l);
    li->on_accept(li->ctx, (struct net_ticket){(int64_t)(intptr_t)c});
    sim_turn_end(l);
}

int stream_sim_connect(struct loop *l, const struct net_addr *a, const struct stream_events *ev, void *ev_ctx,
                       struct stream **ret_stream)
{
    struct sim *s = loop_sim_of(l)->sim;

    if (loop_sim_of(l)->is_dead)
        return err_trace(-ERR_CONNECT);
    struct sim_conn *c = conn_new(s, a);
    struct sim_end *e = &c->ends[0];
    own(e, l);
    stream_on(&e->s, ev, ev_ctx);
    c->is_hole = sim_chance(s, s->net.hole_ppm);
    sim_add_event(s, s->now + sim_delay(s), on_knock, c);
    *ret_stream = &e->s;
    return 0;
}

void stream_sim_free_conns(struct sim *s)
{
    for (size_t i = 0; i < s->n_conns; i++) {
        for (size_t k = 0; k < 2; k++) {
            buf_deinit(&s->conns[i]->ends[k].in);
            buf_deinit(&s->conns[i]->ends[k].out);
        }
        free(s->conns[i]);
    }
    free(s->conns);
}
