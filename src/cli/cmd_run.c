/*
 * cli/cmd_run.c - `flyball run`: a program whose SDKs call us, with a key that lives as long as it does.
 *
 *   (1) nothing is started unless the daemon is ready, took our credential, and agents can reach it.
 *   (2) the key is revoked on every way out that we live to see; its expiry is for the others.
 *   (3) standard output is the program's alone: all that we say goes to standard error.
 */
#include "base/err.h"
#include "base/money.h"
#include "cli/agent_key.h"
#include "cli/ask.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/near.h"
#include "cli/print.h"
#include "cli/sdk_env.h"
#include "cli/spawn.h"
#include "cli/where.h"
#include "codec/json_canon.h"
#include "identity/run.h"
#include "tls/client.h"

#include <limits.h>

#define EXPIRES_DEFAULT "24h"
#define HEALTH_BYTES_MAX 4096
#define DIRECT_MAX 5 /* as many vendors as the variables have */
#define EXIT_NOT_FOUND 127 /* as shells say it */
#define EXIT_NOT_RUN 126

struct running {
    struct cli *cli;
    struct agent_place place;
    struct agent_key key;
    struct str agent, run;
};

/* --- before ------------------------------------------------------------------------------------------------------- */

static int check_credential(struct cli *c)
{
    struct answer a;
    int r = client_request(c, "GET", STR("/api/v1/health"), STR_NONE, &a);
    if (r || a.status == 200)
        return r;
    client_say_failure(c, &a);
    return CLI_UNREACHABLE;
}

static int check_ready(struct cli *c)
{
    struct answer a;
    int r = client_request(c, "GET", STR("/readyz"), STR_NONE, &a);
    if (r)
        return r;
    if (a.status == 200)
        return check_credential(c);
    return cli_unreachable(
        c, "the daemon is up and not ready to govern calls, so nothing was started; `flyball doctor` says why");
}

/* Agents use another listener than we do: whether it answers from here. */
static int check_listener(struct cli *c, struct str url)
{
    struct where w, data = {.url = url};
    struct ask what = {.method = "GET", .path = STR("/healthz")};
    struct told told;
    int r = where_find(c, &w);
    if (r)
        return r;
    if (where_parse_url(url, &c->arena, &data) < 0)
        return cli_fail(c, "the daemon says that agents connect to " STR_FMT ", which is no address", STR_ARG(url));
    data.ca_file = w.ca_file;
    r = client_tls(c, &data, &what.tls);
    if (r)
        return r;
    what.host = data.host;
    what.port = data.port;
    r = ask_once(&what, HEALTH_BYTES_MAX, &c->arena, &told);
    bool is_there = r == 0 && !told.has_failed && told.status == 200;
    ask_end(&told);
    tls_client_free(what.tls);
    if (is_there)
        return 0;
    return cli_unreachable(c, "agents connect to " STR_FMT ", and nothing answers there, so nothing was started",
                           STR_ARG(url));
}

/* The program's name without its folder. */
static struct str name_of(struct str path)
{
    struct str before;
    while (str_cut(path, '/', &before, &path))
        ;
    return path;
}

/* A lifetime, not a run: an agent that names another run for its calls has no more money for that. */
static int read_budget(struct cli *c, struct str *ret_limit)
{
    struct str text = cli_option(c, "budget");
    money_t m;
    *ret_limit = STR("");
    if (!text.p)
        return 0;
    if (money_parse(text, &m) < 0 || m < 0)
        return cli_usage(c, "--budget is an amount in dollars, such as 5 or 0.50");
    *ret_limit = arena_printf(&c->arena, "usd=" STR_FMT "/lifetime", STR_ARG(text));
    return 0;
}

