#!/usr/bin/env python3
"""Tries over the loopback what only the kernel of FreeBSD can show.

usage: seen.py [ITEM ...]

Prints for each item whether it is right or wrong, and at the end how many
passed and how many failed; the exit status is 0 if none did.  Needs the
installed package alone, and tries the examples where it finds them.

On Linux the same has to be right.  What is left out is named as not tried.
"""

import errno
import importlib
import json
import os
import pkgutil
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    MSG_DONTWAIT,
    MSG_EOR,
    SHUT_RDWR,
    SHUT_WR,
    SO_RCVBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import _sctp
import sctp
from _sctp import sctp as core
from sctp import IPPROTO_SCTP, sctp_socket

FREEBSD = sys.platform.startswith("freebsd")
EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
HERE = {AF_INET: ("127.0.0.1", 0), AF_INET6: ("::1", 0, 0, 0)}
PATIENCE = 60  # seconds for an item

ITEMS = {}


def item(title, left_out=""):
    """Adds a check. The check raises an exception if something is wrong."""

    def add(check):
        ITEMS[str(len(ITEMS) + 1)] = check, title, left_out
        return check

    return add


def make(type, family=AF_INET, timeout=10):
    """Makes a socket that is bound to one address. On FreeBSD a client that is bound
    to all addresses and closes late may leave its peer without an end."""
    sock = sctp_socket(family, type)
    sock.settimeout(timeout)
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_NODELAY, 1)
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_RECVRCVINFO, 1)
    sock.bind(HERE[family])
    return sock


def connect(type, family=AF_INET):
    """Returns a listening socket, its side of an association (the identifier or the
    accepted socket), and the peer."""
    listener = make(type, family)
    listener.listen()
    peer = make(SOCK_STREAM, family)
    peer.connect(listener.getsockname())
    peer.sctp_sendv([b"?"])
    if type == SOCK_SEQPACKET:
        return listener, listener.sctp_recvv(1)[2]["rcv_assoc_id"], peer
    end, _ = listener.accept()
    end.settimeout(10)
    end.setsockopt(IPPROTO_SCTP, sctp.SCTP_RECVRCVINFO, 1)
    assert end.recv(1) == b"?"
    return listener, end, peer


@contextmanager
def alarm(seconds, handler):
    before = signal.signal(signal.SIGALRM, lambda number, frame: handler())
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@item("shutdown of a peeled-off socket")
def check_shutdown():
    for direction in SHUT_WR, SHUT_RDWR:
        many, assoc_id, peer = connect(SOCK_SEQPACKET)
        peeled = many.sctp_peeloff(assoc_id)
        peeled.settimeout(10)
        peeled.sctp_sendv([b"last"])
        peeled.shutdown(direction)
        assert peer.recv(8) == b"last"
        assert peer.recv(8) == b"", "the peer sees no end"


@item("peeling off a socket that does not block")
def check_peeloff():
    many, assoc_id, peer = connect(SOCK_SEQPACKET)
    many.setblocking(False)
    peeled = many.sctp_peeloff(assoc_id)
    assert peeled.gettimeout() is None, f"its timeout is {peeled.gettimeout()}"
    assert os.get_blocking(peeled.fileno()), "its descriptor does not block"
    assert not os.get_blocking(many.fileno()), "it took the other's mode along"
    timer = threading.Timer(0.3, peer.send, [b"late"])
    timer.start()
    assert peeled.recv(8) == b"late"
    timer.join()


def fill(sock):
    """Sends until there is no room for a while."""
    sent = time.monotonic()
    while time.monotonic() - sent < 0.3:
        try:
            sock.sctp_sendv([bytes(5_000)], None, None, MSG_DONTWAIT)
            sent = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)


class Interrupted(Exception):
    pass


@item("a timed send that has to wait")
def check_send():
    many, assoc_id, _peer = connect(SOCK_SEQPACKET)  # the peers do not read
    _, one, _other_peer = connect(SOCK_STREAM)
    peeled = many.sctp_peeloff(assoc_id)
    for sock in one, peeled:
        fill(sock)
        handled = []
        sock.settimeout(3)
        cpu, start = time.process_time(), time.monotonic()
        with (
            alarm(0.5, lambda handled=handled: handled.append(time.monotonic())),
            suppress(TimeoutError),
        ):
            while True:
                sock.sctp_sendv([bytes(5_000)])
        took, used = time.monotonic() - start, time.process_time() - cpu
        assert 2.9 < took < 10, f"gave up after {took:.2f} s"
        assert used < 0.6, f"used {used:.2f} s of the processor"
        assert handled, "the signal handler never ran"
        late = handled[0] - start - 0.5
        assert late < 1, f"the signal handler ran {late:.2f} s late"

        def interrupt():
            raise Interrupted

        start = time.monotonic()
        with alarm(0.5, interrupt), suppress(Interrupted):
            while True:
                sock.sctp_sendv([bytes(5_000)])
        took = time.monotonic() - start
        assert took < 1.5, f"what a handler raised came through after {took:.2f} s"


