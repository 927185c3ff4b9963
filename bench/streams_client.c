/*
 * bench/streams_client.c - many paced streams at once: how late each event is, and how long the first one takes.
 *
 *   streams_client HOST:PORT PATH BODY STREAMS RAMP_MS [HEADER]...
 *
 * Opens STREAMS connections evenly over RAMP_MS, sends one POST on each, reads all to the end. Events tell when the
 * vendor wrote them (bench/streams_vendor.c), so lateness needs no second clock. Prints one JSON object, in
 * microseconds. Status 1: some stream did not end as it should.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READY_MAX 512
#define CARRY_BYTES 32 /* of the last read: a mark may be cut in two */
#define READ_BYTES 65536
#define STALL_US 100000
#define OK "HTTP/1.1 200"
#define MARK "\" t"
#define MARK_BYTES 23 /* with 19 digits and what follows */
#define WAIT_S_MAX 120

struct stream {
    int fd;
    bool is_sent, is_answered, is_begun, is_done;
    int64_t sent_ns;
    size_t n_carry;
    char carry[CARRY_BYTES];
};

struct figures {
    uint32_t *us;
    size_t n, cap;
};

struct client {
    int epoll;
    struct sockaddr_in to;
    char *request;
    size_t n_request, n_streams, n_over, n_complete;
    struct figures first, late;
};

static void die(const char *what)
{
    fprintf(stderr, "streams_client: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void note(struct figures *f, int64_t ns)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 4096;
        f->us = realloc(f->us, f->cap * sizeof(*f->us));
        if (!f->us)
            die("realloc");
    }
    f->us[f->n++] = ns < 0 ? 0 : (uint32_t)(ns / 1000);
}

static void open_stream(struct client *c, struct stream *s)
{
    int one = 1;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (s->fd < 0)
        die("socket");
    (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(s->fd, (struct sockaddr *)&c->to, sizeof(c->to)) < 0 && errno != EINPROGRESS)
        die("connect");
    struct epoll_event e = {.events = EPOLLOUT, .data.ptr = s};
    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, s->fd, &e) < 0)
        die("epoll_ctl");
}

static void close_stream(struct client *c, struct stream *s)
{
    close(s->fd);
    c->n_over++;
    c->n_complete += s->is_done;
}

static void send_request(struct client *c, struct stream *s)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = s};
    s->sent_ns = now_ns();
    if (send(s->fd, c->request, c->n_request, MSG_NOSIGNAL) != (ssize_t)c->n_request) {
        close_stream(c, s);
        return;
    }
    s->is_sent = true;
    (void)epoll_ctl(c->epoll, EPOLL_CTL_MOD, s->fd, &e);
}

/* Every mark in `text` is one event. */
static void read_events(struct client *c, struct stream *s, const char *text, size_t n)
{
    const char *p = text, *end = text + n;
    int64_t now = now_ns();
    while ((p = memmem(p, (size_t)(end - p), MARK, sizeof(MARK) - 1)) && end - p > MARK_BYTES) {
        p += sizeof(MARK) - 1;
        note(&c->late, now - strtoll(p, NULL, 10));
        if (!s->is_begun)
            note(&c->first, now - s->sent_ns);
        s->is_begun = true;
    }
    if (memmem(text, n, "data: [DONE]", 12))
        s->is_done = true;
}

/* What may be the beginning of a mark or of the end is kept for the next read; nothing is counted twice. */
static size_t keep_from(const char *text, size_t n)
{
    for (size_t at = n > CARRY_BYTES - 1 ? n - (CARRY_BYTES - 1) : 0; at < n; at++) {
        bool may_be_mark = n - at <= MARK_BYTES && memcmp(text + at, MARK, n - at < 3 ? n - at : 3) == 0;
        bool may_be_end = n - at < 12 && memcmp(text + at, "data: [DONE]", n - at) == 0;
        if (may_be_mark || may_be_end)
            return at;
    }
    return n;
}

