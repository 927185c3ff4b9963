/* call/duplicate.tbl.h - `then` of the obligation `duplicate`, the milder first: DUPLICATE_THEN(NAME, text). */
DUPLICATE_THEN(ALLOW, "allow")
DUPLICATE_THEN(APPROVE, "approve")
DUPLICATE_THEN(DENY, "deny")
