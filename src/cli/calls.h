/* cli/calls.h - the table of calls, shared by `calls` and `runs show`. */
#pragma once

#include "cli/cli.h"
#include "codec/json_read.h"

void print_calls(struct cli *c, struct json calls);
