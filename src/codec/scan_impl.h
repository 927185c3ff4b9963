/*
 * codec/scan_impl.h - scan_plain() for the rest of a run. What the build chose for this processor: scan_x86.c, or
 * scan_plain.c.
 */
#pragma once

#include "codec/scan.h"

size_t scan_plain_by_byte(const char *p, size_t n);
