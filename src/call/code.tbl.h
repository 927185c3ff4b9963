/*
 * call/code.tbl.h - every refusal: CODE(NAME, text, status, retry). Status 0: set where the refusal is made.
 * retry: RETRY_NO sends x-should-retry: false; RETRY_YES sends Retry-After where a time is known; RETRY_MAYBE:
 * RETRY_YES only when nothing was sent, or the request carried an idempotency key that the vendor honours.
 */
CODE(KEY_MISSING, "key_missing", 401, RETRY_NO)
CODE(KEY_UNKNOWN, "key_unknown", 401, RETRY_NO)
CODE(KEY_REVOKED, "key_revoked", 401, RETRY_NO)
CODE(KEY_EXPIRED, "key_expired", 401, RETRY_NO)
CODE(IDENTITY_REQUIRED, "identity_required", 401, RETRY_NO)
CODE(IDENTITY_INVALID, "identity_invalid", 401, RETRY_NO)
CODE(POLICY_DENIED, "policy_denied", 403, RETRY_NO)
CODE(SCOPE_DENIED, "scope_denied", 403, RETRY_NO)
CODE(OPERATION_UNKNOWN, "operation_unknown", 403, RETRY_NO)
CODE(LIMIT_EXCEEDED, "limit_exceeded", 403, RETRY_NO)
CODE(COST_UNKNOWN, "cost_unknown", 403, RETRY_NO)
CODE(APPROVAL_PENDING, "approval_pending", 403, RETRY_NO)
CODE(APPROVAL_DENIED, "approval_denied", 403, RETRY_NO)
CODE(APPROVAL_TIMEOUT, "approval_timeout", 403, RETRY_NO)
CODE(DUPLICATE, "duplicate", 403, RETRY_NO)
CODE(RATE_LIMITED, "rate_limited", 429, RETRY_YES)
CODE(REQUEST_INVALID, "request_invalid", 0, RETRY_NO)
CODE(REQUEST_AMBIGUOUS, "request_ambiguous", 400, RETRY_NO)
CODE(REQUEST_TOO_LARGE, "request_too_large", 413, RETRY_NO)
CODE(UPSTREAM_FAILED, "upstream_failed", 502, RETRY_MAYBE)
CODE(UPSTREAM_TIMEOUT, "upstream_timeout", 504, RETRY_NO)
CODE(OUTCOME_UNKNOWN, "outcome_unknown", 0, RETRY_MAYBE)
CODE(STOPPED, "stopped", 403, RETRY_NO)
CODE(OVERLOADED, "overloaded", 503, RETRY_YES)
