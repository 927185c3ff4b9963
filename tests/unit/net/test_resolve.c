/* net/resolve.c against a loop whose clock and answers are the test's. */
#include "net/resolve.h"

#include "base/err.h"
#include "unit.h"

static struct fake {
    struct loop loop;
    mono_t now;
    size_t n_asked;
    char name[64];
    void (*fn)(void *ctx, int err, const struct net_addrs *addrs); /* NULL: no look-up is under way */
    void *ctx;
    bool is_broken; /* no look-up can be begun */
} f;

static mono_t fake_now(struct loop *l) { return f.now; }

static int fake_resolve(struct loop *l, const char *name, void (*fn)(void *, int, const struct net_addrs *), void *ctx)
{
    assert_null(f.fn);
    if (f.is_broken)
        return -ERR_RESOLVE;
    f.n_asked++;
    snprintf(f.name, sizeof(f.name), "%s", name);
    f.fn = fn;
    f.ctx = ctx;
    return 0;
}

static const struct loop_ops fake_ops = {.now = fake_now, .resolve = fake_resolve};
static struct limits limits;
static struct resolver *r;

static void answer(int err, const char *host)
{
    void (*fn)(void *, int, const struct net_addrs *) = f.fn;
    struct net_addrs addrs = {.n = host ? 1 : 0};
    snprintf(addrs.items[0].host, sizeof(addrs.items[0].host), "%s", host ? host : "");
    f.fn = NULL;
    fn(f.ctx, err, err ? NULL : &addrs);
}

struct waiter {
    struct resolve_wait wait; /* first */
    int n, err;
    char host[46];
};

static void on_told(struct resolve_wait *w, int err, const struct net_addrs *addrs)
{
    struct waiter *it = (struct waiter *)(void *)w;
    it->n++;
    it->err = err;
    snprintf(it->host, sizeof(it->host), "%s", addrs ? addrs->items[0].host : "-");
}

static struct waiter waiter(void)
{
    struct waiter w = {.wait = {.fn = on_told}};
    list_init(&w.wait.node);
    return w;
}

static struct net_addrs addrs;
static int ask(const char *name, struct waiter *w) { return resolver_ask(r, str_c(name), &w->wait, &addrs); }
static void after_ms(int64_t ms) { f.now += ms * NS_PER_MS; }

static int setup(void **state)
{
    f = (struct fake){.now = NS_PER_S};
    f.loop.ops = &fake_ops;
    limits_default(&limits);
    return resolver_new(&f.loop, &limits, &r);
}

static int teardown(void **state)
{
    resolver_free(r);
    if (f.fn)
        answer(-ERR_CLOSED, NULL);
    return 0;
}

static void numbers_and_localhost_need_no_look_up(void **state)
{
    struct waiter w = waiter();
    assert_int_equal(ask("192.0.2.1", &w), 0);
    assert_true(addrs.n == 1 && strcmp(addrs.items[0].host, "192.0.2.1") == 0);
    assert_int_equal(ask("2001:db8::1", &w), 0);
    assert_true(addrs.n == 1 && strcmp(addrs.items[0].host, "2001:db8::1") == 0);
    assert_int_equal(ask("LocalHost", &w), 0);
    assert_true(addrs.n == 2 && strcmp(addrs.items[0].host, "127.0.0.1") == 0);
    assert_string_equal(addrs.items[1].host, "::1");
    assert_int_equal(f.n_asked, 0);
}

static void all_who_wait_for_a_name_share_one_look_up(void **state)
{
    struct waiter a = waiter(), b = waiter(), c = waiter();
    assert_int_equal(ask("api.example", &a), RESOLVE_R_WAIT);
    assert_int_equal(ask("api.example", &b), RESOLVE_R_WAIT);
    assert_int_equal(ask("api.example", &c), RESOLVE_R_WAIT);
    assert_true(f.n_asked == 1 && strcmp(f.name, "api.example") == 0);
    resolve_cancel(&b.wait);
    answer(0, "192.0.2.7");
    assert_true(a.n == 1 && b.n == 0 && c.n == 1 && a.err == 0);
    assert_string_equal(c.host, "192.0.2.7");
    assert_int_equal(ask("api.example", &a), 0);
    assert_string_equal(addrs.items[0].host, "192.0.2.7");
    assert_int_equal(f.n_asked, 1);
}

static void an_older_answer_is_used_while_it_is_asked_for_again(void **state)
{
    struct waiter w = waiter();
    (void)ask("a", &w);
    answer(0, "192.0.2.1");
    after_ms(limits.resolve_fresh_ms - 1);
    assert_int_equal(ask("a", &w), 0);
    assert_int_equal(f.n_asked, 1);
    after_ms(1);
    assert_int_equal(ask("a", &w), 0);
    assert_string_equal(addrs.items[0].host, "192.0.2.1");
    assert_int_equal(f.n_asked, 2);
    answer(0, "192.0.2.2");
    assert_int_equal(ask("a", &w), 0);
    assert_string_equal(addrs.items[0].host, "192.0.2.2");
    assert_int_equal(w.n, 1);
}

