/*
 * What the server accepts and refuses, on the wire: raw bytes in, the head as the handler saw it or a refusal out.
 *
 * Each vector goes over a connection of its own, once in one piece and once byte by byte: where reads end must not
 * matter.
 */
#include "http/rig.h"

/* -------- a handler that tells what it saw -------- */

struct seen {
    struct rig *rig;
    struct http_exchange *x;
    const struct http_head *head;
    struct buf text;
};

static void seen_body(void *ctx, struct str b)
{
    struct seen *s = ctx;

    assert_int_equal(buf_add(&s->text, b), 0);
}

static void seen_free(struct seen *s)
{
    buf_deinit(&s->text);
    http_release(s->x);
    free(s);
}

static void seen_end(void *ctx, const struct http_field *t, size_t n)
{
    struct seen *s = ctx;
    struct http_head h = {.status = 200, .body_bytes = (int64_t)s->text.n};

    assert_int_equal(n, 0); /* trailers of requests are dropped */
    http_send_head(s->x, &h);
    http_write(s->x, buf_str(&s->text));
    http_finish(s->x, NULL, 0);
    seen_free(s);
}

static void seen_reset(void *ctx, enum http_reset why)
{
    seen_free(ctx);
}

static const struct http_events seen_events = {.on_body = seen_body, .on_end = seen_end, .on_reset = seen_reset};

/* "METHOD path[?query] host body_bytes|name=value|...#body" */
static void on_request(void *ctx, struct http_exchange *x, const struct http_head *h)
{
    struct seen *s = calloc(1, sizeof(*s));

    s->rig = ctx;
    s->x = x;
    buf_init(&s->text, 1 << 24);
    buf_printf(&s->text, STR_FMT " " STR_FMT "%s" STR_FMT " " STR_FMT " %lld", STR_ARG(h->method), STR_ARG(h->path),
               h->has_query ? "?" : "", STR_ARG(h->query), STR_ARG(h->host), (long long)h->body_bytes);
    for (size_t i = 0; i < h->n_fields; i++)
        buf_printf(&s->text, "|" STR_FMT "=" STR_FMT, STR_ARG(h->fields[i].name), STR_ARG(h->fields[i].value));
    buf_add_c(&s->text, "#");
    http_on(x, &seen_events, s);
    http_credit(x, SIZE_MAX);
}

static void on_bad_head(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                        struct http_refusal_answer *ret)
{
    ret->body = arena_printf(a, "{\"status\":%u,\"text\":\"%s\"}", r->status, r->text);
}

static const struct http_server_handler handler = {.on_request = on_request, .on_bad_head = on_bad_head};

/* -------- vectors -------- */

struct vector {
    struct str request;
    int status;       /* 200: accepted */
    const char *seen; /* of accepted ones */
};

#define REFUSED(status, bytes) {STR_INIT(bytes), status, NULL}
#define SEEN(text, bytes) {STR_INIT(bytes), 200, text}
#define H "Host: a\r\n"

