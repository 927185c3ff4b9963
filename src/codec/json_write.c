/*
 * codec/json_write.c - strings are copied in runs; 16 or eight bytes are looked at together, a table says what the
 * rest needs.
 */
#include "codec/json_write.h"

#include <string.h>

#include "base/check.h"
#include "codec/eight_digits_impl.h"
#include "codec/utf8.h"

#define I64_TEXT_BYTES 20 /* the most, with a sign */

/* What a byte of a string becomes: 0 itself, a letter behind a backslash, 'u' for \u00xx, 0x80 to be read as UTF-8. */
static const unsigned char ESCAPE[256] = {
    [0x00 ... 0x07] = 'u', ['\b'] = 'b',         ['\t'] = 't', ['\n'] = 'n',  [0x0b] = 'u',
    ['\f'] = 'f',          ['\r'] = 'r',         ['"'] = '"',  ['\\'] = '\\', [0x0e ... 0x1f] = 'u',
    [0x80 ... 0xff] = 0x80,
};

#define EACH(byte) (0x0101010101010101ULL * (byte))
#define HIGH_BITS EACH(0x80)

/* Nonzero when one of eight bytes is a control, '"', '\\' or not ASCII; may also be set by a byte above a real hit. */
static inline uint64_t has_special(uint64_t x)
{
    uint64_t quote = x ^ EACH('"'), slash = x ^ EACH('\\');
    return ((x - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1)) | x) & HIGH_BITS;
}

static inline uint64_t load8(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline uint64_t load_4_and_4(const char *p, const char *q)
{
    uint32_t x, y;
    memcpy(&x, p, sizeof x);
    memcpy(&y, q, sizeof y);
    return (uint64_t)y << 32 | x;
}

static inline void store8(char *p, uint64_t x) { memcpy(p, &x, sizeof x); }

/* Copies 16 bytes. A byte of the result is not 0 where one needs an escape; signed, all but ASCII are below ' '. */
typedef signed char bytes16 __attribute__((vector_size(16)));
static inline bytes16 copy16(char *to, const char *from)
{
    bytes16 x;
    memcpy(&x, from, sizeof x);
    memcpy(to, &x, sizeof x);
    return (x < ' ') | (x == '"') | (x == '\\');
}

/*
 * Copies, and looks at the bytes while it has them: true when none of them needs an escape. The last words overlap what
 * was copied before, so that no length has a rest.
 */
static inline bool copy_plain(char *to, const char *from, size_t n)
{
    uint64_t special = 0, x, of_16[2];
    if (n >= 16) {
        bytes16 any = copy16(to + n - 16, from + n - 16);
        for (size_t i = 0; i + 16 < n; i += 16)
            any |= copy16(to + i, from + i);
        memcpy(of_16, &any, sizeof of_16);
        return !(of_16[0] | of_16[1]);
    }
    if (n >= 8) {
        uint64_t y = load8(from + n - 8);
        x = load8(from);
        store8(to, x);
        store8(to + n - 8, y);
        return !(has_special(x) | has_special(y));
    }
    if (n >= 4) {
        x = load_4_and_4(from, from + n - 4);
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
        return !has_special(x);
    }
    for (size_t i = 0; i < n; i++) {
        to[i] = from[i];
        special |= ESCAPE[(unsigned char)from[i]];
    }
    return !special;
}

/* How many bytes from the start need no escape. */
static size_t plain_run(struct str s)
{
    size_t i = 0;
    while (i + 8 <= s.n && !has_special(load8(s.p + i)))
        i += 8;
    while (i < s.n && !ESCAPE[(unsigned char)s.p[i]])
        i++;
    return i;
}

/* Writes the character at s.p, which is no plain one; returns its bytes. */
static size_t escape(struct buf *out, struct str s)
{
    static const char HEX[] = "0123456789abcdef";
    unsigned char c = (unsigned char)s.p[0], how = ESCAPE[c];
    if (how == 0x80) {
        size_t n = utf8_next(s);
        buf_add(out, n ? str_sub(s, 0, n) : STR(UTF8_REPLACEMENT));
        return n ? n : 1;
    }
    if (how == 'u') {
        char text[6] = {'\\', 'u', '0', '0', HEX[c >> 4], HEX[c & 15]};
        buf_add(out, (struct str){text, sizeof text});
    } else {
        char text[2] = {'\\', (char)how};
        buf_add(out, (struct str){text, sizeof text});
    }
    return 1;
}

/* Most writes find room: the call is for those that do not. */
static inline bool has_room(struct buf *out, size_t n)
{
    return n <= out->cap - out->n || buf_reserve(out, n) == 0;
}

/* A text that needs more room than there is yet, or escapes. */
static void quote_slowly(struct buf *out, struct str s, char lead, char tail)
{
    if (lead)
        buf_add_byte(out, lead);
    buf_add_byte(out, '"');
    for (size_t n = 0; n < s.n;) {
        size_t run = plain_run(str_sub(s, n, s.n));
        buf_add(out, str_sub(s, n, run));
        n += run;
        if (n < s.n)
            n += escape(out, str_sub(s, n, s.n));
    }
    buf_add_byte(out, '"');
    if (tail)
        buf_add_byte(out, tail);
}

/* `lead` stands before the opening quote (',' or 0), `tail` behind the closing one (':' or 0). */
static inline void quote(struct buf *out, struct str s, char lead, char tail)
{
    if (s.n + 4 > out->cap - out->n) {
        quote_slowly(out, s, lead, tail);
        return;
    }
    char *p = out->p + out->n;
    *p = lead;
    p += lead != 0;
    *p++ = '"';
    if (!copy_plain(p, s.p, s.n)) {
        quote_slowly(out, s, lead, tail);
        return;
    }
    p += s.n;
    *p++ = '"';
    *p = tail;
    out->n = (size_t)(p - out->p) + (tail != 0);
}

int json_quote(struct buf *out, struct str s)
{
    quote(out, s, 0, 0);
    return buf_ok(out);
}

void jw_init(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){.out = out};
}

