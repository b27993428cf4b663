"""The socket type: how sockets are made, what they inherit, and how they end."""

import errno
import itertools
import json
import operator
import os
import socket
import struct
import subprocess
import sys
import types
from contextlib import nullcontext, suppress
from socket import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    SHUT_RD,
    SHUT_RDWR,
    SHUT_WR,
    SO_PROTOCOL,
    SO_TYPE,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_RAW,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
import system

import _sctp.sctp
import _sctp.sctp_event
import _sctp.sctp_info
import sctp
from sctp import IPPROTO_SCTP, SCTPError, sctp_socket

END_OF_FILE = (b"", None, None, sctp.SCTP_RECVV_NOINFO, 0)
TYPES = {SOCK_STREAM: "one-to-one", SOCK_SEQPACKET: "one-to-many"}


class Mine(sctp_socket):
    pass


@pytest.fixture(params=["accept", "peeloff"])
def how(request):
    return request.param


@pytest.fixture
def connected(make_ready, how):
    """A one-to-one socket of either kind, and its peer."""
    _, get, peer = make_ready(how)
    with get() as sock:
        sock.settimeout(10)
        yield sock, peer


def is_established(sock):
    room = bytes(512)
    try:
        status = sock._getsockopt(IPPROTO_SCTP, sctp.SCTP_STATUS, room)
    except OSError as error:
        assert error.errno == errno.EINVAL
        return False
    _, state = struct.unpack_from("=ii", status)
    return state == sctp.SCTP_ESTABLISHED


# The constructor


@pytest.mark.kernel
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("family", [AF_INET, AF_INET6])
@pytest.mark.parametrize("proto", [(), (IPPROTO_SCTP,)])
def test_constructor_makes_the_socket_it_is_asked_for(family, type, proto):
    with sctp_socket(family, type, *proto) as sock:
        assert (sock.family, sock.type, sock.proto) == (
            family,
            type,
            IPPROTO_SCTP,
        )
        assert sock.sctp_type == TYPES[type]
        assert sock.getsockopt(SOL_SOCKET, SO_TYPE) == type
        assert sock.getsockopt(SOL_SOCKET, SO_PROTOCOL) == IPPROTO_SCTP
        assert isinstance(sock, socket.socket)
        assert sock.sock is sock


@pytest.mark.kernel
def test_constructor_takes_keywords():
    arguments = {"family": AF_INET, "type": SOCK_STREAM, "proto": IPPROTO_SCTP}
    with sctp_socket(**arguments, fileno=None) as sock:
        assert sock.sctp_type == "one-to-one"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((AF_UNIX, SOCK_STREAM), "family"),
        ((-1, SOCK_STREAM), "family"),
        ((None, SOCK_STREAM), "family"),
        (("AF_INET", SOCK_STREAM), "family"),
        ((2**70, SOCK_STREAM), "family"),
        ((10**5000, SOCK_STREAM), "family"),
        ((AF_INET, 10**5000), "type"),
        ((AF_INET, SOCK_STREAM, -(10**5000)), "proto"),
        ((AF_INET, SOCK_DGRAM), "type"),
        ((AF_INET, SOCK_RAW), "type"),
        ((AF_INET, -1), "type"),
        ((AF_INET, None), "type"),
        ((AF_INET, SOCK_STREAM | SOCK_NONBLOCK), "type"),
        ((AF_INET, SOCK_STREAM, 0), "proto"),
        ((AF_INET, SOCK_STREAM, -1), "proto"),
        ((AF_INET6, SOCK_STREAM, socket.IPPROTO_TCP), "proto"),
        ((AF_INET6, SOCK_SEQPACKET, "sctp"), "proto"),
    ],
)
def test_what_sctp_does_not_have_is_an_sctp_error(arguments, name):
    with pytest.raises(SCTPError, match=rf"\b{name}\b"):
        sctp_socket(*arguments)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((5, SOCK_STREAM), "family must be AF_INET or AF_INET6, not 5"),
        ((AF_INET, 9), "type must be SOCK_STREAM or SOCK_SEQPACKET, not 9"),
        ((AF_INET, SOCK_STREAM, 6), "proto must be IPPROTO_SCTP, not 6"),
    ],
)
def test_sctp_error_says_what_there_is(arguments, text):
    with pytest.raises(SCTPError) as raised:
        sctp_socket(*arguments)
    assert str(raised.value) == f"sctp_socket(): {text}"


