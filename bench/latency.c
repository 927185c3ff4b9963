/*
 * bench/latency.c - time of one request at a time, in nanoseconds, over one kept connection a target.
 *
 *   latency [-n REQUESTS] [-w WARM_UP] [-X METHOD] [-d BODY] [-H HEADER]... NAME=HOST:PORT/PATH...
 *
 * The targets are asked in turn, in blocks, so that what disturbs the machine disturbs all of them. "%u" in a header or
 * the body becomes a number that no other request of any run has. Prints one JSON object: quantiles for each target.
 * Answers must have a Content-Length and status 2xx; anything else ends the program with status 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TARGETS_MAX 8
#define HEADERS_MAX 16
#define BLOCK 50
#define MESSAGE_BYTES_MAX 65536

struct target {
    const char *name;
    const char *path;
    char host[64];
    int port;
    int fd;
    int64_t *ns;
};

struct options {
    long n, n_warm_up;
    const char *method, *body;
    const char *headers[HEADERS_MAX];
    size_t n_headers;
    uint64_t unique;
};

static void die(const char *what, const char *name)
{
    fprintf(stderr, "latency: %s: %s\n", name, what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void target_parse(struct target *t, char *arg)
{
    char *address = strchr(arg, '='), *colon, *path;
    if (!address)
        die("not NAME=HOST:PORT/PATH", arg);
    *address++ = 0;
    t->name = arg;
    colon = strchr(address, ':');
    path = strchr(address, '/');
    if (!colon || !path || path < colon || (size_t)(colon - address) >= sizeof(t->host))
        die("not NAME=HOST:PORT/PATH", arg);
    memcpy(t->host, address, (size_t)(colon - address));
    t->port = atoi(colon + 1);
    t->path = path;
}

static void target_connect(struct target *t)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)t->port)};
    int on = 1;

    t->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (t->fd < 0 || inet_pton(AF_INET, t->host, &a.sin_addr) != 1)
        die("not an IPv4 address", t->name);
    if (connect(t->fd, (struct sockaddr *)&a, sizeof(a)) < 0)
        die(strerror(errno), t->name);
    setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Appends `s`, each "%u" in it as the number. */
static size_t put(char *out, size_t at, const char *s, uint64_t unique)
{
    while (*s && at < MESSAGE_BYTES_MAX - 32) {
        if (s[0] == '%' && s[1] == 'u') {
            at += (size_t)sprintf(out + at, "%llu", (unsigned long long)unique);
            s += 2;
        } else {
            out[at++] = *s++;
        }
    }
    return at;
}

static size_t request_build(const struct target *t, const struct options *o, char *out)
{
    char body[4096];
    size_t n_body = o->body ? put(body, 0, o->body, o->unique) : 0;
    size_t n = (size_t)snprintf(out, MESSAGE_BYTES_MAX, "%s %s HTTP/1.1\r\nHost: %s:%d\r\n", o->method, t->path,
                                t->host, t->port);

    for (size_t i = 0; i < o->n_headers; i++) {
        n = put(out, n, o->headers[i], o->unique);
        n = put(out, n, "\r\n", 0);
    }
    if (o->body)
        n += (size_t)snprintf(out + n, MESSAGE_BYTES_MAX - n, "Content-Length: %zu\r\n", n_body);
    n = put(out, n, "\r\n", 0);
    if (n + n_body > MESSAGE_BYTES_MAX)
        die("request too large", t->name);
    memcpy(out + n, body, n_body);
    return n + n_body;
}

static void write_all(const struct target *t, const char *p, size_t n)
{
    while (n) {
        ssize_t w = write(t->fd, p, n);
        if (w <= 0)
            die("connection lost while writing", t->name);
        p += w;
        n -= (size_t)w;
    }
}

