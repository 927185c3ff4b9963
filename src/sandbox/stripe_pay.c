/*
 * sandbox/stripe_pay.c - customers, payment methods, payment intents and charges of the simulated Stripe.
 *
 *   intent: requires_payment_method -> requires_confirmation -> (requires_action) -> requires_capture -> succeeded
 *           canceled from any but succeeded; a decline goes back to requires_payment_method
 */
#include "sandbox/stripe_impl.h"

#include "base/err.h"

#include <string.h>

#define NEEDS_METHOD "requires_payment_method"
#define NEEDS_CONFIRM "requires_confirmation"
#define NEEDS_ACTION "requires_action"
#define NEEDS_CAPTURE "requires_capture"
#define SUCCEEDED "succeeded"
#define CANCELED "canceled"

static bool is_status(const struct stripe_object *o, const char *status) { return strcmp(o->status, status) == 0; }

/* ---- customers, payment methods ---- */

int stripe_customer_create(struct stripe_turn *t)
{
    struct stripe_object *o = stripe_add(t->s, STRIPE_CUSTOMER, NULL, t->now);
    int r = o ? stripe_apply_common(t, o) : -ERR_NOMEM;
    return r < 0 ? err_trace(r) : stripe_answer_object(t, o);
}

int stripe_customer_update(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = stripe_need_object(t, STRIPE_CUSTOMER, NULL, t->ids[0], &o);
    if (r == 0)
        r = stripe_apply_common(t, o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_customer_delete(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = stripe_need_object(t, STRIPE_CUSTOMER, NULL, t->ids[0], &o);
    if (r)
        return r;
    o->is_deleted = true;
    return stripe_answer_deleted(t, o);
}

/* Every pm_ name exists: pm_card_visa is a method of the test mode, and becomes an object when it is first used. */
static int need_method(struct stripe_turn *t, struct stripe_object **ret)
{
    struct stripe_object *o = stripe_find(t->s, STRIPE_METHOD, t->ids[0]);
    if (!o && str_starts(t->ids[0], STR("pm_")) && t->ids[0].n < STRIPE_ID_BYTES) {
        o = stripe_add(t->s, STRIPE_METHOD, arena_str(t->a, t->ids[0]).p, t->now);
        if (!o)
            return err_trace(-ERR_NOMEM);
    }
    if (!o)
        return stripe_need_object(t, STRIPE_METHOD, NULL, t->ids[0], ret);
    *ret = o;
    return 0;
}

int stripe_method_retrieve(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = need_method(t, &o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_method_attach(struct stripe_turn *t)
{
    struct stripe_object *o, *customer;
    int r = need_method(t, &o);
    if (r == 0)
        r = stripe_need_object(t, STRIPE_CUSTOMER, "customer", stripe_param(t, "customer"), &customer);
    if (r)
        return r;
    stripe_copy_id(o->customer, str_c(customer->id));
    return stripe_answer_object(t, o);
}

int stripe_method_detach(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = need_method(t, &o);
    if (r)
        return r;
    o->customer[0] = 0;
    return stripe_answer_object(t, o);
}

/* ---- cards ---- */

struct card_answer {
    const char *name_has, *decline_code, *message;
};

/* What a test card answers; NULL: it pays. */
static const struct card_answer *card_decline(struct str name)
{
    static const struct card_answer answers[] = {
        {"InsufficientFunds", "insufficient_funds", "Your card has insufficient funds."},
        {"ExpiredCard", "expired_card", "Your card has expired."},
        {"IncorrectCvc", "incorrect_cvc", "Your card's security code is incorrect."},
        {"chargeDeclined", "generic_decline", "Your card was declined."},
    };
    size_t at;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (str_find(name, str_c(answers[i].name_has), &at))
            return &answers[i];
    }
    return NULL;
}

static bool card_asks_for_action(struct str name)
{
    size_t at;
    return str_find(name, STR("threeDSecure"), &at) || str_find(name, STR("authenticationRequired"), &at);
}

static int check_customer(struct stripe_turn *t)
{
    struct stripe_object *unused;
    struct str id = stripe_param(t, "customer");
    return id.n ? stripe_need_object(t, STRIPE_CUSTOMER, "customer", id, &unused) : 0;
}

/* A charge that takes the money, or only holds it. */
static struct stripe_object *charge_add(struct stripe_turn *t, int64_t amount, const char currency[4], bool is_manual)
{
    struct stripe_object *o = stripe_add(t->s, STRIPE_CHARGE, NULL, t->now);
    if (!o)
        return NULL;
    o->amount = amount;
    memcpy(o->currency, currency, 4);
    o->is_manual = is_manual;
    o->status = SUCCEEDED;
    if (!is_manual) {
        o->taken = amount;
        stripe_count(t->s, STRIPE_CHARGE, amount);
        (void)stripe_balance_add(t->s, currency,
                                 amount); /* a currency too many is not booked, and cannot be paid out */
    }
    return o;
}

/* Takes `amount` of a held charge; the rest is given back, as Stripe shows it. */
static void charge_capture(struct stripe_turn *t, struct stripe_object *o, int64_t amount)
{
    o->taken = amount;
    o->back = o->amount - amount;
    stripe_count(t->s, STRIPE_CHARGE, amount);
    (void)stripe_balance_add(t->s, o->currency, amount); /* as above */
}

/* ---- payment intents ---- */

static int confirm(struct stripe_turn *t, struct stripe_object *o)
{
    const struct card_answer *no = card_decline(str_c(o->method));
    if (is_status(o, SUCCEEDED) || is_status(o, CANCELED) || is_status(o, NEEDS_CAPTURE))
        return stripe_fail(t, 400, "invalid_request_error", "payment_intent_unexpected_state", NULL,
                           "This PaymentIntent's payment_method could not be updated because it has a status of %s.",
                           o->status);
    if (!o->method[0])
        return stripe_fail(t, 400, "invalid_request_error", "payment_intent_unexpected_state", NULL,
                           "You cannot confirm this PaymentIntent because it's missing a payment method.");
    if (no) {
        o->status = NEEDS_METHOD;
        o->failure = no->decline_code;
        return stripe_answer_decline(t, no->decline_code, no->message, o);
    }
    o->failure = NULL;
    if (card_asks_for_action(str_c(o->method))) {
        o->status = NEEDS_ACTION;
        return 0;
    }
    struct stripe_object *charge = charge_add(t, o->amount, o->currency, o->is_manual);
    if (!charge)
        return err_trace(-ERR_NOMEM);
    stripe_copy_id(charge->intent, str_c(o->id));
    stripe_copy_id(charge->customer, str_c(o->customer));
    stripe_copy_id(charge->method, str_c(o->method));
    stripe_copy_id(o->charge, str_c(charge->id));
    o->taken = charge->taken;
    o->status = o->is_manual ? NEEDS_CAPTURE : SUCCEEDED;
    return 0;
}

int stripe_intent_create(struct stripe_turn *t)
{
    int64_t amount;
    char currency[4];
    int r = stripe_need_amount(t, "amount", &amount);
    if (r == 0)
        r = stripe_need_currency(t, currency);
    if (r == 0)
        r = check_customer(t);
    if (r)
        return r;
    struct stripe_object *o = stripe_add(t->s, STRIPE_INTENT, NULL, t->now);
    if (!o)
        return err_trace(-ERR_NOMEM);
    o->amount = amount;
    memcpy(o->currency, currency, 4);
    o->is_manual = stripe_param_is(t, "capture_method", "manual");
    r = stripe_apply_common(t, o);
    o->status = o->method[0] ? NEEDS_CONFIRM : NEEDS_METHOD;
    if (r == 0 && stripe_param_is(t, "confirm", "true"))
        r = confirm(t, o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_intent_update(struct stripe_turn *t)
{
    struct stripe_object *o;
    int64_t amount;
    int r = stripe_need_object(t, STRIPE_INTENT, NULL, t->ids[0], &o);
    if (r == 0)
        r = stripe_may_amount(t, "amount", o->amount, &amount);
    if (r == 0)
        r = check_customer(t);
    if (r)
        return r;
    if (amount != o->amount && (is_status(o, SUCCEEDED) || is_status(o, CANCELED) || is_status(o, NEEDS_CAPTURE)))
        return stripe_fail(t, 400, "invalid_request_error", "payment_intent_unexpected_state", "amount",
                           "This PaymentIntent's amount could not be updated because it has a status of %s.",
                           o->status);
    o->amount = amount;
    r = stripe_apply_common(t, o);
    if (o->method[0] && is_status(o, NEEDS_METHOD))
        o->status = NEEDS_CONFIRM;
    return r ? r : stripe_answer_object(t, o);
}

int stripe_intent_confirm(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = stripe_need_object(t, STRIPE_INTENT, NULL, t->ids[0], &o);
    if (r == 0)
        r = stripe_apply_common(t, o);
    if (r == 0 && stripe_param(t, "capture_method").n)
        o->is_manual = stripe_param_is(t, "capture_method", "manual");
    if (r == 0)
        r = confirm(t, o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_intent_capture(struct stripe_turn *t)
{
    struct stripe_object *o, *charge;
    int64_t amount;
    int r = stripe_need_object(t, STRIPE_INTENT, NULL, t->ids[0], &o);
    if (r)
        return r;
    if (!is_status(o, NEEDS_CAPTURE))
        return stripe_fail(
            t, 400, "invalid_request_error", "payment_intent_unexpected_state", NULL,
            "This PaymentIntent could not be captured because it has a status of %s. Only a PaymentIntent with one of "
            "the following statuses may be captured: requires_capture.",
            o->status);
    r = stripe_may_amount(t, "amount_to_capture", o->amount, &amount);
    if (r == 0)
        r = stripe_need_object(t, STRIPE_CHARGE, "latest_charge", str_c(o->charge), &charge);
    if (r)
        return r;
    if (amount > o->amount)
        return stripe_fail(t, 400, "invalid_request_error", "amount_too_large", "amount_to_capture",
                           "You cannot capture more than the authorized amount.");
    charge_capture(t, charge, amount);
    o->taken = amount;
    o->status = SUCCEEDED;
    return stripe_answer_object(t, o);
}

int stripe_intent_increment(struct stripe_turn *t)
{
    struct stripe_object *o, *charge;
    int64_t amount;
    int r = stripe_need_object(t, STRIPE_INTENT, NULL, t->ids[0], &o);
    if (r == 0)
        r = stripe_need_amount(t, "amount", &amount);
    if (r)
        return r;
    if (!is_status(o, NEEDS_CAPTURE) || amount <= o->amount)
        return stripe_fail(t, 400, "invalid_request_error", "payment_intent_unexpected_state", "amount",
                           "Only an authorization that waits for its capture can be incremented, to more than %lld.",
                           (long long)o->amount);
    r = stripe_need_object(t, STRIPE_CHARGE, "latest_charge", str_c(o->charge), &charge);
    if (r)
        return r;
    o->amount = charge->amount = amount;
    return stripe_answer_object(t, o);
}

int stripe_intent_cancel(struct stripe_turn *t)
{
    struct stripe_object *o, *charge;
    int r = stripe_need_object(t, STRIPE_INTENT, NULL, t->ids[0], &o);
    if (r)
        return r;
    if (is_status(o, SUCCEEDED) || is_status(o, CANCELED))
        return stripe_fail(t, 400, "invalid_request_error", "payment_intent_unexpected_state", NULL,
                           "You cannot cancel this PaymentIntent because it has a status of %s.", o->status);
    charge = stripe_find(t->s, STRIPE_CHARGE, str_c(o->charge));
    if (charge)
        charge->back = charge->amount; /* the hold on the card ends */
    o->status = CANCELED;
    return stripe_answer_object(t, o);
}

/* ---- charges ---- */

int stripe_charge_create(struct stripe_turn *t)
{
    int64_t amount;
    char currency[4];
    struct str source = stripe_param(t, "source");
    int r = stripe_need_amount(t, "amount", &amount);
    if (r == 0)
        r = stripe_need_currency(t, currency);
    if (r == 0)
        r = check_customer(t);
    if (r)
        return r;
    if (!source.n && !stripe_param(t, "customer").n)
        return stripe_fail(t, 400, "invalid_request_error", "parameter_missing", "source",
                           "Must provide source or customer.");
    const struct card_answer *no = card_decline(source);
    if (no)
        return stripe_answer_decline(t, no->decline_code, no->message, NULL);
    struct stripe_object *o = charge_add(t, amount, currency, stripe_param_is(t, "capture", "false"));
    if (!o)
        return err_trace(-ERR_NOMEM);
    r = stripe_apply_common(t, o);
    stripe_copy_id(o->method, source);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_charge_update(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = stripe_need_object(t, STRIPE_CHARGE, NULL, t->ids[0], &o);
    if (r == 0)
        r = check_customer(t);
    if (r == 0)
        r = stripe_apply_common(t, o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_charge_capture(struct stripe_turn *t)
{
    struct stripe_object *o;
    int64_t amount;
    int r = stripe_need_object(t, STRIPE_CHARGE, NULL, t->ids[0], &o);
    if (r)
        return r;
    if (!o->is_manual || o->taken || o->back)
        return stripe_fail(t, 400, "invalid_request_error", "charge_already_captured", NULL,
                           "Charge %s has already been captured.", o->id);
    r = stripe_may_amount(t, "amount", o->amount, &amount);
    if (r)
        return r;
    if (amount > o->amount)
        return stripe_fail(t, 400, "invalid_request_error", "amount_too_large", "amount",
                           "You cannot capture a charge for an amount larger than it already is.");
    charge_capture(t, o, amount);
    return stripe_answer_object(t, o);
}
