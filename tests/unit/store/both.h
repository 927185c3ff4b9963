/*
 * tests/unit/store/both.h - the memory store and SQLite side by side, told one story: what they answer must be the same
 * bytes.
 */
#pragma once

#include "scratch.h"
#include "story.h"

#include "call/store.h"
#include "codec/json_read.h"

#define STORES 2

struct both {
    struct scratch *scratch;
    struct story story;
    struct store *store[STORES];
    struct store_reader *reader[STORES];
    struct arena arena;
    struct buf json[STORES]; /* the last answers */
};

/* cmocka set-up and tear-down: *state is a struct scratch before and after, and a struct both between. */
int both_begin(void **state);
int both_end(void **state);
/* What the story has and the stores have not. */
void both_apply(struct both *b);
/* What both answer; fails where they differ. */
struct json both_ask(struct both *b, struct query q);
