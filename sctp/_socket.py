"""The socket that applications use, with its options as dicts."""

import contextlib
import multiprocessing.reduction
import operator
from typing import TYPE_CHECKING, Any, TypeVar, overload

import _sctp.sctp
from _sctp.sctp import (
    IPPROTO_SCTP,
    SCTP_AUTH_CHUNK,
    SCTP_AUTH_HMAC_ID_SHA1,
    SCTP_DEFAULT_SNDINFO,
    SCTP_FRAGMENT_INTERLEAVE,
    SCTP_HMAC_IDENT,
)
from _sctp.sctp_info import sctp_sndinfo

from ._enums import ChunkTypes
from ._options import _Structure, sctp_authchunk, sctp_default_sndinfo

# Where the rows of options with a structure are, and of those that are lists.
_STRUCTURES = {
    number: row
    for row, (_, number, structure, *_) in enumerate(_sctp.sctp._options)
    if structure
}
_LISTS = {
    row
    for row in _STRUCTURES.values()
    if _sctp.sctp._options[row][2]
    in ("sctp_authchunks", "sctp_hmacalgo", "sctp_assoc_ids")
}

# The most bytes that socket.socket.getsockopt() reads.
_LENGTH_MAX = 1024

# Values of these types stand for a structure. The kernel gets all others unchanged.
_OBJECTS = (dict, tuple, list)

_UNAUTHENTICATED = {
    ChunkTypes.INIT,
    ChunkTypes.INIT_ACK,
    ChunkTypes.SHUTDOWN_COMPLETE,
    ChunkTypes.AUTH,
}

# What getsockopt() takes and returns, and what setsockopt() takes.
_Option = TypeVar("_Option", bound=_Structure[Any, Any] | sctp_sndinfo)
if TYPE_CHECKING:
    from typing_extensions import Buffer

    _Value = (
        int | Buffer | tuple[int, ...] | list[int] | sctp_sndinfo | _Structure[Any, Any]
    )


def _is_c_int(value: object) -> bool:
    return isinstance(value, int) and -(2**31) <= value < 2**31


def _read_bytes(sock: "sctp_socket", level: int, optname: int, optval: Any) -> Any:
    """Reads an option as socket.socket.getsockopt() does. If optval is a length, the
    buffer begins as zeros, because SCTP reads the association identifier from it."""
    read = _sctp.sctp.sctp_socket.getsockopt
    if optval is None:
        return read(sock, level, optname)
    if level == IPPROTO_SCTP and _is_c_int(optname):
        optval = operator.index(optval)
        if 0 < optval <= _LENGTH_MAX:
            return sock._getsockopt(level, optname, bytes(optval))
    return read(sock, level, optname, optval)


def _explain(
    error: OSError, verb: str, sock: "sctp_socket", optname: int, value: object
) -> None:
    """Adds a note that explains an error of the kernel, if we know its reason."""
    with contextlib.suppress(Exception):  # it only helps
        from _sctp import _notes

        _notes.add_to_option(error, verb, sock, optname, value)


def _check_value(optname: int, value: object) -> None:
    """Raises ValueError for a value that the option does not allow."""
    if optname == SCTP_FRAGMENT_INTERLEAVE:
        if isinstance(value, int) and value not in (0, 1, 2):
            raise ValueError("SCTP_FRAGMENT_INTERLEAVE must be 0, 1 or 2")
    elif optname == SCTP_HMAC_IDENT:
        if isinstance(value, (tuple, list)) and SCTP_AUTH_HMAC_ID_SHA1 not in value:
            raise ValueError("SCTP_HMAC_IDENT must contain SCTP_AUTH_HMAC_ID_SHA1")
    elif optname == SCTP_AUTH_CHUNK and isinstance(value, sctp_authchunk):
        chunk = value.get("sauth_chunk")
        if isinstance(chunk, int) and chunk in _UNAUTHENTICATED:
            raise ValueError(
                f"SCTP_AUTH_CHUNK: {ChunkTypes.name(chunk)} is never authenticated"
            )


