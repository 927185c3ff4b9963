/*
 * tests/sim/play.c - what a seed's play is, and what happens in it: crashes, clocks that jump, disks that are full,
 * stores that refuse; and the daemon's background threads, a turn at a time.
 */
#include "world_impl.h"

#include "base/err.h"

/* -------- drawing -------- */

static void draw_play(struct world *w)
{
    struct play *p = &w->play;

    p->is_calm = world_below(w, 8) == 0;
    p->n_crashes = world_below(w, 3) ? (int)world_below(w, 4) : 0;
    p->has_power_loss = world_below(w, 2);
    p->has_clock_jumps = world_below(w, 4) == 0;
    p->has_disk_full = world_below(w, 6) == 0;
    p->has_failed_sync = world_below(w, 8) == 0;
    p->has_operators = world_below(w, 3) > 0;
    p->has_small_limits = world_below(w, 3) == 0;
    p->has_store_trouble = world_below(w, 8) == 0;
    if (p->is_calm) {
        p->n_crashes = 0;
        p->has_disk_full = p->has_failed_sync = p->has_store_trouble = false;
    }
    if (w->mutation == MUTATION_DISK_LIES)
        p->has_power_loss = true;
    if (w->mutation == MUTATION_DISK_LIES || w->mutation == MUTATION_YES_COMES_BACK)
        p->n_crashes = 3;
    w->n_crashes_left = p->n_crashes;
}

static void draw_net(struct world *w)
{
    static const size_t windows[] = {200, 2000, 65536};
    bool is_rough = !w->play.is_calm && world_below(w, 2);

    w->net = (struct sim_net){
        .delay_ns_max = NS_PER_US * (int64_t[]){20, 500, 5000}[world_below(w, 3)],
        .slow_ns_max = 200 * NS_PER_MS,
        .slow_ppm = (uint32_t)world_below(w, 20000),
        .window_bytes_max = windows[world_below(w, 3)],
    };
    if (!is_rough)
        return;
    w->net.reset_ppm = (uint32_t)world_below(w, 8000);
    w->net.hole_ppm = (uint32_t)world_below(w, 2000);
    w->net.refuse_ppm = (uint32_t)world_below(w, 30000);
}

static void draw_limits(struct world *w)
{
    struct limits *l = &w->limits;

    limits_default(l);
    limits_default(&w->agents_limits);
    l->journal_segment_bytes = 65536;
    l->connect_timeout_ms = 1000;
    l->first_byte_timeout_ms = 2000;
    l->idle_timeout_ms = 1000;
    l->lookup_timeout_ms = 1500;
    l->total_timeout_ms = 20000;
    l->stream_window_bytes = 1000 + (int64_t)world_below(w, 20000);
    l->body_timeout_ms = 4000;
    l->body_idle_timeout_ms = 3000;
    l->pool_idle_timeout_ms = 1000 + (int64_t)world_below(w, 5000);
    l->lookup_cache_ms = (int64_t[]){0, 2000, 60000}[world_below(w, 3)];
    l->store_batch_frames_max = 1 + (int64_t)world_below(w, 64);
    if (!w->play.has_small_limits)
        return;
    l->pool_connections_max = 1 + (int64_t)world_below(w, 4);
    l->pool_waiting_max = (int64_t)world_below(w, 8);
    l->pool_idle_max = (int64_t)world_below(w, 3);
    l->idempotency_max = 16;
    l->objects_max = 16;
    l->buckets_max = 16 + (int64_t)world_below(w, 60);
    l->store_batch_frames_max = 1;
}

/* -------- background threads, as events -------- */

static void die(struct world *w) { world_crash(w, w->play.has_power_loss && world_below(w, 2)); }

static void skip_sync(struct world *w)
{
    struct list *it;

    while ((it = list_first(&w->core->syncs))) {
        struct sync_wait *wait = list_entry(it, struct sync_wait, node);
        list_remove(it);
        wait->result = 0;
        post_send(wait->box, wait->done);
    }
}

