/* sandbox/sandbox_stripe: the simulated Stripe over a socket, with the faults that a carrier can have. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/err.h"
#include "sandbox/sandbox_stripe.h"
#include "unit.h"

static struct loop *loop;
static struct limits limits;
static struct sandbox_stripe *sandbox;
static struct net_addr bound;
static pthread_t thread;
static char answer[65536];

static void *run(void *ctx)
{
    (void)loop_run(loop); /* until stop() below */
    return NULL;
}

static int set_up(void **state)
{
    struct net_addr addr;
    limits_default(&limits);
    limits.body_bytes_max = 2000;
    assert_int_equal(loop_uv_new(&loop), 0);
    assert_int_equal(net_addr_parse(STR("127.0.0.1:0"), &addr), 0);
    assert_int_equal(sandbox_stripe_start(loop, &addr, &limits, &sandbox, &bound), 0);
    assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
    return 0;
}

static void stop(void *ctx)
{
    sandbox_stripe_stop(sandbox);
    loop_stop(loop);
}

static int tear_down(void **state)
{
    loop_post(loop, (struct post){stop, NULL});
    assert_int_equal(pthread_join(thread, NULL), 0);
    loop_free(loop);
    return 0;
}

static int dial(void)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(bound.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {3, 0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

/* Sends a POST on a connection of its own and reads until the other side closes. Bytes read. */
static size_t post(const char *path, const char *headers, const char *body)
{
    static char request[16384];
    size_t n = 0;
    ssize_t got;
    int fd = dial();
    int len = snprintf(request, sizeof(request),
                       "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer sk_test_1\r\n"
                       "Content-Type: application/x-www-form-urlencoded\r\n%sContent-Length: %zu\r\n\r\n%s",
                       path, headers, strlen(body), body);
    assert_int_equal(write(fd, request, (size_t)len), len);
    /* Interrupted without a signal: newer libuv keeps an io_uring, whose work wakes the thread that made the loop. */
    while (n < sizeof(answer) - 1 &&
           (got = TEMP_FAILURE_RETRY(read(fd, answer + n, sizeof(answer) - 1 - n))) > 0)
        n += (size_t)got;
    answer[n] = 0;
    close(fd);
    return n;
}

static void has(const char *what)
{
    if (!strcasestr(answer, what))
        fail_msg("no `%s` in: %s", what, answer);
}

static void a_refund_is_answered(void **state)
{
    assert_true(post("/v1/refunds", "", "charge=ch_demo&amount=5") > 0);
    has("HTTP/1.1 200");
    has("\r\nRequest-Id: req_");
    has("\"object\":\"refund\"");
    assert_null(strcasestr(answer, "Idempotent-Replayed"));
}

static void a_replay_is_marked_in_the_head(void **state)
{
    assert_true(post("/v1/refunds", "Idempotency-Key: k\r\n", "charge=ch_demo&amount=5") > 0);
    assert_true(post("/v1/refunds", "Idempotency-Key: k\r\n", "charge=ch_demo&amount=5") > 0);
    has("\r\nIdempotent-Replayed: true");
}

static void a_dropped_answer_has_no_byte(void **state)
{
    assert_int_equal(post("/v1/refunds", "", "charge=ch_demo&amount=5&metadata[sandbox_fault]=drop"), 0);
    assert_true(post("/v1/refunds", "", "charge=ch_demo") > 0);
    has("\"amount\":9995"); /* it was carried out */
}

static void a_truncated_answer_ends_early(void **state)
{
    size_t n = post("/v1/refunds", "", "charge=ch_demo&amount=5&metadata[sandbox_fault]=truncate");
    assert_true(n == 0 || !strstr(answer, "sandbox_fault\":\"truncate\"}}"));
}

static void a_delayed_answer_comes(void **state)
{
    struct timeval before, after;
    gettimeofday(&before, NULL);
    assert_true(post("/v1/refunds", "", "charge=ch_demo&amount=5&metadata[sandbox_fault]=delay") > 0);
    gettimeofday(&after, NULL);
    has("HTTP/1.1 200");
    assert_true((after.tv_sec - before.tv_sec) * 1000000L + after.tv_usec - before.tv_usec > 900000);
}

/* Nobody answers; the client gives up, and then the sandbox is stopped with the visit still open. */
static void a_stalled_answer_never_comes(void **state)
{
    assert_int_equal(post("/v1/refunds", "", "charge=ch_demo&amount=5&metadata[sandbox_fault]=stall"), 0);
    int fd = dial();
    const char *text =
        "POST /v1/refunds HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test_1\r\nContent-Length: 54\r\n\r\n"
        "charge=ch_demo&amount=5&metadata[sandbox_fault]=stall ";
    assert_true(write(fd, text, strlen(text)) > 0);
    usleep(50000);
    close(fd);
}

static void a_body_over_the_limit_is_413(void **state)
{
    char body[3000];
    memset(body, 'a', sizeof(body) - 1);
    body[sizeof(body) - 1] = 0;
    assert_true(post("/v1/customers", "", body) > 0);
    has("HTTP/1.1 413");
}

static void a_bad_head_is_answered_in_the_vendors_form(void **state)
{
    int fd = dial();
    const char *text = "GET /v1/balance HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n";
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ssize_t n = TEMP_FAILURE_RETRY(read(fd, answer, sizeof(answer) - 1));
    assert_true(n > 0);
    answer[n] = 0;
    close(fd);
    has("HTTP/1.1 400");
}

static void only_loopback_is_served(void **state)
{
    struct net_addr addr, got;
    struct sandbox_stripe *sb;
    assert_int_equal(net_addr_parse(STR("192.0.2.1:0"), &addr), 0);
    assert_int_equal(sandbox_stripe_start(loop, &addr, &limits, &sb, &got), -ERR_DENIED);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_refund_is_answered),         T(a_replay_is_marked_in_the_head),
        T(a_dropped_answer_has_no_byte), T(a_truncated_answer_ends_early),
        T(a_delayed_answer_comes),       T(a_stalled_answer_never_comes),
        T(a_body_over_the_limit_is_413), T(a_bad_head_is_answered_in_the_vendors_form),
        T(only_loopback_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
