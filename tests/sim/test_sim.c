/*
 * tests/sim/test_sim.c - a thousand seeds, and the proof that they would notice.
 *
 *   test_sim                    1,000 seeds and every mutation
 *   test_sim FROM COUNT         those seeds
 *   test_sim SEED [MUTATION]    one seed, telling what happens
 *   test_sim mutations          every mutation: some of its seeds must fail
 *
 * A seed runs in a child process, so that one that crashes is named too, and the rest go on.
 */
#include "world.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/log.h"
#include "llm/catalog.h"
#include "saas/connector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEEDS 1000
#define MUTATION_SEEDS 60
#define APPROVAL_SEEDS_LEAST 31 /* of them: that a yes is used twice, or is the requester's own, shows in most */
#define FAILURES_SHOWN 5

/* Shared with the child. */
struct progress {
    uint64_t seed;
    uint64_t n_done, n_failed, n_tries, n_calls, n_held, n_unknown, n_crashes, n_frames, n_steps, n_models, n_cut;
    int64_t moved_cents;
};

static struct connector *load_connector(struct str name)
{
    struct arena a;
    struct diag_list diags;
    struct limits limits;
    struct str text;
    struct connector *c = NULL;

    arena_init(&a, 1 << 22);
    diag_list_init(&diags, &a, 20);
    limits_default(&limits);
    check(connector_builtin(name, &text));
    check(connector_parse(text, name, &limits, &diags, &c) == 0);
    arena_deinit(&a);
    return c;
}

static void load(struct world_data *ret)
{
    struct arena a;
    struct diag_list diags;
    struct limits limits;

    arena_init(&a, 1 << 22);
    diag_list_init(&diags, &a, 20);
    limits_default(&limits);
    ret->stripe = load_connector(STR("stripe"));
    ret->openai = load_connector(STR("openai"));
    ret->anthropic = load_connector(STR("anthropic"));
    check(catalog_parse(catalog_builtin(), STR("catalog"), &limits, &diags, &ret->catalog) == 0);
    arena_deinit(&a);
}

static void unload(struct world_data *d)
{
    connector_free(d->stripe);
    connector_free(d->openai);
    connector_free(d->anthropic);
    catalog_free(d->catalog);
}

static void add(struct progress *p, const struct world_result *r)
{
    p->n_done++;
    p->n_failed += !r->is_ok;
    p->n_tries += r->n_tries;
    p->n_calls += r->n_calls;
    p->n_held += r->n_held;
    p->n_unknown += r->n_unknown;
    p->n_crashes += r->n_crashes;
    p->n_frames += r->n_frames;
    p->n_steps += r->steps;
    p->n_models += r->n_models;
    p->n_cut += r->n_cut;
    p->moved_cents += r->moved_cents;
}

static void run_child(struct progress *p, uint64_t to, enum mutation m, const struct world_data *data, bool is_quiet)
{
    struct world_result r;

    for (; p->seed < to; p->seed++) {
        world_run(p->seed, m, data, false, &r);
        if (!r.is_ok && !is_quiet && p->n_failed < FAILURES_SHOWN)
            fprintf(stderr, "seed %llu: %s\n", (unsigned long long)p->seed, r.failure);
        add(p, &r);
    }
}

