"""Makes, configures and closes sockets for all front ends."""

import socket
import struct
import sys
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from socket import AF_INET6, SO_LINGER, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET
from typing import Any

from _sctp import sctp
from _sctp._names import find_service
from _sctp.sctp import IPPROTO_SCTP, SCTP_BINDX_ADD_ADDR
from _sctp.sctp_info import SCTP_ABORT, SCTP_EOF, sctp_sndinfo

from ._messages import Address, plain_address
from ._options import sctp_assoc_value
from ._setup import (
    Addresses,
    AnyAddress,
    Limits,
    Name,
    Options,
    Streams,
    choose_address,
    choose_family,
    family_of,
    has_ipv4,
    list_addresses,
    plan_events,
    plan_options,
)
from ._socket import sctp_socket

_ABORTING = struct.pack("ii", 1, 0)  # struct linger
_SO_MEMINFO = 55
_MEMINFO = struct.Struct("II")  # bytes in the receive buffer, and its size
_EXPOSED = sctp_assoc_value(assoc_value=2)  # SCTP_PF_EXPOSE_ENABLE

# The sockets of associations. This keeps them open when the garbage collector drops an
# association: the front end first warns and removes its reader, then closes the socket.
_open_sockets: set[sctp_socket] = set()


def unknown_names(
    lists: Iterable[Iterable[AnyAddress]],
) -> tuple[set[str], list[AnyAddress]]:
    """Returns the names of services, and the addresses with names of hosts, that have
    to be looked up."""
    services, hosts = set(), []
    for addresses in lists:
        for address in addresses:
            host, port = address[:2]
            if isinstance(port, str) and not port.isdecimal():
                services.add(port)
            if isinstance(host, str) and (family_of(host) is None or "%" in host):
                hosts.append(address)
    return services, hosts


def find_host(infos: Iterable[Any]) -> list[tuple[int, str, int]]:
    return [
        (family, address[0], address[3] if len(address) == 4 else 0)
        for family, _, _, _, address in infos
    ]


def with_names(
    lists: Iterable[Iterable[AnyAddress]],
    sock: sctp_socket | None,
    ports: Mapping[str, int],
    names: Mapping[AnyAddress, Name],
) -> tuple[int, list[list[AnyAddress]]]:
    """Returns the family of the socket, and the lists with the results of the look-ups
    in place of names. If sock is given, the family is that of sock."""
    family = sock.family if sock else choose_family(lists, names.values())
    return family, [_numeric(each, names, ports, family) for each in lists]


def resolve(
    lists: list[list[AnyAddress]], sock: sctp_socket | None
) -> tuple[int, list[list[AnyAddress]]]:
    """Looks up names, and waits for that. Returns the result of with_names()."""
    services, hosts = unknown_names(lists)
    ports = {service: find_service(service) for service in services}
    names = {}
    for address in hosts:
        infos = socket.getaddrinfo(address[0], None, type=SOCK_STREAM)
        names[address] = Name(address, find_host(infos))
    return with_names(lists, sock, ports, names)


def _numeric(
    addresses: Iterable[AnyAddress],
    names: Mapping[AnyAddress, Name],
    ports: Mapping[str, int],
    family: int,
) -> list[AnyAddress]:
    """Returns the addresses with the results of the look-ups in place of names. Raises
    socket.gaierror if a name has no address for a socket of the family."""
    found = []
    for address in addresses:
        try:
            if address in names:
                address = choose_address(names[address], family)
        except LookupError as error:
            raise socket.gaierror(socket.EAI_FAMILY, str(error)) from None
        host, port, *rest = address
        known: Any = (host, ports.get(port, port), *rest)  # type: ignore[arg-type]
        found.append(known)
    return found


def _expose_silence(sock: sctp_socket) -> None:
    """Lets the kernel report at once that an address does not answer. Linux can do
    that since 5.5."""
    option = getattr(sctp, "SCTP_EXPOSE_POTENTIALLY_FAILED_STATE", None)
    if option is not None:
        with suppress(OSError):
            sock.setsockopt(IPPROTO_SCTP, option, _EXPOSED)


