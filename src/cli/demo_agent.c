/*
 * cli/demo_agent.c - finds where agents connect, gets a key for the run, and makes calls with it.
 */
#include "cli/demo_agent.h"

#include "base/err.h"
#include "base/rand.h"
#include "cli/client.h"
#include "cli/print.h"
#include "cli/where.h"
#include "codec/hex.h"
#include "codec/json_write.h"
#include "tls/client.h"

#include <string.h>

#define ANSWER_BYTES_MAX (16u << 20)
#define RUN_RANDOM_BYTES 4
#define FIELDS_MAX 6 /* one for each put() below */

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

/* "http://127.0.0.1:4747/stripe": all vendors are behind the same listener. */
static int find_listener(struct cli *c, struct json vendors, struct demo_agent *d)
{
    struct where w, data = {.port = 0};
    struct str url = show_text(json_at(vendors, 0), "url"), name = show_text(json_at(vendors, 0), "name");
    int r = where_find(c, &w);
    if (r)
        return r;
    if (url.n <= name.n || where_parse_url(str_sub(url, 0, url.n - name.n), &c->arena, &data) < 0)
        return cli_fail(c, "the daemon does not say where agents connect");
    data.ca_file = w.ca_file;
    d->host = data.host;
    d->port = data.port;
    return data.is_tls ? client_tls(c, &data, &d->tls) : 0;
}

static int make_key(struct demo_agent *d)
{
    struct answer a;
    struct json_writer w;
    struct buf b;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("agent"), d->agent);
    jw_put_str(&w, STR("owner"), STR("demo"));
    jw_put_str(&w, STR("mode"), STR("test"));
    jw_object_end(&w);
    int r = client_call(d->cli, "POST", STR("/api/v1/keys"), buf_str(&b), &a);
    buf_deinit(&b);
    if (r)
        return r;
    d->key = show_text(a.json, "key");
    d->key_id = show_text(a.json, "id");
    return 0;
}

static struct str make_run(struct cli *c, const char *agent)
{
    uint8_t random[RUN_RANDOM_BYTES];
    char hex[2 * RUN_RANDOM_BYTES];
    struct rng rng;
    rng_system_init(&rng);
    rng_fill(&rng, random, sizeof(random));
    return arena_printf(&c->arena, "%s-" STR_FMT, agent, STR_ARG(hex_encode(random, sizeof(random), hex)));
}

int demo_agent_start(struct cli *c, const char *agent, const char *const *vendors, struct demo_agent *ret)
{
    struct answer a;
    struct demo_agent d = {.cli = c, .agent = str_c(agent), .run = make_run(c, agent)};
    int r = client_call(c, "GET", STR("/api/v1/vendors"), STR_NONE, &a);
    if (r)
        return r;
    struct json all = json_get(a.json, STR("vendors"));
    r = check_vendors(c, all, vendors);
    if (r == 0)
        r = find_listener(c, all, &d);
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

int demo_agent_revoke(struct demo_agent *d)
{
    struct answer a;
    struct str path = arena_printf(&d->cli->arena, "/api/v1/keys/" STR_FMT "/revoke?now=1", STR_ARG(d->key_id));
    return client_call(d->cli, "POST", path, STR_NONE, &a);
}

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
    return ask_once(&what, ANSWER_BYTES_MAX, a, ret);
}
