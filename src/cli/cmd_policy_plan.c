/*
 * cli/cmd_policy_plan.c - `flyball policy plan`: yesterday's calls, decided on by tomorrow's document.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/policy_text.h"
#include "cli/print.h"
#include "codec/json_write.h"
#include "replay/plan.h"

static struct str plural(struct cli *c, int64_t n, const char *what)
{
    return arena_printf(&c->arena, "%lld %s%s", (long long)n, what, n == 1 ? "" : "s");
}

static int64_t number(struct json object, const char *name)
{
    return json_i64_of(json_get(object, str_c(name)));
}

/* "12.50", of the nine decimals of the answer. */
static struct str amount(struct cli *c, struct json of)
{
    struct str usd = show_text(of, "usd");
    char text[MONEY_TEXT_BYTES];
    money_t n;
    return money_parse(usd, &n) == 0 ? arena_str(&c->arena, money_text_short(n, text)) : usd;
}

static void print_group(struct cli *c, struct json g)
{
    struct json was = json_get(g, STR("was")), becomes = json_get(g, STR("becomes"));
    fputs("  ", c->out);
    print_safe(c->out, show_text(g, "operation"));
    fputs(" by ", c->out);
    print_safe(c->out, show_text(g, "agent"));
    fprintf(c->out, ": " STR_FMT ", " STR_FMT " USD; was ", STR_ARG(plural(c, number(g, "calls"), "call")),
            STR_ARG(amount(c, g)));
    print_safe(c->out, show_text(was, "verdict"));
    if (show_text(was, "by").n) {
        fputs(" by ", c->out);
        print_safe(c->out, show_text(was, "by"));
    }
    if (show_text(becomes, "by").n) {
        fputs(", becomes so by ", c->out);
        print_safe(c->out, show_text(becomes, "by"));
    }
    fputc('\n', c->out);
}

static void print_names(struct cli *c, struct json names, const char *what)
{
    struct json list = json_get(names, STR("names")), name;
    size_t i = 0;
    if (!number(names, "n"))
        return;
    fprintf(c->out, "  " STR_FMT ": ", STR_ARG(plural(c, number(names, "n"), what)));
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &name);) {
        fputs(i++ ? ", " : "", c->out);
        print_safe(c->out, json_text_of(name));
    }
    fputs((int64_t)i < number(names, "n") ? ", ...\n" : "\n", c->out);
}

static void print_sum(struct cli *c, struct json plan, enum change change, enum style style)
{
    struct json sum = json_get(plan, change_text(change)), group;
    if (!number(sum, "calls"))
        return;
    print_styled(c, style, arena_printf(&c->arena, "Newly " STR_FMT, STR_ARG(change_text(change))));
    fprintf(c->out, ": " STR_FMT ", " STR_FMT " USD", STR_ARG(plural(c, number(sum, "calls"), "call")),
            STR_ARG(amount(c, sum)));
    if (number(sum, "unpriced"))
        fprintf(c->out, " and %lld of unknown cost", (long long)number(sum, "unpriced"));
    fputc('\n', c->out);
    for (struct json_iter it = json_each(json_get(sum, STR("groups"))); json_next(&it, NULL, &group);)
        print_group(c, group);
    if (number(sum, "more_groups"))
        fprintf(c->out, "  and %lld more like these\n", (long long)number(sum, "more_groups"));
    print_names(c, json_get(sum, STR("agents")), "agent");
    print_names(c, json_get(sum, STR("customers")), "customer");
}

/* What the numbers above do not cover. */
static void print_rest(struct cli *c, struct json plan)
{
    struct json lacks = json_get(plan, STR("not_replayable")), reason, id;
    if (number(lacks, "calls"))
        fprintf(c->out, "Not replayable: %lld\n", (long long)number(lacks, "calls"));
    for (struct json_iter it = json_each(json_get(lacks, STR("reasons"))); json_next(&it, NULL, &reason);)
        fprintf(c->out, "  %lld: " STR_FMT "\n", (long long)number(reason, "calls"),
                STR_ARG(show_text(reason, "text")));
    if (number(plan, "undecided"))
        fprintf(c->out, "Refused before a document was asked: %lld\n", (long long)number(plan, "undecided"));
    if (number(plan, "dry_runs"))
        fprintf(c->out, "Dry runs: %lld\n", (long long)number(plan, "dry_runs"));
    if (number(plan, "recorded_otherwise"))
        fprintf(c->out, "Recorded otherwise than the document in force says now: %lld (another version decided then, "
                "a limit was raised for a while, or a counter began earlier)\n",
                (long long)number(plan, "recorded_otherwise"));
    for (struct json_iter it = json_each(json_get(plan, STR("fresh_limits"))); json_next(&it, NULL, &id);) {
        fputs("Limit ", c->out);
        print_safe(c->out, json_text_of(id));
        fputs(" started at nothing though its window began earlier: it may refuse more than is shown\n", c->out);
    }
}

