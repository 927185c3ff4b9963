/*
 * tls/regular.c - what OpenSSL may be given as a file: opening a FIFO would wait for its writer, and a reload with it.
 */
#include "tls/tls_impl.h"

#include <sys/stat.h>

bool tls_is_regular(const char *path, struct buf *error)
{
    struct stat st;
    if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
        return true; /* why there is none, OpenSSL says */
    buf_printf(error, "%s is not a regular file", path);
    return false;
}
