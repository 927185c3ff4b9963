/*
 * identity/role.tbl.h - what a person or service may do at the admin API, for all tenants or for one: ROLE(NAME, text, what).
 * Every role may also do what `viewer` may, and `owner` everything.
 */
ROLE(VIEWER, "viewer", "sees calls, runs, keys, limits, policies and events")
ROLE(BODIES, "bodies", "reads the bodies of calls, where they are kept")
ROLE(OPERATOR, "operator", "makes and revokes keys, stops runs, and everything")
ROLE(APPROVER, "approver", "says yes or no to calls that wait for a person")
ROLE(POLICY, "policy", "puts policy documents in force")
ROLE(SECRETS, "secrets", "puts vendors' secrets in, rotates and removes them")
ROLE(OWNER, "owner", "all of this, and makes and revokes people")
