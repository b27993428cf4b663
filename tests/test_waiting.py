"""Waiting: blocking sockets, timeouts, non-blocking sockets, signals and threads."""

import errno
import faulthandler
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from socket import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    MSG_DONTWAIT,
    SHUT_RD,
    SHUT_RDWR,
    SHUT_WR,
    SO_ERROR,
    SO_RCVBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
from system import (
    LINUX,
    process_state,
    raises_errno,
    send_until_full,
    wait_until_asleep,
)

import sctp
from sctp import (
    IPPROTO_SCTP,
    SCTP_ASSOC_CHANGE,
    SCTP_COMM_UP,
    SCTP_COOKIE_WAIT,
    SCTP_DELAYED_SACK,
    SCTP_ESTABLISHED,
    SCTP_EVENT,
    SCTP_INITMSG,
    SCTP_RTOINFO,
    SCTP_STATUS,
    parse_notification,
    sctp_event,
    sctp_sndinfo,
)

pytestmark = pytest.mark.kernel

MESSAGE = bytes(50_000)

only_ipv4 = pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True)


@pytest.fixture(autouse=True)
def end_a_hang():
    """Some faults, such as waiting with the GIL, stop all Python threads."""
    faulthandler.dump_traceback_later(60, exit=True, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()


@dataclass
class Wait:
    """A call that has to wait, what ends the wait, and what the call then returns."""

    sock: sctp.sctp_socket
    call: Callable
    end: Callable
    result: object


def in_thread(call):
    """Makes a call in another thread. Returns its future result and the thread."""
    future = Future()

    def run():
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return future, thread


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


@contextmanager
def alarms(handler, first, interval=0.0):
    """Runs a signal handler after some time, and repeats it at an interval."""
    previous = signal.signal(signal.SIGALRM, lambda number, frame: handler())
    signal.setitimer(signal.ITIMER_REAL, first, interval)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def association(sock, assoc_id=0):
    """The identifier and the state of an association."""
    id = "i" if LINUX else "I"
    status = struct.pack(id, assoc_id) + bytes(252)
    status = sock._getsockopt(IPPROTO_SCTP, SCTP_STATUS, status)
    return struct.unpack_from(f"{id}i", status)


# Calls that wait


@pytest.fixture
def recvv_one_to_one(make_pair):
    sock, peer = make_pair()

    def receive(flags=0):
        return sock.sctp_recvv(10, flags)[0]

    return Wait(sock, receive, lambda: peer.sctp_sendv([b"hello"]), b"hello")


@pytest.fixture
def recvv_one_to_many(make_many):
    peer, assoc_id, sock = make_many(homes=3)
    sndinfo = sctp_sndinfo(snd_assoc_id=assoc_id)

    def receive(flags=0):
        return sock.sctp_recvv(10, flags)[0]

    def send():
        peer.sctp_sendv([b"hello"], None, sndinfo)

    return Wait(sock, receive, send, b"hello")


@pytest.fixture
def recvv_into(make_pair):
    sock, peer = make_pair()
    space = bytearray(10)

    def receive(flags=0):
        return bytes(space[: sock.sctp_recvv_into([space], flags)[0]])

    return Wait(sock, receive, lambda: peer.sctp_sendv([b"hello"]), b"hello")


@pytest.fixture
def recvv_peeled(make_ready):
    _, peel, peer = make_ready("peeloff")
    with peel() as sock:

        def receive(flags=0):
            return sock.sctp_recvv(10, flags)[0]

        yield Wait(sock, receive, lambda: peer.sctp_sendv([b"hello"]), b"hello")


@pytest.fixture
def make_full(make_socket, make_listener, network):
    """Makes a socket that sends to a socket which does not read, until both buffers
    are full. Another message has to wait."""
    made = []

    def make(type, homes, peeled=False):
        receiver = make_listener(type, homes)
        # It acknowledges at once, so a full buffer stays full. The window opens again
        # by more than the packet size of a local network.
        receiver.setsockopt(SOL_SOCKET, SO_RCVBUF, 212_992)
        receiver.setsockopt(
            IPPROTO_SCTP, SCTP_DELAYED_SACK, struct.pack("iII", 0, 0, 1)
        )
        addrs = network.addresses(homes, port=receiver.getsockname()[1])
        sender = make_socket(network.family, type, timeout=None)
        assoc_id = sender.sctp_connectx(addrs, assoc_id=True)
        sndinfo = sctp_sndinfo(snd_assoc_id=assoc_id)
        if peeled:
            sender = sender.sctp_peeloff(assoc_id)
            made.append(sender)
        if type == SOCK_STREAM:
            receiver, _ = receiver.accept()
            made.append(receiver)

        def send(flags=0):
            return sender.sctp_sendv([MESSAGE], None, sndinfo, flags)

        def receive_all():
            with suppress(BlockingIOError):
                while receiver.sctp_recvv(len(MESSAGE), MSG_DONTWAIT)[0]:
                    pass

        send_until_full(lambda: send(MSG_DONTWAIT))
        return Wait(sender, send, receive_all, len(MESSAGE))

    yield make
    for sock in made:
        sock.close()


@pytest.fixture
def sendv_one_to_one(make_full):
    return make_full(SOCK_STREAM, homes=3)


@pytest.fixture
def sendv_one_to_many(make_full):
    return make_full(SOCK_SEQPACKET, homes=1)


@pytest.fixture
def sendv_peeled(make_full):
    return make_full(SOCK_SEQPACKET, homes=1, peeled=True)


@pytest.fixture
def accept(make_socket, make_listener, network):
    sock = make_listener(SOCK_STREAM)
    address = sock.getsockname()
    peer = make_socket(network.family, SOCK_STREAM)
    peer.bind(network.address())

    def accept():
        accepted, who = sock.accept()
        accepted.close()
        return who[1]

    return Wait(sock, accept, lambda: peer.connect(address), peer.getsockname()[1])


@pytest.fixture
def late_host(make_socket, network):
    """The address of a server that does not answer, and a function that lets it
    answer."""
    listener = make_socket(network.family, SOCK_SEQPACKET)
    listener.bind(("", *network.address()[1:]))
    listener.listen()
    address = network.address(host=9, port=listener.getsockname()[1])

    def ip_address(verb):
        option = "-4" if network.family == AF_INET else "-6"
        prefix = f"{address[0]}/{32 if network.family == AF_INET else 128}"
        subprocess.run(["ip", option, "address", verb, prefix, "dev", "lo"], check=True)
        appeared.append(verb)

    appeared = []
    yield address, lambda: ip_address("add")
    if appeared:
        ip_address("del")


@pytest.fixture
def make_client(make_socket, network):
    """Makes sockets that try ten times per second to connect."""

    def make(type, timeout=10):
        sock = make_socket(network.family, type, timeout)
        rtoinfo = struct.pack("iIII", 0, 100, 100, 100)
        sock.setsockopt(IPPROTO_SCTP, SCTP_RTOINFO, rtoinfo)
        initmsg = struct.pack("HHHH", 0, 0, 1000, 100)
        sock.setsockopt(IPPROTO_SCTP, SCTP_INITMSG, initmsg)
        return sock

    return make


def connectx(sock, address):
    """Whether the call returns only after the association is up."""
    assoc_id = sock.sctp_connectx([address], assoc_id=True)
    return association(sock, assoc_id) == (assoc_id, SCTP_ESTABLISHED)


@pytest.fixture
def connectx_one_to_one(make_client, late_host):
    address, appear = late_host
    sock = make_client(SOCK_STREAM)
    return Wait(sock, lambda: connectx(sock, address), appear, True)


@pytest.fixture
def connectx_one_to_many(make_client, late_host):
    address, appear = late_host
    sock = make_client(SOCK_SEQPACKET)
    return Wait(sock, lambda: connectx(sock, address), appear, True)


@pytest.fixture
def connect(make_client, late_host):
    address, appear = late_host
    sock = make_client(SOCK_STREAM)
    return Wait(sock, lambda: sock.connect(address), appear, None)


@pytest.fixture
def wait(request, network):
    return request.getfixturevalue(request.param)


MESSAGES = [
    "recvv_one_to_one",
    "recvv_one_to_many",
    "sendv_one_to_one",
    "sendv_one_to_many",
]
CONNECTS = ["connectx_one_to_one", "connect"]
WAITS = [*MESSAGES, "accept", *CONNECTS]
MODES = {"blocking": None, "timed": 10}


# The peers of these calls appear late.
LINUX_WAITS = {*CONNECTS, "connectx_one_to_many"}


def marks(name):
    return [pytest.mark.linux] if name in LINUX_WAITS else []


def waits(names):
    names = [pytest.param(name, marks=marks(name)) for name in names]
    return pytest.mark.parametrize("wait", names, indirect=True)


def waits_in_both_modes(*, blocking=()):
    """Each call that waits in each mode, and calls that wait only in one mode."""
    cases = [(name, mode) for name in WAITS for mode in MODES]
    cases += [(name, "blocking") for name in blocking]
    return pytest.mark.parametrize(
        "wait, timeout",
        [
            pytest.param(name, MODES[mode], marks=marks(name), id=f"{name}-{mode}")
            for name, mode in cases
        ],
        indirect=["wait"],
    )


# Modes


@waits(WAITS)
def test_timed_call_gives_up_in_time(wait):
    wait.sock.settimeout(0.5)
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        wait.call()
    assert 0.5 <= time.monotonic() - start < 2.5


@waits(WAITS)
def test_non_blocking_call_does_not_wait(wait, request):
    wait.sock.setblocking(False)
    with pytest.raises(BlockingIOError) as caught:
        wait.call()
    connects = request.node.callspec.params["wait"] in CONNECTS
    assert caught.value.errno == (errno.EINPROGRESS if connects else errno.EAGAIN)


@waits(MESSAGES)
def test_dontwait_does_not_wait_for_the_timeout(wait):
    wait.sock.settimeout(0.5)
    with pytest.raises(BlockingIOError):
        wait.call(MSG_DONTWAIT)


@only_ipv4
@waits(["recvv_one_to_one", "sendv_one_to_one", "connectx_one_to_one"])
def test_shortest_timeout_is_none_the_less_a_timeout(wait):
    wait.sock.settimeout(1e-12)
    with pytest.raises(TimeoutError):
        wait.call()


@waits_in_both_modes(blocking=["connectx_one_to_many"])
def test_other_threads_run_meanwhile(wait, timeout):
    """Another thread ends the wait."""

    def end():
        wait_until_asleep(threading.main_thread())
        wait.end()

    wait.sock.settimeout(timeout)
    ended, _ = in_thread(end)
    assert wait.call() == wait.result
    ended.result(10)


@only_ipv4
@waits(["recvv_one_to_one"])
def test_longest_timeout_does_not_overflow(wait):
    wait.sock.settimeout(threading.TIMEOUT_MAX)
    received, thread = in_thread(wait.call)
    wait_until_asleep(thread)
    wait.end()
    assert received.result(10) == wait.result


@waits(["sendv_one_to_one", "sendv_one_to_many"])
def test_senders_go_on_when_the_receiver_reads(wait):
    wait.sock.settimeout(30)
    calls = [in_thread(wait.call) for _ in range(3)]
    for _, thread in calls:
        wait_until_asleep(thread)
    wait_for(lambda: wait.end() or all(sent.done() for sent, _ in calls))
    assert [sent.result() for sent, _ in calls] == [wait.result] * 3


@only_ipv4
@waits(["sendv_one_to_one"])
def test_data_cannot_move_while_its_sender_waits(wait):
    data = bytearray(MESSAGE)
    sent, thread = in_thread(lambda: wait.sock.sctp_sendv([data]))
    wait_until_asleep(thread)
    with pytest.raises(BufferError):
        data.clear()
    wait.end()
    assert sent.result(10) == len(MESSAGE)
    data.clear()


@only_ipv4
@waits(["sendv_one_to_many"])
def test_abort_ends_a_blocking_wait_for_room(wait, kernel_fact):
    wait.sock.settimeout(None)
    waiting, thread = in_thread(wait.call)
    wait_until_asleep(thread)
    (assoc_id,) = wait.sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_ID_LIST)
    sndinfo = sctp_sndinfo(snd_flags=sctp.SCTP_ABORT, snd_assoc_id=assoc_id)
    wait.sock.sctp_sendv([b"bye"], None, sndinfo, MSG_DONTWAIT)
    with raises_errno({"linux": errno.ESRCH, "freebsd": errno.ECONNRESET}) as raised:
        waiting.result(10)
    (note,) = raised.value.__notes__
    assert "ended while the message waited" in note
    kernel_fact("abort-wakes-a-sender", raised.value)


