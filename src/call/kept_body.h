/*
 * call/kept_body.h - a body of a call, kept beside its record: a plain value.
 *
 * What is personal in it was taken out already, as the policy asks for its record; so were secrets.
 */
#pragma once

#include "base/str.h"
#include "base/time.h"

enum body_side {
#define BODY_SIDE(name, text) BODY_##name,
#include "call/body_side.tbl.h"
#undef BODY_SIDE
    BODY_SIDES
};
struct str body_side_text(enum body_side s);
#define BODY_SIDE_BIT(s) (1u << (s))

enum body_lack {
    BODY_LACK_NONE,
#define BODY_LACK(name, text, help) BODY_LACK_##name,
#include "call/body_lack.tbl.h"
#undef BODY_LACK
    BODY_LACKS
};
struct str body_lack_text(enum body_lack l); /* empty: none */
struct str body_lack_help(struct str lack);  /* of its text; empty: there is none of that name */

struct kept_body {
    struct str call_id, run_id, agent, tenant;
    enum body_side side;
    wall_t at;
    struct str content_type;
    struct str encoding; /* that `content` still has, such as br; empty: none */
    int64_t bytes;       /* of the whole body, as it passed */
    bool is_cut;         /* content is its beginning */
    enum body_lack lack; /* other than NONE: there is no content */
    struct str content;
};

/* Of a copy: the bytes of its texts, and *at, where they go, which moves behind them. Content aside. */
size_t kept_body_bytes(const struct kept_body *b);
struct kept_body kept_body_copy(const struct kept_body *b, char **at);

/* What was removed because it is old, or to make room. */
struct bodies_bound {
    wall_t before;     /* older ones go; 0: none does */
    int64_t bytes_max; /* of all of them, packed; the oldest go */
};
