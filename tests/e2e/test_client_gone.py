"""The agent leaves: in the head, in the body, during a look-up, while the vendor works, while the answer comes. A money
call once sent is finished and recorded, a read is cancelled, and nothing leaks."""
import asyncio
import socket
import struct
import time

import pytest

import vendor as v
from bad_rig import CHARGES, GOOD
from raw import ask, connect, request

pytestmark = pytest.mark.usefixtures("nothing_broke")


def leave(s, how):
    if how == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if how == "half":
        s.shutdown(socket.SHUT_WR)
    else:
        s.close()


def wait_for_call(rig, run, seconds=5):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        calls = rig.daemon.run_calls(run)
        if calls and calls[0]["ended_at"]:
            return calls[0]
        time.sleep(0.01)
    raise AssertionError("no record of a call whose agent left")


HOWS = pytest.mark.parametrize("how", ["close", "reset", "half"])


@HOWS
def test_gone_in_the_head_leaves_nothing(rig, how):
    seq = rig.newest()
    s = connect(rig.port)
    s.sendall(request("POST", CHARGES, rig.key, GOOD)[:60])
    leave(s, how)
    time.sleep(0.1)
    assert rig.newest() == seq and not rig.vendor.requests
    s.close()


@HOWS
@pytest.mark.parametrize("part", [0, 10])
def test_gone_in_the_body_is_recorded_and_sends_nothing(rig, how, part):
    run = f"body-{how}-{part}"
    s = connect(rig.port)
    data = request("POST", CHARGES, f"{rig.key}.run_{run}", GOOD)
    s.sendall(data[:len(data) - len(GOOD) + part])
    time.sleep(0.05)
    leave(s, how)
    it = wait_for_call(rig, run)
    assert (
        it["outcome"] == "none"
        and it["error"] == "client_gone"
        and it["code"] == "request_invalid"
        and it["status"] is None
    )
    assert not rig.vendor.requests
    s.close()


@HOWS
def test_gone_during_a_look_up_sends_nothing_for_money(rig, how):
    run = f"lookup-{how}"
    made = ask(rig.port, "POST", CHARGES, rig.key, "amount=100&currency=usd").json
    rig.vendor.requests.clear()
    rig.vendor.plan(v.delay(0.3), method="GET")
    s = connect(rig.port)
    s.sendall(request("POST", "/stripe/v1/refunds", f"{rig.key}.run_{run}", f"charge={made['id']}"))
    rig.vendor.wait_for(1)
    leave(s, how)
    it = wait_for_call(rig, run)
    time.sleep(0.35)
    assert it["outcome"] == "none" and it["error"] == "client_gone" and rig.vendor.posts() == []
    s.close()


@HOWS
def test_gone_while_the_vendor_works_is_finished_and_settled(rig, how):
    run = f"work-{how}"
    rig.vendor.plan(v.delay(0.2), path="/v1/charges")
    s = connect(rig.port)
    s.sendall(request("POST", CHARGES, f"{rig.key}.run_{run}", "amount=100&currency=usd"))
    rig.vendor.wait_for(1)
    leave(s, how)
    it = wait_for_call(rig, run)
    assert it["outcome"] == "settled" and it["settled"]["usd"] == "1.000000000" and it["object_ids"]
    s.close()


@HOWS
def test_gone_while_the_answer_comes_is_finished_and_settled(rig, how):
    run = f"answer-{how}"

    async def in_two(turn):
        a = turn.commit()
        await turn.send(a.head() + a.body[:20])
        await asyncio.sleep(0.2)
        await turn.send(a.body[20:])

    rig.vendor.plan(in_two, path="/v1/charges")
    s = connect(rig.port)
    s.sendall(request("POST", CHARGES, f"{rig.key}.run_{run}", "amount=100&currency=usd"))
    rig.vendor.wait_for(1)
    time.sleep(0.05)
    leave(s, how)
    assert wait_for_call(rig, run)["outcome"] == "settled"
    s.close()


@HOWS
def test_gone_from_a_read_cancels_it(rig, how):
    run = f"read-{how}"
    rig.vendor.plan(v.never, method="GET")
    s = connect(rig.port)
    s.sendall(request("GET", "/stripe/v1/balance", f"{rig.key}.run_{run}"))
    rig.vendor.wait_for(1)
    leave(s, how)
    it = wait_for_call(rig, run)
    assert it["outcome"] == "none" and it["error"] == "client_gone"
    s.close()


@HOWS
def test_gone_from_a_long_read_stops_taking_bytes(rig, how):
    run = f"long-{how}"
    rig.vendor.plan(v.huge_body(6_000_000), method="GET")
    s = connect(rig.port)
    s.sendall(request("GET", "/stripe/v1/balance", f"{rig.key}.run_{run}"))
    s.recv(1000)
    leave(s, how)
    it = wait_for_call(rig, run)
    assert it["outcome"] == "none" and it["stream_end"] in ("client_gone", "complete")
    s.close()


def test_a_client_that_never_reads_its_answer_holds_nobody_up(rig):
    socks = []
    for i in range(8):
        rig.vendor.plan(v.huge_body(3_000_000), method="GET")
        s = connect(rig.port)
        s.sendall(request("GET", "/stripe/v1/balance", f"{rig.key}.run_lazy{i}"))
        socks.append(s)
    rig.vendor.wait_for(8)
    assert ask(rig.port, "GET", "/stripe/v1/customers", rig.key).status == 200
    for s in socks:
        leave(s, "reset")
    rig.daemon.settle()
