"""Calls of everything that C implements, and the methods of the socket that
stand on it: what each is to do, and with what."""

import copy
import gc
import importlib.util
import os
import pickle
import select
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from socket import AF_INET, AF_INET6, AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM
from types import (
    BuiltinFunctionType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodDescriptorType,
    WrapperDescriptorType,
)

import _sctp.sctp
import _sctp.sctp_event
import _sctp.sctp_info
import sctp
from _sctp.sctp import sctp_socket

MODULES = (_sctp.sctp, _sctp.sctp_event, _sctp.sctp_info)
ADD = sctp.SCTP_BINDX_ADD_ADDR
ANY_PORT = ("127.0.0.1", 0)


def entry_points():
    """The names of everything that C implements, and of the methods of the socket."""
    kinds = (
        BuiltinFunctionType,
        FunctionType,
        property,
        MethodDescriptorType,
        GetSetDescriptorType,
        MemberDescriptorType,
        WrapperDescriptorType,
    )
    for module in MODULES:
        yield f"import {module.__name__}"
        for name, value in vars(module).items():
            if isinstance(value, BuiltinFunctionType):
                yield name
            if (
                isinstance(value, type)
                and not issubclass(value, Exception)
                and name not in ("sctp_sendv_spa", "sctp_recvv_rn")  # Python's
            ):
                for attribute, member in vars(value).items():
                    if isinstance(member, kinds):
                        yield f"{name.replace('_core', 'sctp_socket')}.{attribute}"


def in_python(entry_point):
    """Whether it is a method in Python that calls C."""
    owner, _, attribute = entry_point.rpartition(".")
    return owner == "sctp_socket" and attribute in vars(sctp_socket)


def readable(sock):
    return bool(select.select([sock], [], [], 0)[0])


class World:
    """The objects that the calls use. Each is made when it is needed first."""

    sndinfo = sctp.sctp_sndinfo(snd_sid=1)
    to_all = sctp.sctp_sndinfo(snd_flags=sctp.SCTP_SENDALL)
    prinfo = sctp.sctp_prinfo(pr_policy=sctp.SCTP_PR_SCTP_TTL, pr_value=1000)
    rcvinfo = sctp.sctp_rcvinfo(rcv_sid=1)
    nxtinfo = sctp.sctp_nxtinfo(nxt_sid=1)
    big = 2**70
    message = (b"some", b"thing")

    def socket(self, type=SOCK_STREAM, family=AF_INET, address=ANY_PORT):
        sock = sctp_socket(family, type)
        sock.settimeout(10)
        sock.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_NODELAY, 1)
        sock.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_RECVRCVINFO, 1)
        sock.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_RECVNXTINFO, 1)
        if address is not None:
            sock.bind(address)
        return sock

    def listen(self, type, **kwargs):
        sock = self.socket(type, **kwargs)
        sock.listen(128)
        return sock

    @cached_property
    def idle(self):
        """A socket without an association."""
        sock = self.socket()
        sock.setblocking(False)
        return sock

    @cached_property
    def six(self):
        return self.socket(family=AF_INET6, address=("::1", 0))

    @cached_property
    def many_idle(self):
        sock = self.socket(SOCK_SEQPACKET)
        sock.setblocking(False)
        return sock

    @cached_property
    def closed(self):
        sock = self.socket()
        sock.close()
        return sock

    @cached_property
    def listener(self):
        return self.listen(SOCK_STREAM)

    @cached_property
    def many(self):
        return self.listen(SOCK_SEQPACKET)

    @cached_property
    def crowded(self):
        """A one-to-many socket with more associations than Python has small ints."""
        crowded = self.listen(SOCK_SEQPACKET)
        self.crowd = [self.socket(address=None) for _ in range(260)]
        for sock in self.crowd:
            sock.connect(crowded.getsockname())
        return crowded

    @cached_property
    def refusing(self):
        """The address of a socket that does not listen."""
        return self.idle.getsockname()

    @cached_property
    def ends(self):
        """Both ends of an association: the sender and the receiver."""
        listener = self.listen(SOCK_STREAM)
        sender = self.socket()
        sender.connect(listener.getsockname())
        receiver = listener.accept()[0]
        receiver.settimeout(10)
        return sender, receiver

    @property
    def sender(self):
        return self.ends[0]

    @property
    def receiver(self):
        return self.ends[1]

    @cached_property
    def six_ends(self):
        listener = self.listen(SOCK_STREAM, family=AF_INET6, address=("::1", 0))
        sender = self.socket(family=AF_INET6, address=None)
        sender.connect(listener.getsockname())
        return sender, listener.accept()[0]

    @cached_property
    def udp(self):
        return socket.socket(AF_INET, SOCK_DGRAM)

    @cached_property
    def writable(self):
        return [bytearray(3), bytearray(100)]

    @cached_property
    def spa(self):
        return sctp.sctp_sendv_spa([self.sndinfo, self.prinfo])

    @cached_property
    def rn(self):
        return sctp.sctp_recvv_rn([self.rcvinfo, self.nxtinfo])

    def drain(self):
        """Receives everything that a sending call may have left."""
        while readable(self.receiver):
            self.receiver.recv(4096)

    def fill(self):
        """Sends two messages, so that a receiving call has something to receive, and
        a next message exists."""
        if not readable(self.receiver):
            for _ in range(3):
                self.sender.sctp_sendv([b"some", b"thing"])
            select.select([self.receiver], [], [], 10)
        elif self.receiver.recv(100, socket.MSG_PEEK) == b"":
            raise AssertionError("the association has ended")

    def fill_six(self):
        sender, receiver = self.six_ends
        if not readable(receiver):
            sender.sctp_sendv([b"something"])
            select.select([receiver], [], [], 10)

    def exchange_pending(self):
        """Sets up an association that waits for accept."""
        if not readable(self.listener):
            self.peer = self.socket(address=None)
            self.peer.connect(self.listener.getsockname())
            select.select([self.listener], [], [], 10)

    def associate(self):
        """Gives the one-to-many socket an association to peel off."""
        self.peer = self.socket(address=None)
        self.peer.connect(self.many.getsockname())
        self.peer.send(b"?")
        while True:
            data, _, info, _, _ = self.many.sctp_recvv(100)
            if data == b"?":
                break
        self.assoc_id = dict(
            info.rcvinfo if isinstance(info, sctp.sctp_recvv_rn) else info
        )["rcv_assoc_id"]

    def associate_end(self):
        """An end of an association, for calls that end it."""
        if getattr(self, "spare", None) is not None:
            self.spare.close()
        self.exchange_pending()
        self.spare = self.listener.accept()[0]

    def peel(self):
        if getattr(self, "spare", None) is not None:
            self.spare.close()
        self.associate()
        self.spare = self.many.sctp_peeloff(self.assoc_id)

    def new_socket(self):
        """Makes a new socket, for a call that can be made only once on a socket."""
        if getattr(self, "spare", None) is not None:
            self.spare.close()
        self.spare = self.socket(address=None)

    def new_non_blocking_socket(self):
        self.new_socket()
        self.spare.setblocking(False)

    def forget_address(self):
        """Undoes the first half of adding and removing an address."""
        if len(self.idle.sctp_getladdrs()) > 1:
            self.idle.sctp_bindx([("127.0.0.2", 0)], sctp.SCTP_BINDX_REM_ADDR)

    def connectable(self):
        """A new socket, and room in the queue of the listener."""
        self.new_socket()
        while readable(self.listener):
            self.listener.accept()[0].close()

    def lend(self):
        """A descriptor to make sockets from. A call that failed may have closed it."""
        self.lent = self.keep("lent", lambda: os.dup(self.idle.fileno()))

    def lend_other(self):
        self.other = self.keep("other", lambda: self.udp_descriptor())

    def udp_descriptor(self):
        sock = socket.socket(AF_INET, SOCK_DGRAM)
        return sock.detach()

    def keep(self, name, make):
        descriptor = getattr(self, name, None)
        if descriptor is not None:
            try:
                os.fstat(descriptor)
            except OSError:
                descriptor = None
        return make() if descriptor is None else descriptor

    def lend_peeled(self):
        if self.keep("lent", lambda: None) is None:
            self.peel()
            self.lent = self.spare.detach()
            self.spare = None


