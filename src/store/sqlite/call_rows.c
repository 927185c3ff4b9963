/*
 * store/sqlite/call_rows.c - writes and reads the bytes of store/sqlite/call_rows.h.
 */
#include "store/sqlite/call_rows.h"

#include "base/err.h"
#include "store/sqlite/sqlite_impl.h"

#define HAS_ENDED 1
#define HAS_HELD 2
#define HAS_SETTLED 4

#define VARINT_BYTES_MAX 10

/* The order is that of the bits. */
static const size_t TEXTS[] = {
    offsetof(struct call_row, call_id), offsetof(struct call_row, run_id),    offsetof(struct call_row, agent),
    offsetof(struct call_row, tenant),  offsetof(struct call_row, key),       offsetof(struct call_row, vendor),
    offsetof(struct call_row, mode),    offsetof(struct call_row, operation), offsetof(struct call_row, class),
    offsetof(struct call_row, verdict), offsetof(struct call_row, code),      offsetof(struct call_row, outcome),
    offsetof(struct call_row, model),
};
#define TEXT_COUNT (sizeof TEXTS / sizeof TEXTS[0])

static struct str *text_at(struct call_row *row, size_t i) { return (struct str *)(void *)((char *)row + TEXTS[i]); }

static const struct str *text_in(const struct call_row *row, size_t i)
{
    return (const struct str *)(const void *)((const char *)row + TEXTS[i]);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static char *put_varint(char *p, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        *p++ = (char)(n | 0x80);
    *p++ = (char)n;
    return p;
}

/* Differences of what a clock or a counter says may pass the range of an int64: they wrap, and wrap back. */
static char *put_zigzag(char *p, uint64_t n) { return put_varint(p, (n << 1) ^ (uint64_t)((int64_t)n >> 63)); }

static char *put_cost(char *p, struct cost_row c)
{
    if (!c.is_known)
        return p;
    p = put_zigzag(p, (uint64_t)c.nano);
    *p++ = (char)c.how;
    return p;
}

static char *put_numbers(char *p, const struct call_row *row, const struct call_row *last)
{
    p = put_varint(p, row->open_seq - last->open_seq);
    *p++ = (char)((row->ended_at ? HAS_ENDED : 0) | (row->held.is_known ? HAS_HELD : 0) |
                  (row->settled.is_known ? HAS_SETTLED : 0));
    p = put_zigzag(p, row->close_seq ? row->close_seq - row->open_seq : 0);
    p = put_zigzag(p, row->last_seq ? row->last_seq - row->open_seq : 0);
    p = put_zigzag(p, (uint64_t)row->started_at - (uint64_t)last->started_at);
    if (row->ended_at)
        p = put_zigzag(p, (uint64_t)row->ended_at - (uint64_t)row->started_at);
    p = put_cost(p, row->held);
    return put_cost(p, row->settled);
}

void call_rows_begin(struct call_rows_writer *w, uint64_t first_seq, struct buf *out)
{
    *w = (struct call_rows_writer){.out = out, .last.open_seq = first_seq};
}

void call_rows_put(struct call_rows_writer *w, const struct call_row *row)
{
    char head[11 * VARINT_BYTES_MAX], *p = put_numbers(head, row, &w->last);
    uint64_t differ = 0;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        if (!str_eq(*text_in(row, i), *text_in(&w->last, i)))
            differ |= (uint64_t)1 << i;
    p = put_varint(p, differ);
    (void)buf_add(w->out, (struct str){head, (size_t)(p - head)}); /* noted in the buf, here and below */
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        if (!(differ >> i & 1))
            continue;
        struct str text = *text_in(row, i);
        p = put_varint(head, text.n);
        (void)buf_add(w->out, (struct str){head, (size_t)(p - head)});
        (void)buf_add(w->out, text);
    }
    w->last = *row;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool take_varint(struct str *from, uint64_t *ret)
{
    uint64_t n = 0;
    for (size_t i = 0; i < from->n && i < VARINT_BYTES_MAX; i++) {
        uint8_t b = (uint8_t)from->p[i];
        n |= (uint64_t)(b & 0x7f) << (7 * i);
        if (b & 0x80)
            continue;
        *from = str_sub(*from, i + 1, from->n);
        *ret = n;
        return true;
    }
    return false;
}

static bool take_zigzag(struct str *from, uint64_t *ret)
{
    uint64_t n;
    if (!take_varint(from, &n))
        return false;
    *ret = (n >> 1) ^ (0 - (n & 1));
    return true;
}

static bool take_byte(struct str *from, uint8_t *ret)
{
    if (from->n == 0)
        return false;
    *ret = (uint8_t)from->p[0];
    *from = str_sub(*from, 1, from->n);
    return true;
}

static bool take_cost(struct str *from, bool is_known, struct cost_row *ret)
{
    uint64_t nano;
    uint8_t how;
    *ret = (struct cost_row){0};
    if (!is_known)
        return true;
    if (!take_zigzag(from, &nano) || !take_byte(from, &how) || how > HOW_PARSED)
        return false;
    *ret = (struct cost_row){true, (money_t)nano, (enum how)how};
    return true;
}

static bool take_numbers(struct str *from, struct call_row *row)
{
    uint64_t step, close, last, started, ended = 0;
    uint8_t has;
    if (!take_varint(from, &step) || !take_byte(from, &has) || !take_zigzag(from, &close) ||
        !take_zigzag(from, &last) || !take_zigzag(from, &started) ||
        ((has & HAS_ENDED) && !take_zigzag(from, &ended)) || !take_cost(from, has & HAS_HELD, &row->held) ||
        !take_cost(from, has & HAS_SETTLED, &row->settled))
        return false;
    row->open_seq += step;
    row->close_seq = close ? row->open_seq + close : 0;
    row->last_seq = last ? row->open_seq + last : 0;
    row->started_at = (wall_t)((uint64_t)row->started_at + started);
    row->ended_at = has & HAS_ENDED ? (wall_t)((uint64_t)row->started_at + ended) : 0;
    return true;
}

static bool take_texts(struct str *from, struct call_row *row)
{
    uint64_t differ, n;
    if (!take_varint(from, &differ) || differ >> TEXT_COUNT)
        return false;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        if (!(differ >> i & 1))
            continue;
        if (!take_varint(from, &n) || n > from->n)
            return false;
        *text_at(row, i) = (struct str){from->p, (size_t)n};
        *from = str_sub(*from, (size_t)n, from->n);
    }
    return true;
}

void call_rows_read(struct call_rows_iter *it, uint64_t first_seq, struct str rows)
{
    *it = (struct call_rows_iter){.rest = rows, .end_seq = first_seq + PLACE_SEQS, .last.open_seq = first_seq};
}

int call_rows_next(struct call_rows_iter *it, struct call_row *ret)
{
    struct call_row row = it->last;
    if (it->rest.n == 0)
        return CALL_ROWS_R_END;
    if (!take_numbers(&it->rest, &row) || !take_texts(&it->rest, &row) || row.open_seq >= it->end_seq ||
        (it->is_begun ? row.open_seq <= it->last.open_seq : row.open_seq < it->last.open_seq))
        return err_trace(-ERR_CORRUPT);
    it->is_begun = true;
    it->last = *ret = row;
    return 0;
}