static int prepare(struct cli *c, struct running *ret)
{
    struct running n = {.cli = c, .agent = cli_option(c, "agent"), .run = cli_option(c, "run")};
    struct agent_wish wish = {.owner = cli_option(c, "owner"),
                              .tenant = cli_option(c, "tenant"),
                              .policy = cli_option(c, "policy"),
                              .mode = cli_option(c, "mode"),
                              .expires = cli_option(c, "expires")};
    if (n.run.p && !run_id_is_valid(n.run))
        return cli_usage(c, "--run has 1 to 128 letters, digits, dots, dashes, colons and underscores");
    int r = read_budget(c, &wish.limit);
    if (!n.agent.n)
        n.agent = name_of(c->args[0]);
    if (!n.run.n)
        n.run = agent_run_id(c, n.agent);
    if (!wish.expires.n)
        wish.expires = STR(EXPIRES_DEFAULT);
    wish.agent = n.agent;
    r = r ? r : check_ready(c);
    r = r ? r : agent_place_find(c, &n.place);
    r = r ? r : check_listener(c, n.place.url);
    r = r ? r : agent_key_make(c, &wish, &n.key);
    if (r)
        return r;
    near_say_policy(c, wish.policy.n ? wish.policy : STR("default"));
    *ret = n;
    return 0;
}

/* --- the program -------------------------------------------------------------------------------------------------- */

static struct str base(void *ctx, const char *vendor)
{
    struct running *n = ctx;
    return agent_base(n->cli, &n->place, vendor);
}

static void hidden(void *ctx, struct str variable, const char *vendor)
{
    struct running *n = ctx;
    cli_note(n->cli, "flyball: %.*s looks like a key of %s, and is hidden from the program", (int)variable.n,
             variable.p, vendor);
}

static int run_program(struct running *n, int *ret_status)
{
    struct cli *c = n->cli;
    struct str key = arena_printf(&c->arena, STR_FMT ".run_" STR_FMT, STR_ARG(n->key.key), STR_ARG(n->run));
    struct str direct[DIRECT_MAX];
    size_t n_direct = 0;
    for (; n_direct < DIRECT_MAX && cli_option_at(c, "direct", n_direct).p; n_direct++)
        direct[n_direct] = cli_option_at(c, "direct", n_direct);
    struct sdk_values values = {
        .key = key, .run = n->run, .mode = n->key.mode, .direct = direct, .n_direct = n_direct};
    const char **env = sdk_env(&c->arena, c->env, &values, n, base, hidden);
    const char **argv = arena_alloc(&c->arena, (c->n_args + 1) * sizeof(*argv));
    for (size_t i = 0; i < c->n_args; i++)
        argv[i] = arena_str(&c->arena, c->args[i]).p;
    argv[c->n_args] = NULL;
    fflush(NULL);
    int r = spawn_and_wait(argv, env, ret_status);
    if (r < 0) {
        cli_fail(c, "cannot run " STR_FMT ": %s", STR_ARG(c->args[0]), err_text(r));
        *ret_status = r == -ERR_NOT_FOUND ? EXIT_NOT_FOUND : EXIT_NOT_RUN;
    }
    return r;
}

/* --- after -------------------------------------------------------------------------------------------------------- */

static money_t settled(struct json row)
{
    money_t m = 0;
    (void)money_parse(show_text(json_get(row, STR("settled")), "usd"), &m); /* null: nothing */
    return m;
}

static struct str cost_of(struct cli *c, struct json totals, struct str layer)
{
    char text[MONEY_TEXT_BYTES];
    money_t sum = 0;
    struct json row;
    for (struct json_iter it = json_each(totals); json_next(&it, NULL, &row);)
        if (!layer.n || str_eq(show_text(row, "layer"), layer))
            sum += settled(row); /* parts of a sum of the daemon's: no overflow */
    return arena_str(&c->arena, money_text_short(sum, text));
}

