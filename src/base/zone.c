/*
 * base/zone.c - zone files to a table of the instants at which clocks were set, and the table's two readings.
 *
 * The table begins with what was in force before the first instant; neighbours differ. It holds the file's own instants
 * and, behind them, those of the rule at the file's end up to the last year of wall_t: some hundred rows a zone, so
 * that no reading has to know rules.
 */
#include "base/zone.h"

#include "base/check.h"
#include "base/err.h"
#include "base/zone_impl.h"

#include <stdlib.h>
#include <string.h>

#define YEAR_LAST 2261          /* int64 nanoseconds end in 2262 */
#define SECOND_MIN (-9200000000LL) /* 1678; what lies before is before all wall_t */
#define SECOND_MAX 9200000000LL
#define OFFSET_S_MAX (26 * 3600)
#define HEAD_BYTES 44
#define ROWS_MAX 4096
#define RULE_YEARS_MAX 700

/* From `at` on, the clock is so much ahead of UTC. */
struct shift {
    wall_t at;
    int64_t offset;
};

struct zone {
    char name[ZONE_NAME_CHARS_MAX + 1];
    size_t n;
    struct shift shifts[];
};
#define SHIFTS_MAX (ROWS_MAX + 2 * RULE_YEARS_MAX)

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* A block of the file: counts, and where its parts begin. */
struct block {
    uint32_t n_utc, n_std, n_leap, n_times, n_types, n_chars;
    size_t time_bytes;
    const unsigned char *times, *kinds, *types;
    size_t bytes; /* all of it, head included */
};

static int64_t be(const unsigned char *p, size_t n)
{
    uint64_t x = 0;
    for (size_t i = 0; i < n; i++)
        x = x << 8 | p[i];
    return n == 4 ? (int32_t)(uint32_t)x : (int64_t)x;
}

static bool read_block(struct str s, size_t time_bytes, struct block *ret)
{
    const unsigned char *p = (const unsigned char *)s.p;
    struct block b = {.time_bytes = time_bytes};
    uint32_t *counts[] = {&b.n_utc, &b.n_std, &b.n_leap, &b.n_times, &b.n_types, &b.n_chars};
    if (s.n < HEAD_BYTES || memcmp(p, "TZif", 4) != 0)
        return false;
    for (size_t i = 0; i < 6; i++) {
        *counts[i] = (uint32_t)be(p + 20 + 4 * i, 4);
        if (*counts[i] > ROWS_MAX)
            return false;
    }
    b.times = p + HEAD_BYTES;
    b.kinds = b.times + b.n_times * time_bytes;
    b.types = b.kinds + b.n_times;
    b.bytes = HEAD_BYTES + b.n_times * (time_bytes + 1) + b.n_types * 6 + b.n_chars + b.n_leap * (time_bytes + 4) +
              b.n_std + b.n_utc;
    *ret = b;
    return b.n_types > 0 && b.bytes <= s.n;
}

static bool offset_of(const struct block *b, size_t type, int64_t *ret_s)
{
    if (type >= b->n_types)
        return false;
    *ret_s = be(b->types + 6 * type, 4);
    return *ret_s >= -OFFSET_S_MAX && *ret_s <= OFFSET_S_MAX;
}

/* What changes nothing makes no row: that a clock is called otherwise is no news. */
static bool add(struct zone *z, int64_t at_s, int64_t offset_s)
{
    int64_t offset = offset_s * NS_PER_S;
    if (at_s > SECOND_MAX)
        return true;
    wall_t at = at_s < SECOND_MIN ? SECOND_MIN * NS_PER_S : at_s * NS_PER_S;
    if (z->n > 0 && z->shifts[z->n - 1].at == at)
        z->n--; /* set twice at once: the second counts */
    if (z->n > 0 && z->shifts[z->n - 1].offset == offset)
        return true;
    if (z->n == SHIFTS_MAX || (z->n > 0 && z->shifts[z->n - 1].at > at))
        return false;
    z->shifts[z->n++] = (struct shift){at, offset};
    return true;
}

static bool add_times(struct zone *z, const struct block *b)
{
    int64_t offset;
    if (!offset_of(b, 0, &offset))
        return false;
    z->shifts[z->n++] = (struct shift){INT64_MIN, offset * NS_PER_S};
    for (size_t i = 0; i < b->n_times; i++)
        if (!offset_of(b, b->kinds[i], &offset) || !add(z, be(b->times + i * b->time_bytes, b->time_bytes), offset))
            return false;
    return true;
}

