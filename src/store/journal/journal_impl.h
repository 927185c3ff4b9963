/*
 * store/journal/journal_impl.h - what the journal's files share.
 */
#pragma once

#include "base/list.h"
#include "store/journal/disk.h"
#include "store/journal/journal.h"

#include <pthread.h>
#include <stdatomic.h>

#define SPARES_MAX 2
#define SEGMENT_DIGITS 8
#define SEGMENT_NAME_BYTES 40

/*
 * One file. Readers and the sync thread look at first_seq, last_seq and end while the writer appends: the writer sets
 * them before it publishes journal.last_seq, so that whoever has seen a seq finds the bytes of its frame.
 */
struct segment {
    struct list node;
    uint64_t number;
    struct io_file *file;
    uint64_t capacity;
    uint8_t *map; /* all of it, while it is the current one and can be mapped; else NULL */
    atomic_uint_fast64_t first_seq, last_seq; /* 0: empty */
    atomic_uint_fast64_t end;                 /* offset behind the last frame */
    uint64_t warm_end;                        /* the mapping is ready up to here; of journal_warm() */
    int n_pins;                               /* readers, syncs and warming at work in it; under the lock */
    int n_map_pins;                           /* of these, at work in its mapping; under the lock */
};

/* A file kept for the next segment: "spare.00000007". */
struct spare {
    struct list node;
    uint64_t id;
    struct io_file *file;
};

struct journal {
    struct io *io;
    struct str dir; /* owned */
    uint64_t segment_bytes, frame_bytes_max, bytes_max;
    uint32_t node, epoch;

    /* under the ledger mutex */
    uint8_t chain[CHAIN_BYTES];
    struct segment *current;
    uint8_t *scratch;
    size_t scratch_bytes;

    /* Where the first frame stands, or will, that the store lacked at open: readers need not look for it. */
    struct {
        uint64_t seq, segment, at; /* seq 0: not known */
    } lacked;

    atomic_uint_fast64_t last_seq, synced_seq;
    atomic_bool has_failed;

    pthread_mutex_t lock; /* for what follows */
    struct list segments; /* oldest first; the last one is current */
    size_t n_segments;
    struct list spares;
    size_t n_spares;
    uint64_t spare_id;
    bool is_dir_dirty; /* names were changed since the folder was synced */
};

/* --- segment.c: files, names, and reading frames out of them ----------------------------------------------------- */

/* "<dir>/00000001.seg", "<dir>/spare.00000001"; NUL-terminated, owned by the caller (free). Aborts without memory. */
struct str segment_path(const struct journal *j, uint64_t number);
struct str spare_path(const struct journal *j, uint64_t id);
/* What such a name says; false: not ours. */
bool segment_name_parse(struct str name, uint64_t *ret_number);
bool spare_name_parse(struct str name, uint64_t *ret_id);

/* A new empty segment, of a spare (consumed, also on failure) or a new file; not yet in any list. Nothing is synced. */
int segment_create(struct journal *j, uint64_t number, struct spare *from, struct segment **ret);
int segment_open(struct journal *j, uint64_t number, unsigned flags, struct segment **ret);
void segment_free(struct segment *s); /* closes the file */
void segment_map(struct segment *s);   /* where the file system lets it; else frames are written */
void segment_unmap(struct segment *s); /* nobody appends to it any more */
int spare_create(struct journal *j, uint64_t id, struct spare **ret); /* preallocated and synced */
void spare_free(struct spare *s);

/* A window of a segment's bytes, for reading frames in order. */
struct window {
    const uint8_t *map; /* the segment's own mapping, pinned by whoever reads: nothing is copied; NULL: p */
    uint8_t *p;
    size_t cap, n;
    uint64_t at; /* offset of p[0] */
};
void window_deinit(struct window *w);
void window_reset(struct window *w); /* for another segment */
/* Whether all these bytes are at hand: looking at them moves nothing that was given before. */
bool window_has(const struct window *w, uint64_t at, size_t n);
/* 0: *ret is the frame at `at`, valid until the window moves; SEGMENT_R_NONE: there is none before `end`; -ERR_IO. */
int segment_frame_at(struct segment *s, struct window *w, uint64_t at, uint64_t end, struct disk_frame *ret);
/* At least `need` bytes at `at` (*ret_n < need only at `end`), and what else the window holds behind them. */
int segment_bytes_at(struct segment *s, struct window *w, uint64_t at, uint64_t end, size_t need, const uint8_t **ret_p,
                     size_t *ret_n);
#define SEGMENT_R_NONE 1

/* --- recover.c --------------------------------------------------------------------------------------------------- */

struct recovered {
    uint64_t first_seq, last_seq; /* 0: no frames */
    uint32_t epoch;
    uint32_t stale_epoch; /* the newest of whole frames behind the last one that counts; 0: there are none */
    uint8_t chain[CHAIN_BYTES];
    struct segment *tail;  /* the segment to append to; NULL: there is none */
    struct list leftovers; /* segments behind the tail without a frame that counts */
    uint64_t damaged_segment, damaged_at, damaged_seq; /* of -ERR_CORRUPT */
    const char *damage;                                /* NULL: none */
};
/* Fills j->segments from the folder. Changes nothing on disk. -ERR_CORRUPT: *ret says where. after_chain may be NULL.
 */
int journal_recover(struct journal *j, unsigned flags, uint64_t after_seq, const uint8_t *after_chain,
                    struct recovered *ret);
