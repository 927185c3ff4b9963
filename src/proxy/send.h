/*
 * proxy/send.h - one request to a vendor on call.up, and its row among the attempts.
 */
#pragma once

#include "proxy/call.h"

/* Copies the agent's fields that the connector forwards: retries may come when the agent is gone. Once, before the
 * first send. */
void send_keep_fields(struct call *c);

struct send_parts {
    struct str method, target, content_type, idempotency_key;
    const struct str *body; /* its pieces in order, valid until the exchange is released */
    size_t n_body;
};
/* The head, and as much of the body as fits the window; send_more() in on_writable sends the rest. */
void send_request(struct call *c, const struct send_parts *p);
void send_more(struct call *c);
/* The same on any exchange: `fields` goes out too, and has room for SEND_FIELDS_MORE behind its n.
 * `credential` NULL: none. */
#define SEND_FIELDS_MORE 4
void send_on(struct http_exchange *x, const struct vendor *v, const struct credential *credential,
             struct http_field *fields, size_t n, const struct send_parts *p);
/*
 * False: the answer names another idempotency key than the request carried (empty: none), so it is the belated second
 * answer to a request before it on that connection. Vendors that echo the key make this sure; others say nothing.
 */
bool send_is_answered_by(struct str idempotency_key, const struct http_head *head);

/* NULL: ATTEMPTS_MAX were made. */
struct record_attempt *attempt_begin(struct call *c, bool is_lookup, struct str path_template);
/* Fills the last attempt from call.up; `error` NULL for a complete answer. */
void attempt_end(struct call *c, uint16_t status, const char *error);
