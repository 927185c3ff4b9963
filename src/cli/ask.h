/*
 * cli/ask.h - one HTTP request and its whole answer, blocking, on a connection of its own. Says nothing to people.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "http/exchange.h"

struct ask {
    struct str host; /* a name or a numeric address; IPv6 without brackets */
    uint16_t port;
    struct tls_client *tls; /* NULL: plain HTTP */
    const char *method;
    struct str path;
    struct http_field *fields;
    size_t n_fields;
    struct str body;
    void (*on_second)(void *ctx, int64_t n); /* each second that no whole answer came; NULL: nobody looks */
    void *on_second_ctx;
    /* Not NULL: gets a success's body as it comes, which is not kept then. False: it has heard enough. */
    bool (*on_piece)(void *ctx, struct str bytes);
    void *on_piece_ctx;
};

struct told {
    int status;
    struct buf body; /* ask_end() frees it */
    struct str code; /* x-flyball-code, in the arena; empty: none */
    struct str date; /* the same of date */
    bool has_failed; /* no whole answer came */
    enum http_reset why;
};

/* 0: answered, or has_failed; negative: the request could not be made. Either way ask_end() follows. */
int ask_once(const struct ask *what, size_t answer_bytes_max, struct arena *a, struct told *ret);
void ask_end(struct told *t);