static void print_sums(struct running *n, struct json run)
{
    struct cli *c = n->cli;
    struct json totals = json_get(run, STR("totals"));
    cli_note(c,
             "flyball: run " STR_FMT ": " STR_FMT " calls, " STR_FMT " denied, " STR_FMT " unknown; " STR_FMT
             " USD (models " STR_FMT ", other " STR_FMT ")",
             STR_ARG(n->run), STR_ARG(show_number(c, run, "calls")), STR_ARG(show_number(c, run, "denied")),
             STR_ARG(show_number(c, run, "unknown")), STR_ARG(cost_of(c, totals, STR(""))),
             STR_ARG(cost_of(c, totals, STR("llm"))), STR_ARG(cost_of(c, totals, STR("saas"))));
    cli_note(c, "  flyball runs show " STR_FMT, STR_ARG(n->run));
}

/* The run as the API gives it, on a line of standard error; null: it made no call. */
static void print_json(struct running *n, struct json run)
{
    struct buf line;
    buf_init(&line, 1u << 20);
    if (json_type(run) != JSON_OBJECT || json_canon(&n->cli->arena, run, &line) < 0)
        (void)buf_add(&line, STR("null")); /* a run is far below the size of the buf */
    fprintf(n->cli->err, "{\"run_id\":\"" STR_FMT "\",\"run\":" STR_FMT "}\n", STR_ARG(n->run),
            STR_ARG(buf_str(&line)));
    buf_deinit(&line);
}

static int summarize(struct running *n)
{
    struct cli *c = n->cli;
    struct answer a;
    struct str path = client_query(c, client_path(c, "/api/v1/runs/", n->run, "?limit=1"), "agent", n->agent);
    int r = client_request(c, "GET", client_query(c, path, "tenant", cli_option(c, "tenant")), STR_NONE, &a);
    if (r)
        return r;
    struct json run = a.status == 200 ? json_get(a.json, STR("run")) : JSON_ABSENT;
    if (c->is_json)
        print_json(n, run);
    else if (a.status == 200)
        print_sums(n, run);
    else if (a.status == 404)
        cli_note(c, "flyball: no call was made in run " STR_FMT, STR_ARG(n->run));
    else
        return client_say_failure(c, &a);
    return 0;
}

static int run(struct cli *c)
{
    struct running n;
    int status = CLI_FAILED, r = prepare(c, &n);
    if (r)
        return r;
    bool has_run = run_program(&n, &status) == 0;
    (void)agent_key_revoke(c, n.key.id); /* said; the status is the program's, and the key expires */
    if (has_run)
        (void)summarize(&n); /* the same */
    return status;
}

static const struct option_spec options[] = {
    {"policy", "NAME", "the policy document it obeys; `default` when not given", false},
    {"budget", "USD", "the most it may cost, models and everything else together", false},
    {"run", "ID", "its run id; made up when not given", false},
    {"agent", "NAME", "who it is; the program's name when not given", false},
    {"owner", "NAME", "the person who answers for it", false},
    {"tenant", "NAME", "the tenant it acts for", false},
    {"mode", "MODE", "live or test; live when not given, at `flyball dev` test", false, "live test"},
    {"direct", "VENDOR", "leave this vendor's variables as they are: the program calls it around us", true,
     "openai anthropic stripe twilio resend"},
    {"expires", "WHEN", "when its key ends at the latest; " EXPIRES_DEFAULT " when not given", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_run = {
    .name = "run",
    .args = "-- CMD [ARG...]",
    .args_min = 1,
    .args_max = INT_MAX,
    .summary = "run a program whose SDKs call us, with a key and a run of its own",
    .text =
        "Sets the variables that tell the SDKs of OpenAI, Anthropic and Resend where to call and with which key, "
        "so that a program needs no change; for Stripe and Twilio see `flyball snippet`. Real keys of vendors in "
        "the environment are hidden from the program, but for those of a vendor named by --direct. Its exit "
        "status is ours (128+n when signal n ended it; 127: there is no such program, 126: it cannot be run). "
        "When it ends, the key is revoked, and what the run did is said on standard error.",
    .examples = "run -- python agent.py\nrun --budget 2.50 --policy support -- node agent.mjs\nrun --run nightly-7 -- "
                "./agent --fast\nrun --direct openai --direct anthropic -- python agent.py",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
