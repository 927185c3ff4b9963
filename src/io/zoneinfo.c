/*
 * io/zoneinfo.c - a folder of zone files: one a zone, and tzdata.zi, which lists their names.
 */
#include "io/zoneinfo.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/list.h"
#include "io/whole_file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define LIST_BYTES_MAX (1u << 20)
#define NAMES_MAX 4096
#define ARENA_BYTES_MAX (2u << 20)

struct entry {
    struct list node;
    struct zone *zone;
};

struct zoneinfo {
    struct zones zones; /* first: the table's functions get it back */
    struct io *io;
    pthread_mutex_t mutex;
    struct arena arena; /* the folder's name and, once asked for, the list of names */
    struct str folder;
    struct list entries;
    struct str *names;
    size_t n_names;
};

static struct zoneinfo *of(const struct zones *zones)
{
    return (struct zoneinfo *)(uintptr_t)zones;
}

/* A name of the database, and no way out of the folder. */
static bool is_name(struct str s)
{
    bool is_ok = s.n > 0 && s.n <= ZONE_NAME_CHARS_MAX && s.p[0] >= 'A' && s.p[0] <= 'Z';
    for (size_t i = 0; is_ok && i < s.n; i++) {
        char c = s.p[i];
        is_ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
                c == '-' || c == '+';
    }
    return is_ok;
}

static struct str path_of(const struct zoneinfo *z, struct str name, char out[IO_PATH_BYTES_MAX])
{
    int n = snprintf(out, IO_PATH_BYTES_MAX, STR_FMT "/" STR_FMT, STR_ARG(z->folder), STR_ARG(name));
    return str_sub(str_c(out), 0, (size_t)n);
}

static struct zone *read_zone(struct zoneinfo *z, struct str name)
{
    struct buf bytes;
    struct zone *zone = NULL;
    char path[IO_PATH_BYTES_MAX];
    struct str at = path_of(z, name, path);
    buf_init(&bytes, ZONE_FILE_BYTES_MAX);
    if (io_read_file(z->io, at, ZONE_FILE_BYTES_MAX, &bytes) == 0)
        (void)zone_new(name, buf_str(&bytes), &zone); /* what cannot be read is not there */
    buf_deinit(&bytes);
    return zone;
}

static const struct zone *find_locked(struct zoneinfo *z, struct str name)
{
    list_each(node, &z->entries) {
        const struct entry *e = list_entry(node, struct entry, node);
        if (str_eq(zone_name(e->zone), name))
            return e->zone;
    }
    struct zone *zone = read_zone(z, name);
    struct entry *e = zone ? calloc(1, sizeof *e) : NULL;
    if (!e) {
        zone_free(zone);
        return NULL;
    }
    e->zone = zone;
    list_add_tail(&z->entries, &e->node);
    return zone;
}

static const struct zone *find(const struct zones *zones, struct str name)
{
    struct zoneinfo *z = of(zones);
    if (!is_name(name))
        return NULL;
    check(pthread_mutex_lock(&z->mutex) == 0);
    const struct zone *zone = find_locked(z, name);
    check(pthread_mutex_unlock(&z->mutex) == 0);
    return zone;
}

/* "Z Europe/Berlin 0:53:28 - LMT", and names that stand for it: "L Europe/Berlin Arctic/Longyearbyen". */
static struct str name_in(struct str line)
{
    struct str kind, name, rest;
    if (!str_cut(line, ' ', &kind, &name) || kind.n != 1 || (kind.p[0] != 'Z' && kind.p[0] != 'L'))
        return STR_NONE;
    if (kind.p[0] == 'L' && !str_cut(name, ' ', &rest, &name))
        return STR_NONE;
    (void)str_cut(name, ' ', &name, &rest); /* of a link nothing follows */
    return name;
}

static void list_names(struct zoneinfo *z, struct str text)
{
    struct str line, rest = text;
    z->names = arena_alloc(&z->arena, NAMES_MAX * sizeof *z->names);
    for (bool is_more = true; is_more && z->n_names < NAMES_MAX;) {
        line = rest;
        is_more = str_cut(rest, '\n', &line, &rest);
        struct str name = name_in(line);
        if (is_name(name))
            z->names[z->n_names++] = arena_str(&z->arena, name);
    }
}

static const struct str *names(const struct zones *zones, size_t *ret_n)
{
    struct zoneinfo *z = of(zones);
    struct buf text;
    char path[IO_PATH_BYTES_MAX];
    buf_init(&text, LIST_BYTES_MAX);
    check(pthread_mutex_lock(&z->mutex) == 0);
    struct str at = path_of(z, STR("tzdata.zi"), path);
    if (!z->names && io_read_file(z->io, at, LIST_BYTES_MAX, &text) == 0)
        list_names(z, buf_str(&text));
    *ret_n = z->n_names;
    check(pthread_mutex_unlock(&z->mutex) == 0);
    buf_deinit(&text);
    return z->names;
}

struct zoneinfo *zoneinfo_new(struct io *io, struct str folder)
{
    struct zoneinfo *z = calloc(1, sizeof *z);
    if (!z)
        return NULL;
    z->zones = (struct zones){find, names};
    z->io = io;
    check(pthread_mutex_init(&z->mutex, NULL) == 0);
    arena_init(&z->arena, ARENA_BYTES_MAX);
    z->folder = arena_str(&z->arena, folder);
    list_init(&z->entries);
    return z;
}

void zoneinfo_free(struct zoneinfo *z)
{
    if (!z)
        return;
    list_each_safe(node, tmp, &z->entries) {
        struct entry *e = list_entry(node, struct entry, node);
        zone_free(e->zone);
        free(e);
    }
    arena_deinit(&z->arena);
    pthread_mutex_destroy(&z->mutex);
    free(z);
}

const struct zones *zoneinfo_zones(struct zoneinfo *z)
{
    return &z->zones;
}
