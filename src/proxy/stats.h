/*
 * proxy/stats.h - counts with labels, for /metrics: relaxed atomics in a block that is made once for the vendors there
 * are, so that counting allocates nothing and labels stay few.
 *
 * Any thread. NULL stands for nobody counting.
 */
#pragma once

#include "base/buf.h"
#include "base/money.h"
#include "base/time.h"
#include "proxy/vendor.h"

struct stats;

int stats_new(const struct vendors *v, struct stats **ret); /* -ERR_NOMEM; `v` outlives it */
void stats_free(struct stats *s);

/* `v` NULL: before a vendor was known. */
void stats_decided(struct stats *s, const struct vendor *v, enum effect e, enum code code);
void stats_upstream(struct stats *s, const struct vendor *v, uint16_t status, int64_t us);
void stats_overhead(struct stats *s, const struct vendor *v, int64_t us);
void stats_spent(struct stats *s, const struct vendor *v, money_t nano);
void stats_unattributed(struct stats *s, const struct vendor *v);
void stats_store_write(struct stats *s, int64_t us);
void stats_revoked(struct stats *s, int64_t us);
void stats_chain(struct stats *s, bool is_whole);
void stats_reloaded(struct stats *s, bool is_done);
void stats_prices(struct stats *s, wall_t from); /* of the catalog; before the first render */

/* In Prometheus' text format; of what was never counted only its head. */
void stats_render(const struct stats *s, wall_t now, struct buf *out);
