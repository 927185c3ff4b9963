/*
 * store/journal/recover.c - finds out what the journal holds after any end of the process or the machine.
 *
 *   (1) frames count from the oldest segment on as long as each one is whole, has the next seq, and an epoch that does
 * not fall. A fallen epoch is what an earlier, cut tail left behind. (2) what stands behind the first frame that is not
 * there was lost with the power, unless something that is still there says that it was durable: then it was damaged,
 * and that is for people to look at. (3) segments that the store has whole are not read: their successor's first frame
 * says so.
 *
 * What the store has is not missed: a recycled file may have its old name back after a power loss, and other bytes.
 *
 * The first frames of a start may be lost, and later ones of the same start not: the next start's epoch must be newer
 * than those, or they would fit behind its own.
 *
 * A damaged frame at the very end, with nothing behind it, cannot be told from a torn one: the store's position and the
 * chain's checkpoints outside are what shows that.
 */
#include "store/journal/journal_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    struct journal *j;
    struct recovered *out;
    struct window window;
    uint64_t after_seq;
    const uint8_t *after_chain; /* of the store at after_seq; NULL: not known */
    uint64_t next_seq; /* 0: any, for the first frame read */
};

static int damaged(struct scan *s, const struct segment *seg, uint64_t at, uint64_t seq, const char *what)
{
    s->out->damaged_segment = seg ? seg->number : 0;
    s->out->damaged_at = at;
    s->out->damaged_seq = seq;
    s->out->damage = what;
    return err_trace(-ERR_CORRUPT);
}

static bool has_header(struct scan *s, struct segment *seg)
{
    const uint8_t *p;
    size_t n;
    window_reset(&s->window);
    int r = segment_bytes_at(seg, &s->window, 0, seg->capacity, SEGMENT_HEADER_BYTES, &p, &n);
    return r == 0 && n >= SEGMENT_HEADER_BYTES && segment_header_is_of(p, seg->number);
}

static void take(struct scan *s, struct segment *seg, uint64_t at, const struct disk_frame *d)
{
    struct recovered *o = s->out;
    if (d->frame.seq == s->after_seq + 1 || d->frame.seq == s->after_seq) {
        s->j->lacked.seq = s->after_seq + 1;
        s->j->lacked.segment = seg->number;
        s->j->lacked.at = d->frame.seq == s->after_seq ? at + d->bytes : at;
    }
    if (!o->first_seq)
        o->first_seq = d->frame.seq;
    if (!atomic_load(&seg->first_seq))
        atomic_store(&seg->first_seq, d->frame.seq);
    atomic_store(&seg->last_seq, d->frame.seq);
    atomic_store(&seg->end, at + d->bytes);
    o->last_seq = d->frame.seq;
    o->epoch = d->frame.epoch;
    memcpy(o->chain, d->frame.chain, CHAIN_BYTES);
    s->next_seq = d->frame.seq + 1;
}

/* Takes the frames of one segment that count. */
static int walk(struct scan *s, struct segment *seg)
{
    if (!has_header(s, seg))
        return 0;
    for (uint64_t at = SEGMENT_HEADER_BYTES;;) {
        struct disk_frame d;
        int r = segment_frame_at(seg, &s->window, at, seg->capacity, &d);
        if (r < 0)
            return r;
        if (r == SEGMENT_R_NONE || (s->next_seq && d.frame.seq != s->next_seq) || d.frame.epoch < s->out->epoch)
            return 0;
        if (s->after_chain && d.frame.seq == s->after_seq && memcmp(s->after_chain, d.frame.chain, CHAIN_BYTES) != 0)
            return damaged(s, seg, at, d.frame.seq,
                           "the store holds another frame of this seq: they do not belong together");
        take(s, seg, at, &d);
        at += d.bytes;
    }
}

/*
 * Looks from `from` to the end of the segment for a frame that says that next_seq, or what the store lacks behind it,
 * was durable once; it would stand in `lost_in` at `lost_at`.
 * A segment is searched at every place where a frame could start.
 */
