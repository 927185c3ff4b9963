/*
 * codec/gzip.h - bytes into gzip (RFC 1952), whole at a time; and out of it, in pieces.
 */
#pragma once

#include "base/buf.h"

/* Appends to `out`. -ERR_TOO_LARGE: more than `out` takes, or than 1 GiB; -ERR_NOMEM. */
int gzip_pack(struct str bytes, struct buf *out);

struct gunzip;
/* NULL: no memory. */
struct gunzip *gunzip_new(void);
void gunzip_free(struct gunzip *g); /* NULL is fine */
/* Appends what the piece holds to `out`. -ERR_INVALID: it is not gzip, or damaged; -ERR_TOO_LARGE: more than `out`
 * takes; -ERR_NOMEM. Several members follow one another, as the RFC has it. */
int gunzip_add(struct gunzip *g, struct str bytes, struct buf *out);
/* The bytes ended with the end of a member. */
bool gunzip_is_whole(const struct gunzip *g);
