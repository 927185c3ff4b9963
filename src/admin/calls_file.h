/*
 * admin/calls_file.h - all calls that a filter fits as a file: one record a line (ndjson), or a table (csv).
 *
 * Asked of the store page by page, as fast as the client takes it: a history of any length costs the memory of a page.
 * A store that fails on the way breaks the connection off, so that half a file is never taken for a whole one.
 */
#pragma once

#include "admin/request.h"

/* Whether a file is asked for (`format`); then it is under way, or refused and answered. */
bool calls_file_wanted(struct request *r);
/* The filters are in r->ask.q. `rows_max` 0: all. */
void calls_file_send(struct request *r, int64_t rows_max);

/* One page of records as rows of a table. -ERR_CORRUPT; the buf's errors. */
int calls_csv(struct arena *a, struct json page, struct buf *out);
int calls_csv_titles(struct buf *out);
