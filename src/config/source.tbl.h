/*
 * config/source.tbl.h - the keys of a source that scopes query: SOURCE_KEY(name, is_required, schema, default, help).
 */
SOURCE_KEY(url, false, "{\"type\":\"string\",\"pattern\":\"^https?://[^#@]+$\"}", "",
           "a GET; {customer} in it is the customer's id, encoded")
SOURCE_KEY(allow_when, false, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":4096}", "status == 200",
           "url: CEL over `status` (int) and `body` (the answer's JSON): true allows")
SOURCE_KEY(postgres, false, "{\"type\":\"string\",\"pattern\":\"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$\"}", "",
           "a PostgreSQL of your own: where a connection string is, env:NAME or file:PATH")
SOURCE_KEY(sql, false, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":8192}", "",
           "postgres: a SELECT with $1, the customer's id; a first row whose first column is true allows")
SOURCE_KEY(secret, false, "{\"type\":\"string\",\"pattern\":\"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$\"}", "",
           "url: a bearer token, env:NAME or file:PATH")
SOURCE_KEY(timeout, false, "{\"type\":\"string\",\"pattern\":\"^[1-9][0-9]*(ms|s|m)$\"}", "300ms",
           "until there is an answer; then there is none")
SOURCE_KEY(cache, false, "{\"type\":\"string\",\"pattern\":\"^[0-9]+(ms|s|m)$\"}", "0s",
           "how long a yes is used again; a no never is")
SOURCE_KEY(concurrent, false, "{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000}", "32",
           "url: questions under way at once, a worker; postgres: connections (at most 16). Four times as many more wait")
SOURCE_KEY(ca_file, false, "{\"type\":\"string\",\"minLength\":1}", "",
           "url: certificates (PEM) of authorities that are believed, beside those of the system")
SOURCE_KEY(private, false, "{\"type\":\"boolean\"}", "false",
           "url: allows the host's name to lead to private, loopback, link-local and other special addresses")
SOURCE_KEY(insecure, false, "{\"type\":\"boolean\"}", "false", "url: allows plain http to another machine")
