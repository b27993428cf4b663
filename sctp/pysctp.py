"""The API of PySCTP, made with sctp_socket. Programs for PySCTP run unchanged.

All names mean what they mean in PySCTP. The guide 'Coming from PySCTP' lists the
differences and their reasons.
"""

import datetime as datetime
import operator
import os as os
import socket as socket
import sys as sys
import time as time
import warnings
import weakref
from collections.abc import Mapping, Sequence
from errno import EBADF, EINVAL
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

from _sctp.sctp import (
    IPPROTO_SCTP,
    SCTP_ADAPTATION_LAYER,
    SCTP_ALL_ASSOC,
    SCTP_ASSOCINFO,
    SCTP_AUTOCLOSE,
    SCTP_DISABLE_FRAGMENTS,
    SCTP_EVENT,
    SCTP_GET_PEER_ADDR_INFO,
    SCTP_I_WANT_MAPPED_V4_ADDR,
    SCTP_INITMSG,
    SCTP_MAXSEG,
    SCTP_NODELAY,
    SCTP_PEER_ADDR_PARAMS,
    SCTP_PRIMARY_ADDR,
    SCTP_RECVRCVINFO,
    SCTP_RECVV_RN,
    SCTP_RTOINFO,
    SCTP_SET_PEER_PRIMARY_ADDR,
    SCTP_STATUS,
)
from _sctp.sctp_event import (
    SCTP_ADAPTATION_INDICATION,
    SCTP_ASSOC_CHANGE,
    SCTP_PARTIAL_DELIVERY_EVENT,
    SCTP_PEER_ADDR_CHANGE,
    SCTP_REMOTE_ERROR,
    SCTP_SEND_FAILED_EVENT,
    SCTP_SHUTDOWN_EVENT,
)
from _sctp.sctp_info import (
    SCTP_PR_SCTP_TTL,
    sctp_prinfo,
    sctp_sendv_spa,
    sctp_sndinfo,
)

from ._enums import PayloadProtocol
from ._options import (
    sctp_assoc_value,
    sctp_assocparams,
    sctp_event,
    sctp_initmsg,
    sctp_paddrinfo,
    sctp_paddrparams,
    sctp_rtoinfo,
    sctp_setadaptation,
    sctp_setpeerprim,
    sctp_setprim,
    sctp_status,
)
from ._pysctp_constants import (
    BINDX_ADD,
    BINDX_REM,
    BINDX_REMOVE,
    FLAG_DONTROUTE,
    FLAG_EOR,
    FLAG_NOTIFICATION,
    HAVE_KERNEL_SCTP,
    HAVE_SCTP,
    HAVE_SCTP_ADDIP,
    HAVE_SCTP_CANSET_PRIMARY,
    HAVE_SCTP_MULTIBUF,
    HAVE_SCTP_NOCONNECT,
    HAVE_SCTP_PRSCTP,
    HAVE_SCTP_SAT_NETWORK_CAPABILITY,
    MSG_ABORT,
    MSG_ADDR_OVER,
    MSG_ADDR_OVERRIDE,
    MSG_EOF,
    MSG_FIN,
    MSG_SENDALL,
    MSG_UNORDERED,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SCTP,
    STYLE_TCP,
    STYLE_UDP,
    TCP_STYLE,
    UDP_STYLE,
    features,
    getconstant,
    have_sctp_addip,
    have_sctp_multibuf,
    have_sctp_noconnect,
    have_sctp_prsctp,
    have_sctp_sat_network,
    have_sctp_setprimary,
)
from ._pysctp_values import (
    adaptation_event,
    assoc_change,
    assocparams,
    attribute,
    attributes,
    event_subscribe,
    initmsg,
    initparams,
    long_address,
    notification,
    notification_factory,
    notification_table,
    paddr_change,
    paddrinfo,
    paddrparams,
    pdapi_event,
    raw_notification,
    remote_error,
    rtoinfo,
    send_failed,
    short_address,
    shutdown_event,
    sndrcvinfo,
    status,
)
from ._socket import sctp_socket

# What sctp_send() does with ppid. "raw" sends the number unchanged, as PySCTP did
# up to 0.7.2. "0.7.3" converts it to network order, as that version does.
ppid_order = "raw"

