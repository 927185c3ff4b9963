/*
 * codec/json_marks_x86.c - sixteen bytes at a time with SSE2, which every x86-64 has.
 */
#include "codec/json_walk_impl.h"

#include <emmintrin.h>

#define STEP 16

/* Brackets and braces of one side differ in one bit. */
static inline uint64_t marks_of_step(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)p), folded = _mm_or_si128(v, _mm_set1_epi8(0x20));
    __m128i quotes = _mm_cmpeq_epi8(v, _mm_set1_epi8('"')), slashes = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i opening = _mm_cmpeq_epi8(folded, _mm_set1_epi8('{')), closing = _mm_cmpeq_epi8(folded, _mm_set1_epi8('}'));
    __m128i all = _mm_or_si128(_mm_or_si128(quotes, slashes), _mm_or_si128(opening, closing));
    return (uint64_t)_mm_movemask_epi8(all);
}

uint64_t json_marks(const char *p)
{
    uint64_t marks = 0;
    for (size_t i = 0; i < JSON_MARKS; i += STEP)
        marks |= marks_of_step(p + i) << i;
    return marks;
}
