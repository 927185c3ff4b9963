/*
 * tests/crowd/load.c - an agent with very many connections: all are opened first, then each sends one call to a model,
 * and only then is any answer read. One thread, epoll; nothing of the program under test is linked.
 *
 *   load PORT KEY RUN CALLS
 *
 * Some agents leave as their call's fate says (fate.h). Prints one JSON object: how many of each status and
 * x-flyball-code were answered whole, how many streams were cut or ended with an error, how many agents left, and how
 * many got nothing at all. Status 1: a connection could not be opened.
 */
#include "fate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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

#define HEAD_BYTES_MAX 2048
#define TAIL_BYTES 64
#define READ_BYTES 65536
#define READY_MAX 512
#define OPENING_MAX 512 /* connections that are opened at a time */
#define KINDS_MAX 32
#define WAIT_S_MAX 120
#define OUTPUT_MAX 200

struct agent {
    int fd, i;
    bool is_open, is_over;
    size_t n_head, n_tail; /* of the answer: its beginning and its end */
    char head[HEAD_BYTES_MAX + 1], tail[TAIL_BYTES + 1];
};

struct kind {
    char name[48];
    uint64_t n;
};

struct load {
    int epoll, n_calls, n_open, n_over;
    const char *key, *run;
    struct sockaddr_in to;
    struct agent *agents;
    struct kind kinds[KINDS_MAX];
    size_t n_kinds;
};

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static const struct fate *fate_of(const struct agent *a) { return &fates[a->i % N_FATES]; }

/* --- what came ---------------------------------------------------------------------------------------------------- */

static void count(struct load *l, const char *name)
{
    for (size_t i = 0; i < l->n_kinds; i++) {
        if (strcmp(l->kinds[i].name, name) == 0) {
            l->kinds[i].n++;
            return;
        }
    }
    if (l->n_kinds == KINDS_MAX)
        die("more kinds of answers than are counted");
    struct kind *k = &l->kinds[l->n_kinds++];
    snprintf(k->name, sizeof(k->name), "%s", name);
    k->n = 1;
}

static void end(struct load *l, struct agent *a, const char *name)
{
    count(l, name);
    close(a->fd);
    a->is_over = true;
    l->n_over++;
}

/* The agent leaves by closing, as one that was stopped. */
static bool leaves(const struct agent *a)
{
    return fate_of(a)->letter == 'l' && strncmp(a->head, "HTTP/1.1 200", 12) == 0 && strstr(a->head, "\ndata: {");
}

static void name_answer(const struct agent *a, char *ret, size_t max)
{
    static const char field[] = "\r\nx-flyball-code: ";
    const char *code = strcasestr(a->head, field);
    int status = atoi(a->head + 9), n = code ? (int)strcspn(code + sizeof(field) - 1, "\r") : 0;
    bool is_stream = strcasestr(a->head, "text/event-stream") != NULL;
    snprintf(ret, max, "%d%s%.*s%s", status, code ? " " : "", n, code ? code + sizeof(field) - 1 : "",
             is_stream && !strstr(a->tail, "[DONE]") ? " cut" : "");
}

static void on_end(struct load *l, struct agent *a)
{
    char name[48];
    if (a->n_head < 12) {
        end(l, a, "nothing");
        return;
    }
    name_answer(a, name, sizeof(name));
    end(l, a, name);
}

static void keep(struct agent *a, const char *p, size_t n)
{
    size_t head = HEAD_BYTES_MAX - a->n_head < n ? HEAD_BYTES_MAX - a->n_head : n;
    memcpy(a->head + a->n_head, p, head);
    a->n_head += head;
    a->head[a->n_head] = 0;
    if (n >= TAIL_BYTES) {
        memcpy(a->tail, p + n - TAIL_BYTES, TAIL_BYTES);
        a->n_tail = TAIL_BYTES;
    } else {
        size_t old = a->n_tail + n > TAIL_BYTES ? TAIL_BYTES - n : a->n_tail;
        memmove(a->tail, a->tail + a->n_tail - old, old);
        memcpy(a->tail + old, p, n);
        a->n_tail = old + n;
    }
    a->tail[a->n_tail] = 0;
}

