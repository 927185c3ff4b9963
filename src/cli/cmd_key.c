/*
 * cli/cmd_key.c - `flyball key create|list|show|rotate`: what agents present.
 */
#include "base/time.h"
#include "call/label.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/limit_table.h"
#include "cli/near.h"
#include "cli/print.h"
#include "codec/json_write.h"

#include <time.h>

#define LIMITS_MAX 64

/* --- create ------------------------------------------------------------------------------------------------------- */

struct key_wish {
    struct str agent, owner, tenant, policy, mode, expires;
    struct str limits[LIMITS_MAX], labels[LABELS_MAX];
    size_t n_limits, n_labels;
};

static void put_list(struct json_writer *w, struct str name, const struct str *items, size_t n)
{
    jw_key(w, name);
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        jw_str(w, items[i]);
    jw_array_end(w);
}

static struct str wish_json(struct cli *c, const struct key_wish *k)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 1u << 20);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("agent"), k->agent);
    jw_put_str_or_null(&w, STR("owner"), k->owner);
    jw_put_str_or_null(&w, STR("tenant"), k->tenant);
    jw_put_str_or_null(&w, STR("policy"), k->policy);
    jw_put_str_or_null(&w, STR("mode"), k->mode);
    jw_put_str_or_null(&w, STR("expires"), k->expires);
    put_list(&w, STR("limits"), k->limits, k->n_limits);
    if (k->n_labels)
        put_list(&w, STR("labels"), k->labels, k->n_labels);
    jw_object_end(&w);
    struct str s = arena_str(&c->arena, buf_str(&b));
    buf_deinit(&b);
    return s;
}

/* The key goes to `out` alone, so that it can be piped; what to know about it goes to `err`. */
static void print_created(struct cli *c, struct json key)
{
    print_safe(c->out, show_text(key, "key"));
    fputc('\n', c->out);
    cli_note(c, "Shown once, keep it now. Its id is " STR_FMT ": `flyball revoke " STR_FMT "` takes it away.",
             STR_ARG(show_text(key, "id")), STR_ARG(show_text(key, "id")));
}

