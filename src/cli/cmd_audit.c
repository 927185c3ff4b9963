/*
 * cli/cmd_audit.c - `flyball audit verify`: is every frame what was written?
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"

static int run(struct cli *c)
{
    struct answer a;
    bool is_ok = false;
    int r = client_call(c, "GET", STR("/api/v1/audit/verify"), STR_NONE, &a);
    if (r)
        return r;
    (void)json_bool(json_get(a.json, STR("ok")), &is_ok); /* absent is no */
    if (c->is_json) {
        client_print(c, &a);
    } else if (is_ok) {
        print_styled(c, STYLE_GOOD, STR("ok"));
        fprintf(c->out, "  " STR_FMT " frames are what was written; chain ", STR_ARG(show_number(c, a.json, "frames")));
        print_safe(c->out, show_text(a.json, "chain"));
        fprintf(c->out, "\n    " STR_FMT " checkpoints, the last one up to frame " STR_FMT ", signed by ",
                STR_ARG(show_number(c, a.json, "checkpoints")), STR_ARG(show_number(c, a.json, "checkpoint_seq")));
        print_safe(c->out, show_text(a.json, "signer"));
        fputc('\n', c->out);
    } else {
        print_styled(c, STYLE_BAD, STR("fail"));
        fputs("  ", c->out);
        print_safe(c->out, show_text(a.json, "fault"));
        fputc('\n', c->out);
    }
    return is_ok ? CLI_DONE : CLI_FAILED;
}

const struct command cmd_audit_verify = {
    .name = "audit verify",
    .args = "",
    .summary = "recompute the hash chain over every frame: exit 1 when one was changed, removed or added",
    .examples = "audit verify\naudit verify --json",
    .needs_daemon = true,
    .run = run,
};
