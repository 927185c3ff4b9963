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
void jw_key(struct json_writer *w, struct str key);

void jw_str(struct json_writer *w, struct str s); /* STR_NONE (p NULL) is "" */
void jw_i64(struct json_writer *w, int64_t n);
void jw_u64(struct json_writer *w, uint64_t n);
void jw_bool(struct json_writer *w, bool b);
void jw_null(struct json_writer *w);
void jw_raw(struct json_writer *w, struct str json); /* one value that is JSON already */

/* A value that was read, in the order of its members and without spaces. Numbers as they were written. */
void jw_json(struct json_writer *w, struct json v);

/* Key and value. */
void jw_put_str(struct json_writer *w, struct str key, struct str s);
void jw_put_str_or_null(struct json_writer *w, struct str key, struct str s); /* null for n == 0 */
void jw_put_i64(struct json_writer *w, struct str key, int64_t n);
void jw_put_bool(struct json_writer *w, struct str key, bool b);
void jw_put_null(struct json_writer *w, struct str key);
void jw_put_raw(struct json_writer *w, struct str key, struct str json);
void jw_put_wall_or_null(struct json_writer *w, struct str key, wall_t t); /* null for 0, which means never */

/* "text" with quotes and escapes, without a writer. Same escapes as RFC 8785. */
int json_quote(struct buf *out, struct str s);
