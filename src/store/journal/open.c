/*
 * store/journal/open.c - from what recovery found to a journal that can be appended to, and back.
 */
#include "store/journal/journal_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <stdlib.h>
#include <string.h>

static struct journal *journal_new(struct io *io, struct str dir, const struct limits *limits, uint32_t node)
{
    struct journal *j = calloc(1, sizeof *j);
    char *path = malloc(dir.n + 1);
    check(j != NULL && path != NULL);
    memcpy(path, dir.p, dir.n);
    path[dir.n] = 0;
    j->io = io;
    j->dir = (struct str){path, dir.n};
    j->segment_bytes = (uint64_t)limits->journal_segment_bytes & ~(uint64_t)(DISK_ALIGN_BYTES - 1);
    j->frame_bytes_max = (uint64_t)limits->frame_bytes_max;
    j->bytes_max = (uint64_t)limits->journal_bytes_max;
    j->node = node;
    list_init(&j->segments);
    list_init(&j->spares);
    pthread_mutex_init(&j->lock, NULL);
    return j;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    while (!list_is_empty(&j->segments)) {
        struct segment *s = list_entry(j->segments.next, struct segment, node);
        check(s->n_pins == 0);
        segment_free(s);
    }
    while (!list_is_empty(&j->spares))
        spare_free(list_entry(j->spares.next, struct spare, node));
    pthread_mutex_destroy(&j->lock);
    free(j->scratch);
    free((char *)j->dir.p);
    free(j);
}

/* Files of ours that stand for nothing: spares (their number of lives is not known) and segments that were cut off. */
static int drop_file(struct journal *j, struct str path)
{
    int r = io_unlink(j->io, path);
    free((char *)path.p);
    return r == -ERR_NOT_FOUND ? 0 : err_trace(r);
}

/* From the newest on, so that no gap is seen if we do not get to the end. */
static int drop_leftovers(struct journal *j, struct list *leftovers)
{
    int r = 0;
    while (!list_is_empty(leftovers)) {
        struct segment *s = list_entry(leftovers->prev, struct segment, node);
        if (r == 0)
            r = drop_file(j, segment_path(j, s->number));
        segment_free(s);
    }
    return r;
}

struct spares_found {
    struct journal *j;
    uint64_t ids[64];
    size_t n;
};

static int on_spare(void *ctx, struct str name)
{
    struct spares_found *f = ctx;
    uint64_t id;
    if (spare_name_parse(name, &id) && f->n < sizeof f->ids / sizeof f->ids[0])
        f->ids[f->n++] = id;
    return 0;
}

static int spare_adopt(struct journal *j, uint64_t id)
{
    struct str path = spare_path(j, id);
    struct io_file *file = NULL;
    uint64_t size = 0;
    int r = io_open(j->io, path, IO_READ | IO_WRITE, &file);
    if (r == 0)
        r = io_size(file, &size);
    if (r < 0 || size != j->segment_bytes || j->n_spares == SPARES_MAX || j->n_segments == 0) {
        io_close(file);
        return r < 0 ? (free((char *)path.p), err_trace(r)) : drop_file(j, path);
    }
    free((char *)path.p);
    struct spare *s = calloc(1, sizeof *s);
    check(s != NULL);
    list_init(&s->node);
    s->id = id;
    s->file = file;
    list_add_tail(&j->spares, &s->node);
    j->n_spares++;
    if (id > j->spare_id)
        j->spare_id = id;
    return 0;
}

/*
 * Spares of a journal without segments may come from numbers that will be given again, whose frames would then be taken
 * for new ones: those are dropped.
 */
static int adopt_spares(struct journal *j)
{
    struct spares_found found = {.j = j};
    int r = io_list(j->io, j->dir, on_spare, &found);
    for (size_t i = 0; i < found.n && r == 0; i++)
        r = spare_adopt(j, found.ids[i]);
    return r;
}

static int add_segment(struct journal *j, uint64_t number)
{
    struct segment *s;
    int r = segment_create(j, number, NULL, &s);
    if (r < 0)
        return r;
    list_add_tail(&j->segments, &s->node);
    j->n_segments++;
    j->current = s;
    return 0;
}

/*
 * The store is ahead: the power went, and took frames that nobody had asked to sync, after they had been applied. All
 * that is left is in the store, and seq goes on behind it, in a segment of its own.
 */
static int start_behind_store(struct journal *j)
{
    struct segment *last = list_entry(j->segments.prev, struct segment, node);
    int r = add_segment(j, last->number + 1);
    if (r == 0)
        r = io_sync(j->current->file);
    if (r == 0)
        r = io_sync_dir(j->io, j->dir);
    while (r == 0 && j->segments.next != &j->current->node) {
        struct segment *s = list_entry(j->segments.next, struct segment, node);
        r = drop_file(j, segment_path(j, s->number));
        segment_free(s);
        j->n_segments--;
    }
    return r == 0 ? err_trace(io_sync_dir(j->io, j->dir)) : r;
}

static int start(struct journal *j, struct recovered *rec, uint64_t after_seq, const uint8_t after_chain[CHAIN_BYTES],
                 uint32_t after_epoch)
{
    bool is_behind = rec->last_seq < after_seq || rec->last_seq == 0;
    atomic_store(&j->last_seq, is_behind ? after_seq : rec->last_seq);
    memcpy(j->chain, is_behind ? after_chain : rec->chain, CHAIN_BYTES);
    uint32_t epoch = rec->epoch > rec->stale_epoch ? rec->epoch : rec->stale_epoch;
    j->epoch = (epoch > after_epoch ? epoch : after_epoch) + 1;
    j->is_dir_dirty = true; /* an earlier life may not have synced its names */

    int r = drop_leftovers(j, &rec->leftovers);
    if (r == 0)
        r = adopt_spares(j);
    if (r < 0)
        return r;
    j->current = rec->tail;
    if (j->current)
        segment_map(j->current);
    if (rec->last_seq && is_behind)
        return start_behind_store(j);
    return j->current ? 0 : add_segment(j, 1);
}

int journal_open(struct io *io, struct str dir, const struct limits *limits, uint32_t node, uint64_t after_seq,
                 const uint8_t after_chain[CHAIN_BYTES], uint32_t after_epoch, struct journal **ret)
{
    struct journal *j = journal_new(io, dir, limits, node);
    struct recovered rec;
    int r = journal_recover(j, IO_READ | IO_WRITE, after_seq, after_chain, &rec);
    if (r == 0)
        r = start(j, &rec, after_seq, after_chain, after_epoch);
    while (!list_is_empty(&rec.leftovers))
        segment_free(list_entry(rec.leftovers.next, struct segment, node));
    if (r < 0) {
        journal_close(j);
        return err_trace(r);
    }
    *ret = j;
    return 0;
}
