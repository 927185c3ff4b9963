/*
 * cli/cmd_version.c - `flyball version`.
 */
#include "cli/commands.h"

static int run(struct cli *c)
{
    fprintf(c->out, c->is_json ? "{\"name\":\"flyball\",\"version\":\"%s\"}\n" : "flyball %s\n", FLYBALL_VERSION);
    return CLI_DONE;
}

const struct command cmd_version = {
    .name = "version",
    .args = "",
    .summary = "show the version",
    .examples = "version\nversion --json",
    .run = run,
};
