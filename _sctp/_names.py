"""Looks up addresses whose host or port is a name.

C handles numeric hosts with an int as the port. It calls resolve() for all other
addresses.
"""

import contextlib
import operator
import socket
from socket import AF_INET, AF_INET6, SOCK_SEQPACKET
from typing import Any

_PORT_MAX = 65535
_SCTP = 132

# Types and protocols to look a service up for: SCTP first, then any.
_KINDS = (SOCK_SEQPACKET, _SCTP), ()


def _encode(name: object, what: str) -> bytes:
    """The bytes of the name, as the domain name system uses them."""
    if isinstance(name, str):
        encoded = name.encode("ascii" if name.isascii() else "idna")
    elif isinstance(name, bytes):
        encoded = name
    else:
        raise TypeError(f"{what} must be a str or bytes, not {type(name).__name__}")
    if b"\0" in encoded:
        raise ValueError(f"embedded null character in {what}")
    return encoded


def _is_numeric(family: int, host: bytes) -> bool:
    with contextlib.suppress(OSError):
        socket.inet_pton(family, host.decode("latin-1"))
        return True
    return False


def _find_port(port: Any) -> int:
    if not isinstance(port, str):
        if isinstance(port, bool) or not hasattr(port, "__index__"):
            raise TypeError(
                f"port must be an int or a service name, not {type(port).__name__}"
            )
        return operator.index(port)
    if port.isascii() and port.isdecimal():
        number = int(port.lstrip("0")[:6] or "0")
        if number > _PORT_MAX:
            raise ValueError(
                f"address: port must be in 0..{_PORT_MAX}, not {port!r:.20}"
            )
        return number
    return find_service(_encode(port, "service").decode())


def find_service(name: str) -> int:
    """The port of a service for SCTP, or if there is none, for any protocol.

    This does not use getservbyname(), because Python's may return the result of
    another thread.
    """
    # getaddrinfo() would accept these as numbers.
    is_number = name.strip().lstrip("+-").isdecimal()
    for kind in () if is_number or not name else _KINDS:
        try:
            found: Any = socket.getaddrinfo(None, name, AF_INET, *kind)[0][4]
        except OSError:
            continue
        return operator.index(found[1])
    raise socket.gaierror(socket.EAI_SERVICE, "Servname not supported for ai_socktype")


def _find_host(host: object, family: int) -> tuple[Any, ...]:
    """The numeric host. For IPv6 port, flowinfo and scope_id may follow it."""
    name = _encode(host, "host")
    if not name:
        return ("",)
    if _is_numeric(family, name):
        return (name.decode(),)
    if family == AF_INET and _is_numeric(AF_INET6, name):
        raise TypeError(
            f"the IPv6 address {name.decode()} needs a tuple (host, port, flowinfo,"
            " scope_id)"
        )
    if family == AF_INET6 and _is_numeric(AF_INET, name):
        raise TypeError(f"the IPv4 address {name.decode()} needs a tuple (host, port)")
    while True:
        # No protocol is given: with that of SCTP, getaddrinfo() fails for services
        # that its database lists for other protocols only.
        with contextlib.suppress(InterruptedError):
            found = socket.getaddrinfo(name, None, family, socket.SOCK_DGRAM)
            return found[0][4]


def resolve(host: object, port: object, *more: Any) -> tuple[Any, ...]:
    """The same address with a numeric host and an int as the port. If scope_id is 0,
    it becomes the scope of the host, as in fe80::1%eth0."""
    number = _find_port(port)
    if not more:
        return _find_host(host, AF_INET)[0], number
    flowinfo, scope_id = more
    numeric, *found = _find_host(host, AF_INET6)
    return numeric, number, flowinfo, operator.index(scope_id) or (*found, 0, 0, 0)[2]
