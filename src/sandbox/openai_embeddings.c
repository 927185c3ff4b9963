/*
 * sandbox/openai_embeddings.c - embeddings of the simulated OpenAI: vectors of length one that depend on the text
 * alone. https://platform.openai.com/docs/api-reference/embeddings
 */
#include "base/err.h"
#include "codec/b64.h"
#include "crypto/hash.h"
#include "sandbox/llm_impl.h"

#include <string.h>

#define INPUTS_MAX 2048
#define DIMENSIONS_MAX 3072
#define UNIT 10000000 /* components are written with seven decimals */

/* 1 / sqrt(n), in units: each component of a vector of length one whose components are all as large. */
static int64_t component(int64_t n)
{
    int64_t square = (int64_t)UNIT * UNIT / n, root = UNIT;
    while (root > square / root)
        root = (root + square / root) / 2;
    return root;
}

/* The signs of a text's vector: bit i. */
static void make_signs(struct str text, uint8_t signs[DIMENSIONS_MAX / 8])
{
    for (uint8_t i = 0; i < DIMENSIONS_MAX / 8 / SHA256_BYTES; i++) {
        struct str parts[] = {{(const char *)&i, 1}, text};
        sha256_parts(parts, 2, &signs[(size_t)i * SHA256_BYTES]);
    }
}

static bool is_negative(const uint8_t *signs, int64_t i) { return signs[i / 8] >> (i % 8) & 1; }

static void put_numbers(struct json_writer *w, const uint8_t *signs, int64_t n)
{
    struct buf b;
    int64_t c = component(n);
    buf_init(&b, 16 * DIMENSIONS_MAX);
    for (int64_t i = 0; i < n; i++)
        (void)buf_printf(&b, "%s%s%lld.%07lld", i ? "," : "[", is_negative(signs, i) ? "-" : "", (long long)(c / UNIT),
                         (long long)(c % UNIT)); /* room for all */
    (void)buf_add_byte(&b, ']');
    jw_raw(w, buf_str(&b));
    buf_deinit(&b);
}

static void put_base64(struct json_writer *w, const uint8_t *signs, int64_t n)
{
    float numbers[DIMENSIONS_MAX];
    char text[B64_SIZE(sizeof(numbers))];
    float c = (float)component(n) / UNIT;
    for (int64_t i = 0; i < n; i++)
        numbers[i] = is_negative(signs, i) ? -c : c;
    jw_str(w, b64_encode((struct str){(const char *)numbers, (size_t)n * sizeof(float)}, text));
}

static void put_vector(struct llm_turn *t, struct json_writer *w, struct json input, int64_t i, int64_t n)
{
    uint8_t signs[DIMENSIONS_MAX / 8];
    struct str format = STR("float"), text = STR_NONE;
    struct buf b;
    struct json_writer as_text;
    (void)json_str(json_get(t->root, STR("encoding_format")), &format); /* absent: float */
    buf_init(&b, LLM_PIECES_BYTES_MAX);
    if (!json_str(input, &text)) { /* token numbers */
        jw_init(&as_text, &b);
        jw_json(&as_text, input);
        text = buf_str(&b);
    }
    make_signs(text, signs);
    buf_deinit(&b);
    jw_object(w);
    jw_put_str(w, STR("object"), STR("embedding"));
    jw_put_i64(w, STR("index"), i);
    jw_key(w, STR("embedding"));
    if (str_eq(format, STR("base64")))
        put_base64(w, signs, n);
    else
        put_numbers(w, signs, n);
    jw_object_end(w);
}

static int64_t tokens_of(struct json input)
{
    struct str text;
    return json_str(input, &text) ? brain_tokens(text.n) : (int64_t)json_len(input);
}

static int64_t dimensions_of(const struct llm_turn *t)
{
    return llm_count(t->root, "dimensions", str_ends(t->ask.model, STR("3-large")) ? 3072 : 1536);
}

static int reply(struct llm_turn *t, struct json inputs, bool is_list)
{
    struct buf b;
    struct json_writer w;
    struct json one;
    int64_t i = 0, n = dimensions_of(t), tokens = 0;
    buf_init(&b, LLM_PIECES_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("object"), STR("list"));
    jw_key(&w, STR("data"));
    jw_array(&w);
    if (!is_list)
        put_vector(t, &w, inputs, 0, n);
    for (struct json_iter it = json_each(inputs); is_list && json_next(&it, NULL, &one); i++) {
        put_vector(t, &w, one, i, n);
        tokens += tokens_of(one);
    }
    jw_array_end(&w);
    jw_put_str(&w, STR("model"), t->served);
    tokens = is_list ? tokens : tokens_of(inputs);
    jw_key(&w, STR("usage"));
    jw_object(&w);
    jw_put_i64(&w, STR("prompt_tokens"), tokens);
    jw_put_i64(&w, STR("total_tokens"), tokens);
    jw_object_end(&w);
    jw_object_end(&w);
    jw_end(&w);
    return llm_reply(t, 200, &b);
}

int openai_embeddings(struct llm_turn *t)
{
    int r = openai_begin(t);
    if (r)
        return r;
    struct json input = json_get(t->root, STR("input"));
    bool is_text = json_type(input) == JSON_STR, is_tokens = json_type(json_at(input, 0)) == JSON_NUMBER;
    if (!is_text && (json_type(input) != JSON_ARRAY || json_len(input) == 0))
        return openai_refuse(t, 400, "invalid_request_error", "input", NULL, "'input' must be a text or an array.");
    if (!is_text && !is_tokens && json_len(input) > INPUTS_MAX)
        return openai_refuse(t, 400, "invalid_request_error", "input", NULL, "'input' has more than %d texts.",
                             INPUTS_MAX);
    if (dimensions_of(t) < 1 || dimensions_of(t) > DIMENSIONS_MAX)
        return openai_refuse(t, 400, "invalid_request_error", "dimensions", NULL, "'dimensions' must be 1 to %d.",
                             DIMENSIONS_MAX);
    return reply(t, input, !is_text && !is_tokens);
}
