"""Which descriptors other processes inherit, and what happens to the associations."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from socket import AF_INET, MSG_DONTWAIT, SOCK_SEQPACKET, SOCK_STREAM

import pytest

from sctp import sctp_socket

# The behaviour of processes does not depend on the family.
pytestmark = [
    pytest.mark.kernel,
    pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True),
]


@pytest.fixture(params=["connect", "accept", "peeloff", "one-to-many"])
def held(request, make_ready, make_pair):
    """A socket with one association, and the peer."""
    kind = request.param
    if kind == "connect":
        yield make_pair()
        return
    listener, get, peer = make_ready("peeloff" if kind == "one-to-many" else kind)
    if kind == "one-to-many":
        yield listener, peer
        return
    with get() as sock:
        yield sock, peer


def test_kernel_ends_the_association_of_a_killed_process(held):
    """The kernel ends it as gracefully as if the process had closed the socket."""
    sock, peer = held
    child = os.fork()
    if child == 0:
        while True:
            signal.pause()
    try:
        sock.close()
        with pytest.raises(BlockingIOError):
            peer.sctp_recvv(64, MSG_DONTWAIT)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert peer.recv(64) == b""


@contextmanager
def other_program():
    """A process that runs another program, and inherits every descriptor that it
    can."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as process:
        yield process
        assert process.poll() is None
        process.stdin.close()


def test_other_program_does_not_keep_an_association(held):
    sock, peer = held
    with other_program():
        sock.close()
        assert peer.recv(64) == b""


@pytest.fixture
def sockets(make_socket, network, make_ready, make_pair):
    """Sockets, by the way in which they were made."""
    listener, accept, _ = make_ready("accept")
    many, peel_off, _ = make_ready("peeloff")
    connected, _ = make_pair()
    with (
        accept() as accepted,
        peel_off() as peeled,
        connected.dup() as twin,
        peeled.dup() as peeled_twin,
        sctp_socket(fileno=os.dup(connected.fileno())) as again,
    ):
        yield {
            "new one-to-one": make_socket(network.family, SOCK_STREAM),
            "new one-to-many": make_socket(network.family, SOCK_SEQPACKET),
            "listener": listener,
            "one-to-many": many,
            "connect": connected,
            "accept": accepted,
            "peeloff": peeled,
            "dup": twin,
            "dup of peeloff": peeled_twin,
            "fileno": again,
        }


@pytest.mark.linux
def test_no_descriptor_goes_to_another_program_by_itself(sockets):
    def held_by(process):
        files = Path(f"/proc/{process.pid}/fd").iterdir()
        numbers = [os.stat(file).st_ino for file in files]
        return {
            how
            for how, sock in sockets.items()
            if os.fstat(sock.fileno()).st_ino in numbers
        }

    with other_program() as process:
        assert held_by(process) == set()
    for sock in sockets.values():
        sock.set_inheritable(True)
    with other_program() as process:
        assert held_by(process) == sockets.keys()


ANSWER = """
import os
import sys

from sctp import *

with sctp_socket(fileno=int(sys.argv[1])) as sock:
    sock.settimeout(10)
    data, _, info, _, _ = sock.sctp_recvv(32)
    sndinfo = sctp_sndinfo(snd_assoc_id=info["rcv_assoc_id"])
    sock.sctp_sendv([data, b" %d" % os.getpid()], None, sndinfo)
"""


def test_only_holder_may_be_another_program(held):
    sock, peer = held
    number = sock.fileno()
    command = [sys.executable, "-W", "error", "-c", ANSWER, str(number)]
    with subprocess.Popen(command, pass_fds=[number]) as process:
        sock.close()
        peer.send(b"to")
        assert peer.recv(64) == b"to %d" % process.pid
        assert peer.recv(64) == b""
    assert process.returncode == 0
