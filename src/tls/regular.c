/*
 * tls/regular.c - what OpenSSL may be given as a file: opening a FIFO would wait for its writer, and a reload with it.
 */
#include "tls/tls_impl.h"

#include <sys/stat.h>

bool tls_is_regular(const char *path)
{
    struct stat st;
    return stat(path, &st) < 0 || S_ISREG(st.st_mode); /* why there is none, OpenSSL says */
}

const char *tls_file_reason(const char *path)
{
    return tls_is_regular(path) ? tls_library_reason() : "it is not a regular file";
}
