/*
 * daemon/exports.h - the targets of `exports:` made from the config: credentials loaded, TLS set up; and the loop they
 * live on.
 */
#pragma once

#include "config/config.h"
#include "daemon/thread.h"
#include "export/export.h"

struct export_set {
    struct arena arena;
    struct export_target *targets;
    size_t n;
    struct secret **secrets;
    size_t n_secrets;
    struct tls_sessions *sessions;
    struct loop_thread loop;
    struct rng_buffered rng;
    struct exports *exports; /* NULL: none is configured, or not started yet */
};

/* While there is one thread: what came from the environment is wiped there. -ERR_x with a sentence in `error`. */
int export_set_load(const struct config *c, struct buf *error, struct export_set *ret);
int export_set_start(struct export_set *s, struct core *core, const struct limits *limits, struct str version);
/* Before the background ends: nothing more is asked. */
void export_set_stop(struct export_set *s);
/* After it. */
void export_set_free(struct export_set *s);
