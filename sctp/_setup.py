"""Plans a new socket: its addresses, its family and its options.

Nothing here makes a system call. The front ends resolve names and set options.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import index
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from _sctp import sctp
from _sctp.sctp import IPPROTO_SCTP

from ._enums import NotificationType
from ._options import sctp_event as _event
from ._options import sctp_initmsg

__all__ = ["parse_addresses"]

# A host is numeric or a name. A port is a number or the name of a service.
AnyAddress: TypeAlias = tuple[str, int | str] | tuple[str, int | str, int, int]
Addresses: TypeAlias = str | Iterable[AnyAddress]
# A key is an option of IPPROTO_SCTP, or a tuple (level, option). Its type is Any: a
# type checker refuses a mapping of one kind where the type is a mapping of both.
Options: TypeAlias = (
    Mapping[Any, object] | Iterable[tuple[int | tuple[int, int], object]]
)
Streams: TypeAlias = int | tuple[int, int] | None

_T = TypeVar("_T")

_PORT_MAX = 65535
_STREAMS_MAX = 65535
INT_MAX = 2**31 - 1  # the largest C int


# Addresses


def family_of(host: str) -> int | None:
    """The family of a numeric host or of the wildcard. For a name it is None."""
    if not host:
        return AF_INET
    for family in (AF_INET, AF_INET6):
        try:
            inet_pton(family, host.partition("%")[0])
        except (OSError, ValueError):
            continue
        return family
    return None


def _split_port(text: str) -> tuple[str, str | None]:
    hosts, colon, port = text.rpartition(":")
    if colon and "]" not in port and "/" not in port:
        return hosts, port
    return text, None


def _make_address(host: str, port: int | str, text: str) -> AnyAddress:
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if family_of(host) != AF_INET6:
            raise ValueError(f"{host!r} in {text!r} is not an IPv6 address")
        return host, port, 0, 0
    if ":" in host:
        raise ValueError(
            f"{host!r} in {text!r} has its own port, or it is an IPv6 address without"
            " brackets"
        )
    if not host or "[" in host or "]" in host or not host.isprintable():
        raise ValueError(f"{host!r} in {text!r} is not a host")
    return host, port


def _parse(text: str, default_port: int | None) -> list[AnyAddress]:
    hosts, service = _split_port(text)
    port: int | str
    if service is None:
        if default_port is None:
            raise ValueError(f"{text!r} has no port at the end")
        port = default_port
    elif service.isascii() and service.isdecimal():
        port = int(service)
        if port > _PORT_MAX:
            raise ValueError(f"the port in {text!r} must be in 0..{_PORT_MAX}")
    elif service.isascii() and service.isprintable() and service.strip("-0123456789"):
        port = service
    else:
        raise ValueError(f"{service!r} in {text!r} is not a port")
    if " " in text:
        raise ValueError(f"{text!r} must not have a space")
    return [_make_address(host, port, text) for host in hosts.split("/")]


def parse_addresses(text: str) -> list[AnyAddress]:
    """Reads the addresses of one peer from text. Returns a list of address tuples.

    Addresses are separated by "/". There is one port, at the end. Examples:
    "10.1.0.2:38412", "10.1.0.2/10.2.0.2:38412",
    "[fd00:1::2]/[fe80::2%eth0]:38412", "amf.example:38412",
    "amf.example:diameter". Names of hosts and services stay names.

    Raises ValueError if the port is missing, if there is a second port, or if an
    IPv6 address has no brackets.
    """
    if not isinstance(text, str):
        raise TypeError(f"addresses must be text, not {type(text).__name__}")
    return _parse(text, None)


def list_addresses(
    addresses: Addresses, argument: str, is_local: bool = False
) -> list[AnyAddress]:
    """Returns a list of the address tuples that an application gave as text or as an
    iterable. Local addresses need no port."""
    if isinstance(addresses, str):
        return _parse(addresses, 0 if is_local else None)
    listed = list(iterate(addresses, argument))
    for address in listed:
        is_tuple = isinstance(address, tuple) and len(address) in (2, 3, 4)
        if not is_tuple or not isinstance(address[0], str):
            raise TypeError(
                f"{argument} must be text or an iterable of address tuples, but it"
                f" has {address!r}"
            )
    return listed


class Name(NamedTuple):
    """A host to resolve, and its addresses of any family, the best one first."""

    address: AnyAddress
    found: Sequence[tuple[int, str, int]]  # family, host, scope_id


def choose_family(lists: Iterable[Iterable[AnyAddress]], names: Iterable[Name]) -> int:
    """Chooses the family of a socket for all these addresses: IPv6 if one of them is
    IPv6, because such a socket takes both families."""
    numeric = {
        family
        for addresses in lists
        for address in addresses
        if (family := family_of(address[0])) is not None
    }
    if AF_INET6 in numeric:
        return AF_INET6
    for name in names:
        families = [family for family, _, _ in name.found]
        if AF_INET not in families or (not numeric and families[0] == AF_INET6):
            return AF_INET6
    return AF_INET


def choose_address(name: Name, family: int) -> AnyAddress:
    """Returns the first address of a name that fits a socket of that family. Raises
    LookupError if there is none."""
    port = name.address[1]
    for found, host, scope_id in name.found:
        if found == AF_INET:
            return host, port
        if family == AF_INET6:
            flowinfo = name.address[2] if len(name.address) == 4 else 0
            return host, port, flowinfo, scope_id
    raise LookupError(f"{name.address[0]} has no IPv4 address")


def has_ipv4(addresses: Iterable[AnyAddress]) -> bool:
    """Whether one of these numeric addresses is IPv4."""
    return any(family_of(host) == AF_INET for host, *_ in addresses)


# Options


def iterate(value: Iterable[_T], name: str) -> Iterator[_T]:
    """Returns an iterator. Raises TypeError, with the name, if it is not iterable."""
    try:
        return iter(value)
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"{name} must be an iterable, not {kind}") from None


def check_int(value: object, name: str) -> int:
    """Returns an int for an object with __index__. Raises TypeError, with the name,
    for any other object."""
    try:
        return index(value)  # type: ignore[arg-type]
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"{name} must be an int, not {kind}") from None


def check_count(value: object, name: str, most: int = sys.maxsize) -> None:
    """Raises TypeError if the value is not an int, and ValueError if it is not in
    1..most."""
    if not 1 <= check_int(value, name) <= most:
        raise ValueError(f"{name} must be in 1..{most}, not {value!r}")


# The notifications that the layer needs, in the order in which it subscribes.
_ALWAYS = (
    NotificationType.ASSOC_CHANGE,
    NotificationType.SHUTDOWN_EVENT,
    NotificationType.PARTIAL_DELIVERY_EVENT,
)
# An endpoint also needs this one, to notice a silent peer.
_ALWAYS_MANY = (*_ALWAYS, NotificationType.PEER_ADDR_CHANGE)
# SCTP_EVENTS is deprecated; this package has no name for it.
_EVENTS = 11 if sys.platform == "linux" else 12


class Option(NamedTuple):
    level: int
    number: int
    value: Any


def _number(value: Any) -> int | None:
    """The number that an option is set to, or None if it is not a plain number."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return int.from_bytes(bytes(value)[:4], sys.byteorder)
    return None


