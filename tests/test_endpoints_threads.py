"""Endpoints of sctp.sync: what threads and signals could break."""

import gc
import sys
import threading
import time
import weakref
from contextlib import suppress
from socket import AF_INET, SO_RCVBUF, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET

import pytest
from fronts import PATIENCE
from test_associations_ends import no_descriptors
from test_associations_interrupted import interrupt
from test_endpoints import wait_until

import sctp
from sctp.sync import connect, open_endpoint

pytestmark = [pytest.mark.kernel]
LOCAL = "127.0.0.1"
BOUND = 5
TIMERS = sctp.sctp_rtoinfo(srto_initial=10, srto_min=10, srto_max=20)
QUICK = {sctp.SCTP_RTOINFO: TIMERS}
SMALL_SENDING = {(SOL_SOCKET, SO_SNDBUF): 20_000, **QUICK}


class Background(threading.Thread):
    """A call in a thread of its own, and its outcome."""

    def __init__(self, call, *args, **kwargs):
        super().__init__(daemon=True)
        self._call = lambda: call(*args, **kwargs)
        self._result = self._error = None
        self.start()

    def run(self):
        try:
            self._result = self._call()
        except BaseException as error:
            self._error = error

    def outcome(self, seconds=PATIENCE):
        self.join(seconds)
        assert not self.is_alive(), "the call still waits"
        if self._error is not None:
            raise self._error
        return self._result


@pytest.fixture
def endpoint():
    made = open_endpoint(LOCAL, options=QUICK)
    yield made
    made.abort()


def wait_for_waiters(endpoint, count):
    deadline = time.monotonic() + BOUND
    while len(endpoint._crew.waiters) < count:
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def client(endpoint):
    made = connect(endpoint.addresses)
    yield made
    made.abort()


def test_nothing_is_kept_of_those_that_were_sent_to(endpoint):
    client = connect(endpoint.addresses)
    accepted = endpoint.accept(BOUND)
    accepted.send(b"x")
    assert client.receive(BOUND).data == b"x"
    client.abort()
    with suppress(ConnectionResetError):
        accepted.receive(BOUND)
    gone = weakref.ref(accepted)
    del accepted
    gc.collect()
    assert gone() is None


def test_who_waits_for_a_turn_to_send_is_woken(endpoint, client):
    """There is room all the while."""
    accepted = endpoint.accept(BOUND)
    watcher = Background(endpoint.accept)
    wait_for_waiters(endpoint, 1)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(8):
            lines = [[b"%d" % who] * 200 for who in range(3)]
            calls = [Background(accepted.send_many, line) for line in lines]
            for call in calls:
                call.outcome(BOUND)
            got = [client.receive(BOUND).data for _ in range(600)]
            assert sorted(got) == [each for line in lines for each in line]
    finally:
        sys.setswitchinterval(before)
    endpoint.close()
    with pytest.raises(EOFError):
        watcher.outcome()


class Full:
    """An endpoint whose send buffer is full, for good: by ``hog``, whose peer does
    not read, and which cannot be peeled off."""

    def __init__(self, make_socket, **kwargs):
        self.endpoint = open_endpoint(LOCAL, options=SMALL_SENDING, **kwargs)
        address = self.endpoint.addresses[0]
        self.peer = make_socket(AF_INET, SOCK_STREAM)
        self.peer.setsockopt(SOL_SOCKET, SO_RCVBUF, 5000)
        self.peer.connect(address)
        self.hog = self.endpoint.accept(BOUND)

    def fill(self):
        with suppress(TimeoutError):
            while True:
                self.hog.send(bytes(2000), timeout=0.1)


@pytest.mark.parametrize("how", ["peer", "own"])
def test_all_who_wait_to_send_learn_of_the_end(make_socket, how):
    full = Full(make_socket)
    watcher = Background(full.endpoint.receive)
    client = connect(full.endpoint.addresses)
    accepted = full.endpoint.accept(BOUND)
    with no_descriptors():
        full.fill()
        calls = [Background(accepted.send, b"x") for _ in range(3)]
        calls.append(Background(full.hog.send, bytes(2000)))
        wait_for_waiters(full.endpoint, 5)
        (client if how == "peer" else accepted).abort()
        for call in calls[:3]:
            with pytest.raises(ConnectionError):
                call.outcome(BOUND)
        assert calls[3].is_alive()
        full.endpoint.abort()
    with pytest.raises(ConnectionAbortedError):
        calls[3].outcome(BOUND)
    with pytest.raises(ConnectionAbortedError):
        watcher.outcome(BOUND)
    client.abort()


