/*
 * tests/crash/vendor.c - a stand-in for Stripe that keeps a book of what it performed, and is quick enough for loops of
 * thousands of calls. One thread, epoll; nothing of the program under test is linked.
 *
 *   (1) a refund is in the book before its answer leaves: one write with O_APPEND a line, so the book is whole after
 * any death of anyone. (2) a line is "number time idempotency-key tag amount currency"; number counts from 1 over all
 * refunds, time is CLOCK_MONOTONIC in ns when the request was complete. "-" stands for what is absent.
 *
 * Control, on the same port: GET /_vendor/set?delay_ms=N (answers wait that long), ?answers=0 (performed, booked, never
 * answered), ?answers=1, and GET /_vendor/stats: {"requests":N,"refunds":N,"last_ns":N}. Prints its port when it
 * listens.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX 16384
#define TEXT_BYTES_MAX 256

struct conn {
    int fd;
    bool is_waiting; /* in the queue of late answers */
    int64_t due_ns;
    struct conn *next; /* of that queue, oldest first */
    size_t n_in, n_out;
    char in[REQUEST_BYTES_MAX + 1], out[1024];
};

struct request {
    char method[8], target[TEXT_BYTES_MAX], key[TEXT_BYTES_MAX];
    char *body;
    size_t body_bytes, bytes; /* bytes: of the whole request */
};

struct vendor {
    int epoll, listener, book;
    uint64_t n_requests, n_refunds;
    int64_t last_ns, delay_ms;
    bool never_answers;
    struct conn *first, **last;
};

