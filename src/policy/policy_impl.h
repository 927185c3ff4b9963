/*
 * policy/policy_impl.h - a compiled document, and what the files of this folder share. For this folder only.
 */
#pragma once

#include "base/map.h"
#include "codec/yaml.h"
#include "expr/expr.h"
#include "policy/policy.h"

enum match_key {
#define MATCH(name, text, field) MATCH_##name,
#include "policy/match.tbl.h"
#undef MATCH
    MATCH_COUNT
};

enum by {
#define BY(name, text, field) BY_##name,
#include "policy/by.tbl.h"
#undef BY
    BY_COUNT
};

enum variable {
#define VARIABLE(name, text, type, give, help) VARIABLE_##name,
#include "policy/variable.tbl.h"
#undef VARIABLE
    VARIABLE_PARAM, /* `params.<name>`: which, the name says */
};

/* A literal, or a glob: `*` for a whole segment, or at the end for any rest. '/' parts a model's segments, else '.'. */
struct pattern {
    struct str text;
    bool is_glob;
};
struct patterns {
    const struct pattern *items;
    size_t n; /* 0: not named, matches all */
};
#define LABEL_PREFIX STR("label.")
struct label_match { /* `label.<name>` */
    struct str name;
    struct patterns values;
};
struct match {
    struct patterns by_key[MATCH_COUNT];
    unsigned named; /* bits of enum match_key: those of by_key that have any */
    struct label_match *labels; /* LABELS_MAX */
    size_t n_labels;
    uint32_t classes; /* bits of enum op_class; 0: not named */
};

/* On whose accounts a permit or an approve may be used: one predicate, over every account that the call acts on. */
enum scope_kind { SCOPE_NONE, SCOPE_IN, SCOPE_CREATED_BY, SCOPE_METADATA, SCOPE_RELATION, SCOPE_QUERY };
enum creator { CREATOR_KEY, CREATOR_AGENT, CREATOR_RUN };
enum principal_value {
#define PRINCIPAL(name, text, field) PRINCIPAL_##name,
#include "policy/principal.tbl.h"
#undef PRINCIPAL
    PRINCIPAL_COUNT,
    PRINCIPAL_LITERAL = PRINCIPAL_COUNT
};
struct field_test { /* a metadata field, and what it must be */
    struct str field;
    enum principal_value principal;
    struct str literal; /* of PRINCIPAL_LITERAL */
};
struct rule_scope {
    enum scope_kind kind;
    struct patterns in;
    enum creator creator;
    struct field_test *tests;
    size_t n_tests;
    struct str relation, user_relation; /* user_relation empty: the user is not asked about */
    struct str source;                  /* of relations: the engine, may be empty; of queries */
};

struct rule {
    struct str id;
    enum effect effect; /* DENY: forbid */
    struct match match;
    const struct expr *when; /* NULL: always */
    struct rule_scope scope;      /* of a permit or an approve */
    struct str reason;   /* of a forbid, for its sentence; may be empty */
    struct approval_terms approval; /* of an approve */
    bool is_shadow; /* evaluated, and never decides */
    uint32_t redactors;  /* bits: which of the policy's */
    bool needs_idempotency_key;
    int64_t duplicate_ms; /* 0: none asked */
    enum duplicate_then duplicate_then;
    struct approval_terms duplicate_approval; /* of APPROVE */
    struct str notice; /* empty: none */
    unsigned bodies;   /* kept: bits of enum body_side */
    int line, col;
};

/* A named redactor: what it looks for, and where. */
#define POLICY_REDACTORS_MAX 32
struct redactor {
    struct str name;
    unsigned at; /* bits of enum redact_at */
    struct str replace;
    struct redact_source *sources;
    struct str *names; /* of what each looks for */
    size_t n_sources;
    int line, col;
};

/* Who must be proven, and from where the customer must be known: an entry of identity.require. */
enum subject { SUBJECT_ANY, SUBJECT_USER, SUBJECT_AGENT };
enum customer_from { CUSTOMER_ANY, CUSTOMER_TOKEN, CUSTOMER_RESOLVED };
struct requirement {
    struct match match;
    enum subject subject;
    enum customer_from customer_from;
    int64_t actors_max;     /* -1: any */
    int64_t lifetime_s_max; /* of the token; 0: any */
};
#define POLICY_REQUIREMENTS_MAX 64
#define POLICY_PARENTS_MAX 8 /* documents that one extends */
#define POLICY_DEPTH_MAX 4   /* steps up to the last of them */

