/*
 * tests/fuzz/fuzz_redact.c - texts, bodies and streams of events: the first byte says in which pieces. Pieces give what
 * the whole gives, JSON stays JSON, and what a detector kind found whole is in no output of the same set.
 */
#include "base/err.h"
#include "codec/json_read.h"
#include "expr/regex.h"
#include "fuzz.h"
#include "redact/redact_body.h"
#include "redact/redact_events.h"

#define DEPTH_MAX 100

static void fill(struct redact_set *s, struct arena *a)
{
    const struct regex *r;
    const char *why;
    size_t at;
    *s = (struct redact_set){.n = 0};
    for (enum redact_kind k = 0; k < REDACT_KINDS; k++)
        fuzz_check(redact_set_add(s, k, NULL, STR("*")));
    fuzz_check(regex_compile(a, STR("\\bT[0-9]{2,5}\\b"), &r, &why, &at) == 0);
    fuzz_check(redact_set_add(s, REDACT_KINDS, r, STR("*")));
}

static void check_stream(const struct redact_set *s, struct str text, size_t piece)
{
    struct redact_stream r;
    struct buf whole, cut;
    size_t n_found = 0;
    bool is_held = false;
    buf_init(&whole, 1 << 24);
    buf_init(&cut, 1 << 24);
    redact_stream_init(&r, s);
    for (size_t at = 0; at < text.n; at += piece) {
        fuzz_check(redact_stream_add(&r, str_sub(text, at, piece), &cut, &n_found) == 0);
        fuzz_check(r.held.n <= REDACT_HOLD_BYTES_MAX);
        is_held |= r.held.n > REDACT_HOLD_BYTES_MAX / 2; /* a chain may have been given up */
    }
    fuzz_check(redact_stream_end(&r, &cut, &n_found) == 0);
    redact_stream_deinit(&r);
    fuzz_check(redact_text(s, text, &whole, &n_found) == 0);
    fuzz_check(is_held || str_eq(buf_str(&whole), buf_str(&cut)));
    buf_deinit(&whole);
    buf_deinit(&cut);
}

static void check_bodies(const struct redact_set *s, struct str text, struct arena *a)
{
    struct buf out;
    struct json before, after;
    size_t n_found = 0;
    buf_init(&out, 1 << 24);
    bool is_json = json_parse(a, text, DEPTH_MAX, &before) == 0;
    int r = redact_body(s, REDACT_JSON, text, &out, &n_found);
    fuzz_check(r == 0 || r == -ERR_INVALID);
    fuzz_check(!is_json || (r == 0 && json_parse(a, buf_str(&out), DEPTH_MAX, &after) == 0));
    fuzz_check(r < 0 || n_found || str_eq(buf_str(&out), text));
    buf_reset(&out);
    n_found = 0;
    fuzz_check(redact_body(s, REDACT_URLENCODED, text, &out, &n_found) == 0);
    fuzz_check(n_found || str_eq(buf_str(&out), text));
    buf_deinit(&out);
}

static int run_events(const struct redact_set *s, struct str text, size_t piece, struct buf *out)
{
    struct redact_events *e = redact_events_new(s, 1 << 20);
    int r = 0;
    for (size_t at = 0; r == 0 && at < text.n; at += piece)
        r = redact_events_add(e, str_sub(text, at, piece), out);
    if (r == 0)
        r = redact_events_end(e, out);
    redact_events_free(e);
    return r;
}

static void check_events(const struct redact_set *s, struct str text, size_t piece)
{
    struct buf whole, cut;
    buf_init(&whole, 1 << 24);
    buf_init(&cut, 1 << 24);
    int r = run_events(s, text, text.n + 1, &whole);
    fuzz_check(run_events(s, text, piece, &cut) == r);
    fuzz_check(r == -ERR_INVALID || r == -ERR_TOO_LARGE || (r == 0 && str_eq(buf_str(&whole), buf_str(&cut))));
    buf_deinit(&whole);
    buf_deinit(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct redact_set s;
    struct arena a;
    if (n == 0)
        return 0;
    size_t piece = 1 + data[0] % 31;
    struct str text = str_sub(fuzz_str(data + 1, n - 1), 0, 20000);
    arena_init(&a, 16 << 20);
    fill(&s, &a);
    check_stream(&s, text, piece);
    check_bodies(&s, text, &a);
    check_events(&s, text, piece);
    arena_deinit(&a);
    return 0;
}