# Signals (PEP 475)


@waits_in_both_modes()
def test_call_goes_on_after_a_signal_handler(wait, timeout):
    calls = []

    def handle():
        calls.append(None)
        if len(calls) == 3:
            signal.setitimer(signal.ITIMER_REAL, 0)
            wait.end()

    wait.sock.settimeout(timeout)
    with alarms(handle, 0.1, 0.1):
        assert wait.call() == wait.result
    assert len(calls) == 3


@only_ipv4
@waits(WAITS)
def test_signals_do_not_put_the_deadline_off(wait):
    calls = []

    def handle():
        calls.append(None)
        if len(calls) == 30:
            signal.setitimer(signal.ITIMER_REAL, 0)

    wait.sock.settimeout(0.6)
    start = time.monotonic()
    with alarms(handle, 0.1, 0.1), pytest.raises(TimeoutError):
        wait.call()
    assert 0.6 <= time.monotonic() - start < 2.5
    assert len(calls) > 1


class Interrupted(Exception):
    pass


@waits_in_both_modes(blocking=["connectx_one_to_many"])
def test_what_a_signal_handler_raises_comes_through(wait, timeout):
    def handle():
        raise Interrupted

    wait.sock.settimeout(timeout)
    start = time.monotonic()
    with pytest.raises(Interrupted), alarms(handle, 0.2):
        wait.call()
    assert time.monotonic() - start < 5


