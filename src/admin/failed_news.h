/*
 * admin/failed_news.h - sign-ins and credentials that were refused, told to the record as events `sign_in.failed`.
 *
 *   (1) the first is told at once, with what comes within the minute behind it counted: who guesses by the thousand
 *       makes one event a minute.
 *   (2) told are how many, and why and from where the last one was; never what was presented.
 *   (3) lives on the admin loop's thread.
 */
#pragma once

#include "net/loop.h"
#include "net/timer.h"

#define FAILED_NEWS_MS 60000

struct core;

struct failed_news {
    struct loop *loop;
    struct core *core;
    struct timer timer; /* armed: one was told within the minute */
    uint64_t n;         /* not told yet */
    const char *reason;
    char address[64];
};

void failed_news_init(struct failed_news *f, struct loop *l, struct core *c); /* both outlive it */
/* `reason` is static. */
void failed_news_add(struct failed_news *f, const char *reason, struct str address);
/* Tells what is left. */
void failed_news_end(struct failed_news *f);