static int search_evidence(struct scan *s, struct segment *seg, uint64_t from, const struct segment *lost_in,
                           uint64_t lost_at)
{
    uint64_t at = from, missed = s->next_seq > s->after_seq ? s->next_seq : s->after_seq + 1;
    window_reset(&s->window);
    while (at + DISK_FRAME_HEAD_BYTES <= seg->capacity) {
        const size_t bytes_max = (size_t)(seg->capacity - SEGMENT_HEADER_BYTES);
        const uint8_t *p;
        size_t n, i = 0;
        int r = segment_bytes_at(seg, &s->window, at, seg->capacity, DISK_FRAME_HEAD_BYTES, &p, &n);
        if (r < 0)
            return r;
        if (n < DISK_FRAME_HEAD_BYTES)
            break; /* the file was cut short */
        while (i + DISK_FRAME_HEAD_BYTES <= n &&
               !disk_frame_is_likely(p + i, n - i, bytes_max, s->next_seq, UINT64_MAX))
            i += DISK_ALIGN_BYTES;
        at += i;
        if (i + DISK_FRAME_HEAD_BYTES > n)
            continue;
        struct disk_frame d;
        r = segment_frame_at(seg, &s->window, at, seg->capacity, &d);
        if (r < 0)
            return r;
        if (r == 0 && d.frame.epoch > s->out->stale_epoch)
            s->out->stale_epoch = d.frame.epoch;
        if (r == 0 && d.frame.epoch >= s->out->epoch && d.synced >= missed)
            return damaged(s, lost_in, lost_at, s->next_seq,
                           "a frame that was durable is damaged; later ones are whole");
        at += DISK_ALIGN_BYTES;
    }
    return 0;
}

/* --- the folder -------------------------------------------------------------------------------------------------- */

struct listing {
    struct journal *j;
    uint64_t *numbers;
    size_t n, cap;
};

static int on_name(void *ctx, struct str name)
{
    struct listing *l = ctx;
    uint64_t number;
    if (!segment_name_parse(name, &number))
        return 0;
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        uint64_t *p = realloc(l->numbers, cap * sizeof *p);
        if (!p)
            return err_trace(-ERR_NOMEM);
        l->numbers = p;
        l->cap = cap;
    }
    l->numbers[l->n++] = number;
    return 0;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int open_segments(struct scan *s, const struct listing *l, unsigned flags)
{
    for (size_t i = 0; i < l->n; i++) {
        if (i > 0 && l->numbers[i] != l->numbers[i - 1] + 1)
            return damaged(s, NULL, 0, 0, "a segment is missing between two others");
        struct segment *seg;
        int r = segment_open(s->j, l->numbers[i], flags, &seg);
        if (r < 0)
            return r;
        list_add_tail(&s->j->segments, &seg->node);
        s->j->n_segments++;
    }
    return 0;
}

static int list_segments(struct scan *s, unsigned flags)
{
    struct listing l = {.j = s->j};
    int r = io_list(s->j->io, s->j->dir, on_name, &l);
    if (r == 0 && l.n > 0) {
        qsort(l.numbers, l.n, sizeof l.numbers[0], by_number);
        r = open_segments(s, &l, flags);
    }
    free(l.numbers);
    return r;
}

/* --- which segments to read -------------------------------------------------------------------------------------- */

/* The seq of a segment's first frame; 0: none that is whole. */
static int first_seq(struct scan *s, struct segment *seg, uint64_t *ret)
{
    *ret = 0;
    if (!has_header(s, seg))
        return 0;
    struct disk_frame d;
    int r = segment_frame_at(seg, &s->window, SEGMENT_HEADER_BYTES, seg->capacity, &d);
    if (r == 0)
        *ret = d.frame.seq;
    return r < 0 ? r : 0;
}

/* The newest segment whose first frame the store is waiting for, or has; segments before it are in the store whole. */
static int choose_start(struct scan *s, struct list **ret)
{
    struct list *head = &s->j->segments, *start = head->next;
    for (struct list *it = head->prev; it != head && it != head->next; it = it->prev) {
        uint64_t seq;
        int r = first_seq(s, list_entry(it, struct segment, node), &seq);
        if (r < 0)
            return r;
        if (seq && seq <= s->after_seq + 1) {
            start = it;
            break;
        }
    }
    *ret = start;
    return 0;
}

/* Segments before `start`: what they end with follows from what comes behind them. */
static int mark_stored(struct scan *s, struct list *start)
{
    struct list *head = &s->j->segments;
    for (struct list *it = head->next; it != start; it = it->next) {
        struct segment *seg = list_entry(it, struct segment, node);
        uint64_t seq, behind;
        int r = first_seq(s, seg, &seq);
        if (r == 0)
            r = first_seq(s, list_entry(it->next, struct segment, node), &behind);
        if (r < 0)
            return r;
        atomic_store(&seg->first_seq, seq);
        atomic_store(&seg->last_seq, behind ? behind - 1 : seq);
        atomic_store(&seg->end, seg->capacity);
        if (seq && !s->out->first_seq)
            s->out->first_seq = seq;
    }
    return 0;
}

