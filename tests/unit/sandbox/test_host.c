/* sandbox/host: the simulated Stripe, and a vendor that streams, over a socket, with the faults of a carrier. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/err.h"
#include "sandbox/vendors.h"
#include "unit.h"

static struct loop *loop;
static struct limits limits;
static struct sandbox *sandbox;
static struct net_addr bound;
static pthread_t thread;
static char answer[65536];

static void *run(void *ctx)
{
    (void)loop_run(loop); /* until stop() below */
    return NULL;
}

/* A vendor that answers with four events, paced. */
static int answer_stream(void *state, const struct sandbox_request *r, struct arena *a, struct sandbox_answer *ret)
{
    static const struct str events[] = {STR_INIT("data: 1\n\n"), STR_INIT("data: 2\n\n"), STR_INIT("data: 3\n\n"),
                                        STR_INIT("data: 4\n\n")};
    ret->status = 200;
    ret->pieces = events;
    ret->n_pieces = 4;
    ret->is_stream = true;
    ret->pace_ms = 20;
    sandbox_put_field(ret, STR("Content-Type"), STR("text/event-stream"));
    return 0;
}

static int serve(const struct sandbox_vendor *vendor)
{
    struct net_addr addr;
    assert_int_equal(net_addr_parse(STR("127.0.0.1:0"), &addr), 0);
    assert_int_equal(sandbox_start(loop, &addr, &limits, vendor, &sandbox, &bound), 0);
    assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
    return 0;
}

static int set_up_stream(void **state)
{
    static const struct sandbox_vendor vendor = {.answer = answer_stream};
    limits_default(&limits);
    assert_int_equal(loop_uv_new(&loop), 0);
    return serve(&vendor);
}

static int set_up(void **state)
{
    struct sandbox_vendor vendor;
    limits_default(&limits);
    limits.llm_body_bytes_max = 2000;
    assert_int_equal(loop_uv_new(&loop), 0);
    assert_int_equal(sandbox_stripe(&limits, loop_wall(loop), &vendor), 0);
    return serve(&vendor);
}

static void stop(void *ctx)
{
    sandbox_stop(sandbox);
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
    struct sandbox *sb;
    static const struct sandbox_vendor vendor = {.answer = answer_stream};
    assert_int_equal(net_addr_parse(STR("192.0.2.1:0"), &addr), 0);
    assert_int_equal(sandbox_start(loop, &addr, &limits, &vendor, &sb, &got), -ERR_DENIED);
}

static void faults_can_be_asked_for_by_header(void **state)
{
    assert_int_equal(post("/v1/refunds", "x-flyball-fault: drop\r\n", "charge=ch_demo&amount=5"), 0);
    assert_true(post("/v1/refunds", "x-flyball-fault: error_500\r\n", "charge=ch_demo&amount=5") > 0);
    has("HTTP/1.1 500");
    assert_true(post("/v1/refunds", "", "charge=ch_demo") > 0);
    has("\"amount\":9990"); /* both were carried out */
}

static void a_slow_answer_is_whole(void **state)
{
    assert_true(post("/v1/refunds", "x-flyball-fault: slow\r\n", "charge=ch_demo&amount=5") > 0);
    has("\"object\":\"refund\"");
    assert_int_equal(answer[strlen(answer) - 1], '}');
}

static void a_stream_is_paced(void **state)
{
    struct timeval before, after;
    gettimeofday(&before, NULL);
    assert_true(post("/", "", "") > 0);
    gettimeofday(&after, NULL);
    has("data: 1");
    has("data: 4");
    has("\r\n0\r\n\r\n");
    assert_true((after.tv_sec - before.tv_sec) * 1000000L + after.tv_usec - before.tv_usec >= 55000);
}

static void a_cut_stream_has_half_of_its_events(void **state)
{
    assert_true(post("/", "x-flyball-fault: truncate\r\n", "") > 0);
    has("data: 2");
    assert_null(strstr(answer, "data: 3"));
    assert_null(strstr(answer, "\r\n0\r\n\r\n"));
}

static void a_stream_can_stop_in_the_middle(void **state)
{
    assert_true(post("/", "x-flyball-fault: stall\r\n", "") > 0); /* the reader loses patience */
    has("data: 2");
    assert_null(strstr(answer, "data: 3"));
}

static void every_fault_has_a_name(void **state)
{
    assert_int_equal(sandbox_fault_parse(STR("drop")), SANDBOX_FAULT_DROP);
    assert_int_equal(sandbox_fault_parse(STR("slow")), SANDBOX_FAULT_SLOW);
    assert_int_equal(sandbox_fault_parse(STR("")), SANDBOX_FAULT_NONE);
    assert_int_equal(sandbox_fault_parse(STR("explode")), SANDBOX_FAULT_NONE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define S(name) cmocka_unit_test_setup_teardown(name, set_up_stream, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_refund_is_answered),         T(a_replay_is_marked_in_the_head),
        T(a_dropped_answer_has_no_byte), T(a_truncated_answer_ends_early),
        T(a_delayed_answer_comes),       T(a_stalled_answer_never_comes),
        T(a_body_over_the_limit_is_413), T(a_bad_head_is_answered_in_the_vendors_form),
        T(only_loopback_is_served),      T(faults_can_be_asked_for_by_header),
        T(a_slow_answer_is_whole),       S(a_stream_is_paced),
        S(a_cut_stream_has_half_of_its_events), S(a_stream_can_stop_in_the_middle),
        cmocka_unit_test(every_fault_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
