/*
 * io/io_memory.c - a file system in memory.
 *
 * An inode has its bytes twice: as written, and as they would be found after a power loss. Names are kept twice
 * likewise: `names` is what the running system sees, `durable` what a restart finds. One mutex guards all of it.
 *
 *   (1) an inode lives while a name (of either kind) or a handle refers to it.
 *   (2) outside dirty_from..dirty_to the two copies of an inode's bytes are equal.
 *   (3) a handle of an earlier generation is dead: the process that opened it is gone.
 */
#include "io/io_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

#define SECTOR_BYTES 512

struct bytes {
    char *p;
    size_t n, cap;
};

struct inode {
    int n_refs;
    bool is_dir, is_locked;
    struct bytes now, durable;
    size_t dirty_from, dirty_to;
};

struct name {
    char *path;
    size_t n;
    struct inode *inode;
};

struct names {
    struct name *items;
    size_t n, cap;
};

struct memory {
    struct io io; /* first */
    pthread_mutex_t mutex;
    struct names names, durable;
    size_t n_bytes, bytes_max; /* of all files as written */
    uint64_t generation;
    int n_handles;
};

struct memory_file {
    struct io_file file; /* first */
    struct memory *m;
    struct inode *inode;
    uint64_t generation;
    bool is_readable, is_writable, has_lock;
};

/* --- inodes ------------------------------------------------------------------------------------------------------- */

static void inode_unref(struct memory *m, struct inode *i)
{
    check(i->n_refs > 0);
    if (--i->n_refs > 0)
        return;
    m->n_bytes -= i->now.n;
    free(i->now.p);
    free(i->durable.p);
    free(i);
}

/* New bytes are zero. */
static int bytes_resize(struct bytes *b, size_t n)
{
    if (n > b->cap) {
        size_t cap = n < 4096 ? 4096 : n + n / 2;
        char *p = realloc(b->p, cap);
        if (!p)
            return -ERR_NOMEM;
        b->p = p;
        b->cap = cap;
    }
    if (n > b->n)
        memset(b->p + b->n, 0, n - b->n);
    b->n = n;
    return 0;
}

static void mark_dirty(struct inode *i, size_t from, size_t to)
{
    bool is_clean = i->dirty_from >= i->dirty_to;
    i->dirty_from = is_clean || from < i->dirty_from ? from : i->dirty_from;
    i->dirty_to = is_clean || to > i->dirty_to ? to : i->dirty_to;
}

static int inode_resize(struct memory *m, struct inode *i, uint64_t size)
{
    size_t before = i->now.n;
    if (size > before && size - before > m->bytes_max - m->n_bytes)
        return -ERR_NO_SPACE;
    int r = bytes_resize(&i->now, (size_t)size);
    if (r < 0)
        return r;
    m->n_bytes = m->n_bytes - before + (size_t)size;
    mark_dirty(i, before < size ? before : (size_t)size, before < size ? (size_t)size : before);
    return 0;
}

/* Makes the durable copy equal where it differs, and in length. Out of memory aborts: a test tool may. */
static void inode_settle(struct inode *i)
{
    size_t to = i->dirty_to < i->now.n ? i->dirty_to : i->now.n;
    check(bytes_resize(&i->durable, i->now.n) == 0);
    if (i->dirty_from < to)
        memcpy(i->durable.p + i->dirty_from, i->now.p + i->dirty_from, to - i->dirty_from);
    i->dirty_from = i->dirty_to = 0;
}

