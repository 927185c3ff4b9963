/*
 * bench/redact.c - how fast the redactor is by itself: texts as they are written, of 1 KB and 150 KB, with nothing to
 * find and with something once in some 200 bytes; as plain text, as a string in JSON, and as a stream in pieces. Prints
 * MB of input a second, the median of ROUNDS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "redact/redact_body.h"

#define ROUNDS 21
#define BYTES_A_ROUND (4u << 20)
#define PIECE_BYTES 1400
#define N(table) (sizeof(table) / sizeof((table)[0]))

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Words that differ, and numbers among them. */
static void write_text(struct buf *out, size_t n, bool has_finds, const char *before, const char *after)
{
    buf_reset(out);
    buf_add_c(out, before);
    for (size_t i = 0; buf_str(out).n < n; i++) {
        buf_printf(out, "word%zu ", i * 7 % 7919);
        if (has_finds && i % 24 == 23)
            buf_add_c(out, i % 48 == 23 ? "ann.miller@acme.example " : "4242 4242 4242 4242 ");
    }
    buf_add_c(out, after);
}

static int as_text(const struct redact_set *s, struct str text, struct buf *out, size_t *n_found)
{
    return redact_text(s, text, out, n_found);
}

static int as_json(const struct redact_set *s, struct str text, struct buf *out, size_t *n_found)
{
    return redact_body(s, REDACT_JSON, text, out, n_found);
}

static int as_stream(const struct redact_set *s, struct str text, struct buf *out, size_t *n_found)
{
    struct redact_stream r;
    int e = 0;
    redact_stream_init(&r, s);
    for (size_t at = 0; e == 0 && at < text.n; at += PIECE_BYTES)
        e = redact_stream_add(&r, str_sub(text, at, PIECE_BYTES), out, n_found);
    if (e == 0)
        e = redact_stream_end(&r, out, n_found);
    redact_stream_deinit(&r);
    return e;
}

static const struct {
    const char *name, *before, *after;
    int (*redact)(const struct redact_set *s, struct str text, struct buf *out, size_t *n_found);
} ways[] = {{"text", "", "", as_text},
            {"JSON", "{\"messages\":[{\"role\":\"user\",\"content\":\"", "\"}]}", as_json},
            {"stream", "", "", as_stream}};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* MB a second. */
static double measure(const struct redact_set *s, size_t i_way, struct str text, bool has_finds, struct buf *out)
{
    double rates[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        size_t n = BYTES_A_ROUND / text.n, n_found = 0;
        int64_t start = now_ns();
        for (size_t k = 0; k < n; k++) {
            buf_reset(out);
            if (ways[i_way].redact(s, text, out, &n_found) < 0)
                exit(2);
        }
        rates[i] = (double)(n * text.n) * 1e3 / (double)(now_ns() - start);
        if (has_finds != (n_found > 0))
            exit(2);
    }
    qsort(rates, ROUNDS, sizeof rates[0], by_size);
    return rates[ROUNDS / 2];
}

int main(void)
{
    static const size_t sizes[] = {1024, 150 * 1024};
    struct redact_set set = {.n = 0};
    struct buf text, out;
    buf_init(&text, 1 << 20);
    buf_init(&out, 1 << 20);
    for (enum redact_kind k = 0; k < REDACT_KINDS; k++)
        if (!redact_set_add(&set, k, NULL, STR("[gone]")))
            return 2;
    printf("%-8s %8s %18s %18s\n", "", "bytes", "nothing, MB/s", "finds, MB/s");
    for (size_t i = 0; i < N(ways); i++) {
        for (size_t j = 0; j < N(sizes); j++) {
            double rates[2];
            for (int has_finds = 0; has_finds < 2; has_finds++) {
                write_text(&text, sizes[j], has_finds, ways[i].before, ways[i].after);
                rates[has_finds] = measure(&set, i, buf_str(&text), has_finds, &out);
            }
            printf("%-8s %8zu %18.1f %18.1f\n", ways[i].name, sizes[j], rates[0], rates[1]);
        }
    }
    buf_deinit(&text);
    buf_deinit(&out);
    return 0;
}
