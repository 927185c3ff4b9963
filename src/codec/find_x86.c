/*
 * codec/find_x86.c - sixteen places at a time with SSE2, which every x86-64 has.
 */
#include "codec/find_impl.h"

#include <emmintrin.h>

#define STEP 16
#define STRIDE (4 * STEP)

/* A mask byte for each of sixteen places. */
static inline __m128i places(const char *p, size_t n_gap, __m128i first, __m128i last)
{
    __m128i is_first = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)p), first);
    __m128i is_last = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + n_gap)), last);
    return _mm_and_si128(is_first, is_last);
}

/* Whether there is any in STRIDE places: nearly always not. */
static inline bool has_place(const char *p, size_t n_gap, __m128i first, __m128i last)
{
    __m128i low = _mm_or_si128(places(p, n_gap, first, last), places(p + STEP, n_gap, first, last));
    p += 2 * STEP;
    __m128i high = _mm_or_si128(places(p, n_gap, first, last), places(p + STEP, n_gap, first, last));
    return _mm_movemask_epi8(_mm_or_si128(low, high)) != 0;
}

size_t find_pair(const char *p, size_t from, size_t n, size_t n_gap, char first, char last)
{
    __m128i firsts = _mm_set1_epi8(first), lasts = _mm_set1_epi8(last);
    while (n - from >= STRIDE && !has_place(p + from, n_gap, firsts, lasts))
        from += STRIDE;
    for (; n - from >= STEP; from += STEP) {
        unsigned found = (unsigned)_mm_movemask_epi8(places(p + from, n_gap, firsts, lasts));
        if (found)
            return from + (size_t)__builtin_ctz(found);
    }
    if (n < STEP)
        return find_pair_by_byte(p, from, n, n_gap, first, last);
    /* Fewer are left, so the last step begins before them; what is found there was looked at. */
    size_t at = n - STEP;
    unsigned found = (unsigned)_mm_movemask_epi8(places(p + at, n_gap, firsts, lasts)) >> (from - at);
    return found ? from + (size_t)__builtin_ctz(found) : n;
}
