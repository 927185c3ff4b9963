/*
 * codec/base62.h - 0-9 A-Z a-z, fixed width, big-endian: for keys and their check, which must survive a double click.
 */
#pragma once

#include "base/rand.h"
#include "base/str.h"

#define BASE62_U32_BYTES 6
#define BASE62_BYTES_MAX 64
/* Digits that n bytes need (n <= BASE62_BYTES_MAX). */
#define BASE62_SIZE(n) (((n) * 134360 + 99999) / 100000)

/* The bytes as one big-endian number in exactly BASE62_SIZE(n) digits; returns a str into `out`. No NUL is written. */
struct str base62_encode(const void *p, size_t n, char *out);
struct str base62_u32(uint32_t n, char out[BASE62_U32_BYTES]);
/* n digits, each as likely as the others: 5.95 bits of secret a digit. */
void base62_random(struct rng *r, char *out, size_t n);
bool base62_is(struct str s); /* every byte a digit; "" is not */
