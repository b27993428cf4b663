"""Clients abuse the example servers and the server of the tutorial of the socket.
Each server must still serve the next client."""

import os
import re
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import (
    AF_INET,
    MSG_EOR,
    SHUT_WR,
    SO_LINGER,
    SO_RCVBUF,
    SO_SNDBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
import system
from test_documentation import REPOSITORY, blocks
from test_examples import EXAMPLES, PATIENCE, command, wait_until

import sctp
from sctp import IPPROTO_SCTP, sctp_sndinfo

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.linux,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]

TUTORIAL = REPOSITORY / "docs" / "tutorial-sockets.rst"
SECRET = b"not in the source, please"
# A client is served within so many seconds, even if another client does not read.
BOUND = 10
FEW_DESCRIPTORS = 16
LONG = 100_000
LONGER = 3 * 2**17  # longer than any server accepts
ABANDONED = 1_000_000  # too long to arrive in 2 ms


@dataclass
class Kind:
    """A server: its port, and how it changes a message for its answer, or how it
    prints the length of a message. Also whether it keeps messages whole, and whether
    it accepts a client that is silent for a while."""

    port: int = 20000
    change: object = bytes
    prints: str = ""
    is_whole: bool = True
    is_patient: bool = True
    secret: bytes = b""


KINDS = {
    "asyncio_server": Kind(),
    "authenticated_server": Kind(secret=SECRET),
    "diameter_server": Kind(port=3868),
    "echo_server": Kind(),
    "endpoint_server": Kind(),
    "failover_server": Kind(),
    "monitor": Kind(port=9, prints=r"of (\d+) bytes"),
    "one_to_many": Kind(port=9, prints=r"len=(\d+)", is_patient=False),
    "peeloff_server": Kind(),
    "plain_seqpacket_server": Kind(change=bytes.upper, is_whole=False),
    "plain_stream_server": Kind(change=bytes.upper, is_whole=False, is_patient=False),
    "sync_server": Kind(),
    "tutorial": Kind(),
}


def authenticate(sock, secret=None, number=1):
    on = sctp.sctp_assoc_value(assoc_value=1)
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_SUPPORTED, on)
    if secret is not None:
        key = sctp.sctp_authkey(sca_keynumber=number, sca_key=secret)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_KEY, key)
        active = sctp.sctp_authkeyid(scact_keynumber=number)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_ACTIVE_KEY, active)


def command_of(name):
    """The source of an example, or of the program in the tutorial."""
    if name != "tutorial":
        return command(name)
    [program] = [text for language, text, _ in blocks(TUTORIAL) if language == "python"]
    return [sys.executable, "-c", program]


