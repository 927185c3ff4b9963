/*
 * admin/admin.h - the admin API, /metrics, /healthz and /readyz on the admin listener (CONTRACT 2, 12).
 *
 * Runs on a loop of its own thread; all it does goes through proxy/core.h; queries are answered by reader threads.
 */
#pragma once

#include "net/loop.h"
#include "proxy/core.h"

struct admin;
struct config_oidc;
struct exports;
struct secret;
struct stats;
struct tls_client;
struct tls_server;

/* The configuration, as its owner has it. */
struct admin_config {
    int (*reload)(void *ctx, struct buf *error);    /* negative: `error` says why, and nothing changed */
    wall_t (*refused)(void *ctx, struct buf *why);  /* when the last reload was, and why; 0: it was not */
    int (*json)(void *ctx, struct buf *out);        /* what is in force, with origins, no secrets */
    void *ctx;
};

struct admin_options {
    struct loop *loop;
    struct core *core;
    const struct limits *limits;
    struct rng *rng;         /* of its thread; outlives it */
    struct str token;        /* the data folder's credential: an owner; outlives it. Compared in constant time. */
    struct str vendors_json; /* vendors and their operations; outlives it */
    enum mode default_mode;  /* of new keys: live, in dev test */
    struct str version;
    struct str ui_dir; /* folder of the dashboard's files, instead of those in the binary; empty: none. Outlives it */
    struct tls_server *tls; /* NULL: plain HTTP; outlives it */
    const struct config_oidc *oidc; /* the provider that people sign in at; issuer empty, or NULL: none. Outlives it */
    struct tls_client *oidc_tls;    /* towards it; outlives it */
    const struct secret *oidc_secret; /* NULL: a public client; outlives it */
    struct stats *stats;     /* NULL: nobody counts; outlives it */
    struct exports *exports; /* NULL: none is configured; outlives it */
    struct admin_config config;
};
int admin_new(const struct admin_options *o, struct admin **ret);
int admin_listen(struct admin *a, const struct net_addr *addr, struct net_addr *ret_bound);
/* The link that signs the owner of the data folder in to the dashboard, once, within sign_in_link_ms: behind the
 * address of the listener. On the loop's thread, or before it runs. */
#define ADMIN_LINK_CHARS_MAX 64
struct str admin_link(struct admin *a, char text[ADMIN_LINK_CHARS_MAX]);
void admin_drain(struct admin *a, void (*on_drained)(void *ctx), void *ctx);
void admin_free(struct admin *a);
