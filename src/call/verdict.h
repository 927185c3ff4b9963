/*
 * call/verdict.h - what was decided, and why, as a value.
 */
#pragma once

#include "call/affected.h"
#include "call/approval.h"
#include "call/duties.h"
#include "call/limit.h"
#include "call/names.h"

struct verdict {
    enum effect effect; /* zero is deny */
    enum code code;     /* CODE_NONE when permitted; APPROVAL_PENDING when a person must decide */
    struct str rule;    /* id of the deciding rule; empty: none matched */
    struct str reason;  /* one sentence: rule or limit, whose, values compared, when it resets, what to do */
    struct str whom;    /* scope_denied: the account, for the agent; no part of `reason`, which is kept for good */
    struct str policy;  /* digest, 64 hex */
    struct str policy_name;
    struct limit_need *needs; /* limits to hold, in id order */
    size_t n_needs;
    bool asks_same; /* of `would`: what the verdict beside it asks for, in shadow or not. needs: when one has no room */
    struct approval_need approval; /* with effect approve: who must say yes, and to what */
    struct approval_grant grant;   /* with effect permit: who said so; set by the pipeline */
    struct verdict *would; /* what it would be if all that is in shadow, or observed, were enforced; NULL: the same */
    struct str would_of;   /* "rules" (and limits), "document" or "observe"; empty: would is NULL */
    /* Facts that are lacking, asked for as values; decided again when they are there (or stay unknown for good). */
    bool wants_cost;     /* a matching usd limit needs the amount */
    bool wants_customer; /* a match or a `by` needs the customer */
    bool wants_affected; /* a scope needs to know on whose accounts the call acts */
    const struct question *questions; /* that scopes have about them */
    size_t n_questions;
    struct duties duties;
};
