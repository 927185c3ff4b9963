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

/* --- paths, in the cli's arena ------------------------------------------------------------------------------------ */

/* One text in a path, as a segment or a value of it: client_path(c, "/api/v1/calls/", id, "/why"). */
struct str client_path(struct cli *c, const char *before, struct str text, const char *after);
/* With name=value in its query; as it is for STR_NONE. */
struct str client_query(struct cli *c, struct str path, const char *name, struct str value);
/* With those of the command's options that were given, under their own names; a switch is 1. `names` ends with NULL. */
struct str client_options(struct cli *c, struct str path, const char *const *names);
/* GETs such a path; as client_call(). */
int client_get(struct cli *c, struct str path, const char *const *names, struct answer *ret);
