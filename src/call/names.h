/*
 * call/names.h - the enums that every domain shares, each with its text as users see it (docs/glossary.md).
 */
#pragma once

#include "base/str.h"

enum op_class {
#define CLASS(name, text, is_money, needs_sync, help) CLASS_##name,
#include "call/class.tbl.h"
#undef CLASS
    CLASS_COUNT
};
struct str class_text(enum op_class c);
bool class_is_money(enum op_class c);   /* a price matters */
bool class_needs_sync(enum op_class c); /* promise 2: on disk before the first byte leaves */
int class_parse(struct str s, enum op_class *ret); /* -ERR_NOT_FOUND; "unknown" is not accepted */

enum code {
    CODE_NONE, /* not refused */
#define CODE(name, text, status, retry) CODE_##name,
#include "call/code.tbl.h"
#undef CODE
    CODE_COUNT
};
enum retry { RETRY_NO, RETRY_YES, RETRY_MAYBE };
struct str code_text(enum code c); /* STR_NONE for CODE_NONE */
uint16_t code_status(enum code c); /* 0: where the refusal is made */
enum retry code_retry(enum code c);

enum effect { EFFECT_DENY, EFFECT_PERMIT, EFFECT_APPROVE }; /* deny is zero: the default fails closed */
struct str effect_text(enum effect e);

enum outcome { OUTCOME_OPEN, OUTCOME_NONE, OUTCOME_SETTLED, OUTCOME_RELEASED, OUTCOME_UNKNOWN };
struct str outcome_text(enum outcome o); /* STR_NONE for OPEN */
int outcome_parse(struct str s, enum outcome *ret);

enum how { HOW_UNKNOWN, HOW_ESTIMATED, HOW_PRICED, HOW_PARSED }; /* how a number is known, promise 7 */
struct str how_text(enum how h);

/* Explicit: the agent said so. Observed: a span says so. Inferred: the values fit, which proves nothing. */
enum cause_how { CAUSE_NONE, CAUSE_EXPLICIT, CAUSE_OBSERVED, CAUSE_INFERRED };
struct str cause_how_text(enum cause_how h); /* STR_NONE for NONE */

enum mode { MODE_TEST, MODE_LIVE, MODE_ANY };
struct str mode_text(enum mode m);
int mode_parse(struct str s, enum mode *ret);

enum run_source { RUN_HEADER, RUN_KEY_SUFFIX, RUN_PATH, RUN_SESSION, RUN_TRACEPARENT, RUN_MADE };
struct str run_source_text(enum run_source s);
enum run_trust { RUN_CLAIMED, RUN_MINTED };
struct str run_trust_text(enum run_trust t);

enum value_source {
    SOURCE_NONE,
    SOURCE_KEY,
    SOURCE_REQUEST,
    SOURCE_LOOKUP,
    SOURCE_LEARNED,
    SOURCE_TOKEN,  /* an identity token that was verified */
    SOURCE_HEADER, /* somebody wrote it: proves nothing */
    SOURCE_BODY    /* the same */
};                                                 /* where user, tenant and customer come from */
struct str value_source_text(enum value_source s); /* STR_NONE for NONE */
bool value_source_is_claim(enum value_source s);   /* what nobody vouches for */
