/*
 * proxy/stats.tbl.h - what /metrics counts with labels, as flyball_<name>: STAT(ID, name, type, labels, help). Labels have
 * few values: vendors of the config, words of our own tables; never an agent, a key, a run or a person.
 */
STAT(DECISIONS, decisions_total, counter, "layer vendor verdict reason", "calls by verdict, and by why where it is no permit")
STAT(UPSTREAM, upstream_request_duration_seconds, histogram, "layer vendor status_class", "requests to vendors, from the first byte sent to the last one received; class 0: no answer")
STAT(OVERHEAD, overhead_seconds, histogram, "layer", "what a call took beyond its requests to the vendor, waits for the disk included")
STAT(SPEND, spend_usd_total, counter, "layer vendor", "what settled calls cost, as it is known when they end")
STAT(UNATTRIBUTED, unattributed_calls_total, counter, "vendor", "permitted calls for goods or money of which nobody knows the customer")
STAT(STORE_WRITE, store_write_seconds, histogram, "", "one batch of frames into the store")
STAT(REVOCATION, revocation_seconds, histogram, "", "from the order to revoke a key until the next request with it is refused")
STAT(CHAIN, audit_chain_ok, gauge, "", "1: the chain was whole when it was verified last; absent: not since the start")
STAT(RELOAD, config_last_reload_successful, gauge, "", "1: the last reload took the configuration over, 0: it was refused; absent: there was none since the start")
STAT(PRICES, price_table_age_seconds, gauge, "", "since the day that the catalog of models has its prices from")
