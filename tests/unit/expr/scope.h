/*
 * tests/unit/expr/scope.h - some facts, and an expression compiled and evaluated over them in one line.
 */
#pragma once

#include "expr/expr.h"
#include "expr/instant.h"
#include "unit.h"

enum slot { SLOT_AMOUNT, SLOT_CURRENCY, SLOT_COST, SLOT_NOW, SLOT_TO, SLOT_LACKING, SLOT_SPEED, SLOT_ODD, SLOT_COUNT };

static const struct type scope_list = {TYPE_LIST, TYPE_PLAIN(TYPE_DYN), TYPE_PLAIN(TYPE_STRING)};

static const struct expr_variable scope_variables[] = {
    {STR_INIT("params.amount"), TYPE_PLAIN(TYPE_INT), SLOT_AMOUNT},
    {STR_INIT("params.currency"), TYPE_PLAIN(TYPE_STRING), SLOT_CURRENCY},
    {STR_INIT("cost.estimate"), TYPE_PLAIN(TYPE_MONEY), SLOT_COST},
    {STR_INIT("now"), TYPE_PLAIN(TYPE_TIMESTAMP), SLOT_NOW},
    {STR_INIT("params.to"), &scope_list, SLOT_TO},
    {STR_INIT("params.lacking"), TYPE_PLAIN(TYPE_INT), SLOT_LACKING},
    {STR_INIT("params.speed"), TYPE_PLAIN(TYPE_DYN), SLOT_SPEED},
    {STR_INIT("params.transfer_data[amount]"), TYPE_PLAIN(TYPE_INT), SLOT_ODD},
};

static bool scope_get(void *ctx, unsigned slot, struct str name, struct arena *scratch, struct value *ret)
{
    static const struct value to[] = {{.kind = TYPE_STRING, .s = STR_INIT("ann@acme.example")},
                                      {.kind = TYPE_STRING, .s = STR_INIT("bob@acme.example")}};
    static const struct value_list list = {to, 2};
    static const struct value values[SLOT_COUNT] = {
        [SLOT_AMOUNT] = {.kind = TYPE_INT, .i = 50000},
        [SLOT_CURRENCY] = {.kind = TYPE_STRING, .s = STR_INIT("usd")},
        [SLOT_COST] = {.kind = TYPE_MONEY, .i = 12500000000},
        [SLOT_NOW] = {.kind = TYPE_TIMESTAMP, .i = 1795437000, .ns = 5000000}, /* 2026-11-23T12:30:00.005Z */
        [SLOT_TO] = {.kind = TYPE_LIST, .list = &list},
        [SLOT_SPEED] = {.kind = TYPE_STRING, .s = STR_INIT("fast")},
        [SLOT_ODD] = {.kind = TYPE_INT, .i = 7},
    };
    if (slot == SLOT_LACKING)
        return false;
    *ret = values[slot];
    return true;
}

static const struct expr_scope scope_plain = {
    scope_variables, sizeof scope_variables / sizeof *scope_variables, {0}, 0, false};
static const struct expr_facts scope_facts = {scope_get, NULL};

/* The expression, or NULL with the fault in *ret_fault. */
static inline struct expr *scope_compile(struct arena *a, struct str text, struct expr_fault *ret_fault)
{
    struct expr *e = NULL;
    *ret_fault = (struct expr_fault){0};
    return expr_compile(a, text, &scope_plain, &e, ret_fault) == 0 ? e : NULL;
}
