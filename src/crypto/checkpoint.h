/*
 * crypto/checkpoint.h - the text that is signed to say: the record had these frames, and no others, up to here.
 *
 * Three lines: "flyball checkpoint 1", the seq in decimal, the chain value in hex; each ends in a line feed.
 */
#pragma once

#include "crypto/chain.h"

#define CHECKPOINT_TEXT_BYTES 128
struct str checkpoint_text(uint64_t seq, const uint8_t chain[CHAIN_HASH_BYTES], char out[CHECKPOINT_TEXT_BYTES]);
