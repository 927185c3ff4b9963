/*
 * io/whole_file.c - small files, read and replaced whole.
 */
#include "io/whole_file.h"

#include <string.h>

#include "base/err.h"

static int read_open(struct io_file *f, size_t max_bytes, struct buf *out)
{
    /* By reading, not by size: what grows meanwhile, and files of /proc, end where reading ends. */
    size_t n_before = out->n, got;
    for (;;) {
        char piece[8192];
        int r = io_read_at(f, piece, sizeof piece, out->n - n_before, &got);
        if (r == 0 && got > max_bytes - (out->n - n_before))
            r = -ERR_TOO_LARGE;
        if (r == 0)
            r = buf_add(out, (struct str){piece, got});
        if (r < 0) {
            out->n = n_before;
            return err_trace(r);
        }
        if (got < sizeof piece)
            return 0;
    }
}

int io_read_file(struct io *io, struct str path, size_t max_bytes, struct buf *out)
{
    struct io_file *f;
    int r = io_open(io, path, IO_READ, &f);
    if (r < 0)
        return err_trace(r);
    r = read_open(f, max_bytes, out);
    io_close(f);
    return r;
}

/* The folder a path is in: "." for a bare name. */
static struct str folder_of(struct str path)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/')
        n--;
    while (n > 1 && path.p[n - 1] == '/')
        n--;
    return n ? str_sub(path, 0, n) : STR(".");
}

static int write_new(struct io *io, struct str path, struct str bytes)
{
    struct io_file *f;
    int r = io_open(io, path, IO_WRITE | IO_CREATE | IO_EMPTY, &f);
    if (r < 0)
        return err_trace(r);
    r = io_write_at(f, bytes, 0);
    if (r == 0)
        r = io_sync(f);
    io_close(f);
    return err_trace(r);
}

int io_replace_file(struct io *io, struct str path, struct str bytes)
{
    char text[IO_PATH_BYTES_MAX];
    static const char suffix[] = ".new";
    if (path.n + sizeof suffix > sizeof text)
        return err_trace(-ERR_TOO_LARGE);
    if (path.n == 0)
        return err_trace(-ERR_INVALID);
    memcpy(text, path.p, path.n);
    memcpy(text + path.n, suffix, sizeof suffix);
    struct str beside = {text, path.n + sizeof suffix - 1};

    int r = write_new(io, beside, bytes);
    if (r == 0)
        r = io_rename(io, beside, path);
    if (r < 0) {
        (void)io_unlink(io, beside); /* the first error is the one that says why */
        return err_trace(r);
    }
    return err_trace(io_sync_dir(io, folder_of(path)));
}

int io_mkdir_all(struct io *io, struct str path)
{
    int r = 0;
    if (path.n == 0)
        return err_trace(-ERR_INVALID);
    for (size_t n = 1; n <= path.n; n++) {
        if (n < path.n && path.p[n] != '/')
            continue;
        r = io_mkdir(io, str_sub(path, 0, n));
        /* A folder above that is there may answer anything but success to those who cannot write in it. */
        if (r < 0 && r != -ERR_EXISTS && n == path.n)
            return err_trace(r);
    }
    return 0;
}
