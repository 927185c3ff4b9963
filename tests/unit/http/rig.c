/* tests/unit/http/rig.c - see rig.h. */
#include "http/rig.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

/* -------- the loop -------- */

void rig_init(struct rig *r)
{
    memset(r, 0, sizeof(*r));
    limits_default(&r->limits);
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->changed, NULL);
    buf_init(&r->log, 1 << 24);
    assert_int_equal(loop_uv_new(&r->loop), 0);
}

static void *run(void *p)
{
    loop_run(p);
    return NULL;
}

static void on_accept(void *ctx, struct net_ticket t)
{
    struct rig *r = ctx;
    struct stream *st;

    if (r->loop->ops->adopt(r->loop, t, &st) == 0 && http_server_take(r->server, st) < 0)
        rig_log(r, "over the limit\n");
}

void rig_start_server(struct rig *r, const struct http_server_handler *h)
{
    struct net_addr any = {"127.0.0.1", 0};

    assert_int_equal(http_server_new(r->loop, &r->limits, h, r, &r->server), 0);
    assert_int_equal(r->loop->ops->listen(r->loop, &any, 64, on_accept, r, &r->listener, &r->addr), 0);
    assert_int_equal(pthread_create(&r->thread, NULL, run, r->loop), 0);
}

void rig_start_pool(struct rig *r)
{
    assert_int_equal(http_pool_new(r->loop, &r->limits, &r->pool), 0);
    assert_int_equal(pthread_create(&r->thread, NULL, run, r->loop), 0);
}

static void stop(void *ctx)
{
    struct rig *r = ctx;

    if (r->listener)
        r->loop->ops->listener_close(r->listener);
    http_server_free(r->server);
    http_pool_free(r->pool);
    loop_stop(r->loop);
}

void rig_stop(struct rig *r)
{
    loop_post(r->loop, (struct post){stop, r});
    pthread_join(r->thread, NULL);
    loop_free(r->loop);
    buf_deinit(&r->log);
    pthread_mutex_destroy(&r->mutex);
    pthread_cond_destroy(&r->changed);
}

struct job {
    struct rig *rig;
    void (*fn)(void *ctx);
    void *ctx;
};

static void do_job(void *ctx)
{
    struct job *j = ctx;
    struct rig *r = j->rig;

    j->fn(j->ctx);
    pthread_mutex_lock(&r->mutex);
    r->n_done++;
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->mutex);
}

void rig_do(struct rig *r, void (*fn)(void *ctx), void *ctx)
{
    struct job j = {r, fn, ctx};

    pthread_mutex_lock(&r->mutex);
    size_t want = r->n_done + 1;
    pthread_mutex_unlock(&r->mutex);
    loop_post(r->loop, (struct post){do_job, &j});
    pthread_mutex_lock(&r->mutex);
    while (r->n_done < want)
        pthread_cond_wait(&r->changed, &r->mutex);
    pthread_mutex_unlock(&r->mutex);
}

/* -------- the log -------- */

void rig_log(struct rig *r, const char *fmt, ...)
{
    char line[4096];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&r->mutex);
    (void)buf_add(&r->log, (struct str){line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1});
    pthread_cond_broadcast(&r->changed);
    pthread_mutex_unlock(&r->mutex);
}

static bool wait_for(struct rig *r, const char *text, int ms)
{
    struct timespec until;
    size_t at;
    bool is_there;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&r->mutex);
    while (!(is_there = str_find(buf_str(&r->log), str_c(text), &at)))
        if (pthread_cond_timedwait(&r->changed, &r->mutex, &until) == ETIMEDOUT)
            break;
    pthread_mutex_unlock(&r->mutex);
    return is_there;
}

void rig_wait(struct rig *r, const char *text)
{
    if (wait_for(r, text, RIG_WAIT_MS))
        return;
    pthread_mutex_lock(&r->mutex);
    print_error("waited for \"%s\" in:\n" STR_FMT "\n", text, STR_ARG(buf_str(&r->log)));
    pthread_mutex_unlock(&r->mutex);
    fail();
}

bool rig_never(struct rig *r, const char *text, int ms) { return !wait_for(r, text, ms); }

size_t rig_count(struct rig *r, const char *text)
{
    size_t n = 0, at;

    pthread_mutex_lock(&r->mutex);
    struct str rest = buf_str(&r->log);
    while (str_find(rest, str_c(text), &at)) {
        n++;
        rest = str_sub(rest, at + strlen(text), rest.n);
    }
    pthread_mutex_unlock(&r->mutex);
    return n;
}

