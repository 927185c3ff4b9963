/*
 * codec/json_canon.h - RFC 8785 (JCS): the one text of a JSON value, for digests.
 *
 * Keys are sorted by UTF-16 code units, strings escaped as little as JSON allows, numbers written as ECMAScript does.
 * Different integers must not share a digest: one beyond 2^53 is refused (-ERR_OVERFLOW) unless it is written just as
 * the double nearest to it is written. So are numbers too large or too small for a double. Decimals are read as
 * doubles, as the RFC says.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "codec/json_read.h"

/* `a` gives memory for sorting. -ERR_OVERFLOW, -ERR_TOO_LARGE (arena or buf), -ERR_INVALID: v is absent. */
int json_canon(struct arena *a, struct json v, struct buf *out);

/* One number by its JSON text. -ERR_INVALID: not a JSON number; -ERR_OVERFLOW. */
int json_canon_number(struct str text, struct buf *out);

/* Order of object keys: by UTF-16 code units; both are UTF-8. */
int json_canon_cmp(struct str a, struct str b);