@item(
    "the end of file with SCTP_RECVRCVINFO",
    "" if FREEBSD else "a peeled-off socket, as Linux lets it wait",
)
def check_end():
    many, assoc_id, first = connect(SOCK_SEQPACKET)
    _, one, second = connect(SOCK_STREAM)
    peeled = many.sctp_peeloff(assoc_id)
    peeled.settimeout(10)
    first.close()
    second.close()
    for sock in [one, peeled] if FREEBSD else [one]:
        data, *end, flags = sock.sctp_recvv(8)
        assert (data, end) == (b"", [None, None, sctp.SCTP_RECVV_NOINFO]), f"{end}"
        assert not flags & (MSG_EOR | sctp.MSG_NOTIFICATION), f"flags {flags:#x}"
        count, *end, _ = sock.sctp_recvv_into([bytearray(8)])
        assert (count, end) == (0, [None, None, sctp.SCTP_RECVV_NOINFO]), f"{end}"


@item("sctp_socket(fileno=) of an unbound socket")
def check_fileno():
    for family in AF_INET, AF_INET6:
        for type in SOCK_STREAM, SOCK_SEQPACKET:
            fd = socket.socket(family, type, IPPROTO_SCTP).detach()
            with sctp_socket(fileno=fd) as sock:
                found = sock.family, sock.type, sock.proto
                assert found == (family, type, IPPROTO_SCTP), f"{found}"
                sock.bind(HERE[family])


def serve_ipv4(example, text):
    """Sends a message over IPv4 to an example, which prints something about it."""
    with make(SOCK_STREAM) as unused:
        port = unused.getsockname()[1]
    command = [sys.executable, EXAMPLES / f"{example}.py", str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            deadline = time.monotonic() + 20
            while True:
                with make(SOCK_STREAM) as client, suppress(ConnectionRefusedError):
                    client.connect(("127.0.0.1", port))
                    client.sctp_sendv([b"hello"])
                    break
                ended = server.poll() is not None or time.monotonic() > deadline
                assert not ended, f"{example} does not serve: {end_of(server)}"
                time.sleep(0.1)
            lines = iter(server.stdout.readline, "")
            heard = next((line for line in lines if text in line), None)
            assert heard, f"{example} ended: {server.wait()}"
        finally:
            server.kill()


def end_of(process):
    """The last line that a process printed."""
    process.kill()
    return (process.stdout.read().splitlines() or ["it prints nothing"])[-1]


@item(
    "subscribing to every notification, and IPv4 at ::",
    "" if EXAMPLES.is_dir() else "the examples, which are not here",
)
def check_notifications():
    for type in SOCK_STREAM, SOCK_SEQPACKET:
        with make(type) as sock:
            for member in sctp.NotificationType:
                event = sctp.sctp_event(se_type=member, se_on=1)
                try:
                    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_EVENT, event)
                except OSError as error:
                    raise AssertionError(f"{member.name}: {error}") from None
    with sctp_socket(AF_INET6, SOCK_SEQPACKET) as server, make(SOCK_STREAM) as client:
        server.settimeout(10)
        server.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
        server.bind(("::", 0))
        server.listen()
        client.connect(("127.0.0.1", server.getsockname()[1]))
        client.send(b"hello")
        assert server.recv(8) == b"hello"
    if EXAMPLES.is_dir():
        serve_ipv4("one_to_many", "len=5")
        serve_ipv4("monitor", "message of 5 bytes")


@item("a second sctp_connectx to a connected peer")
def check_connectx():
    listener = make(SOCK_SEQPACKET)
    listener.listen()
    address = listener.getsockname()
    sock = make(SOCK_SEQPACKET, timeout=None)
    assoc_id = sock.sctp_connectx([address], assoc_id=True)
    info = sctp.sctp_sndinfo(snd_assoc_id=assoc_id)
    sock.sctp_sendv([b"hello"], None, info)
    assert listener.recv(8) == b"hello"
    for _ in range(2):
        try:
            again = sock.sctp_connectx([address], assoc_id=True)
        except OSError as error:
            assert error.errno in (errno.EALREADY, errno.EISCONN), repr(error)
        else:
            raise AssertionError(f"it succeeds, with the identifier {again}")
    sock.sctp_sendv([b"still"], None, info)
    assert listener.recv(8) == b"still"


