/*
 * tests/cases/llm/run.c - runs the cases of a file: run FILE [N_LEAST]. A case is a line `> SHAPE BODY` and a line
 * `< what was read`: the model, then what differs from a plain request, or `STATUS code: sentence`. Lines with # are
 * comments. Exit 1 when one differs, or when there are fewer than N_LEAST.
 */
#include "base/err.h"
#include "llm/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX 4096

static void say(struct buf *b, const char *name, int64_t n, int64_t plain)
{
    if (n != plain)
        (void)buf_printf(b, " %s=%lld", name, (long long)n);
}

static void say_if(struct buf *b, const char *name, bool is_so)
{
    if (is_so)
        (void)buf_printf(b, " %s", name);
}

static void render(struct buf *b, const struct llm_call *c, struct str body)
{
    bool is_openai = llm_shape_dialect(c->shape) == DIALECT_OPENAI, is_embedding = c->shape == SHAPE_EMBEDDINGS;
    bool has_tier = !is_embedding && c->shape != SHAPE_COUNT_TOKENS;
    (void)buf_printf(b, STR_FMT, STR_ARG(c->model));
    say_if(b, "stream", c->is_stream);
    say_if(b, "no_usage", !c->wants_usage);
    say(b, "n", c->choices, 1);
    say(b, "max", c->output_max, -1);
    say(b, "unseen", c->unseen_output, 0);
    say(b, "least", c->output_least, c->shape == SHAPE_RESPONSES ? 16 : 0);
    if (!c->is_tier_auto && has_tier)
        (void)buf_printf(b, " tier=" STR_FMT, STR_ARG(price_tier_text(c->tier)));
    say_if(b, "unpriced", c->is_unpriced);
    say_if(b, "us", c->is_us_inference);
    say(b, "binary", (int64_t)body.n - c->text_bytes, 0);
    say(b, "ids", c->token_ids, 0);
    say(b, "images", c->n_images, 0);
    say(b, "audio", c->audio_bytes, 0);
    say(b, "prediction", c->prediction_bytes, 0);
    say_if(b, "open", c->is_input_open);
    say(b, "summaries", c->summaries, 0);
    say(b, "overhead", c->overhead_tokens, 0);
    say(b, "passes", c->passes, 1);
    say_if(b, c->may_write_cache ? "cache" : "no_cache", c->may_write_cache != (is_openai && !is_embedding));
    say_if(b, "cache_1h", c->may_write_cache_1h);
    say_if(b, "audio_in", c->has_audio_in);
    say_if(b, "audio_out", c->has_audio_out);
    say_if(b, "image_out", c->has_image_out);
    say_if(b, "server_tools", c->has_server_tools);
    say(b, "searches", c->web_searches, 0);
    say_if(b, "background", c->is_background);
    if (c->prompt_hash[0])
        (void)buf_printf(b, " hash=%.8s", c->prompt_hash);
}

static void read_case(struct str line, const struct limits *limits, struct arena *a, struct buf *out)
{
    struct str shape, body;
    struct llm_call call;
    struct llm_problem p = {0};
    struct llm_request r = {.content_type = STR("application/json")};
    if (!str_cut(line, ' ', &shape, &body) || llm_shape_parse(shape, &r.shape) < 0) {
        (void)buf_printf(out, "there is no such shape");
        return;
    }
    r.body = body;
    int err = llm_read(&r, limits, a, &call, &p);
    if (err == 0)
        render(out, &call, body);
    else if (err == LLM_R_PROBLEM)
        (void)buf_printf(out, "%d " STR_FMT ": " STR_FMT, p.status, STR_ARG(code_text(p.code)), STR_ARG(p.text));
    else
        (void)buf_printf(out, "%s", err_name(err));
}

/* True: it is as the line says. */
static bool check_case(struct str line, struct str want, int n_line)
{
    struct limits limits;
    struct arena a;
    struct buf out;
    limits_default(&limits);
    arena_init(&a, 1 << 20);
    buf_init(&out, 1 << 16);
    read_case(line, &limits, &a, &out);
    bool is_equal = str_eq(buf_str(&out), want);
    if (!is_equal)
        printf("line %d: " STR_FMT "\n  want " STR_FMT "\n  got  " STR_FMT "\n", n_line, STR_ARG(line), STR_ARG(want),
               STR_ARG(buf_str(&out)));
    buf_deinit(&out);
    arena_deinit(&a);
    return is_equal;
}

int main(int argc, char **argv)
{
    static char line[LINE_BYTES_MAX], asked[LINE_BYTES_MAX];
    int n = 0, n_failed = 0, n_line = 0;
    FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;
    if (!f) {
        fprintf(stderr, "usage: run FILE [N_LEAST]\n");
        return 2;
    }
    while (fgets(line, sizeof(line), f)) {
        n_line++;
        line[strcspn(line, "\n")] = '\0';
        if (!strncmp(line, "> ", 2)) {
            memcpy(asked, line, sizeof(line));
        } else if (!strncmp(line, "< ", 2)) {
            n++;
            n_failed += !check_case(str_c(asked + 2), str_c(line + 2), n_line);
        } else if (line[0] && line[0] != '#') {
            printf("line %d is neither `>`, `<` nor a comment\n", n_line);
            n_failed++;
        }
    }
    fclose(f);
    printf("%d cases, %d failed\n", n, n_failed);
    return n_failed || n < (argc > 2 ? atoi(argv[2]) : 1);
}
