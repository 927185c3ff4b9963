/*
 * store/journal/journal.c - appending, syncing and recycling.
 *
 *   (1) append writes behind the last frame that counts, in the current segment, through its mapping or, where it has
 *       none, in one write: what a failed write left there is overwritten by the next one, and its checksum fits
 *       nothing.
 *   (2) a frame is published (last_seq) after its bytes are written and its segment's fields are set.
 *   (3) synced_seq rises only when all bytes, and all names of segments, up to it are durable.
 *   (4) segments leave the list from its old end only, when nobody reads in them.
 */
#include "store/journal/journal_impl.h"

#include "base/check.h"
#include "base/err.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#define SYNC_SEGMENTS_MAX 16

static int failed_for_good(struct journal *j)
{
    atomic_store(&j->has_failed, true);
    return err_trace(-ERR_IO);
}

/* --- segments ---------------------------------------------------------------------------------------------------- */

/* Under the lock or before anyone else knows the journal. */
static struct segment *oldest(struct journal *j)
{
    return list_is_empty(&j->segments) ? NULL : list_entry(j->segments.next, struct segment, node);
}

/*
 * Makes the next segment current. Runs under the ledger mutex when a segment is full: with a spare at hand that is a
 * rename and one small write; the sync thread sees to it that there is one.
 */
static int segment_switch(struct journal *j)
{
    pthread_mutex_lock(&j->lock);
    bool is_full = (j->n_segments + 1) * j->segment_bytes > j->bytes_max;
    struct spare *spare = NULL;
    if (!is_full && !list_is_empty(&j->spares)) {
        spare = list_entry(j->spares.next, struct spare, node);
        list_remove(&spare->node);
        j->n_spares--;
    }
    pthread_mutex_unlock(&j->lock);
    if (is_full)
        return err_trace(-ERR_NO_SPACE);

    struct segment *s;
    int r = segment_create(j, j->current ? j->current->number + 1 : 1, spare, &s);
    if (r < 0)
        return r == -ERR_NO_SPACE ? r : failed_for_good(j);

    pthread_mutex_lock(&j->lock);
    list_add_tail(&j->segments, &s->node);
    j->n_segments++;
    j->is_dir_dirty = true;
    pthread_mutex_unlock(&j->lock);
    j->current = s;
    return 0;
}

/* The sync thread's part of (switching is cheap): a spare is ready before the current segment is full. */
static void spare_prepare(struct journal *j)
{
    pthread_mutex_lock(&j->lock);
    struct segment *last = list_entry(j->segments.prev, struct segment, node);
    bool wants = j->n_spares == 0 && atomic_load(&last->end) > last->capacity / 2 &&
                 (j->n_segments + 1) * j->segment_bytes <= j->bytes_max;
    uint64_t id = wants ? ++j->spare_id : 0;
    pthread_mutex_unlock(&j->lock);

    struct spare *s;
    if (!wants || spare_create(j, id, &s) < 0)
        return; /* without one, the next switch makes its own file, or says why it cannot */
    pthread_mutex_lock(&j->lock);
    list_add_tail(&j->spares, &s->node);
    j->n_spares++;
    pthread_mutex_unlock(&j->lock);
}

/* Segments that are full need no mapping: it would only count as memory. */
static void unmap_full(struct journal *j)
{
    pthread_mutex_lock(&j->lock);
    for (struct list *it = j->segments.next; it != j->segments.prev && it != &j->segments; it = it->next) {
        struct segment *s = list_entry(it, struct segment, node);
        if (s->n_map_pins == 0)
            segment_unmap(s);
    }
    pthread_mutex_unlock(&j->lock);
}

/* The current segment, whose mapping stays until warm_done(); NULL: it has none. */
static struct segment *warm_begin(struct journal *j)
{
    pthread_mutex_lock(&j->lock);
    struct segment *s = list_is_empty(&j->segments) ? NULL : list_entry(j->segments.prev, struct segment, node);
    if (s && !s->map)
        s = NULL;
    if (s) {
        s->n_pins++;
        s->n_map_pins++;
    }
    pthread_mutex_unlock(&j->lock);
    return s;
}

static void warm_done(struct journal *j, struct segment *s)
{
    pthread_mutex_lock(&j->lock);
    s->n_pins--;
    s->n_map_pins--;
    pthread_mutex_unlock(&j->lock);
}

void journal_warm(struct journal *j, uint64_t bytes)
{
    struct segment *s = warm_begin(j);
    if (!s)
        return;
    uint64_t end = atomic_load(&s->end), from = s->warm_end > end ? s->warm_end : end;
    uint64_t to = bytes < s->capacity - end ? end + bytes : s->capacity;
    if (from < to) {
        io_warm(s->file, s->map + from, to - from);
        s->warm_end = to;
    }
    warm_done(j, s);
}

/* --- append ------------------------------------------------------------------------------------------------------- */

