/*
 * store/journal/segment.c - a segment's file: its name, its creation, and frames read out of it through a window.
 */
#include "store/journal/journal_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_BYTES 262144

static struct str path_of(const struct journal *j, const char *fmt_name)
{
    size_t n = j->dir.n + 1 + strlen(fmt_name);
    char *p = malloc(n + 1);
    check(p != NULL);
    snprintf(p, n + 1, STR_FMT "/%s", STR_ARG(j->dir), fmt_name);
    return (struct str){p, n};
}

struct str segment_path(const struct journal *j, uint64_t number)
{
    char name[SEGMENT_NAME_BYTES];
    snprintf(name, sizeof name, "%0*llu.seg", SEGMENT_DIGITS, (unsigned long long)number);
    return path_of(j, name);
}

struct str spare_path(const struct journal *j, uint64_t id)
{
    char name[SEGMENT_NAME_BYTES];
    snprintf(name, sizeof name, "spare.%0*llu", SEGMENT_DIGITS, (unsigned long long)id);
    return path_of(j, name);
}

static bool number_parse(struct str digits, uint64_t *ret)
{
    uint64_t n = 0;
    if (digits.n < SEGMENT_DIGITS || digits.n > 18)
        return false;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(digits.p[i] - '0');
    }
    if (n == 0)
        return false;
    *ret = n;
    return true;
}

bool segment_name_parse(struct str name, uint64_t *ret_number)
{
    return str_ends(name, STR(".seg")) && number_parse(str_sub(name, 0, name.n - 4), ret_number);
}

bool spare_name_parse(struct str name, uint64_t *ret_id)
{
    return str_starts(name, STR("spare.")) && number_parse(str_sub(name, 6, name.n), ret_id);
}

static struct segment *segment_new(uint64_t number, struct io_file *file, uint64_t capacity)
{
    struct segment *s = calloc(1, sizeof *s);
    check(s != NULL);
    list_init(&s->node);
    s->number = number;
    s->file = file;
    s->capacity = capacity;
    atomic_store(&s->end, SEGMENT_HEADER_BYTES);
    return s;
}

void segment_free(struct segment *s)
{
    if (!s)
        return;
    list_remove(&s->node);
    segment_unmap(s);
    io_close(s->file);
    free(s);
}

void segment_map(struct segment *s)
{
    (void)io_map(s->file, s->capacity, &s->map); /* stays NULL */
}

void segment_unmap(struct segment *s)
{
    if (s->map)
        io_unmap(s->file, s->map, s->capacity);
    s->map = NULL;
}

int segment_open(struct journal *j, uint64_t number, unsigned flags, struct segment **ret)
{
    struct str path = segment_path(j, number);
    struct io_file *file = NULL;
    uint64_t size = 0;
    int r = io_open(j->io, path, flags, &file);
    free((char *)path.p);
    if (r == 0)
        r = io_size(file, &size);
    if (r < 0) {
        io_close(file);
        return err_trace(r);
    }
    *ret = segment_new(number, file, size);
    return 0;
}

/* A new file of the full size; on failure nothing is left behind. */
static int file_create(struct journal *j, struct str path, struct io_file **ret)
{
    struct io_file *file;
    int r = io_open(j->io, path, IO_READ | IO_WRITE | IO_CREATE | IO_EMPTY, &file);
    if (r < 0)
        return err_trace(r);
    r = io_allocate(file, j->segment_bytes);
    if (r < 0) {
        io_close(file);
        (void)io_unlink(j->io, path); /* an empty file is no harm: recovery drops it */
        return err_trace(r);
    }
    *ret = file;
    return 0;
}

int segment_create(struct journal *j, uint64_t number, struct spare *from, struct segment **ret)
{
    struct str path = segment_path(j, number);
    struct io_file *file = NULL;
    int r;
    if (from) {
        struct str old = spare_path(j, from->id);
        r = io_rename(j->io, old, path);
        free((char *)old.p);
        file = from->file;
        from->file = NULL;
        spare_free(from);
    } else {
        r = file_create(j, path, &file);
    }
    if (r == 0) {
        uint8_t header[SEGMENT_HEADER_BYTES];
        segment_header_write(number, j->node, header);
        r = io_write_at(file, (struct str){(const char *)header, sizeof header}, 0);
        if (r < 0)
            (void)io_unlink(j->io, path); /* without a header it counts for nothing */
    }
    free((char *)path.p);
    if (r < 0) {
        io_close(file);
        return err_trace(r);
    }
    *ret = segment_new(number, file, j->segment_bytes);
    segment_map(*ret);
    return 0;
}

int spare_create(struct journal *j, uint64_t id, struct spare **ret)
{
    struct str path = spare_path(j, id);
    struct io_file *file = NULL;
    int r = file_create(j, path, &file);
    if (r == 0) {
        r = io_sync(file);
        if (r < 0) {
            io_close(file);
            (void)io_unlink(j->io, path); /* not needed yet: made again later */
        }
    }
    free((char *)path.p);
    if (r < 0)
        return err_trace(r);
    struct spare *s = calloc(1, sizeof *s);
    check(s != NULL);
    list_init(&s->node);
    s->id = id;
    s->file = file;
    *ret = s;
    return 0;
}

void spare_free(struct spare *s)
{
    if (!s)
        return;
    list_remove(&s->node);
    io_close(s->file);
    free(s);
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

void window_deinit(struct window *w)
{
    free(w->p);
    *w = (struct window){0};
}

void window_reset(struct window *w)
{
    w->map = NULL;
    w->n = 0;
    w->at = 0;
}

bool window_has(const struct window *w, uint64_t at, size_t n)
{
    return w->map || (at >= w->at && at + n <= w->at + w->n);
}

int segment_bytes_at(struct segment *s, struct window *w, uint64_t at, uint64_t end, size_t need, const uint8_t **ret_p,
                     size_t *ret_n)
{
    uint64_t left = at < end ? end - at : 0;
    if (w->map) {
        *ret_p = w->map + at;
        *ret_n = (size_t)left;
        return 0;
    }
    if (need > left)
        need = (size_t)left;
    if (!window_has(w, at, need)) {
        size_t want = need > WINDOW_BYTES ? need : WINDOW_BYTES;
        if (want > w->cap) {
            uint8_t *p = realloc(w->p, want);
            if (!p)
                return err_trace(-ERR_NOMEM);
            w->p = p;
            w->cap = want;
        }
        size_t n = 0;
        window_reset(w);
        int r = io_read_at(s->file, w->p, want < left ? want : (size_t)left, at, &n);
        if (r < 0)
            return err_trace(r);
        w->at = at;
        w->n = n;
    }
    *ret_p = w->p + (at - w->at);
    *ret_n = (size_t)(w->at + w->n - at);
    return 0;
}

int segment_frame_at(struct segment *s, struct window *w, uint64_t at, uint64_t end, struct disk_frame *ret)
{
    const uint8_t *p;
    size_t n;
    int r = segment_bytes_at(s, w, at, end, DISK_FRAME_HEAD_BYTES, &p, &n);
    if (r < 0)
        return r;
    size_t bytes_max = (size_t)(end - SEGMENT_HEADER_BYTES);
    size_t bytes = at < end ? disk_frame_peek(p, n, bytes_max) : 0;
    if (bytes == 0 || bytes > end - at)
        return SEGMENT_R_NONE;
    r = segment_bytes_at(s, w, at, end, bytes, &p, &n);
    if (r < 0)
        return r;
    return disk_frame_read(p, n, s->number, bytes_max, ret) ? 0 : SEGMENT_R_NONE;
}
