/*
 * base/err.c - names and texts of errors, and the way from errno to them.
 */
#include "base/err.h"

#include <errno.h>
#include <stddef.h>

#include "base/log.h"

static const struct {
    const char *name, *text;
} errs[ERR_COUNT] = {
    [ERR_NONE] = {"NONE", "no error"},
#define ERR(name, text) [ERR_##name] = {#name, text},
#include "base/err.tbl.h"
#undef ERR
};

static unsigned err_index(int r)
{
    unsigned i = r < 0 ? 0u - (unsigned)r : (unsigned)r;
    return i < ERR_COUNT ? i : ERR_COUNT;
}

const char *err_name(int r)
{
    unsigned i = err_index(r);
    return i < ERR_COUNT ? errs[i].name : "UNKNOWN";
}

const char *err_text(int r)
{
    unsigned i = err_index(r);
    return i < ERR_COUNT ? errs[i].text : "an error without a name";
}

int err_from_errno(int e)
{
    switch (e) {
    case 0:
        return 0;
    case ENOMEM:
        return -ERR_NOMEM;
    case ENOSPC:
    case EDQUOT:
        return -ERR_NO_SPACE;
    case EFBIG:
    case ENAMETOOLONG:
    case EMSGSIZE:
        return -ERR_TOO_LARGE;
    case EINVAL:
        return -ERR_INVALID;
    case ENOENT:
    case ENOTDIR:
        return -ERR_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY:
        return -ERR_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return -ERR_DENIED;
    case EADDRINUSE:
        return -ERR_ADDR_IN_USE;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRNOTAVAIL:
        return -ERR_CONNECT;
    case ECONNRESET:
    case ECONNABORTED:
        return -ERR_RESET;
    case EPIPE:
    case EBADF:
    case ESHUTDOWN:
        return -ERR_CLOSED;
    case ETIMEDOUT:
        return -ERR_TIMEOUT;
    case EOVERFLOW:
    case ERANGE:
        return -ERR_OVERFLOW;
    case EAGAIN:
    case EBUSY:
    case ETXTBSY:
        return -ERR_BUSY;
    case ENOSYS:
    case EOPNOTSUPP:
        return -ERR_UNSUPPORTED;
    default:
        return -ERR_IO;
    }
}

int err_trace_at(int r, const char *file, int line)
{
    if (r < 0)
        log_at(LOG_DEBUG, "err", "code=%s at=%s:%d", err_name(r), file, line);
    return r;
}
