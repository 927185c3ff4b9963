/*
 * store/body.c - a body's row, and the words in it: found by Knuth, Morris and Pratt, so that no text makes it slow.
 */
#include "store/body.h"

#include <string.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/err.h"
#include "codec/b64.h"
#include "codec/utf8.h"

#define BEFORE_BYTES 60
#define AFTER_BYTES 120

static void put_base64(struct json_writer *w, struct str content)
{
    struct arena a;
    arena_init(&a, 2 * B64_SIZE(content.n) + 65536);
    jw_put_str(w, STR("base64"), b64_encode(content, arena_alloc(&a, B64_SIZE(content.n) + 1)));
    arena_deinit(&a);
}

static bool is_text(const struct kept_body *b)
{
    return b->lack == BODY_LACK_NONE && b->encoding.n == 0 && utf8_is_valid(b->content);
}

void render_body(struct json_writer *w, const struct kept_body *b)
{
    jw_object(w);
    jw_put_str(w, STR("side"), body_side_text(b->side));
    jw_put_wall_or_null(w, STR("at"), b->at);
    jw_put_i64(w, STR("bytes"), b->bytes);
    jw_put_str_or_null(w, STR("content_type"), b->content_type);
    jw_put_str_or_null(w, STR("encoding"), b->encoding);
    jw_put_bool(w, STR("truncated"), b->is_cut);
    jw_put_str_or_null(w, STR("not_kept"), body_lack_text(b->lack));
    if (is_text(b))
        jw_put_str(w, STR("text"), b->content);
    else if (b->lack == BODY_LACK_NONE)
        put_base64(w, b->content);
    jw_object_end(w);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

/* Of each beginning of the words, how long the longest other beginning is that it ends with. */
static void make_back(struct str words, uint16_t *back)
{
    size_t n = 0;
    back[0] = 0;
    for (size_t i = 1; i < words.n; i++) {
        while (n > 0 && char_lower(words.p[i]) != char_lower(words.p[n]))
            n = back[n - 1];
        n += char_lower(words.p[i]) == char_lower(words.p[n]);
        back[i] = (uint16_t)n;
    }
}

static bool find(struct str words, const uint16_t *back, struct str text, size_t *ret_at)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = char_lower(text.p[i]);
        while (n > 0 && c != char_lower(words.p[n]))
            n = back[n - 1];
        n += c == char_lower(words.p[n]);
        if (n == words.n) {
            *ret_at = i + 1 - n;
            return true;
        }
    }
    return false;
}

int body_words_init(struct body_words *bw, struct str text)
{
    struct buf quoted;
    check(text.n > 0);
    if (text.n > BODY_WORDS_BYTES_MAX)
        return -ERR_TOO_LARGE;
    buf_init(&quoted, sizeof bw->quoted_text + 2);
    int r = json_quote(&quoted, text);
    if (r == 0) {
        memcpy(bw->quoted_text, quoted.p + 1, quoted.n - 2);
        bw->quoted = (struct str){bw->quoted_text, quoted.n - 2};
        bw->plain = text;
        make_back(bw->plain, bw->plain_back);
        make_back(bw->quoted, bw->quoted_back);
    }
    buf_deinit(&quoted);
    return r;
}

bool body_words_find(const struct body_words *bw, struct str text, size_t *ret_at, size_t *ret_n)
{
    *ret_n = bw->plain.n;
    if (find(bw->plain, bw->plain_back, text, ret_at))
        return true;
    *ret_n = bw->quoted.n;
    return !str_eq(bw->plain, bw->quoted) && find(bw->quoted, bw->quoted_back, text, ret_at);
}

/* What stands around the words, whole code points. */
static struct str quote(struct str text, size_t at, size_t n)
{
    size_t from = at > BEFORE_BYTES ? at - BEFORE_BYTES : 0;
    while (from > 0 && ((unsigned char)text.p[from] & 0xc0) == 0x80)
        from--;
    return utf8_cut((struct str){text.p + from, text.n - from}, at - from + n + AFTER_BYTES);
}

bool render_body_hit(struct json_writer *w, const struct kept_body *b, const struct body_words *bw)
{
    size_t at, n;
    if (!is_text(b) || !body_words_find(bw, b->content, &at, &n))
        return false;
    jw_object(w);
    jw_put_str(w, STR("call_id"), b->call_id);
    jw_put_str(w, STR("side"), body_side_text(b->side));
    jw_put_wall_or_null(w, STR("at"), b->at);
    jw_put_str(w, STR("run_id"), b->run_id);
    jw_put_str(w, STR("agent"), b->agent);
    jw_put_str_or_null(w, STR("tenant"), b->tenant);
    jw_put_str(w, STR("quote"), quote(b->content, at, n));
    jw_object_end(w);
    return true;
}

void render_body_searched(struct json_writer *w, const struct body_searched *s)
{
    jw_object(w);
    jw_put_i64(w, STR("bodies"), s->bodies);
    jw_put_i64(w, STR("bytes"), s->bytes);
    jw_put_wall_or_null(w, STR("since"), s->since);
    if (s->next)
        jw_put_i64(w, STR("next"), (int64_t)s->next);
    else
        jw_put_null(w, STR("next"));
    jw_object_end(w);
}
