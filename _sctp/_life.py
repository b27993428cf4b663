"""The life of a socket: how it is made, finds its addresses and associations, takes
over a descriptor, and ends.

SCTPError and sctp_socket appear as members of _sctp.sctp.
"""

import _socket
import contextlib
import functools
import operator
import os
from collections.abc import Callable, Iterable
from socket import (
    AF_INET,
    AF_INET6,
    SHUT_RDWR,
    SHUT_WR,
    SO_TYPE,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)
from typing import Any, Literal, Self

from _sctp.sctp import IPPROTO_SCTP, SCTP_STATUS, _core, _describe

_Address = tuple[Any, ...]


class _Absent(int):
    """The number that stands for an argument that is left out, with a name for
    help()."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<absent>"


_ABSENT = _Absent(-1)
_TYPES = SOCK_STREAM, SOCK_SEQPACKET


class SCTPError(ValueError):
    """The family, the type or the protocol is not one of SCTP."""

    __module__ = "_sctp.sctp"


def _show(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # an int of too many digits
        return f"<{type(value).__name__} that cannot be shown>"


def _check(family: object, type: object, proto: object, *absent: int) -> None:
    """Raises SCTPError for a value that SCTP does not have. absent are the values that
    stand for an argument that is left out."""
    for rule, value, choices in (
        ("family must be AF_INET or AF_INET6", family, (AF_INET, AF_INET6)),
        ("type must be SOCK_STREAM or SOCK_SEQPACKET", type, _TYPES),
        ("proto must be IPPROTO_SCTP", proto, (IPPROTO_SCTP,)),
    ):
        if not any(value == choice for choice in (*choices, *absent)):
            raise SCTPError(f"sctp_socket(): {rule}, not {_show(value)}")


def _explain(error: OSError, call: str, sock: Any, *facts: Any) -> None:
    if isinstance(error, BlockingIOError):
        return  # having to wait is not a mistake, and it is common
    with contextlib.suppress(Exception):  # it only helps
        from _sctp import _notes

        _notes.add(error, call, sock, tuple(map(int, facts)))


class sctp_socket(_core):
    """An SCTP socket: a socket.socket with the functions of RFC 6458.

    family is AF_INET or AF_INET6. type is SOCK_STREAM (one-to-one) or
    SOCK_SEQPACKET (one-to-many). Other values raise SCTPError. If fileno is
    given, the descriptor of an SCTP socket, family and type may be left out.
    """

    __module__ = "_sctp.sctp"
    __slots__ = ()

    def __init__(
        self,
        family: int = _ABSENT,
        type: int = _ABSENT,
        proto: int = IPPROTO_SCTP,
        fileno: Any = None,
    ) -> None:
        super()._forget()
        if fileno is None:
            for name, value in ("family", family), ("type", type):
                if value is _ABSENT:
                    raise TypeError(f"sctp_socket() missing argument '{name}'")
            _check(family, type, proto)
            try:
                super().__init__(family, type, proto)
            except OSError as error:
                _explain(error, "sctp_socket", self)
                raise
            return
        _check(family, type, proto, -1)
        lacks_type = type == -1
        if family == -1:
            # CPython would call getsockname(), which fails on FreeBSD for a socket
            # that is not bound.
            family = super()._ask_family(fileno)
        super().__init__(family, type, -1, fileno)
        try:
            _check(self.family, self.type, self.proto)
        except SCTPError:
            self.detach()
            raise
        if lacks_type and _is_peeled(self):
            super().__init__(self.family, SOCK_STREAM, self.proto, fileno)

    @property
    def sctp_type(self) -> Literal["one-to-one", "one-to-many"]:
        """'one-to-one' (SOCK_STREAM, and sockets from sctp_peeloff()) or
        'one-to-many' (SOCK_SEQPACKET)."""
        return "one-to-one" if _type(self) == SOCK_STREAM else "one-to-many"

    @property
    def sock(self) -> Self:
        """The socket itself."""
        return self

    def sctp_bindx(self, addrs: Iterable[_Address], flags: int) -> None:
        """Adds or removes local addresses (RFC 6458, section 9.1).

        flags is SCTP_BINDX_ADD_ADDR or SCTP_BINDX_REM_ADDR. All addresses
        have the same port. From the second on, 0 means the port of the first.
        If the socket is connected and both sides support address
        reconfiguration (RFC 5061), the kernel tells the peer.

        Raises ValueError if flags has another value or the ports differ.
        Raises TypeError if an address is not a valid tuple, or not one for
        the family of the socket. Raises OSError if the kernel refuses:
        EADDRNOTAVAIL, EADDRINUSE or EINVAL.
        """
        super()._bindx(addrs, flags)

    def sctp_connectx(
        self, addrs: Iterable[_Address], *, assoc_id: bool = False
    ) -> int | None:
        """Sets up an association with a peer that has several addresses (RFC
        6458, section 9.9).

        All addresses have the same port. From the second on, 0 means the port
        of the first. Returns None, or the association identifier if assoc_id
        is true. On a one-to-many socket with a timeout, it returns at once;
        SCTP_ASSOC_CHANGE then tells the outcome.

        Raises ValueError if the ports differ. Raises TypeError if an address
        is not a valid tuple, or not one for the family of the socket. Raises
        OSError as connect() does: ECONNREFUSED, ETIMEDOUT or EISCONN. On a
        non-blocking socket it raises BlockingIOError. If assoc_id is true and
        the kernel gave an identifier, the attribute assoc_id of that error
        has it.
        """
        return super()._connectx(addrs, assoc_id)

    def sctp_getladdrs(self, assoc_id: int = 0) -> tuple[_Address, ...] | None:
        """The local addresses of an association, as a tuple of address tuples
        (RFC 6458, section 9.5). With 0, the addresses that the socket is
        bound to. None if there are none.
        """
        return super()._getaddrs(assoc_id, True)

    def sctp_getpaddrs(self, assoc_id: int = 0) -> tuple[_Address, ...] | None:
        """The addresses of the peer of an association, as a tuple of address
        tuples (RFC 6458, section 9.3). None if there are none. One-to-one
        sockets ignore assoc_id.
        """
        return super()._getaddrs(assoc_id, False)

    def accept(self) -> tuple[Self, Any]:
        """Waits for an association and returns (socket, address), as
        socket.socket.accept() does (RFC 6458, section 4.1.4). It is for
        one-to-one sockets only.

        The new socket is type(self)(family, type, proto, fileno=...). A
        derived class whose constructor takes other arguments has to override
        this method.
        """
        return _adopt(self, super()._accept_into, _type(self), "accept")

    def sctp_peeloff(self, assoc_id: int) -> Self:
        """Moves an association of a one-to-many socket to a new one-to-one
        socket, and returns the new socket (RFC 6458, section 9.2).

        The new socket is type(self)(family, type, proto, fileno=...). A
        derived class whose constructor takes other arguments has to override
        this method. If the constructor fails, the association ends.

        On Linux a receiver on the new socket never sees the end of the
        association as an end of file. Subscribe to SCTP_ASSOC_CHANGE or
        SCTP_SHUTDOWN_EVENT to see it.

        Raises OSError if the socket does not have the association (EINVAL on
        Linux, ENOENT on FreeBSD), or if no descriptor is left (EMFILE or
        ENFILE). The association then stays as it is, unless another thread
        takes the last descriptor at the same moment.
        """
        take = functools.partial(super()._peeloff, assoc_id)
        made: Self
        made, _ = _adopt(self, take, SOCK_STREAM, "sctp_peeloff", assoc_id)
        return made

    def shutdown(self, how: int, /) -> None:
        """Shuts down one or both directions, as socket.socket.shutdown()
        does (RFC 6458, section 4.1.7).

        SHUT_WR and SHUT_RDWR end the association gracefully: first everything
        that was sent is delivered. This includes sockets from sctp_peeloff().
        """
        direction = operator.index(how)
        if direction in (SHUT_WR, SHUT_RDWR) and _is_peeled(self):
            super()._end_peeled(direction)
        try:
            super().shutdown(direction)
        except OSError as error:
            _explain(error, "shutdown", self)
            raise


def _type(sock: sctp_socket) -> int:
    """The type that the base class has, also if a derived class overrides it."""
    number: int = _socket.socket.type.__get__(sock)
    return number


def _is_peeled(sock: sctp_socket) -> bool:
    """Whether the descriptor belongs to a peeled-off association. The kernel still
    calls it one-to-many, but SCTP_STATUS needs no association identifier."""
    size = _describe("sctp_status")[0]
    try:
        type = _socket.socket.getsockopt(sock, SOL_SOCKET, SO_TYPE)
        if type == SOCK_SEQPACKET:
            _core._getsockopt(sock, IPPROTO_SCTP, SCTP_STATUS, bytes(size))
    except OSError:
        return False
    return type == SOCK_SEQPACKET


def _adopt(
    sock: sctp_socket,
    take: Callable[[list[int]], Any],
    kind: int,
    method: str,
    *facts: Any,
) -> tuple[Any, Any]:
    """Makes a new socket of the class of sock, with the descriptor that take appends
    to its argument. Returns the socket and the result of take. If it fails, it closes
    the descriptor."""
    cls: Any = type(sock)
    made: Any = None
    taken: list[int] = []
    advice = (
        f"{method}() calls {cls.__name__}(family, type, proto, fileno=...): a class"
        f" that makes no socket of that has to override {method}()"
    )
    try:
        try:
            result = take(taken)
        except OSError as error:
            _explain(error, method, sock, *facts)
            raise
        arguments = _socket.socket.family.__get__(sock), kind, IPPROTO_SCTP
        try:
            new = cls.__new__(cls, *arguments, fileno=taken[0])
            # isinstance() can be deceived by __class__ and __instancecheck__.
            made = new if cls in type(new).__mro__ else None
            if made is not None and _descriptor(made) in (-1, taken[0]):
                init = type(made).__init__(made, *arguments, fileno=taken[0])
                if init is not None:
                    name = type(init).__name__
                    raise TypeError(f"__init__() should return None, not '{name}'")
        except TypeError as error:
            error.add_note(advice)
            raise
        if made is None or _descriptor(made) != taken[0]:
            raise TypeError(advice)
        # The rule of socket.accept(): if there is no default timeout and sock has a
        # timeout, the new socket blocks. Systems differ in what a descriptor inherits.
        if _socket.getdefaulttimeout() is None and _socket.socket.gettimeout(sock):
            made.setblocking(True)
    except BaseException as error:
        for descriptor in taken:
            _disown(made, descriptor, error)
        made = new = None  # else the traceback would keep it alive
        raise
    return made, result


def _descriptor(sock: sctp_socket) -> int:
    return _socket.socket.fileno(sock)


def _disown(made: Any, descriptor: int, error: BaseException) -> None:
    """Closes a descriptor that the socket made (or None) should have taken.

    The socket may own it already, or may have taken it and given it up again: it
    knows its family from the moment it has taken a descriptor. With SCTPError, our
    own constructor has given it up.
    """
    owned = -1 if made is None else _descriptor(made)
    with contextlib.suppress(Exception):
        if owned == descriptor:
            made.close()
        elif (
            owned >= 0
            or made is None
            or _socket.socket.family.__get__(made) <= 0
            or isinstance(error, SCTPError)
        ):
            os.close(descriptor)