bool rig_is(struct rig *r, const char *text)
{
    pthread_mutex_lock(&r->mutex);
    bool is_same = str_eq(buf_str(&r->log), str_c(text));
    if (!is_same)
        print_error("want\n%s\ngot\n" STR_FMT "\n", text, STR_ARG(buf_str(&r->log)));
    pthread_mutex_unlock(&r->mutex);
    return is_same;
}

void rig_clear(struct rig *r)
{
    pthread_mutex_lock(&r->mutex);
    buf_reset(&r->log);
    pthread_mutex_unlock(&r->mutex);
}

/* -------- the wire -------- */

static void set_timeout(int fd)
{
    struct timeval tv = {RIG_WAIT_MS / 1000, 0};
    int one = 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int wire_connect(const struct rig *r)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(r->addr.port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    set_timeout(fd);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    return fd;
}

bool wire_try_send(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        s = str_sub(s, (size_t)n, s.n);
    }
    return true;
}

void wire_send(int fd, struct str s) { assert_true(wire_try_send(fd, s)); }

/* 1 a byte, 0 closed, -1 late. With a time-out set, recv() and poll() may be interrupted without any signal: newer
 * libuv keeps an io_uring, whose work wakes the thread that made the loop. */
static int read_byte(int fd, char *c)
{
    ssize_t n = TEMP_FAILURE_RETRY(recv(fd, c, 1, 0));

    return n == 1 ? 1 : n == 0 || errno == ECONNRESET ? 0 : -1;
}

bool wire_read_until(int fd, struct buf *b, const char *text)
{
    char c;

    while (!str_ends(buf_str(b), str_c(text))) {
        if (read_byte(fd, &c) != 1)
            return false;
        assert_int_equal(buf_add_byte(b, c), 0);
    }
    return true;
}

void wire_read_n(int fd, struct buf *b, size_t n)
{
    char block[65536];

    while (n) {
        ssize_t got = TEMP_FAILURE_RETRY(recv(fd, block, n < sizeof(block) ? n : sizeof(block), 0));
        assert_true(got > 0);
        assert_int_equal(buf_add(b, (struct str){block, (size_t)got}), 0);
        n -= (size_t)got;
    }
}

static void read_chunks(int fd, struct buf *body)
{
    for (;;) {
        struct buf line;
        buf_init(&line, 64);
        assert_true(wire_read_until(fd, &line, "\r\n"));
        assert_int_equal(buf_add_byte(&line, 0), 0);
        size_t n = strtoul(line.p, NULL, 16);
        buf_deinit(&line);
        if (n == 0)
            return;
        wire_read_n(fd, body, n);
        struct buf end;
        buf_init(&end, 64);
        wire_read_n(fd, &end, 2);
        assert_str(buf_str(&end), "\r\n");
        buf_deinit(&end);
    }
}

bool wire_response(int fd, struct buf *head, struct buf *body)
{
    size_t at;
    char c;

    buf_reset(head);
    buf_reset(body);
    if (!wire_read_until(fd, head, "\r\n\r\n"))
        return false;
    if (wire_status(head) < 200 || wire_status(head) == 204 || wire_status(head) == 304)
        return true;
    if (str_find(buf_str(head), STR("Content-Length: "), &at)) {
        wire_read_n(fd, body, strtoul(head->p + at + 16, NULL, 10));
    } else if (str_find(buf_str(head), STR("Transfer-Encoding: chunked"), &at)) {
        read_chunks(fd, body);
        assert_true(wire_read_until(fd, body, "\r\n")); /* trailers are kept behind the body */
    } else {
        while (read_byte(fd, &c) == 1)
            assert_int_equal(buf_add_byte(body, c), 0);
    }
    return true;
}

int wire_status(const struct buf *head) { return head->n > 12 ? atoi(head->p + 9) : 0; }

bool wire_pending(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return TEMP_FAILURE_RETRY(poll(&p, 1, ms)) == 1;
}

bool wire_closed(int fd, int ms)
{
    char block[4096];

    while (wire_pending(fd, ms))
        if (TEMP_FAILURE_RETRY(recv(fd, block, sizeof(block), 0)) <= 0)
            return true;
    return false;
}

int wire_listen(struct net_addr *ret)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    socklen_t n = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
    *ret = (struct net_addr){"127.0.0.1", ntohs(in.sin_port)};
    set_timeout(fd);
    return fd;
}

int wire_accept(int listener)
{
    int fd = accept(listener, NULL, NULL);

    assert_true(fd >= 0);
    set_timeout(fd);
    return fd;
}
