/*
 * config/config.h - flyball.yaml, flags and environment as one immutable snapshot (CONTRACT 5).
 *
 *   (1) flags > FLYBALL_* > file > default, for each value on its own; where each came from is remembered.
 *   (2) all or nothing: one error anywhere, and there is no config. All errors are reported, not the first.
 *   (3) holds references to secrets, never secrets; a secret written into the file by mistake is in no message.
 *
 * Reads no files: the caller brings the text. The snapshot never changes; ref and unref from any thread.
 */
#pragma once

#include "base/limits.h"
#include "base/log.h"
#include "codec/diag.h"

#define CONFIG_ERRORS_MAX 20
#define CONFIG_VENDORS_MAX 64
#define CONFIG_ISSUERS_MAX 32
#define CONFIG_NAME_CHARS_MAX 64
#define CONFIG_SECRET_STORE STR("store:") /* in front of a secret's name in the store */

enum config_origin { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENV, CONFIG_FLAG };

/* What one vendor may add to requests (CONTRACT 7 `additions`). */
enum config_additions { ADDITIONS_ALL, ADDITIONS_NONE, ADDITIONS_LISTED };

struct config_vendor {
    struct str name;
    struct str connector; /* `name` unless said otherwise */
    struct str base_url;  /* "https://host:port", checked, without a slash at the end */
    struct str host;      /* of base_url: a name, or a numeric address; IPv6 without brackets */
    uint16_t port;
    bool is_tls;          /* https */
    struct str ca_file;   /* authorities beside those of the system; empty: none */
    struct str prices;    /* path of a file of prices; empty: none */
    bool polls;           /* asks later for prices */
    bool is_private;      /* the host may be at a private or otherwise special address: asked for, or evident */
    int64_t connect_ms, first_byte_ms, idle_ms; /* 0: as the limits say */
    struct str secret;    /* the reference: "env:NAME", "file:PATH" or "store:NAME" */
    struct str mode;      /* "live", "test" or "any"; empty: as the secret's prefix says */
    enum config_additions additions;
    const struct str *additions_listed;
    size_t n_additions_listed;
    bool is_insecure; /* plain http beyond loopback was asked for */
    bool forwards_run_id;
    int line; /* in the file */
};

/* A header of what is sent to a target: the value by reference. */
struct config_header {
    struct str name;  /* lower case */
    struct str value; /* "env:NAME", "file:PATH", or "text:VALUE" */
};
#define CONFIG_EXPORTS_MAX 8
#define CONFIG_HEADERS_MAX 16
#define CONFIG_HEADER_TEXT STR("text:") /* in front of a value that is no secret */

/* Where spans go (export/export.h). */
struct config_export {
    struct str name;
    struct str url;   /* of the traces themselves, checked */
    struct str host, path;
    uint16_t port;
    bool is_tls, is_insecure, is_private;
    struct str ca_file;
    bool is_json;        /* else protobuf */
    bool is_plain;       /* else gzip */
    struct str semconv;  /* "1.42", "1.36"; empty: the newest */
    bool has_personal;   /* personal values too */
    bool has_session;    /* session.id too */
    bool is_from_start;  /* from the first record on; else from when it was configured */
    const struct config_header *headers;
    size_t n_headers;
    int line;
};

/* Where persons are told of questions, or programs of what a rule notes (export/notice.h). */
struct config_approval {
    struct str name;    /* of an approval, or of a `notify`, in policy documents */
    struct str webhook; /* a URL, or a reference to one: "env:NAME", "file:PATH" */
    struct str secret;  /* reference */
    struct str page;    /* empty: the admin listener's own */
    struct str link;    /* the hooks listener as persons reach it; empty: its own address */
    struct str ca_file;
    bool has_personal, is_insecure, is_private;
    int line;
};
#define CONFIG_APPROVALS_MAX 32
/* What a webhook's URL leads to. */
struct config_webhook {
    struct str host, path; /* with its query */
    uint16_t port;
    bool is_tls, is_numeric;
};
/* NULL: *ret is set, in the arena; else what is wrong, without the URL. */
const char *config_webhook_parse(struct str text, bool is_insecure, struct arena *a, struct config_webhook *ret);

/* Where the public keys of an issuer are: a file, or what a URL names. */
struct config_jwks {
    struct str text; /* as in the file */
    struct str file; /* path; empty: the rest says where */
    struct str host, path;
    uint16_t port;
    bool is_tls;
};

/* Who signs identity tokens (CONTRACT 9), and what their claims mean here. */
struct config_issuer {
    struct str name;
    struct str issuer, audience; /* what `iss` is, and what stands in `aud` */
    struct config_jwks jwks;
    struct str ca_file; /* authorities beside those of the system; empty: none */
    bool is_private, is_insecure;
    const struct str *algorithms; /* of ES256, EdDSA, PS256, RS256 */
    size_t n_algorithms;
    struct str typ; /* of the header; JWT: that, or none */
    struct str claim_user, claim_tenant, claim_customer, claim_agent; /* names of claims; empty: not read */
    int64_t age_s_max;
    bool is_single_use;
    const struct str *customers_of; /* vendors whose ids claim_customer has */
    size_t n_customers_of;
    int line; /* in the file */
};

