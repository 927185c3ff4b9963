/*
 * The pool and its exchanges against a vendor played by the test: reuse, waiting, credit, times, and ends.
 */
#include "http/vendor.h"

#include <sys/socket.h>

/* -------- what is sent -------- */

static void requests_are_framed_by_what_is_known_of_the_body(void **state)
{
    struct {
        const char *method, *body;
        int64_t length;
        const char *fields_and_body;
    } cases[] = {
        {"GET", "", 0, "\r\n"},
        {"DELETE", "", 0, "\r\n"},
        {"POST", "", 0, "Content-Length: 0\r\n\r\n"},
        {"POST", "abc", 3, "Content-Length: 3\r\n\r\nabc"},
        {"POST", "abc", HTTP_BODY_UNKNOWN, "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
    };
    struct vendor v;
    char want[256];

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct call c = call_of(&v, "c");
        c.method = cases[i].method;
        c.body = cases[i].body;
        c.length = cases[i].length;
        c.fresh = true;
        call_start(&c);
        int fd = wire_accept(v.listener);
        buf_reset(&v.seen);
        snprintf(want, sizeof(want), "%s /v1/x?y=z HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nX-A: 1\r\n%s", c.method,
                 v.addr.port, cases[i].fields_and_body);
        wire_read_n(fd, &v.seen, strlen(want));
        assert_str(buf_str(&v.seen), want);
        wire_send(fd, STR(OK_ANSWER));
        rig_wait(&v.rig, "c end");
        assert_int_equal(c.bytes_out, strlen(want));
        rig_clear(&v.rig);
        close(fd);
    }
    vendor_end(&v);
}

static void a_request_that_breaks_its_promised_length_never_completes(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    struct call more = call_of(&v, "more"), less = call_of(&v, "less");
    more.method = less.method = "POST";
    more.body = less.body = "abcd";
    more.length = 3;
    less.length = 5;
    call_start(&more);
    rig_wait(&v.rig, "more reset BAD_FRAMING");
    call_start(&less);
    rig_wait(&v.rig, "less reset BAD_FRAMING");
    vendor_end(&v);
}

static void an_answer_head_beyond_the_limit_is_too_large(void **state)
{
    struct vendor v;
    struct buf b;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    buf_init(&b, 1 << 20);
    buf_add_c(&b, "HTTP/1.1 200 OK\r\nX: ");
    while (b.n <= (size_t)v.rig.limits.answer_head_bytes_max)
        buf_add_c(&b, "aaaaaaaaaaaaaaaa");
    buf_add_c(&b, "\r\n\r\n");
    struct call c = call_of(&v, "c");
    call_start(&c);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, buf_str(&b));
    rig_wait(&v.rig, "c reset TOO_LARGE");
    close(fd);

    buf_reset(&b);
    for (int i = 0; i < 17; i++)
        buf_add_c(&b, "HTTP/1.1 103 Early Hints\r\n\r\n");
    struct call d = call_of(&v, "d");
    call_start(&d);
    fd = wire_accept(v.listener);
    vendor_respond(&v, fd, buf_str(&b));
    rig_wait(&v.rig, "d reset BAD_FRAMING"); /* interim answers without end */
    close(fd);
    buf_deinit(&b);
    vendor_end(&v);
}

/* -------- which connection -------- */

static void a_connection_is_used_again(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    call_start(&a);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end");
    call_start(&b);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 1");
    assert_false(a.is_reused);
    assert_true(b.is_reused);
    close(fd);
    vendor_end(&v);
}

static void a_call_made_at_the_end_of_another_takes_its_connection(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    a.opens_next = true;
    a.next = &b;
    call_start(&a);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 1");
    assert_true(b.is_reused);
    close(fd);
    vendor_end(&v);
}

