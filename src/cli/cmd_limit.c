/*
 * cli/cmd_limit.c - `flyball limit list`: how much is spent, held and left.
 */
#include "base/money.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"

/* A decimal string of dollars, or a count. */
static struct str amount(struct cli *c, struct json object, const char *name)
{
    struct str text = show_text(object, name);
    char shown[MONEY_TEXT_BYTES];
    money_t n;
    if (!text.n)
        return show_number(c, object, name);
    if (money_parse(text, &n) == 0)
        text = money_text_short(n, shown);
    return arena_printf(&c->arena, STR_FMT " USD", STR_ARG(text));
}

/* `bucket` absent: no call has touched the limit, or it looks at each call alone. */
static void add_row(struct table *t, struct json limit, struct json bucket)
{
    struct cli *c = t->cli;
    bool is_untouched = json_type(bucket) != JSON_OBJECT;
    struct str left = amount(c, is_untouched ? limit : bucket, is_untouched ? "max" : "left"),
               policy = show_text(limit, "policy"), key = show_text(limit, "key");
    bool is_empty = str_eq(left, STR("0.00 USD")) || str_eq(left, STR("0"));
    table_add(t, policy.n ? policy : key.n ? arena_printf(&c->arena, "key " STR_FMT, STR_ARG(key)) : STR(""));
    table_add(t, show_text(limit, "id"));
    table_add(t, show_text(limit, "window"));
    table_add(t, show_text(bucket, "mode"));
    table_add(t, show_text(bucket, "bucket"));
    table_add(t, amount(c, bucket, "settled"));
    table_add(t, amount(c, bucket, "held"));
    table_add(t, amount(c, limit, "max"));
    table_add_styled(t, left, is_empty ? STYLE_BAD : STYLE_PLAIN);
    table_add(t, show_time(c, bucket, "resets_at"));
}

static int run(struct cli *c)
{
    static const char *const titles[] = {"POLICY",   "LIMIT", "WINDOW", "MODE",  "BUCKET",
                                         ">SETTLED", ">HELD", ">MAX",   ">LEFT", "RESETS"};
    struct answer a;
    struct table t;
    struct json limit, bucket;
    int r = client_call(c, "GET", STR("/api/v1/limits"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(json_get(a.json, STR("limits"))); json_next(&it, NULL, &limit);) {
        struct json buckets = json_get(limit, STR("buckets"));
        for (struct json_iter all = json_each(buckets); json_next(&all, NULL, &bucket);)
            add_row(&t, limit, bucket);
        if (!json_len(buckets))
            add_row(&t, limit, JSON_ABSENT);
    }
    if (t.n_cells)
        table_print(&t);
    else
        cli_note(c, "No limits.");
    return CLI_DONE;
}

const struct command cmd_limit_list = {
    .name = "limit list",
    .args = "",
    .summary = "list limits with what is settled, held and left in each bucket",
    .examples = "limit list\nlimit list --json",
    .needs_daemon = true,
    .run = run,
};
