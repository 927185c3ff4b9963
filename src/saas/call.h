/*
 * saas/call.h - one request to a SaaS vendor, read strictly: which operation, which values, what may it cost, how does
 * it go on, and what did the answer say. Values in, values out; no sockets, no waiting.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "call/facts.h"
#include "saas/connector.h"

struct saas_request {
    struct str method, path, query; /* path as the vendor sees it, without our prefix */
    bool has_query;
    struct str content_type, content_encoding, idempotency_key; /* empty: none */
    bool has_idempotency_key;
    struct str body; /* whole */
};

/* Why a request is refused before any rule is asked. */
struct saas_problem {
    enum code code;  /* CODE_REQUEST_INVALID, CODE_REQUEST_AMBIGUOUS, CODE_REQUEST_TOO_LARGE */
    uint16_t status; /* 400 405 413 414 415 */
    struct str text; /* one sentence that names the field; in the arena */
};

/* A vendor object as learned from an answer. */
struct saas_object {
    struct str id, type; /* "re_1", "refund" */
    struct str customer; /* empty: unknown or none */
    struct str parent;   /* the object it refers to: a refund's charge; empty */
    bool is_created;     /* this call created it */
};

struct saas_call {
    const struct connector *connector;
    const struct operation *op; /* NULL: an operation the connector does not know */
    struct str operation;       /* "stripe.refunds.create"; "stripe.unknown" */
    enum op_class class;        /* may depend on values: a payment intent with confirm=true is money_in */
    struct param *params;       /* declared or derived, typed */
    size_t n_params;
    struct param *contents; /* declared as content: they decide, but are no facts */
    size_t n_contents;
    struct amount amount; /* what the request (or look-up) says; not known: is_known false */
    struct str direction; /* "in", "out", or empty */
    struct str customer;
    enum value_source customer_source;
    struct str subject; /* id of the object that the request is about, for the object index: "ch_1"; empty */
    /* the canonical request, made from what was read */
    struct str path, query, body, content_type; /* body empty: none */
    struct str idempotency_key;
    /* look-ups still possible: */
    bool can_look_up_amount, can_look_up_customer;
    bool is_streamable; /* class read: the answer need not be read whole */
    /* what the request itself says, before any look-up; private to saas/ */
    const struct lookup *lookup; /* the row that this request could use; NULL: none */
    bool has_asked_amount;
    int64_t asked_minor;
    char asked_currency[4]; /* empty: the request says none */
    struct str asked_customer;
};

/* What method and path are; NULL: no operation of this connector, or a path that no request may have. */
const struct operation *saas_find(const struct connector *c, struct str method, struct str path);

/*
 * Reads a request for `op`, which saas_find() found for its method and path. 0: *ret is set (unknown operations too: op
 * NULL, path checked, body untouched but re-sendable).
 * SAAS_R_PROBLEM: *ret_problem says why. -ERR_TOO_LARGE: the arena's cap. A path with dot segments, %, empty segments,
 * or bytes that are neither unreserved nor ':' is a problem.
 */
int saas_read(const struct connector *c, const struct operation *op, const struct saas_request *r,
              const struct limits *limits, struct arena *a, struct saas_call *ret, struct saas_problem *ret_problem);
#define SAAS_R_PROBLEM 1

/* The host that serves a path, and the path as it is there; empty: the vendor has one host. */
struct str saas_host(const struct connector *c, struct str path, struct str *ret_path);

/* The nano-USD that the amount means; how is HOW_ESTIMATED for a known USD amount, HOW_UNKNOWN else. */
struct cost saas_predict(const struct saas_call *call);

/* The GET that fills amount and customer: path (and query) at the vendor; false when the operation has none. */
bool saas_lookup_path(const struct saas_call *call, bool wants_amount, bool wants_customer, struct arena *a,
                      struct str *ret_path);
/* Reads the look-up's answer (status, JSON body) into *call, and what it teaches into objects. The answer's currency is
 * checked against the request's. 0; SAAS_R_PROBLEM when the object does not exist or cannot be what the request says
 * (the facts stay unknown; *ret_problem->text says why, for the reason). */
