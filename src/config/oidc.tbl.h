/*
 * config/oidc.tbl.h - the keys of `people.oidc:`, the provider that people sign in at:
 * OIDC_KEY(name, is_required, schema, default, help).
 */
OIDC_KEY(issuer, true, "{\"type\":\"string\",\"pattern\":\"^https?://[^?#@]+$\"}", "",
         "the provider's issuer, byte for byte; what it can is asked for at /.well-known/openid-configuration behind it")
OIDC_KEY(client_id, true, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":256}", "",
         "the name that this daemon has at the provider")
OIDC_KEY(client_secret, false, "{\"type\":\"string\",\"pattern\":\"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$\"}", "",
         "its secret there, by reference: env:NAME or file:PATH; a public client has none")
OIDC_KEY(scopes, false, "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1,\"uniqueItems\":true}",
         "openid, email", "what is asked of the provider to say; openid is always among it")
OIDC_KEY(claim, false, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":256}", "email",
         "the claim that is the name of a person in `flyball admin list`; an email counts once the provider has verified it")
OIDC_KEY(label, false, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":64}", "", "what the button says: the issuer's host when absent")
OIDC_KEY(url, false, "{\"type\":\"string\",\"pattern\":\"^https?://[^?#@]+$\"}", "",
         "how browsers reach the admin listener, where they do so by another address than its own")
OIDC_KEY(ca_file, false, "{\"type\":\"string\",\"minLength\":1}", "",
         "certificates (PEM) of authorities that are believed for the provider, beside those of the system")
OIDC_KEY(private, false, "{\"type\":\"boolean\"}", "false",
         "allows the provider's hosts to lead to private, loopback, link-local and other special addresses")
OIDC_KEY(insecure, false, "{\"type\":\"boolean\"}", "false", "allows plain http to another machine")