def test_sctp_error_is_a_value_error():
    assert issubclass(SCTPError, ValueError)


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((), {}),
        ((AF_INET,), {}),
        ((), {"type": SOCK_STREAM}),
        ((AF_INET,), {"proto": IPPROTO_SCTP}),
        ((AF_INET, SOCK_STREAM, IPPROTO_SCTP, None, None), {}),
        ((AF_INET, SOCK_STREAM), {"protocol": IPPROTO_SCTP}),
        ((AF_INET, SOCK_STREAM), {"family": AF_INET}),
    ],
)
def test_constructor_without_its_arguments_is_a_type_error(arguments, keywords):
    with pytest.raises(TypeError):
        sctp_socket(*arguments, **keywords)


class Unequal:
    """An object that cannot be compared, except the first times, when it is equal."""

    def __init__(self, times=0):
        self.times = times

    def __eq__(self, other):
        self.times -= 1
        if self.times < 0:
            raise ZeroDivisionError
        return True

    __hash__ = None


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("name", "times", "has_descriptor"),
    [
        *itertools.product(("family", "type", "proto"), (0, 1), (False,)),
        *itertools.product(("family", "type", "proto"), (0,), (True,)),
        *itertools.product(("family", "type"), (1,), (True,)),
    ],
)
def test_failing_comparison_takes_nothing(name, times, has_descriptor):
    arguments = {"family": AF_INET, "type": SOCK_STREAM, "proto": IPPROTO_SCTP}
    arguments[name] = Unequal(times)
    with socket.socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) as plain:
        before = system.open_descriptors()
        with pytest.raises(ZeroDivisionError):
            sctp_socket(**arguments, fileno=plain.fileno() if has_descriptor else None)
        assert system.open_descriptors() == before
        assert plain.getsockopt(SOL_SOCKET, SO_TYPE) == SOCK_STREAM


class Unsupported(int):
    """A number that passes for a type of SCTP socket, while the kernel gets another
    one."""

    def __eq__(self, other):
        return other == SOCK_STREAM


def test_kernel_that_lacks_sctp_is_told_in_a_note():
    """No kernel has datagrams over SCTP. It refuses them as it refuses every type if
    SCTP is not loaded."""
    with pytest.raises(OSError) as caught:
        sctp_socket(AF_INET, Unsupported(SOCK_DGRAM))
    assert caught.value.errno in (
        errno.EPROTONOSUPPORT,
        errno.ESOCKTNOSUPPORT,
    )
    (note,) = caught.value.__notes__
    assert "modprobe sctp" in note or "kldload sctp" in note


# The constructor with a descriptor


@pytest.mark.kernel
@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("family", [AF_INET, AF_INET6])
@pytest.mark.parametrize("cls", [socket.socket, sctp_socket])
def test_descriptor_tells_what_it_is(cls, family, type):
    descriptor = cls(family, type, IPPROTO_SCTP).detach()
    with sctp_socket(fileno=descriptor) as sock:
        assert sock.fileno() == descriptor
        assert (sock.family, sock.type, sock.proto) == (
            family,
            type,
            IPPROTO_SCTP,
        )
        assert sock.sctp_type == TYPES[type]


@pytest.mark.kernel
def test_descriptor_of_an_association_is_one_to_one(connected):
    """The kernel still calls a peeled-off socket a SOCK_SEQPACKET."""
    sock, peer = connected
    with sctp_socket(fileno=os.dup(sock.fileno())) as again:
        assert again.type == SOCK_STREAM
        assert again.sctp_type == "one-to-one"
        again.send(b"one")
    assert peer.recv(8) == b"one"


@pytest.mark.kernel
def test_descriptor_with_associations_stays_one_to_many(make_many):
    client, _, listener = make_many()
    for sock in client, listener:
        with sctp_socket(fileno=os.dup(sock.fileno())) as again:
            assert again.type == SOCK_SEQPACKET
            assert again.sctp_type == "one-to-many"


@pytest.mark.parametrize("arguments", [(), (AF_INET, SOCK_STREAM)])
@pytest.mark.parametrize(
    ("family", "type"),
    [
        (AF_INET, SOCK_STREAM),
        (AF_INET, SOCK_DGRAM),
        (AF_INET6, SOCK_STREAM),
        (AF_UNIX, SOCK_STREAM),
        (AF_UNIX, SOCK_SEQPACKET),
    ],
)
def test_descriptor_of_another_socket_stays_open(family, type, arguments):
    with socket.socket(family, type) as other:
        with pytest.raises(SCTPError):
            sctp_socket(*arguments, fileno=other.fileno())
        os.fstat(other.fileno())


