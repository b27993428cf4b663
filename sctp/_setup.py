"""What a socket is made of: addresses, family and options as plain values.

Nothing here makes a system call: the front ends resolve names and set options.
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

# A host is numeric or a name, a port a number or the name of a service.
AnyAddress: TypeAlias = tuple[str, int | str] | tuple[str, int | str, int, int]
Addresses: TypeAlias = str | Iterable[AnyAddress]
# A key is a number of IPPROTO_SCTP, or a level and a number: Any, as a mapping of
# either kind is no mapping of both to a type checker.
Options: TypeAlias = (
    Mapping[Any, object] | Iterable[tuple[int | tuple[int, int], object]]
)
Streams: TypeAlias = int | tuple[int, int] | None

_T = TypeVar("_T")

_PORT_MAX = 65535
_STREAMS_MAX = 65535
INT_MAX = 2**31 - 1  # what a C int takes


# Addresses


def family_of(host: str) -> int | None:
    """The family of a numeric host or the wildcard, None for a name."""
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
            raise ValueError(f"{host!r} is no IPv6 address: {text!r}")
        return host, port, 0, 0
    if ":" in host:
        raise ValueError(
            f"{host!r} has a port of its own, or is IPv6 without brackets: {text!r}"
        )
    if not host or "[" in host or "]" in host or not host.isprintable():
        raise ValueError(f"{host!r} is no host: {text!r}")
    return host, port


def _parse(text: str, default_port: int | None) -> list[AnyAddress]:
    hosts, service = _split_port(text)
    port: int | str
    if service is None:
        if default_port is None:
            raise ValueError(f"there is no port at the end of {text!r}")
        port = default_port
    elif service.isascii() and service.isdecimal():
        port = int(service)
        if port > _PORT_MAX:
            raise ValueError(f"a port is in 0..{_PORT_MAX}: {text!r}")
    elif service.isascii() and service.isprintable() and service.strip("-0123456789"):
        port = service
    else:
        raise ValueError(f"{service!r} is no port: {text!r}")
    if " " in text:
        raise ValueError(f"there is a space in {text!r}")
    return [_make_address(host, port, text) for host in hosts.split("/")]


def parse_addresses(text: str) -> list[AnyAddress]:
    """The addresses of one peer from text, as a list of tuples.

    Addresses are separated by "/", and the port stands once, at the end:
    "10.1.0.2:38412", "10.1.0.2/10.2.0.2:38412",
    "[fd00:1::2]/[fe80::2%eth0]:38412", "amf.example:38412",
    "amf.example:diameter". Names of hosts and services are left as they are.

    Raises ValueError for IPv6 without brackets, a second port and no port.
    """
    if not isinstance(text, str):
        raise TypeError(f"addresses must be text, not {type(text).__name__}")
    return _parse(text, None)


def list_addresses(
    addresses: Addresses, argument: str, is_local: bool = False
) -> list[AnyAddress]:
    """The tuples of what an application gave as addresses; local ones may leave
    out the port."""
    if isinstance(addresses, str):
        return _parse(addresses, 0 if is_local else None)
    listed = list(iterate(addresses, argument))
    for address in listed:
        is_tuple = isinstance(address, tuple) and len(address) in (2, 3, 4)
        if not is_tuple or not isinstance(address[0], str):
            raise TypeError(
                f"{argument} must be text or an iterable of address tuples, not of"
                f" {address!r}"
            )
    return listed


class Name(NamedTuple):
    """A host to resolve, and what it was resolved to: addresses of any family,
    the best first."""

    address: AnyAddress
    found: Sequence[tuple[int, str, int]]  # family, host, scope_id


def choose_family(lists: Iterable[Iterable[AnyAddress]], names: Iterable[Name]) -> int:
    """The family that a socket for all these addresses has: IPv6 where one
    of them is IPv6, as such a socket takes both."""
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
    """The first address of a name that fits a socket of that family; LookupError
    where none does."""
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
    """An iterator; TypeError, which names the value, for what is no iterable."""
    try:
        return iter(value)
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"{name} must be an iterable, not {kind}") from None


def check_int(value: object, name: str) -> int:
    """What has __index__ as an int; else TypeError, which names it."""
    try:
        return index(value)  # type: ignore[arg-type]
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"{name} must be an int, not {kind}") from None


def check_count(value: object, name: str, most: int = sys.maxsize) -> None:
    """Raises TypeError for what is no int, ValueError for what is not in
    1..most."""
    if not 1 <= check_int(value, name) <= most:
        raise ValueError(f"{name} must be in 1..{most}, not {value!r}")


# What the layer lives on, in the order in which it is set.
_ALWAYS = (
    NotificationType.ASSOC_CHANGE,
    NotificationType.SHUTDOWN_EVENT,
    NotificationType.PARTIAL_DELIVERY_EVENT,
)
# And an endpoint, to know silence by.
_ALWAYS_MANY = (*_ALWAYS, NotificationType.PEER_ADDR_CHANGE)
# SCTP_EVENTS is deprecated; this package has no name for it.
_EVENTS = 11 if sys.platform == "linux" else 12


class Option(NamedTuple):
    level: int
    number: int
    value: Any


def _number(value: Any) -> int | None:
    """What an option is set to, None if it is no plain number."""
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
        why = "SCTP_RECVRCVINFO stays on: messages are put together by it"
    elif number == sctp.SCTP_EVENT and isinstance(option.value, dict):
        kind: Any = option.value.get("se_type")
        if kind in (_ALWAYS_MANY if is_many else _ALWAYS) and not option.value.get(
            "se_on"
        ):
            why = f"SCTP_EVENT: {NotificationType(kind).name} stays on"
    elif number == sctp.SCTP_EVENT:
        why = "SCTP_EVENT takes an sctp_event"
    elif number == _EVENTS:
        why = "SCTP_EVENTS is deprecated: use events"
    elif number == sctp.SCTP_FRAGMENT_INTERLEAVE and is_off and is_many:
        why = "SCTP_FRAGMENT_INTERLEAVE 0 lets peers block each other"
    elif number == sctp.SCTP_AUTOCLOSE and not is_off:
        why = "SCTP_AUTOCLOSE ends associations behind the layer's back"
    elif number == sctp.SCTP_INITMSG and has_streams:
        why = "SCTP_INITMSG and streams say the same: use one of them"
    elif number == getattr(sctp, "SCTP_EXPLICIT_EOR", None) and not is_off:
        why = "SCTP_EXPLICIT_EOR leaves messages without an end"
    if why is not None:
        raise ValueError(f"options: {why}")


def _list_options(options: Options) -> list[Option]:
    """The options of an application, in their order."""
    pairs: Iterable[Any]
    pairs = options.items() if isinstance(options, Mapping) else options
    listed = []
    for pair in iterate(pairs, "options"):
        try:
            key, value = pair
        except (TypeError, ValueError):
            raise TypeError(
                f"options must be a mapping or an iterable of pairs, not of {pair!r}"
            ) from None
        both = key if isinstance(key, tuple) else (IPPROTO_SCTP, key)
        numbers = [check_int(each, "options") for each in both]
        if len(numbers) != 2 or max(numbers) > INT_MAX or min(numbers) < 0:
            raise ValueError(f"options: {key!r} is no option and no (level, option)")
        level, number = numbers
        listed.append(Option(level, number, value))
    return listed


def _stream_option(streams: int | tuple[int, int]) -> Option:
    if isinstance(streams, tuple) and len(streams) != 2:
        raise ValueError(f"streams must be one number or two, not {streams!r}")
    outgoing, incoming = streams if isinstance(streams, tuple) else (streams, 0)
    for number, least in ((outgoing, 1), (incoming, int(isinstance(streams, tuple)))):
        if not least <= check_int(number, "streams") <= _STREAMS_MAX:
            raise ValueError(f"streams must be in 1..{_STREAMS_MAX}, not {streams!r}")
    value = sctp_initmsg(sinit_num_ostreams=outgoing, sinit_max_instreams=incoming)
    return Option(IPPROTO_SCTP, sctp.SCTP_INITMSG, value)


def plan_events(events: Iterable[int]) -> frozenset[NotificationType]:
    """The types that an application wants; ValueError for what is none."""
    wanted = set()
    for event in iterate(events, "events"):
        try:
            wanted.add(NotificationType(event))
        except ValueError:
            raise ValueError(f"events: {event!r} is no NotificationType") from None
    return frozenset(wanted)


def plan_options(
    streams: Streams,
    options: Options,
    events: Iterable[NotificationType],
    is_many: bool = False,
) -> list[Option]:
    """All options of a new socket in the order in which to set them: those that
    the layer needs, then the application's. ValueError for one that would
    break the layer."""
    plan = [
        Option(IPPROTO_SCTP, sctp.SCTP_RECVRCVINFO, 1),
        Option(IPPROTO_SCTP, sctp.SCTP_NODELAY, 1),
    ]
    if is_many:
        plan.append(Option(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, 1))
        # What is not finished does not fill the kernel's one buffer for all.
        plan.append(Option(IPPROTO_SCTP, sctp.SCTP_PARTIAL_DELIVERY_POINT, 1))
    if streams is not None:
        plan.append(_stream_option(streams))
    own = _list_options(options)
    for option in own:
        _check_option(option, is_many, streams is not None)
    always = _ALWAYS_MANY if is_many else _ALWAYS
    # A ready socket of many may have associations already.
    whose = sctp.SCTP_ALL_ASSOC if is_many else sctp.SCTP_FUTURE_ASSOC
    for kind in (*always, *sorted(set(events).difference(always))):
        event = _event(se_assoc_id=whose, se_type=kind, se_on=1)
        plan.append(Option(IPPROTO_SCTP, sctp.SCTP_EVENT, event))
    return plan + own


class Limits(NamedTuple):
    """How much memory a socket may take, and how long it may take to end."""

    max_message: int
    max_unread: int
    max_total: int
    close_timeout: float

    def check(self) -> "Limits":
        """Raises ValueError for what is not above 0, TypeError for what is no
        number."""
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