static void an_answer_that_is_too_old_is_waited_for(void **state)
{
    struct waiter w = waiter();
    (void)ask("a", &w);
    answer(0, "192.0.2.1");
    after_ms(limits.resolve_stale_ms - 1);
    assert_int_equal(ask("a", &w), 0);
    after_ms(1);
    assert_int_equal(ask("a", &w), RESOLVE_R_WAIT);
    answer(0, "192.0.2.2");
    assert_string_equal(w.host, "192.0.2.2");
}

static void a_failed_look_up_keeps_the_old_answer(void **state)
{
    struct waiter w = waiter();
    (void)ask("a", &w);
    answer(0, "192.0.2.1");
    after_ms(limits.resolve_stale_ms);
    assert_int_equal(ask("a", &w), RESOLVE_R_WAIT);
    answer(-ERR_RESOLVE, NULL);
    assert_int_equal(w.err, 0);
    assert_string_equal(w.host, "192.0.2.1");
    assert_int_equal(ask("a", &w), 0);
    assert_int_equal(f.n_asked, 2);
}

static void a_failure_is_told_and_remembered_for_a_while(void **state)
{
    struct waiter w = waiter();
    (void)ask("a", &w);
    answer(-ERR_RESOLVE, NULL);
    assert_true(w.n == 1 && w.err == -ERR_RESOLVE);
    after_ms(limits.resolve_failed_ms - 1);
    assert_int_equal(ask("a", &w), -ERR_RESOLVE);
    assert_int_equal(f.n_asked, 1);
    after_ms(1);
    assert_int_equal(ask("a", &w), RESOLVE_R_WAIT);
    answer(0, NULL); /* a name without addresses is no better */
    assert_true(w.n == 2 && w.err == -ERR_RESOLVE);
}

static void a_look_up_that_cannot_begin_is_a_failure(void **state)
{
    struct waiter w = waiter();
    f.is_broken = true;
    assert_int_equal(ask("a", &w), -ERR_RESOLVE);
    f.is_broken = false;
    assert_int_equal(ask("a", &w), -ERR_RESOLVE);
    after_ms(limits.resolve_failed_ms);
    assert_int_equal(ask("a", &w), RESOLVE_R_WAIT);
    resolve_cancel(&w.wait);
}

static void names_that_cannot_be_are_not_asked_for(void **state)
{
    struct waiter w = waiter();
    char longest[NET_NAME_CHARS_MAX + 2];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = 0;
    assert_int_equal(ask("", &w), -ERR_RESOLVE);
    assert_int_equal(ask(longest, &w), -ERR_RESOLVE);
    assert_int_equal(resolver_ask(r, (struct str){"a\0b", 3}, &w.wait, &addrs), -ERR_RESOLVE);
    assert_int_equal(f.n_asked, 0);
    assert_int_equal(ask(longest + 1, &w), RESOLVE_R_WAIT);
    resolve_cancel(&w.wait);
}

/* -------- over the system's loop -------- */

static void stop_when_told(void *ctx, int err, const struct net_addrs *found)
{
    struct loop *l = ctx;
    assert_int_equal(err, 0);
    assert_true(found->n >= 1 && strcmp(net_addr_special(&found->items[0]), "loopback (RFC 1122)") == 0);
    loop_stop(l);
}

static void the_system_is_asked_in_another_thread(void **state)
{
    struct loop *l;
    assert_int_equal(loop_uv_new(&l), 0);
    assert_int_equal(l->ops->resolve(l, "127.0.0.1", stop_when_told, l), 0);
    loop_run(l);
    loop_free(l);
}

static int told;
static void count_closed(void *ctx, int err, const struct net_addrs *found)
{
    assert_true(err == -ERR_CLOSED || err == 0);
    told++;
}

static void a_loop_that_ends_tells_who_waits(void **state)
{
    struct loop *l;
    told = 0;
    assert_int_equal(loop_uv_new(&l), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(l->ops->resolve(l, "127.0.0.1", count_closed, NULL), 0);
    loop_stop(l);
    loop_run(l);
    loop_free(l);
    assert_int_equal(told, 20);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(numbers_and_localhost_need_no_look_up),
        T(all_who_wait_for_a_name_share_one_look_up),
        T(an_older_answer_is_used_while_it_is_asked_for_again),
        T(an_answer_that_is_too_old_is_waited_for),
        T(a_failed_look_up_keeps_the_old_answer),
        T(a_failure_is_told_and_remembered_for_a_while),
        T(a_look_up_that_cannot_begin_is_a_failure),
        T(names_that_cannot_be_are_not_asked_for),
        cmocka_unit_test(the_system_is_asked_in_another_thread),
        cmocka_unit_test(a_loop_that_ends_tells_who_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