static void print_plan(struct cli *c, struct json plan)
{
    struct json old = json_get(plan, STR("old")), new = json_get(plan, STR("new"));
    fputs("Policy ", c->out);
    print_safe(c->out, show_text(new, "name"));
    if (json_type(old) == JSON_OBJECT)
        fprintf(c->out, ", version %lld in force against the document: ", (long long)number(old, "version"));
    else
        fputs(", of which none is in force, against the document: ", c->out);
    fprintf(c->out, STR_FMT " since " STR_FMT ", %lld replayed, %lld unchanged\n",
            STR_ARG(plural(c, number(plan, "calls"), "call")), STR_ARG(show_time(c, plan, "since")),
            (long long)number(plan, "replayed"), (long long)number(plan, "unchanged"));
    print_sum(c, plan, CHANGE_PERMITTED, STYLE_WARN);
    print_sum(c, plan, CHANGE_DENIED, STYLE_BAD);
    print_sum(c, plan, CHANGE_ASKED, STYLE_BOLD);
    print_rest(c, plan);
}

static struct str request_json(struct cli *c, struct str text, struct str file)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 8 * text.n + 65536);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("document"), text);
    jw_put_str(&w, STR("file"), file);
    if (cli_has(c, "since"))
        jw_put_str(&w, STR("since"), cli_option(c, "since"));
    if (cli_has(c, "until"))
        jw_put_str(&w, STR("until"), cli_option(c, "until"));
    jw_object_end(&w);
    struct str s = arena_str(&c->arena, buf_str(&b));
    buf_deinit(&b);
    return s;
}

static int plan(struct cli *c)
{
    struct answer a;
    struct str text, file;
    bool is_safe = false;
    int r = policy_text_of(c, c->args[0], &text, &file);
    if (r)
        return r;
    cli_note(c, "Replaying recorded calls ...");
    r = client_request(c, "POST", STR("/api/v1/policies/plan"), request_json(c, text, file), &a);
    if (r)
        return r;
    if (a.status != 200) {
        if (!json_len(json_get(a.json, STR("diags"))))
            return client_say_failure(c, &a);
        policy_print_diags(c, json_get(a.json, STR("diags")));
        if (c->is_json)
            client_print(c, &a);
        return cli_fail(c, "the document cannot be tried on recorded calls");
    }
    if (c->is_json)
        client_print(c, &a);
    else
        print_plan(c, a.json);
    (void)json_bool(json_get(a.json, STR("is_safe")), &is_safe); /* absent is no */
    if (is_safe || cli_has(c, "accept"))
        return CLI_DONE;
    return cli_fail(c, "calls that move value are newly permitted: read them, then say --accept");
}

static const struct option_spec options[] = {
    {"since", "WHEN", "calls from then on: a time, or a duration back from now; 24h when absent", false},
    {"until", "WHEN", "calls before then", false},
    {"accept", NULL, "exit 0 also when calls that move value are newly permitted", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_policy_plan = {
    .name = "policy plan",
    .args = "NEW",
    .args_min = 1,
    .args_max = 1,
    .summary = "replay recorded calls through a document: what would be permitted, denied or asked that was not",
    .text = "Compares NEW (a file, or NAME@VERSION) with what is in force under its name, on the calls of keys that "
            "obey it, with the counters as they were and as they would have been. What was refused then and would be "
            "permitted settles at the most that it could cost. Sends nothing and changes nothing; a viewer may. Exit "
            "1 when calls that move value are newly permitted, unless --accept.",
    .examples = "policy plan policy.yaml\npolicy plan policy.yaml --since 7d --json\n"
                "policy plan policy.yaml --since 7d --accept",
    .options = options,
    .needs_daemon = true,
    .run = plan,
};
