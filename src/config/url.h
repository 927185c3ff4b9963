/*
 * config/url.h - scheme, host and port of a URL, and whatever stands behind them.
 */
#pragma once

#include "base/arena.h"

struct url {
    struct str host; /* a name, or a numeric address; IPv6 without brackets */
    struct str path; /* as it stands there, with a query or a fragment */
    uint16_t port;
    bool is_tls, is_v6, is_loopback, is_numeric;
};

/* NULL, or what is wrong with it: a static text that repeats nothing of it. */
const char *url_parse(struct str text, struct arena *a, struct url *ret);
struct str url_origin(const struct url *u, struct arena *a); /* "https://host:port" */
/* Visible ASCII without spaces, which is all that a URL is made of. The empty text is. */
bool url_is_visible(struct str s);
