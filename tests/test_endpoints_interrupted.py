"""Calls of sctp.sync's endpoints that are interrupted at each place where Python
handles a signal, one after the other, and then made again."""

import sys
import time
from contextlib import suppress
from socket import AF_INET, SOCK_STREAM

import pytest
import system
from test_associations_interrupted import (
    BOUND,
    LOCAL,
    PACKAGE,
    Interrupted,
    interrupt,
)

import sctp
from sctp.sync import open_endpoint

pytestmark = [pytest.mark.kernel]


@pytest.fixture
def each_place(make_socket):
    """New endpoints, each with peers, for each place, up to one that is not
    reached; nothing is left of them."""

    def make(peers=1, **kwargs):
        before = system.open_descriptors()
        for place in range(5000):
            kwargs = {"close_timeout": BOUND, **kwargs}
            endpoint = open_endpoint(LOCAL, **kwargs)
            socks = [make_socket(AF_INET, SOCK_STREAM) for _ in range(peers)]
            for sock in socks:
                sock.settimeout(BOUND)
                sock.connect(endpoint.addresses[0])
            try:
                yield endpoint, socks, place
            finally:
                endpoint.abort()
                for sock in socks:
                    sock.close()
            assert system.open_descriptors() == before, place
        pytest.fail("there is no end of places")

    return make


def read_to_the_end(association):
    got = []
    with pytest.raises(EOFError):
        while True:
            got.append(association.receive(timeout=BOUND).data)
    return got


def test_accept(each_place):
    """Each association is given once, with what it has received."""
    for endpoint, socks, place in each_place(peers=2):
        for number, sock in enumerate(socks):
            sock.send(b"%d" % number)
            sock.close()
        got = []

        def accept_both(endpoint=endpoint, got=got):
            for _ in range(2):
                got.append(endpoint.accept(timeout=BOUND))

        was_interrupted = interrupt(accept_both, place)
        while len(got) < 2:
            got.append(endpoint.accept(timeout=BOUND))
        assert [read_to_the_end(each) for each in got] == [[b"0"], [b"1"]], place
        with pytest.raises(TimeoutError):
            endpoint.accept(timeout=0)
        if not was_interrupted:
            break


def test_receive(each_place):
    """Messages of all come once, in order, whole."""
    sent = [b"0", bytes(20_000), b"2"]
    for endpoint, [sock], place in each_place():
        for data in sent:
            sock.sctp_sendv([data])
        got = []

        def receive_all(endpoint=endpoint, got=got):
            for _ in sent:
                got.append(endpoint.receive(timeout=BOUND).data)

        was_interrupted = interrupt(receive_all, place)
        while len(got) < len(sent):
            got.append(endpoint.receive(timeout=BOUND).data)
        assert got == sent, place
        with pytest.raises(TimeoutError):
            endpoint.receive(timeout=0)
        assert len(endpoint.associations) == 1, place
        if not was_interrupted:
            break


@pytest.mark.parametrize("max_unread", [1 << 20, 1000])
def test_receive_of_an_association(each_place, max_unread):
    """Also where it is peeled off by itself meanwhile."""
    sent = [b"0", bytes(20_000), b"2", b"3", b"4"]
    for endpoint, [sock], place in each_place(max_unread=max_unread):
        association = endpoint.accept(timeout=BOUND)
        for data in sent:
            sock.sctp_sendv([data])
        sock.close()
        got = []

        def receive_all(association=association, got=got):
            while True:
                got.append(association.receive(timeout=BOUND).data)

        was_interrupted = False
        with suppress(EOFError):
            was_interrupted = interrupt(receive_all, place)
        got += read_to_the_end(association)
        assert got == sent, place
        if not was_interrupted:
            break


def test_send(each_place):
    """The messages that are reported as sent were sent, and no others."""
    for endpoint, [sock], place in each_place():
        association = endpoint.accept(timeout=BOUND)
        said = []

        def send_two(association=association, said=said):
            for data in b"0", b"1":
                try:
                    association.send(data)
                except Interrupted as error:
                    said += [data] * getattr(error, "sent", 0)
                    raise
                said += [data]

        was_interrupted = interrupt(send_two, place)
        association.shutdown(timeout=BOUND)
        assert list(iter(lambda sock=sock: sock.recv(10), b"")) == said, place
        if not was_interrupted:
            break


def test_connect(each_place, make_socket):
    """Nothing is left of it: a later call makes a new association."""
    listener = make_socket(AF_INET, SOCK_STREAM, timeout=BOUND)
    listener.bind((LOCAL, 0))
    listener.listen(100)
    listener.setblocking(False)

    def accept_all():
        accepted = []
        with suppress(BlockingIOError):
            while True:
                accepted.append(listener.accept()[0])
        return accepted

    for endpoint, _, place in each_place(peers=0):
        made = []

        def come(endpoint=endpoint, made=made):
            made.append(endpoint.connect([listener.getsockname()], timeout=BOUND))

        was_interrupted = interrupt(come, place)
        if not made:
            deadline = time.monotonic() + BOUND
            while endpoint.associations:
                assert time.monotonic() < deadline, place
            # What was aborted keeps its place in Linux until then.
            for sock in accept_all():
                sock.close()
            come()
        made[0].send(b"x")
        assert endpoint.associations == (made[0],), place
        [accepted] = accept_all()
        assert accepted.recv(10) == b"x", place
        accepted.close()
        if not was_interrupted:
            break