def test_descriptor_of_a_file_stays_open():
    with open(os.devnull) as file:
        with pytest.raises(OSError) as caught:
            sctp_socket(fileno=file.fileno())
        assert caught.value.errno == errno.ENOTSOCK
        os.fstat(file.fileno())


def test_closed_descriptor_is_refused():
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    with pytest.raises(OSError) as caught:
        sctp_socket(fileno=read)
    assert caught.value.errno == errno.EBADF


@pytest.mark.parametrize(
    ("fileno", "error"),
    [
        (-1, ValueError),
        (1.0, TypeError),
        ("1", TypeError),
        (b"", TypeError),
        (2**70, OverflowError),
    ],
)
def test_what_is_no_descriptor_is_refused(fileno, error):
    for arguments in (), (AF_INET, SOCK_STREAM):
        with pytest.raises(error):
            sctp_socket(*arguments, fileno=fileno)


# Attributes and names


@pytest.mark.kernel
@pytest.mark.parametrize("name", ["sctp_type", "sock"])
def test_attribute_is_read_only(make_socket, name):
    sock = make_socket(AF_INET, SOCK_STREAM)
    with pytest.raises(AttributeError):
        setattr(sock, name, None)
    with pytest.raises(AttributeError):
        delattr(sock, name)


def test_star_gives_all_public_names_and_nothing_else():
    names = {}
    exec("from sctp import *", names)
    del names["__builtins__"]
    public = {
        name
        for module in (_sctp.sctp, _sctp.sctp_info, _sctp.sctp_event)
        for name in vars(module)
        if not name.startswith("_")
    }
    assert public <= names.keys()
    assert {"sctp_socket", "SCTPError", "IPPROTO_SCTP"} <= public
    assert not [name for name in names if name.startswith("_")]
    for name, value in names.items():
        assert not isinstance(value, types.ModuleType), name
    assert names["sctp_socket"] is sctp_socket
    assert issubclass(sctp_socket, _sctp.sctp.sctp_socket)
    assert issubclass(_sctp.sctp.sctp_socket, socket.socket)


# Sockets that sockets make


@pytest.mark.kernel
@pytest.mark.parametrize("cls", [_sctp.sctp.sctp_socket, sctp_socket, Mine])
def test_new_socket_is_of_the_class_of_its_maker(make_ready, how, cls):
    listener, get, _ = make_ready(how, cls)
    with get() as sock, sock.dup() as twin, listener.dup() as listening:
        for new in sock, twin, listening:
            assert type(new) is cls
            assert new.family == listener.family
            assert new.proto == IPPROTO_SCTP
        assert sock.type == twin.type == SOCK_STREAM
        assert sock.sctp_type == twin.sctp_type == "one-to-one"
        assert listening.type == listener.type
        assert len({new.fileno() for new in (listener, sock, twin, listening)}) == 4


@pytest.mark.kernel
def test_accept_tells_the_address_of_the_peer(make_listener, make_socket, network):
    listener = make_listener(SOCK_STREAM)
    peer = make_socket(network.family, SOCK_STREAM)
    peer.bind(network.address(host=2))
    peer.connect(listener.getsockname())
    sock, address = listener.accept()
    with sock:
        assert address == sock.getpeername() == peer.getsockname()


@pytest.mark.kernel
def test_new_descriptors_are_closed_on_exec(make_ready, how):
    listener, get, _ = make_ready(how)
    with get() as sock, sock.dup() as twin:
        for new in listener, sock, twin:
            assert not os.get_inheritable(new.fileno())


# Timeouts of new sockets


@pytest.fixture
def default_timeout():
    yield 7.0
    socket.setdefaulttimeout(None)


def check_timeout(sock, timeout):
    assert sock.gettimeout() == timeout
    assert os.get_blocking(sock.fileno()) == (timeout is None)


@pytest.mark.kernel
@pytest.mark.parametrize("timeout", [None, 0.0, 5.0])
def test_new_socket_waits_whatever_its_maker_does(make_ready, how, timeout):
    listener, get, _ = make_ready(how)
    listener.settimeout(timeout)
    with get() as sock:
        check_timeout(sock, None)


