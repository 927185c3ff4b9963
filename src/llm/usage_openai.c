/*
 * llm/usage_openai.c - usage of chat completions, embeddings and responses, which hold parts in their totals.
 * https://platform.openai.com/docs/api-reference/chat/object and .../responses/object
 *
 * Predicted tokens that were rejected are billed as output and are in completion_tokens already, so they are not read.
 */
#include "llm/counts_impl.h"

const struct count_place counts_openai_chat[] = {
    {STR_INIT(""), STR_INIT("prompt_tokens"), COUNT_INPUT},
    {STR_INIT(""), STR_INIT("completion_tokens"), COUNT_OUTPUT},
    {STR_INIT(""), STR_INIT("total_tokens"), COUNT_TOTAL},
    {STR_INIT("prompt_tokens_details"), STR_INIT("cached_tokens"), COUNT_CACHE_READ},
    {STR_INIT("prompt_tokens_details"), STR_INIT("cache_write_tokens"), COUNT_CACHE_WRITE},
    {STR_INIT("prompt_tokens_details"), STR_INIT("audio_tokens"), COUNT_AUDIO_IN},
    {STR_INIT("prompt_tokens_details"), STR_INIT("image_tokens"), COUNT_IMAGE_IN},
    {STR_INIT("completion_tokens_details"), STR_INIT("reasoning_tokens"), COUNT_REASONING},
    {STR_INIT("completion_tokens_details"), STR_INIT("audio_tokens"), COUNT_AUDIO_OUT},
    {STR_INIT("completion_tokens_details"), STR_INIT("image_tokens"), COUNT_IMAGE_OUT},
    {STR_INIT(""), STR_INIT(""), COUNT_COUNT},
};

const struct count_place counts_openai_responses[] = {
    {STR_INIT(""), STR_INIT("input_tokens"), COUNT_INPUT},
    {STR_INIT(""), STR_INIT("output_tokens"), COUNT_OUTPUT},
    {STR_INIT(""), STR_INIT("total_tokens"), COUNT_TOTAL},
    {STR_INIT("input_tokens_details"), STR_INIT("cached_tokens"), COUNT_CACHE_READ},
    {STR_INIT("input_tokens_details"), STR_INIT("cache_write_tokens"), COUNT_CACHE_WRITE},
    {STR_INIT("input_tokens_details"), STR_INIT("audio_tokens"), COUNT_AUDIO_IN},
    {STR_INIT("input_tokens_details"), STR_INIT("image_tokens"), COUNT_IMAGE_IN},
    {STR_INIT("output_tokens_details"), STR_INIT("reasoning_tokens"), COUNT_REASONING},
    {STR_INIT("output_tokens_details"), STR_INIT("audio_tokens"), COUNT_AUDIO_OUT},
    {STR_INIT("output_tokens_details"), STR_INIT("image_tokens"), COUNT_IMAGE_OUT},
    {STR_INIT(""), STR_INIT(""), COUNT_COUNT},
};

/* Parts that are larger than what should hold them stand beside it. */
static int64_t whole(int64_t total, int64_t part)
{
    return part > total ? total + part : total;
}

static void input(const struct counts *c, struct usage *ret)
{
    int64_t rest = counts_or_0(c, COUNT_INPUT), read = counts_or_0(c, COUNT_CACHE_READ);
    int64_t written = counts_or_0(c, COUNT_CACHE_WRITE);
    rest = whole(whole(rest, read), written);
    /* Cached audio is counted in both: the dearer kind goes first. */
    ret->tokens[TOKEN_AUDIO_IN] = counts_take(counts_or_0(c, COUNT_AUDIO_IN), &rest);
    ret->tokens[TOKEN_IMAGE_IN] = counts_take(counts_or_0(c, COUNT_IMAGE_IN), &rest);
    ret->tokens[TOKEN_CACHE_WRITE_5M] = counts_take(written, &rest);
    ret->tokens[TOKEN_CACHE_READ] = counts_take(read, &rest);
    ret->tokens[TOKEN_INPUT] = rest;
}

static bool is_reasoning_beside(const struct counts *c)
{
    int64_t out = counts_or_0(c, COUNT_OUTPUT), reasoning = counts_or_0(c, COUNT_REASONING);
    return reasoning > out || counts_or_0(c, COUNT_TOTAL) >= counts_or_0(c, COUNT_INPUT) + out + reasoning;
}

static void output(const struct counts *c, struct usage *ret)
{
    int64_t rest = counts_or_0(c, COUNT_OUTPUT), reasoning = counts_or_0(c, COUNT_REASONING);
    if (reasoning && is_reasoning_beside(c))
        rest += reasoning;
    ret->tokens[TOKEN_AUDIO_OUT] = counts_take(counts_or_0(c, COUNT_AUDIO_OUT), &rest);
    ret->tokens[TOKEN_IMAGE_OUT] = counts_take(counts_or_0(c, COUNT_IMAGE_OUT), &rest);
    ret->tokens[TOKEN_REASONING] = counts_take(reasoning, &rest);
    ret->tokens[TOKEN_OUTPUT] = rest;
}

void counts_usage_openai(const struct counts *c, struct usage *ret)
{
    input(c, ret);
    output(c, ret);
    ret->web_searches = counts_or_0(c, COUNT_WEB_SEARCHES);
}
