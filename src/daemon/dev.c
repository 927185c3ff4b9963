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
} vendors[] = {
    {STR_INIT("openai"), STR_INIT("sk-sandbox-"), sandbox_openai},
    {STR_INIT("anthropic"), STR_INIT("sk-ant-sandbox-"), sandbox_anthropic},
    {STR_INIT("stripe"), STR_INIT("sk_test_"), sandbox_stripe},
    {STR_INIT("twilio"), STR_INIT("ACsandbox:"), sandbox_twilio},
    {STR_INIT("resend"), STR_INIT("re_sandbox_"), sandbox_resend},
};
#define N_VENDORS (sizeof(vendors) / sizeof(vendors[0]))

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
    *ret = (struct extra_vendor){.name = vendors[i].name};
    int e = vendors[i].make(l, loop_wall(d->loop.loop), &v);
    if (e == 0)
        e = sandbox_start(d->loop.loop, &any, l, &v, &d->sandboxes[i], &ret->addr);
    if (e == 0) {
        d->n_sandboxes++;
        e = make_secret(vendors[i].secret_prefix, r, &ret->secret);
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

int dev_prepare(struct dev *d, struct core *c)
{
    struct arena a;
    struct diag_list diags;
    const struct policy *p = NULL;
    uint64_t seq;
    int r = 0;

    arena_init(&a, 1u << 20);
    diag_list_init(&diags, &a, 8);
    if (!has_default_policy(c))
        r = core_policy_apply(c, policy_starter(), STR("starter.yaml"), STR("flyball dev"), &diags, &p, &seq);
    policy_unref(p);
    struct key_spec spec = {.mode = MODE_TEST, .agent = STR("dev"), .owner = STR("dev")};
    if (r == 0)
        r = core_key_create(c, &spec, STR("flyball dev"), &diags, &d->key, &seq);
    d->has_key = r == 0;
    arena_deinit(&a);
    return err_trace(r);
}

void dev_banner(const struct dev *d, struct str data_url, struct str admin_url, struct str dir)
{
    printf("flyball dev: agents call " STR_FMT ", you look at " STR_FMT "\n", STR_ARG(data_url), STR_ARG(admin_url));
    printf("  data folder   " STR_FMT "\n", STR_ARG(dir));
    if (d->n_sandboxes) {
        printf("  vendors       ");
        for (size_t i = 0; i < d->n_sandboxes; i++)
            printf("%s" STR_FMT, i ? ", " : "", STR_ARG(vendors[i].name));
        printf(" (simulated: no account, no money)\n");
    }
    printf("  policy        default (flyball policy history default)\n");
    printf("  key           %s\n\n", d->key.text);
    printf("Try:\n");
    printf("  curl " STR_FMT "/stripe/v1/refunds -u %s: -d charge=ch_demo -d amount=500\n", STR_ARG(data_url),
           d->key.text);
    printf("  curl " STR_FMT "/stripe/v1/payouts -u %s: -d amount=500 -d currency=usd\n", STR_ARG(data_url),
           d->key.text);
    printf("  curl " STR_FMT "/twilio/2010-04-01/Accounts/ACdemo/Messages.json -u ACdemo:%s \\\n"
           "      -d To=%%2B14155550123 -d From=%%2B14155550100 -d Body=hello\n",
           STR_ARG(data_url), d->key.text);
    printf("  flyball calls --dir " STR_FMT "\n", STR_ARG(dir));
    printf("Python: stripe.api_key = \"%s\"; stripe.api_base = \"" STR_FMT "/stripe\"\n", d->key.text,
           STR_ARG(data_url));
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
    d->has_key = false;
    if (d->n_sandboxes)
        loop_thread_call(&d->loop, stop_sandboxes, d);
    loop_thread_stop(&d->loop);
}
