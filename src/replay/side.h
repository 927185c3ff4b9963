/*
 * replay/side.h - one document over recorded calls, with counters of its own that move as calls come and end.
 *
 * A counter that the replay meets for the first time starts where the record says that it stood, if the call counted on
 * it then. One that no record knows starts at nothing; where its window began before the replay does, the limit's id is
 * noted, because it may refuse later than it would have.
 */
#pragma once

#include "call/verdict.h"
#include "codec/json_write.h"
#include "policy/policy.h"
#include "policy/recorded.h"

struct side;

/* `p` NULL: there is no document, and all is denied. The side takes a reference. */
int side_new(const struct policy *p, wall_t since, size_t buckets_max, struct side **ret);
void side_free(struct side *s);

struct said {
    enum effect effect;
    enum code code;
    struct str by;     /* the rule or limit that decided; empty: none */
    struct str reason; /* CODE_NONE: empty */
};

/*
 * Decides on a call, and holds what it needs when it is permitted; `open_seq` is how its end is told. Texts are in `a`
 * or the document's. 0; SIDE_R_LACKS: *ret_lack says what the record lacks; -ERR_TOO_LARGE, -ERR_NOMEM.
 */
int side_decide(struct side *s, const struct recorded *c, const struct key_limits *k, uint64_t open_seq,
                struct arena *a, struct said *ret, enum lack *ret_lack);
#define SIDE_R_LACKS 1

struct side_end {
    enum outcome outcome;
    struct used used;
};
/* How it ended; nothing when the side did not permit it. May come again for what ended unknown. */
void side_close(struct side *s, uint64_t open_seq, const struct side_end *end);

/* Ids of limits that started at nothing though their window began earlier: an array. */
void side_put_fresh(const struct side *s, struct json_writer *w);
