/*
 * store/sqlite/erase_bodies.c - kept bodies that go with an erasure: those of its calls, of those too that keep their
 * values because they still hold something; and whichever text names what is to be erased.
 */
#include <string.h>

#include "base/err.h"
#include "codec/lz.h"
#include "store/erase.h"
#include "store/sqlite/sqlite_impl.h"

#define CONTENT_BYTES_MAX ((size_t)1 << 30)

/* Runs a statement whose parameter is bound; adds how many rows it deleted. */
static int run(struct sqlite *s, sqlite3_stmt *st, int64_t *ret_n)
{
    int r = sqlite_run(s, st);
    if (r == 0)
        *ret_n += sqlite3_changes(s->db);
    return r;
}

/* One statement for each number that stands in the keys of a map. */
static int for_each(struct sqlite *s, const char *sql, const struct map *numbers, int64_t *ret_n)
{
    sqlite3_stmt *st;
    struct str key;
    void *v;
    int r = sql_prepare(s->db, str_c(sql), &st);
    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && map_next(numbers, &i, &key, &v);) {
        int64_t number;
        memcpy(&number, key.p, sizeof number);
        sql_bind_int(st, 1, number);
        r = run(s, st, ret_n);
    }
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

static int of_calls(struct sqlite *s, const struct map *calls, int64_t *ret_n)
{
    return for_each(s, "DELETE FROM bodies WHERE call_id = (SELECT call_id FROM calls WHERE open_seq = ?1)", calls,
                    ret_n);
}

static int of_run(struct sqlite *s, struct str run_id, int64_t *ret_n)
{
    sqlite3_stmt *st;
    int r = sql_prepare(s->db, STR("DELETE FROM bodies WHERE run_id = ?1"), &st);
    if (r < 0)
        return r;
    sql_bind_str(st, 1, run_id);
    r = run(s, st, ret_n);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

static int of_time(struct sqlite *s, struct str before, int64_t *ret_n)
{
    sqlite3_stmt *st;
    wall_t at;
    int r = wall_parse(before, &at);
    if (r == 0)
        r = sql_prepare(s->db, STR("DELETE FROM bodies WHERE at < ?1"), &st);
    if (r < 0)
        return r;
    sql_bind_int(st, 1, at);
    r = run(s, st, ret_n);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

/* The contents that name it: rows of what is asked may not change while it is asked. */
static int find_contents(struct sqlite *s, const struct erase_set *set, struct map *ret)
{
    struct buf text;
    sqlite3_stmt *st;
    int rc = SQLITE_DONE, r = sql_prepare(s->db, STR("SELECT id, packed FROM contents"), &st);
    if (r < 0)
        return r;
    buf_init(&text, CONTENT_BYTES_MAX);
    while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        int64_t id = sql_i64(st, 0);
        buf_reset(&text);
        r = lz_unpack(sql_blob(st, 1), &text) < 0 ? err_trace(-ERR_CORRUPT) : 0;
        if (r == 0 && erase_set_names(set, buf_str(&text)))
            r = map_put(ret, (struct str){(const char *)&id, sizeof id}, ret, NULL);
    }
    if (r == 0 && rc != SQLITE_DONE)
        r = sql_error(rc);
    buf_deinit(&text);
    (void)sqlite3_finalize(st); /* says again what step said */
    return r;
}

static int of_words(struct sqlite *s, const struct erase_set *set, int64_t *ret_n)
{
    struct map contents;
    map_init(&contents, ERASE_VALUES_MAX, NULL);
    int r = find_contents(s, set, &contents);
    if (r == 0)
        r = for_each(s, "DELETE FROM bodies WHERE content <> 0 AND content = ?1", &contents, ret_n);
    map_deinit(&contents);
    return r;
}

int sqlite_erase_bodies(struct sqlite *s, const struct erasure *what, const struct erase_set *set,
                        const struct map *const calls[2], int64_t *ret_n)
{
    if (what->what == ERASE_RUN)
        return of_run(s, what->value, ret_n);
    if (what->what == ERASE_BEFORE)
        return of_time(s, what->value, ret_n);
    int r = of_calls(s, calls[0], ret_n);
    if (r == 0)
        r = of_calls(s, calls[1], ret_n);
    return r == 0 ? of_words(s, set, ret_n) : r;
}
