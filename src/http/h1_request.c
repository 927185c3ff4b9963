/*
 * http/h1_request.c - which request heads are accepted (RFC 9110, 9112, and stricter wherever those leave a choice).
 *
 * We hold secrets and decide on what we read, so whatever two parsers could read differently is refused: the rules
 * stand here one by one, on our own list of fields. Fields that belong to the connection or to framing are taken
 * out, so that nothing behind this file can act on them twice; names with an underscore are dropped, because some
 * servers read `_` as `-`.
 */
#include "http/h1_impl.h"

#include "base/check.h"

#include <string.h>

static int refuse(struct http_refusal *ret, uint16_t status, const char *text)
{
    *ret = (struct http_refusal){status, text};
    return H1_R_BAD;
}

/* -------- the request line -------- */

static const struct {
    struct str name;
    uint16_t status; /* 0: served */
} methods[] = {
    {STR_INIT("GET"), 0},     {STR_INIT("POST"), 0},      {STR_INIT("HEAD"), 0},
    {STR_INIT("PUT"), 0},     {STR_INIT("PATCH"), 0},     {STR_INIT("DELETE"), 0},
    {STR_INIT("OPTIONS"), 0}, {STR_INIT("CONNECT"), 405}, {STR_INIT("TRACE"), 405},
};

static int decide_method(struct str method, struct str *ret, struct http_refusal *bad)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (!str_eq(method, methods[i].name))
            continue;
        if (methods[i].status)
            return refuse(bad, methods[i].status, "CONNECT and TRACE are not served.");
        *ret = methods[i].name;
        return 0;
    }
    for (size_t i = 0; i < method.n; i++)
        if (method.p[i] < 'A' || method.p[i] > 'Z')
            return refuse(bad, 400, "The method is malformed.");
    return refuse(bad, 501, "The method is not known.");
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static int decide_version(struct str version, struct http_refusal *bad)
{
    if (str_eq(version, STR("HTTP/1.1")) || str_eq(version, STR("HTTP/1.0")))
        return 0;
    if (version.n == 8 && str_starts(version, STR("HTTP/")) && is_digit(version.p[5]) && version.p[6] == '.' &&
        is_digit(version.p[7]))
        return refuse(bad, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    return refuse(bad, 400, "The request line does not end in a version.");
}

/* Exactly `method SP target SP version`: llhttp takes more spaces than these, and takes a line without a version. */
int h1_request_line(struct str line, struct str *ret_method, struct http_refusal *bad)
{
    struct str method, target, version;

    if (!str_cut(line, ' ', &method, &version) || !str_cut(version, ' ', &target, &version) || method.n == 0 ||
        target.n == 0)
        return refuse(bad, 400, "The request line must be a method, a target and a version.");
    int r = decide_version(version, bad);
    return r ? r : decide_method(method, ret_method, bad);
}

struct http_refusal h1_request_refusal(const struct h1_parser *p)
{
    const llhttp_t *ll = &p->ll;

    if (p->bad.status == 400 && llhttp_get_errno(ll) == HPE_INVALID_TRANSFER_ENCODING && ll->http_minor == 1 &&
        !(ll->flags & F_CONTENT_LENGTH))
        return (struct http_refusal){501, "The only transfer coding accepted is a single `chunked`."};
    return p->bad;
}

/* -------- the target -------- */

/* "http://authority/path": gives the authority, and what is left is origin-form. An empty path is "/". */
static int cut_absolute(struct str *target, struct str *ret_authority)
{
    struct str scheme = STR("http://");

    if (target->n <= scheme.n || !str_eq_nocase(str_sub(*target, 0, scheme.n), scheme))
        return H1_R_BAD;
    struct str rest = str_sub(*target, scheme.n, target->n);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    *ret_authority = str_sub(rest, 0, n);
    *target = n < rest.n ? str_sub(rest, n, rest.n) : STR("/");
    return 0;
}

/*
 * Segments and percent encodings are the handler's: it knows the key by then, so that what it refuses is on record. It
 * gets them as they came; nothing is decoded or normalised here.
 */
static int decide_target(struct str target, struct http_head *h, struct str *ret_authority, struct http_refusal *bad)
{
    if (!h1_target_is_clean(target))
        return refuse(bad, 400, "The request target has a byte that must not stand there.");
    if (target.n == 0 || target.p[0] != '/')
        if (cut_absolute(&target, ret_authority) != 0)
            return refuse(bad, 400, "The request target must be a path.");
    if (target.p[0] != '/')
        return refuse(bad, 400, "The request target must be a path.");
    h->target = h->path = target;
    h->has_query = str_cut(target, '?', &h->path, &h->query);
    return 0;
}

/* -------- fields -------- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_port(struct str s)
{
    unsigned n = 0;

    if (s.n == 0 || s.n > 5)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        n = n * 10 + (unsigned)(s.p[i] - '0');
    }
    return n > 0 && n <= 65535;
}

/* name or address, with an optional port; no userinfo, no list, no path, nothing encoded. */
bool h1_host_is_valid(struct str host)
{
    struct str name = host, port = STR_NONE;
    bool has_port;

    if (host.n && host.p[0] == '[') {
        if (!str_cut(str_sub(host, 1, host.n), ']', &name, &port))
            return false;
        has_port = port.n > 0;
        if (has_port && port.p[0] != ':')
            return false;
        port = str_sub(port, 1, port.n);
        for (size_t i = 0; i < name.n; i++)
            if (hex(name.p[i]) < 0 && name.p[i] != ':' && name.p[i] != '.')
                return false;
        return name.n >= 2 && name.n <= 45 && str_has(name, ':') && (!has_port || is_port(port));
    }
    has_port = str_cut(host, ':', &name, &port);
    return str_is_token(name, "-._", 255) && name.p[0] != '.' && name.p[0] != '-' && (!has_port || is_port(port));
}

struct facts {
    struct h1_framing_facts framing;
    size_t n_host, n_expect;
    bool has_upgrade, is_expect_bad, names_others;
};

/* Only these may be nominated: any other nomination is an attempt to have a field of ours removed. */
static void note_connection(struct str value, struct facts *f, struct h1_message *m)
{
    struct str member;

    while (h1_list_next(&value, &member)) {
        if (str_eq_nocase(member, STR("close")))
            m->wants_close = true;
        else if (!str_eq_nocase(member, STR("keep-alive")) && !str_eq_nocase(member, STR("te")) &&
                 !str_eq_nocase(member, STR("upgrade")))
            f->names_others = true;
    }
}

/* Notes what a field means to us; true when it stays in the list. */
static bool note_field(const struct http_field *field, struct http_head *h, struct facts *f, struct h1_message *m)
{
    enum h1_field kind = h1_field_kind(field->name);

    switch (kind) {
    case H1_FIELD_OTHER:
        return !str_has(field->name, '_');
    case H1_FIELD_CONNECTION:
        note_connection(field->value, f, m);
        return false;
    case H1_FIELD_HOST:
        f->n_host++;
        h->host = field->value;
        return false;
    case H1_FIELD_EXPECT:
        f->n_expect++;
        f->is_expect_bad |= !str_eq_nocase(field->value, STR("100-continue"));
        return false;
    case H1_FIELD_UPGRADE:
        f->has_upgrade = true;
        return false;
    default:
        h1_framing_note(&f->framing, kind, field->value);
        return false;
    }
}

static int decide_fields(struct h1_head_buf *b, struct http_head *h, struct facts *f, struct h1_message *m,
                         struct http_refusal *bad)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n_fields; i++) {
        struct http_field field = {b->fields[i].name, str_trim(b->fields[i].value)};
        if (!h1_name_is_clean(field.name) || !h1_value_is_clean(field.value))
            return refuse(bad, 400, "A header field has a byte that must not stand there.");
        if (note_field(&field, h, f, m))
            b->fields[n++] = field;
    }
    h->fields = b->fields;
    h->n_fields = n;
    return 0;
}

