/*
 * codec/crc32c_plain.c - processors whose instruction we do not use: always the table.
 */
#include "codec/crc32c_impl.h"

bool crc32c_has_instruction(void)
{
    return false;
}

uint32_t crc32c_by_instruction(uint32_t state, const unsigned char *p, size_t n)
{
    return crc32c_by_table(state, p, n);
}
