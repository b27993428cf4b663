"""Tests for sctp.sync only: timeouts, signals that raise in the middle of a call,
and threads that share an association."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from socket import (
    AF_INET,
    SO_RCVBUF,
    SO_SNDBUF,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
import system

import sctp
from sctp.sync import Association, connect, serve

pytestmark = [pytest.mark.kernel]
LOCAL = "127.0.0.1"
BOUND = 5
# Short timers, so that a closed window is probed soon.
SMALL_BUFFERS = {
    (SOL_SOCKET, SO_RCVBUF): 8192,
    (SOL_SOCKET, SO_SNDBUF): 8192,
    sctp.SCTP_RTOINFO: sctp.sctp_rtoinfo(srto_initial=10, srto_min=10, srto_max=20),
}


class Pair:
    """An association, and the socket of its peer."""

    def __init__(self, make_socket, **kwargs):
        listener = make_socket(AF_INET, SOCK_STREAM)
        listener.bind((LOCAL, 0))
        listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 5000)
        listener.listen()
        self.real = connect([listener.getsockname()], **kwargs)
        self.peer = listener.accept()[0]
        listener.close()

    def fill(self):
        """Sends until there is no room any more."""
        with suppress(TimeoutError):
            while True:
                self.real.send(bytes(2000), timeout=0.1)

    def start(self, call, *args, **kwargs):
        """Makes a call in a thread. Returns when the call waits."""
        waiting = Waiting(call, args, kwargs)
        waiters = self.real._crew.waiters
        before = len(waiters)
        waiting.start()
        deadline = time.monotonic() + BOUND
        while waiting.is_alive() and len(waiters) == before:
            assert time.monotonic() < deadline
            time.sleep(0.0005)
        return waiting


class Waiting(threading.Thread):
    def __init__(self, call, args, kwargs):
        super().__init__(daemon=True)
        self.call = call, args, kwargs
        self.value = self.error = None

    def run(self):
        call, args, kwargs = self.call
        try:
            self.value = call(*args, **kwargs)
        except BaseException as error:
            self.error = error

    def result(self):
        self.join(BOUND)
        assert not self.is_alive(), "it waits for ever"
        if self.error is not None:
            raise self.error
        return self.value


@pytest.fixture
def make_ends(make_socket):
    made = []

    def make(**kwargs):
        made.append(Pair(make_socket, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.real.abort()
        each.peer.close()
        assert not each.real._crew.waiters


@pytest.fixture
def ends(make_ends):
    return make_ends(options=SMALL_BUFFERS)


# Timeouts


@contextmanager
def times_out(least=0.0):
    start = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        yield caught
    assert least <= time.monotonic() - start < BOUND
    assert caught.value.errno is None
    assert not hasattr(caught.value, "notification")


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_timeout_of_every_call(ends, timeout):
    real, peer = ends.real, ends.peer
    for call in real.receive, real.wait_closed, real.notifications().next:
        with times_out(timeout):
            call(timeout=timeout)
    ends.fill()
    with times_out(timeout) as caught:
        real.send(b"x" * 2000, timeout=timeout)
    assert caught.value.sent == 0
    with times_out(timeout) as caught:
        real.send_many([b"x" * 2000] * 3, timeout=timeout)
    assert caught.value.sent == 0
    with times_out(timeout):
        real.shutdown(timeout=timeout)
    # This is not the end: the shutdown goes on.
    peer.sctp_sendv([b"still here"])
    assert real.receive(timeout=BOUND).data == b"still here"
    closed = ends.start(real.wait_closed)
    while peer.recv(8192):
        pass
    closed.result()
    with pytest.raises(EOFError):
        real.receive(timeout=0)


def test_without_time_a_call_takes_what_is_there(ends):
    ends.peer.sctp_sendv([b"x"])
    time.sleep(0.05)
    assert ends.real.receive(timeout=0).data == b"x"
    ends.real.send(b"y", timeout=0)
    assert ends.peer.recv(10) == b"y"


def test_send_many_says_how_many_went_before_its_timeout(ends):
    with times_out(0.1) as caught:
        ends.real.send_many([b"%3d" % n + bytes(1997) for n in range(50)], timeout=0.1)
    sent = caught.value.sent
    assert 0 < sent < 50
    ends.real.abort()


def test_timeout_of_connect(own_network):
    own_network.lose(100)
    before = system.open_descriptors()
    with times_out(0.1):
        connect("127.0.0.1:5", timeout=0.1)
    assert system.open_descriptors() == before


def test_timeouts_of_a_server():
    server = serve(lambda association: None, LOCAL)
    with times_out(0.05):
        server.wait_closed(timeout=0.05)
    assert server.is_serving
    with times_out(0.05):
        server.serve_forever(timeout=0.05)
    assert not server.is_serving
    server.wait_closed(timeout=BOUND)


@pytest.mark.parametrize(
    ("error", "timeout"),
    [(ValueError, -1), (ValueError, float("nan")), (TypeError, "1"), (TypeError, b"")],
)
def test_bad_timeouts(ends, error, timeout):
    real = ends.real
    for call in (
        real.receive,
        real.wait_closed,
        real.shutdown,
        real.notifications().next,
        lambda timeout: real.send(b"x", timeout=timeout),
        lambda timeout: real.send_many([b"x"], timeout=timeout),
        lambda timeout: connect("127.0.0.1:5", timeout=timeout),
    ):
        with pytest.raises(error, match="timeout"):
            call(timeout=timeout)
    assert not real.is_closed
    ends.peer.settimeout(0.1)
    with pytest.raises(TimeoutError):  # nothing was sent
        ends.peer.recv(10)


@pytest.mark.parametrize(("error", "timeout"), [(ValueError, -1), (TypeError, "1")])
def test_bad_timeouts_of_a_server(error, timeout):
    """The server stays open."""
    with serve(lambda association: None, LOCAL) as server:
        for call in server.serve_forever, server.wait_closed:
            with pytest.raises(error, match="timeout"):
                call(timeout=timeout)
        assert server.is_serving
        connect(server.addresses, timeout=BOUND).abort()


def test_long_timeouts(ends):
    for timeout in 1e300, float("inf"), 2**40:
        receiving = ends.start(ends.real.receive, timeout)
        also = ends.start(ends.real.receive, timeout)
        ends.peer.sctp_sendv([b"x"])
        ends.peer.sctp_sendv([b"y"])
        assert receiving.result().data == b"x"
        assert also.result().data == b"y"


def test_deadline_covers_the_wait_for_others(ends):
    """Receivers and senders that stand behind others have a deadline, too."""
    real = ends.real
    first = ends.start(real.receive)
    with times_out(0.05):
        real.receive(timeout=0.05)
    ends.fill()
    blocked = ends.start(real.send, bytes(2000))
    with times_out(0.05):
        real.send(b"x", timeout=0.05)
    real.abort()
    for each in first, blocked:
        with pytest.raises(ConnectionAbortedError):
            each.result()


# One reads for all


def test_timeout_of_the_reader_hands_the_role_on(ends):
    real = ends.real
    reader = ends.start(real.receive, 0.1)
    others = [ends.start(real.receive) for _ in range(3)]
    with pytest.raises(TimeoutError):
        reader.result()
    for number in range(3):
        ends.peer.sctp_sendv([b"%d" % number])
    assert [each.result().data for each in others] == [b"0", b"1", b"2"]


def test_reader_that_leaves_with_a_message_hands_the_role_on(ends):
    real = ends.real
    calls = [ends.start(real.receive) for _ in range(4)]
    closed = ends.start(real.wait_closed)
    for number in range(4):
        ends.peer.sctp_sendv([b"%d" % number])
        assert calls[number].result().data == b"%d" % number
    ends.peer.close()
    closed.result()


def test_who_waits_for_the_end_reads_for_receivers(ends):
    real = ends.real
    closed = ends.start(real.wait_closed, 0.2)
    receiving = [ends.start(real.receive) for _ in range(2)]
    ends.peer.sctp_sendv([b"x"])
    assert receiving[0].result().data == b"x"
    with pytest.raises(TimeoutError):
        closed.result()
    ends.peer.sctp_sendv([b"y"])
    assert receiving[1].result().data == b"y"


def test_blocked_send_blocks_nothing_else(ends):
    real = ends.real
    ends.fill()
    blocked = ends.start(real.send, bytes(2000))
    ends.peer.sctp_sendv([b"x"])
    assert real.receive(timeout=BOUND).data == b"x"
    receiving = ends.start(real.receive)
    ends.peer.sctp_sendv([b"y"])
    assert receiving.result().data == b"y"
    start = time.monotonic()
    real.abort()
    assert time.monotonic() - start < 0.5
    with pytest.raises(ConnectionAbortedError):
        blocked.result()


def test_both_sides_send_more_than_there_is_room_for(make_ends):
    """A thread that waits to send also reads."""
    ends = make_ends(options={(SOL_SOCKET, SO_SNDBUF): 8192})
    real, peer = ends.real, ends.peer
    sending = ends.start(real.send_many, [bytes(1000)] * 50)
    peer.setsockopt(SOL_SOCKET, SO_SNDBUF, 8192)
    for _ in range(50):
        peer.sctp_sendv([bytes(1000)])  # while it has read nothing
    for _ in range(50):
        assert len(peer.recv(8192)) == 1000
    sending.result()
    for _ in range(50):
        assert len(real.receive(timeout=BOUND).data) == 1000


CALLS = {
    "receive": lambda real: real.receive(),
    "iteration": next,
    "notification": lambda real: next(real.notifications(), None),
    "send": lambda real: real.send_many([bytes(2000)] * 100),
    "shutdown": lambda real: real.shutdown(),
    "wait_closed": lambda real: real.wait_closed(),
}


@pytest.mark.parametrize("watcher", CALLS)
@pytest.mark.parametrize("call", CALLS)
def test_abort_by_another_thread_ends_all_waits(ends, call, watcher):
    """It ends the thread that polls, and the threads that sleep."""
    real = ends.real
    ends.fill()
    waiting = {
        name: ends.start(CALLS[name], real) for name in dict.fromkeys((watcher, call))
    }
    real.abort()
    for name, each in waiting.items():
        if name in ("receive", "iteration", "send"):
            with pytest.raises((ConnectionAbortedError, BrokenPipeError)):
                each.result()
        else:
            assert each.result() is None
    assert real.is_closed and real.socket.fileno() == -1


@pytest.mark.parametrize("call", CALLS)
def test_shutdown_by_another_thread_ends_all_waits(make_ends, call):
    ends = make_ends(options=SMALL_BUFFERS, close_timeout=0.5)
    if call == "send":
        ends.fill()
    waiting = ends.start(CALLS[call], ends.real)
    ends.start(ends.real.shutdown).result()
    with suppress(EOFError, StopIteration, ConnectionAbortedError):
        waiting.result()
    assert ends.real.is_closed


def test_many_threads_on_one_association():
    """Some senders and receivers have little patience. Each message arrives once.
    Each receiver gets the messages of a sender in their order."""
    senders, receivers, count = 6, 6, 150
    echoed = []
    got = [[] for _ in range(receivers)]
    sent = [0] * senders

    def take(index, association):
        timeout = None if index % 2 else 0.001
        while True:
            try:
                got[index].append(association.receive(timeout).data)
            except TimeoutError as error:
                assert error.errno is None
            except EOFError:
                return

    def give(index, client):
        timeout = None if index % 2 else 0.001
        number = 0
        while number < count:
            size = 10 if number % 3 else 3000
            with suppress(TimeoutError):
                client.send(b"%d %d " % (index, number) + bytes(size), timeout=timeout)
                number += 1
        sent[index] = number

    def handle(association):
        echoed.append(association)
        threads = [Waiting(take, (n, association), {}) for n in range(receivers)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    with serve(handle, LOCAL, options=SMALL_BUFFERS) as server:
        client = connect(server.addresses, options=SMALL_BUFFERS)
        threads = [Waiting(give, (n, client), {}) for n in range(senders)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
            assert not each.is_alive() and each.error is None
        client.shutdown(timeout=BOUND)
        server.close()
        server.wait_closed(timeout=BOUND)
    numbers = [
        [tuple(map(int, data.split()[:2])) for data in each if data.strip(b"\0")]
        for each in ([data.rstrip(b"\0") for data in mine] for mine in got)
    ]
    every = [number for mine in numbers for number in mine]
    assert sorted(every) == [(s, n) for s in range(senders) for n in range(count)]
    for mine in numbers:
        for sender in range(senders):
            order = [n for s, n in mine if s == sender]
            assert order == sorted(order)


# Signals that raise

KILLER = """
import os, signal, sys, time

