"""No call waits for ever: every call is tested with every end of an association."""

import errno
import os
import resource
import select
import struct
import time
from contextlib import contextmanager
from socket import (
    AF_INET,
    SHUT_WR,
    SO_ERROR,
    SO_LINGER,
    SO_RCVBUF,
    SO_SNDBUF,
    SOCK_STREAM,
    SOL_SOCKET,
)

import fronts
import pytest
import system

import sctp
from sctp import AssocChangeState, AssociationRestarted

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.linux,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    # Calls with a time limit wait in another way. They must end, too.
    pytest.mark.parametrize("front", fronts.FRONTS, indirect=True),
]
LOCAL = "127.0.0.1"
# A wait ends within so many seconds, even if it takes close_timeout.
BOUND, CLOSE_TIMEOUT = 5, 1
# After a few tenths of a second, the kernel gives up a silent peer.
OPTIONS = [
    (
        sctp.SCTP_RTOINFO,
        sctp.sctp_rtoinfo(srto_initial=60, srto_min=30, srto_max=120),
    ),
    (sctp.SCTP_ASSOCINFO, sctp.sctp_assocparams(sasoc_asocmaxrxt=3)),
    (
        sctp.SCTP_PEER_ADDR_PARAMS,
        sctp.sctp_paddrparams(
            spp_hbinterval=50, spp_pathmaxrxt=3, spp_flags=sctp.SPP_HB_ENABLE
        ),
    ),
    ((SOL_SOCKET, SO_SNDBUF), 20_000),
]


class Ends:
    """An association of a front end, and the socket of its peer."""

    def __init__(self, front, role, make_socket, network):
        self.front = front
        self.network = network
        self.is_shared = False
        self._make_socket = make_socket
        known = {"options": OPTIONS, "close_timeout": CLOSE_TIMEOUT}
        self.peer = self._make_peer()
        if role == "client":
            self.peer.bind((LOCAL, 0))
            self.peer.listen()
            listener = self.peer
            self.real = front.connect(
                [listener.getsockname()], local_addresses=LOCAL, **known
            )
            self.peer = listener.accept()[0]
            listener.close()
            return
        is_many = role in ("peeled off", "endpoint's")
        server = (front.open_endpoint if is_many else front.listen)(LOCAL, **known)
        self.peer.bind((LOCAL, 0))
        self.peer.connect(server.addresses[0])
        self.real = server.take() if is_many else server.accept()
        if role == "peeled off":
            server.peel_off(self.real.real)
            front.keep(self.real)
        self.is_shared = role == "endpoint's"

    def _make_peer(self):
        sock = self._make_socket(AF_INET, SOCK_STREAM)
        sock.setsockopt(SOL_SOCKET, SO_RCVBUF, 5000)
        return sock

    def fill(self):
        """Starts sends until one waits, and returns that one."""
        while True:
            sending = self.real.send.start(bytes(2000))
            try:
                sending.result(0.2)
            except TimeoutError:
                return sending

    def abort_peer(self):
        self.peer.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()

    def restart_peer(self):
        """The peer forgets everything, and begins again at the same address."""
        here, there = self.peer.getsockname(), self.peer.getpeername()
        self.network.lose(100)
        self.abort_peer()
        self.peer = self._make_peer()
        self.peer.bind(here)
        # Without a socket that connects there, the kernel would abort the association
        # when a packet comes.
        self.peer.setsockopt(sctp.IPPROTO_SCTP, *OPTIONS[0])
        self.peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            self.peer.connect(there)
        self.network.lose(0)
        _, writable, _ = select.select([], [self.peer], [], BOUND)
        assert writable and self.peer.getsockopt(SOL_SOCKET, SO_ERROR) == 0
        self.peer.setblocking(True)


@pytest.fixture(params=["client", "accepted", "peeled off", "endpoint's"])
def ends(request, own_network, front, make_socket):
    made = Ends(front, request.param, make_socket, own_network)
    yield made
    made.peer.close()


CALLS = {
    "receive": lambda ends: ends.real.receive.start(),
    "iteration": lambda ends: ends.real.start_next(),
    "send": lambda ends: ends.fill(),
    "shutdown": lambda ends: ends.real.shutdown.start(),
    "wait_closed": lambda ends: ends.real.wait_closed.start(),
}


