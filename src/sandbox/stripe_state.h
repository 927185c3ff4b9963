/*
 * sandbox/stripe_state.h - a simulated Stripe as a value: a request goes in, an answer comes out, money adds up.
 *
 * For `flyball dev` and for tests that need a vendor with a memory. No sockets, no clock, no randomness: time is an
 * argument and ids are counted, so that the same requests give the same answers.
 *
 *   (1) a charge is never refunded beyond what was taken, a payout or transfer never takes more than the balance has.
 *   (2) a request with a known idempotency key and equal parameters changes nothing and gets the first answer again.
 *   (3) state is bounded: beyond STRIPE_OBJECTS_MAX the oldest object is forgotten, beyond STRIPE_KEYS_MAX the oldest
 *       key.
 *
 * Test payment methods: pm_card_visa, tok_visa and other names succeed; a name that contains chargeDeclined,
 * InsufficientFunds, ExpiredCard or IncorrectCvc is declined; one that contains threeDSecure or authenticationRequired
 * asks for action. `metadata[sandbox_fault]` makes this one answer fail after it was carried out (enum stripe_fault).
 */
#pragma once

#include "base/arena.h"
#include "base/limits.h"
#include "base/time.h"

#define STRIPE_OBJECTS_MAX 50000
#define STRIPE_KEYS_MAX 20000

struct stripe_state;

enum stripe_fault {
    STRIPE_FAULT_NONE,
    STRIPE_FAULT_DROP,     /* "drop": carried out, no answer */
    STRIPE_FAULT_TRUNCATE, /* "truncate": half of the answer */
    STRIPE_FAULT_STALL,    /* "stall": carried out, never answered */
    STRIPE_FAULT_DELAY,    /* "delay": answered after one second */
    /* "error_500" needs no help from the carrier: carried out, answered 500 */
};

struct stripe_request {
    struct str method, path, query, body;
    struct str authorization; /* the whole field; empty: none */
    struct str content_type;
    struct str idempotency_key; /* empty: none */
};

struct stripe_answer {
    uint16_t status;
    struct str body; /* JSON, in the arena */
    struct str request_id;
    bool is_replay; /* Idempotent-Replayed: true */
    enum stripe_fault fault;
};

/* With the starter data: customers cus_demo, cus_demo_2; charges ch_demo (USD 100.00, of cus_demo), ch_demo_2
 * (USD 25.00). */
int stripe_state_new(const struct limits *limits, wall_t now, struct stripe_state **ret);
void stripe_state_free(struct stripe_state *s);
/* 0, also for refusals; -ERR_NOMEM, -ERR_TOO_LARGE (the arena's cap). */
int stripe_state_answer(struct stripe_state *s, const struct stripe_request *r, wall_t now, struct arena *a,
                        struct stripe_answer *ret);

/* For tests: how often money moved, and how much, by object type ("refund", "charge", "payout", "transfer"). */
struct stripe_totals {
    int64_t n, minor;
};
struct stripe_totals stripe_state_totals(const struct stripe_state *s, struct str type);
/* Requests answered, look-ups and refusals included. */
int64_t stripe_state_requests(const struct stripe_state *s);
