/*
 * codec/crc32c.h - CRC32C (Castagnoli), with the processor's instruction where there is one. Guards journal frames.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Start with crc = 0; crc32c(crc32c(0, a), b) is the sum of a and b joined. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);
