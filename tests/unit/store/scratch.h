/*
 * tests/unit/store/scratch.h - a folder for one test program's database, removed at the end.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
    char dir[96], file[128];
};

static inline void scratch_init(struct scratch *s, const char *name)
{
    /* In memory where there is such a folder: nothing here is about the disk. */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(s->dir, sizeof s->dir, "%s/flyball-%s-XXXXXX", base, name);
    if (!mkdtemp(s->dir))
        abort();
    snprintf(s->file, sizeof s->file, "%s/store.db", s->dir);
}

/* Removes the database. */
static inline void scratch_clear(struct scratch *s)
{
    static const char *const ENDS[] = {"", "-wal", "-shm"};
    char path[160];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", s->file, ENDS[i]);
        unlink(path);
    }
}

static inline void scratch_write(struct scratch *s, const char *text)
{
    FILE *f = fopen(s->file, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

static inline void scratch_deinit(struct scratch *s)
{
    scratch_clear(s);
    rmdir(s->dir);
}
