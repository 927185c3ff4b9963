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

static bool is_nominated(const struct h1_head_buf *b, struct str name)
{
    for (size_t i = 0; i < b->n_fields; i++) {
        struct str value = b->fields[i].value, member;
        if (h1_field_kind(b->fields[i].name) != H1_FIELD_CONNECTION)
            continue;
        while (h1_list_next(&value, &member))
            if (!is_plain_member(member) && str_eq_nocase(member, name))
                return true;
    }
    return false;
}

static int note_fields(struct h1_head_buf *b, struct facts *f, struct h1_message *m)
{
    for (size_t i = 0; i < b->n_fields; i++) {
        struct http_field *field = &b->fields[i];
        field->value = str_trim(field->value);
        if (!h1_name_is_clean(field->name) || !h1_value_is_clean(field->value))
            return H1_R_BAD;
        enum h1_field kind = h1_field_kind(field->name);
        if (kind == H1_FIELD_CONNECTION)
            note_connection(field->value, f, m);
        h1_framing_note(&f->framing, kind, field->value);
    }
    return 0;
}

static bool stays(const struct h1_head_buf *b, const struct facts *f, struct str name)
{
    switch (h1_field_kind(name)) {
    case H1_FIELD_OTHER:
    case H1_FIELD_EXPECT:
    case H1_FIELD_HOST:
    case H1_FIELD_TRAILER:
        return !f->has_nominations || !is_nominated(b, name);
    default:
        return false;
    }
}

/* Two passes, because a Connection field may name fields that stand before it. */
static void take_out(struct h1_head_buf *b, const struct facts *f, struct http_head *h)
{
    size_t n = 0;

    if (f->has_nominations) { /* marks first: moving fields would overwrite the Connection field */
        for (size_t i = 0; i < b->n_fields; i++)
            if (h1_field_kind(b->fields[i].name) != H1_FIELD_CONNECTION && !stays(b, f, b->fields[i].name))
                b->fields[i].name = STR("connection");
    }
    struct facts none = {.has_nominations = false};
    for (size_t i = 0; i < b->n_fields; i++)
        if (stays(b, &none, b->fields[i].name))
            b->fields[n++] = b->fields[i];
    h->fields = b->fields;
    h->n_fields = n;
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
    if (note_fields(p->head, &f, &m) != 0 || decide_framing(&f.framing, is_head, &h, &m) != 0)
        return H1_R_BAD;
    take_out(p->head, &f, &h);
    m.wants_close |= m.is_http10 || m.framing == H1_UNTIL_CLOSE;
    *ret_head = h;
    *ret_m = m;
    return 0;
}