/* The whole length of the answer whose head is complete in `p`; checks its status. */
static size_t answer_bytes(const struct target *t, const char *p, const char *head_end)
{
    const char *field = strcasestr(p, "\r\ncontent-length:");
    if (strncmp(p, "HTTP/1.1 2", 10))
        die(p, t->name);
    if (!field || field > head_end)
        die("answer without Content-Length", t->name);
    return (size_t)(head_end - p) + 4 + (size_t)atol(field + 17);
}

static void read_answer(const struct target *t, char *in)
{
    size_t n = 0, n_all = 0;
    while (!n_all || n < n_all) {
        ssize_t r = read(t->fd, in + n, MESSAGE_BYTES_MAX - 1 - n);
        if (r <= 0)
            die("connection lost while reading", t->name);
        n += (size_t)r;
        in[n] = 0;
        if (!n_all) {
            const char *end = strstr(in, "\r\n\r\n");
            if (end)
                n_all = answer_bytes(t, in, end);
        }
        if (n == MESSAGE_BYTES_MAX - 1)
            die("answer too large", t->name);
    }
}

static int64_t ask(const struct target *t, struct options *o)
{
    static char out[MESSAGE_BYTES_MAX], in[MESSAGE_BYTES_MAX];
    size_t n;
    int64_t start;

    o->unique++;
    n = request_build(t, o, out);
    start = now_ns();
    write_all(t, out, n);
    read_answer(t, in);
    return now_ns() - start;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void report(struct target *targets, size_t n_targets, const struct options *o)
{
    printf("{\"n\":%ld", o->n);
    for (size_t i = 0; i < n_targets; i++) {
        int64_t *ns = targets[i].ns;
        qsort(ns, (size_t)o->n, sizeof(*ns), compare);
        printf(",\"%s\":{\"p50_ns\":%lld,\"p90_ns\":%lld,\"p99_ns\":%lld,\"max_ns\":%lld}", targets[i].name,
               (long long)ns[o->n / 2], (long long)ns[o->n * 9 / 10], (long long)ns[o->n * 99 / 100],
               (long long)ns[o->n - 1]);
    }
    printf("}\n");
}

static void options_parse(struct options *o, int argc, char **argv)
{
    int c;
    while ((c = getopt(argc, argv, "n:w:X:d:H:")) != -1) {
        if (c == 'n')
            o->n = atol(optarg);
        else if (c == 'w')
            o->n_warm_up = atol(optarg);
        else if (c == 'X')
            o->method = optarg;
        else if (c == 'd')
            o->body = optarg;
        else if (c == 'H' && o->n_headers < HEADERS_MAX)
            o->headers[o->n_headers++] = optarg;
        else
            exit(2);
    }
    if (o->n < 1 || argc - optind < 1 || argc - optind > TARGETS_MAX) {
        fprintf(stderr, "usage: latency [-n N] [-w N] [-X METHOD] [-d BODY] [-H HEADER]... NAME=HOST:PORT/PATH...\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct options o = {.n = 10000, .n_warm_up = 500, .method = "GET"};
    struct target targets[TARGETS_MAX] = {0};
    size_t n_targets;

    options_parse(&o, argc, argv);
    o.unique = (uint64_t)now_ns() / 1000 * 1000000;
    n_targets = (size_t)(argc - optind);
    for (size_t i = 0; i < n_targets; i++) {
        target_parse(&targets[i], argv[optind + (int)i]);
        target_connect(&targets[i]);
        targets[i].ns = calloc((size_t)o.n, sizeof(int64_t));
        if (!targets[i].ns)
            die("out of memory", targets[i].name);
        for (long k = 0; k < o.n_warm_up; k++)
            ask(&targets[i], &o);
    }
    for (long from = 0; from < o.n; from += BLOCK)
        for (size_t i = 0; i < n_targets; i++)
            for (long k = from; k < from + BLOCK && k < o.n; k++)
                targets[i].ns[k] = ask(&targets[i], &o);
    report(targets, n_targets, &o);
    for (size_t i = 0; i < n_targets; i++) {
        close(targets[i].fd);
        free(targets[i].ns);
    }
    return 0;
}
