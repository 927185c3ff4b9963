/*
 * admin/exports_view.h - how the targets of `exports:` are doing, as JSON and for Prometheus.
 */
#pragma once

#include "codec/json_write.h"
#include "export/export.h"

/* An array, in the order of the config. `store_seq`: what there is to send. Without errors' texts unless `is_full`. */
void exports_view(struct exports *x, uint64_t store_seq, bool is_full, struct json_writer *w);
void exports_metrics(struct exports *x, uint64_t store_seq, struct buf *out);
/* How many of them fail now; *ret_names: which, with commas between. */
size_t exports_failing(struct exports *x, struct arena *a, struct str *ret_names);
