/*
 * store/find.tbl.h - what an id can be the name of: FIND(NAME, text). And how it leads to a call: FIND_HOW(NAME, text).
 * The answer's `kind` and `how`.
 */
#ifdef FIND
FIND(CALL, "call")
FIND(RUN, "run")
FIND(KEY, "key")
FIND(AGENT, "agent")
FIND(TENANT, "tenant")
FIND(OBJECT, "object")
FIND(CUSTOMER, "customer")
FIND(USER, "user")
FIND(TRACE, "trace")
FIND(TOOL_CALL, "tool_call")
FIND(VENDOR_REQUEST, "vendor_request")
FIND(IDEMPOTENCY, "idempotency_key")
FIND(PARAM, "param")
#endif
#ifdef FIND_HOW
FIND_HOW(EXACT, "exact")     /* it is the call's own */
FIND_HOW(LATEST, "latest")   /* of many calls that have it, the newest */
FIND_HOW(CREATED, "created") /* the call created it */
FIND_HOW(SEEN, "seen")       /* it stood in the vendor's answer */
FIND_HOW(PARENT, "parent")   /* the call's run, or an object of the vendor's answer, belongs to it */
FIND_HOW(NAMED, "named")     /* the request names it, or is made for it */
FIND_HOW(ASKED, "asked")     /* the model asked for it */
FIND_HOW(CARRIED_OUT, "carried_out") /* the call carries out what a model asked for */
#endif