@only_ipv4
@waits_in_both_modes(blocking=["connectx_one_to_many"])
def test_control_c_ends_the_wait(wait, timeout, request):
    """Nothing is lost."""

    def interrupt():
        wait_until_asleep(threading.main_thread())
        # FreeBSD may deliver a signal for the process to any thread.
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    wait.sock.settimeout(timeout)
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        interrupted, _ = in_thread(interrupt)
        with pytest.raises(KeyboardInterrupt):
            wait.call()
    finally:
        signal.signal(signal.SIGINT, previous)
    interrupted.result(10)
    if request.node.callspec.params["wait"] in [*MESSAGES, "accept"]:
        wait.end()
        assert wait.call() == wait.result


# Connections in progress


@pytest.fixture
def refusing(make_listener, network):
    """The address of a port on which no socket listens."""
    listener = make_listener(SOCK_STREAM)
    address = listener.getsockname()
    listener.close()
    return address


def wait_until_writable(sock):
    _, writable, _ = select.select([], [sock], [], 10)
    assert writable


@pytest.mark.parametrize("homes", [1, 3])
def test_non_blocking_connectx_goes_on(make_socket, make_listener, network, homes):
    listener = make_listener(SOCK_STREAM, homes)
    sock = make_socket(network.family, SOCK_STREAM, timeout=0)
    with pytest.raises(BlockingIOError) as caught:
        sock.sctp_connectx(network.addresses(homes, port=listener.getsockname()[1]))
    assert caught.value.errno == errno.EINPROGRESS
    wait_until_writable(sock)
    assert sock.getsockopt(SOL_SOCKET, SO_ERROR) == 0
    assert association(sock)[1] == SCTP_ESTABLISHED
    assert len(sock.sctp_getpaddrs()) == homes


