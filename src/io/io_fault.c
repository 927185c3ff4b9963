/*
 * io/io_fault.c - counts operations on their way to another struct io, and fails the chosen ones.
 */
#include "io/io_fault.h"

#include <stdlib.h>

#include "base/err.h"

struct fault_file {
    struct io_file file; /* first */
    struct io_fault *fault;
    struct io_file *under;
};

static struct io_fault *fault_of(struct io *io)
{
    return (struct io_fault *)io;
}

static struct fault_file *file_of(struct io_file *f)
{
    return (struct fault_file *)f;
}

/* Counts down; true when this is the one that fails. */
static bool strikes(int64_t *left)
{
    return *left >= 0 && (*left)-- == 0;
}

static int enter(struct io_fault *f)
{
    f->n_ops++;
    return strikes(&f->ops_left) ? (f->ops_error < 0 ? f->ops_error : -ERR_IO) : 0;
}

static const struct io_ops fault_ops;

static int wrap(struct io_fault *fault, struct io_file *under, struct io_file **ret)
{
    struct fault_file *f = malloc(sizeof *f);
    if (!f) {
        io_close(under);
        return err_trace(-ERR_NOMEM);
    }
    *f = (struct fault_file){{&fault_ops}, fault, under};
    *ret = &f->file;
    return 0;
}

static int fault_open(struct io *io, struct str path, unsigned flags, struct io_file **ret)
{
    struct io_file *under;
    int r = enter(fault_of(io));
    if (r == 0)
        r = io_open(fault_of(io)->under, path, flags, &under);
    return r < 0 ? r : wrap(fault_of(io), under, ret);
}

static int fault_lock(struct io *io, struct str path, struct io_file **ret)
{
    struct io_file *under;
    int r = enter(fault_of(io));
    if (r == 0)
        r = io_lock(fault_of(io)->under, path, &under);
    return r < 0 ? r : wrap(fault_of(io), under, ret);
}

static void fault_close(struct io_file *f)
{
    io_close(file_of(f)->under);
    free(f);
}

static int fault_read_at(struct io_file *f, void *p, size_t n, uint64_t at, size_t *ret_n)
{
    int r = enter(file_of(f)->fault);
    return r < 0 ? r : io_read_at(file_of(f)->under, p, n, at, ret_n);
}

static int fault_write_at(struct io_file *f, struct str bytes, uint64_t at)
{
    struct io_fault *fault = file_of(f)->fault;
    int r = enter(fault);
    if (r < 0)
        return r;
    struct str fits = bytes;
    if (fault->bytes_left >= 0 && (uint64_t)fault->bytes_left < bytes.n)
        fits = str_sub(bytes, 0, (size_t)fault->bytes_left);
    r = io_write_at(file_of(f)->under, fits, at);
    if (r < 0)
        return r;
    fault->n_bytes += fits.n;
    if (fault->bytes_left >= 0)
        fault->bytes_left -= (int64_t)fits.n;
    return fits.n < bytes.n ? -ERR_NO_SPACE : 0;
}

static int fault_sync(struct io_file *f)
{
    struct io_fault *fault = file_of(f)->fault;
    int r = enter(fault);
    if (r < 0)
        return r;
    fault->n_syncs++;
    return strikes(&fault->syncs_left) ? -ERR_IO : io_sync(file_of(f)->under);
}

static int fault_allocate(struct io_file *f, uint64_t size)
{
    int r = enter(file_of(f)->fault);
    if (r < 0)
        return r;
    return file_of(f)->fault->bytes_left == 0 ? -ERR_NO_SPACE : io_allocate(file_of(f)->under, size);
}

static int fault_truncate(struct io_file *f, uint64_t size)
{
    int r = enter(file_of(f)->fault);
    return r < 0 ? r : io_truncate(file_of(f)->under, size);
}

static int fault_size(struct io_file *f, uint64_t *ret)
{
    int r = enter(file_of(f)->fault);
    return r < 0 ? r : io_size(file_of(f)->under, ret);
}

static int fault_sync_dir(struct io *io, struct str path)
{
    int r = enter(fault_of(io));
    return r < 0 ? r : io_sync_dir(fault_of(io)->under, path);
}

static int fault_rename(struct io *io, struct str from, struct str to)
{
    int r = enter(fault_of(io));
    return r < 0 ? r : io_rename(fault_of(io)->under, from, to);
}

static int fault_unlink(struct io *io, struct str path)
{
    int r = enter(fault_of(io));
    return r < 0 ? r : io_unlink(fault_of(io)->under, path);
}

static int fault_mkdir(struct io *io, struct str path)
{
    int r = enter(fault_of(io));
    return r < 0 ? r : io_mkdir(fault_of(io)->under, path);
}

static int fault_list(struct io *io, struct str path, int (*on_name)(void *ctx, struct str name), void *ctx)
{
    int r = enter(fault_of(io));
    return r < 0 ? r : io_list(fault_of(io)->under, path, on_name, ctx);
}

static const struct io_ops fault_ops = {
    .open = fault_open,
    .close = fault_close,
    .read_at = fault_read_at,
    .write_at = fault_write_at,
    .sync = fault_sync,
    .allocate = fault_allocate,
    .truncate = fault_truncate,
    .size = fault_size,
    .sync_dir = fault_sync_dir,
    .rename = fault_rename,
    .unlink = fault_unlink,
    .mkdir = fault_mkdir,
    .list = fault_list,
    .lock = fault_lock,
};

void io_fault_init(struct io_fault *f, struct io *under)
{
    *f = (struct io_fault){.io = {&fault_ops}, .under = under, .syncs_left = -1, .bytes_left = -1, .ops_left = -1};
}
