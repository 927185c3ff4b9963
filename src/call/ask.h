/*
 * call/ask.h - a question to the store, on its way to a reader and back.
 */
#pragma once

#include "base/list.h"
#include "base/post.h"
#include "call/store.h"

struct ask {
    struct list node;
    struct query q;        /* strings must live until `done` */
    struct buf json;       /* the answer; init by the asker */
    int result;
    uint64_t needs_seq, needs_body;    /* set when it is asked: everything appended before the question */
    struct post_box *box;  /* where `done` goes */
    struct post done;
    /* Not NULL: run instead of the query, on the reader's thread (audit verify, doctor). */
    int (*work)(void *ctx, struct store *s, struct store_reader *r, struct buf *out);
    void *work_ctx;
};
