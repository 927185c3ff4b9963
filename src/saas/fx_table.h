/*
 * saas/fx_table.h - the operator's table of rates, read from its file:
 *
 *   date: "2026-11-27"
 *   margin_percent: "2.0"
 *   max_age: 7d
 *   usd: {EUR: "1.0835", JPY: "0.0066"}     what one unit is in dollars
 */
#pragma once

#include "call/fx.h"
#include "codec/diag.h"

/* 0, or -ERR_INVALID with diags. */
int fx_table_read(struct str text, struct str file, struct diag_list *diags, struct fx_table *ret);
