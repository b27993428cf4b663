"""Calls of every method that calls the system, and what may happen to them.

A row of the table is a scene: sockets over real associations, a call that
succeeds, and the functions of the system that this calls.
"""

import select
import socket
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from socket import (
    AF_INET,
    SHUT_RDWR,
    SHUT_WR,
    SO_TYPE,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import sctp
from sctp import IPPROTO_SCTP, sctp_sndinfo, sctp_socket

ANY_PORT = ("127.0.0.1", 0)
ADD = sctp.SCTP_BINDX_ADD_ADDR

# The errors of each function, according to the manual pages and RFC 6458, without
# EAGAIN, EINPROGRESS, EALREADY and EINTR, which have their own tests. Linux also passes
# on errors of the network.
BAD = "EBADF EFAULT EINVAL ENOTSOCK ENOMEM"
NETWORK = "EHOSTUNREACH ENETDOWN ENETUNREACH ETIMEDOUT ECONNREFUSED ECONNRESET"
ADDRESSES = "EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EOPNOTSUPP EPERM"
OPTION = f"{BAD} ENOPROTOOPT EACCES EDOM ENOBUFS ENODEV EOPNOTSUPP EPERM"
ERRORS = {
    "accept4": f"{BAD} {NETWORK} ECONNABORTED EHOSTDOWN EMFILE ENFILE ENOBUFS ENONET"
    " ENOPROTOOPT EOPNOTSUPP EPERM EPROTO",
    "close": "EIO ENOSPC EDQUOT",
    # On FreeBSD, asking for the name of an unbound socket fails with ENOENT.
    "getsockname": "EFAULT EINVAL ENOBUFS ENOENT",
    "getsockopt": OPTION,
    "ioctl": "EBADF EFAULT EINVAL ENOTTY",
    "poll": "EFAULT EINVAL ENOMEM",
    "recvmsg": f"{BAD} {NETWORK} ENOBUFS ENOTCONN EOPNOTSUPP",
    "sctp_bindx": f"{BAD} {ADDRESSES}",
    "sctp_connectx": f"{BAD} {ADDRESSES} {NETWORK} EISCONN EMSGSIZE ENOBUFS EPROTO",
    "sctp_getladdrs": f"{BAD} ENOBUFS",
    "sctp_getpaddrs": f"{BAD} ENOBUFS ENOTCONN",
    "sctp_peeloff": f"{BAD} EMFILE ENFILE ENOENT EOPNOTSUPP",
    "sendmsg": f"{BAD} {ADDRESSES} {NETWORK} ECONNABORTED EDESTADDRREQ EISCONN"
    " EMSGSIZE ENOBUFS ENOENT ENOTCONN EPIPE ESHUTDOWN ESRCH",
    "setsockopt": f"{OPTION} EADDRINUSE EADDRNOTAVAIL EBUSY EISCONN",
    "shutdown": "EBADF EINVAL ENOTCONN ENOTSOCK",
    "socket": "EACCES EAFNOSUPPORT EINVAL EMFILE ENFILE ENOBUFS ENOMEM"
    " EPROTONOSUPPORT ESOCKTNOSUPPORT",
}
# The subclasses of PEP 3151. Other errors raise OSError itself.
CLASSES = {
    BlockingIOError: "EAGAIN EALREADY EINPROGRESS",
    BrokenPipeError: "EPIPE ESHUTDOWN",
    ConnectionAbortedError: "ECONNABORTED",
    ConnectionRefusedError: "ECONNREFUSED",
    ConnectionResetError: "ECONNRESET",
    FileNotFoundError: "ENOENT",
    PermissionError: "EACCES EPERM",
    ProcessLookupError: "ESRCH",
    TimeoutError: "ETIMEDOUT",
}
CLASS_OF = {name: cls for cls, names in CLASSES.items() for name in names.split()}


class World:
    """Makes sockets and closes them in the end."""

    def __init__(self, timeout):
        self.timeout = timeout
        self.stack = ExitStack()

    def keep(self, sock):
        self.stack.enter_context(sock)
        sock.settimeout(self.timeout)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_NODELAY, 1)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_RECVRCVINFO, 1)
        return sock

    def socket(self, type=SOCK_STREAM):
        return self.keep(sctp_socket(AF_INET, type))

    def kind_of(self, make):
        """The kind of socket that a call makes."""

        def call():
            made = make()
            sock = made if isinstance(made, socket.socket) else made[0]
            self.stack.enter_context(sock)
            self.stack.callback(assert_closed_on_exec, sock)
            return sock.sctp_type

        return call

    def listener(self, type=SOCK_STREAM):
        sock = self.socket(type)
        sock.bind(ANY_PORT)
        sock.listen(8)
        return sock

    def peer_of(self, listener):
        """A peer whose calls never wait for long."""
        sock = self.socket()
        sock.settimeout(10)
        sock.connect(listener.getsockname())
        return sock

    def pair(self):
        listener = self.listener()
        peer = self.peer_of(listener)
        wait_readable(listener)
        return self.keep(listener.accept()[0]), peer

    def many(self):
        """A one-to-many socket, its peer, and the association."""
        sock = self.listener(SOCK_SEQPACKET)
        peer = self.peer_of(sock)
        peer.send(b"?")
        wait_readable(sock)
        return sock, peer, sock.sctp_recvv(8)[2]["rcv_assoc_id"]

    def peeled(self):
        sock, peer, assoc_id = self.many()
        return self.keep(sock.sctp_peeloff(assoc_id)), peer


