/*
 * proxy/token_used.h - tokens that may be used once, and were: kept until they expire. In memory only: what was issued
 * before this process began is refused without a look here (proxy/issuers.c).
 *
 * From any thread.
 */
#pragma once

#include "base/time.h"
#include "crypto/hash.h"

struct token_used;

struct token_used *token_used_new(size_t n_max); /* aborts without memory */
void token_used_free(struct token_used *u);      /* NULL is fine */
/* 0: it was not used before, and now is; TOKEN_USED_R_REPLAYED; TOKEN_USED_R_FULL: as many are alive as may be. */
int token_used_add(struct token_used *u, const uint8_t digest[SHA256_BYTES], wall_t expires, wall_t now);
#define TOKEN_USED_R_REPLAYED 1
#define TOKEN_USED_R_FULL 2
