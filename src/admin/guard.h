/*
 * admin/guard.h - who may talk to the admin listener at all. Pure: texts in, a yes or no out.
 */
#pragma once

#include "base/str.h"
#include "net/loop.h"

/*
 * Whether a Host field names this listener: a loopback name or address, or the bound address. A page whose name was
 * made to resolve to 127.0.0.1 (DNS rebinding) sends its own name here, and is refused. A listener bound to every
 * address also accepts any numeric address: rebinding needs a name.
 */
bool host_is_ours(struct str host, const struct net_addr *bound);

/* Whether an Origin field names the origin that a browser shows for `host` here. "null" is nobody's. */
bool origin_is_ours(struct str origin, struct str host, bool is_tls);

/* The value of a cookie of that name in a Cookie field; the first of several. */
bool cookie_value(struct str cookies, struct str name, struct str *ret);
