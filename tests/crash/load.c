/*
 * tests/crash/load.c - an agent with many connections, each busy with one call after another, that writes down what it
 * was told. One thread, epoll; nothing of the program under test is linked.
 *
 *   (1) every refund has amount, currency and an idempotency key of its own: PREFIX-<number>.
 *   (2) each call is one line of the log: "key connection sent done status code call amount". Times are CLOCK_MONOTONIC
 *       in ns; status 0: the connection ended before the whole answer, and nothing is known; "-": absent.
 *   (3) a connection that ended is not opened again; without any, the program ends.
 *
 * It ends after --ms or --calls, when each connection was refused --refusals times, or at SIGTERM, and then waits up to
 * a second (--wait-ms) for answers on their way.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
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

#define ANSWER_BYTES_MAX 16384

struct conn {
    int fd, i;
    bool is_busy, is_refund;
    uint64_t number;
    int64_t sent_ns, amount;
    int n_refused;
    size_t n_in;
    char in[ANSWER_BYTES_MAX + 1];
};

struct load {
    const char *key, *prefix;
    int port, n_conns, n_open, n_refusals_max, n_over, epoll;
    int64_t ms, wait_ms, amount;
    uint64_t n_calls_max, n_sent, reads_in_10, n_answered;
    FILE *log;
    struct conn *conns;
    bool is_ending;
};

static volatile sig_atomic_t was_told_to_end;
static void on_term(int sig) { was_told_to_end = 1; }

static void fail(const char *what)
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

/* --- one call ----------------------------------------------------------------------------------------------------- */

static void note(struct load *l, struct conn *c, int status, const char *code, const char *call)
{
    fprintf(l->log, "%s-%llu %d %lld %lld %d %s %s %lld\n", c->is_refund ? l->prefix : "read",
            (unsigned long long)c->number, c->i, (long long)c->sent_ns, (long long)now_ns(), status, code, call,
            (long long)c->amount);
    c->is_busy = false;
}

static void conn_end(struct load *l, struct conn *c)
{
    if (c->is_busy)
        note(l, c, 0, "-", "-");
    close(c->fd);
    c->fd = -1;
    l->n_open--;
}

static void send_next(struct load *l, struct conn *c)
{
    char text[1024], body[160];
    if (l->is_ending || (l->n_calls_max && l->n_sent == l->n_calls_max))
        return;
    c->number = l->n_sent++;
    c->is_refund = c->number % 10 >= l->reads_in_10;
    c->amount = c->is_refund ? (l->amount ? l->amount : (int64_t)(1 + c->number % 97)) : 0;
    int n_body = snprintf(body, sizeof(body), "charge=ch_crash&amount=%lld&currency=usd", (long long)c->amount);
    int n = c->is_refund
                ? snprintf(text, sizeof(text),
                           "POST /stripe/v1/refunds HTTP/1.1\r\nhost: l\r\nauthorization: Bearer %s\r\n"
                           "idempotency-key: %s-%llu\r\ncontent-type: application/x-www-form-urlencoded\r\n"
                           "content-length: %d\r\n\r\n%s",
                           l->key, l->prefix, (unsigned long long)c->number, n_body, body)
                : snprintf(text, sizeof(text),
                           "GET /stripe/v1/balance HTTP/1.1\r\nhost: l\r\nauthorization: Bearer %s\r\n\r\n", l->key);
    c->is_busy = true;
    c->sent_ns = now_ns();
    if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
        conn_end(l, c);
}

/* A field's value or "-". */
static void field(const char *head, const char *name, char *ret, size_t max)
{
    size_t n = strlen(name), used = 0;
    snprintf(ret, max, "-");
    for (const char *p = strstr(head, "\r\n"); p && p[2] && p[2] != '\r'; p = strstr(p + 2, "\r\n")) {
        if (strncasecmp(p + 2, name, n) != 0 || p[2 + n] != ':')
            continue;
        for (p += 3 + n; *p == ' '; p++)
            ;
        while (*p && *p != '\r' && used < max - 1)
            ret[used++] = *p++;
        ret[used] = 0;
        return;
    }
}

/* True when the whole answer is there, and was noted. */
static bool answer_read(struct load *l, struct conn *c)
{
    char length[24], code[48], call[64];
    c->in[c->n_in] = 0;
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end)
        return false;
    field(c->in, "content-length", length, sizeof(length));
    if (length[0] == '-' && strstr(c->in, "chunked")) {
        if (!strstr(end + 4 - 2, "\r\n0\r\n\r\n"))
            return false;
    } else if ((size_t)(end + 4 - c->in) + strtoul(length, NULL, 10) > c->n_in) {
        return false;
    }
    field(c->in, "x-flyball-code", code, sizeof(code));
    field(c->in, "x-flyball-call-id", call, sizeof(call));
    int status = atoi(c->in + 9);
    note(l, c, status, code, call);
    c->n_refused += status == 401 || status == 403;
    l->n_answered++;
    c->n_in = 0;
    return true;
}

