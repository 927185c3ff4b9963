/*
 * config/notice.tbl.h - the keys of one entry of `notices:`: NOTICE_KEY(name, is_required, schema, default, help). The
 * entry's name is that of a `notify` in policy documents.
 */
NOTICE_KEY(webhook, true, "{\"type\":\"string\",\"pattern\":\"^(https?://[^@]+|env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$\"}",
           "", "where notices go; env:NAME or file:PATH for a URL that is itself a secret, as Slack's are")
NOTICE_KEY(secret, true, "{\"type\":\"string\",\"pattern\":\"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$\"}", "",
           "what notices are signed with (HMAC-SHA-256), by reference: env:NAME or file:PATH")
NOTICE_KEY(insecure, false, "{\"type\":\"boolean\"}", "false", "allows plain http to another machine")
NOTICE_KEY(ca_file, false, "{\"type\":\"string\",\"minLength\":1}", "",
           "certificates (PEM) of authorities that are believed for the webhook, beside those of the system")
NOTICE_KEY(private, false, "{\"type\":\"boolean\"}", "false",
           "allows the host's name to lead to private, loopback, link-local and other special addresses")
