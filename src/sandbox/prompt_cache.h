/*
 * sandbox/prompt_cache.h - which beginnings of prompts a simulated model has seen lately, as vendors' caches know them.
 *
 *   (1) a prompt is looked at in blocks; a block is known when it and all before it were seen less than `keep_ns` ago.
 *   (2) bounded: PROMPT_BLOCKS_MAX blocks of any prompts; a new one may push out an old one, never invent one.
 *   (3) time is an argument.
 */
#pragma once

#include "base/str.h"
#include "base/time.h"

#define PROMPT_BLOCKS_MAX 8192
#define PROMPT_BLOCK_TOKENS 128
#define PROMPT_CACHED_TOKENS_MIN 1024 /* a shorter beginning is not kept, as at the vendors */
#define BYTES_PER_TOKEN 4             /* of everything that is said to a simulated model */

struct prompt_cache {
    struct prompt_block {
        uint64_t hash; /* of the block and all before it; 0: free */
        wall_t until;
    } blocks[PROMPT_BLOCKS_MAX];
};

/*
 * Tokens at the beginning of `prompt` that were seen, a multiple of PROMPT_BLOCK_TOKENS, 0 below
 * PROMPT_CACHED_TOKENS_MIN. From now on all of it is known for `keep_ns`. `model` keeps models apart.
 */
int64_t prompt_cache_see(struct prompt_cache *c, struct str model, struct str prompt, wall_t now, int64_t keep_ns);
