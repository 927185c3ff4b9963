/*
 * codec/gzip.c - a skin over zlib, which is the only thing here that knows the format.
 */
#include "codec/gzip.h"

#include "base/err.h"

#include <stdlib.h>
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

/* --- out of it ---------------------------------------------------------------------------------------------------- */

#define ROOM_BYTES 65536 /* taken at a time */

struct gunzip {
    z_stream z;
    bool is_whole; /* at the end of a member */
};

struct gunzip *gunzip_new(void)
{
    struct gunzip *g = calloc(1, sizeof *g);
    if (g && inflateInit2(&g->z, WINDOW_BITS_GZIP) != Z_OK) {
        free(g);
        return NULL;
    }
    return g;
}

void gunzip_free(struct gunzip *g)
{
    if (!g)
        return;
    (void)inflateEnd(&g->z);
    free(g);
}

/* As much room as there is, up to ROOM_BYTES. */
static int make_room(struct buf *out, size_t *ret_n)
{
    size_t left = out->max_bytes - out->n, n = left < ROOM_BYTES ? left : ROOM_BYTES;
    if (n == 0)
        return err_trace(-ERR_TOO_LARGE);
    int r = buf_reserve(out, n);
    *ret_n = n;
    return err_trace(r);
}

int gunzip_add(struct gunzip *g, struct str bytes, struct buf *out)
{
    z_stream *z = &g->z;
    size_t room = 0;
    int e = Z_OK;
    z->next_in = (Bytef *)bytes.p;
    z->avail_in = (uInt)bytes.n;
    while (z->avail_in || (e == Z_OK && bytes.n && z->avail_out == 0)) {
        if (g->is_whole && inflateReset(z) != Z_OK)
            return err_trace(-ERR_INVALID);
        g->is_whole = false;
        int r = make_room(out, &room);
        if (r < 0)
            return r;
        z->next_out = (Bytef *)out->p + out->n;
        z->avail_out = (uInt)room;
        e = inflate(z, Z_NO_FLUSH);
        out->n += room - z->avail_out;
        if (e != Z_OK && e != Z_STREAM_END && e != Z_BUF_ERROR)
            return err_trace(e == Z_MEM_ERROR ? -ERR_NOMEM : -ERR_INVALID);
        g->is_whole = e == Z_STREAM_END;
        if (e == Z_BUF_ERROR)
            break;
    }
    return 0;
}

bool gunzip_is_whole(const struct gunzip *g)
{
    return g->is_whole;
}
