/*
 * crypto/jwt_alg.tbl.h - the signatures of tokens that are known: JWT_ALG(NAME, text, kty, crv, second text).
 * All are of a public key. `none` and everything with a shared secret is left out, and cannot be switched on.
 * RFC 7518 3.1; RFC 8037; RFC 9864 calls EdDSA with this curve Ed25519.
 */
JWT_ALG(ES256, "ES256", "EC", "P-256", "ES256")
JWT_ALG(EDDSA, "EdDSA", "OKP", "Ed25519", "Ed25519")
JWT_ALG(RS256, "RS256", "RSA", "", "RS256")
JWT_ALG(PS256, "PS256", "RSA", "", "PS256")
