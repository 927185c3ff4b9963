/*
 * proxy/body.c - unpacks, redacts, cuts; each step may find that the body cannot be kept.
 */
#include "proxy/body.h"

#include "base/err.h"
#include "codec/gzip.h"
#include "codec/utf8.h"
#include "redact/redact_body.h"
#include "redact/redact_events.h"

#define GROWTH 4          /* a replacement may be longer than what it stands for */
#define UNPACKED_TIMES 16 /* as much text as that is looked at for what is kept of it */

void body_work_init(struct body_work *w, size_t bytes_max)
{
    size_t most = UNPACKED_TIMES * BODY_COLLECT_BYTES(bytes_max);
    buf_init(&w->unpacked, most);
    buf_init(&w->out, GROWTH * most + REDACT_HOLD_BYTES_MAX);
}

void body_work_deinit(struct body_work *w)
{
    buf_deinit(&w->unpacked);
    buf_deinit(&w->out);
}

static void not_kept(struct kept_body *b, enum body_lack why)
{
    b->lack = why;
    b->content = STR_NONE;
    b->is_cut = false;
}

/* --- unpacked ----------------------------------------------------------------------------------------------------- */

static bool is_gzip(struct str encoding)
{
    return str_eq_nocase(encoding, STR("gzip")) || str_eq_nocase(encoding, STR("x-gzip"));
}

/* 0, or -ERR_INVALID: it is damaged. What is too large is cut. */
static int gunzip(struct body_work *w, struct kept_body *b)
{
    struct gunzip *g = gunzip_new();
    if (!g)
        return err_trace(-ERR_NOMEM);
    buf_reset(&w->unpacked);
    int r = gunzip_add(g, b->content, &w->unpacked);
    if (r == 0 && !b->is_cut && !gunzip_is_whole(g))
        r = -ERR_INVALID;
    if (r == -ERR_TOO_LARGE) {
        b->is_cut = true;
        r = 0;
    }
    gunzip_free(g);
    return r;
}

static int unpack(struct body_work *w, bool is_redacted, struct kept_body *b)
{
    struct str encoding = str_trim(b->encoding);
    b->encoding = str_eq_nocase(encoding, STR("identity")) ? STR_NONE : encoding;
    if (b->encoding.n == 0)
        return 0;
    int r = is_gzip(b->encoding) ? gunzip(w, b) : -ERR_UNSUPPORTED;
    if (r == 0) {
        b->content = (struct str){w->unpacked.p, w->unpacked.n};
        b->encoding = STR_NONE;
        return 0;
    }
    if (r == -ERR_NOMEM)
        return r;
    if (is_redacted)
        not_kept(b, r == -ERR_INVALID ? BODY_LACK_DAMAGED : BODY_LACK_UNREADABLE);
    return 0;
}

/* --- redacted ----------------------------------------------------------------------------------------------------- */

static bool is_event_stream(struct str content_type)
{
    const struct str type = STR("text/event-stream");
    return content_type.n >= type.n && str_eq_nocase(str_sub(content_type, 0, type.n), type);
}

/* Whole events alone; the rest of a stream that was cut goes. */
static int redact_stream_of_events(const struct redact_set *s, struct kept_body *b, struct buf *out)
{
    struct redact_events *e = redact_events_new(s, b->content.n + 1);
    if (!e)
        return err_trace(-ERR_NOMEM);
    int r = redact_events_add(e, b->content, out);
    if (r == 0 && !b->is_cut)
        r = redact_events_end(e, out);
    redact_events_free(e);
    return r;
}

/* What could still become something, had it gone on, stays away. */
static int redact_words(const struct redact_set *s, struct kept_body *b, struct buf *out)
{
    struct redact_stream stream;
    size_t n_found = 0;
    redact_stream_init(&stream, s);
    int r = redact_stream_add(&stream, b->content, out, &n_found);
    if (r == 0 && !b->is_cut)
        r = redact_stream_end(&stream, out, &n_found);
    redact_stream_deinit(&stream);
    return r;
}

/* Up to the last pair that is whole. */
static struct str whole_pairs(struct str form)
{
    size_t n = form.n;
    while (n > 0 && form.p[n - 1] != '&')
        n--;
    return str_sub(form, 0, n ? n - 1 : 0);
}

static int redact_form_body(const struct redact_set *s, enum redact_form form, struct kept_body *b, struct buf *out)
{
    size_t n_found = 0;
    if (form == REDACT_URLENCODED && b->is_cut)
        b->content = whole_pairs(b->content);
    int r = redact_body(s, form, b->content, out, &n_found);
    if (r != -ERR_INVALID || form != REDACT_JSON)
        return r;
    buf_reset(out); /* words with JSON's name: as words */
    return redact_words(s, b, out);
}

static int redact(struct body_work *w, const struct redact_set *s, struct kept_body *b)
{
    enum redact_form form = redact_form_of(b->content_type, b->content);
    int r = 0;
    buf_reset(&w->out);
    if (is_event_stream(b->content_type))
        r = redact_stream_of_events(s, b, &w->out);
    else if (form == REDACT_FORMS)
        r = -ERR_UNSUPPORTED;
    else if (form == REDACT_JSON && b->is_cut)
        r = -ERR_TOO_LARGE;
    else if (form == REDACT_PLAIN)
        r = redact_words(s, b, &w->out);
    else
        r = redact_form_body(s, form, b, &w->out);
    if (r == -ERR_NOMEM)
        return r;
    if (r < 0)
        not_kept(b, r == -ERR_TOO_LARGE ? BODY_LACK_TOO_LARGE : BODY_LACK_UNREADABLE);
    else
        b->content = (struct str){w->out.p, w->out.n};
    return 0;
}

/* ------------------------------------------------------------------------------------------------------------------ */

int body_prepare(struct body_work *w, const struct redact_set *s, size_t bytes_max, struct kept_body *b)
{
    b->is_cut = b->bytes > (int64_t)b->content.n;
    int r = unpack(w, s->n > 0, b);
    if (r == 0 && b->lack == BODY_LACK_NONE && s->n > 0 && b->content.n > 0)
        r = redact(w, s, b);
    if (r < 0)
        return r;
    b->is_cut |= b->content.n > bytes_max;
    b->content = utf8_cut(b->content, bytes_max);
    return 0;
}
