/*
 * codec/sse.h - splits a stream of server-sent events, as it arrives in pieces, into events.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 *
 *   (1) every byte of the stream belongs to one event, in order. Comments belong to the event that they stand before; a
 *       block that has nothing else is an event without data.
 *   (2) where the stream was cut into pieces changes nothing but SSE_PART: same events, same places.
 *   (3) an event ends with the CR or LF of its empty line, so that none waits for the byte after it; the LF of a CRLF
 *       at its end is the first byte of the next.
 *   (4) at most `event_bytes_max` bytes are kept. A larger event is handed on in parts, unread, and the next empty line
 *       ends it.
 */
#pragma once

#include "base/buf.h"

struct sse {
    struct buf held; /* the event under way, when it began in an earlier piece */
    struct buf data; /* of an event with several data lines */
    size_t event_bytes_max;
    uint64_t at;     /* place of the event under way */
    uint64_t n_seen; /* its bytes so far */
    bool is_skipped; /* it is too large */
    bool is_held_spent; /* its event was handed out */
    struct sse_scan {
        bool is_line_open, is_after_cr;
        size_t n_lines; /* of the event under way, ended ones */
    } scan;
};

struct sse_event {
    uint64_t at, n;  /* its bytes in the stream: [at, at + n) */
    struct str raw;  /* the same bytes; of SSE_PART, those that were not handed on before */
    struct str event; /* empty: "message" */
    struct str data;  /* lines joined by LF */
    struct str id;
    int64_t retry_ms; /* -1: not said */
    bool has_data;    /* without data there is nothing to dispatch: comments, keep-alives */
    bool is_end;      /* SSE_PART: the last */
};

enum sse_result {
    SSE_MORE,  /* all bytes are taken */
    SSE_EVENT, /* a whole event */
    SSE_PART,  /* a part of an event that is too large: only at, n (so far), raw and is_end are set */
};

void sse_init(struct sse *s, size_t event_bytes_max);
void sse_deinit(struct sse *s);
/* Takes from the front of *bytes. What *ret points to is valid until the next call, and as long as `bytes` is. */
enum sse_result sse_next(struct sse *s, struct str *bytes, struct sse_event *ret);
/*
 * The stream is over: what is left is read as if an empty line had come (the standard drops it; the numbers that some
 * vendors put there are worth reading). False: nothing was left.
 */
bool sse_rest(struct sse *s, struct sse_event *ret);
/* Bytes of an event have come, and not its end. */
bool sse_is_open(const struct sse *s);
