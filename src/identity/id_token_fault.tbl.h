/*
 * identity/id_token_fault.tbl.h - why an ID token whose signature and common claims are good signs nobody in:
 * ID_TOKEN_FAULT(NAME, text, sentence), in the order in which it is looked at. The sentence goes on behind
 * "the ID token is refused: ".
 */
ID_TOKEN_FAULT(NONCE_WRONG, "nonce_wrong", "its nonce is not that of this sign-in")
ID_TOKEN_FAULT(PARTY_MISSING, "party_missing", "it is for several, and has no azp")
ID_TOKEN_FAULT(PARTY_WRONG, "party_wrong", "its azp is another client")
ID_TOKEN_FAULT(ISSUED_MISSING, "issued_missing", "it has no iat")
ID_TOKEN_FAULT(HASH_WRONG, "hash_wrong", "its at_hash is not that of the access token beside it")
ID_TOKEN_FAULT(CLAIM_MISSING, "claim_missing", "the claim that names people is not in it; ask for the scope that brings it")
ID_TOKEN_FAULT(EMAIL_UNVERIFIED, "email_unverified", "its email was not verified by the provider")