for line in sys.stdin:
    time.sleep(float(line))
    os.kill(os.getppid(), signal.SIGINT)
    # Python does not see a signal that comes right before a system call until the
    # call returns.
    time.sleep(0.005)
    os.kill(os.getppid(), signal.SIGUSR1)
"""
# After how many microseconds a call is interrupted.
MOMENTS = [*range(0, 600, 6), *range(600, 3000, 60)]


class Sweep:
    """Interrupts a call with Control-C, at one moment after the other."""

    def __init__(self):
        self._killer = subprocess.Popen(
            [sys.executable, "-c", KILLER], stdin=subprocess.PIPE
        )

    def close(self):
        self._killer.kill()
        self._killer.wait()
        self._killer.stdin.close()

    def interrupt(self, call, microseconds):
        """Makes a call. Returns the KeyboardInterrupt, which comes in the call or
        after it."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        line = b"%f\n" % (microseconds / 1e6)
        descriptor = self._killer.stdin.fileno()
        gc.disable()  # exceptions in a __del__ are lost
        try:
            os.write(descriptor, line)
            call()
            time.sleep(BOUND)
        except KeyboardInterrupt as error:
            return error
        except Exception:
            with suppress(KeyboardInterrupt):
                time.sleep(BOUND)
            raise
        finally:
            signal.signal(signal.SIGINT, before)
            gc.enable()
        pytest.fail("no signal came")