def _check_option(option: Option, is_many: bool, has_streams: bool) -> None:
    """Raises ValueError for an option that would break the layer."""
    if option.level != IPPROTO_SCTP:
        return
    number, is_off = option.number, _number(option.value) == 0
    why = None
    if number == sctp.SCTP_RECVRCVINFO and is_off:
        why = "SCTP_RECVRCVINFO must stay on: it is needed to join messages"
    elif number == sctp.SCTP_EVENT and isinstance(option.value, dict):
        kind: Any = option.value.get("se_type")
        if kind in (_ALWAYS_MANY if is_many else _ALWAYS) and not option.value.get(
            "se_on"
        ):
            why = f"SCTP_EVENT: {NotificationType(kind).name} must stay on"
    elif number == sctp.SCTP_EVENT:
        why = "SCTP_EVENT needs an sctp_event as its value"
    elif number == _EVENTS:
        why = "SCTP_EVENTS is deprecated: use the argument events"
    elif number == sctp.SCTP_FRAGMENT_INTERLEAVE and is_off and is_many:
        why = "SCTP_FRAGMENT_INTERLEAVE must not be 0: peers would block each other"
    elif number == sctp.SCTP_AUTOCLOSE and not is_off:
        why = "SCTP_AUTOCLOSE must stay 0: it would end associations unexpectedly"
    elif number == sctp.SCTP_INITMSG and has_streams:
        why = "SCTP_INITMSG and the argument streams set the same: use one of them"
    elif number == getattr(sctp, "SCTP_EXPLICIT_EOR", None) and not is_off:
        why = "SCTP_EXPLICIT_EOR must stay off: messages would have no end"
    if why is not None:
        raise ValueError(f"options: {why}")


