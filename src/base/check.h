/*
 * base/check.h - what we believe, checked in every build.
 *
 * check() is for programmer errors only: it prints file, line and condition, runs the panic report, and aborts.
 * Bad input is never a check. check_slow() costs more than a few instructions and runs in debug builds only.
 */
#pragma once

#include <stdbool.h>
#include <stdnoreturn.h>

#define check(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__))

#ifdef FLYBALL_CHECK_SLOW
#define check_slow(cond) check(cond)
#else
#define check_slow(cond) ((void)0)
#endif

noreturn void check_failed(const char *cond, const char *file, int line);

/* Called once by a failing check before the abort: prints live calls (never content). NULL removes it. */
void check_set_report(void (*report)(void *ctx), void *ctx);
