/*
 * cli/cmd_revoke.c - `flyball revoke`: the next request is refused when this returns.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/near.h"
#include "cli/print.h"
#include "codec/json_write.h"

static const char *const scopes[] = {"agent", "tenant", "run"};

static int revoke_key(struct cli *c, struct str id, struct answer *ret)
{
    int r = cli_check_key_id(c, id);
    struct str path = client_path(c, "/api/v1/keys/", id, cli_has(c, "now") ? "/revoke?now=1" : "/revoke");
    return r ? r : client_call(c, "POST", path, STR_NONE, ret);
}

static int revoke_scope(struct cli *c, const char *scope, struct str value, struct answer *ret)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, str_c(scope), value);
    jw_object_end(&w);
    int r = client_call(c, "POST", cli_has(c, "now") ? STR("/api/v1/revoke?now=1") : STR("/api/v1/revoke"),
                        buf_str(&b), ret);
    buf_deinit(&b);
    return r;
}

/* Nothing was in force: perhaps the name has a slip in it, and the keys that were meant still work. */
static int say_none(struct cli *c, const char *scope, struct str value)
{
    struct answer a;
    int r = client_call(c, "GET", STR("/api/v1/keys"), STR_NONE, &a);
    if (r)
        return r;
    struct json keys = json_get(a.json, STR("keys"));
    struct str near = near_has(value, keys, scope) ? STR("") : near_in(c, value, keys, scope);
    cli_note(c, "No key of %s " STR_FMT " was in force: nothing was revoked" STR_FMT, scope, STR_ARG(value),
             STR_ARG(near.n ? near : STR(".")));
    return CLI_DONE;
}

static int run(struct cli *c)
{
    struct answer a;
    const char *scope = NULL;
    size_t n = c->n_args;
    int r;

    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        if (!cli_has(c, scopes[i]))
            continue;
        scope = scopes[i];
        n++;
    }
    if (n != 1)
        return cli_usage(c, "name exactly one: KEY_ID, --agent NAME, --run ID or --tenant NAME");
    r = scope ? revoke_scope(c, scope, cli_option(c, scope), &a) : revoke_key(c, c->args[0], &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    if (scope && str_eq(str_c(scope), STR("run")))
        cli_note(c, "Run " STR_FMT " is stopped: its next call is refused.", STR_ARG(cli_option(c, "run")));
    else if (scope && str_eq(show_number(c, a.json, "revoked"), STR("0")))
        return say_none(c, scope, cli_option(c, scope));
    else if (scope)
        cli_note(c, STR_FMT " keys of %s " STR_FMT " revoked: their next requests are refused.",
                 STR_ARG(show_number(c, a.json, "revoked")), scope, STR_ARG(cli_option(c, scope)));
    else
        cli_note(c, "Key " STR_FMT " is revoked: its next request is refused.", STR_ARG(c->args[0]));
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"agent", "NAME", "all keys of this agent", false},
    {"run", "ID", "no further call of this run; its key stays", false},
    {"tenant", "NAME", "all keys of this tenant", false},
    {"now", NULL, "also end the streams of models that are open", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_revoke = {
    .name = "revoke",
    .args = "[KEY_ID]",
    .args_max = 1,
    .summary = "take a key away, or all of an agent or tenant, or stop a run",
    .text = "Returns when the next request is refused. A call of money already sent is finished and recorded.",
    .examples = "revoke 7Hq2x0Tz1a\nrevoke --agent support --now\nrevoke --run run_42",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
