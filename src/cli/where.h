/*
 * cli/where.h - which daemon a command talks to, and with which credential (CONTRACT 12).
 *
 * Address: --admin, else FLYBALL_ADMIN, else the file admin.url of the data folder. Credential: FLYBALL_TOKEN, else the
 * file admin.token of the data folder, also when the address came from elsewhere. Data folder: --dir, else FLYBALL_DIR,
 * else the default; where a daemon never wrote its address there, the one of `flyball dev` beside it.
 */
#pragma once

#include "cli/cli.h"

struct where {
    struct str url;        /* as it was found, for messages */
    struct str host;       /* a name or a numeric address; IPv6 without brackets */
    uint16_t port;
    bool is_tls;
    struct str ca_file; /* --ca, else FLYBALL_CA: authorities beside those of the system */
    struct str token;
    struct str dir;
    bool is_dev_folder; /* nothing named a daemon, and the one of `flyball dev` was found */
};

/* 0; CLI_FAILED, CLI_USAGE or CLI_UNREACHABLE: said, with what to do. */
int where_find(struct cli *c, struct where *ret);

/* The data folder of a command; `dev`: the default of `flyball dev`. In the arena. */
struct str where_dir(struct cli *c, bool is_dev);
struct str where_file(struct cli *c, struct str dir, const char *name);

/* "http://127.0.0.1:4748", with or without a slash: sets host, port and is_tls. -ERR_INVALID. */
int where_parse_url(struct str url, struct arena *a, struct where *w);