int saas_lookup_apply(struct saas_call *call, uint16_t status, struct str body, struct arena *a,
                      struct saas_object *ret_objects, size_t objects_max, size_t *ret_n,
                      struct saas_problem *ret_problem);

/* What we add to requests (CONTRACT 7 `additions`), each recorded. */
struct saas_additions {
    bool idempotency_key; /* header, when the request has none and the operation takes one */
    bool tag;             /* metadata[flyball_tag] on creates: finds the object of an unknown outcome */
    bool usage;           /* asks a model's stream for usage, hidden from an agent that did not (llm/request.h) */
};
/*
 * The bytes to send: body (canonical form plus tag) and idempotency key. The tag is the first 24 hex of
 * SHA-256(scope, key, canonical body), so that a retry with the same key sends the same bytes. `made_key`: used when
 * the request has none. *ret_added lists what was added ("idempotency_key", "tag").
 */
int saas_compose(const struct saas_call *call, struct saas_additions add, struct str scope, struct str made_key,
                 struct arena *a, struct str *ret_body, struct str *ret_key, struct str ret_added[2],
                 size_t *ret_n_added);

/* What the vendor's complete answer means. */
struct saas_result {
    enum outcome outcome; /* SETTLED, RELEASED (proof of no charge), UNKNOWN (5xx, unreadable success), NONE for class
                             read/write */
    struct cost cost;     /* HOW_PARSED when read from the answer, HOW_ESTIMATED when the answer does not say */
    struct amount amount;
    struct str customer;
    struct str error; /* vendor's error code or type; never its message */
    struct saas_object *objects;
    size_t n_objects;
    bool is_replay; /* the vendor says that it answered from its idempotency store */
    struct str poll; /* path of the GET that will know the price; empty: nothing is left to ask */
};
/* `predicted`: settled at when the answer is a success without an amount. Currency differing from the request's:
 * UNKNOWN. */
int saas_confirm(const struct saas_call *call, uint16_t status, struct str body, bool replay_header,
                 struct cost predicted, struct arena *a, struct saas_result *ret);
/* Reads what was polled. How far it is: the cost is known (parsed), or not yet, or will not be. */
enum saas_polled { SAAS_POLLED_PRICE, SAAS_POLLED_NOT_YET, SAAS_POLLED_NEVER };
enum saas_polled saas_poll_read(const struct operation *op, uint16_t status, struct str body, struct cost *ret);
/* When to ask for the i-th time, after the answer; false: no more. */
bool saas_poll_after(const struct operation *op, size_t i, int64_t *ret_ms);
/* The i-th operation of the connector whose price may come later, and its name; NULL behind the last. */
const struct operation *saas_poll_operation(const struct connector *c, size_t i, struct str *ret_name);

/* What makes two requests one for a while: *ret_window_ms, 0: nothing. A digest of the values that the connector names,
 * or of the request's own idempotency key (*ret_is_own_key), which the vendor does not honour. */
int64_t saas_duplicate_window(const struct saas_call *call, const struct saas_request *r, uint8_t ret_digest[32],
                              bool *ret_is_own_key);
/* The i-th operation of the connector that has such a window, and its name; NULL behind the last. */
const struct operation *saas_duplicate_operation(const struct connector *c, size_t i, struct str *ret_name);

/* Status only, for answers that are streamed. */
enum outcome saas_outcome_of_status(const struct saas_call *call, uint16_t status);

/* A refusal in the vendor's own error form (JSON body); `c` NULL: Stripe's shape. */
int saas_refusal_body(const struct connector *c, enum code code, uint16_t status, struct str sentence,
                      struct str call_id, struct buf *out);
/* Response header that carries the vendor's request id ("request-id"); and the one that marks a replay. */
struct str connector_request_id_header(const struct connector *c);
struct str connector_replay_header(const struct connector *c);
/* Path parameters and ids out, template in: "/v1/charges/{id}"; for records of attempts. A look-up's has no query. */
struct str saas_path_template(const struct saas_call *call);
struct str saas_lookup_path_template(const struct saas_call *call);