/* A name for models, in the order in which they are wanted. */
struct route_target {
    struct str vendor, model;
};
struct route {
    struct str id;
    struct route_target *targets;
    size_t n_targets;
};
#define ROUTE_TARGETS_MAX 16

struct limit {
    struct str id;
    struct str counter, test_counter; /* in live mode, and in test mode: separate ledgers */
    enum limit_meter meter;
    char currency[CURRENCY_BYTES]; /* of METER_CURRENCY; else empty */
    enum limit_window window;
    int64_t sliding_ns; /* WINDOW_SLIDING; else 0 */
    const struct zone *zone; /* of a calendar window; NULL: UTC */
    unsigned by; /* bits of enum by; WINDOW_RUN has BY_RUN */
    int64_t max;
    int64_t soft;              /* 0: none */
    const struct limit *runs;  /* `runs`: how many new claimed runs of a key; NULL: any number */
    struct match match;
    const struct expr *when; /* NULL: always */
    bool may_clamp;       /* on_exceed: clamp */
    const struct route *downgrade; /* on_exceed: downgrade:<route>; NULL: no */
    struct approval_terms approval; /* on_exceed: approve; else quorum 0 */
    bool is_shadow;       /* counts, and never refuses */
    bool is_unknown_held; /* unknown_cost: hold:<amount> */
    money_t unknown_hold;
    int line, col;
};

struct policy {
    int n_refs; /* atomic */
    const struct policy *base, *beside; /* policy_beside(): whose memory this is made of, and the one in shadow; NULL */
    enum policy_mode mode;
    struct patterns observed; /* vendors */
    wall_t observe_until;     /* 0: not said, and not applied yet */
    struct arena arena;
    struct str name, owner, digest, text;
    int64_t version;
    const struct policy **parents; /* that it extends: a reference of each */
    size_t n_parents;
    int depth; /* of the documents above; 0: it extends none */
    struct requirement *requirements;
    size_t n_requirements;
    struct rule *rules; /* in id order */
    size_t n_rules;
    struct limit *limits; /* in id order */
    size_t n_limits;
    struct approval_terms *approvals;
    size_t n_approvals;
    struct redactor *redactors; /* its own, then those of each document above */
    size_t n_redactors, n_own_redactors;
    unsigned parent_shift[POLICY_PARENTS_MAX]; /* where those of a parent begin */
    struct route *routes; /* in the document's order */
    size_t n_routes;
};

struct key_limits {
    struct limit *limits; /* in id order */
    size_t n;
    struct arena arena;
};

/* --- match.c --- */

/* Maybe: depends on a fact that is not known yet. Error: a condition that could not be evaluated. */
enum match_result { MATCH_NO, MATCH_MAYBE, MATCH_YES, MATCH_ERROR };

struct str match_key_text(enum match_key k);
struct str by_text(enum by b);
struct str by_value(const struct facts *f, enum by b);
char match_key_separator(enum match_key k);
bool pattern_match(const struct pattern *p, struct str s);
/* `openai/gpt-4o`, or a bare name of any vendor's. */
bool model_match(const struct pattern *p, struct str vendor, struct str model);
enum match_result match_keys(const struct match *m, const struct facts *f); /* all but the class */
static inline enum match_result match_facts(const struct match *m, const struct facts *f)
{
    return m->classes && !(m->classes & 1u << f->class) ? MATCH_NO : match_keys(m, f); /* most are of another class */
}
struct str match_value(const struct facts *f, enum match_key k);                             /* of that key */
bool match_key_holds(const struct match *m, enum match_key k, const struct facts *f); /* not named is held */
struct str label_value(const struct facts *f, struct str name); /* empty: there is none of that name */
bool label_holds(const struct label_match *l, const struct facts *f);
bool match_names(const struct match *m, struct str operation); /* by its exact name, no glob */
/* A call of that operation may match, whatever the rest says. */
bool match_may_take(const struct match *m, const struct known_operation *op);
/* What `inner` matches, `outer` matches too; may say no where it is true. */
bool match_covers(const struct match *outer, const struct match *inner);
/* The same of one key's list; an empty list takes everything. */
bool patterns_cover(const struct patterns *outer, const struct patterns *inner, enum match_key k);

