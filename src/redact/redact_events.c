/*
 * redact/redact_events.c - the pieces of each text of a stream, joined, redacted, and put back into events.
 *
 * A text is known by the names on the way to its pieces and the indexes beside them, because a piece itself does not
 * say what it belongs to.
 */
#include "redact/redact_events.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/list.h"
#include "codec/json_write.h"
#include "codec/sse.h"
#include "redact/leaves.h"
#include "redact/redact_body.h"

#define TEXTS_MAX 256         /* open at once */
#define TEXT_NAME_BYTES 200
#define SLOT_BYTES 24         /* an index, as it stands in the text */
#define INDEXES_MAX 64        /* of one event */
#define N(table) (sizeof(table) / sizeof((table)[0]))

/* One text that comes in pieces. */
struct text {
    struct list node;
    char name[TEXT_NAME_BYTES];
    size_t name_n;
    char slot[SLOT_BYTES]; /* the outermost index: its choice, block or output */
    size_t slot_n;
    struct redact_stream stream;
    struct buf event; /* what it came with last, while something is kept back: type, a line feed, data */
};

struct redact_events {
    const struct redact_set *set;
    struct sse sse;
    struct buf scratch, piece, data;
    struct list texts;
    size_t n_texts, n_found, event_bytes_max;
};

struct redact_events *redact_events_new(const struct redact_set *s, size_t event_bytes_max)
{
    struct redact_events *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->set = s;
    e->event_bytes_max = event_bytes_max;
    sse_init(&e->sse, event_bytes_max);
    buf_init(&e->scratch, event_bytes_max + 1);
    buf_init(&e->piece, 2 * event_bytes_max + REDACT_HOLD_BYTES_MAX);
    buf_init(&e->data, 8 * event_bytes_max + 8 * REDACT_HOLD_BYTES_MAX);
    list_init(&e->texts);
    return e;
}

static void text_free(struct redact_events *e, struct text *t)
{
    list_remove(&t->node);
    redact_stream_deinit(&t->stream);
    buf_deinit(&t->event);
    free(t);
    e->n_texts--;
}

void redact_events_free(struct redact_events *e)
{
    if (!e)
        return;
    list_each_safe(n, tmp, &e->texts)
        text_free(e, list_entry(n, struct text, node));
    sse_deinit(&e->sse);
    buf_deinit(&e->scratch);
    buf_deinit(&e->piece);
    buf_deinit(&e->data);
    free(e);
}

size_t redact_events_found(const struct redact_events *e)
{
    return e->n_found;
}

/* --- what an event is about -------------------------------------------------------------------------------------- */

struct index {
    size_t of; /* place of the bracket of the object that has it */
    struct str value;
    bool is_slot; /* it says which choice, block or output */
};

/* What is read off an event before its pieces are. */
struct about {
    struct index indexes[INDEXES_MAX];
    size_t n;
    struct str type, slot; /* of the event itself; empty: it says none */
    struct index finished[INDEXES_MAX]; /* choices with a finish_reason */
    size_t n_finished;
};

static bool is_slot(struct str name)
{
    return str_eq(name, STR("index")) || str_eq(name, STR("output_index"));
}

static bool is_index(struct str name)
{
    return is_slot(name) || str_eq(name, STR("content_index")) || str_eq(name, STR("summary_index")) ||
           str_eq(name, STR("item_id"));
}

static int note(struct index *list, size_t *n, struct index what)
{
    if (*n == INDEXES_MAX)
        return err_trace(-ERR_INVALID);
    list[(*n)++] = what;
    return 0;
}

static int read_about(struct str data, struct about *ret)
{
    struct leaves l;
    struct leaf leaf;
    int r;
    *ret = (struct about){.n = 0};
    leaves_init(&l, data);
    while ((r = leaves_next(&l, &leaf)) == 1) {
        if (!l.depth)
            continue;
        struct str name = leaves_name(&l), value = str_sub(data, leaf.at, leaf.n);
        const struct index i = {l.levels[l.depth - 1].at, value, is_slot(name)};
        if (is_index(name) && leaf.kind != LEAF_WORD)
            r = note(ret->indexes, &ret->n, i);
        else if (str_eq(name, STR("finish_reason")) && leaf.kind == LEAF_STR)
            r = note(ret->finished, &ret->n_finished, i);
        if (l.depth == 1 && is_slot(name))
            ret->slot = value;
        if (l.depth == 1 && str_eq(name, STR("type")) && leaf.kind == LEAF_STR)
            ret->type = str_sub(value, 1, value.n - 2);
        if (r < 0)
            return err_trace(r);
    }
    return err_trace(r);
}

