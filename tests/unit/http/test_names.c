/*
 * http/client.c, http/h1_client.c: from a target's name to a connection. The loop is the system's, its resolver the
 * test's.
 */
#include "http/vendor.h"

#include "base/err.h"

#include <sys/socket.h>

/* -------- a resolver -------- */

static struct {
    struct loop_ops ops;
    struct net_addrs addrs;
    int err;
    bool waits; /* the answer comes with answer_now() */
    size_t n_asked;
    void (*fn)(void *ctx, int err, const struct net_addrs *addrs);
    void *ctx;
    struct loop *loop;
} resolver;

static void answer(void *ctx)
{
    void (*fn)(void *, int, const struct net_addrs *) = resolver.fn;
    resolver.fn = NULL;
    fn(resolver.ctx, resolver.err, resolver.err ? NULL : &resolver.addrs);
}

static int resolve(struct loop *l, const char *name, void (*fn)(void *, int, const struct net_addrs *), void *ctx)
{
    assert_string_equal(name, "vendor.example");
    resolver.n_asked++;
    resolver.fn = fn;
    resolver.ctx = ctx;
    if (!resolver.waits)
        loop_post(l, (struct post){answer, NULL});
    return 0;
}

static void begin(struct vendor *v)
{
    vendor_begin(v);
    memset(&resolver, 0, sizeof(resolver));
    resolver.ops = *v->rig.loop->ops;
    resolver.ops.resolve = resolve;
    resolver.loop = v->rig.loop;
    v->rig.loop->ops = &resolver.ops;
}

static void end(struct vendor *v)
{
    if (resolver.fn)
        rig_do(&v->rig, answer, NULL);
    vendor_end(v);
}

static void add(const char *host)
{
    snprintf(resolver.addrs.items[resolver.addrs.n++].host, sizeof(resolver.addrs.items[0].host), "%s", host);
}

static struct call named(struct vendor *v, const char *name)
{
    struct call c = call_of(v, name);
    c.target = (struct http_target){.host = STR("vendor.example"), .port = v->addr.port, .allows_private = true};
    return c;
}

/* -------- tests -------- */

static void the_host_field_is_the_name(void **state)
{
    struct vendor v;
    char want[64];
    begin(&v);
    add("127.0.0.1");
    rig_start_pool(&v.rig);
    struct call a = named(&v, "a"), b = named(&v, "b");
    call_start(&a);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    snprintf(want, sizeof(want), "\r\nHost: vendor.example:%u\r\n", v.addr.port);
    size_t at;
    assert_true(str_find(buf_str(&v.seen), str_c(want), &at));
    rig_wait(&v.rig, "a end");
    call_start(&b);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "b end");
    assert_true(b.is_reused && resolver.n_asked == 1);
    close(fd);
    end(&v);
}

static void the_next_address_is_tried_when_one_refuses(void **state)
{
    struct vendor v;
    begin(&v);
    add("127.0.0.3"); /* nobody listens there */
    add("::1");
    add("127.0.0.1");
    rig_start_pool(&v.rig);
    struct call c = named(&v, "c");
    c.method = "POST";
    c.body = "abc";
    c.length = 3;
    call_start(&c);
    int fd = wire_accept(v.listener);
    assert_true(wire_read_until(fd, &v.seen, "\r\n\r\nabc"));
    wire_send(fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "c end");
    assert_int_equal(c.bytes_out, v.seen.n);
    close(fd);
    end(&v);
}

static void when_all_refuse_the_call_fails_without_a_byte_out(void **state)
{
    struct vendor v;
    begin(&v);
    add("127.0.0.3");
    add("127.0.0.4");
    rig_start_pool(&v.rig);
    struct call c = named(&v, "c");
    call_start(&c);
    rig_wait(&v.rig, "c reset CONNECT_FAILED");
    assert_int_equal(c.bytes_out, 0);
    end(&v);
}

static void a_connection_that_was_open_is_not_replaced_by_the_next_address(void **state)
{
    struct vendor v;
    begin(&v);
    add("127.0.0.1");
    add("127.0.0.1");
    rig_start_pool(&v.rig);
    struct call c = named(&v, "c");
    call_start(&c);
    int fd = wire_accept(v.listener);
    vendor_read_head(&v, fd);
    close(fd);
    rig_wait(&v.rig, "c reset PEER_CLOSED");
    assert_false(wire_pending(v.listener, 100));
    end(&v);
}

