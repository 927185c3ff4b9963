/*
 * store/sqlite/texts.c - frames that rows name, out of their packs.
 */
#include "base/err.h"
#include "store/sqlite/sqlite_impl.h"

#include <string.h>

int sqlite_frame_at(struct store_reader *reader, int64_t seq, struct frame *ret)
{
    int r = packs_frame(&reader->packs, (uint64_t)seq, ret);
    if (r < 0)
        return r == -ERR_NOT_FOUND ? err_trace(-ERR_CORRUPT) : r;
    r = arena_try_str(&reader->arena, ret->body, &ret->body);
    return r == 0 ? arena_try_str(&reader->arena, ret->personal, &ret->personal) : r;
}

int sqlite_call_texts(struct store_reader *reader, int64_t open_seq, int64_t close_seq, int64_t last_seq,
                      struct call_texts *ret)
{
    struct call_texts t = {(uint64_t)open_seq, (uint64_t)close_seq, (uint64_t)last_seq};
    struct frame open, close = {0}, last = {0};
    int r = sqlite_frame_at(reader, open_seq, &open);
    if (r == 0 && t.close_seq)
        r = sqlite_frame_at(reader, close_seq, &close);
    if (r == 0 && t.last_seq)
        r = sqlite_frame_at(reader, last_seq, &last);
    if (r < 0)
        return r;
    memcpy(t.chain, open.chain, CHAIN_BYTES);
    t.open = open.body;
    t.open_personal = open.personal;
    t.close = close.body;
    t.close_personal = close.personal;
    t.last = last.body;
    t.last_personal = last.personal;
    *ret = t;
    return 0;
}

int sqlite_texts_of_call(struct store_reader *reader, uint64_t open_seq, struct call_texts *ret)
{
    const struct call_row *row;
    int r = blocks_call(&reader->blocks, open_seq, &row);
    return r < 0 ? r
                 : sqlite_call_texts(reader, (int64_t)open_seq, (int64_t)row->close_seq, (int64_t)row->last_seq, ret);
}
