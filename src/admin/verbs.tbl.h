/*
 * admin/verbs.tbl.h - everything the admin listener answers. Routing, the OpenAPI document and the answers 404 and 405
 * come from these lines, so that none of them can forget one.
 *
 * VERB(method, path, id, role, params, request, answer, what it does). `id` names the handler admin_on_<id> and the
 * operationId. role: PUBLIC asks for no credential; the others say which role of identity/role.tbl.h it takes (owner has
 * them all, and so has the admin token). params: names of params.tbl.h. request and answer: schemas of fields.tbl.h, ""
 * for none, "text" for plain text, "stream" for server-sent events, "file" for what is no data: the dashboard's files,
 * "redirect" for what leads a browser on: it may come with parameters of others, too.
 */
VERB(GET, "/healthz", healthz, PUBLIC, "", "", "Alive", "Says that the process lives.")
VERB(GET, "/readyz", readyz, PUBLIC, "verbose", "", "Ready", "Says whether calls can be governed now: 200 or 503.")
VERB(GET, "/metrics", metrics, PUBLIC, "", "", "text", "Counters and gauges for Prometheus; no names of people, agents or keys.")
VERB(GET, "/api/v1/openapi.json", openapi, PUBLIC, "", "", "object", "Returns this document.")

VERB(GET, "/", ui_root, PUBLIC, "", "", "file", "Leads a browser to the dashboard.")
VERB(GET, "/ui", ui_root, PUBLIC, "", "", "file", "Leads a browser to the dashboard.")
VERB(GET, "/ui/", ui_shell, PUBLIC, "t sign_in", "", "file", "The dashboard's page; it holds no data.")
VERB(GET, "/ui/assets/{name}", ui_asset, PUBLIC, "", "", "file", "A file of the dashboard.")

VERB(GET, "/api/v1/calls", calls, VIEWER, "q run agent owner user tenant customer key layer vendor model operation class verdict code outcome unknown status min_usd limit before after since until format", "", "Calls", "Lists calls, newest first; or gives all that fit as a file.")
VERB(GET, "/api/v1/calls/{id}", call, VIEWER, "", "", "Call", "Shows one call.")
VERB(GET, "/api/v1/calls/{id}/why", why, VIEWER, "", "", "Why", "Explains one call: the verdict, the values compared, what happened, and how each number is known.")
VERB(GET, "/api/v1/calls/{id}/bodies", call_bodies, BODIES, "", "", "CallBodies", "Shows the bodies of one call, as far as its policy keeps them: without secrets and what is personal.")
VERB(GET, "/api/v1/bodies", bodies, BODIES, "text tenant limit before since until", "", "BodiesFound", "Searches kept bodies for words, newest first, and says how far it looked.")
VERB(GET, "/api/v1/runs", runs, VIEWER, "run agent tenant limit before since until", "", "Runs", "Lists runs, newest first.")
VERB(GET, "/api/v1/runs/{id}", run, VIEWER, "agent tenant limit", "", "RunCalls", "Shows a run and its calls, oldest first; 409 with the list when several runs have that id.")
VERB(GET, "/api/v1/spend", spend, VIEWER, "by agent tenant key vendor model run since until limit", "", "Spend", "Sums settled and held money by day, vendor, model, class, agent and key, or by some of these.")
VERB(POST, "/api/v1/erase", erase, OWNER, "", "Erase", "Erased", "Takes the personal values of a customer, a user or a run out of the record, for good; the chain stays whole.")
VERB(GET, "/api/v1/find", find, VIEWER, "q tenant limit", "", "Found", "Says what an id belongs to: the names that it is itself first, then calls that name it, newest first.")
VERB(GET, "/api/v1/customers/{id}", customer, VIEWER, "tenant limit format", "", "CustomerCalls", "Lists every action of every agent on one customer's account, oldest first, and how that is known.")
VERB(GET, "/api/v1/events", events, VIEWER, "limit before since until", "", "Events", "Lists what changed: keys, policies, stops, starts; newest first.")

VERB(GET, "/api/v1/feed", feed, VIEWER, "run agent owner user tenant customer key layer vendor model operation class verdict code outcome unknown status min_usd after", "", "stream", "Tells what happens as it happens: messages call, event, limit and gap, each with its seq as id; goes on behind Last-Event-ID, or `after`, else with what is new. With filters on calls: only calls.")

