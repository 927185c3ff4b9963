/*
 * store/erase.c - words of a text, looked up.
 */
#include "store/erase.h"

#include "base/err.h"
#include "codec/json_write.h"

#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define QUOTED_BYTES_MAX 65536

void erase_set_init(struct erase_set *s)
{
    map_init(&s->words, ERASE_VALUES_MAX, NULL);
    map_init(&s->others, ERASE_VALUES_MAX, NULL);
    arena_init(&s->arena, ARENA_BYTES_MAX);
}

void erase_set_deinit(struct erase_set *s)
{
    map_deinit(&s->words);
    map_deinit(&s->others);
    arena_deinit(&s->arena);
}

/* What can stand in an id, an address or a name without being written otherwise in JSON, a path or a query. */
static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80 ||
           c == '_' || c == '-' || c == '.' || c == '@' || c == '+' || c == '%';
}

static bool is_word(struct str s)
{
    size_t i = 0;
    while (i < s.n && is_word_byte(s.p[i]))
        i++;
    return i == s.n;
}

/* As it stands between the quotes. */
static int add_quoted(struct erase_set *s, struct str value)
{
    struct buf quoted;
    buf_init(&quoted, QUOTED_BYTES_MAX);
    int r = json_quote(&quoted, value);
    if (r == 0)
        r = map_put(&s->others, str_sub(buf_str(&quoted), 1, quoted.n - 2), s, NULL);
    buf_deinit(&quoted);
    return r;
}

int erase_set_add(struct erase_set *s, struct str value)
{
    if (value.n == 0)
        return 0;
    return is_word(value) ? map_put(&s->words, value, s, NULL) : add_quoted(s, value);
}

static bool has_word(const struct erase_set *s, struct str text)
{
    for (size_t i = 0; i < text.n;) {
        size_t from = i;
        while (i < text.n && is_word_byte(text.p[i]))
            i++;
        if (i > from && map_get(&s->words, str_sub(text, from, i - from)))
            return true;
        i += i == from;
    }
    return false;
}

bool erase_set_names(const struct erase_set *s, struct str personal)
{
    struct str other;
    void *v;
    size_t at;
    if (s->words.n && has_word(s, personal))
        return true;
    for (size_t i = 0; map_next(&s->others, &i, &other, &v);)
        if (str_find(personal, other, &at))
            return true;
    return false;
}

bool erase_state_keeps(struct str kind) { return !str_eq(kind, STR("approval")) && !str_eq(kind, STR("raise")); }

struct str erase_event_call(struct arena *a, const struct frame *f)
{
    struct json body;
    arena_reset(a);
    return frame_parse(a, f->body, &body) == 0 ? json_text_of(json_get(body, STR("call_id"))) : STR_NONE;
}

static bool is_of_question(struct arena *a, const struct frame *f)
{
    struct event_row e;
    arena_reset(a);
    return frame_read_event(a, f, &e) == 0 && str_eq(e.kind, STR("approval"));
}

bool erase_event_goes(struct arena *a, const struct erasure *what, const struct erase_set *s, const struct frame *f)
{
    struct json body;
    wall_t before;
    switch (what->what) {
    case ERASE_RUN:
        return is_of_question(a, f) && frame_parse(a, f->body, &body) == 0 &&
               str_eq(json_text_of(json_path(body, STR("action.run_id"))), what->value);
    case ERASE_BEFORE:
        return wall_parse(what->value, &before) == 0 && f->at < before && is_of_question(a, f);
    default:
        return erase_set_names(s, f->personal);
    }
}
