/*
 * store/limit_read.h - one element of "limits" in an OPEN body (call/frame.h), with what follows from it.
 */
#pragma once

#include "call/counter.h"
#include "codec/json_read.h"

struct limit_read {
    struct str counter;
    struct counter_name name; /* of it; all empty where it is none */
    struct str id;            /* of a key's limit: its counter without the mode */
    int64_t window_start, resets_at; /* wall_t; resets_at 0: never */
    int64_t n, before, held, after, max, soft, raised;
    bool is_shadow;
};

/* Texts are the document's. What is absent or of another type is zero. */
struct limit_read limit_read(struct json limit);
/* Of "buckets" of the personal values: the name that stands for the limit at that place; empty: it was erased. */
struct str limit_bucket(struct json buckets, size_t i);
