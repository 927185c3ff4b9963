/*
 * proxy/core_raises.h - temporary raises: asked for by name, on record as an event, in force when the function returns.
 */
#pragma once

#include "base/arena.h"
#include "proxy/core.h"

struct raise_spec {
    struct str policy; /* empty: the one document in force that has such a limit */
    struct str limit;  /* as the document names it; of a key: "key/usd/day" */
    struct str bucket; /* "agent=refunds"; empty: the only one that there is */
    enum mode mode;    /* whose counter: that of live or of test calls */
    struct str by;     /* "50.00", or a count */
    int64_t for_ns;
    struct str reason;
};
struct raised {
    struct str id, policy, counter, bucket;
    enum limit_meter meter;
    char currency[CURRENCY_BYTES];
    int64_t by, before, after; /* before and after: what may be counted, with raises in force */
    wall_t until;
};
#define RAISE_NS_MAX (31 * 86400 * NS_PER_S)
#define RAISE_REASON_BYTES_MAX 1024
/*
 * 0, texts in `a`. -ERR_NOT_FOUND, -ERR_INVALID (what was asked for makes no sense), -ERR_TOO_LARGE (limit_raises_max,
 * or more than a counter can count): *ret_why is a sentence. Errors of the journal: nothing is raised.
 */
int core_raise(struct core *c, const struct raise_spec *spec, struct str who, struct arena *a, struct raised *ret,
               struct str *ret_why, uint64_t *ret_seq);
