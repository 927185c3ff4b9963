/*
 * Server connections and exchanges over real sockets: order, keep-alive, bodies, credit, times, and every way to end.
 *
 * The handler does what the path says; what it sees goes to the rig's log.
 */
#include "http/rig.h"

#include "net/timer.h"

#include <sys/socket.h>

#define H "Host: a\r\n"
#define GET(path) STR("GET " path " HTTP/1.1\r\n" H "\r\n")

struct call {
    struct rig *rig;
    struct http_exchange *x;
    char path[64];
    struct timer timer;
    size_t to_write; /* flood */
    size_t body_bytes;
};

static void call_free(struct call *c)
{
    timer_cancel(c->rig->loop, &c->timer);
    http_release(c->x);
    free(c);
}

static bool is(const struct call *c, const char *path) { return strcmp(c->path, path) == 0; }

static void answer(struct call *c, unsigned status, const char *text)
{
    struct http_head h = {.status = (uint16_t)status, .body_bytes = (int64_t)strlen(text)};

    http_send_head(c->x, &h);
    http_write(c->x, str_c(text));
    http_finish(c->x, NULL, 0);
    rig_log(c->rig, "answered %s\n", c->path);
    call_free(c);
}

static void on_later(struct timer *t) { answer(list_entry(t, struct call, timer), 200, "later"); }

static void flood_on(struct call *c)
{
    static const char block[20000];

    while (c->to_write) {
        size_t n = c->to_write < sizeof(block) ? c->to_write : sizeof(block);
        c->to_write -= n;
        size_t queued = http_write(c->x, (struct str){block, n});
        if (queued > c->rig->queued_max)
            c->rig->queued_max = queued;
        if (queued > (size_t)c->rig->limits.stream_window_bytes)
            return;
    }
    http_finish(c->x, NULL, 0);
    rig_log(c->rig, "flooded\n");
    call_free(c);
}

static void on_body(void *ctx, struct str b)
{
    struct call *c = ctx;

    c->body_bytes += b.n;
    rig_log(c->rig, "body %zu of %s\n", b.n, c->path);
    if (is(c, "/abandon"))
        call_free(c);
}

static void stream_answer(struct call *c, int64_t length)
{
    struct http_field trailer = {STR("X-End"), STR("yes")};
    struct http_head h = {.status = 200, .body_bytes = length};

    http_send_head(c->x, &h);
    http_write(c->x, STR("abc"));
    http_write(c->x, STR(""));
    http_write(c->x, STR("defghijklmnop"));
    http_finish(c->x, &trailer, 1);
    call_free(c);
}

static void on_end(void *ctx, const struct http_field *t, size_t n)
{
    struct call *c = ctx;
    struct http_field fields[] = {{STR("X-Bad"), STR("a\r\nInjected: 1")}, {STR("Bad Name"), STR("x")},
                                  {STR("Content-Length"), STR("77")},      {STR("X-Good"), STR("1")}};
    struct http_head h = {.status = 200, .body_bytes = 3};

    rig_log(c->rig, "end of %s after %zu\n", c->path, c->body_bytes);
    if (is(c, "/stream")) {
        stream_answer(c, HTTP_BODY_UNKNOWN);
    } else if (is(c, "/later")) {
        timer_arm(c->rig->loop, &c->timer, 30);
    } else if (is(c, "/hold")) {
        ;
    } else if (is(c, "/fields")) {
        h.fields = fields;
        h.n_fields = 4;
        http_send_head(c->x, &h);
        http_write(c->x, STR("abc"));
        http_finish(c->x, NULL, 0);
        call_free(c);
    } else if (is(c, "/info")) {
        h.status = 103;
        http_send_info(c->x, &h);
        answer(c, 200, "ok");
    } else if (is(c, "/empty")) {
        answer(c, 204, "");
    } else if (is(c, "/short")) {
        stream_answer(c, 17);
    } else if (is(c, "/long")) {
        stream_answer(c, 7);
    } else if (is(c, "/abort")) {
        h.body_bytes = HTTP_BODY_UNKNOWN;
        http_send_head(c->x, &h);
        http_write(c->x, STR("abc"));
        http_reset(c->x, HTTP_RESET_CANCELLED);
        call_free(c);
    } else if (is(c, "/drop")) {
        call_free(c);
    } else if (is(c, "/flood")) {
        h.body_bytes = HTTP_BODY_UNKNOWN;
        http_send_head(c->x, &h);
        c->to_write = 8000000;
        flood_on(c);
    } else {
        answer(c, 200, "ok");
    }
}

