/*
 * bench/streams_vendor.c - a vendor of models that does nothing but stream at a steady pace.
 *
 *   streams_vendor PORT EVENTS INTERVAL_MS
 *
 * Each request is answered with a chunked event stream of OpenAI's form: the first event at once, EVENTS in all, one
 * every INTERVAL_MS. Each tells when it was written (nanoseconds of CLOCK_MONOTONIC), for bench/streams_client.c. One
 * interval for all means that what is due is a queue in order. A reader that takes nothing loses its connection.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX 16384
#define READY_MAX 512
#define DUE_MAX 256
#define EVENT                                                                                                         \
    "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,"                   \
    "\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" t%019lld\"},"           \
    "\"finish_reason\":null}],\"usage\":null}\n\n"
#define LAST                                                                                                          \
    "data: {\"id\":\"chatcmpl-bench\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,"                   \
    "\"model\":\"gpt-4o-mini-2024-07-18\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":%d,"    \
    "\"total_tokens\":%d}}\n\ndata: [DONE]\n\n"
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"

struct stream {
    int fd, n_left;
    size_t n_in;
    int64_t due_ns;
    struct stream *next; /* due after this one */
    char in[REQUEST_BYTES_MAX];
};

struct vendor {
    int epoll, listener, n_events;
    int64_t interval_ns;
    struct stream *first, *last;
};

static void die(const char *what)
{
    fprintf(stderr, "streams_vendor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void watch(struct vendor *v, int fd, void *what)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = what};
    if (epoll_ctl(v->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
        die("epoll_ctl");
}

/* A stream in the queue is freed when its turn comes. */
static void drop(struct stream *s)
{
    close(s->fd);
    s->fd = -1;
    if (!s->n_left)
        free(s);
}

static void push(struct vendor *v, struct stream *s, int64_t due_ns)
{
    s->due_ns = due_ns;
    s->next = NULL;
    if (v->last)
        v->last->next = s;
    else
        v->first = s;
    v->last = s;
}

static void pop(struct vendor *v)
{
    v->first = v->first->next;
    if (!v->first)
        v->last = NULL;
}

/* False: the reader is gone, or takes nothing. */
static bool send_chunk(struct stream *s, const char *head, const char *text, const char *tail)
{
    char out[2048];
    int n = snprintf(out, sizeof(out), "%s%zx\r\n%s\r\n%s", head, strlen(text), text, tail);
    return send(s->fd, out, (size_t)n, MSG_NOSIGNAL) == n;
}

static void write_event(struct vendor *v, struct stream *s, const char *head)
{
    char text[1024];
    bool is_last = --s->n_left == 0;
    if (is_last)
        snprintf(text, sizeof(text), LAST, v->n_events, v->n_events + 9);
    else
        snprintf(text, sizeof(text), EVENT, (long long)now_ns());
    if (!send_chunk(s, head, text, is_last ? "0\r\n\r\n" : "")) {
        s->n_left = 0;
        drop(s);
    }
}

/* A share of what is due, so that a busy vendor still accepts. */
static void run_due(struct vendor *v)
{
    for (int i = 0; i < DUE_MAX && v->first && v->first->due_ns <= now_ns(); i++) {
        struct stream *s = v->first;
        pop(v);
        if (s->fd < 0) {
            free(s);
            continue;
        }
        bool goes_on = s->n_left > 1;
        if (goes_on)
            push(v, s, s->due_ns + v->interval_ns);
        write_event(v, s, "");
    }
}

static size_t request_bytes(const struct stream *s)
{
    const char *end = memmem(s->in, s->n_in, "\r\n\r\n", 4);
    if (!end)
        return 0;
    size_t head = (size_t)(end - s->in) + 4, body = 0;
    for (const char *p = s->in; p < end; p++)
        if (strncasecmp(p, "\ncontent-length:", 16) == 0)
            body = strtoul(p + 16, NULL, 10);
    return s->n_in >= head + body ? head + body : 0;
}

static void on_readable(struct vendor *v, struct stream *s)
{
    ssize_t n = recv(s->fd, s->in + s->n_in, sizeof(s->in) - s->n_in, 0);
    if (n <= 0) {
        drop(s);
        return;
    }
    s->n_in += (size_t)n;
    if (s->n_left || !request_bytes(s))
        return;
    s->n_in = 0;
    s->n_left = v->n_events + 1;
    push(v, s, now_ns() + v->interval_ns);
    write_event(v, s, HEAD);
}

static void on_connections(struct vendor *v)
{
    int fd, one = 1;
    while ((fd = accept4(v->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct stream *s = calloc(1, sizeof(*s));
        if (!s)
            die("calloc");
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        s->fd = fd;
        watch(v, fd, s);
    }
}

static int listen_on(const char *port)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 4096) < 0)
        die(port);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: streams_vendor PORT EVENTS INTERVAL_MS\n");
        return 2;
    }
    struct vendor v = {.epoll = epoll_create1(0), .listener = listen_on(argv[1]), .n_events = atoi(argv[2]),
                       .interval_ns = atoll(argv[3]) * 1000000};
    struct epoll_event ready[READY_MAX];
    watch(&v, v.listener, NULL);
    for (;;) {
        bool is_late = v.first && v.first->due_ns <= now_ns();
        int n = epoll_wait(v.epoll, ready, READY_MAX, is_late ? 0 : v.first ? 1 : -1);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.ptr)
                on_readable(&v, ready[i].data.ptr);
            else
                on_connections(&v);
        }
        run_due(&v);
    }
}
