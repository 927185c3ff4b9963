/*
 * io/io_memory.h - a file system in memory, for simulations and tests. Deterministic; touches no disk.
 *
 *   (1) bytes are durable after io_sync of their file, names after io_sync_dir of their folder, and not before.
 *   (2) power_loss and crash end the process that had files open: its handles answer -ERR_CLOSED (they must still be
 *       closed) and its locks are gone.
 *
 * Any thread.
 */
#pragma once

#include "base/rand.h"
#include "io/files.h"

/* Files may hold bytes_max together; more is -ERR_NO_SPACE. */
struct io *io_memory_new(size_t bytes_max);
void io_memory_free(struct io *io); /* all handles are closed */

/* kill -9: everything that was written is there. */
void io_memory_crash(struct io *io);
/*
 * What was not synced is gone; with `r` each 512-byte piece of it by the toss of a coin, as disks do. Names that were
 * not synced are gone in either case, removed ones are back.
 */
void io_memory_power_loss(struct io *io, struct rng *r);
/* Flips bits of a stored byte, durable copy too: what a bad disk does. -ERR_NOT_FOUND; -ERR_INVALID behind the end. */
int io_memory_damage(struct io *io, struct str path, uint64_t at, uint8_t flip);