@pytest.fixture
def interrupt():
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    sweep = Sweep()
    yield sweep.interrupt
    sweep.close()
    signal.signal(signal.SIGUSR1, before)


SIZES = 10, 10, 20_000, 10, 10_000


@pytest.mark.parametrize("others", [0, 2])
def test_interrupted_receivers_lose_nothing(make_ends, interrupt, others):
    """No message and no piece is lost, and the other receivers go on."""
    ends = make_ends()
    real, peer = ends.real, ends.peer
    got, taken = [], []

    def receive_each():
        while True:
            got.append(real.receive())

    def receive_others():
        with suppress(EOFError):
            while True:
                taken.append(real.receive())

    threads = [Waiting(receive_others, (), {}) for _ in range(others)]
    for each in threads:
        each.start()
    sent = 0
    for moment in MOMENTS:
        for size in SIZES:
            peer.sctp_sendv([b"%d " % sent + bytes(size)])
            sent += 1
        interrupt(receive_each, moment)
        deadline = time.monotonic() + BOUND
        while len(got) + len(taken) < sent:
            assert time.monotonic() < deadline, "one was lost"
            with suppress(TimeoutError):
                got.append(real.receive(timeout=0.01))
    peer.close()
    for each in threads:
        each.result()
    with pytest.raises(EOFError):
        receive_each()
    numbers = []
    for message in *got, *taken:
        number, zeros = message.data.split(b" ")
        assert len(zeros) == SIZES[int(number) % len(SIZES)]
        numbers.append(int(number))
    assert sorted(numbers) == list(range(sent))
    if not others:
        assert numbers == list(range(sent))


