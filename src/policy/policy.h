/*
 * policy/policy.h - agentpolicy/v1 documents: text in, an immutable policy out; facts in, a verdict out.
 *
 *   (1) forbid > approve > permit > deny; order never matters; an error while deciding denies.
 *   (2) authority and unknown operations are permitted only by a rule that names them exactly (<vendor>.unknown).
 *   (3) a document that uses what is not built yet is refused with its line, never half obeyed.
 *   (4) a policy never changes; it is shared by reference count (atomic).
 */
#pragma once

#include "base/limits.h"
#include "call/facts.h"
#include "call/known.h"
#include "call/verdict.h"
#include "codec/diag.h"
#include "redact/redact.h"

struct policy;

/*
 * Reads YAML or JSON text. `file` is for diagnostics. 0: *ret has one reference, warnings may stand in `diags`.
 * -ERR_INVALID: `diags` says where and what, at least one error.
 * `known`: vendors and operations, for warnings about typos and for the types of `params`; it need not outlive the
 * call. NULL: neither names nor types are checked.
 */
int policy_parse(struct str text, struct str file, const struct limits *limits, const struct known *known,
                 struct diag_list *diags, struct policy **ret);
void policy_ref(const struct policy *p);
void policy_unref(const struct policy *p);

struct str policy_name(const struct policy *p);    /* metadata.name */
int64_t policy_version(const struct policy *p);    /* metadata.version */
struct str policy_digest(const struct policy *p);  /* 64 hex: SHA-256 of RFC 8785 JSON */
struct str policy_text(const struct policy *p);    /* canonical JSON, for the store */
/* The documents that it extends, as long as it lives; they may extend others. */
size_t policy_parents(const struct policy *p, const struct policy *const **ret);

/* --- mode.c --- */

/*
 * ENFORCE decides. SHADOW decides nothing: what was in force goes on, and its verdict is recorded beside. OBSERVE
 * allows every call of the vendors that it names, but for class authority, until it expires; then it is enforced.
 */
enum policy_mode { POLICY_ENFORCE, POLICY_SHADOW, POLICY_OBSERVE };
#define OBSERVE_DAYS 14 /* where `until` is not said: from when the document was applied */
enum policy_mode policy_mode(const struct policy *p);
struct str policy_mode_text(enum policy_mode m);
/* It was applied at that time; before it is shared. */
void policy_applied(struct policy *p, wall_t at);
/* 0: it does not observe, or no longer at `now`. */
wall_t policy_observes_until(const struct policy *p, wall_t now);
bool policy_observes(const struct policy *p, struct str vendor, wall_t now);
/* "openai, stripe"; empty where it does not observe. */
struct str policy_observed_text(const struct policy *p, struct arena *a);
/*
 * `active` decides, and the verdict of `shadow` is in `would`: as a policy of its own, with references to both. NULL:
 * no memory.
 */
struct policy *policy_beside(const struct policy *active, const struct policy *shadow);
const struct policy *policy_shadow(const struct policy *p); /* of such a one; NULL */

bool id_is_valid(struct str s); /* of a document, a rule, a limit: 1 to 64 of a-z 0-9 - _, none of these two first */

/* Limits of a key (`--limit usd=50/day`, `requests=100/lifetime`, `concurrent=4`, `usd=5/call`): they only narrow. */
struct key_limits;
int key_limits_parse(const struct str *specs, size_t n, const struct limits *limits, struct diag_list *diags,
                     struct key_limits **ret);
void key_limits_free(struct key_limits *k);

/*
 * Decides. `p` NULL: the key's document does not exist: denied. Texts of the verdict live in `a`.
 * With effect permit: needs are the limits to hold (document's and key's, sorted by id), unless wants_cost or
 * wants_customer asks for a fact first, or a scope does (wants_affected, questions: each of them gets an answer, known
 * or not, before it is decided again). Without POLICY_MAY_LOOK_UP what is not known now stays unknown: usd limits
 * without a known cost use their unknown_cost (deny -> CODE_COST_UNKNOWN, or hold:<amount>). Without POLICY_MAY_ASK a
 * scope that nothing is known of does not hold.
 * With effect approve the same, once a person says yes: `approval` has what is asked.
 * A usd limit with window call is compared by the ledger like the others.
 * Where something is in shadow, or observed, `would` is the verdict that enforcement would give, for the same facts:
 * what it lacks is asked for too. Needs that are in shadow stand among the others.
 */
#define POLICY_MAY_LOOK_UP 1u
#define POLICY_MAY_ASK 2u
void policy_decide(const struct policy *p, const struct key_limits *k, const struct facts *f, unsigned may,
                   struct arena *a, struct verdict *ret);
/*
 * For a verdict whose limits the ledger has looked at (is_short): limits without room that a person may let pass are
 * asked about too, and the verdict becomes approve. The result is the first limit that nobody can let pass, for
 * policy_refuse_limit(); NULL: none.
 */
const struct limit_need *policy_ask_limits(struct verdict *v, const struct facts *f, struct arena *a);
/* For a call that was made before, where a person may let it pass again: that is asked too. False: no memory. */
bool policy_ask_duplicate(struct verdict *v, struct arena *a);
/* Where a document in shadow is looked at by itself (tests, replays): its own verdict in the place of the denial. */
void policy_own_verdict(const struct policy *p, struct verdict *v);
/* Behind the ledger's look at v->needs (or a refusal): limits without room refuse, or ask, in `would` too. */
void policy_settle_would(struct verdict *v, const struct facts *f, struct arena *a);
/* The sentence and code for a need that had no room (limit_exceeded, rate_limited for requests and concurrent). */
void policy_refuse_limit(const struct limit_need *need, const struct facts *f, struct arena *a, struct verdict *ret);
/* One limit as the ledger knows it; texts live with the document or key. False: there is none of that id. */
struct limit_terms {
    struct str counter;
    enum limit_meter meter;
    char currency[CURRENCY_BYTES];
    enum limit_window window;
    int64_t max;
};
/* By its place in the order of ids; false behind the last one. */
bool policy_limit_at(const struct policy *p, size_t i, struct str *ret_id, struct limit_terms *ret);
bool policy_limit_find(const struct policy *p, struct str id, struct limit_terms *ret);
bool key_limits_find(const struct key_limits *k, struct str id, struct limit_terms *ret); /* NULL has none */
/* Some rule, and one of every document above, may let a call of that operation pass; others may still refuse it. */
bool policy_reaches(const struct policy *p, const struct known_operation *op);
/* A `match` of it, or of a document above, goes by where the vendor is reached: which old records do not say. */
bool policy_names_host(const struct policy *p);
/* Every limit as JSON (id, meter, window, by, max, match) for the API. */
int policy_limits_json(const struct policy *p, struct buf *out);
/* Every rule, limit and redactor as a sentence: [{kind, id, effect: permit|forbid|approve|limit|redact, text}]. */
int policy_sentences_json(const struct policy *p, struct buf *out);

/* Where a redactor acts: on what goes to the vendor, on what the agent gets, on what is kept. */
enum redact_at { REDACT_AT_REQUEST, REDACT_AT_RESPONSE, REDACT_AT_LOG };
/* What these redactors (bits, as in a verdict's duties) look for at that place; points into the policy. `p` may be
 * NULL. */
void policy_redact_set(const struct policy *p, uint32_t redactors, enum redact_at at, struct redact_set *ret);
uint32_t policy_redactors(const struct policy *p); /* all of them */
/* The longest time in which a rule, or one above, lets the same request through once; 0: none asks. */
int64_t policy_duplicate_ms(const struct policy *p);
