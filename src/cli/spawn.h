/*
 * cli/spawn.h - another program in our place: our streams, our terminal, the signals that we get, and its exit status.
 */
#pragma once

#include "base/str.h"

/*
 * Runs argv[0] (looked for in PATH) with that environment, waits for its end, and meanwhile passes on SIGHUP, SIGINT,
 * SIGQUIT, SIGTERM, SIGUSR1 and SIGUSR2 that a process sent us. Those of the terminal reach the program anyway, because
 * it is in our process group.
 * 0: *ret_status is its exit status, 128+n when signal n ended it. -ERR_NOT_FOUND: there is no such program;
 * -ERR_DENIED: it cannot be executed; -ERR_IO: the system would not.
 */
int spawn_and_wait(const char *const *argv, const char *const *env, int *ret_status);
