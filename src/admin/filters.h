/*
 * admin/filters.h - the filters that lists and the feed have in common, from a request's query into the store's.
 */
#pragma once

#include "admin/request.h"

/* Fills r->ask.q; what a verb does not list cannot be there. False: refused, answered. */
bool filters_read(struct request *r, enum query_kind kind);

/*
 * Who has roles for one tenant sees that one. False: another one was asked for, which finds what a name finds that
 * nobody has: nothing.
 */
bool filters_keep_to_tenant(struct request *r, struct query *q);

/* A value of a closed set, or none: a typo must not look like "nothing happened". False: refused, answered. */
bool filter_is_one_of(struct request *r, const char *name, struct str got, const struct str *names, size_t n);