/* What needs of one call have in common: the name of the bucket by the same facts, begin and end of the same window. */
#define NEED_PARTS_MAX 8
struct named_bucket {
    unsigned by;
    struct str name;
};
struct begun_window {
    enum limit_window window;
    int64_t sliding_ns;
    const struct zone *zone;
    wall_t start, end;
};
struct need_parts { /* the first so many, each found out once; more are found out again */
    struct named_bucket buckets[NEED_PARTS_MAX];
    struct begun_window windows[NEED_PARTS_MAX];
    size_t n_buckets, n_windows;
};

/* One call, whichever documents decide on it. */
struct deciding {
    const struct facts *f;
    struct arena *a;
    struct need_parts parts;
};

/* What decides: all but what is in shadow; all; or nothing but the key's limits, since the call is observed. */
enum view { VIEW_IN_FORCE, VIEW_WHOLE, VIEW_OBSERVED };

/* Some are lacking: it is decided again when they are there. */
static inline bool wants_facts(const struct verdict *v)
{
    return v->wants_cost || v->wants_customer || v->wants_affected || v->n_questions;
}

/* --- condition.c --- */

/* Facts that are lacking yet, and that something hangs on. */
struct lacking {
    bool cost, customer;
    bool affected; /* on whose accounts */
    struct question *questions; /* QUESTIONS_MAX; NULL: none yet */
    size_t n_questions;
};

/* Adds to *lacks what a look-up could bring; then, and if it may be looked up, the result is MATCH_MAYBE. */
enum match_result condition_holds(const struct expr *when, const struct facts *f, bool may_lookup, struct arena *a,
                                  struct lacking *lacks);
struct str condition_why(const struct expr *when, const struct facts *f, struct arena *a);   /* of one that is false */
struct str condition_error(const struct expr *when, const struct facts *f, struct arena *a); /* of one that failed */

/* --- scope.c --- */

/* Why a scope does not hold. */
struct scope_miss {
    struct str account; /* the first that is to blame; empty: it is not one account's */
    struct str why;     /* in words behind "because"; names no account */
};
/*
 * YES; NO, with *ret_miss: it does not hold, or cannot be known; MAYBE (may_ask): *lacks says what it hangs on. Never
 * MATCH_ERROR: what cannot be known is no.
 */
enum match_result scope_holds(const struct rule_scope *s, const struct facts *f, bool may_ask, struct arena *a,
                              struct lacking *lacks, struct scope_miss *ret_miss);
struct str principal_text(enum principal_value v);

/* --- parse.c, parse_*.c, analyse.c --- */

struct parse {
    struct policy *p;
    struct arena *scratch;
    struct str file, text;
    struct diag_list *diags;
    const struct limits *limits;
    const struct known *known;
    const struct yaml *sets; /* NULL: none */
    const struct zone *zone; /* defaults.tz; NULL: UTC */
    struct map by_name;      /* the known operations; candidates.c */
};

enum key_kind { KEY_OPTIONAL, KEY_REQUIRED, KEY_LATER };
struct key_row {
    struct str name;
    enum key_kind kind;
};