static void on_readable(struct load *l, struct agent *a)
{
    static char text[READ_BYTES];
    ssize_t n = recv(a->fd, text, sizeof(text), 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        on_end(l, a);
        return;
    }
    keep(a, text, (size_t)n);
    if (leaves(a))
        end(l, a, "left midway");
}

/* --- what goes out ------------------------------------------------------------------------------------------------ */

static void send_call(struct load *l, struct agent *a)
{
    char body[256], out[1024];
    const struct fate *f = fate_of(a);
    int n_body = snprintf(body, sizeof(body), "{\"model\":\"gpt-4o-mini\",\"max_tokens\":%d,\"stream\":%s,"
                          "\"messages\":[{\"role\":\"user\",\"content\":\"n=%d fate=%c\"}]}",
                          OUTPUT_MAX, f->is_stream ? "true" : "false", a->i, f->letter);
    int n = snprintf(out, sizeof(out),
                     "POST /openai/v1/chat/completions HTTP/1.1\r\nHost: crowd\r\nConnection: close\r\n"
                     "Authorization: Bearer %s.run_%s\r\nContent-Type: application/json\r\n"
                     "Content-Length: %d\r\n\r\n%s",
                     l->key, l->run, n_body, body);
    if (send(a->fd, out, (size_t)n, MSG_NOSIGNAL) != n)
        die("send");
}

static void open_one(struct load *l, struct agent *a)
{
    a->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (a->fd < 0)
        die("socket");
    if (connect(a->fd, (struct sockaddr *)&l->to, sizeof(l->to)) < 0 && errno != EINPROGRESS)
        die("connect");
    struct epoll_event e = {.events = EPOLLOUT, .data.ptr = a};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, a->fd, &e) < 0)
        die("epoll_ctl");
}

static void on_open(struct load *l, struct agent *a)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = a};
    int error = 0;
    socklen_t n = sizeof(error);
    if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 || error) {
        errno = error;
        die("connect");
    }
    a->is_open = true;
    l->n_open++;
    (void)epoll_ctl(l->epoll, EPOLL_CTL_MOD, a->fd, &e);
}

static void open_all(struct load *l)
{
    struct epoll_event ready[READY_MAX];
    for (int begun = 0; l->n_open < l->n_calls;) {
        while (begun < l->n_calls && begun - l->n_open < OPENING_MAX)
            open_one(l, &l->agents[begun++]);
        int n = epoll_wait(l->epoll, ready, READY_MAX, 1000);
        for (int i = 0; i < n; i++)
            on_open(l, ready[i].data.ptr);
    }
}

static void send_all(struct load *l)
{
    for (int i = 0; i < l->n_calls; i++)
        send_call(l, &l->agents[i]);
    for (int i = 0; i < l->n_calls; i++)
        if (fate_of(&l->agents[i])->letter == 'x')
            end(l, &l->agents[i], "left before");
}

static void read_all(struct load *l)
{
    struct epoll_event ready[READY_MAX];
    int64_t until = now_ns() + (int64_t)WAIT_S_MAX * 1000000000;
    while (l->n_over < l->n_calls && now_ns() < until) {
        int n = epoll_wait(l->epoll, ready, READY_MAX, 1000);
        for (int i = 0; i < n; i++)
            on_readable(l, ready[i].data.ptr);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: load PORT KEY RUN CALLS\n");
        return 2;
    }
    struct load l = {.epoll = epoll_create1(0), .key = argv[2], .run = argv[3], .n_calls = atoi(argv[4])};
    l.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    l.agents = calloc((size_t)l.n_calls, sizeof(*l.agents));
    if (!l.agents)
        die("calloc");
    for (int i = 0; i < l.n_calls; i++)
        l.agents[i].i = i;
    open_all(&l);
    send_all(&l);
    read_all(&l);
    printf("{\"unanswered\":%d", l.n_calls - l.n_over);
    for (size_t i = 0; i < l.n_kinds; i++)
        printf(",\"%s\":%llu", l.kinds[i].name, (unsigned long long)l.kinds[i].n);
    printf("}\n");
    return 0;
}