@dataclass(frozen=True)
class Case:
    """A call and the error that it raises. Also how many times more often quicker
    calls are made, what to do before each call, and whether Python code of ours
    raises the error."""

    call: Callable[[World], object]
    error: type[BaseException] | None = None
    divisor: int = 1
    prepare: Callable[[World], object] = lambda world: None
    in_python: bool = False


class Bad:
    """An object that fails whatever it is asked for."""

    def fail(self, *args):
        raise ZeroDivisionError

    __eq__ = __index__ = __bool__ = __iter__ = __repr__ = fail
    __hash__ = None


bad = Bad()


def failing_items(*items):
    yield from items
    raise ZeroDivisionError


# Each association takes several packets. With more calls, a run would take hours.
ASSOCIATION = 100


def fails(error, call, **kwargs):
    return Case(call, error, **kwargs)


def import_anew(name):
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def import_case(name):
    return {
        # Classes are cycles, which only the garbage collector frees.
        "anew": Case(
            lambda w: import_anew(name), divisor=20, prepare=lambda w: gc.collect()
        )
    }


def make_info_cases(name, key):
    """The cases of the dict classes of infos."""
    cls = getattr(sctp, name)
    derived = type("derived", (cls,), {})

    def set_item(key, value):
        return lambda w: cls().__setitem__(key, value)

    return {
        f"{name}.__init__": {
            "default": Case(lambda w: cls()),
            "key": Case(lambda w: cls(**{key: 1000})),
            "derived": Case(lambda w: derived(**{key: 1})),
            "positional": fails(TypeError, lambda w: cls(1)),
            "unknown": fails(TypeError, lambda w: cls(nonsense=1)),
            "known and unknown": fails(
                TypeError, lambda w: cls(**{key: 1, "nonsense": 2})
            ),
            "type": fails(TypeError, lambda w: cls(**{key: "1"})),
            "range": fails(ValueError, lambda w: cls(**{key: w.big})),
            "negative range": fails(ValueError, lambda w: cls(**{key: -w.big})),
            "index": fails(ZeroDivisionError, lambda w: cls(**{key: bad})),
        },
        f"{name}.__setitem__": {
            "value": Case(set_item(key, 1000)),
            "unknown": fails(KeyError, set_item("nonsense", 1)),
            "unhashable": fails(KeyError, set_item([], 1)),
            "repr of the key": fails(ZeroDivisionError, set_item(bad, 1)),
            "type": fails(TypeError, set_item(key, "1")),
            "range": fails(ValueError, set_item(key, 2**70)),
            "index": fails(ZeroDivisionError, set_item(key, bad)),
        },
        f"{name}.__delitem__": {
            "known": fails(TypeError, lambda w: cls().__delitem__(key)),
            "unknown": fails(KeyError, lambda w: cls().__delitem__("nonsense")),
        },
        f"{name}.copy": {
            "copy": Case(lambda w: cls(**{key: 1000}).copy()),
            "derived": Case(lambda w: derived(**{key: 1}).copy()),
            "module copy": Case(lambda w: copy.copy(cls(**{key: 1000}))),
            "pickle": Case(lambda w: pickle.loads(pickle.dumps(cls(**{key: 1000})))),
            "argument": fails(TypeError, lambda w: cls().copy(1)),
        },
    }


class NonsenseSpa(sctp.sctp_sendv_spa):
    prinfo = 5


def notification(type, *words, tail=b""):
    """A notification with members of 32 bits."""
    body = b"".join(word.to_bytes(4, sys.byteorder) for word in words) + tail
    length = 8 + len(body)
    return (
        type.to_bytes(2, sys.byteorder)
        + bytes(2)
        + length.to_bytes(4, sys.byteorder)
        + body
    )


def event(*args, **kwargs):
    notif = notification(*args, **kwargs)
    return Case(lambda w: _sctp.sctp_event.parse_notification(notif))


def parse_fails(error, notif):
    return fails(error, lambda w: _sctp.sctp_event.parse_notification(notif))


