/*
 * io/io_fault.h - another struct io with failures at chosen places.
 *
 * A countdown of n lets n operations pass and fails the next; -1 never fails. After its failure a countdown is -1
 * again, so that what follows succeeds, as it does on real systems: remembering is up to the code under test.
 */
#pragma once

#include "io/files.h"

struct io_fault {
    struct io io; /* hand out &fault->io */
    struct io *under;
    int64_t syncs_left;  /* then one io_sync fails with -ERR_IO, and nothing is synced */
    int64_t bytes_left;  /* written bytes until the disk is full: the write that passes it is cut there, -ERR_NO_SPACE.
                            Stays 0 (full) until set again. Allocation counts nothing, but fails when it is 0. */
    int64_t ops_left;    /* of any kind but close; then one fails with ops_error, without any effect */
    int ops_error;       /* -ERR_IO unless set */
    uint64_t n_ops, n_syncs, n_bytes; /* seen so far: run once without faults to learn where they can be */
};

/* `under` outlives it. Nothing to free; one thread. */
void io_fault_init(struct io_fault *f, struct io *under);