def assert_closed_on_exec(sock):
    assert not sock.get_inheritable()


def wait_readable(sock):
    assert select.select([sock], [], [], 10)[0]


def exchange(sock, peer):
    """Whether messages go in both directions."""
    sock.sctp_sendv([b"to"])
    peer.send(b"fro")
    assert peer.recv(8) == b"to"
    wait_readable(sock)
    assert sock.sctp_recvv(8)[0] == b"fro"


@dataclass
class Scene:
    """A call on a socket, and its result. seen checks that the call has done its
    work. works checks that the socket still works after a call that did its work and
    failed nevertheless. after_part checks what follows a call that did a part of its
    work; it gets the errno of that call."""

    sock: socket.socket
    call: Callable
    result: object
    seen: Callable = lambda: None
    works: Callable = lambda: None
    after_part: Callable = lambda number: None


@dataclass
class Row:
    """A call, and how often it makes each system call (calls). After the calls in
    done, it has done its work. Those in unnoticed may fail without an error. Those
    in again are repeated after a signal; those in once are not, because they go on
    by themselves. A system call is written as "function", or as "function 2" for the
    second one."""

    make: Callable
    methods: tuple
    calls: dict
    done: tuple = ()
    unnoticed: tuple = ()
    again: tuple = ()
    once: tuple = ()
    # Calls that may fail with some errors, by name, and still succeed.
    meanings: dict = field(default_factory=dict)
    # The result of a method for many messages if one of these calls fails.
    parts: dict = field(default_factory=dict)
    # Calls whose failure no test can tell from another cause.
    left_out: tuple = ()

    @contextmanager
    def scene(self, timeout=10):
        world = World(timeout)
        with world.stack:
            yield self.make(world)

    def points(self):
        """Each call, as "function" or "function 2"."""
        for function, count in self.calls.items():
            for nth in range(1, count + 1):
                yield function if nth == 1 else f"{function} {nth}"


ROWS = {}


def row(*methods, **facts):
    def add(make):
        ROWS[make.__name__] = Row(make, methods, **facts)
        return make

    return add


def receives(sock, data):
    """Checks what a socket receives next."""

    def check():
        wait_readable(sock)
        assert sock.recv(8) == data

    return check


@row("__init__", calls={"socket": 1})
def new(world):
    call = world.kind_of(lambda: sctp_socket(AF_INET, SOCK_STREAM))
    return Scene(world.socket(), call, "one-to-one")


@row(
    "__init__",
    calls={"getsockname": 1, "getsockopt": 4},
    unnoticed=("getsockname", "getsockopt", "getsockopt 4"),
)
def from_descriptor(world):
    sock, peer = world.pair()

    def call():
        made = sctp_socket(fileno=sock.fileno())
        made.detach()
        return made.sctp_type

    return Scene(sock, call, "one-to-one", lambda: exchange(sock, peer))


@row(
    "__init__",
    calls={"getsockname": 2, "getsockopt": 5},
    unnoticed=(
        *("getsockname", "getsockname 2"),
        *("getsockopt", "getsockopt 4", "getsockopt 5"),
    ),
)
def from_peeled_descriptor(world):
    sock, peer = world.peeled()

    def call():
        made = sctp_socket(fileno=sock.fileno())
        made.detach()
        return made.type in (SOCK_STREAM, SOCK_SEQPACKET)

    return Scene(sock, call, True, lambda: exchange(sock, peer))


@row(
    "accept",
    calls={"accept4": 1, "getsockname": 1, "getsockopt": 1, "ioctl": 1},
    done=("getsockopt", "ioctl"),
    unnoticed=("getsockname",),
    again=("accept4",),
)
def accept(world):
    listener = world.listener()
    world.peer_of(listener)
    call = world.kind_of(listener.accept)

    def works():
        world.peer_of(listener)
        assert call() == "one-to-one"

    return Scene(listener, call, "one-to-one", works=works)


