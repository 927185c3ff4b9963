/*
 * trace/record_impl.h - what the writers of frames share: personal values with their digest, and pieces of bodies.
 */
#pragma once

#include "call/frame.h"
#include "trace/record.h"

/* The personal text: begun with its salt, filled by `w`, ended by its digest in the body. */
struct personal {
    struct json_writer w;
    struct buf *out;
    size_t from; /* where it begins */
};

void personal_begin(struct personal *p, const uint8_t salt[SALT_BYTES], struct buf *out);
void personal_end(struct personal *p, struct json_writer *body);

/*
 * In a frame, what is not known is left out: every reader takes absent for null, and frames are written for each call.
 * So these write nothing for an empty text, a time of 0, and microseconds below 0.
 */
#define RECORD_PUT static inline __attribute__((always_inline)) void /* as jw_key(): the names are in the source */

RECORD_PUT record_put_str(struct json_writer *w, struct str key, struct str s)
{
    if (s.n)
        jw_put_str(w, key, s);
}

/* Up to LLM_NAME_BYTES_MAX of it. */
RECORD_PUT record_put_name(struct json_writer *w, struct str key, struct str s)
{
    record_put_str(w, key, str_sub(s, 0, LLM_NAME_BYTES_MAX));
}

RECORD_PUT record_put_wall(struct json_writer *w, struct str key, wall_t t)
{
    if (t)
        jw_put_wall_or_null(w, key, t);
}

RECORD_PUT record_put_us(struct json_writer *w, struct str key, int64_t us)
{
    if (us >= 0)
        jw_put_i64(w, key, us);
}

void record_put_attempts(struct json_writer *w, const struct record_attempt *a, size_t n);
