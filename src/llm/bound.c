/*
 * llm/bound.c - the most that a call can use, from counts of the request and what its model's vendor reported before.
 *
 * All sums are clamped to TOKENS_MAX, which no model takes and every price of which is checked.
 */
#include "llm/bound.h"

#include "base/check.h"
#include "base/err.h"

#include <stdatomic.h>
#include <stdlib.h>

#define MILLI 1000

/*
 * Ordinary text has 3 to 5 bytes a token, Chinese and Japanese 2 to 3, digits and random letters 1 to 2. A floor starts
 * at the worst, and after enough reports stands a quarter below the worst of them.
 */
#define FLOOR_START (1 * MILLI)
#define FLOOR_MOST (3 * MILLI)
#define REPORTS_LEAST 8
#define REPORT_BYTES_LEAST 2048 /* in shorter ones what the vendor adds outweighs the text */

/*
 * OpenAI counts a token for 100 ms of sound. The lowest rate of MP3, 8 kbit/s, is 100 bytes for that, 133 in base64;
 * half of it is left for formats that pack closer.
 */
#define AUDIO_BYTES_PER_TOKEN 66

/* What stands before the first message and behind the last: 3 tokens at OpenAI, some 10 at Anthropic. */
#define FRAME_TOKENS 64

/* ---- floors ---- */

/* A floor: how many reports there were (upper half), and the least thousandths of a byte a token of them (lower). */
struct llm_floors {
    size_t n;
    _Atomic uint64_t worst[];
};

int llm_floors_new(const struct catalog *c, struct llm_floors **ret)
{
    size_t n = catalog_models(c);
    struct llm_floors *f = calloc(1, sizeof(*f) + n * sizeof(f->worst[0]));
    if (!f)
        return err_trace(-ERR_NOMEM);
    f->n = n;
    *ret = f;
    return 0;
}

void llm_floors_free(struct llm_floors *f) { free(f); }

static uint64_t with_report(uint64_t old, uint64_t milli)
{
    uint64_t n = old >> 32, worst = old & UINT32_MAX;
    if (!n || milli < worst)
        worst = milli;
    if (n < UINT32_MAX)
        n++;
    return n << 32 | worst;
}

void llm_floors_learn(struct llm_floors *f, const struct model *m, int64_t bytes, int64_t tokens)
{
    size_t i = model_index(m);
    check(i < f->n);
    if (bytes < REPORT_BYTES_LEAST || bytes > TOKENS_MAX || tokens <= 0)
        return;
    int64_t milli = bytes * MILLI / tokens;
    uint64_t old = atomic_load(&f->worst[i]);
    if (milli > FLOOR_MOST * 2)
        milli = FLOOR_MOST * 2; /* says no more than that the floor is high, and fits its half */
    while (!atomic_compare_exchange_weak(&f->worst[i], &old, with_report(old, (uint64_t)milli)))
        ;
}

int64_t llm_floor(const struct llm_floors *f, const struct model *m)
{
    if (!f || !m)
        return FLOOR_START;
    uint64_t worst = atomic_load(&f->worst[model_index(m)]);
    int64_t floor = (int64_t)(worst & UINT32_MAX) * 3 / 4;
    if (worst >> 32 < REPORTS_LEAST || floor < FLOOR_START)
        return FLOOR_START;
    return floor < FLOOR_MOST ? floor : FLOOR_MOST;
}

/* ---- tokens ---- */

static int64_t clamp(__int128 n) { return n < TOKENS_MAX ? (int64_t)n : TOKENS_MAX; }

static int64_t per(int64_t n, int64_t milli) { return clamp(((__int128)n * MILLI + milli - 1) / milli); }

/* Of what stands in the request; -1: pictures of a model that says nothing of them. */
static int64_t input_here(const struct llm_call *c, const struct model *m, const struct llm_floors *f, bool is_strict)
{
    int64_t image = m ? model_image_tokens_max(m) : 0;
    if (c->n_images && !image)
        return -1;
    __int128 n = is_strict ? c->text_bytes : per(c->text_bytes, llm_floor(f, m));
    n += is_strict ? c->audio_bytes : per(c->audio_bytes, AUDIO_BYTES_PER_TOKEN * MILLI);
    n += c->token_ids;
    n += (__int128)c->n_images * image;
    return clamp(n + c->overhead_tokens + FRAME_TOKENS);
}