@pytest.mark.parametrize("ends", ["close", "leave", "wait_closed"])
def test_end(each_place, ends):
    """It is graceful when it is called again, and as quick as ever."""
    for endpoint, socks, place in each_place(peers=2):
        accepted = endpoint.accept(timeout=BOUND)
        socks[0].send(b"unread")
        for sock in socks:
            sock.settimeout(BOUND)

        def leave(endpoint=endpoint):
            endpoint.__exit__(None, None, None)

        if ends == "leave":
            was_interrupted = interrupt(leave, place)
        else:
            if ends == "wait_closed":
                endpoint.close()
            was_interrupted = interrupt(getattr(endpoint, ends), place)
        start = time.monotonic()
        endpoint.close()
        endpoint.wait_closed(timeout=BOUND)
        assert time.monotonic() - start < BOUND / 2, place
        assert endpoint.is_closed and accepted.is_closed, place
        if not (was_interrupted and ends == "leave"):  # which aborts, then
            assert read_to_the_end(accepted) in ([b"unread"], []), place
            assert [sock.recv(10) for sock in socks] == [b"", b""], place
        if not was_interrupted:
            break


def test_abort(each_place):
    for endpoint, socks, place in each_place(peers=2):
        endpoint.accept(timeout=BOUND)
        was_interrupted = interrupt(endpoint.abort, place)
        endpoint.abort()
        assert endpoint.is_closed and endpoint.socket.fileno() == -1, place
        for sock in socks:
            with pytest.raises(ConnectionResetError):
                sock.recv(10)
        if not was_interrupted:
            break


def test_peel_off(each_place):
    """It is where it was, or has a socket of its own, and all arrives in either;
    while the kernel makes its socket it ends, and says so."""
    lost = 0
    for endpoint, [sock], place in each_place():
        association = endpoint.accept(timeout=BOUND)
        sock.send(b"0")
        was_interrupted = interrupt(lambda: endpoint.peel_off(association), place)  # noqa: B023
        if was_interrupted and association.is_closed:
            with pytest.raises(ConnectionResetError):
                while True:
                    association.receive(BOUND)
            lost += 1
            continue
        if association in endpoint.associations:
            endpoint.peel_off(association)
        assert association.socket is not endpoint.socket, place
        assert endpoint.associations == (), place
        sock.send(b"1")
        assert [association.receive(BOUND).data for _ in range(2)] == [b"0", b"1"]
        endpoint.close()
        endpoint.wait_closed(timeout=BOUND)
        association.send(b"2")
        assert sock.recv(10) == b"2", place
        association.abort()
        if not was_interrupted:
            break
    assert lost < place / 2


def test_notifications(each_place):
    wanted = sctp.NotificationType.SENDER_DRY_EVENT
    for endpoint, [_], place in each_place(events=[wanted]):
        association = endpoint.accept(timeout=BOUND)
        news, got = endpoint.notifications(), []
        association.send(b"x")
        was_interrupted = interrupt(lambda: got.append(news.next(BOUND)), place)  # noqa: B023
        if not got:
            got.append(news.next(BOUND))
        assert [each["sn_type"] for each in got] == [wanted], place
        if not was_interrupted:
            break


def meddle(call, place, handler):
    """Calls, and calls a handler when it comes to a place, as interrupt() does.
    Returns whether it came there."""
    left = place

    def profile(frame, event, _):
        nonlocal left
        if event in ("call", "c_return"):
            if not frame.f_code.co_filename.startswith(PACKAGE):
                return
            left -= 1
            if left == -1:
                handler()

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return left < 0


@pytest.mark.parametrize("how", ["receive", "accept", "association"])
def test_handler_that_calls_too(each_place, how):
    """Each item comes once, to the handler or to what it interrupts."""
    sent = [b"0", bytes(20_000), b"2", b"3"]
    refused = 0
    for endpoint, socks, place in each_place(peers=3 if how == "accept" else 1):
        got = []
        if how == "accept":
            expected, take = 3, endpoint.accept
        else:
            expected = len(sent)
            take = endpoint.receive
            if how == "association":
                take = endpoint.accept(timeout=BOUND).receive
            for data in sent:
                socks[0].sctp_sendv([data])

        def handler(take=take, got=got):
            nonlocal refused
            try:
                got.append(take(timeout=0))
            except TimeoutError:
                pass
            except RuntimeError:
                refused += 1

        def run(take=take, got=got, expected=expected):
            # What the handler takes last is not there to be waited for.
            with suppress(TimeoutError):
                while len(got) < expected:
                    got.append(take(timeout=0.05))

        came_there = meddle(run, place, handler)
        assert len(got) == len(set(map(id, got))) == expected, place
        if how != "accept":
            assert sorted(each.data for each in got) == sorted(sent), place
        if not came_there:
            break
    assert 0 < refused < place
