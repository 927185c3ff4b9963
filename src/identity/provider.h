/*
 * identity/provider.h - what a provider says of itself (OpenID Connect Discovery 1.0): where people are sent, where a
 * code becomes a token, where its keys are.
 *
 *   (1) it must call itself by the issuer that was asked, byte for byte: else it speaks for somebody else.
 *   (2) each address is https, or this machine's, unless the caller allows others; no user, no fragment, visible ASCII.
 */
#pragma once

#include "config/url.h"

#define PROVIDER_URL_BYTES_MAX 2048

struct provider {
    struct str authorization; /* a whole URL, perhaps with a query */
    struct url token, jwks;
    bool takes_basic, takes_post; /* how a client may show its secret; basic where it does not say */
    bool names_issuer; /* answers name the issuer (RFC 9207): one that does not is no answer of its */
};

/* Where an issuer's document is; in `a`. */
struct str provider_path(const struct url *issuer, struct arena *a);
/* Texts live in `a`. False: *ret_why is a static sentence. */
bool provider_read(struct str document, struct str issuer, bool is_insecure, struct arena *a, struct provider *ret,
                   const char **ret_why);
