/*
 * cli/cmd_agent.c - `flyball agent create|list|disable|enable`: who answers for which agent, and the switch for both.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "codec/json_write.h"

static int send(struct cli *c, const char *path, struct str agent, struct str owner, struct answer *ret)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    if (agent.n)
        jw_put_str(&w, STR("agent"), agent);
    if (owner.n)
        jw_put_str(&w, STR("owner"), owner);
    jw_object_end(&w);
    int r = client_call(c, "POST", str_c(path), buf_str(&b), ret);
    buf_deinit(&b);
    return r;
}

/* --- create ------------------------------------------------------------------------------------------------------- */

static int create(struct cli *c)
{
    struct answer a;
    if (!cli_option(c, "owner").n)
        return cli_usage(c, "name the person who answers for the agent: --owner PERSON");
    int r = send(c, "/api/v1/agents", c->args[0], cli_option(c, "owner"), &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    cli_note(c,
             "Agent " STR_FMT " is registered; " STR_FMT
             " answers for it. Its keys: flyball key create --agent " STR_FMT,
             STR_ARG(c->args[0]), STR_ARG(cli_option(c, "owner")), STR_ARG(c->args[0]));
    return CLI_DONE;
}

static const struct option_spec create_options[] = {
    {"owner", "PERSON", "who answers for it; needed", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_agent_create = {
    .name = "agent create",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "register an agent, with the person who answers for it",
    .text = "Registering again gives it another owner. Disabling the owner disables the agent.",
    .examples = "agent create support --owner ann@example.com",
    .options = create_options,
    .needs_daemon = true,
    .run = create,
};

/* --- list --------------------------------------------------------------------------------------------------------- */

static int list(struct cli *c)
{
    static const char *const titles[] = {"AGENT", "OWNER", "STATUS", ">KEYS", "REGISTERED", "CHANGED"};
    struct answer a;
    struct table t;
    struct json one;
    bool is_registered;
    int r = client_call(c, "GET", STR("/api/v1/agents"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    table_init(&t, c, titles, sizeof titles / sizeof titles[0]);
    for (struct json_iter it = json_each(json_get(a.json, STR("agents"))); json_next(&it, NULL, &one);) {
        struct str status = show_text(one, "status");
        table_add(&t, show_text(one, "agent"));
        table_add(&t, show_text(one, "owner"));
        table_add_styled(&t, status, str_eq(status, STR("active")) ? STYLE_PLAIN : STYLE_BAD);
        table_add(&t, show_number(c, one, "keys"));
        is_registered = false;
        (void)json_bool(json_get(one, STR("registered")), &is_registered);
        table_add(&t, is_registered ? STR("yes") : STR("no"));
        table_add(&t, show_time(c, one, "changed_at"));
    }
    table_print(&t);
    return CLI_DONE;
}

const struct command cmd_agent_list = {
    .name = "agent list",
    .args = "",
    .summary = "list agents: who answers for each, and whether it is disabled",
    .text = "Agents that are not registered are listed too, when they have a key.",
    .examples = "agent list\nagent list --json",
    .needs_daemon = true,
    .run = list,
};

/* --- disable, enable ---------------------------------------------------------------------------------------------- */

static int switch_agent(struct cli *c, const char *path, const char *what)
{
    struct answer a;
    struct str agent = c->n_args ? c->args[0] : STR_NONE, owner = cli_option(c, "owner");
    if (!agent.n == !owner.n)
        return cli_usage(c, "name either the agent, or --owner PERSON for all agents of a person");
    int r = send(c, path, agent, owner, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    if (owner.n)
        cli_note(c, "Every agent of " STR_FMT " is %s, from its next request on.", STR_ARG(owner), what);
    else
        cli_note(c, "Agent " STR_FMT " is %s, from its next request on.", STR_ARG(agent), what);
    return CLI_DONE;
}

static int disable(struct cli *c)
{
    return switch_agent(c, cli_has(c, "now") ? "/api/v1/agents/disable?now=1" : "/api/v1/agents/disable", "disabled");
}

static int enable(struct cli *c) { return switch_agent(c, "/api/v1/agents/enable", "enabled"); }

static const struct option_spec disable_options[] = {
    {"owner", "PERSON", "all agents of this person, and all keys", false},
    {"now", NULL, "also end the streams of models that are open", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_agent_disable = {
    .name = "agent disable",
    .args = "[NAME]",
    .args_max = 1,
    .summary = "refuse an agent whatever key it has, or all agents of a person",
    .text = "Keys are not revoked: enable lets them go on. Returns when the next request is refused.",
    .examples = "agent disable support\nagent disable --owner ann@example.com --now",
    .options = disable_options,
    .needs_daemon = true,
    .run = disable,
};

static const struct option_spec enable_options[] = {
    {"owner", "PERSON", "the agents of this person; those that are disabled themselves stay so", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_agent_enable = {
    .name = "agent enable",
    .args = "[NAME]",
    .args_max = 1,
    .summary = "let an agent go on that was disabled, or all agents of a person",
    .examples = "agent enable support\nagent enable --owner ann@example.com",
    .options = enable_options,
    .needs_daemon = true,
    .run = enable,
};
