/*
 * redact/redact.h - texts without what is personal in them: detectors find it, and a replacement takes its place.
 *
 *   (1) where a text is cut into pieces changes nothing: what comes out of a stream is what comes out of the whole.
 *   (2) a stream keeps back at most REDACT_HOLD_BYTES_MAX bytes; what could only be told from more is replaced whole.
 *   (3) what two detectors find in places that overlap is replaced as one.
 *   (4) time is linear in the text, whatever it is.
 *   (5) replacements are not looked at again.
 *
 * Texts are decoded ones: a caller undoes escapes and encodings first (redact_json(), redact_form() do). No clock, no
 * I/O.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

struct regex;

enum redact_kind {
#define KIND(name, text, help) REDACT_##name,
#include "redact/kind.tbl.h"
#undef KIND
    REDACT_KINDS
};
struct str redact_kind_text(enum redact_kind k);

#define REDACT_HOLD_BYTES_MAX 1024
#define REDACT_PATTERN_BYTES_MAX 256 /* the longest text that a pattern may match */
#define REDACT_SOURCES_MAX 32        /* detectors of a set */

/* A pattern of the operator's own; `name` is its kind. */
struct redact_pattern {
    struct str name;
    const struct regex *regex;
};
/* Why a compiled pattern cannot be used, static; NULL: it can. It must match something, and nothing without end. */
const char *redact_pattern_fault(const struct regex *r);

/* One detector and what it puts in place of what it finds. */
struct redact_source {
    enum redact_kind kind;       /* REDACT_KINDS: the pattern says what */
    const struct regex *pattern; /* NULL: a kind */
    struct str replace;          /* ready: {kind} is filled in */
};
/* What is looked for at one place. Plain memory; its texts and patterns are the caller's. */
struct redact_set {
    struct redact_source sources[REDACT_SOURCES_MAX];
    size_t n;
};
/* A detector that is there already stays as it is. False: the set is full. */
bool redact_set_add(struct redact_set *s, enum redact_kind kind, const struct regex *pattern, struct str replace);
/* `replace` with {kind} filled in. NULL p: the arena's cap. */
struct str redact_replacement(struct arena *a, struct str replace, struct str kind);

/* Appends to `out` what is left of a whole text; adds to *n_found. Negative: -ERR_NOMEM, -ERR_TOO_LARGE. */
int redact_text(const struct redact_set *s, struct str text, struct buf *out, size_t *n_found);
/* Where something is found as redact_text(), and 1; else 0, and nothing is appended. */
int redact_found(const struct redact_set *s, struct str text, struct buf *out, size_t *n_found);
/* True: something in it would be replaced. */
bool redact_finds(const struct redact_set *s, struct str text);

/* A text that comes in pieces. */
struct redact_stream {
    const struct redact_set *set;
    struct buf held;
    char before[2]; /* the last bytes that went on, as they were */
    size_t n_before;
};
void redact_stream_init(struct redact_stream *r, const struct redact_set *s);
void redact_stream_deinit(struct redact_stream *r);
/* Appends what may go on now. Negative: -ERR_NOMEM, -ERR_TOO_LARGE. */
int redact_stream_add(struct redact_stream *r, struct str bytes, struct buf *out, size_t *n_found);
/* Appends the rest: the text is over. The stream may begin again. */
int redact_stream_end(struct redact_stream *r, struct buf *out, size_t *n_found);