static void addresses_that_are_not_the_internet_must_be_allowed(void **state)
{
    struct vendor v;
    begin(&v);
    add("169.254.169.254");
    add("127.0.0.1");
    add("10.0.0.1");
    rig_start_pool(&v.rig);
    struct call c = named(&v, "c");
    c.target.allows_private = false;
    call_start(&c);
    rig_wait(&v.rig, "c reset ADDRESS_REFUSED");
    assert_int_equal(c.bytes_out, 0);
    assert_false(wire_pending(v.listener, 50));
    end(&v);
}

static void a_number_is_checked_like_a_name(void **state)
{
    struct vendor v;
    begin(&v);
    rig_start_pool(&v.rig);
    struct call c = call_of(&v, "c");
    c.target.allows_private = false;
    call_start(&c);
    rig_wait(&v.rig, "c reset ADDRESS_REFUSED");
    assert_int_equal(resolver.n_asked, 0);
    end(&v);
}

static void what_is_allowed_shares_no_connection_with_what_is_not(void **state)
{
    struct vendor v;
    begin(&v);
    add("127.0.0.1");
    rig_start_pool(&v.rig);
    struct call a = named(&v, "a"), b = named(&v, "b");
    call_start(&a);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "a end");
    b.target.allows_private = false;
    call_start(&b);
    rig_wait(&v.rig, "b reset ADDRESS_REFUSED");
    close(fd);
    end(&v);
}

static void a_name_without_addresses_fails_and_is_asked_for_again(void **state)
{
    struct vendor v;
    begin(&v);
    v.rig.limits.resolve_failed_ms = 0;
    resolver.err = -ERR_RESOLVE;
    rig_start_pool(&v.rig);
    struct call c = named(&v, "c"), d = named(&v, "d");
    call_start(&c);
    rig_wait(&v.rig, "c reset RESOLVE_FAILED");
    resolver.err = 0;
    add("127.0.0.1");
    call_start(&d);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "d end");
    assert_int_equal(resolver.n_asked, 2);
    close(fd);
    end(&v);
}

static void the_connect_time_holds_for_resolving(void **state)
{
    struct vendor v;
    begin(&v);
    resolver.waits = true;
    rig_start_pool(&v.rig);
    struct call c = named(&v, "c");
    c.times.connect_ms = 50;
    call_start(&c);
    rig_wait(&v.rig, "c reset CONNECT_TIMEOUT");
    assert_int_equal(c.bytes_out, 0);
    end(&v);
}

static void a_call_may_be_given_up_while_its_name_is_resolved(void **state)
{
    struct vendor v;
    begin(&v);
    resolver.waits = true;
    add("127.0.0.1");
    rig_start_pool(&v.rig);
    struct call c = named(&v, "c"), d = named(&v, "d");
    call_start(&c);
    call_start(&d);
    rig_do(&v.rig, call_release, &c);
    rig_do(&v.rig, answer, NULL);
    int fd = wire_accept(v.listener);
    vendor_respond(&v, fd, STR(OK_ANSWER));
    rig_wait(&v.rig, "d end after 2, kept 1");
    assert_false(wire_pending(v.listener, 50));
    close(fd);
    end(&v);
}

static void a_pool_may_end_while_names_are_resolved(void **state)
{
    struct vendor v;
    begin(&v);
    resolver.waits = true;
    rig_start_pool(&v.rig);
    struct call c = named(&v, "c");
    call_start(&c);
    vendor_end(&v); /* frees the pool: the call is reset */
    assert_non_null(resolver.fn);
    resolver.err = -ERR_CLOSED;
    answer(NULL); /* and the answer that comes too late finds nobody */
}

#define T(name) cmocka_unit_test(name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_host_field_is_the_name),
        T(the_next_address_is_tried_when_one_refuses),
        T(when_all_refuse_the_call_fails_without_a_byte_out),
        T(a_connection_that_was_open_is_not_replaced_by_the_next_address),
        T(addresses_that_are_not_the_internet_must_be_allowed),
        T(a_number_is_checked_like_a_name),
        T(what_is_allowed_shares_no_connection_with_what_is_not),
        T(a_name_without_addresses_fails_and_is_asked_for_again),
        T(the_connect_time_holds_for_resolving),
        T(a_call_may_be_given_up_while_its_name_is_resolved),
        T(a_pool_may_end_while_names_are_resolved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
