/*
 * codec/crc32.h - CRC-32 (IEEE 802.3, as in gzip). Finds mistyped keys; guards nothing against an attacker.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Start with crc = 0; continues like crc32c. Named so because zlib has a crc32. */
uint32_t crc32_ieee(uint32_t crc, const void *p, size_t n);