static void on_writable(void *ctx) { flood_on(ctx); }

static void on_reset(void *ctx, enum http_reset why)
{
    struct call *c = ctx;

    rig_log(c->rig, "reset of %s: %s\n", c->path, http_reset_text(why));
    call_free(c);
}

static const struct http_events events = {
    .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};

static void on_request(void *ctx, struct http_exchange *x, const struct http_head *h)
{
    struct call *c = calloc(1, sizeof(*c));

    c->rig = ctx;
    c->x = x;
    snprintf(c->path, sizeof(c->path), STR_FMT, STR_ARG(h->path));
    timer_init(&c->timer, on_later);
    http_on(x, &events, c);
    rig_log(c->rig, "request %s\n", c->path);
    if (is(c, "/early"))
        answer(c, 403, "no");
    else if (is(c, "/wait")) /* takes no body, answers later */
        timer_arm(c->rig->loop, &c->timer, 150);
    else if (is(c, "/ten"))
        http_credit(x, 10);
    else if (!is(c, "/none"))
        http_credit(x, SIZE_MAX);
}

static void on_bad_head(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                        struct http_refusal_answer *ret)
{
    ret->body = arena_printf(a, "%u", r->status);
}

static void on_close(void *ctx) { rig_log(ctx, "connection closed\n"); }

static const struct http_server_handler handler = {
    .on_request = on_request, .on_bad_head = on_bad_head, .on_close = on_close};

/* -------- a test's side -------- */

struct wire {
    struct rig rig;
    struct buf head, body;
    int fd;
};

static void begin(struct wire *w) /* limits may be changed between this and start() */
{
    rig_init(&w->rig);
    buf_init(&w->head, 1 << 16);
    buf_init(&w->body, 1 << 24);
}

static void start(struct wire *w)
{
    rig_start_server(&w->rig, &handler);
    w->fd = wire_connect(&w->rig);
}

static void stop(struct wire *w)
{
    close(w->fd);
    rig_stop(&w->rig);
    buf_deinit(&w->head);
    buf_deinit(&w->body);
}

static bool head_has(struct wire *w, const char *text)
{
    size_t at;

    return str_find(buf_str(&w->head), str_c(text), &at);
}

static void expect(struct wire *w, int status, const char *body)
{
    assert_true(wire_response(w->fd, &w->head, &w->body));
    assert_int_equal(wire_status(&w->head), status);
    assert_str(buf_str(&w->body), body);
}

/* -------- one after the other -------- */

static void connection_is_kept_and_used_again(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    for (int i = 0; i < 3; i++) {
        wire_send(w.fd, GET("/a"));
        expect(&w, 200, "ok");
        assert_false(head_has(&w, "Connection"));
    }
    assert_int_equal(rig_count(&w.rig, "connection closed"), 0);
    stop(&w);
}

static void pipelined_requests_are_answered_in_order_one_at_a_time(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, STR("GET /later HTTP/1.1\r\n" H "\r\nPOST /b HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
                        "1\r\nx\r\n0\r\n\r\nGET /later HTTP/1.1\r\n" H "\r\nGET /d HTTP/1.1\r\n" H "\r\n"));
    expect(&w, 200, "later");
    expect(&w, 200, "ok");
    expect(&w, 200, "later");
    expect(&w, 200, "ok");
    rig_wait(&w.rig, "answered /d");
    assert_true(rig_is(&w.rig,
               "request /later\nend of /later after 0\nanswered /later\n"
               "request /b\nbody 1 of /b\nend of /b after 1\nanswered /b\n"
               "request /later\nend of /later after 0\nanswered /later\n"
               "request /d\nend of /d after 0\nanswered /d\n"));
    stop(&w);
}

static void a_bad_request_behind_a_good_one_is_refused_after_the_answer(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, STR("GET /later HTTP/1.1\r\n" H "\r\nBAD\r\n\r\n"));
    expect(&w, 200, "later");
    expect(&w, 400, "400");
    assert_true(wire_closed(w.fd, RIG_WAIT_MS));
    stop(&w);
}

static void many_pipelined_requests_do_not_pile_up_answers(void **state)
{
    struct wire w;
    struct buf all;

    begin(&w);
    start(&w);
    buf_init(&all, 1 << 20);
    for (int i = 0; i < 2000; i++)
        buf_add(&all, GET("/a"));
    wire_send(w.fd, buf_str(&all));
    for (int i = 0; i < 2000; i++)
        expect(&w, 200, "ok");
    buf_deinit(&all);
    stop(&w);
}

