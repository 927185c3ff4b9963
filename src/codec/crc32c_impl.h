/*
 * codec/crc32c_impl.h - what the build chose for this processor: crc32c_x86.c, or crc32c_plain.c elsewhere.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool crc32c_has_instruction(void);
/* Raw forms, without the inversion at both ends. The first only where crc32c_has_instruction(). */
uint32_t crc32c_by_instruction(uint32_t state, const unsigned char *p, size_t n);
uint32_t crc32c_by_table(uint32_t state, const unsigned char *p, size_t n);
