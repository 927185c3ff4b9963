/*
 * daemon/port_owner.h - which program listens on a port of this machine, as far as /proc tells us.
 */
#pragma once

#include "base/arena.h"

/*
 * "nginx, process 4711" in the arena; empty: nobody does, or it is a program that we may not look into. Reads all of
 * /proc: for an error that ends the program, not for a loop.
 */
struct str port_owner(struct arena *a, uint16_t port);

/* The inode of the socket that listens on that port, in a line of /proc/net/tcp or tcp6; 0: another line. */
uint64_t port_owner_inode(struct str line, uint16_t port);
