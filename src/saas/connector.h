/*
 * saas/connector.h - how we read one vendor's traffic, as data: connectors/<vendor>/connector.yaml (CONTRACT 7).
 *
 * A connector is immutable and outlives every call. What a vendor does that data cannot say is one small file in this
 * folder.
 */
#pragma once

#include "base/limits.h"
#include "call/facts.h"
#include "call/known.h"
#include "codec/diag.h"

struct connector;
struct operation; /* a row of it */

int connector_parse(struct str text, struct str file, const struct limits *limits, struct diag_list *diags,
                    struct connector **ret);
void connector_free(struct connector *c);
/* The connector.yaml compiled into the binary; false when there is none of that name. */
bool connector_builtin(struct str name, struct str *ret_text);
/* Names of all that are compiled in, ends with STR_NONE. */
const struct str *connector_builtin_names(void);

struct str connector_name(const struct connector *c);
struct str connector_layer(const struct connector *c);    /* "saas" or "llm" */
struct str connector_base_url(const struct connector *c); /* the vendor's own, when the config names none */
/* Every operation as JSON (operation, class, method, path, note) for `flyball vendors` and docs. */
int connector_operations_json(const struct connector *c, struct buf *out);

/*
 * How many operations there are; with `ret` not NULL, each of them as policies name it, for that vendor. Names point
 * into the connector, lists live in `a`.
 */
size_t connector_known(const struct connector *c, struct str vendor, struct arena *a, struct known_operation *ret);

/* Rows of a table of prices that stand before those compiled in: the user's own contract. -ERR_INVALID with diags. */
int connector_override_prices(struct connector *c, struct str text, struct str file, struct diag_list *diags);

/* How the vendor's secret is presented: which header, and text before it ("Bearer "). */
struct secret_form {
    struct str header;
    struct str prefix;
    bool is_basic; /* base64 of the secret, which is user:password */
};
struct secret_form connector_secret_form(const struct connector *c);
/* Which mode a secret is for, read from its prefix; MODE_ANY for vendors without modes; false: the prefix says nothing.
 */
bool connector_secret_mode(const struct connector *c, struct str secret, enum mode *ret);

/*
 * A request header (lower case) that only this vendor's clients send: it finds the vendor of a path without a prefix.
 * Empty: there is none.
 */
struct str connector_root_header(const struct connector *c);
/* Whether that User-Agent is one of this vendor's clients, where they send no such header. */
bool connector_root_agent(const struct connector *c, struct str user_agent);
/* Whether what a key of ours wears (`sk_test_`) is how this vendor's own keys begin: the next best sign. */
bool connector_root_key(const struct connector *c, struct str dress);
/*
 * Operations that are calls to models have a `shape` (llm/shape.tbl.h, as text) instead of parameters: llm/ reads them,
 * not saas_read(). False: no operation (NULL), or one without a shape.
 */
bool operation_shape(const struct operation *op, struct str *ret_operation, enum op_class *ret_class,
                     struct str *ret_shape);

/* Request header fields that go on to the vendor (lower case); all others stop here. */
bool connector_forwards_header(const struct connector *c, struct str name);
/* Request header fields that change whose money moves (Stripe-Account): refused unless a rule names them (later). */
bool connector_refuses_header(const struct connector *c, struct str name);