def test_non_blocking_connectx_reports_a_refusal(make_socket, network, refusing):
    sock = make_socket(network.family, SOCK_STREAM, timeout=0)
    with pytest.raises(BlockingIOError) as caught:
        sock.sctp_connectx([refusing])
    assert caught.value.errno == errno.EINPROGRESS
    wait_until_writable(sock)
    assert sock.getsockopt(SOL_SOCKET, SO_ERROR) == errno.ECONNREFUSED


def test_timed_connectx_raises_a_refusal(make_socket, network, refusing):
    sock = make_socket(network.family, SOCK_STREAM, timeout=10)
    with pytest.raises(ConnectionRefusedError):
        sock.sctp_connectx([refusing])
    assert sock.getsockopt(SOL_SOCKET, SO_ERROR) == 0


@only_ipv4
@pytest.mark.parametrize("timeout", [None, 10])
@pytest.mark.parametrize("how", [socket.SHUT_WR, socket.SHUT_RDWR])
@waits(CONNECTS)
def test_shutdown_ends_an_attempt_to_connect(wait, how, timeout, kernel_fact):
    """The kernel may report success. Then the next call fails."""
    wait.sock.settimeout(timeout)
    connecting, thread = in_thread(wait.call)
    wait_until_asleep(thread)
    with pytest.raises(OSError) as caught:
        wait.sock.shutdown(how)
    assert caught.value.errno == errno.ENOTCONN
    kernel_fact("shutdown-wakes-connect", True)
    error = connecting.exception(5)
    # connectx() above gets EINVAL if there is no association.
    assert error is None or error.errno in (errno.ECONNREFUSED, errno.EINVAL)
    wait.end()
    wait.sock.settimeout(10)
    with pytest.raises(BrokenPipeError):
        wait.sock.sctp_sendv([b"late"])
    with pytest.raises(OSError):
        association(wait.sock)


