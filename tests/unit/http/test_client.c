/*
 * The pool and its exchanges against a vendor played by the test: reuse, waiting, times, and every kind of broken answer.
 */
#include "http/rig.h"

#include <sys/socket.h>

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* One call of the test; events go to the log as "NAME what". */
struct call {
    struct rig *rig;
    const char *name;
    struct http_exchange *x;
    struct http_target target;
    struct http_timeouts times;
    const char *method, *body;
    int64_t length; /* of the request: known, or HTTP_BODY_UNKNOWN */
    size_t credit;  /* given with the head */
    bool fresh, keeps_open, gives_more, releases_on_head, opens_next;
    struct call *next;
    uint64_t bytes_out;
    bool is_reused, got_first_byte, got_surplus;
    size_t body_bytes;
};

static void on_info(void *ctx, const struct http_head *h)
{
    struct call *c = ctx;

    rig_log(c->rig, "%s info %u\n", c->name, h->status);
}

static void done(struct call *c)
{
    c->bytes_out = c->x->bytes_out;
    c->is_reused = c->x->is_reused;
    c->got_first_byte = c->x->got_first_byte;
    c->got_surplus = c->x->got_surplus;
    http_release(c->x);
    c->x = NULL;
}

static void on_head(void *ctx, const struct http_head *h)
{
    struct call *c = ctx;

    rig_log(c->rig, "%s head %u '" STR_FMT "' %lld", c->name, h->status, STR_ARG(h->reason), (long long)h->body_bytes);
    for (size_t i = 0; i < h->n_fields; i++)
        rig_log(c->rig, "|" STR_FMT "=" STR_FMT, STR_ARG(h->fields[i].name), STR_ARG(h->fields[i].value));
    rig_log(c->rig, "\n");
    if (c->releases_on_head)
        done(c);
    else
        http_credit(c->x, c->credit);
}

static void on_body(void *ctx, struct str b)
{
    struct call *c = ctx;

    c->body_bytes += b.n;
    rig_log(c->rig, "%s body " STR_FMT "\n", c->name, b.n > 64 ? 64 : (int)b.n, b.p);
    if (c->gives_more)
        http_credit(c->x, b.n);
}

static void open_call(void *ctx);

static void on_end(void *ctx, const struct http_field *t, size_t n)
{
    struct call *c = ctx;

    for (size_t i = 0; i < n; i++)
        rig_log(c->rig, "%s trailer " STR_FMT "=" STR_FMT "\n", c->name, STR_ARG(t[i].name), STR_ARG(t[i].value));
    done(c);
    if (c->opens_next)
        open_call(c->next);
    rig_log(c->rig, "%s end after %zu, kept %zu\n", c->name, c->body_bytes, http_pool_connections(c->rig->pool));
}

static void on_writable(void *ctx)
{
    struct call *c = ctx;

    rig_log(c->rig, "%s writable\n", c->name);
}

static void on_reset(void *ctx, enum http_reset why)
{
    static const char *const names[] = {
#define HTTP_RESET(name, text) #name,
#include "http/reset.tbl.h"
#undef HTTP_RESET
    };
    struct call *c = ctx;

    done(c);
    rig_log(c->rig, "%s reset %s\n", c->name, names[why]);
}

static const struct http_events events = {.on_info = on_info, .on_head = on_head, .on_body = on_body, .on_end = on_end,
                                          .on_writable = on_writable, .on_reset = on_reset};

static void open_call(void *ctx)
{
    struct call *c = ctx;
    struct http_field field = {STR("X-A"), STR("1")};
    struct http_head h = {.method = str_c(c->method), .target = STR("/v1/x?y=z"), .fields = &field, .n_fields = 1,
                          .body_bytes = c->length};

    c->x = http_pool_open(c->rig->pool, &c->target, &c->times, c->fresh, &events, c);
    http_send_head(c->x, &h);
    http_write(c->x, str_c(c->body));
    if (!c->keeps_open)
        http_finish(c->x, NULL, 0);
}

