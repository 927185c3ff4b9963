/*
 * codec/b64.h - base64 (RFC 4648), strict: one text for each run of bytes, so no white space, no wrong or missing
 * padding, no stray bits in the last character. The url form has no padding.
 */
#pragma once

#include "base/str.h"

#define B64_SIZE(n) (((n) + 2) / 3 * 4)
#define B64URL_SIZE(n) (((n) * 4 + 2) / 3)

/* `out` has room for B64_SIZE(in.n) / B64URL_SIZE(in.n) bytes; returns a str into it. No NUL is written. */
struct str b64_encode(struct str in, char *out);
struct str b64url_encode(struct str in, char *out);

/* -ERR_INVALID: not base64; -ERR_TOO_LARGE: more than out_max bytes. `out` may be partly written on failure. */
int b64_decode(struct str in, void *out, size_t out_max, size_t *ret_n);
int b64url_decode(struct str in, void *out, size_t out_max, size_t *ret_n);