static void sync_turn(struct world *w)
{
    world_read_frames(w);
    if (w->mutation == MUTATION_SYNC_IS_SKIPPED)
        skip_sync(w);
    else
        (void)core_sync_turn(w->core);
    w->last_synced_seq = journal_synced_seq(w->journal);
    world_later(w, 4 * NS_PER_MS, sync_turn);
    if (!core_has_failed(w->core) || w->is_dying)
        return;
    w->is_dying = true;
    world_say(w, "the journal failed: the process ends");
    world_later(w, 2 * NS_PER_MS, die);
}

static void drain_turn(struct world *w)
{
    world_read_frames(w); /* before its segment may be recycled */
    (void)core_drain_turn(w->core);
    world_later(w, 20 * NS_PER_MS, drain_turn);
}

static void answer_turn(struct world *w)
{
    (void)core_answer_turn(w->core, w->store_reader);
    world_later(w, 10 * NS_PER_MS, answer_turn);
}

/* -------- what happens to the world -------- */

static void crash_event(struct world *w)
{
    if (w->n_crashes_left == 0 || w->is_ending)
        return;
    w->n_crashes_left--;
    if (world_below(w, 2)) {
        world_stop(w);
        return;
    }
    world_crash(w, w->play.has_power_loss && world_below(w, 2));
}

#define HOUR 3600

static void jump_event(struct world *w)
{
    static const int64_t seconds[] = {-15,        20,         -100,        61,         -1 * HOUR,      1 * HOUR,
                                      6 * HOUR,   25 * HOUR,  -25 * HOUR,  -30 * HOUR, 31 * 24 * HOUR, 40 * 24 * HOUR};
    wall_t now = sim_wall(w->sim), to;

    if (w->is_ending)
        return;
    switch (world_below(w, 4)) {
    case 0:
        to = wall_next_day(now) - (wall_t)world_below(w, NS_PER_S);
        break;
    case 1:
        to = wall_next_month(now) - (wall_t)world_below(w, NS_PER_S);
        break;
    default:
        to = now + seconds[world_below(w, sizeof(seconds) / sizeof(seconds[0]))] * NS_PER_S;
        break;
    }
    w->jumped = true;
    world_say(w, "the wall clock jumps by %lld s", (long long)((to - now) / NS_PER_S));
    sim_set_wall(w->sim, to);
    world_later(w, 5 * NS_PER_S, jump_event);
}

static void room_event(struct world *w)
{
    w->fault.bytes_left = -1;
    world_say(w, "the disk has room again");
}

static void full_event(struct world *w)
{
    if (w->is_ending)
        return;
    w->fault.bytes_left = (int64_t)world_below(w, 20000);
    w->was_full = true;
    world_say(w, "the disk takes %lld more bytes", (long long)w->fault.bytes_left);
    world_later(w, NS_PER_S, room_event);
}

static void trouble_event(struct world *w)
{
    w->store_refuses = !w->store_refuses && !w->is_ending;
    if (w->store_refuses)
        world_say(w, "the store takes nothing");
    if (!w->is_ending)
        world_later(w, NS_PER_S, trouble_event);
}

void play_begin(struct world *w)
{
    const struct play *p = &w->play;

    world_later(w, NS_PER_MS, sync_turn);
    world_later(w, NS_PER_MS, drain_turn);
    world_later(w, NS_PER_MS, answer_turn);
    if (w->n_crashes_left)
        world_later(w, 4 * NS_PER_S, crash_event);
    if (p->has_clock_jumps)
        world_later(w, 3 * NS_PER_S, jump_event);
    if (p->has_disk_full)
        world_later(w, 4 * NS_PER_S, full_event);
    if (p->has_store_trouble)
        world_later(w, 2 * NS_PER_S, trouble_event);
    if (p->has_failed_sync)
        w->fault.syncs_left = 5 + (int64_t)world_below(w, 60);
}

void play_draw(struct world *w)
{
    draw_play(w);
    draw_limits(w);
    draw_net(w);
}