_ORDERS = ("raw", "0.7.3")
_warned_of_ppid = False

_EVENTS = {
    "_association": SCTP_ASSOC_CHANGE,
    "_address": SCTP_PEER_ADDR_CHANGE,
    "_send_failure": SCTP_SEND_FAILED_EVENT,
    "_peer_error": SCTP_REMOTE_ERROR,
    "_shutdown": SCTP_SHUTDOWN_EVENT,
    "_partial_delivery": SCTP_PARTIAL_DELIVERY_EVENT,
    "_adaptation_layer": SCTP_ADAPTATION_INDICATION,
}
# Linux makes a buffer twice as large as the application asks for.
_BUFFER_FACTOR = 2 if sys.platform == "linux" else 1
# The largest number of bytes to read at once of a notification longer than maxlen.
_NOTIFICATION_SIZE = 65_536

_T = TypeVar("_T")
_Initparams = initparams  # in the class below, the name is a property


def _index(value: int, name: str) -> int:
    """Checks that an argument is an integer, and returns it."""
    try:
        return operator.index(value)
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"{name} must be an int, not {kind}") from None


def _integer(value: int, name: str, low: int, high: int) -> int:
    """Checks that an argument is an integer from low to high, and returns it."""
    number = _index(value, name)
    if not low <= number <= high:
        raise ValueError(f"{name} must be in {low}..{high}, not {number}")
    return number


def _u32(value: int, name: str) -> int:
    """Returns a number of 32 bits. As in PySCTP, it may be negative."""
    return _integer(value, name, -(2**31), 2**32 - 1) & 0xFFFFFFFF


def _warn_of_ppid(ppid: int) -> None:
    """Warns once that the peer will see another identifier than was probably meant."""
    global _warned_of_ppid
    known = PayloadProtocol._value2member_map_
    if _warned_of_ppid or ppid not in known or socket.htonl(ppid) in known:
        return
    _warned_of_ppid = True
    warnings.warn(
        f"ppid={ppid} is sent unchanged. The peer reads it in network order, as"
        f" {socket.htonl(ppid)}. If you mean {PayloadProtocol(ppid)!r}, pass"
        ' socket.htonl(ppid), or set sctp.pysctp.ppid_order = "0.7.3".',
        RuntimeWarning,
        stacklevel=4,
    )


def _bytes(msg: Any) -> memoryview:
    """Returns the bytes of a message."""
    try:
        return memoryview(msg.encode() if isinstance(msg, str) else msg)
    except TypeError:
        kind = type(msg).__name__
        raise TypeError(f"msg must be bytes-like or str, not {kind}") from None


def _addresses(sockaddrs: Sequence[Any]) -> list[Any]:
    """Returns addresses for bindx() and connectx(), which need at least one."""
    if not isinstance(sockaddrs, Sequence) or isinstance(sockaddrs, str):
        raise ValueError("sockaddrs must be a sequence of addresses")
    if not sockaddrs:
        raise ValueError("sockaddrs is empty")
    return list(map(long_address, sockaddrs))


def _fill(made: _T, structure: Any, assoc_id: int) -> _T:
    """Copies the values of the kernel's structure into the attributes of an object.
    Values without an attribute are left out. assoc_id stays the one that was asked
    for."""
    for name, value in attributes(structure).items():
        if name in vars(made):
            setattr(made, name, value)
    vars(made)["assoc_id"] = assoc_id
    return made


def _structure(cls: Any, given: Mapping[str, Any]) -> Any:
    """Makes the structure for the kernel from the attributes of an object."""
    values = {}
    for key in cls.__fields__:
        name = attribute(key)
        if name in given and not _is_none(given[name]):
            is_address = name == "sockaddr"
            values[key] = long_address(given[name]) if is_address else given[name]
    return cls(**values)


def _is_none(sockaddr: Any) -> bool:
    """Whether an address is ("", 0), which means no address."""
    return isinstance(sockaddr, (tuple, list)) and tuple(sockaddr[:1]) == ("",)


