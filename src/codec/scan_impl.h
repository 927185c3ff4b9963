/*
 * codec/scan_impl.h - the inner loop of scan.c: what the build chose for this processor (scan_x86.c, or scan_plain.c).
 */
#pragma once

#include "base/str.h"

/* Bytes up to the first that a JSON string does not simply contain: quote, backslash, control byte, above ASCII. */
size_t scan_plain(const char *p, size_t n);
size_t scan_plain_by_byte(const char *p, size_t n);
