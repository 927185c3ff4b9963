/*
 * proxy/limit_metric.tbl.h - what /metrics says of each limit of a document: LIMIT_METRIC(name, type, labels, help).
 */
LIMIT_METRIC(budget_used_ratio, gauge, "policy limit", "settled and held of the limit's fullest counter over what it may count, raises included: at 1 there is no room")
