/*
 * base/uuid.h - UUIDv7 (RFC 9562 5.7): millisecond time, then randomness; text is 36 lower-case bytes.
 */
#pragma once

#include "base/rand.h"
#include "base/time.h"

#define UUID_TEXT_BYTES 37

struct uuid {
    uint8_t b[16];
};

struct uuid uuid_v7(wall_t now, struct rng *r);
struct str uuid_text(const struct uuid *u, char out[UUID_TEXT_BYTES]);
/* The 36-byte form of any version, either case. -ERR_INVALID. */
int uuid_parse(struct str s, struct uuid *ret);
/* What stands between the dashes of such a text, joined and not looked at; STR_NONE: its dashes are elsewhere. */
#define UUID_DIGITS 32
struct str uuid_digits(struct str text, char out[UUID_DIGITS]);
/* When a UUIDv7 was made, to the millisecond, or the last time there is; of another version it means nothing. */
wall_t uuid_v7_wall(const struct uuid *u);