@pytest.mark.parametrize("is_apart", [False, True])
def test_endpoint_that_loses_its_last_association_while_it_closes(front, is_apart):
    """It has closed when that is peeled off."""
    endpoint = front.open_endpoint(LOCAL, max_unread=2000, options=SMALL_SENDING)
    client = connect(endpoint.addresses, options={(SOL_SOCKET, SO_RCVBUF): 5000})
    accepted = endpoint.take()
    if is_apart:
        shared = accepted.socket
        client.send_many([b"x"] * 10)
        wait_until(lambda: accepted.is_closed or accepted.socket is not shared)
    sending = accepted.send_many.start([bytes(2000)] * 100)
    endpoint.close()
    waits = [endpoint.wait_closed.start() for _ in range(2)]
    endpoint.peel_off(accepted.real)
    for each in waits:
        each.result(BOUND)
    client.abort()
    with pytest.raises(ConnectionResetError):
        sending.result(BOUND)
    accepted.abort()


@pytest.mark.parametrize("how", ["endpoint", "own"])
@pytest.mark.parametrize("what", ["wait_closed", "is_closed", "next"])
def test_polled_wait_behind_an_unread_message(endpoint, client, how, what):
    accepted = endpoint.accept(BOUND)
    one, other = (accepted, client) if how == "endpoint" else (client, accepted)
    news = one.notifications()
    other.send(b"x")
    with pytest.raises(TimeoutError):
        one.wait_closed(0.1)
    other.abort()
    deadline = time.monotonic() + BOUND
    while time.monotonic() < deadline:
        with suppress(TimeoutError):
            if what == "is_closed":
                if one.is_closed:
                    break
            elif what == "next":
                try:
                    news.next(0)
                except StopIteration:
                    break
            else:
                one.wait_closed(0)
                break
        time.sleep(0.001)
    else:
        pytest.fail("it does not end")
    assert one.receive(0).data == b"x"


def test_end_of_one_that_was_peeled_off_by_itself_stops_nobody(front):
    """Two threads that wait go on, one of which polls."""
    endpoint = front.open_endpoint(LOCAL, max_unread=2000)
    client = front.connect(endpoint.addresses)
    accepted = endpoint.take()
    shared = accepted.socket
    client.send_many([b"x"] * 10)
    wait_until(lambda: accepted.is_closed or accepted.socket is not shared)
    client.abort()
    with pytest.raises(ConnectionResetError):
        while True:
            accepted.receive()
    other = front.connect(endpoint.addresses)
    endpoint.accept()
    calls = [endpoint.accept.start() for _ in range(2)]
    for _ in range(2):
        front.connect(endpoint.addresses)
    for call in calls:
        call.result(BOUND)
    assert not other.is_closed


def test_all_who_wait_to_send_by_one_peeled_off_learn_of_its_end(make_socket):
    full = Full(make_socket, max_unread=2000)
    shared = full.hog.socket
    for _ in range(10):
        full.peer.sctp_sendv([b"x"])
    wait_until(lambda: full.hog.is_closed or full.hog.socket is not shared)
    full.fill()
    watcher = Background(full.endpoint.accept)
    wait_for_waiters(full.endpoint, 1)
    calls = [Background(full.hog.send, bytes(2000)) for _ in range(3)]
    wait_for_waiters(full.endpoint, 4)
    full.hog.abort()
    for call in calls:
        with pytest.raises(ConnectionAbortedError):
            call.outcome(BOUND)
    full.endpoint.abort()
    with pytest.raises(ConnectionAbortedError):
        watcher.outcome(BOUND)


class AlarmError(TimeoutError):
    """What signal handlers raise to end a wait: an OSError without errno."""


@pytest.mark.parametrize("how", ["accept", "receive", "own"])
def test_handler_that_raises_an_oserror(make_socket, how):
    """At each place: messages and the end come once, and at once."""
    sent = [b"0", bytes(20_000), b"2"]
    for place in range(2000):
        with open_endpoint(LOCAL) as endpoint:
            if how == "own":
                listener = make_socket(AF_INET, SOCK_STREAM)
                listener.bind((LOCAL, 0))
                listener.listen()
                reader = connect([listener.getsockname()])
                peer = listener.accept()[0]
                listener.close()
            else:
                peer = make_socket(AF_INET, SOCK_STREAM)
                peer.connect(endpoint.addresses[0])
                reader = endpoint
            for data in sent:
                peer.sctp_sendv([data])
            peer.close()
            got, accepted = [], []

            def run(reader=reader, got=got, accepted=accepted):
                if how == "accept" and not accepted:
                    accepted.append(reader.accept(BOUND))
                for each in accepted:
                    reader = each
                while len(got) < len(sent):
                    got.append(reader.receive(BOUND))

            was_interrupted = interrupt(run, place, AlarmError)
            assert was_interrupted or len(got) == len(sent), place
            start = time.monotonic()
            run()
            assert [each.data for each in got] == sent, place
            got[0].association.wait_closed()
            assert time.monotonic() - start < BOUND / 2, place
        if not was_interrupted:
            break
