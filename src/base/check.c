/*
 * base/check.c - the end of a process that no longer believes itself.
 *
 * The report hook is process-wide because a failing check has nothing but its own line to start from. It runs at most
 * once, also when the hook itself fails a check.
 */
#include "base/check.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

struct check_report {
    void (*fn)(void *ctx);
    void *ctx;
};

static struct check_report the_report;
static atomic_flag is_reporting = ATOMIC_FLAG_INIT;

void check_set_report(void (*report)(void *ctx), void *ctx)
{
    the_report = (struct check_report){report, ctx};
}

noreturn void check_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "%s:%d: check failed: %s\n", file, line, cond);
    if (!atomic_flag_test_and_set(&is_reporting) && the_report.fn)
        the_report.fn(the_report.ctx);
    fflush(stderr);
    abort();
}
