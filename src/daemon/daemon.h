/*
 * daemon/daemon.h - the running process: threads, listeners, signals. `serve` and `dev` differ in their options only.
 */
#pragma once

#include "daemon/reload.h"

struct daemon_options {
    const struct config *config;
    config_maker make_config; /* the same again, for reloads */
    void *make_config_ctx;
    struct str watched;       /* a file whose change is a reload; empty: none. Ends in NUL */
    bool is_dev;       /* starter policy, dev key, sandbox vendors */
    bool has_sandbox;  /* dev without --no-sandbox */
    bool wants_json;   /* one line of JSON when ready (CONTRACT 12) */
};
/* Runs until SIGTERM or SIGINT (drains for drain_timeout_ms; a second signal ends at once). The process's exit status.
 */
int daemon_run(const struct daemon_options *o);
