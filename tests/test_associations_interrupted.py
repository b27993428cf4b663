"""Interrupts calls of sctp.sync at each place where Python handles signals, one
after the other, and then makes the call again."""

import gc
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from socket import (
    AF_INET,
    SHUT_WR,
    SO_RCVBUF,
    SO_SNDBUF,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
import system

import sctp
from sctp.sync import connect, serve

pytestmark = [pytest.mark.kernel]
LOCAL = "127.0.0.1"
BOUND = 5
PACKAGE = str(Path(sctp.__file__).parent) + os.sep


class Interrupted(BaseException):
    pass


def interrupt(call, place, kind=Interrupted):
    """Makes a call, and interrupts it at a place: at the beginning of a function of
    the package, or after a function that it called has returned. Returns whether it
    came to that place."""
    left = place

    def profile(frame, event, _):
        nonlocal left
        if event in ("call", "c_return"):
            if not frame.f_code.co_filename.startswith(PACKAGE):
                return
            left -= 1
            if left < 0:
                raise kind

    gc.disable()  # exceptions in a __del__ are lost
    sys.setprofile(profile)
    try:
        call()
    except kind:
        return True
    finally:
        sys.setprofile(None)
        gc.enable()
    return False


class Ends:
    """An association, and the socket of its peer."""

    def __init__(self, make_socket, **kwargs):
        self.listener = make_socket(AF_INET, SOCK_STREAM)
        self.listener.bind((LOCAL, 0))
        self.listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 5000)
        self.listener.listen()
        self.address = self.listener.getsockname()
        kwargs = {"local_addresses": LOCAL, "close_timeout": BOUND, **kwargs}
        self.real = connect([self.address], **kwargs)
        self.peer = self.listener.accept()[0]

    def close(self):
        self.real.abort()
        self.peer.close()
        self.listener.close()


def each_place(make_socket, **kwargs):
    """Makes new ends for each place, until a place is not reached. At the end
    nothing of them may be left."""
    before = system.open_descriptors()
    for place in range(2000):
        ends = Ends(make_socket, **kwargs)
        try:
            yield ends, place
        finally:
            ends.close()
        assert system.open_descriptors() == before, place
    pytest.fail("there is no end of places")


def read_to_the_end(real):
    """The messages to receive, in order."""
    got = []
    with pytest.raises(EOFError):
        while True:
            got.append(real.receive(timeout=BOUND).data)
    return got


def test_shutdown(make_socket):
    """The second call shuts down gracefully, and takes no more time than usual."""
    for ends, place in each_place(make_socket):
        real, peer = ends.real, ends.peer
        for number in range(3):
            peer.sctp_sendv([b"%d" % number])
        was_interrupted = interrupt(real.shutdown, place)
        start = time.monotonic()
        real.shutdown()
        assert time.monotonic() - start < BOUND / 2, place
        assert read_to_the_end(real) == [b"0", b"1", b"2"], place
        if not was_interrupted:
            break


def test_shutdown_with_a_peer_that_does_not_read(make_socket):
    """close_timeout ends the association, even if the first call had hardly begun."""
    small = {(SOL_SOCKET, SO_SNDBUF): 8192}
    for ends, place in each_place(make_socket, options=small, close_timeout=0.02):
        real = ends.real
        with suppress(TimeoutError):
            while True:
                real.send(bytes(2000), timeout=0)
        was_interrupted = interrupt(real.shutdown, place)
        start = time.monotonic()
        real.shutdown(timeout=BOUND)
        assert time.monotonic() - start < BOUND / 2, place
        if not was_interrupted:
            break


def test_end_of_the_peer(make_socket):
    """A thread that waits for the end learns it in the next call, and nothing is
    lost."""
    for ends, place in each_place(make_socket):
        real, peer = ends.real, ends.peer
        for number in range(3):
            peer.sctp_sendv([b"%d" % number])
        peer.close()
        was_interrupted = interrupt(real.wait_closed, place)
        start = time.monotonic()
        real.wait_closed()
        assert time.monotonic() - start < BOUND / 2, place
        assert read_to_the_end(real) == [b"0", b"1", b"2"], place
        if not was_interrupted:
            break


def test_question_whether_it_is_closed(make_socket):
    """The question does not take a message from threads that wait."""
    for ends, place in each_place(make_socket):
        real, peer = ends.real, ends.peer
        peer.sctp_sendv([b"0"])
        peer.close()
        was_interrupted = interrupt(lambda real=real: real.is_closed, place)
        start = time.monotonic()
        real.wait_closed()
        assert time.monotonic() - start < BOUND / 2, place
        assert read_to_the_end(real) == [b"0"], place
        if not was_interrupted:
            break


