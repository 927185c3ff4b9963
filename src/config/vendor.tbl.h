/*
 * config/vendor.tbl.h - the keys of one vendor: VENDOR_KEY(name, is_required, schema, default, help).
 */
VENDOR_KEY(connector, false, "{\"type\":\"string\"}", "the vendor's name", "which connector reads this traffic")
VENDOR_KEY(base_url, true, "{\"type\":\"string\",\"pattern\":\"^https?://[^/?#@]+/?$\"}", "",
           "scheme, host and port of the vendor's API; https, unless the host is this machine or `insecure` is true")
VENDOR_KEY(secret, true, "{\"type\":\"string\",\"pattern\":\"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|store:[A-Za-z0-9._-]{1,64})$\"}", "",
           "the vendor's credential by reference: env:NAME, file:PATH, or store:NAME (flyball secret set NAME)")
VENDOR_KEY(mode, false, "{\"enum\":[\"live\",\"test\",\"any\"]}", "as the secret's prefix says",
           "which keys may use it")
VENDOR_KEY(additions, false,
           "{\"oneOf\":[{\"type\":\"boolean\"},"
           "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"uniqueItems\":true}]}",
           "true", "what may be added to requests: all that the connector lists, nothing, or these")
VENDOR_KEY(insecure, false, "{\"type\":\"boolean\"}", "false", "allows plain http to another machine")
VENDOR_KEY(ca_file, false, "{\"type\":\"string\",\"minLength\":1}", "",
           "certificates (PEM) of authorities that are believed for this vendor, beside those of the system")
VENDOR_KEY(private, false, "{\"type\":\"boolean\"}", "false",
           "allows the host's name to lead to private, loopback, link-local and other special addresses")
VENDOR_KEY(prices, false, "{\"type\":\"string\",\"minLength\":1}", "",
           "a file of prices of your own contract, in the form of catalog/; its rows stand before those compiled in")
VENDOR_KEY(poll, false, "{\"type\":\"boolean\"}", "false",
           "asks the vendor later for prices that its answers do not have yet (Twilio)")
VENDOR_KEY(timeouts, false,
           "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
           "\"connect_ms\":{\"type\":\"integer\",\"minimum\":10,\"maximum\":600000},"
           "\"first_byte_ms\":{\"type\":\"integer\",\"minimum\":10,\"maximum\":3600000},"
           "\"idle_ms\":{\"type\":\"integer\",\"minimum\":10,\"maximum\":3600000}}}",
           "as the limits say", "connect_ms, first_byte_ms, idle_ms: this vendor's own, instead of the limits of that name")
VENDOR_KEY(forward_run_id, false, "{\"type\":\"boolean\"}", "false",
           "sends x-agent-run-id and traceparent on; for another gateway or observer")
