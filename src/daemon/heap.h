/*
 * daemon/heap.h - memory that calls give back stays with the process, for the next ones.
 *
 * The system gives memory page by page, each zeroed and each after a fault: of a call with a body of 150 KB that was a
 * third of its time. What each thread keeps so is bounded; larger blocks are the system's again at once.
 */
#pragma once

#include <stdbool.h>

#define HEAP_KEPT_BYTES_MAX (32 << 20)  /* free, at the end of a thread's memory */
#define HEAP_BLOCK_BYTES_MAX (4 << 20) /* one block */

/* From then on; what was given back before is gone. False: this C library decides by itself. */
bool heap_keep(void);