class Server:
    """An example that runs."""

    def __init__(self, name, output):
        self.kind = KINDS[name]
        self._output = output
        self._socks = []
        with output.open("w") as file:
            self._process = subprocess.Popen(
                command_of(name), stdout=file, stderr=subprocess.STDOUT
            )
        self.pid = self._process.pid

    def said(self):
        return self._output.read_text()

    def bytes_printed(self):
        """The total length of the messages that it has printed."""
        return sum(map(int, re.findall(self.kind.prints, self.said())))

    def has_ended(self):
        return self._process.poll() is not None

    def wait_until_it_listens(self):
        wait_until(lambda: system.listens(self.kind.port) or self.has_ended())
        assert not self.has_ended(), self.said()

    def end(self):
        for sock in self._socks:
            sock.close()
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        self._process.wait(PATIENCE)

    @contextmanager
    def stopped(self):
        """Does nothing for a while; only its kernel does."""
        self._process.send_signal(signal.SIGSTOP)
        wait_until(lambda: self._state() == "T")
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _state(self):
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2][0]

    def make_client(self, type=SOCK_STREAM, knows_secret=True):
        sock = sctp.sctp_socket(AF_INET, type)
        self._socks.append(sock)
        sock.settimeout(BOUND)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_NODELAY, 1)
        if self.kind.secret and knows_secret:
            authenticate(sock, self.kind.secret)
        return sock

    def connect(self):
        sock = self.make_client()
        sock.connect(("127.0.0.1", self.kind.port))
        return sock

    def ask(self, sock, size=20):
        """Sends a message and checks the answer or the output."""
        is_whole = self.kind.is_whole and size < LONGER
        if self.kind.prints:
            before = self.bytes_printed()
            sock.send(b"a" * size)
            wait_until(lambda: self.bytes_printed() >= before + size)
            return
        message = os.urandom(size // 2).hex().encode()
        sock.sctp_sendv([message], info=sctp_sndinfo(snd_sid=1))
        answer, has_ended = b"", False
        while not has_ended:
            data, _, _, _, flags = sock.sctp_recvv(size)
            assert data, "the server has gone"
            answer += data
            has_ended = bool(flags & MSG_EOR)
            if not is_whole:
                has_ended = len(answer) >= len(message)
        assert answer == self.kind.change(message)


@pytest.fixture
def serve(own_network, tmp_path):
    """Starts an example. After the test, it must serve a client that it has served
    before, and a new one."""
    started = []

    def start(name):
        server = Server(name, tmp_path / "output")
        started.append((server, friends := []))
        server.wait_until_it_listens()
        if server.kind.is_patient:
            friends.append(server.connect())
            server.ask(friends[0])
        return server

    yield start
    for server, friends in started:
        try:
            for friend in [*friends, server.connect()]:
                server.ask(friend)
            assert not server.has_ended()
            assert "Traceback" not in server.said()
        finally:
            print(server.said()[:5000])
            server.end()


def abort(sock):
    sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def leave(sock):
    sock.close()


servers = pytest.mark.parametrize("name", KINDS)
ends = pytest.mark.parametrize("end", [abort, leave])


def test_each_server_is_abused():
    names = {path.stem for path in EXAMPLES.glob("*.py")}
    clients = {name for name in names if name.endswith("_client")}
    clients |= {"load_generator", "one_to_one"}
    # The sink does not answer. test_examples aborts it.
    assert set(KINDS) == names - clients - {"sink"} | {"tutorial"}


@servers
@ends
@pytest.mark.parametrize("count", [1, 20])
def test_client_goes_before_it_is_answered(serve, name, end, count):
    server = serve(name)
    with server.stopped():
        socks = [server.connect() for _ in range(count)]
        for sock in socks:
            for _ in range(3):
                sock.send(b"and good-bye")
        for sock in socks:
            end(sock)


@servers
@ends
def test_client_goes_before_it_is_accepted(serve, name, end):
    server = serve(name)
    with server.stopped():
        for _ in range(5):
            end(server.connect())


@servers
@ends
def test_client_goes_after_it_has_been_answered(serve, name, end):
    server = serve(name)
    sock = server.connect()
    server.ask(sock)
    end(sock)


@servers
@pytest.mark.parametrize("size", [2000, 60_000])
def test_client_aborts_with_a_long_reason(serve, name, size):
    """The notification of the end has the reason, if the server asks for any."""
    server = serve(name)
    address = "127.0.0.1", server.kind.port
    sock = server.make_client(SOCK_SEQPACKET)
    sock.settimeout(None)
    assoc_id = sock.sctp_connectx([address], assoc_id=True)
    how = sctp_sndinfo(snd_assoc_id=assoc_id, snd_flags=sctp.SCTP_ABORT)
    sock.sctp_sendv([b"a" * size], info=how)


def flood(sock, size, seconds):
    """Sends without reading, until nothing can be sent any more or the server ends
    it."""
    sock.setblocking(False)
    deadline = time.monotonic() + seconds
    with suppress(OSError):
        while time.monotonic() < deadline:
            if not select.select([], [sock], [], 0.5)[1]:
                return
            with suppress(BlockingIOError):
                sock.send(b"a" * size)


@servers
@pytest.mark.parametrize("size", [100, 20_000])
def test_client_does_not_read(serve, name, size):
    server = serve(name)
    sock = server.make_client()
    sock.setsockopt(SOL_SOCKET, SO_RCVBUF, 5000)
    sock.connect(("127.0.0.1", server.kind.port))
    flood(sock, size, 5)
    server.ask(server.connect())


@servers
def test_more_clients_than_descriptors(serve, name):
    server = serve(name)
    limits = FEW_DESCRIPTORS, FEW_DESCRIPTORS
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limits)
    socks = [server.connect() for _ in range(3 * FEW_DESCRIPTORS)]
    for sock in socks:
        with suppress(OSError):
            sock.send(b"me too")
    for sock in socks:
        abort(sock)