class Plan:
    """The socket that connect(), serve() or open_endpoint() has to make. Its
    arguments are checked. No socket is made before make()."""

    def __init__(
        self,
        sock: sctp_socket | None,
        limits: Limits,
        streams: Streams,
        options: Options,
        events: Iterable[int],
        *,
        is_many: bool = False,
    ) -> None:
        self.limits = limits.check()
        _check_socket(sock, "one-to-many" if is_many else "one-to-one")
        self.sock = sock
        self.events = plan_events(events)
        self._options = plan_options(streams, options, self.events, is_many=is_many)
        self._is_many = is_many
        self.local: list[AnyAddress] = []
        self.peers: list[AnyAddress] = []

    def bind(self, addresses: Addresses, name: str, purpose: str = "") -> None:
        """Sets the addresses of this side. If there is a purpose and no socket yet,
        there must be at least one."""
        self.local = list_addresses(addresses, name, is_local=True)
        if purpose and not self.local and self.sock is None:
            raise ValueError(f"there are no addresses to {purpose}")

    def reach(self, addresses: Addresses) -> None:
        """Sets the addresses of the peer."""
        self.peers = list_addresses(addresses, "addresses")
        if not self.peers and self.sock is None:
            raise ValueError("there are no addresses to connect to")

    @property
    def lists(self) -> list[list[AnyAddress]]:
        """All addresses. Some may be names, which are to be looked up."""
        return [self.local, self.peers]

    def make(self, family: int, lists: list[list[AnyAddress]]) -> sctp_socket:
        """Makes the socket, sets its options and binds it. If that fails, closes it.
        ``lists`` are those of the property, with numeric addresses."""
        self.local, self.peers = lists
        kind = SOCK_SEQPACKET if self._is_many else SOCK_STREAM
        made = sctp_socket(family, kind) if self.sock is None else self.sock
        try:
            self._prepare(made)
        except BaseException:
            made.close()
            raise
        return made

    def _prepare(self, made: sctp_socket) -> None:
        made.setblocking(False)
        if made.family == AF_INET6 and (
            self._is_many or has_ipv4([*self.local, *self.peers])
        ):
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if self._is_many:
            _expose_silence(made)
        for level, number, value in self._options:
            try:
                made.setsockopt(level, number, value)
            except (OSError, TypeError, ValueError) as error:
                error.add_note(f"Option {number} of level {level} could not be set.")
                raise
        if self.local:
            made.sctp_bindx(self.local, SCTP_BINDX_ADD_ADDR)


def _check_socket(sock: sctp_socket | None, kind: str) -> None:
    if sock is not None:
        if not isinstance(sock, sctp_socket):
            raise TypeError(f"sock must be an sctp_socket, not {sock!r}")
        if sock.sctp_type != kind:
            raise ValueError(f"sock must be a {kind} socket")


def is_crowded(sock: sctp_socket) -> bool:
    """Whether data that cannot be read yet fills so much of the receive buffer of a
    one-to-many socket that the kernel may soon drop packets. On Linux all associations
    of the socket share this buffer."""
    if sys.platform != "linux":
        return False
    held, most = _MEMINFO.unpack(
        sock.getsockopt(SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
    )
    return bool(held * 2 > most)


def abort_association(sock: sctp_socket, reason: bytes, assoc_id: int) -> None:
    """Aborts an association of a one-to-many socket."""
    how = sctp_sndinfo(snd_flags=SCTP_ABORT, snd_assoc_id=assoc_id)
    with suppress(OSError):  # it has ended already
        sock.sctp_sendv([reason], None, how)


def send_shutdown(sock: sctp_socket, assoc_id: int) -> None:
    """Shuts down an association of a one-to-many socket."""
    how = sctp_sndinfo(snd_flags=SCTP_EOF, snd_assoc_id=assoc_id)
    sock.sctp_sendv([], None, how)


def abort_socket(sock: sctp_socket, reason: bytes, assoc_id: int) -> None:
    """Makes sure that the association of a socket is aborted, now or when the socket
    is closed. The caller must close it next."""
    how = sctp_sndinfo(snd_flags=SCTP_ABORT, snd_assoc_id=assoc_id)
    try:
        sock.sctp_sendv([reason], None, how)
    except OSError:
        # On Linux, a one-to-one socket has only this way to abort, without a reason.
        abort_at_close(sock)


def abort_at_close(sock: sctp_socket) -> None:
    """Lets the kernel abort all associations of a socket when it is closed, also those
    that were never read."""
    with suppress(OSError):  # it is closed already
        sock.setsockopt(SOL_SOCKET, SO_LINGER, _ABORTING)


def keep_socket(sock: sctp_socket) -> None:
    _open_sockets.add(sock)


def current_addresses(
    sock: sctp_socket, known: tuple[Address, ...] = ()
) -> tuple[Address, ...]:
    """The addresses of a socket. If it is closed or not bound, those that are known."""
    with suppress(OSError):
        if found := sock.sctp_getladdrs():
            return tuple(map(plain_address, found))
    return known


def close_socket(sock: sctp_socket) -> None:
    sock.close()
    _open_sockets.discard(sock)


def warn_unclosed(thing: object) -> None:
    warnings.warn(f"unclosed {thing!r}", ResourceWarning, source=thing, stacklevel=3)
