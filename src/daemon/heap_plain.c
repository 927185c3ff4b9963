/*
 * daemon/heap_plain.c - for C libraries without mallopt().
 */
#include "daemon/heap.h"

bool heap_keep(void) { return false; }