static int scratch_reserve(struct journal *j, size_t n)
{
    if (n <= j->scratch_bytes)
        return 0;
    size_t want = n < 16384 ? 16384 : n;
    uint8_t *p = realloc(j->scratch, want);
    if (!p)
        return err_trace(-ERR_NOMEM);
    j->scratch = p;
    j->scratch_bytes = want;
    return 0;
}

static void seal_frame(struct journal *j, struct frame *f, const uint8_t body_sha[32])
{
    uint8_t header[FRAME_HEADER_BYTES];
    f->version = FRAME_VERSION;
    f->node = j->node;
    f->epoch = j->epoch;
    f->seq = atomic_load_explicit(&j->last_seq, memory_order_relaxed) + 1;
    frame_header_bytes(f, header);
    const struct str parts[] = {
        {(const char *)j->chain, CHAIN_BYTES},
        {(const char *)header, sizeof header},
        {(const char *)body_sha, SHA256_BYTES},
    };
    sha256_parts(parts, 3, f->chain);
}

static void publish(struct journal *j, const struct frame *f, size_t n)
{
    struct segment *s = j->current;
    if (atomic_load_explicit(&s->first_seq, memory_order_relaxed) == 0)
        atomic_store_explicit(&s->first_seq, f->seq, memory_order_relaxed);
    atomic_store_explicit(&s->last_seq, f->seq, memory_order_relaxed);
    atomic_fetch_add_explicit(&s->end, n, memory_order_relaxed);
    memcpy(j->chain, f->chain, CHAIN_BYTES);
    atomic_store_explicit(&j->last_seq, f->seq, memory_order_release);
}

/* Puts the frame behind the last one of the current segment. */
static int put_frame(struct journal *j, const struct frame *f, size_t n)
{
    struct segment *s = j->current;
    uint64_t synced = atomic_load_explicit(&j->synced_seq, memory_order_relaxed);
    uint64_t end = atomic_load_explicit(&s->end, memory_order_relaxed);
    if (s->map) {
        disk_frame_write(f, s->number, synced, s->map + end);
        return 0;
    }
    int r = scratch_reserve(j, n);
    if (r < 0)
        return r;
    disk_frame_write(f, s->number, synced, j->scratch);
    r = io_write_at(s->file, (struct str){(const char *)j->scratch, n}, end);
    return r < 0 && r != -ERR_NO_SPACE ? failed_for_good(j) : err_trace(r);
}

int journal_append_hashed(struct journal *j, struct frame *f, const uint8_t body_sha[32])
{
    check(f->kind >= FRAME_OPEN && f->kind <= FRAME_EVENT && f->body.n > 0);
    if (atomic_load_explicit(&j->has_failed, memory_order_relaxed))
        return err_trace(-ERR_IO);
    size_t n = disk_frame_bytes(f);
    if (n > j->frame_bytes_max || n > j->segment_bytes - SEGMENT_HEADER_BYTES)
        return err_trace(-ERR_TOO_LARGE);
    int r = 0;
    if (n > j->current->capacity - atomic_load_explicit(&j->current->end, memory_order_relaxed)) {
        r = segment_switch(j);
        if (r < 0)
            return r;
    }

    seal_frame(j, f, body_sha);
    r = put_frame(j, f, n);
    if (r == 0)
        publish(j, f, n);
    return r;
}

int journal_append(struct journal *j, struct frame *f)
{
    uint8_t sha[SHA256_BYTES];
    sha256(f->body, sha);
    return journal_append_hashed(j, f, sha);
}

uint64_t journal_last_seq(const struct journal *j)
{
    return atomic_load_explicit(&j->last_seq, memory_order_acquire);
}

void journal_last_chain(const struct journal *j, uint8_t ret[CHAIN_BYTES])
{
    memcpy(ret, j->chain, CHAIN_BYTES);
}

uint32_t journal_epoch(const struct journal *j)
{
    return j->epoch;
}

uint64_t journal_synced_seq(const struct journal *j)
{
    return atomic_load_explicit(&j->synced_seq, memory_order_acquire);
}

/* --- sync --------------------------------------------------------------------------------------------------------- */

/* Pins segments that hold frames behind `synced`; more than fit are left to the next round: *ret_target is lowered. */
static size_t pin_dirty(struct journal *j, uint64_t synced, uint64_t *target, struct segment **pinned, bool *ret_dir)
{
    size_t n = 0;
    pthread_mutex_lock(&j->lock);
    for (struct list *it = j->segments.next; it != &j->segments; it = it->next) {
        struct segment *s = list_entry(it, struct segment, node);
        uint64_t first = atomic_load(&s->first_seq), last = atomic_load(&s->last_seq);
        if (first == 0 || last <= synced || first > *target)
            continue;
        if (n == SYNC_SEGMENTS_MAX) {
            *target = first - 1;
            break;
        }
        s->n_pins++;
        pinned[n++] = s;
    }
    *ret_dir = j->is_dir_dirty;
    j->is_dir_dirty = false;
    pthread_mutex_unlock(&j->lock);
    return n;
}

