/*
 * cli/show_run.h - one run as `runs show` prints it, for other commands that end with it.
 */
#pragma once

#include "cli/cli.h"

/* `agent` and `tenant` may be STR_NONE. CLI_DONE, or what went wrong, said. */
int show_run(struct cli *c, struct str run, struct str agent, struct str tenant);
