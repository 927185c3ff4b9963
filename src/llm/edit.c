/*
 * llm/edit.c - what we change in a body: a list of places, so that all other bytes go on as they came.
 */
#include "llm/request.h"

#include "base/check.h"
#include "codec/json_write.h"

/* The edit of its kind, new or instead of the one before; the list stays sorted by place. */
static void put_edit(struct llm_call *c, enum llm_edit_kind kind, const struct llm_place *place, struct str text)
{
    struct llm_edit e = {kind, place->at, place->n, text};
    size_t i = 0;
    while (i < c->n_edits && c->edits[i].kind != kind)
        i++;
    if (i == c->n_edits)
        c->n_edits++;
    check(c->n_edits <= LLM_EDITS_MAX);
    for (; i > 0 && c->edits[i - 1].at > e.at; i--)
        c->edits[i] = c->edits[i - 1];
    c->edits[i] = e;
}

static struct str placed(const struct llm_place *place, struct str value, struct arena *a)
{
    return arena_join(a, (const struct str[]){place->before, value, place->after}, 3);
}

bool llm_ask_usage(struct llm_call *c, struct arena *a)
{
    if (c->wants_usage || !c->place_usage.before.p)
        return false;
    put_edit(c, LLM_EDIT_USAGE, &c->place_usage, placed(&c->place_usage, STR("true"), a));
    return true;
}

bool llm_set_output_max(struct llm_call *c, int64_t tokens, struct arena *a)
{
    if (!c->place_output_max.before.p || tokens < c->output_least || tokens < 1)
        return false;
    if (c->output_max >= 0 && c->output_max <= tokens)
        return true;
    struct str number = arena_printf(a, "%lld", (long long)tokens);
    put_edit(c, LLM_EDIT_OUTPUT_MAX, &c->place_output_max, placed(&c->place_output_max, number, a));
    c->output_max = tokens;
    return true;
}

bool llm_set_model(struct llm_call *c, struct str model, struct arena *a)
{
    struct buf quoted;
    if (!c->place_model.before.p)
        return false;
    buf_init(&quoted, model.n * 6 + 2); /* the longest escape of a byte */
    bool is_done = json_quote(&quoted, model) == 0;
    if (is_done) {
        put_edit(c, LLM_EDIT_MODEL, &c->place_model, arena_str(a, buf_str(&quoted)));
        c->model = arena_str(a, model);
    }
    buf_deinit(&quoted);
    return is_done;
}

size_t llm_body_parts(const struct llm_call *c, struct str body, struct str parts[2 * LLM_EDITS_MAX + 1],
                      size_t *ret_bytes)
{
    size_t n = 0, at = 0, bytes = 0;
    for (size_t i = 0; i <= c->n_edits; i++) {
        const struct llm_edit *e = i < c->n_edits ? &c->edits[i] : NULL;
        struct str kept = str_sub(body, at, (e ? e->at : body.n) - at);
        if (kept.n)
            parts[n++] = kept;
        bytes += kept.n;
        if (!e)
            break;
        if (e->text.n)
            parts[n++] = e->text;
        bytes += e->text.n;
        at = e->at + e->n;
    }
    *ret_bytes = bytes;
    return n;
}