SHUTDOWN = notification(sctp.SCTP_SHUTDOWN_EVENT, 1000)
NOTIFICATIONS = {
    "assoc change": event(sctp.SCTP_ASSOC_CHANGE, sctp.SCTP_COMM_LOST << 16, 0, 1000),
    "features": event(
        sctp.SCTP_ASSOC_CHANGE, 0, 0x00100010, 1000, tail=bytes([1, 2, 3, 4])
    ),
    "abort": event(sctp.SCTP_ASSOC_CHANGE, 1, 0x00100010, 1000, tail=bytes(400)),
    "address": event(
        sctp.SCTP_PEER_ADDR_CHANGE,
        tail=_sctp.sctp.ipaddr_to_sockaddr_storage(("10.0.0.1", 1000)) + bytes(12),
    ),
    "ipv6 address": event(
        sctp.SCTP_PEER_ADDR_CHANGE,
        tail=_sctp.sctp.ipaddr_to_sockaddr_storage(("::1", 1000, 2000, 3000))
        + bytes(12),
    ),
    "remote error": event(sctp.SCTP_REMOTE_ERROR, 0, 1000, tail=b"something"),
    "send failed": event(
        sctp.SCTP_SEND_FAILED_EVENT, 1000, 1, 2, 3000, 4000, 5000, tail=b"lost"
    ),
    "shutdown": Case(lambda w: _sctp.sctp_event.parse_notification(SHUTDOWN)),
    "adaptation": event(sctp.SCTP_ADAPTATION_INDICATION, 1000, 2000),
    "partial delivery": event(sctp.SCTP_PARTIAL_DELIVERY_EVENT, 1, 1000, 2000, 3000),
    "authentication": event(sctp.SCTP_AUTHENTICATION_EVENT, 1000, 1, 2000),
    "dry": event(sctp.SCTP_SENDER_DRY_EVENT, 1000),
    "stream reset": event(sctp.SCTP_STREAM_RESET_EVENT, 1000, tail=bytes(range(1, 21))),
    "assoc reset": event(sctp.SCTP_ASSOC_RESET_EVENT, 1000, 2000, 3000),
    "stream change": event(sctp.SCTP_STREAM_CHANGE_EVENT, 1000, 0x10001000),
    "other buffer": Case(
        lambda w: _sctp.sctp_event.parse_notification(memoryview(SHUTDOWN))
    ),
    "no buffer": parse_fails(TypeError, 1),
    "too short": parse_fails(OSError, b"short"),
    "cut off": parse_fails(OSError, SHUTDOWN[:-1]),
    "declared too short": parse_fails(
        OSError, notification(sctp.SCTP_SHUTDOWN_EVENT, tail=b"ab")
    ),
    "unknown": parse_fails(OSError, notification(12345)),
}


core = _sctp.sctp
RTOINFO = sctp.sctp_rtoinfo()
STORAGE = core.ipaddr_to_sockaddr_storage(("10.0.0.1", 1000))
STORAGE6 = core.ipaddr_to_sockaddr_storage(("::1", 1000, 2, 3000))
AUTHKEY = sctp.sctp_authkey(sca_keynumber=1, sca_key=b"secret")


class sctp_initmsg(dict):
    """A class that is named after a structure."""

    __slots__ = ()


def spoiled(info):
    """A copy without a key. Only the methods of dict can make it."""
    made = info.copy()
    dict.pop(made, next(iter(made)))
    return made


def branding(make):
    """Brands a class for a structure that no other case uses, and then the class of
    the package again."""

    def call(world):
        try:
            core._brand(make())
        finally:
            core._brand(sctp.sctp_initmsg)

    return call


def storage_fails(error, address):
    return fails(error, lambda w: core.ipaddr_to_sockaddr_storage(address))


def name_fails(error, address, divisor=1):
    return fails(
        error,
        lambda w: core.ipaddr_to_sockaddr_storage(address),
        divisor=divisor,
        in_python=True,
    )


def check_of(name, key, value, error=None):
    return Case(lambda w: core._check(name, key, value), error)


def pack_of(name, dict, error=None):
    return Case(lambda w: core._pack(name, dict), error)


def unpack_of(name, bytes, error=None):
    return Case(lambda w: core._unpack(name, bytes), error)