void jw_end(const struct json_writer *w)
{
    check(w->depth == 0);
}

/* The comma before a value or key, when one is due. */
static inline char lead(struct json_writer *w)
{
    char c = w->is_comma_due ? ',' : 0;
    w->is_comma_due = true;
    return c;
}

static inline void put_byte(struct buf *out, char c)
{
    if (out->n < out->cap)
        out->p[out->n++] = c;
    else
        buf_add_byte(out, c);
}

static void put(struct json_writer *w, struct str text)
{
    char c = lead(w);
    if (!has_room(w->out, text.n + 1))
        return;
    if (c)
        w->out->p[w->out->n++] = c;
    memcpy(w->out->p + w->out->n, text.p, text.n);
    w->out->n += text.n;
}

static void open_with(struct json_writer *w, char bracket)
{
    char c = lead(w);
    if (c)
        put_byte(w->out, c);
    put_byte(w->out, bracket);
    w->is_comma_due = false;
    w->depth++;
}

static void close_with(struct json_writer *w, char bracket)
{
    check(w->depth > 0);
    put_byte(w->out, bracket);
    w->is_comma_due = true;
    w->depth--;
}

void jw_object(struct json_writer *w)
{
    open_with(w, '{');
}

void jw_object_end(struct json_writer *w)
{
    close_with(w, '}');
}

void jw_array(struct json_writer *w)
{
    open_with(w, '[');
}

void jw_array_end(struct json_writer *w)
{
    close_with(w, ']');
}

void jw_key_any(struct json_writer *w, struct str key)
{
    quote(w->out, key, lead(w), ':');
    w->is_comma_due = false;
}

void jw_str(struct json_writer *w, struct str s)
{
    quote(w->out, s, lead(w), 0);
}

