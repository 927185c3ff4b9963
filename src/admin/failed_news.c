/*
 * admin/failed_news.c - see failed_news.h.
 */
#include "admin/failed_news.h"

#include "base/list.h"
#include "base/log.h"
#include "proxy/core_people.h"

#include <string.h>

/* What cannot be written stays counted, for the next. */
static void tell(struct failed_news *f)
{
    int r = core_sign_ins_failed(f->core, f->n, str_c(f->reason), str_c(f->address));
    if (r < 0)
        log_at(LOG_WARN, "sign_in_failed_untold", "count=%llu", (unsigned long long)f->n);
    else
        f->n = 0;
}

static void on_minute(struct timer *t)
{
    struct failed_news *f = list_entry(t, struct failed_news, timer);
    if (!f->n)
        return;
    tell(f);
    timer_arm(f->loop, t, FAILED_NEWS_MS);
}

void failed_news_init(struct failed_news *f, struct loop *l, struct core *c)
{
    *f = (struct failed_news){.loop = l, .core = c};
    timer_init(&f->timer, on_minute);
}

void failed_news_add(struct failed_news *f, const char *reason, struct str address)
{
    size_t n = address.n < sizeof f->address ? address.n : sizeof f->address - 1;
    memcpy(f->address, address.p, n);
    f->address[n] = '\0';
    f->reason = reason;
    f->n++;
    if (timer_is_armed(&f->timer))
        return;
    tell(f);
    timer_arm(f->loop, &f->timer, FAILED_NEWS_MS);
}

void failed_news_end(struct failed_news *f)
{
    timer_cancel(f->loop, &f->timer);
    if (f->n)
        tell(f);
}
