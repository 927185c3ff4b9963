/*
 * admin/html.c - five entities.
 */
#include "admin/html.h"

#define REPLACEMENT STR("\xef\xbf\xbd")

/* U+202A to U+202E and U+2066 to U+2069. */
static bool is_direction(struct str s, size_t i)
{
    if (i + 2 >= s.n || (unsigned char)s.p[i] != 0xe2)
        return false;
    unsigned char b = (unsigned char)s.p[i + 1], c = (unsigned char)s.p[i + 2];
    return (b == 0x80 && c >= 0xaa && c <= 0xae) || (b == 0x81 && c >= 0xa6 && c <= 0xa9);
}

static struct str entity(char c)
{
    switch (c) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\'':
        return STR("&#39;");
    default:
        return (unsigned char)c < ' ' || c == 0x7f ? REPLACEMENT : STR_NONE;
    }
}

void html_text(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        struct str e = entity(s.p[i]);
        if (is_direction(s, i)) {
            e = REPLACEMENT;
            i += 2;
        }
        if (e.n)
            (void)buf_add(out, e); /* noted in the buf, here and below */
        else
            (void)buf_add_byte(out, s.p[i]);
    }
}
