/*
 * tests/unit/policy/operations.h - some operations as a daemon knows them, for the types of `params` in conditions.
 */
#pragma once

#include "call/known.h"

static const struct known_param case_refund_params[] = {{STR_INIT("amount"), KIND_INT},
                                                        {STR_INIT("currency"), KIND_TEXT},
                                                        {STR_INIT("charge"), KIND_TEXT},
                                                        {STR_INIT("reverse_transfer"), KIND_BOOL},
                                                        {STR_INIT("transfer_data[amount]"), KIND_INT}};
static const struct known_param case_charge_params[] = {{STR_INIT("amount"), KIND_INT},
                                                        {STR_INIT("currency"), KIND_TEXT},
                                                        {STR_INIT("capture"), KIND_BOOL},
                                                        {STR_INIT("note"), KIND_TEXT}};
static const struct known_param case_mail_params[] = {{STR_INIT("to"), KIND_LIST}, {STR_INIT("amount"), KIND_TEXT}};

static const struct known_param case_payout_params[] = {{STR_INIT("instant"), KIND_TEXT}};

#define CASE_OPERATIONS 9
static const struct known_operation case_operations[CASE_OPERATIONS] = {
    {STR_INIT("stripe"), STR_INIT("saas"), STR_INIT("stripe.refunds.create"), 1u << CLASS_MONEY_OUT, case_refund_params,
     5},
    {STR_INIT("stripe"), STR_INIT("saas"), STR_INIT("stripe.charges.create"),
     1u << CLASS_MONEY_IN | 1u << CLASS_LIABILITY, case_charge_params, 4},
    {STR_INIT("stripe"), STR_INIT("saas"), STR_INIT("stripe.charges.retrieve"), 1u << CLASS_READ, NULL, 0},
    {STR_INIT("stripe"), STR_INIT("saas"), STR_INIT("stripe.payouts.create"), 1u << CLASS_MONEY_OUT,
     case_payout_params, 1},
    {STR_INIT("stripe"), STR_INIT("saas"), STR_INIT("stripe.transfers.create"), 1u << CLASS_MONEY_OUT, NULL, 0},
    {STR_INIT("stripe"), STR_INIT("saas"), STR_INIT("stripe.payment_intents.create"), 1u << CLASS_MONEY_IN, NULL, 0},
    {STR_INIT("stripe"), STR_INIT("saas"), STR_INIT("stripe.webhook_endpoints.create"), 1u << CLASS_AUTHORITY, NULL,
     0},
    {STR_INIT("stripe"), STR_INIT("saas"), STR_INIT("stripe.customers.update"), 1u << CLASS_WRITE, NULL, 0},
    {STR_INIT("resend"), STR_INIT("saas"), STR_INIT("resend.emails.send"), 1u << CLASS_COST, case_mail_params, 2},
};
