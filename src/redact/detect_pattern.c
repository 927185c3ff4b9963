/*
 * redact/detect_pattern.c - patterns of the operator's own, found in linear time (expr/regex.h).
 */
#include "redact/detect_impl.h"

#include "codec/utf8.h"
#include "expr/regex.h"

#define UTF8_BYTES_MAX 4

/* Without the beginning of a character at the end that is not whole yet. */
static struct str whole_characters(struct str s)
{
    for (size_t k = 1; k < UTF8_BYTES_MAX && k <= s.n; k++) {
        unsigned char c = (unsigned char)s.p[s.n - k];
        size_t wanted = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        if (c < 0x80 || wanted > 1)
            return wanted > k ? str_sub(s, 0, s.n - k) : s;
    }
    return s;
}

/* Of a character that is not ASCII its kind is enough: it is no word's, and no line's end. */
static uint32_t character_before(const struct window *w, size_t i)
{
    char c = window_before(w, i, 1);
    if (i == 0 && w->before.n == 0)
        return REGEX_NO_CHAR;
    return is_high(c) ? 0xfffd : (uint32_t)c;
}

enum detected detect_pattern(const struct regex *r, const struct window *w, size_t from, struct span *ret)
{
    struct str text = w->is_end ? w->text : whole_characters(w->text);
    if (from > text.n)
        return DETECTED_NOTHING;
    switch (regex_find(r, text, from, character_before(w, from), w->is_end, &ret->at, &ret->n)) {
    case REGEX_FOUND:
        return DETECTED_SPAN;
    case REGEX_MAYBE:
        return DETECTED_MAYBE;
    case REGEX_NOTHING:
        break;
    }
    *ret = (struct span){text.n, 0};
    return text.n < w->text.n ? DETECTED_MAYBE : DETECTED_NOTHING;
}

const char *redact_pattern_fault(const struct regex *r)
{
    size_t least, most;
    regex_lengths(r, &least, &most);
    if (least == 0)
        return "it matches the empty text, which is everywhere";
    if (most > REDACT_PATTERN_BYTES_MAX)
        return "its matches may be longer than 256 bytes; give every repetition an end: {1,40} instead of + or *";
    return NULL;
}
