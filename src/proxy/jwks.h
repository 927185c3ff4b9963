/*
 * proxy/jwks.h - fetches the keys of issuers that publish them at a URL. Never on the way of a call: calls use what is
 * there.
 *
 *   (1) one exchange an issuer at a time, and never two within jwks_spacing_ms, whatever tokens name: unknown kids
 *       cannot make a storm.
 *   (2) an answer counts when it is a 200 of at most jwks_bytes_max within jwks_timeout_ms, whose keys can be used; a
 *       redirect is none. Anything else leaves the keys as they are, until they are stale (issuer_keys.h).
 *   (3) the host is checked as a vendor's is: certificate, and no special address that the config does not allow.
 *
 * Belongs to one loop; everything here is called on its thread.
 */
#pragma once

#include "http/client.h"
#include "proxy/issuers.h"

struct jwks;

/* `on_first` comes once, when each issuer has been asked for the first time, answered or not; at once where none is to
 * be asked. `error`: one sentence, for a ca_file that cannot be read. */
int jwks_new(struct loop *l, struct issuers *s, const struct limits *limits, struct post on_first, struct buf *error,
             struct jwks **ret);
void jwks_free(struct jwks *j); /* NULL is fine; no key is fetched any more */
