/*
 * policy/starter.c - enough to try a charge and a refund, and to be refused a payout.
 */
#include "policy/starter.h"

static const char text[] =
    "# What agents may do while you try Flyball. Change it, then: flyball policy apply FILE\n"
    "apiVersion: agentpolicy/v1\n"
    "kind: Policy\n"
    "metadata: {name: default, version: 1}\n"
    "mode: enforce\n"
    "defaults: {effect: deny, on_error: deny, currency: USD, tz: UTC}\n"
    "rules:\n"
    "  - {id: stripe-reads, effect: permit, match: {vendor: [stripe], class: [read]}}\n"
    "  - {id: stripe-customers, effect: permit, match: {operation: [\"stripe.customers.*\"], class: [write]}}\n"
    "  - id: stripe-charges\n"
    "    effect: permit\n"
    "    match: {operation: [\"stripe.charges.*\", \"stripe.payment_intents.*\"], class: [write, money_in]}\n"
    "  - {id: stripe-refunds, effect: permit, match: {operation: [\"stripe.refunds.*\"], class: [write, money_out]}}\n"
    "  - id: no-cash-out\n"
    "    effect: forbid\n"
    "    match: {operation: [\"stripe.payouts.*\", \"stripe.transfers.*\"], class: [write, money_in, money_out, "
    "liability]}\n"
    "    reason: agents never move the company's own cash\n"
    "limits:\n"
    "  - {id: refund-call, meter: usd, max: \"50.00\", by: [], window: {call: true}, on_exceed: deny,\n"
    "     match: {operation: [stripe.refunds.create]}}\n"
    "  - {id: out-day, meter: usd, max: \"200.00\", by: [agent], window: {calendar: day}, on_exceed: deny,\n"
    "     match: {class: [money_out]}}\n"
    "  - {id: in-day, meter: usd, max: \"1000.00\", by: [agent], window: {calendar: day}, on_exceed: deny,\n"
    "     match: {class: [money_in]}}\n";

struct str policy_starter(void)
{
    return (struct str){text, sizeof text - 1};
}
