/*
 * tests/sim/test_loop_sim.c - the simulated loop keeps the contract of net/loop.h and net/stream.h, for many seeds.
 */
#include "unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "loop_sim.h"
#include "net/timer.h"

#define SEEDS 200

static const struct sim_net calm = {.delay_ns_max = NS_PER_MS, .window_bytes_max = 65536};
static const struct sim_net tight = {
    .delay_ns_max = NS_PER_MS, .slow_ppm = 50000, .slow_ns_max = NS_PER_S, .window_bytes_max = 300};

/* -------- a pair of streams, each with a log of its events -------- */

struct side {
    struct pair *pair;
    struct stream *s; /* NULL: closed */
    struct buf got;
    int n_connect, n_eof, n_error, n_drained, err;
    bool in_call; /* an event now would come from inside a call */
    bool echoes;
};
struct pair {
    struct sim *sim;
    struct loop *loops[2];
    struct net_listener *listener;
    struct net_addr addr;
    struct side sides[2]; /* who connected, who accepted */
    struct net_ticket ticket;
    int n_tickets;
    bool adopts;
};

static struct side *enter(void *ctx)
{
    struct side *d = ctx;
    assert_non_null(d->s); /* no event after close */
    assert_false(d->in_call);
    return d;
}
static void write_to(struct side *d, struct str s)
{
    d->in_call = true;
    stream_write(d->s, &s, 1);
    d->in_call = false;
}
static void on_connect(void *ctx) { enter(ctx)->n_connect++; }
static void on_bytes(void *ctx, struct str bytes)
{
    struct side *d = enter(ctx);
    assert_true(bytes.n > 0);
    assert_int_equal(buf_add(&d->got, bytes), 0);
    if (d->echoes)
        write_to(d, bytes);
}
static void on_eof(void *ctx) { enter(ctx)->n_eof++; }
static void on_drained(void *ctx)
{
    struct side *d = enter(ctx);
    assert_int_equal(stream_queued(d->s), 0);
    d->n_drained++;
}
static void on_error(void *ctx, int err)
{
    struct side *d = enter(ctx);
    d->n_error++;
    d->err = err;
}
static const struct stream_events events = {on_connect, on_bytes, on_eof, on_drained, on_error};

static void adopt(struct pair *p)
{
    struct side *d = &p->sides[1];
    assert_int_equal(p->loops[1]->ops->adopt(p->loops[1], p->ticket, &d->s), 0);
    stream_on(d->s, &events, d);
    stream_read_start(d->s);
}
static void on_accept(void *ctx, struct net_ticket t)
{
    struct pair *p = ctx;
    p->n_tickets++;
    p->ticket = t;
    if (p->adopts)
        adopt(p);
}

static void pair_listen(struct pair *p, uint64_t seed, const struct sim_net *net)
{
    struct net_addr any = {"127.0.0.1", 0};
    memset(p, 0, sizeof(*p));
    p->sim = sim_new(seed, net);
    p->adopts = true;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sim_loop_new(p->sim, &p->loops[i]), 0);
        p->sides[i].pair = p;
        buf_init(&p->sides[i].got, 1 << 24);
    }
    assert_int_equal(p->loops[1]->ops->listen(p->loops[1], &any, 16, on_accept, p, &p->listener, &p->addr), 0);
    assert_true(p->addr.port != 0);
}
static void pair_connect(struct pair *p)
{
    struct side *d = &p->sides[0];
    assert_int_equal(p->loops[0]->ops->connect(p->loops[0], &p->addr, &events, d, &d->s), 0);
    stream_read_start(d->s);
}
static void settle(struct pair *p)
{
    while (sim_step(p->sim))
        ;
}
static void pair_open(struct pair *p, uint64_t seed, const struct sim_net *net)
{
    pair_listen(p, seed, net);
    pair_connect(p);
    settle(p);
    assert_int_equal(p->sides[0].n_connect, 1);
    assert_int_equal(p->sides[1].n_connect, 0); /* not called for adopted streams */
    assert_non_null(p->sides[1].s);
}
static void side_close(struct side *d, bool now)
{
    struct stream *s = d->s;
    d->s = NULL;
    stream_close(s, now);
}
static void pair_free(struct pair *p)
{
    for (int i = 0; i < 2; i++) {
        if (p->sides[i].s)
            side_close(&p->sides[i], true);
        buf_deinit(&p->sides[i].got);
    }
    if (p->listener)
        p->loops[1]->ops->listener_close(p->listener);
    settle(p);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sim_loop_open_handles(p->loops[i]), 0);
        loop_free(p->loops[i]);
    }
    sim_free(p->sim);
}

