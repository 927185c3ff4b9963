/*
 * proxy/conceal.c - finds and overwrites a secret in passing bytes.
 */
#include "proxy/conceal.h"

#include "base/check.h"
#include "base/err.h"
#include "codec/b64.h"
#include "codec/find.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#define CONCEAL_MIN_BYTES 8 /* shorter "secrets" would blot out ordinary text */

static int add_form(struct conceal_forms *f, struct str bytes)
{
    struct secret *s;
    int r = secret_new(bytes, &s);
    if (r < 0)
        return err_trace(r);
    check(f->n < CONCEAL_FORMS);
    f->forms[f->n++] = s;
    return 0;
}

static int add_base64(struct conceal_forms *f, struct str raw)
{
    char text[B64_SIZE(SECRET_BYTES_MAX)];
    /* Without padding and the last character: an encoder may continue with more bytes behind it, as it does in Basic
     * ("secret:", RFC 7617). */
    struct str t = b64_encode(raw, text);
    while (t.n && t.p[t.n - 1] == '=')
        t.n--;
    int r = add_form(f, str_sub(t, 0, t.n - 1));
    bytes_wipe(text, sizeof(text));
    return r;
}

int conceal_forms_add(struct conceal_forms *f, const struct secret *s)
{
    if (!s || secret_reveal(s).n < CONCEAL_MIN_BYTES)
        return 0;
    int r = add_form(f, secret_reveal(s));
    if (r == 0)
        r = add_base64(f, secret_reveal(s));
    struct str user, password; /* Twilio shows an account its token */
    if (r == 0 && str_cut(secret_reveal(s), ':', &user, &password) && password.n >= CONCEAL_MIN_BYTES)
        r = add_form(f, password);
    return r;
}

int conceal_forms_init(struct conceal_forms *f, const struct secret *s)
{
    *f = (struct conceal_forms){.n = 0};
    return conceal_forms_add(f, s);
}

void conceal_forms_deinit(struct conceal_forms *f)
{
    for (size_t i = 0; i < f->n; i++)
        secret_free((struct secret *)f->forms[i]);
    *f = (struct conceal_forms){.n = 0};
}

size_t conceal_text(const struct conceal_forms *f, char *p, size_t n)
{
    size_t n_found = 0;
    for (size_t i = 0; i < f->n; i++) {
        struct str form = secret_reveal(f->forms[i]);
        for (size_t at = find_bytes((struct str){p, n}, form); at < n;
             at += find_bytes((struct str){p + at, n - at}, form)) {
            memset(p + at, '*', form.n);
            at += form.n;
            n_found++;
        }
    }
    return n_found;
}

void conceal_stream_init(struct conceal_stream *s, const struct conceal_forms *f)
{
    s->forms = f;
    s->given_bytes = 0;
    buf_init(&s->kept, (1u << 20) + 4 * SECRET_BYTES_MAX);
}

void conceal_stream_deinit(struct conceal_stream *s) { buf_deinit(&s->kept); }

/* Length of the longest tail of p that is the beginning of the form. */
static size_t tail_of(struct str form, const char *p, size_t n)
{
    const char *end = p + n, *at = n < form.n ? p : end - (form.n - 1);
    while (at < end && (at = memchr(at, form.p[0], (size_t)(end - at)))) {
        if (memcmp(at, form.p, (size_t)(end - at)) == 0)
            return (size_t)(end - at);
        at++;
    }
    return 0;
}

static size_t tail_to_keep(const struct conceal_forms *f, const char *p, size_t n)
{
    size_t keep = 0;
    for (size_t i = 0; i < f->n; i++) {
        size_t tail = tail_of(secret_reveal(f->forms[i]), p, n);
        keep = tail > keep ? tail : keep;
    }
    return keep;
}

static void drop_given(struct conceal_stream *s)
{
    buf_drop(&s->kept, s->given_bytes);
    s->given_bytes = 0;
}

/* A piece behind which nothing waits is looked through where it lies: the carrier's buffer is ours to overwrite
 * (http/exchange.h). */
int conceal_stream_add(struct conceal_stream *s, struct str in, struct str *ret_out)
{
    if (s->forms->n == 0) {
        *ret_out = in;
        return 0;
    }
    drop_given(s);
    bool is_in_place = s->kept.n == 0;
    int r = is_in_place ? 0 : buf_add(&s->kept, in);
    if (r < 0)
        return err_trace(r);
    char *p = is_in_place ? (char *)(uintptr_t)in.p : s->kept.p;
    size_t n = is_in_place ? in.n : s->kept.n;
    (void)conceal_text(s->forms, p, n);
    size_t tail = tail_to_keep(s->forms, p, n);
    if (!is_in_place)
        s->given_bytes = n - tail;
    else if ((r = buf_add(&s->kept, (struct str){p + n - tail, tail})) < 0)
        return err_trace(r);
    *ret_out = (struct str){p, n - tail};
    return 0;
}

struct str conceal_stream_end(struct conceal_stream *s)
{
    drop_given(s);
    return buf_str(&s->kept);
}
