/*
 * redact/redact.c - what the detectors find, in order, replaced; and what must wait for more of a text.
 */
#include "redact/detect_impl.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"

static const struct str kinds[] = {
#define KIND(name, text, help) STR_INIT(text),
#include "redact/kind.tbl.h"
#undef KIND
};

struct str redact_kind_text(enum redact_kind k)
{
    check(k < REDACT_KINDS);
    return kinds[k];
}

bool redact_set_add(struct redact_set *s, enum redact_kind kind, const struct regex *pattern, struct str replace)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->sources[i].kind == kind && s->sources[i].pattern == pattern)
            return true;
    if (s->n == REDACT_SOURCES_MAX)
        return false;
    s->sources[s->n++] = (struct redact_source){kind, pattern, replace};
    return true;
}

struct str redact_replacement(struct arena *a, struct str replace, struct str kind)
{
    const struct str hole = STR("{kind}");
    size_t at;
    if (!str_find(replace, hole, &at))
        return arena_str(a, replace);
    const struct str parts[] = {str_sub(replace, 0, at), kind, str_sub(replace, at + hole.n, SIZE_MAX)};
    return arena_join(a, parts, 3);
}

/* --- all detectors over one window ------------------------------------------------------------------------------- */

/* What each detector found next. */
struct finds {
    const struct redact_set *set;
    struct window w;
    struct {
        enum detected is;
        struct span at;
    } next[REDACT_SOURCES_MAX];
};

static void look(struct finds *f, size_t i, size_t from)
{
    const struct redact_source *s = &f->set->sources[i];
    struct span at = {0, 0};
    enum detected is = DETECTED_NOTHING;
    switch (s->kind) {
    case REDACT_EMAIL:
        is = detect_email(&f->w, from, &at);
        break;
    case REDACT_PHONE:
        is = detect_phone(&f->w, from, &at);
        break;
    case REDACT_CARD:
        is = detect_card(&f->w, from, &at);
        break;
    case REDACT_IBAN:
        is = detect_iban(&f->w, from, &at);
        break;
    case REDACT_KINDS:
        is = detect_pattern(s->pattern, &f->w, from, &at);
        break;
    }
    f->next[i].is = is;
    f->next[i].at = at;
}

/* The detector whose find begins first, the longer one of two; -1: none finds anything. */
static int first_find(const struct finds *f)
{
    int best = -1;
    for (size_t i = 0; i < f->set->n; i++) {
        if (f->next[i].is != DETECTED_SPAN)
            continue;
        const struct span *at = &f->next[i].at, *than = best < 0 ? NULL : &f->next[best].at;
        if (!than || at->at < than->at || (at->at == than->at && at->n > than->n))
            best = (int)i;
    }
    return best;
}

/* Where the first detector is unsure from. */
static size_t first_doubt(const struct finds *f)
{
    size_t at = f->w.text.n;
    for (size_t i = 0; i < f->set->n; i++)
        if (f->next[i].is == DETECTED_MAYBE && f->next[i].at.at < at)
            at = f->next[i].at.at;
    return at;
}

/* The end of what begins with that find, with all that overlap it; detectors are looked at again from there on. */
static size_t end_of_find(struct finds *f, int first)
{
    size_t end = f->next[first].at.at + f->next[first].at.n;
    for (bool grew = true; grew;) {
        grew = false;
        for (size_t i = 0; i < f->set->n; i++) {
            const struct span *s = &f->next[i].at;
            if (f->next[i].is != DETECTED_SPAN || s->at >= end)
                continue;
            if (s->at + s->n > end)
                end = s->at + s->n;
            look(f, i, s->at + s->n);
            grew = true;
        }
    }
    return end;
}

/* Looks at those again that found something before `at`, which is spent. */
static void look_again(struct finds *f, size_t at)
{
    for (size_t i = 0; i < f->set->n; i++)
        if (f->next[i].is != DETECTED_NOTHING && f->next[i].at.at < at)
            look(f, i, at);
}

static void look_first(struct finds *f, const struct redact_set *set, const struct window *w)
{
    f->set = set;
    f->w = *w;
    for (size_t i = 0; i < set->n; i++)
        look(f, i, 0);
}