/* The slot that object says; empty: none. */
static struct str slot_in(const struct about *a, size_t of)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->indexes[i].of == of && a->indexes[i].is_slot)
            return a->indexes[i].value;
    return STR_NONE;
}

/* The outermost index on the way to where l is. */
static struct str slot_of(const struct about *a, const struct leaves *l)
{
    for (size_t i = 0; i < l->depth; i++) {
        struct str s = slot_in(a, l->levels[i].at);
        if (s.n)
            return s;
    }
    return STR_NONE;
}

/* A choice that ends in this event. */
static bool is_finished(const struct about *a, struct str slot)
{
    for (size_t i = 0; i < a->n_finished; i++)
        if (str_eq(slot_in(a, a->finished[i].of), slot))
            return true;
    return false;
}

/* Texts of that slot end with this event. */
static bool closes(const struct about *a, struct str slot)
{
    static const struct {
        struct str type;
        bool is_whole;
    } rows[] = {
#define CLOSING(type, is_whole) {STR_INIT(type), is_whole},
#include "redact/closing.tbl.h"
#undef CLOSING
    };
    for (size_t i = 0; i < N(rows); i++)
        if (str_eq(a->type, rows[i].type))
            return rows[i].is_whole || str_eq(a->slot, slot);
    return is_finished(a, slot);
}

/* --- texts ------------------------------------------------------------------------------------------------------- */

static bool is_piece(const struct leaves *l)
{
    static const struct str names[] = {
#define PIECE(name) STR_INIT(name),
#include "redact/piece.tbl.h"
#undef PIECE
    };
    bool is_below_delta = false, is_named = false;
    for (size_t i = 0; i < l->depth; i++)
        is_below_delta |= str_eq(l->levels[i].name, STR("delta"));
    for (size_t i = 0; i < N(names); i++)
        is_named |= str_eq(leaves_name(l), names[i]);
    return is_below_delta && is_named;
}

static bool add_name(struct text *t, struct str s)
{
    if (s.n + 1 > sizeof t->name - t->name_n)
        return false;
    if (s.n)
        memcpy(t->name + t->name_n, s.p, s.n);
    t->name_n += s.n;
    t->name[t->name_n++] = '/';
    return true;
}

/* Names and indexes on the way. False: longer than any that a vendor gives. */
static bool name_text(const struct about *a, const struct leaves *l, struct text *t)
{
    for (size_t i = 0; i < l->depth; i++) {
        if (!add_name(t, l->levels[i].name))
            return false;
        for (size_t k = 0; k < a->n; k++)
            if (a->indexes[k].of == l->levels[i].at && !add_name(t, a->indexes[k].value))
                return false;
    }
    struct str slot = slot_of(a, l);
    if (slot.n > sizeof t->slot)
        return false;
    if (slot.n)
        memcpy(t->slot, slot.p, slot.n);
    t->slot_n = slot.n;
    return true;
}

static struct text *text_find(struct redact_events *e, const struct text *like)
{
    list_each_safe(n, tmp, &e->texts) {
        struct text *t = list_entry(n, struct text, node);
        if (t->name_n == like->name_n && memcmp(t->name, like->name, like->name_n) == 0)
            return t;
    }
    return NULL;
}

/* The text whose piece l is at; NULL: more than a stream may have. */
static struct text *text_of(struct redact_events *e, const struct about *a, const struct leaves *l)
{
    struct text like = {.name_n = 0}, *t;
    if (!name_text(a, l, &like))
        return NULL;
    if ((t = text_find(e, &like)) || e->n_texts == TEXTS_MAX)
        return t;
    t = malloc(sizeof *t);
    if (!t)
        return NULL;
    *t = like;
    redact_stream_init(&t->stream, e->set);
    buf_init(&t->event, 2 * e->event_bytes_max);
    list_init(&t->node);
    list_add_tail(&e->texts, &t->node);
    e->n_texts++;
    return t;
}

/* --- events ------------------------------------------------------------------------------------------------------ */

static void put_line(struct buf *out, struct str name, struct str value)
{
    if (!value.n)
        return;
    (void)buf_add(out, name); /* buf_ok() at the end */
    (void)buf_add(out, value);
    (void)buf_add_byte(out, '\n');
}

