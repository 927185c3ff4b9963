/*
 * tests/crowd/vendor.c - a vendor of models that takes every request, and answers none of them before no more come: so
 * that all that may be in flight are in flight together. One thread, epoll; nothing of the program under test is
 * linked.
 *
 *   (1) what becomes of a request stands in its prompt (fate.h).
 *   (2) GET /_vendor/stats: how many requests came, how many waited together at most, and what a real vendor would bill
 *       for all of them, at the most: what it made, whether anybody got it or not.
 *
 * Prints its port. Prices are gpt-4o-mini's, in nano-USD a token.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
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

#define REQUEST_BYTES_MAX 4096
#define READY_MAX 512
#define TURN_MAX 64 /* answers between two looks at the sockets */
#define QUIET_NS 700000000
#define INPUT_TOKENS 20
#define INPUT_NANO 150
#define OUTPUT_NANO 600
#define EVENTS 15
#define EVENTS_OF_CUT 4
#define EVENT_TOKENS 10
#define EVENT_TEXT " one two three four five six seven eight nine ten"
#define OF_OPENAI "\"created\":1790000000,\"model\":\"gpt-4o-mini-2024-07-18\""
#define USAGE "\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d}"

struct conn {
    struct conn *next; /* in line, behind this one */
    int fd;
    bool is_waiting, is_gone;
    char fate;
    size_t n_in;
    char in[REQUEST_BYTES_MAX + 1];
};

struct vendor {
    int epoll, listener;
    struct conn *first, *last;
    int64_t came_ns, billed_nano;
    uint64_t n_requests, n_waiting, n_waiting_most;
};

static void die(const char *what)
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

