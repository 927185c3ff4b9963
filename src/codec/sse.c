/*
 * codec/sse.c - one scan finds where events end, a second reads the lines of a whole one.
 *
 * An event that lies in one piece is read where it lies; only what a cut leaves behind is copied.
 */
#include "codec/sse.h"

#include "base/check.h"

#include <string.h>

#define BOM "\xef\xbb\xbf"
#define LOOK_BYTES 512

void sse_init(struct sse *s, size_t event_bytes_max)
{
    *s = (struct sse){.event_bytes_max = event_bytes_max};
    buf_init(&s->held, event_bytes_max);
    buf_init(&s->data, event_bytes_max);
}

void sse_deinit(struct sse *s)
{
    buf_deinit(&s->held);
    buf_deinit(&s->data);
}

bool sse_is_open(const struct sse *s)
{
    return s->n_seen > 0;
}

/* Lines end in LF, or, rarely, in CR: each is looked for as far as the line may go, at most LOOK_BYTES too far. */
static size_t to_line_end(struct str s, size_t from)
{
    while (from < s.n) {
        size_t n = s.n - from < LOOK_BYTES ? s.n - from : LOOK_BYTES;
        const char *lf = memchr(s.p + from, '\n', n);
        n = lf ? (size_t)(lf - s.p) - from : n;
        const char *cr = n ? memchr(s.p + from, '\r', n) : NULL;
        if (cr)
            return (size_t)(cr - s.p);
        from += n;
        if (lf)
            return from;
    }
    return from;
}

/* Bytes up to and with the end of the event under way; false: it goes on behind `in`. */
static bool find_end(struct sse_scan *s, struct str in, size_t *ret_n)
{
    size_t i = 0;
    while (i < in.n) {
        bool is_lf_of_crlf = in.p[i] == '\n' && s->is_after_cr;
        s->is_after_cr = in.p[i] == '\r';
        if (is_lf_of_crlf) {
            i++;
        } else if (in.p[i] != '\r' && in.p[i] != '\n') {
            s->is_line_open = true;
            i = to_line_end(in, i);
        } else {
            i++;
            if (!s->is_line_open) {
                *ret_n = i;
                return true;
            }
            s->is_line_open = false;
            s->n_lines++;
        }
    }
    return false;
}

/* What is kept never passes the maximum of its buffer, so this fails only when the machine has no memory. */
static void keep(struct buf *b, struct str s)
{
    int r = buf_add(b, s);
    check(r == 0);
}

/* ---- the lines of an event ---- */

static struct str take_line(struct str *rest)
{
    size_t n = to_line_end(*rest, 0), skip = n;
    if (skip < rest->n)
        skip += rest->p[n] == '\r' && n + 1 < rest->n && rest->p[n + 1] == '\n' ? 2 : 1;
    struct str line = str_sub(*rest, 0, n);
    *rest = str_sub(*rest, skip, rest->n);
    return line;
}

/* One data line is shown where it lies; a second one makes a copy of both. */
static void add_data(struct sse *s, struct str value, struct sse_event *e)
{
    if (!e->has_data) {
        e->data = value;
    } else {
        if (e->data.p != s->data.p || !s->data.n)
            keep(&s->data, e->data);
        keep(&s->data, STR("\n"));
        keep(&s->data, value);
        e->data = buf_str(&s->data);
    }
    e->has_data = true;
}

static void read_line(struct sse *s, struct str line, struct sse_event *e)
{
    struct str name = line, value = STR_NONE;
    (void)str_cut(line, ':', &name, &value); /* a line without a colon is a name with an empty value */
    if (str_starts(value, STR(" ")))
        value = str_sub(value, 1, value.n);
    if (str_eq(name, STR("data")))
        add_data(s, value, e);
    else if (str_eq(name, STR("event")))
        e->event = value;
    else if (str_eq(name, STR("id")) && !str_has(value, 0))
        e->id = value;
    else if (str_eq(name, STR("retry")))
        (void)str_to_i64(value, &e->retry_ms); /* what is no number is ignored */
}

/* What nearly every event of a model's stream is: one data line, LF, LF. */
static bool is_one_data_line(const struct sse *s, struct str raw)
{
    return s->scan.n_lines == 1 && raw.n > 8 && memcmp(raw.p, "data: ", 6) == 0 &&
           memcmp(raw.p + raw.n - 2, "\n\n", 2) == 0 && raw.p[raw.n - 3] != '\r';
}

static void read_event(struct sse *s, struct str raw, struct sse_event *e)
{
    *e = (struct sse_event){.at = s->at, .n = raw.n, .raw = raw, .retry_ms = -1};
    struct str rest = raw;
    if (is_one_data_line(s, raw)) {
        e->data = (struct str){raw.p + 6, raw.n - 8};
        e->has_data = true;
        return;
    }
    buf_reset(&s->data);
    if (s->at == 0 && str_starts(rest, STR(BOM)))
        rest = str_sub(rest, sizeof(BOM) - 1, rest.n);
    while (rest.n)
        read_line(s, take_line(&rest), e);
}

/* ---- the stream ---- */

static void next_begins(struct sse *s)
{
    s->at += s->n_seen;
    s->n_seen = 0;
    s->scan.n_lines = 0;
    s->is_skipped = false;
    s->is_held_spent = true;
}

static enum sse_result part(struct sse *s, struct str raw, bool is_end, struct sse_event *ret)
{
    *ret = (struct sse_event){.at = s->at, .n = s->n_seen, .raw = raw, .retry_ms = -1, .is_end = is_end};
    if (is_end)
        next_begins(s);
    return SSE_PART;
}

/* What was kept of an event that turns out too large goes first; the piece stays for the next call. */
static enum sse_result give_up(struct sse *s, struct sse_event *ret)
{
    s->is_skipped = true;
    s->is_held_spent = true;
    return part(s, buf_str(&s->held), false, ret);
}

static enum sse_result whole(struct sse *s, struct str piece, struct sse_event *ret)
{
    struct str raw = piece;
    if (s->held.n) {
        keep(&s->held, piece);
        raw = buf_str(&s->held);
    }
    read_event(s, raw, ret);
    next_begins(s);
    return SSE_EVENT;
}

enum sse_result sse_next(struct sse *s, struct str *bytes, struct sse_event *ret)
{
    if (s->is_held_spent)
        buf_reset(&s->held);
    s->is_held_spent = false;
    if (!bytes->n)
        return SSE_MORE;

    struct sse_scan scan = s->scan;
    size_t n = bytes->n;
    bool is_end = find_end(&scan, *bytes, &n);
    bool is_too_large = s->n_seen + n > s->event_bytes_max;
    if (is_too_large && !s->is_skipped && s->held.n)
        return give_up(s, ret);

    s->scan = scan;
    struct str piece = str_sub(*bytes, 0, n);
    *bytes = str_sub(*bytes, n, bytes->n);
    s->n_seen += n;
    s->is_skipped = s->is_skipped || is_too_large;
    if (s->is_skipped)
        return part(s, piece, is_end, ret);
    if (is_end)
        return whole(s, piece, ret);
    keep(&s->held, piece);
    return SSE_MORE;
}

bool sse_rest(struct sse *s, struct sse_event *ret)
{
    if (!s->n_seen || s->is_skipped)
        return false;
    read_event(s, buf_str(&s->held), ret);
    next_begins(s);
    return true;
}
