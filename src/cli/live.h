/*
 * cli/live.h - `--live openai,stripe` as the configuration that it stands for.
 */
#pragma once

#include "cli/cli.h"

/* The text of a flyball.yaml with these vendors, their secrets from the environment. CLI_FAILED, CLI_USAGE: said. */
int live_config(struct cli *c, struct str names, struct str *ret_text);
