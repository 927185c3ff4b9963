/*
 * tests/sim/loop_sim.c - the queue of events, the clocks, and the loops: mailboxes, wake-ups, turns, listeners.
 */
#include "sim_impl.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define WALL_START (1790000000LL * NS_PER_S) /* September 2026 */
#define MONO_START NS_PER_S                  /* 0 means "not yet" in some records of time */

/* -------- events -------- */

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct sim *s, size_t i, size_t k)
{
    struct sim_event e = s->heap[i];
    s->heap[i] = s->heap[k];
    s->heap[k] = e;
}

void sim_add_event(struct sim *s, mono_t at, void (*fn)(void *ctx), void *ctx)
{
    if (s->n_events == s->events_cap) {
        s->events_cap = s->events_cap ? s->events_cap * 2 : 256;
        s->heap = realloc(s->heap, s->events_cap * sizeof(*s->heap));
        check(s->heap);
    }
    size_t i = s->n_events++;
    s->heap[i] = (struct sim_event){at > s->now ? at : s->now, s->n_made++, fn, ctx};
    for (; i && is_before(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(s, i, (i - 1) / 2);
}

static struct sim_event take_first(struct sim *s)
{
    struct sim_event first = s->heap[0];
    size_t i = 0;

    s->heap[0] = s->heap[--s->n_events];
    for (;;) {
        size_t least = i, left = 2 * i + 1, right = 2 * i + 2;
        if (left < s->n_events && is_before(&s->heap[left], &s->heap[least]))
            least = left;
        if (right < s->n_events && is_before(&s->heap[right], &s->heap[least]))
            least = right;
        if (least == i)
            return first;
        swap(s, i, least);
        i = least;
    }
}

bool sim_step(struct sim *s)
{
    if (s->n_events == 0)
        return false;
    struct sim_event e = take_first(s);
    check(e.at >= s->now && !s->running);
    s->now = e.at;
    s->n_steps++;
    s->trace = (s->trace ^ (uint64_t)e.at ^ e.order << 40) * 0x9e3779b97f4a7c15ULL;
    e.fn(e.ctx);
    check(!s->running);
    return true;
}

uint64_t sim_steps(const struct sim *s) { return s->n_steps; }
uint64_t sim_trace(const struct sim *s) { return s->trace; }

int64_t sim_delay(struct sim *s)
{
    int64_t max = sim_chance(s, s->net.slow_ppm) ? s->net.slow_ns_max : s->net.delay_ns_max;

    return NS_PER_US + (int64_t)sim_below(s, (uint64_t)max + 1);
}

void sim_after(struct sim *s, int64_t delay_ns, struct post p) { sim_add_event(s, s->now + delay_ns, p.fn, p.ctx); }

void sim_tap(struct sim *s, void (*fn)(void *ctx, const struct net_addr *to, struct str bytes), void *ctx)
{
    s->tap = fn;
    s->tap_ctx = ctx;
}

/* -------- clocks and chance -------- */

mono_t sim_now(const struct sim *s) { return s->now; }
wall_t sim_wall(const struct sim *s) { return s->now + s->wall_offset; }
void sim_set_wall(struct sim *s, wall_t t) { s->wall_offset = t - s->now; }
static mono_t clock_mono(void *ctx) { return sim_now(ctx); }
static wall_t clock_wall(void *ctx) { return sim_wall(ctx); }
const struct clock *sim_clock(struct sim *s) { return &s->clock; }
struct rng *sim_rng(struct sim *s) { return &s->rng; }
uint64_t sim_below(struct sim *s, uint64_t n) { return rng_below(&s->rng, n); }
bool sim_chance(struct sim *s, uint32_t ppm) { return ppm && sim_below(s, 1000000) < ppm; }

/* -------- turns -------- */

static void on_again(void *ctx)
{
    struct loop_sim *l = ctx;

    l->is_again = false;
    if (l->is_dead)
        return;
    sim_turn_begin(l);
    sim_turn_end(l);
}

void sim_turn_soon(struct loop_sim *l)
{
    if (l->is_again)
        return;
    l->is_again = true;
    sim_add_event(l->sim, l->sim->now, on_again, l);
}

void sim_turn_begin(struct loop_sim *l)
{
    check(!l->sim->running && !l->is_dead);
    l->sim->running = l;
}

/* Flushes what was dirty when the turn ended; what these flushes make dirty is the next turn's. */
void sim_turn_end(struct loop_sim *l)
{
    struct list turn, *it;

    check(l->sim->running == l);
    list_init(&turn);
    while ((it = list_first(&l->dirty))) {
        list_remove(it);
        list_add_tail(&turn, it);
    }
    while ((it = list_first(&turn))) {
        list_remove(it);
        stream_sim_turn_end(list_entry(it, struct sim_end, dirty));
    }
    if (!list_is_empty(&l->dirty))
        sim_turn_soon(l);
    l->sim->running = NULL;
}

/* -------- wake-up -------- */

static mono_t loop_sim_now(struct loop *l) { return loop_sim_of(l)->sim->now; }
static wall_t loop_sim_wall(struct loop *l) { return sim_wall(loop_sim_of(l)->sim); }

struct wake {
    struct loop_sim *l;
    uint64_t gen;
};

static void on_wake(void *ctx)
{
    struct wake *w = ctx;
    struct loop_sim *l = w->l;
    bool is_newest = w->gen == l->wake_gen;

    free(w);
    if (!is_newest || l->is_dead)
        return;
    l->wake_at = INT64_MAX;
    sim_turn_begin(l);
    timer_wheel_advance(l->loop.wheel, l->sim->now);
    sim_turn_end(l);
}

static void loop_sim_wake_at(struct loop *base, mono_t at)
{
    struct loop_sim *l = loop_sim_of(base);

    if (l->is_dead || at == l->wake_at)
        return;
    l->wake_at = at;
    l->wake_gen++;
    if (at == INT64_MAX)
        return;
    struct wake *w = malloc(sizeof(*w));
    check(w);
    *w = (struct wake){l, l->wake_gen};
    /* Never early; late by up to a millisecond, as a real timer. */
    sim_add_event(l->sim, at + (int64_t)sim_below(l->sim, NS_PER_MS), on_wake, w);
}

/* -------- mailbox -------- */

struct letter {
    struct loop_sim *l;
    struct post p;
};

static void on_letter(void *ctx)
{
    struct letter *letter = ctx;
    struct loop_sim *l = letter->l;
    struct post p = letter->p;

    free(letter);
    if (l->is_dead)
        return;
    sim_turn_begin(l);
    p.fn(p.ctx);
    sim_turn_end(l);
}

static void loop_sim_post(struct loop *base, struct post p)
{
    struct loop_sim *l = loop_sim_of(base);
    struct sim *s = l->sim;
    size_t sender = s->running ? s->running->id : LOOPS_MAX;
    mono_t at = s->now + sim_delay(s);

    if (l->is_dead)
        return;
    if (at < l->post_at[sender])
        at = l->post_at[sender];
    l->post_at[sender] = at;
    struct letter *letter = malloc(sizeof(*letter));
    check(letter);
    *letter = (struct letter){l, p};
    sim_add_event(s, at, on_letter, letter);
}

static void box_send(struct post_box *box, struct post p) { loop_sim_post(list_entry(box, struct loop, box), p); }

/* -------- names -------- */

void sim_name(struct sim *s, const char *name, const struct net_addrs *addrs)
{
    check(s->n_names < NAMES_MAX);
    s->names[s->n_names++] = (struct sim_name){name, *addrs};
}

struct lookup {
    struct loop_sim *l;
    const struct sim_name *found; /* NULL: no such name */
    void (*fn)(void *ctx, int err, const struct net_addrs *addrs);
    void *ctx;
};

static void on_resolved(void *ctx)
{
    struct lookup k = *(struct lookup *)ctx;

    free(ctx);
    if (k.l->is_dead) {
        k.fn(k.ctx, -ERR_CLOSED, NULL);
        return;
    }
    sim_turn_begin(k.l);
    if (k.found && !sim_chance(k.l->sim, k.l->sim->net.refuse_ppm))
        k.fn(k.ctx, 0, &k.found->addrs);
    else
        k.fn(k.ctx, -ERR_RESOLVE, NULL);
    sim_turn_end(k.l);
}

static int loop_sim_resolve(struct loop *base, const char *name,
                            void (*fn)(void *, int, const struct net_addrs *), void *ctx)
{
    struct loop_sim *l = loop_sim_of(base);
    struct sim *s = l->sim;
    struct lookup *k;

    if (l->is_dead)
        return err_trace(-ERR_CLOSED);
    k = malloc(sizeof(*k));
    check(k);
    *k = (struct lookup){l, NULL, fn, ctx};
    for (size_t i = 0; i < s->n_names && !k->found; i++)
        if (strcmp(s->names[i].name, name) == 0)
            k->found = &s->names[i];
    sim_add_event(s, s->now + sim_delay(s), on_resolved, k);
    return 0;
}

/* -------- listeners -------- */

static bool is_taken(const struct sim *s, const struct net_addr *a)
{
    list_each(it, &s->listeners) {
        const struct net_listener *li = list_entry(it, struct net_listener, node);
        if (li->addr.port == a->port && strcmp(li->addr.host, a->host) == 0)
            return true;
    }
    return false;
}

static int loop_sim_listen(struct loop *base, const struct net_addr *a, int backlog,
                           void (*on_accept)(void *, struct net_ticket), void *ctx, struct net_listener **ret_listener,
                           struct net_addr *ret_bound)
{
    struct loop_sim *l = loop_sim_of(base);
    struct sim *s = l->sim;
    struct net_listener *li;

    (void)backlog;
    if (a->port && is_taken(s, a))
        return err_trace(-ERR_ADDR_IN_USE);
    li = calloc(1, sizeof(*li));
    check(li);
    li->loop = l;
    li->addr = *a;
    if (li->addr.port == 0)
        li->addr.port = s->next_port++;
    li->on_accept = on_accept;
    li->ctx = ctx;
    list_init(&li->node);
    list_add_tail(&s->listeners, &li->node);
    l->n_listeners++;
    if (ret_bound)
        *ret_bound = li->addr;
    *ret_listener = li;
    return 0;
}

static void listener_close(struct net_listener *li)
{
    struct sim *s = li->loop->sim;

    for (size_t i = 0; i < s->n_conns; i++)
        if (s->conns[i]->via == li)
            s->conns[i]->via = NULL; /* its ticket stays good */
    list_remove(&li->node);
    li->loop->n_listeners--;
    free(li);
}

static void loop_sim_listener_close(struct net_listener *li)
{
    if (!li->loop->is_dead) /* else the kill closed it */
        listener_close(li);
}

static void loop_sim_ticket_drop(struct net_ticket t) { stream_sim_drop(stream_sim_accepted(t)); }

/* -------- life -------- */

static int loop_sim_run(struct loop *base)
{
    struct loop_sim *l = loop_sim_of(base);

    while (!l->is_stopping || sim_loop_open_handles(base))
        if (!sim_step(l->sim))
            break;
    return 0;
}

static void loop_sim_stop(struct loop *base) { loop_sim_of(base)->is_stopping = true; }

size_t sim_loop_open_handles(const struct loop *base)
{
    const struct loop_sim *l = (const struct loop_sim *)(const void *)base;
    size_t n = l->n_listeners;

    list_each(it, &l->ends)
        n += !list_entry(it, struct sim_end, node)->is_closed;
    return n;
}

void sim_loop_kill(struct loop *base, bool is_silent)
{
    struct loop_sim *l = loop_sim_of(base);
    struct sim *s = l->sim;
    struct list *it;

    check(!s->running);
    if (l->is_dead)
        return;
    l->is_dead = true;
    while ((it = list_first(&l->ends)))
        stream_sim_kill(list_entry(it, struct sim_end, node), is_silent);
    list_each_safe(node, tmp, &s->listeners) {
        struct net_listener *li = list_entry(node, struct net_listener, node);
        if (li->loop != l)
            continue;
        for (size_t i = 0; i < s->n_conns; i++)
            if (s->conns[i]->via == li)
                stream_sim_drop(&s->conns[i]->ends[1]);
        listener_close(li);
    }
}

/* The memory stays until the simulation ends: events that name the loop may still come, and find it dead. */
static void loop_sim_free(struct loop *base)
{
    struct loop_sim *l = loop_sim_of(base);

    if (!base)
        return;
    check(l->is_dead || sim_loop_open_handles(base) == 0);
    l->is_dead = true;
    timer_wheel_free(base->wheel);
    base->wheel = NULL;
}

static const struct loop_ops loop_sim_ops = {
    .now = loop_sim_now,
    .wall = loop_sim_wall,
    .post = loop_sim_post,
    .wake_at = loop_sim_wake_at,
    .listen = loop_sim_listen,
    .listener_close = loop_sim_listener_close,
    .adopt = stream_sim_adopt,
    .ticket_drop = loop_sim_ticket_drop,
    .connect = stream_sim_connect,
    .resolve = loop_sim_resolve,
    .run = loop_sim_run,
    .stop = loop_sim_stop,
    .free = loop_sim_free,
};

int sim_loop_new(struct sim *s, struct loop **ret_loop)
{
    check(s->n_loops < LOOPS_MAX);
    struct loop_sim *l = calloc(1, sizeof(*l));
    check(l);
    l->loop.ops = &loop_sim_ops;
    l->loop.box.send = box_send;
    l->sim = s;
    l->id = s->n_loops;
    l->wake_at = INT64_MAX;
    list_init(&l->dirty);
    list_init(&l->ends);
    s->loops[s->n_loops++] = l;
    l->loop.wheel = timer_wheel_new(&l->loop);
    check(l->loop.wheel);
    *ret_loop = &l->loop;
    return 0;
}

struct sim *sim_new(uint64_t seed, const struct sim_net *net)
{
    struct sim *s = calloc(1, sizeof(*s));

    check(s);
    rng_seeded_init(&s->rng, seed);
    sim_set_net(s, net);
    s->now = MONO_START;
    s->wall_offset = WALL_START;
    s->clock = (struct clock){clock_mono, clock_wall, s};
    s->next_port = 20000;
    list_init(&s->listeners);
    return s;
}

void sim_set_net(struct sim *s, const struct sim_net *net) { s->net = *net; }

void sim_free(struct sim *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_loops; i++) {
        if (!s->loops[i]->is_dead)
            sim_loop_kill(&s->loops[i]->loop, false);
        if (s->loops[i]->loop.wheel)
            loop_sim_free(&s->loops[i]->loop);
    }
    /* Events own what they were made with: letters and wake-ups free themselves, and find their loops dead. */
    for (size_t i = 0; i < s->n_events; i++) {
        if (s->heap[i].fn == on_wake || s->heap[i].fn == on_letter)
            free(s->heap[i].ctx);
        if (s->heap[i].fn == on_resolved)
            on_resolved(s->heap[i].ctx);
    }
    stream_sim_free_conns(s);
    for (size_t i = 0; i < s->n_loops; i++)
        free(s->loops[i]);
    free(s->heap);
    free(s);
}
