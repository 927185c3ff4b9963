/*
 * crypto/chain.h - the hash chain over journal frames: what makes a changed, missing or added frame show.
 *
 * The body goes in by its own hash, so that a store can keep the chain provable from (header, SHA-256 of body) alone.
 */
#pragma once

#include "base/str.h"

#define CHAIN_HASH_BYTES 32

/* ret = SHA-256(prev || header || SHA-256(body)). `ret` may be `prev`. The chain starts from 32 zero bytes. */
void chain_next(const uint8_t prev[CHAIN_HASH_BYTES], struct str header, struct str body,
                uint8_t ret[CHAIN_HASH_BYTES]);
