/*
 * policy/recorded.h - the facts of a decision as an OPEN frame keeps them (call/frame.h), for whoever decides on them
 * again: what was never known, or is erased, is said and never guessed.
 */
#pragma once

#include "call/frame.h"
#include "call/facts.h"
#include "codec/json_read.h"

/* Why a recorded call cannot be decided on again. */
enum lack {
    LACK_NOTHING,
#define LACK(name, text, phrase) LACK_##name,
#include "policy/lack.tbl.h"
#undef LACK
    LACK_COUNT
};
struct str lack_text(enum lack l);   /* for programs; STR_NONE for NOTHING */
struct str lack_phrase(enum lack l); /* for people: "its cost was never looked up" */

struct recorded {
    struct facts facts;
    bool could_ask_cost, could_ask_customer; /* a look-up could have brought it, and nobody asked */
    bool is_dry_run;
    bool is_over;  /* refused, or ended without being sent: no CLOSE follows */
    bool is_approved; /* a person had said yes to it */
    bool is_shared; /* its cost is another call's */
    struct str call_id;
    struct str verdict, code, rule, policy_name, policy; /* as decided then; policy: the digest */
    struct json limits, buckets; /* of the body, of the personal values */
    enum lack lack; /* ERASED: facts are not whole */
};

/* {amount, currency, exponent}. False: it is none. */
bool recorded_amount(struct json object, struct amount *ret);

/* Texts live in the frame and in `a`. -ERR_CORRUPT: it is no OPEN frame as the layout says; -ERR_TOO_LARGE. */
int recorded_read(const struct frame *f, struct arena *a, struct recorded *ret);
