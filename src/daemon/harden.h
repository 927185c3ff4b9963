/*
 * daemon/harden.h - what the process gives up and asks for at its start.
 */
#pragma once

#include "base/str.h"

/* No core dumps, not traceable by others: a secret leaves in no dump (promise 4). */
void harden_memory(void);
/* Raises the descriptor limit to what the system allows; returns it. */
int64_t harden_descriptors(void);
