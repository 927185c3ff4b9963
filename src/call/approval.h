/*
 * call/approval.h - that a person must say yes to a call before it is made: what is asked, as a value.
 */
#pragma once

#include "base/str.h"
#include "base/time.h"

/* One entry of a document's `approvals`. */
struct approval_terms {
    struct str name;
    int64_t ttl_ns; /* how long the question stands, and then the yes */
    int64_t quorum; /* how many persons must say yes, 1 at least */
};
#define APPROVAL_QUORUM_MAX 8
#define APPROVAL_TTL_NS_MAX (30 * 86400 * NS_PER_S)

/* All that asks about one call, together: the most persons, the shortest time. */
struct approval_need {
    struct approval_terms terms; /* the name is the first one's; quorum 0: nobody need be asked */
    const struct str *asks;      /* what asks, and so what a yes covers: "rule refund-large", "limit customer-day" */
    size_t n_asks;
};

/* The yes under which a call is made. */
struct approval_grant {
    struct str id; /* empty: none was needed */
    struct str name;
    const struct str *by; /* persons, in the order in which they said it */
    size_t n_by;
    wall_t at; /* of the last of them */
};
