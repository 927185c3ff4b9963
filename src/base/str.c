/*
 * base/str.c - comparing, cutting and reading bytes with a length.
 */
#include "base/str.h"

#include "base/err.h"

/* memcmp and memchr want a pointer even for no bytes at all. */
static const char *bytes_of(struct str s)
{
    return s.n ? s.p : "";
}

struct str str_c(const char *c)
{
    return c ? (struct str){c, strlen(c)} : STR_NONE;
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (a.p[i] != b.p[i] && char_lower(a.p[i]) != char_lower(b.p[i])) /* most are the same at once */
            return false;
    return true;
}

int str_cmp(struct str a, struct str b)
{
    int r = memcmp(bytes_of(a), bytes_of(b), a.n < b.n ? a.n : b.n);
    if (r)
        return r;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_eq(str_sub(s, 0, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq(str_sub(s, s.n - suffix.n, suffix.n), suffix);
}

bool str_has(struct str s, char c)
{
    return memchr(bytes_of(s), c, s.n) != NULL;
}

bool str_has_nocase(struct str s, struct str needle)
{
    for (size_t i = 0; i + needle.n <= s.n; i++)
        if (str_eq_nocase((struct str){s.p + i, needle.n}, needle))
            return true;
    return false;
}

/* memmem() makes a table first, which for a needle this short costs more than it saves. */
#define SHORT_NEEDLE_BYTES_MAX 4

static const char *find_short(struct str s, struct str needle)
{
    const char *at = bytes_of(s), *end = at + s.n;
    while ((size_t)(end - at) >= needle.n && (at = memchr(at, needle.p[0], (size_t)(end - at) - needle.n + 1))) {
        if (memcmp(at, needle.p, needle.n) == 0)
            return at;
        at++;
    }
    return NULL;
}

bool str_find(struct str s, struct str needle, size_t *ret_at)
{
    if (needle.n == 0) {
        *ret_at = 0;
        return true;
    }
    const char *at = needle.n <= SHORT_NEEDLE_BYTES_MAX ? find_short(s, needle)
                                                        : memmem(bytes_of(s), s.n, needle.p, needle.n);
    if (!at)
        return false;
    *ret_at = (size_t)(at - s.p);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.n && is_blank(s.p[0]))
        s = str_sub(s, 1, s.n);
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_cut(struct str s, char c, struct str *ret_before, struct str *ret_after)
{
    const char *at = memchr(bytes_of(s), c, s.n);
    if (!at)
        return false;
    size_t i = (size_t)(at - s.p);
    *ret_before = str_sub(s, 0, i);
    *ret_after = str_sub(s, i + 1, s.n);
    return true;
}

int str_to_i64(struct str s, int64_t *ret_n)
{
    if (s.n == 0 || (s.n > 1 && s.p[0] == '0'))
        return -ERR_INVALID;
    int64_t n = 0;
    bool is_over = false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -ERR_INVALID;
        is_over = is_over || __builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, s.p[i] - '0', &n);
    }
    if (is_over)
        return -ERR_OVERFLOW;
    *ret_n = n;
    return 0;
}

static const bool alnum[256] = {['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true};

bool str_is_token(struct str s, const char *more, size_t max)
{
    if (s.n == 0 || s.n > max)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!alnum[(unsigned char)s.p[i]] && (s.p[i] == 0 || !strchr(more, s.p[i])))
            return false;
    return true;
}

/* One row of the table is enough: row[j] is the distance of a[0..i] to b[0..j]. */
#define DISTANCE_BYTES_MAX 64

size_t str_distance(struct str a, struct str b, size_t max)
{
    if (str_eq(a, b))
        return 0;
    size_t differ = a.n > b.n ? a.n - b.n : b.n - a.n;
    if (differ > max || a.n > DISTANCE_BYTES_MAX || b.n > DISTANCE_BYTES_MAX)
        return max + 1;

    size_t row[DISTANCE_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t best = diagonal + (a.p[i - 1] != b.p[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b.n] > max ? max + 1 : row[b.n];
}

size_t u64_digits(uint64_t n, char out[U64_DIGITS_MAX])
{
    char text[U64_DIGITS_MAX], *end = text + sizeof(text), *p = end;
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    memcpy(out, p, (size_t)(end - p));
    return (size_t)(end - p);
}
