/*
 * cli/cmd_erase.c - `flyball erase`: the personal values of a customer, a user or a run, for good.
 */
#include "call/erasure.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "codec/json_write.h"

/* 0: one of the options says whose. */
static int read_whose(struct cli *c, struct str *ret_what, struct str *ret_value)
{
    size_t n = 0;
    for (int i = 0; i < ERASE_COUNT; i++) {
        struct str value = cli_option(c, erase_what_text(i).p);
        if (!value.p)
            continue;
        n++;
        *ret_what = erase_what_text(i);
        *ret_value = value;
    }
    return n == 1 ? 0 : cli_usage(c, "say whose: one of --customer, --user, --run and --before");
}

static void print_report(struct cli *c, struct json a, bool is_dry_run)
{
    fprintf(c->out,
            STR_FMT " calls with " STR_FMT " frames, " STR_FMT " vendor objects, " STR_FMT " counters, " STR_FMT
                    " kept bodies%s\n",
            STR_ARG(show_number(c, a, "calls")), STR_ARG(show_number(c, a, "frames")),
            STR_ARG(show_number(c, a, "objects")), STR_ARG(show_number(c, a, "counters")),
            STR_ARG(show_number(c, a, "bodies")),
            is_dry_run ? " would lose their personal values" : " have lost their personal values");
    if (!str_eq(show_number(c, a, "kept"), STR("0")))
        cli_note(c, STR_FMT " calls are open or of unknown outcome and keep theirs: settle them, then erase again.",
                 STR_ARG(show_number(c, a, "kept")));
    if (!str_eq(show_number(c, a, "in_force"), STR("0")))
        cli_note(c,
                 STR_FMT " events say how something stands now and keep theirs: whose a key or an agent is, who is "
                         "disabled.\nRevoke, enable or give it to another, then erase again.",
                 STR_ARG(show_number(c, a, "in_force")));
    if (is_dry_run)
        cli_note(c, "Nothing was changed. What is erased is gone for good; add --yes to do it.");
}

static int run(struct cli *c)
{
    bool is_dry_run = !cli_has(c, "yes") || cli_has(c, "dry-run");
    struct str what, value;
    struct json_writer w;
    struct answer a;
    struct buf b;
    int r = read_whose(c, &what, &value);
    if (r)
        return r;
    buf_init(&b, 65536);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("what"), what);
    jw_put_str(&w, STR("value"), value);
    jw_put_bool(&w, STR("dry_run"), is_dry_run);
    jw_object_end(&w);
    r = client_call(c, "POST", STR("/api/v1/erase"), buf_str(&b), &a);
    buf_deinit(&b);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    print_report(c, a.json, is_dry_run);
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"customer", "ID", "a vendor's customer, with the vendors' objects that are its own", false},
    {"user", "NAME", "a user that calls were made for", false},
    {"run", "ID", "a run of any agent", false},
    {"before", "TIME", "all calls that started before it, such as 2026-11-24T00:00:00Z", false},
    {"dry-run", NULL, "only say what would go; also without --yes", false},
    {"yes", NULL, "do it: it cannot be undone", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_erase = {
    .name = "erase",
    .args = "",
    .summary = "take the personal values of a customer, a user or a run out of the record, for good",
    .text =
        "Tenant, user, customer, objects, paths, parameters and idempotency keys of the calls go from the store, its "
        "indexes and\nfree pages, and from the journal. What happened, what it cost, and the chain over it stay: "
        "`flyball audit verify` passes.\nCalls that still hold money keep theirs, and so does what says whose a key or "
        "an agent is. The names of runs,\nagents and keys, and of people with roles, are no personal values.",
    .examples = "erase --customer cus_9\nerase --customer cus_9 --yes\nerase --user ann@example.com --yes --json",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
