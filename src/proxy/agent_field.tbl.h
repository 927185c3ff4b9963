/*
 * proxy/agent_field.tbl.h - the agent's header fields that we read: FIELD(NAME, text, how often).
 *
 * KEY and ONCE say who calls, for whom and for which run: of two, each reader may believe another, so that one which
 * stands twice is refused; KEY before the key is looked at. Of ANY each reader says for itself.
 */
FIELD(AUTHORIZATION, "authorization", FIELD_KEY)
FIELD(X_API_KEY, "x-api-key", FIELD_KEY)
FIELD(X_GOOG_API_KEY, "x-goog-api-key", FIELD_KEY)
FIELD(RUN, "x-agent-run-id", FIELD_ONCE)
FIELD(PARENT_RUN, "x-agent-parent-run-id", FIELD_ONCE)
FIELD(SESSION, "x-claude-code-session-id", FIELD_ONCE)
FIELD(TRACEPARENT, "traceparent", FIELD_ONCE)
FIELD(IDENTITY, "x-agent-identity", FIELD_ONCE)
FIELD(DRY_RUN, "x-flyball-dry-run", FIELD_ONCE)
FIELD(PROMPT, "x-flyball-prompt", FIELD_ONCE)
FIELD(HELICONE_PROMPT, "helicone-prompt-id", FIELD_ONCE)
FIELD(TOOL_CALL, "x-agent-tool-call-id", FIELD_ONCE)
FIELD(USER, "x-flyball-user", FIELD_ONCE)
FIELD(HELICONE_USER, "helicone-user-id", FIELD_ONCE)
FIELD(CUSTOMER, "x-flyball-customer", FIELD_ONCE)
FIELD(WAIT, "x-flyball-wait", FIELD_ONCE)
FIELD(IDEMPOTENCY_KEY, "idempotency-key", FIELD_ANY)
FIELD(CONTENT_TYPE, "content-type", FIELD_ANY)
FIELD(CONTENT_ENCODING, "content-encoding", FIELD_ANY)
