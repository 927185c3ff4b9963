/*
 * cli/live.h - vendors as they are for real: where they are, and which variable their secret is in; `--live
 * openai,stripe` as the configuration that it stands for.
 */
#pragma once

#include "cli/cli.h"

/* The text of a flyball.yaml with these vendors, their secrets from the environment. CLI_FAILED, CLI_USAGE: said. */
int live_config(struct cli *c, struct str names, struct str *ret_text);

struct live_vendor {
    struct str vendor, variable;
};
/* All that we know (live.tbl.h). */
const struct live_vendor *live_vendors(size_t *ret_n);
/* https://api.example.com, as the built-in connector says; in the cli's arena. */
struct str live_base_url(struct cli *c, struct str vendor);