/* -------- forms of answers -------- */

static void close_is_obeyed_and_said(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, STR("GET /a HTTP/1.1\r\n" H "Connection: close\r\n\r\nGET /never HTTP/1.1\r\n" H "\r\n"));
    expect(&w, 200, "ok");
    assert_true(head_has(&w, "\r\nConnection: close\r\n"));
    assert_true(wire_closed(w.fd, RIG_WAIT_MS));
    assert_int_equal(rig_count(&w.rig, "/never"), 0);
    stop(&w);
}

static void http10_gets_one_answer_and_no_chunks(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, STR("GET /stream HTTP/1.0\r\n" H "Connection: keep-alive\r\n\r\n"));
    expect(&w, 200, "abcdefghijklmnop");
    assert_false(head_has(&w, "chunked"));
    assert_true(head_has(&w, "Connection: close\r\n"));
    stop(&w);
}

static void unknown_length_is_chunked_with_trailers(void **state)
{
    struct wire w;
    struct buf raw;
    const char *want = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nd\r\ndefghijklmnop\r\n"
                       "0\r\nX-End: yes\r\n\r\n";

    begin(&w);
    start(&w);
    buf_init(&raw, 1 << 16);
    wire_send(w.fd, GET("/stream"));
    wire_read_n(w.fd, &raw, strlen(want));
    assert_str(buf_str(&raw), want);
    buf_deinit(&raw);
    stop(&w);
}

static void an_answer_made_in_one_event_leaves_in_one_piece(void **state)
{
    struct wire w;
    char block[1000];

    begin(&w);
    start(&w);
    wire_send(w.fd, GET("/stream"));
    assert_true(wire_pending(w.fd, RIG_WAIT_MS));
    ssize_t n = read(w.fd, block, sizeof(block));
    assert_true(n > 4 && memcmp(block + n - 7, "yes\r\n\r\n", 7) == 0);
    stop(&w);
}

static void head_and_204_have_no_body(void **state)
{
    struct wire w;
    struct buf raw;
    const char *want = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"
                       "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    begin(&w);
    start(&w);
    buf_init(&raw, 1 << 16);
    wire_send(w.fd, STR("HEAD /a HTTP/1.1\r\n" H "\r\nHEAD /stream HTTP/1.1\r\n" H "\r\n"
                        "GET /empty HTTP/1.1\r\n" H "\r\nGET /a HTTP/1.1\r\n" H "\r\n"));
    wire_read_n(w.fd, &raw, strlen(want));
    assert_str(buf_str(&raw), want);
    buf_deinit(&raw);
    stop(&w);
}

static void fields_that_would_break_the_head_are_left_out(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, GET("/fields"));
    expect(&w, 200, "abc");
    assert_str(buf_str(&w.head), "HTTP/1.1 200 OK\r\nX-Good: 1\r\nContent-Length: 3\r\n\r\n");
    stop(&w);
}

static void interim_answers_go_to_http11_only(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, GET("/info"));
    expect(&w, 103, "");
    expect(&w, 200, "ok");
    wire_send(w.fd, STR("GET /info HTTP/1.0\r\n" H "\r\n"));
    expect(&w, 200, "ok");
    stop(&w);
}

/* -------- broken answers are seen as broken -------- */

static void an_answer_shorter_or_longer_than_promised_breaks_the_connection(void **state)
{
    struct str requests[] = {GET("/short"), GET("/long"), GET("/abort"), GET("/drop"),
                             STR("GET /abort HTTP/1.0\r\n" H "\r\n")};

    for (size_t i = 0; i < 5; i++) {
        struct wire w;
        char block[4096];
        ssize_t n, total = 0;
        begin(&w);
        start(&w);
        wire_send(w.fd, requests[i]);
        while ((n = recv(w.fd, block, sizeof(block), 0)) > 0)
            total += n;
        assert_int_equal(n, -1); /* reset, not an end: what came before must not pass for whole */
        rig_wait(&w.rig, "connection closed");
        stop(&w);
    }
}

/* -------- request bodies -------- */