/* Walks from `start` on; *ret_stop is the first segment that adds nothing (the list's head: none). */
static int walk_all(struct scan *s, struct list *start, struct list **ret_stop)
{
    struct list *head = &s->j->segments, *it;
    for (it = start; it != head; it = it->next) {
        struct segment *seg = list_entry(it, struct segment, node);
        uint64_t before = s->out->last_seq;
        int r = walk(s, seg);
        if (r < 0)
            return r;
        if (s->out->last_seq == before)
            break;
        s->out->tail = seg;
    }
    *ret_stop = it;
    return 0;
}

static int check_rest(struct scan *s, struct list *stop)
{
    struct list *head = &s->j->segments;
    struct segment *tail = s->out->tail, *lost_in = tail;
    uint64_t lost_at = tail ? atomic_load(&tail->end) : SEGMENT_HEADER_BYTES, seq = 0;
    int r = 0;
    if (stop != head) { /* is it the frame behind the tail that is missing, or the first of the next segment? */
        struct segment *next = list_entry(stop, struct segment, node);
        r = first_seq(s, next, &seq);
        if (!tail || seq == 0) {
            lost_in = next;
            lost_at = SEGMENT_HEADER_BYTES;
        }
    }
    if (r == 0 && tail)
        r = search_evidence(s, tail, atomic_load(&tail->end), lost_in, lost_at);
    for (struct list *it = stop; r == 0 && it != head; it = it->next)
        r = search_evidence(s, list_entry(it, struct segment, node), SEGMENT_HEADER_BYTES, lost_in, lost_at);
    return r;
}

static int recover(struct scan *s, unsigned flags)
{
    const uint64_t after_seq = s->after_seq;
    struct list *start = &s->j->segments, *stop = start;
    int r = list_segments(s, flags);
    if (r == 0)
        r = choose_start(s, &start);
    if (r == 0)
        r = mark_stored(s, start);
    if (r == 0)
        r = walk_all(s, start, &stop);
    if (r < 0)
        return r;

    struct recovered *o = s->out;
    if (o->first_seq > after_seq + 1)
        return damaged(s, list_entry(start, struct segment, node), SEGMENT_HEADER_BYTES, after_seq + 1,
                       "frames that the store does not have are missing in front of the oldest segment");
    if (!s->next_seq)
        s->next_seq = after_seq + 1;
    r = check_rest(s, stop);
    if (r < 0)
        return r;

    for (struct list *it = stop, *next; it != &s->j->segments; it = next) {
        next = it->next;
        list_remove(it);
        list_add_tail(&o->leftovers, it);
        s->j->n_segments--;
    }
    return 0;
}

int journal_recover(struct journal *j, unsigned flags, uint64_t after_seq, const uint8_t *after_chain,
                    struct recovered *ret)
{
    struct scan s = {.j = j, .out = ret, .after_seq = after_seq, .after_chain = after_chain};
    *ret = (struct recovered){0};
    list_init(&ret->leftovers);
    int r = recover(&s, flags);
    window_deinit(&s.window);
    return r;
}

/* --- for doctor --------------------------------------------------------------------------------------------------- */

static void describe(const struct journal *j, const struct recovered *rec, struct buf *out)
{
    buf_printf(out, "segments: %zu, of %llu bytes each\n", j->n_segments, (unsigned long long)j->segment_bytes);
    if (rec->last_seq)
        buf_printf(out, "frames: seq %llu to %llu, epoch %u\n", (unsigned long long)rec->first_seq,
                   (unsigned long long)rec->last_seq, rec->epoch);
    else
        buf_printf(out, "frames: none\n");
    if (rec->damage && rec->damaged_segment)
        buf_printf(out, "damaged: segment %0*llu at byte %llu, seq %llu: %s\n", SEGMENT_DIGITS,
                   (unsigned long long)rec->damaged_segment, (unsigned long long)rec->damaged_at,
                   (unsigned long long)rec->damaged_seq, rec->damage);
    else if (rec->damage)
        buf_printf(out, "damaged: %s\n", rec->damage);
}

int journal_check(struct io *io, struct str dir, uint64_t after_seq, struct buf *out)
{
    struct journal j = {.io = io, .dir = dir};
    struct recovered rec;
    list_init(&j.segments);
    list_init(&j.spares);
    int r = journal_recover(&j, IO_READ, after_seq, NULL, &rec);
    if (!list_is_empty(&j.segments))
        j.segment_bytes = list_entry(j.segments.next, struct segment, node)->capacity;
    describe(&j, &rec, out);
    while (!list_is_empty(&j.segments))
        segment_free(list_entry(j.segments.next, struct segment, node));
    while (!list_is_empty(&rec.leftovers))
        segment_free(list_entry(rec.leftovers.next, struct segment, node));
    return r;
}
