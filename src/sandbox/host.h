/*
 * sandbox/host.h - carries requests to a simulated vendor and its answers back, over HTTP on loopback; and the faults
 * that a carrier can have, so that what an agent does when a vendor fails can be tried without one.
 *
 * A simulated vendor is a value (struct sandbox_vendor): a request goes in, an answer comes out. It sees no socket and
 * no clock. One host serves one vendor, on one loop, whose thread makes every call here.
 *
 * Faults come with the answer, or by the request's field `x-flyball-fault`: a name of fault.tbl.h.
 */
#pragma once

#include "base/arena.h"
#include "base/limits.h"
#include "http/head.h"
#include "net/loop.h"

enum sandbox_fault {
    SANDBOX_FAULT_NONE,
#define FAULT(name, text, help) SANDBOX_FAULT_##name,
#include "sandbox/fault.tbl.h"
#undef FAULT
    SANDBOX_FAULT_COUNT
};
/* SANDBOX_FAULT_NONE: no fault has that name. */
enum sandbox_fault sandbox_fault_parse(struct str s);

struct sandbox_request {
    struct str method, path, query, body;
    const struct http_head *head;
    wall_t now;
};
/* The value of a field; empty: it is not there. */
struct str sandbox_field(const struct sandbox_request *r, struct str name);

#define SANDBOX_FIELDS_MAX 12
struct sandbox_answer {
    uint16_t status;
    struct http_field fields[SANDBOX_FIELDS_MAX]; /* Content-Type included */
    size_t n_fields;
    const struct str *pieces; /* of the body, in the arena; a stream sends one at a time */
    size_t n_pieces;
    bool is_stream;
    int64_t pace_ms; /* between two pieces of a stream; 0: as fast as they are taken */
    enum sandbox_fault fault;
};
void sandbox_put_field(struct sandbox_answer *a, struct str name, struct str value);
/* A JSON answer of one piece. */
void sandbox_put_json(struct sandbox_answer *a, uint16_t status, struct str body, struct arena *arena);

struct sandbox_vendor {
    void *state;
    /* 0, also for refusals; negative: the sandbox is out of memory, answered 500. Texts live in the arena. */
    int (*answer)(void *state, const struct sandbox_request *r, struct arena *a, struct sandbox_answer *ret);
    void (*free)(void *state); /* NULL: nothing to free */
};

struct sandbox;
/*
 * Listens on `addr` (port 0 picks one; loopback only, else -ERR_DENIED). Takes over the vendor's state, also when it
 * fails. `limits` outlives it. -ERR_ADDR_IN_USE, ...
 */
int sandbox_start(struct loop *loop, const struct net_addr *addr, const struct limits *limits,
                  const struct sandbox_vendor *vendor, struct sandbox **ret, struct net_addr *ret_bound);
/* Closes the listener and every connection, and frees it. NULL is fine. */
void sandbox_stop(struct sandbox *sb);
/* The vendor's state, for tests. */
void *sandbox_state(struct sandbox *sb);
