/*
 * codec/gzip.h - bytes into gzip (RFC 1952), whole at a time.
 */
#pragma once

#include "base/buf.h"

/* Appends to `out`. -ERR_TOO_LARGE: more than `out` takes, or than 1 GiB; -ERR_NOMEM. */
int gzip_pack(struct str bytes, struct buf *out);