class sctp_socket(_sctp.sctp.sctp_socket):
    __doc__ = _sctp.sctp.sctp_socket.__doc__
    __module__ = "sctp"
    __slots__ = ()

    @overload
    def getsockopt(self, level: int, optname: int, optval: _Option) -> _Option: ...
    @overload
    def getsockopt(
        self, level: int, optname: int, optval: int | None = None
    ) -> Any: ...

    def getsockopt(self, level: int, optname: int, optval: Any = None) -> Any:
        """Reads a socket option (RFC 6458, section 8).

        At the level IPPROTO_SCTP, the option decides what optval is:

        - For an option with a structure, optval is an object of the dict class
          for it. It selects the association and the address. The result is a
          new object of that class. Without optval, all fields are 0.
        - For an option whose value is a list, optval is an association
          identifier, 0 by default. The result is a tuple, or a dict for lists of
          chunk types.
        - Everything else is as in socket.socket.getsockopt(): without optval
          the result is an int. An int as optval is the length of the result,
          which is bytes. The kernel then reads the association identifier as 0.
        """
        row = None
        if level == IPPROTO_SCTP:
            # A float that is equal is refused, as the base does.
            level, optname = operator.index(level), operator.index(optname)
            row = _STRUCTURES.get(optname)
        if row is None or not isinstance(optval, _Structure):
            if row is None or not (
                optval is None or isinstance(optval, dict) or row in _LISTS
            ):
                try:
                    return _read_bytes(self, level, optname, optval)
                except OSError as error:
                    if level == IPPROTO_SCTP:
                        _explain(error, "read", self, optname, optval)
                    raise
            if optname == SCTP_DEFAULT_SNDINFO and (
                optval is None or isinstance(optval, sctp_sndinfo)
            ):
                default = sctp_default_sndinfo(optval)
                value: Any = self.getsockopt(level, optname, default)
                return sctp_sndinfo(**value)
        try:
            return self._get_option(row, optval)
        except OSError as error:
            _explain(error, "read", self, optname, optval)
            raise

    @overload
    def setsockopt(self, level: int, optname: int, value: "_Value", /) -> None: ...
    @overload
    def setsockopt(
        self, level: int, optname: int, value: None, optlen: int, /
    ) -> None: ...

    def setsockopt(self, level: int, optname: int, *values: Any) -> None:
        """setsockopt(level, optname, value[, optlen])

        Sets a socket option (RFC 6458, section 8).

        At the level IPPROTO_SCTP, an option with a structure takes an object of
        the dict class for it, and SCTP_HMAC_IDENT takes a tuple of algorithms.
        Everything else is as in socket.socket.setsockopt().
        """
        value = values[0] if len(values) == 1 else None
        if level == IPPROTO_SCTP:
            level, optname = operator.index(level), operator.index(optname)
            _check_value(optname, value)
        if (
            not isinstance(value, _OBJECTS)
            or level != IPPROTO_SCTP
            or optname not in _STRUCTURES
        ):
            try:
                return super().setsockopt(level, optname, *values)
            except OSError as error:
                if level == IPPROTO_SCTP:
                    _explain(error, "write", self, optname, value)
                raise
        if optname == SCTP_DEFAULT_SNDINFO and isinstance(value, sctp_sndinfo):
            value = sctp_default_sndinfo(value)
        try:
            self._set_option(_STRUCTURES[optname], value)
        except OSError as error:
            _explain(error, "write", self, optname, value)
            raise

    @overload
    def sctp_opt_info(
        self, optname: int, optval: _Option, *, id: int = 0
    ) -> _Option: ...
    @overload
    def sctp_opt_info(self, id: int, optname: int, optval: _Option) -> _Option: ...

    def sctp_opt_info(self, *args: Any, **kwds: Any) -> Any:
        """sctp_opt_info([id], optname, optval)

        Reads an option of one association (RFC 6458, section 8).

        It sets the field of optval whose name ends in assoc_id to id, which is 0
        by default, and returns getsockopt(IPPROTO_SCTP, optname, optval). All
        arguments may be keywords. One-to-one sockets ignore id.

        Raises ValueError if optval has no such field.
        """
        names = [name for name in ("id", "optname", "optval") if name not in kwds]
        if "id" in names and len(args) < len(names):
            names.remove("id")
        given = {"id": 0, **dict(zip(names, args, strict=False)), **kwds}
        if len(args) != len(names) or len(given) != 3:
            raise TypeError(
                "sctp_opt_info() takes optname and optval, and optionally id"
            )
        id, optname, optval = (given[name] for name in ("id", "optname", "optval"))
        if not isinstance(optval, (_Structure, sctp_sndinfo)):
            raise TypeError(
                "sctp_opt_info(): optval must be an object of a dict class for options,"
                f" not {type(optval).__name__}"
            )
        fields: list[Any] = [
            field
            for field in optval
            if isinstance(field, str) and field.endswith("assoc_id")
        ]
        if not fields:
            raise ValueError(
                f"sctp_opt_info(): {type(optval).__name__} has no association"
                " identifier"
            )
        optval[fields[0]] = id
        return self.getsockopt(IPPROTO_SCTP, optname, optval)


def _rebuild(
    cls: type[sctp_socket], descriptor: Any, family: int, type: int
) -> sctp_socket:
    return cls(family, type, fileno=descriptor.detach())


def _reduce(sock: sctp_socket) -> tuple[Any, ...]:
    descriptor = multiprocessing.reduction.DupFd(sock.fileno())
    return _rebuild, (type(sock), descriptor, sock.family, sock.type)


# This import takes 4 ms. But multiprocessing may send sockets and other picklers may
# not (TypeError), and a class cannot tell which one it is pickled by.
multiprocessing.reduction.register(sctp_socket, _reduce)