static void finish_call(void *ctx) { http_finish(((struct call *)ctx)->x, NULL, 0); }
static void release_call(void *ctx) { done(ctx); }
static void credit_call(void *ctx) { http_credit(((struct call *)ctx)->x, ((struct call *)ctx)->credit); }
static void close_idle(void *ctx) { http_pool_close_idle(((struct rig *)ctx)->pool); }

/* -------- the test's side -------- */

struct vendor {
    struct rig rig;
    struct net_addr addr;
    int listener;
    struct buf seen;
};

static void begin(struct vendor *v)
{
    rig_init(&v->rig);
    buf_init(&v->seen, 1 << 24);
    v->listener = wire_listen(&v->addr);
}

static void end(struct vendor *v)
{
    rig_stop(&v->rig);
    close(v->listener);
    buf_deinit(&v->seen);
}

static struct call call_of(struct vendor *v, const char *name)
{
    return (struct call){.rig = &v->rig, .name = name, .target = {v->addr, STR("vendor.example")},
                         .times = {2000, 2000, 2000}, .method = "GET", .body = "", .credit = SIZE_MAX};
}

static void open_soon(struct call *c) { rig_do(c->rig, open_call, c); }

/* Reads a request head off fd. */
static void read_head(struct vendor *v, int fd)
{
    buf_reset(&v->seen);
    assert_true(wire_read_until(fd, &v->seen, "\r\n\r\n"));
}

static void respond(struct vendor *v, int fd, struct str answer)
{
    read_head(v, fd);
    wire_try_send(fd, answer);
}

/* -------- what is sent -------- */

static void requests_are_framed_by_what_is_known_of_the_body(void **state)
{
    struct {
        const char *method, *body;
        int64_t length;
        const char *want;
    } cases[] = {
        {"GET", "", 0, "GET /v1/x?y=z HTTP/1.1\r\nHost: vendor.example\r\nX-A: 1\r\n\r\n"},
        {"DELETE", "", 0, "DELETE /v1/x?y=z HTTP/1.1\r\nHost: vendor.example\r\nX-A: 1\r\n\r\n"},
        {"POST", "", 0, "POST /v1/x?y=z HTTP/1.1\r\nHost: vendor.example\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n"},
        {"POST", "abc", 3, "POST /v1/x?y=z HTTP/1.1\r\nHost: vendor.example\r\nX-A: 1\r\nContent-Length: 3\r\n\r\nabc"},
        {"POST", "abc", HTTP_BODY_UNKNOWN,
         "POST /v1/x?y=z HTTP/1.1\r\nHost: vendor.example\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
         "3\r\nabc\r\n0\r\n\r\n"},
    };
    struct vendor v;

    begin(&v);
    rig_start_pool(&v.rig);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct call c = call_of(&v, "c");
        c.method = cases[i].method;
        c.body = cases[i].body;
        c.length = cases[i].length;
        c.fresh = true;
        open_soon(&c);
        int fd = wire_accept(v.listener);
        buf_reset(&v.seen);
        wire_read_n(fd, &v.seen, strlen(cases[i].want));
        assert_str(buf_str(&v.seen), cases[i].want);
        wire_send(fd, STR(OK_ANSWER));
        rig_wait(&v.rig, "c end");
        assert_int_equal(c.bytes_out, strlen(cases[i].want));
        rig_clear(&v.rig);
        close(fd);
    }
    end(&v);
}

static void a_request_that_breaks_its_promised_length_never_completes(void **state)
{
    struct vendor v;

    begin(&v);
    rig_start_pool(&v.rig);
    struct call more = call_of(&v, "more"), less = call_of(&v, "less");
    more.method = less.method = "POST";
    more.body = less.body = "abcd";
    more.length = 3;
    less.length = 5;
    open_soon(&more);
    rig_wait(&v.rig, "more reset BAD_FRAMING");
    open_soon(&less);
    rig_wait(&v.rig, "less reset BAD_FRAMING");
    end(&v);
}

