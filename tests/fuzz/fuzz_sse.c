/*
 * tests/fuzz/fuzz_sse.c - server-sent events: whatever the first byte makes of cuts and maximum, every byte comes out
 * once and in order, events stand one behind the other, and they are those of the uncut stream.
 */
#include "codec/sse.h"
#include "fuzz.h"

#define SUM_START 14695981039346656037ULL

struct walk {
    uint64_t sum; /* of all that was read off whole events, and where each event stood */
    uint64_t at;  /* bytes that came out */
    uint64_t next; /* where the next event must begin */
};

static void mix(struct walk *w, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        w->sum = (w->sum ^ (uint8_t)s.p[i]) * 1099511628211ULL;
    w->sum = (w->sum ^ s.n) * 1099511628211ULL;
}

static void see(struct walk *w, const struct sse_event *e, bool is_part, struct str in)
{
    fuzz_check(e->at == w->next && e->raw.n <= in.n - w->at);
    fuzz_check(str_eq(e->raw, str_sub(in, w->at, e->raw.n)));
    w->at += e->raw.n;
    if (is_part && !e->is_end)
        return;
    fuzz_check(e->at + e->n == w->at);
    w->next = w->at;
    mix(w, (struct str){(const char *)&e->n, sizeof(e->n)});
    mix(w, e->event);
    mix(w, e->data);
    mix(w, e->id);
    mix(w, (struct str){(const char *)&e->retry_ms, sizeof(e->retry_ms)});
}

static uint64_t read_cut(struct str in, size_t max, size_t piece_bytes)
{
    struct walk w = {.sum = SUM_START};
    struct sse s;
    struct sse_event e;
    sse_init(&s, max);
    for (size_t at = 0; at < in.n; at += piece_bytes) {
        struct str piece = str_sub(in, at, piece_bytes);
        for (enum sse_result r; (r = sse_next(&s, &piece, &e)) != SSE_MORE;)
            see(&w, &e, r == SSE_PART, in);
        fuzz_check(piece.n == 0 && s.held.cap <= max && s.data.cap <= max);
    }
    if (sse_rest(&s, &e))
        see(&w, &e, false, in);
    fuzz_check(w.at == in.n || sse_is_open(&s));
    sse_deinit(&s);
    return w.sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    struct str in = fuzz_str(data + 2, n - 2);
    size_t max = (size_t)data[1] + 1;
    uint64_t whole = read_cut(in, max, in.n + 1);
    fuzz_check(read_cut(in, max, 1) == whole);
    fuzz_check(read_cut(in, max, (size_t)data[0] + 1) == whole);
    return 0;
}
