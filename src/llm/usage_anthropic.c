/*
 * llm/usage_anthropic.c - usage of messages, which counts its cache beside its input.
 * https://docs.anthropic.com/en/api/messages
 */
#include "llm/counts_impl.h"

const struct count_place counts_anthropic[] = {
    {STR_INIT(""), STR_INIT("input_tokens"), COUNT_INPUT},
    {STR_INIT(""), STR_INIT("output_tokens"), COUNT_OUTPUT},
    {STR_INIT(""), STR_INIT("cache_read_input_tokens"), COUNT_CACHE_READ},
    {STR_INIT(""), STR_INIT("cache_creation_input_tokens"), COUNT_CACHE_WRITE},
    {STR_INIT("cache_creation"), STR_INIT("ephemeral_5m_input_tokens"), COUNT_CACHE_WRITE_5M},
    {STR_INIT("cache_creation"), STR_INIT("ephemeral_1h_input_tokens"), COUNT_CACHE_WRITE_1H},
    {STR_INIT("output_tokens_details"), STR_INIT("thinking_tokens"), COUNT_REASONING},
    {STR_INIT("server_tool_use"), STR_INIT("web_search_requests"), COUNT_WEB_SEARCHES},
    {STR_INIT(""), STR_INIT(""), COUNT_COUNT},
};

void counts_usage_anthropic(const struct counts *c, bool may_write_cache_1h, struct usage *ret)
{
    int64_t short_lived = counts_or_0(c, COUNT_CACHE_WRITE_5M), long_lived = counts_or_0(c, COUNT_CACHE_WRITE_1H);
    int64_t unsaid = counts_or_0(c, COUNT_CACHE_WRITE) - short_lived - long_lived;
    if (unsaid > 0 && may_write_cache_1h)
        long_lived += unsaid;
    else if (unsaid > 0)
        short_lived += unsaid;

    int64_t rest = counts_or_0(c, COUNT_OUTPUT);
    ret->tokens[TOKEN_INPUT] = counts_or_0(c, COUNT_INPUT);
    ret->tokens[TOKEN_CACHE_READ] = counts_or_0(c, COUNT_CACHE_READ);
    ret->tokens[TOKEN_CACHE_WRITE_5M] = short_lived;
    ret->tokens[TOKEN_CACHE_WRITE_1H] = long_lived;
    ret->tokens[TOKEN_REASONING] = counts_take(counts_or_0(c, COUNT_REASONING), &rest);
    ret->tokens[TOKEN_OUTPUT] = rest;
    ret->web_searches = counts_or_0(c, COUNT_WEB_SEARCHES);
}