static void on_readable(struct load *l, struct conn *c)
{
    ssize_t n = recv(c->fd, c->in + c->n_in, ANSWER_BYTES_MAX - c->n_in, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_end(l, c);
        return;
    }
    c->n_in += (size_t)n;
    if (!c->is_busy || !answer_read(l, c))
        return;
    if (l->n_refusals_max && c->n_refused >= l->n_refusals_max)
        l->n_over++;
    else
        send_next(l, c);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

static void connect_all(struct load *l)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)l->port)};
    int one = 1;
    l->conns = calloc((size_t)l->n_conns, sizeof(*l->conns));
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < l->n_conns; i++) {
        struct conn *c = &l->conns[i];
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        c->i = i;
        c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(c->fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
            close(c->fd);
            c->fd = -1;
            continue; /* the daemon may be gone already */
        }
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) < 0)
            fail("epoll_ctl");
        l->n_open++;
    }
    for (int i = 0; i < l->n_conns; i++)
        if (l->conns[i].fd >= 0)
            send_next(l, &l->conns[i]);
}

static bool is_idle(const struct load *l)
{
    for (int i = 0; i < l->n_conns; i++)
        if (l->conns[i].fd >= 0 && l->conns[i].is_busy)
            return false;
    return true;
}

static void run(struct load *l)
{
    struct epoll_event events[256];
    int64_t end_ns = l->ms ? now_ns() + l->ms * 1000000 : INT64_MAX;
    while (l->n_open > 0) {
        bool is_over = now_ns() >= end_ns || was_told_to_end || l->n_over == l->n_conns ||
                       (l->n_calls_max && l->n_sent == l->n_calls_max);
        if (is_over && !l->is_ending) {
            l->is_ending = true;
            end_ns = now_ns() + l->wait_ms * 1000000;
        } else if (l->is_ending && now_ns() >= end_ns) {
            break;
        }
        if (l->is_ending && is_idle(l))
            break;
        int n = epoll_wait(l->epoll, events, 256, 10);
        for (int i = 0; i < n; i++)
            on_readable(l, events[i].data.ptr);
    }
    for (int i = 0; i < l->n_conns; i++)
        if (l->conns[i].fd >= 0)
            conn_end(l, &l->conns[i]);
}

static void options(struct load *l, int argc, char **argv)
{
    static const struct option known[] = {
        {"port", 1, NULL, 'p'}, {"key", 1, NULL, 'k'}, {"prefix", 1, NULL, 'x'}, {"log", 1, NULL, 'l'},
        {"ms", 1, NULL, 'm'}, {"connections", 1, NULL, 'c'}, {"calls", 1, NULL, 'n'}, {"reads-in-10", 1, NULL, 'r'},
        {"amount", 1, NULL, 'a'}, {"wait-ms", 1, NULL, 'w'}, {"refusals", 1, NULL, 'f'}, {NULL, 0, NULL, 0},
    };
    int c;
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'p': l->port = atoi(optarg); break;
        case 'k': l->key = optarg; break;
        case 'x': l->prefix = optarg; break;
        case 'm': l->ms = atoll(optarg); break;
        case 'c': l->n_conns = atoi(optarg); break;
        case 'n': l->n_calls_max = strtoull(optarg, NULL, 10); break;
        case 'r': l->reads_in_10 = strtoull(optarg, NULL, 10); break;
        case 'a': l->amount = atoll(optarg); break;
        case 'f': l->n_refusals_max = atoi(optarg); break;
        case 'w': l->wait_ms = atoll(optarg); break;
        case 'l':
            if (!(l->log = fopen(optarg, "ae")))
                fail(optarg);
            break;
        default:
            exit(2);
        }
    }
    if (!l->port || !l->key || !l->log) {
        fprintf(stderr, "load --port P --key KEY --log FILE [--prefix X] [--connections N] [--ms T] [--calls N] "
                        "[--reads-in-10 N] [--amount A] [--wait-ms T] [--refusals N]\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct load l = {.prefix = "k", .n_conns = 8, .wait_ms = 1000};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_term);
    options(&l, argc, argv);
    connect_all(&l);
    run(&l);
    if (fclose(l.log) != 0)
        fail("cannot write the log");
    free(l.conns);
    printf("%llu sent, %llu answered\n", (unsigned long long)l.n_sent, (unsigned long long)l.n_answered);
    return 0;
}
