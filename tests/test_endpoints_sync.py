"""What blocking endpoints alone have: timeouts, threads, signals."""

import gc
import threading
import time
from contextlib import contextmanager
from socket import AF_INET, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET

import pytest
import system
from test_associations_interrupted import interrupt

from sctp.sync import connect, open_endpoint

pytestmark = [pytest.mark.kernel]
LOCAL = "127.0.0.1"
BOUND = 5


@pytest.fixture
def make_endpoint(wait_for):
    made = []

    def make(**kwargs):
        made.append(open_endpoint(LOCAL, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.abort()
        wait_for(lambda each=each: not each._crew.waiters)


@pytest.fixture
def make_ends(make_endpoint):
    """Two endpoints and an association between them, from both sides."""

    def make(**kwargs):
        one, other = make_endpoint(**kwargs), make_endpoint(**kwargs)
        accepting = Waiting(other.accept)
        near = one.connect(other.addresses, timeout=BOUND)
        return one, near, other, accepting.result()

    return make


class Waiting(threading.Thread):
    """A call in a thread; it is started, and waits if it has to, once this is made."""

    def __init__(self, call, *args, **kwargs):
        super().__init__(daemon=True)
        self._call = call, args, kwargs
        self._outcome = None, None
        crew = call.__self__._crew
        before = len(crew.waiters)
        self.start()
        deadline = time.monotonic() + BOUND
        while self.is_alive() and len(crew.waiters) == before:
            assert time.monotonic() < deadline
            time.sleep(0.0005)

    def run(self):
        call, args, kwargs = self._call
        try:
            self._outcome = call(*args, **kwargs), None
        except BaseException as error:
            self._outcome = None, error

    def result(self):
        self.join(BOUND)
        assert not self.is_alive(), "it still waits"
        result, error = self._outcome
        if error is not None:
            raise error
        return result


@contextmanager
def times_out(seconds):
    start = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        yield
    assert caught.value.errno is None
    assert seconds <= time.monotonic() - start < seconds + 1


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_timeout_of_every_call(own_network, make_endpoint, timeout):
    endpoint = make_endpoint()
    news = endpoint.notifications()
    for call in endpoint.accept, endpoint.receive, endpoint.wait_closed, news.next:
        with times_out(timeout):
            call(timeout=timeout)
    own_network.lose(100)
    with times_out(timeout):
        endpoint.connect("127.0.0.1:5", timeout=timeout)
    own_network.lose(0)
    assert endpoint.associations == ()
    with pytest.raises(TypeError, match="timeout must be a number or None"):
        endpoint.accept(timeout="1")


@pytest.mark.parametrize("thing", ["endpoint", "association"])
def test_end_that_is_asked_for_again_and_again(make_ends, thing):
    """With timeouts of 0, which do not wait, too."""
    one, near, other, far = make_ends()
    far.shutdown(timeout=0.05) if thing == "association" else other.close()
    deadline = time.monotonic() + BOUND
    while True:
        assert time.monotonic() < deadline
        try:
            near.wait_closed(timeout=0)
            far.wait_closed(timeout=0)
            if thing == "endpoint":
                other.wait_closed(timeout=0)
            break
        except TimeoutError:
            pass
    assert near.is_closed and far.is_closed
    assert one.associations == ()


def test_threads_that_wait_while_it_is_peeled_off(make_ends):
    """They go on, with the new socket; those who wait for others do, too."""
    small = {(SOL_SOCKET, SO_SNDBUF): 20_000}
    _, near, other, far = make_ends(options=small)
    full = Waiting(far.send_many, [bytes(10_000)] * 20)
    receiving, ending = Waiting(far.receive), Waiting(far.wait_closed)
    accepting, all_of_it = Waiting(other.accept), Waiting(other.wait_closed)
    other.peel_off(far)
    assert far.socket is not other.socket
    near.send(b"x")
    assert receiving.result().data == b"x"
    assert [len(near.receive(BOUND).data) for _ in range(20)] == [10_000] * 20
    full.result()
    other.close()
    all_of_it.result()
    with pytest.raises(EOFError):
        accepting.result()
    assert not far.is_closed
    near.shutdown()
    ending.result()


@pytest.mark.parametrize("end", ["close", "abort"])
def test_another_thread_ends_it(make_ends, end):
    _, near, other, far = make_ends()
    news = other.notifications()
    waiting = [
        Waiting(call)
        for call in (other.accept, other.receive, far.receive, far.wait_closed)
    ]
    listening = Waiting(other.wait_closed)
    Waiting(near.wait_closed)
    getattr(other, end)()
    listening.result()
    with pytest.raises(StopIteration):
        next(news)
    expected = EOFError if end == "close" else ConnectionAbortedError
    for each in waiting[:3]:
        with pytest.raises(expected):
            each.result()
    waiting[3].result()


class AlarmError(TimeoutError):
    """What a program's own handler raises: an OSError, but not of the kernel."""


@pytest.mark.parametrize("is_shared", [False, True])
def test_errors_of_signal_handlers_are_no_end(make_endpoint, make_socket, is_shared):
    endpoint = make_endpoint()
    listener = make_socket(AF_INET, SOCK_STREAM, timeout=BOUND)
    listener.bind((LOCAL, 0))
    listener.listen()
    address = [listener.getsockname()]
    for place in range(2000):
        association = endpoint.connect(address) if is_shared else connect(address)
        peer, _ = listener.accept()
        peer.send(b"x")
        got = []

        def receive(association=association, got=got):
            got.append(association.receive(timeout=BOUND).data)

        was_interrupted = interrupt(receive, place, AlarmError)
        if not got:
            receive()
        assert got == [b"x"], place
        was_interrupted |= interrupt(lambda: association.send(b"y"), place, AlarmError)  # noqa: B023
        association.send(b"z")
        association.shutdown()
        assert peer.recv(10) + peer.recv(10) in (b"yz", b"z"), place
        peer.close()
        if not was_interrupted:
            break


def test_forgotten(make_socket):
    """It says so, and leaves nothing."""
    before = system.open_descriptors()
    endpoint = open_endpoint(LOCAL)
    peer = make_socket(AF_INET, SOCK_STREAM, timeout=BOUND)
    peer.connect(endpoint.addresses[0])
    association = endpoint.accept(timeout=BOUND)
    with pytest.warns(ResourceWarning, match="unclosed <Endpoint at"):
        del endpoint, association
        gc.collect()
    assert peer.recv(10) == b""
    peer.close()
    assert system.open_descriptors() == before


def test_many_threads(make_endpoint):
    """Nothing is lost or doubled, and all is in order, while each association is
    peeled off somewhere in the middle."""
    server = make_endpoint()
    associations, messages = 20, 200

    def echo(association, place):
        for number, message in enumerate(association):
            if number == place:
                server.peel_off(association)
            association.send(message.data)

    def serve():
        for number, association in enumerate(server):
            arguments = association, number * 10
            threading.Thread(target=echo, args=arguments, daemon=True).start()

    Waiting(server.wait_closed)
    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    troubles = []

    def talk(number):
        try:
            association = connect(server.addresses, timeout=BOUND)
            expected = [b"%d %d" % (number, each) for each in range(messages)]
            sender = threading.Thread(target=association.send_many, args=(expected,))
            sender.start()
            got = [association.receive(4 * BOUND).data for _ in range(messages)]
            sender.join()
            assert got == expected
            association.shutdown(timeout=4 * BOUND)
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=talk, args=(n,)) for n in range(associations)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(8 * BOUND)
        assert not thread.is_alive()
    assert not troubles
    server.close()
    server.wait_closed(timeout=BOUND)
    serving.join(BOUND)
    assert not serving.is_alive()
