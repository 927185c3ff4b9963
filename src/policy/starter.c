/*
 * policy/starter.c - enough to ask a model, to try a charge and a refund, to be refused a payout, to send a message and
 * an e-mail. For `flyball dev` with the bodies of what is permitted: there it is tried what records can show.
 */
#include "policy/starter.h"

/* `inlined` stands at the end of each rule that is one line, `block` behind each that is several. */
#define STARTER(inlined, block) \
    "# What agents may do while you try Flyball. Change it, then: flyball policy apply FILE\n" \
    "apiVersion: agentpolicy/v1\n" \
    "kind: Policy\n" \
    "metadata: {name: default, version: 1}\n" \
    "mode: enforce\n" \
    "defaults: {effect: deny, on_error: deny, currency: USD, tz: UTC}\n" \
    "rules:\n" \
    "  - id: models\n" \
    "    effect: permit\n" \
    "    match:\n" \
    "      layer: [llm]\n" \
    "      class: [cost]\n" \
    "      model: [openai/gpt-4o-mini, openai/gpt-4o-mini-2024-07-18, openai/text-embedding-3-small,\n" \
    "              anthropic/claude-haiku-4-5, anthropic/claude-haiku-4-5-20251001]\n" \
    block \
    "  - {id: models-reads, effect: permit, match: {layer: [llm], class: [read]}" inlined "}\n" \
    "  - {id: stripe-reads, effect: permit, match: {vendor: [stripe], class: [read]}" inlined "}\n" \
    "  - {id: stripe-customers, effect: permit, match: {operation: [\"stripe.customers.*\"], class: [write]}" \
    inlined "}\n" \
    "  # What cannot be undone waits for a person: flyball approvals list\n" \
    "  - {id: stripe-customer-delete, effect: approve, match: {operation: [stripe.customers.delete]}, approval: team" \
    inlined "}\n" \
    "  - id: stripe-charges\n" \
    "    effect: permit\n" \
    "    match: {operation: [\"stripe.charges.*\", \"stripe.payment_intents.*\"], class: [write, money_in]}\n" \
    block \
    "  - {id: stripe-refunds, effect: permit, match: {operation: [\"stripe.refunds.*\"], class: [write, money_out]}" \
    inlined "}\n" \
    "  - id: no-cash-out\n" \
    "    effect: forbid\n" \
    "    match: {operation: [\"stripe.payouts.*\", \"stripe.transfers.*\"], class: [write, money_in, money_out, " \
    "liability]}\n" \
    "    reason: agents never move the company's own cash\n" \
    "  - {id: twilio-reads, effect: permit, match: {vendor: [twilio], class: [read]}" inlined "}\n" \
    "  - {id: twilio-messages, effect: permit, match: {operation: [\"twilio.messages.*\"], class: [write, cost]}" \
    inlined "}\n" \
    "  - id: twilio-numbers\n" \
    "    effect: permit\n" \
    "    match: {operation: [\"twilio.lookups.*\", \"twilio.verify.*\"], class: [write, cost]}\n" \
    block \
    "  - {id: resend-reads, effect: permit, match: {vendor: [resend], class: [read]}" inlined "}\n" \
    "  - {id: resend-emails, effect: permit, match: {operation: [\"resend.emails.*\"], class: [write, cost]}" \
    inlined "}\n" \
    "limits:\n" \
    "  # Five dollars of models a day for each agent, one for each run; near the end answers get shorter.\n" \
    "  - {id: models-day, meter: usd, max: \"5.00\", by: [agent], window: {calendar: day}, on_exceed: clamp,\n" \
    "     match: {layer: [llm]}}\n" \
    "  - {id: models-run, meter: usd, max: \"1.00\", by: [run], window: {run: true}, on_exceed: clamp,\n" \
    "     match: {layer: [llm]}}\n" \
    "  # Money out and money in apart: a cap on both together would cap neither.\n" \
    "  - {id: refund-call, meter: usd, max: \"50.00\", by: [], window: {call: true}, on_exceed: deny,\n" \
    "     match: {operation: [stripe.refunds.create]}}\n" \
    "  - {id: out-day, meter: usd, max: \"200.00\", by: [agent], window: {calendar: day}, on_exceed: deny,\n" \
    "     match: {class: [money_out]}}\n" \
    "  - {id: in-day, meter: usd, max: \"1000.00\", by: [agent], window: {calendar: day}, on_exceed: deny,\n" \
    "     match: {class: [money_in]}}\n" \
    "  - {id: sms-day, meter: usd, max: \"2.00\", by: [agent], window: {calendar: day}, on_exceed: deny,\n" \
    "     match: {vendor: [twilio], class: [cost]}}\n" \
    "  - {id: sms-number-day, meter: requests, max: 10, by: [customer], window: {calendar: day}, on_exceed: deny,\n" \
    "     match: {operation: [twilio.messages.create, twilio.verify.services.verifications.create]}}\n" \
    "  - {id: mail-day, meter: usd, max: \"1.00\", by: [agent], window: {calendar: day}, on_exceed: deny,\n" \
    "     match: {vendor: [resend], class: [cost]}}\n" \
    "approvals:\n" \
    "  team: {ttl: 30m, quorum: 1}\n"

#define KEEP "obligations: [{type: log, properties: {bodies: [request, response]}}]"

static const char text[] = STARTER("", "");
static const char text_of_dev[] = STARTER(",\n     " KEEP, "    " KEEP "\n");

struct str policy_starter(void)
{
    return (struct str){text, sizeof text - 1};
}

struct str policy_starter_of_dev(void)
{
    return (struct str){text_of_dev, sizeof text_of_dev - 1};
}
