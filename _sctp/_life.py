"""A socket's life: how it is made, finds its addresses and associations, takes a
descriptor over, and ends.

_sctp.sctp shows SCTPError and sctp_socket as its own.
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
    """The number that stands for what is left out, as help() is to show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<absent>"


_ABSENT = _Absent(-1)
_TYPES = SOCK_STREAM, SOCK_SEQPACKET


class SCTPError(ValueError):
    """A family, type or protocol that SCTP does not have."""

    __module__ = "_sctp.sctp"


def _show(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # an int of too many digits
        return f"<{type(value).__name__} that cannot be shown>"


def _check(family: object, type: object, proto: object, *absent: int) -> None:
    """absent is what stands for an argument that is left out."""
    for rule, value, choices in (
        ("family must be AF_INET or AF_INET6", family, (AF_INET, AF_INET6)),
        ("type must be SOCK_STREAM or SOCK_SEQPACKET", type, _TYPES),
        ("proto must be IPPROTO_SCTP", proto, (IPPROTO_SCTP,)),
    ):
        if not any(value == choice for choice in (*choices, *absent)):
            raise SCTPError(f"sctp_socket(): {rule}, not {_show(value)}")


def _explain(error: OSError, call: str, sock: Any, *facts: Any) -> None:
    if isinstance(error, BlockingIOError):
        return  # to wait is no mistake, and for some the usual case
    with contextlib.suppress(Exception):  # it only helps
        from _sctp import _notes

        _notes.add(error, call, sock, tuple(map(int, facts)))


class sctp_socket(_core):
    """An SCTP socket: a socket.socket with the functions of RFC 6458.

    family is AF_INET or AF_INET6, type SOCK_STREAM (one-to-one) or
    SOCK_SEQPACKET (one-to-many); anything else raises SCTPError. With
    fileno, the descriptor of an SCTP socket, both may be left out.
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
            # CPython would ask for the name, which a socket that is not bound
            # lacks on FreeBSD.
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
        """'one-to-one' (SOCK_STREAM, and after peeling off) or
        'one-to-many' (SOCK_SEQPACKET)."""
        return "one-to-one" if _type(self) == SOCK_STREAM else "one-to-many"

    @property
    def sock(self) -> Self:
        """The socket itself."""
        return self

    def sctp_bindx(self, addrs: Iterable[_Address], flags: int) -> None:
        """Adds or removes local addresses (RFC 6458, section 9.1).

        flags is SCTP_BINDX_ADD_ADDR or SCTP_BINDX_REM_ADDR. All ports
        agree; those after the first may be 0, for the first's. On a
        connected socket the peer is told, where both sides support
        address reconfiguration (RFC 5061).

        Raises ValueError for other flags and for ports that disagree,
        TypeError for what is no address or none of the socket's family,
        OSError as the kernel does: EADDRNOTAVAIL, EADDRINUSE, EINVAL.
        """
        super()._bindx(addrs, flags)

    def sctp_connectx(
        self, addrs: Iterable[_Address], *, assoc_id: bool = False
    ) -> int | None:
        """Sets up an association with a peer of several addresses (RFC 6458,
        section 9.9).

        Returns None, or the association identifier if assoc_id is true.
        On a one-to-many socket with a timeout it returns at once: the
        outcome comes as SCTP_ASSOC_CHANGE.

        All ports agree; those after the first may be 0, for the first's.

        Raises TypeError for what is no address or none of the socket's
        family, ValueError for ports that disagree, OSError as connect does:
        ECONNREFUSED, ETIMEDOUT, EISCONN. A non-blocking socket raises
        BlockingIOError; with assoc_id, the identifier is its attribute
        assoc_id where the kernel gave one.
        """
        return super()._connectx(addrs, assoc_id)

    def sctp_getladdrs(self, assoc_id: int = 0) -> tuple[_Address, ...] | None:
        """The local addresses of an association, or with 0 those that the
        socket is bound to, as a tuple of address tuples; None where there
        is none (RFC 6458, section 9.5).
        """
        return super()._getaddrs(assoc_id, True)

    def sctp_getpaddrs(self, assoc_id: int = 0) -> tuple[_Address, ...] | None:
        """The peer's addresses in an association as a tuple of address
        tuples; None where there is none (RFC 6458, section 9.3).
        One-to-one sockets ignore assoc_id.
        """
        return super()._getaddrs(assoc_id, False)

    def accept(self) -> tuple[Self, Any]:
        """Waits for an association and returns (socket, address), as
        socket.socket.accept() does (RFC 6458, section 4.1.4). One-to-one
        sockets only.

        The socket is made by type(self)(family, type, proto, fileno=...): a
        class that takes other arguments has to override this.
        """
        return _adopt(self, super()._accept_into, _type(self), "accept")

    def sctp_peeloff(self, assoc_id: int) -> Self:
        """Moves an association of a one-to-many socket to a new one-to-one
        socket and returns that (RFC 6458, section 9.2).

        The socket is made by type(self)(family, type, proto, fileno=...): a
        class that takes other arguments has to override this. Where that
        fails, the association ends.

        Linux lets no receiver on the new socket see an end of file:
        subscribe to SCTP_ASSOC_CHANGE or SCTP_SHUTDOWN_EVENT.

        Raises OSError for an association that the socket does not have
        (EINVAL on Linux, ENOENT on FreeBSD) and where there is no
        descriptor left (EMFILE, ENFILE): the association stays as it is,
        unless another thread takes the last descriptor meanwhile.
        """
        take = functools.partial(super()._peeloff, assoc_id)
        made: Self
        made, _ = _adopt(self, take, SOCK_STREAM, "sctp_peeloff", assoc_id)
        return made

    def shutdown(self, how: int, /) -> None:
        """Shuts down one or both directions, as socket.socket.shutdown()
        does.

        SHUT_WR and SHUT_RDWR end the association gracefully once
        everything has been delivered, on peeled-off sockets too (RFC
        6458, section 4.1.7).
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
    """As the base knows it, whatever a subclass overrides."""
    number: int = _socket.socket.type.__get__(sock)
    return number


def _is_peeled(sock: sctp_socket) -> bool:
    """Whether the descriptor is of a peeled-off association: the kernel still
    calls it one-to-many, yet status needs no association identifier."""
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
    """A new socket of the class of sock on the descriptor that take appends to
    its list, and what take returns. Closes the descriptor if that fails."""
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
            # isinstance() would believe what a class or an object says.
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
        # accept's rule: without a default timeout, the socket of a waiting
        # socket waits; systems differ in what the descriptor inherits.
        if _socket.getdefaulttimeout() is None and _socket.socket.gettimeout(sock):
            made.setblocking(True)
    except BaseException as error:
        for descriptor in taken:
            _disown(made, descriptor, error)
        made = new = None  # lest it live as long as the traceback
        raise
    return made, result


def _descriptor(sock: sctp_socket) -> int:
    return _socket.socket.fileno(sock)


def _disown(made: Any, descriptor: int, error: BaseException) -> None:
    """Closes a descriptor that made (or None) was to take. The socket may own
    it by then, or even have given it up: it knows its family from the moment it
    took one. Our own constructor gives up what SCTPError is about."""
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