@pytest.mark.parametrize("others", [0, 1, 3])
def test_interrupted_sends_say_whether_they_went(make_ends, interrupt, others):
    ends = make_ends(options=SMALL_BUFFERS)
    real, peer = ends.real, ends.peer
    got = []
    number = 0

    def read():
        while data := peer.recv(8192):
            got.append(data)

    reading = Waiting(read, (), {})
    reading.start()

    def send_each():
        nonlocal number
        while True:
            real.send(b"%d " % number + bytes(1000))
            number += 1

    def send_others():
        with suppress(BrokenPipeError):
            while True:
                real.send(b"other")

    threads = [Waiting(send_others, (), {}) for _ in range(others)]
    for each in threads:
        each.start()
    for moment in MOMENTS[::3]:
        error = interrupt(send_each, moment)
        number += getattr(error, "sent", 0)
    real.shutdown(timeout=BOUND)
    for each in (*threads, reading):
        each.result()
    numbers = [int(data.split(b" ")[0]) for data in got if data != b"other"]
    assert numbers == list(range(number))


def test_interrupted_send_many_says_how_many_went(make_ends, interrupt):
    ends = make_ends(options=SMALL_BUFFERS)
    real, peer = ends.real, ends.peer
    got, sent = [], 0

    def read():
        while data := peer.recv(8192):
            got.append(int(data.split(b" ")[0]))

    reading = Waiting(read, (), {})
    reading.start()
    for moment in MOMENTS[::3]:
        batch = [b"%d " % (sent + n) + bytes(500) for n in range(3000)]
        error = interrupt(lambda: real.send_many(batch), moment)  # noqa: B023
        sent += getattr(error, "sent", 0)
        with suppress(TimeoutError):
            real.receive(timeout=0)
    real.shutdown(timeout=BOUND)
    reading.result()
    assert got == list(range(sent))


