/*
 * daemon/harden.c - process limits, set once before any thread exists.
 */
#include "daemon/harden.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

void harden_memory(void)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)umask(077);
}

int64_t harden_descriptors(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) < 0)
        return 1024;
    l.rlim_cur = l.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &l);
    return l.rlim_cur == RLIM_INFINITY ? 1 << 20 : (int64_t)l.rlim_cur;
}
