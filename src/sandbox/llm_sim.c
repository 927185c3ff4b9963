/*
 * sandbox/llm_sim.c - state, ids, prompts and answers that the simulated vendors of models share.
 */
#include "base/err.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "sandbox/llm_impl.h"

#include <stdlib.h>
#include <string.h>

/* --- state -------------------------------------------------------------------------------------------------------- */

int llm_sim_new(struct str vendor, const struct limits *limits, struct llm_sim **ret)
{
    struct arena a;
    struct diag_list diags;
    struct llm_sim *s = calloc(1, sizeof(*s));
    if (!s)
        return err_trace(-ERR_NOMEM);
    arena_init(&a, 1u << 20);
    diag_list_init(&diags, &a, 8);
    s->vendor = vendor;
    int r = catalog_parse(catalog_builtin(), STR("catalog/models.yaml"), limits, &diags, &s->catalog);
    arena_deinit(&a);
    if (r < 0) {
        llm_sim_free(s);
        return err_trace(r);
    }
    *ret = s;
    return 0;
}

void llm_sim_free(void *state)
{
    struct llm_sim *s = state;
    catalog_free(s->catalog);
    free(s);
}

/* --- a turn ------------------------------------------------------------------------------------------------------- */

void llm_turn_begin(struct llm_turn *t, struct llm_sim *s, const struct sandbox_request *r, struct arena *a,
                    struct sandbox_answer *ret)
{
    uint8_t hash[SHA256_BYTES];
    char *hex = arena_alloc(a, 2 * SHA256_BYTES);
    *t = (struct llm_turn){.s = s, .r = r, .a = a, .ret = ret, .root = JSON_ABSENT};
    t->ask = (struct brain_ask){.output_max = -1, .answer_schema = JSON_ABSENT};
    struct str parts[] = {{(const char *)&s->n_requests, sizeof(s->n_requests)}, r->path, r->body};
    s->n_requests++;
    sha256_parts(parts, 3, hash);
    t->digest = hex_encode(hash, SHA256_BYTES, hex);
    buf_init(&t->prompt, LLM_PIECES_BYTES_MAX);
}

void llm_turn_end(struct llm_turn *t) { buf_deinit(&t->prompt); }

struct str llm_id(struct llm_turn *t, const char *prefix, int n, int i)
{
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES];
    struct str parts[] = {t->digest, str_c(prefix), {(const char *)&i, sizeof(i)}};
    sha256_parts(parts, 3, hash);
    return arena_printf(t->a, "%s" STR_FMT, prefix, n, hex_encode(hash, SHA256_BYTES, hex).p);
}

const struct model *llm_find(const struct llm_sim *s, struct str name)
{
    return catalog_find(s->catalog, s->vendor, name);
}

struct str llm_served(const struct model *m)
{
    size_t n;
    struct str best = model_name(m);
    const struct str *aliases = model_aliases(m, &n);
    for (size_t i = 0; i < n; i++)
        if (str_starts(aliases[i], model_name(m)) && aliases[i].n > best.n)
            best = aliases[i];
    return best;
}

int64_t llm_count(struct json object, const char *name, int64_t otherwise)
{
    int64_t n;
    return json_i64(json_get(object, str_c(name)), &n) && n >= 0 ? n : otherwise;
}

/* --- what is said to the model ------------------------------------------------------------------------------------ */

static bool is_image(struct json part)
{
    struct str type;
    return json_str(json_get(part, STR("type")), &type) &&
           (str_eq(type, STR("image")) || str_eq(type, STR("image_url")) || str_eq(type, STR("input_image")));
}

/* Parts hold parts (a tool's result holds texts) to a depth that the parser limits. */
static int64_t add_text(struct buf *out, struct json content)
{
    static const char *const members[] = {"text", "content", "output", "thinking"};
    struct str text;
    struct json one;
    int64_t images = is_image(content);
    if (json_str(content, &text))
        (void)buf_add(out, text); /* found at the end */
    if (json_type(content) == JSON_ARRAY)
        for (struct json_iter it = json_each(content); json_next(&it, NULL, &one);)
            images += add_text(out, one);
    for (size_t i = 0; json_type(content) == JSON_OBJECT && i < sizeof(members) / sizeof(members[0]); i++)
        images += add_text(out, json_get(content, str_c(members[i])));
    return images;
}

