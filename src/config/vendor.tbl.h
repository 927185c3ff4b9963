/*
 * config/vendor.tbl.h - the keys of one vendor: VENDOR_KEY(name, is_required, schema, default, help).
 */
VENDOR_KEY(connector, false, "{\"type\":\"string\"}", "the vendor's name", "which connector reads this traffic")
VENDOR_KEY(base_url, true, "{\"type\":\"string\",\"pattern\":\"^https?://[^/?#@]+/?$\"}", "",
           "scheme, host and port of the vendor's API; https is not available in this version")
VENDOR_KEY(secret, true, "{\"type\":\"string\",\"pattern\":\"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$\"}", "",
           "the vendor's credential by reference: env:NAME or file:PATH")
VENDOR_KEY(mode, false, "{\"enum\":[\"live\",\"test\",\"any\"]}", "as the secret's prefix says",
           "which keys may use it")
VENDOR_KEY(additions, false,
           "{\"oneOf\":[{\"type\":\"boolean\"},"
           "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"uniqueItems\":true}]}",
           "true", "what may be added to requests: all that the connector lists, nothing, or these")
VENDOR_KEY(insecure, false, "{\"type\":\"boolean\"}", "false", "allows plain http to another machine")
VENDOR_KEY(forward_run_id, false, "{\"type\":\"boolean\"}", "false",
           "sends x-agent-run-id and traceparent on; for another gateway or observer")