@row("shutdown", calls={"getsockopt": 1, "shutdown": 1}, unnoticed=("getsockopt",))
def shutdown(world):
    sock, peer = world.pair()
    return Scene(sock, lambda: sock.shutdown(SHUT_WR), None, receives(peer, b""))


@row(
    "shutdown",
    calls={"getsockopt": 2, "sendmsg": 1, "shutdown": 1},
    done=("shutdown",),
    again=("sendmsg",),
    # With this error the kernel tells that a socket is not peeled off.
    left_out=("getsockopt", "getsockopt 2"),
)
def shutdown_of_peeled(world):
    sock, peer = world.peeled()
    ended = receives(peer, b"")
    return Scene(sock, lambda: sock.shutdown(SHUT_WR), None, ended, ended)


@row(
    "shutdown",
    calls={"getsockopt": 2, "shutdown": 2, "sendmsg": 1},
    done=("shutdown 2",),
    unnoticed=("shutdown",),
    again=("sendmsg",),
    left_out=("getsockopt", "getsockopt 2"),
)
def shutdown_of_peeled_both_ways(world):
    sock, peer = world.peeled()
    ended = receives(peer, b"")
    return Scene(sock, lambda: sock.shutdown(SHUT_RDWR), None, ended, ended)


@row(
    "sctp_bindx",
    calls={"sctp_bindx": 1, "setsockopt": 1},
    again=("sctp_bindx", "setsockopt"),
)
def bindx(world):
    sock = world.socket()

    def seen():
        assert sock.getsockname()[0] == "127.0.0.1"

    return Scene(sock, lambda: sock.sctp_bindx([ANY_PORT], ADD), None, seen)


@row(
    "sctp_connectx",
    calls={"sctp_connectx": 1, "getsockopt": 2, "poll": 1},
    done=("poll", "getsockopt 2"),
    again=("poll",),
    once=("sctp_connectx", "getsockopt"),
    # Being connected is not an error.
    meanings={"getsockopt 2": "EISCONN"},
)
def connectx(world):
    listener = world.listener()
    address = listener.getsockname()
    sock = world.socket()

    def works():
        with listener.accept()[0] as peer:
            exchange(sock, peer)

    return Scene(sock, lambda: sock.sctp_connectx([address]), None, works, works)


@row(
    "sctp_connectx",
    calls={"sctp_connectx": 1, "getsockopt": 1},
    once=("sctp_connectx", "getsockopt"),
)
def connectx_of_many(world):
    listener = world.listener(SOCK_SEQPACKET)
    address = listener.getsockname()
    sock = world.socket(SOCK_SEQPACKET)

    def works():
        sock.sctp_sendv([b"to"], [address])
        receives(listener, b"to")()

    def call():
        return sock.sctp_connectx([address], assoc_id=True) > 0

    return Scene(sock, call, True, works, works)


@row(
    "sctp_getladdrs",
    calls={"sctp_getladdrs": 1, "getsockopt": 1},
    again=("sctp_getladdrs", "getsockopt"),
    # With this error kernels tell that there are more.
    meanings={"getsockopt": "ENOMEM"},
)
def getladdrs(world):
    sock, _ = world.pair()
    return Scene(sock, sock.sctp_getladdrs, (sock.getsockname(),))


@row(
    "sctp_getpaddrs",
    calls={"sctp_getpaddrs": 1, "getsockopt": 1},
    again=("sctp_getpaddrs", "getsockopt"),
    # With this error Linux tells that there is no association, or that there are more.
    meanings={"sctp_getpaddrs": "EINVAL", "getsockopt": "EINVAL ENOMEM"},
)
def getpaddrs(world):
    listener = world.listener()
    address = listener.getsockname()
    sock = world.peer_of(listener)

    def call():
        return sock.sctp_getpaddrs() in ((address,), None)

    return Scene(sock, call, True)


@row(
    "sctp_peeloff",
    # The spare socket shows that a descriptor for the association is free.
    calls={"socket": 1, "close": 1, "getsockopt": 2, "getsockname": 1, "ioctl": 1},
    done=("getsockopt 2", "ioctl"),
    unnoticed=("close", "getsockname"),
    again=("getsockopt",),
    meanings={
        "getsockopt": "ENOPROTOOPT",
        "socket": "EACCES EAFNOSUPPORT EINVAL ENOBUFS ENOMEM EPROTONOSUPPORT"
        " ESOCKTNOSUPPORT",
    },
)
def peeloff(world):
    sock, peer, assoc_id = world.many()

    def works():
        """The association went with its descriptor. Others still work."""
        receives(peer, b"")()
        world.peer_of(sock).send(b"other")
        receives(sock, b"other")()

    call = world.kind_of(lambda: sock.sctp_peeloff(assoc_id))
    return Scene(sock, call, "one-to-one", works=works)


