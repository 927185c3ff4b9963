/*
 * store/feed.c - see feed.h. Filters are those of lists, on the row as the feed shows it.
 */
#include "store/feed.h"

#include "base/err.h"
#include "store/call_row.h"
#include "store/render.h"

#include <string.h>

#define FRAMES_AT_ONCE 4096 /* a filter that fits nothing must not walk through all of history in one turn */

void feed_rows_init(struct feed_rows *f, struct arena *a, const struct query *q, struct json_writer *w,
               const struct feed_source *from)
{
    *f = (struct feed_rows){.arena = a,
                       .q = q,
                       .w = w,
                       .from = from,
                       .frames_left = FRAMES_AT_ONCE,
                       .rows_left = query_rows(q),
                       .seq = q->after_seq};
}

static void row_begin(struct feed_rows *f, const char *kind)
{
    jw_object(f->w);
    jw_put_i64(f->w, STR("seq"), (int64_t)f->seq);
    jw_put_str(f->w, STR("kind"), str_c(kind));
}

static void row_end(struct feed_rows *f)
{
    jw_object_end(f->w);
    f->rows_left--;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

/* The counters that the call changes: who watches is told how they stand. */
static void put_counters(struct feed_rows *f, const struct call_open *o)
{
    jw_key(f->w, STR("counters"));
    jw_array(f->w);
    for (size_t i = 0; i < o->n_holds; i++) {
        jw_object(f->w);
        jw_put_str(f->w, STR("counter"), o->holds[i].counter);
        jw_put_str(f->w, STR("bucket"), o->holds[i].bucket);
        jw_put_i64(f->w, STR("max"), o->holds[i].max);
        jw_object_end(f->w);
    }
    jw_array_end(f->w);
}

/* `close`: the first one, NULL: none yet; `last`: a later one. */
static struct call_texts texts_of(const struct frame *open, const struct frame *close, const struct frame *last)
{
    struct call_texts t = {.open_seq = open->seq, .open = open->body, .open_personal = open->personal};
    memcpy(t.chain, open->chain, CHAIN_BYTES);
    if (close) {
        t.close_seq = close->seq;
        t.close = close->body;
        t.close_personal = close->personal;
    }
    if (last) {
        t.last_seq = last->seq;
        t.last = last->body;
        t.last_personal = last->personal;
    }
    return t;
}

static int put_call(struct feed_rows *f, const struct frame *open, const struct frame *close, const struct frame *last)
{
    struct call_texts t = texts_of(open, close, last);
    struct call_row row;
    struct call_open o;
    int r = call_row_of(f->arena, &t, &row);
    if (r < 0 || !call_row_fits(f->q, &row))
        return r;
    r = frame_read_open(f->arena, open, &o);
    if (r < 0)
        return r;
    row_begin(f, "call");
    put_counters(f, &o);
    jw_key(f->w, STR("row"));
    r = render_call(f->arena, f->w, &t, false);
    row_end(f);
    return r;
}

static int put_close(struct feed_rows *f, const struct frame *frame)
{
    struct frame open, first;
    struct call_close c;
    uint64_t first_seq = frame->seq;
    int r = frame_read_close(f->arena, frame, &c);
    if (r == 0)
        r = f->from->frame(f->from->ctx, c.open_seq, &open);
    if (r == 0)
        r = f->from->first_close(f->from->ctx, c.open_seq, &first_seq);
    if (r < 0 || first_seq == frame->seq)
        return r < 0 ? r : put_call(f, &open, frame, NULL);
    r = f->from->frame(f->from->ctx, first_seq, &first);
    return r < 0 ? r : put_call(f, &open, &first, frame);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

/* Who asks for certain calls is not told of events; a tenant's are those that name it. */
static bool wants_events(const struct query *q)
{
    return !(q->run.n || q->agent.n || q->key.n || q->vendor.n || q->model.n || q->operation.n || q->verdict.n ||
             q->outcome.n || q->class.n || q->code.n || q->min_usd || query_needs_frames(q));
}

static int put_event(struct feed_rows *f, const struct frame *frame)
{
    struct event_row e;
    int r = frame_read_event(f->arena, frame, &e);
    if (r < 0 || !wants_events(f->q) || !event_row_fits(f->q, &e))
        return r;
    row_begin(f, "event");
    jw_key(f->w, STR("row"));
    r = render_event(f->arena, f->w, frame->seq, frame->at, frame->body, frame->personal);
    row_end(f);
    return r;
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

int feed_rows_add(struct feed_rows *f, const struct frame *frame)
{
    if (f->frames_left == 0 || f->rows_left == 0)
        return FEED_R_FULL;
    arena_reset(f->arena);
    f->frames_left--;
    f->seq = frame->seq;
    switch (frame->kind) {
    case FRAME_OPEN:
        return put_call(f, frame, NULL, NULL);
    case FRAME_CLOSE:
        return put_close(f, frame);
    default:
        return put_event(f, frame);
    }
}

void feed_rows_end(struct feed_rows *f)
{
    jw_object(f->w);
    jw_put_i64(f->w, STR("seq"), (int64_t)f->seq);
    jw_put_str(f->w, STR("kind"), STR("end"));
    jw_object_end(f->w);
}
