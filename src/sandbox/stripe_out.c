/*
 * sandbox/stripe_out.c - money that leaves the simulated Stripe: refunds, payouts, transfers and their reversals.
 */
#include "sandbox/stripe_impl.h"

#include "base/err.h"

#include <string.h>

/* ---- refunds ---- */

static int refund_charge(struct stripe_turn *t, struct stripe_object **ret)
{
    struct stripe_object *intent;
    struct str id = t->ids[0].n ? t->ids[0] : stripe_param(t, "charge"), pi = stripe_param(t, "payment_intent");
    if (id.n && pi.n)
        return stripe_fail(t, 400, "invalid_request_error", NULL, NULL,
                           "You may only specify one of: charge, payment_intent.");
    if (id.n)
        return stripe_need_object(t, STRIPE_CHARGE, "charge", id, ret);
    if (!pi.n)
        return stripe_fail(
            t, 400, "invalid_request_error", "parameter_missing", "charge",
            "One of the following params should be provided for this request: payment_intent or charge.");
    int r = stripe_need_object(t, STRIPE_INTENT, "payment_intent", pi, &intent);
    if (r)
        return r;
    if (!intent->charge[0])
        return stripe_fail(t, 400, "invalid_request_error", "payment_intent_unexpected_state", "payment_intent",
                           "This PaymentIntent (%s) does not have a successful charge to refund.", intent->id);
    return stripe_need_object(t, STRIPE_CHARGE, "payment_intent", str_c(intent->charge), ret);
}

