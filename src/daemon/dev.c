/*
 * daemon/dev.c - `flyball dev`: everything a newcomer needs, made on the spot, on loopback.
 */
#include "daemon/dev.h"

#include "base/err.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "policy/starter.h"
#include "sandbox/vendors.h"

#include <stdio.h>
#include <string.h>

/* --- sandbox ---------------------------------------------------------------------------------------------------- */

/* Every simulated vendor, and how its own secrets begin. */
static const struct {
    struct str name, secret_prefix;
    sandbox_make_fn *make;
} simulated[] = {
    {STR_INIT("openai"), STR_INIT("sk-sandbox-"), sandbox_openai},
    {STR_INIT("anthropic"), STR_INIT("sk-ant-sandbox-"), sandbox_anthropic},
    {STR_INIT("stripe"), STR_INIT("sk_test_"), sandbox_stripe},
    {STR_INIT("twilio"), STR_INIT("ACsandbox:"), sandbox_twilio},
    {STR_INIT("resend"), STR_INIT("re_sandbox_"), sandbox_resend},
};
#define N_VENDORS (sizeof(simulated) / sizeof(simulated[0]))

static int make_secret(struct str prefix, struct rng *r, struct secret **ret)
{
    uint8_t random[16];
    char text[64];
    check(prefix.n + 2 * sizeof(random) <= sizeof(text));
    rng_fill(r, random, sizeof(random));
    memcpy(text, prefix.p, prefix.n);
    (void)hex_encode(random, sizeof(random), text + prefix.n);
    int e = secret_new((struct str){text, prefix.n + 2 * sizeof(random)}, ret);
    bytes_wipe(text, sizeof(text));
    return err_trace(e);
}

static int start_one(struct dev *d, size_t i, const struct limits *l, struct rng *r, struct extra_vendor *ret)
{
    struct net_addr any = {.host = "127.0.0.1", .port = 0};
    struct sandbox_vendor v;
    *ret = (struct extra_vendor){.name = simulated[i].name};
    int e = simulated[i].make(l, loop_wall(d->loop.loop), &v);
    if (e == 0)
        e = sandbox_start(d->loop.loop, &any, l, &v, &d->sandboxes[i], &ret->addr);
    if (e == 0) {
        d->n_sandboxes++;
        e = make_secret(simulated[i].secret_prefix, r, &ret->secret);
    }
    return err_trace(e);
}

int dev_sandbox_start(struct dev *d, const struct limits *l, struct rng *r,
                      struct extra_vendor ret_extra[DEV_VENDORS_MAX], size_t *ret_n)
{
    _Static_assert(N_VENDORS <= DEV_VENDORS_MAX, "room for every simulated vendor");
    int e = loop_thread_new(&d->loop);
    for (size_t i = 0; i < N_VENDORS && e == 0; i++)
        e = start_one(d, i, l, r, &ret_extra[i]);
    if (e == 0)
        e = loop_thread_start(&d->loop, "sandbox");
    *ret_n = d->n_sandboxes;
    return err_trace(e);
}

/* --- policy and key --------------------------------------------------------------------------------------------- */

static bool has_default_policy(struct core *c)
{
    struct buf out;
    size_t at;
    buf_init(&out, 64u << 20);
    bool has =
        core_policies_json(c, &out) == 0 && str_find(buf_str(&out), STR("\"name\":\"default\",\"version\""), &at);
    buf_deinit(&out);
    return has;
}

static bool has_live_secret(const struct vendors *vendors)
{
    for (size_t i = 0; i < vendors->n; i++)
        if (vendors->items[i].mode == MODE_LIVE)
            return true;
    return false;
}

static int make_key(struct core *c, enum mode mode, struct diag_list *diags, struct key_text *ret, bool *ret_is_made)
{
    uint64_t seq;
    struct key_spec spec = {.mode = mode, .agent = STR("dev"), .owner = STR("dev")};
    int r = core_key_create(c, &spec, STR("flyball dev"), diags, ret, &seq);
    *ret_is_made = r == 0;
    return err_trace(r);
}

