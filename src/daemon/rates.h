/*
 * daemon/rates.h - the file of rates that the config names: a bad one is a sentence at start or at a reload, and not a
 * refused call later.
 */
#pragma once

#include "base/buf.h"
#include "call/fx.h"
#include "config/config.h"

/* Only where c->fx_table says a file. 0, or a negative code with the faults and their places in `error`. */
int rates_read(const struct config *c, struct fx_table *ret, struct buf *error);