static void continue_is_sent_with_the_first_credit(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, STR("POST /a HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    expect(&w, 100, "");
    wire_send(w.fd, STR("abc"));
    expect(&w, 200, "ok");
    assert_false(head_has(&w, "Connection"));
    stop(&w);
}

static void continue_is_not_sent_to_the_refused_or_the_hasty(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, STR("POST /early HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    expect(&w, 403, "no");
    assert_true(head_has(&w, "Connection: close\r\n")); /* nobody can know whether the body will come */
    assert_true(wire_closed(w.fd, RIG_WAIT_MS));
    stop(&w);
}

static void the_rest_of_a_refused_small_body_is_read_and_the_connection_kept(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, STR("POST /early HTTP/1.1\r\n" H "Content-Length: 6\r\n\r\nabc"));
    expect(&w, 403, "no");
    assert_false(head_has(&w, "Connection"));
    wire_send(w.fd, STR("def"));
    wire_send(w.fd, STR("POST /early HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
                        "3\r\nabc\r\n0\r\nX: y\r\n\r\n"));
    expect(&w, 403, "no");
    wire_send(w.fd, GET("/a"));
    expect(&w, 200, "ok");
    assert_int_equal(rig_count(&w.rig, "body"), 0);
    stop(&w);
}

static void the_rest_of_a_refused_large_body_ends_the_connection(void **state)
{
    struct wire w;
    static char block[100000];

    begin(&w);
    start(&w);
    wire_send(w.fd, STR("POST /early HTTP/1.1\r\n" H "Content-Length: 500000\r\n\r\n"));
    wire_try_send(w.fd, (struct str){block, sizeof(block)});
    expect(&w, 403, "no"); /* arrives, although bytes we never read were on their way */
    assert_true(head_has(&w, "Connection: close\r\n"));
    assert_true(wire_closed(w.fd, RIG_WAIT_MS));
    close(w.fd);

    w.fd = wire_connect(&w.rig); /* chunked: the size shows only while it comes */
    wire_send(w.fd, STR("POST /early HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"));
    expect(&w, 403, "no");
    wire_send(w.fd, STR("186a0\r\n"));
    wire_try_send(w.fd, (struct str){block, sizeof(block)});
    assert_true(wire_closed(w.fd, RIG_WAIT_MS));
    stop(&w);
}

static void nothing_is_delivered_without_credit(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, STR("POST /none HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"));
    rig_wait(&w.rig, "request /none\n");
    assert_true(rig_never(&w.rig, "body", 100));
    stop(&w);
}

static void a_giver_faster_than_the_credit_is_stopped(void **state)
{
    struct wire w;
    static char block[65536];
    size_t sent = 0;

    begin(&w);
    w.rig.limits.body_bytes_max = 64 << 20;
    start(&w);
    wire_send(w.fd, STR("POST /ten HTTP/1.1\r\n" H "Content-Length: 60000000\r\n\r\n"));
    rig_wait(&w.rig, "request /ten\n");
    for (int n_full = 0; n_full < 3 && sent < 60000000;) { /* full three times in a row: nobody takes more */
        ssize_t n = send(w.fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);
        n_full = n > 0 ? 0 : n_full + 1;
        sent += n > 0 ? (size_t)n : 0;
        if (n_full)
            usleep(50000);
    }
    assert_true(sent < 50000000); /* the kernels' buffers, not ours */
    assert_int_equal(rig_count(&w.rig, "body "), 1); /* one read more than the credit, as documented */
    stop(&w);
}

static void a_body_abandoned_in_the_middle_resets(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, STR("POST /abandon HTTP/1.1\r\n" H "Content-Length: 6\r\n\r\nabc"));
    rig_wait(&w.rig, "connection closed");
    assert_true(wire_closed(w.fd, RIG_WAIT_MS));
    stop(&w);
}

static void an_answer_does_not_wait_for_a_body_nobody_takes(void **state)
{
    struct wire w;

    begin(&w);
    w.rig.limits.body_idle_timeout_ms = 100; /* must not run while we are the ones who wait */
    start(&w);
    wire_send(w.fd, STR("POST /wait HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc"));
    expect(&w, 200, "later");
    wire_send(w.fd, GET("/a"));
    expect(&w, 200, "ok");
    stop(&w);
}

/* -------- backpressure of answers -------- */

static void a_slow_taker_stops_the_giver(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, GET("/flood"));
    assert_true(rig_never(&w.rig, "flooded", 200));
    assert_true(wire_response(w.fd, &w.head, &w.body));
    assert_int_equal(w.body.n, 8000000 + 2); /* and the empty trailers' CRLF */
    rig_wait(&w.rig, "flooded");
    assert_in_range(w.rig.queued_max, w.rig.limits.stream_window_bytes, w.rig.limits.stream_window_bytes + 20100);
    stop(&w);
}

