/*
 * daemon/dev.c - `flyball dev`: everything a newcomer needs, made on the spot, on loopback.
 */
#include "daemon/dev.h"

#include "base/err.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "policy/starter.h"
#include "sandbox/sandbox_stripe.h"

#include <stdio.h>
#include <string.h>

/* --- sandbox ---------------------------------------------------------------------------------------------------- */

int dev_sandbox_start(struct dev *d, const struct limits *l, struct rng *r, struct extra_vendor ret_extra[4],
                      size_t *ret_n)
{
    uint8_t random[16];
    char text[64] = "sk_test_";
    struct net_addr any = {.host = "127.0.0.1", .port = 0};
    struct secret *secret;

    rng_fill(r, random, sizeof(random));
    (void)hex_encode(random, sizeof(random), text + 8);
    int e = secret_new((struct str){text, 8 + 2 * sizeof(random)}, &secret);
    bytes_wipe(text, sizeof(text));
    if (e == 0)
        e = loop_thread_new(&d->loop);
    if (e == 0)
        e = sandbox_stripe_start(d->loop.loop, &any, l, &d->stripe, &d->stripe_addr);
    if (e == 0)
        e = loop_thread_start(&d->loop, "sandbox");
    if (e < 0)
        return err_trace(e);
    ret_extra[0] = (struct extra_vendor){STR("stripe"), d->stripe_addr, secret};
    *ret_n = 1;
    return 0;
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
    if (d->stripe)
        printf("  vendors       stripe (simulated: no account, no money)\n");
    printf("  policy        default (flyball policy history default)\n");
    printf("  key           %s\n\n", d->key.text);
    printf("Try:\n");
    printf("  curl " STR_FMT "/stripe/v1/refunds -u %s: -d charge=ch_demo -d amount=500\n", STR_ARG(data_url),
           d->key.text);
    printf("  curl " STR_FMT "/stripe/v1/payouts -u %s: -d amount=500 -d currency=usd\n", STR_ARG(data_url),
           d->key.text);
    printf("  flyball calls --dir " STR_FMT "\n", STR_ARG(dir));
    printf("Python: stripe.api_key = \"%s\"; stripe.api_base = \"" STR_FMT "/stripe\"\n", d->key.text,
           STR_ARG(data_url));
    fflush(stdout);
}

/* --- stop ------------------------------------------------------------------------------------------------------- */

static void stop_stripe(void *ctx)
{
    struct dev *d = ctx;
    sandbox_stripe_stop(d->stripe);
    d->stripe = NULL;
}

void dev_stop(struct dev *d, struct core *c)
{
    uint64_t seq;
    if (d->has_key)
        (void)core_key_revoke(c, str_c(d->key.id), STR("flyball dev"), &seq);
    d->has_key = false;
    if (d->stripe)
        loop_thread_call(&d->loop, stop_stripe, d);
    loop_thread_stop(&d->loop);
}
