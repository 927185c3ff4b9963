/*
 * identity/token_fault.tbl.h - why an identity token is refused that is none of its own making (that is
 * crypto/jwt_fault.tbl.h): TOKEN_FAULT(NAME, text, sentence).
 */
TOKEN_FAULT(NO_ISSUERS, "no_issuers", "no token issuer is configured, so it cannot be verified")
TOKEN_FAULT(ISSUER_UNKNOWN, "issuer_unknown", "its iss is none of the issuers that are configured here")
TOKEN_FAULT(KEYS_MISSING, "keys_missing", "the keys of its issuer are not known, or too old; they are being asked for")
TOKEN_FAULT(CLAIM_MISSING, "claim_missing", "it lacks a claim that the config wants of its issuer")
TOKEN_FAULT(TENANT_INVALID, "tenant_invalid", "its tenant is not a name: 1 to 128 of letters, digits and ._:@/+-")
TOKEN_FAULT(ID_MISSING, "id_missing", "it has no jti, and tokens of its issuer can be used once only")
TOKEN_FAULT(REPLAYED, "replayed", "it was used before, and tokens of its issuer can be used once only")
TOKEN_FAULT(BEFORE_START, "before_start",
            "it was issued before this daemon started, so it may have been used already; take a new one")
TOKEN_FAULT(USED_FULL, "used_full", "too many tokens that can be used once only are in use (identity_used_max)")
TOKEN_FAULT(AGENT_OTHER, "agent_other", "it was issued to another agent than the one whose key this is")
TOKEN_FAULT(TENANT_OTHER, "tenant_other", "it is of another tenant than the key")
