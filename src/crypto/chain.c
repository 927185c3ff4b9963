/*
 * crypto/chain.c - one link of the hash chain.
 */
#include "crypto/chain.h"

#include "crypto/hash.h"

void chain_next(const uint8_t prev[CHAIN_HASH_BYTES], struct str header, struct str body,
                uint8_t ret[CHAIN_HASH_BYTES])
{
    uint8_t body_hash[SHA256_BYTES];
    sha256(body, body_hash);
    const struct str parts[] = {
        {(const char *)prev, CHAIN_HASH_BYTES},
        header,
        {(const char *)body_hash, SHA256_BYTES},
    };
    sha256_parts(parts, sizeof parts / sizeof parts[0], ret);
}