def test_timed_connectx_of_a_one_to_many_socket_returns_at_once(make_client, late_host):
    address, appear = late_host
    sock = make_client(SOCK_SEQPACKET)
    start = time.monotonic()
    assoc_id = sock.sctp_connectx([address], assoc_id=True)
    assert time.monotonic() - start < 5
    assert association(sock, assoc_id) == (assoc_id, SCTP_COOKIE_WAIT)
    appear()
    wait_for(lambda: association(sock, assoc_id) == (assoc_id, SCTP_ESTABLISHED))


def test_non_blocking_connectx_of_a_one_to_many_socket_goes_on(
    make_socket, make_listener, network
):
    listener = make_listener(SOCK_SEQPACKET)
    sock = make_socket(network.family, SOCK_SEQPACKET, timeout=0)
    with pytest.raises(BlockingIOError) as caught:
        sock.sctp_connectx([listener.getsockname()])
    assert caught.value.errno == errno.EINPROGRESS
    sock.settimeout(10)
    sock.sctp_sendv([b"hello"], [listener.getsockname()])
    assert listener.sctp_recvv(100)[0] == b"hello"


@pytest.mark.parametrize("type", [SOCK_STREAM, SOCK_SEQPACKET])
def test_non_blocking_connectx_tells_which_association_is_under_way(
    make_socket, make_listener, network, type
):
    address = make_listener(SOCK_SEQPACKET).getsockname()
    sock = make_socket(network.family, type, timeout=0)
    event = sctp_event(se_type=SCTP_ASSOC_CHANGE, se_on=1)
    sock.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)
    with pytest.raises(BlockingIOError) as caught:
        sock.sctp_connectx([address], assoc_id=True)
    assert caught.value.errno == errno.EINPROGRESS
    sock.settimeout(10)
    change = parse_notification(sock.sctp_recvv(1000)[0])
    assert change["sac_state"] == SCTP_COMM_UP
    assert change["sac_assoc_id"] == caught.value.assoc_id > 0


