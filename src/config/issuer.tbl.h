/*
 * config/issuer.tbl.h - the keys of one issuer of identity tokens:
 * ISSUER_KEY(name, is_required, schema, default, help).
 */
ISSUER_KEY(issuer, true, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":256}", "",
           "what `iss` must be, byte for byte")
ISSUER_KEY(audience, true, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":256}", "",
           "what must stand in `aud`: the name that this gateway has at the issuer")
ISSUER_KEY(jwks, true, "{\"type\":\"string\",\"pattern\":\"^(file:.+|https?://[^?#@]+)$\"}", "",
           "the issuer's public keys: file:PATH, or the https URL of its JWKS")
ISSUER_KEY(algorithms, false,
           "{\"type\":\"array\",\"minItems\":1,\"uniqueItems\":true,\"items\":"
           "{\"enum\":[\"ES256\",\"EdDSA\",\"PS256\",\"RS256\"]}}",
           "ES256, EdDSA, PS256, RS256", "with what its keys may sign")
ISSUER_KEY(typ, false, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":64}", "at+jwt",
           "what `typ` in the header must be; JWT stands for JWT or none at all")
ISSUER_KEY(claims, false,
           "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
           "\"user\":{\"type\":\"string\"},\"tenant\":{\"type\":\"string\"},"
           "\"customer\":{\"type\":\"string\"},\"agent\":{\"type\":\"string\"}}}",
           "user: sub", "which claims say user, tenant, customer and agent; one that is named must be there")
ISSUER_KEY(max_age, false, "{\"type\":\"string\",\"pattern\":\"^[1-9][0-9]*[smhd]$\"}", "1d",
           "the longest from `iat` to `exp`")
ISSUER_KEY(single_use, false, "{\"type\":\"boolean\"}", "false",
           "accepts each token (`jti`) once: a replay is refused")
ISSUER_KEY(customers_of, false, "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"uniqueItems\":true}", "stripe",
           "vendors whose own ids the customers of its tokens are: their calls must be about that customer")
ISSUER_KEY(ca_file, false, "{\"type\":\"string\",\"minLength\":1}", "",
           "certificates (PEM) of authorities that are believed for the JWKS URL, beside those of the system")
ISSUER_KEY(private, false, "{\"type\":\"boolean\"}", "false",
           "allows the URL's host to lead to private, loopback, link-local and other special addresses")
ISSUER_KEY(insecure, false, "{\"type\":\"boolean\"}", "false", "allows plain http to another machine")
