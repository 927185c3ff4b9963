/*
 * llm/glance.c - walks an event with the scanner. Scalars that nobody knows are passed over, as the readers do; objects
 * and arrays that nobody knows end the glance.
 */
#include "llm/glance.h"

#include "codec/scan.h"

struct look {
    struct scan s;
    struct arena *arena;
    struct glance *found;
    struct str type; /* of the event, where it says one */
};

static bool enter(struct look *l, enum json_type type)
{
    return scan_peek(&l->s) == type && scan_enter(&l->s, type);
}

static bool begin(struct look *l, struct str data, int64_t depth_max, struct arena *a, struct glance *ret)
{
    l->arena = a;
    l->found = ret;
    l->type = STR_NONE;
    *ret = (struct glance){.text_bytes = 0};
    scan_init(&l->s, data, depth_max, a);
    return enter(l, JSON_OBJECT);
}

static bool is_scalar(const struct scan_value *v) { return v->type != JSON_OBJECT && v->type != JSON_ARRAY; }

static void add_slot(struct look *l, enum slot_kind kind, const struct scan_value *v)
{
    size_t quote = kind == SLOT_NUMBER ? 0 : 1, at = (size_t)(v->raw.p - l->s.text.p);
    if (l->found->n_slots < GLANCE_SLOTS_MAX)
        l->found->slots[l->found->n_slots] = (struct glance_slot){kind, at + quote, v->raw.n - 2 * quote};
    l->found->n_slots++;
}

static bool add_text(struct look *l, const struct scan_value *v)
{
    struct str text;
    if (v->type != JSON_STR || scan_str(v, l->arena, &text) < 0)
        return false;
    l->found->text_bytes += text.n;
    add_slot(l, SLOT_TEXT, v);
    return true;
}

/* Padding, and the count of events: what else changes each time. */
static void note_change(struct look *l, struct str key, const struct scan_value *v)
{
    if (v->type == JSON_STR && str_eq(key, STR("obfuscation")))
        add_slot(l, SLOT_OTHER, v);
    else if (v->type == JSON_NUMBER && str_eq(key, STR("sequence_number")))
        add_slot(l, SLOT_NUMBER, v);
}

/* The value of that member, which must be a scalar. */
static bool pass_scalar(struct look *l, struct str key)
{
    struct scan_value v;
    if (!scan_value(&l->s, &v) || !is_scalar(&v))
        return false;
    note_change(l, key, &v);
    return true;
}

static bool pass_null(struct look *l)
{
    struct scan_value v;
    return scan_value(&l->s, &v) && v.type == JSON_NULL;
}

static bool read_type(struct look *l)
{
    struct scan_value v;
    return scan_value(&l->s, &v) && v.type == JSON_STR && scan_str(&v, l->arena, &l->type) == 0;
}

/* ---- chat completions ---- */

static bool chat_delta(struct look *l)
{
    struct str key;
    struct scan_value v;
    if (!enter(l, JSON_OBJECT))
        return false;
    while (scan_member(&l->s, &key)) {
        if (!scan_value(&l->s, &v))
            return false;
        bool is_text = str_eq(key, STR("content")) && v.type == JSON_STR;
        if (is_text ? !add_text(l, &v) : v.type != JSON_NULL && !str_eq(key, STR("role")))
            return false;
    }
    return !l->s.error;
}

static bool chat_choice(struct look *l)
{
    struct str key;
    if (!enter(l, JSON_OBJECT))
        return false;
    while (scan_member(&l->s, &key)) {
        bool is_plain = str_eq(key, STR("delta"))   ? chat_delta(l)
                        : str_eq(key, STR("index")) ? pass_scalar(l, key)
                                                    : pass_null(l); /* finish_reason, logprobs */
        if (!is_plain)
            return false;
    }
    return !l->s.error;
}

static bool chat_choices(struct look *l)
{
    if (!enter(l, JSON_ARRAY))
        return false;
    bool has_one = false;
    while (scan_item(&l->s)) {
        if (!chat_choice(l))
            return false;
        has_one = true;
    }
    return has_one && !l->s.error;
}

static bool chat_member(struct look *l, struct str key)
{
    if (str_eq(key, STR("choices")))
        return chat_choices(l);
    if (str_eq(key, STR("usage"))) {
        l->found->has_null_usage = true;
        return pass_null(l);
    }
    return str_eq(key, STR("error")) ? pass_null(l) : pass_scalar(l, key);
}

bool glance_chat(struct str data, int64_t depth_max, struct arena *a, struct glance *ret)
{
    struct look l;
    struct str key;
    if (!begin(&l, data, depth_max, a, ret))
        return false;
    while (scan_member(&l.s, &key))
        if (!chat_member(&l, key))
            return false;
    return scan_end(&l.s, NULL) == 0;
}

/* ---- responses ---- */

/* `logprobs: []` stands in every event. */
static bool responses_member(struct look *l, struct str key)
{
    struct scan_value v;
    if (str_eq(key, STR("type")))
        return read_type(l);
    if (!scan_value(&l->s, &v))
        return false;
    if (str_eq(key, STR("delta")))
        return add_text(l, &v);
    note_change(l, key, &v);
    return is_scalar(&v) || (str_eq(key, STR("logprobs")) && v.raw.n == 2);
}

bool glance_responses(struct str data, int64_t depth_max, struct arena *a, struct glance *ret)
{
    struct look l;
    struct str key;
    if (!begin(&l, data, depth_max, a, ret))
        return false;
    while (scan_member(&l.s, &key))
        if (!responses_member(&l, key))
            return false;
    return scan_end(&l.s, NULL) == 0 && str_eq(l.type, STR("response.output_text.delta"));
}

/* ---- messages ---- */

static bool messages_delta(struct look *l)
{
    struct str key;
    struct scan_value v;
    if (!enter(l, JSON_OBJECT))
        return false;
    while (scan_member(&l->s, &key)) {
        if (!scan_value(&l->s, &v))
            return false;
        bool is_text = str_eq(key, STR("text")) || str_eq(key, STR("thinking"));
        if (is_text ? !add_text(l, &v) : !str_eq(key, STR("type")) || !is_scalar(&v))
            return false;
    }
    return !l->s.error;
}

bool glance_messages(struct str data, int64_t depth_max, struct arena *a, struct glance *ret)
{
    struct look l;
    struct str key;
    if (!begin(&l, data, depth_max, a, ret))
        return false;
    while (scan_member(&l.s, &key)) {
        bool is_plain = str_eq(key, STR("type"))    ? read_type(&l)
                        : str_eq(key, STR("delta")) ? messages_delta(&l)
                                                    : pass_scalar(&l, key);
        if (!is_plain)
            return false;
    }
    return scan_end(&l.s, NULL) == 0 && str_eq(l.type, STR("content_block_delta"));
}