VERB(GET, "/api/v1/sign-in", sign_in, PUBLIC, "", "", "SignIn", "Says how people may sign in here.")
VERB(GET, "/api/v1/sign-in/oidc", sign_in_oidc, PUBLIC, "", "", "redirect", "Leads a browser to the provider of people.oidc.")
VERB(GET, "/api/v1/sign-in/oidc/back", sign_in_back, PUBLIC, "code state iss error", "", "redirect", "Takes the provider's answer, and leads the browser to the dashboard, signed in or with a reason why not.")

VERB(POST, "/api/v1/session", session_begin, PUBLIC, "", "SessionBegin", "Session", "Signs in with the code of a link, once; the answer sets the session's cookie.")
VERB(GET, "/api/v1/session", session, VIEWER, "", "", "Session", "Says who is signed in, or whose credential this is.")
VERB(DELETE, "/api/v1/session", session_end, VIEWER, "", "", "SessionEnded", "Signs out: the session ends, and its cookie.")
VERB(POST, "/api/v1/session/link", session_link, VIEWER, "", "", "Link", "Makes a link that signs whoever asks for it in to the dashboard: short-lived, for one use.")

VERB(GET, "/api/v1/people", people, OWNER, "", "", "People", "Lists people and services with their roles, without their credentials.")
VERB(POST, "/api/v1/people", person_create, OWNER, "", "PersonCreate", "PersonCreated", "Gives a person or service roles and a credential, which is shown in this answer only.")
VERB(POST, "/api/v1/people/{name}/revoke", person_revoke, OWNER, "", "", "Revoked", "Takes the credential of a person or service away, ends their sessions, and disables the agents that they answer for.")
VERB(POST, "/api/v1/people/{name}/link", person_link, OWNER, "", "", "Link", "Makes a link that signs a person in to the dashboard: short-lived, for one use.")

VERB(GET, "/api/v1/keys", keys, VIEWER, "", "", "Keys", "Lists agent keys, without their secrets.")
VERB(GET, "/api/v1/keys/{id}", key, VIEWER, "", "", "Key", "Shows one agent key, without its secret.")
VERB(POST, "/api/v1/keys", key_create, OPERATOR, "", "KeyCreate", "KeyCreated", "Makes an agent key; its text is shown in this answer only.")
VERB(POST, "/api/v1/keys/{id}/revoke", key_revoke, OPERATOR, "now", "", "Revoked", "Takes a key away: the next request with it is refused.")
VERB(POST, "/api/v1/revoke", revoke, OPERATOR, "now", "Revoke", "Revoked", "Takes away all keys of an agent or a tenant, or stops a run.")
VERB(POST, "/api/v1/kill", kill, OPERATOR, "now", "Kill", "Killed", "The stop button: every call is refused until unkill.")
VERB(POST, "/api/v1/unkill", unkill, OPERATOR, "", "", "Killed", "Releases the stop button.")

VERB(GET, "/api/v1/agents", agents, VIEWER, "", "", "Agents", "Lists agents: who answers for each, and whether it is disabled.")
VERB(POST, "/api/v1/agents", agent_create, OPERATOR, "", "AgentCreate", "Agent", "Registers an agent with the person who answers for it, or gives it another.")
VERB(POST, "/api/v1/agents/disable", agent_disable, OPERATOR, "now", "AgentSwitch", "AgentSwitched", "Refuses an agent whatever key it has, or all agents of a person; the next request is refused.")
VERB(POST, "/api/v1/agents/enable", agent_enable, OPERATOR, "", "AgentSwitch", "AgentSwitched", "Lets an agent go on, or the agents of a person.")

VERB(GET, "/api/v1/secrets", secrets, VIEWER, "", "", "Secrets", "Lists secrets put in by hand, and those that vendors want; never a value.")
VERB(POST, "/api/v1/secrets", secret_set, SECRETS, "", "SecretSet", "Secret", "Puts a secret in force for the next call, in the place of what was.")
VERB(POST, "/api/v1/secrets/{name}/rotate", secret_rotate, SECRETS, "", "SecretRotate", "Secret", "Puts a new value in force; the old one stays known for an overlap.")
VERB(POST, "/api/v1/secrets/{name}/back", secret_back, SECRETS, "", "", "Secret", "Puts the value before in force again, within the overlap.")
VERB(POST, "/api/v1/secrets/{name}/remove", secret_remove, SECRETS, "", "", "SecretRemoved", "Takes a secret away: its vendors refuse from now on.")

