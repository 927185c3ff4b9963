/*
 * proxy/core_limits.h - what limits tell and look up beside counting. The counting itself is core_hold().
 */
#pragma once

#include "call/store.h"
#include "call/verdict.h"
#include "proxy/core.h"

/* The run that began the tree of that run (proxy/run_tree.h): a limit by `root_run` counts by it. */
struct str core_root_run(struct core *c, struct str tenant, struct str run, struct str parent, struct arena *a);

/*
 * What becomes of the counters of the document that `p` would replace, as an array: [{id, counts: kept, raised,
 * lowered, restarted, ended or new, n_buckets, bucket: the fullest, text}]. Counts live calls only.
 */
int core_fates_json(struct core *c, const struct policy *p, struct buf *out);

/* limit_metric.tbl.h as Prometheus has it, of calls in live mode; nothing where there is no limit. */
void core_budget_metrics(struct core *c, struct buf *out);

/* Under the mutex, once the needs are held and written: an EVENT limit.soft for each threshold that was passed. */
void core_tell_soft(struct core *c, const struct verdict *v, struct str call_id);
/* At start: as it was recorded. */
void core_run_linked(struct core *c, const struct run_link_row *row, struct arena *scratch);