@pytest.mark.kernel
@pytest.mark.parametrize("timeout", [None, 0.0, 5.0])
def test_default_timeout_is_that_of_new_sockets(
    make_ready, how, timeout, default_timeout
):
    listener, get, _ = make_ready(how)
    listener.settimeout(timeout)
    socket.setdefaulttimeout(default_timeout)
    with get() as sock, sctp_socket(AF_INET, SOCK_STREAM) as another:
        check_timeout(sock, default_timeout)
        check_timeout(another, default_timeout)


@pytest.mark.kernel
@pytest.mark.parametrize("timeout", [None, 0.0, 5.0])
def test_dup_copies_the_timeout(make_socket, timeout, default_timeout):
    sock = make_socket(AF_INET, SOCK_SEQPACKET, timeout)
    socket.setdefaulttimeout(default_timeout)
    with sock.dup() as twin:
        check_timeout(twin, timeout)


# Sockets that are none yet, or no more

ADDRESS = ("127.0.0.1", 9)
CALLS = {
    "accept": (),
    "bind": (ADDRESS,),
    "connect": (ADDRESS,),
    "dup": (),
    "getpeername": (),
    "getsockname": (),
    "getsockopt": (SOL_SOCKET, SO_TYPE),
    "listen": (),
    "recv": (1,),
    "recv_into": (bytearray(1),),
    "recvfrom": (1,),
    "recvfrom_into": (bytearray(1),),
    "recvmsg": (1,),
    "recvmsg_into": ([bytearray(1)],),
    "send": (b"data",),
    "sendall": (b"data",),
    "sendmsg": ([b"data"],),
    "sendto": (b"data", ADDRESS),
    "setblocking": (False,),
    "setsockopt": (IPPROTO_SCTP, sctp.SCTP_NODELAY, 1),
    "settimeout": (5,),
    "shutdown": (SHUT_RDWR,),
    "sctp_bindx": ([ADDRESS], sctp.SCTP_BINDX_ADD_ADDR),
    "sctp_connectx": ([ADDRESS],),
    "sctp_getladdrs": (),
    "sctp_getpaddrs": (),
    "sctp_opt_info": (sctp.SCTP_STATUS, sctp.sctp_status()),
    "sctp_peeloff": (1,),
    "sctp_recvv": (1,),
    "sctp_recvv_into": ([bytearray(1)],),
    "sctp_recvv_many": (1, 1),
    "sctp_sendv": ([b"data"], [ADDRESS]),
    "sctp_sendv_many": ([([b"data"], [ADDRESS])],),
    "_getsockopt": (SOL_SOCKET, SO_TYPE, bytes(4)),
    "_get_option": (sctp.SCTP_INITMSG, "sctp_initmsg", None),
    "_setsockopt": (IPPROTO_SCTP, sctp.SCTP_INITMSG, sctp.sctp_initmsg().to_bytes),
}


def test_no_method_of_ours_is_forgotten_here():
    for cls in _sctp.sctp.sctp_socket, sctp_socket:
        for name, value in vars(cls).items():
            assert name in CALLS or name.startswith("__") or not callable(value)


@pytest.mark.parametrize("name", CALLS)
def test_socket_that_was_never_made_does_nothing(name):
    sock = sctp_socket.__new__(sctp_socket)
    with pytest.raises(OSError):
        getattr(sock, name)(*CALLS[name])


def test_socket_that_was_never_made_can_be_shown():
    sock = sctp_socket.__new__(sctp_socket)
    assert sock.sock is sock
    assert sock.sctp_type in TYPES.values()
    assert "sctp_socket" in repr(sock)
    assert sock.fileno() == sock.detach() == -1


@pytest.mark.kernel
@pytest.mark.parametrize("end", ["close", "detach"])
@pytest.mark.parametrize("name", CALLS)
def test_ended_socket_does_not_touch_its_old_descriptor(make_socket, name, end):
    """The number of the descriptor belongs to another SCTP socket by then. The call
    must not touch that."""
    sock = make_socket(AF_INET, SOCK_STREAM)
    other = make_socket(AF_INET, SOCK_STREAM)
    number = sock.fileno()
    getattr(sock, end)()
    os.dup2(other.fileno(), number)
    try:
        with pytest.raises(OSError) as caught:
            getattr(sock, name)(*CALLS[name])
        assert caught.value.errno == errno.EBADF
        assert sock.fileno() == -1
    finally:
        os.close(number)


