/* The heap while the process serves: what calls give back is not asked of the system again, up to a bound. */
#include "daemon/heap.h"
#include "unit.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE_BYTES 4096
#define BODY_BYTES (256 << 10) /* what a body of 150 KB takes */

#ifdef __SANITIZE_THREAD__ /* has memory of its own, and says yes to mallopt() all the same */
#define MAY_KEEP false
#else
#define MAY_KEEP heap_keep()
#endif

struct use {
    size_t n, block_bytes;
    long faults; /* of the second time */
};

static long faults_so_far(void)
{
    struct rusage u;
    assert_int_equal(getrusage(RUSAGE_THREAD, &u), 0);
    return u.ru_minflt;
}

static void take_and_give_back(const struct use *u)
{
    char *blocks[256];
    assert_in_range(u->n, 1, 256);
    for (size_t i = 0; i < u->n; i++) {
        blocks[i] = malloc(u->block_bytes);
        assert_non_null(blocks[i]);
        memset(blocks[i], 1, u->block_bytes);
    }
    for (size_t i = 0; i < u->n; i++)
        free(blocks[i]);
}

static void *use_twice(void *ctx)
{
    struct use *u = ctx;
    take_and_give_back(u);
    long before = faults_so_far();
    take_and_give_back(u);
    u->faults = faults_so_far() - before;
    return NULL;
}

/* The part of the pages that had to come again. In a thread, as calls are served: it has a heap of its own. */
static double part_taken_again(size_t n, size_t block_bytes)
{
    pthread_t thread;
    struct use u = {n, block_bytes, -1};
    if (!MAY_KEEP)
        skip();
    assert_int_equal(pthread_create(&thread, NULL, use_twice, &u), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(u.faults >= 0);
    return (double)u.faults * PAGE_BYTES / (double)(n * block_bytes);
}

static void bodies_take_no_new_pages_the_second_time(void **state)
{
    assert_true(part_taken_again(32, BODY_BYTES) < 0.1);
    assert_true(part_taken_again(HEAP_KEPT_BYTES_MAX / BODY_BYTES - 1, BODY_BYTES) < 0.1);
}

static void more_than_may_be_kept_goes_back(void **state)
{
    assert_true(part_taken_again(HEAP_KEPT_BYTES_MAX / BODY_BYTES + 1, BODY_BYTES) > 0.9);
}

/* Whether the memory of a block is still the process's when it is given back. */
static bool is_kept(size_t block_bytes)
{
    unsigned char in_memory;
    char *p = malloc(block_bytes);
    assert_non_null(p);
    uintptr_t page = ((uintptr_t)p / PAGE_BYTES + 1) * PAGE_BYTES;
    free(p);
    return mincore((void *)page, PAGE_BYTES, &in_memory) == 0;
}

static void a_large_block_goes_back_at_once(void **state)
{
    if (!MAY_KEEP)
        skip();
    assert_false(is_kept(HEAP_BLOCK_BYTES_MAX));
    assert_true(is_kept(HEAP_BLOCK_BYTES_MAX - PAGE_BYTES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_take_no_new_pages_the_second_time),
        cmocka_unit_test(more_than_may_be_kept_goes_back),
        cmocka_unit_test(a_large_block_goes_back_at_once),
    };
    return cmocka_run_group_tests_name("daemon/heap", tests, NULL, NULL);
}