static int create(struct cli *c)
{
    struct answer a;
    struct key_wish k = {.agent = cli_option(c, "agent"),
                         .owner = cli_option(c, "owner"),
                         .tenant = cli_option(c, "tenant"),
                         .policy = cli_option(c, "policy"),
                         .mode = cli_option(c, "mode"),
                         .expires = cli_option(c, "expires")};
    struct str limit, label;
    if (!k.agent.n)
        return cli_usage(c, "--agent NAME is needed: the agent that will present the key");
    while ((limit = cli_option_at(c, "limit", k.n_limits)).p) {
        if (k.n_limits == LIMITS_MAX)
            return cli_usage(c, "a key has at most %d limits", LIMITS_MAX);
        k.limits[k.n_limits++] = limit;
    }
    while ((label = cli_option_at(c, "label", k.n_labels)).p) {
        if (k.n_labels == LABELS_MAX)
            return cli_usage(c, "a key has at most %d labels", LABELS_MAX);
        k.labels[k.n_labels++] = label;
    }
    int r = client_call(c, "POST", STR("/api/v1/keys"), wish_json(c, &k), &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    print_created(c, a.json);
    near_say_policy(c, k.policy.n ? k.policy : STR("default"));
    return CLI_DONE;
}

static const struct option_spec create_options[] = {
    {"agent", "NAME", "the agent that will present the key (required)", false},
    {"owner", "NAME", "the person who answers for it", false},
    {"tenant", "NAME", "the tenant it acts for", false},
    {"policy", "NAME", "the policy document it obeys; `default` when not given", false},
    {"mode", "MODE", "live or test; live when not given, at `flyball dev` test", false, "live test"},
    {"expires", "WHEN", "a time (RFC 3339), or a duration from now: 12h, 30d", false},
    {"limit", "LIMIT", "a limit of its own, which only narrows: usd=50/day, tokens=200000/60s, concurrent=4", true},
    {"label", "NAME=VALUE", "what it is for, as documents match it (label.team): team=payments", true},
    {NULL, NULL, NULL, false},
};

const struct command cmd_key_create = {
    .name = "key create",
    .args = "",
    .summary = "make an agent key; it is shown once",
    .text = "Returns when the daemon takes the key.",
    .examples = "key create --agent support --owner ann --limit usd=50/day\nkey create --agent nightly --mode test "
                "--expires 30d --json\nkey create --agent refunds --label team=payments",
    .options = create_options,
    .needs_daemon = true,
    .run = create,
};

/* --- list and show ------------------------------------------------------------------------------------------------ */

static enum style style_of_status(struct str status)
{
    return str_eq(status, STR("active")) ? STYLE_GOOD : str_eq(status, STR("revoked")) ? STYLE_BAD : STYLE_WARN;
}

static int list(struct cli *c)
{
    static const char *const titles[] = {"ID",     "STATUS", "MODE",    "AGENT",   "OWNER",    "TENANT",
                                         "POLICY", "LIMITS", "CREATED", "EXPIRES", "LAST USED"};
    struct answer a;
    struct table t;
    struct json key;
    int r = client_call(c, "GET", STR("/api/v1/keys"), STR_NONE, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (struct json_iter it = json_each(json_get(a.json, STR("keys"))); json_next(&it, NULL, &key);) {
        struct str status = show_text(key, "status");
        if (!cli_has(c, "all") && str_eq(status, STR("revoked")))
            continue;
        table_add(&t, show_text(key, "id"));
        table_add_styled(&t, status, style_of_status(status));
        table_add(&t, show_text(key, "mode"));
        table_add(&t, show_text(key, "agent"));
        table_add(&t, show_text(key, "owner"));
        table_add(&t, show_text(key, "tenant"));
        table_add(&t, show_text(key, "policy"));
        table_add(&t, show_list(c, key, "limits"));
        table_add(&t, show_time(c, key, "created_at"));
        table_add(&t, show_time(c, key, "expires_at"));
        table_add(&t, show_time(c, key, "last_used_at"));
    }
    if (t.n_cells)
        table_print(&t);
    else
        cli_note(c, "No keys; `flyball key create --agent NAME` makes one.");
    return CLI_DONE;
}

static const struct option_spec list_options[] = {{"all", NULL, "also those that were revoked", false},
                                                  {NULL, NULL, NULL, false}};

const struct command cmd_key_list = {
    .name = "key list",
    .args = "",
    .summary = "list agent keys, without their secrets",
    .examples = "key list\nkey list --all --json",
    .options = list_options,
    .needs_daemon = true,
    .run = list,
};

static int get_key(struct cli *c, struct answer *ret)
{
    int r = cli_check_key_id(c, c->args[0]);
    return r ? r : client_call(c, "GET", client_path(c, "/api/v1/keys/", c->args[0], ""), STR_NONE, ret);
}

static int show(struct cli *c)
{
    static const char *const names[] = {"id",     "status",     "mode",       "agent",      "owner",       "tenant",
                                        "policy", "created_at", "expires_at", "revoked_at", "last_used_at"};
    static const char *const lists[] = {"labels", "limits"};
    struct answer a;
    int r = get_key(c, &a);
    if (r)
        return r;
    if (c->is_json)
        return client_print(c, &a);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct str value = show_text(a.json, names[i]);
        fprintf(c->out, "%-14s", names[i]);
        print_styled(c, i == 1 ? style_of_status(value) : STYLE_PLAIN, value.n ? value : STR("-"));
        fputc('\n', c->out);
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct str all = show_list(c, a.json, lists[i]);
        fprintf(c->out, "%-14s", lists[i]);
        print_safe(c->out, all.n ? all : STR("-"));
        fputc('\n', c->out);
    }
    fputc('\n', c->out);
    return limit_table_of_key(c, a.json);
}

const struct command cmd_key_show = {
    .name = "key show",
    .args = "KEY_ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "show one key, without its secret, and every limit that counts its calls",
    .examples = "key show 7Hq2x0Tz1a",
    .needs_daemon = true,
    .run = show,
};

/* --- rotate ------------------------------------------------------------------------------------------------------- */

static size_t read_list(struct json list, struct str *ret, size_t n_max)
{
    struct json v;
    size_t n = 0;
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &v) && n < n_max;)
        n += json_str(v, &ret[n]);
    return n;
}