/* Puts the running copy back to the durable one, but for sectors that the coin keeps. */
static void inode_forget(struct memory *m, struct inode *i, struct rng *r)
{
    if (i->dirty_from >= i->dirty_to)
        return;
    bool keeps_length = r && rng_below(r, 2);
    if (r) {
        size_t to = i->now.n < i->dirty_to ? i->now.n : i->dirty_to;
        size_t durable_n = i->durable.n;
        check(bytes_resize(&i->durable, i->now.n > durable_n ? i->now.n : durable_n) == 0);
        for (size_t at = i->dirty_from; at < to;) {
            size_t end = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
            end = end < to ? end : to;
            if (rng_below(r, 2))
                memcpy(i->durable.p + at, i->now.p + at, end - at);
            at = end;
        }
        check(bytes_resize(&i->durable, keeps_length ? i->now.n : durable_n) == 0);
    }
    m->n_bytes = m->n_bytes - i->now.n + i->durable.n;
    check(bytes_resize(&i->now, i->durable.n) == 0);
    if (i->durable.n)
        memcpy(i->now.p, i->durable.p, i->durable.n);
    i->dirty_from = i->dirty_to = 0;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

/* "a//b/" and "a/b" are one name; "." and the empty rest of "/x" are the root of their kind. */
static int clean_path(struct str path, char out[IO_PATH_BYTES_MAX + 1], struct str *ret)
{
    size_t n = 0;
    if (path.n == 0 || str_has(path, '\0'))
        return -ERR_INVALID;
    if (path.n > IO_PATH_BYTES_MAX)
        return -ERR_TOO_LARGE;
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] != '/' || n == 0 || out[n - 1] != '/')
            out[n++] = path.p[i];
    if (n > 1 && out[n - 1] == '/')
        n--;
    *ret = (struct str){out, n};
    return 0;
}

static struct str folder_of(struct str path)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/')
        n--;
    return n > 1 ? str_sub(path, 0, n - 1) : n == 1 ? STR("/") : STR(".");
}

static bool is_root(struct str path)
{
    return str_eq(path, STR("/")) || str_eq(path, STR("."));
}

static struct str path_of(const struct name *name)
{
    return (struct str){name->path, name->n};
}

/* Where `path` is, or would be: names are sorted. */
static size_t names_find(const struct names *names, struct str path, bool *ret_found)
{
    size_t low = 0, high = names->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = str_cmp(path_of(&names->items[mid]), path);
        if (c == 0) {
            *ret_found = true;
            return mid;
        }
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *ret_found = false;
    return low;
}

static struct inode *names_get(const struct names *names, struct str path)
{
    bool is_found;
    size_t i = names_find(names, path, &is_found);
    return is_found ? names->items[i].inode : NULL;
}

static void names_remove(struct memory *m, struct names *names, size_t i)
{
    inode_unref(m, names->items[i].inode);
    free(names->items[i].path);
    memmove(&names->items[i], &names->items[i + 1], (names->n - i - 1) * sizeof names->items[0]);
    names->n--;
}

/* Takes a reference of its own; replaces what stood there. */
static int names_put(struct memory *m, struct names *names, struct str path, struct inode *inode)
{
    bool is_found;
    size_t i = names_find(names, path, &is_found);
    inode->n_refs++;
    if (is_found) {
        inode_unref(m, names->items[i].inode);
        names->items[i].inode = inode;
        return 0;
    }
    char *copy = malloc(path.n);
    struct name *items = names->items;
    if (names->n == names->cap) {
        size_t cap = names->cap ? names->cap * 2 : 16;
        items = realloc(items, cap * sizeof *items);
        if (items) {
            names->items = items;
            names->cap = cap;
        }
    }
    if (!copy || !items) {
        free(copy);
        inode->n_refs--;
        return -ERR_NOMEM;
    }
    memcpy(copy, path.p, path.n);
    memmove(&items[i + 1], &items[i], (names->n - i) * sizeof *items);
    items[i] = (struct name){copy, path.n, inode};
    names->n++;
    return 0;
}

static void names_clear(struct memory *m, struct names *names)
{
    while (names->n)
        names_remove(m, names, names->n - 1);
    free(names->items);
    *names = (struct names){0};
}

static bool is_folder(struct memory *m, struct str path)
{
    struct inode *i = names_get(&m->names, path);
    return is_root(path) || (i && i->is_dir);
}

/* A new inode under `path`, with no reference but the name's. */
static int make(struct memory *m, struct str path, bool is_dir, struct inode **ret)
{
    if (!is_folder(m, folder_of(path)))
        return -ERR_NOT_FOUND;
    struct inode *i = calloc(1, sizeof *i);
    if (!i)
        return -ERR_NOMEM;
    i->is_dir = is_dir;
    int r = names_put(m, &m->names, path, i);
    if (r < 0) {
        free(i);
        return r;
    }
    *ret = i;
    return 0;
}