FUNCTIONS = {
    "parse_notification": NOTIFICATIONS,
    "ipaddr_to_sockaddr_storage": {
        "ipv4": Case(lambda w: core.ipaddr_to_sockaddr_storage(("10.0.0.1", 1))),
        "ipv6": Case(lambda w: core.ipaddr_to_sockaddr_storage(("::1", 1000, 2, 3000))),
        "bytes": Case(lambda w: core.ipaddr_to_sockaddr_storage((b"10.0.0.1", 1))),
        "any": Case(lambda w: core.ipaddr_to_sockaddr_storage(("", 1))),
        "name": Case(
            lambda w: core.ipaddr_to_sockaddr_storage(("localhost", 1)), divisor=50
        ),
        "service": Case(
            lambda w: core.ipaddr_to_sockaddr_storage(("10.0.0.1", "http")),
            divisor=50,
            in_python=True,
        ),
        "no tuple": storage_fails(TypeError, "10.0.0.1"),
        "three": storage_fails(TypeError, ("::1", 1, 2)),
        "repr": storage_fails(ZeroDivisionError, bad),
        "port type": name_fails(TypeError, ("10.0.0.1", 1.5)),
        "port bool": name_fails(TypeError, ("10.0.0.1", True)),
        "port range": storage_fails(ValueError, ("10.0.0.1", 65536)),
        "port digits": Case(
            lambda w: core.ipaddr_to_sockaddr_storage(("10.0.0.1", "65535"))
        ),
        "port digits range": name_fails(ValueError, ("10.0.0.1", "65536")),
        "long int": storage_fails(ValueError, ("10.0.0.1", 10**5000)),
        "no tuple but a long int": storage_fails(TypeError, 10**5000),
        "port index": storage_fails(ZeroDivisionError, ("10.0.0.1", bad)),
        "no service": name_fails(
            socket.gaierror, ("10.0.0.1", "no service"), divisor=50
        ),
        "service with NUL": name_fails(ValueError, ("10.0.0.1", "ht\0tp")),
        "service encoding": storage_fails(
            UnicodeError, ("10.0.0.1", "\N{LATIN SMALL LETTER A WITH ACUTE}" * 99)
        ),
        "host type": name_fails(TypeError, (1, 1)),
        "host with NUL": name_fails(ValueError, ("10.0\0", 1)),
        "host encoding": storage_fails(
            UnicodeError, ("\N{LATIN SMALL LETTER A WITH ACUTE}" * 99, 1)
        ),
        "other family": name_fails(TypeError, ("::1", 1)),
        "other family of four": name_fails(TypeError, ("10.0.0.1", 1, 0, 0)),
        "no host": name_fails(socket.gaierror, ("no host", 1), divisor=50),
        "flowinfo": storage_fails(ValueError, ("::1", 1, 2**20, 0)),
        "scope": storage_fails(ValueError, ("::1", 1, 0, 2**32)),
    },
    "sockaddr_storage_to_ipaddr": {
        "ipv4": Case(lambda w: core.sockaddr_storage_to_ipaddr(STORAGE)),
        "ipv6": Case(lambda w: core.sockaddr_storage_to_ipaddr(STORAGE6)),
        "neither": Case(lambda w: core.sockaddr_storage_to_ipaddr(b"neither")),
        "no buffer": fails(TypeError, lambda w: core.sockaddr_storage_to_ipaddr(1)),
    },
    "_describe": {
        "plain": Case(lambda w: core._describe("sctp_paddrparams")),
        "nested": Case(lambda w: core._describe("sctp_status")),
        "tail": Case(lambda w: core._describe("sctp_authkey")),
        "only tail": Case(lambda w: core._describe("sctp_hmacalgo")),
        "unknown": fails(LookupError, lambda w: core._describe("sctp_nothing")),
        "no name": fails(LookupError, lambda w: core._describe(1000)),
    },
    "_brand": {
        "class": Case(branding(lambda: sctp_initmsg)),
        "no class": fails(TypeError, branding(lambda: 1)),
        "no dict": fails(
            TypeError,
            branding(lambda: type("sctp_initmsg", (), {})),
            divisor=10,
            prepare=lambda w: gc.collect(),
        ),
        "more than a dict": fails(
            TypeError,
            branding(lambda: type("sctp_initmsg", (dict,), {})),
            divisor=10,
            prepare=lambda w: gc.collect(),
        ),
        "unknown": fails(LookupError, branding(lambda: dict)),
    },
    "_check": {
        "integer": check_of("sctp_rtoinfo", "srto_max", 1000),
        "address": check_of("sctp_setprim", "ssp_addr", ("10.0.0.1", 1000)),
        "ipv6 address": check_of("sctp_setprim", "ssp_addr", ("::1", 1000, 0, 0)),
        "address in bytes": check_of("sctp_setprim", "ssp_addr", STORAGE),
        "no address in bytes": check_of("sctp_setprim", "ssp_addr", bytes(128)),
        "nested": check_of("sctp_status", "sstat_primary", sctp.sctp_paddrinfo()),
        "nested bytes": Case(
            lambda w: core._check(
                "sctp_status", "sstat_primary", bytes(sctp.sctp_paddrinfo.size)
            )
        ),
        "list item": check_of("sctp_hmacalgo", "shmac_idents", 1000),
        "arguments": Case(lambda w: core._check("sctp_rtoinfo"), TypeError),
        "unknown": check_of("sctp_nothing", "srto_max", 1, LookupError),
        "key": check_of("sctp_rtoinfo", "nothing", 1, KeyError),
        "type": check_of("sctp_rtoinfo", "srto_max", "1", TypeError),
        "range": check_of("sctp_rtoinfo", "srto_max", 2**32, ValueError),
        "policy": check_of("sctp_default_prinfo", "pr_policy", 1, ValueError),
        "address type": check_of("sctp_setprim", "ssp_addr", 1, TypeError),
        "address size": check_of("sctp_setprim", "ssp_addr", b"1", ValueError),
        "nested type": check_of("sctp_status", "sstat_primary", {}, TypeError),
        "nested size": check_of("sctp_status", "sstat_primary", b"1", ValueError),
        "list item type": check_of("sctp_hmacalgo", "shmac_idents", "1", TypeError),
        "list item range": check_of("sctp_hmacalgo", "shmac_idents", -1, ValueError),
    },
    "_pack": {
        "plain": pack_of("sctp_rtoinfo", RTOINFO),
        "nested": pack_of("sctp_status", sctp.sctp_status()),
        "tail": pack_of("sctp_authkey", AUTHKEY),
        "list": pack_of("sctp_hmacalgo", {"shmac_idents": (1, 1000) * 300}),
        "arguments": Case(lambda w: core._pack("sctp_rtoinfo"), TypeError),
        "class": pack_of("sctp_rtoinfo", {}, TypeError),
        "no dict": pack_of("sctp_authchunks", 1000, TypeError),
        "unknown": pack_of("sctp_nothing", {}, LookupError),
        "key missing": pack_of("sctp_rtoinfo", spoiled(RTOINFO), ValueError),
        "key unknown": pack_of(
            "sctp_authchunks", {"gauth_assoc_id": 1, 1: 1, 2: 2}, ValueError
        ),
    },
    "_unpack": {
        "plain": unpack_of("sctp_rtoinfo", RTOINFO.to_bytes),
        "nested": unpack_of("sctp_status", sctp.sctp_status().to_bytes),
        "bytes": unpack_of("sctp_authkey", AUTHKEY.to_bytes),
        "list": unpack_of("sctp_hmacalgo", b"\1\2\0\0" + bytes(2 * 300)),
        "arguments": Case(lambda w: core._unpack("sctp_rtoinfo", 1), TypeError),
        "unknown": unpack_of("sctp_nothing", bytes(16), LookupError),
        "size": unpack_of("sctp_rtoinfo", bytes(15), ValueError),
    },
}


def closing(make):
    def call(world):
        make(world).close()

    return call


def detaching(make):
    """Detaches the descriptor of a socket, so that it can be used again."""

    def call(world):
        make(world).detach()

    return call


def lends(call, error=None, prepare=World.lend):
    return Case(detaching(call), error, prepare=prepare)


class Unmade(sctp_socket):
    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        """Makes no object."""


class Ignoring(sctp_socket):
    __slots__ = ()

    def __init__(self, family, type, proto, fileno):
        super().__init__(family, type)


def refused(cls, name, call, prepare):
    """A class from which no sockets can be made."""

    def refuse(world):
        with sctp_socket(fileno=os.dup(getattr(world, name).fileno())) as twin:
            twin.__class__ = cls
            call(twin, world)

    return fails(TypeError, refuse, divisor=ASSOCIATION, prepare=prepare)


def accepted(world):
    world.listener.accept()[0].close()


def takes(call):
    """A function that appends a descriptor to a list."""

    def take(world):
        taken = []
        try:
            call(world, taken)
        finally:
            for descriptor in taken:
                os.close(descriptor)

    return take


def closed(call):
    return fails(OSError, lambda w: call(w.closed))


