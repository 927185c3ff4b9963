/*
 * store/journal/reader.c - follows the writer: gives each published frame once, in order.
 *
 * It reads no byte behind what was published, so that it never sees half a frame. Its segment is pinned, so that it is
 * not recycled under it.
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
    pthread_mutex_unlock(&r->j->lock);
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
            r->segment = s;
        }
    }
    pthread_mutex_unlock(&r->j->lock);
    window_reset(&r->window);
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

int journal_reader_next(struct journal_reader *r, struct frame *ret)
{
    if (r->next_seq > journal_last_seq(r->j))
        return JOURNAL_R_END;
    if (!r->segment || r->next_seq > atomic_load(&r->segment->last_seq)) {
        int x = enter_segment(r);
        if (x < 0)
            return x == -ERR_NOT_FOUND ? err_trace(-ERR_CORRUPT) : x;
    }
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

void journal_reader_free(struct journal_reader *r)
{
    if (!r)
        return;
    leave_segment(r);
    window_deinit(&r->window);
    free(r);
}