static void fail(const char *what)
{
    fprintf(stderr, "vendor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* A header's value, cut to what fits; "" when there is none. */
static void header(const char *head, const char *name, char ret[TEXT_BYTES_MAX])
{
    size_t n = strlen(name), used = 0;
    ret[0] = 0;
    for (const char *p = strstr(head, "\r\n"); p && p[2]; p = strstr(p + 2, "\r\n")) {
        if (strncasecmp(p + 2, name, n) != 0 || p[2 + n] != ':')
            continue;
        for (p += 3 + n; *p == ' '; p++)
            ;
        while (*p && *p != '\r' && used < TEXT_BYTES_MAX - 1)
            ret[used++] = *p++;
        ret[used] = 0;
        return;
    }
}

/* True when c->in starts with a whole request. It cuts the text at the end of head with a NUL. */
static bool request_read(struct conn *c, struct request *r)
{
    char length[TEXT_BYTES_MAX];
    c->in[c->n_in] = 0;
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end)
        return false;
    header(c->in, "content-length", length);
    r->body = end + 4;
    r->body_bytes = strtoul(length, NULL, 10);
    r->bytes = (size_t)(r->body - c->in) + r->body_bytes;
    if (r->bytes > c->n_in)
        return false;
    end[2] = 0;
    header(c->in, "idempotency-key", r->key);
    if (sscanf(c->in, "%7s %255s", r->method, r->target) != 2)
        r->method[0] = r->target[0] = 0;
    return true;
}

static size_t unquote(const char *p, size_t n, char *ret, size_t max)
{
    size_t used = 0;
    for (size_t i = 0; i < n && used < max - 1; i++) {
        char hex[3] = {0};
        if (p[i] == '%' && i + 2 < n) {
            memcpy(hex, p + i + 1, 2);
            ret[used++] = (char)strtol(hex, NULL, 16);
            i += 2;
        } else {
            ret[used++] = p[i] == '+' ? ' ' : p[i];
        }
    }
    ret[used] = 0;
    return used;
}

/* A field of a form; `otherwise` when it has none of that name. */
static void field(const char *p, size_t n, const char *name, const char *otherwise, char ret[TEXT_BYTES_MAX])
{
    snprintf(ret, TEXT_BYTES_MAX, "%s", otherwise);
    while (n > 0) {
        const char *amp = memchr(p, '&', n), *eq;
        size_t pair = amp ? (size_t)(amp - p) : n;
        char got[TEXT_BYTES_MAX];
        if ((eq = memchr(p, '=', pair))) {
            unquote(p, (size_t)(eq - p), got, sizeof(got));
            if (strcmp(got, name) == 0) {
                unquote(eq + 1, pair - (size_t)(eq - p) - 1, ret, TEXT_BYTES_MAX);
                return;
            }
        }
        p += amp ? pair + 1 : pair;
        n -= amp ? pair + 1 : pair;
    }
}

/* --- answering ---------------------------------------------------------------------------------------------------- */

static void answer(struct conn *c, const char *body)
{
    int n = snprintf(c->out, sizeof(c->out),
                     "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s", strlen(body),
                     body);
    c->n_out = n > 0 && (size_t)n < sizeof(c->out) ? (size_t)n : 0;
}

static void refund(struct vendor *v, struct conn *c, const struct request *r)
{
    char amount[TEXT_BYTES_MAX], currency[TEXT_BYTES_MAX], tag[TEXT_BYTES_MAX], charge[TEXT_BYTES_MAX];
    char line[5 * TEXT_BYTES_MAX], body[4 * TEXT_BYTES_MAX];
    field(r->body, r->body_bytes, "amount", "0", amount);
    field(r->body, r->body_bytes, "currency", "usd", currency);
    field(r->body, r->body_bytes, "metadata[flyball_tag]", "-", tag);
    field(r->body, r->body_bytes, "charge", "", charge);

    int n = snprintf(line, sizeof(line), "%llu %lld %s %s %s %s\n", (unsigned long long)++v->n_refunds,
                     (long long)v->last_ns, r->key[0] ? r->key : "-", tag, amount, currency);
    if (v->book >= 0 && write(v->book, line, (size_t)n) != n)
        fail("cannot write the book");
    snprintf(body, sizeof(body),
             "{\"id\":\"re_%llu\",\"object\":\"refund\",\"amount\":%lld,\"charge\":\"%.60s\",\"created\":1760000000,"
             "\"currency\":\"%.8s\",\"payment_intent\":null,\"reason\":null,\"status\":\"succeeded\"}",
             (unsigned long long)v->n_refunds, strtoll(amount, NULL, 10), charge, currency);
    answer(c, body);
}

static void control(struct vendor *v, struct conn *c, const char *target)
{
    char body[160];
    const char *p;
    if ((p = strstr(target, "delay_ms=")))
        v->delay_ms = strtoll(p + 9, NULL, 10);
    if ((p = strstr(target, "answers=")))
        v->never_answers = p[8] == '0';
    snprintf(body, sizeof(body), "{\"requests\":%llu,\"refunds\":%llu,\"last_ns\":%lld}",
             (unsigned long long)v->n_requests, (unsigned long long)v->n_refunds, (long long)v->last_ns);
    answer(c, body);
}

static void conn_close(struct vendor *v, struct conn *c)
{
    close(c->fd);
    c->fd = -1;
    if (!c->is_waiting) /* else the queue frees it */
        free(c);
}

static bool conn_send(struct conn *c)
{
    return send(c->fd, c->out, c->n_out, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)c->n_out;
}

/* False: the connection is gone. */
static bool serve(struct vendor *v, struct conn *c, const struct request *r)
{
    bool is_control = strncmp(r->target, "/_vendor/", 9) == 0;
    if (!is_control) {
        v->n_requests++;
        v->last_ns = now_ns();
    }
    if (is_control)
        control(v, c, r->target);
    else if (strcmp(r->method, "POST") == 0 && strncmp(r->target, "/v1/refunds", 11) == 0)
        refund(v, c, r);
    else
        answer(c, "{\"object\":\"balance\",\"available\":[{\"amount\":100,\"currency\":\"usd\"}],\"livemode\":false}");
    if (!is_control && v->never_answers)
        return true;
    if (is_control || v->delay_ms == 0)
        return conn_send(c);
    c->is_waiting = true;
    c->due_ns = now_ns() + v->delay_ms * 1000000;
    c->next = NULL;
    *v->last = c;
    v->last = &c->next;
    return true;
}

static void on_readable(struct vendor *v, struct conn *c)
{
    struct request r;
    ssize_t n = recv(c->fd, c->in + c->n_in, REQUEST_BYTES_MAX - c->n_in, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_close(v, c);
        return;
    }
    c->n_in += (size_t)n;
    while (!c->is_waiting && request_read(c, &r)) {
        bool is_open = serve(v, c, &r);
        memmove(c->in, c->in + r.bytes, c->n_in - r.bytes);
        c->n_in -= r.bytes;
        if (!is_open) {
            conn_close(v, c);
            return;
        }
    }
}

/* Sends what is due; returns ms until the next, or -1. */
static int send_due(struct vendor *v)
{
    while (v->first) {
        struct conn *c = v->first;
        int64_t left = c->due_ns - now_ns();
        if (left > 0)
            return (int)(left / 1000000) + 1;
        v->first = c->next;
        if (!v->first)
            v->last = &v->first;
        c->is_waiting = false;
        if (c->fd < 0)
            free(c);
        else if (!conn_send(c))
            conn_close(v, c);
    }
    return -1;
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void on_accept(struct vendor *v)
{
    int fd = accept4(v->listener, NULL, NULL, SOCK_CLOEXEC), one = 1;
    if (fd < 0)
        return;
    struct conn *c = calloc(1, sizeof(*c));
    if (!c)
        fail("no memory");
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(v->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
        fail("epoll_ctl");
}

static void start_listening(struct vendor *v)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    struct epoll_event e = {.events = EPOLLIN};
    v->epoll = epoll_create1(EPOLL_CLOEXEC);
    v->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(v->listener, (struct sockaddr *)&a, n) < 0 || listen(v->listener, 4096) < 0 ||
        getsockname(v->listener, (struct sockaddr *)&a, &n) < 0 ||
        epoll_ctl(v->epoll, EPOLL_CTL_ADD, v->listener, &e) < 0)
        fail("cannot listen");
    printf("%d\n", ntohs(a.sin_port));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct vendor v = {.book = -1, .last = &v.first};
    struct epoll_event events[256];
    signal(SIGPIPE, SIG_IGN);
    if (argc > 2) {
        fprintf(stderr, "vendor [BOOK]\n");
        return 2;
    }
    if (argc == 2 && (v.book = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0)
        fail(argv[1]);
    start_listening(&v);
    for (;;) {
        int n = epoll_wait(v.epoll, events, 256, send_due(&v));
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr)
                on_readable(&v, events[i].data.ptr);
            else
                on_accept(&v);
        }
    }
}