@servers
def test_honest_clients_with_long_messages_do_not_block_each_other(serve, name):
    server = serve(name)
    done = []

    def ask(sock):
        for _ in range(3):
            server.ask(sock, LONG)
        sock.close()
        done.append(sock)

    socks = [server.connect() for _ in range(4)]
    threads = [threading.Thread(target=ask, args=[sock]) for sock in socks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(socks)


@servers
def test_message_that_is_too_long_comes_in_parts(serve, name):
    server = serve(name)
    sock = server.make_client()
    sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 2 * LONGER)
    sock.connect(("127.0.0.1", server.kind.port))
    server.ask(sock, LONGER)


def shut_down(sock):
    sock.shutdown(SHUT_WR)


def stay(sock):
    pass


def wait_until_all_is_sent(sock):
    """Or abandons it, which the server does not notice. It reads the answers
    meanwhile."""
    sock.settimeout(1)
    flags = 0
    with suppress(OSError):
        while not flags & sctp.MSG_NOTIFICATION:
            _, _, _, _, flags = sock.sctp_recvv(ABANDONED)


@servers
@pytest.mark.parametrize("end", [abort, leave, shut_down, stay])
def test_client_abandons_the_rest_of_a_message(serve, name, end):
    """Its pieces have no end, but they take no room from other clients."""
    server = serve(name)
    is_dry = sctp.sctp_event(se_type=sctp.SCTP_SENDER_DRY_EVENT, se_on=1)
    policy = sctp.sctp_prinfo(pr_policy=sctp.SCTP_PR_SCTP_TTL, pr_value=2)
    for _ in range(6):
        sock = server.make_client()
        for option in (SO_RCVBUF, SO_SNDBUF):
            sock.setsockopt(SOL_SOCKET, option, 2 * ABANDONED)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_EVENT, is_dry)
        sock.connect(("127.0.0.1", server.kind.port))
        sock.sctp_sendv([b"a" * ABANDONED], info=policy)
        wait_until_all_is_sent(sock)
        end(sock)
    server.ask(server.connect())


# The strangers, by what they know about authentication.
STRANGERS = {
    "no authentication": None,
    "no key": {},
    "an empty key": {"secret": b""},
    "another key": {"secret": b"a guess"},
    "the key by number 0": {"secret": SECRET, "number": 0},
    "the key by another number": {"secret": SECRET, "number": 2},
}


@pytest.mark.parametrize("how", ["connect", "send"])
@pytest.mark.parametrize("stranger", STRANGERS)
def test_stranger_is_not_heard(serve, stranger, how):
    """Neither after the set-up, nor with a message in the packet of COOKIE ECHO,
    which completes the set-up."""
    server = serve("authenticated_server")
    sock = server.make_client(knows_secret=False)
    if STRANGERS[stranger] is not None:
        authenticate(sock, **STRANGERS[stranger])
    address = "127.0.0.1", server.kind.port
    with server.stopped():
        if how == "connect":
            sock.connect(address)
            sock.send(b"let me in")
        else:
            sock.sctp_sendv([b"let me in"], [address])
    # A later message would have to wait for an earlier one.
    server.ask(server.connect())
    assert "let me in" not in server.said()


def test_stranger_is_not_heard_in_the_place_of_a_friend(serve, own_network):
    """A stranger with the address of the friend can restart the association without
    authentication."""
    server = serve("authenticated_server")
    friend = server.connect()
    server.ask(friend)
    address = friend.getsockname()
    own_network.lose(100)
    abort(friend)
    own_network.lose(0)
    sock = server.make_client(knows_secret=False)
    sock.bind(address)
    with server.stopped():
        sock.connect(("127.0.0.1", server.kind.port))
        sock.send(b"let me in")
    server.ask(server.connect())
    assert "let me in" not in server.said()