/* --- operations --------------------------------------------------------------------------------------------------- */

static struct memory *enter(struct io *io)
{
    struct memory *m = (struct memory *)io;
    pthread_mutex_lock(&m->mutex);
    return m;
}

static int leave(struct memory *m, int r)
{
    pthread_mutex_unlock(&m->mutex);
    return err_trace(r);
}

/* Locks; 0, or why the handle cannot be used. */
static int enter_file(struct memory_file *f, bool is_write)
{
    pthread_mutex_lock(&f->m->mutex);
    if (f->generation != f->m->generation)
        return -ERR_CLOSED;
    check(is_write ? f->is_writable : true);
    return 0;
}

static const struct io_ops memory_ops;

static int handle_new(struct memory *m, struct inode *i, unsigned flags, struct io_file **ret)
{
    struct memory_file *f = malloc(sizeof *f);
    if (!f)
        return -ERR_NOMEM;
    *f = (struct memory_file){.file = {&memory_ops}, .m = m, .inode = i, .generation = m->generation,
                              .is_readable = flags & IO_READ, .is_writable = flags & IO_WRITE};
    i->n_refs++;
    m->n_handles++;
    *ret = &f->file;
    return 0;
}

static int open_locked(struct memory *m, struct str path, unsigned flags, struct io_file **ret)
{
    char text[IO_PATH_BYTES_MAX + 1];
    int r = clean_path(path, text, &path);
    if (r < 0)
        return r;
    struct inode *i = names_get(&m->names, path);
    if (i && (flags & IO_CREATE) && (flags & IO_EXCLUSIVE))
        return -ERR_EXISTS;
    if (!i && !(flags & IO_CREATE))
        return -ERR_NOT_FOUND;
    if (i && i->is_dir)
        return -ERR_IO;
    if (!i)
        r = make(m, path, false, &i);
    if (r == 0 && (flags & IO_EMPTY))
        r = inode_resize(m, i, 0);
    return r < 0 ? r : handle_new(m, i, flags, ret);
}

static int memory_open(struct io *io, struct str path, unsigned flags, struct io_file **ret)
{
    check(flags & (IO_READ | IO_WRITE));
    struct memory *m = enter(io);
    return leave(m, open_locked(m, path, flags, ret));
}

static int memory_lock(struct io *io, struct str path, struct io_file **ret)
{
    struct memory *m = enter(io);
    struct io_file *file;
    int r = open_locked(m, path, IO_READ | IO_WRITE | IO_CREATE, &file);
    if (r < 0)
        return leave(m, r);
    struct memory_file *f = (struct memory_file *)file;
    if (f->inode->is_locked) {
        inode_unref(m, f->inode);
        m->n_handles--;
        free(f);
        return leave(m, -ERR_BUSY);
    }
    f->inode->is_locked = f->has_lock = true;
    *ret = file;
    return leave(m, 0);
}

static void memory_close(struct io_file *file)
{
    struct memory_file *f = (struct memory_file *)file;
    struct memory *m = f->m;
    bool is_dead = enter_file(f, false) < 0;
    if (f->has_lock && !is_dead)
        f->inode->is_locked = false;
    inode_unref(m, f->inode);
    m->n_handles--;
    free(f);
    (void)leave(m, 0);
}

static int memory_read_at(struct io_file *file, void *p, size_t n, uint64_t at, size_t *ret_n)
{
    struct memory_file *f = (struct memory_file *)file;
    int r = enter_file(f, false);
    if (r < 0)
        return leave(f->m, r);
    check(f->is_readable);
    size_t size = f->inode->now.n, left = at < size ? size - (size_t)at : 0;
    size_t got = n < left ? n : left;
    if (got)
        memcpy(p, f->inode->now.p + at, got);
    *ret_n = got;
    return leave(f->m, 0);
}

static int memory_write_at(struct io_file *file, struct str bytes, uint64_t at)
{
    struct memory_file *f = (struct memory_file *)file;
    int r = enter_file(f, true);
    if (r == 0 && bytes.n && at + bytes.n > f->inode->now.n)
        r = inode_resize(f->m, f->inode, at + bytes.n);
    if (r < 0 || bytes.n == 0)
        return leave(f->m, r);
    memcpy(f->inode->now.p + at, bytes.p, bytes.n);
    mark_dirty(f->inode, (size_t)at, (size_t)at + bytes.n);
    return leave(f->m, 0);
}