def test_end_of_the_peer_while_it_does_not_read(make_socket):
    """The end lingers, and the second call waits for it."""
    options = {
        (SOL_SOCKET, SO_SNDBUF): 8192,
        sctp.SCTP_RTOINFO: sctp.sctp_rtoinfo(srto_initial=10, srto_min=10, srto_max=20),
    }
    for ends, place in each_place(make_socket, options=options):
        real, peer = ends.real, ends.peer
        with suppress(TimeoutError):
            while True:
                real.send(bytes(2000), timeout=0)
        peer.shutdown(SHUT_WR)
        was_interrupted = False
        with suppress(TimeoutError):
            was_interrupted = interrupt(
                lambda real=real: real.wait_closed(timeout=0.01), place
            )
        with suppress(OSError):  # at the end, after its own shutdown
            while peer.recv(8192):
                pass
        start = time.monotonic()
        real.wait_closed()
        assert time.monotonic() - start < BOUND / 2, place
        assert read_to_the_end(real) == [], place
        if not was_interrupted:
            break


def test_abort(make_socket):
    for ends, place in each_place(make_socket):
        real, peer = ends.real, ends.peer
        was_interrupted = interrupt(real.abort, place)
        real.abort()
        assert real.is_closed and real.socket.fileno() == -1, place
        with pytest.raises(ConnectionResetError):
            peer.recv(10)
        if not was_interrupted:
            break


def test_notifications(make_socket):
    """A notification that was not returned comes with the next call."""
    wanted = sctp.NotificationType.SENDER_DRY_EVENT
    for ends, place in each_place(make_socket, events=[wanted]):
        real = ends.real
        news, got = real.notifications(), []
        ends.peer.sctp_sendv([b"x"])
        real.send(b"x")
        was_interrupted = interrupt(lambda: got.append(news.next(BOUND)), place)  # noqa: B023
        if not got:
            got.append(news.next(BOUND))
        assert [each["sn_type"] for each in got] == [wanted], place
        assert real.receive(timeout=BOUND).data == b"x", place
        if not was_interrupted:
            break


def test_notifications_behind_an_unread_message(make_socket):
    """The notification is found that another call had read."""
    wanted = sctp.NotificationType.SENDER_DRY_EVENT
    for ends, place in each_place(make_socket, events=[wanted]):
        real = ends.real
        news = real.notifications()
        ends.peer.sctp_sendv([b"x"])
        real.send(b"x")
        was_interrupted = interrupt(lambda real=real: real.is_closed, place)
        start = time.monotonic()
        assert news.next(BOUND)["sn_type"] == wanted, place
        assert time.monotonic() - start < BOUND / 2, place
        if not was_interrupted:
            break


def test_receive(make_socket):
    """Messages come once, whole and in order. The end comes after them."""
    for ends, place in each_place(make_socket):
        real, peer = ends.real, ends.peer
        sent = [b"0", bytes(20_000), b"2"]
        for data in sent:
            peer.sctp_sendv([data])
        peer.close()
        got = []

        def receive_all(real=real, got=got):
            while True:
                got.append(real.receive(timeout=BOUND).data)

        was_interrupted = False
        with suppress(EOFError):
            was_interrupted = interrupt(receive_all, place)
        got += read_to_the_end(real)
        assert got == sent, place
        if not was_interrupted:
            break


def test_send(make_socket):
    """The messages that are reported as sent were sent, and no others."""
    for ends, place in each_place(make_socket):
        real, peer = ends.real, ends.peer
        said = []

        def send_two(real=real, said=said):
            for data in b"0", b"1":
                try:
                    real.send(data)
                except Interrupted as error:
                    said += [data] * getattr(error, "sent", 0)
                    raise
                said += [data]

        was_interrupted = interrupt(send_two, place)
        real.shutdown()
        assert list(iter(lambda peer=peer: peer.recv(10), b"")) == said, place
        if not was_interrupted:
            break


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_connect_leaves_no_descriptor():
    server = serve(lambda association: association.wait_closed(), LOCAL)
    before = system.open_descriptors()
    made = []

    def come():
        made.append(connect(server.addresses, local_addresses=LOCAL))

    for place in range(2000):
        was_interrupted = interrupt(come, place)
        while made:
            made.pop().abort()
        gc.collect()
        deadline = time.monotonic() + BOUND
        while system.open_descriptors() - before:  # of the server, maybe
            assert time.monotonic() < deadline, place
            time.sleep(0.001)
        if not was_interrupted:
            break
    with server:
        pass


@pytest.mark.parametrize("name", ["close", "leave"])
def test_server(name):
    """Nothing of the server is left after it was closed again."""
    before, threads = system.open_descriptors(), threading.active_count()
    for place in range(2000):
        server = serve(lambda association: association.wait_closed(), LOCAL)
        clients = [connect(server.addresses, local_addresses=LOCAL) for _ in range(2)]

        def leave(server=server):
            server.__exit__(None, None, None)

        was_interrupted = interrupt(leave if name == "leave" else server.close, place)
        start = time.monotonic()
        leave()
        server.wait_closed(timeout=BOUND)
        assert time.monotonic() - start < BOUND / 2, place
        assert not server.is_serving and not server.associations, place
        for client in clients:
            with pytest.raises((EOFError, ConnectionResetError)):
                client.receive(timeout=BOUND)
        deadline = time.monotonic() + BOUND
        while system.open_descriptors() != before or threading.active_count() > threads:
            assert time.monotonic() < deadline, place
            time.sleep(0.001)
        if not was_interrupted:
            break
