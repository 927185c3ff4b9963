/*
 * daemon/watch.h - notices that a file changed, by asking for its state now and then.
 *
 * A change counts once the file was found the same twice: who writes it in pieces is waited for. A file that is put in
 * its place by rename, or by the exchange of a symbolic link, is a change too; so is one that is gone.
 */
#pragma once

#include "base/str.h"

#include <sys/stat.h>

#define WATCH_INTERVAL_MS 1000

struct watch {
    const char *path; /* of the caller */
    struct stat taken, seen;
};

void watch_init(struct watch *w, const char *path); /* as it is now is no change */
/* True: it is another one than at the start, or than when this was true last. */
bool watch_look(struct watch *w);
