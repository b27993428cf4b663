"""Associations in several processes, and processes that end while threads wait."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from socket import AF_INET, SHUT_WR, SOCK_STREAM

import pytest
import system

from sctp import sctp_sndinfo
from sctp.sync import connect, serve

pytestmark = pytest.mark.kernel

only_ipv4 = pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True)
one_to_one = pytest.mark.parametrize("how", ["accept", "peeloff"])

# fork


@contextmanager
def forked(task):
    """A child process. The value is a function that lets the child do its task. The
    child ends with the block."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(writable)
            while os.read(readable, 1):
                task()
            status = 0
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
        finally:
            os._exit(status)
    os.close(readable)
    try:
        yield lambda: os.write(writable, b"!")
    finally:
        os.close(writable)
        assert os.waitpid(child, 0)[1] == 0


@only_ipv4
@one_to_one
def test_association_lives_as_long_as_the_child_has_it(make_ready, how):
    _, get, peer = make_ready(how)
    sock = get()
    with forked(lambda: sock.sctp_sendv([b"from the child"])) as let:
        sock.close()
        let()
        assert peer.recv(32) == b"from the child"
    assert peer.recv(32) == b""


@only_ipv4
@one_to_one
def test_association_lives_as_long_as_the_parent_has_it(make_ready, how):
    _, get, peer = make_ready(how)
    with get() as sock:
        with forked(sock.close) as let:
            let()
        sock.sctp_sendv([b"from the parent"])
        assert peer.recv(32) == b"from the parent"
        peer.send(b"to the parent")
        assert sock.sctp_recvv(32)[0] == b"to the parent"
    assert peer.recv(32) == b""


@only_ipv4
def test_one_to_many_socket_lives_as_long_as_one_process_has_it(make_many, wait_for):
    sock, assoc_id, peer = make_many()
    sndinfo = sctp_sndinfo(snd_assoc_id=assoc_id)
    with forked(lambda: sock.sctp_sendv([b"child"], None, sndinfo)) as let:
        sock.close()
        let()
        data, _, info, _, _ = peer.sctp_recvv(32)
        assert data == b"child"
        assert peer.sctp_getpaddrs(info["rcv_assoc_id"])
    wait_for(lambda: peer.sctp_getpaddrs(info["rcv_assoc_id"]) is None)


@only_ipv4
@one_to_one
def test_shutdown_ends_the_association_of_every_process(make_ready, how):
    _, get, peer = make_ready(how)
    with get() as sock, forked(lambda: sock.shutdown(SHUT_WR)) as let:
        let()
        assert peer.recv(32) == b""
        with system.raises_errno(system.ENDED):
            sock.sctp_sendv([b"no more"])


@only_ipv4
def test_processes_receive_each_message_once(make_pair):
    """Whichever process comes first."""
    sender, sock = make_pair()
    readable, writable = os.pipe()

    def receive():
        return sock.sctp_recvv(1)[0]

    sent = bytes(range(100))
    with forked(lambda: os.write(writable, receive())) as let:
        for _ in range(50):
            let()
        for i in range(100):
            sender.sctp_sendv([sent[i : i + 1]])
        received = b"".join(receive() for _ in range(50))
    received += os.read(readable, 100)
    os.close(readable)
    os.close(writable)
    assert sorted(received) == list(sent)


# exec


def run_python(code, *arguments, **kwargs):
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60, **kwargs
    ).stdout


ANSWER = """
import sys
from sctp import sctp_socket

with sctp_socket(fileno=int(sys.argv[1])) as sock:
    data = sock.sctp_recvv(32)[0]
    sock.sctp_sendv([data, b" ", sock.sctp_type.encode()])
"""


@only_ipv4
@one_to_one
def test_descriptor_is_passed_to_another_program(make_ready, how):
    _, get, peer = make_ready(how)
    with get() as sock:
        sock.setblocking(True)
        peer.send(b"to")
        assert run_python(ANSWER, sock.fileno(), pass_fds=[sock.fileno()]) == ""
        assert peer.recv(32) == b"to one-to-one"
        # The program has closed its descriptors, but not the association.
        sock.sctp_sendv([b"still here"])
        assert peer.recv(32) == b"still here"


@only_ipv4
def test_listening_descriptor_is_passed_to_another_program(make_listener, make_socket):
    code = """
import sys
from sctp import sctp_socket

with sctp_socket(fileno=int(sys.argv[1])) as listener:
    with listener.accept()[0] as sock:
        sock.sctp_sendv([b"hello"])
"""
    listener = make_listener(SOCK_STREAM)
    listener.setblocking(True)
    peer = make_socket(AF_INET, SOCK_STREAM)
    peer.connect(listener.getsockname())
    run_python(code, listener.fileno(), pass_fds=[listener.fileno()])
    assert peer.recv(32) == b"hello"
    assert peer.recv(32) == b""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork with threads
def test_server_of_threads_stays_with_the_parent():
    """The child has none of its threads, and waits for none of them."""

    def echo(association):
        for message in association:
            association.send(message.data)

    with serve(echo, "127.0.0.1", close_timeout=1) as server:
        client = connect(server.addresses)
        client.send(b"0")
        assert client.receive(timeout=10).data == b"0"

        def leave():
            server.close()
            server.__exit__(None, None, None)
            server.wait_closed(timeout=10)
            assert not server.associations and not server.sockets

        with forked(leave) as let:
            let()
        for each in client, connect(server.addresses):
            each.send(b"1")
            assert each.receive(timeout=10).data == b"1"
            each.shutdown(timeout=10)


# The end of a process

ENDING_PROCESS = Path(__file__).with_name("ending_process.py")
WAITS = 9


def start(timeout, ending):
    # Sockets stay open, and Python 3.12 warns of a fork with threads.
    quiet = ["-W", "ignore::ResourceWarning", "-W", "ignore::DeprecationWarning"]
    command = [sys.executable, "-X", "faulthandler", *quiet, ENDING_PROCESS]
    return subprocess.Popen(
        [*command, f"{timeout}", ending],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("ending", "timeout"),
    [
        ("returns", None),
        ("exits", 60),
        ("wakes", None),
        ("wakes", 60),
        ("forks", None),
    ],
)
def test_interpreter_ends_while_threads_wait(ending, timeout):
    """Even if the calls of the threads end in the same moment."""
    with start(timeout, ending) as process:
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert output == f"{WAITS}\n"


def test_interpreter_ends_with_an_error_while_threads_wait():
    with start(60, "raises") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("Traceback")
    assert errors.endswith("\nRuntimeError\n")


def test_control_c_ends_the_interpreter_while_all_threads_wait(wait_for):
    with start(None, "waits") as process:
        assert process.stdout.readline() == f"{WAITS}\n"
        wait_for(lambda: system.process_state(process.pid) == "S")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert errors.endswith("\nKeyboardInterrupt\n")
