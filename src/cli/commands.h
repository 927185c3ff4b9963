/* cli/commands.h - the commands of commands.tbl.h. */
#pragma once

#include "cli/cli.h"

#define COMMAND(name) extern const struct command cmd_##name;
#include "cli/commands.tbl.h"
#undef COMMAND