@pytest.mark.kernel
@pytest.mark.parametrize("type", TYPES)
def test_ended_socket_still_knows_what_it_was(make_socket, type):
    sock = make_socket(AF_INET, type)
    sock.close()
    sock.close()
    assert sock.sctp_type == TYPES[type]
    assert sock.sock is sock
    assert (sock.family, sock.type, sock.proto) == (AF_INET, type, IPPROTO_SCTP)


# shutdown


@pytest.mark.kernel
@pytest.mark.parametrize("direction", [SHUT_WR, SHUT_RDWR])
def test_shutdown_ends_the_association_after_all_data(connected, direction):
    sock, peer = connected
    assert is_established(sock)
    for i in range(20):
        sock.send(b"%d" % i)
    sock.shutdown(direction)
    assert [peer.recv(8) for _ in range(20)] == [b"%d" % i for i in range(20)]
    assert peer.sctp_recvv(8) == END_OF_FILE
    assert peer.recv(8) == b""
    assert not is_established(sock)
    assert not is_established(peer)
    with system.raises_errno(system.ENDED):
        sock.send(b"more")
    with nullcontext() if system.LINUX else suppress(OSError):
        sock.shutdown(direction)
    if direction == SHUT_RDWR:
        assert sock.sctp_recvv(8) == END_OF_FILE


@pytest.mark.kernel
def test_shutdown_is_graceful_to_the_peer(connected):
    sock, peer = connected
    event = struct.pack("=iHB", 0, sctp.SCTP_SHUTDOWN_EVENT, 1)
    peer.setsockopt(IPPROTO_SCTP, sctp.SCTP_EVENT, event + b"\0")
    sock.shutdown(SHUT_WR)
    data, _, _, _, flags = peer.sctp_recvv(256)
    assert flags & sctp.MSG_NOTIFICATION
    assert struct.unpack_from("=H", data) == (sctp.SCTP_SHUTDOWN_EVENT,)
    assert peer.sctp_recvv(256) == END_OF_FILE


@pytest.mark.kernel
def test_shutdown_of_reading_lets_one_write(connected):
    sock, peer = connected
    sock.shutdown(SHUT_RD)
    assert sock.sctp_recvv(8) == END_OF_FILE
    sock.send(b"on")
    assert peer.recv(8) == b"on"
    assert is_established(sock)


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((3,), OSError),
        ((-1,), OSError),
        ((2**31,), OverflowError),
        ((2**70,), OverflowError),
        ((None,), TypeError),
        ((1.0,), TypeError),
        (("SHUT_WR",), TypeError),
        ((), TypeError),
        ((SHUT_WR, 0), TypeError),
    ],
)
def test_wrong_shutdown_leaves_the_association_as_it_is(connected, arguments, error):
    sock, peer = connected
    with pytest.raises(error):
        sock.shutdown(*arguments)
    assert is_established(sock)
    peer.send(b"on")
    sock.send(b"and on")
    assert sock.recv(8) == b"on"
    assert peer.recv(8) == b"and on"


def test_shutdown_takes_its_argument_by_position_as_the_base_does():
    for cls in socket.socket, sctp_socket:
        with pytest.raises(TypeError):
            cls.shutdown(None, how=SHUT_WR)


@pytest.mark.kernel
def test_shutdown_needs_a_connection(make_socket, network):
    sock = make_socket(network.family, SOCK_STREAM)
    with pytest.raises(OSError) as caught:
        sock.shutdown(SHUT_WR)
    assert caught.value.errno == errno.ENOTCONN


# Methods of socket.socket that are overridden

OVERRIDDEN = [
    name
    for name in dir(socket.socket)
    if not name.startswith("_")
    and callable(getattr(sctp_socket, name))
    and any(name in vars(cls) for cls in (sctp_socket, _sctp.sctp.sctp_socket))
]


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


STRUCTURES = {number for _, number, structure, *_ in _sctp.sctp._options if structure}
ARGUMENTS = [
    *(-1, 0, 1, 2, 2**31, -(2**31) - 1, 2**63, 2**70, 10**5000),
    *(SOL_SOCKET, SO_TYPE, IPPROTO_SCTP, sctp.SCTP_NODELAY, sctp.SCTP_INITMSG),
    *(float(number) for number in (IPPROTO_SCTP, sctp.SCTP_INITMSG)),
    *(float(number) for number in (sctp.SCTP_NODELAY, sctp.SCTP_FRAGMENT_INTERLEAVE)),
    *(Index(number) for number in (0, 2**31, 2**70)),
    *(True, None, 1j, "1", b"", bytes(4), (), [], [0], object()),
]


