/*
 * http/h1_parse.c - HTTP/1 messages out of bytes: llhttp, with limits and a line discipline of our own around it.
 *
 *   (1) a line of a head ends in CRLF; a bare CR, a bare LF, an empty first line, or a line that starts with a
 *       space or a tab (folding) is refused before llhttp sees it.
 *   (2) fields point into head->p, also after it has moved (rebase()).
 *   (3) only chunked bodies pass through llhttp; others are counted here, so that one place decides where a body ends.
 */
#include "http/h1_impl.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES_FIRST 2048
#define FIELDS_FIRST 32

static int refuse(struct h1_parser *p, uint16_t status, const char *text)
{
    p->bad = (struct http_refusal){status, text};
    return H1_R_BAD;
}

/* -------- memory -------- */

void h1_head_buf_free(struct h1_head_buf *b)
{
    free(b->p);
    free(b->fields);
    memset(b, 0, sizeof(*b));
}

static void rebase_str(struct str *s, const char *from, char *to)
{
    if (s->p)
        s->p = to + (s->p - from);
}

/* The memory moved: what points into it follows. */
static void rebase(struct h1_parser *p, struct h1_head_buf *b, char *to)
{
    for (size_t i = 0; i < b->n_fields; i++) {
        rebase_str(&b->fields[i].name, b->p, to);
        rebase_str(&b->fields[i].value, b->p, to);
    }
    if (b == p->head) {
        rebase_str(&p->target, b->p, to);
        rebase_str(&p->reason, b->p, to);
    }
}

static void add_bytes(struct h1_parser *p, struct h1_head_buf *b, const char *bytes, size_t n)
{
    if (b->cap - b->n < n) {
        size_t cap = b->cap ? b->cap : HEAD_BYTES_FIRST;
        while (cap - b->n < n)
            cap *= 2;
        char *to = malloc(cap);
        check(to);
        if (b->n)
            memcpy(to, b->p, b->n);
        rebase(p, b, to);
        free(b->p);
        b->p = to;
        b->cap = cap;
    }
    memcpy(b->p + b->n, bytes, n);
    b->n += n;
}

static void add_field(struct h1_head_buf *b, struct str name)
{
    if (b->n_fields == b->fields_cap) {
        b->fields_cap = b->fields_cap ? b->fields_cap * 2 : FIELDS_FIRST;
        b->fields = realloc(b->fields, b->fields_cap * sizeof(*b->fields));
        check(b->fields);
    }
    b->fields[b->n_fields++] = (struct http_field){name, STR_NONE};
}

/* llhttp may give one span in pieces when a read ended inside it; the pieces lie side by side. */
static void extend(struct str *s, const char *at, size_t n)
{
    if (!s->p)
        *s = (struct str){at, n};
    else
        s->n = (size_t)(at + n - s->p);
}

/* -------- llhttp's callbacks -------- */

static struct h1_parser *of(llhttp_t *ll) { return ll->data; }

static int on_target(llhttp_t *ll, const char *at, size_t n)
{
    struct h1_parser *p = of(ll);

    extend(&p->target, at, n);
    if (p->target.n > p->limits->target_bytes_max) {
        refuse(p, 414, "The request target is too long.");
        return HPE_USER;
    }
    return 0;
}

static int on_reason(llhttp_t *ll, const char *at, size_t n)
{
    extend(&of(ll)->reason, at, n);
    return 0;
}

/* Bytes of trailers; they are bounded like a head. Returns where they now are, NULL over the limit. */
static const char *keep_trailer_bytes(struct h1_parser *p, const char *at, size_t n)
{
    p->trailer_bytes += n;
    if (p->trailer_bytes > p->limits->head_bytes_max) {
        refuse(p, 431, "The trailers are too large.");
        return NULL;
    }
    if (!p->trailer)
        return at;
    add_bytes(p, p->trailer, at, n);
    return p->trailer->p + p->trailer->n - n;
}

