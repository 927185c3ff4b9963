/*
 * http/head.h - a message head as a value (RFC 9110, 9112): what HTTP/1.1 and HTTP/2 have in common.
 *
 * Strings point into the exchange's arena (heads received) or into the caller's memory (heads to send, copied at once).
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct http_field {
    struct str name; /* as received; compare with str_eq_nocase */
    struct str value; /* trimmed */
};

struct http_head {
    struct str method; /* requests */
    struct str target; /* requests: as received, path[?query] */
    struct str path;   /* part of target before '?' */
    struct str query;  /* behind '?', without it; has_query tells "" from none */
    struct str host;   /* requests: the Host field */
    uint16_t status;   /* responses */
    struct str reason; /* responses: as received; may be empty */
    struct http_field *fields; /* in order; framing, hop-by-hop, Host and Expect taken out (and left out when sent) */
    size_t n_fields;
    int64_t body_bytes; /* Content-Length; 0: no body; HTTP_BODY_UNKNOWN: chunked, or until close */
    bool has_query;
    bool expects_continue;
};

#define HTTP_BODY_UNKNOWN (-1)

/* The first field of that name; *ret may be NULL. */
bool http_head_get(const struct http_head *h, struct str name, struct str *ret_value);
size_t http_head_count(const struct http_head *h, struct str name);
