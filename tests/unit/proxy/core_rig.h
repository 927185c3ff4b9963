/*
 * tests/unit/proxy/core_rig.h - a core over a journal and a store in memory, under a clock that the test sets; stopped
 * and started again as the end of a process leaves it.
 */
#pragma once

#include "unit.h"

#include "base/arena.h"
#include "io/io_memory.h"
#include "proxy/core.h"
#include "store/journal/journal.h"
#include "store/memory/store_memory.h"

struct rig {
    struct limits limits;
    struct clock clock;
    struct rng rng;
    struct io *io;
    struct store *store;
    struct journal *journal;
    struct core *core;
    struct arena arena;
};

static wall_t wall_now; /* of the clock; its other hand stands still */
static mono_t rig_mono(void *ctx) { return 0; }
static wall_t rig_wall(void *ctx) { return wall_now; }

/* Where the store and the journal ended. */
static inline void rig_start(struct rig *r)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch = 0;
    uint64_t seq = r->store->ops->position(r->store, chain, &epoch);
    assert_int_equal(journal_open(r->io, STR("journal"), &r->limits, 1, seq, chain, epoch, &r->journal), 0);
    struct core_options o = {
        .limits = &r->limits, .clock = &r->clock, .rng = &r->rng, .journal = r->journal, .store = r->store};
    assert_int_equal(core_new(&o, &r->core), 0);
}

/* `is_drained` false: as kill -9 leaves it, the journal alone has the last frames. */
static inline void rig_stop(struct rig *r, bool is_drained)
{
    while (is_drained && core_drain_turn(r->core))
        ;
    core_free(r->core);
    journal_close(r->journal);
}

/* Everything but the core: limits may still be set, then rig_start(). */
static inline void rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    wall_now = 1795440734 * NS_PER_S;
    r->clock = (struct clock){rig_mono, rig_wall, NULL};
    limits_default(&r->limits);
    r->limits.journal_segment_bytes = 1 << 20;
    rng_seeded_init(&r->rng, 5);
    arena_init(&r->arena, 64 << 20);
    r->io = io_memory_new(64u << 20);
    (void)io_mkdir(r->io, STR("journal"));
    assert_int_equal(store_memory_new(&r->store), 0);
}

static inline void rig_deinit(struct rig *r)
{
    rig_stop(r, true);
    r->store->ops->close(r->store);
    io_memory_free(r->io);
    arena_deinit(&r->arena);
}