/* The old key's attributes; its expiry stays what it was. */
static void wish_from_key(struct json key, struct key_wish *ret)
{
    *ret = (struct key_wish){.agent = show_text(key, "agent"),
                             .owner = show_text(key, "owner"),
                             .tenant = show_text(key, "tenant"),
                             .policy = show_text(key, "policy"),
                             .mode = show_text(key, "mode"),
                             .expires = show_text(key, "expires_at")};
    ret->n_limits = read_list(json_get(key, STR("limits")), ret->limits, LIMITS_MAX);
    ret->n_labels = read_list(json_get(key, STR("labels")), ret->labels, LABELS_MAX);
}

static int revoke_key(struct cli *c, struct str id)
{
    struct answer a;
    return client_call(c, "POST", arena_printf(&c->arena, "/api/v1/keys/" STR_FMT "/revoke", STR_ARG(id)), STR_NONE,
                       &a);
}

static int wait_and_revoke(struct cli *c, struct str old, int64_t ns)
{
    struct timespec left = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
    cli_note(c, "The old key " STR_FMT " works until this command ends, in " STR_FMT "; Ctrl-C leaves it in force.",
             STR_ARG(old), STR_ARG(cli_option(c, "overlap")));
    fflush(c->out);
    while (nanosleep(&left, &left) < 0)
        ;
    return revoke_key(c, old);
}

static int rotate(struct cli *c)
{
    struct answer old, a;
    struct key_wish wish;
    struct str overlap = cli_option(c, "overlap"), id;
    int64_t ns = 0;

    if (overlap.p && !str_eq(overlap, STR("0")) && duration_parse(overlap, &ns) < 0)
        return cli_usage(c, "--overlap must be 0, or a duration like 90s, 15m or 2h");
    int r = get_key(c, &old);
    if (r)
        return r;
    if (!str_eq(show_text(old.json, "status"), STR("active")))
        return cli_fail(c, "key " STR_FMT " is " STR_FMT ": there is nothing to rotate", STR_ARG(c->args[0]),
                        STR_ARG(show_text(old.json, "status")));
    wish_from_key(old.json, &wish);
    r = client_call(c, "POST", STR("/api/v1/keys"), wish_json(c, &wish), &a);
    if (r)
        return r;
    id = show_text(old.json, "id");
    if (c->is_json)
        client_print(c, &a);
    else
        print_created(c, a.json);
    if (!overlap.p) {
        cli_note(c, "The old key still works; when the agent has the new one: flyball revoke " STR_FMT, STR_ARG(id));
        return CLI_DONE;
    }
    r = ns ? wait_and_revoke(c, id, ns) : revoke_key(c, id);
    if (r == 0)
        cli_note(c, "The old key " STR_FMT " is revoked.", STR_ARG(id));
    return r;
}

static const struct option_spec rotate_options[] = {
    {"overlap", "DURATION", "revoke the old key after this time (0: at once); not given: it stays", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_key_rotate = {
    .name = "key rotate",
    .args = "KEY_ID",
    .args_min = 1,
    .args_max = 1,
    .summary = "make a new key with the attributes of an old one",
    .examples = "key rotate 7Hq2x0Tz1a\nkey rotate 7Hq2x0Tz1a --overlap 15m",
    .options = rotate_options,
    .needs_daemon = true,
    .run = rotate,
};