@row("sctp_sendv", calls={"sendmsg": 1}, again=("sendmsg",))
def sendv(world):
    sock, peer = world.pair()

    def call():
        return sock.sctp_sendv([b"he", b"llo"])

    return Scene(sock, call, 5, receives(peer, b"hello"))


@row("sctp_sendv", calls={"sendmsg": 1}, again=("sendmsg",))
def sendv_of_many(world):
    sock, peer, assoc_id = world.many()

    sndinfo = sctp_sndinfo(snd_assoc_id=assoc_id)

    def call():
        return sock.sctp_sendv([b"hello"], None, sndinfo)

    return Scene(sock, call, 5, receives(peer, b"hello"))


# The call is not repeated: some may have got the message.
@row("sctp_sendv", calls={"sendmsg": 1})
def sendv_to_all(world):
    sock, peer, _ = world.many()
    sndinfo = sctp_sndinfo(snd_flags=sctp.SCTP_SENDALL)

    def call():
        return sock.sctp_sendv([b"hello"], None, sndinfo)

    return Scene(sock, call, 5, receives(peer, b"hello"))


@row("sctp_sendv", calls={"sendmsg": 1}, again=("sendmsg",))
def sendv_that_connects(world):
    listener = world.listener(SOCK_SEQPACKET)
    address = listener.getsockname()
    sock = world.socket(SOCK_SEQPACKET)

    def call():
        return sock.sctp_sendv([b"hello"], [address])

    return Scene(sock, call, 5, receives(listener, b"hello"))


@row("sctp_recvv", calls={"recvmsg": 1}, again=("recvmsg",))
def recvv(world):
    sock, peer = world.pair()
    peer.send(b"hello")
    wait_readable(sock)
    return Scene(sock, lambda: sock.sctp_recvv(8)[0], b"hello")


@row("sctp_recvv", calls={"recvmsg": 1}, again=("recvmsg",))
def recvv_of_many(world):
    sock, peer, _ = world.many()
    peer.send(b"hello")
    wait_readable(sock)
    return Scene(sock, lambda: sock.sctp_recvv(8)[0], b"hello")


@row("sctp_recvv_into", calls={"recvmsg": 1}, again=("recvmsg",))
def recvv_into(world):
    sock, peer = world.pair()
    peer.send(b"hello")
    wait_readable(sock)
    spaces = bytearray(2), bytearray(6)

    def call():
        assert sock.sctp_recvv_into(spaces)[0] == 5
        return b"".join(spaces)

    return Scene(sock, call, b"hello\0\0\0")


@row(
    "sctp_sendv_many",
    calls={"sendmsg": 3},
    again=("sendmsg", "sendmsg 2", "sendmsg 3"),
    parts={"sendmsg 2": 1, "sendmsg 3": 2},
)
def sendv_many(world):
    sock, peer = world.pair()
    messages = [([b"one"],), ([b"two"],), ([b"three"],)]

    def seen():
        """All messages come, after those that may have come before."""
        received = []
        while received[-1:] != [b"three"]:
            wait_readable(peer)
            received.append(peer.recv(8))
        assert received[-3:] == [b"one", b"two", b"three"]

    def after_part(number):
        """No message of the batch waits for more."""
        receives(peer, b"one")()
        assert sock.sctp_sendv_many(messages) == 3
        seen()

    return Scene(
        sock, lambda: sock.sctp_sendv_many(messages), 3, seen, after_part=after_part
    )


@row(
    "sctp_recvv_many",
    calls={"recvmsg": 3},
    again=("recvmsg",),
    parts={"recvmsg 2": [b"one"], "recvmsg 3": [b"one", b"two"]},
)
def recvv_many(world):
    sock, peer = world.pair()
    peer.sctp_sendv_many([([b"one"],), ([b"two"],)])
    wait_readable(sock)  # both messages, because they share a packet

    def call():
        return [data for data, *_ in sock.sctp_recvv_many(8, 8)]

    def after_part(number):
        """The error is raised once."""
        try:
            call()
        except OSError as error:
            assert error.errno == number
        else:
            raise AssertionError("no error")
        peer.send(b"end")
        received = []
        while received[-1:] != [b"end"]:
            received += call()
        assert received in ([b"two", b"end"], [b"end"])

    return Scene(sock, call, [b"one", b"two"], after_part=after_part)


