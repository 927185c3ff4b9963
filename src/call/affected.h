/*
 * call/affected.h - on whose accounts a call acts, and what was answered about them: values, so that a verdict that
 * hangs on them can be replayed.
 */
#pragma once

#include "base/str.h"

#define AFFECTED_MAX 16  /* accounts of one call; what acts on more cannot be told */
#define QUESTIONS_MAX 48 /* of one call, answered or not; what needs more is not known */

/*
 * A customer; or an object that belongs to no customer (a guest's payment).
 */
struct affected_account {
    struct str id;
    bool is_customer;
};

enum affected_state {
    AFFECTED_UNASKED, /* nobody needed to know */
    AFFECTED_TOLD,    /* these, and no others */
    AFFECTED_UNTOLD,  /* cannot be told: `why`, in words behind "because" */
};

struct affected {
    enum affected_state state;
    const struct affected_account *items;
    size_t n; /* TOLD: at least 1 */
    struct str why;
};

enum question_kind {
#define QUESTION(name, text, help) QUESTION_##name,
#include "call/question.tbl.h"
#undef QUESTION
    QUESTION_COUNT
};
struct str question_text(enum question_kind k);
int question_parse(struct str s, enum question_kind *ret); /* -ERR_NOT_FOUND */

/* What a scope needs to know of one account. */
struct question {
    enum question_kind kind;
    struct str source;  /* relation: "embedded", "openfga", or empty: the one that is configured; query: its name */
    struct str name;    /* created_by: "key", "agent", "run"; metadata: the field; relation: its name; query: empty */
    struct str subject; /* relation: "agent:support-bot", "user:ann"; else empty */
    struct str about;   /* the account's id */
};
bool question_eq(const struct question *a, const struct question *b);

struct scope_answer {
    struct question q;
    bool is_known;
    struct str value;
    struct str from; /* who said so: "record", "vendor", "embedded", "openfga", a source's name */
    int64_t age_ms;  /* of what was remembered; 0: asked for this call */
    struct str why;  /* not known: why, in words */
};
