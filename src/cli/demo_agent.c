/*
 * cli/demo_agent.c - finds where agents connect, gets a key for the run, and makes calls with it.
 */
#include "cli/demo_agent.h"

#include "base/err.h"
#include "cli/agent_key.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/where.h"
#include "tls/client.h"

#include <string.h>

#define ANSWER_BYTES_MAX (16u << 20)
#define FIELDS_MAX 7 /* one for each put() below */

/* --- start -------------------------------------------------------------------------------------------------------- */

static struct json vendor_of(struct json vendors, const char *name)
{
    struct json v;
    for (struct json_iter it = json_each(vendors); json_next(&it, NULL, &v);)
        if (str_eq(show_text(v, "name"), str_c(name)))
            return v;
    return JSON_ABSENT;
}

static int check_vendors(struct cli *c, struct json all, const char *const *names)
{
    for (; *names; names++) {
        bool is_simulated = false;
        struct json v = vendor_of(all, *names);
        (void)json_bool(json_get(v, STR("is_simulated")), &is_simulated); /* absent: no */
        if (json_type(v) == JSON_NONE)
            return cli_fail(c, "the demo calls %s, and this daemon has no such vendor; try it with `flyball dev`",
                            *names);
        if (!is_simulated)
            return cli_fail(
                c,
                "the demo calls simulated vendors only, so that it costs nothing, and %s is a real one here; "
                "try it with `flyball dev`",
                *names);
    }
    return 0;
}

static int find_listener(struct cli *c, struct demo_agent *d, struct json *ret_vendors)
{
    struct agent_place place;
    struct where w, data = {.port = 0};
    int r = where_find(c, &w);
    r = r ? r : agent_place_find(c, &place);
    if (r)
        return r;
    if (where_parse_url(place.url, &c->arena, &data) < 0)
        return cli_fail(c, "the daemon does not say where agents connect");
    data.ca_file = w.ca_file;
    d->host = data.host;
    d->port = data.port;
    *ret_vendors = place.vendors;
    return data.is_tls ? client_tls(c, &data, &d->tls) : 0;
}

/* Refusals of the stop button would be told as the policy's. */
static int check_stopped(struct cli *c)
{
    struct answer a;
    bool is_stopped = false;
    int r = client_call(c, "GET", STR("/api/v1/health"), STR_NONE, &a);
    if (r)
        return r;
    (void)json_bool(json_get(a.json, STR("killed")), &is_stopped); /* absent: no */
    return is_stopped ? cli_fail(c, "all calls are stopped (flyball kill); `flyball unkill` lets them go on") : 0;
}

static int make_key(struct demo_agent *d)
{
    struct agent_wish wish = {.agent = d->agent, .owner = STR("demo"), .mode = STR("test")};
    struct agent_key made;
    int r = agent_key_make(d->cli, &wish, &made);
    if (r)
        return r;
    d->key = made.key;
    d->key_id = made.id;
    return 0;
}

int demo_agent_start(struct cli *c, const char *agent, const char *const *vendors, struct demo_agent *ret)
{
    struct json all = JSON_ABSENT;
    struct demo_agent d = {.cli = c, .agent = str_c(agent), .run = agent_run_id(c, str_c(agent))};
    int r = check_stopped(c);
    r = r ? r : find_listener(c, &d, &all);
    if (r)
        return r;
    r = check_vendors(c, all, vendors);
    if (r == 0)
        r = make_key(&d);
    if (r) {
        tls_client_free(d.tls);
        return r;
    }
    *ret = d;
    return 0;
}

/* --- stop --------------------------------------------------------------------------------------------------------- */

int demo_agent_revoke(struct demo_agent *d) { return agent_key_revoke(d->cli, d->key_id); }

int demo_agent_stop(struct demo_agent *d, bool is_revoked)
{
    int r = is_revoked ? 0 : demo_agent_revoke(d);
    tls_client_free(d->tls);
    d->tls = NULL;
    return r;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static void put(struct ask *what, const char *name, struct str value)
{
    if (value.n)
        what->fields[what->n_fields++] = (struct http_field){str_c(name), value};
}

int demo_agent_call(const struct demo_agent *d, const struct demo_call *call, struct arena *a, struct told *ret)
{
    struct http_field fields[FIELDS_MAX];
    struct ask what = {.host = d->host, .port = d->port, .tls = d->tls, .method = call->method, .fields = fields};
    bool is_json = str_starts(call->body, STR("{"));
    what.path = arena_printf(a, "/%s%s", call->vendor, call->path);
    what.body = call->body;
    put(&what, "authorization", arena_printf(a, "Bearer " STR_FMT, STR_ARG(d->key)));
    put(&what, "x-agent-run-id", d->run);
    if (call->body.n)
        put(&what, "content-type", is_json ? STR("application/json") : STR("application/x-www-form-urlencoded"));
    if (strcmp(call->vendor, "anthropic") == 0)
        put(&what, "anthropic-version", STR("2023-06-01"));
    put(&what, "x-agent-tool-call-id", call->tool_call);
    put(&what, "x-flyball-fault", str_c(call->fault));
    put(&what, "x-flyball-wait", call->is_impatient ? STR("0") : STR(""));
    return ask_once(&what, ANSWER_BYTES_MAX, a, ret);
}
