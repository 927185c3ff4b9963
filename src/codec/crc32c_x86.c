/*
 * codec/crc32c_x86.c - SSE4.2's crc32 instruction, eight bytes at a time. Built for x86-64 only.
 */
#include "codec/crc32c_impl.h"

#include <nmmintrin.h>
#include <string.h>

bool crc32c_has_instruction(void)
{
    return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) uint32_t crc32c_by_instruction(uint32_t state, const unsigned char *p, size_t n)
{
    uint64_t wide = state, x;
    for (; n >= sizeof x; p += sizeof x, n -= sizeof x) {
        memcpy(&x, p, sizeof x);
        wide = _mm_crc32_u64(wide, x);
    }
    state = (uint32_t)wide;
    for (; n > 0; p++, n--)
        state = _mm_crc32_u8(state, *p);
    return state;
}