static int memory_sync(struct io_file *file)
{
    struct memory_file *f = (struct memory_file *)file;
    int r = enter_file(f, false);
    if (r == 0)
        inode_settle(f->inode);
    return leave(f->m, r);
}

static int memory_truncate(struct io_file *file, uint64_t size)
{
    struct memory_file *f = (struct memory_file *)file;
    int r = enter_file(f, true);
    return leave(f->m, r < 0 ? r : inode_resize(f->m, f->inode, size));
}

static int memory_allocate(struct io_file *file, uint64_t size)
{
    struct memory_file *f = (struct memory_file *)file;
    int r = enter_file(f, true);
    if (r == 0 && size > f->inode->now.n)
        r = inode_resize(f->m, f->inode, size);
    return leave(f->m, r);
}

static int memory_size(struct io_file *file, uint64_t *ret)
{
    struct memory_file *f = (struct memory_file *)file;
    int r = enter_file(f, false);
    if (r == 0)
        *ret = f->inode->now.n;
    return leave(f->m, r);
}

/* The first name of `from` in `folder` that `in` does not have alike. */
static bool next_difference(const struct names *from, const struct names *in, struct str folder, size_t *ret_i)
{
    for (size_t i = 0; i < from->n; i++) {
        struct str path = path_of(&from->items[i]);
        if (str_eq(folder_of(path), folder) && names_get(in, path) != from->items[i].inode) {
            *ret_i = i;
            return true;
        }
    }
    return false;
}

static int memory_sync_dir(struct io *io, struct str path)
{
    struct memory *m = enter(io);
    char text[IO_PATH_BYTES_MAX + 1];
    size_t i;
    int r = clean_path(path, text, &path);
    if (r < 0)
        return leave(m, r);
    if (!is_folder(m, path))
        return leave(m, -ERR_NOT_FOUND);
    while (next_difference(&m->durable, &m->names, path, &i))
        names_remove(m, &m->durable, i);
    while (r == 0 && next_difference(&m->names, &m->durable, path, &i))
        r = names_put(m, &m->durable, path_of(&m->names.items[i]), m->names.items[i].inode);
    return leave(m, r);
}

static int memory_rename(struct io *io, struct str from, struct str to)
{
    struct memory *m = enter(io);
    char from_text[IO_PATH_BYTES_MAX + 1], to_text[IO_PATH_BYTES_MAX + 1];
    int r = clean_path(from, from_text, &from);
    if (r == 0)
        r = clean_path(to, to_text, &to);
    struct inode *i = r == 0 ? names_get(&m->names, from) : NULL;
    if (r == 0 && (!i || !is_folder(m, folder_of(to))))
        r = -ERR_NOT_FOUND;
    if (r == 0 && i->is_dir)
        r = -ERR_IO; /* nobody here moves folders */
    if (r == 0 && !str_eq(from, to))
        r = names_put(m, &m->names, to, i);
    if (r == 0 && !str_eq(from, to)) {
        bool is_found;
        names_remove(m, &m->names, names_find(&m->names, from, &is_found));
    }
    return leave(m, r);
}

static int memory_unlink(struct io *io, struct str path)
{
    struct memory *m = enter(io);
    char text[IO_PATH_BYTES_MAX + 1];
    bool is_found = false;
    int r = clean_path(path, text, &path);
    size_t i = r == 0 ? names_find(&m->names, path, &is_found) : 0;
    if (r == 0 && !is_found)
        r = -ERR_NOT_FOUND;
    if (r == 0 && m->names.items[i].inode->is_dir)
        r = -ERR_IO;
    if (r == 0)
        names_remove(m, &m->names, i);
    return leave(m, r);
}

static int memory_mkdir(struct io *io, struct str path)
{
    struct memory *m = enter(io);
    char text[IO_PATH_BYTES_MAX + 1];
    struct inode *i;
    int r = clean_path(path, text, &path);
    if (r == 0 && (is_root(path) || names_get(&m->names, path)))
        r = -ERR_EXISTS;
    return leave(m, r < 0 ? r : make(m, path, true, &i));
}

