/*
 * config/config_impl.h - what the files of this folder share. Not for others.
 */
#pragma once

#include "config/config.h"

#include <stdatomic.h>

#include "codec/yaml.h"
#include "config/url.h"

#define CONFIG_MEMORY_BYTES_MAX (4 << 20)
#define CONFIG_WORKERS_MAX 256

enum setting {
#define SETTING(field, path, env, flag, type, def, help) SETTING_##field,
#include "config/setting.tbl.h"
#undef SETTING
    SETTING_COUNT
};

enum setting_type { TYPE_ADDR, TYPE_PATH, TYPE_SWITCH, TYPE_WORKERS, TYPE_LEVEL, TYPE_BOUND };
/* The words of a type that has some (LEVEL, BOUND), in the order of its enum; n 0: of no such type. */
struct setting_words {
    const struct str *items;
    size_t n;
};
struct setting_words setting_words(enum setting_type t);

struct setting_info {
    struct str path; /* "listen.data", or "dir" at the top */
    struct str env, flag;
    enum setting_type type;
    struct str def;
    const char *help;
    size_t at;      /* in struct config */
    size_t at_flag; /* in struct config_flags */
};
extern const struct setting_info setting_infos[SETTING_COUNT];

/* The section of a setting's path, and its key there; STR_NONE for one at the top. Sections may stand in sections:
 * "listen.data_tls" of "listen.data_tls.cert_file". */
struct str setting_section(struct str path, struct str *ret_key);
/* From one section to the next in the table's order: the depth that they share, and that of the next. */
size_t sections_shared(struct str from, struct str to);
size_t section_depth(struct str section);
struct str section_part(struct str section, size_t i); /* the i-th name of it */

/* A key of one vendor, of one issuer, of one target of `exports:`, or of `people.oidc:`. */
struct config_key_info {
    struct str name;
    bool is_required;
    const char *schema, *def, *help;
};
extern const struct config_key_info approval_key_infos[];
extern const size_t n_approval_key_infos;
extern const struct config_key_info notice_key_infos[];
extern const size_t n_notice_key_infos;
extern const struct config_key_info vendor_key_infos[], issuer_key_infos[], export_key_infos[], oidc_key_infos[];
extern const size_t n_vendor_key_infos, n_issuer_key_infos, n_export_key_infos, n_oidc_key_infos;
extern const struct config_key_info relation_key_infos[], source_key_infos[];
extern const size_t n_relation_key_infos, n_source_key_infos;
/* Begins with a-z and goes on with a-z, 0-9, - and _: of a vendor, a connector, an issuer. */
bool config_name_is_valid(struct str s);

/* Where the value in force came from. One a setting, then one a limit in the order of limits_table(). */
struct config_source {
    enum config_origin origin;
    int line; /* CONFIG_FILE */
    struct str text; /* of a setting: as it stands in the file */
    int col;         /* CONFIG_FILE, of a setting */
};

struct config_store {
    struct config config; /* what the world holds points here */
    struct arena arena;
    struct str file;
    atomic_int n_refs;
};

/* One run of config_load. */
struct loader {
    const struct config_input *in;
    struct diag_list *diags;
    struct config *config;
    struct config_source *sources;
    struct arena *arena; /* the config's */
    struct str file;
};

/* Where a value was found, for messages: a line of the file, a variable or a flag. */
struct found_at {
    enum config_origin origin;
    struct str name; /* file, variable or flag */
    int line, col;
};
struct found_at found_in_file(const struct loader *l, const struct yaml *y);

/* settings.c: reads them from everywhere; faults go to the diags. */
void load_settings(struct loader *l, const struct yaml *root);
void load_limits(struct loader *l, const struct yaml *root);
/* vendors.c */
void load_vendors(struct loader *l, const struct yaml *root);

/* issuers.c */
void load_issuers(struct loader *l, const struct yaml *root);
/* exports.c */
void load_exports(struct loader *l, const struct yaml *root);
/* approvals.c */
void load_approvals(struct loader *l, const struct yaml *root);
/* oidc.c */
void load_people(struct loader *l, const struct yaml *root);
/* remotes.c */
void load_remotes(struct loader *l, const struct yaml *root);

/* `y` has that type, or a diag says that `path` wants `want`. False for both NULL and another type. */
bool want_type(struct loader *l, const struct yaml *y, enum yaml_type type, struct str path, const char *want);

/* address.c */
struct address {
    char host[46];   /* numeric; empty: see name */
    struct str name; /* in the text that was parsed: a name, also localhost; empty: there is none */
    uint16_t port;
    bool is_v6, is_loopback;
};
enum address_fault { ADDRESS_OK, ADDRESS_NO_PORT, ADDRESS_BAD_PORT, ADDRESS_NAME, ADDRESS_BAD_HOST };
/* "127.0.0.1:80", "[::1]:80", "localhost:80"; default_port < 0: a port is wanted. ADDRESS_NAME sets *ret as well. */
enum address_fault address_parse(struct str s, int default_port, struct address *ret);
struct str address_text(const struct address *a, struct arena *arena);

