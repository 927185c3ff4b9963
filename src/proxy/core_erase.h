/*
 * proxy/core_erase.h - erasing personal values: in the store, then in what memory knows, then in what lies behind.
 *
 *   waiting (the store has all frames of the question's time)
 *     -> erased (one step of the store; the event `erase`, without the value, begins a new journal segment)
 *     -> scrubbed (the store's WAL; older segments and files kept for reuse are gone) -> over
 *
 * Done by the drain thread, between two batches. A process that dies on the way goes on at the next start.
 */
#pragma once

#include "base/post.h"
#include "call/erasure.h"
#include "proxy/core.h"

struct erase_job {
    struct erasure what; /* its text must live until `post` */
    struct str by;       /* so must this */
    struct erased done;
    int result;
    struct post_box *box; /* where `post` goes; NULL: nobody waits */
    struct post post;
    /* the core's own */
    enum erase_step { ERASE_WAITING, ERASE_ERASED, ERASE_SCRUBBING } step;
    uint64_t needs_seq;
};
/* -ERR_BUSY: another one is under way. */
int core_erase(struct core *c, struct erase_job *job);
