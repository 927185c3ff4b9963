/*
 * io/zoneinfo.h - the system's time zones (package tzdata), read when they are first named.
 *
 * A zone that was read stays as it was until the end: what counts in it must not move while the process runs. Their
 * number is bounded by that of the system's files. Any thread.
 */
#pragma once

#include "base/zone.h"
#include "io/files.h"

#define ZONEINFO_FOLDER "/usr/share/zoneinfo"

struct zoneinfo;
struct zoneinfo *zoneinfo_new(struct io *io, struct str folder); /* NULL: no memory */
void zoneinfo_free(struct zoneinfo *z);
const struct zones *zoneinfo_zones(struct zoneinfo *z);
