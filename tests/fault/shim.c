/*
 * tests/fault/shim.c - a bad disk under the real daemon, by LD_PRELOAD: syncs and writes fail, are short, or find the
 * disk full. Test only; nothing of the product is in it.
 *
 *   (1) only files below SHIM_DIR are touched, and of those only the kinds that `files` names.
 *   (2) what happens is said while the daemon runs, through SHIM_CONTROL: a file of struct control, mapped by both
 * sides. All zero: the disk is well.
 *
 * Full means what a full file system means: room that a file has may be overwritten, more is refused. FULL_STRICT is
 * one that has to copy on write: no write works.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILES_JOURNAL 1
#define FILES_STORE 2
#define FULL 1
#define FULL_STRICT 2

/* In 64-bit words, in this order; tests/fault/disk.py knows it too. */
struct control {
    int64_t files;       /* which: FILES_*, 0 none */
    int64_t sync_fails;  /* the n-th sync from now fails with EIO; counts down to 0 */
    int64_t sync_ms;     /* how long that one takes before it fails */
    int64_t write_fails; /* the n-th write from now fails with EIO */
    int64_t is_full;     /* FULL or FULL_STRICT */
    int64_t is_short;    /* writes take half of what they are given */
    int64_t n_syncs, n_writes, n_refused;
    int64_t failed_at_ns; /* CLOCK_MONOTONIC at the start of what failed with EIO */
};

static struct control none, *control = &none;
static char folder[4096];
static size_t folder_n;

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fallocate)(int, int, off_t, off_t);
static int (*real_ftruncate)(int, off_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);

__attribute__((constructor)) static void shim_start(void)
{
    const char *dir = getenv("SHIM_DIR"), *file = getenv("SHIM_CONTROL");
    *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
    *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    *(void **)&real_write = dlsym(RTLD_NEXT, "write");
    *(void **)&real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    *(void **)&real_fallocate = dlsym(RTLD_NEXT, "fallocate64");
    *(void **)&real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    if (!dir || !file)
        return;
    snprintf(folder, sizeof(folder), "%s/", dir);
    folder_n = strlen(folder);
    int fd = open(file, O_RDWR | O_CLOEXEC);
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        fprintf(stderr, "shim: cannot map %s\n", file);
        _exit(99);
    }
    close(fd);
    control = p;
}

/* FILES_*, or 0: none of the daemon's files that this is about. */
static int64_t kind_of(int fd)
{
    char link[32], path[4096];
    if (!folder_n)
        return 0;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    if (n <= (ssize_t)folder_n || memcmp(path, folder, folder_n) != 0)
        return 0;
    path[n] = 0;
    return strncmp(path + folder_n, "journal/", 8) == 0      ? FILES_JOURNAL
           : strncmp(path + folder_n, "flyball.db", 10) == 0 ? FILES_STORE
                                                             : 0;
}

static bool is_ours(int fd)
{
    return control->files && (control->files & kind_of(fd));
}

static int counts_down(int64_t *n)
{
    int64_t had = __atomic_load_n(n, __ATOMIC_SEQ_CST);
    while (had > 0)
        if (__atomic_compare_exchange_n(n, &had, had - 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return had == 1;
    return 0;
}

static int fails(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    __atomic_store_n(&control->failed_at_ns, (int64_t)t.tv_sec * 1000000000 + t.tv_nsec, __ATOMIC_SEQ_CST);
    return EIO;
}

static int refuses_space(void)
{
    __atomic_add_fetch(&control->n_refused, 1, __ATOMIC_SEQ_CST);
    return ENOSPC;
}

static int is_beyond(int fd, off_t end)
{
    struct stat st;
    return fstat(fd, &st) < 0 || end > st.st_size;
}

/* 0, or the errno that the write up to `end` fails with. */
static int write_verdict(int fd, off_t end)
{
    __atomic_add_fetch(&control->n_writes, 1, __ATOMIC_SEQ_CST);
    if (counts_down(&control->write_fails))
        return fails();
    int64_t full = __atomic_load_n(&control->is_full, __ATOMIC_SEQ_CST);
    return full == FULL_STRICT || (full == FULL && is_beyond(fd, end)) ? refuses_space() : 0;
}

static size_t shortened(size_t n)
{
    return n > 1 && __atomic_load_n(&control->is_short, __ATOMIC_SEQ_CST) ? (n + 1) / 2 : n;
}

static int sync_verdict(void)
{
    __atomic_add_fetch(&control->n_syncs, 1, __ATOMIC_SEQ_CST);
    if (!counts_down(&control->sync_fails))
        return 0;
    int e = fails();
    struct timespec t = {control->sync_ms / 1000, control->sync_ms % 1000 * 1000000};
    nanosleep(&t, NULL);
    return e;
}

/* --- what is interposed ------------------------------------------------------------------------------------------- */

static int failed(int e)
{
    errno = e;
    return -1;
}

int fsync(int fd)
{
    int e = is_ours(fd) ? sync_verdict() : 0;
    if (e)
        return failed(e);
    return real_fsync(fd);
}

int fdatasync(int fd)
{
    int e = is_ours(fd) ? sync_verdict() : 0;
    if (e)
        return failed(e);
    return real_fdatasync(fd);
}

ssize_t write(int fd, const void *p, size_t n)
{
    if (!is_ours(fd))
        return real_write(fd, p, n);
    off_t at = lseek(fd, 0, SEEK_CUR);
    int e = write_verdict(fd, at + (off_t)n);
    if (e)
        return failed(e);
    return real_write(fd, p, shortened(n));
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
    if (!is_ours(fd))
        return real_pwrite(fd, p, n, at);
    int e = write_verdict(fd, at + (off_t)n);
    if (e)
        return failed(e);
    return real_pwrite(fd, p, shortened(n), at);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return pwrite64(fd, p, n, at);
}

/* A mapped segment gets past all of this, so that none can be had, unless SHIM_MAPS says so. */
void *mmap64(void *at, size_t n, int prot, int flags, int fd, off_t from)
{
    bool is_segment = fd >= 0 && (flags & MAP_SHARED) && kind_of(fd) == FILES_JOURNAL;
    if (!real_mmap)
        *(void **)&real_mmap = dlsym(RTLD_NEXT, "mmap64");
    if (is_segment && !getenv("SHIM_MAPS")) {
        errno = ENODEV;
        return MAP_FAILED;
    }
    return real_mmap(at, n, prot, flags, fd, from);
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t from)
{
    return mmap64(at, n, prot, flags, fd, from);
}

int fallocate64(int fd, int mode, off_t at, off_t n)
{
    if (is_ours(fd) && __atomic_load_n(&control->is_full, __ATOMIC_SEQ_CST))
        return failed(refuses_space());
    return real_fallocate(fd, mode, at, n);
}

int fallocate(int fd, int mode, off_t at, off_t n)
{
    return fallocate64(fd, mode, at, n);
}

int posix_fallocate64(int fd, off_t at, off_t n)
{
    return fallocate64(fd, 0, at, n) < 0 ? errno : 0;
}

int posix_fallocate(int fd, off_t at, off_t n)
{
    return posix_fallocate64(fd, at, n);
}

int ftruncate64(int fd, off_t size)
{
    if (is_ours(fd) && __atomic_load_n(&control->is_full, __ATOMIC_SEQ_CST) && is_beyond(fd, size))
        return failed(refuses_space());
    return real_ftruncate(fd, size);
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}
