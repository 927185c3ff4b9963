/*
 * daemon/port_owner.c - from a port to the inode of its socket (/proc/net/tcp), to the process that has it open
 * (/proc/PID/fd), to its name (/proc/PID/comm). See proc(5).
 */
#include "daemon/port_owner.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 512
#define PATH_BYTES 64
#define COMM_BYTES 64
#define LISTENING "0A"

/* Words of a line, with any number of spaces between them. */
static struct str next_word(struct str *rest)
{
    struct str word = STR("");
    *rest = str_trim(*rest);
    if (!str_cut(*rest, ' ', &word, rest)) {
        word = *rest;
        *rest = STR("");
    }
    return word;
}

/* "  0: 0100007F:128B 00000000:0000 0A ... inode ...": slot, local, remote, state, five more, inode. */
uint64_t port_owner_inode(struct str line, uint16_t port)
{
    char hex[8];
    struct str address, local, rest = line;
    int64_t inode;
    snprintf(hex, sizeof(hex), "%04X", port);
    (void)next_word(&rest);
    if (!str_cut(next_word(&rest), ':', &address, &local) || !str_eq(local, str_c(hex)))
        return 0;
    (void)next_word(&rest);
    if (!str_eq(next_word(&rest), STR(LISTENING)))
        return 0;
    for (int i = 0; i < 5; i++)
        (void)next_word(&rest);
    return str_to_i64(next_word(&rest), &inode) == 0 ? (uint64_t)inode : 0;
}

static uint64_t inode_in(const char *table, uint16_t port)
{
    char line[LINE_BYTES];
    uint64_t inode = 0;
    FILE *f = fopen(table, "re");
    while (f && inode == 0 && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = 0;
        inode = port_owner_inode(str_c(line), port);
    }
    if (f)
        fclose(f);
    return inode;
}

/* Whether the process has that socket open. */
static bool has_socket(long pid, uint64_t inode)
{
    char folder[PATH_BYTES], want[PATH_BYTES], is[PATH_BYTES];
    bool has = false;
    snprintf(folder, sizeof(folder), "/proc/%ld/fd", pid);
    snprintf(want, sizeof(want), "socket:[%llu]", (unsigned long long)inode);
    DIR *d = opendir(folder);
    for (struct dirent *e; d && !has && (e = readdir(d));) {
        ssize_t n = readlinkat(dirfd(d), e->d_name, is, sizeof(is) - 1);
        is[n > 0 ? n : 0] = 0;
        has = strcmp(is, want) == 0;
    }
    if (d)
        closedir(d);
    return has;
}

static struct str name_of(struct arena *a, long pid)
{
    char path[PATH_BYTES], comm[COMM_BYTES] = "a program";
    snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
    FILE *f = fopen(path, "re");
    if (f && fgets(comm, sizeof(comm), f))
        comm[strcspn(comm, "\n")] = 0;
    if (f)
        fclose(f);
    return arena_printf(a, "%s, process %ld", comm, pid);
}

struct str port_owner(struct arena *a, uint16_t port)
{
    struct str owner = STR("");
    uint64_t inode = inode_in("/proc/net/tcp", port);
    if (inode == 0)
        inode = inode_in("/proc/net/tcp6", port);
    DIR *d = inode ? opendir("/proc") : NULL;
    for (struct dirent *e; d && !owner.n && (e = readdir(d));) {
        char *end;
        long pid = strtol(e->d_name, &end, 10);
        if (*end == 0 && pid > 0 && has_socket(pid, inode))
            owner = name_of(a, pid);
    }
    if (d)
        closedir(d);
    return owner;
}
