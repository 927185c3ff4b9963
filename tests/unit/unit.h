/*
 * tests/unit/unit.h - cmocka with what it wants before it, and assertions for our own types.
 */
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"

/* Shows both texts when they differ. */
#define assert_str(got, want) unit_assert_str((got), (want), __FILE__, __LINE__)

static inline void unit_assert_str(struct str got, const char *want, const char *file, int line)
{
    if (str_eq(got, str_c(want)))
        return;
    print_error("got  \"%.*s\" (%zu bytes)\nwant \"%s\"\n", (int)got.n, got.p ? got.p : "", got.n, want);
    _fail(file, line);
}

/* True when fn(ctx) ends the process by abort(), as a failing check does. Its words on stderr are dropped. */
static inline bool unit_aborts(void (*fn)(void *ctx), void *ctx)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        signal(SIGABRT, SIG_DFL);
        fn(ctx);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
