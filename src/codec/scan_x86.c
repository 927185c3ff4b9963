/*
 * codec/scan_x86.c - sixteen bytes at a time with SSE2, which every x86-64 has. Images in base64 pass here.
 */
#include "codec/scan_impl.h"

#include <emmintrin.h>

#define STEP 16
#define STRIDE (4 * STEP)

/* A mask byte for each byte that ends a run. As a signed byte, less than ' ' is a control byte or above ASCII. */
static inline __m128i ends(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)p);
    __m128i is_quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i is_backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i is_other = _mm_cmplt_epi8(v, _mm_set1_epi8(' '));
    return _mm_or_si128(_mm_or_si128(is_quote, is_backslash), is_other);
}

size_t scan_plain(const char *p, size_t n)
{
    size_t i = 0;
    for (; n - i >= STRIDE; i += STRIDE) {
        __m128i low = _mm_or_si128(ends(p + i), ends(p + i + STEP));
        __m128i high = _mm_or_si128(ends(p + i + 2 * STEP), ends(p + i + 3 * STEP));
        if (_mm_movemask_epi8(_mm_or_si128(low, high)))
            break;
    }
    for (; n - i >= STEP; i += STEP) {
        int mask = _mm_movemask_epi8(ends(p + i));
        if (mask)
            return i + (size_t)__builtin_ctz((unsigned)mask);
    }
    return i + scan_plain_by_byte(p + i, n - i);
}
