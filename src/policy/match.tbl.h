/*
 * policy/match.tbl.h - the `match` keys whose values are patterns: MATCH(NAME, text, field of struct facts).
 * `class` is beside them, since its values are not patterns. A pattern of `model` may name the vendor too.
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