def texts(value):
    """The strings in a value and in its containers."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for pair in value.items():
            yield from texts(pair)
    elif isinstance(value, list | tuple | set | frozenset):
        for element in value:
            yield from texts(element)


def sysctl(name):
    if not FREEBSD:
        return Path("/proc/sys", *name.split(".")).read_text()
    return subprocess.check_output(["sysctl", "-n", name], text=True)


def assert_sysctls_exist(text, where):
    """Checks that all named sysctls exist. Returns how many there are."""
    names = set(re.findall(r"(?:net\.(?:inet\.)?sctp|kern\.ipc)\.\w+", text))
    for name in names:
        try:
            sysctl(name)
        except (OSError, subprocess.CalledProcessError):
            raise AssertionError(f"{where} names {name}, which is none") from None
    return len(names)


@item(
    "the kernel's parameters and options that the library names",
    "" if FREEBSD else "the most that SO_RCVBUF takes on FreeBSD",
)
def check_names():
    for package in sctp, _sctp:
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            names = vars(importlib.import_module(module.name))
            text = " ".join(texts([names[name] for name in names if name[:2] != "__"]))
            assert_sysctls_exist(text, module.name)
    facts = subprocess.check_output([sys.executable, "-m", "sctp", "--json"])
    missing = [k for k, value in json.loads(facts)["sysctls"].items() if value is None]
    assert not missing, f"python -m sctp asks for {missing}"
    check_note_of_a_reset()
    options = [name for name, *_ in core._options]
    assert "SCTP_CMT_USE_DAC" not in options, "SCTP_CMT_USE_DAC is offered"
    if FREEBSD:
        check_receive_buffer()


def check_note_of_a_reset():
    listener = make(SOCK_SEQPACKET)
    listener.listen()
    with make(SOCK_STREAM) as sock:
        off = sctp.sctp_assoc_value(assoc_value=0)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_RECONFIG_SUPPORTED, off)
        sock.connect(listener.getsockname())
        more = sctp.sctp_add_streams(sas_outstrms=1)
        try:
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_ADD_STREAMS, more)
        except OSError as error:
            note = " ".join(getattr(error, "__notes__", []))
            assert assert_sysctls_exist(note, repr(error)), f"{error!r} has no note"
        else:
            raise AssertionError("streams are added without reconfiguration")


def check_receive_buffer():
    most = int(sysctl("kern.ipc.maxsockbuf")) * 2048 // 2304
    shown = subprocess.check_output([sys.executable, "-m", "sctp"], text=True)
    assert str(most) in shown.replace(",", ""), f"python -m sctp does not say {most}"
    with make(SOCK_STREAM) as sock:
        sock.setsockopt(SOL_SOCKET, SO_RCVBUF, most)
        try:
            sock.setsockopt(SOL_SOCKET, SO_RCVBUF, most + 1)
        except OSError as error:
            assert error.errno == errno.ENOBUFS, repr(error)
        else:
            raise AssertionError(f"SO_RCVBUF takes more than {most}")


@item("an option of all paths, with the address left out")
def check_left_out_address():
    options = {
        "SCTP_PEER_ADDR_PARAMS": ("spp_assoc_id", {"spp_pathmaxrxt": 7}),
        "SCTP_PEER_ADDR_THLDS": (
            "spt_assoc_id",
            {"spt_pathmaxrxt": 6, "spt_pathpfthld": 3},
        ),
        "SCTP_REMOTE_UDP_ENCAPS_PORT": ("sue_assoc_id", {"sue_port": 9899}),
    }
    structures = {row[0]: row[2] for row in core._options}
    for family in AF_INET, AF_INET6:
        many, assoc_id, peer = connect(SOCK_SEQPACKET, family)
        for sock, id in (many, assoc_id), (peer, 0):
            for name, (key, values) in options.items():
                number, structure = getattr(sctp, name), structures[name]
                make_option = getattr(sctp, structure)
                where = f"{name} of {family.name}, association {id}"
                try:
                    option = make_option(**{key: id}, **values)
                    sock.setsockopt(IPPROTO_SCTP, number, option)
                    found = sock.getsockopt(
                        IPPROTO_SCTP, number, make_option(**{key: id})
                    )
                except OSError as error:
                    raise AssertionError(f"{where}: {error!r}") from None
                found = {key: found[key] for key in values}
                assert found == values, f"{where}: set to {values}, is {found}"


def run(number):
    """Runs a check in its own process, because it may crash or hang. Returns whether
    it is right, and the line to print."""
    _, title, left_out = ITEMS[number]
    command = [sys.executable, __file__, "--run", number]
    try:
        process = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return False, f"{number} wrong: {title}: no end within {PATIENCE} s"
    if process.returncode != 0:
        why = (process.stdout.splitlines() or [f"ended with {process.returncode}"])[-1]
        return False, f"{number} wrong: {title}: {why}"
    return True, f"{number} right: {title}" + (left_out and f" (not tried: {left_out})")


def main(arguments):
    if arguments[:1] == ["--run"]:
        try:
            ITEMS[arguments[1]][0]()
        except Exception as error:
            text = f"{error}" if isinstance(error, AssertionError) else repr(error)
            line = error.__traceback__.tb_next.tb_lineno
            print(f"{text or 'not as expected'} (line {line})")
            return 1
        return 0
    outcomes = []
    for number in arguments or ITEMS:
        right, line = run(number)
        outcomes.append(right)
        print(line, flush=True)
    print(f"{outcomes.count(True)} passed, {outcomes.count(False)} failed")
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
