/* redact_set.h - sets of detectors for tests: kinds by their letter, and patterns. */
#pragma once

#include "base/err.h"
#include "expr/regex.h"
#include "redact/redact.h"
#include "unit.h"

static inline struct redact_set set_of(unsigned kinds)
{
    static const char *const replace[] = {"[email]", "[phone]", "[card]", "[iban]"};
    struct redact_set s = {.n = 0};
    for (enum redact_kind k = 0; k < REDACT_KINDS; k++)
        if (kinds & 1u << k)
            assert_true(redact_set_add(&s, k, NULL, str_c(replace[k])));
    return s;
}

static inline void add_pattern(struct redact_set *s, struct arena *a, const char *pattern, const char *replace)
{
    const struct regex *r;
    const char *why;
    size_t at;
    if (regex_compile(a, str_c(pattern), &r, &why, &at) < 0)
        fail_msg("%s: %s", pattern, why);
    assert_null(redact_pattern_fault(r));
    assert_true(redact_set_add(s, REDACT_KINDS, r, str_c(replace)));
}

/* The text as it goes on when it comes in pieces of that size, and never more than the bound is kept back. */
static inline void in_pieces(const struct redact_set *s, struct str text, size_t piece, struct buf *out)
{
    struct redact_stream r;
    size_t n_found = 0;
    redact_stream_init(&r, s);
    for (size_t at = 0; at < text.n; at += piece) {
        assert_int_equal(redact_stream_add(&r, str_sub(text, at, piece), out, &n_found), 0);
        assert_true(r.held.n <= REDACT_HOLD_BYTES_MAX);
    }
    assert_int_equal(redact_stream_end(&r, out, &n_found), 0);
    redact_stream_deinit(&r);
}

static inline void expect_redacted(const struct redact_set *s, const char *text, const char *wanted)
{
    static const size_t pieces[] = {1, 2, 3, 5, 7, 16, 100};
    struct buf out;
    size_t n_found = 0;
    buf_init(&out, 1 << 20);
    assert_int_equal(redact_text(s, str_c(text), &out, &n_found), 0);
    if (!str_eq(buf_str(&out), str_c(wanted)))
        fail_msg("\"%s\"\n  gave \"%.*s\"\n  not  \"%s\"", text, STR_ARG(buf_str(&out)), wanted);
    assert_int_equal(n_found > 0, strcmp(text, wanted) != 0);
    assert_int_equal(redact_finds(s, str_c(text)), n_found > 0);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        buf_reset(&out);
        in_pieces(s, str_c(text), pieces[i], &out);
        if (!str_eq(buf_str(&out), str_c(wanted)))
            fail_msg("\"%s\" in pieces of %zu\n  gave \"%.*s\"\n  not  \"%s\"", text, pieces[i],
                     STR_ARG(buf_str(&out)), wanted);
    }
    buf_deinit(&out);
}
