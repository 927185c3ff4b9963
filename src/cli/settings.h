/*
 * cli/settings.h - the configuration as a command sees it: --config, else FLYBALL_CONFIG, else ./flyball.yaml where
 * serve and config look for one; then flags and environment on top (config/config.h).
 */
#pragma once

#include "cli/cli.h"
#include "config/config.h"

/* Options that set values of the configuration; shared by serve, dev and config. Without the NULL at the end. */
/* clang-format off */
#define SETTINGS_OPTIONS \
    {"config", "FILE", "the configuration file; else FLYBALL_CONFIG, else ./flyball.yaml (not in dev)", false}, \
    {"dir", "DIR", "the data folder", false}, \
    {"listen-data", "ADDR:PORT", "where agents connect; port 0 picks one", false}, \
    {"listen-admin", "ADDR:PORT", "where people and scripts connect; port 0 picks one", false}, \
    {"listen-hooks", "ADDR:PORT", "where links of notices lead; off when not given", false}, \
    {"insecure", NULL, "let other machines reach the listeners without TLS", false}, \
    {"data-cert", "FILE", "certificate for agents: https on the data listener", false}, \
    {"data-key", "FILE", "its private key", false}, \
    {"data-client-ca", "FILE", "authorities of agents' certificates, which are then required", false}, \
    {"admin-cert", "FILE", "certificate for people and scripts: https on the admin listener", false}, \
    {"admin-key", "FILE", "its private key", false}, \
    {"admin-client-ca", "FILE", "authorities of their certificates, which are then required", false}, \
    {"workers", "N", "threads that carry traffic", false}, \
    {"connectors", "DIR", "folder of your own connectors", false}, \
    {"ui-dir", "DIR", "files of the dashboard, instead of those in the program", false}, \
    {"llm-catalog", "FILE", "your own models and prices", false}, \
    {"llm-input-bound", "BOUND", "learned or strict", false, "learned strict"}, \
    {"log-level", "LEVEL", "debug, info, warn or error", false, "debug info warn error"}
/* clang-format on */

/* What a configuration was made of. */
struct settings {
    struct config_input in; /* lives as long as the command */
    bool is_file;           /* `in.text` is that of a file, which can be read again */
};

/*
 * Loads it. Faults and warnings are printed on err. `is_dev`: the data folder is that of `flyball dev` where nothing
 * names one.
 * 0: the caller unrefs *ret. CLI_FAILED: said. `ret_of` may be NULL.
 */
int settings_load(struct cli *c, bool is_dev, struct settings *ret_of, const struct config **ret);
/* The first; faults and warnings are the caller's to print, but for a file that cannot be read at all. */
int settings_read(struct cli *c, bool is_dev, struct diag_list *diags, const struct config **ret);
/* The same again, of what the file holds now: a config_maker (daemon/reload.h) of a struct settings. */
int settings_again(void *settings, struct buf *error, const struct config **ret);

/* Prints diagnostics, one a line, as "file:line:col: code: message". */
void settings_print_diags(struct cli *c, FILE *f, const struct diag_list *diags);
/* {"ok":..., "diags":[...]} on out, as commands that check a file say it with --json. */
void settings_print_diags_json(struct cli *c, const struct diag_list *diags, bool is_ok);
