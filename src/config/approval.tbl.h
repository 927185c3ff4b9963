/*
 * config/approval.tbl.h - the keys of one entry of `approvals:`: APPROVAL_KEY(name, is_required, schema, default, help).
 * The entry's name is that of an approval in policy documents.
 */
APPROVAL_KEY(webhook, true, "{\"type\":\"string\",\"pattern\":\"^(https?://[^@]+|env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$\"}",
             "", "where notices go; env:NAME or file:PATH for a URL that is itself a secret, as Slack's are")
APPROVAL_KEY(secret, true, "{\"type\":\"string\",\"pattern\":\"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$\"}", "",
             "what notices are signed with (HMAC-SHA-256), by reference: env:NAME or file:PATH")
APPROVAL_KEY(page, false, "{\"type\":\"string\",\"pattern\":\"^https?://[^@?#]+$\"}", "",
             "address of the dashboard as persons reach it, for links; by default the admin listener's")
APPROVAL_KEY(link, false, "{\"type\":\"string\",\"pattern\":\"^https?://[^@?#]+$\"}", "",
             "address of the hooks listener as persons reach it; by default its own, where there is one")
APPROVAL_KEY(personal, false, "{\"type\":\"boolean\"}", "false",
             "puts personal values into notices too: customer, user")
APPROVAL_KEY(insecure, false, "{\"type\":\"boolean\"}", "false", "allows plain http to another machine")
APPROVAL_KEY(ca_file, false, "{\"type\":\"string\",\"minLength\":1}", "",
             "certificates (PEM) of authorities that are believed for the webhook, beside those of the system")
APPROVAL_KEY(private, false, "{\"type\":\"boolean\"}", "false",
             "allows the host's name to lead to private, loopback, link-local and other special addresses")
