/*
 * sandbox/brain.c - chooses between the few things that a simulated model can say, and cuts them into tokens.
 */
#include "sandbox/brain.h"

#include "base/err.h"
#include "sandbox/prompt_cache.h"
#include "sandbox/said.h"

#define SAID_BYTES_MAX (1u << 20)
#define QUOTE_BYTES_MAX 1000
#define TOKEN_BYTES_MAX 12 /* a longer word is several tokens */

int64_t brain_tokens(size_t bytes) { return (int64_t)((bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN); }

/* --- what is said ------------------------------------------------------------------------------------------------- */

static bool is_inside_character(struct str s, size_t at) { return at < s.n && ((unsigned char)s.p[at] & 0xC0) == 0x80; }

static struct str quoted(struct str s)
{
    size_t n = s.n < QUOTE_BYTES_MAX ? s.n : QUOTE_BYTES_MAX;
    while (n && is_inside_character(s, n))
        n--;
    return str_sub(s, 0, n);
}

/* How many words the text asks for; 0: it does not say. */
static int64_t words_wanted(struct str text)
{
    struct str word, before = STR_NONE;
    int64_t n;
    for (; said_next_word(&text, &word); before = word)
        if (str_eq_nocase(word, STR("words")) && str_to_i64(before, &n) == 0)
            return n < BRAIN_WORDS_MAX ? n : BRAIN_WORDS_MAX;
    return 0;
}

static void say_words(struct buf *b, int64_t n)
{
    static const char *const words[] = {"a",    "governor", "turns", "with", "the",   "engine", "and",   "as",   "it",
                                        "runs", "faster",   "the",   "two",  "balls", "rise",   "which", "lets", "in",
                                        "less", "steam",    "so",    "that", "it",    "never",  "runs",  "away"};
    for (int64_t i = 0; i < n; i++) {
        if (i)
            (void)buf_add_byte(b, ' ');
        (void)buf_add_c(b, words[(size_t)i % (sizeof(words) / sizeof(words[0]))]);
    }
}

static void say(const struct brain_ask *ask, const struct sim_tool *tool, struct buf *b)
{
    int64_t words = words_wanted(ask->user);
    if (tool) {
        arguments_write(tool->schema, ask->user, b);
    } else if (json_type(ask->answer_schema) != JSON_NONE) {
        arguments_write(ask->answer_schema, ask->user, b);
    } else if (ask->result.p) {
        struct str q = quoted(ask->result);
        (void)buf_printf(b, "Done. The tool answered: " STR_FMT, STR_ARG(q));
    } else if (words) {
        say_words(b, words);
    } else {
        struct str q = quoted(ask->user);
        (void)buf_printf(b, "This is a simulated " STR_FMT ". You said: " STR_FMT, STR_ARG(ask->model), STR_ARG(q));
    }
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

/* The end of the token that begins at `at`: a word with the space before it, or a part of a long one. */
static size_t token_end(struct str s, size_t at)
{
    size_t end = at + 1;
    while (end < s.n && end - at < TOKEN_BYTES_MAX && s.p[end] != ' ' && s.p[end] != '\n')
        end++;
    while (is_inside_character(s, end))
        end++;
    return end;
}

static size_t cut(struct str s, struct str *pieces)
{
    size_t n = 0;
    for (size_t at = 0, end; at < s.n; at = end, n++) {
        end = token_end(s, at);
        if (pieces)
            pieces[n] = str_sub(s, at, end - at);
    }
    return n;
}

/* A call that does not fit is not made, and what it took is billed: half its arguments would be no JSON. */
static void keep_to_max(const struct brain_ask *ask, struct brain_said *s)
{
    int64_t left = ask->output_max;
    s->reasoning = ask->reasoning;
    s->output = (int64_t)s->n_pieces;
    if (left < 0 || s->reasoning + s->output <= left)
        return;
    s->is_cut = true;
    s->reasoning = s->reasoning < left ? s->reasoning : left;
    s->output = s->output < left - s->reasoning ? s->output : left - s->reasoning;
    s->n_pieces = s->tool ? 0 : (size_t)s->output;
    s->tool = NULL;
    s->text.n = 0;
    for (size_t i = 0; i < s->n_pieces; i++)
        s->text.n += s->pieces[i].n;
}

static const struct sim_tool *tool_for(const struct brain_ask *ask)
{
    if (!ask->n_tools || ask->result.p)
        return NULL;
    for (size_t i = 0; i < ask->n_tools && ask->tool.n; i++)
        if (str_eq(ask->tools[i].name, ask->tool))
            return &ask->tools[i];
    return arguments_tool(ask->user, ask->tools, ask->n_tools);
}

int brain_say(struct arena *a, const struct brain_ask *ask, struct brain_said *ret)
{
    struct brain_said s = {.tool = tool_for(ask)};
    struct buf b;
    buf_init(&b, SAID_BYTES_MAX);
    say(ask, s.tool, &b);
    int r = buf_ok(&b);
    if (r == 0)
        r = arena_try_str(a, buf_str(&b), &s.text);
    buf_deinit(&b);
    if (r < 0)
        return err_trace(r);
    s.n_pieces = cut(s.text, NULL);
    struct str *pieces = arena_try_alloc(a, (s.n_pieces + 1) * sizeof(*pieces));
    if (!pieces)
        return err_trace(-ERR_TOO_LARGE);
    (void)cut(s.text, pieces); /* as many as counted */
    s.pieces = pieces;
    keep_to_max(ask, &s);
    *ret = s;
    return 0;
}