@pytest.mark.parametrize("type", [SOCK_STREAM, SOCK_SEQPACKET])
def test_second_connectx_has_no_association_of_its_own(make_socket, network, type):
    sock = make_socket(network.family, type, timeout=0)
    silent = [network.address(host=9, port=9)]
    for number in errno.EINPROGRESS, errno.EALREADY:
        with pytest.raises(BlockingIOError) as caught:
            sock.sctp_connectx(silent, assoc_id=True)
        assert caught.value.errno == number
        assert hasattr(caught.value, "assoc_id") == (number == errno.EINPROGRESS)


@pytest.mark.parametrize("type", [SOCK_STREAM, SOCK_SEQPACKET])
@pytest.mark.parametrize("kwargs", [{}, {"assoc_id": False}])
def test_non_blocking_connectx_tells_only_who_asks(
    make_socket, make_listener, network, type, kwargs
):
    sock = make_socket(network.family, type, timeout=0)
    with pytest.raises(BlockingIOError) as caught:
        sock.sctp_connectx([make_listener(SOCK_SEQPACKET).getsockname()], **kwargs)
    assert not hasattr(caught.value, "assoc_id")


def test_interrupted_connectx_of_a_one_to_many_socket_goes_on(make_client, late_host):
    """The kernel offers no way to wait for it a second time."""
    address, appear = late_host
    sock = make_client(SOCK_SEQPACKET, timeout=None)
    calls = []
    with alarms(lambda: calls.append(None), 0.2):
        assoc_id = sock.sctp_connectx([address], assoc_id=True)
    assert calls
    assert association(sock, assoc_id) == (assoc_id, SCTP_COOKIE_WAIT)
    appear()
    wait_for(lambda: association(sock, assoc_id) == (assoc_id, SCTP_ESTABLISHED))


# Another thread ends the socket


@only_ipv4
@pytest.mark.parametrize("how", ["close", "detach"])
@waits([*MESSAGES, "recvv_into", "recvv_peeled", "connectx_one_to_one"])
def test_closed_socket_leaves_its_number_alone(wait, how):
    """Another file may have the number at the end of the wait. It must not be
    touched."""
    number = wait.sock.fileno()
    theirs, peer = socket.socketpair(AF_UNIX, SOCK_SEQPACKET)
    with theirs, peer:
        peer.send(b"theirs")
        wait.sock.settimeout(0.6)
        waiting, thread = in_thread(wait.call)
        wait_until_asleep(thread)
        getattr(wait.sock, how)()
        os.dup2(theirs.fileno(), number)
        try:
            assert waiting.exception(10).errno == errno.EBADF
        finally:
            os.close(number)
        assert theirs.recv(100) == b"theirs"
        with pytest.raises(BlockingIOError):
            peer.recv(100, MSG_DONTWAIT)


READERS = ["recvv_one_to_one", "recvv_into", "recvv_peeled"]
SENDERS = ["sendv_one_to_one", "sendv_peeled"]

both_modes = pytest.mark.parametrize("timeout", MODES.values(), ids=MODES)


def begin(wait, timeout):
    """Waits in another thread. Returns its future result and the thread."""
    wait.sock.settimeout(timeout)
    waiting, thread = in_thread(wait.call)
    wait_until_asleep(thread)
    return waiting, thread


def assert_sleeps(waiting, thread):
    wait_until_asleep(thread)
    assert not waiting.done()