static int on_name(llhttp_t *ll, const char *at, size_t n)
{
    struct h1_parser *p = of(ll);
    struct h1_head_buf *b = p->is_head_done ? p->trailer : p->head;
    bool is_new = p->in_value;

    if (p->is_head_done) {
        p->n_trailers += is_new;
        if (!(at = keep_trailer_bytes(p, at, n)))
            return HPE_USER;
    }
    p->in_value = false;
    if (b && is_new)
        add_field(b, (struct str){at, n});
    else if (b)
        extend(&b->fields[b->n_fields - 1].name, at, n);
    return 0;
}

static int on_name_end(llhttp_t *ll)
{
    struct h1_parser *p = of(ll);

    p->in_value = true;
    if ((p->is_head_done ? p->n_trailers : p->head->n_fields) <= p->limits->fields_max)
        return 0;
    refuse(p, 431, "There are too many header fields.");
    return HPE_USER;
}

static int on_value(llhttp_t *ll, const char *at, size_t n)
{
    struct h1_parser *p = of(ll);
    struct h1_head_buf *b = p->is_head_done ? p->trailer : p->head;

    if (p->is_head_done && !(at = keep_trailer_bytes(p, at, n)))
        return HPE_USER;
    if (b && b->n_fields)
        extend(&b->fields[b->n_fields - 1].value, at, n);
    return 0;
}

static int on_headers_end(llhttp_t *ll)
{
    of(ll)->is_head_done = true;
    return 0;
}

static int on_chunk_bytes(llhttp_t *ll, const char *at, size_t n)
{
    struct h1_parser *p = of(ll);

    if (p->on_body(p->ctx, (struct str){at, n}) == 0)
        return 0;
    p->is_stopped = true;
    return HPE_USER;
}

static int on_chunk_extension(llhttp_t *ll, const char *at, size_t n)
{
    (void)at;
    (void)n;
    refuse(of(ll), 400, "Chunk extensions are not accepted.");
    return HPE_USER;
}

/* Messages without a body end inside the head's bytes; only the end of a chunked body has to stop the parser. */
static int on_message_end(llhttp_t *ll)
{
    struct h1_parser *p = of(ll);

    if (p->framing != H1_CHUNKED)
        return 0;
    p->is_body_done = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_target,
    .on_status = on_reason,
    .on_header_field = on_name,
    .on_header_field_complete = on_name_end,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_end,
    .on_body = on_chunk_bytes,
    .on_chunk_extension_name = on_chunk_extension,
    .on_chunk_extension_value = on_chunk_extension,
    .on_message_complete = on_message_end,
};

/* -------- head -------- */

void h1_parser_init(struct h1_parser *p, llhttp_type_t type, const struct h1_limits *limits,
                    int (*on_body)(void *ctx, struct str bytes), void *ctx)
{
    memset(p, 0, sizeof(*p));
    llhttp_init(&p->ll, type, &settings);
    p->limits = limits;
    p->on_body = on_body;
    p->ctx = ctx;
}

void h1_parser_start(struct h1_parser *p, struct h1_head_buf *head, struct h1_head_buf *trailer)
{
    llhttp_init(&p->ll, p->ll.type, &settings); /* not reset: that keeps the error of the message before */
    p->ll.data = p;
    p->head = head;
    p->trailer = trailer;
    head->n = head->n_fields = 0;
    if (trailer)
        trailer->n = trailer->n_fields = 0;
    p->line_at = p->fed_bytes = p->trailer_bytes = p->n_trailers = 0;
    p->method = p->target = p->reason = STR_NONE;
    p->bad = (struct http_refusal){0, NULL};
    p->framing = H1_NONE;
    p->in_value = true; /* a name may come */
    p->is_head_done = p->is_body_done = p->is_stopped = false;
}

static int check_first_line(struct h1_parser *p, struct str line)
{
    if (p->ll.type == HTTP_REQUEST)
        return h1_request_line(line, &p->method, &p->bad);
    return h1_status_line_is_valid(line) ? 0 : refuse(p, 400, "The status line is malformed.");
}

