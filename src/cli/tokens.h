/*
 * cli/tokens.h - tokens of records as text, and the time to the first of them.
 */
#pragma once

#include "call/usage.h"
#include "cli/print.h"

/* Tokens of a call or a run in that direction; false when they are not known. Classes that are recorded together over
 * both directions (audio, image) are in neither. */
bool tokens_of(struct json object, enum token_direction d, int64_t *ret_n);
/* "1212 in (400 cache_read), 42 out (30 reasoning), 5 audio"; "" when they are not known. */
struct str show_tokens(struct cli *c, struct json object);
/* Time to the first token, "312 ms"; "" where there was none. */
struct str show_first_token(struct cli *c, struct json call);
