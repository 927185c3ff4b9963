/*
 * codec/json_write.h - JSON text into a buf, with commas where they belong. On the path of every call.
 *
 *   struct json_writer w;
 *   jw_init(&w, &buf);
 *   jw_object(&w);
 *   jw_put_str(&w, STR("verdict"), STR("permit"));
 *   jw_key(&w, STR("limits")); jw_array(&w); ... jw_array_end(&w);
 *   jw_object_end(&w);
 *   r = buf_ok(&buf);
 *
 * Strings that are not UTF-8 get U+FFFD for each bad byte. A full buf is noted there and found by buf_ok at the end.
 * Nesting is the caller's: only its balance is checked (jw_end).
 */
#pragma once

#include "base/buf.h"
#include "base/time.h"
#include "codec/json_read.h"

#include <string.h>

struct json_writer {
    struct buf *out;
    int depth;
    bool is_comma_due;
};

void jw_init(struct json_writer *w, struct buf *out);
void jw_end(const struct json_writer *w); /* check()s that all that was opened is closed */

void jw_object(struct json_writer *w);
void jw_object_end(struct json_writer *w);
void jw_array(struct json_writer *w);
void jw_array_end(struct json_writer *w);
void jw_key_any(struct json_writer *w, struct str key); /* jw_key() of a name that only the run knows */

/* True, when the compiler sees it, of a name that stands in the source: none of those needs an escape. */
#define JW_IS_IN_SOURCE(key) (__builtin_constant_p((key).n) && __builtin_constant_p(__builtin_strlen((key).p)))

/* A record has a hundred names, nearly all of them known to the compiler: those become a few stores. */
static inline __attribute__((always_inline)) void jw_key(struct json_writer *w, struct str key)
{
    struct buf *out = w->out;
    if (!JW_IS_IN_SOURCE(key) || out->cap - out->n < key.n + 4) {
        jw_key_any(w, key);
        return;
    }
    char *p = out->p + out->n;
    *p = ',';
    p += w->is_comma_due;
    *p++ = '"';
    memcpy(p, key.p, key.n);
    p[key.n] = '"';
    p[key.n + 1] = ':';
    out->n = (size_t)(p - out->p) + key.n + 2;
    w->is_comma_due = false;
}

void jw_str(struct json_writer *w, struct str s); /* STR_NONE (p NULL) is "" */
void jw_i64(struct json_writer *w, int64_t n);
void jw_u64(struct json_writer *w, uint64_t n);
void jw_i64s(struct json_writer *w, const int64_t *numbers, size_t n); /* the next elements of an array */
void jw_bool(struct json_writer *w, bool b);
void jw_null(struct json_writer *w);
void jw_raw(struct json_writer *w, struct str json); /* one value that is JSON already */

/* A value that was read, in the order of its members and without spaces. Numbers as they were written. */
void jw_json(struct json_writer *w, struct json v);

void jw_str_or_null(struct json_writer *w, struct str s); /* null for n == 0 */
void jw_wall_or_null(struct json_writer *w, wall_t t);    /* null for 0, which means never */

/* Key and value: jw_put_str(w, key, s) and so on. */
#define JW_PUT(type, value) \
    static inline __attribute__((always_inline)) void jw_put_##type(struct json_writer *w, struct str key, value v) \
    { \
        jw_key(w, key); \
        jw_##type(w, v); \
    }
JW_PUT(str, struct str)
JW_PUT(str_or_null, struct str)
JW_PUT(i64, int64_t)
JW_PUT(bool, bool)
JW_PUT(raw, struct str)
JW_PUT(wall_or_null, wall_t)
#undef JW_PUT

static inline __attribute__((always_inline)) void jw_put_null(struct json_writer *w, struct str key)
{
    jw_key(w, key);
    jw_null(w);
}

/* "text" with quotes and escapes, without a writer. Same escapes as RFC 8785. */
int json_quote(struct buf *out, struct str s);
