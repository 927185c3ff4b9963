/* tests/unit/cli/stub.c - the daemon, which no unit test starts. */
#include "daemon/daemon.h"

#include <stdlib.h>

int daemon_run(const struct daemon_options *o) { abort(); }