@only_ipv4
@both_modes
@pytest.mark.parametrize("how", ["close", "detach"])
@waits([*READERS, "recvv_one_to_many", *SENDERS, "sendv_one_to_many"])
def test_closing_wakes_nobody(wait, how, timeout, kernel_fact):
    """If the kernel has begun a call, it completes it with the old socket. If the
    loop would have to repeat a call, it fails instead."""
    number = wait.sock.fileno()
    waiting, thread = begin(wait, timeout)
    getattr(wait.sock, how)()
    try:
        if LINUX or timeout is None:  # FreeBSD's poll() sees the end
            assert_sleeps(waiting, thread)
            kernel_fact("close-wakes", False)
            wait.end()
        if timeout is None:
            assert waiting.result(10) == wait.result
        else:
            assert waiting.exception(10).errno == errno.EBADF
    finally:
        if how == "detach":
            os.close(number)


@only_ipv4
@both_modes
@waits(["accept", "connect", "connectx_one_to_one"])
def test_closing_wakes_nobody_who_waits_for_a_peer(wait, timeout):
    waiting, thread = begin(wait, timeout)
    wait.sock.close()
    if LINUX or timeout is None:
        assert_sleeps(waiting, thread)
        wait.end()
    error = waiting.exception(15)
    assert error is None or error.errno == errno.EBADF


@only_ipv4
@both_modes
@pytest.mark.parametrize("direction", [SHUT_RD, SHUT_RDWR])
@waits(READERS)
def test_shutdown_of_reading_wakes_readers(wait, direction, timeout, kernel_fact):
    waiting, _ = begin(wait, timeout)
    wait.sock.shutdown(direction)
    assert waiting.result(10) == b""
    kernel_fact("shut-rd-wakes-readers", True)


@only_ipv4
def test_readers_of_peeled_sockets_see_the_end_first(make_ready, network):
    """They must not get the error that there is no association. One in seven once
    did."""
    for _ in range(30):
        _, peel, _ = make_ready("peeloff")
        with peel() as sock:
            wait = Wait(sock, lambda sock=sock: sock.sctp_recvv(10)[0], None, b"")
            waiting, _ = begin(wait, None)
            sock.shutdown(SHUT_RDWR)
            assert waiting.result(10) == b""


@pytest.mark.linux  # FreeBSD wakes readers so
@only_ipv4
@pytest.mark.parametrize("timeout", [None, 1])
@waits(READERS)
def test_shutdown_of_writing_wakes_no_reader_with_a_timeout(wait, timeout, kernel_fact):
    waiting, _ = begin(wait, timeout)
    wait.sock.shutdown(SHUT_WR)
    error = waiting.exception(10)
    if timeout is None:
        assert error.errno == errno.ENOTCONN
    else:
        assert isinstance(error, TimeoutError)
        kernel_fact("shut-wr-wakes-readers", False)


@only_ipv4
@both_modes
@pytest.mark.parametrize("direction", [SHUT_RD, SHUT_WR, SHUT_RDWR])
@waits(["recvv_one_to_many", "sendv_one_to_many"])
def test_shutdown_wakes_nobody_on_other_sockets(wait, direction, timeout):
    waiting, thread = begin(wait, timeout)
    with suppress(OSError):
        wait.sock.shutdown(direction)
    assert_sleeps(waiting, thread)
    wait.end()
    assert waiting.result(10) == wait.result


@only_ipv4
@both_modes
@pytest.mark.parametrize("direction", [SHUT_RD, SHUT_RDWR])
@waits(["accept"])
def test_shutdown_of_a_listener(wait, direction, timeout, kernel_fact):
    """A kernel may let it wait on, or not let it accept."""
    waiting, _ = begin(wait, timeout)
    with suppress(OSError):
        wait.sock.shutdown(direction)
    try:
        error = waiting.exception(1)
    except TimeoutError:
        wait.end()
        error = waiting.exception(10)
    if timeout is None:
        kernel_fact("shutdown-wakes-accept", error or False)
    if error is None:
        assert waiting.result() == wait.result
    else:
        assert error.errno == errno.EINVAL


