/*
 * codec/eight_digits_impl.h - eight decimal digits as the bytes of one word, read and written without a loop: pairs,
 * fours and all of them stand each in its part of the word.
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define EIGHT_DIGITS 100000000u /* what they count to */
#define EIGHT_BYTES(byte) (0x0101010101010101u * (uint64_t)(byte))

/* False: not all of the eight bytes are digits. */
static inline bool eight_digits_read(const char *p, uint64_t *ret)
{
    uint64_t v;
    memcpy(&v, p, 8);
    v = le64toh(v);
    if (((v & EIGHT_BYTES(0xf0)) ^ EIGHT_BYTES('0')) | (((v + EIGHT_BYTES(6)) & EIGHT_BYTES(0xf0)) ^ EIGHT_BYTES('0')))
        return false;
    v = (v & EIGHT_BYTES(0x0f)) * (10 * (1u << 8) + 1) >> 8;
    v = (v & 0x00ff00ff00ff00ffu) * (100 * (1u << 16) + 1) >> 16;
    *ret = (v & 0x0000ffff0000ffffu) * (10000 * ((uint64_t)1 << 32) + 1) >> 32;
    return true;
}

/* n < EIGHT_DIGITS, with zeros in front. */
static inline void eight_digits_write(uint32_t n, char *out)
{
    uint64_t v = n / 10000 | (uint64_t)(n % 10000) << 32;
    uint64_t hundreds = (v * 10486 >> 20) & 0x0000007f0000007fu; /* v / 100, exact for four digits */
    v = hundreds | (v - hundreds * 100) << 16;
    uint64_t tens = (v * 103 >> 10) & 0x000f000f000f000fu; /* v / 10, exact for two digits */
    v = htole64((tens | (v - tens * 10) << 8) + EIGHT_BYTES('0'));
    memcpy(out, &v, 8);
}
