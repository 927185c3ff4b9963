/*
 * call/facts.h - everything a decision may look at, flat. Facts go in, a verdict comes out: that is what makes a
 * verdict testable by table and replayable. Strings live in the call's arena. An empty str is "not known" or "absent".
 */
#pragma once

#include "base/money.h"
#include "base/time.h"
#include "call/affected.h"
#include "call/label.h"
#include "call/names.h"
#include "call/usage.h"

#define PROMPT_CHARS_MAX 128

/* What the vendor's own request or answer says of money: integer, currency, exponent. */
struct amount {
    bool is_known;
    int64_t minor;       /* >= 0 */
    int exponent;        /* 2: minor is cents */
    char currency[4];    /* upper case ISO 4217, NUL-terminated */
};

struct cost {
    enum how how; /* HOW_UNKNOWN: usd means nothing */
    money_t usd;  /* the most the call can cost (before), what it cost (after) */
};

/* By which rate an amount in another currency became dollars, or why by none (call/fx.h). */
enum fx_state { FX_NONE, FX_USED, FX_NO_TABLE, FX_NO_RATE, FX_STALE }; /* NONE: there was nothing to convert */
struct str fx_state_text(enum fx_state s); /* "used"; FX_NONE: empty */
#define FX_DATE_BYTES 11
struct fx_use {
    enum fx_state state;
    char currency[4];
    char date[FX_DATE_BYTES]; /* of the table; empty: there is none */
    int64_t nano_usd;         /* what one unit of it is */
    int64_t margin_nano_percent;
};

/* How a parameter's text is to be read. */
enum param_kind {
    KIND_TEXT,
    KIND_INT,
    KIND_BOOL, /* "true" or "false" */
    KIND_LIST, /* texts, joined by commas */
};

/* A normalised parameter that the connector declares for the operation, typed. */
struct param {
    struct str name;
    enum param_kind kind;
    int64_t i;    /* KIND_INT */
    struct str s; /* text as sent, also for integers */
};

/* What the request says of itself, and nobody vouches for: recorded, and never matched by a rule or counted by. */
struct claims {
    struct str user, customer; /* CLAIM_BYTES_MAX of them */
    enum value_source user_source, customer_source;
};
#define CLAIM_BYTES_MAX 256

struct facts {
    /* who */
    struct str key, agent, owner, tenant, user, customer; /* tenant and user are proven: by the key or by a token */
    enum value_source tenant_source, user_source, customer_source;
    struct str issuer;        /* of the identity token, by its name in the config; empty: there was no token */
    const struct str *actors; /* who acts for the user, as the token says; the last to act stands first */
    size_t n_actors;
    int64_t token_lifetime_s; /* from its iat to its exp */
    const struct label *labels; /* of the key */
    size_t n_labels;
    struct claims claims;
    struct str run_id, parent_run_id;
    struct str root_run_id; /* the run that began the tree that this one is of; its own where it has no parent */
    enum run_source run_source;
    enum run_trust run_trust;
    /* where to, and what */
    struct str layer; /* "saas" or "llm", later "mcp" */
    struct str vendor;
    struct str host; /* where the vendor is reached: a name or an address, without a port */
    struct str operation; /* full: stripe.refunds.create; <vendor>.unknown */
    struct str method;
    enum op_class class;
    enum mode mode;
    bool has_idempotency_key; /* the request brings one of its own */
    /* how much */
    struct amount amount;
    struct cost cost; /* prediction */
    struct fx_use fx;
    /* calls to models */
    struct str model;          /* as the agent asked for it, without a vendor; empty: not a call to a model */
    struct str model_asked;    /* where `model` is asked instead, because a limit had no room; else empty */
    struct str downgraded_by;  /* that limit; else empty */
    struct token_bound tokens; /* prediction */
    struct str prompt;         /* "name@version", PROMPT_CHARS_MAX; empty: it has no name */
    struct str prompt_hash;    /* hex of the first 16 bytes of SHA-256 over system prompt and tools; empty */
    const struct param *params;
    size_t n_params;
    /* whose accounts, for rules with a scope; asked for when one hangs on them */
    struct affected affected;
    const struct scope_answer *answers;
    size_t n_answers;
    wall_t now;
};
