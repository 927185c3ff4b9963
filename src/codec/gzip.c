/*
 * codec/gzip.c - a skin over zlib, which is the only thing here that knows the format.
 */
#include "codec/gzip.h"

#include "base/err.h"

#include <zlib.h>

#define WHOLE_BYTES_MAX ((size_t)1 << 30)
#define WINDOW_BITS_GZIP (15 + 16)
#define MEMORY_LEVEL 8

static int deflate_whole(z_stream *z, struct str bytes, struct buf *out)
{
    size_t most = deflateBound(z, bytes.n);
    int r = buf_reserve(out, most);
    if (r < 0)
        return r;
    z->next_in = (Bytef *)bytes.p;
    z->avail_in = (uInt)bytes.n;
    z->next_out = (Bytef *)out->p + out->n;
    z->avail_out = (uInt)most;
    if (deflate(z, Z_FINISH) != Z_STREAM_END)
        return err_trace(-ERR_NOMEM); /* there is room: it lacks its own memory */
    out->n += most - z->avail_out;
    return 0;
}

int gzip_pack(struct str bytes, struct buf *out)
{
    z_stream z = {.next_in = NULL};
    if (bytes.n > WHOLE_BYTES_MAX)
        return err_trace(-ERR_TOO_LARGE);
    if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return err_trace(-ERR_NOMEM);
    int r = deflate_whole(&z, bytes, out);
    (void)deflateEnd(&z); /* says again what deflate said */
    return r;
}
