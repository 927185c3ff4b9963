/*
 * A large body is read where its taker wants it: to its last byte, and no further.
 */
#include "http/rig.h"

#include <sys/socket.h>

#define BODY_BYTES ((size_t)300000)
#define ENDS_BYTES_MAX 32768

struct taker {
    struct rig *rig;
    struct http_exchange *x;
    char *body;
    size_t n, n_copied;
};

static struct room on_room(void *ctx)
{
    struct taker *t = ctx;

    return (struct room){t->body + t->n, BODY_BYTES - t->n};
}

static void on_body(void *ctx, struct str b)
{
    struct taker *t = ctx;

    if (b.p != t->body + t->n) {
        memcpy(t->body + t->n, b.p, b.n);
        t->n_copied += b.n;
    }
    t->n += b.n;
}

/* Every byte says where it stands. */
static size_t n_right(const struct taker *t)
{
    size_t n = 0;

    while (n < t->n && t->body[n] == (char)(n % 251))
        n++;
    return n;
}

static const char *how_it_came(const struct taker *t)
{
    return t->n_copied == t->n ? "copied" : t->n_copied <= ENDS_BYTES_MAX ? "mostly in place" : "half in place";
}

static void taker_free(struct taker *t)
{
    http_release(t->x);
    free(t->body);
    free(t);
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct taker *t = ctx;
    struct http_head h = {.status = 204, .body_bytes = 0};

    rig_log(t->rig, "%zu bytes, %zu right, %s\n", t->n, n_right(t), how_it_came(t));
    http_send_head(t->x, &h);
    http_finish(t->x, NULL, 0);
    taker_free(t);
}

static void on_reset(void *ctx, enum http_reset why)
{
    struct taker *t = ctx;

    rig_log(t->rig, "reset after %zu\n", t->n);
    taker_free(t);
}

static const struct http_events events = {
    .on_room = on_room, .on_body = on_body, .on_end = on_end, .on_reset = on_reset};

static void on_request(void *ctx, struct http_exchange *x, const struct http_head *h)
{
    struct taker *t = calloc(1, sizeof(*t));

    *t = (struct taker){.rig = ctx, .x = x, .body = malloc(BODY_BYTES)};
    http_on(x, &events, t);
    http_credit(x, str_eq(h->path, STR("/small-credit")) ? 100 : SIZE_MAX);
    rig_log(t->rig, "request\n");
}

static void on_bad_head(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                        struct http_refusal_answer *ret)
{
    rig_log(ctx, "bad head\n");
}

static const struct http_server_handler handler = {.on_request = on_request, .on_bad_head = on_bad_head};

struct wire {
    struct rig rig;
    struct buf head, body;
    char *sent;
    int fd;
};

static void start(struct wire *w)
{
    rig_init(&w->rig);
    buf_init(&w->head, 1 << 16);
    buf_init(&w->body, 1 << 16);
    w->sent = malloc(BODY_BYTES);
    for (size_t i = 0; i < BODY_BYTES; i++)
        w->sent[i] = (char)(i % 251);
    rig_start_server(&w->rig, &handler);
    w->fd = wire_connect(&w->rig);
}

static void stop(struct wire *w)
{
    close(w->fd);
    rig_stop(&w->rig);
    buf_deinit(&w->head);
    buf_deinit(&w->body);
    free(w->sent);
}

/* Without its body; 5 bytes of that come with it. */
static void send_head(struct wire *w, const char *head)
{
    wire_send(w->fd, str_c(head));
    wire_send(w->fd, (struct str){w->sent, 5});
    rig_wait(&w->rig, "request\n");
}

static void send_rest(struct wire *w)
{
    wire_send(w->fd, (struct str){w->sent + 5, BODY_BYTES - 5});
}

static void a_body_is_read_to_its_end_and_the_next_request_stands_behind_it(void **state)
{
    struct wire w;

    start(&w);
    send_head(&w, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
    send_rest(&w);
    wire_send(w.fd, STR("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\x00\x01\x02"));
    assert_true(wire_response(w.fd, &w.head, &w.body));
    assert_true(wire_response(w.fd, &w.head, &w.body));
    assert_true(rig_is(&w.rig, "request\n300000 bytes, 300000 right, mostly in place\n"
                            "request\n3 bytes, 3 right, copied\n"));
    stop(&w);
}

/* Each end of it is: what comes with the head, and what is too little to be read by itself. */
static void of_a_body_that_comes_with_its_head_little_is_copied(void **state)
{
    struct wire w;
    struct buf all;

    start(&w);
    buf_init(&all, 2 * BODY_BYTES);
    assert_int_equal(buf_add_c(&all, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"), 0);
    assert_int_equal(buf_add(&all, (struct str){w.sent, BODY_BYTES}), 0);
    wire_send(w.fd, buf_str(&all));
    rig_wait(&w.rig, "300000 bytes, 300000 right, mostly in place\n");
    buf_deinit(&all);
    stop(&w);
}

static void a_chunked_body_is_copied(void **state)
{
    struct wire w;

    start(&w);
    wire_send(w.fd, STR("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n")); /* 300,000 */
    rig_wait(&w.rig, "request\n");
    wire_send(w.fd, (struct str){w.sent, BODY_BYTES});
    wire_send(w.fd, STR("\r\n0\r\n\r\n"));
    rig_wait(&w.rig, "300000 bytes, 300000 right, copied\n");
    stop(&w);
}

static void room_without_credit_is_not_read_into(void **state)
{
    struct wire w;

    start(&w);
    send_head(&w, "POST /small-credit HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
    (void)send(w.fd, w.sent + 5, BODY_BYTES - 5, MSG_DONTWAIT | MSG_NOSIGNAL); /* as much as the kernels keep */
    assert_true(rig_never(&w.rig, "bytes", 50));
    stop(&w);
}

static void an_agent_that_leaves_in_the_middle_resets(void **state)
{
    struct wire w;

    start(&w);
    send_head(&w, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n");
    wire_send(w.fd, (struct str){w.sent + 5, 100000});
    shutdown(w.fd, SHUT_WR);
    rig_wait(&w.rig, "reset after 100005\n");
    stop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_read_to_its_end_and_the_next_request_stands_behind_it),
        cmocka_unit_test(of_a_body_that_comes_with_its_head_little_is_copied),
        cmocka_unit_test(a_chunked_body_is_copied),
        cmocka_unit_test(room_without_credit_is_not_read_into),
        cmocka_unit_test(an_agent_that_leaves_in_the_middle_resets),
    };
    return cmocka_run_group_tests_name("http/in_place", tests, NULL, NULL);
}