SOCKET = {
    "__init__": {
        "stream": Case(closing(lambda w: sctp_socket(AF_INET, SOCK_STREAM))),
        "many": Case(closing(lambda w: sctp_socket(AF_INET6, SOCK_SEQPACKET))),
        "proto": Case(
            closing(lambda w: sctp_socket(AF_INET, SOCK_STREAM, sctp.IPPROTO_SCTP))
        ),
        "not closed": Case(lambda w: sctp_socket(AF_INET, SOCK_STREAM)),
        "descriptor": lends(lambda w: sctp_socket(-1, -1, fileno=w.lent)),
        "descriptor alone": lends(
            lambda w: sctp_socket(fileno=w.lent),
        ),
        "peeled": lends(
            lambda w: sctp_socket(fileno=w.lent), prepare=World.lend_peeled
        ),
        "other descriptor": Case(
            lambda w: sctp_socket(fileno=w.other),
            sctp.SCTPError,
            prepare=World.lend_other,
        ),
        "nothing": fails(TypeError, lambda w: sctp_socket()),
        "no type": fails(TypeError, lambda w: sctp_socket(AF_INET)),
        "keyword": fails(TypeError, lambda w: sctp_socket(nonsense=1)),
        "family": fails(sctp.SCTPError, lambda w: sctp_socket(AF_UNIX, SOCK_STREAM)),
        "type": fails(sctp.SCTPError, lambda w: sctp_socket(AF_INET, SOCK_DGRAM)),
        "protocol": fails(
            sctp.SCTPError, lambda w: sctp_socket(AF_INET, SOCK_STREAM, 1000)
        ),
        "comparison": fails(ZeroDivisionError, lambda w: sctp_socket(bad, SOCK_STREAM)),
        "no descriptor": fails(OSError, lambda w: sctp_socket(fileno=1_000_000)),
        "negative descriptor": fails(ValueError, lambda w: sctp_socket(fileno=-5)),
        "descriptor type": fails(TypeError, lambda w: sctp_socket(fileno="1")),
    },
    "accept": {
        "accept": Case(accepted, divisor=ASSOCIATION, prepare=World.exchange_pending),
        "unmade": refused(
            Unmade, "listener", lambda s, w: s.accept(), World.exchange_pending
        ),
        "ignored": refused(
            Ignoring, "listener", lambda s, w: s.accept(), World.exchange_pending
        ),
        "waiting not": fails(OSError, lambda w: w.idle.accept()),
        "one-to-many": fails(OSError, lambda w: w.many_idle.accept()),
        "argument": fails(TypeError, lambda w: w.idle.accept(1)),
        "keyword": fails(TypeError, lambda w: w.idle.accept(nonsense=1)),
        "closed": closed(lambda s: s.accept()),
    },
    "_accept_into": {
        "accept": Case(
            takes(lambda w, taken: w.listener._accept_into(taken)),
            divisor=ASSOCIATION,
            prepare=World.exchange_pending,
        ),
        "waiting not": fails(OSError, lambda w: w.idle._accept_into([])),
        "list": Case(
            lambda w: w.listener._accept_into(()),
            SystemError,
            divisor=ASSOCIATION,
            prepare=World.exchange_pending,
        ),
    },
    "_peeloff": {
        "peeled": Case(
            takes(lambda w, taken: w.many._peeloff(w.assoc_id, taken)),
            divisor=ASSOCIATION,
            prepare=World.associate,
        ),
        "association": fails(OSError, lambda w: w.many._peeloff(1_000_000, [])),
        "list": fails(TypeError, lambda w: w.many._peeloff(1, ())),
    },
    "_end_peeled": {
        "peeled": Case(
            lambda w: w.spare._end_peeled(socket.SHUT_RDWR),
            divisor=ASSOCIATION,
            prepare=World.peel,
        ),
        "no association": fails(OSError, lambda w: w.idle._end_peeled(1)),
        "type": fails(TypeError, lambda w: w.idle._end_peeled("1")),
    },
    "_ask_family": {
        "socket": Case(lambda w: w.idle._ask_family(w.idle.fileno())),
        "none": Case(lambda w: w.idle._ask_family(1_000_000)),
        "type": Case(lambda w: w.idle._ask_family("1")),
    },
    "_forget": {"nothing": Case(lambda w: w.idle._forget())},
    "shutdown": {
        "one-to-one": Case(
            lambda w: w.spare.shutdown(socket.SHUT_RDWR),
            divisor=ASSOCIATION,
            prepare=World.associate_end,
        ),
        "peeled": Case(
            lambda w: w.spare.shutdown(socket.SHUT_RDWR),
            divisor=ASSOCIATION,
            prepare=World.peel,
        ),
        "no association": fails(OSError, lambda w: w.idle.shutdown(socket.SHUT_WR)),
        "how": fails(OSError, lambda w: w.idle.shutdown(1000)),
        "type": fails(TypeError, lambda w: w.idle.shutdown("1")),
        "range": fails(OverflowError, lambda w: w.idle.shutdown(w.big)),
        "missing": fails(TypeError, lambda w: w.idle.shutdown()),
        "keyword": fails(TypeError, lambda w: w.idle.shutdown(1, nonsense=1)),
        "twice": fails(TypeError, lambda w: w.idle.shutdown(1, how=1)),
        "closed": closed(lambda s: s.shutdown(1)),
    },
    "sctp_bindx": {
        "bind": Case(
            lambda w: w.spare.sctp_bindx([ANY_PORT], ADD), prepare=World.new_socket
        ),
        "many addresses": Case(
            lambda w: w.spare.sctp_bindx(
                [(f"127.0.0.{i}", 0) for i in range(1, 20)], ADD
            ),
            prepare=World.new_socket,
            divisor=10,
        ),
        "add and remove": Case(
            lambda w: (
                w.idle.sctp_bindx([("127.0.0.2", 0)], ADD),
                w.idle.sctp_bindx([("127.0.0.2", 0)], sctp.SCTP_BINDX_REM_ADDR),
            ),
            prepare=lambda w: w.forget_address(),
        ),
        "flags": fails(ValueError, lambda w: w.idle.sctp_bindx([ANY_PORT], 1000)),
        "flags type": fails(TypeError, lambda w: w.idle.sctp_bindx([ANY_PORT], "1")),
        "ports": fails(
            ValueError,
            lambda w: w.idle.sctp_bindx([("127.0.0.1", 1), ("127.0.0.1", 2)], ADD),
        ),
        "no iterable": fails(TypeError, lambda w: w.idle.sctp_bindx(1, ADD)),
        "iterable": fails(ZeroDivisionError, lambda w: w.idle.sctp_bindx(bad, ADD)),
        "iteration": fails(
            ZeroDivisionError,
            lambda w: w.idle.sctp_bindx(failing_items(ANY_PORT), ADD),
        ),
        "long list": fails(
            TypeError,
            lambda w: w.idle.sctp_bindx([ANY_PORT] * 100 + [1], ADD),
            divisor=10,
        ),
        "too many": fails(
            ValueError,
            lambda w: w.idle.sctp_bindx([ANY_PORT] * 8193, ADD),
            divisor=1000,
        ),
        "family": fails(
            TypeError, lambda w: w.idle.sctp_bindx([("::1", 0, 0, 0)], ADD)
        ),
        "kernel": fails(OSError, lambda w: w.idle.sctp_bindx([("192.0.2.1", 0)], ADD)),
        "none": fails(OSError, lambda w: w.idle.sctp_bindx([], ADD)),
        "single address": fails(TypeError, lambda w: w.idle.sctp_bindx(ANY_PORT, ADD)),
        "missing": fails(TypeError, lambda w: w.idle.sctp_bindx([ANY_PORT])),
        "closed": closed(lambda s: s.sctp_bindx([ANY_PORT], ADD)),
    },
    "sctp_connectx": {
        "connect": Case(
            lambda w: w.spare.sctp_connectx([w.listener.getsockname()]),
            divisor=ASSOCIATION,
            prepare=lambda w: w.connectable(),
        ),
        "identifier": Case(
            lambda w: w.spare.sctp_connectx([w.listener.getsockname()], assoc_id=True),
            divisor=ASSOCIATION,
            prepare=lambda w: w.connectable(),
        ),
        "refused": fails(
            OSError,
            lambda w: w.spare.sctp_connectx([w.refusing]),
            divisor=10,
            prepare=World.new_socket,
        ),
        "under way": fails(
            BlockingIOError,
            lambda w: w.spare.sctp_connectx([w.refusing], assoc_id=True),
            divisor=10,
            prepare=World.new_non_blocking_socket,
        ),
        "connected": fails(OSError, lambda w: w.sender.sctp_connectx([w.refusing])),
        "ports": fails(
            ValueError,
            lambda w: w.idle.sctp_connectx([("127.0.0.1", 1), ("127.0.0.1", 2)]),
        ),
        "no iterable": fails(TypeError, lambda w: w.idle.sctp_connectx(1)),
        "iteration": fails(
            ZeroDivisionError, lambda w: w.idle.sctp_connectx(failing_items(ANY_PORT))
        ),
        "family": fails(TypeError, lambda w: w.idle.sctp_connectx([("::1", 0, 0, 0)])),
        "none": fails(OSError, lambda w: w.idle.sctp_connectx([])),
        "truth": fails(
            ZeroDivisionError, lambda w: w.idle.sctp_connectx([ANY_PORT], assoc_id=bad)
        ),
        "positional": fails(TypeError, lambda w: w.idle.sctp_connectx([ANY_PORT], 1)),
        "closed": closed(lambda s: s.sctp_connectx([ANY_PORT])),
    },
    "sctp_getladdrs": {
        "one": Case(lambda w: w.sender.sctp_getladdrs()),
        "ipv6": Case(lambda w: w.six.sctp_getladdrs()),
        "association": fails(OSError, lambda w: w.many.sctp_getladdrs(1_000_000)),
        "type": fails(TypeError, lambda w: w.sender.sctp_getladdrs("1")),
        "range": fails(ValueError, lambda w: w.sender.sctp_getladdrs(w.big)),
        "arguments": fails(TypeError, lambda w: w.sender.sctp_getladdrs(1, 2)),
        "closed": closed(lambda s: s.sctp_getladdrs()),
    },
    "sctp_getpaddrs": {
        "one": Case(lambda w: w.sender.sctp_getpaddrs()),
        "ipv6": Case(lambda w: w.six_ends[0].sctp_getpaddrs()),
        "none": Case(lambda w: w.idle.sctp_getpaddrs()),
        "type": fails(TypeError, lambda w: w.sender.sctp_getpaddrs("1")),
        "range": fails(ValueError, lambda w: w.sender.sctp_getpaddrs(w.big)),
        "arguments": fails(TypeError, lambda w: w.sender.sctp_getpaddrs(1, 2)),
        "closed": closed(lambda s: s.sctp_getpaddrs()),
    },
    "sctp_peeloff": {
        "peel": Case(
            closing(lambda w: w.many.sctp_peeloff(w.assoc_id)),
            divisor=ASSOCIATION,
            prepare=World.associate,
        ),
        "unmade": refused(
            Unmade, "many", lambda s, w: s.sctp_peeloff(w.assoc_id), World.associate
        ),
        "ignored": refused(
            Ignoring, "many", lambda s, w: s.sctp_peeloff(w.assoc_id), World.associate
        ),
        "association": fails(OSError, lambda w: w.many.sctp_peeloff(1_000_000)),
        "one-to-one": fails(OSError, lambda w: w.sender.sctp_peeloff(1)),
        "type": fails(TypeError, lambda w: w.many.sctp_peeloff("1")),
        "range": fails(ValueError, lambda w: w.many.sctp_peeloff(w.big)),
        "missing": fails(TypeError, lambda w: w.many.sctp_peeloff()),
        "closed": closed(lambda s: s.sctp_peeloff(1)),
    },
}


