/* tests/unit/store/both.c - see both.h. */
#include "both.h"
#include "unit.h"

#include "store/memory/store_memory.h"
#include "store/sqlite/store_sqlite.h"

#define ANSWER_BYTES_MAX ((size_t)1 << 28)
#define ARENA_BYTES_MAX ((size_t)1 << 30)
#define DEPTH_MAX 64

int both_begin(void **state)
{
    struct both *b = calloc(1, sizeof *b);
    b->scratch = *state;
    scratch_clear(b->scratch);
    story_init(&b->story);
    arena_init(&b->arena, ARENA_BYTES_MAX);
    int r = store_memory_new(&b->store[0]);
    if (r == 0)
        r = store_sqlite_open(str_c(b->scratch->file), &b->store[1]);
    for (int i = 0; i < STORES && r == 0; i++) {
        buf_init(&b->json[i], ANSWER_BYTES_MAX);
        r = b->store[i]->ops->reader_new(b->store[i], &b->reader[i]);
    }
    *state = b;
    return r;
}

int both_end(void **state)
{
    struct both *b = *state;
    for (int i = 0; i < STORES; i++) {
        b->store[i]->ops->reader_free(b->reader[i]);
        b->store[i]->ops->close(b->store[i]);
        buf_deinit(&b->json[i]);
    }
    *state = b->scratch;
    story_deinit(&b->story);
    arena_deinit(&b->arena);
    free(b);
    return 0;
}

void both_apply(struct both *b)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    for (int i = 0; i < STORES; i++) {
        uint64_t have = b->store[i]->ops->position(b->store[i], chain, &epoch);
        assert_int_equal(b->store[i]->ops->apply(b->store[i], b->story.frames + have, b->story.seq - have), 0);
    }
}

struct json both_ask(struct both *b, struct query q)
{
    struct json answer = JSON_ABSENT;
    for (int i = 0; i < STORES; i++) {
        buf_reset(&b->json[i]);
        assert_int_equal(b->store[i]->ops->ask(b->reader[i], &q, &b->json[i]), 0);
    }
    assert_true(str_eq(buf_str(&b->json[0]), buf_str(&b->json[1])));
    assert_int_equal(json_parse(&b->arena, buf_str(&b->json[0]), DEPTH_MAX, &answer), 0);
    return answer;
}