static void put_event(struct buf *out, struct str type, struct str id, struct str data)
{
    struct str line, rest = data;
    put_line(out, STR("event: "), type);
    put_line(out, STR("id: "), id);
    while (str_cut(rest, '\n', &line, &rest))
        put_line(out, STR("data: "), line);
    put_line(out, STR("data: "), rest);
    (void)buf_add_byte(out, '\n');
}

/* What text t is to say in this event: more of it, all that is left of it, or nothing. */
static int say(struct redact_events *e, struct text *t, struct str quoted, bool is_last)
{
    buf_reset(&e->scratch);
    buf_reset(&e->piece);
    int r = leaf_text(quoted, &e->scratch);
    if (r == 0)
        r = redact_stream_add(&t->stream, buf_str(&e->scratch), &e->piece, &e->n_found);
    if (r == 0 && is_last)
        r = redact_stream_end(&t->stream, &e->piece, &e->n_found);
    return err_trace(r);
}

/* Remembers the event for what is kept back. */
static int keep_event(struct text *t, const struct sse_event *ev)
{
    buf_reset(&t->event);
    if (t->stream.held.n == 0)
        return 0;
    (void)buf_add(&t->event, ev->event); /* buf_ok() below */
    (void)buf_add_byte(&t->event, '\n');
    return err_trace(buf_add(&t->event, ev->data));
}

static int rewrite_piece(struct redact_events *e, const struct about *a, const struct sse_event *ev,
                         const struct leaves *l, struct str quoted)
{
    struct text *t = text_of(e, a, l);
    if (!t)
        return err_trace(-ERR_TOO_LARGE);
    size_t n_held = t->stream.held.n;
    int r = say(e, t, quoted, closes(a, (struct str){t->slot, t->slot_n}));
    if (r < 0)
        return err_trace(r);
    if (n_held == 0 && str_eq(buf_str(&e->piece), buf_str(&e->scratch)))
        r = buf_add(&e->data, quoted);
    else
        r = json_quote(&e->data, buf_str(&e->piece));
    return err_trace(r < 0 ? r : keep_event(t, ev));
}

/* An event that is written again: as it came, or (`rest`) with what is left of that text as its only piece. */
struct rewriting {
    const struct about *a;
    const struct sse_event *ev;
    struct str data;
    struct text *rest;
};

static int rewrite_rest(struct redact_events *e, const struct rewriting *w, const struct leaves *l)
{
    struct text like = {.name_n = 0};
    bool is_it = name_text(w->a, l, &like) && text_find(e, &like) == w->rest;
    return err_trace(json_quote(&e->data, is_it ? buf_str(&e->piece) : STR("")));
}

static int rewrite_leaf(struct redact_events *e, const struct rewriting *w, const struct leaves *l,
                        const struct leaf *leaf)
{
    struct str value = str_sub(w->data, leaf->at, leaf->n);
    bool is_text = leaf->kind == LEAF_STR;
    if (is_text && is_piece(l))
        return w->rest ? rewrite_rest(e, w, l) : rewrite_piece(e, w->a, w->ev, l, value);
    if (is_text)
        return redact_quoted(e->set, value, &e->scratch, &e->data, &e->n_found);
    return redact_body(e->set, REDACT_JSON, value, &e->data, &e->n_found);
}

/* The event's data as it may go on, into e->data. */
static int rewrite(struct redact_events *e, const struct rewriting *w)
{
    struct leaves l;
    struct leaf leaf;
    size_t done = 0, at, n;
    int r;
    buf_reset(&e->data);
    leaves_init(&l, w->data);
    while ((r = leaves_next_or(&l, STR("logprobs"), &leaf)) > 0) {
        bool is_words = r == 2; /* of the text, one by one */
        if (is_words && (r = leaves_skip(&l, &at, &n)) < 0)
            return err_trace(r);
        if (!is_words) {
            at = leaf.at;
            n = leaf.n;
        }
        (void)buf_add(&e->data, str_sub(w->data, done, at - done)); /* buf_ok() at the end */
        if (is_words)
            (void)buf_add(&e->data, w->data.p[at] == '[' ? STR("[]") : STR("null"));
        else if ((r = rewrite_leaf(e, w, &l, &leaf)) < 0)
            return err_trace(r);
        done = at + n;
    }
    (void)buf_add(&e->data, str_sub(w->data, done, SIZE_MAX));
    return err_trace(r < 0 ? r : buf_ok(&e->data));
}

