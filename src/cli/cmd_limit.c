/*
 * cli/cmd_limit.c - `flyball limit list|raise`: how much is spent, held and left; and for a while, more.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/limit_table.h"
#include "codec/json_write.h"

/* Which buckets count the calls of one key, its agent and tenant tell. */
static int list_of_key(struct cli *c, struct str id)
{
    struct answer key;
    int r = client_call(c, "GET", client_path(c, "/api/v1/keys/", id, ""), STR_NONE, &key);
    return r ? r : limit_table_of_key(c, key.json);
}

static int list(struct cli *c)
{
    static const char *const names[] = {"key", NULL};
    struct answer a;
    struct str key = cli_option(c, "key");
    int r = cli_check_key_id(c, key);
    if (r == 0 && key.n && !c->is_json)
        return list_of_key(c, key);
    r = r ? r : client_get(c, STR("/api/v1/limits"), names, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    limit_table_print(c, json_get(a.json, STR("limits")));
    return CLI_DONE;
}

static const struct option_spec list_options[] = {
    {"key", "KEY_ID", "those that count the calls of this key, from wherever they are", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_limit_list = {
    .name = "limit list",
    .args = "",
    .summary = "list limits with what is settled, held and left in each bucket",
    .text = "With --key: what counts the calls of one key, which is its own limits, those of its document, and "
            "those of the documents that it extends. NAME@DIGEST is a version that is not in force itself.",
    .examples = "limit list\nlimit list --json\nlimit list --key 7Hq2x0Tz1a",
    .options = list_options,
    .needs_daemon = true,
    .run = list,
};

/* --- raise -------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *option;
    struct str member;
} raise_members[] = {{"by", STR_INIT("by")},         {"for", STR_INIT("for")},       {"reason", STR_INIT("reason")},
                     {"whose", STR_INIT("bucket")}, {"policy", STR_INIT("policy")}};

static int ask_raise(struct cli *c, struct answer *ret)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 65536);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("limit"), c->args[0]);
    for (size_t i = 0; i < sizeof(raise_members) / sizeof(raise_members[0]); i++)
        if (cli_has(c, raise_members[i].option))
            jw_put_str(&w, raise_members[i].member, cli_option(c, raise_members[i].option));
    if (cli_has(c, "test"))
        jw_put_str(&w, STR("mode"), STR("test"));
    jw_object_end(&w);
    int r = client_call(c, "POST", STR("/api/v1/limits/raise"), buf_str(&b), ret);
    buf_deinit(&b);
    return r;
}

static int raise_limit(struct cli *c)
{
    struct answer a;
    for (size_t i = 0; i < 3; i++)
        if (!cli_has(c, raise_members[i].option))
            return cli_usage(c, "--by, --for and --reason are needed: how much more, how long, and why");
    int r = ask_raise(c, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    struct str meter = show_text(a.json, "meter");
    cli_note(c,
             "Limit " STR_FMT " of " STR_FMT " in %s mode is raised from " STR_FMT " to " STR_FMT " until " STR_FMT ".",
             STR_ARG(c->args[0]), STR_ARG(show_text(a.json, "bucket")), cli_has(c, "test") ? "test" : "live",
             STR_ARG(limit_amount(c, meter, a.json, "before")), STR_ARG(limit_amount(c, meter, a.json, "after")),
             STR_ARG(show_time(c, a.json, "until")));
    return CLI_DONE;
}

static const struct option_spec raise_options[] = {
    {"by", "AMOUNT", "how much more: an amount like 50.00, or a count", false},
    {"for", "DURATION", "how long: 15m, 2h, up to 31d; then it ends by itself", false},
    {"reason", "TEXT", "why; it stands in the event", false},
    {"whose", "BUCKET", "which counter, as `limit list` shows it: agent=refunds; without it the only one", false},
    {"policy", "NAME", "whose limit, where several documents in force have one of that name", false},
    {"test", NULL, "the counter of calls in test mode", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_limit_raise = {
    .name = "limit raise",
    .args = "LIMIT",
    .args_min = 1,
    .args_max = 1,
    .summary = "let one counter of a limit count more for a while",
    .text = "Returns when the next call finds the room. The raise is on record as an event with your name, the reason, "
            "and what could be counted before and after; it survives restarts, and ends by itself.",
    .examples = "limit raise day --by 50 --for 2h --reason \"launch day\" --whose agent=refunds\n"
                "limit raise key/usd/day --by 20 --for 1d --reason backfill --whose key=k1",
    .options = raise_options,
    .needs_daemon = true,
    .run = raise_limit,
};
