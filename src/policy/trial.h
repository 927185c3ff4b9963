/*
 * policy/trial.h - tests of a document: what is given, what is expected, and whether that is what comes out. Nothing is
 * sent and nothing is counted: limits stand where the test says.
 *
 * A file of `kind: Policy` has tests of its own under `tests`; one of `kind: PolicyTest` has a `document`, or is about
 * a policy that the caller gives. The form of a test is in spec/agentpolicy/README.md.
 */
#pragma once

#include "policy/policy.h"

struct trial {
    struct str name;
    int line;
    bool is_passed;
    struct str wanted, got; /* one line each, of the members that the test names */
    struct str verdict;     /* all of it, as policy/explain.h writes it */
};

struct trials {
    struct trial *items;
    size_t n, n_passed;
};

/*
 * Runs all tests of a file. `given`: the policy that they are about when the file has none; may be NULL. 0: *ret is
 * set, in `a`. -ERR_INVALID: `diags` says what is wrong with the document or with a test.
 */
int policy_try(struct str text, struct str file, const struct policy *given, const struct limits *limits,
               const struct known *known, struct arena *a, struct diag_list *diags, struct trials *ret);

/*
 * The verdict on what a file gives (the `given` of a test: principal, request, customer, run, counters, now), with its
 * trace, as policy_explain_json() writes it. `p` may be NULL: no document. -ERR_INVALID: `diags` says what is wrong.
 */
int policy_explain_given(const struct policy *p, struct str text, struct str file, const struct limits *limits,
                         const struct known *known, struct arena *a, struct diag_list *diags, struct buf *out);