class sctpsocket:
    """A socket of PySCTP. It has an sctp_socket, which gets all calls of methods that
    this class does not have.

    style is TCP_STYLE or UDP_STYLE. sk is the socket to use, or None for a new
    one. If the attribute ppid_order is set, it replaces sctp.pysctp.ppid_order.
    """

    ppid_order: str | None = None
    unexpected_event_raises_exception = False
    datalogging = False
    _sk: sctp_socket | Any  # Any stands for a plain socket that the application gave

    def __init__(self, family: int, style: int, sk: socket.socket | None) -> None:
        if sk is None:
            sk = sctp_socket(family, style)
        self._sk = sk
        self._style = style
        self._family = family
        self._ttl = 0
        self._streamid = 0
        if isinstance(sk, sctp_socket):
            self._own = sk
        else:
            # The descriptor still belongs to sk.
            self._own = sctp_socket(fileno=sk.fileno())
            weakref.finalize(self, self._own.detach)

    @property
    def _core(self) -> sctp_socket:
        """The sctp_socket, with the timeout that sk has now."""
        if self._own is not self._sk:
            if self._own.fileno() != self._sk.fileno():
                raise OSError(EBADF, os.strerror(EBADF))
            self._own.settimeout(self._sk.gettimeout())
        return self._own

    def __getattr__(self, name: str) -> Any:
        if name == "_sk":  # __init__() has not set it yet
            raise AttributeError(f"{type(self).__name__!r} object has no socket yet")
        return getattr(self._sk, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._sk.close()

    def sock(self) -> sctp_socket | Any:
        """Returns the socket that this object uses. It is an sctp_socket, unless sk was
        a plain socket."""
        return self._sk

    @cached_property
    def events(self) -> event_subscribe:
        """Selects the notifications that arrive."""
        return event_subscribe(self)

    @cached_property
    def initparams(self) -> _Initparams:
        """Parameters for new associations."""
        return _Initparams(self)

    # Addresses and associations

    def bindx(self, sockaddrs: Sequence[Any], action: int = BINDX_ADD) -> None:
        """Adds local addresses. With BINDX_REMOVE, removes them."""
        self._core.sctp_bindx(_addresses(sockaddrs), action)

    def connectx(self, sockaddrs: Sequence[Any], assoc_id: object = None) -> None:
        """Connects to a peer with several addresses. assoc_id is ignored."""
        self._core.sctp_connectx(_addresses(sockaddrs))

    def getpaddrs(self, assoc_id: int = 0) -> tuple[Any, ...]:
        """The addresses of the peer."""
        found = self._core.sctp_getpaddrs(assoc_id)
        if found is None:
            raise OSError(EINVAL, os.strerror(EINVAL))
        return tuple(map(short_address, found))

    def getladdrs(self, assoc_id: int = 0) -> tuple[Any, ...]:
        """The addresses of this side."""
        return tuple(map(short_address, self._core.sctp_getladdrs(assoc_id) or ()))

    def _adopt(self, sock: sctp_socket) -> "sctpsocket_tcp":
        made = sctpsocket_tcp(self._family, sock)
        if self.ppid_order is not None:
            made.ppid_order = self.ppid_order
        return made

    def peeloff(self, assoc_id: int) -> "sctpsocket_tcp":
        """Moves an association to a new socket, and returns that."""
        return self._adopt(self._core.sctp_peeloff(assoc_id))

    def accept(self) -> tuple["sctpsocket_tcp", Any]:
        """Waits for an association. Returns its socket and the address of the peer."""
        sock, address = self._core.accept()
        return self._adopt(sock), address

    def set_primary(self, assoc_id: int, addr: Any) -> None:
        """Makes an address of the peer the primary address, which gets the messages."""
        self._check_id(assoc_id)
        prim = sctp_setprim(ssp_assoc_id=assoc_id, ssp_addr=long_address(addr))
        self._set(SCTP_PRIMARY_ADDR, prim)

    def set_peer_primary(self, assoc_id: int, addr: Any) -> None:
        """Asks the peer to send to this local address."""
        if self._style == SOCK_STREAM:
            self._check_id(assoc_id)
        prim = sctp_setpeerprim(sspp_assoc_id=assoc_id, sspp_addr=long_address(addr))
        self._set(SCTP_SET_PEER_PRIMARY_ADDR, prim)

    # Messages

    def _network_ppid(self, ppid: int | None) -> int:
        order = ppid_order if self.ppid_order is None else self.ppid_order
        if order not in _ORDERS:
            raise ValueError(f"ppid_order must be 'raw' or '0.7.3', not {order!r}")
        number = self.get_adaptation() if ppid is None else _u32(ppid, "ppid")
        if order != "raw":
            return socket.htonl(number)
        if ppid is not None:
            _warn_of_ppid(number)
        return number

    def sctp_send(
        self,
        msg: Any,
        to: Any = ("", 0),
        ppid: int | None = None,
        flags: int = 0,
        stream: int | None = None,
        timetolive: int | None = None,
        context: int = 0,
        record_file_prefix: str = "RECORD_sctp_traffic",
        datalogging: bool = False,
    ) -> int:
        """Sends bytes, or a str in UTF-8. Returns the number of bytes.

        to is an address or an association identifier. If ppid is None, the number
        of the adaptation layer is used; ppid_order decides whether ppid is
        converted. The last two arguments are ignored.
        """
        message = _bytes(msg)
        flags = _integer(flags, "flags", 0, 65535)
        if not message.nbytes and not flags & MSG_EOF:
            raise ValueError("msg must not be empty, unless flags has MSG_EOF")
        stream = self._streamid if stream is None else stream
        info = sctp_sndinfo(
            snd_sid=_integer(stream, "stream", 0, 65535),
            snd_flags=flags,
            snd_ppid=self._network_ppid(ppid),
            snd_context=_u32(context, "context"),
        )
        if datalogging or self.datalogging:
            warnings.warn("datalogging is ignored", RuntimeWarning, stacklevel=2)
        addresses = None
        if isinstance(to, int):
            info["snd_assoc_id"] = to
        elif not _is_none(to):
            addresses = [long_address(to)]
        lifetime = _u32(self._ttl if timetolive is None else timetolive, "timetolive")
        if not lifetime:
            return self._core.sctp_sendv([message], addresses, info)
        limit = sctp_prinfo(pr_policy=SCTP_PR_SCTP_TTL, pr_value=lifetime)
        spa = sctp_sendv_spa([info, limit])
        return self._core.sctp_sendv([message], addresses, spa)

    def sctp_recv(self, maxlen: int) -> tuple[Any, int, bytes | None, Any]:
        """Receives a message, a piece of one, or a notification.

        Returns (fromaddr, flags, msg, notif). For a message, notif is its
        sndrcvinfo. For a notification, msg is None and flags has
        FLAG_NOTIFICATION. At the end of the association, fromaddr is None and msg
        is empty.
        """
        core = self._core
        info: Any  # a structure or None
        maxlen = _integer(maxlen, "maxlen", 1, sys.maxsize)
        msg, address, info, kind, flags = core.sctp_recvv(maxlen)
        fromaddr = None if address is None else short_address(address)
        if not flags & FLAG_NOTIFICATION:
            if kind == SCTP_RECVV_RN:
                info = info.rcvinfo
            values = attributes(info) if info else {}
            return fromaddr, flags, msg, sndrcvinfo(values)
        piece = msg
        while piece and not flags & FLAG_EOR:
            piece, *_, flags = core.sctp_recvv(_NOTIFICATION_SIZE)
            msg += piece
        values = raw_notification(msg)
        if values["type"] not in notification_table and (
            self.unexpected_event_raises_exception
        ):
            raise OSError(f"a notification of an unknown type, {values['type']}")
        return fromaddr, flags, None, notification_factory(values)

    # Options

    def _get(self, option: int, *value: Any) -> Any:
        return self._core.getsockopt(IPPROTO_SCTP, option, *value)

    def _set(self, option: int, value: Any) -> None:
        self._core.setsockopt(IPPROTO_SCTP, option, value)

    def _set_int(self, option: int, value: int, name: str) -> None:
        self._set(option, _integer(value, name, -(2**31), 2**31 - 1))

    def _set_buffer(self, option: int, value: int, name: str) -> None:
        high = _BUFFER_FACTOR * 2**31 - 1
        size = _integer(value, name, -(2**31), high) // _BUFFER_FACTOR
        self._sk.setsockopt(socket.SOL_SOCKET, option, size)

    def _check_id(self, assoc_id: int) -> None:
        if self._style == SOCK_STREAM:
            if assoc_id != 0:
                raise ValueError("assoc_id must be 0 on a TCP-style socket")
        elif assoc_id == 0:
            raise ValueError("assoc_id must be given on a UDP-style socket")

    def _get_events(self) -> dict[str, int]:
        events: dict[str, int] = {"_data_io": bool(self._get(SCTP_RECVRCVINFO))}
        for key, kind in _EVENTS.items():
            event = self._get(SCTP_EVENT, sctp_event(se_type=kind))
            events[key] = bool(event["se_on"])
        return events

    def _set_events(self, d: dict[str, int]) -> None:
        chosen = {key: bool(_index(value, key[1:])) for key, value in d.items()}
        for key, value in chosen.items():
            if key == "_data_io":
                self._set(SCTP_RECVRCVINFO, value)
            else:
                event = sctp_event(
                    se_assoc_id=SCTP_ALL_ASSOC, se_type=_EVENTS[key], se_on=value
                )
                self._set(SCTP_EVENT, event)

    def _get_initparams(self) -> dict[str, int]:
        return {
            key.removeprefix("sinit"): value
            for key, value in self._get(SCTP_INITMSG).items()
        }

    def _set_initparams(self, d: dict[str, int]) -> None:
        params: Any = {f"sinit{key}": value for key, value in d.items()}
        self._set(SCTP_INITMSG, sctp_initmsg(**params))

    def get_nodelay(self) -> bool:
        """Whether small messages are sent at once."""
        return bool(self._get(SCTP_NODELAY))

    def set_nodelay(self, rvalue: int) -> None:
        """Switches this on or off."""
        self._set_int(SCTP_NODELAY, rvalue, "nodelay")

    def get_adaptation(self) -> int:
        """The number of the adaptation layer, which peers get. It is also the default
        ppid."""
        number: int = self._get(SCTP_ADAPTATION_LAYER)["ssb_adaptation_ind"]
        return number

    def set_adaptation(self, rvalue: int) -> None:
        """Sets this number."""
        number = _u32(rvalue, "adaptation")
        self._set(SCTP_ADAPTATION_LAYER, sctp_setadaptation(ssb_adaptation_ind=number))

    def get_sndbuf(self) -> int:
        """The bytes of the send buffer, as the kernel counts them."""
        size: int = self._sk.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        return size

    def set_sndbuf(self, rvalue: int) -> None:
        """Sets the size of the send buffer. get_sndbuf() will return this number."""
        self._set_buffer(socket.SO_SNDBUF, rvalue, "sndbuf")

    def get_rcvbuf(self) -> int:
        """The bytes of the receive buffer, as the kernel counts them."""
        size: int = self._sk.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        return size

    def set_rcvbuf(self, rvalue: int) -> None:
        """Sets the size of the receive buffer. get_rcvbuf() will return this number."""
        self._set_buffer(socket.SO_RCVBUF, rvalue, "rcvbuf")

    def get_disable_fragments(self) -> bool:
        """Whether it is an error if a message does not fit into one packet."""
        return bool(self._get(SCTP_DISABLE_FRAGMENTS))

    def set_disable_fragments(self, rvalue: int) -> None:
        """Switches this on or off."""
        self._set_int(SCTP_DISABLE_FRAGMENTS, rvalue, "disable_fragments")

    def get_mappedv4(self) -> bool:
        """Whether an IPv6 socket shows IPv4 addresses as ::ffff:a.b.c.d."""
        return bool(self._get(SCTP_I_WANT_MAPPED_V4_ADDR))

    def set_mappedv4(self, rvalue: int) -> None:
        """Switches this on or off."""
        self._set_int(SCTP_I_WANT_MAPPED_V4_ADDR, rvalue, "mappedv4")

    def get_maxseg(self) -> int:
        """The largest number of bytes of a message in a chunk. 0 means as many as
        fit."""
        size: int = self._get(SCTP_MAXSEG)["assoc_value"]
        return size

    def set_maxseg(self, rvalue: int) -> None:
        """Sets this number."""
        size = _u32(rvalue, "maxseg")
        self._set(SCTP_MAXSEG, sctp_assoc_value(assoc_value=size))

    def get_autoclose(self) -> int:
        """The idle seconds after which an association is closed. 0 means never."""
        seconds: int = self._get(SCTP_AUTOCLOSE)
        return seconds

    def set_autoclose(self, rvalue: int) -> None:
        """Sets these seconds."""
        self._set_int(SCTP_AUTOCLOSE, rvalue, "autoclose")

    def get_ttl(self) -> int:
        """The default of timetolive in sctp_send(), in milliseconds."""
        return self._ttl

    def set_ttl(self, newVal: int) -> None:
        """Sets this default. As in PySCTP, it is at most 255. timetolive may be
        larger."""
        if not isinstance(newVal, int) or not 0 <= newVal <= 255:
            raise ValueError(f"ttl must be an int in 0..255, not {newVal!r}")
        self._ttl = newVal

    def get_streamid(self) -> int:
        """The default of stream in sctp_send()."""
        return self._streamid

    def set_streamid(self, newVal: int) -> None:
        """Sets this default."""
        if not isinstance(newVal, int) or not 0 <= newVal <= 65535:
            raise ValueError(f"streamid must be an int in 0..65535, not {newVal!r}")
        self._streamid = newVal

    nodelay = property(get_nodelay, set_nodelay)
    adaptation = property(get_adaptation, set_adaptation)
    disable_fragments = property(get_disable_fragments, set_disable_fragments)
    mappedv4 = property(get_mappedv4, set_mappedv4)
    maxseg = property(get_maxseg, set_maxseg)
    autoclose = property(get_autoclose, set_autoclose)
    ttl = property(get_ttl, set_ttl)
    streamid = property(get_streamid, set_streamid)

    # Parameters

    def _ask(
        self, option: int, cls: Any, assoc_id: int, sockaddr: Any = ("", 0)
    ) -> Any:
        given = {"assoc_id": assoc_id, "sockaddr": sockaddr}
        return self._get(option, _structure(cls, given))

    def _tell(self, option: int, cls: Any, o: Any, like: object) -> None:
        """Sets the values of an object, which must have the attributes of ``like``."""
        given = {name: getattr(o, name) for name in vars(like)}
        self._set(option, _structure(cls, given))

    def get_status(self, assoc_id: int = 0) -> status:
        """The state of an association."""
        self._check_id(assoc_id)
        found = self._ask(SCTP_STATUS, sctp_status, assoc_id)
        made = _fill(status(), found, assoc_id)
        primary = found["sstat_primary"]
        made.primary = _fill(paddrinfo(), primary, primary["spinfo_assoc_id"])
        return made

    def get_paddrinfo(self, assoc_id: int, sockaddr: Any) -> paddrinfo:
        """The state of an address of the peer."""
        self._check_id(assoc_id)
        found = self._ask(SCTP_GET_PEER_ADDR_INFO, sctp_paddrinfo, assoc_id, sockaddr)
        return _fill(paddrinfo(), found, assoc_id)

    def get_assocparams(self, assoc_id: int = 0) -> assocparams:
        """The parameters of an association. With 0, those of new associations."""
        found = self._ask(SCTP_ASSOCINFO, sctp_assocparams, assoc_id)
        return _fill(assocparams(), found, assoc_id)

    def set_assocparams(self, o: assocparams) -> None:
        """Sets the attributes of an assocparams that are not 0."""
        self._tell(SCTP_ASSOCINFO, sctp_assocparams, o, assocparams())

    def get_paddrparams(self, assoc_id: int, sockaddr: Any) -> paddrparams:
        """The parameters of an address of the peer. ("", 0) means all addresses."""
        self._check_id(assoc_id)
        found = self._ask(SCTP_PEER_ADDR_PARAMS, sctp_paddrparams, assoc_id, sockaddr)
        return _fill(paddrparams(), found, assoc_id)

    def set_paddrparams(self, o: paddrparams) -> None:
        """Sets pathmaxrxt, and the attributes of a paddrparams that flags selects."""
        self._tell(SCTP_PEER_ADDR_PARAMS, sctp_paddrparams, o, paddrparams())

    def get_rtoinfo(self, assoc_id: int = 0) -> rtoinfo:
        """The timeouts of an association. With 0, those of new associations."""
        found = self._ask(SCTP_RTOINFO, sctp_rtoinfo, assoc_id)
        return _fill(rtoinfo(), found, assoc_id)

    def set_rtoinfo(self, o: rtoinfo) -> None:
        """Sets the attributes of an rtoinfo that are not 0."""
        self._tell(SCTP_RTOINFO, sctp_rtoinfo, o, rtoinfo())


class sctpsocket_tcp(sctpsocket):
    """A one-to-one socket."""

    def __init__(self, family: int, sk: socket.socket | None = None) -> None:
        super().__init__(family, TCP_STYLE, sk)

    def peeloff(self, *params: object) -> "sctpsocket_tcp":
        raise OSError("a TCP-style socket has no association to peel off")

    def get_autoclose(self) -> int:
        raise OSError("a TCP-style socket has no autoclose")

    def set_autoclose(self, rvalue: object) -> None:
        raise OSError("a TCP-style socket has no autoclose")


class sctpsocket_udp(sctpsocket):
    """A one-to-many socket."""

    def __init__(self, family: int, sk: socket.socket | None = None) -> None:
        super().__init__(family, UDP_STYLE, sk)

    def accept(self, *params: object) -> tuple[sctpsocket_tcp, Any]:
        raise OSError("a UDP-style socket has nothing to accept: use peeloff()")


__all__ = [
    "BINDX_ADD",
    "BINDX_REM",
    "BINDX_REMOVE",
    "FLAG_DONTROUTE",
    "FLAG_EOR",
    "FLAG_NOTIFICATION",
    "HAVE_KERNEL_SCTP",
    "HAVE_SCTP",
    "HAVE_SCTP_ADDIP",
    "HAVE_SCTP_CANSET_PRIMARY",
    "HAVE_SCTP_MULTIBUF",
    "HAVE_SCTP_NOCONNECT",
    "HAVE_SCTP_PRSCTP",
    "HAVE_SCTP_SAT_NETWORK_CAPABILITY",
    "IPPROTO_SCTP",
    "MSG_ABORT",
    "MSG_ADDR_OVER",
    "MSG_ADDR_OVERRIDE",
    "MSG_EOF",
    "MSG_FIN",
    "MSG_SENDALL",
    "MSG_UNORDERED",
    "SOCK_SEQPACKET",
    "SOCK_STREAM",
    "SOL_SCTP",
    "STYLE_TCP",
    "STYLE_UDP",
    "TCP_STYLE",
    "UDP_STYLE",
    "adaptation_event",
    "assoc_change",
    "assocparams",
    "datetime",
    "event_subscribe",
    "features",
    "getconstant",
    "have_sctp_addip",
    "have_sctp_multibuf",
    "have_sctp_noconnect",
    "have_sctp_prsctp",
    "have_sctp_sat_network",
    "have_sctp_setprimary",
    "initmsg",
    "initparams",
    "notification",
    "notification_factory",
    "notification_table",
    "os",
    "paddr_change",
    "paddrinfo",
    "paddrparams",
    "pdapi_event",
    "remote_error",
    "rtoinfo",
    "sctpsocket",
    "sctpsocket_tcp",
    "sctpsocket_udp",
    "send_failed",
    "shutdown_event",
    "sndrcvinfo",
    "socket",
    "status",
    "sys",
    "time",
]
# The reference and repr() name the module that people import from.
for _name in __all__:
    if getattr(globals()[_name], "__module__", "").startswith("sctp._pysctp_"):
        globals()[_name].__module__ = __name__

# PySCTP 0.7.3 has all names of the module socket.
if not TYPE_CHECKING:
    for _name in set(socket.__all__) - globals().keys():
        globals()[_name] = getattr(socket, _name)
        __all__ += [_name]
else:  # to mypy, the first of two definitions counts
    from socket import *  # type: ignore[no-redef]

    __all__ += socket.__all__
