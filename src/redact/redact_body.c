/*
 * redact/redact_body.c - values of a body, decoded, redacted, and encoded again where that changed something.
 */
#include "redact/redact_body.h"

#include <string.h>

#include "base/err.h"
#include "codec/form.h"
#include "codec/hex.h"
#include "codec/json_write.h"
#include "redact/leaves.h"

#define LOGPROBS STR("logprobs")

/* --- which form --------------------------------------------------------------------------------------------------- */

static struct str media_of(struct str content_type)
{
    struct str media = content_type, rest;
    (void)str_cut(content_type, ';', &media, &rest); /* without parameters */
    return str_trim(media);
}

static bool ends_nocase(struct str s, struct str end)
{
    return s.n >= end.n && str_eq_nocase(str_sub(s, s.n - end.n, end.n), end);
}

enum redact_form redact_form_of(struct str content_type, struct str body)
{
    struct str media = media_of(content_type);
    if (ends_nocase(media, STR("/json")) || ends_nocase(media, STR("+json")))
        return REDACT_JSON;
    if (str_eq_nocase(media, STR("application/x-www-form-urlencoded")))
        return REDACT_URLENCODED;
    if (media.n == 0)
        return body.n && (body.p[0] == '{' || body.p[0] == '[') ? REDACT_JSON : REDACT_PLAIN;
    return media.n > 5 && str_eq_nocase(str_sub(media, 0, 5), STR("text/")) ? REDACT_PLAIN : REDACT_FORMS;
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

/* What is left of a text as a JSON string; the value as it came where nothing is found. */
static int quote_redacted(const struct redact_set *s, struct str text, struct str value, struct buf *out,
                          size_t *n_found)
{
    struct buf made;
    buf_init(&made, out->max_bytes);
    int r = redact_found(s, text, &made, n_found);
    if (r >= 0)
        r = r ? json_quote(out, buf_str(&made)) : buf_add(out, value);
    buf_deinit(&made);
    return err_trace(r);
}

int redact_quoted(const struct redact_set *s, struct str quoted, struct buf *scratch, struct buf *out, size_t *n_found)
{
    struct str text = str_sub(quoted, 1, quoted.n - 2);
    buf_reset(scratch);
    if (memchr(text.p, '\\', text.n)) {
        int r = leaf_text(quoted, scratch);
        if (r < 0)
            return err_trace(r);
        text = buf_str(scratch);
    }
    return err_trace(quote_redacted(s, text, quoted, out, n_found));
}

/* A number that is more than one: it goes on as the text that stands for it. */
static int redact_number(const struct redact_set *s, struct str number, struct buf *out, size_t *n_found)
{
    return err_trace(quote_redacted(s, number, number, out, n_found));
}

static int redact_leaf(const struct redact_set *s, struct str text, const struct leaf *leaf, struct buf *scratch,
                       struct buf *out, size_t *n_found)
{
    struct str value = str_sub(text, leaf->at, leaf->n);
    if (leaf->kind == LEAF_STR)
        return redact_quoted(s, value, scratch, out, n_found);
    if (leaf->kind == LEAF_NUMBER)
        return redact_number(s, value, out, n_found);
    return err_trace(buf_add(out, value));
}

/* The words one by one: nothing of them stays. */
static int take_out(struct str value, struct buf *out, size_t *n_found)
{
    if (str_eq(value, STR("null")))
        return err_trace(buf_add(out, value));
    (*n_found)++;
    return err_trace(buf_add(out, value.n && value.p[0] == '[' ? STR("[]") : STR("null")));
}

static int redact_json(const struct redact_set *s, struct str text, struct buf *out, size_t *n_found)
{
    struct leaves l;
    struct leaf leaf;
    struct buf scratch;
    size_t done = 0, at, n;
    int r;
    leaves_init(&l, text);
    buf_init(&scratch, text.n + 1);
    while ((r = leaves_next_or(&l, LOGPROBS, &leaf)) > 0) {
        if (r == 2 && (r = leaves_skip(&l, &at, &n)) == 0) {
            (void)buf_add(out, str_sub(text, done, at - done));
            r = take_out(str_sub(text, at, n), out, n_found);
            done = at + n;
        } else if (r == 1) {
            (void)buf_add(out, str_sub(text, done, leaf.at - done));
            r = redact_leaf(s, text, &leaf, &scratch, out, n_found);
            done = leaf.at + leaf.n;
        }
        if (r < 0)
            break;
    }
    buf_deinit(&scratch);
    if (r < 0)
        return err_trace(r);
    (void)buf_add(out, str_sub(text, done, SIZE_MAX));
    return err_trace(buf_ok(out));
}

/* --- forms -------------------------------------------------------------------------------------------------------- */

static void add_decoded(struct str s, struct buf *out)
{
    uint8_t byte;
    for (size_t i = 0; i < s.n; i++) {
        bool is_escape = s.p[i] == '%' && hex_decode(str_sub(s, i + 1, 2), &byte, 1) == 0;
        (void)buf_add_byte(out, is_escape ? (char)byte : s.p[i] == '+' ? ' ' : s.p[i]); /* buf_ok() at the end */
        i += is_escape ? 2 : 0;
    }
}

static int redact_value(const struct redact_set *s, struct str value, struct buf *out, size_t *n_found)
{
    struct buf plain, made;
    buf_init(&plain, value.n + 1);
    buf_init(&made, out->max_bytes);
    add_decoded(value, &plain);
    int r = redact_found(s, buf_str(&plain), &made, n_found);
    if (r >= 0)
        r = r ? form_quote(out, buf_str(&made)) : buf_add(out, value);
    buf_deinit(&plain);
    buf_deinit(&made);
    return err_trace(r);
}

static int redact_fields(const struct redact_set *s, struct str text, struct buf *out, size_t *n_found)
{
    for (struct str rest = text, field; rest.n;) {
        struct str name, value, after = STR_NONE;
        bool is_last = !str_cut(rest, '&', &field, &after);
        if (is_last)
            field = rest;
        if (!str_cut(field, '=', &name, &value)) {
            name = STR_NONE;
            value = field;
        } else {
            (void)buf_add(out, name); /* buf_ok() below */
            (void)buf_add_byte(out, '=');
        }
        int r = redact_value(s, value, out, n_found);
        if (r < 0)
            return err_trace(r);
        if (!is_last)
            (void)buf_add_byte(out, '&');
        rest = after;
    }
    return err_trace(buf_ok(out));
}

int redact_body(const struct redact_set *s, enum redact_form form, struct str body, struct buf *out, size_t *n_found)
{
    switch (form) {
    case REDACT_JSON:
        return redact_json(s, body, out, n_found);
    case REDACT_URLENCODED:
        return redact_fields(s, body, out, n_found);
    case REDACT_PLAIN:
        return redact_text(s, body, out, n_found);
    case REDACT_FORMS:
        break;
    }
    return err_trace(-ERR_INVALID);
}
