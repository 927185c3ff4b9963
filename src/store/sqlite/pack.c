/*
 * store/sqlite/pack.c - writes and reads the bytes of store/sqlite/pack.h.
 */
#include "store/sqlite/pack.h"

#include "base/err.h"
#include "codec/lz.h"

#include <string.h>

#define LENGTH_BYTES 4
#define HEAD_BYTES (FRAME_HEADER_BYTES + CHAIN_BYTES + LENGTH_BYTES)

void pack_init(struct pack *p)
{
    *p = (struct pack){.full = PACK_BYTES};
    buf_init(&p->frames, PACK_BYTES_MAX);
    buf_init(&p->personal, PACK_BYTES_MAX);
}

void pack_deinit(struct pack *p)
{
    buf_deinit(&p->frames);
    buf_deinit(&p->personal);
}

void pack_reset(struct pack *p)
{
    buf_reset(&p->frames);
    buf_reset(&p->personal);
    p->first = p->last = 0;
}

static void put_length(uint8_t *out, size_t n)
{
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        out[i] = (uint8_t)(n >> (8 * i));
}

static uint64_t get_le(const char *p, size_t bytes)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n |= (uint64_t)(uint8_t)p[i] << (8 * i);
    return n;
}

int pack_add(struct pack *p, const struct frame *f)
{
    uint8_t head[HEAD_BYTES], length[LENGTH_BYTES];
    frame_header_bytes(f, head);
    memcpy(head + FRAME_HEADER_BYTES, f->chain, CHAIN_BYTES);
    put_length(head + FRAME_HEADER_BYTES + CHAIN_BYTES, f->body.n);
    put_length(length, f->personal.n);
    (void)buf_add(&p->frames, (struct str){(const char *)head, sizeof head}); /* noted in the buf */
    (void)buf_add(&p->frames, f->body);
    (void)buf_add(&p->personal, (struct str){(const char *)length, sizeof length});
    (void)buf_add(&p->personal, f->personal);
    if (buf_ok(&p->frames) < 0 || buf_ok(&p->personal) < 0)
        return err_trace(-ERR_TOO_LARGE);
    if (p->last == 0) {
        p->first = f->seq;
        p->at = f->at;
    }
    p->last = f->seq;
    return 0;
}

bool pack_is_full(const struct pack *p)
{
    return p->frames.n + p->personal.n >= p->full;
}

/* What comes next packs like what came: this many bytes became `packed`. */
static size_t full_of(size_t bytes, size_t packed)
{
    size_t full = bytes * PACK_PACKED_BYTES / packed;
    return full < PACK_BYTES_LEAST ? PACK_BYTES_LEAST : full > PACK_BYTES ? PACK_BYTES : full;
}

int pack_write(struct pack *p, struct buf *frames, struct buf *personal)
{
    size_t before = frames->n;
    int r = lz_pack(buf_str(&p->frames), frames);
    if (r == 0 && pack_is_full(p))
        p->full = full_of(p->frames.n + p->personal.n, frames->n - before);
    return r == 0 ? lz_pack(buf_str(&p->personal), personal) : r;
}

int pack_read(struct pack *p, struct str frames, struct str personal, struct pack_iter *ret)
{
    pack_reset(p);
    int r = lz_unpack(frames, &p->frames);
    if (r == 0 && personal.n)
        r = lz_unpack(personal, &p->personal);
    if (r < 0)
        return err_trace(r == -ERR_NOMEM ? r : -ERR_CORRUPT);
    *ret = (struct pack_iter){buf_str(&p->frames), buf_str(&p->personal)};
    return 0;
}

/* Takes n bytes off the front; false: it has not that many. */
static bool take(struct str *from, size_t n, struct str *ret)
{
    if (n > from->n)
        return false;
    *ret = (struct str){from->p, n};
    *from = (struct str){from->p + n, from->n - n};
    return true;
}

static bool take_text(struct str *from, struct str *ret)
{
    struct str length;
    return take(from, LENGTH_BYTES, &length) && take(from, (size_t)get_le(length.p, LENGTH_BYTES), ret);
}

int pack_next(struct pack_iter *it, struct frame *ret)
{
    struct str head, chain;
    struct frame f = {0};
    if (it->frames.n == 0)
        return it->personal.n == 0 ? PACK_R_END : err_trace(-ERR_CORRUPT);
    bool has_personal = it->personal.n > 0;
    if (!take(&it->frames, FRAME_HEADER_BYTES, &head) || !take(&it->frames, CHAIN_BYTES, &chain) ||
        !take_text(&it->frames, &f.body) || (has_personal && !take_text(&it->personal, &f.personal)))
        return err_trace(-ERR_CORRUPT);
    f.kind = (enum frame_kind)get_le(head.p, 1);
    f.version = (uint8_t)get_le(head.p + 1, 1);
    f.node = (uint32_t)get_le(head.p + 2, 4);
    f.epoch = (uint32_t)get_le(head.p + 6, 4);
    f.seq = get_le(head.p + 10, 8);
    f.at = (wall_t)get_le(head.p + 18, 8);
    memcpy(f.chain, chain.p, CHAIN_BYTES);
    *ret = f;
    return 0;
}
