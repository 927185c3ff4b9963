/*
 * daemon/notices.h - the webhooks of `approvals:`, or those of `notices:`, made from the config: secrets loaded, TLS
 * set up; and the loop that notices live on.
 */
#pragma once

#include "config/config.h"
#include "daemon/thread.h"
#include "export/notice.h"

struct notice_set {
    const char *section; /* "approvals", "notices" */
    bool is_events;
    struct arena arena;
    struct str *names; /* of the targets */
    struct notice_target *targets;
    size_t n;
    struct secret **secrets;
    size_t n_secrets;
    struct tls_sessions *sessions;
    struct loop_thread loop;
    struct rng_buffered rng;
    struct notices *notices; /* NULL: none is configured, or not started yet */
    struct core *core;
};

/* While there is one thread: what came from the environment is wiped there. -ERR_x with a sentence in `error`. */
int notice_sets_load(const struct config *c, struct buf *error, struct notice_set *approvals,
                     struct notice_set *notices);
/* `page`, `link`: addresses of dashboard and hooks listener where the config names none; link empty: it is off. */
int notice_set_start(struct notice_set *s, struct core *core, const struct limits *limits, struct str page,
                     struct str link);
void notice_set_stop(struct notice_set *s);