/* An event with what is left of a text, made of the one that its last piece came with. */
static int put_rest(struct redact_events *e, struct text *t, struct buf *out)
{
    struct str type, data;
    struct about a;
    buf_reset(&e->piece);
    int r = redact_stream_end(&t->stream, &e->piece, &e->n_found);
    if (r < 0 || !e->piece.n)
        return err_trace(r);
    check(str_cut(buf_str(&t->event), '\n', &type, &data));
    if ((r = read_about(data, &a)) == 0)
        r = rewrite(e, &(struct rewriting){.a = &a, .data = data, .rest = t});
    if (r < 0)
        return err_trace(r);
    put_event(out, type, STR_NONE, buf_str(&e->data));
    return err_trace(buf_ok(out));
}

static bool has_piece_of(struct redact_events *e, const struct text *t, const struct about *a, struct str data)
{
    struct leaves l;
    struct leaf leaf;
    leaves_init(&l, data);
    while (leaves_next(&l, &leaf) == 1) {
        struct text like = {.name_n = 0};
        if (leaf.kind == LEAF_STR && is_piece(&l) && name_text(a, &l, &like) && text_find(e, &like) == t)
            return true;
    }
    return false;
}

/* Ends the texts that end with this event; those of which it has a piece end in it. `a` NULL: all of them. */
static int end_texts(struct redact_events *e, const struct about *a, struct str data, struct buf *out)
{
    list_each_safe(n, tmp, &e->texts) {
        struct text *t = list_entry(n, struct text, node);
        if (a && (!closes(a, (struct str){t->slot, t->slot_n}) || has_piece_of(e, t, a, data)))
            continue;
        int r = put_rest(e, t, out);
        if (r < 0)
            return err_trace(r);
        text_free(e, t);
    }
    return 0;
}

static int pass_json(struct redact_events *e, const struct sse_event *ev, struct buf *out)
{
    struct about a;
    int r = read_about(ev->data, &a);
    if (r == 0)
        r = end_texts(e, &a, ev->data, out);
    if (r == 0)
        r = rewrite(e, &(struct rewriting){.a = &a, .ev = ev, .data = ev->data});
    if (r < 0)
        return err_trace(r);
    struct str data = buf_str(&e->data);
    if (str_eq(data, ev->data) && !redact_finds(e->set, ev->raw))
        (void)buf_add(out, ev->raw); /* buf_ok() below */
    else
        put_event(out, ev->event, ev->id, data);
    return err_trace(buf_ok(out));
}

static int pass_event(struct redact_events *e, const struct sse_event *ev, struct buf *out)
{
    if (!ev->has_data) /* comments keep a connection open: what they say is of no use to anyone */
        return err_trace(redact_finds(e->set, ev->raw) ? 0 : buf_add(out, ev->raw));
    if (ev->data.n && (ev->data.p[0] == '{' || ev->data.p[0] == '['))
        if (!str_eq(ev->data, STR("[DONE]")))
            return pass_json(e, ev, out);
    int r = end_texts(e, NULL, STR_NONE, out);
    if (r == 0 && !redact_finds(e->set, ev->raw))
        return err_trace(buf_add(out, ev->raw));
    buf_reset(&e->data);
    if (r == 0)
        r = redact_text(e->set, ev->data, &e->data, &e->n_found);
    if (r == 0)
        put_event(out, ev->event, ev->id, buf_str(&e->data));
    return err_trace(r < 0 ? r : buf_ok(out));
}

int redact_events_add(struct redact_events *e, struct str bytes, struct buf *out)
{
    struct sse_event ev;
    for (;;) {
        enum sse_result is = sse_next(&e->sse, &bytes, &ev);
        if (is == SSE_MORE)
            return 0;
        if (is == SSE_PART)
            return err_trace(-ERR_TOO_LARGE);
        int r = pass_event(e, &ev, out);
        if (r < 0)
            return err_trace(r);
    }
}

int redact_events_end(struct redact_events *e, struct buf *out)
{
    struct sse_event ev;
    int r = sse_rest(&e->sse, &ev) ? pass_event(e, &ev, out) : 0;
    return err_trace(r < 0 ? r : end_texts(e, NULL, STR_NONE, out));
}
