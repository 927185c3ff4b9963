/*
 * cli/cmd_reload.c - `flyball reload`: the daemon reads its files again.
 */
#include "cli/client.h"
#include "cli/commands.h"

static int reload(struct cli *c)
{
    struct answer a;
    int r = client_call(c, "POST", STR("/api/v1/reload"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    cli_note(c, "New calls go by what the files hold now; open connections keep their certificates.");
    return CLI_DONE;
}

const struct command cmd_reload = {
    .name = "reload",
    .args = "",
    .summary = "read certificates, issuers' keys, relations and the table of rates again",
    .text = "As SIGHUP does: of the files that the configuration names. No connection is closed. A file that cannot\n"
            "be used changes nothing: it is said, and the exit code is 1. Other settings need a restart.",
    .examples = "reload\nreload --json",
    .needs_daemon = true,
    .run = reload,
};
