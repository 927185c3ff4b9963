/*
 * io/io_system.c - the system's own files. errno ends here.
 */
#include "io/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"

/* What one system call takes at most (Linux: 0x7ffff000), kept even. */
#define ONE_CALL_BYTES_MAX ((size_t)1 << 30)

struct system_file {
    struct io_file file; /* first: handed out as struct io_file */
    int fd;
};

struct c_path {
    char text[IO_PATH_BYTES_MAX + 1];
};

static int c_path(struct str path, struct c_path *ret)
{
    if (path.n == 0 || str_has(path, '\0'))
        return -ERR_INVALID;
    if (path.n > IO_PATH_BYTES_MAX)
        return -ERR_TOO_LARGE;
    memcpy(ret->text, path.p, path.n);
    ret->text[path.n] = 0;
    return 0;
}

/* The header promises a few codes; what callers cannot act on is -ERR_IO. */
static int translate(int e)
{
    int r = err_from_errno(e);
    switch (-r) {
    case ERR_NOT_FOUND:
    case ERR_EXISTS:
    case ERR_NO_SPACE:
    case ERR_BUSY:
    case ERR_DENIED:
    case ERR_TOO_LARGE:
    case ERR_NOMEM:
        return r;
    default:
        return -ERR_IO;
    }
}

static int last_error(void)
{
    return err_trace(translate(errno));
}

static int fd_of(struct io_file *f)
{
    return ((struct system_file *)f)->fd;
}

static int open_again(const char *path, int flags)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC, 0600);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static const struct io_ops system_ops;

static int open_as(struct str path, int flags, struct io_file **ret)
{
    struct c_path p;
    int r = c_path(path, &p);
    if (r < 0)
        return err_trace(r);
    struct system_file *f = malloc(sizeof *f);
    if (!f)
        return err_trace(-ERR_NOMEM);
    f->file.ops = &system_ops;
    f->fd = open_again(p.text, flags);
    if (f->fd < 0) {
        r = last_error();
        free(f);
        return r;
    }
    *ret = &f->file;
    return 0;
}

static int system_open(struct io *io, struct str path, unsigned flags, struct io_file **ret)
{
    check(flags & (IO_READ | IO_WRITE));
    int how = !(flags & IO_WRITE) ? O_RDONLY : flags & IO_READ ? O_RDWR : O_WRONLY;
    if (flags & IO_CREATE)
        how |= O_CREAT;
    if (flags & IO_EXCLUSIVE)
        how |= O_EXCL;
    if (flags & IO_EMPTY)
        how |= O_TRUNC;
    if (!(flags & IO_WRITE))
        how |= O_NONBLOCK; /* a FIFO is no file for any of us: it fails where it is read, and is not waited for here */
    return open_as(path, how, ret);
}

static void system_close(struct io_file *f)
{
    close(fd_of(f));
    free(f);
}

