/*
 * codec/crc32.c - a byte at a time: it runs over a few dozen bytes of a key.
 */
#include "codec/crc32.h"

static const uint32_t TABLE[256] = {
#include "codec/crc32.tbl.h"
};

uint32_t crc32_ieee(uint32_t crc, const void *p, size_t n)
{
    const unsigned char *b = p;
    crc = ~crc;
    for (size_t i = 0; i < n; i++)
        crc = crc >> 8 ^ TABLE[(crc ^ b[i]) & 0xff];
    return ~crc;
}
