/*
 * What the client makes of answers, on the wire: raw bytes in, events out. Each answer comes once in one piece and once
 * byte by byte.
 */
#include "http/vendor.h"

#include <sys/socket.h>

struct answer {
    const char *method;
    struct str bytes;
    bool closes; /* the vendor closes behind it */
    const char *want; /* the log */
};

#define A(bytes) STR_INIT("HTTP/1.1 200 OK\r\n" bytes)
#define BAD "c reset BAD_FRAMING\n"

static const struct answer answers[] = {
    {"GET", STR_INIT(OK_ANSWER), false, "c head 200 'OK' 2\nc body ok\nc end after 2, kept 1\n"},
    {"GET", A("Content-Length: 0\r\n\r\n"), false, "c head 200 'OK' 0\nc end after 0, kept 1\n"},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\nTE: a\r\nZ:\r\n\r\n"), false,
     "c head 200 'OK' -1\nc body ok\nc trailer X=y\nc trailer Z=\nc end after 2, kept 1\n"},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n"), false,
     "c head 200 'OK' -1\nc body ok\n" BAD},
    {"GET", A("Content-Type: a\r\nContent-Length: 2\r\nX_Y: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nok"), false,
     "c head 200 'OK' 2|Content-Type=a|X_Y=1|Set-Cookie=a|Set-Cookie=b\nc body ok\nc end after 2, kept 1\n"},
    {"GET", A("Content-Length: 2\r\nKeep-Alive: 3\r\nUpgrade: h2c\r\nProxy-Authenticate: x\r\n"
              "Connection: keep-alive\r\n\r\nok"), false, "c head 200 'OK' 2\nc body ok\nc end after 2, kept 1\n"},
    {"GET", A("X-Hop: 1\r\nX-End: 2\r\nConnection: x-hop, close\r\nContent-Length: 2\r\n\r\nok"), false,
     "c head 200 'OK' 2|X-End=2\nc body ok\nc end after 2, kept 0\n"},
    {"GET", A("A: 1\r\nConnection: b, f, keep-alive\r\nB: 2\r\nC: 3\r\nTE: x\r\nConnection: a, host\r\nHost: h\r\n"
              "D: 4\r\nContent-Length: 2\r\nE: 5\r\nF: 6\r\nG: 7\r\n\r\nok"), false,
     "c head 200 'OK' 2|C=3|D=4|E=5|G=7\nc body ok\nc end after 2, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nok"), false,
     "c head 404 '' 2\nc body ok\nc end after 2, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.1 599 Odd One\r\nContent-Length: 2\r\n\r\nok"), false,
     "c head 599 'Odd One' 2\nc body ok\nc end after 2, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"), false,
     "c head 200 'OK' 2\nc body ok\nc end after 2, kept 0\n"},
    /* until close */
    {"GET", A("\r\nok"), true, "c head 200 'OK' -1\nc body ok\nc end after 2, kept 0\n"},
    {"GET", STR_INIT("HTTP/1.0 200 OK\r\n\r\nok"), true, "c head 200 'OK' -1\nc body ok\nc end after 2, kept 0\n"},
    /* no body by rule */
    {"HEAD", A("Content-Length: 500\r\n\r\n"), false, "c head 200 'OK' 500\nc end after 0, kept 1\n"},
    {"HEAD", A("Transfer-Encoding: chunked\r\n\r\n"), false, "c head 200 'OK' -1\nc end after 0, kept 1\n"},
    {"HEAD", A("\r\n"), false, "c head 200 'OK' -1\nc end after 0, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.1 204 No Content\r\n\r\n"), false, "c head 204 'No Content' 0\nc end after 0, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"), false,
     "c head 304 'Not Modified' 9\nc end after 0, kept 1\n"},
    /* ... with one all the same: the connection is not used again */
    {"HEAD", A("Content-Length: 2\r\n\r\nok"), false, "c head 200 'OK' 2\nc end after 0, kept 0\n"},
    {"GET", STR_INIT("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok"), false,
     "c head 204 'No Content' 2\nc end after 0, kept 0\n"},
    {"GET", STR_INIT("HTTP/1.1 304 Not Modified\r\n\r\nx"), false,
     "c head 304 'Not Modified' 0\nc end after 0, kept 0\n"},
    {"GET", A("Content-Length: 2\r\n\r\nokay"), false, "c head 200 'OK' 2\nc body ok\nc end after 2, kept 0\n"},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), false,
     "c head 200 'OK' -1\nc end after 0, kept 0\n"},
    /* interim */
    {"GET", STR_INIT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" OK_ANSWER), false,
     "c info 103\nc head 200 'OK' 2\nc body ok\nc end after 2, kept 1\n"},
    {"GET", STR_INIT("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), false, BAD},
    /* framing that two readers could read differently */
    {"GET", A("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), false, BAD},
    {"GET", A("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"), false, BAD},
    {"GET", A("Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: 2, 2\r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: +2\r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: \r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: 99999999999999999999\r\n\r\nok"), false, BAD},
    {"GET", A("Transfer-Encoding: gzip\r\n\r\nok"), true, BAD},
    {"GET", A("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), false, BAD},
    {"GET", A("Transfer-Encoding: chunked, gzip\r\n\r\nok"), true, BAD},
    {"GET", A("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), false, BAD},
    {"HEAD", A("Content-Length: 2\r\nContent-Length: 2\r\n\r\n"), false, BAD},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n"), false, "c head 200 'OK' -1\n" BAD},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n"), false, "c head 200 'OK' -1\n" BAD},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n"), false, "c head 200 'OK' -1\n" BAD},
    /* heads that are not heads */
    {"GET", STR_INIT("HTTP/1.1 200 OK\nContent-Length: 0\n\n"), false, BAD},
    {"GET", A("Content-Length: 2\n\r\nok"), false, BAD},
    {"GET", A("X: a\r\n b\r\nContent-Length: 2\r\n\r\nok"), false, BAD},
    {"GET", A("X : a\r\nContent-Length: 2\r\n\r\nok"), false, BAD},
    {"GET", A("X: a\0\r\nContent-Length: 2\r\n\r\nok"), false, BAD},
    {"GET", A("X: a\rb\r\nContent-Length: 2\r\n\r\nok"), false, BAD},
    {"GET", A("Content-Length: 2\r\n" "X\r\n\r\nok"), false, BAD},
    {"GET", STR_INIT("\r\nHTTP/1.1 200 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1  200 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1 20 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1 2000 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1 099 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1 600 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.1 2x0 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/1.2 200 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/2 200\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("HTTP/2.0 200 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("ICY 200 OK\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), false, BAD},
    {"GET", STR_INIT("<html>\r\n\r\n"), false, BAD},
    /* truncated */
    {"GET", STR_INIT("HTTP/1.1 20"), true, "c reset TRUNCATED\n"},
    {"GET", A("Content-Length: 2\r\n"), true, "c reset TRUNCATED\n"},
    {"GET", A("Content-Length: 3\r\n\r\nok"), true, "c head 200 'OK' 3\nc body ok\nc reset TRUNCATED\n"},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"), true,
     "c head 200 'OK' -1\nc body ok\nc reset TRUNCATED\n"},
    {"GET", A("Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"), true,
     "c head 200 'OK' -1\nc body ok\nc reset TRUNCATED\n"},
    {"GET", STR_INIT("HTTP/1.1 100 Continue\r\n\r\n"), true, "c reset TRUNCATED\n"},
    {"GET", STR_INIT(""), true, "c reset PEER_CLOSED\n"},
};

static bool ends_as(struct vendor *v, const struct answer *a, bool bytewise)
{
    struct call c = call_of(v, "c");

    c.method = a->method;
    c.fresh = true;
    rig_clear(&v->rig);
    call_start(&c);
    int fd = wire_accept(v->listener);
    vendor_read_head(v, fd);
    for (size_t i = 0; i < a->bytes.n; i += bytewise ? 1 : a->bytes.n)
        wire_try_send(fd, str_sub(a->bytes, i, bytewise ? 1 : a->bytes.n));
    if (a->closes)
        shutdown(fd, SHUT_WR);
    const char *last = strstr(a->want, "c reset");
    rig_wait(&v->rig, last ? last : "c end");
    bool is_good = bytewise ? rig_count(&v->rig, last ? last : "c end") == 1 : rig_is(&v->rig, a->want);
    if (!is_good)
        print_error("for the answer " STR_FMT "\n", STR_ARG(a->bytes));
    close(fd);
    rig_do(&v->rig, close_idle, &v->rig);
    return is_good;
}

static void every_answer_ends_as_listed(void **state)
{
    struct vendor v;
    size_t n_bad = 0;

    vendor_begin(&v);
    rig_start_pool(&v.rig);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        n_bad += !ends_as(&v, &answers[i], false) + !ends_as(&v, &answers[i], true);
    assert_int_equal(n_bad, 0);
    vendor_end(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_ends_as_listed),
    };
    return cmocka_run_group_tests_name("http/answer", tests, NULL, NULL);
}