int dev_prepare(struct dev *d, struct core *c, const struct vendors *vendors)
{
    struct arena a;
    struct diag_list diags;
    const struct policy *p = NULL;
    uint64_t seq;
    int r = 0;

    arena_init(&a, 1u << 20);
    diag_list_init(&diags, &a, 8);
    if (!has_default_policy(c))
        r = core_policy_apply(c, policy_starter_of_dev(), STR("starter.yaml"), STR("flyball dev"), &diags, &p, &seq);
    policy_unref(p);
    if (r == 0)
        r = make_key(c, MODE_TEST, &diags, &d->key, &d->has_key);
    if (r == 0 && has_live_secret(vendors))
        r = make_key(c, MODE_LIVE, &diags, &d->live_key, &d->has_live_key);
    arena_deinit(&a);
    return err_trace(r);
}

/* --- banner ------------------------------------------------------------------------------------------------------- */

/* One line of those that are simulated, or of those that are not; nothing where there are none. */
static void print_vendors(const struct vendors *vendors, bool is_simulated, const char *title, const char *more)
{
    size_t n = 0;
    for (size_t i = 0; i < vendors->n; i++) {
        if (vendors->items[i].is_simulated != is_simulated)
            continue;
        printf("%s" STR_FMT, n++ ? ", " : title, STR_ARG(vendors->items[i].name));
    }
    if (n)
        printf(" (%s)\n", more);
}

static bool vendor_is_simulated(const struct vendors *vendors, struct str name)
{
    const struct vendor *v = vendors_find(vendors, name);
    return v && v->is_simulated;
}

static void print_try(const struct dev *d, const struct vendors *vendors, struct str data_url, struct str dir)
{
    printf("Try:\n  flyball demo --dir " STR_FMT "; flyball calls --dir " STR_FMT "\n", STR_ARG(dir), STR_ARG(dir));
    if (vendors_find(vendors, STR("openai")))
        printf("  curl " STR_FMT "/openai/v1/chat/completions -H 'Authorization: Bearer %s' \\\n"
               "    -H 'Content-Type: application/json' \\\n"
               "    -d '{\"model\":\"gpt-4o-mini\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}'\n",
               STR_ARG(data_url), d->key.text);
    if (vendor_is_simulated(vendors, STR("stripe")))
        printf("  curl " STR_FMT "/stripe/v1/refunds -u %s: -d charge=ch_demo -d amount=500\n", STR_ARG(data_url),
               d->key.text);
    printf("  flyball run --dir " STR_FMT " -- python agent.py    OpenAI, Anthropic, Resend: no change in its code\n",
           STR_ARG(dir));
    printf("  flyball snippet stripe-python    the line to paste for Stripe; `flyball snippet` lists all SDKs\n");
}

void dev_banner(const struct dev *d, const struct vendors *vendors, struct str data_url, struct str ui_url,
                struct str dir)
{
    printf("flyball dev: agents call " STR_FMT ", you look at " STR_FMT "\n", STR_ARG(data_url), STR_ARG(ui_url));
    print_vendors(vendors, true, "  simulated  ", "no account, no money");
    print_vendors(vendors, false, "  live       ", "real: what agents do there is done");
    printf("  data       " STR_FMT "\n", STR_ARG(dir));
    printf("  policy     default: who may do what, and for how much a day (flyball policy show)\n");
    printf("  key        %s\n", d->key.text);
    if (d->has_live_key)
        printf("  live key   %s\n", d->live_key.text);
    print_try(d, vendors, data_url, dir);
    fflush(stdout);
}

/* --- stop ------------------------------------------------------------------------------------------------------- */

static void stop_sandboxes(void *ctx)
{
    struct dev *d = ctx;
    for (size_t i = 0; i < d->n_sandboxes; i++)
        sandbox_stop(d->sandboxes[i]);
    d->n_sandboxes = 0;
}

void dev_stop(struct dev *d, struct core *c)
{
    uint64_t seq;
    if (d->has_key)
        (void)core_key_revoke(c, str_c(d->key.id), STR("flyball dev"), &seq);
    if (d->has_live_key)
        (void)core_key_revoke(c, str_c(d->live_key.id), STR("flyball dev"), &seq);
    d->has_key = d->has_live_key = false;
    if (d->n_sandboxes)
        loop_thread_call(&d->loop, stop_sandboxes, d);
    loop_thread_stop(&d->loop);
}
