/*
 * codec/crc32c.c - by instruction where the processor has it, else by table. Both give the same sum.
 */
#include "codec/crc32c.h"

#include "codec/crc32c_impl.h"

static const uint32_t TABLE[256] = {
#include "codec/crc32c.tbl.h"
};

uint32_t crc32c_by_table(uint32_t state, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        state = state >> 8 ^ TABLE[(state ^ p[i]) & 0xff];
    return state;
}

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
    if (crc32c_has_instruction())
        return ~crc32c_by_instruction(~crc, p, n);
    return ~crc32c_by_table(~crc, p, n);
}