/* on_name may open and remove files: it runs outside the mutex, on copies. */
static int memory_list(struct io *io, struct str path, int (*on_name)(void *ctx, struct str name), void *ctx)
{
    struct memory *m = enter(io);
    char text[IO_PATH_BYTES_MAX + 1];
    struct names copies = {0};
    int r = clean_path(path, text, &path);
    if (r == 0 && !is_folder(m, path))
        r = -ERR_NOT_FOUND;
    for (size_t i = 0; r == 0 && i < m->names.n; i++)
        if (str_eq(folder_of(path_of(&m->names.items[i])), path))
            r = names_put(m, &copies, path_of(&m->names.items[i]), m->names.items[i].inode);
    (void)leave(m, 0);

    for (size_t i = 0; r >= 0 && i < copies.n; i++) {
        struct str name = path_of(&copies.items[i]), folder = folder_of(name);
        size_t n_cut = str_eq(folder, STR(".")) ? 0 : str_eq(folder, STR("/")) ? 1 : folder.n + 1;
        r = on_name(ctx, str_sub(name, n_cut, name.n));
    }
    pthread_mutex_lock(&m->mutex);
    names_clear(m, &copies);
    return leave(m, r < 0 ? r : 0);
}

static const struct io_ops memory_ops = {
    .open = memory_open,
    .close = memory_close,
    .read_at = memory_read_at,
    .write_at = memory_write_at,
    .sync = memory_sync,
    .allocate = memory_allocate,
    .truncate = memory_truncate,
    .size = memory_size,
    .sync_dir = memory_sync_dir,
    .rename = memory_rename,
    .unlink = memory_unlink,
    .mkdir = memory_mkdir,
    .list = memory_list,
    .lock = memory_lock,
};

/* --- the machine around it ---------------------------------------------------------------------------------------- */

struct io *io_memory_new(size_t bytes_max)
{
    struct memory *m = calloc(1, sizeof *m);
    check(m != NULL);
    m->io.ops = &memory_ops;
    m->bytes_max = bytes_max;
    check(pthread_mutex_init(&m->mutex, NULL) == 0);
    return &m->io;
}

void io_memory_free(struct io *io)
{
    struct memory *m = (struct memory *)io;
    check(m->n_handles == 0);
    names_clear(m, &m->names);
    names_clear(m, &m->durable);
    check(m->n_bytes == 0);
    pthread_mutex_destroy(&m->mutex);
    free(m);
}

static void end_process(struct memory *m)
{
    m->generation++;
    for (size_t i = 0; i < m->names.n; i++)
        m->names.items[i].inode->is_locked = false;
    for (size_t i = 0; i < m->durable.n; i++)
        m->durable.items[i].inode->is_locked = false;
}

void io_memory_crash(struct io *io)
{
    struct memory *m = enter(io);
    end_process(m);
    (void)leave(m, 0);
}

void io_memory_power_loss(struct io *io, struct rng *r)
{
    struct memory *m = enter(io);
    end_process(m);
    names_clear(m, &m->names);
    for (size_t i = 0; i < m->durable.n; i++) {
        inode_forget(m, m->durable.items[i].inode, r);
        check(names_put(m, &m->names, path_of(&m->durable.items[i]), m->durable.items[i].inode) == 0);
    }
    (void)leave(m, 0);
}

int io_memory_damage(struct io *io, struct str path, uint64_t at, uint8_t flip)
{
    struct memory *m = enter(io);
    char text[IO_PATH_BYTES_MAX + 1];
    int r = clean_path(path, text, &path);
    struct inode *i = r == 0 ? names_get(&m->names, path) : NULL;
    if (r == 0 && !i)
        r = -ERR_NOT_FOUND;
    if (r == 0 && at >= i->now.n)
        r = -ERR_INVALID;
    if (r == 0)
        i->now.p[at] = (char)((uint8_t)i->now.p[at] ^ flip);
    if (r == 0 && at < i->durable.n)
        i->durable.p[at] = (char)((uint8_t)i->durable.p[at] ^ flip);
    return leave(m, r);
}