static int64_t input_most(const struct llm_call *c, const struct model *m, const struct llm_floors *f, bool is_strict)
{
    int64_t here = input_here(c, m, f, is_strict);
    /* Embeddings take many inputs, each of the model's length: their sum has no such end. */
    int64_t whole = m && c->shape != SHAPE_EMBEDDINGS ? model_input_max(m) : 0;
    if (c->is_input_open || here < 0)
        here = whole ? whole : -1;
    if (here < 0 || c->passes < 0)
        return -1;
    if (whole && here > whole)
        here = whole;
    return clamp((__int128)here * c->passes);
}

/* Of one choice; -1: nobody says. */
static int64_t output_of_one(const struct llm_call *c, const struct model *m)
{
    int64_t most = m ? model_output_max(m) : 0;
    if (c->shape == SHAPE_EMBEDDINGS || c->shape == SHAPE_COUNT_TOKENS)
        return 0;
    if (!most || (c->output_max >= 0 && c->output_max < most))
        return c->output_max;
    return most;
}

/*
 * Rejected predictions are billed on top of the maximum; a token of them has a byte at least. So are summaries, which
 * are as long as the model likes.
 */
static int64_t output_of_all(const struct llm_call *c, const struct model *m, int64_t one)
{
    __int128 n = ((__int128)one + c->prediction_bytes) * c->choices;
    return clamp(n + (__int128)c->summaries * (m ? model_output_max(m) : 0));
}

struct token_bound llm_bound(const struct llm_call *c, const struct model *m, const struct llm_floors *f,
                             bool is_strict)
{
    int64_t input = input_most(c, m, f, is_strict), one = output_of_one(c, m);
    bool is_open = one < 0 || (c->summaries && (!m || !model_output_max(m)));
    int64_t output = is_open ? -1 : output_of_all(c, m, one);
    return (struct token_bound){input >= 0 && output >= 0, input, output};
}

/* ---- money ---- */

static bool price(const struct llm_call *c, const struct model *m, int64_t input, int64_t output, money_t *ret)
{
    struct price_ask ask = {
        .tier = c->tier,
        .input = input,
        .output = output,
        .may_write_cache = c->may_write_cache,
        .may_write_cache_1h = c->may_write_cache_1h,
        .has_audio_in = c->has_audio_in,
        .has_audio_out = c->has_audio_out,
        .has_image_out = c->has_image_out,
        .is_us_inference = c->is_us_inference,
        .web_searches = c->web_searches,
    };
    if (c->is_unpriced)
        return false;
    if (model_price_most(m, &ask, ret))
        return true;
    /* Nobody asked OpenAI to write a cache: a model without a price for it does not bill it. */
    bool was_asked = llm_shape_dialect(c->shape) != DIALECT_OPENAI;
    ask.may_write_cache = false;
    return c->may_write_cache && !was_asked && model_price_most(m, &ask, ret);
}

struct cost llm_predict(const struct llm_call *c, const struct model *m, const struct token_bound *b)
{
    money_t usd;
    if (!m || !b->is_known || !price(c, m, b->input, b->output, &usd))
        return (struct cost){HOW_UNKNOWN, 0};
    return (struct cost){HOW_ESTIMATED, usd};
}

static bool fits(const struct llm_call *c, const struct model *m, int64_t input, int64_t one, money_t usd)
{
    money_t most;
    return price(c, m, input, output_of_all(c, m, one), &most) && most <= usd;
}

int64_t llm_output_for(const struct llm_call *c, const struct model *m, const struct token_bound *b, money_t usd)
{
    if (!m || b->input < 0 || (c->summaries && !model_output_max(m)))
        return 0;
    int64_t high = output_of_one(c, m), low = 0;
    if (high < 0)
        high = TOKENS_MAX / c->choices;
    while (low < high) { /* the most that fits is in [low, high] */
        int64_t middle = low + (high - low + 1) / 2;
        if (fits(c, m, b->input, middle, usd))
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}