static int64_t year_of(int64_t second)
{
    return second / 31556952 + 1970 - (second < 0);
}

static bool add_year(struct zone *z, const struct zone_rule *r, int64_t year, int64_t after_s)
{
    int64_t summer = zone_rule_at(&r->to_summer, year, r->standard_s),
            standard = zone_rule_at(&r->to_standard, year, r->summer_s);
    bool is_north = summer < standard;
    int64_t first = is_north ? summer : standard, second = is_north ? standard : summer;
    return (first <= after_s || add(z, first, is_north ? r->summer_s : r->standard_s)) &&
           (second <= after_s || add(z, second, is_north ? r->standard_s : r->summer_s));
}

/* All years behind the last instant of the file. */
static bool add_rule(struct zone *z, const struct block *b, struct str text)
{
    struct zone_rule r;
    if (text.n == 0)
        return true; /* as the file ends, so it stays */
    if (zone_rule_parse(text, &r) < 0)
        return false;
    int64_t after = b->n_times ? be(b->times + (b->n_times - 1) * b->time_bytes, b->time_bytes) : SECOND_MIN;
    if (!r.has_summer)
        return add(z, after + 1, r.standard_s);
    int64_t year = year_of(after < SECOND_MIN ? SECOND_MIN : after) - 1;
    for (year = year < 1678 ? 1678 : year; year <= YEAR_LAST; year++)
        if (!add_year(z, &r, year, after))
            return false;
    return true;
}

static bool read_file(struct zone *z, struct str s)
{
    struct block b;
    if (!read_block(s, 4, &b) || s.p[4] < '2') /* version 1 ends in 2038 */
        return false;
    s = str_sub(s, b.bytes, s.n);
    if (!read_block(s, 8, &b) || b.n_leap > 0 || !add_times(z, &b))
        return false;
    s = str_sub(s, b.bytes, s.n);
    if (s.n < 2 || s.p[0] != '\n' || s.p[s.n - 1] != '\n')
        return false;
    return add_rule(z, &b, str_sub(s, 1, s.n - 2));
}

int zone_new(struct str name, struct str tzif, struct zone **ret)
{
    if (name.n > ZONE_NAME_CHARS_MAX)
        return err_trace(-ERR_TOO_LARGE);
    struct zone *z = calloc(1, sizeof *z + SHIFTS_MAX * sizeof z->shifts[0]);
    if (!z)
        return err_trace(-ERR_NOMEM);
    memcpy(z->name, name.p, name.n);
    if (!read_file(z, tzif)) {
        free(z);
        return err_trace(-ERR_CORRUPT);
    }
    struct zone *cut = realloc(z, sizeof *z + z->n * sizeof z->shifts[0]);
    *ret = cut ? cut : z;
    return 0;
}

void zone_free(struct zone *z)
{
    free(z);
}

/* --- the two readings --------------------------------------------------------------------------------------------- */

/* The row in force at t. */
static size_t row_at(const struct zone *z, wall_t t)
{
    size_t low = 0, high = z->n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (z->shifts[middle].at <= t)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static wall_t row_end(const struct zone *z, size_t i)
{
    return i + 1 < z->n ? z->shifts[i + 1].at : INT64_MAX;
}

struct str zone_name(const struct zone *z)
{
    return z ? str_c(z->name) : STR_NONE;
}

wall_t zone_local(const struct zone *z, wall_t t)
{
    return z ? t + z->shifts[row_at(z, t)].offset : t;
}

wall_t zone_first(const struct zone *z, wall_t local)
{
    if (!z)
        return local;
    for (size_t i = row_at(z, local - OFFSET_S_MAX * NS_PER_S);; i++) {
        wall_t at = local - z->shifts[i].offset;
        if (at < z->shifts[i].at)
            at = z->shifts[i].at;
        if (at < row_end(z, i))
            return at;
    }
}

wall_t zone_set_last(const struct zone *z, wall_t t)
{
    return z ? z->shifts[row_at(z, t)].at : INT64_MIN;
}

wall_t zone_set_next(const struct zone *z, wall_t t)
{
    return z ? row_end(z, row_at(z, t)) : INT64_MAX;
}

const struct zone *zone_find(const struct zones *zones, struct str name, bool *ret_found)
{
    bool is_utc = name.n == 0 || str_eq(name, STR("UTC"));
    const struct zone *z = is_utc || !zones ? NULL : zones->find(zones, name);
    *ret_found = is_utc || z;
    return z;
}
