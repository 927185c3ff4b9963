/*
 * proxy/issuers.h - the issuers of identity tokens that are believed here, and the verdict on one token (CONTRACT 9).
 *
 * The list is fixed at start; keys are exchanged under way (issuer_keys.h). Used by all workers.
 */
#pragma once

#include "config/config.h"
#include "identity/token.h"
#include "proxy/issuer_keys.h"

struct issuer {
    struct token_terms terms;
    unsigned algs; /* JWT_ALG_BIT()s */
    bool is_single_use;
    const struct str *customers_of;
    size_t n_customers_of;
    const struct config_issuer *config;
    struct issuer_keys *keys;
};

struct issuers;

/*
 * Points into the config and the limits, which outlive it. Keys come later: issuers_read_files(), and proxy/jwks.h.
 * `now`: of what can be used once, nobody knows any more whether it was used before.
 */
struct issuers *issuers_new(const struct config *c, const struct limits *l, wall_t now);
void issuers_free(struct issuers *s); /* NULL is fine */
size_t issuers_len(const struct issuers *s);
struct issuer *issuers_at(struct issuers *s, size_t i);
/* By its name in the config; NULL: none. */
const struct issuer *issuers_find(const struct issuers *s, struct str name);

/* Reads the keys that are in files, by the names that `c` has for them now: it has the same issuers. Nothing is in
 * force yet: *ret is put or dropped. Negative: `error` says which is no good, and why. */
int issuers_read_files(const struct issuers *s, const struct config *c, struct buf *error, struct jwk_set ***ret);
void issuers_put_files(struct issuers *s, struct jwk_set **sets, wall_t now); /* takes `sets` over */
void issuers_drop_files(const struct issuers *s, struct jwk_set **sets);      /* NULL is fine */
/* Keys as an issuer gave them. Negative: not usable, *ret_why is a static sentence, and nothing changed. */
int issuer_take_keys(const struct issuer *i, const struct limits *l, struct str text, struct jwk_set **ret,
                     const char **ret_why);

/*
 * True: the token is good and goes with the key's agent and tenant; *ret's texts live in `a`. False: *ret_why.
 * `s` NULL: no issuer is configured. A token that may be used once is used with this.
 */
bool issuers_verify(struct issuers *s, struct str token, struct str agent, struct str tenant, wall_t now,
                    struct arena *a, struct proven *ret, struct token_refusal *ret_why);
