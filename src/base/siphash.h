/*
 * base/siphash.h - a keyed hash of short texts that strangers choose: who does not know the seed cannot make two of
 * them meet. Fast, and no more than that: what must stay secret goes to crypto/hash.h.
 */
#pragma once

#include "base/str.h"

uint64_t siphash(const uint64_t seed[2], struct str s);
