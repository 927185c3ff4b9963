/*
 * cli/agent_key.c - asks the daemon where agents connect, and for a key.
 */
#include "cli/agent_key.h"

#include "base/rand.h"
#include "cli/client.h"
#include "cli/print.h"
#include "codec/hex.h"
#include "codec/json_write.h"
#include "identity/run.h"

#define WISH_BYTES_MAX 65536
#define RUN_RANDOM_BYTES 4
#define RUN_NAME_CHARS_MAX 64

/* "http://127.0.0.1:4747/stripe": all vendors are behind the same listener. */
int agent_place_find(struct cli *c, struct agent_place *ret)
{
    struct answer a;
    int r = client_call(c, "GET", STR("/api/v1/vendors"), STR_NONE, &a);
    if (r)
        return r;
    struct json vendors = json_get(a.json, STR("vendors")), first = json_at(vendors, 0);
    struct str url = show_text(first, "url"), name = show_text(first, "name");
    if (!name.n)
        return cli_fail(c, "this daemon has no vendors yet: name some in flyball.yaml (`flyball init` writes one)");
    if (url.n <= name.n + 1)
        return cli_fail(c, "the daemon does not say where agents connect");
    *ret = (struct agent_place){str_sub(url, 0, url.n - name.n - 1), vendors};
    return 0;
}

struct str agent_base(struct cli *c, const struct agent_place *p, const char *connector)
{
    struct json v;
    for (struct json_iter it = json_each(p->vendors); json_next(&it, NULL, &v);)
        if (str_eq(show_text(v, "connector"), str_c(connector)))
            return show_text(v, "url");
    return arena_printf(&c->arena, STR_FMT "/%s", STR_ARG(p->url), connector);
}

static void put(struct json_writer *w, const char *name, struct str value)
{
    if (value.n)
        jw_put_str(w, str_c(name), value);
}

static void put_wish(struct json_writer *w, const struct agent_wish *k)
{
    jw_object(w);
    put(w, "agent", k->agent);
    put(w, "owner", k->owner);
    put(w, "tenant", k->tenant);
    put(w, "policy", k->policy);
    put(w, "mode", k->mode);
    put(w, "expires", k->expires);
    jw_key(w, STR("limits"));
    jw_array(w);
    if (k->limit.n)
        jw_str(w, k->limit);
    jw_array_end(w);
    jw_object_end(w);
}

int agent_key_make(struct cli *c, const struct agent_wish *k, struct agent_key *ret)
{
    struct answer a;
    struct json_writer w;
    struct buf b;
    buf_init(&b, WISH_BYTES_MAX);
    jw_init(&w, &b);
    put_wish(&w, k);
    int r = buf_ok(&b) < 0 ? cli_usage(c, "what the key is to have is longer than %d bytes", WISH_BYTES_MAX)
                           : client_call(c, "POST", STR("/api/v1/keys"), buf_str(&b), &a);
    buf_deinit(&b);
    if (r)
        return r;
    struct str key = show_text(a.json, "key");
    *ret =
        (struct agent_key){key, show_text(a.json, "id"), str_starts(key, STR("fb_test_")) ? STR("test") : STR("live")};
    return 0;
}

int agent_key_revoke(struct cli *c, struct str id)
{
    struct answer a;
    struct str path = arena_printf(&c->arena, "/api/v1/keys/" STR_FMT "/revoke?now=1", STR_ARG(id));
    return client_call(c, "POST", path, STR_NONE, &a);
}

struct str agent_run_id(struct cli *c, struct str agent)
{
    uint8_t random[RUN_RANDOM_BYTES];
    char hex[2 * RUN_RANDOM_BYTES], name[RUN_NAME_CHARS_MAX];
    struct rng rng;
    size_t n = agent.n < sizeof(name) ? agent.n : sizeof(name);
    for (size_t i = 0; i < n; i++)
        name[i] = run_id_is_valid(str_sub(agent, i, 1)) ? agent.p[i] : '-';
    rng_system_init(&rng);
    rng_fill(&rng, random, sizeof(random));
    return arena_printf(&c->arena, "%.*s-" STR_FMT, (int)n, name, STR_ARG(hex_encode(random, sizeof(random), hex)));
}