static void unpin(struct journal *j, struct segment **pinned, size_t n)
{
    pthread_mutex_lock(&j->lock);
    for (size_t i = 0; i < n; i++) {
        check(pinned[i]->n_pins > 0);
        pinned[i]->n_pins--;
    }
    pthread_mutex_unlock(&j->lock);
}

static int sync_up_to(struct journal *j, uint64_t target, uint64_t *ret_synced)
{
    struct segment *pinned[SYNC_SEGMENTS_MAX];
    bool is_dir_dirty;
    size_t n = pin_dirty(j, atomic_load(&j->synced_seq), &target, pinned, &is_dir_dirty);
    int r = is_dir_dirty ? io_sync_dir(j->io, j->dir) : 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = io_sync(pinned[i]->file);
    unpin(j, pinned, n);
    if (r < 0)
        return failed_for_good(j);
    *ret_synced = target;
    return 0;
}

int journal_sync(struct journal *j, uint64_t *ret_seq)
{
    if (atomic_load(&j->has_failed))
        return err_trace(-ERR_IO);
    uint64_t target = journal_last_seq(j), synced = atomic_load(&j->synced_seq);
    while (synced < target) {
        int r = sync_up_to(j, target, &synced);
        if (r < 0)
            return r;
        atomic_store_explicit(&j->synced_seq, synced, memory_order_release);
    }
    spare_prepare(j);
    unmap_full(j);
    *ret_seq = synced;
    return 0;
}

/* --- recycle ------------------------------------------------------------------------------------------------------ */

/* Takes the oldest segment off the list when it is over, in the store and not in use. Under the lock. */
static struct segment *take_oldest(struct journal *j, uint64_t seq)
{
    struct segment *s = oldest(j);
    if (!s || s->node.next == &j->segments || s->n_pins > 0 || atomic_load(&s->last_seq) > seq)
        return NULL;
    list_remove(&s->node);
    j->n_segments--;
    return s;
}

/* The file becomes a spare, or goes. What fails here costs disk space only: recovery drops such files. */
static int segment_retire(struct journal *j, struct segment *s, bool as_spare, uint64_t id)
{
    struct str path = segment_path(j, s->number);
    int r;
    if (as_spare) {
        struct str to = spare_path(j, id);
        r = io_rename(j->io, path, to);
        free((char *)to.p);
    } else {
        r = io_unlink(j->io, path);
    }
    free((char *)path.p);
    segment_unmap(s);
    if (r == 0 && as_spare) {
        struct spare *spare = calloc(1, sizeof *spare);
        check(spare != NULL);
        list_init(&spare->node);
        spare->id = id;
        spare->file = s->file;
        s->file = NULL;
        pthread_mutex_lock(&j->lock);
        list_add_tail(&j->spares, &spare->node);
        j->n_spares++;
        pthread_mutex_unlock(&j->lock);
    }
    segment_free(s);
    return err_trace(r);
}

int journal_recycle(struct journal *j, uint64_t seq)
{
    unmap_full(j);
    for (;;) {
        pthread_mutex_lock(&j->lock);
        struct segment *s = take_oldest(j, seq);
        bool as_spare = s && j->n_spares < SPARES_MAX && s->capacity == j->segment_bytes;
        uint64_t id = as_spare ? ++j->spare_id : 0;
        j->is_dir_dirty |= s != NULL;
        pthread_mutex_unlock(&j->lock);
        if (!s)
            return 0;
        int r = segment_retire(j, s, as_spare, id);
        if (r < 0)
            return r;
    }
}

int journal_turn_over(struct journal *j)
{
    if (atomic_load(&j->has_failed))
        return err_trace(-ERR_IO);
    return atomic_load(&j->current->first_seq) == 0 ? 0 : segment_switch(j);
}

static struct spare *take_spare(struct journal *j)
{
    struct spare *s = NULL;
    pthread_mutex_lock(&j->lock);
    if (!list_is_empty(&j->spares)) {
        s = list_entry(j->spares.next, struct spare, node);
        list_remove(&s->node);
        j->n_spares--;
    }
    pthread_mutex_unlock(&j->lock);
    return s;
}

int journal_scrub(struct journal *j, uint64_t seq)
{
    pthread_mutex_lock(&j->lock);
    uint64_t first = atomic_load(&oldest(j)->first_seq);
    pthread_mutex_unlock(&j->lock);
    if (first != 0 && first < seq)
        return -ERR_BUSY;
    for (struct spare *s; (s = take_spare(j));) {
        struct str path = spare_path(j, s->id);
        int r = io_unlink(j->io, path);
        free((char *)path.p);
        spare_free(s);
        if (r < 0)
            return err_trace(r);
    }
    return 0;
}

uint64_t journal_bytes(const struct journal *j)
{
    struct journal *m = (struct journal *)j; /* the lock is the only thing that changes */
    pthread_mutex_lock(&m->lock);
    uint64_t n = m->n_segments * m->segment_bytes;
    pthread_mutex_unlock(&m->lock);
    return n;
}
