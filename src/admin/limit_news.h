/*
 * admin/limit_news.h - the counters that the calls of one answer of the feed changed, each once, as they stand.
 */
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "codec/json_write.h"
#include "proxy/core.h"

struct limit_news {
    struct arena arena;
    struct map seen; /* counter 0x00 bucket */
    struct list counters;
};
void limit_news_init(struct limit_news *n);
void limit_news_deinit(struct limit_news *n);

/*
 * Notes the counters of one call, as the store tells them: [{"counter","bucket","max"}]. `tenant` not empty: the call
 * is that tenant's, and only counters of what it alone did are noted. Negative: not such a list, or too many.
 */
int limit_news_add(struct limit_news *n, struct str counters, struct str tenant);

/*
 * Calls `on` with a JSON object for each: policy, key, id, meter, window, mode, bucket, settled, held, max, left,
 * resets_at; amounts as /limits has them. What the ledger does not know any more is left out.
 */
void limit_news_tell(struct limit_news *n, struct core *c, void (*on)(void *ctx, struct str json), void *ctx);
