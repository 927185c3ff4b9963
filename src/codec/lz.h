/*
 * codec/lz.h - bytes that repeat themselves, made small: an LZ4 block with the length of the whole in front (u32,
 * little-endian).
 *
 * Meant for texts of our own, many at a time: two records in a row share nine tenths of their bytes.
 */
#pragma once

#include "base/buf.h"

/* Appends the packed bytes to `out`. -ERR_TOO_LARGE: more than 1 GiB, or than `out` takes. */
int lz_pack(struct str bytes, struct buf *out);
/* Appends the bytes as they were. Reading trusts nothing: -ERR_INVALID; -ERR_TOO_LARGE: more than `out` takes. */
int lz_unpack(struct str packed, struct buf *out);
