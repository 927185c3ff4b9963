/*
 * io/files.h - files behind a table of functions, so that a simulation or a fault test can stand in for the disk.
 *
 *   (1) no call is half done and called done: reads and writes go on over short counts and signals.
 *   (2) a failed write may have written some of its bytes; a failed sync says nothing about what is on the disk.
 *   (3) what is put into a mapped file stands in it at once, for whoever reads it and whatever becomes of the process,
 *       and is durable after io_sync like what was written.
 *   (4) new files are 0600, new folders 0700, and every descriptor is closed on exec.
 *
 * Errors: -ERR_NOT_FOUND, -ERR_EXISTS, -ERR_NO_SPACE (disk or quota full), -ERR_BUSY (locked by another), -ERR_DENIED,
 * -ERR_INVALID (a path with a NUL, or empty), -ERR_TOO_LARGE (a path too long), -ERR_NOMEM, and -ERR_IO for all else.
 * Paths are bytes, copied where they must last. Several threads may use one file at once: each access names its place.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#define IO_PATH_BYTES_MAX 4095

enum io_flags {
    IO_READ = 1, /* alone, opening never waits: a FIFO fails with -ERR_IO when it is read */
    IO_WRITE = 2,
    IO_CREATE = 4,    /* where it is not there */
    IO_EXCLUSIVE = 8, /* with IO_CREATE: -ERR_EXISTS where it is */
    IO_EMPTY = 16,    /* cuts it to nothing */
};

struct io;
struct io_file;

struct io_ops {
    int (*open)(struct io *io, struct str path, unsigned flags, struct io_file **ret);
    void (*close)(struct io_file *f);
    int (*read_at)(struct io_file *f, void *p, size_t n, uint64_t at, size_t *ret_n);
    int (*write_at)(struct io_file *f, struct str bytes, uint64_t at);
    int (*sync)(struct io_file *f);
    int (*allocate)(struct io_file *f, uint64_t size);
    int (*truncate)(struct io_file *f, uint64_t size);
    int (*map)(struct io_file *f, uint64_t size, uint8_t **ret); /* may be NULL: -ERR_UNSUPPORTED */
    void (*unmap)(uint8_t *p, uint64_t size);
    void (*warm)(uint8_t *p, uint64_t size); /* may be NULL: nothing is gained */
    int (*size)(struct io_file *f, uint64_t *ret);
    int (*sync_dir)(struct io *io, struct str path);
    int (*rename)(struct io *io, struct str from, struct str to);
    int (*unlink)(struct io *io, struct str path);
    int (*mkdir)(struct io *io, struct str path);
    int (*list)(struct io *io, struct str path, int (*on_name)(void *ctx, struct str name), void *ctx);
    int (*lock)(struct io *io, struct str path, struct io_file **ret);
};

/* Implementations embed these as their first members. */
struct io {
    const struct io_ops *ops;
};
struct io_file {
    const struct io_ops *ops;
};

/* The system's own files. Stateless: any thread, never freed. */
struct io *io_system(void);

static inline int io_open(struct io *io, struct str path, unsigned flags, struct io_file **ret)
{
    return io->ops->open(io, path, flags, ret);
}
/* NULL is fine. Says nothing of failure: what must be on the disk is synced before. */
static inline void io_close(struct io_file *f)
{
    if (f)
        f->ops->close(f);
}
/* *ret_n < n only at the end of the file. */
static inline int io_read_at(struct io_file *f, void *p, size_t n, uint64_t at, size_t *ret_n)
{
    return f->ops->read_at(f, p, n, at, ret_n);
}
/* All bytes, in one system call where the system takes them in one. */
static inline int io_write_at(struct io_file *f, struct str bytes, uint64_t at)
{
    return f->ops->write_at(f, bytes, at);
}
/* fdatasync: the bytes and what is needed to read them back. A new file's name needs io_sync_dir too. */
static inline int io_sync(struct io_file *f) { return f->ops->sync(f); }
/* The file is at least `size` long, its room reserved where the file system can; new bytes are zero. */
static inline int io_allocate(struct io_file *f, uint64_t size) { return f->ops->allocate(f, size); }
/*
 * The first `size` bytes of a file that is open for both, as memory. Putting bytes there cannot fail, so it is only
 * given where the room is reserved for good: -ERR_UNSUPPORTED on file systems that copy on write or do not say, and
 * elsewhere than in the system's own files. A disk that cannot be read under it ends the process (SIGBUS).
 */
static inline int io_map(struct io_file *f, uint64_t size, uint8_t **ret)
{
    return f->ops->map ? f->ops->map(f, size, ret) : -ERR_UNSUPPORTED;
}
static inline void io_unmap(struct io_file *f, uint8_t *p, uint64_t size) { f->ops->unmap(p, size); }
/* Pages of a mapping that will be written to soon are made ready now, so that no fault has to be waited for then. */
static inline void io_warm(struct io_file *f, uint8_t *p, uint64_t size)
{
    if (f->ops->warm)
        f->ops->warm(p, size);
}
static inline int io_truncate(struct io_file *f, uint64_t size) { return f->ops->truncate(f, size); }
static inline int io_size(struct io_file *f, uint64_t *ret) { return f->ops->size(f, ret); }
/* Makes names made, changed and removed in this folder durable. */
static inline int io_sync_dir(struct io *io, struct str path) { return io->ops->sync_dir(io, path); }
/* Replaces `to` in one step. */
static inline int io_rename(struct io *io, struct str from, struct str to) { return io->ops->rename(io, from, to); }
static inline int io_unlink(struct io *io, struct str path) { return io->ops->unlink(io, path); }
/* One level; -ERR_EXISTS where something of that name is. */
static inline int io_mkdir(struct io *io, struct str path) { return io->ops->mkdir(io, path); }
/* Each name but "." and "..", in byte order; a negative return of on_name stops and is passed up. */
static inline int io_list(struct io *io, struct str path, int (*on_name)(void *ctx, struct str name), void *ctx)
{
    return io->ops->list(io, path, on_name, ctx);
}
/* Makes the file if needed and locks it against other processes until io_close or the end of ours. -ERR_BUSY. */
static inline int io_lock(struct io *io, struct str path, struct io_file **ret) { return io->ops->lock(io, path, ret); }

/* Writes behind the last byte. One writer only. */
int io_append(struct io_file *f, struct str bytes);
