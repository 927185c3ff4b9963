/*
 * cli/cmd_kill.c - `flyball kill` and `unkill`: the stop button for every call.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "codec/json_write.h"

static int press(struct cli *c)
{
    struct answer a;
    struct json_writer w;
    struct buf b;
    buf_init(&b, 65536);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str_or_null(&w, STR("reason"), cli_option(c, "reason"));
    jw_object_end(&w);
    struct str path = cli_has(c, "now") ? STR("/api/v1/kill?now=1") : STR("/api/v1/kill");
    int r = client_call(c, "POST", path, buf_str(&b), &a);
    buf_deinit(&b);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    cli_note(c, "Stopped: every call is refused until `flyball unkill`, also after a restart.");
    return CLI_DONE;
}

static int release(struct cli *c)
{
    struct answer a;
    int r = client_call(c, "POST", STR("/api/v1/unkill"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    cli_note(c, "Calls are decided by policy again.");
    return CLI_DONE;
}

static const struct option_spec options[] = {{"reason", "TEXT", "why, for the record", false},
                                             {"now", NULL, "also end the streams of models that are open", false},
                                             {NULL, NULL, NULL, false}};

const struct command cmd_kill = {
    .name = "kill",
    .args = "",
    .summary = "the stop button: refuse every call",
    .text = "Returns when the next request is refused. Calls already sent are finished and recorded.",
    .examples = "kill\nkill --reason \"refund loop, see ticket 4711\"",
    .options = options,
    .needs_daemon = true,
    .run = press,
};
const struct command cmd_unkill = {
    .name = "unkill",
    .args = "",
    .summary = "release the stop button",
    .examples = "unkill\nunkill --json",
    .needs_daemon = true,
    .run = release,
};
