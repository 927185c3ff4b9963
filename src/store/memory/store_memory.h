/*
 * store/memory/store_memory.h - the store in memory: simulation, tests, and the reference for what the others must
 * answer.
 */
#pragma once

#include "call/store.h"

int store_memory_new(struct store **ret);
