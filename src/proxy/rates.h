/*
 * proxy/rates.h - the operator's table of rates while it is in use: a reload puts another one in its place as a whole.
 *
 * Any thread.
 */
#pragma once

#include "call/fx.h"

struct rates;

struct rates *rates_new(void);    /* without a table; aborts without memory */
void rates_free(struct rates *r); /* NULL is fine */
void rates_put(struct rates *r, const struct fx_table *t); /* copies; NULL: there is none any more */
/* As fx_to_usd(). `r` NULL: there is no table. */
struct cost rates_to_usd(struct rates *r, const struct amount *m, wall_t now, struct fx_use *ret);