def sends(call, error=None, **kwargs):
    return Case(
        lambda w: call(w.sender.sctp_sendv, w), error, prepare=World.drain, **kwargs
    )


def receives(call, **kwargs):
    return Case(call, prepare=World.fill, **kwargs)


SOCKET["sctp_sendv"] = {
    "plain": sends(lambda send, w: send(w.message)),
    "long": sends(lambda send, w: send([bytes(1000)])),
    "many buffers": sends(lambda send, w: send([b"1"] * 100)),
    "sndinfo": sends(lambda send, w: send(w.message, None, w.sndinfo)),
    "prinfo": sends(lambda send, w: send(w.message, None, w.prinfo)),
    "spa": sends(lambda send, w: send(w.message, info=w.spa, flags=0)),
    "address": sends(lambda send, w: send(w.message, [w.receiver.getsockname()])),
    "authinfo": sends(
        lambda send, w: send(w.message, None, sctp.sctp_authinfo(auth_keynumber=9))
    ),
    "many addresses": sends(
        lambda send, w: send(w.message, [("192.0.2.1", 1)] * 20 + [1]),
        TypeError,
    ),
    "control": fails(
        OSError,
        lambda w: w.idle.sctp_sendv([b"1"], [("127.0.0.1", 1)] * 20, flags=1 << 30),
    ),
    "no iterable": sends(lambda send, w: send(1), TypeError),
    "one buffer": sends(lambda send, w: send(b"1"), TypeError),
    "no buffer": sends(lambda send, w: send([b"1", 1]), TypeError),
    "iteration": sends(lambda send, w: send(failing_items(b"1")), ZeroDivisionError),
    "too many": sends(lambda send, w: send([b"1"] * 1025), ValueError, divisor=20),
    "empty": sends(lambda send, w: send([]), OSError),
    "too long": sends(lambda send, w: send([b"1", bytes(2**20)]), OSError, divisor=10),
    "no address": sends(lambda send, w: send([b"1"], [1]), TypeError),
    "family": sends(lambda send, w: send([b"1"], [("::1", 1, 0, 0)]), TypeError),
    "address iteration": sends(
        lambda send, w: send([b"1"], failing_items(ANY_PORT)), ZeroDivisionError
    ),
    "info": sends(lambda send, w: send([b"1"], None, {}), TypeError),
    "info member": sends(
        lambda send, w: send([b"1"], None, spoiled(w.sndinfo)), ValueError
    ),
    "spa member": sends(
        lambda send, w: send([b"1"], None, sctp.sctp_sendv_spa([spoiled(w.sndinfo)])),
        ValueError,
    ),
    "spa member type": sends(
        lambda send, w: send([b"1"], None, NonsenseSpa()), TypeError
    ),
    "stream": sends(
        lambda send, w: send([b"1"], None, sctp.sctp_sndinfo(snd_sid=60000)), OSError
    ),
    "flags": sends(lambda send, w: send([b"1"], flags="1"), TypeError),
    "missing": sends(lambda send, w: send(), TypeError),
    "keyword": sends(lambda send, w: send([b"1"], nonsense=1), TypeError),
    "no association": fails(OSError, lambda w: w.idle.sctp_sendv([b"1"])),
    "to all": Case(
        lambda w: w.many.sctp_sendv([b"1"], None, w.to_all),
    ),
    "ports": fails(
        ValueError,
        lambda w: w.idle.sctp_sendv([b"1"], [("127.0.0.1", 1), ("127.0.0.1", 2)]),
    ),
    "flag of a message": fails(
        ValueError, lambda w: w.sender.sctp_sendv([b"1"], flags=sctp.SCTP_EOF)
    ),
    "closed": closed(lambda s: s.sctp_sendv([b"1"])),
}


