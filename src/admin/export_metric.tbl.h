/*
 * admin/export_metric.tbl.h - what /metrics says of each target of `exports:` as flyball_<name>{target}:
 * EXPORT_METRIC(name, type, function that reads it, help).
 */
EXPORT_METRIC(export_up, gauge, value_up, "1 unless the last request to the target failed")
EXPORT_METRIC(export_lag_frames, gauge, lag, "frames on record that the target has not got yet")
EXPORT_METRIC(export_calls_total, counter, value_calls, "calls that the target has taken")
EXPORT_METRIC(export_spans_total, counter, value_spans, "spans that the target has taken")
EXPORT_METRIC(export_rejected_spans_total, counter, value_rejected, "spans that the target did not want")
EXPORT_METRIC(export_failures_total, counter, value_failures, "requests to the target that failed")