def _list_options(options: Options) -> list[Option]:
    """Returns the options of an application, in their order."""
    pairs: Iterable[Any]
    pairs = options.items() if isinstance(options, Mapping) else options
    listed = []
    for pair in iterate(pairs, "options"):
        try:
            key, value = pair
        except (TypeError, ValueError):
            raise TypeError(
                f"options must be a mapping or an iterable of pairs; it has {pair!r}"
            ) from None
        both = key if isinstance(key, tuple) else (IPPROTO_SCTP, key)
        numbers = [check_int(each, "options") for each in both]
        if len(numbers) != 2 or max(numbers) > INT_MAX or min(numbers) < 0:
            raise ValueError(
                f"options: {key!r} must be an option or a tuple (level, option)"
            )
        level, number = numbers
        listed.append(Option(level, number, value))
    return listed


def _stream_option(streams: int | tuple[int, int]) -> Option:
    if isinstance(streams, tuple) and len(streams) != 2:
        raise ValueError(f"streams must be a number or two numbers, not {streams!r}")
    outgoing, incoming = streams if isinstance(streams, tuple) else (streams, 0)
    for number, least in ((outgoing, 1), (incoming, int(isinstance(streams, tuple)))):
        if not least <= check_int(number, "streams") <= _STREAMS_MAX:
            raise ValueError(f"streams must be in 1..{_STREAMS_MAX}, not {streams!r}")
    value = sctp_initmsg(sinit_num_ostreams=outgoing, sinit_max_instreams=incoming)
    return Option(IPPROTO_SCTP, sctp.SCTP_INITMSG, value)


def plan_events(events: Iterable[int]) -> frozenset[NotificationType]:
    """Returns the types of notifications that an application wants. Raises ValueError
    if one of them does not exist."""
    wanted = set()
    for event in iterate(events, "events"):
        try:
            wanted.add(NotificationType(event))
        except ValueError:
            raise ValueError(f"events: {event!r} is not a NotificationType") from None
    return frozenset(wanted)


def plan_options(
    streams: Streams,
    options: Options,
    events: Iterable[NotificationType],
    is_many: bool = False,
) -> list[Option]:
    """Returns all options of a new socket, in the order in which to set them: first
    those that the layer needs, then those of the application. Raises ValueError for
    an option that would break the layer."""
    plan = [
        Option(IPPROTO_SCTP, sctp.SCTP_RECVRCVINFO, 1),
        Option(IPPROTO_SCTP, sctp.SCTP_NODELAY, 1),
    ]
    if is_many:
        plan.append(Option(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, 1))
        # Unfinished messages leave the kernel at once. Otherwise they could fill the
        # one receive buffer that all associations share.
        plan.append(Option(IPPROTO_SCTP, sctp.SCTP_PARTIAL_DELIVERY_POINT, 1))
    if streams is not None:
        plan.append(_stream_option(streams))
    own = _list_options(options)
    for option in own:
        _check_option(option, is_many, streams is not None)
    always = _ALWAYS_MANY if is_many else _ALWAYS
    # A one-to-many socket that the application made may have associations already.
    whose = sctp.SCTP_ALL_ASSOC if is_many else sctp.SCTP_FUTURE_ASSOC
    for kind in (*always, *sorted(set(events).difference(always))):
        event = _event(se_assoc_id=whose, se_type=kind, se_on=1)
        plan.append(Option(IPPROTO_SCTP, sctp.SCTP_EVENT, event))
    return plan + own


class Limits(NamedTuple):
    """The memory that a socket may take, and the time that its end may take."""

    max_message: int
    max_unread: int
    max_total: int
    close_timeout: float

    def check(self) -> "Limits":
        """Raises TypeError if a value is not a number, and ValueError if it is too
        small."""
        for name, value in zip(self._fields, self, strict=True):
            least: Literal[0, 1] = 0 if name == "close_timeout" else 1
            if least:
                check_int(value, name)
            elif not isinstance(value, (int, float)):
                kind = type(value).__name__
                raise TypeError(f"{name} must be a number, not {kind}")
            if not value >= least:
                raise ValueError(f"{name} must be {least} or more, not {value!r}")
        return self