static char *pattern(size_t n)
{
    char *p = malloc(n);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + i % 23 + i / 1000 % 3);
    return p;
}

/* -------- streams -------- */

static void bytes_arrive_whole_and_in_order_in_both_directions(void **state)
{
    char *big = pattern(50000);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct pair p;
        pair_open(&p, seed, seed & 1 ? &tight : &calm);
        p.sides[1].echoes = true;
        for (size_t at = 0; at < 50000;) {
            size_t n = 1 + (size_t)sim_below(p.sim, 9000);
            n = n < 50000 - at ? n : 50000 - at;
            write_to(&p.sides[0], (struct str){big + at, n});
            at += n;
            sim_step(p.sim);
        }
        settle(&p);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(p.sides[i].got.n, 50000);
            assert_memory_equal(p.sides[i].got.p, big, 50000);
            assert_int_equal(p.sides[i].s->bytes_in, 50000);
            assert_int_equal(p.sides[i].s->bytes_out, 50000);
            assert_true(p.sides[i].n_drained > 0);
        }
        pair_free(&p);
    }
    free(big);
}

static void a_writer_waits_while_nobody_reads(void **state)
{
    char *big = pattern(20000);
    struct pair p;
    pair_open(&p, 7, &tight);
    stream_read_stop(p.sides[1].s);
    write_to(&p.sides[0], (struct str){big, 20000});
    settle(&p);
    assert_true(stream_queued(p.sides[0].s) >= 20000 - 300);
    assert_int_equal(p.sides[0].n_drained, 0);
    assert_int_equal(p.sides[0].s->bytes_out + stream_queued(p.sides[0].s), 20000);
    assert_int_equal(p.sides[1].got.n, 0);
    assert_false(stream_is_quiet(p.sides[1].s)); /* bytes wait */
    assert_true(stream_is_quiet(p.sides[0].s));
    stream_read_start(p.sides[1].s);
    settle(&p);
    assert_int_equal(p.sides[1].got.n, 20000);
    assert_int_equal(p.sides[0].n_drained, 1);
    pair_free(&p);
    free(big);
}

static void after_an_end_the_other_direction_goes_on(void **state)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct pair p;
        pair_open(&p, seed, &calm);
        write_to(&p.sides[0], STR("last words"));
        side_close(&p.sides[0], false);
        settle(&p);
        assert_str(buf_str(&p.sides[1].got), "last words");
        assert_int_equal(p.sides[1].n_eof, 1);
        assert_int_equal(p.sides[1].n_error, 0);
        assert_false(stream_is_quiet(p.sides[1].s));
        write_to(&p.sides[1], STR("too late"));
        settle(&p);
        assert_true(p.sides[1].n_error <= 1); /* thrown away, or the other end had lingered long enough */
        pair_free(&p);
    }
}

static void closing_sends_what_was_queued_unless_now(void **state)
{
    char *big = pattern(5000);
    struct pair p;
    pair_open(&p, 3, &tight);
    write_to(&p.sides[0], (struct str){big, 5000});
    side_close(&p.sides[0], false);
    settle(&p);
    assert_int_equal(p.sides[1].got.n, 5000);
    assert_int_equal(p.sides[1].n_eof, 1);
    pair_free(&p);

    pair_open(&p, 3, &tight);
    write_to(&p.sides[0], (struct str){big, 5000});
    side_close(&p.sides[0], true);
    settle(&p);
    assert_true(p.sides[1].got.n < 5000);
    assert_int_equal(p.sides[1].n_eof, 1);
    pair_free(&p);
    free(big);
}