/* -------- answers -------- */

struct answer {
    const char *method;
    struct str bytes;
    bool closes; /* the vendor closes behind it */
    const char *want; /* the log */
};

#define A(bytes) STR_INIT("HTTP/1.1 200 OK\r\n" bytes)
#define BAD "c reset BAD_FRAMING\n"

static const struct answer answers[] = {
    {"GET", STR_INIT(OK_ANSWER), false, "c head 200 'OK' 2\nc body ok\nc end after 2, kept 1\n"},
    {"GET", A("Content-Length: 0\r\n\r\n"), false, "c head 200 'OK' 0\nc end after 0, kept 1\n"},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\nTE: a\r\nZ:\r\n\r\n"), false,
     "c head 200 'OK' -1\nc body ok\nc trailer X=y\nc trailer Z=\nc end after 2, kept 1\n"},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n"), false,
     "c head 200 'OK' -1\nc body ok\n" BAD},
    {"GET", A("Content-Type: a\r\nContent-Length: 2\r\nX_Y: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nok"), false,
     "c head 200 'OK' 2|Content-Type=a|X_Y=1|Set-Cookie=a|Set-Cookie=b\nc body ok\nc end after 2, kept 1\n"},
    {"GET", A("Content-Length: 2\r\nKeep-Alive: 3\r\nUpgrade: h2c\r\nProxy-Authenticate: x\r\nConnection: keep-alive\r\n"
              "\r\nok"), false, "c head 200 'OK' 2\nc body ok\nc end after 2, kept 1\n"},
    {"GET", A("X-Hop: 1\r\nX-End: 2\r\nConnection: x-hop, close\r\nContent-Length: 2\r\n\r\nok"), false,
     "c head 200 'OK' 2|X-End=2\nc body ok\nc end after 2, kept 0\n"},
    {"GET", STR_INIT("HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nok"), false,
     "c head 404 '' 2\nc body ok\nc end after 2, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.1 599 Odd One\r\nContent-Length: 2\r\n\r\nok"), false,
     "c head 599 'Odd One' 2\nc body ok\nc end after 2, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"), false,
     "c head 200 'OK' 2\nc body ok\nc end after 2, kept 0\n"},
    /* until close */
    {"GET", A("\r\nok"), true, "c head 200 'OK' -1\nc body ok\nc end after 2, kept 0\n"},
    {"GET", STR_INIT("HTTP/1.0 200 OK\r\n\r\nok"), true, "c head 200 'OK' -1\nc body ok\nc end after 2, kept 0\n"},
    /* no body by rule */
    {"HEAD", A("Content-Length: 500\r\n\r\n"), false, "c head 200 'OK' 500\nc end after 0, kept 1\n"},
    {"HEAD", A("Transfer-Encoding: chunked\r\n\r\n"), false, "c head 200 'OK' -1\nc end after 0, kept 1\n"},
    {"HEAD", A("\r\n"), false, "c head 200 'OK' -1\nc end after 0, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.1 204 No Content\r\n\r\n"), false, "c head 204 'No Content' 0\nc end after 0, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), false,
     "c head 304 'Not Modified' 9\nc end after 0, kept 1\n"},
    /* ... with one all the same: the connection is not used again */
    {"HEAD", A("Content-Length: 2\r\n\r\nok"), false, "c head 200 'OK' 2\nc end after 0, kept 0\n"},
    {"GET", STR_INIT("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"), false,
     "c head 204 'No Content' 2\nc end after 0, kept 0\n"},
    {"GET", STR_INIT("HTTP/1.1 304 Not Modified\r\n\r\nx"), false, "c head 304 'Not Modified' 0\nc end after 0, kept 0\n"},
    {"GET", A("Content-Length: 2\r\n\r\nokay"), false, "c head 200 'OK' 2\nc body ok\nc end after 2, kept 0\n"},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), false,
     "c head 200 'OK' -1\nc end after 0, kept 0\n"},
    /* interim */
    {"GET", STR_INIT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" OK_ANSWER), false,
     "c info 103\nc head 200 'OK' 2\nc body ok\nc end after 2, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), false, BAD},
    /* framing that two readers could read differently */
    {"GET", A("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), false, BAD},
    {"GET", A("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"), false, BAD},
    {"GET", A("Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: 2, 2\r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: +2\r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: \r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: 99999999999999999999\r\n\r\nok"), false, BAD},
    {"GET", A("Transfer-Encoding: gzip\r\n\r\nok"), true, BAD},
    {"GET", A("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), false, BAD},
    {"GET", A("Transfer-Encoding: chunked, gzip\r\n\r\nok"), true, BAD},
    {"GET", A("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), false, BAD},
    {"HEAD", A("Content-Length: 2\r\nContent-Length: 2\r\n\r\n"), false, BAD},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n"), false, "c head 200 'OK' -1\n" BAD},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n"), false, "c head 200 'OK' -1\n" BAD},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n"), false, "c head 200 'OK' -1\n" BAD},
    /* heads that are not heads */
    {"GET", STR_INIT("HTTP/1.1 200 OK\nContent-Length: 0\n\n"), false, BAD},
    {"GET", A("Content-Length: 2\n\r\nok"), false, BAD},
    {"GET", A("X: a\r\n b\r\nContent-Length: 2\r\n\r\nok"), false, BAD},
    {"GET", A("X : a\r\nContent-Length: 2\r\n\r\nok"), false, BAD},
    {"GET", A("X: a\0\r\nContent-Length: 2\r\n\r\nok"), false, BAD},
    {"GET", A("X: a\rb\r\nContent-Length: 2\r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: 2\r\n" "X\r\n\r\nok"), false, BAD},
    {"GET", STR_INIT("\r\nHTTP/1.1 200 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1  200 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1 20 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1 2000 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1 099 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1 600 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1 2x0 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.2 200 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/2 200\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/2.0 200 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("ICY 200 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("<html>\r\n\r\n"), false, BAD},
    /* truncated */
    {"GET", STR_INIT("HTTP/1.1 20"), true, "c reset TRUNCATED\n"},
    {"GET", A("Content-Length: 2\r\n"), true, "c reset TRUNCATED\n"},
    {"GET", A("Content-Length: 3\r\n\r\nok"), true, "c head 200 'OK' 3\nc body ok\nc reset TRUNCATED\n"},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), true,
     "c head 200 'OK' -1\nc body ok\nc reset TRUNCATED\n"},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"), true,
     "c head 200 'OK' -1\nc body ok\nc reset TRUNCATED\n"},
    {"GET", STR_INIT("HTTP/1.1 100 Continue\r\n\r\n"), true, "c reset TRUNCATED\n"},
    {"GET", STR_INIT(""), true, "c reset PEER_CLOSED\n"},
};

static bool ends_as(struct vendor *v, const struct answer *a, bool bytewise)
{
    struct call c = call_of(v, "c");

    c.method = a->method;
    c.fresh = true;
    rig_clear(&v->rig);
    open_soon(&c);
    int fd = wire_accept(v->listener);
    read_head(v, fd);
    for (size_t i = 0; i < a->bytes.n; i += bytewise ? 1 : a->bytes.n)
        wire_try_send(fd, str_sub(a->bytes, i, bytewise ? 1 : a->bytes.n));
    if (a->closes)
        shutdown(fd, SHUT_WR);
    const char *last = strstr(a->want, "c reset");
    rig_wait(&v->rig, last ? last : "c end");
    bool is_good = bytewise ? rig_count(&v->rig, last ? last : "c end") == 1 : rig_is(&v->rig, a->want);
    if (!is_good)
        print_error("for the answer " STR_FMT "\n", STR_ARG(a->bytes));
    close(fd);
    rig_do(&v->rig, close_idle, &v->rig);
    return is_good;
}

static void every_answer_ends_as_listed(void **state)
{
    struct vendor v;
    size_t n_bad = 0;

    begin(&v);
    rig_start_pool(&v.rig);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        n_bad += !ends_as(&v, &answers[i], false) + !ends_as(&v, &answers[i], true);
    assert_int_equal(n_bad, 0);
    end(&v);
}

static void an_answer_head_beyond_the_limit_is_too_large(void **state)
{
    struct vendor v;
    struct buf b;

    begin(&v);
    rig_start_pool(&v.rig);
    buf_init(&b, 1 << 20);
    buf_add_c(&b, "HTTP/1.1 200 OK\r\nX: ");
    while (b.n <= (size_t)v.rig.limits.answer_head_bytes_max)
        buf_add_c(&b, "aaaaaaaaaaaaaaaa");
    buf_add_c(&b, "\r\n\r\n");
    struct call c = call_of(&v, "c");
    open_soon(&c);
    int fd = wire_accept(v.listener);
    respond(&v, fd, buf_str(&b));
    rig_wait(&v.rig, "c reset TOO_LARGE");
    close(fd);

    buf_reset(&b);
    for (int i = 0; i < 17; i++)
        buf_add_c(&b, "HTTP/1.1 103 Early Hints\r\n\r\n");
    struct call d = call_of(&v, "d");
    open_soon(&d);
    fd = wire_accept(v.listener);
    respond(&v, fd, buf_str(&b));
    rig_wait(&v.rig, "d reset BAD_FRAMING"); /* interim answers without end */
    close(fd);
    buf_deinit(&b);
    end(&v);
}

/* -------- which connection -------- */

static void a_connection_is_used_again(void **state)
{
    struct vendor v;

    begin(&v);
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    open_soon(&a);
    int fd = wire_accept(v.listener);
    respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end");
    open_soon(&b);
    respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 1");
    assert_false(a.is_reused);
    assert_true(b.is_reused);
    close(fd);
    end(&v);
}

static void a_call_made_at_the_end_of_another_takes_its_connection(void **state)
{
    struct vendor v;

    begin(&v);
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    a.opens_next = true;
    a.next = &b;
    open_soon(&a);
    int fd = wire_accept(v.listener);
    respond(&v, fd, STR(OK_ANSWER));
    respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 1");
    assert_true(b.is_reused);
    close(fd);
    end(&v);
}

static void targets_do_not_share_connections(void **state)
{
    struct vendor v;

    begin(&v);
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    b.target.host = STR("other.example");
    open_soon(&a);
    int fd = wire_accept(v.listener);
    respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end");
    open_soon(&b);
    int fd2 = wire_accept(v.listener);
    respond(&v, fd2, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 2");
    close(fd);
    close(fd2);
    end(&v);
}

static void a_fresh_call_gets_a_new_connection(void **state)
{
    struct vendor v;

    begin(&v);
    v.rig.limits.pool_connections_max = 1;
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    b.fresh = true;
    open_soon(&a);
    int fd = wire_accept(v.listener);
    respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end");
    open_soon(&b); /* takes the place of the idle one */
    int fd2 = wire_accept(v.listener);
    assert_true(wire_closed(fd, RIG_WAIT_MS));
    respond(&v, fd2, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 1");
    assert_false(b.is_reused);
    close(fd);
    close(fd2);
    end(&v);
}

/* The vendor closes a kept connection, or says something on it: the next call must not meet it. */
static void a_stale_connection_is_noticed(void **state)
{
    for (int says_something = 0; says_something < 2; says_something++) {
        struct vendor v;
        begin(&v);
        rig_start_pool(&v.rig);
        struct call a = call_of(&v, "a"), b = call_of(&v, "b");
        open_soon(&a);
        int fd = wire_accept(v.listener);
        respond(&v, fd, STR(OK_ANSWER));
        rig_wait(&v.rig, "a end after 2, kept 1");
        if (says_something)
            wire_send(fd, STR("HTTP/1.1 408 Request Timeout\r\n\r\n"));
        else
            close(fd);
        open_soon(&b);
        int fd2 = wire_accept(v.listener);
        respond(&v, fd2, STR(OK_ANSWER));
        rig_wait(&v.rig, "b end after 2, kept 1");
        assert_false(b.is_reused);
        if (says_something)
            close(fd);
        close(fd2);
        end(&v);
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
    open_call(r->call);
}

static void an_end_the_loop_has_not_seen_is_noticed_too(void **state)
{
    struct vendor v;

    begin(&v);
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    open_soon(&a);
    struct race race = {&v.rig, wire_accept(v.listener), &b};
    respond(&v, race.fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end after 2, kept 1");
    usleep(10000);
    rig_do(&v.rig, close_and_open, &race);
    int fd = wire_accept(v.listener);
    respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end");
    assert_false(b.is_reused);
    close(fd);
    end(&v);
}

static void calls_wait_their_turn_when_all_connections_are_busy(void **state)
{
    struct vendor v;
    struct call c[4];
    static const char *const names[] = {"a", "b", "c", "d"};

    begin(&v);
    v.rig.limits.pool_connections_max = 1;
    v.rig.limits.pool_waiting_max = 2;
    rig_start_pool(&v.rig);
    for (int i = 0; i < 4; i++) {
        c[i] = call_of(&v, names[i]);
        c[i].method = "POST";
        c[i].body = "abc";
        c[i].length = 3;
        open_soon(&c[i]);
    }
    rig_wait(&v.rig, "d reset POOL_FULL");
    int fd = wire_accept(v.listener);
    for (int i = 0; i < 3; i++) {
        read_head(&v, fd);
        wire_read_n(fd, &v.seen, 3);
        wire_send(fd, STR(OK_ANSWER));
    }
    rig_wait(&v.rig, "c end");
    assert_true(rig_is(&v.rig, "d reset POOL_FULL\na head 200 'OK' 2\na body ok\na end after 2, kept 1\n"
                                    "b head 200 'OK' 2\nb body ok\nb end after 2, kept 1\n"
                                    "c head 200 'OK' 2\nc body ok\nc end after 2, kept 1\n"));
    assert_int_equal(c[3].bytes_out, 0);
    close(fd);
    end(&v);
}

static void a_waiting_call_takes_the_place_of_a_broken_one(void **state)
{
    struct vendor v;

    begin(&v);
    v.rig.limits.pool_connections_max = 1;
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    open_soon(&a);
    open_soon(&b);
    int fd = wire_accept(v.listener);
    respond(&v, fd, STR("nonsense\r\n"));
    rig_wait(&v.rig, "a reset BAD_FRAMING");
    int fd2 = wire_accept(v.listener);
    respond(&v, fd2, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 1");
    close(fd);
    close(fd2);
    end(&v);
}

static void only_so_many_idle_connections_are_kept_and_not_for_ever(void **state)
{
    struct vendor v;

    begin(&v);
    v.rig.limits.pool_idle_max = 1;
    v.rig.limits.pool_idle_timeout_ms = 150;
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    open_soon(&a);
    int fd = wire_accept(v.listener);
    open_soon(&b);
    int fd2 = wire_accept(v.listener);
    respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end after 2, kept 2");
    respond(&v, fd2, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end after 2, kept 1");
    assert_true(wire_closed(fd, RIG_WAIT_MS)); /* the one idle longest */
    assert_true(wire_closed(fd2, RIG_WAIT_MS));
    close(fd);
    close(fd2);
    end(&v);
}

/* -------- time -------- */

static void every_phase_has_its_time(void **state)
{
    struct vendor v;

    begin(&v);
    v.rig.limits.pool_connections_max = 1;
    rig_start_pool(&v.rig);
    struct call first = call_of(&v, "first"), waits = call_of(&v, "waits"), idle = call_of(&v, "idle");
    first.times.first_byte_ms = 150;
    waits.times.connect_ms = 50;
    idle.times.idle_ms = 100;
    open_soon(&first);
    open_soon(&waits);
    rig_wait(&v.rig, "waits reset CONNECT_TIMEOUT");
    rig_wait(&v.rig, "first reset FIRST_BYTE_TIMEOUT");
    assert_true(first.bytes_out > 0 && !first.got_first_byte && waits.bytes_out == 0);
    close(wire_accept(v.listener));
    open_soon(&idle);
    int fd = wire_accept(v.listener);
    respond(&v, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"));
    for (int i = 0; i < 4; i++) { /* each piece starts the time anew */
        usleep(50000);
        wire_send(fd, STR("x"));
    }
    rig_wait(&v.rig, "idle reset IDLE_TIMEOUT");
    assert_int_equal(rig_count(&v.rig, "idle body x"), 4);
    close(fd);
    end(&v);
}

static void a_taker_without_credit_is_not_the_vendors_fault(void **state)
{
    struct vendor v;

    begin(&v);
    rig_start_pool(&v.rig);
    struct call c = call_of(&v, "c");
    c.times.idle_ms = 100;
    c.credit = 2;
    open_soon(&c);
    int fd = wire_accept(v.listener);
    respond(&v, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"));
    rig_wait(&v.rig, "c body ab");
    wire_send(fd, STR("cd"));
    assert_true(rig_never(&v.rig, "c body cd", 250)); /* no credit: neither delivered nor timed out */
    assert_int_equal(rig_count(&v.rig, "reset"), 0);
    rig_do(&v.rig, credit_call, &c);
    rig_wait(&v.rig, "c end after 4, kept 1");
    close(fd);
    end(&v);
}

static void a_vendor_that_takes_no_bytes_is_given_up(void **state)
{
    struct vendor v;
    char *big = calloc(1, 8 << 20);

    begin(&v);
    rig_start_pool(&v.rig);
    memset(big, 'x', (8 << 20) - 1);
    struct call c = call_of(&v, "c");
    c.times.idle_ms = 150;
    c.method = "POST";
    c.body = big;
    c.length = (8 << 20) - 1;
    open_soon(&c);
    int fd = wire_accept(v.listener);
    rig_wait(&v.rig, "c reset WRITE_TIMEOUT");
    assert_true(c.bytes_out > 0 && c.bytes_out < (8 << 20));
    close(fd);
    end(&v);
    free(big);
}

/* -------- credit -------- */

static void a_vendor_faster_than_the_credit_is_stopped(void **state)
{
    struct vendor v;
    static char block[65536];
    size_t sent = 0;

    begin(&v);
    rig_start_pool(&v.rig);
    struct call c = call_of(&v, "c");
    c.credit = 1000;
    open_soon(&c);
    int fd = wire_accept(v.listener);
    respond(&v, fd, STR("HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n"));
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
    rig_do(&v.rig, credit_call, &c);
    for (; sent < 60000000; sent += 65536)
        wire_send(fd, (struct str){block, 60000000 - sent < 65536 ? 60000000 - sent : 65536});
    rig_wait(&v.rig, "c end after 60000000, kept 1");
    close(fd);
    end(&v);
}

static void writable_is_told_when_the_vendor_took_what_was_queued(void **state)
{
    struct vendor v;
    char *big = calloc(1, 8 << 20);

    begin(&v);
    rig_start_pool(&v.rig);
    memset(big, 'x', (8 << 20) - 1);
    struct call c = call_of(&v, "c");
    c.method = "POST";
    c.body = big;
    c.length = (8 << 20) - 1;
    c.keeps_open = true;
    open_soon(&c);
    int fd = wire_accept(v.listener);
    assert_true(rig_never(&v.rig, "c writable", 50));
    read_head(&v, fd);
    wire_read_n(fd, &v.seen, (8 << 20) - 1);
    rig_wait(&v.rig, "c writable");
    rig_do(&v.rig, finish_call, &c);
    wire_send(fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "c end after 2, kept 1");
    assert_true(c.bytes_out > (8 << 20));
    close(fd);
    end(&v);
    free(big);
}

/* -------- ends -------- */

static void an_early_answer_ends_the_call_and_the_connection(void **state)
{
    struct vendor v;

    begin(&v);
    rig_start_pool(&v.rig);
    struct call c = call_of(&v, "c");
    c.method = "POST";
    c.body = "ab";
    c.length = 10;
    c.keeps_open = true;
    open_soon(&c);
    int fd = wire_accept(v.listener);
    respond(&v, fd, STR("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"));
    rig_wait(&v.rig, "c end after 2, kept 0");
    close(fd);
    end(&v);
}

static void a_refused_connection_fails_without_a_byte_out(void **state)
{
    struct vendor v;

    begin(&v);
    rig_start_pool(&v.rig);
    close(v.listener);
    struct call c = call_of(&v, "c");
    open_soon(&c);
    rig_wait(&v.rig, "c reset CONNECT_FAILED");
    assert_int_equal(c.bytes_out, 0);
    struct call d = call_of(&v, "d");
    d.target.host = STR("not a host");
    open_soon(&d);
    rig_wait(&v.rig, "d reset CONNECT_FAILED");
    v.listener = wire_listen(&v.addr);
    end(&v);
}

static void a_released_call_takes_its_connection_with_it(void **state)
{
    struct vendor v;

    begin(&v);
    rig_start_pool(&v.rig);
    struct call a = call_of(&v, "a"), b = call_of(&v, "b");
    open_soon(&a);
    int fd = wire_accept(v.listener);
    read_head(&v, fd);
    rig_do(&v.rig, release_call, &a);
    assert_true(wire_closed(fd, RIG_WAIT_MS));
    close(fd);
    b.releases_on_head = true;
    open_soon(&b);
    fd = wire_accept(v.listener);
    respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "b head");
    assert_true(wire_closed(fd, RIG_WAIT_MS));
    assert_int_equal(rig_count(&v.rig, "body") + rig_count(&v.rig, "end"), 0);
    close(fd);
    end(&v);
}

static void a_vendors_reset_is_told_apart(void **state)
{
    struct vendor v;
    struct linger hard = {1, 0};

    begin(&v);
    rig_start_pool(&v.rig);
    struct call c = call_of(&v, "c");
    open_soon(&c);
    int fd = wire_accept(v.listener);
    read_head(&v, fd);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    rig_wait(&v.rig, "c reset PEER_RESET");
    assert_true(c.bytes_out > 0 && !c.got_first_byte);
    struct call d = call_of(&v, "d"); /* nor may it pass for the end of a body that ends with the connection */
    open_soon(&d);
    fd = wire_accept(v.listener);
    respond(&v, fd, STR("HTTP/1.1 200 OK\r\n\r\nhalf"));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
    rig_wait(&v.rig, "d reset PEER_RESET");
    end(&v);
}

static void freeing_the_pool_resets_what_is_left(void **state)
{
    struct vendor v;
    struct call c[3];

    begin(&v);
    v.rig.limits.pool_connections_max = 1;
    rig_start_pool(&v.rig);
    for (int i = 0; i < 3; i++) {
        c[i] = call_of(&v, "c");
        open_soon(&c[i]);
    }
    end(&v); /* one connected, two waiting */
    for (int i = 0; i < 3; i++)
        assert_null(c[i].x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_framed_by_what_is_known_of_the_body),
        cmocka_unit_test(a_request_that_breaks_its_promised_length_never_completes),
        cmocka_unit_test(every_answer_ends_as_listed),
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