int stripe_refund_create(struct stripe_turn *t)
{
    struct stripe_object *charge;
    int64_t amount;
    int r = refund_charge(t, &charge);
    if (r)
        return r;
    int64_t left = charge->amount - charge->back;
    if (left == 0)
        return stripe_fail(t, 400, "invalid_request_error", "charge_already_refunded", NULL,
                           "Charge %s has already been refunded.", charge->id);
    r = stripe_may_amount(t, "amount", left, &amount);
    if (r)
        return r;
    if (amount > left)
        return stripe_fail(t, 400, "invalid_request_error", NULL, "amount",
                           "Refund amount (%lld) is greater than unrefunded amount on charge (%lld)", (long long)amount,
                           (long long)left);
    struct stripe_object *o = stripe_add(t->s, STRIPE_REFUND, NULL, t->now);
    if (!o)
        return err_trace(-ERR_NOMEM);
    o->amount = amount;
    o->status = "succeeded";
    memcpy(o->currency, charge->currency, 4);
    stripe_copy_id(o->charge, str_c(charge->id));
    stripe_copy_id(o->intent, str_c(charge->intent));
    stripe_copy_id(o->reason, stripe_param(t, "reason"));
    charge->back += amount;
    stripe_count(t->s, STRIPE_REFUND, amount);
    if (charge->taken)
        (void)stripe_balance_add(t->s, o->currency, -amount); /* the currency is there: the charge brought it */
    r = stripe_apply_common(t, o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_refund_update(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = stripe_need_object(t, STRIPE_REFUND, NULL, t->ids[1].n ? t->ids[1] : t->ids[0], &o);
    if (r == 0)
        r = stripe_apply_common(t, o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_refund_cancel(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = stripe_need_object(t, STRIPE_REFUND, NULL, t->ids[0], &o);
    if (r)
        return r;
    return stripe_fail(t, 400, "invalid_request_error", NULL, NULL, "Refund %s cannot be canceled: its status is %s.",
                       o->id, o->status);
}

/* ---- payouts ---- */

static int need_balance(struct stripe_turn *t, const char *currency, int64_t amount)
{
    if (stripe_balance_get(t->s, currency) >= amount)
        return 0;
    return stripe_fail(t, 400, "invalid_request_error", "balance_insufficient", NULL,
                       "You have insufficient funds in your Stripe account for this transfer.");
}

static struct stripe_object *send_money(struct stripe_turn *t, enum stripe_type type, int64_t amount,
                                        const char *currency)
{
    struct stripe_object *o = stripe_add(t->s, type, NULL, t->now);
    if (!o)
        return NULL;
    o->amount = amount;
    memcpy(o->currency, currency, 4);
    stripe_copy_id(o->other, stripe_param(t, "destination"));
    stripe_count(t->s, type, amount);
    (void)stripe_balance_add(t->s, currency, -amount); /* need_balance() saw the currency */
    return o;
}

int stripe_payout_create(struct stripe_turn *t)
{
    int64_t amount;
    char currency[4];
    int r = stripe_need_amount(t, "amount", &amount);
    if (r == 0)
        r = stripe_need_currency(t, currency);
    if (r == 0)
        r = need_balance(t, currency, amount);
    if (r)
        return r;
    struct stripe_object *o = send_money(t, STRIPE_PAYOUT, amount, currency);
    if (!o)
        return err_trace(-ERR_NOMEM);
    if (!o->other[0])
        stripe_copy_id(o->other, STR("ba_demo"));
    stripe_copy_id(o->reason, stripe_param(t, "method").n ? stripe_param(t, "method") : STR("standard"));
    o->status = "pending";
    r = stripe_apply_common(t, o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_payout_update(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = stripe_need_object(t, STRIPE_PAYOUT, NULL, t->ids[0], &o);
    if (r == 0)
        r = stripe_apply_common(t, o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_payout_cancel(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = stripe_need_object(t, STRIPE_PAYOUT, NULL, t->ids[0], &o);
    if (r)
        return r;
    if (strcmp(o->status, "pending") != 0)
        return stripe_fail(t, 400, "invalid_request_error", NULL, NULL,
                           "Payout %s cannot be canceled: its status is %s.", o->id, o->status);
    o->status = "canceled";
    (void)stripe_balance_add(t->s, o->currency, o->amount); /* the currency is there: the payout took it */
    return stripe_answer_object(t, o);
}

int stripe_payout_reverse(struct stripe_turn *t)
{
    struct stripe_object *first;
    int r = stripe_need_object(t, STRIPE_PAYOUT, NULL, t->ids[0], &first);
    if (r)
        return r;
    if (first->back || strcmp(first->status, "canceled") == 0)
        return stripe_fail(t, 400, "invalid_request_error", NULL, NULL, "Payout %s cannot be reversed.", first->id);
    struct stripe_object *o = stripe_add(t->s, STRIPE_PAYOUT, NULL, t->now);
    if (!o)
        return err_trace(-ERR_NOMEM);
    first->back = o->amount = first->amount;
    o->status = "pending";
    memcpy(o->currency, first->currency, 4);
    stripe_copy_id(o->other, str_c(first->id));
    (void)stripe_balance_add(t->s, o->currency, o->amount); /* as above */
    return stripe_answer_object(t, o);
}

/* ---- transfers ---- */

int stripe_transfer_create(struct stripe_turn *t)
{
    struct stripe_object *source = NULL;
    struct str source_id = stripe_param(t, "source_transaction");
    int64_t amount;
    char currency[4];
    int r = stripe_need_currency(t, currency);
    if (r == 0 && source_id.n)
        r = stripe_need_object(t, STRIPE_CHARGE, "source_transaction", source_id, &source);
    if (r == 0)
        r = source ? stripe_may_amount(t, "amount", source->amount, &amount) : stripe_need_amount(t, "amount", &amount);
    if (r == 0 && !stripe_param(t, "destination").n)
        r = stripe_fail(t, 400, "invalid_request_error", "parameter_missing", "destination",
                        "Missing required param: destination.");
    if (r == 0)
        r = need_balance(t, currency, amount);
    if (r)
        return r;
    struct stripe_object *o = send_money(t, STRIPE_TRANSFER, amount, currency);
    if (!o)
        return err_trace(-ERR_NOMEM);
    stripe_copy_id(o->charge, source_id);
    r = stripe_apply_common(t, o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_transfer_update(struct stripe_turn *t)
{
    struct stripe_object *o;
    int r = stripe_need_object(t, STRIPE_TRANSFER, NULL, t->ids[0], &o);
    if (r == 0)
        r = stripe_apply_common(t, o);
    return r ? r : stripe_answer_object(t, o);
}

int stripe_reversal_create(struct stripe_turn *t)
{
    struct stripe_object *transfer;
    int64_t amount;
    int r = stripe_need_object(t, STRIPE_TRANSFER, NULL, t->ids[0], &transfer);
    if (r)
        return r;
    int64_t left = transfer->amount - transfer->back;
    r = stripe_may_amount(t, "amount", left, &amount);
    if (r)
        return r;
    if (amount > left || left == 0)
        return stripe_fail(t, 400, "invalid_request_error", NULL, "amount",
                           "Reversal amount (%lld) is greater than the amount left on the transfer (%lld)",
                           (long long)amount, (long long)left);
    struct stripe_object *o = stripe_add(t->s, STRIPE_REVERSAL, NULL, t->now);
    if (!o)
        return err_trace(-ERR_NOMEM);
    o->amount = amount;
    memcpy(o->currency, transfer->currency, 4);
    stripe_copy_id(o->other, str_c(transfer->id));
    transfer->back += amount;
    stripe_count(t->s, STRIPE_REVERSAL, amount);
    (void)stripe_balance_add(t->s, o->currency, amount); /* the currency is there: the transfer took it */
    r = stripe_apply_common(t, o);
    return r ? r : stripe_answer_object(t, o);
}
