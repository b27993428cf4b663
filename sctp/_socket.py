"""The socket that applications use, with its options as dicts."""

import _socket
import contextlib
import errno
import multiprocessing.reduction
import operator
import sys
from socket import AF_INET
from typing import TYPE_CHECKING, Any, TypeVar, overload

import _sctp.sctp
from _sctp.sctp import (
    IPPROTO_SCTP,
    SCTP_AUTH_CHUNK,
    SCTP_AUTH_HMAC_ID_SHA1,
    SCTP_DEFAULT_SNDINFO,
    SCTP_FRAGMENT_INTERLEAVE,
    SCTP_GET_ASSOC_ID_LIST,
    SCTP_HMAC_IDENT,
    SOCKADDR_STORAGE_CSIZE,
    _pack,
    _unpack,
    ipaddr_to_sockaddr_storage,
)
from _sctp.sctp_info import sctp_sndinfo

from ._enums import ChunkTypes
from ._options import (
    _LAYOUTS,
    _pack_structure,
    _Structure,
    sctp_authchunk,
    sctp_default_sndinfo,
)

_LINUX = sys.platform == "linux"

# The structure of each option, and the structures that are lists.
_STRUCTURES = {number: name for _, number, name, *_ in _sctp.sctp._options if name}
_LISTS = {"sctp_authchunks", "sctp_hmacalgo", "sctp_assoc_ids"}

# The room for a list: enough for all chunk types, all algorithms, and a few thousand
# associations. _ROOM_MAX is the largest room; FreeBSD allows no more for an option.
_ROOM = 16 << 10
_ROOM_MAX = 64 << 20 if _LINUX else 64 << 10

# The offset of the address in structures where it can mean all paths of an association.
# On FreeBSD the wildcard address means them. On Linux an address of zeros does.
_ALL_PATHS = {
    name: offset
    for name in ("sctp_paddrparams", "sctp_paddrthlds", "sctp_udpencaps")
    for _, _, offset, size in _LAYOUTS[name][1]
    if size == SOCKADDR_STORAGE_CSIZE and not _LINUX
}

# socket.socket.getsockopt() reads at most so many bytes.
_LENGTH_MAX = 1024

# Values of these types stand for a structure. The kernel gets all others unchanged.
_OBJECTS = (dict, tuple, list)

_UNAUTHENTICATED = {
    ChunkTypes.INIT,
    ChunkTypes.INIT_ACK,
    ChunkTypes.SHUTDOWN_COMPLETE,
    ChunkTypes.AUTH,
}

# The types that getsockopt() takes and returns, and the types that setsockopt() takes.
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


def _read_list(sock: "sctp_socket", optname: int, name: str, value: Any) -> Any:
    """Reads a list. Returns a dict, or a tuple if the structure has only the list.
    value is a dict, an association identifier or None."""
    size, rows, tail = _LAYOUTS[name]
    if value is None:
        asked = b""
    elif isinstance(value, dict):
        asked = _pack(name, value)
    else:
        asked = _pack("sctp_authchunks", {"gauth_assoc_id": value})
    room = _ROOM
    while True:
        try:
            found = sock._getsockopt(IPPROTO_SCTP, optname, asked.ljust(room, b"\0"))
            break
        except OSError as error:
            # EINVAL may mean that there is too little room for the associations.
            is_too_short = error.errno == errno.EINVAL and room < _ROOM_MAX
            if not is_too_short or optname != SCTP_GET_ASSOC_ID_LIST:
                raise
        room = min(8 * room, _ROOM_MAX)
    fields = _unpack(name, found.ljust(size, b"\0"))
    return fields if rows or tail is None else fields[tail[0]]


def _name_all_paths(sock: "sctp_socket", name: str, packed: bytes) -> bytes:
    """The bytes of a structure. If the address is left out, they have the wildcard of
    the socket's family in its place."""
    offset = _ALL_PATHS[name]
    end = offset + SOCKADDR_STORAGE_CSIZE
    if any(packed[offset:end]):
        return packed
    is_ipv4 = _socket.socket.family.__get__(sock) == AF_INET
    wildcard = ipaddr_to_sockaddr_storage(("", 0) if is_ipv4 else ("", 0, 0, 0))
    return packed[:offset] + wildcard + packed[end:]


def _read_paths(sock: "sctp_socket", optname: int, name: str, value: Any) -> Any:
    """Reads an option of _ALL_PATHS."""
    packed = bytes(_LAYOUTS[name][0]) if value is None else _pack(name, value)
    packed = _name_all_paths(sock, name, packed)
    return _unpack(name, sock._getsockopt(IPPROTO_SCTP, optname, packed))


# The functions that read special structures.
_READERS = {
    **dict.fromkeys(_LISTS, _read_list),
    **dict.fromkeys(_ALL_PATHS, _read_paths),
}


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
        name = None
        if level == IPPROTO_SCTP:
            # A float that is equal is refused, as the base does.
            level, optname = operator.index(level), operator.index(optname)
            name = _STRUCTURES.get(optname)
        if name is None or not isinstance(optval, _Structure):
            if name is None or not (
                optval is None or isinstance(optval, dict) or name in _LISTS
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
            if name in _READERS:
                return _READERS[name](self, optname, name, optval)
            return self._get_option(optname, name, optval)
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
        name = _STRUCTURES[optname]
        _, rows, tail = _LAYOUTS[name]
        if not rows and tail is not None:
            value = {tail[0]: value}
        packed = _pack_structure(name, value)
        if name in _ALL_PATHS:
            packed = _name_all_paths(self, name, packed)
        try:
            self._setsockopt(IPPROTO_SCTP, optname, packed)
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
