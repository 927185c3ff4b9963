/*
 * policy/match.tbl.h - the `match` keys whose values are patterns: MATCH(NAME, text, field of struct facts).
 * Beside them are `class`, whose values are not patterns, and `label.<name>`, which are as many as a document names. A
 * pattern of `model` may name the vendor too.
 */
MATCH(LAYER, "layer", layer)
MATCH(VENDOR, "vendor", vendor)
MATCH(OPERATION, "operation", operation)
MATCH(MODEL, "model", model)
MATCH(METHOD, "method", method)
MATCH(AGENT, "agent", agent)
MATCH(KEY, "key", key)
MATCH(TENANT, "tenant", tenant)
MATCH(USER, "user", user)
MATCH(CUSTOMER, "customer", customer)
MATCH(RUN, "run", run_id)
MATCH(HOST, "host", host)
