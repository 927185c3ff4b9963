/*
 * cli/cmd_admin.c - `flyball admin create|list|revoke|link`: who may use the admin API, and signing in to the
 * dashboard.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "codec/json_write.h"

#define ROLES_MAX 16

/* --- create ------------------------------------------------------------------------------------------------------- */

/* NULL p: no role was given. */
static struct str wish_json(struct cli *c)
{
    struct json_writer w;
    struct buf b;
    struct str role;
    size_t n = 0;
    buf_init(&b, 65536);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("name"), c->args[0]);
    jw_put_str(&w, STR("kind"), cli_has(c, "service") ? STR("service") : STR("person"));
    jw_put_str_or_null(&w, STR("tenant"), cli_option(c, "tenant"));
    jw_put_str_or_null(&w, STR("expires"), cli_option(c, "expires"));
    jw_key(&w, STR("roles"));
    jw_array(&w);
    for (; (role = cli_option_at(c, "role", n)).p; n++)
        jw_str(&w, role);
    jw_array_end(&w);
    jw_object_end(&w);
    struct str s = n ? arena_str(&c->arena, buf_str(&b)) : STR_NONE;
    buf_deinit(&b);
    return s;
}

/* The credential goes to `out` alone, so that it can be piped; what to know about it goes to `err`. */
static int create(struct cli *c)
{
    struct answer a;
    struct str wish = wish_json(c);
    if (!wish.p)
        return cli_usage(c, "--role is needed: viewer, bodies, operator, approver, policy, secrets or owner");
    int r = client_call(c, "POST", STR("/api/v1/people"), wish, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    print_safe(c->out, show_text(a.json, "token"));
    fputc('\n', c->out);
    cli_note(c,
             "Shown once, keep it now: FLYBALL_TOKEN for commands and programs. `flyball admin link " STR_FMT
             "` signs them in to the dashboard; `flyball admin revoke " STR_FMT "` takes it away.",
             STR_ARG(c->args[0]), STR_ARG(c->args[0]));
    return CLI_DONE;
}

static const struct option_spec create_options[] = {
    {"role", "ROLE", "viewer, bodies, operator, approver, policy, secrets or owner (required)", true,
     "viewer bodies operator approver policy secrets owner"},
    {"tenant", "NAME", "the only tenant that they see and change; all when not given", false},
    {"service", NULL, "a program, not a person", false},
    {"expires", "WHEN", "a time (RFC 3339), or a duration from now: 12h, 30d", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_admin_create = {
    .name = "admin create",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "give a person or service roles, and a credential that is shown once",
    .text = "Every role may also look (viewer); owner may do everything.",
    .examples = "admin create ann --role operator --role policy\nadmin create bob --role viewer --tenant acme\nadmin "
                "create deploy --service --role policy --expires 90d --json",
    .options = create_options,
    .needs_daemon = true,
    .run = create,
};

/* --- list --------------------------------------------------------------------------------------------------------- */

static enum style style_of_status(struct str status)
{
    return str_eq(status, STR("active")) ? STYLE_GOOD : str_eq(status, STR("revoked")) ? STYLE_BAD : STYLE_WARN;
}

static int list(struct cli *c)
{
    static const char *const titles[] = {"NAME",   "KIND",    "STATUS",  "ROLES",
                                         "TENANT", "CREATED", "EXPIRES", "LAST SEEN"};
    struct answer a;
    struct table t;
    struct json person;
    int r = client_call(c, "GET", STR("/api/v1/people"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(json_get(a.json, STR("people"))); json_next(&it, NULL, &person);) {
        struct str status = show_text(person, "status");
        table_add(&t, show_text(person, "name"));
        table_add(&t, show_text(person, "kind"));
        table_add_styled(&t, status, style_of_status(status));
        table_add(&t, show_list(c, person, "roles"));
        table_add(&t, show_text(person, "tenant"));
        table_add(&t, show_time(c, person, "created_at"));
        table_add(&t, show_time(c, person, "expires_at"));
        table_add(&t, show_time(c, person, "last_seen_at"));
    }
    if (t.n_cells)
        table_print(&t);
    else
        cli_note(c, "Nobody but whoever has admin.token of the data folder; `flyball admin create NAME --role ROLE`.");
    return CLI_DONE;
}

const struct command cmd_admin_list = {
    .name = "admin list",
    .args = "",
    .summary = "list people and services with their roles",
    .examples = "admin list\nadmin list --json",
    .needs_daemon = true,
    .run = list,
};

/* --- revoke and link ---------------------------------------------------------------------------------------------- */

static int revoke(struct cli *c)
{
    struct answer a;
    int r = client_call(c, "POST", client_path(c, "/api/v1/people/", c->args[0], "/revoke"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    cli_note(c,
             "Revoked: the next request of " STR_FMT " is refused, their sessions are over, and the agents that they "
             "answer for are disabled (`flyball agent enable --owner " STR_FMT "` lets these go on).",
             STR_ARG(c->args[0]), STR_ARG(c->args[0]));
    return CLI_DONE;
}

const struct command cmd_admin_revoke = {
    .name = "admin revoke",
    .args = "NAME",
    .args_min = 1,
    .args_max = 1,
    .summary = "take away a person's credential, end their sessions, disable their agents",
    .examples = "admin revoke bob",
    .needs_daemon = true,
    .run = revoke,
};

static int link_in(struct cli *c)
{
    struct answer a;
    struct str path = c->n_args ? client_path(c, "/api/v1/people/", c->args[0], "/link") : STR("/api/v1/session/link");
    int r = client_call(c, "POST", path, STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    print_safe(c->out, show_text(a.json, "url"));
    fputc('\n', c->out);
    cli_note(c, "Signs " STR_FMT " in, once, until " STR_FMT ".", STR_ARG(show_text(a.json, "name")),
             STR_ARG(show_time(c, a.json, "expires_at")));
    return CLI_DONE;
}

const struct command cmd_admin_link = {
    .name = "admin link",
    .args = "[NAME]",
    .args_max = 1,
    .summary = "print a link that signs you, or a person, in to the dashboard: once, and soon",
    .examples = "admin link\nadmin link ann",
    .needs_daemon = true,
    .run = link_in,
};
