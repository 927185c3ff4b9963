/*
 * http/h1_impl.h - what the HTTP/1 server, client, parser and writer share. Never included from another layer.
 *
 * Parsing goes through llhttp with every leniency off, in two steps: the head is collected whole in one run of memory
 * (h1_head_buf, with its limits and with the line discipline checked while it grows), then the body is cut out of what
 * the stream delivers. What decides framing is read from our own list of fields, never from llhttp's flags alone.
 */
#pragma once

#include "base/buf.h"
#include "base/limits.h"
#include "http/exchange.h"
#include "http/server.h"

#include <llhttp.h>

/* -------- h1_parse.c -------- */

struct h1_limits {
    size_t head_bytes_max, target_bytes_max, fields_max;
};

/* Memory of one head; kept with its exchange and used again. Fields point into p. */
struct h1_head_buf {
    char *p;
    size_t n, cap;
    struct http_field *fields;
    size_t n_fields, fields_cap;
};

enum h1_framing { H1_NONE, H1_LENGTH, H1_CHUNKED, H1_UNTIL_CLOSE };

enum {
    H1_R_HEAD = 1, /* the head is complete */
    H1_R_END = 2,  /* the body is complete */
    H1_R_BAD = 3,  /* `bad` says why */
    H1_R_STOP = 4, /* on_body asked to stop */
};

struct h1_parser {
    llhttp_t ll;
    const struct h1_limits *limits;
    struct h1_head_buf *head;    /* of the current message; the exchange's */
    struct h1_head_buf *trailer; /* where trailers go; NULL: they are checked and dropped */
    size_t line_at;              /* where the current line starts in head->p */
    size_t fed_bytes;            /* of head->p, given to llhttp */
    size_t trailer_bytes, n_trailers;
    struct str method;         /* of the request line: one of those that are served */
    struct str target, reason; /* spans in head->p */
    struct http_refusal bad;
    enum h1_framing framing;
    uint64_t left_bytes; /* H1_LENGTH: still to come */
    bool in_value, is_head_done, is_body_done, is_stopped;
    int (*on_body)(void *ctx, struct str bytes); /* nonzero stops */
    void *ctx;
};

void h1_head_buf_free(struct h1_head_buf *b);
void h1_parser_init(struct h1_parser *p, llhttp_type_t type, const struct h1_limits *limits,
                    int (*on_body)(void *ctx, struct str bytes), void *ctx);
/* Before each message. */
void h1_parser_start(struct h1_parser *p, struct h1_head_buf *head, struct h1_head_buf *trailer);
/* 0 (more is needed), H1_R_HEAD or H1_R_BAD; *ret_used: bytes taken from `in`. */
int h1_parse_head(struct h1_parser *p, struct str in, size_t *ret_used);
/* After h1_body_start(): 0, H1_R_END, H1_R_BAD or H1_R_STOP. */
int h1_parse_body(struct h1_parser *p, struct str in, size_t *ret_used);
void h1_body_start(struct h1_parser *p, enum h1_framing framing, uint64_t length);

/* -------- h1_fields.c: what both kinds of head have in common -------- */

enum h1_field {
    H1_FIELD_OTHER,
    H1_FIELD_CONNECTION,
    H1_FIELD_CONTENT_LENGTH,
    H1_FIELD_EXPECT,
    H1_FIELD_HOP, /* taken out, without more ado */
    H1_FIELD_HOST,
    H1_FIELD_TRAILER,
    H1_FIELD_TRANSFER_ENCODING,
    H1_FIELD_UPGRADE,
};

struct h1_framing_facts {
    size_t n_content_length, n_transfer_encoding;
    int64_t content_length;
    bool is_length_bad, is_chunked;
};

enum h1_field h1_field_kind(struct str name);
bool h1_name_is_clean(struct str name);   /* a token */
bool h1_value_is_clean(struct str value); /* no control byte but HTAB */
bool h1_target_is_clean(struct str target); /* visible ASCII, but `#` and `\` */
void h1_framing_note(struct h1_framing_facts *f, enum h1_field kind, struct str value);
/* The next member of a comma list, trimmed; false at the end. */
bool h1_list_next(struct str *rest, struct str *ret_member);

/* -------- h1_request.c, h1_response.c -------- */

struct h1_message {
    enum h1_framing framing;
    uint64_t length;
    bool wants_close; /* the peer says so, or it speaks HTTP/1.0 */
    bool is_http10;
};

/* The first line, without its CRLF, before anything else looks at it. 0 with *ret_method, which is static; H1_R_BAD. */
int h1_request_line(struct str line, struct str *ret_method, struct http_refusal *ret_bad);
bool h1_status_line_is_valid(struct str line);
/* Decides on a complete request head: 0 with *ret_head and *ret_m, or H1_R_BAD with *ret_bad. */
int h1_request_decide(struct h1_parser *p, struct http_head *ret_head, struct h1_message *ret_m,
                      struct http_refusal *ret_bad);
/* What to answer when llhttp or the collector refused. */
struct http_refusal h1_request_refusal(const struct h1_parser *p);
bool h1_host_is_valid(struct str host);
/* 0, or H1_R_BAD. `is_head`: the request was HEAD. */
int h1_response_decide(struct h1_parser *p, bool is_head, struct http_head *ret_head, struct h1_message *ret_m);

/* -------- h1_write.c -------- */

/* Appends a response head. `framing` and h->body_bytes decide the framing fields. */
int h1_write_response(struct buf *b, const struct http_head *h, enum h1_framing framing, bool closes);
/* `host`: for which h1_host_is_valid() was asked once, when its target was made. */
int h1_write_request(struct buf *b, const struct http_head *h, struct str host, enum h1_framing framing);
int h1_write_trailers(struct buf *b, const struct http_field *t, size_t n);
struct str h1_status_text(unsigned status);
#define H1_CHUNK_LINE_BYTES 24
struct str h1_chunk_line(size_t n, char out[H1_CHUNK_LINE_BYTES]);