/* The provider that people sign in at (OpenID Connect); issuer empty: there is none. */
struct config_oidc {
    struct str issuer, client_id;
    struct str client_secret; /* the reference: "env:NAME" or "file:PATH"; empty: a public client */
    const struct str *scopes; /* openid first */
    size_t n_scopes;
    struct str claim; /* whose value is the name of a person */
    struct str label;
    struct str url; /* how browsers reach the admin listener; empty: by the address that they say */
    struct str ca_file;
    bool is_private, is_insecure;
    int line; /* in the file */
};
/* Who answers what a scope asks about a customer: over HTTP, or a database of the operator's own. */
struct config_remote {
    struct str name;
    struct str url; /* as in the file; empty: not over HTTP */
    struct str host, path;
    uint16_t port;
    bool is_tls, is_private, is_insecure;
    struct str ca_file;
    struct str secret; /* a reference; empty: none */
    int64_t timeout_ms, cache_ms, concurrent;
    struct str store, model;    /* of an OpenFGA; model may be empty: its newest */
    struct str allow_when;      /* of a URL; empty: status == 200 */
    struct str postgres, sql;   /* a reference to the connection string; and the question */
    int line;
};
struct config_relations {
    struct str model_file, tuples_file; /* of the embedded engine; empty: there is none */
    int embedded_line;                  /* in the file */
    struct config_remote openfga;       /* url empty: there is none */
};
#define CONFIG_SOURCES_MAX 16
#define CONFIG_SQL_CONNECTIONS_MAX 16

/* How the input of a call to a model is bounded before it is made (llm/bound.h). */
enum config_input_bound { INPUT_BOUND_LEARNED, INPUT_BOUND_STRICT };

struct config {
    struct str listen_hooks; /* empty: off */
    struct str listen_data, listen_admin; /* "127.0.0.1:4747", "[::1]:0": numeric; port 0 picks one */
    bool insecure;                        /* listeners beyond loopback need no TLS */
    struct str data_cert_file, data_key_file, data_client_ca_file;    /* empty: no TLS, no clients' certificates */
    struct str admin_cert_file, admin_key_file, admin_client_ca_file;
    struct str dir;                       /* data folder */
    struct str connectors;                /* folder of the user's own connectors; empty: none */
    int64_t workers;
    struct str ui_dir;      /* folder of the dashboard's files; empty: those in the program */
    struct str llm_catalog; /* file of the user's own models and prices; empty: none */
    enum config_input_bound llm_input_bound;
    struct str fx_table;    /* file of rates; empty: none */
    enum log_level log_level;
    const struct config_vendor *vendors; /* in the file's order */
    size_t n_vendors;
    const struct config_issuer *issuers; /* in the file's order */
    size_t n_issuers;
    const struct config_export *exports; /* in the file's order */
    size_t n_exports;
    const struct config_approval *approvals, *notices; /* in the file's order */
    size_t n_approvals, n_notices;
    struct config_oidc oidc;
    struct config_relations relations;
    const struct config_remote *live_sources; /* in the file's order */
    size_t n_live_sources;
    struct limits limits;
    /* the rest is private */
    const struct config_source *sources;
    struct config_store *store;
};

/* Values from the command line; empty: not given. */
struct config_flags {
#define SETTING(field, path, env, flag, type, def, help) struct str field;
#include "config/setting.tbl.h"
#undef SETTING
};

struct config_input {
    struct str file;             /* name as messages show it; empty: there is no file */
    struct str text;             /* its content */
    struct config_flags flags;
    const char *const *env;      /* "NAME=value" pairs, NULL at the end; NULL: none */
    int n_cores;                 /* for the default of workers: min(n_cores, 4); 0: config_cores() */
};

int config_cores(void); /* that the machine has now; not 0 */

/* 0; -ERR_INVALID: `diags` (at most its n_max) say why, warnings may come with success; -ERR_NOMEM. */
int config_load(const struct config_input *in, struct diag_list *diags, const struct config **ret);
const struct config *config_ref(const struct config *c);
void config_unref(const struct config *c); /* NULL is fine */

/* Times towards a vendor: its own where it has some, else the limits'. */
struct config_timeouts {
    int64_t connect_ms, first_byte_ms, idle_ms;
};
struct config_timeouts config_vendor_timeouts(const struct config *c, const struct config_vendor *v);

/* By name; NULL: none. */
const struct config_vendor *config_vendor(const struct config *c, struct str name);
const struct config_issuer *config_issuer(const struct config *c, struct str name);

/* The data folder when nothing names one: XDG_DATA_HOME/flyball, ~/.local/share/flyball, /var/lib/flyball. */
struct str config_default_dir(const char *const *env, struct arena *a);
/* The value of one variable in an env list; STR_NONE: not there. */
struct str config_env(const char *const *env, struct str name);

/* As flyball.yaml (loads back to the same); with_origin adds a comment behind each value. For `config show`. */
int config_text(const struct config *c, bool with_origin, struct buf *out);
/* {"listen.data":{"value":"...","origin":"flag"},...}: for the admin API. Never a secret. */
int config_json(const struct config *c, struct buf *out);
/* The JSON Schema (2020-12) of flyball.yaml. For `config schema`. */
int config_schema(struct buf *out);
/*
 * 0: a daemon that runs by `from` can take `to` over: they differ at most in keys of config/reload.tbl.h.
 * -ERR_INVALID: a line of `error` names each other key, where it stands, and that it needs a restart.
 */
int config_takes(const struct config *from, const struct config *to, struct buf *error);
/* Every setting as a table in Markdown, for the docs. */
int config_markdown(struct buf *out);