static void a_reset_is_an_error_at_the_other_end(void **state)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct pair p;
        pair_open(&p, seed, &calm);
        write_to(&p.sides[0], STR("some of this may be lost"));
        for (uint64_t n = sim_below(p.sim, 4); n; n--)
            sim_step(p.sim);
        struct stream *s = p.sides[0].s;
        p.sides[0].s = NULL;
        stream_reset(s);
        settle(&p);
        assert_int_equal(p.sides[1].n_error, 1);
        assert_int_equal(p.sides[1].err, -ERR_RESET);
        assert_int_equal(p.sides[1].n_eof, 0);
        write_to(&p.sides[1], STR("nobody hears")); /* allowed, and dropped */
        settle(&p);
        assert_int_equal(p.sides[1].n_error, 1);
        pair_free(&p);
    }
}

static void closing_with_unread_bytes_resets(void **state)
{
    struct pair p;
    pair_open(&p, 5, &calm);
    stream_read_stop(p.sides[1].s);
    write_to(&p.sides[0], STR("never read"));
    settle(&p);
    side_close(&p.sides[1], true);
    settle(&p);
    assert_int_equal(p.sides[0].n_error, 1);
    pair_free(&p);
}

static void connections_break_when_the_network_says_so(void **state)
{
    const struct sim_net bad = {.delay_ns_max = NS_PER_MS, .reset_ppm = 200000, .window_bytes_max = 300};
    char *big = pattern(5000);
    int n_broken = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct pair p;
        pair_open(&p, seed, &calm);
        sim_set_net(p.sim, &bad);
        write_to(&p.sides[0], (struct str){big, 5000});
        settle(&p);
        n_broken += p.sides[0].n_error;
        assert_memory_equal(p.sides[1].got.p, big, p.sides[1].got.n);
        pair_free(&p);
    }
    assert_in_range(n_broken, SEEDS / 4, SEEDS);
    free(big);
}

static void nothing_arrives_through_a_hole(void **state)
{
    const struct sim_net hole = {.delay_ns_max = NS_PER_MS, .hole_ppm = 1000000, .window_bytes_max = 300};
    struct pair p;
    pair_open(&p, 1, &calm);
    sim_set_net(p.sim, &hole);
    write_to(&p.sides[0], STR("hello?"));
    settle(&p);
    assert_int_equal(p.sides[1].got.n, 0);
    assert_int_equal(p.sides[0].n_error + p.sides[0].n_eof + p.sides[1].n_error + p.sides[1].n_eof, 0);
    pair_free(&p);
}

/* -------- opening -------- */

static void connecting_to_nobody_fails(void **state)
{
    struct pair p;
    pair_listen(&p, 1, &calm);
    p.addr.port++;
    pair_connect(&p);
    write_to(&p.sides[0], STR("queued"));
    settle(&p);
    assert_int_equal(p.sides[0].n_error, 1);
    assert_int_equal(p.sides[0].err, -ERR_CONNECT);
    assert_int_equal(p.sides[0].n_connect, 0);
    assert_int_equal(p.sides[0].s->bytes_out, 0);
    pair_free(&p);

    const struct sim_net refuses = {.delay_ns_max = NS_PER_MS, .refuse_ppm = 1000000, .window_bytes_max = 300};
    pair_listen(&p, 1, &refuses);
    pair_connect(&p);
    settle(&p);
    assert_int_equal(p.sides[0].err, -ERR_CONNECT);
    assert_int_equal(p.n_tickets, 0);
    pair_free(&p);
}

static void a_ticket_is_adopted_later_or_dropped(void **state)
{
    struct pair p;
    pair_listen(&p, 1, &calm);
    p.adopts = false;
    pair_connect(&p);
    write_to(&p.sides[0], STR("early"));
    settle(&p);
    assert_int_equal(p.n_tickets, 1);
    assert_int_equal(p.sides[0].n_connect, 1);
    adopt(&p);
    settle(&p);
    assert_str(buf_str(&p.sides[1].got), "early");
    pair_free(&p);

    pair_listen(&p, 1, &calm);
    p.adopts = false;
    pair_connect(&p);
    settle(&p);
    p.loops[1]->ops->ticket_drop(p.ticket);
    settle(&p);
    assert_int_equal(p.sides[0].n_eof + p.sides[0].n_error, 1);
    pair_free(&p);
}

