/*
 * crypto/checkpoint.c - one text for those who sign and those who check.
 */
#include "crypto/checkpoint.h"

#include <stdio.h>

struct str checkpoint_text(uint64_t seq, const uint8_t chain[CHAIN_HASH_BYTES], char out[CHECKPOINT_TEXT_BYTES])
{
    int n = snprintf(out, CHECKPOINT_TEXT_BYTES, "flyball checkpoint 1\n%llu\n", (unsigned long long)seq);
    for (size_t i = 0; i < CHAIN_HASH_BYTES; i++)
        n += snprintf(out + n, CHECKPOINT_TEXT_BYTES - (size_t)n, "%02x", chain[i]);
    out[n++] = '\n';
    return (struct str){out, (size_t)n};
}
