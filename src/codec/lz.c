/*
 * codec/lz.c - a skin over liblz4, which is the only thing here that knows the format.
 */
#include "codec/lz.h"

#include "base/err.h"

#include <lz4.h>

#define LENGTH_BYTES 4
/* Records repeat whole sentences: looking at every fourth byte finds them in half the time, at 4 % more bytes. */
#define ACCELERATION 4
#define WHOLE_BYTES_MAX ((size_t)1 << 30)

int lz_pack(struct str bytes, struct buf *out)
{
    if (bytes.n > WHOLE_BYTES_MAX)
        return err_trace(-ERR_TOO_LARGE);
    int most = LZ4_compressBound((int)bytes.n);
    int r = buf_reserve(out, LENGTH_BYTES + (size_t)most);
    if (r < 0)
        return r;
    char *p = out->p + out->n;
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        p[i] = (char)(bytes.n >> (8 * i));
    int n = LZ4_compress_fast(bytes.n ? bytes.p : "", p + LENGTH_BYTES, (int)bytes.n, most, ACCELERATION);
    if (n <= 0)
        return err_trace(-ERR_NOMEM); /* there is room: it lacks its own memory */
    out->n += LENGTH_BYTES + (size_t)n;
    return 0;
}

static size_t length_of(struct str packed)
{
    size_t n = 0;
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        n |= (size_t)(unsigned char)packed.p[i] << (8 * i);
    return n;
}

int lz_unpack(struct str packed, struct buf *out)
{
    if (packed.n <= LENGTH_BYTES || packed.n - LENGTH_BYTES > WHOLE_BYTES_MAX)
        return err_trace(-ERR_INVALID);
    size_t whole = length_of(packed);
    if (whole > WHOLE_BYTES_MAX)
        return err_trace(-ERR_INVALID);
    int r = buf_reserve(out, whole ? whole : 1);
    if (r < 0)
        return r;
    int n = LZ4_decompress_safe(packed.p + LENGTH_BYTES, out->p + out->n, (int)(packed.n - LENGTH_BYTES), (int)whole);
    if (n < 0 || (size_t)n != whole)
        return err_trace(-ERR_INVALID);
    out->n += whole;
    return 0;
}
