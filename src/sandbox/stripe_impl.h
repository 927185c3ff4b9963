/*
 * sandbox/stripe_impl.h - what the files of the simulated Stripe share. Private to sandbox/.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "codec/form.h"
#include "codec/json_write.h"
#include "sandbox/stripe_state.h"

#define STRIPE_ID_BYTES 64
#define STRIPE_CURRENCIES_MAX 32
#define STRIPE_METADATA_MAX 50
#define STRIPE_R_FAILED 1 /* the answer is an error, already written */

enum stripe_type {
    STRIPE_CUSTOMER,
    STRIPE_INTENT,
    STRIPE_CHARGE,
    STRIPE_REFUND,
    STRIPE_PAYOUT,
    STRIPE_TRANSFER,
    STRIPE_REVERSAL,
    STRIPE_METHOD,
    STRIPE_TYPES,
};

struct stripe_pair {
    char *key, *value;
    struct stripe_pair *next;
};

/* One object of any type; a field that a type does not use is empty. */
struct stripe_object {
    struct list node; /* in its type's list, newest last */
    enum stripe_type type;
    wall_t created;
    char id[STRIPE_ID_BYTES];
    char currency[4]; /* lower case */
    int64_t amount;
    int64_t taken;                /* captured, received */
    int64_t back;                 /* refunded, reversed */
    const char *status, *failure; /* static texts; failure: decline code of the last attempt */
    char customer[STRIPE_ID_BYTES];
    char charge[STRIPE_ID_BYTES]; /* refund, intent: latest charge */
    char intent[STRIPE_ID_BYTES]; /* refund, charge */
    char method[STRIPE_ID_BYTES];
    char other[STRIPE_ID_BYTES]; /* payout, transfer: destination; reversal: transfer; reversed payout: the first one */
    char reason[STRIPE_ID_BYTES];
    bool is_manual; /* captured by a call of its own */
    bool is_deleted;
    char *description, *email, *name;
    struct stripe_pair *metadata;
};

struct stripe_key {
    struct list node;
    char *key;
    uint8_t digest[32]; /* of method, path and body */
    uint16_t status;
    char *body;
    size_t body_n;
};

struct stripe_state {
    const struct limits *limits;
    struct map objects, keys;
    struct list lists[STRIPE_TYPES], order_of_keys;
    size_t n_objects;
    struct {
        char currency[4];
        int64_t minor;
    } balance[STRIPE_CURRENCIES_MAX];
    size_t n_balance;
    struct stripe_totals totals[STRIPE_TYPES];
    int64_t n_requests, n_ids;
};

/* One request on its way. */
struct stripe_turn {
    struct stripe_state *s;
    const struct stripe_request *r;
    struct arena *a;
    wall_t now;
    struct form form;  /* query of GET and DELETE, body of POST */
    struct str ids[2]; /* of the path */
    struct stripe_answer *answer;
};

/* stripe_state.c */
struct stripe_object *stripe_find(struct stripe_state *s, enum stripe_type type,
                                  struct str id); /* NULL: none, or deleted */
/* A new object with a counted id; NULL: no memory. */
struct stripe_object *stripe_add(struct stripe_state *s, enum stripe_type type, const char *id, wall_t now);
bool stripe_balance_add(struct stripe_state *s, const char *currency,
                        int64_t minor); /* false: too many currencies, or overflow */
int64_t stripe_balance_get(const struct stripe_state *s, const char *currency);
void stripe_count(struct stripe_state *s, enum stripe_type type, int64_t minor);

/* stripe_read.c: parameters of a request; each answers with Stripe's own error and STRIPE_R_FAILED. */
int stripe_fail(struct stripe_turn *t, uint16_t status, const char *type, const char *code, const char *param,
                const char *fmt, ...) __attribute__((format(printf, 6, 7)));
struct str stripe_param(const struct stripe_turn *t, const char *name); /* STR_NONE: absent or empty */
bool stripe_param_is(const struct stripe_turn *t, const char *name, const char *value);
int stripe_need_amount(struct stripe_turn *t, const char *name, int64_t *ret);
int stripe_may_amount(struct stripe_turn *t, const char *name, int64_t def, int64_t *ret);
int stripe_need_currency(struct stripe_turn *t, char ret[4]);
/* The object that a parameter (or the path, param NULL) names. */
int stripe_need_object(struct stripe_turn *t, enum stripe_type type, const char *param, struct str id,
                       struct stripe_object **ret);
/* Copies customer, payment_method, description, email, name and metadata where the request has them. */
int stripe_apply_common(struct stripe_turn *t, struct stripe_object *o);
void stripe_copy_id(char to[STRIPE_ID_BYTES], struct str from); /* cut to fit */

/* stripe_render.c */
const char *stripe_type_name(enum stripe_type type);
int stripe_answer_object(struct stripe_turn *t, const struct stripe_object *o);
/* 402 card_error; `intent` may be NULL. */
int stripe_answer_decline(struct stripe_turn *t, const char *decline_code, const char *message,
                          const struct stripe_object *intent);
/* GET lists: limit, starting_after, ending_before, created[gte], and the fields that objects are filtered by. */
int stripe_answer_list(struct stripe_turn *t, enum stripe_type type, bool is_search);
int stripe_answer_balance(struct stripe_turn *t);
int stripe_answer_deleted(struct stripe_turn *t, const struct stripe_object *o);

/* stripe_pay.c, stripe_out.c: one function an operation. */
int stripe_customer_create(struct stripe_turn *t);
int stripe_customer_update(struct stripe_turn *t);
int stripe_customer_delete(struct stripe_turn *t);
int stripe_intent_create(struct stripe_turn *t);
int stripe_intent_update(struct stripe_turn *t);
int stripe_intent_confirm(struct stripe_turn *t);
int stripe_intent_capture(struct stripe_turn *t);
int stripe_intent_increment(struct stripe_turn *t);
int stripe_intent_cancel(struct stripe_turn *t);
int stripe_charge_create(struct stripe_turn *t);
int stripe_charge_update(struct stripe_turn *t);
int stripe_charge_capture(struct stripe_turn *t);
int stripe_method_attach(struct stripe_turn *t);
int stripe_method_detach(struct stripe_turn *t);
int stripe_method_retrieve(struct stripe_turn *t);
int stripe_refund_create(struct stripe_turn *t);
int stripe_refund_update(struct stripe_turn *t);
int stripe_refund_cancel(struct stripe_turn *t);
int stripe_payout_create(struct stripe_turn *t);
int stripe_payout_update(struct stripe_turn *t);
int stripe_payout_cancel(struct stripe_turn *t);
int stripe_payout_reverse(struct stripe_turn *t);
int stripe_transfer_create(struct stripe_turn *t);
int stripe_transfer_update(struct stripe_turn *t);
int stripe_reversal_create(struct stripe_turn *t);