/* -------- agents that leave -------- */

static void an_agent_that_leaves_resets_its_call(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, GET("/hold"));
    rig_wait(&w.rig, "end of /hold");
    close(w.fd);
    rig_wait(&w.rig, "reset of /hold: the peer closed the connection\n");
    w.fd = wire_connect(&w.rig);
    wire_send(w.fd, STR("POST /a HTTP/1.1\r\n" H "Content-Length: 10\r\n\r\nabc"));
    rig_wait(&w.rig, "body 3 of /a");
    close(w.fd);
    rig_wait(&w.rig, "reset of /a: the peer closed the connection\n");
    w.fd = wire_connect(&w.rig);
    wire_send(w.fd, GET("/flood"));
    assert_true(rig_never(&w.rig, "flooded", 100)); /* it waits for us to take more */
    close(w.fd);
    rig_wait(&w.rig, "reset of /flood: the peer");
    w.fd = wire_connect(&w.rig);
    stop(&w);
}

/* -------- time -------- */

static void a_slow_head_gets_408(void **state)
{
    struct wire w;

    begin(&w);
    w.rig.limits.head_timeout_ms = 100;
    start(&w);
    wire_send(w.fd, STR("GET /a HTTP/1.1\r\nHos"));
    expect(&w, 408, "408");
    assert_true(wire_closed(w.fd, RIG_WAIT_MS));
    close(w.fd);
    w.fd = wire_connect(&w.rig); /* drip: more bytes do not give more time */
    for (int i = 0; i < 50 && !wire_pending(w.fd, 10); i++)
        wire_try_send(w.fd, STR("G"));
    expect(&w, 408, "408");
    close(w.fd);
    w.fd = wire_connect(&w.rig); /* nothing asked, nothing said */
    assert_false(wire_response(w.fd, &w.head, &w.body));
    stop(&w);
}

static void a_slow_body_gets_408(void **state)
{
    struct wire w;

    begin(&w);
    w.rig.limits.body_idle_timeout_ms = 100;
    w.rig.limits.body_timeout_ms = 400;
    start(&w);
    wire_send(w.fd, STR("POST /a HTTP/1.1\r\n" H "Content-Length: 10\r\n\r\nabc"));
    expect(&w, 408, "408");
    rig_wait(&w.rig, "reset of /a: the body stopped coming");
    close(w.fd);
    w.fd = wire_connect(&w.rig);
    wire_send(w.fd, STR("POST /b HTTP/1.1\r\n" H "Content-Length: 1000\r\n\r\nabc"));
    for (int i = 0; i < 100 && !wire_pending(w.fd, 20); i++)
        wire_try_send(w.fd, STR("x"));
    expect(&w, 408, "408");
    rig_wait(&w.rig, "reset of /b: the call took too long");
    stop(&w);
}

static void an_idle_connection_is_closed(void **state)
{
    struct wire w;

    begin(&w);
    w.rig.limits.keepalive_timeout_ms = 150;
    start(&w);
    for (int i = 0; i < 3; i++) { /* each request starts the time anew */
        usleep(80000);
        wire_send(w.fd, GET("/a"));
        expect(&w, 200, "ok");
    }
    assert_true(wire_closed(w.fd, RIG_WAIT_MS));
    stop(&w);
}

static void an_agent_that_takes_no_bytes_is_reset(void **state)
{
    struct wire w;

    begin(&w);
    w.rig.limits.client_write_timeout_ms = 200;
    start(&w);
    wire_send(w.fd, GET("/flood"));
    rig_wait(&w.rig, "reset of /flood: the peer takes no bytes\n");
    stop(&w);
}

/* -------- all of them -------- */

static void connections_beyond_the_limit_are_closed_at_once(void **state)
{
    struct wire w;

    begin(&w);
    w.rig.limits.connections_max = 2;
    start(&w);
    int second = wire_connect(&w.rig);
    wire_send(w.fd, GET("/a"));
    expect(&w, 200, "ok");
    wire_send(second, GET("/a"));
    assert_true(wire_response(second, &w.head, &w.body));
    int third = wire_connect(&w.rig);
    assert_true(wire_closed(third, RIG_WAIT_MS));
    rig_wait(&w.rig, "over the limit");
    close(third);
    close(second);
    rig_wait(&w.rig, "connection closed");
    third = wire_connect(&w.rig); /* there is room again */
    wire_send(third, GET("/a"));
    assert_true(wire_response(third, &w.head, &w.body));
    close(third);
    stop(&w);
}