@pytest.mark.parametrize("name", ["shutdown", "wait_closed", "notification"])
def test_interrupted_waits_go_on(make_ends, interrupt, name):
    for moment in MOMENTS[::10]:
        ends = make_ends(events=[sctp.NotificationType.SENDER_DRY_EVENT])
        real, peer = ends.real, ends.peer
        news = real.notifications()
        if name == "notification":
            got = []

            def listen(news=news, got=got):
                got.append(next(news))

            real.send(b"x")
            interrupt(listen, moment)
            if not got:
                listen()
            assert got[0]["sn_type"] == sctp.NotificationType.SENDER_DRY_EVENT
            real.abort()
            continue
        interrupt(getattr(real, name), moment)
        peer.close()
        real.wait_closed(timeout=BOUND)
        with pytest.raises(EOFError):
            real.receive(timeout=BOUND)
        assert real.is_closed


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # between two bytecodes
def test_interrupted_connect_leaves_nothing(interrupt):
    server = serve(lambda association: association.wait_closed(), LOCAL)
    made = []

    def come():
        made.append(connect(server.addresses))

    before = system.open_descriptors()
    for moment in MOMENTS[::5]:
        interrupt(come, moment)
        while made:
            made.pop().abort()
        gc.collect()
    deadline = time.monotonic() + BOUND
    while server.associations and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not server.associations
    assert system.open_descriptors() == before
    with server:
        pass


def test_interrupted_server_closes(interrupt):
    server = serve(lambda association: association.wait_closed(), LOCAL)
    assert isinstance(interrupt(server.serve_forever, 1000), KeyboardInterrupt)
    assert not server.is_serving
    server.wait_closed(timeout=BOUND)


def test_leaving_is_an_end_also_where_it_is_interrupted(make_ends, interrupt):
    ends = make_ends(options=SMALL_BUFFERS)
    ends.fill()

    def leave():
        with ends.real:
            pass

    interrupt(leave, 20_000)
    assert ends.real.is_closed


def test_signal_handler_may_use_what_it_interrupts(make_ends):
    """The handler aborts, receives and shuts down. This thread waits for it."""
    ends = make_ends()
    real, peer = ends.real, ends.peer
    got = []

    def handle(number, frame):
        got.append(real.receive(timeout=BOUND).data)
        real.shutdown(timeout=BOUND)

    before = signal.signal(signal.SIGALRM, handle)
    try:
        peer.sctp_sendv([b"first"])
        assert real.receive().data == b"first"
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        threading.Timer(0.1, peer.sctp_sendv, [[b"second"]]).start()
        threading.Timer(0.2, peer.close).start()
        with pytest.raises(EOFError):
            real.receive()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert got == [b"second"]


def test_signal_handler_may_close_the_server(make_ends):
    server = serve(lambda association: None, LOCAL)
    before = signal.signal(signal.SIGALRM, lambda *_: server.close())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        server.serve_forever(timeout=BOUND)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not server.is_serving


# Servers and threads


