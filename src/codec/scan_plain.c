/*
 * codec/scan_plain.c - processors without SSE2: a byte at a time.
 */
#include "codec/scan_impl.h"

size_t scan_plain(const char *p, size_t n) { return scan_plain_by_byte(p, n); }
