/*
 * cli/cmd_policy_suggest.c - `flyball policy suggest`: a document out of what was seen.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"

static int suggest(struct cli *c)
{
    static const char *const names[] = {"since", "agent", "policy", NULL};
    struct answer a;
    int r = client_get(c, STR("/api/v1/policies/suggest"), names, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    struct str text = json_text_of(json_get(a.json, STR("document"))), line;
    for (struct str rest; str_cut(text, '\n', &line, &rest); text = rest) {
        print_safe(c->out, line);
        fputc('\n', c->out);
    }
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"since", "WHEN", "calls from then on: a time, or a duration back from now; 7d when absent", false},
    {"agent", "NAME", "of the calls of this agent only", false},
    {"policy", "NAME", "of keys that obey this document, which it is named after; `default` when absent", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_policy_suggest = {
    .name = "policy suggest",
    .args = "",
    .summary = "write the narrowest document that permits what was seen, with the evidence as comments",
    .text = "A rule for each operation of each agent that was permitted, limits at the 99th percentile and a half on "
            "top, and never below what was seen. What was refused is not in it. Read it before it is applied; `policy "
            "plan` on the same calls denies nothing.",
    .examples = "policy suggest --since 7d\npolicy suggest --agent refunds --since 24h",
    .options = options,
    .needs_daemon = true,
    .run = suggest,
};
