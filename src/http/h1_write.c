/*
 * http/h1_write.c - heads, chunk lines and trailers as bytes.
 *
 * Framing and connection fields are written here and nowhere else: the caller's are left out, and so is a field whose
 * name or value could end the line it stands on.
 */
#include "http/h1_impl.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

struct str h1_status_text(unsigned status)
{
    switch (status) {
    case 100: return STR("Continue");
    case 103: return STR("Early Hints");
    case 200: return STR("OK");
    case 201: return STR("Created");
    case 202: return STR("Accepted");
    case 204: return STR("No Content");
    case 206: return STR("Partial Content");
    case 301: return STR("Moved Permanently");
    case 302: return STR("Found");
    case 303: return STR("See Other");
    case 304: return STR("Not Modified");
    case 307: return STR("Temporary Redirect");
    case 308: return STR("Permanent Redirect");
    case 400: return STR("Bad Request");
    case 401: return STR("Unauthorized");
    case 402: return STR("Payment Required");
    case 403: return STR("Forbidden");
    case 404: return STR("Not Found");
    case 405: return STR("Method Not Allowed");
    case 406: return STR("Not Acceptable");
    case 408: return STR("Request Timeout");
    case 409: return STR("Conflict");
    case 410: return STR("Gone");
    case 411: return STR("Length Required");
    case 412: return STR("Precondition Failed");
    case 413: return STR("Content Too Large");
    case 414: return STR("URI Too Long");
    case 415: return STR("Unsupported Media Type");
    case 417: return STR("Expectation Failed");
    case 421: return STR("Misdirected Request");
    case 422: return STR("Unprocessable Content");
    case 425: return STR("Too Early");
    case 429: return STR("Too Many Requests");
    case 431: return STR("Request Header Fields Too Large");
    case 500: return STR("Internal Server Error");
    case 501: return STR("Not Implemented");
    case 502: return STR("Bad Gateway");
    case 503: return STR("Service Unavailable");
    case 504: return STR("Gateway Timeout");
    case 505: return STR("HTTP Version Not Supported");
    default: return STR("");
    }
}

/* A failure stays in b, see buf_ok. */
static void add(struct buf *b, const struct str *parts, size_t n)
{
    size_t n_bytes = 0;

    for (size_t i = 0; i < n; i++)
        n_bytes += parts[i].n;
    if (buf_reserve(b, n_bytes) < 0)
        return;
    char *at = b->p + b->n;
    for (size_t i = 0; i < n; i++)
        (void)str_put(&at, parts[i]);
    b->n += n_bytes;
}

static void add_text(struct buf *b, struct str s) { (void)buf_add(b, s); }

static void add_field(struct buf *b, struct str name, struct str value)
{
    size_t n = name.n + value.n + 4;

    if (buf_reserve(b, n) < 0)
        return;
    char *to = b->p + b->n;
    memcpy(to, name.p, name.n);
    to += name.n;
    *to++ = ':';
    *to++ = ' ';
    if (value.n)
        memcpy(to, value.p, value.n);
    to += value.n;
    *to++ = '\r';
    *to = '\n';
    b->n += n;
}

static void add_fields(struct buf *b, const struct http_field *fields, size_t n_fields, bool is_request)
{
    for (size_t i = 0; i < n_fields; i++) {
        const struct http_field *f = &fields[i];
        enum h1_field kind = h1_field_kind(f->name);
        bool is_ours = kind != H1_FIELD_OTHER && kind != H1_FIELD_TRAILER &&
                       (is_request || (kind != H1_FIELD_HOST && kind != H1_FIELD_EXPECT));
        if (!is_ours && h1_name_is_clean(f->name) && h1_value_is_clean(f->value))
            add_field(b, f->name, f->value);
    }
}

static void add_framing(struct buf *b, enum h1_framing framing, int64_t body_bytes, bool says_zero)
{
    if (framing == H1_CHUNKED) {
        add_text(b, STR("Transfer-Encoding: chunked\r\n"));
    } else if (framing != H1_UNTIL_CLOSE && (body_bytes > 0 || (body_bytes == 0 && says_zero))) {
        char digits[U64_DIGITS_MAX];
        add_field(b, STR("Content-Length"), (struct str){digits, u64_digits((uint64_t)body_bytes, digits)});
    }
}

int h1_write_response(struct buf *b, const struct http_head *h, enum h1_framing framing, bool closes)
{
    struct str reason = h->reason.n && h1_value_is_clean(h->reason) ? h->reason : h1_status_text(h->status);
    bool says_zero = h->status >= 200 && h->status != 204 && h->status != 304;

    char digits[U64_DIGITS_MAX];

    check(h->status >= 100 && h->status <= 599);
    struct str status = {digits, u64_digits(h->status, digits)};
    add(b, (struct str[]){STR("HTTP/1.1 "), status, STR(" "), reason, STR("\r\n")}, 5);
    add_fields(b, h->fields, h->n_fields, false);
    if (h->status >= 200 && h->status != 204)
        add_framing(b, framing, h->body_bytes, says_zero);
    if (closes)
        add_text(b, STR("Connection: close\r\n"));
    add_text(b, STR("\r\n"));
    return buf_ok(b);
}

/* RFC 9110 8.6: a request without a body says so only when its method usually has one. */
static bool method_says_zero(struct str m)
{
    return str_eq(m, STR("POST")) || str_eq(m, STR("PUT")) || str_eq(m, STR("PATCH"));
}

int h1_write_request(struct buf *b, const struct http_head *h, struct str host, enum h1_framing framing)
{
    check(h1_name_is_clean(h->method));
    for (size_t i = 0; i < h->target.n; i++)
        check((unsigned char)h->target.p[i] > 0x20 && (unsigned char)h->target.p[i] < 0x7f);
    check(h->target.n && host.n && h1_value_is_clean(host));
    add(b, (struct str[]){h->method, STR(" "), h->target, STR(" HTTP/1.1\r\n")}, 4);
    add_field(b, STR("Host"), host);
    add_fields(b, h->fields, h->n_fields, true);
    add_framing(b, framing, h->body_bytes, method_says_zero(h->method));
    add_text(b, STR("\r\n"));
    return buf_ok(b);
}

int h1_write_trailers(struct buf *b, const struct http_field *t, size_t n)
{
    add_text(b, STR("0\r\n"));
    add_fields(b, t, n, true);
    add_text(b, STR("\r\n"));
    return buf_ok(b);
}

struct str h1_chunk_line(size_t n, char out[H1_CHUNK_LINE_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t len = 0;

    for (int shift = 60; shift >= 0; shift -= 4)
        if (n >> shift || shift == 0)
            out[len++] = digits[n >> shift & 15];
    out[len++] = '\r';
    out[len++] = '\n';
    return (struct str){out, len};
}
