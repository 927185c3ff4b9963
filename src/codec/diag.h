/*
 * codec/diag.h - what is wrong with a document that a person wrote, and where.
 *
 * A diag_list lives in an arena and is bounded: what does not fit is counted in n_dropped, and still counts as an
 * error. Messages are cut at DIAG_MESSAGE_BYTES_MAX; bytes of the document that are shown in them are printable UTF-8,
 * on one line.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define DIAG_MESSAGE_BYTES_MAX 400

struct diag {
    struct str file; /* as the caller named it, not copied */
    int line, col;   /* from 1; 0: the document as a whole */
    const char *code; /* static, stable, for scripts: "unknown_key" */
    struct str message;
    bool is_warning;
};

struct diag_list {
    struct arena *arena;
    struct diag *items;
    size_t n, n_cap, n_max;
    size_t n_errors; /* warnings not counted; includes dropped ones */
    size_t n_dropped;
};

/* What made a parser of network bytes refuse its input. `text` is static, without the input's bytes. */
struct input_fault {
    const char *text;
    size_t at; /* byte offset, as near as the parser knows */
};

void diag_list_init(struct diag_list *l, struct arena *a, size_t n_max);
void diag_add(struct diag_list *l, struct str file, int line, int col, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
void diag_vadd(struct diag_list *l, struct str file, int line, int col, const char *code, const char *fmt, va_list ap)
    __attribute__((format(printf, 6, 0)));
void diag_warn(struct diag_list *l, struct str file, int line, int col, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* Those of one file, added since there were n: by lines; in a line as they were added, a typo before what it lacks. */
void diag_sort(struct diag_list *l, size_t n);
/*
 * "<what> `<got>` is not known; did you mean `x`?": the nearest of `names`, when one is near enough; else all of them,
 * when they are few: "...; there is `a`, `b`".
 */
void diag_add_unknown(struct diag_list *l, struct str file, int line, int col, const char *code, const char *what,
                      struct str got, const struct str *names, size_t n_names);

/* The nearest name, or STR_NONE. For "did you mean" elsewhere. */
struct str diag_nearest(struct str got, const struct str *names, size_t n_names);

/* "file:line:col: code: message" without a line end; "file: code: message" for line 0; warnings say "warning: code". */
int diag_text(const struct diag *d, struct buf *out);
/* Every item on a line of its own, and a last line that counts dropped ones. */
int diag_list_text(const struct diag_list *l, struct buf *out);