static void watch(struct vendor *v, int fd, void *what)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = what};
    if (epoll_ctl(v->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
        die("epoll_ctl");
}

static void drop(struct conn *c)
{
    close(c->fd);
    c->fd = -1;
    c->is_gone = true;
    if (!c->is_waiting)
        free(c);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* All of it fits into a socket's buffer, or its reader is gone. */
static void put(struct conn *c, const char *text, size_t n) { (void)send(c->fd, text, n, MSG_NOSIGNAL); }

static size_t whole(char *out, size_t max, int status, const char *body)
{
    return (size_t)snprintf(out, max,
                            "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status,
                            strlen(body), body);
}

static size_t chunk(char *out, size_t max, const char *data)
{
    return (size_t)snprintf(out, max, "%zx\r\ndata: %s\n\n\r\n", strlen(data) + 8, data);
}

static size_t events(char *out, size_t max, int n_events)
{
    size_t n = (size_t)snprintf(out, max, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                          "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < n_events; i++)
        n += chunk(out + n, max - n, "{\"id\":\"chatcmpl-crowd\",\"object\":\"chat.completion.chunk\"," OF_OPENAI
                                     ",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" EVENT_TEXT
                                     "\"},\"finish_reason\":null}],\"usage\":null}");
    return n;
}

static size_t stream(char *out, size_t max)
{
    char last[512];
    size_t n = events(out, max, EVENTS);
    int output = EVENTS * EVENT_TOKENS;
    snprintf(last, sizeof(last), "{\"id\":\"chatcmpl-crowd\",\"object\":\"chat.completion.chunk\"," OF_OPENAI
             ",\"choices\":[]," USAGE "}", INPUT_TOKENS, output, INPUT_TOKENS + output);
    n += chunk(out + n, max - n, last);
    n += chunk(out + n, max - n, "[DONE]");
    return n + (size_t)snprintf(out + n, max - n, "0\r\n\r\n");
}

static size_t completion(char *out, size_t max)
{
    char body[2048];
    int output = EVENTS * EVENT_TOKENS;
    snprintf(body, sizeof(body), "{\"id\":\"chatcmpl-crowd\",\"object\":\"chat.completion\"," OF_OPENAI
             ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" EVENT_TEXT
             "\"},\"finish_reason\":\"stop\"}]," USAGE "}", INPUT_TOKENS, output, INPUT_TOKENS + output);
    return whole(out, max, 200, body);
}

static void reset(struct conn *c)
{
    struct linger now = {1, 0};
    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void bill(struct vendor *v, int n_events)
{
    v->billed_nano += INPUT_TOKENS * INPUT_NANO + (int64_t)n_events * EVENT_TOKENS * OUTPUT_NANO;
}

/* Returns whether the connection goes on. */
static bool answer_as_fated(struct vendor *v, struct conn *c)
{
    static char out[16384];
    switch (c->fate) {
    case 'e':
        put(c, out, whole(out, sizeof(out), 500, "{\"error\":{\"message\":\"x\",\"type\":\"server_error\"}}"));
        return true;
    case 'q':
        put(c, out, whole(out, sizeof(out), 429, "{\"error\":{\"message\":\"x\",\"type\":\"rate_limit\"}}"));
        return true;
    case 'c':
    case 'l': /* goes on as long as the agent stays, and says nothing more */
        bill(v, EVENTS_OF_CUT);
        put(c, out, events(out, sizeof(out), EVENTS_OF_CUT));
        return c->fate == 'l';
    case 's':
        bill(v, EVENTS);
        put(c, out, stream(out, sizeof(out)));
        return true;
    case 'w':
        bill(v, EVENTS);
        put(c, out, completion(out, sizeof(out)));
        return true;
    case 'h':
        bill(v, EVENTS);
        put(c, out, completion(out, sizeof(out)) / 2);
        return false;
    default: /* 'r', and 'x', which nobody waits for */
        bill(v, EVENTS);
        reset(c);
        return false;
    }
}

static void answer_some(struct vendor *v)
{
    for (int i = 0; i < TURN_MAX && v->first; i++) {
        struct conn *c = v->first;
        v->first = c->next;
        v->n_waiting--;
        c->is_waiting = false;
        if (c->is_gone) {
            bill(v, EVENTS); /* it was made before anybody knew */
            free(c);
            continue;
        }
        if (!answer_as_fated(v, c))
            drop(c);
    }
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void wait_in_line(struct vendor *v, struct conn *c)
{
    c->next = NULL;
    c->is_waiting = true;
    if (v->first)
        v->last->next = c;
    else
        v->first = c;
    v->last = c;
    v->n_requests++;
    v->came_ns = now_ns();
    if (++v->n_waiting > v->n_waiting_most)
        v->n_waiting_most = v->n_waiting;
}

static void tell(struct vendor *v, struct conn *c)
{
    char body[256], out[512];
    snprintf(body, sizeof(body), "{\"requests\":%llu,\"waiting\":%llu,\"most\":%llu,\"billed_nano\":%lld}",
             (unsigned long long)v->n_requests, (unsigned long long)v->n_waiting,
             (unsigned long long)v->n_waiting_most, (long long)v->billed_nano);
    put(c, out, whole(out, sizeof(out), 200, body));
}

static bool is_whole(const struct conn *c)
{
    const char *end = memmem(c->in, c->n_in, "\r\n\r\n", 4), *length = strcasestr(c->in, "content-length:");
    size_t body = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
    return end && c->n_in >= (size_t)(end - c->in) + 4 + body;
}

static void on_request(struct vendor *v, struct conn *c)
{
    const char *fate = strstr(c->in, "fate=");
    if (strncmp(c->in, "GET /_vendor/stats ", 19) == 0) {
        tell(v, c);
    } else {
        c->fate = fate ? fate[5] : 'e';
        wait_in_line(v, c);
    }
    c->n_in = 0;
}

static void on_readable(struct vendor *v, struct conn *c)
{
    ssize_t n = recv(c->fd, c->in + c->n_in, REQUEST_BYTES_MAX - c->n_in, 0);
    if (n <= 0) {
        drop(c);
        return;
    }
    c->n_in += (size_t)n;
    c->in[c->n_in] = 0;
    if (!c->is_waiting && is_whole(c))
        on_request(v, c);
}

static void on_connections(struct vendor *v)
{
    int fd, one = 1;
    while ((fd = accept4(v->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct conn *c = calloc(1, sizeof(*c));
        if (!c)
            die("calloc");
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        c->fd = fd;
        watch(v, fd, c);
    }
    if (errno != EAGAIN)
        die("accept");
}

static int listen_and_tell(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0 || listen(fd, 65535) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) < 0)
        die("listen");
    printf("%d\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

int main(void)
{
    struct vendor v = {.epoll = epoll_create1(0), .listener = listen_and_tell()};
    struct epoll_event ready[READY_MAX];
    watch(&v, v.listener, NULL);
    for (;;) {
        bool is_time = v.first && now_ns() - v.came_ns > QUIET_NS;
        int n = epoll_wait(v.epoll, ready, READY_MAX, is_time ? 0 : v.first ? 10 : -1);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.ptr)
                on_readable(&v, ready[i].data.ptr);
            else
                on_connections(&v);
        }
        if (is_time)
            answer_some(&v);
    }
}