/* Runs seeds from..to; those that end their process count as failed. */
static void run_seeds(uint64_t from, uint64_t to, enum mutation m, const struct world_data *data, bool is_quiet,
                      struct progress *ret)
{
    struct progress *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    check(p != MAP_FAILED);
    p->seed = from;
    while (p->seed < to) {
        int status = 0;
        fflush(NULL);
        pid_t pid = fork();
        check(pid >= 0);
        if (pid == 0) {
            if (is_quiet)
                check(freopen("/dev/null", "w", stderr));
            run_child(p, to, m, data, is_quiet);
            exit(0); /* so that leaks are looked for */
        }
        check(waitpid(pid, &status, 0) == pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            break;
        if (!is_quiet)
            fprintf(stderr, "seed %llu ended its process\n", (unsigned long long)p->seed);
        p->n_failed++;
        p->seed++;
        if (p->n_failed >= 20 * FAILURES_SHOWN)
            break;
    }
    *ret = *p;
    munmap(p, sizeof(*p));
}

static int test_seeds(uint64_t from, uint64_t count, const struct world_data *data)
{
    struct progress p;

    run_seeds(from, from + count, MUTATION_NONE, data, false, &p);
    printf("%llu seeds: %llu tries, %llu records, %llu held, %llu unknown, %llu crashes, %llu frames, %llu events, "
           "USD %lld.%02lld moved, %llu calls to models (%llu not whole); %llu failed\n",
           (unsigned long long)p.n_done, (unsigned long long)p.n_tries, (unsigned long long)p.n_calls,
           (unsigned long long)p.n_held, (unsigned long long)p.n_unknown, (unsigned long long)p.n_crashes,
           (unsigned long long)p.n_frames, (unsigned long long)p.n_steps, (long long)(p.moved_cents / 100),
           (long long)(p.moved_cents % 100), (unsigned long long)p.n_models, (unsigned long long)p.n_cut,
           (unsigned long long)p.n_failed);
    if (count >= 100 && (p.n_unknown < count / 2 || p.n_crashes < count / 2 || p.n_models < 5 * count ||
                         p.n_cut < count || p.moved_cents < 1000 * (int64_t)count)) {
        printf("too little happens for this to prove anything\n");
        return 1;
    }
    return p.n_failed ? 1 : 0;
}

static int test_mutations(const struct world_data *data)
{
    int n_unnoticed = 0;

    for (enum mutation m = MUTATION_NONE + 1; m < MUTATIONS; m++) {
        struct progress p;
        run_seeds(0, MUTATION_SEEDS, m, data, true, &p);
        printf("%-20s noticed in %llu of %d seeds\n", mutation_name(m), (unsigned long long)p.n_failed, MUTATION_SEEDS);
        n_unnoticed += p.n_failed < (m >= MUTATION_YES_IS_KEPT ? APPROVAL_SEEDS_LEAST : 1);
    }
    return n_unnoticed ? 1 : 0;
}

/* Twice, and equal: what a seed does depends on the seed alone. */
static int test_repeats(const struct world_data *data)
{
    struct world_result a, b;

    for (uint64_t seed = 0; seed < 5; seed++) {
        world_run(seed, MUTATION_NONE, data, false, &a);
        world_run(seed, MUTATION_NONE, data, false, &b);
        if (a.trace == b.trace && a.steps == b.steps && a.n_frames == b.n_frames)
            continue;
        printf("seed %llu does not repeat\n", (unsigned long long)seed);
        return 1;
    }
    return 0;
}

static int show_one(uint64_t seed, const char *mutation, const struct world_data *data)
{
    struct world_result r;
    enum mutation m = MUTATION_NONE;

    while (mutation && m < MUTATIONS && strcmp(mutation_name(m), mutation) != 0)
        m++;
    check(m < MUTATIONS);
    log_set_level(LOG_DEBUG);
    setvbuf(stdout, NULL, _IOLBF, 0); /* so that all is there when a check ends it */
    world_run(seed, m, data, true, &r);
    printf("%s\n", r.is_ok ? "ok" : r.failure);
    return r.is_ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct world_data loaded;
    const struct world_data *data = &loaded;
    int status;

    load(&loaded);

    log_set_level(LOG_ERROR + 1);
    if (argc == 2 && strcmp(argv[1], "mutations") == 0)
        status = test_mutations(data);
    else if (argc == 2 && strcmp(argv[1], "repeats") == 0)
        status = test_repeats(data);
    else if (argc == 3 && argv[2][0] >= '0' && argv[2][0] <= '9')
        status = test_seeds(strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10), data);
    else if (argc >= 2)
        status = show_one(strtoull(argv[1], NULL, 10), argc > 2 ? argv[2] : NULL, data);
    else
        status = test_seeds(0, SEEDS, data) | test_repeats(data) | test_mutations(data);
    unload(&loaded);
    return status;
}