static void an_address_is_listened_on_once(void **state)
{
    struct net_listener *second;
    struct pair p;
    pair_listen(&p, 1, &calm);
    assert_int_equal(p.loops[0]->ops->listen(p.loops[0], &p.addr, 1, on_accept, &p, &second, NULL), -ERR_ADDR_IN_USE);
    p.loops[1]->ops->listener_close(p.listener);
    assert_int_equal(p.loops[1]->ops->listen(p.loops[1], &p.addr, 1, on_accept, &p, &p.listener, NULL), 0);
    pair_free(&p);
}

static void a_stream_used_after_its_close_is_caught(void *ctx)
{
    struct pair p;
    pair_open(&p, 1, &calm);
    struct stream *s = p.sides[0].s;
    stream_close(s, true);
    stream_read_start(s);
}
static void using_a_closed_stream_ends_the_process(void **state)
{
    assert_true(unit_aborts(a_stream_used_after_its_close_is_caught, NULL));
}

/* -------- killed -------- */

static void a_killed_loop_is_an_end_for_the_other_side(void **state)
{
    for (int is_silent = 0; is_silent < 2; is_silent++) {
        struct pair p;
        pair_open(&p, 9, &calm);
        write_to(&p.sides[1], STR("on its way"));
        sim_loop_kill(p.loops[1], is_silent);
        p.listener = NULL; /* closed with it */
        loop_post(p.loops[1], (struct post){on_connect, NULL}); /* never comes */
        stream_read_start(p.sides[1].s);
        assert_int_equal(stream_queued(p.sides[1].s), 0);
        side_close(&p.sides[1], true); /* as the memory's owners do, later */
        settle(&p);
        assert_int_equal(p.sides[0].n_eof + p.sides[0].n_error, !is_silent);
        pair_free(&p);
    }
}

/* -------- time and posts -------- */

struct tick {
    struct timer timer;
    struct sim *sim;
    mono_t at;
};
static void on_tick(struct timer *t)
{
    struct tick *k = list_entry(t, struct tick, timer);
    k->at = sim_now(k->sim);
}
static void timers_fire_never_early_and_hardly_late(void **state)
{
    struct sim *s = sim_new(1, &calm);
    struct loop *l;
    struct tick ticks[40];
    assert_int_equal(sim_loop_new(s, &l), 0);
    mono_t start = loop_now(l);
    for (int i = 0; i < 40; i++) {
        ticks[i] = (struct tick){.sim = s};
        timer_init(&ticks[i].timer, on_tick);
        timer_arm(l, &ticks[i].timer, i * i);
    }
    timer_cancel(l, &ticks[5].timer);
    while (sim_step(s))
        timer_wheel_check(l->wheel);
    for (int i = 0; i < 40; i++) {
        mono_t want = i == 5 ? 0 : start + (mono_t)i * i * NS_PER_MS;
        assert_true(ticks[i].at >= want);
        assert_true(ticks[i].at <= want + (mono_t)i * i * NS_PER_MS / 64 + 2 * NS_PER_MS);
    }
    loop_free(l);
    sim_free(s);
}

static void the_wall_clock_follows_time_and_can_be_set(void **state)
{
    struct sim *s = sim_new(1, &calm);
    struct loop *l;
    assert_int_equal(sim_loop_new(s, &l), 0);
    wall_t before = loop_wall(l);
    mono_t mono = loop_now(l);
    sim_set_wall(s, before - 3600 * NS_PER_S);
    assert_true(loop_wall(l) == before - 3600 * NS_PER_S);
    assert_true(sim_clock(s)->wall(sim_clock(s)->ctx) == loop_wall(l));
    assert_true(loop_now(l) == mono);
    assert_true(sim_clock(s)->mono(sim_clock(s)->ctx) == mono);
    loop_free(l);
    sim_free(s);
}