VERB(POST, "/api/v1/reload", reload, OPERATOR, "", "", "Reloaded", "Takes the changed configuration and the files that it names over, whole or not at all; 400 when one cannot be used or a key needs a restart, and what was in force stays.")

VERB(GET, "/api/v1/approvals", approvals, VIEWER, "all limit", "", "Approvals", "Lists actions that wait for a person, newest first.")
VERB(GET, "/api/v1/approvals/{id}", approval, VIEWER, "", "", "Approval", "Shows one such action, and what was said to it.")
VERB(POST, "/api/v1/approvals/{id}/approve", approval_approve, APPROVER, "", "ApprovalYes", "Approval", "Says yes to exactly this action, as a person; the call that waits goes on, or the next same one passes, once.")
VERB(POST, "/api/v1/approvals/{id}/deny", approval_deny, APPROVER, "", "ApprovalNo", "Approval", "Says no to it, as a person; the same is not asked again before its time is over.")

VERB(GET, "/api/v1/limits", limits, VIEWER, "key", "", "Limits", "Lists limits with what is spent, held and left in each bucket; of one key: its own, its document's, and those of all that it extends.")
VERB(GET, "/api/v1/policies", policies, VIEWER, "", "", "Policies", "Lists the policy documents in force.")
VERB(GET, "/api/v1/policies/suggest", policy_suggest, VIEWER, "since agent policy", "", "PolicySuggested", "Writes the narrowest document that permits what was seen, with the evidence as comments.")
VERB(GET, "/api/v1/policies/{name}/history", policy_history, VIEWER, "", "", "PolicyHistory", "Lists every version of a policy document.")
VERB(POST, "/api/v1/limits/raise", limit_raise, OPERATOR, "", "LimitRaise", "LimitRaised", "Lets one counter of a limit count more for a while; the next call finds the room.")
VERB(POST, "/api/v1/policies", policy_apply, POLICY, "file", "PolicyText", "PolicyApplied", "Puts a policy document in force; returns when the next call obeys it.")
VERB(POST, "/api/v1/policies/check", policy_check, VIEWER, "file", "PolicyText", "PolicyChecked", "Reads a policy document and says what is wrong with it, without applying it.")
VERB(POST, "/api/v1/policies/diff", policy_diff, VIEWER, "file", "PolicyTexts", "PolicyDiff", "Compares a document with another, or with the one of its name in force, in sentences.")
VERB(POST, "/api/v1/policies/explain", policy_explain, VIEWER, "", "PolicyExplain", "PolicyExplained", "Decides on a recorded call again, or on a request that somebody thinks of, and shows how every rule came out.")
VERB(POST, "/api/v1/policies/plan", policy_plan, VIEWER, "file", "PolicyPlan", "PolicyPlanned", "Decides on recorded calls again by a document, and says which would be permitted, denied or asked about that were not.")
VERB(POST, "/api/v1/policies/{name}/rollback", policy_rollback, POLICY, "", "PolicyRollback", "PolicyApplied", "Puts the text of an older version in force again, as a new version.")

VERB(GET, "/api/v1/audit/verify", audit_verify, VIEWER, "", "", "AuditVerified", "Recomputes the hash chain over every frame in the store.")
VERB(GET, "/api/v1/audit/export", audit_export, OWNER, "after limit", "", "Frames", "Gives the frames as they were written, for checks elsewhere; follow `next_after`.")
VERB(GET, "/api/v1/doctor", doctor, VIEWER, "", "", "Doctor", "Rebuilds all counters from the ledger and compares, verifies the chain, and looks at the positions.")
VERB(GET, "/api/v1/health", health, VIEWER, "", "", "Health", "Shows journal and store positions, buckets, keys and open calls.")
VERB(GET, "/api/v1/exports", exports, VIEWER, "", "", "Exports", "Shows where spans go, how far each target has got, and what it said last.")
VERB(GET, "/api/v1/config", config, VIEWER, "", "", "object", "Shows the running configuration and where each value comes from; no secrets.")
VERB(GET, "/api/v1/vendors", vendors, VIEWER, "", "", "Vendors", "Lists vendors and the operations that their connectors know.")
