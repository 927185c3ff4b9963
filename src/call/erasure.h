/*
 * call/erasure.h - what is to be erased, and what came of it: plain values.
 *
 * All personal values of a call go together, with their salt: what the chain covers stays, and tells nothing of them.
 */
#pragma once

#include "base/arena.h"

enum erase_what {
#define ERASE(name, text) ERASE_##name,
#include "call/erasure.tbl.h"
#undef ERASE
    ERASE_COUNT
};
struct str erase_what_text(enum erase_what w);
int erase_what_parse(struct str s, enum erase_what *ret); /* -ERR_NOT_FOUND */

struct erasure {
    enum erase_what what;
    struct str value;
    bool is_dry_run; /* counts, and changes nothing */
};

struct erased {
    int64_t calls, frames; /* whose values went */
    int64_t objects;       /* that were known of vendors */
    int64_t counters;      /* of limits, whose bucket was named by the value: they count on without the name */
    int64_t kept;          /* calls that are open or of unknown outcome: their holds need their values */
    int64_t bodies;        /* of these calls too, and any that names the value */
    int64_t in_force;      /* events that say how something stands now, such as whose a key is: they keep theirs */
};