static int decide_framing(const struct facts *facts, struct http_head *h, struct h1_message *m,
                          struct http_refusal *bad)
{
    const struct h1_framing_facts *f = &facts->framing;

    if (f->n_transfer_encoding && f->n_content_length)
        return refuse(bad, 400, "Content-Length and Transfer-Encoding must not come together.");
    if (f->n_transfer_encoding && m->is_http10)
        return refuse(bad, 400, "HTTP/1.0 has no Transfer-Encoding.");
    if (f->n_transfer_encoding > 1)
        return refuse(bad, 400, "Transfer-Encoding must stand once.");
    if (f->n_transfer_encoding && !f->is_chunked)
        return refuse(bad, 501, "The only transfer coding accepted is a single `chunked`.");
    if (f->n_content_length > 1 || f->is_length_bad)
        return refuse(bad, 400, "Content-Length must stand once and be a plain number.");
    m->length = f->n_content_length ? (uint64_t)f->content_length : 0;
    m->framing = f->n_transfer_encoding ? H1_CHUNKED : m->length ? H1_LENGTH : H1_NONE;
    h->body_bytes = m->framing == H1_CHUNKED ? HTTP_BODY_UNKNOWN : (int64_t)m->length;
    return 0;
}

static int decide_rest(const struct facts *f, struct str authority, struct http_head *h, struct h1_message *m,
                       struct http_refusal *bad)
{
    if (f->n_host != 1 || !h1_host_is_valid(h->host))
        return refuse(bad, 400, "There must be one valid Host field.");
    if (authority.p && !str_eq_nocase(authority, h->host))
        return refuse(bad, 400, "The request target names another host than the Host field.");
    if (f->names_others)
        return refuse(bad, 400, "Connection must not name other fields.");
    int r = decide_framing(f, h, m, bad);
    if (r != 0)
        return r;
    if (f->has_upgrade && m->framing != H1_NONE)
        return refuse(bad, 400, "Upgrade must not come with a body.");
    if (f->n_expect > 1 || f->is_expect_bad)
        return refuse(bad, 417, "The only expectation served is a single `100-continue`.");
    /* RFC 9110 10.1.1: HTTP/1.0 does not know 100, and without a body there is nothing to wait for. */
    h->expects_continue = f->n_expect && !m->is_http10 && m->framing != H1_NONE;
    m->wants_close |= m->is_http10;
    return 0;
}

int h1_request_decide(struct h1_parser *p, struct http_head *ret_head, struct h1_message *ret_m,
                      struct http_refusal *bad)
{
    struct http_head h = {.method = p->method};
    struct h1_message m = {.framing = H1_NONE};
    struct facts f = {.n_host = 0};
    struct str authority = STR_NONE;
    int r;

    m.is_http10 = p->ll.http_minor == 0;
    if ((r = decide_target(p->target, &h, &authority, bad)) || (r = decide_fields(p->head, &h, &f, &m, bad)) ||
        (r = decide_rest(&f, authority, &h, &m, bad)))
        return r;
    *ret_head = h;
    *ret_m = m;
    return 0;
}
