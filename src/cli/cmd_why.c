/*
 * cli/cmd_why.c - `flyball why`: one call in sentences, the verdict first.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"

#define TOPIC_WIDTH 10

static enum style style_of(struct str topic, struct json call)
{
    if (str_eq(topic, STR("verdict")))
        return style_of_verdict(show_text(call, "verdict"));
    if (str_eq(topic, STR("outcome")))
        return style_of_outcome(show_text(call, "outcome"));
    return STYLE_PLAIN;
}

static void print_reasons(struct cli *c, struct json answer)
{
    struct json reason, call = json_get(answer, STR("call"));
    for (struct json_iter it = json_each(json_get(answer, STR("explanation"))); json_next(&it, NULL, &reason);) {
        struct str topic = show_text(reason, "topic");
        print_styled(c, STYLE_DIM, topic);
        for (size_t n = print_width(topic); n < TOPIC_WIDTH; n++)
            fputc(' ', c->out);
        print_styled(c, style_of(topic, call), show_text(reason, "text"));
        fputc('\n', c->out);
    }
}

/* Where a person goes on from a refusal. */
static const struct {
    struct str code;
    const char *text;
    bool names_call;
} nexts[] = {
    {STR_INIT("policy_denied"), "How every rule came out: flyball policy explain ", true},
    {STR_INIT("operation_unknown"), "How every rule came out: flyball policy explain ", true},
    {STR_INIT("scope_denied"), "How every rule came out: flyball policy explain ", true},
    {STR_INIT("limit_exceeded"), "What stands on the limits: flyball limit list; more for a while: flyball limit raise",
     false},
    {STR_INIT("approval_pending"), "To answer: flyball approvals list", false},
};

static void note_next(struct cli *c, struct json call)
{
    struct str code = show_text(call, "code");
    for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++)
        if (str_eq(code, nexts[i].code))
            cli_note(c, "%s" STR_FMT, nexts[i].text, STR_ARG(nexts[i].names_call ? c->args[0] : STR("")));
}

/* A text of several lines: its own line ends stay, all else is made safe. */
static void print_lines(struct cli *c, struct str text)
{
    while (text.n) {
        size_t at = text.n;
        (void)str_find(text, STR("\n"), &at); /* none: all of it */
        print_safe(c->out, str_sub(text, 0, at));
        fputc('\n', c->out);
        text = str_sub(text, at < text.n ? at + 1 : at, text.n);
    }
}

static void print_body(struct cli *c, struct json body)
{
    bool is_cut = false;
    struct str text = show_text(body, "text"), encoding = show_text(body, "encoding");
    (void)json_bool(json_get(body, STR("truncated")), &is_cut); /* absent: not */
    print_styled(c, STYLE_DIM, str_eq(show_text(body, "side"), STR("request")) ? STR("request") : STR("answer"));
    fprintf(c->out, "  " STR_FMT " bytes%s", STR_ARG(show_number(c, body, "bytes")), is_cut ? ", the beginning" : "");
    if (encoding.n)
        fprintf(c->out, ", packed as " STR_FMT ", in base64", STR_ARG(encoding));
    if (show_text(body, "not_kept").n)
        fprintf(c->out, ", not kept: " STR_FMT, STR_ARG(show_text(body, "why")));
    fputc('\n', c->out);
    print_lines(c, text.n ? text : show_text(body, "base64"));
}

static int print_bodies(struct cli *c)
{
    struct answer a;
    struct json body;
    int r = client_call(c, "GET", client_path(c, "/api/v1/calls/", c->args[0], "/bodies"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    for (struct json_iter it = json_each(json_get(a.json, STR("bodies"))); json_next(&it, NULL, &body);)
        print_body(c, body);
    if (show_text(a.json, "why").n)
        cli_note(c, "There is nothing to show: " STR_FMT ".", STR_ARG(show_text(a.json, "why")));
    return CLI_DONE;
}

static int run(struct cli *c)
{
    struct answer a;
    if (cli_has(c, "bodies"))
        return print_bodies(c);
    int r = client_call(c, "GET", client_path(c, "/api/v1/calls/", c->args[0], "/why"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    print_reasons(c, a.json);
    note_next(c, json_get(a.json, STR("call")));
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"bodies", NULL, "what was said in it instead, where that is kept; takes the role bodies", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_why = {
    .name = "why",
    .args = "CALL",
    .args_min = 1,
    .args_max = 1,
    .summary = "explain one call: verdict, limits with their numbers, attempts, outcome",
    .text = "CALL is the id in the answer's x-flyball-call-id header, in every refusal, and in `flyball calls`.",
    .examples = "why 019ab0c2-7d4e-7a51-9c3f-2f6f0e5d1a77\nwhy 019ab0c2-7d4e-7a51-9c3f-2f6f0e5d1a77 --json\n"
                "why 019ab0c2-7d4e-7a51-9c3f-2f6f0e5d1a77 --bodies",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
