/*
 * config/reload.tbl.h - what a running daemon takes over of a changed configuration: TAKEN(keys, when, how). A key that
 * no line names needs a restart.
 *
 * `*` stands for any letters between two dots; the first line that names a key counts. `when`: ALWAYS, CHANGED (not
 * where it was absent, or is now) or FILE (from one file: to another).
 */
TAKEN("listen.*_tls.client_ca_file", ALWAYS, "new connections; read again by each reload")
TAKEN("listen.*_tls.*_file", CHANGED, "new connections; read again by each reload. Turning TLS on or off needs a restart")
TAKEN("fx.table", ALWAYS, "the next call; read again by each reload")
TAKEN("log.level", ALWAYS, "the next line")
TAKEN("vendors.*.secret", FILE, "the next request to the vendor; `file:` is read again by each reload, and a secret for another mode needs a restart. `store:` is changed by `flyball secret`, `env:` by a restart")
TAKEN("issuers.*.jwks", FILE, "the next token; `file:` is read again by each reload, keys at a URL as `jwks_fresh_ms` says")
TAKEN("relations.embedded.*", ALWAYS, "the next call; both files are read again by each reload")
