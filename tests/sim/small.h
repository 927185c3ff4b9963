/*
 * tests/sim/small.h - one worker, one vendor with Twilio's manners and one agent on loops of the simulation, so that a
 * day is a moment; and the daemon's process can end and start again with the files that it left.
 */
#pragma once

#include "loop_sim.h"
#include "unit.h"

#include "codec/json_read.h"
#include "io/io_memory.h"
#include "proxy/core_keys.h"
#include "proxy/lookup_cache.h"
#include "proxy/poll.h"
#include "store/journal/journal.h"
#include "store/memory/store_memory.h"

#define HOUR_NS (3600 * NS_PER_S)
#define MESSAGES "/2010-04-01/Accounts/AC0123/Messages"

struct small {
    struct sim *sim;
    struct limits limits;
    struct loop *vendor_loop, *worker_loop, *agent_loop;
    struct rng rng;
    struct arena arena;
    struct io *io;
    struct store *store;
    struct store_reader *reader;
    struct journal *journal;
    struct core *core;
    struct connector *connector;
    struct vendor vendor;
    struct vendors vendors;
    struct worker_shared shared;
    struct worker *worker;
    struct http_server *vendor_server;
    struct http_pool *agent_pool;
    struct net_listener *worker_listener, *vendor_listener;
    struct net_addr worker_addr, vendor_addr;
    struct key_text key;
    /* the vendor */
    wall_t priced_at; /* 0: never */
    const char *price, *unit;
    bool is_mute; /* answers nothing */
    uint16_t poll_status;
    int n_posts, n_polls;
    char poll_path[128], authorization[64];
    /* the agent */
    struct http_exchange *x; /* NULL: it has its answer */
    struct str rest; /* of its request, not sent yet */
    uint16_t status;
    char code[32]; /* x-flyball-code of the answer */
};

void small_setup(struct small *w);
void small_teardown(struct small *w);
/* The process ends at once, as by kill -9; what the disk and the store have stays. */
void small_stop(struct small *w);
void small_start(struct small *w);
/* Lets time pass, and the background do its work. */
void small_pass(struct small *w, int64_t ns);
/* The same without the thread that syncs: what waits for the disk goes on waiting. */
void small_pass_without_disk(struct small *w, int64_t ns);

/* A message on its way: all of its request, or all but the last byte until small_send_rest(). */
void small_begin(struct small *w, const char *text, bool is_whole);
void small_send_rest(struct small *w);
/* Sent whole, and answered. */
void small_send(struct small *w, const char *text);

/* What is on record, in the world's arena. */
struct json small_ask(struct small *w, enum query_kind kind);
struct str small_text(struct json v, const char *path);
/* The newest call. */
void small_assert_settled(struct small *w, const char *usd, const char *how);
/* What the day that begins so has settled; "" when there is no such row. */
struct str small_settled_on(struct small *w, const char *day);
