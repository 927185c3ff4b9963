/*
 * cli/spawn.c - signals are taken by waiting for them, so that no handler and no global is needed.
 */
#include "cli/spawn.h"

#include "base/err.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

static const int passed_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

static int err_of(int e)
{
    if (e == ENOENT || e == ENOTDIR)
        return -ERR_NOT_FOUND;
    return e == EACCES || e == ENOEXEC ? -ERR_DENIED : -ERR_IO;
}

/* The child starts with the mask that we had, and with the SIGPIPE that our own program ignores. */
static int start(const char *const *argv, const char *const *env, const sigset_t *mask, pid_t *ret)
{
    posix_spawnattr_t attr;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    if (posix_spawnattr_init(&attr) != 0)
        return -ERR_IO;
    posix_spawnattr_setsigmask(&attr, mask);
    posix_spawnattr_setsigdefault(&attr, &defaults);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int e = posix_spawnp(ret, argv[0], NULL, &attr, (char *const *)argv, (char *const *)env);
    posix_spawnattr_destroy(&attr);
    return e ? err_of(e) : 0;
}

/* What a process sent; the terminal's are the kernel's (si_code > 0), and the child has them too. */
static bool is_sent(const siginfo_t *info) { return info->si_code <= 0; }

static int wait_for(pid_t child, const sigset_t *set)
{
    int status;
    siginfo_t info;
    for (;;) {
        pid_t r = waitpid(child, &status, WNOHANG);
        if (r == child)
            return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        int n = sigwaitinfo(set, &info);
        if (n > 0 && n != SIGCHLD && is_sent(&info))
            kill(child, n);
    }
}

int spawn_and_wait(const char *const *argv, const char *const *env, int *ret_status)
{
    sigset_t set, before;
    pid_t child;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
        sigaddset(&set, passed_on[i]);
    sigprocmask(SIG_BLOCK, &set, &before);
    int r = start(argv, env, &before, &child);
    if (r == 0)
        *ret_status = wait_for(child, &set);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return r;
}
