/*
 * daemon/heap_glibc.c - by default glibc maps and unmaps each block from 128 KiB on, and gives the end of a thread's
 * memory back as soon as as much of it is free (mallopt(3)). Under ASan memory is another's, and mallopt() says no.
 */
#include "daemon/heap.h"

#include <malloc.h>

bool heap_keep(void)
{
    return mallopt(M_MMAP_THRESHOLD, HEAP_BLOCK_BYTES_MAX) == 1 && mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES_MAX) == 1;
}
