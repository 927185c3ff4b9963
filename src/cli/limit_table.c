/*
 * cli/limit_table.c - a row a bucket; a limit that no call has touched has one without.
 */
#include "cli/limit_table.h"

#include "base/money.h"
#include "call/counter.h"
#include "cli/client.h"

struct str limit_amount(struct cli *c, struct str meter, struct json object, const char *name)
{
    struct str text = show_text(object, name);
    money_t n;
    if (text.n && money_parse(text, &n) == 0)
        return show_units(c, meter, n);
    return show_number(c, object, name);
}

/* Of a version of a document that is not in force, and that others extend. */
static bool is_older(struct json limit)
{
    bool is_in_force = true;
    return json_bool(json_get(limit, STR("in_force")), &is_in_force) && !is_in_force &&
           show_text(limit, "digest").n >= 8;
}

/* `bucket` absent: no call has touched the limit, or it looks at each call alone. */
static void add_row(struct table *t, struct json limit, struct json bucket)
{
    struct cli *c = t->cli;
    bool is_untouched = json_type(bucket) != JSON_OBJECT;
    struct str meter = show_text(limit, "meter"),
               left = limit_amount(c, meter, is_untouched ? limit : bucket, is_untouched ? "max" : "left"),
               policy = show_text(limit, "policy"), key = show_text(limit, "key");
    bool is_empty = str_starts(left, STR("0.00 ")) || str_eq(left, STR("0"));
    if (is_older(limit))
        policy = arena_printf(&c->arena, STR_FMT "@%.8s", STR_ARG(policy), show_text(limit, "digest").p);
    table_add(t, policy.n ? policy : key.n ? arena_printf(&c->arena, "key " STR_FMT, STR_ARG(key)) : STR(""));
    table_add(t, show_text(limit, "id"));
    table_add(t, show_text(limit, "window"));
    table_add(t, show_text(bucket, "mode"));
    table_add(t, show_text(bucket, "bucket"));
    table_add(t, limit_amount(c, meter, bucket, "settled"));
    table_add(t, limit_amount(c, meter, bucket, "held"));
    table_add(t, limit_amount(c, meter, limit, "max"));
    table_add_styled(t, left, is_empty ? STYLE_BAD : STYLE_PLAIN);
    table_add(t, show_time(c, bucket, "resets_at"));
}

/* --- of one key --------------------------------------------------------------------------------------------------- */

/* Of the buckets of its limits, those that count its calls. */
struct key_of {
    struct str id, mode, agent, tenant;
};

/* "acme/support/run_42": a run is of a tenant and an agent. */
static bool run_fits(const struct key_of *k, struct str run)
{
    struct str tenant, agent, rest;
    return str_cut(run, '/', &tenant, &rest) && str_cut(rest, '/', &agent, &rest) &&
           bucket_value_is(tenant, k->tenant) && bucket_value_is(agent, k->agent);
}

/* "agent=support": false where that is somebody else. */
static bool part_fits(const struct key_of *k, struct str part)
{
    struct str name, value;
    if (!str_cut(part, '=', &name, &value))
        return true;
    if (str_eq(name, STR("run")))
        return run_fits(k, value);
    if (str_eq(name, STR("agent")))
        return bucket_value_is(value, k->agent);
    if (str_eq(name, STR("tenant")))
        return bucket_value_is(value, k->tenant);
    return !str_eq(name, STR("key")) || str_eq(value, k->id);
}

/* `bucket`: one, or a raise of one. */
static bool bucket_fits(const struct key_of *k, struct json bucket)
{
    struct str rest = show_text(bucket, "bucket"), part;
    bool fits = str_eq(show_text(bucket, "mode"), k->mode);
    for (bool has_more = true; has_more && fits;) {
        part = rest;
        has_more = str_cut(rest, ',', &part, &rest);
        fits = part_fits(k, part);
    }
    return fits;
}

/* ------------------------------------------------------------------------------------------------------------------ */

/* `key` NULL: all. False: there are none, nothing was printed. */
static bool print_table(struct cli *c, struct json limits, const struct key_of *key)
{
    static const char *const titles[] = {"POLICY",   "LIMIT", "WINDOW", "MODE",  "BUCKET",
                                         ">SETTLED", ">HELD", ">MAX",   ">LEFT", "RESETS"};
    struct table t;
    struct json limit, bucket;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(limits); json_next(&it, NULL, &limit);) {
        size_t n = 0;
        for (struct json_iter all = json_each(json_get(limit, STR("buckets"))); json_next(&all, NULL, &bucket);) {
            if (key && !bucket_fits(key, bucket))
                continue;
            add_row(&t, limit, bucket);
            n++;
        }
        if (n == 0)
            add_row(&t, limit, JSON_ABSENT);
    }
    if (t.n_cells)
        table_print(&t);
    return t.n_cells > 0;
}

static void print_raises(struct cli *c, struct json limits, const struct key_of *key)
{
    struct json limit, raise;
    for (struct json_iter it = json_each(limits); json_next(&it, NULL, &limit);)
        for (struct json_iter all = json_each(json_get(limit, STR("raises"))); json_next(&all, NULL, &raise);) {
            if (key && !bucket_fits(key, raise))
                continue;
            cli_note(c,
                     "Limit " STR_FMT " of " STR_FMT " in " STR_FMT " mode is raised by " STR_FMT " until " STR_FMT
                     " (" STR_FMT ": " STR_FMT ").",
                     STR_ARG(show_text(limit, "id")), STR_ARG(show_text(raise, "bucket")),
                     STR_ARG(show_text(raise, "mode")),
                     STR_ARG(limit_amount(c, show_text(limit, "meter"), raise, "raise")),
                     STR_ARG(show_time(c, raise, "until")), STR_ARG(show_text(raise, "by")),
                     STR_ARG(show_text(raise, "reason")));
        }
}

void limit_table_print(struct cli *c, struct json limits)
{
    if (!print_table(c, limits, NULL))
        cli_note(c, "No limits.");
    print_raises(c, limits, NULL);
}

int limit_table_of_key(struct cli *c, struct json key)
{
    struct answer a;
    const struct key_of of = {.id = show_text(key, "id"),
                              .mode = show_text(key, "mode"),
                              .agent = show_text(key, "agent"),
                              .tenant = show_text(key, "tenant")};
    int r = client_call(c, "GET", client_path(c, "/api/v1/limits?key=", of.id, ""), STR_NONE, &a);
    if (r)
        return r;
    struct json limits = json_get(a.json, STR("limits"));
    if (!print_table(c, limits, &of))
        cli_note(c, "No limit counts its calls.");
    print_raises(c, limits, &of);
    return CLI_DONE;
}