static void on_readable(struct client *c, struct stream *s)
{
    static char text[CARRY_BYTES + READ_BYTES];
    memcpy(text, s->carry, s->n_carry);
    ssize_t got = recv(s->fd, text + s->n_carry, READ_BYTES, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            close_stream(c, s);
        return;
    }
    if (!s->is_answered && memcmp(text, OK, got < 12 ? (size_t)got : 12) != 0) {
        fprintf(stderr, "streams_client: answered %.*s\n", (int)got, text);
        close_stream(c, s);
        return;
    }
    s->is_answered = true;
    size_t n = s->n_carry + (size_t)got, keep = keep_from(text, n);
    read_events(c, s, text, n);
    s->n_carry = n - keep;
    memcpy(s->carry, text + keep, s->n_carry);
    if (s->is_done)
        close_stream(c, s);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_figures(const char *name, struct figures *f, const char *end)
{
    size_t n_stalls = 0;
    qsort(f->us, f->n, sizeof(*f->us), by_value);
    for (size_t i = 0; i < f->n; i++)
        n_stalls += f->us[i] > STALL_US;
#define AT(q) (f->n ? f->us[(size_t)((double)(f->n - 1) * (q))] : 0)
    printf("\"%s\":{\"n\":%zu,\"p50\":%u,\"p99\":%u,\"p999\":%u,\"max\":%u,\"stalls\":%zu}%s", name, f->n, AT(0.5),
           AT(0.99), AT(0.999), AT(1.0), n_stalls, end);
#undef AT
}

static void prepare(struct client *c, char **argv, int argc)
{
    char *colon = strchr(argv[1], ':'), fields[4096] = "";
    if (!colon)
        die(argv[1]);
    *colon = 0;
    c->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    if (inet_pton(AF_INET, argv[1], &c->to.sin_addr) != 1)
        die(argv[1]);
    for (int i = 6; i < argc; i++) {
        size_t n = strlen(fields);
        snprintf(fields + n, sizeof(fields) - n, "%s\r\n", argv[i]);
    }
    int n = asprintf(&c->request, "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n%s"
                     "Content-Length: %zu\r\n\r\n%s", argv[2], fields, strlen(argv[3]), argv[3]);
    if (n < 0)
        die("asprintf");
    c->n_request = (size_t)n;
    c->n_streams = (size_t)atol(argv[4]);
    c->epoll = epoll_create1(0);
}

/* Opens streams as their time comes, and reads all, until each is over. */
static void run(struct client *c, struct stream *streams, int64_t ramp_ns)
{
    struct epoll_event ready[READY_MAX];
    int64_t start = now_ns();
    size_t n_open = 0;
    while (c->n_over < c->n_streams && now_ns() - start < (int64_t)WAIT_S_MAX * 1000000000) {
        while (n_open < c->n_streams && now_ns() - start >= ramp_ns / (int64_t)c->n_streams * (int64_t)n_open)
            open_stream(c, &streams[n_open++]);
        int n = epoll_wait(c->epoll, ready, READY_MAX, n_open < c->n_streams ? 1 : 1000);
        for (int i = 0; i < n; i++) {
            struct stream *s = ready[i].data.ptr;
            if (s->is_sent)
                on_readable(c, s);
            else
                send_request(c, s);
        }
    }
}

int main(int argc, char **argv)
{
    struct client c = {0};
    if (argc < 6) {
        fprintf(stderr, "usage: streams_client HOST:PORT PATH BODY STREAMS RAMP_MS [HEADER]...\n");
        return 2;
    }
    prepare(&c, argv, argc);
    struct stream *streams = calloc(c.n_streams, sizeof(*streams));
    if (!streams)
        die("calloc");
    run(&c, streams, atoll(argv[5]) * 1000000);
    printf("{\"streams\":%zu,\"complete\":%zu,", c.n_streams, c.n_complete);
    print_figures("first_us", &c.first, ",");
    print_figures("late_us", &c.late, "}\n");
    return c.n_complete == c.n_streams ? 0 : 1;
}
