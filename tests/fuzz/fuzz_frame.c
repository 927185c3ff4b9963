/*
 * tests/fuzz/fuzz_frame.c - a frame of any bytes, as stores read it: rows or an error, and what a row says is what a
 * strict reader of the same text finds there.
 *
 * Byte 0: the kind of frame. Then its body, and behind a NUL its personal text.
 */
#include <string.h>

#include "base/err.h"
#include "fuzz.h"
#include "store/frame_read.h"
#include "store/limit_read.h"

#define SEQ 1000

static bool is_plain(struct str s) { return !s.n || !memchr(s.p, '\\', s.n); }

/* Of a name that stands there twice, readers may find one or the other. */
static bool is_once(struct json object, struct str name)
{
    struct str key;
    struct json v;
    size_t n = 0;
    for (struct json_iter it = json_each(object); json_next(&it, &key, &v);)
        n += str_eq(key, name);
    return n <= 1;
}

/* Read once more beside what it holds itself, it says the same. */
static void check_again(struct arena *a, const struct frame *f, const struct call_open *o)
{
    struct call_open again;
    fuzz_check(frame_read_open_like(a, f, o->holds, o->n_holds, &again) == 0);
    fuzz_check(again.n_holds == o->n_holds && again.n_limits == o->n_limits);
    for (size_t i = 0; i < o->n_holds; i++) {
        const struct hold_row *h = &o->holds[i], *g = &again.holds[i];
        fuzz_check(h->i == g->i && h->window_start == g->window_start && h->n == g->n && h->max == g->max);
        fuzz_check(str_eq(h->counter, g->counter) && str_eq(h->bucket, g->bucket) && str_eq(h->meter, g->meter) &&
                   str_eq(h->window, g->window) && str_eq(h->begin, g->begin));
    }
}

static void check_open(struct arena *a, const struct frame *f)
{
    struct call_open o;
    struct json body, personal;
    if (frame_read_open(a, f, &o) < 0)
        return;
    check_again(a, f, &o);
    bool is_json = frame_parse(a, f->body, &body) == 0 && frame_parse(a, f->personal, &personal) == 0;
    struct json limits = is_json ? json_get(body, STR("limits")) : JSON_ABSENT;
    fuzz_check(o.n_holds <= o.n_limits && o.call_id.n > 0 && o.verdict.n > 0);
    for (size_t i = 0; i < o.n_holds; i++) {
        const struct hold_row *h = &o.holds[i];
        fuzz_check(h->i < o.n_limits && (i == 0 || h->i > h[-1].i) && h->n >= 0);
        if (!is_json || !is_plain(f->body) || !is_once(body, STR("limits")) || !is_once(personal, STR("buckets")))
            continue;
        struct limit_read l = limit_read(json_at(limits, h->i));
        fuzz_check(str_eq(l.counter, h->counter) && str_eq(l.name.window, h->window));
        fuzz_check(l.window_start == h->window_start && l.n == h->n && l.max == h->max);
        fuzz_check(str_eq(limit_bucket(json_get(personal, STR("buckets")), h->i), h->bucket));
    }
}

static void check_close(struct arena *a, const struct frame *f)
{
    struct call_close c;
    if (frame_read_close(a, f, &c) < 0)
        return;
    fuzz_check(c.open_seq > 0 && c.open_seq < SEQ && c.outcome.n > 0);
    for (size_t i = 0; i < c.n_moves; i++) {
        const struct move_row *m = &c.moves[i];
        fuzz_check(m->of > 0 && m->of < SEQ && m->i < f->body.n && (m->released || m->settled));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct event_row e;
    if (n < 1 || n > 65536)
        return 0;
    struct str body = fuzz_str(data + 1, n - 1), personal = STR_NONE;
    (void)str_cut(body, 0, &body, &personal);
    struct frame f = {.kind = FRAME_OPEN + data[0] % 3, .seq = SEQ, .body = body, .personal = personal};
    arena_init(&a, 16 << 20);
    if (f.kind == FRAME_OPEN)
        check_open(&a, &f);
    else if (f.kind == FRAME_CLOSE)
        check_close(&a, &f);
    else
        (void)frame_read_event(&a, &f, &e); /* any answer will do */
    arena_deinit(&a);
    return 0;
}