static void targets_do_not_share_connections(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    b.target.host = STR("localhost");
    call_start(&a);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end");
    call_start(&b);
    int fd2 = wire_accept(v.listener);
    vendor_respond(&v, fd2, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 2");
    close(fd);
    close(fd2);
    vendor_end(&v);
}

static void a_fresh_call_gets_a_new_connection(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    v.rig.limits.pool_connections_max = 1;
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    b.fresh = true;
    call_start(&a);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end");
    call_start(&b); /* takes the place of the idle one */
    int fd2 = wire_accept(v.listener);
    assert_true(wire_closed(fd, RIG_WAIT_MS));
    vendor_respond(&v, fd2, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 1");
    assert_false(b.is_reused);
    close(fd);
    close(fd2);
    vendor_end(&v);
}

/* The vendor closes a kept connection, or says something on it: the next call must not meet it. */
static void a_stale_connection_is_noticed(void **state)
{
    for (int says_something = 0; says_something < 2; says_something++) {
        struct vendor v;
        vendor_begin(&v);
        rig_start_pool(&v.rig);
        struct call a = call_of(&v, "a"), b = call_of(&v, "b");
        call_start(&a);
        int fd = wire_accept(v.listener);
        vendor_respond(&v, fd, STR(OK_ANSWER));
        rig_wait(&v.rig, "a end after 2, kept 1");
        if (says_something)
            wire_send(fd, STR("HTTP/1.1 408 Request Timeout\r\n\r\n"));
        else
            close(fd);
        call_start(&b);
        int fd2 = wire_accept(v.listener);
        vendor_respond(&v, fd2, STR(OK_ANSWER));
        rig_wait(&v.rig, "b end after 2, kept 1");
        assert_false(b.is_reused);
        if (says_something)
            close(fd);
        close(fd2);
        vendor_end(&v);
    }
}

struct race {
    struct rig *rig;
    int fd;
    struct call *call;
};

/* On the loop's own thread: the vendor's end reaches the kernel, but the loop has had no chance to read it. */
static void close_and_open(void *ctx)
{
    struct race *r = ctx;

    close(r->fd);
    call_open(r->call);
}

static void an_end_the_loop_has_not_seen_is_noticed_too(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    call_start(&a);
    struct race race = {&v.rig, wire_accept(v.listener), &b};
    vendor_respond(&v, race.fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end after 2, kept 1");
    usleep(10000);
    rig_do(&v.rig, close_and_open, &race);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end");
    assert_false(b.is_reused);
    close(fd);
    vendor_end(&v);
}

static void calls_wait_their_turn_when_all_connections_are_busy(void **state)
{
    struct vendor v;
    struct call c[4];
    static const char *const names[] = {"a", "b", "c", "d"};

    vendor_begin(&v);
    v.rig.limits.pool_connections_max = 1;
    v.rig.limits.pool_waiting_max = 2;
    rig_start_pool(&v.rig);
    for (int i = 0; i < 4; i++) {
        c[i] = call_of(&v, names[i]);
        c[i].method = "POST";
        c[i].body = "abc";
        c[i].length = 3;
        call_start(&c[i]);
    }
    rig_wait(&v.rig, "d reset POOL_FULL");
    int fd = wire_accept(v.listener);
    for (int i = 0; i < 3; i++) {
        vendor_read_head(&v, fd);
        wire_read_n(fd, &v.seen, 3);
        wire_send(fd, STR(OK_ANSWER));
    }
    rig_wait(&v.rig, "c end");
    assert_true(rig_is(&v.rig, "d reset POOL_FULL\na head 200 'OK' 2\na body ok\na end after 2, kept 1\n"
                                    "b head 200 'OK' 2\nb body ok\nb end after 2, kept 1\n"
                                    "c head 200 'OK' 2\nc body ok\nc end after 2, kept 1\n"));
    assert_int_equal(c[3].bytes_out, 0);
    close(fd);
    vendor_end(&v);
}

static void a_waiting_call_takes_the_place_of_a_broken_one(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    v.rig.limits.pool_connections_max = 1;
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    call_start(&a);
    call_start(&b);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR("nonsense\r\n"));
    rig_wait(&v.rig, "a reset BAD_FRAMING");
    int fd2 = wire_accept(v.listener);
    vendor_respond(&v, fd2, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 1");
    close(fd);
    close(fd2);
    vendor_end(&v);
}

static void only_so_many_idle_connections_are_kept_and_not_for_ever(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    v.rig.limits.pool_idle_max = 1;
    v.rig.limits.pool_idle_timeout_ms = 150;
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    call_start(&a);
    int fd = wire_accept(v.listener);
    call_start(&b);
    int fd2 = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end after 2, kept 2");
    vendor_respond(&v, fd2, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 1");
    assert_true(wire_closed(fd, RIG_WAIT_MS)); /* the one idle longest */
    assert_true(wire_closed(fd2, RIG_WAIT_MS));
    close(fd);
    close(fd2);
    vendor_end(&v);
}

/* -------- time -------- */

static void every_phase_has_its_time(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    v.rig.limits.pool_connections_max = 1;
    rig_start_pool(&v.rig);
    struct call first = call_of(&v, "first"), waits = call_of(&v, "waits"), idle = call_of(&v, "idle");
    first.times.first_byte_ms = 150;
    waits.times.connect_ms = 50;
    idle.times.idle_ms = 400; /* four pieces together take longer, one never does, on a busy machine either */
    call_start(&first);
    call_start(&waits);
    rig_wait(&v.rig, "waits reset CONNECT_TIMEOUT");
    rig_wait(&v.rig, "first reset FIRST_BYTE_TIMEOUT");
    assert_true(first.bytes_out > 0 && !first.got_first_byte && waits.bytes_out == 0);
    close(wire_accept(v.listener));
    call_start(&idle);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"));
    for (int i = 0; i < 4; i++) { /* each piece starts the time anew */
        usleep(150000);
        wire_send(fd, STR("x"));
    }
    rig_wait(&v.rig, "idle reset IDLE_TIMEOUT");
    assert_int_equal(rig_count(&v.rig, "idle body x"), 4);
    close(fd);
    vendor_end(&v);
}

static void a_taker_without_credit_is_not_the_vendors_fault(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    struct call c = call_of(&v, "c");
    c.times.idle_ms = 100;
    c.credit = 2;
    call_start(&c);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"));
    rig_wait(&v.rig, "c body ab");
    wire_send(fd, STR("cd"));
    assert_true(rig_never(&v.rig, "c body cd", 250)); /* no credit: neither delivered nor timed out */
    assert_int_equal(rig_count(&v.rig, "reset"), 0);
    rig_do(&v.rig, call_credit, &c);
    rig_wait(&v.rig, "c end after 4, kept 1");
    close(fd);
    vendor_end(&v);
}

static void a_vendor_that_takes_no_bytes_is_given_up(void **state)
{
    struct vendor v;
    char *big = calloc(1, 8 << 20);

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    memset(big, 'x', (8 << 20) - 1);
    struct call c = call_of(&v, "c");
    c.times.idle_ms = 150;
    c.method = "POST";
    c.body = big;
    c.length = (8 << 20) - 1;
    call_start(&c);
    int fd = wire_accept(v.listener);
    rig_wait(&v.rig, "c reset WRITE_TIMEOUT");
    assert_true(c.bytes_out > 0 && c.bytes_out < (8 << 20));
    close(fd);
    vendor_end(&v);
    free(big);
}

/* -------- credit -------- */

static void a_vendor_faster_than_the_credit_is_stopped(void **state)
{
    struct vendor v;
    static char block[65536];
    size_t sent = 0;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    struct call c = call_of(&v, "c");
    c.credit = 1000;
    call_start(&c);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n"));
    for (int n_full = 0; n_full < 3 && sent < 60000000;) {
        ssize_t n = send(fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);
        n_full = n > 0 ? 0 : n_full + 1;
        sent += n > 0 ? (size_t)n : 0;
        if (n_full)
            usleep(50000);
    }
    assert_true(sent < 50000000);
    assert_int_equal(rig_count(&v.rig, "c body"), 1);
    c.credit = SIZE_MAX;
    rig_do(&v.rig, call_credit, &c);
    for (; sent < 60000000; sent += 65536)
        wire_send(fd, (struct str){block, 60000000 - sent < 65536 ? 60000000 - sent : 65536});
    rig_wait(&v.rig, "c end after 60000000, kept 1");
    close(fd);
    vendor_end(&v);
}

static void writable_is_told_when_the_vendor_took_what_was_queued(void **state)
{
    struct vendor v;
    char *big = calloc(1, 8 << 20);

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    memset(big, 'x', (8 << 20) - 1);
    struct call c = call_of(&v, "c");
    c.method = "POST";
    c.body = big;
    c.length = (8 << 20) - 1;
    c.keeps_open = true;
    call_start(&c);
    int fd = wire_accept(v.listener);
    assert_true(rig_never(&v.rig, "c writable", 50));
    vendor_read_head(&v, fd);
    wire_read_n(fd, &v.seen, (8 << 20) - 1);
    rig_wait(&v.rig, "c writable");
    rig_do(&v.rig, call_finish, &c);
    wire_send(fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "c end after 2, kept 1");
    assert_true(c.bytes_out > (8 << 20));
    close(fd);
    vendor_end(&v);
    free(big);
}

/* -------- ends -------- */

static void an_early_answer_ends_the_call_and_the_connection(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    struct call c = call_of(&v, "c");
    c.method = "POST";
    c.body = "ab";
    c.length = 10;
    c.keeps_open = true;
    call_start(&c);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"));
    rig_wait(&v.rig, "c end after 2, kept 0");
    close(fd);
    vendor_end(&v);
}

static void a_refused_connection_fails_without_a_byte_out(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    close(v.listener);
    struct call c = call_of(&v, "c");
    call_start(&c);
    rig_wait(&v.rig, "c reset CONNECT_FAILED");
    assert_int_equal(c.bytes_out, 0);
    struct call d = call_of(&v, "d");
    d.target.host = STR("not a host");
    call_start(&d);
    rig_wait(&v.rig, "d reset CONNECT_FAILED");
    v.listener = wire_listen(&v.addr);
    vendor_end(&v);
}

static void a_released_call_takes_its_connection_with_it(void **state)
{
    struct vendor v;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    call_start(&a);
    int fd = wire_accept(v.listener);
    vendor_read_head(&v, fd);
    rig_do(&v.rig, call_release, &a);
    assert_true(wire_closed(fd, RIG_WAIT_MS));
    close(fd);
    b.releases_on_head = true;
    call_start(&b);
    fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "b head");
    assert_true(wire_closed(fd, RIG_WAIT_MS));
    assert_int_equal(rig_count(&v.rig, "body") + rig_count(&v.rig, "end"), 0);
    close(fd);
    vendor_end(&v);
}

static void a_vendors_reset_is_told_apart(void **state)
{
    struct vendor v;
    struct linger hard = {1, 0};

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    struct call c = call_of(&v, "c");
    call_start(&c);
    int fd = wire_accept(v.listener);
    vendor_read_head(&v, fd);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    rig_wait(&v.rig, "c reset PEER_RESET");
    assert_true(c.bytes_out > 0 && !c.got_first_byte);
    struct call d = call_of(&v, "d"); /* nor may it pass for the end of a body that ends with the connection */
    call_start(&d);
    fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR("HTTP/1.1 200 OK\r\n\r\nhalf"));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    rig_wait(&v.rig, "d reset PEER_RESET");
    vendor_end(&v);
}

static void freeing_the_pool_resets_what_is_left(void **state)
{
    struct vendor v;
    struct call c[3];

    vendor_begin(&v);
    v.rig.limits.pool_connections_max = 1;
    rig_start_pool(&v.rig);
    for (int i = 0; i < 3; i++) {
        c[i] = call_of(&v, "c");
        call_start(&c[i]);
    }
    vendor_end(&v); /* one connected, two waiting */
    for (int i = 0; i < 3; i++)
        assert_null(c[i].x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_framed_by_what_is_known_of_the_body),
        cmocka_unit_test(a_request_that_breaks_its_promised_length_never_completes),
        cmocka_unit_test(an_answer_head_beyond_the_limit_is_too_large),
        cmocka_unit_test(a_connection_is_used_again),
        cmocka_unit_test(a_call_made_at_the_end_of_another_takes_its_connection),
        cmocka_unit_test(targets_do_not_share_connections),
        cmocka_unit_test(a_fresh_call_gets_a_new_connection),
        cmocka_unit_test(a_stale_connection_is_noticed),
        cmocka_unit_test(an_end_the_loop_has_not_seen_is_noticed_too),
        cmocka_unit_test(calls_wait_their_turn_when_all_connections_are_busy),
        cmocka_unit_test(a_waiting_call_takes_the_place_of_a_broken_one),
        cmocka_unit_test(only_so_many_idle_connections_are_kept_and_not_for_ever),
        cmocka_unit_test(every_phase_has_its_time),
        cmocka_unit_test(a_taker_without_credit_is_not_the_vendors_fault),
        cmocka_unit_test(a_vendor_that_takes_no_bytes_is_given_up),
        cmocka_unit_test(a_vendor_faster_than_the_credit_is_stopped),
        cmocka_unit_test(writable_is_told_when_the_vendor_took_what_was_queued),
        cmocka_unit_test(an_early_answer_ends_the_call_and_the_connection),
        cmocka_unit_test(a_refused_connection_fails_without_a_byte_out),
        cmocka_unit_test(a_released_call_takes_its_connection_with_it),
        cmocka_unit_test(a_vendors_reset_is_told_apart),
        cmocka_unit_test(freeing_the_pool_resets_what_is_left),
    };
    return cmocka_run_group_tests_name("http/client", tests, NULL, NULL);
}