static void on_drained(void *ctx) { rig_log(ctx, "drained\n"); }

static void drain(void *ctx)
{
    struct rig *r = ctx;

    http_server_drain(r->server, on_drained, r);
    rig_log(r, "draining %zu\n", http_server_connections(r->server));
}

static void drain_closes_idle_connections_and_lets_calls_end(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    int idle = wire_connect(&w.rig);
    wire_send(idle, GET("/a"));
    assert_true(wire_response(idle, &w.head, &w.body));
    wire_send(w.fd, GET("/later"));
    rig_wait(&w.rig, "end of /later");
    rig_do(&w.rig, drain, &w.rig);
    assert_true(wire_closed(idle, RIG_WAIT_MS));
    expect(&w, 200, "later");
    assert_true(head_has(&w, "Connection: close\r\n"));
    assert_true(wire_closed(w.fd, RIG_WAIT_MS));
    rig_wait(&w.rig, "draining 1\nconnection closed\nanswered /later\ndrained\n");
    close(idle);
    stop(&w);
}

static void drain_of_an_empty_server_is_told_outside_the_call(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    close(w.fd);
    rig_wait(&w.rig, "connection closed");
    rig_do(&w.rig, drain, &w.rig);
    rig_wait(&w.rig, "draining 0\ndrained\n");
    w.fd = wire_connect(&w.rig);
    assert_true(wire_closed(w.fd, RIG_WAIT_MS));
    stop(&w);
}

static void freeing_the_server_resets_what_is_left(void **state)
{
    struct wire w;

    begin(&w);
    start(&w);
    wire_send(w.fd, GET("/hold"));
    rig_wait(&w.rig, "end of /hold");
    stop(&w); /* the loop ends only when the connection is gone; LeakSanitizer sees a call not given back */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_is_kept_and_used_again),
        cmocka_unit_test(pipelined_requests_are_answered_in_order_one_at_a_time),
        cmocka_unit_test(a_bad_request_behind_a_good_one_is_refused_after_the_answer),
        cmocka_unit_test(many_pipelined_requests_do_not_pile_up_answers),
        cmocka_unit_test(close_is_obeyed_and_said),
        cmocka_unit_test(http10_gets_one_answer_and_no_chunks),
        cmocka_unit_test(unknown_length_is_chunked_with_trailers),
        cmocka_unit_test(an_answer_made_in_one_event_leaves_in_one_piece),
        cmocka_unit_test(head_and_204_have_no_body),
        cmocka_unit_test(fields_that_would_break_the_head_are_left_out),
        cmocka_unit_test(interim_answers_go_to_http11_only),
        cmocka_unit_test(an_answer_shorter_or_longer_than_promised_breaks_the_connection),
        cmocka_unit_test(continue_is_sent_with_the_first_credit),
        cmocka_unit_test(continue_is_not_sent_to_the_refused_or_the_hasty),
        cmocka_unit_test(the_rest_of_a_refused_small_body_is_read_and_the_connection_kept),
        cmocka_unit_test(the_rest_of_a_refused_large_body_ends_the_connection),
        cmocka_unit_test(nothing_is_delivered_without_credit),
        cmocka_unit_test(a_giver_faster_than_the_credit_is_stopped),
        cmocka_unit_test(a_body_abandoned_in_the_middle_resets),
        cmocka_unit_test(an_answer_does_not_wait_for_a_body_nobody_takes),
        cmocka_unit_test(a_slow_taker_stops_the_giver),
        cmocka_unit_test(an_agent_that_leaves_resets_its_call),
        cmocka_unit_test(a_slow_head_gets_408),
        cmocka_unit_test(a_slow_body_gets_408),
        cmocka_unit_test(an_idle_connection_is_closed),
        cmocka_unit_test(an_agent_that_takes_no_bytes_is_reset),
        cmocka_unit_test(connections_beyond_the_limit_are_closed_at_once),
        cmocka_unit_test(drain_closes_idle_connections_and_lets_calls_end),
        cmocka_unit_test(drain_of_an_empty_server_is_told_outside_the_call),
        cmocka_unit_test(freeing_the_server_resets_what_is_left),
    };
    return cmocka_run_group_tests_name("http/server", tests, NULL, NULL);
}
