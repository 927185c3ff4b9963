/*
 * config/export.tbl.h - the keys of one target of `exports:`: EXPORT_KEY(name, is_required, schema, default, help).
 */
EXPORT_KEY(otlp, true, "{\"type\":\"string\",\"pattern\":\"^https?://[^?#@]+$\"}", "",
           "where an OpenTelemetry collector or backend takes OTLP over HTTP; /v1/traces is added where it is missing")
EXPORT_KEY(protocol, false, "{\"enum\":[\"http/protobuf\",\"http/json\"]}", "http/protobuf", "how spans are encoded")
EXPORT_KEY(compression, false, "{\"enum\":[\"gzip\",\"none\"]}", "gzip", "how requests are compressed")
EXPORT_KEY(headers, false,
           "{\"type\":\"object\",\"maxProperties\":16,\"additionalProperties\":{\"type\":\"string\","
           "\"pattern\":\"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|text:.+)$\"}}",
           "", "header fields of each request, by reference: env:NAME or file:PATH; text:VALUE for what is no secret")
EXPORT_KEY(semconv, false, "{\"enum\":[\"1.42\",\"1.36\"]}", "1.42",
           "version of OpenTelemetry's names for generative AI")
EXPORT_KEY(personal, false, "{\"type\":\"boolean\"}", "false",
           "sends personal values too: tenant, user, customer, owner, path, idempotency key, response id")
EXPORT_KEY(session_id, false, "{\"type\":\"boolean\"}", "false",
           "sends the run id as session.id too, for backends that group traces by it (Phoenix, Langfuse)")
EXPORT_KEY(from, false, "{\"enum\":[\"now\",\"start\"]}", "now",
           "what a new target gets: what happens from now on, or all that is on record")
EXPORT_KEY(insecure, false, "{\"type\":\"boolean\"}", "false", "allows plain http to another machine")
EXPORT_KEY(ca_file, false, "{\"type\":\"string\",\"minLength\":1}", "",
           "certificates (PEM) of authorities that are believed for this target, beside those of the system")
EXPORT_KEY(private, false, "{\"type\":\"boolean\"}", "false",
           "allows the host's name to lead to private, loopback, link-local and other special addresses")