def is_ours(name, arguments):
    """Arguments that socket.socket does not take, or takes with another meaning."""
    if not name.endswith("sockopt") or len(arguments) < 2:
        return False
    level, option, *value = arguments
    names_structure = (
        level == IPPROTO_SCTP
        and hasattr(option, "__index__")
        and operator.index(option) in STRUCTURES
    )
    if name == "getsockopt":
        return value == [None] or (names_structure and not value)
    return names_structure and isinstance((None, *value)[-1], (tuple, list))


def outcome_of(method, sock, arguments, keywords):
    try:
        method(sock, *arguments, **keywords)
    except Exception as error:
        return type(error), getattr(error, "errno", None)


def test_overridden_methods_are_these():
    assert OVERRIDDEN == ["accept", "getsockopt", "setsockopt", "shutdown"]


@pytest.mark.kernel
@pytest.mark.parametrize("is_closed", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("name", OVERRIDDEN)
def test_wrong_arguments_are_the_error_of_the_base(make_socket, name, is_closed):
    ours = make_socket(AF_INET, SOCK_STREAM, 0)
    plain = socket.socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP)
    plain.setblocking(False)
    if is_closed:
        ours.close()
        plain.close()
    count = 3 if name.endswith("sockopt") else 2
    given = [
        (arguments, keywords)
        for length in range(count + 1)
        for arguments in itertools.product(ARGUMENTS, repeat=length)
        for keywords in ({}, {"nonsense": 1})
        if not is_ours(name, arguments) and (not keywords or length < 2)
    ]
    outcomes = [
        [outcome_of(getattr(cls, name), sock, *each) for each in given]
        for cls, sock in ((socket.socket, plain), (sctp_socket, ours))
    ]
    plain.close()
    for each, expected, got in zip(given, *outcomes, strict=True):
        assert got == expected, each


# Audit events

AUDITED = """
import contextlib, json, socket, sys
from sctp import *

FROM = [("10.1.0.2", 0), ("10.2.0.2", 0)]
TO = [("10.1.0.1", 2000), ("10.2.0.1", 2000)]

events = []
refuse = False

def hook(event, arguments):
    if event in ("socket.bind", "socket.connect", "socket.sendmsg"):
        sock, address = arguments
        events.append((event, sock is asked, address))
        if refuse:
            raise PermissionError

def call(method, *arguments):
    global asked, refuse
    asked = method.__self__
    refuse = True
    try:
        method(*arguments)
    except PermissionError:
        events.append("refused")
    refuse = False
    method(*arguments)

listener = sctp_socket(socket.AF_INET, socket.SOCK_SEQPACKET)
listener.sctp_bindx(TO, SCTP_BINDX_ADD_ADDR)
listener.listen()
first = sctp_socket(socket.AF_INET, socket.SOCK_STREAM)
second = sctp_socket(socket.AF_INET, socket.SOCK_STREAM)
sys.addaudithook(hook)
call(first.sctp_bindx, FROM, SCTP_BINDX_ADD_ADDR)
call(first.sctp_connectx, TO)
call(first.sctp_sendv, [b"one"])
call(second.sctp_sendv, [b"two"], TO)
listener.settimeout(10)
received = [listener.recv(8).decode() for _ in range(2)]
listener.setblocking(False)
with contextlib.suppress(BlockingIOError):
    received.append(listener.recv(8).decode())
print(json.dumps([events, received]))
"""


@pytest.mark.kernel
def test_audit_hook_is_told_and_may_refuse():
    """In its own process, because a hook cannot be removed."""
    child = subprocess.run(
        [sys.executable, "-c", AUDITED], stdout=subprocess.PIPE, check=True
    )
    events, received = json.loads(child.stdout)
    assert received == ["one", "two"]

    def expect(event, *addresses):
        return [[event, True, address] for address in addresses]

    binds = expect("socket.bind", ["10.1.0.2", 0], ["10.2.0.2", 0])
    connects = expect("socket.connect", ["10.1.0.1", 2000], ["10.2.0.1", 2000])
    sends = expect("socket.sendmsg", None)
    sends_to = [*connects, *expect("socket.sendmsg", ["10.1.0.1", 2000])]
    assert events == [
        event
        for told in (binds, connects, sends, sends_to)
        for event in (told[0], "refused", *told)
    ]
