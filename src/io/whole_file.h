/*
 * io/whole_file.h - small files, read and replaced whole.
 */
#pragma once

#include "base/buf.h"
#include "io/files.h"

/* Appends the file's bytes to `out`. -ERR_TOO_LARGE: more than max_bytes, or than `out` takes; `out` keeps its length.
 */
int io_read_file(struct io *io, struct str path, size_t max_bytes, struct buf *out);
/*
 * Puts `bytes` (0600) in the place of `path` so that after a crash the old or the new content is there, never a part:
 * writes "<path>.new", syncs, renames, syncs the folder.
 */
int io_replace_file(struct io *io, struct str path, struct str bytes);
/* Makes the folder and those above it; 0 when it is there already. */
int io_mkdir_all(struct io *io, struct str path);