void llm_prompt_add(struct llm_turn *t, struct json content)
{
    t->n_images += add_text(&t->prompt, content);
    (void)buf_add_byte(&t->prompt, '\n');
}

struct str llm_text(struct llm_turn *t, struct json content)
{
    struct buf b;
    struct str copy = STR("");
    buf_init(&b, LLM_PIECES_BYTES_MAX);
    (void)add_text(&b, content); /* its images were counted with the prompt */
    if (arena_try_str(t->a, buf_str(&b), &copy) < 0)
        copy = STR(""); /* the prompt itself will not fit then */
    buf_deinit(&b);
    return copy.p ? copy : STR("");
}

int llm_tools(struct llm_turn *t, struct json tools, const char *schema)
{
    struct sim_tool *list = arena_alloc(t->a, LLM_TOOLS_MAX * sizeof(*list));
    struct json tool;
    struct json_writer w;
    for (struct json_iter it = json_each(tools); json_next(&it, NULL, &tool) && t->ask.n_tools < LLM_TOOLS_MAX;) {
        struct json f = json_get(tool, STR("function"));
        struct sim_tool *one = &list[t->ask.n_tools];
        f = json_type(f) == JSON_OBJECT ? f : tool;
        one->schema = json_get(f, str_c(schema));
        if (json_str(json_get(f, STR("name")), &one->name))
            t->ask.n_tools++;
    }
    t->ask.tools = list;
    if (json_len(tools)) {
        jw_init(&w, &t->prompt);
        jw_json(&w, tools); /* the model reads them as text, and that is billed */
    }
    return buf_ok(&t->prompt);
}

int llm_say(struct llm_turn *t)
{
    int r = buf_ok(&t->prompt);
    return r < 0 ? err_trace(r) : brain_say(t->a, &t->ask, &t->said);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

int llm_reply(struct llm_turn *t, uint16_t status, struct buf *b)
{
    struct str text = STR_NONE;
    int r = buf_ok(b);
    if (r == 0)
        r = arena_try_str(t->a, buf_str(b), &text);
    buf_deinit(b);
    if (r == 0)
        sandbox_put_json(t->ret, status, text, t->a);
    return err_trace(r);
}

void llm_stream_begin(struct llm_stream *st)
{
    *st = (struct llm_stream){.n = 0};
    buf_init(&st->text, LLM_PIECES_BYTES_MAX);
}

void llm_event(struct llm_stream *st, const char *name)
{
    if (name)
        (void)buf_printf(&st->text, "event: %s\n", name); /* found at the end */
    (void)buf_add(&st->text, STR("data: "));
    jw_init(&st->w, &st->text);
}

void llm_event_end(struct llm_stream *st)
{
    (void)buf_add(&st->text, STR("\n\n"));
    if (st->n == st->cap) {
        st->cap = st->cap ? 2 * st->cap : 64;
        st->ends = realloc(st->ends, st->cap * sizeof(*st->ends));
        check(st->ends); /* bounded by the text */
    }
    st->ends[st->n++] = st->text.n;
}

void llm_event_text(struct llm_stream *st, const char *data)
{
    llm_event(st, NULL);
    (void)buf_add_c(&st->text, data);
    llm_event_end(st);
}

int llm_stream_reply(struct llm_turn *t, struct llm_stream *st)
{
    struct str text = STR_NONE;
    struct str *pieces = arena_try_alloc(t->a, (st->n + 1) * sizeof(*pieces));
    int r = buf_ok(&st->text);
    if (r == 0)
        r = pieces ? arena_try_str(t->a, buf_str(&st->text), &text) : -ERR_TOO_LARGE;
    for (size_t i = 0, at = 0; r == 0 && i < st->n; at = st->ends[i++])
        pieces[i] = str_sub(text, at, st->ends[i] - at);
    if (r == 0) {
        t->ret->status = 200;
        t->ret->pieces = pieces;
        t->ret->n_pieces = st->n;
        t->ret->is_stream = true;
        t->ret->pace_ms = LLM_PACE_MS;
        sandbox_put_field(t->ret, STR("Content-Type"), STR("text/event-stream; charset=utf-8"));
    }
    free(st->ends);
    buf_deinit(&st->text);
    return err_trace(r);
}