@row("_getsockopt", calls={"getsockopt": 1}, again=("getsockopt",))
def getsockopt_of_bytes(world):
    sock, _ = world.pair()
    kind = SOCK_STREAM.to_bytes(4, "little")
    return Scene(sock, lambda: sock._getsockopt(SOL_SOCKET, SO_TYPE, bytes(4)), kind)


@row(
    "getsockopt",
    "sctp_opt_info",
    "_get_option",
    calls={"getsockopt": 1},
    again=("getsockopt",),
)
def getsockopt(world):
    sock, _ = world.pair()

    def call():
        status = sock.sctp_opt_info(sctp.SCTP_STATUS, sctp.sctp_status())
        return status["sstat_state"]

    return Scene(sock, call, sctp.SCTP_ESTABLISHED)


@row(
    "getsockopt",
    "_getsockopt",
    calls={"getsockopt": 1},
    again=("getsockopt",),
    # It may mean that the list needs more room.
    meanings={"getsockopt": "EINVAL"},
)
def getsockopt_of_list(world):
    sock, _, assoc_id = world.many()

    def call():
        return sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_ID_LIST)

    return Scene(sock, call, (assoc_id,))


@row("setsockopt", "_setsockopt", calls={"setsockopt": 1}, again=("setsockopt",))
def setsockopt(world):
    sock, _ = world.pair()
    value = sctp.sctp_rtoinfo(srto_max=5000)
    call = sock.setsockopt
    return Scene(sock, lambda: call(IPPROTO_SCTP, sctp.SCTP_RTOINFO, value), None)


# Calls that wait


@dataclass
class Wait:
    """A call that waits for events with a function of the system. Also what ends the
    wait, and what the call then returns."""

    sock: socket.socket
    call: Callable
    end: Callable
    result: object
    function: str
    events: int
    peer: socket.socket
    info: sctp_sndinfo | None = None
    seen: Callable = lambda: None


WAITS = {}


def wait(make):
    WAITS[make.__name__] = make
    return make


@contextmanager
def waiting(name, timeout):
    world = World(timeout)
    with world.stack:
        yield WAITS[name](world)


def wait_to_receive(sock, peer, info=None, call=None):
    def end():
        peer.send(b"hello")
        wait_readable(sock)

    def receive():
        return sock.sctp_recvv(8)[0]

    events = select.POLLIN
    return Wait(sock, call or receive, end, b"hello", "recvmsg", events, peer, info)


@wait
def wait_in_recvv(world):
    return wait_to_receive(*world.pair())


@wait
def wait_in_recvv_into(world):
    sock, peer = world.pair()
    space = bytearray(8)

    def call():
        return bytes(space[: sock.sctp_recvv_into([space])[0]])

    return wait_to_receive(sock, peer, call=call)


@wait
def wait_in_recvv_of_many(world):
    sock, peer, assoc_id = world.many()
    return wait_to_receive(sock, peer, sctp_sndinfo(snd_assoc_id=assoc_id))


@wait
def wait_in_recvv_of_peeled(world):
    return wait_to_receive(*world.peeled())


@wait
def wait_in_recvv_many(world):
    sock, peer = world.pair()

    def call():
        ((data, *_),) = sock.sctp_recvv_many(8, 8)
        return data

    return wait_to_receive(sock, peer, call=call)


def wait_to_send(sock, peer, info=None, call=None, data=b"hello", result=None):
    """There is room in fact, so nothing has to end the wait."""

    def end():
        pass

    def send():
        sock.sctp_sendv([b"hello"], None, info)

    seen = receives(peer, data)
    events = select.POLLOUT
    return Wait(sock, call or send, end, result, "sendmsg", events, peer, info, seen)


@wait
def wait_in_sendv(world):
    return wait_to_send(*world.pair())


@wait
def wait_in_sendv_many(world):
    sock, peer = world.pair()

    def call():
        return sock.sctp_sendv_many([([b"hello"],)])

    return wait_to_send(sock, peer, call=call, result=1)


@wait
def wait_in_sendv_of_many(world):
    sock, peer, assoc_id = world.many()
    return wait_to_send(sock, peer, sctp_sndinfo(snd_assoc_id=assoc_id))


@wait
def wait_in_shutdown_of_peeled(world):
    sock, peer = world.peeled()
    return wait_to_send(sock, peer, call=lambda: sock.shutdown(SHUT_WR), data=b"")