@contextmanager
def no_descriptors():
    """Takes all that there are, without waiting."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(system.open_descriptors()) + 1
    spare = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        while True:
            try:
                spare.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                break
        yield
    finally:
        for descriptor in spare:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def peer_shuts_down_without_descriptors(ends):
    with no_descriptors():
        ends.peer.shutdown(SHUT_WR)
        ends.real.wait_closed(seconds=BOUND)


GRACEFUL = (EOFError, None), (BrokenPipeError, errno.EPIPE)
RESET = ((ConnectionResetError, errno.ECONNRESET),) * 2
ABORTED = ((ConnectionAbortedError, errno.ECONNABORTED),) * 2
TIMED_OUT = ((TimeoutError, errno.ETIMEDOUT),) * 2

# The ends of an association, and the results of receivers and senders. Then the same if
# the peer has not read what was sent.
EVENTS = {
    "own shutdown": (lambda ends: ends.real.shutdown.start(), GRACEFUL, ABORTED),
    "peer's shutdown": (lambda ends: ends.peer.shutdown(SHUT_WR), GRACEFUL, GRACEFUL),
    "own abort": (lambda ends: ends.real.abort(), ABORTED, ABORTED),
    "peer's abort": (lambda ends: ends.abort_peer(), RESET, RESET),
    "silence": (lambda ends: ends.network.lose(100), TIMED_OUT, TIMED_OUT),
    "descriptors used up": (peer_shuts_down_without_descriptors, GRACEFUL, GRACEFUL),
}


def outcome(call):
    """The (type, errno) of the exception of a call, or its result."""
    try:
        return call.result(BOUND)
    except Exception as error:
        if isinstance(error, TimeoutError) and error.errno is None:
            pytest.fail("it waits for ever")
        if isinstance(error, OSError) and error.errno not in (
            errno.EPIPE,
            errno.ECONNABORTED,
        ):
            assert error.notification is not None and error.__notes__
        return type(error), getattr(error, "errno", None)


def check_calls(ends, calls, receiver, sender):
    """The results of calls that were started."""
    for name, call in calls.items():
        got = outcome(call)
        if name in ("shutdown", "wait_closed"):
            assert got is None, name
        elif name == "send":
            assert got == sender, name
        elif name == "iteration" and receiver[0] is EOFError:
            assert got is None, name
        else:
            assert got == receiver, name


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("event", EVENTS)
def test_every_wait_ends(ends, event, call):
    happen, idle, full = EVENTS[event]
    receiver, sender = full if call == "send" else idle
    is_over_early = call == "shutdown"  # then no other end follows
    waiting = {call: CALLS[call](ends)}
    if is_over_early:
        ends.real.wait_closed(seconds=BOUND)
        receiver, sender = GRACEFUL
        if event in ("own shutdown", "own abort"):
            happen(ends)
    else:
        happen(ends)
    check_calls(ends, waiting, receiver, sender)
    # Later calls give the same result.
    for _ in range(2):
        later = {
            "receive": ends.real.receive.start(),
            "iteration": ends.real.start_next(),
            "shutdown": ends.real.shutdown.start(),
            "wait_closed": ends.real.wait_closed.start(),
        }
        check_calls(ends, later, receiver, sender)
        check_calls(ends, {"send": ends.real.send.start(b"x")}, receiver, sender)
    assert ends.real.is_closed
    assert (ends.real.socket.fileno() == -1) is not ends.is_shared


@pytest.mark.parametrize("event", EVENTS)
def test_shutdown_that_takes_its_time_ends(ends, event):
    """Another end comes while shutdown waits for the peer, which does not read."""
    happen, _, _ = EVENTS[event]
    ends.fill()
    waiting = {name: CALLS[name](ends) for name in ("shutdown", "wait_closed")}
    receiving = ends.real.receive.start()
    happen(ends)
    check_calls(ends, waiting, None, None)
    kind, _ = outcome(receiving)
    assert issubclass(kind, (OSError, EOFError))
    assert outcome(ends.real.receive.start())[0] is kind


def test_shutdown_that_waits_for_senders_lets_no_more_in(ends):
    """Calls that are in line still send. Later calls do not."""
    waiting = ends.fill()
    shutdown = ends.real.shutdown.start()
    for send in ends.real.send.start(b"x"), ends.real.send_many.start([b"x"]):
        assert outcome(send) == (BrokenPipeError, errno.EPIPE)
    assert not waiting.done() and not shutdown.done()
    while ends.peer.recv(8192):
        pass
    assert outcome(waiting) is None
    assert outcome(shutdown) is None


@pytest.mark.parametrize("call", CALLS)
def test_every_wait_goes_on_or_ends_when_the_peer_restarts(ends, call):
    waiting = CALLS[call](ends) if call != "shutdown" else None
    ends.restart_peer()
    if call in ("receive", "iteration"):
        expected = AssociationRestarted, errno.ECONNRESET
        assert outcome(waiting) == expected
    else:
        with pytest.raises(AssociationRestarted) as caught:
            ends.real.receive(seconds=BOUND)
        notification = caught.value.notification
        assert notification["sac_state"] == AssocChangeState.RESTART
    if call == "send":
        assert outcome(waiting) is None  # data that was under way has made room
    # The association goes on.
    ends.real.send(b"new")
    data = b""
    while not data.endswith(b"new"):
        data = ends.peer.recv(8192)
    ends.peer.send(b"too")
    assert ends.real.receive(seconds=BOUND).data == b"too"
    shutdown = ends.real.shutdown.start()
    assert outcome(shutdown) is None
    if call == "wait_closed":
        assert outcome(waiting) is None
    assert outcome(ends.real.receive.start())[0] is EOFError


def test_end_comes_behind_what_was_received(ends):
    for number in range(5):
        ends.peer.sctp_sendv([b"%d" % number])
    ends.abort_peer()
    ends.real.wait_closed(seconds=BOUND)
    for number in range(5):
        assert ends.real.receive().data == b"%d" % number
    assert outcome(ends.real.receive.start()) == RESET[0]


def test_mark_holds_the_end_back_until_somebody_receives(front, make_socket):
    server = front.listen(LOCAL, max_unread=1)
    peer = make_socket(AF_INET, SOCK_STREAM)
    peer.connect(server.addresses[0])
    accepted = server.accept()
    peer.sctp_sendv([b"first"])
    time.sleep(0.2)
    peer.sctp_sendv([b"second"])
    peer.close()
    closed = accepted.wait_closed.start()
    with pytest.raises(TimeoutError):
        closed.result(0.3)
    assert [accepted.receive().data for _ in range(2)] == [b"first", b"second"]
    closed.result(BOUND)


def test_shutdown_reads_on(front, make_socket):
    """If reading stopped, the window would be full, and the peer could not finish."""
    server = front.listen(LOCAL, max_unread=5000, close_timeout=BOUND)
    peer = make_socket(AF_INET, SOCK_STREAM)
    peer.connect(server.addresses[0])
    accepted = server.accept()
    peer.setblocking(False)
    sent = 0
    while sent < 300:
        try:
            peer.sctp_sendv([b"%3d" % sent + bytes(997)])
            sent += 1
        except BlockingIOError:
            break
    assert outcome(accepted.shutdown.start()) is None
    kept = 0
    while True:
        try:
            message = accepted.receive()
        except EOFError:
            break
        assert message.data[:3] == b"%3d" % kept
        kept += 1
    assert 3 <= kept < 100


@pytest.mark.parametrize("count", [1, 10])
def test_aborted_before_it_is_accepted(front, make_socket, count):
    """Linux returns such sockets from accept()."""
    server = front.listen(LOCAL)
    address = server.addresses[0]

    def come_and_go():
        for _ in range(count):
            peer = make_socket(AF_INET, SOCK_STREAM)
            peer.connect(address)
            peer.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()

    front.look(come_and_go)  # the front end does not accept meanwhile
    for _ in range(count):
        accepted = server.accept()
        assert outcome(accepted.receive.start()) == RESET[0]
        assert accepted.peer_addresses[0][0] == LOCAL
    client = front.connect(server.addresses)
    client.send(b"x")
    assert server.accept().receive().data == b"x"


def test_no_descriptors_for_those_who_come(front, make_socket, caplog):
    """New peers wait until there are descriptors again. Others are served meanwhile."""
    server = front.listen(LOCAL)
    client = front.connect(server.addresses)
    accepted = server.accept()
    late = make_socket(AF_INET, SOCK_STREAM)
    with no_descriptors():
        late.connect(server.addresses[0])
        time.sleep(0.2)
        client.send(b"x")
        assert accepted.receive().data == b"x"
        with pytest.raises(OSError) as caught:
            front.connect(server.addresses)
        assert caught.value.errno == errno.EMFILE
    assert "cannot accept" in caplog.text
    late.send(b"late")
    assert server.accept().receive().data == b"late"


def test_connect_that_nobody_answers(own_network, front):
    own_network.lose(100)
    options = {
        sctp.SCTP_INITMSG: sctp.sctp_initmsg(
            sinit_max_attempts=2, sinit_max_init_timeo=50
        ),
        sctp.SCTP_RTOINFO: OPTIONS[0][1],
    }
    connecting = front.start_connect("127.0.0.1:5", options=options)
    with pytest.raises(TimeoutError) as caught:
        connecting.result(BOUND)
    assert caught.value.errno == errno.ETIMEDOUT
    assert "could not be set up" in caught.value.__notes__[0]
