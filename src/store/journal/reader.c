/*
 * store/journal/reader.c - follows the writer: gives each published frame once, in order.
 *
 * It reads no byte behind what was published, so that it never sees half a frame. Its segment is pinned, so that it is
 * not recycled under it; while that is mapped, frames are given where they stand.
 */
#include "store/journal/journal_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <stdlib.h>

struct journal_reader {
    struct journal *j;
    struct segment *segment; /* NULL: to be looked up */
    struct window window;
    uint64_t next_seq;
    uint64_t at;
};

static void leave_segment(struct journal_reader *r)
{
    if (!r->segment)
        return;
    pthread_mutex_lock(&r->j->lock);
    check(r->segment->n_pins > 0);
    r->segment->n_pins--;
    r->segment->n_map_pins -= r->window.map != NULL;
    pthread_mutex_unlock(&r->j->lock);
    window_reset(&r->window);
    r->segment = NULL;
}

static int frame_here(struct journal_reader *r, struct disk_frame *ret)
{
    int x = segment_frame_at(r->segment, &r->window, r->at, atomic_load(&r->segment->end), ret);
    if (x == SEGMENT_R_NONE)
        return err_trace(-ERR_CORRUPT); /* it was published */
    return x;
}

/* Passes frames in front of next_seq: reading may begin inside a segment. */
static int skip_to_next(struct journal_reader *r)
{
    for (;;) {
        struct disk_frame d;
        int x = frame_here(r, &d);
        if (x < 0)
            return x;
        if (d.frame.seq == r->next_seq)
            return 0;
        if (d.frame.seq > r->next_seq)
            return err_trace(-ERR_CORRUPT);
        r->at += d.bytes;
    }
}

/* Goes to next_seq, which was published, and pins its segment. -ERR_NOT_FOUND: it was recycled. */
static int enter_segment(struct journal_reader *r)
{
    leave_segment(r);
    pthread_mutex_lock(&r->j->lock);
    for (struct list *it = r->j->segments.next; it != &r->j->segments && !r->segment; it = it->next) {
        struct segment *s = list_entry(it, struct segment, node);
        uint64_t first = atomic_load(&s->first_seq);
        if (first != 0 && first <= r->next_seq && r->next_seq <= atomic_load(&s->last_seq)) {
            s->n_pins++;
            s->n_map_pins += s->map != NULL;
            r->window.map = s->map;
            r->segment = s;
        }
    }
    pthread_mutex_unlock(&r->j->lock);
    bool is_known = r->segment && r->j->lacked.seq == r->next_seq && r->j->lacked.segment == r->segment->number;
    r->at = is_known ? r->j->lacked.at : SEGMENT_HEADER_BYTES;
    return r->segment ? skip_to_next(r) : err_trace(-ERR_NOT_FOUND);
}

int journal_reader_new(struct journal *j, uint64_t after_seq, struct journal_reader **ret)
{
    struct journal_reader *r = calloc(1, sizeof *r);
    check(r != NULL && after_seq <= journal_last_seq(j));
    r->j = j;
    r->next_seq = after_seq + 1;
    int x = r->next_seq <= journal_last_seq(j) ? enter_segment(r) : 0;
    if (x < 0) {
        journal_reader_free(r);
        return x;
    }
    *ret = r;
    return 0;
}

/* Where next_seq, which was published, stands. */
static int go_to_next(struct journal_reader *r)
{
    if (r->segment && r->next_seq <= atomic_load(&r->segment->last_seq))
        return 0;
    int x = enter_segment(r);
    return x == -ERR_NOT_FOUND ? err_trace(-ERR_CORRUPT) : x;
}

/* The frame here, and past it. */
static int take_one(struct journal_reader *r, struct frame *ret)
{
    struct disk_frame d;
    int x = frame_here(r, &d);
    if (x < 0)
        return x;
    if (d.frame.seq != r->next_seq)
        return err_trace(-ERR_CORRUPT);
    *ret = d.frame;
    r->at += d.bytes;
    r->next_seq++;
    return 0;
}

int journal_reader_next(struct journal_reader *r, struct frame *ret)
{
    if (r->next_seq > journal_last_seq(r->j))
        return JOURNAL_R_END;
    int x = go_to_next(r);
    return x < 0 ? x : take_one(r, ret);
}

/* Whether the frame here can be given without moving the window from under those that were. */
static bool is_at_hand(struct journal_reader *r)
{
    if (r->window.map)
        return true;
    const uint8_t *p;
    size_t n, bytes_max = (size_t)(r->segment->capacity - SEGMENT_HEADER_BYTES);
    uint64_t end = atomic_load(&r->segment->end);
    if (!window_has(&r->window, r->at, DISK_FRAME_HEAD_BYTES) ||
        segment_bytes_at(r->segment, &r->window, r->at, end, DISK_FRAME_HEAD_BYTES, &p, &n) < 0)
        return false;
    return window_has(&r->window, r->at, disk_frame_peek(p, n, bytes_max));
}

/* The window begins here, and has that many bytes where the segment has them. */
static int look_ahead(struct journal_reader *r, size_t bytes)
{
    const uint8_t *p;
    size_t n;
    return segment_bytes_at(r->segment, &r->window, r->at, atomic_load(&r->segment->end), bytes, &p, &n);
}

int journal_reader_take(struct journal_reader *r, size_t n_max, size_t bytes_max, struct frame *ret, size_t *ret_n)
{
    uint64_t last = journal_last_seq(r->j);
    size_t n = 0, bytes = 0;
    int x = r->next_seq <= last ? go_to_next(r) : 0;
    if (x == 0 && r->next_seq <= last)
        x = look_ahead(r, bytes_max);
    while (x == 0 && n < n_max && bytes < bytes_max && r->next_seq <= last &&
           (n == 0 || (r->next_seq <= atomic_load(&r->segment->last_seq) && is_at_hand(r)))) {
        x = take_one(r, &ret[n]);
        if (x == 0) {
            bytes += ret[n].body.n + ret[n].personal.n;
            n++;
        }
    }
    *ret_n = n;
    return x == 0 && r->next_seq > last ? JOURNAL_R_END : x;
}

void journal_reader_free(struct journal_reader *r)
{
    if (!r)
        return;
    leave_segment(r);
    window_deinit(&r->window);
    free(r);
}