/* Digits up to `end`; returns where they start. */
static inline char *write_digits(uint64_t n, char *end)
{
    static const char PAIRS[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    for (; n >= EIGHT_DIGITS; n /= EIGHT_DIGITS)
        eight_digits_write((uint32_t)(n % EIGHT_DIGITS), end -= 8);
    uint32_t rest = (uint32_t)n;
    for (; rest >= 100; rest /= 100)
        memcpy(end -= 2, PAIRS + 2 * (rest % 100), 2);
    if (rest < 10)
        *--end = (char)('0' + rest);
    else
        memcpy(end -= 2, PAIRS + 2 * rest, 2);
    return end;
}

/* Where there is room for I64_TEXT_BYTES, as many as may be written: a few moves, and no call. Returns the end. */
static inline char *write_number(char *p, uint64_t n, bool is_negative)
{
    if (n < 10 && !is_negative) { /* most are */
        *p = (char)('0' + n);
        return p + 1;
    }
    char text[2 * I64_TEXT_BYTES], *end = text + I64_TEXT_BYTES;
    char *from = write_digits(n, end);
    if (is_negative)
        *--from = '-';
    memcpy(p, from, I64_TEXT_BYTES);
    return p + (end - from);
}

static void put_number(struct json_writer *w, uint64_t n, bool is_negative)
{
    char c = lead(w);
    if (w->out->cap - w->out->n <= I64_TEXT_BYTES) {
        char text[I64_TEXT_BYTES];
        if (c)
            buf_add_byte(w->out, c);
        buf_add(w->out, (struct str){text, (size_t)(write_number(text, n, is_negative) - text)});
        return;
    }
    char *p = w->out->p + w->out->n;
    *p = c;
    w->out->n = (size_t)(write_number(p + (c != 0), n, is_negative) - w->out->p);
}

void jw_u64(struct json_writer *w, uint64_t n)
{
    put_number(w, n, false);
}

void jw_i64(struct json_writer *w, int64_t n)
{
    put_number(w, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, n < 0);
}

void jw_i64s(struct json_writer *w, const int64_t *numbers, size_t n)
{
    size_t room = w->out->cap - w->out->n;
    if (n == 0 || room / (I64_TEXT_BYTES + 1) <= n) {
        for (size_t i = 0; i < n; i++)
            jw_i64(w, numbers[i]);
        return;
    }
    char *p = w->out->p + w->out->n;
    *p = ',';
    p += w->is_comma_due;
    for (size_t i = 0; i < n; i++) {
        p = write_number(p, numbers[i] < 0 ? 0 - (uint64_t)numbers[i] : (uint64_t)numbers[i], numbers[i] < 0);
        *p++ = ',';
    }
    w->is_comma_due = true;
    w->out->n = (size_t)(p - 1 - w->out->p);
}

void jw_bool(struct json_writer *w, bool b)
{
    put(w, b ? STR("true") : STR("false"));
}

void jw_null(struct json_writer *w)
{
    put(w, STR("null"));
}

void jw_raw(struct json_writer *w, struct str json)
{
    check(json.n > 0);
    put(w, json);
}

static void put_children(struct json_writer *w, struct json v)
{
    struct str key;
    struct json child;
    for (struct json_iter it = json_each(v); json_next(&it, &key, &child);) {
        if (key.p)
            jw_key(w, key);
        jw_json(w, child);
    }
}

/* Recursion is bounded by the depth that the document was read with. */
void jw_json(struct json_writer *w, struct json v)
{
    struct str text = STR_NONE;
    bool b = false;
    if (json_type(v) == JSON_OBJECT) {
        jw_object(w);
        put_children(w, v);
        jw_object_end(w);
    } else if (json_type(v) == JSON_ARRAY) {
        jw_array(w);
        put_children(w, v);
        jw_array_end(w);
    } else if (json_str(v, &text)) {
        jw_str(w, text);
    } else if (json_number_text(v, &text)) {
        jw_raw(w, text);
    } else if (json_bool(v, &b)) {
        jw_bool(w, b);
    } else {
        jw_null(w);
    }
}

void jw_str_or_null(struct json_writer *w, struct str s)
{
    if (s.n)
        jw_str(w, s);
    else
        jw_null(w);
}

void jw_wall_or_null(struct json_writer *w, wall_t t)
{
    char text[WALL_TEXT_BYTES];
    jw_str_or_null(w, t ? wall_text(t, text) : STR_NONE);
}
