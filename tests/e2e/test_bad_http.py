"""HTTP that must not be understood: refused with its own status before anything can act on it, recorded where the head
was fine, and never at the vendor."""
import time

import pytest

from bad_rig import CHARGES, GOOD, refusal
from raw import FORM, Cut, Reader, connect, exchange, request

pytestmark = pytest.mark.usefixtures("nothing_broke")


# ---- HTTP ------------------------------------------------------------------------------------------------------------


def http(
    line="POST /stripe/v1/charges HTTP/1.1", *fields, body=GOOD.encode(), host="Host: a", length=True, eol=b"\r\n"
):
    def make(key):
        lines = [line, *([host] if host else []), f"Authorization: Bearer {key}", f"Content-Type: {FORM}"]
        if length:
            lines.append(f"Content-Length: {len(body)}")
        lines += fields
        return eol.join(x.encode("latin-1") for x in lines) + eol + eol + body
    return make


def chunks(body, *fields, line="POST /stripe/v1/charges HTTP/1.1"):
    return http(line, "Transfer-Encoding: chunked", *fields, body=body, length=False)


def get(target, *fields, version="HTTP/1.1", host="Host: a"):
    return http(f"GET {target} {version}", *fields, body=b"", length=False, host=host)


MALFORMED = {
    "no_version": (http("POST /stripe/v1/charges"), 400),
    "version_2": (http("POST /stripe/v1/charges HTTP/2.0"), 505),
    "version_0_9": (http("GET /stripe/v1/balance HTTP/0.9", body=b"", length=False), 505),
    "version_junk": (http("POST /stripe/v1/charges HTTP/x"), 400),
    "two_spaces": (http("POST  /stripe/v1/charges HTTP/1.1"), 400),
    "space_at_end": (http("POST /stripe/v1/charges HTTP/1.1 "), 400),
    "tab": (http("POST\t/stripe/v1/charges HTTP/1.1"), 400),
    "method_lower_case": (http("post /stripe/v1/charges HTTP/1.1"), 400),
    "method_unknown": (http("BREW /stripe/v1/charges HTTP/1.1"), 501),
    "connect": (http("CONNECT api.stripe.com:443 HTTP/1.1", body=b"", length=False), 405),
    "trace": (http("TRACE /stripe/v1/balance HTTP/1.1", body=b"", length=False), 405),
    "bare_lf": (http(eol=b"\n"), 400),
    "bare_cr": (http("POST /stripe/v1/charges HTTP/1.1", "X-A: b\rX-C: d"), 400),
    "folded_line": (http("POST /stripe/v1/charges HTTP/1.1", "X-A: b\r\n c"), 400),
    "space_before_colon": (http("POST /stripe/v1/charges HTTP/1.1", "X-A : b"), 400),
    "no_colon": (http("POST /stripe/v1/charges HTTP/1.1", "X-A"), 400),
    "empty_name": (http("POST /stripe/v1/charges HTTP/1.1", ": b"), 400),
    "nul_in_value": (http("POST /stripe/v1/charges HTTP/1.1", "X-A: b\0c"), 400),
    "bad_byte_in_name": (http("POST /stripe/v1/charges HTTP/1.1", "X@(A): b"), 400),
    "no_host": (http(host=None), 400),
    "two_hosts": (http("POST /stripe/v1/charges HTTP/1.1", "Host: b"), 400),
    "host_with_user": (http(host="Host: u@a"), 400),
    "host_empty": (http(host="Host:"), 400),
    "target_names_another_host": (http("POST http://b/stripe/v1/charges HTTP/1.1"), 400),
    "target_https": (http("POST https://a/stripe/v1/charges HTTP/1.1"), 400),
    "target_star": (http("OPTIONS * HTTP/1.1", body=b"", length=False), 400),
    "target_without_slash": (http("POST stripe/v1/charges HTTP/1.1"), 400),
    "fragment": (get("/stripe/v1/balance#x"), 400),
    "backslash": (get("/stripe\\v1/balance"), 400),
    "control_byte_in_target": (get("/stripe/v1/bal\x01ance"), 400),
    "byte_over_127_in_target": (get("/stripe/v1/bal\xe9ance"), 400),
    "length_and_chunked": (chunks(b"0\r\n\r\n", "Content-Length: 5"), 400),
    "two_lengths": (http("POST /stripe/v1/charges HTTP/1.1", "Content-Length: 5"), 400),
    "two_equal_lengths": (http("POST /stripe/v1/charges HTTP/1.1", f"Content-Length: {len(GOOD)}"), 400),
    "length_list": (
        http("POST /stripe/v1/charges HTTP/1.1", f"Content-Length: {len(GOOD)}, {len(GOOD)}", length=False),
        400,
    ),
    "length_signed": (http("POST /stripe/v1/charges HTTP/1.1", f"Content-Length: +{len(GOOD)}", length=False), 400),
    "length_negative": (http("POST /stripe/v1/charges HTTP/1.1", "Content-Length: -1", length=False), 400),
    "length_hex": (http("POST /stripe/v1/charges HTTP/1.1", "Content-Length: 0x10", length=False), 400),
    "length_overflow": (
        http("POST /stripe/v1/charges HTTP/1.1", "Content-Length: 99999999999999999999", length=False),
        400,
    ),
    "length_empty": (http("POST /stripe/v1/charges HTTP/1.1", "Content-Length:", length=False), 400),
    "coding_gzip": (http("POST /stripe/v1/charges HTTP/1.1", "Transfer-Encoding: gzip, chunked", length=False), 501),
    "coding_identity": (http("POST /stripe/v1/charges HTTP/1.1", "Transfer-Encoding: identity", length=False), 501),
    "coding_twice": (chunks(b"0\r\n\r\n", "Transfer-Encoding: chunked"), 501),
    "coding_in_1_0": (chunks(b"0\r\n\r\n", line="POST /stripe/v1/charges HTTP/1.0"), 400),
    "expect_other": (http("POST /stripe/v1/charges HTTP/1.1", "Expect: miracles"), 417),
    "connection_names_our_field": (http("POST /stripe/v1/charges HTTP/1.1", "Connection: close, authorization"), 400),
    "connection_names_idempotency": (http("POST /stripe/v1/charges HTTP/1.1", "Connection: Idempotency-Key"), 400),
    "upgrade_with_body": (http("POST /stripe/v1/charges HTTP/1.1", "Connection: upgrade", "Upgrade: h2c"), 400),
    "http2_preface": (lambda key: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "not_http": (lambda key: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 40 + b"\r\n\r\n", 400),
    "huge_head": (get("/stripe/v1/balance", *[f"X-Pad-{i}: {'p' * 900}" for i in range(20)]), 431),
    "many_fields": (get("/stripe/v1/balance", *[f"X-{i}: 1" for i in range(60)]), 431),
    "long_target": (get("/stripe/v1/charges?a=" + "1" * 3000), 414),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_http_is_refused_without_a_record(rig, name):
    make, status = MALFORMED[name]
    code = "request_too_large" if status in (413, 414, 431) else "request_invalid"
    refusal(rig, make(rig.key), status, code, recorded=False)


# The head was fine, so the key is known and the record says what came of it.
BAD_BODIES = {
    "body_larger_than_its_limit": (http(body=b"a=" + b"1" * 70000), 413, "request_too_large"),
    "chunk_size_is_no_number": (chunks(b"zz\r\n" + GOOD.encode() + b"\r\n0\r\n\r\n"), 400, "request_invalid"),
    "chunk_size_is_huge": (chunks(b"fffffffffffffffff\r\nx"), 400, "request_invalid"),
    "chunk_longer_than_its_size": (chunks(b"3\r\n" + GOOD.encode() + b"\r\n0\r\n\r\n"), 400, "request_invalid"),
    "chunk_extension": (chunks(b"27;a=b\r\n" + GOOD.encode() + b"\r\n0\r\n\r\n"), 400, "request_invalid"),
    "chunk_with_bare_lf": (chunks(b"27\n" + GOOD.encode() + b"\n0\n\n"), 400, "request_invalid"),
    "chunks_larger_than_their_limit": (
        chunks(b"".join(b"1000\r\n" + b"a" * 4096 + b"\r\n" for _ in range(20)) + b"0\r\n\r\n"),
        413,
        "request_too_large",
    ),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_malformed_body_is_refused_and_recorded(rig, name):
    make, status, code = BAD_BODIES[name]
    run = f"body-{name}"
    data = make(f"{rig.key}.run_{run}")
    r = exchange(rig.port, data)
    assert (r.status, r.code) == (status, code), (r.status, r.headers, r.body)
    it, = rig.daemon.run_calls(run)
    assert it["code"] == code and it["outcome"] == "none" and it["verdict"] == "deny" and it["status"] == status
    assert not rig.vendor.requests


def test_a_chunked_body_is_read_and_sent_on_with_a_length(rig):
    """The counterpart: odd but correct chunking is understood."""
    body = GOOD.encode()
    pieces = b"".join(b"%X\r\n" % 1 + body[i:i + 1] + b"\r\n" for i in range(len(body))) + b"0\r\nX-Trailer: 1\r\n\r\n"
    r = exchange(rig.port, chunks(pieces)(rig.key))
    assert r.status == 200, r.body
    sent, = rig.vendor.posts()
    assert (
        sent.header("transfer-encoding") is None and sent.form["amount"] == "700" and sent.header("x-trailer") is None
    )


def test_two_pipelined_requests_are_answered_in_order(rig):
    with connect(rig.port) as s:
        s.sendall(
            request("POST", CHARGES, rig.key, "amount=1&currency=usd")
            + request("POST", CHARGES, rig.key, "amount=-1&currency=usd")
            + request("GET", "/stripe/v1/balance", rig.key)
        )
        reader = Reader(s)
        assert [reader.response().status for _ in range(3)] == [200, 400, 200]


def test_a_request_hidden_in_a_refused_ones_body_is_not_served(rig):
    inner = request("POST", CHARGES, rig.key, GOOD)
    data = request("POST", CHARGES, rig.key, inner, headers=[("Transfer-Encoding", "chunked")])
    with connect(rig.port) as s:
        s.sendall(data)
        reader = Reader(s)
        assert reader.response().status == 400
        with pytest.raises(Cut):
            reader.response()
    assert not rig.vendor.requests


# ---- slow and cut ----------------------------------------------------------------------------------------------------


def test_a_slow_head_is_a_408(rig):
    with connect(rig.port) as s:
        s.sendall(b"GET /stripe/v1/balance HTTP/1.1\r\nHost: a\r\n")
        r = Reader(s).response()
    assert (r.status, r.code) == (408, "request_invalid")


def test_a_head_in_drops_is_a_408_all_the_same(rig):
    with connect(rig.port) as s:
        started = time.monotonic()
        try:
            for ch in b"GET /stripe/v1/balance HTTP/1.1\r\nHost: a\r\nX-Pad: " + b"p" * 60:
                s.send(bytes([ch]))
                time.sleep(0.02)
        except OSError:
            pass
        try:
            assert Reader(s).response().status == 408
        except Cut:
            pass  # our later bytes met a closed socket
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("drip", [False, True], ids=["stops", "drips"])
def test_a_slow_body_is_a_408_on_record(rig, drip):
    run = f"slow-{drip}"
    with connect(rig.port) as s:
        s.sendall(
            request("POST", CHARGES, f"{rig.key}.run_{run}", headers=[("Content-Length", 1000), ("Content-Type", FORM)])
            + b"amount=1"
        )
        try:
            for _ in range(20 if drip else 0):
                s.send(b"1")
                time.sleep(0.1)
        except OSError:
            pass
        r = Reader(s).response()
    assert (r.status, r.code) == (408, "request_invalid")
    it, = rig.daemon.run_calls(run)
    assert it["code"] == "request_invalid" and it["outcome"] == "none" and it["status"] == 408
