/*
 * base/zone.h - time zones as values: what the clock on the wall shows at an instant, and when it first shows a time.
 *
 * A zone is made once from the bytes of a zone file (TZif, RFC 9636) and never changes. Who reads the files, and for
 * how long zones live, is io/zoneinfo.h's; NULL is UTC everywhere.
 *
 *   (1) a zone says what its file says, for all instants that a wall_t can name: the rule at the file's end is applied
 *       up to the last of them.
 *   (2) where clocks are set back, a time is shown twice: zone_first gives the first. Where they are set forward, some
 *       are never shown: it gives the instant at which a later one is.
 */
#pragma once

#include "base/time.h"

struct zone;

#define ZONE_NAME_CHARS_MAX 48
#define ZONE_FILE_BYTES_MAX 65536

/* -ERR_CORRUPT: no zone file, or one that counts leap seconds; -ERR_TOO_LARGE: the name; -ERR_NOMEM. */
int zone_new(struct str name, struct str tzif, struct zone **ret);
void zone_free(struct zone *z);

struct str zone_name(const struct zone *z); /* "Europe/Berlin"; NULL: empty */
/* What the clock on the wall shows at t, counted as if it were UTC. */
wall_t zone_local(const struct zone *z, wall_t t);
/* The first instant at which it shows that time or a later one. */
wall_t zone_first(const struct zone *z, wall_t local);
/* The instant at which the clock was set last, up to t; INT64_MIN: never. And next, after t; INT64_MAX: never. */
wall_t zone_set_last(const struct zone *z, wall_t t);
wall_t zone_set_next(const struct zone *z, wall_t t);

/* Who knows zones: handed to readers of documents, and to whoever finds a zone's name on record. */
struct zones {
    const struct zone *(*find)(const struct zones *zones, struct str name); /* NULL: there is none of that name */
    /* All names, for hints; *ret_n 0: they cannot be listed. They live as long as the zones. */
    const struct str *(*names)(const struct zones *zones, size_t *ret_n);
};
/* `zones` NULL, or the name empty or "UTC": NULL, which is UTC. *ret_found false: there is no such zone. */
const struct zone *zone_find(const struct zones *zones, struct str name, bool *ret_found);