/* The line that ends at head->n with LF. 0, H1_R_HEAD for the empty line, or H1_R_BAD. */
static int check_line(struct h1_parser *p)
{
    const char *line = p->head->p + p->line_at;
    size_t n = p->head->n - p->line_at;
    bool is_first = p->line_at == 0;

    if (n < 2 || memchr(line, '\r', n - 1) != line + n - 2)
        return refuse(p, 400, "Lines must end in CRLF, and CR and LF must stand nowhere else.");
    if (n == 2)
        return is_first ? refuse(p, 400, "A message must not start with an empty line.") : H1_R_HEAD;
    if (!is_first && (line[0] == ' ' || line[0] == '\t'))
        return refuse(p, 400, "A header field must not start with white space or continue on a second line.");
    if (is_first && check_first_line(p, (struct str){line, n - 2}) != 0)
        return H1_R_BAD;
    p->line_at = p->head->n;
    return 0;
}

/* Moves lines from `in` to the head until it is complete. */
static int collect(struct h1_parser *p, struct str in, size_t *ret_used)
{
    size_t used = 0;
    int r = 0;

    while (r == 0 && used < in.n) {
        const char *from = in.p + used, *lf = memchr(from, '\n', in.n - used);
        size_t n = lf ? (size_t)(lf + 1 - from) : in.n - used;
        if (n > p->limits->head_bytes_max - p->head->n)
            return p->line_at == 0 ? refuse(p, 414, "The request line is too long.")
                                   : refuse(p, 431, "The header fields are too large.");
        add_bytes(p, p->head, from, n);
        used += n;
        if (lf)
            r = check_line(p);
    }
    *ret_used = used;
    return r;
}

/* Gives llhttp the lines it has not seen, whole ones only. */
static int parse_lines(struct h1_parser *p, size_t until)
{
    if (until == p->fed_bytes)
        return 0;
    llhttp_errno_t e = llhttp_execute(&p->ll, p->head->p + p->fed_bytes, until - p->fed_bytes);
    p->fed_bytes = until;
    if (e == HPE_OK || e == HPE_PAUSED_UPGRADE)
        return 0;
    return p->bad.status ? H1_R_BAD : refuse(p, 400, "The head is malformed.");
}

/* What is refused, and why, does not depend on where reads end: the first wrong line decides, whoever finds it. */
int h1_parse_head(struct h1_parser *p, struct str in, size_t *ret_used)
{
    int r = collect(p, in, ret_used);
    struct http_refusal ours = p->bad;

    p->bad.status = 0;
    if (parse_lines(p, r == H1_R_HEAD ? p->head->n : p->line_at) != 0)
        return H1_R_BAD;
    p->bad = ours;
    if (r == H1_R_HEAD && !p->is_head_done)
        return refuse(p, 400, "The head is malformed.");
    return r;
}

/* -------- body -------- */

void h1_body_start(struct h1_parser *p, enum h1_framing framing, uint64_t length)
{
    p->framing = framing;
    p->left_bytes = length;
}

static int parse_chunks(struct h1_parser *p, struct str in, size_t *ret_used)
{
    llhttp_errno_t e = llhttp_execute(&p->ll, in.p, in.n);

    *ret_used = in.n;
    if (e == HPE_OK)
        return 0;
    if (e == HPE_PAUSED && p->is_body_done) {
        *ret_used = (size_t)(llhttp_get_error_pos(&p->ll) - in.p);
        return H1_R_END;
    }
    if (p->is_stopped)
        return H1_R_STOP;
    if (p->bad.status == 0)
        refuse(p, 400, "The chunked body is malformed.");
    return H1_R_BAD;
}

int h1_parse_body(struct h1_parser *p, struct str in, size_t *ret_used)
{
    if (p->framing == H1_CHUNKED)
        return parse_chunks(p, in, ret_used);
    size_t n = in.n;
    if (p->framing != H1_UNTIL_CLOSE && n > p->left_bytes)
        n = (size_t)p->left_bytes;
    *ret_used = n;
    if (p->framing != H1_UNTIL_CLOSE)
        p->left_bytes -= n;
    if (n && p->on_body(p->ctx, str_sub(in, 0, n)) != 0)
        return H1_R_STOP;
    return p->framing != H1_UNTIL_CLOSE && p->left_bytes == 0 ? H1_R_END : 0;
}
