/*
 * io/files.c - what every implementation shares.
 */
#include "io/files.h"

#include "base/err.h"

int io_append(struct io_file *f, struct str bytes)
{
    uint64_t size;
    int r = io_size(f, &size);
    return r < 0 ? err_trace(r) : err_trace(io_write_at(f, bytes, size));
}
