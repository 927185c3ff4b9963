/*
 * config/setting.tbl.h - every single-valued setting: SETTING(field, path, env, flag, type, default, help).
 *
 * `field` is the member of struct config and struct config_flags, `path` the place in flyball.yaml. Types: ADDR
 * (numeric or localhost, with port), PATH, SWITCH (true or false; its flag has no value), WORKERS (1..256), LEVEL and
 * BOUND (words of settings.c). An empty default is worked out at start. Parser, schema, `config show` and the docs come
 * from here. Settings of one section stand together, those of a section within it behind its own.
 */
SETTING(listen_data, "listen.data", "FLYBALL_LISTEN_DATA", "--listen-data", ADDR, "127.0.0.1:4747",
        "where agents connect; beyond loopback only with TLS; port 0 picks one")
SETTING(listen_admin, "listen.admin", "FLYBALL_LISTEN_ADMIN", "--listen-admin", ADDR, "127.0.0.1:4748",
        "where people and scripts connect; beyond loopback only with TLS; port 0 picks one")
SETTING(listen_hooks, "listen.hooks", "FLYBALL_LISTEN_HOOKS", "--listen-hooks", ADDR, "",
        "where links of notices lead; off by default. It has the certificate of listen.admin")
SETTING(insecure, "listen.insecure", "FLYBALL_LISTEN_INSECURE", "--insecure", SWITCH, "false",
        "lets listeners be reached from other machines without TLS")
SETTING(data_cert_file, "listen.data_tls.cert_file", "FLYBALL_DATA_CERT", "--data-cert", PATH, "",
        "certificate (PEM, the chain behind it) that agents are shown; makes listen.data https")
SETTING(data_key_file, "listen.data_tls.key_file", "FLYBALL_DATA_KEY", "--data-key", PATH, "", "its private key (PEM)")
SETTING(data_client_ca_file, "listen.data_tls.client_ca_file", "FLYBALL_DATA_CLIENT_CA", "--data-client-ca", PATH, "",
        "authorities (PEM) of agents' certificates: an agent without one of theirs is not let in")
SETTING(admin_cert_file, "listen.admin_tls.cert_file", "FLYBALL_ADMIN_CERT", "--admin-cert", PATH, "",
        "certificate (PEM, the chain behind it) that people and scripts are shown; makes listen.admin https")
SETTING(admin_key_file, "listen.admin_tls.key_file", "FLYBALL_ADMIN_KEY", "--admin-key", PATH, "",
        "its private key (PEM)")
SETTING(admin_client_ca_file, "listen.admin_tls.client_ca_file", "FLYBALL_ADMIN_CLIENT_CA", "--admin-client-ca", PATH,
        "", "authorities (PEM) of clients' certificates: who has none of theirs is not let in")
SETTING(dir, "dir", "FLYBALL_DIR", "--dir", PATH, "",
        "data folder; by default $XDG_DATA_HOME/flyball, else ~/.local/share/flyball, else /var/lib/flyball")
SETTING(workers, "workers", "FLYBALL_WORKERS", "--workers", WORKERS, "",
        "threads that carry traffic; by default one a core, at most 4")
SETTING(connectors, "connectors", "FLYBALL_CONNECTORS", "--connectors", PATH, "",
        "folder of your own connectors, looked at before the built-in ones")
SETTING(ui_dir, "ui.dir", "FLYBALL_UI_DIR", "--ui-dir", PATH, "",
        "folder of the dashboard's files, instead of those in the program; for work on the dashboard")
SETTING(llm_catalog, "llm.catalog", "FLYBALL_LLM_CATALOG", "--llm-catalog", PATH, "",
        "file of your own models and prices: added to the built-in ones, instead of those of the same name")
SETTING(llm_input_bound, "llm.input_bound", "FLYBALL_LLM_INPUT_BOUND", "--llm-input-bound", BOUND, "learned",
        "how many tokens a prompt is held for: learned from what vendors report, or strict, a token a byte")
SETTING(fx_table, "fx.table", "FLYBALL_FX_TABLE", "--fx-table", PATH, "",
        "file of rates by which amounts in other currencies become dollars: dated, with a margin and a greatest age")
SETTING(log_level, "log.level", "FLYBALL_LOG_LEVEL", "--log-level", LEVEL, "info", "debug, info, warn or error")
