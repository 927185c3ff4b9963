/*
 * proxy/core_follow.h - how far those who follow along have got (exports): marks, kept in the store.
 *
 * A mark is written by the drain thread soon after: a kill in between makes the follower see again what it saw, never
 * miss it.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

struct core;

#define MARK_NAME_CHARS_MAX 95
#define MARKS_MAX 32

/* Any thread; never waits for the disk. More than MARKS_MAX names are a mistake of ours. */
void core_mark(struct core *c, struct str name, uint64_t seq);
/* The last seq that the store has. */
uint64_t core_store_seq(struct core *c);
