/*
 * admin/oidc.h - the provider that people sign in at: what it says of itself and its keys, as they are now.
 *
 *   (1) asked when somebody needs it, never before; one exchange at a time, and after one that failed no other within
 *       jwks_spacing_ms, whoever asks.
 *   (2) the limits of issuers' keys hold for both (proxy/jwks.h): size, time, no redirects, checked hosts. What was
 *       good is asked for again after jwks_fresh_ms, and stays in use for jwks_stale_ms where nothing better comes.
 *   (3) lives on the admin loop's thread.
 */
#pragma once

#include "base/limits.h"
#include "base/list.h"
#include "config/config.h"
#include "crypto/jwk.h"
#include "http/fetch.h"
#include "identity/provider.h"

struct secret;
struct tls_client;

struct oidc_options {
    struct loop *loop;
    const struct limits *limits;
    const struct config_oidc *config;
    struct tls_client *tls;
    const struct secret *secret; /* NULL: a public client */
};
struct oidc;

int oidc_new(const struct oidc_options *o, struct oidc **ret); /* what `o` names outlives it */
void oidc_free(struct oidc *o); /* nobody waits any more */

struct oidc_wait {
    struct list node;
    void (*then)(struct oidc_wait *w, const char *problem); /* NULL: provider and keys are there */
};
/* `then` comes once, perhaps from inside. `is_newer`: with other keys than those that are there, if there are any. */
void oidc_need(struct oidc *o, bool is_newer, struct oidc_wait *w);
void oidc_forget(struct oidc_wait *w); /* `then` does not come */

/* While `then` runs, and after it until the next oidc_need(). */
const struct provider *oidc_provider(const struct oidc *o);
const struct jwk_set *oidc_keys(const struct oidc *o);
const struct oidc_options *oidc_options(const struct oidc *o);
struct http_pool *oidc_pool(struct oidc *o);
struct http_target oidc_target(const struct oidc *o, const struct url *u);
