/*
 * http/h1_response.c - which response heads are accepted, and how their body is framed (RFC 9112 6.3, stricter).
 *
 * Anything doubtful about framing is an error of the vendor's: the answer is then unknown, which is the safe
 * reading of a call that may have moved money.
 */
#include "http/h1_impl.h"

struct facts {
    struct h1_framing_facts framing;
    bool has_nominations;
};

/* "HTTP/1.1 200" with an optional reason behind one space: no other spacing, no other version. */
bool h1_status_line_is_valid(struct str line)
{
    if (line.n < 12 || (!str_starts(line, STR("HTTP/1.1 ")) && !str_starts(line, STR("HTTP/1.0 "))))
        return false;
    for (size_t i = 9; i < 12; i++)
        if (line.p[i] < '0' || line.p[i] > '9')
            return false;
    return line.n == 12 || line.p[12] == ' ';
}

static bool is_plain_member(struct str m)
{
    return str_eq_nocase(m, STR("close")) || str_eq_nocase(m, STR("keep-alive")) || m.n == 0;
}

static void note_connection(struct str value, struct facts *f, struct h1_message *m)
{
    struct str member;

    while (h1_list_next(&value, &member)) {
        if (str_eq_nocase(member, STR("close")))
            m->wants_close = true;
        f->has_nominations |= !is_plain_member(member);
    }
}

static bool stays(enum h1_field kind)
{
    return kind == H1_FIELD_OTHER || kind == H1_FIELD_EXPECT || kind == H1_FIELD_HOST || kind == H1_FIELD_TRAILER;
}

static void swap(struct http_field *a, struct http_field *b)
{
    struct http_field was = *a;
    *a = *b;
    *b = was;
}

/* Notes what the fields mean to us, and moves those that stay to the front, in their order; *ret_n: how many. */
static int note_fields(struct h1_head_buf *b, struct facts *f, struct h1_message *m, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n_fields; i++) {
        struct http_field field = {b->fields[i].name, str_trim(b->fields[i].value)};
        if (!h1_name_is_clean(field.name) || !h1_value_is_clean(field.value))
            return H1_R_BAD;
        enum h1_field kind = h1_field_kind(field.name);
        if (kind == H1_FIELD_CONNECTION)
            note_connection(field.value, f, m);
        h1_framing_note(&f->framing, kind, field.value);
        b->fields[i] = field;
        if (stays(kind))
            swap(&b->fields[i], &b->fields[n++]);
    }
    *ret_n = n;
    return 0;
}

static bool is_nominated(const struct http_field *others, size_t n_others, struct str name)
{
    for (size_t i = 0; i < n_others; i++) {
        struct str value = others[i].value, member;
        if (h1_field_kind(others[i].name) != H1_FIELD_CONNECTION)
            continue;
        while (h1_list_next(&value, &member))
            if (!is_plain_member(member) && str_eq_nocase(member, name))
                return true;
    }
    return false;
}

/* A Connection field may name fields that stand before it, so this comes when all are known. Returns how many stay. */
static size_t take_out_nominated(struct http_field *fields, size_t n, size_t n_others)
{
    size_t n_left = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_nominated(fields + n, n_others, fields[i].name))
            fields[n_left++] = fields[i];
    return n_left;
}

static bool has_no_body(unsigned status, bool is_head)
{
    return is_head || status < 200 || status == 204 || status == 304;
}

static int decide_framing(const struct h1_framing_facts *f, bool is_head, struct http_head *h, struct h1_message *m)
{
    if (f->n_content_length > 1 || f->is_length_bad || f->n_transfer_encoding > 1 ||
        (f->n_content_length && f->n_transfer_encoding))
        return H1_R_BAD;
    if (f->n_transfer_encoding && (m->is_http10 || !f->is_chunked))
        return H1_R_BAD;
    if (has_no_body(h->status, is_head)) {
        m->framing = H1_NONE;
        /* towards HEAD and 304 the length is what a body would have had */
        h->body_bytes = f->n_content_length ? f->content_length : is_head ? HTTP_BODY_UNKNOWN : 0;
        return 0;
    }
    if (f->n_content_length) {
        m->length = (uint64_t)f->content_length;
        m->framing = m->length ? H1_LENGTH : H1_NONE;
        h->body_bytes = f->content_length;
    } else {
        m->framing = f->n_transfer_encoding ? H1_CHUNKED : H1_UNTIL_CLOSE;
        h->body_bytes = HTTP_BODY_UNKNOWN;
    }
    return 0;
}

int h1_response_decide(struct h1_parser *p, bool is_head, struct http_head *ret_head, struct h1_message *ret_m)
{
    struct http_head h = {.body_bytes = 0};
    struct h1_message m = {.framing = H1_NONE};
    struct facts f = {.has_nominations = false};
    int status = llhttp_get_status_code(&p->ll);

    if (status < 100 || status > 599 || status == 101)
        return H1_R_BAD;
    if (!h1_value_is_clean(p->reason))
        return H1_R_BAD;
    m.is_http10 = p->ll.http_minor == 0;
    h.status = (uint16_t)status;
    h.reason = p->reason;
    h.fields = p->head->fields;
    if (note_fields(p->head, &f, &m, &h.n_fields) != 0 || decide_framing(&f.framing, is_head, &h, &m) != 0)
        return H1_R_BAD;
    if (f.has_nominations)
        h.n_fields = take_out_nominated(h.fields, h.n_fields, p->head->n_fields - h.n_fields);
    m.wants_close |= m.is_http10 || m.framing == H1_UNTIL_CLOSE;
    *ret_head = h;
    *ret_m = m;
    return 0;
}