def test_no_thread_but_one_for_each_association(wait_for):
    def count():
        return sum(each.name == "sctp.sync server" for each in threading.enumerate())

    assert count() == 0
    started = threading.Barrier(3)
    with serve(
        lambda association: (started.wait(BOUND), association.receive()), LOCAL
    ) as server:
        assert count() == 1  # the next one
        clients = [connect(server.addresses) for _ in range(2)]
        started.wait(BOUND)
        assert count() == 3
        for client in clients:
            client.shutdown()
    wait_for(lambda: count() == 0)


def test_server_aborts_what_is_left():
    start = time.monotonic()
    released = threading.Event()
    clients = []
    with serve(lambda _: released.wait(BOUND), LOCAL, close_timeout=0.2) as server:
        clients.append(connect(server.addresses))
        while not server.associations:
            time.sleep(0.001)
        association = server.associations[0]
    assert 0.15 < time.monotonic() - start < BOUND
    assert association.is_closed
    released.set()
    server.wait_closed(timeout=BOUND)
    for client in clients:
        client.abort()


def test_handler_may_leave_its_server():
    def handle(association):
        with server:
            pass
        association.send(b"bye")

    server = serve(handle, LOCAL)
    client = connect(server.addresses)
    assert [message.data for message in client] == [b"bye"]
    server.wait_closed(timeout=BOUND)
    client.wait_closed(timeout=BOUND)


def test_end_of_another_association_is_news(make_ends, wait_for):
    troubles = []
    hook, threading.excepthook = threading.excepthook, troubles.append
    ends = make_ends()
    ends.real.abort()
    try:
        with serve(lambda _: ends.real.receive(), LOCAL) as server:
            client = connect(server.addresses)
            with pytest.raises(ConnectionResetError):
                client.receive()
        wait_for(lambda: troubles)
    finally:
        threading.excepthook = hook
    assert [each.exc_type for each in troubles] == [ConnectionAbortedError]


def test_association_that_nobody_closes(make_socket):
    before = system.open_descriptors()
    pair = Pair(make_socket)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del pair.real
        gc.collect()
    assert [each.category for each in caught] == [ResourceWarning]
    pair.peer.close()
    assert system.open_descriptors() == before


def test_association_that_has_ended_needs_no_closing(make_socket):
    before = system.open_descriptors()
    pair = Pair(make_socket)
    pair.peer.close()
    assert list(pair.real) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del pair.real
        gc.collect()
    assert system.open_descriptors() == before


def test_closed_becomes_known_without_a_call_that_waits(ends):
    assert not ends.real.is_closed
    ends.peer.setsockopt(SOL_SOCKET, SO_SNDBUF, 8192)
    ends.peer.close()
    deadline = time.monotonic() + BOUND
    while not ends.real.is_closed:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with pytest.raises(EOFError):
        ends.real.receive()


class FullSocket(sctp.sctp_socket):
    """Reports "no room" so many times although poll() reports room, as FreeBSD does."""

    left = 0
    calls = 0

    def sctp_sendv_many(self, messages):
        cls = type(self)
        cls.calls += 1
        if cls.left:
            cls.left -= 1
            raise BlockingIOError
        return super().sctp_sendv_many(messages)


def test_room_that_there_is_not_is_not_polled_for_without_a_rest():
    with serve(lambda association: association.wait_closed(), LOCAL) as server:
        FullSocket.left, FullSocket.calls = 10, 0
        client = connect(server.addresses, sock=FullSocket(AF_INET, SOCK_STREAM))
        start = time.monotonic()
        client.send(b"x", timeout=BOUND)
        assert FullSocket.calls == 11
        assert time.monotonic() - start >= 0.04
        client.abort()


def test_idle_waits_take_no_time(ends):
    """No thread spins, neither at max_unread nor at an end that lingers."""
    real, peer = ends.real, ends.peer
    real._core.max_unread = 1
    closed = ends.start(real.wait_closed)
    ends.fill()
    peer.sctp_sendv([b"x"])
    time.sleep(0.05)
    peer.sctp_sendv([b"y"])
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.1
    assert real._crew._watcher.polls
    real.abort()
    closed.result()


def test_associations_of_the_front_are_those_of_the_package():
    assert Association.__module__ == "sctp.sync"
    assert sctp.sync.Message is sctp.Message
    assert sctp.sync.MessageTooLong is sctp.MessageTooLong
    assert sctp.sync.AssociationRestarted is sctp.AssociationRestarted
