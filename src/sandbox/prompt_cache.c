/*
 * sandbox/prompt_cache.c - a table of hashes: each stands for one block of a prompt and all that came before it.
 */
#include "sandbox/prompt_cache.h"

#include "crypto/hash.h"

#include <string.h>

#define BLOCK_BYTES (PROMPT_BLOCK_TOKENS * BYTES_PER_TOKEN)

/* The running hash with one block more. */
static uint64_t chain(uint8_t running[SHA256_BYTES], struct str block)
{
    struct str parts[] = {{(const char *)running, SHA256_BYTES}, block};
    uint64_t hash;
    sha256_parts(parts, 2, running);
    memcpy(&hash, running, sizeof(hash));
    return hash ? hash : 1;
}

int64_t prompt_cache_see(struct prompt_cache *c, struct str model, struct str prompt, wall_t now, int64_t keep_ns)
{
    uint8_t running[SHA256_BYTES];
    int64_t seen = 0;
    bool is_known = true;
    if (prompt.n < (size_t)PROMPT_CACHED_TOKENS_MIN * BYTES_PER_TOKEN)
        return 0;
    sha256(model, running);
    for (size_t at = 0; at + BLOCK_BYTES <= prompt.n; at += BLOCK_BYTES) {
        uint64_t hash = chain(running, str_sub(prompt, at, BLOCK_BYTES));
        struct prompt_block *b = &c->blocks[hash % PROMPT_BLOCKS_MAX];
        is_known = is_known && b->hash == hash && now < b->until;
        if (is_known)
            seen += PROMPT_BLOCK_TOKENS;
        *b = (struct prompt_block){hash, now + keep_ns};
    }
    return seen >= PROMPT_CACHED_TOKENS_MIN ? seen : 0;
}