static const struct vector vectors[] = {
    /* plain ones */
    SEEN("GET / a 0#", "GET / HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /x?q a 0#", "GET /x?q HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /x? a 0#", "GET /x? HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /x?a=?&b a 0#", "GET /x?a=?&b HTTP/1.1\r\n" H "\r\n"),
    SEEN("POST /v1/refunds a 3|content-type=text/plain#abc",
         "POST /v1/refunds HTTP/1.1\r\n" H "content-type: text/plain\r\nContent-Length: 3\r\n\r\nabc"),
    SEEN("POST / a 0#", "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"),
    SEEN("PUT / a 1#x", "PUT / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\nx"),
    SEEN("PATCH / a 1#x", "PATCH / HTTP/1.1\r\n" H "Content-Length: 01\r\n\r\nx"),
    SEEN("DELETE /a a 0#", "DELETE /a HTTP/1.1\r\n" H "\r\n"),
    SEEN("OPTIONS /a a 0#", "OPTIONS /a HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /a a 2#hi", "GET /a HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nhi"),
    SEEN("GET / a 0|X=v#", "GET / HTTP/1.1\r\n" H "X:v\r\n\r\n"),
    SEEN("GET / a 0|X=v w#", "GET / HTTP/1.1\r\n" H "X: \t v w \t\r\n\r\n"),
    SEEN("GET / a 0|X=#", "GET / HTTP/1.1\r\n" H "X:\r\n\r\n"),
    SEEN("GET / a 0|X=|Y=1#", "GET / HTTP/1.1\r\n" H "X: \r\nY: 1\r\n\r\n"),
    SEEN("GET / a 0|X=1|X=2|x=3#", "GET / HTTP/1.1\r\n" H "X: 1\r\nX: 2\r\nx: 3\r\n\r\n"),
    SEEN("GET / a 0|X=\x80\xff#", "GET / HTTP/1.1\r\n" H "X: \x80\xff\r\n\r\n"),
    SEEN("GET / a 0|!#$%&'*+-.^`|~=1#", "GET / HTTP/1.1\r\n" H "!#$%&'*+-.^`|~: 1\r\n\r\n"),
    SEEN("GET / a 0|X=a:b:c#", "GET / HTTP/1.1\r\n" H "X: a:b:c\r\n\r\n"),
    SEEN("GET /a/b/ a 0#", "GET /a/b/ HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /.a/..b/...?./../ a 0#", "GET /.a/..b/...?./../ HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /a%20b?c=%2F%2e a 0#", "GET /a%20b?c=%2F%2e HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /a?expand[]=data a 0#", "GET /a?expand[]=data HTTP/1.1\r\n" H "\r\n"),

    /* line ends */
    REFUSED(400, "GET / HTTP/1.1\n" H "\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "\n"),
    REFUSED(400, "GET / HTTP/1.1\nHost: a\n\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X: a\rb\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X: a\r\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X: a\r\nY: b\r \r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "\r \n\r\n"),
    REFUSED(400, "\r\nGET / HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "\nGET / HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, " GET / HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\r\n" H "\r\n"),

    /* folding and white space */
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n \r\n" H "\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n\t" H "\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X : a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X\t: a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "Content-Length : 3\r\n\r\nabc"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X Y: a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H ": a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "novalue\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X(y): a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X\x80: a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "\"X\": a\r\n\r\n"),
    REFUSED(400, "GET  / HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /  HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET\t/ HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET / HTTP/1.1 \r\n" H "\r\n"),
    REFUSED(400, "GET / a HTTP/1.1\r\n" H "\r\n"),

    /* control bytes */
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X: \0\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X: a\x01\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X: a\x0b\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "\0: a\r\n\r\n"),

    /* Host */
    REFUSED(400, "GET / HTTP/1.1\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.0\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a/x\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a?x\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a:0\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: a%62\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: [x]\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: [::1]80\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n"),
    SEEN("GET / a.example:8080 0#", "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n"),
    SEEN("GET / [::1]:80 0#", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
    SEEN("GET / [2001:db8::1] 0#", "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n"),
    SEEN("GET / my_box 0#", "GET / HTTP/1.1\r\nHost: my_box\r\n\r\n"),

    /* forms of the target */
    SEEN("GET /x?y a 0#", "GET http://a/x?y HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET / a 0#", "GET http://a HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET / A:80 0#", "GET HTTP://a:80/ HTTP/1.1\r\nHost: A:80\r\n\r\n"),
    REFUSED(400, "GET http://b/x HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET http://a:80/x HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET http://u@a/x HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET http:///x HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET http://a?x HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET https://a/x HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET ftp://a/x HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "OPTIONS * HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET * HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET a:80 HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET a HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET ?x HTTP/1.1\r\n" H "\r\n"),
    REFUSED(405, "CONNECT a:80 HTTP/1.1\r\n" H "\r\n"),
    REFUSED(405, "TRACE / HTTP/1.1\r\n" H "\r\n"),

    /* bytes of the target */
    REFUSED(400, "GET /\x80 HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /?\xff HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /a#b HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /?a#b HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /a\\b HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /a?\\ HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /a\x01 HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /a\x7f HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /a\0 HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /a\tb HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET /a\x0c HTTP/1.1\r\n" H "\r\n"),
    /* segments and percent encodings come as they are: the handler refuses them, on record */
    SEEN("GET /%00 a 0#", "GET /%00 HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /%zz a 0#", "GET /%zz HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /%2 a 0#", "GET /%2 HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /?a=% a 0#", "GET /?a=% HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET //a a 0#", "GET //a HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET //a/../b a 0#", "GET //a/../b HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /a//b a 0#", "GET /a//b HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /a/./b a 0#", "GET /a/./b HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /a/../b a 0#", "GET /a/../b HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /a/.. a 0#", "GET /a/.. HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /. a 0#", "GET /. HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /../ a 0#", "GET /../ HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /%2e%2e/b a 0#", "GET /%2e%2e/b HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /.%2E/b a 0#", "GET /.%2E/b HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /a%2Fb a 0#", "GET /a%2Fb HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /a%2fb a 0#", "GET /a%2fb HTTP/1.1\r\n" H "\r\n"),
    SEEN("GET /a%5cb a 0#", "GET /a%5cb HTTP/1.1\r\n" H "\r\n"),

    /* methods and versions */
    REFUSED(400, "get / HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "Get / HTTP/1.1\r\n" H "\r\n"),
    REFUSED(400, "G=T / HTTP/1.1\r\n" H "\r\n"),
    REFUSED(501, "FOO / HTTP/1.1\r\n" H "\r\n"),
    REFUSED(501, "GETX / HTTP/1.1\r\n" H "\r\n"),
    REFUSED(501, "PROPFIND / HTTP/1.1\r\n" H "\r\n"),
    REFUSED(505, "GET / HTTP/1.2\r\n" H "\r\n"),
    REFUSED(505, "GET / HTTP/2.0\r\n" H "\r\n"),
    REFUSED(505, "GET / HTTP/0.9\r\n" H "\r\n"),
    REFUSED(505, "GET / HTTP/3.1\r\n" H "\r\n"),
    REFUSED(505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    REFUSED(400, "GET /\r\n"),
    REFUSED(400, "GET / HTTP/1.10\r\n" H "\r\n"),
    REFUSED(400, "GET / HTTP/01.1\r\n" H "\r\n"),
    REFUSED(400, "GET / HTTP/1\r\n" H "\r\n"),
    REFUSED(400, "GET / http/1.1\r\n" H "\r\n"),
    REFUSED(400, "GET / HTTP 1.1\r\n" H "\r\n"),
    REFUSED(400, "GET / ICE/1.1\r\n" H "\r\n"),
    SEEN("GET / a 0#", "GET / HTTP/1.0\r\n" H "\r\n"),

    /* Content-Length */
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 3,3\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: -3\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 0x3\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 3 3\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 3a\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: \r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 3.0\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 1e1\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775808\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 00000000000000000003\r\n\r\nabc"),
    REFUSED(413, "POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n\r\n"),
    REFUSED(413, "POST / HTTP/1.1\r\n" H "Content-Length: 1048577\r\n\r\n"),

    /* Transfer-Encoding */
    SEEN("POST / a -1#abc", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    SEEN("POST / a -1#abcdefghijklmnop",
         "POST / HTTP/1.1\r\n" H "transfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n0d\r\ndefghijklmnop\r\n000\r\n\r\n"),
    SEEN("POST / a -1#", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    SEEN("POST / a -1#abc",
         "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\nHost: b\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;x=y\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n0\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding\x0b: chunked\r\n\r\n0\r\n\r\n"),
    REFUSED(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    SEEN("POST / a 0#", "POST / HTTP/1.1\r\n" H "Transfer_Encoding: chunked\r\n\r\n"),
    SEEN("POST / a 0#", "POST / HTTP/1.1\r\n" H "Content_Length: 3\r\n\r\n"),

    /* connection fields */
    REFUSED(400, "GET / HTTP/1.1\r\n" H "Connection: Authorization\r\nAuthorization: x\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "Connection: close, X-Secret\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\nConnection: idempotency-key\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "Connection: close x\r\n\r\n"),
    REFUSED(400, "GET / HTTP/1.1\r\n" H "Connection: \r\n\r\n"),
    SEEN("GET / a 0#",
         "GET / HTTP/1.1\r\n" H "Connection: Keep-Alive, TE, Upgrade\r\nTE: trailers\r\nKeep-Alive: 5\r\n\r\n"),
    SEEN("GET / a 0|Y=1#", "GET / HTTP/1.1\r\n" H "Proxy-Connection: x\r\nTrailer: a\r\nY: 1\r\n"
         "Proxy-Authorization: b\r\nHTTP2-Settings: AA\r\n\r\n"),
    SEEN("GET / a 0#", "GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    SEEN("GET / a 0#", "GET / HTTP/1.1\r\n" H "Upgrade: h2c\r\n\r\n"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"),
    REFUSED(400, "POST / HTTP/1.1\r\n" H "Upgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    SEEN("GET / a 0|X-A=1#", "GET / HTTP/1.1\r\n" H "X_B: 2\r\nX-A: 1\r\n_: 3\r\n\r\n"),

    /* Expect */
    REFUSED(417, "POST / HTTP/1.1\r\n" H "Expect: y 100-continue\r\nContent-Length: 1\r\n\r\nx"),
    REFUSED(417, "POST / HTTP/1.1\r\n" H "Expect: 100-continue, 100-continue\r\nContent-Length: 1\r\n\r\nx"),
    REFUSED(417, "POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"),
    REFUSED(417, "POST / HTTP/1.1\r\n" H "Expect:\r\nContent-Length: 1\r\n\r\nx"),
    REFUSED(417, "GET / HTTP/1.1\r\n" H "Expect: 200-ok\r\n\r\n"),
    SEEN("POST / a 0#", "POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"),
    SEEN("POST / a 1#x", "POST / HTTP/1.0\r\n" H "Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx"),
};

/* Bodies that break after a good head: 400, and the handler hears of a reset. */
#define CHUNKED "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
static const struct vector bodies[] = {
    REFUSED(400, CHUNKED "3;x=y\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "3;x\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "3;\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "3;x=\"y\"\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "3 \r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "3 ;x=y\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED " 3\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "3\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "3\rabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc\r0\r\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc0\r\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabcd\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "0x3\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "+3\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "-1\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "g\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc\r\n0\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc\r\n0\r\n\n"),
    REFUSED(400, CHUNKED "3\r\nabc\r\n0;a=b\r\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc\r\n0\r\nX: y\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc\r\n0\r\nX y: z\r\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc\r\n0\r\nX: a\0b\r\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc\r\n0\r\nX: a\r\n b\r\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc\r\n0\r\n X: a\r\n\r\n"),
    REFUSED(400, CHUNKED "3\r\nabc\r\n0\r\nX : a\r\n\r\n"),
};

static void send_bytewise(int fd, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!wire_try_send(fd, str_sub(s, i, 1)))
            return;
}

static bool is_as_expected(struct rig *r, const struct vector *v, bool bytewise)
{
    struct buf head, body;
    int fd = wire_connect(r);
    bool is_good = true;

    buf_init(&head, 1 << 20);
    buf_init(&body, 1 << 20);
    if (bytewise)
        send_bytewise(fd, v->request);
    else
        wire_try_send(fd, v->request);
    bool got = wire_response(fd, &head, &body);
    if (!got || wire_status(&head) != v->status || (v->seen && !str_eq(buf_str(&body), str_c(v->seen)))) {
        print_error("request  " STR_FMT "\nwanted   %d %s\ngot      %d " STR_FMT "\n", STR_ARG(v->request), v->status,
                    v->seen ? v->seen : "", wire_status(&head), STR_ARG(buf_str(&body)));
        is_good = false;
    } else if (v->status != 200) { /* a refused head ends the connection, and says so */
        size_t at;
        is_good = str_find(buf_str(&head), STR("Connection: close\r\n"), &at) && body.n > 0;
        is_good &= wire_closed(fd, RIG_WAIT_MS);
    }
    close(fd);
    buf_deinit(&head);
    buf_deinit(&body);
    return is_good;
}

static void check_all(const struct vector *v, size_t n)
{
    struct rig r;
    size_t n_bad = 0;

    rig_init(&r);
    rig_start_server(&r, &handler);
    for (size_t i = 0; i < n; i++)
        n_bad += !is_as_expected(&r, &v[i], false) + !is_as_expected(&r, &v[i], true);
    rig_stop(&r);
    assert_int_equal(n_bad, 0);
}

static void every_head_is_accepted_or_refused_as_listed(void **state)
{
    check_all(vectors, sizeof(vectors) / sizeof(vectors[0]));
}

static void every_broken_body_is_refused(void **state) { check_all(bodies, sizeof(bodies) / sizeof(bodies[0])); }

/* -------- limits, at the limit and one beyond -------- */

static int status_of(struct rig *r, struct buf *request)
{
    struct buf head, body;
    int fd = wire_connect(r);

    buf_init(&head, 1 << 20);
    buf_init(&body, 1 << 24);
    wire_try_send(fd, buf_str(request));
    wire_response(fd, &head, &body);
    int status = wire_status(&head);
    close(fd);
    buf_deinit(&head);
    buf_deinit(&body);
    buf_deinit(request);
    return status;
}

static void add_n(struct buf *b, char c, size_t n)
{
    while (n--)
        assert_int_equal(buf_add_byte(b, c), 0);
}

static int status_of_target(struct rig *r, size_t n)
{
    struct buf b;

    buf_init(&b, 1 << 20);
    buf_add_c(&b, "GET /");
    add_n(&b, 'a', n - 1);
    buf_add_c(&b, " HTTP/1.1\r\n" H "\r\n");
    return status_of(r, &b);
}

static int status_of_head(struct rig *r, size_t n)
{
    struct buf b;
    size_t n_rest = strlen("GET / HTTP/1.1\r\n" H "X: \r\n\r\n");

    buf_init(&b, 1 << 20);
    buf_add_c(&b, "GET / HTTP/1.1\r\n" H "X: ");
    add_n(&b, 'a', n - n_rest);
    buf_add_c(&b, "\r\n\r\n");
    assert_int_equal(b.n, n);
    return status_of(r, &b);
}

static int status_of_fields(struct rig *r, size_t n)
{
    struct buf b;

    buf_init(&b, 1 << 20);
    buf_add_c(&b, "GET / HTTP/1.1\r\n" H);
    for (size_t i = 1; i < n; i++)
        buf_printf(&b, "x%zu: y\r\n", i);
    buf_add_c(&b, "\r\n");
    return status_of(r, &b);
}

static int status_of_body(struct rig *r, size_t n, bool is_chunked)
{
    struct buf b;

    buf_init(&b, 1 << 24);
    buf_add_c(&b, "POST / HTTP/1.1\r\n" H);
    if (is_chunked)
        buf_printf(&b, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", n);
    else
        buf_printf(&b, "Content-Length: %zu\r\n\r\n", n);
    add_n(&b, 'a', n);
    if (is_chunked)
        buf_add_c(&b, "\r\n0\r\n\r\n");
    return status_of(r, &b);
}

static int status_of_trailers(struct rig *r, size_t n)
{
    struct buf b;

    buf_init(&b, 1 << 20);
    buf_add_c(&b, CHUNKED "0\r\n");
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "x%zu: y\r\n", i);
    buf_add_c(&b, "\r\n");
    return status_of(r, &b);
}

static void look_at_every_byte(struct rig *r, size_t n_value)
{
    static const char first[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    for (int byte = 0; byte < 256; byte++)
        for (size_t at = 0; at < n_value; at++) {
            struct buf b;
            buf_init(&b, 1 << 10);
            buf_printf(&b, "%s%.*s\r\n\r\n", first, (int)n_value, "xxxxxxxxxxxxxxxxxx");
            b.p[sizeof(first) - 1 + at] = (char)byte;
            bool is_blank = byte == ' ' || byte == '\t', is_clean = is_blank || (byte > ' ' && byte != 0x7f);
            if (status_of(r, &b) != (is_clean ? 200 : 400))
                fail_msg("byte %d at %zu of %zu", byte, at, n_value);
        }
}

/* Bytes of a value are looked at eight together: each byte at each place in and around such words. */
static void every_byte_of_a_value_is_looked_at(void **state)
{
    struct rig r;
    rig_init(&r);
    rig_start_server(&r, &handler);
    look_at_every_byte(&r, 7);
    look_at_every_byte(&r, 8);
    look_at_every_byte(&r, 18);
    rig_stop(&r);
}

static void look_at_each_byte(struct rig *r, const char *before, const char *behind, bool (*is_clean)(int byte))
{
    for (int byte = 0; byte < 256; byte++) {
        struct buf b;
        buf_init(&b, 1 << 10);
        buf_printf(&b, "%sx%s", before, behind);
        b.p[strlen(before)] = (char)byte;
        if (status_of(r, &b) != (is_clean(byte) ? 200 : 400))
            fail_msg("byte %d behind %s", byte, before);
    }
}

static bool is_of_target(int byte) { return byte > 0x20 && byte < 0x7f && byte != '#' && byte != '\\'; }

/* RFC 9110 5.6.2; with a colon the name ends earlier. */
static bool is_of_name(int byte)
{
    static const char more[] = "!#$%&'*+-.^_`|~:";
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
           (byte && strchr(more, byte));
}

static void every_byte_of_a_target_and_of_a_name_is_looked_at(void **state)
{
    struct rig r;
    rig_init(&r);
    rig_start_server(&r, &handler);
    look_at_each_byte(&r, "GET /a", "b HTTP/1.1\r\nHost: a\r\n\r\n", is_of_target);
    look_at_each_byte(&r, "GET / HTTP/1.1\r\nHost: a\r\nX", "Y: z\r\n\r\n", is_of_name);
    rig_stop(&r);
}

static void limits_hold_to_the_byte(void **state)
{
    struct rig r;

    rig_init(&r);
    rig_start_server(&r, &handler);
    size_t target = (size_t)r.limits.target_bytes_max, head = (size_t)r.limits.head_bytes_max;
    size_t fields = (size_t)r.limits.head_fields_max, body = (size_t)r.limits.body_bytes_max;
    assert_int_equal(status_of_target(&r, target), 200);
    assert_int_equal(status_of_target(&r, target + 1), 414);
    assert_int_equal(status_of_target(&r, head + 1000), 414);
    assert_int_equal(status_of_head(&r, head), 200);
    assert_int_equal(status_of_head(&r, head + 1), 431);
    assert_int_equal(status_of_fields(&r, fields), 200);
    assert_int_equal(status_of_fields(&r, fields + 1), 431);
    assert_int_equal(status_of_body(&r, body, false), 200);
    assert_int_equal(status_of_body(&r, body + 1, false), 413);
    assert_int_equal(status_of_body(&r, body, true), 200);
    assert_int_equal(status_of_body(&r, body + 1, true), 413);
    assert_int_equal(status_of_trailers(&r, fields), 200);
    assert_int_equal(status_of_trailers(&r, fields + 1), 431);
    rig_stop(&r);
}

static void a_server_may_take_larger_bodies_than_the_default(void **state)
{
    struct rig r;
    rig_init(&r);
    rig_start_server(&r, &handler);
    size_t body = (size_t)r.limits.body_bytes_max;
    http_server_set_body_max(r.server, (int64_t)body + 10);
    assert_int_equal(status_of_body(&r, body + 10, false), 200);
    assert_int_equal(status_of_body(&r, body + 11, false), 413);
    assert_int_equal(status_of_body(&r, body + 10, true), 200);
    assert_int_equal(status_of_body(&r, body + 11, true), 413);
    rig_stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_head_is_accepted_or_refused_as_listed),
        cmocka_unit_test(every_broken_body_is_refused),
        cmocka_unit_test(every_byte_of_a_value_is_looked_at),
        cmocka_unit_test(every_byte_of_a_target_and_of_a_name_is_looked_at),
        cmocka_unit_test(limits_hold_to_the_byte),
        cmocka_unit_test(a_server_may_take_larger_bodies_than_the_default),
    };
    return cmocka_run_group_tests_name("http/request", tests, NULL, NULL);
}