@pytest.mark.linux  # FreeBSD ends it
@only_ipv4
@both_modes
@pytest.mark.parametrize("direction", [SHUT_RD, SHUT_WR, SHUT_RDWR])
@waits(SENDERS)
def test_shutdown_wakes_no_sender(wait, direction, timeout, kernel_fact):
    """The end comes after the data that waits to be delivered."""
    waiting, thread = begin(wait, timeout)
    wait.sock.shutdown(direction)
    assert_sleeps(waiting, thread)
    kernel_fact("shutdown-wakes-senders", False)
    wait.end()
    if direction == SHUT_RD:
        assert waiting.result(10) == wait.result
    else:
        error = waiting.exception(10)
        assert isinstance(error, (BrokenPipeError, ProcessLookupError))


# Names


LOOK_UP = """
import socket
import struct
import sys
import threading

import sctp

family = socket.AddressFamily(int(sys.argv[1]))
if family == socket.AF_INET:
    kind, host, zeros = 1, "127.0.0.1", ()
else:
    kind, host, zeros = 28, "::1", (0, 0)
queries = []


def answer():
    while True:
        query, client = server.recvfrom(512)
        queries.append(query)
        header = query[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0)
        packed = socket.inet_pton(family, host)
        record = struct.pack("!3HLH", 0xC00C, kind, 1, 60, len(packed)) + packed
        server.sendto(header + query[12:] + record, client)


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.99", 53))
threading.Thread(target=answer, daemon=True).start()

listener = sctp.sctp_socket(family, socket.SOCK_SEQPACKET)
listener.sctp_bindx([("name.test", 0, *zeros)], sctp.SCTP_BINDX_ADD_ADDR)
listener.listen()
address = "name.test", listener.getsockname()[1], *zeros
connected = sctp.sctp_socket(family, socket.SOCK_STREAM)
connected.sctp_connectx([address])
sender = sctp.sctp_socket(family, socket.SOCK_STREAM)
sender.sctp_sendv([b"hello"], [address])

assert listener.sctp_recvv(100)[0] == b"hello"
assert listener.getsockname()[0] == host
assert len(queries) == 3
for sock in (server, listener, connected, sender):
    sock.close()
"""


@pytest.mark.linux
@pytest.mark.parametrize("family", [AF_INET, AF_INET6])
def test_other_threads_run_while_a_name_is_looked_up(family, tmp_path):
    """Another thread is the name server, so no other program can answer."""
    configuration = tmp_path / "resolv.conf"
    configuration.write_text("nameserver 127.0.0.99\noptions timeout:2 attempts:1\n")
    mount = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
    namespace = ["unshare", "--mount", "sh", "-c", mount, "sh", configuration]
    look_up = [sys.executable, "-W", "error", "-c", LOOK_UP, str(family.value)]
    subprocess.run([*namespace, *look_up], check=True, timeout=30)


def test_connectx_survives_a_stop_and_a_continue(connectx_one_to_one):
    """The kernel restarts the call. The call must not mistake its own attempt for
    another one."""
    wait = connectx_one_to_one
    wait.sock.settimeout(None)
    # Because of its thread, fork() would warn.
    faulthandler.cancel_dump_traceback_later()
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if wait.call() else 1)
        except OSError as error:
            os._exit(error.errno)
    wait_for(lambda: process_state(child) == "S")
    os.kill(child, signal.SIGSTOP)
    wait_for(lambda: process_state(child) == "T")
    os.kill(child, signal.SIGCONT)
    wait_for(lambda: process_state(child) == "S")
    wait.end()
    assert os.waitpid(child, 0)[1] == 0
