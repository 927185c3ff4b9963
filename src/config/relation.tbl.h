/*
 * config/relation.tbl.h - the keys of an engine of relations, `embedded` or `openfga`:
 * RELATION_KEY(name, is_required, schema, default, help).
 */
RELATION_KEY(model, false, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":4095}", "",
             "embedded: the file of the model; openfga: the id of the authorization model")
RELATION_KEY(tuples, false, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":4095}", "",
             "embedded: the file of tuples; both files are read again by reload")
RELATION_KEY(url, false, "{\"type\":\"string\",\"pattern\":\"^https?://[^?#@]+$\"}", "", "openfga: where it is")
RELATION_KEY(store, false, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":128}", "", "openfga: the id of the store")
RELATION_KEY(secret, false, "{\"type\":\"string\",\"pattern\":\"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$\"}", "",
             "openfga: its preshared key, env:NAME or file:PATH")
RELATION_KEY(timeout, false, "{\"type\":\"string\",\"pattern\":\"^[1-9][0-9]*(ms|s|m)$\"}", "250ms",
             "openfga: until there is an answer; then there is none")
RELATION_KEY(cache, false, "{\"type\":\"string\",\"pattern\":\"^[0-9]+(ms|s|m)$\"}", "0s",
             "openfga: how long a yes is used again; a no never is")
RELATION_KEY(concurrent, false, "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000}", "32",
             "openfga: checks under way at once, a worker; four times as many more wait, the rest have no answer")
RELATION_KEY(ca_file, false, "{\"type\":\"string\",\"minLength\":1}", "",
             "openfga: certificates (PEM) of authorities that are believed, beside those of the system")
RELATION_KEY(private, false, "{\"type\":\"boolean\"}", "false",
             "openfga: allows the host's name to lead to private, loopback, link-local and other special addresses")
RELATION_KEY(insecure, false, "{\"type\":\"boolean\"}", "false", "openfga: allows plain http to another machine")
