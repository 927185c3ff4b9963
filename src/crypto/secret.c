/*
 * crypto/secret.c - where a credential lives, and how it gets there.
 *
 * The struct itself sits in the protected pages in front of the bytes. Locking and keeping it out of dumps are best
 * effort: a container may forbid both, and core dumps are off besides.
 */
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "crypto/hash.h"

#define SECRET_MAGIC 0x5ec2e75e
#define PATH_BYTES_MAX 4095

struct secret {
    uint32_t magic;
    size_t n_mapped;
    size_t n;
    char bytes[];
};

/* What a header field can carry without being read as something else. */
static bool is_visible(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return false;
    return s.n > 0 && s.p[0] != ' ' && s.p[s.n - 1] != ' ';
}

int secret_new(struct str value, struct secret **ret)
{
    if (value.n > SECRET_BYTES_MAX)
        return err_trace(-ERR_TOO_LARGE);
    if (!is_visible(value))
        return err_trace(-ERR_INVALID);

    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t n_mapped = (sizeof(struct secret) + value.n + page - 1) / page * page;
    struct secret *s = mmap(NULL, n_mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED)
        return err_trace(-ERR_NOMEM);
    (void)madvise(s, n_mapped, MADV_DONTDUMP);
    (void)mlock(s, n_mapped);
    s->magic = SECRET_MAGIC;
    s->n_mapped = n_mapped;
    s->n = value.n;
    memcpy(s->bytes, value.p, value.n);
    check(mprotect(s, n_mapped, PROT_READ) == 0);
    *ret = s;
    return 0;
}

void secret_free(struct secret *s)
{
    if (!s)
        return;
    check(s->magic == SECRET_MAGIC);
    size_t n_mapped = s->n_mapped;
    check(mprotect(s, n_mapped, PROT_READ | PROT_WRITE) == 0);
    bytes_wipe(s, n_mapped);
    check(munmap(s, n_mapped) == 0);
}

struct str secret_reveal(const struct secret *s)
{
    check(s->magic == SECRET_MAGIC);
    return (struct str){s->bytes, s->n};
}

bool secret_equals(const struct secret *s, struct str presented)
{
    check(s->magic == SECRET_MAGIC);
    return s->n == presented.n && bytes_equal(s->bytes, presented.p, s->n);
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static int refuse(struct buf *error, int r, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (error)
        (void)buf_add_c(error, text); /* a short buffer shortens the text, not the verdict */
    return err_trace(r);
}

static int make(struct str value, const char *what, struct str name, struct buf *error, struct secret **ret)
{
    if (value.n == 0)
        return refuse(error, -ERR_INVALID, "%s " STR_FMT " is empty", what, STR_ARG(name));
    int r = secret_new(value, ret);
    if (r == -ERR_TOO_LARGE)
        return refuse(error, r, "%s " STR_FMT " holds more than %d bytes", what, STR_ARG(name), SECRET_BYTES_MAX);
    if (r == -ERR_INVALID)
        return refuse(error, r, "%s " STR_FMT " holds a byte that no header can carry (a line end, a control byte, a "
                      "space at an end, or not ASCII)", what, STR_ARG(name));
    return r < 0 ? refuse(error, r, "%s " STR_FMT ": %s", what, STR_ARG(name), err_text(r)) : 0;
}

/* A variable's name as C wants it; false: no variable can have it. */
static bool env_name(struct str name, char out[256])
{
    if (!str_is_token(name, "_", 255))
        return false;
    memcpy(out, name.p, name.n);
    out[name.n] = 0;
    return true;
}

static int load_env(struct str name, struct buf *error, struct secret **ret)
{
    char c_name[256];
    if (!env_name(name, c_name))
        return refuse(error, -ERR_INVALID, "env: wants the name of a variable ([A-Za-z0-9_])");
    const char *value = getenv(c_name);
    if (!value)
        return refuse(error, -ERR_NOT_FOUND, "environment variable %s is not set", c_name);
    return make(str_c(value), "environment variable", name, error, ret);
}

/* One line end, as editors and `echo` leave it. */
static struct str cut_line_end(struct str s)
{
    if (str_ends(s, STR("\n")))
        s.n--;
    if (str_ends(s, STR("\r")))
        s.n--;
    return s;
}

static int read_all(int fd, char *out, size_t n_max, size_t *ret_n)
{
    size_t n = 0;
    while (n < n_max) {
        ssize_t got = read(fd, out + n, n_max - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_from_errno(errno);
        if (got == 0)
            break;
        n += (size_t)got;
    }
    *ret_n = n;
    return 0;
}

static int load_open_file(int fd, struct str path, struct buf *error, struct secret **ret)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return refuse(error, -ERR_INVALID, "file " STR_FMT " is not a regular file", STR_ARG(path));
    if (st.st_mode & S_IROTH)
        return refuse(error, -ERR_DENIED, "file " STR_FMT " can be read by everyone (mode %04o): chmod 600 it",
                      STR_ARG(path), (unsigned)st.st_mode & 07777);

    char bytes[SECRET_BYTES_MAX + 3]; /* a line end, and one to see that there is more */
    size_t n = 0;
    int r = read_all(fd, bytes, sizeof bytes, &n);
    r = r < 0 ? refuse(error, r, "file " STR_FMT ": %s", STR_ARG(path), err_text(r))
              : make(cut_line_end((struct str){bytes, n}), "file", path, error, ret);
    bytes_wipe(bytes, sizeof bytes);
    return r;
}

static int load_file(struct str path, struct buf *error, struct secret **ret)
{
    char c_path[PATH_BYTES_MAX + 1];
    if (path.n == 0 || path.n > PATH_BYTES_MAX || str_has(path, '\0'))
        return refuse(error, -ERR_INVALID, "file: wants a path");
    memcpy(c_path, path.p, path.n);
    c_path[path.n] = 0;
    /* Without O_NONBLOCK a pipe in the file's place would stop us here. */
    int fd = open(c_path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        int r = err_from_errno(errno);
        return refuse(error, r, "file " STR_FMT ": %s", STR_ARG(path), err_text(r));
    }
    int r = load_open_file(fd, path, error, ret);
    close(fd);
    return r;
}

int secret_load(struct str ref, struct buf *error, struct secret **ret)
{
    struct str kind, rest;
    if (str_cut(ref, ':', &kind, &rest) && str_eq(kind, STR("env")))
        return load_env(rest, error, ret);
    if (str_cut(ref, ':', &kind, &rest) && str_eq(kind, STR("file")))
        return load_file(rest, error, ret);
    /* Perhaps the secret itself: it is not repeated. */
    return refuse(error, -ERR_INVALID, "a secret is named by env:NAME or file:PATH");
}

void secret_env_wipe(struct str ref)
{
    char c_name[256];
    if (!str_starts(ref, STR("env:")) || !env_name(str_sub(ref, 4, ref.n), c_name))
        return;
    char *value = getenv(c_name);
    if (value)
        bytes_wipe(value, strlen(value));
    unsetenv(c_name);
}
