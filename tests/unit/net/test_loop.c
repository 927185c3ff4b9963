/*
 * The loop: mailbox from many threads, clock and timers, the way down, and streams between two ends of one loop.
 */
#include "unit.h"

#include "base/err.h"
#include "base/time.h"
#include "net/stream.h"
#include "net/timer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>

static struct loop *loop_new(void)
{
    struct loop *l;

    assert_int_equal(loop_uv_new(&l), 0);
    return l;
}

/* -------- mailbox -------- */

#define N_SENDERS 4
#define N_POSTS 20000

struct letter {
    struct mailbox_test *test;
    unsigned sender, number;
};

struct mailbox_test {
    struct loop *loop;
    unsigned next[N_SENDERS];
    size_t n_read;
    struct letter letters[N_SENDERS][N_POSTS];
};

static void read_letter(void *ctx)
{
    struct letter *x = ctx;

    assert_int_equal(x->number, x->test->next[x->sender]++); /* in the order sent by one thread */
    if (++x->test->n_read == N_SENDERS * N_POSTS)
        loop_stop(x->test->loop);
}

struct sender {
    struct mailbox_test *test;
    unsigned i;
    pthread_t thread;
};

static void *send_all(void *p)
{
    struct sender *s = p;

    for (unsigned n = 0; n < N_POSTS; n++) {
        struct letter *x = &s->test->letters[s->i][n];
        *x = (struct letter){s->test, s->i, n};
        if (n % 2)
            loop_post(s->test->loop, (struct post){read_letter, x});
        else
            post_send(&s->test->loop->box, (struct post){read_letter, x});
    }
    return NULL;
}