/* A diag at a node, or at a map's key. */
void parse_fault(struct parse *x, const struct yaml *at, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void parse_later(struct parse *x, const struct yaml *at, const char *what, struct str name);
/* Every key of the map is known and available, and the required ones are there. `what`: "a rule". */
void parse_keys(struct parse *x, const struct yaml *map, const char *what, const struct key_row *rows, size_t n);
/* False after a diag, when the node is there and of another type; false without one when it is not there (NULL). */
bool parse_type(struct parse *x, const struct yaml *y, enum yaml_type type, struct str name);
bool parse_text(struct parse *x, const struct yaml *map, struct str key, struct str *ret);
bool parse_id(struct parse *x, const struct yaml *map, struct str key, struct str *ret); /* copied into the policy */
/* One of `names` in a list: its index, or -1 after a diag. */
int parse_word_of(struct parse *x, const struct yaml *item, const char *what, const struct str *names, size_t n);
/* One of `names`: its index, or -1 after a diag (or when the key is not there). `later`: known, not built yet. */
int parse_word(struct parse *x, const struct yaml *map, struct str key, const struct str *names, size_t n_names,
               const struct str *later, size_t n_later);
bool parse_amount(struct parse *x, const struct yaml *at, struct str text, money_t *ret);
/* The map's `tz`; false: it is not there, or a diag. *ret NULL is UTC. */
bool parse_zone(struct parse *x, const struct yaml *map, const struct zone **ret);
/* The `mode` of a rule or a limit: true: shadow. */
bool parse_is_shadow(struct parse *x, const struct yaml *map);
void parse_mode(struct parse *x, const struct yaml *root); /* the document's */

void parse_match(struct parse *x, const struct yaml *map, struct match *ret);
/* The map's `when`, over what `m` matches; NULL: there is none, or a diag. */
const struct expr *parse_when(struct parse *x, const struct yaml *map, const struct match *m);
void parse_vendors(struct parse *x, const struct yaml *list, struct match *ret); /* a list of them, as `match` has it */
void parse_sets(struct parse *x);
/* A list of literals at `list`, with sets put in their place. */
void parse_literals(struct parse *x, const struct yaml *list, struct str name, struct patterns *ret);
void parse_scope(struct parse *x, const struct yaml *map, struct rule *r);
void parse_identity(struct parse *x, const struct yaml *map);
void parse_rules(struct parse *x, const struct yaml *list);
void parse_approvals(struct parse *x, const struct yaml *map);
/* The map's `approval`, which must be there or must not; `what`: "a rule of effect approve". */
void parse_approval_of(struct parse *x, const struct yaml *map, const char *what, bool is_wanted,
                       struct approval_terms *ret);
void parse_redact(struct parse *x, const struct yaml *root); /* after extends */
void parse_rule_redact(struct parse *x, const struct yaml *list, struct rule *r);
void parse_rule_obligations(struct parse *x, const struct yaml *list, struct rule *r);
void parse_routes(struct parse *x, const struct yaml *map); /* before the limits that name them */
/* The route that `downgrade:<route>` names, for that limit; NULL after a diag. */
const struct route *parse_downgrade(struct parse *x, const struct yaml *at, struct str route, const struct limit *l);
/* The first target at that vendor; empty: there is none. */
struct str route_model(const struct route *r, struct str vendor);
void parse_limits(struct parse *x, const struct yaml *list);
void analyse(struct parse *x);
/* Which of the operations that are known some permit or approve may take; NULL: nothing certain can be said. */
const bool *analyse_reached(struct parse *x);
void analyse_binding(struct parse *x, const bool *reached, const struct limit *l);

/* --- extend.c --- */

void parse_extends(struct parse *x, const struct yaml *list);
/* After rules and limits: an id that a document above has is taken. */
void check_inherited_ids(struct parse *x);
/* The verdict of p alone, which is no denial yet, within what the documents above say of the same call. */
bool narrow(const struct policy *p, struct deciding *d, unsigned may, enum view view, struct verdict *v);

/* --- decide.c --- */

/*
 * What the first look at a call found out, for the second one by the whole of the same document: what rules come to,
 * but for scopes, and what the limits ask, which is the same in both.
 */
struct look {
    uint8_t *results; /* enum match_result + 1; 0: not known; NULL: nothing is kept */
    struct lacking lacks;
    bool has_rules; /* those in force were looked at: the call is not observed */
    bool has_needs;
    const struct limit *unpriced; /* first limit on an unknown cost, in shadow or not */
};
/* p and all above it. `look` (or NULL) is filled, or by VIEW_WHOLE read. True: something in shadow may concern d->f. */
bool decide_view(const struct policy *p, const struct key_limits *k, struct deciding *d, unsigned may, enum view view,
                 struct look *look, struct verdict *v);

/* --- parse_redact.c --- */

uint32_t policy_own_redactors(const struct policy *p);

/* --- duties.c --- */

/* Of a rule that holds. */
void duties_add(struct duties *d, const struct rule *r);
/* What is on record of a call that is not permitted loses what any rule that matches it would take out. */
void duties_end(struct duties *d, const struct policy *p, const struct facts *f, bool is_permitted);
/* What a document above asks too; `shift`: where its redactors stand among those of the document below. */
void duties_join(struct duties *d, const struct duties *above, unsigned shift);

/* --- reach.c --- */

bool rule_may_pass(const struct rule *r, const struct known_operation *op);

/* --- candidates.c --- */

int candidates_init(struct parse *x); /* -ERR_TOO_LARGE, -ERR_NOMEM; the map is the caller's to end in any case */
/* Which of the known operations m may take: again and again until NULL. One may come twice. */
struct candidates {
    const struct parse *x;
    const struct match *m;
    bool is_named;
    size_t i;
    const struct op_link *link;
};
struct candidates candidates_of(const struct parse *x, const struct match *m);
const struct known_operation *candidates_next(struct candidates *c);
bool is_operation_known(const struct parse *x, struct str name);

/* --- require.c --- */

/* False: an entry of identity.require is not met, and the verdict is made. wants_customer: one hangs on a look-up. */
bool identity_suffices(const struct policy *p, const struct facts *f, bool may_lookup, struct arena *a,
                       struct verdict *v);

/* --- limit.c --- */

bool is_model_call(const struct facts *f);
bool limit_counts_like(const struct limit *a, const struct limit *b); /* the same meter, of the same currency */

/* Fills counter from document, id, meter, window and by; document empty: a key's limit. */
void limit_name_counter(struct limit *l, struct str document, struct arena *a);
/* The limit on new runs beside a limit by run: "<id>.runs", of each key. */
void limit_name_runs(struct limit *runs, const struct limit *l, struct str document, struct arena *a);
/* Counter, bucket, window start and reset of one need. -ERR_TOO_LARGE: the arena's cap. */
int limit_need(const struct limit *l, struct deciding *d, int64_t n, struct limit_need *ret);
/* For sentences: "agent refunds", "key k1", "everyone"; persons unnamed: "this customer". */
struct str need_whose(const struct limit_need *need, const struct facts *f, struct arena *a);

/* --- would.c --- */

/* What v->would asks for and v does not, in shadow. */
void would_add_needs(struct verdict *v, struct arena *a);

/* --- ask.c --- */

/* Both together: the most persons, the shortest time. */
void approval_terms_join(struct approval_terms *t, const struct approval_terms *more);

/* Asks for that too; `kind`: "rule" or "limit". False: no memory. */
bool approval_add(struct approval_need *n, const struct approval_terms *t, const char *kind, struct str id,
                  struct arena *a);
/* Asks for all that `more` asks for. False: no memory. */
bool approval_join(struct approval_need *n, const struct approval_need *more, struct arena *a);

/* --- sentence.c --- */

void say_no_document(struct arena *a, struct verdict *v);
void say_no_memory(struct verdict *v);
void say_identity_required(const struct policy *p, const char *lacks, const struct facts *f, struct arena *a,
                           struct verdict *v);
void say_key_required(const struct policy *p, const struct facts *f, struct arena *a, struct verdict *v);
/* near: a rule that would permit it if its condition held; NULL: none. */
void say_no_permit(const struct policy *p, const struct rule *near, const struct facts *f, struct arena *a,
                   struct verdict *v);
/* `miss` of the first rule (by id) that would apply but for its scope. */
void say_out_of_scope(const struct policy *p, const struct rule *r, const struct scope_miss *miss,
                      const struct facts *f, struct arena *a, struct verdict *v);
void say_condition_failed(const struct policy *p, const struct rule *r, const struct facts *f, struct arena *a,
                          struct verdict *v);
void say_forbidden(const struct policy *p, const struct rule *r, bool is_maybe, const struct facts *f, struct arena *a,
                   struct verdict *v);
void say_approval(const struct policy *p, const struct rule *r, const struct facts *f, struct arena *a,
                  struct verdict *v);
void say_limit_asks(const struct limit_need *need, const struct facts *f, struct arena *a, struct verdict *v);
void say_cost_unknown(const struct limit_need *need, const struct facts *f, struct arena *a, struct verdict *v);
