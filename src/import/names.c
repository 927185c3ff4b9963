/*
 * import/names.c - lists of names without twins, and names as ids.
 */
#include "import/import_impl.h"

#include <string.h>

bool names_have(const struct names *l, struct str s)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->items[i], s))
            return true;
    return false;
}

void names_add(struct arena *a, struct names *l, struct str s)
{
    if (s.n == 0 || names_have(l, s))
        return;
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 8;
        struct str *items = arena_alloc(a, cap * sizeof *items);
        if (l->n)
            memcpy(items, l->items, l->n * sizeof *items);
        l->items = items;
        l->cap = cap;
    }
    l->items[l->n++] = s;
}

#define PATTERN_BYTES_MAX 256

bool name_fits(struct str s)
{
    bool is_fit = s.n > 0 && s.n <= PATTERN_BYTES_MAX && !str_starts(s, STR("set:"));
    for (size_t i = 0; i < s.n; i++) {
        bool is_segment = (i == 0 || s.p[i - 1] == '/') && i + 1 < s.n && s.p[i + 1] == '/';
        is_fit = is_fit && (unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f;
        is_fit = is_fit && (s.p[i] != '*' || i + 1 == s.n || is_segment);
    }
    return is_fit;
}

#define ID_CHARS_MAX 48 /* leaves room for what tells twins apart */

struct str names_slug(struct arena *a, struct str s)
{
    struct str cut = str_sub(s, 0, ID_CHARS_MAX);
    char *out = arena_alloc(a, ID_CHARS_MAX + 1);
    size_t n = 0;
    for (size_t i = 0; i < cut.n; i++) {
        char c = cut.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        bool is_fit = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_fit)
            out[n++] = c;
        else if (n && out[n - 1] != '-')
            out[n++] = '-';
    }
    while (n && out[n - 1] == '-')
        n--;
    return n ? (struct str){out, n} : STR("x");
}
