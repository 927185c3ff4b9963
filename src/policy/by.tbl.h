/* policy/by.tbl.h - what `by` may name, in the order of a bucket's name: BY(NAME, text, field of struct facts). */
BY(KEY, "key", key)
BY(AGENT, "agent", agent)
BY(TENANT, "tenant", tenant)
BY(CUSTOMER, "customer", customer)
BY(VENDOR, "vendor", vendor)
BY(OPERATION, "operation", operation)
BY(MODEL, "model", model)
BY(RUN, "run", run_id)