SOCKET["sctp_recvv"] = {
    "whole": receives(lambda w: w.receiver.sctp_recvv(100)),
    "exact": receives(lambda w: w.receiver.sctp_recvv(9)),
    "in pieces": receives(lambda w: w.receiver.sctp_recvv(5)),
    "ipv6": Case(lambda w: w.six_ends[1].sctp_recvv(100), prepare=World.fill_six),
    "size": fails(ValueError, lambda w: w.receiver.sctp_recvv(0)),
    "size type": fails(TypeError, lambda w: w.receiver.sctp_recvv("1")),
    "too much": fails(MemoryError, lambda w: w.receiver.sctp_recvv(sys.maxsize // 2)),
    "flags": fails(ValueError, lambda w: w.receiver.sctp_recvv(1, w.big)),
    "missing": fails(TypeError, lambda w: w.receiver.sctp_recvv()),
    "nothing": fails(OSError, lambda w: w.sender.sctp_recvv(1, socket.MSG_DONTWAIT)),
    "no association": fails(OSError, lambda w: w.idle.sctp_recvv(1)),
    "closed": closed(lambda s: s.sctp_recvv(1)),
}
SOCKET["sctp_recvv_into"] = {
    "whole": receives(lambda w: w.receiver.sctp_recvv_into(w.writable)),
    "many buffers": receives(
        lambda w: w.receiver.sctp_recvv_into([bytearray(1) for _ in range(100)]),
        divisor=10,
    ),
    "read-only": fails(BufferError, lambda w: w.receiver.sctp_recvv_into([b"1"])),
    "no iterable": fails(TypeError, lambda w: w.receiver.sctp_recvv_into(1)),
    "one buffer": fails(TypeError, lambda w: w.receiver.sctp_recvv_into(bytearray(1))),
    "no buffer": fails(
        TypeError, lambda w: w.receiver.sctp_recvv_into([*w.writable, 1])
    ),
    "no room": fails(ValueError, lambda w: w.receiver.sctp_recvv_into([bytearray()])),
    "iteration": fails(
        ZeroDivisionError,
        lambda w: w.receiver.sctp_recvv_into(failing_items(*w.writable)),
    ),
    "flags": fails(TypeError, lambda w: w.receiver.sctp_recvv_into(w.writable, "1")),
    "missing": fails(TypeError, lambda w: w.receiver.sctp_recvv_into()),
    "nothing": fails(
        OSError, lambda w: w.sender.sctp_recvv_into(w.writable, socket.MSG_DONTWAIT)
    ),
    "closed": closed(lambda s: s.sctp_recvv_into([bytearray(1)])),
}


def sends_many(messages, error=None, **kwargs):
    """Makes new messages for each call."""
    return Case(
        lambda w: w.sender.sctp_sendv_many(messages(w)),
        error,
        prepare=World.drain,
        **kwargs,
    )


SOCKET["sctp_sendv_many"] = {
    "one": sends_many(lambda w: [(w.message,)]),
    "none": sends_many(lambda w: []),
    "three": sends_many(lambda w: [(w.message, None, w.sndinfo)] * 3),
    "more than a block": sends_many(
        lambda w: [(w.message, None, w.spa if n % 2 else None) for n in range(40)],
        divisor=20,
    ),
    "generator": sends_many(lambda w: ((w.message, None) for _ in range(3))),
    "addresses": sends_many(lambda w: [(w.message, [w.receiver.getsockname()])] * 2),
    "to all": Case(lambda w: w.many.sctp_sendv_many([([b"1"], None, w.to_all)] * 2)),
    "no iterable": sends_many(lambda w: 1, TypeError),
    "iteration": sends_many(lambda w: failing_items((w.message,)), ZeroDivisionError),
    "no tuple": sends_many(lambda w: [(w.message,), w.message[0]], TypeError),
    "empty tuple": sends_many(lambda w: [(w.message,), ()], TypeError),
    "long tuple": sends_many(lambda w: [(w.message, None, None, 0)], TypeError),
    "repr of an item": sends_many(lambda w: [bad], ZeroDivisionError),
    "no buffer": sends_many(lambda w: [(w.message,), ([b"1", 1],)], TypeError),
    "no address": sends_many(lambda w: [(w.message,), (w.message, [1])], TypeError),
    "info": sends_many(lambda w: [(w.message,), (w.message, None, {})], TypeError),
    "info member": sends_many(
        lambda w: [(w.message, None, spoiled(w.sndinfo))] * 2, ValueError
    ),
    "many addresses": sends_many(
        lambda w: [(w.message, [("192.0.2.1", 1)] * 20), (w.message, [1])], TypeError
    ),
    "too many": sends_many(lambda w: [(w.message,)] * 1025, ValueError, divisor=100),
    "first stream": sends_many(
        lambda w: [(w.message, None, sctp.sctp_sndinfo(snd_sid=60000))], OSError
    ),
    "later stream": sends_many(
        lambda w: [(w.message,), (w.message, None, sctp.sctp_sndinfo(snd_sid=60000))]
    ),
    "flags": fails(TypeError, lambda w: w.sender.sctp_sendv_many([], "1")),
    "flag of a message": fails(
        ValueError, lambda w: w.sender.sctp_sendv_many([], sctp.SCTP_EOF)
    ),
    "missing": fails(TypeError, lambda w: w.sender.sctp_sendv_many()),
    "no association": fails(OSError, lambda w: w.idle.sctp_sendv_many([([b"1"],)])),
    "closed": closed(lambda s: s.sctp_sendv_many([([b"1"],)])),
}
SOCKET["sctp_recvv_many"] = {
    "one": receives(lambda w: w.receiver.sctp_recvv_many(100, 1)),
    "all": receives(lambda w: w.receiver.sctp_recvv_many(100, 20)),
    "in pieces": receives(lambda w: w.receiver.sctp_recvv_many(1, 27)),
    "look": receives(lambda w: w.receiver.sctp_recvv_many(9, 2, socket.MSG_PEEK)),
    "ipv6": Case(
        lambda w: w.six_ends[1].sctp_recvv_many(100, 2), prepare=World.fill_six
    ),
    "size": fails(ValueError, lambda w: w.receiver.sctp_recvv_many(0, 1)),
    "size type": fails(TypeError, lambda w: w.receiver.sctp_recvv_many("1", 1)),
    "count": fails(ValueError, lambda w: w.receiver.sctp_recvv_many(1, 1025)),
    "too much": fails(
        MemoryError, lambda w: w.receiver.sctp_recvv_many(sys.maxsize // 4, 1)
    ),
    "flags": fails(ValueError, lambda w: w.receiver.sctp_recvv_many(1, 1, w.big)),
    "missing": fails(TypeError, lambda w: w.receiver.sctp_recvv_many(1)),
    "nothing": fails(
        OSError, lambda w: w.sender.sctp_recvv_many(1, 1, socket.MSG_DONTWAIT)
    ),
    "no association": fails(OSError, lambda w: w.idle.sctp_recvv_many(1, 1)),
    "closed": closed(lambda s: s.sctp_recvv_many(1, 1)),
}

PROTO = sctp.IPPROTO_SCTP
SOCKET["_getsockopt"] = {
    "integer": Case(lambda w: w.idle._getsockopt(PROTO, sctp.SCTP_NODELAY, bytes(4))),
    "shorter": Case(
        lambda w: w.idle._getsockopt(PROTO, sctp.SCTP_NODELAY, bytes(1000))
    ),
    "list": Case(
        lambda w: w.crowded._getsockopt(PROTO, sctp.SCTP_GET_ASSOC_ID_LIST, bytes(5000))
    ),
    "level": fails(TypeError, lambda w: w.idle._getsockopt("1", 1, b"")),
    "option": fails(OverflowError, lambda w: w.idle._getsockopt(PROTO, w.big, b"")),
    "value": fails(TypeError, lambda w: w.idle._getsockopt(PROTO, 1, 1)),
    "missing": fails(TypeError, lambda w: w.idle._getsockopt(PROTO, 1)),
    "kernel": fails(OSError, lambda w: w.idle._getsockopt(PROTO, 12345, bytes(8))),
    "closed": closed(lambda s: s._getsockopt(PROTO, sctp.SCTP_NODELAY, bytes(4))),
}
SOCKET["_setsockopt"] = {
    "structure": Case(lambda w: w.idle._setsockopt(PROTO, sctp.SCTP_INITMSG, bytes(8))),
    "level": fails(TypeError, lambda w: w.idle._setsockopt("1", 1, b"")),
    "option": fails(OverflowError, lambda w: w.idle._setsockopt(PROTO, w.big, b"")),
    "value": fails(TypeError, lambda w: w.idle._setsockopt(PROTO, 1, 1)),
    "missing": fails(TypeError, lambda w: w.idle._setsockopt(PROTO, 1)),
    "kernel": fails(OSError, lambda w: w.idle._setsockopt(PROTO, 12345, bytes(8))),
    "closed": closed(lambda s: s._setsockopt(PROTO, sctp.SCTP_INITMSG, bytes(8))),
}


def get_option(name, structure, value=None):
    return lambda w: w.idle._get_option(getattr(sctp, name), structure, value)


SOCKET["_get_option"] = {
    "structure": Case(get_option("SCTP_RTOINFO", "sctp_rtoinfo")),
    "dict": Case(get_option("SCTP_RTOINFO", "sctp_rtoinfo", RTOINFO)),
    "nested": Case(
        lambda w: w.sender._get_option(sctp.SCTP_STATUS, "sctp_status", None)
    ),
    "no address": Case(get_option("SCTP_PEER_ADDR_PARAMS", "sctp_paddrparams")),
    "class": fails(TypeError, get_option("SCTP_RTOINFO", "sctp_rtoinfo", {})),
    "key missing": fails(
        ValueError, get_option("SCTP_RTOINFO", "sctp_rtoinfo", spoiled(RTOINFO))
    ),
    "unknown": fails(LookupError, get_option("SCTP_RTOINFO", "sctp_nothing")),
    "option": fails(TypeError, lambda w: w.idle._get_option("1", "sctp_rtoinfo", None)),
    "missing": fails(TypeError, lambda w: w.idle._get_option()),
    "kernel": fails(OSError, get_option("SCTP_STATUS", "sctp_status")),
    "closed": closed(lambda s: s._get_option(sctp.SCTP_RTOINFO, "sctp_rtoinfo", None)),
}
SOCKET["sctp_type"] = {
    "one-to-one": Case(lambda w: w.idle.sctp_type),
    "one-to-many": Case(lambda w: w.many_idle.sctp_type),
    "set": fails(AttributeError, lambda w: setattr(w.idle, "sctp_type", "")),
}
SOCKET["sock"] = {
    "get": Case(lambda w: w.idle.sock),
    "set": fails(AttributeError, lambda w: setattr(w.idle, "sock", None)),
}

# The same calls also test the C part of methods in Python.
SOCKET["_bindx"] = SOCKET["sctp_bindx"]
SOCKET["_connectx"] = SOCKET["sctp_connectx"]
SOCKET["_getaddrs"] = SOCKET["sctp_getladdrs"] | SOCKET["sctp_getpaddrs"]

CASES = {
    **{f"import {module.__name__}": import_case(module.__name__) for module in MODULES},
    **FUNCTIONS,
    **{f"sctp_socket.{name}": cases for name, cases in SOCKET.items()},
    **make_info_cases("sctp_sndinfo", "snd_ppid"),
    **make_info_cases("sctp_prinfo", "pr_value"),
    **make_info_cases("sctp_authinfo", "auth_keynumber"),
    **make_info_cases("sctp_rcvinfo", "rcv_tsn"),
    **make_info_cases("sctp_nxtinfo", "nxt_length"),
}
