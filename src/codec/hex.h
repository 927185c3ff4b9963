/*
 * codec/hex.h - lower-case hexadecimal.
 */
#pragma once

#include "base/str.h"

/* Value of one hexadecimal digit of either case, or -1. */
int hex_digit(char c);

/* `out` has room for 2 * n bytes; returns a str into it. No NUL is written. */
struct str hex_encode(const void *p, size_t n, char *out);
/* Exactly n bytes from 2 * n digits of either case. -ERR_INVALID. */
int hex_decode(struct str in, void *out, size_t n);
/* 8 to 64 lower-case digits: what a person writes of a SHA-256. Fewer may be a number that counts something. */
bool hex_is_digest_start(struct str s);