static void posts_from_many_threads_arrive_once_and_in_order(void **state)
{
    static struct mailbox_test test;
    struct sender senders[N_SENDERS];

    test.loop = loop_new();
    for (unsigned i = 0; i < N_SENDERS; i++) {
        senders[i] = (struct sender){&test, i, 0};
        pthread_create(&senders[i].thread, NULL, send_all, &senders[i]);
    }
    loop_run(test.loop);
    for (unsigned i = 0; i < N_SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    assert_int_equal(test.n_read, N_SENDERS * N_POSTS);
    loop_free(test.loop);
}

struct chain {
    struct loop *loop;
    int n, depth;
};

static void chain_on(void *ctx)
{
    struct chain *c = ctx;

    assert_int_equal(c->depth++, 0); /* never inside the call that posts */
    if (++c->n == 100)
        loop_stop(c->loop);
    else
        loop_post(c->loop, (struct post){chain_on, c});
    c->depth--;
}

static void a_post_from_a_post_runs_later(void **state)
{
    struct chain c = {loop_new(), 0, 0};

    loop_post(c.loop, (struct post){chain_on, &c});
    assert_int_equal(c.n, 0);
    loop_run(c.loop);
    assert_int_equal(c.n, 100);
    loop_free(c.loop);
}

static void never(void *ctx) { fail_msg("ran after the loop had ended"); }

static void posts_after_the_end_are_dropped_and_stop_may_come_first(void **state)
{
    struct loop *l = loop_new();

    loop_stop(l);
    loop_stop(l);
    loop_run(l);
    loop_post(l, (struct post){never, NULL});
    loop_stop(l);
    loop_free(l);
    l = loop_new(); /* one that never ran */
    loop_free(l);
}

/* -------- time -------- */

struct alarm_test {
    struct loop *loop;
    struct timer timer;
    mono_t armed;
};

static void on_alarm(struct timer *t)
{
    struct alarm_test *a = list_entry(t, struct alarm_test, timer);
    mono_t late = loop_now(a->loop) - a->armed - 30 * NS_PER_MS;

    assert_true(late >= 0 && late < 1000 * NS_PER_MS);
    loop_stop(a->loop);
}

static void timers_fire_on_the_loop_and_not_early(void **state)
{
    struct alarm_test a = {.loop = loop_new()};

    timer_init(&a.timer, on_alarm);
    a.armed = loop_now(a.loop);
    assert_int_equal(loop_now(a.loop), a.armed); /* cached for the turn */
    timer_arm(a.loop, &a.timer, 30);
    wall_t before = clock_system.wall(NULL), now = loop_wall(a.loop);
    assert_true(now >= before && now - before < NS_PER_S);
    loop_run(a.loop);
    loop_free(a.loop);
}

/* -------- streams: both ends on one loop -------- */

struct end {
    struct pair *pair;
    struct stream *s;
    size_t n_bytes, n_drained, n_reads;
    int err;
    bool is_connected, got_eof;
};

struct pair {
    struct loop *loop;
    struct net_listener *listener;
    struct net_addr addr;
    struct end client, server;
    struct timer timer;
    void (*on_both)(struct pair *p);
    void (*on_server_bytes)(struct pair *p);
    void (*on_timer)(struct pair *p);
    size_t to_send;
};

static void end_connect(void *ctx) { ((struct end *)ctx)->is_connected = true; }

static void end_bytes(void *ctx, struct str b)
{
    struct end *e = ctx;

    e->n_bytes += b.n;
    e->n_reads++;
    if (e == &e->pair->server && e->pair->on_server_bytes)
        e->pair->on_server_bytes(e->pair);
}

static void end_finish(struct pair *p)
{
    if (p->client.s)
        stream_close(p->client.s, true);
    if (p->server.s)
        stream_close(p->server.s, true);
    p->client.s = p->server.s = NULL;
    timer_cancel(p->loop, &p->timer);
    loop_stop(p->loop);
}

static void end_eof(void *ctx)
{
    struct end *e = ctx;

    e->got_eof = true;
    if (e == &e->pair->server && e->s)
        end_finish(e->pair);
}

static void end_drained(void *ctx) { ((struct end *)ctx)->n_drained++; }

static void end_error(void *ctx, int err)
{
    struct end *e = ctx;

    assert_int_equal(e->err, 0); /* once */
    e->err = err;
    end_finish(e->pair);
}

static const struct stream_events end_events = {end_connect, end_bytes, end_eof, end_drained, end_error};

static void pair_accept(void *ctx, struct net_ticket t)
{
    struct pair *p = ctx;

    assert_int_equal(p->loop->ops->adopt(p->loop, t, &p->server.s), 0);
    stream_on(p->server.s, &end_events, &p->server);
    p->loop->ops->listener_close(p->listener);
    p->listener = NULL;
    p->on_both(p);
}

static void pair_timer(struct timer *t)
{
    struct pair *p = list_entry(t, struct pair, timer);

    p->on_timer(p);
}

static void pair_run(struct pair *p, void (*on_both)(struct pair *p))
{
    struct net_addr any = {"127.0.0.1", 0};

    p->loop = loop_new();
    p->on_both = on_both;
    p->client.pair = p->server.pair = p;
    timer_init(&p->timer, pair_timer);
    struct loop_ops const *ops = p->loop->ops;
    assert_int_equal(ops->listen(p->loop, &any, 8, pair_accept, p, &p->listener, &p->addr), 0);
    assert_true(p->addr.port != 0 && net_addr_is_loopback(&p->addr));
    assert_int_equal(ops->connect(p->loop, &p->addr, &end_events, &p->client, &p->client.s), 0);
    assert_false(p->client.is_connected);
    loop_run(p->loop);
    loop_free(p->loop);
}

static void write_block(struct stream *s, size_t n)
{
    char *block = malloc(n);

    memset(block, 'x', n);
    stream_write(s, &(struct str){block, n}, 1);
    memset(block, 'y', n); /* taken or copied: ours again */
    free(block);
}

static void send_and_close(struct pair *p)
{
    stream_read_start(p->server.s);
    for (size_t n = 0; n < p->to_send; n += p->to_send / 10)
        write_block(p->client.s, p->to_send / 10);
    stream_close(p->client.s, false);
    p->client.s = NULL;
}

static void all_that_was_written_arrives_before_the_end(void **state)
{
    static const size_t sizes[] = {10, 1000, 100000, 10000000, 100000000};

    for (size_t i = 0; i < 5; i++) {
        struct pair p = {.to_send = sizes[i]};
        pair_run(&p, send_and_close);
        assert_true(p.server.got_eof);
        assert_int_equal(p.server.n_bytes, sizes[i]);
    }
}

static void write_in_pieces(struct pair *p)
{
    struct str parts[] = {STR("head"), STR(""), STR("body")};

    stream_read_start(p->server.s);
    for (int i = 0; i < 10; i++)
        stream_write(p->client.s, parts, 3);
    assert_int_equal(stream_queued(p->client.s), 80);
    assert_int_equal(p->client.s->bytes_out, 0); /* corked: nothing leaves inside the turn */
}

static void finish_after_80(struct pair *p)
{
    assert_int_equal(p->server.n_bytes, 80);
    assert_int_equal(p->server.n_reads, 1); /* and then all of it at once */
    assert_int_equal(p->client.s->bytes_out, 80);
    assert_int_equal(p->client.n_drained, 1);
    assert_int_equal(stream_queued(p->client.s), 0);
    end_finish(p);
}

static void small_writes_of_one_turn_leave_together(void **state)
{
    struct pair p = {.on_server_bytes = finish_after_80};

    pair_run(&p, write_in_pieces);
    assert_true(p.client.is_connected);
}

#define N_ASKERS 5

struct asker {
    struct askers *all;
    struct stream *s;
    int fd;
};
struct askers {
    struct loop *loop;
    struct asker each[N_ASKERS];
    int n_asked, n_drained;
};

static void answer_asker(void *ctx, struct str bytes)
{
    struct asker *a = ctx;
    struct str yes = STR("yes");

    stream_write(a->s, &yes, 1);
    a->all->n_asked++;
    for (int i = 0; i < N_ASKERS; i++)
        assert_int_equal(a->all->each[i].s->bytes_out, 0); /* nobody has an answer while others wait to be read */
}

static void asker_drained(void *ctx)
{
    struct askers *all = ((struct asker *)ctx)->all;

    assert_int_equal(all->n_asked, N_ASKERS);
    if (++all->n_drained < N_ASKERS)
        return;
    for (int i = 0; i < N_ASKERS; i++)
        stream_close(all->each[i].s, true);
    loop_stop(all->loop);
}

static void writes_of_all_callbacks_of_one_poll_leave_behind_the_last(void **state)
{
    static const struct stream_events events = {.on_bytes = answer_asker, .on_drained = asker_drained};
    struct askers all = {.loop = loop_new()};
    char got[4] = {0};

    for (int i = 0; i < N_ASKERS; i++) {
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
        struct asker *a = &all.each[i];
        *a = (struct asker){.all = &all, .fd = fds[1]};
        assert_int_equal(all.loop->ops->adopt(all.loop, (struct net_ticket){fds[0]}, &a->s), 0);
        stream_on(a->s, &events, a);
        stream_read_start(a->s);
        assert_int_equal(write(fds[1], "?", 1), 1);
    }
    loop_run(all.loop);
    for (int i = 0; i < N_ASKERS; i++) {
        assert_int_equal(read(all.each[i].fd, got, 3), 3);
        assert_string_equal(got, "yes");
        close(all.each[i].fd);
    }
    loop_free(all.loop);
}

static void looks_stuck(struct pair *p)
{
    size_t queued = stream_queued(p->client.s);

    assert_true(queued > 0 && queued < 50000000); /* the kernel took some, the rest waits for the reader */
    assert_int_equal(p->client.s->bytes_out + queued >= 50000000 - 1, 1);
    assert_int_equal(p->server.n_reads, 0);
    assert_int_equal(p->client.n_drained, 0);
    stream_reset(p->client.s);
    p->client.s = NULL;
    stream_read_start(p->server.s);
}

static void write_without_reader(struct pair *p)
{
    write_block(p->client.s, 50000000);
    p->on_timer = looks_stuck;
    timer_arm(p->loop, &p->timer, 100);
}

static void write_on(struct pair *p)
{
    if (p->on_timer != write_on) {
        ; /* let the client's side see that it is connected */
    } else if (p->server.s) {
        stream_close(p->server.s, true);
        p->server.s = NULL;
    } else {
        write_block(p->client.s, 10); /* the second one meets a socket that knows */
    }
    p->on_timer = write_on;
    timer_arm(p->loop, &p->timer, 10);
}

static void writing_to_a_peer_that_is_gone_is_an_error_and_no_signal(void **state)
{
    struct pair p = {.to_send = 0};

    pair_run(&p, write_on);
    assert_int_equal(p.client.err, -ERR_RESET);
}

static void what_nobody_reads_stays_queued_and_a_reset_is_an_error(void **state)
{
    struct pair p = {.to_send = 0};

    pair_run(&p, write_without_reader);
    assert_int_equal(p.server.err, -ERR_RESET);
    assert_false(p.server.got_eof);
}

static void quiet_then_loud(struct pair *p)
{
    if (p->on_timer == quiet_then_loud && p->client.s) {
        assert_true(stream_is_quiet(p->server.s));
        stream_write(p->client.s, &STR("x"), 1);
        stream_close(p->client.s, false);
        p->client.s = NULL;
        timer_arm(p->loop, &p->timer, 50);
        return;
    }
    assert_int_equal(p->server.n_bytes, 0); /* not reading: the loop has not seen it */
    assert_false(stream_is_quiet(p->server.s));
    end_finish(p);
}

static void start_quiet(struct pair *p)
{
    p->on_timer = quiet_then_loud;
    timer_arm(p->loop, &p->timer, 20);
}

static void what_waits_to_be_read_shows(void **state)
{
    struct pair p = {.to_send = 0};

    pair_run(&p, start_quiet);
}

static void half(struct pair *p)
{
    if (p->server.s && p->client.s) { /* server closes; the client reads the end and may still write */
        stream_read_start(p->client.s);
        stream_close(p->server.s, false);
        p->server.s = NULL;
        p->on_timer = half;
        timer_arm(p->loop, &p->timer, 50);
        return;
    }
    assert_true(p->client.got_eof);
    write_block(p->client.s, 10);
    assert_int_equal(stream_queued(p->client.s), 10);
    end_finish(p);
}

static void after_an_end_one_may_still_write(void **state)
{
    struct pair p = {.to_send = 0};

    pair_run(&p, half);
    assert_int_equal(p.client.err, 0);
}

static void a_refused_connect_is_told_later(void **state)
{
    struct pair p = {.to_send = 0};
    struct net_addr addr;
    struct net_listener *li;

    p.loop = loop_new();
    p.client.pair = p.server.pair = &p;
    timer_init(&p.timer, pair_timer);
    struct net_addr any = {"127.0.0.1", 0};
    assert_int_equal(p.loop->ops->listen(p.loop, &any, 1, pair_accept, &p, &li, &addr), 0);
    assert_int_equal(p.loop->ops->listen(p.loop, &addr, 1, pair_accept, &p, &li, &addr), -ERR_ADDR_IN_USE);
    p.loop->ops->listener_close(li);
    int r = p.loop->ops->connect(p.loop, &addr, &end_events, &p.client, &p.client.s);
    assert_int_equal(r, 0);
    stream_read_start(p.client.s);
    write_block(p.client.s, 100);
    assert_int_equal(p.client.err, 0);
    loop_run(p.loop);
    assert_int_equal(p.client.err, -ERR_CONNECT);
    assert_false(p.client.is_connected);
    loop_free(p.loop);
}

/* -------- out of descriptors -------- */

struct crowd {
    struct loop *loop;
    struct net_listener *listener;
    struct timer timer;
    struct rlimit before;
    size_t n_accepted;
    int fds[8];
};

static void crowd_accept(void *ctx, struct net_ticket t)
{
    struct crowd *c = ctx;

    c->n_accepted++;
    c->loop->ops->ticket_drop(t);
    if (c->n_accepted == 8) {
        c->loop->ops->listener_close(c->listener);
        loop_stop(c->loop);
    }
}

static void let_in(struct timer *t)
{
    struct crowd *c = list_entry(t, struct crowd, timer);
    struct rusage used;

    assert_int_equal(c->n_accepted, 0);
    setrlimit(RLIMIT_NOFILE, &c->before);
    getrusage(RUSAGE_THREAD, &used);
    assert_true(used.ru_utime.tv_sec == 0);
}

static void accepting_pauses_when_descriptors_run_out_and_goes_on(void **state)
{
    struct crowd c = {.loop = loop_new()};
    struct net_addr addr = {"127.0.0.1", 0};
    struct sockaddr_in in = {.sin_family = AF_INET};

    assert_int_equal(c.loop->ops->listen(c.loop, &addr, 16, crowd_accept, &c, &c.listener, &addr), 0);
    in.sin_port = htons(addr.port);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 8; i++) {
        c.fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(c.fds[i], (struct sockaddr *)&in, sizeof(in)), 0);
    }
    getrlimit(RLIMIT_NOFILE, &c.before);
    struct rlimit tight = {(rlim_t)c.fds[7] + 1, c.before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    timer_init(&c.timer, let_in);
    timer_arm(c.loop, &c.timer, 250);
    loop_run(c.loop);
    assert_int_equal(c.n_accepted, 8);
    for (int i = 0; i < 8; i++)
        close(c.fds[i]);
    loop_free(c.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_from_many_threads_arrive_once_and_in_order),
        cmocka_unit_test(a_post_from_a_post_runs_later),
        cmocka_unit_test(posts_after_the_end_are_dropped_and_stop_may_come_first),
        cmocka_unit_test(timers_fire_on_the_loop_and_not_early),
        cmocka_unit_test(all_that_was_written_arrives_before_the_end),
        cmocka_unit_test(small_writes_of_one_turn_leave_together),
        cmocka_unit_test(writes_of_all_callbacks_of_one_poll_leave_behind_the_last),
        cmocka_unit_test(what_nobody_reads_stays_queued_and_a_reset_is_an_error),
        cmocka_unit_test(writing_to_a_peer_that_is_gone_is_an_error_and_no_signal),
        cmocka_unit_test(what_waits_to_be_read_shows),
        cmocka_unit_test(after_an_end_one_may_still_write),
        cmocka_unit_test(a_refused_connect_is_told_later),
        cmocka_unit_test(accepting_pauses_when_descriptors_run_out_and_goes_on),
    };
    return cmocka_run_group_tests_name("net/loop", tests, NULL, NULL);
}
