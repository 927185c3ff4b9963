/*
 * daemon/reload.h - takes a changed configuration over: whole, or not at all (CONTRACT 5).
 *
 *   (1) the whole file is read and checked first; a key that a running daemon cannot take (config/reload.tbl.h) refuses
 *       all of it.
 *   (2) every part is made before any is in force; what puts them in force cannot fail. A part is exchanged as a whole,
 *       one behind the other: a call that goes on just then may take one of before beside a new one.
 *   (3) what was refused is said until a reload succeeds.
 *
 * From any thread; one reload at a time.
 */
#pragma once

#include "daemon/issuers.h"
#include "daemon/listener_tls.h"
#include "daemon/remotes.h"
#include "daemon/vendors.h"

struct rates;
struct reload;
struct stats;

/* The configuration from where it came from at start, made anew. Negative: `error` says what is wrong, and where. */
typedef int (*config_maker)(void *ctx, struct buf *error, const struct config **ret);

/* All of it outlives the reload. */
struct reload_options {
    const struct config *config; /* of the start */
    config_maker make;
    void *make_ctx;
    struct listener_tls *tls;
    struct issuers *issuers; /* NULL: none is configured */
    struct remotes *remotes;
    struct rates *rates;
    const struct vendor_set *vendors;
    struct stats *stats;
};

struct reload *reload_new(const struct reload_options *o); /* aborts without memory */
void reload_free(struct reload *r);                        /* NULL is fine */

/* 0; negative: nothing changed, and `error`, which is empty before, says why. Logs it. `reload` is a struct reload. */
int reload_now(void *reload, struct buf *error);
/* When the last reload was refused, and why, which is appended; 0: it was not. */
wall_t reload_refused(void *reload, struct buf *why);
/* config_json() of what is in force. */
int reload_config_json(void *reload, struct buf *out);