struct mail {
    struct sim *sim;
    struct loop *loops[3];
    int last[3]; /* of each sender, at the receiver */
    bool in_call;
    int n_crossed; /* arrivals behind one that was sent later by another */
    int newest;
};
struct letter {
    struct mail *m;
    int sender, i;
};
static void on_letter(void *ctx)
{
    struct letter *k = ctx;
    assert_false(k->m->in_call);
    assert_int_equal(k->i, k->m->last[k->sender] + 1);
    k->m->last[k->sender] = k->i;
    k->m->n_crossed += k->i < k->m->newest;
    k->m->newest = k->i > k->m->newest ? k->i : k->m->newest;
}
static void send_letter(void *ctx)
{
    struct letter *k = ctx;
    k->m->in_call = true;
    loop_post(k->m->loops[2], (struct post){on_letter, k});
    k->m->in_call = false;
}
static void posts_of_one_sender_keep_their_order(void **state)
{
    static struct letter letters[2][50];
    int n_crossed = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct mail m = {.sim = sim_new(seed, &calm)};
        for (int i = 0; i < 3; i++)
            assert_int_equal(sim_loop_new(m.sim, &m.loops[i]), 0);
        for (int i = 0; i < 50; i++)
            for (int k = 0; k < 2; k++) {
                letters[k][i] = (struct letter){&m, k, i + 1};
                loop_post(m.loops[k], (struct post){send_letter, &letters[k][i]});
            }
        while (sim_step(m.sim))
            ;
        assert_int_equal(m.last[0], 50);
        assert_int_equal(m.last[1], 50);
        n_crossed += m.n_crossed;
        for (int i = 0; i < 3; i++)
            loop_free(m.loops[i]);
        sim_free(m.sim);
    }
    assert_true(n_crossed > SEEDS); /* and those of different senders do not */
}

static uint64_t one_run(uint64_t seed)
{
    struct pair p;
    pair_open(&p, seed, &tight);
    p.sides[1].echoes = true;
    write_to(&p.sides[0], STR("the same seed gives the same events"));
    settle(&p);
    uint64_t trace = sim_trace(p.sim);
    assert_true(sim_steps(p.sim) >= 4); /* knock, established, there, and back */
    pair_free(&p);
    return trace;
}
static void the_same_seed_gives_the_same_events(void **state)
{
    assert_true(one_run(1) == one_run(1));
    assert_true(one_run(1) != one_run(2));
}

static void stop_soon(void *ctx) { loop_stop(ctx); }
static void run_ends_when_stopped_and_nothing_is_open(void **state)
{
    struct sim *s = sim_new(1, &calm);
    struct loop *l;
    assert_int_equal(sim_loop_new(s, &l), 0);
    loop_post(l, (struct post){stop_soon, l});
    assert_int_equal(loop_run(l), 0);
    loop_free(l);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_arrive_whole_and_in_order_in_both_directions),
        cmocka_unit_test(a_writer_waits_while_nobody_reads),
        cmocka_unit_test(after_an_end_the_other_direction_goes_on),
        cmocka_unit_test(closing_sends_what_was_queued_unless_now),
        cmocka_unit_test(a_reset_is_an_error_at_the_other_end),
        cmocka_unit_test(closing_with_unread_bytes_resets),
        cmocka_unit_test(connections_break_when_the_network_says_so),
        cmocka_unit_test(nothing_arrives_through_a_hole),
        cmocka_unit_test(connecting_to_nobody_fails),
        cmocka_unit_test(a_ticket_is_adopted_later_or_dropped),
        cmocka_unit_test(an_address_is_listened_on_once),
        cmocka_unit_test(using_a_closed_stream_ends_the_process),
        cmocka_unit_test(a_killed_loop_is_an_end_for_the_other_side),
        cmocka_unit_test(timers_fire_never_early_and_hardly_late),
        cmocka_unit_test(the_wall_clock_follows_time_and_can_be_set),
        cmocka_unit_test(posts_of_one_sender_keep_their_order),
        cmocka_unit_test(the_same_seed_gives_the_same_events),
        cmocka_unit_test(run_ends_when_stopped_and_nothing_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
