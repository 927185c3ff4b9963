/*
 * codec/utf8.h - strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#pragma once

#include "base/str.h"

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Bytes of the well-formed character at s.p (1..4), or 0 when there is none (s empty, or malformed). */
size_t utf8_next(struct str s);
/* The code point at s.p, whose bytes utf8_next() counted: n of them, 1..4. */
uint32_t utf8_code(struct str s, size_t n);
bool utf8_is_valid(struct str s);
/* At most n_max bytes of s, cut between two characters (for texts that are shown). */
struct str utf8_cut(struct str s, size_t n_max);
/* Writes a code point that is no surrogate and <= 0x10ffff; returns its bytes (1..4). */
size_t utf8_write(uint32_t code, char out[4]);
