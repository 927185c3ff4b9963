/*
 * proxy/run_tree.h - which run began the tree that a run is of: agents start agents, and a limit by `root_run` counts
 * all of them together.
 *
 *   (1) the first parent that a run names is its parent; another one later changes nothing.
 *   (2) trees do not cross tenants, and have no loops: a run is linked to a root, never to a parent.
 *   (3) bounded: at run_links_max the oldest link is forgotten. The newest are read from the store at start
 *       (core_load.c).
 *
 * No clock, no lock: the core's mutex guards it.
 */
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"

struct run_tree {
    struct map links;   /* "<tenant>\n<run>" -> struct run_link */
    struct list oldest; /* first: the oldest */
};

void run_tree_init(struct run_tree *t, size_t n_max, const uint8_t seed[16]);
void run_tree_deinit(struct run_tree *t);
/* `parent` empty: the run names none. The root lives in `a`. */
struct str run_tree_root(struct run_tree *t, struct str tenant, struct str run, struct str parent, struct arena *a);
