/*
 * cli/client.h - one request to the daemon's admin API and its whole answer, blocking.
 */
#pragma once

#include "cli/cli.h"
#include "codec/json_read.h"

struct answer {
    int status;
    struct str body; /* in the cli's arena, like `json` */
    struct json json;
};

/*
 * `body`: JSON, empty for none (a POST then sends {}). 0: there is an answer, of whatever status. CLI_UNREACHABLE,
 * CLI_FAILED, CLI_USAGE: said.
 */
int client_request(struct cli *c, const char *method, struct str path, struct str body, struct answer *ret);

/* What speaks TLS with that daemon; untouched where it needs none. CLI_USAGE: said. The caller frees *ret. */
struct where;
struct tls_client;
int client_tls(struct cli *c, const struct where *w, struct tls_client **ret);

/* The same, and an answer that is no success is said: CLI_FAILED. */
int client_call(struct cli *c, const char *method, struct str path, struct str body, struct answer *ret);
/* Says what an answer that is no success says; with --json also prints it. Returns CLI_FAILED. */
int client_say_failure(struct cli *c, const struct answer *a);

/*
 * Watches the feed at `path`: on_message for each message, until it returns false or the feed ends. 0: it ended so.
 * CLI_UNREACHABLE, CLI_FAILED, CLI_USAGE: said.
 */
struct sse_event;
int client_watch(struct cli *c, struct str path, bool (*on_message)(void *ctx, const struct sse_event *e), void *ctx);

/* The answer to a GET as it comes, to `out`, however long it is. */
int client_copy(struct cli *c, struct str path);

/* Prints the answer as it came, for --json. Returns CLI_DONE. */
int client_print(struct cli *c, const struct answer *a);

/* Adds name=value to a path's query; nothing for STR_NONE. */
void client_query(struct buf *path, const char *name, struct str value);