/* Replaces what is sure; returns how many bytes of the window are done. */
static size_t replace_finds(struct finds *f, struct buf *out, size_t *n_found)
{
    struct str text = f->w.text;
    size_t done = 0;
    int first;
    while ((first = first_find(f)) >= 0) {
        size_t at = f->next[first].at.at;
        if (at >= first_doubt(f))
            break;
        struct str replace = f->set->sources[first].replace;
        size_t end = end_of_find(f, first);
        if (end > first_doubt(f)) {
            (void)buf_add(out, str_sub(text, done, at - done)); /* buf_ok() says it */
            return at;
        }
        (void)buf_add(out, str_sub(text, done, at - done));
        (void)buf_add(out, replace);
        (*n_found)++;
        done = end;
        look_again(f, done);
    }
    size_t sure = first_doubt(f);
    (void)buf_add(out, str_sub(text, done, sure - done));
    return sure;
}

int redact_text(const struct redact_set *s, struct str text, struct buf *out, size_t *n_found)
{
    const struct window w = {.text = text, .is_end = true};
    struct finds f;
    look_first(&f, s, &w);
    size_t n = replace_finds(&f, out, n_found);
    check(n == text.n);
    return err_trace(buf_ok(out));
}

int redact_found(const struct redact_set *s, struct str text, struct buf *out, size_t *n_found)
{
    const struct window w = {.text = text, .is_end = true};
    struct finds f;
    look_first(&f, s, &w);
    if (first_find(&f) < 0)
        return 0;
    size_t n = replace_finds(&f, out, n_found);
    check(n == text.n);
    int r = buf_ok(out);
    return r < 0 ? err_trace(r) : 1;
}

bool redact_finds(const struct redact_set *s, struct str text)
{
    struct finds f;
    f.set = s;
    f.w = (struct window){.text = text, .is_end = true};
    for (size_t i = 0; i < s->n; i++) {
        look(&f, i, 0);
        if (f.next[i].is != DETECTED_NOTHING)
            return true;
    }
    return false;
}

/* --- streams ------------------------------------------------------------------------------------------------------ */

void redact_stream_init(struct redact_stream *r, const struct redact_set *s)
{
    *r = (struct redact_stream){.set = s};
    buf_init(&r->held, SIZE_MAX / 2);
}

void redact_stream_deinit(struct redact_stream *r)
{
    buf_deinit(&r->held);
}

static void spend(struct redact_stream *r, size_t n)
{
    for (size_t i = n > sizeof r->before ? n - sizeof r->before : 0; i < n; i++) {
        if (r->n_before == sizeof r->before) {
            r->before[0] = r->before[1];
            r->n_before--;
        }
        r->before[r->n_before++] = r->held.p[i];
    }
    if (n)
        buf_drop(&r->held, n);
}

static void run(struct redact_stream *r, bool is_end, struct buf *out, size_t *n_found)
{
    const struct window w = {buf_str(&r->held), {r->before, r->n_before}, is_end};
    struct finds f;
    look_first(&f, r->set, &w);
    spend(r, replace_finds(&f, out, n_found));
}

/* More overlapping finds than may be kept back: all of it is replaced. */
static void give_up_held(struct redact_stream *r, struct buf *out, size_t *n_found)
{
    (void)buf_add(out, r->set->sources[0].replace);
    (*n_found)++;
    spend(r, r->held.n);
}

int redact_stream_add(struct redact_stream *r, struct str bytes, struct buf *out, size_t *n_found)
{
    int e = buf_add(&r->held, bytes);
    if (e < 0)
        return err_trace(e);
    run(r, false, out, n_found);
    if (r->held.n > REDACT_HOLD_BYTES_MAX)
        give_up_held(r, out, n_found);
    return err_trace(buf_ok(out));
}

int redact_stream_end(struct redact_stream *r, struct buf *out, size_t *n_found)
{
    run(r, true, out, n_found);
    check(r->held.n == 0);
    r->n_before = 0;
    return err_trace(buf_ok(out));
}