static int system_read_at(struct io_file *f, void *p, size_t n, uint64_t at, size_t *ret_n)
{
    size_t done = 0;
    while (done < n) {
        size_t want = n - done < ONE_CALL_BYTES_MAX ? n - done : ONE_CALL_BYTES_MAX;
        ssize_t got = pread(fd_of(f), (char *)p + done, want, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return last_error();
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *ret_n = done;
    return 0;
}

static int system_write_at(struct io_file *f, struct str bytes, uint64_t at)
{
    size_t done = 0;
    while (done < bytes.n) {
        size_t want = bytes.n - done < ONE_CALL_BYTES_MAX ? bytes.n - done : ONE_CALL_BYTES_MAX;
        ssize_t put = pwrite(fd_of(f), bytes.p + done, want, (off_t)(at + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return last_error();
        if (put == 0)
            return err_trace(-ERR_IO);
        done += (size_t)put;
    }
    return 0;
}

/* Never repeated: after a failed sync the kernel may have dropped the bytes, and a second try would lie. */
static int system_sync(struct io_file *f)
{
    return fdatasync(fd_of(f)) < 0 ? last_error() : 0;
}

static int system_size(struct io_file *f, uint64_t *ret)
{
    struct stat st;
    if (fstat(fd_of(f), &st) < 0)
        return last_error();
    *ret = (uint64_t)st.st_size;
    return 0;
}

static int system_truncate(struct io_file *f, uint64_t size)
{
    int r;
    do
        r = ftruncate(fd_of(f), (off_t)size);
    while (r < 0 && errno == EINTR);
    return r < 0 ? last_error() : 0;
}

static int system_allocate(struct io_file *f, uint64_t size)
{
    int r;
    if (size == 0)
        return 0;
    do
        r = fallocate(fd_of(f), 0, 0, (off_t)size);
    while (r < 0 && errno == EINTR);
    if (r == 0)
        return 0;
    if (errno != EOPNOTSUPP && errno != ENOSYS)
        return last_error();

    uint64_t now;
    r = system_size(f, &now);
    return r < 0 ? r : now < size ? system_truncate(f, size) : 0;
}

/* Where fallocate means that no later write can lack room: Linux's statfs(2) has the numbers. */
static bool reserves_for_good(int fd)
{
    static const uint32_t TYPES[] = {0xef53 /* ext4 */, 0x58465342 /* XFS */, 0x01021994 /* tmpfs */};
    struct statfs s;
    if (fstatfs(fd, &s) < 0)
        return false;
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if ((uint32_t)s.f_type == TYPES[i])
            return true;
    return false;
}

static int system_map(struct io_file *f, uint64_t size, uint8_t **ret)
{
    if (!reserves_for_good(fd_of(f)) || fallocate(fd_of(f), 0, 0, (off_t)size) < 0)
        return -ERR_UNSUPPORTED;
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd_of(f), 0);
    if (p == MAP_FAILED)
        return -ERR_UNSUPPORTED;
    *ret = p;
    return 0;
}

static void system_unmap(uint8_t *p, uint64_t size)
{
    munmap(p, size);
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; older ones refuse it, and pages come one by one */
#endif
static void system_warm(uint8_t *p, uint64_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)p & ~(page - 1);
    (void)madvise((void *)from, (size_t)((uintptr_t)p + size - from), MADV_POPULATE_WRITE);
}

static int system_sync_dir(struct io *io, struct str path)
{
    struct c_path p;
    int r = c_path(path, &p);
    if (r < 0)
        return err_trace(r);
    int fd = open_again(p.text, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return last_error();
    r = fsync(fd) < 0 ? last_error() : 0;
    close(fd);
    return r;
}

static int system_rename(struct io *io, struct str from, struct str to)
{
    struct c_path a, b;
    int r = c_path(from, &a);
    if (r == 0)
        r = c_path(to, &b);
    if (r < 0)
        return err_trace(r);
    return rename(a.text, b.text) < 0 ? last_error() : 0;
}

static int system_unlink(struct io *io, struct str path)
{
    struct c_path p;
    int r = c_path(path, &p);
    if (r < 0)
        return err_trace(r);
    return unlink(p.text) < 0 ? last_error() : 0;
}

static int system_mkdir(struct io *io, struct str path)
{
    struct c_path p;
    int r = c_path(path, &p);
    if (r < 0)
        return err_trace(r);
    return mkdir(p.text, 0700) < 0 ? last_error() : 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_no_dots(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int system_list(struct io *io, struct str path, int (*on_name)(void *ctx, struct str name), void *ctx)
{
    struct c_path p;
    struct dirent **names;
    int r = c_path(path, &p);
    if (r < 0)
        return err_trace(r);
    int n = scandir(p.text, &names, is_no_dots, by_bytes);
    if (n < 0)
        return last_error();
    for (int i = 0; i < n; i++) {
        if (r >= 0)
            r = on_name(ctx, str_c(names[i]->d_name));
        free(names[i]);
    }
    free(names);
    return r < 0 ? r : 0;
}

/* flock goes with the open file, not with the process: a second lock in the same process is refused too. */
static int system_lock(struct io *io, struct str path, struct io_file **ret)
{
    struct io_file *f;
    int r = open_as(path, O_RDWR | O_CREAT, &f);
    if (r < 0)
        return r;
    if (flock(fd_of(f), LOCK_EX | LOCK_NB) < 0) {
        r = last_error();
        system_close(f);
        return r;
    }
    *ret = f;
    return 0;
}

static const struct io_ops system_ops = {
    .open = system_open,
    .close = system_close,
    .read_at = system_read_at,
    .write_at = system_write_at,
    .sync = system_sync,
    .allocate = system_allocate,
    .truncate = system_truncate,
    .map = system_map,
    .unmap = system_unmap,
    .warm = system_warm,
    .size = system_size,
    .sync_dir = system_sync_dir,
    .rename = system_rename,
    .unlink = system_unlink,
    .mkdir = system_mkdir,
    .list = system_list,
    .lock = system_lock,
};

struct io *io_system(void)
{
    static struct io io = {&system_ops};
    return &io;
}
