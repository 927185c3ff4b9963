/*
 * cli/cmd_healthcheck.c - `flyball healthcheck`: one question, one exit code, for containers and scripts.
 */
#include "cli/client.h"
#include "cli/commands.h"

static int run(struct cli *c)
{
    struct answer a;
    int r = client_request(c, "GET", STR("/readyz"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        (void)client_print(c, &a);
    if (a.status == 200) {
        cli_note(c, "ready");
        return CLI_DONE;
    }
    return cli_fail(c, "the daemon is up, and not ready to govern calls; `flyball doctor` says why");
}

const struct command cmd_healthcheck = {
    .name = "healthcheck",
    .args = "",
    .summary = "exit 0 when the daemon is ready to govern calls, 1 when it is up and not ready, 3 when it is not there",
    .text = "For a container: HEALTHCHECK CMD [\"flyball\", \"healthcheck\", \"--dir\", \"/var/lib/flyball\"]",
    .examples = "healthcheck\nhealthcheck --admin http://127.0.0.1:4748 --json",
    .needs_daemon = true,
    .run = run,
};
