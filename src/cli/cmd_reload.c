/*
 * cli/cmd_reload.c - `flyball reload`: the daemon takes its changed configuration over.
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
    .summary = "take the changed configuration over, whole or not at all",
    .text = "As SIGHUP does, with the files that it names: certificates, secrets, issuers' keys, relations, rates.\n"
            "No connection is closed. A fault in any of them changes nothing: it is said with its place, and the exit\n"
            "code is 1. So it is where a key changed that a running daemon cannot take over, which is named.",
    .examples = "reload\nreload --json",
    .needs_daemon = true,
    .run = reload,
};
