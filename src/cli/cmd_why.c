/*
 * cli/cmd_why.c - `flyball why`: one call in sentences, the verdict first.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "codec/form.h"

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

static int run(struct cli *c)
{
    struct answer a;
    struct buf path;
    buf_init(&path, 4096);
    (void)buf_add(&path, STR("/api/v1/calls/"));
    (void)form_quote(&path, c->args[0]);
    (void)buf_add(&path, STR("/why"));
    int r = client_call(c, "GET", buf_str(&path), STR_NONE, &a);
    buf_deinit(&path);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    print_reasons(c, a.json);
    return CLI_DONE;
}

const struct command cmd_why = {
    .name = "why",
    .args = "CALL",
    .args_min = 1,
    .args_max = 1,
    .summary = "explain one call: verdict, limits with their numbers, attempts, outcome",
    .text = "CALL is the id in the answer's x-flyball-call-id header, in every refusal, and in `flyball calls`.",
    .examples = "why 019ab0c2-7d4e-7a51-9c3f-2f6f0e5d1a77\nwhy 019ab0c2-7d4e-7a51-9c3f-2f6f0e5d1a77 --json",
    .needs_daemon = true,
    .run = run,
};
