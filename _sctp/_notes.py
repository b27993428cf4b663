"""Notes that explain errors of the kernel (PEP 678).

This module is imported when a call fails, never before. C calls add();
sctp.sctp_socket calls add_to_option().
"""

import errno
import ipaddress
import socket
import struct
import sys
from collections.abc import Callable
from socket import SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET
from typing import Any

import _sctp.sctp
import _sctp.sctp_info
from _sctp.sctp import (
    IPPROTO_SCTP,
    SCTP_ADD_STREAMS,
    SCTP_ALL_ASSOC,
    SCTP_BINDX_ADD_ADDR,
    SCTP_BINDX_REM_ADDR,
    SCTP_CURRENT_ASSOC,
    SCTP_DEFAULT_SNDINFO,
    SCTP_GET_PEER_ADDR_INFO,
    SCTP_HMAC_IDENT,
    SCTP_INITMSG,
    SCTP_RESET_ASSOC,
    SCTP_RESET_STREAMS,
    SCTP_STATUS,
    SCTP_STREAM_RESET_OUTGOING,
    ipaddr_to_sockaddr_storage,
    sctp_socket,
    sockaddr_storage_to_ipaddr,
)
from _sctp.sctp_info import (
    SCTP_ABORT,
    SCTP_EOF,
    SCTP_SENDALL,
    sctp_authinfo,
    sctp_sendv_spa,
    sctp_sndinfo,
)

_Address = tuple[Any, ...]

_LINUX = sys.platform == "linux"
_SYSCTL = "net.sctp" if _LINUX else "net.inet.sctp"
_ASCONF = f"{_SYSCTL}.{'addip_enable' if _LINUX else 'asconf_enable'}"
_RECONFIG = f"{_SYSCTL}.{'reconf_enable' if _LINUX else 'reconfig_enable'}"


# What the kernel knows


def _ask(
    sock: sctp_socket, option: int, structure: str, wanted: str, **fields: Any
) -> int | None:
    """A field of an option, or None if the kernel does not give it."""
    size, rows, _ = _sctp.sctp._describe(structure)
    value = bytearray(size)
    for key, code, offset, _ in rows:
        if key in fields:
            struct.pack_into(f"={code}", value, offset, fields[key])
        if key == wanted:
            place = f"={code}", offset
    try:
        answer = sctp_socket._getsockopt(sock, IPPROTO_SCTP, option, bytes(value))
    except OSError:
        return None
    number: int = struct.unpack_from(place[0], answer, place[1])[0]
    return number


def _count_streams(
    sock: sctp_socket, assoc_id: int, which: str = "sstat_outstrms"
) -> int | None:
    """The number of streams, or None if there is no such association."""
    return _ask(sock, SCTP_STATUS, "sctp_status", which, sstat_assoc_id=assoc_id)


def _find_association(sock: sctp_socket, address: _Address) -> int:
    """The association with a peer, or 0 if there is none."""
    found = _ask(
        sock,
        SCTP_GET_PEER_ADDR_INFO,
        "sctp_paddrinfo",
        "spinfo_assoc_id",
        spinfo_address=ipaddr_to_sockaddr_storage(address),
    )
    return found or 0


def _is_many(sock: sctp_socket) -> bool:
    return sock.type == SOCK_SEQPACKET


def _listens(sock: sctp_socket) -> bool:
    return bool(sock.getsockopt(SOL_SOCKET, socket.SO_ACCEPTCONN))


def _only_ipv6(sock: sctp_socket) -> bool:
    return sock.family == socket.AF_INET6 and bool(
        sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    )


def _host(address: _Address) -> Any:
    """The host of an address. An IPv4 address and its mapped IPv6 address are equal."""
    host = ipaddress.ip_address(address[0].partition("%")[0])
    return getattr(host, "ipv4_mapped", None) or host


def _bound_port(sock: sctp_socket) -> int:
    """The port of the socket, or 0 if it is not bound, which FreeBSD calls an error."""
    try:
        port: int = sock.getsockname()[1]
    except OSError:
        return 0
    return port


# Texts of several errors

_EMPTY = "The list of addresses is empty."
_ENDED = "The association ended while the message waited for room in the send buffer."
_SHUTTING_DOWN = "The association is shutting down and takes no more messages."


_RESERVED = {
    SCTP_CURRENT_ASSOC: "SCTP_CURRENT_ASSOC",
    SCTP_ALL_ASSOC: "SCTP_ALL_ASSOC",
}


def _no_such_association(assoc_id: int) -> str:
    if assoc_id in _RESERVED:
        return (
            f"{assoc_id} is a reserved number, {_RESERVED[assoc_id]}. It is not the"
            " identifier of an association."
        )
    return (
        f"The socket has no association {assoc_id}: it has ended, or it is of another"
        " socket."
    )


def _no_such_stream(name: str, stream: int, streams: int) -> str:
    return (
        f"{name} {stream} does not exist: there are {streams} streams, 0 to"
        f" {streams - 1}. SCTP_INITMSG asks for more before an association is set up,"
        " SCTP_ADD_STREAMS after that."
    )


def _unusable_address(
    sock: sctp_socket, addresses: tuple[_Address, ...], whose: str
) -> str | None:
    only_ipv6 = _only_ipv6(sock)
    for address in addresses:
        if len(address) == 2 and only_ipv6:
            return f"IPV6_V6ONLY is on, so the socket does not accept {address}."
    if whose == "own":
        return None
    for address in addresses:
        host = ipaddress.ip_address(address[0].partition("%")[0])
        if host.is_unspecified or host.is_multicast or f"{host}" == "255.255.255.255":
            return f"No peer can have the address {address}."
    return None


# Messages

_SND_FLAGS = 0
for _name in (
    "SCTP_UNORDERED",
    "SCTP_ADDR_OVER",
    "SCTP_ABORT",
    "SCTP_EOF",
    "SCTP_EOR",
    "SCTP_SENDALL",
    "SCTP_SACK_IMMEDIATELY",
    "SCTP_PR_SCTP_TTL",
    "SCTP_PR_SCTP_RTX",
    "SCTP_PR_SCTP_PRIO",
    "SCTP_PR_SCTP_ALL",
):
    _SND_FLAGS |= getattr(_sctp.sctp_info, _name, 0)


def _why_invalid_message(
    sock: sctp_socket, size: int, info: object, addresses: tuple[_Address, ...]
) -> str | None:
    sndinfo = info.sndinfo if isinstance(info, sctp_sendv_spa) else info
    authinfo = info.authinfo if isinstance(info, sctp_sendv_spa) else info
    by_default = False
    if not isinstance(sndinfo, sctp_sndinfo):
        by_default = True
        sndinfo = sctp_sndinfo()
    flags = sndinfo["snd_flags"]
    ending = flags & (SCTP_EOF | SCTP_ABORT)
    if size == 0 and not ending:
        return (
            "SCTP has no empty messages. Only with SCTP_EOF or SCTP_ABORT in snd_flags"
            " may the data be empty."
        )
    if ending and sock.getsockopt(SOL_SOCKET, socket.SO_TYPE) == SOCK_STREAM:
        return (
            "SCTP_EOF and SCTP_ABORT are for one-to-many sockets. On a one-to-one"
            " socket, shutdown() ends the association. To abort it, set SO_LINGER to 0"
            " seconds and call close()."
        )
    if size > 0 and flags & SCTP_EOF:
        return (
            "A message with SCTP_EOF must be empty: send the data first, then an empty"
            " message with SCTP_EOF."
        )
    if flags & ~_SND_FLAGS:
        return f"snd_flags has bits that are not flags: {flags & ~_SND_FLAGS:#x}."
    if flags & SCTP_SENDALL:
        return None  # the associations differ in their streams
    assoc_id = sndinfo["snd_assoc_id"] if _is_many(sock) else 0
    if addresses and (assoc_id == 0 or _LINUX):
        assoc_id = _find_association(sock, addresses[0])
    streams = _count_streams(sock, assoc_id)
    if streams is None and assoc_id != 0:
        return _no_such_association(assoc_id)
    if streams is None and ending and addresses:
        return f"There is no association with {addresses[0]} to end."
    if streams is None:
        streams = _ask(sock, SCTP_INITMSG, "sctp_initmsg", "sinit_num_ostreams")
    name = "snd_sid"
    stream: int | None = sndinfo["snd_sid"]
    if by_default:
        name = "snd_sid of SCTP_DEFAULT_SNDINFO,"
        stream = _ask(
            sock,
            SCTP_DEFAULT_SNDINFO,
            "sctp_default_sndinfo",
            "snd_sid",
            snd_assoc_id=assoc_id,
        )
    if streams is not None and stream is not None and stream >= streams:
        return _no_such_stream(name, stream, streams)
    unusable = _unusable_address(sock, addresses, "peer")
    if unusable is None and stream is not None and isinstance(authinfo, sctp_authinfo):
        return (
            f"The key auth_keynumber {authinfo['auth_keynumber']} may be unknown to the"
            " association, or deactivated. SCTP_AUTH_KEY sets a key."
        )
    return unusable


def _why_no_association(
    sock: sctp_socket, size: int, info: object, addresses: tuple[_Address, ...]
) -> str:
    sndinfo = info.sndinfo if isinstance(info, sctp_sendv_spa) else info
    assoc_id = sndinfo["snd_assoc_id"] if isinstance(sndinfo, sctp_sndinfo) else 0
    if not _is_many(sock):
        if _listens(sock):
            return (
                "The socket listens, so it cannot send: use the socket that accept()"
                " returns."
            )
        if _count_streams(sock, 0) is None:
            return "The socket is not connected, or its association has ended."
    elif assoc_id != 0 and not (addresses and _LINUX):
        if _count_streams(sock, assoc_id) is None:
            return _no_such_association(assoc_id)
    elif not addresses:
        return (
            "A message on a one-to-many socket needs a destination: give an address,"
            " or a sctp_sndinfo with snd_assoc_id."
        )
    return _SHUTTING_DOWN


def _why_no_address_of_the_peer(
    sock: sctp_socket, size: int, info: object, addresses: tuple[_Address, ...]
) -> str | None:
    if addresses and _count_streams(sock, 0) is not None:
        return (
            f"{addresses[0]} is not an address of the peer, and a one-to-one socket"
            " sends only to its peer."
        )
    return None


def _why_too_long(sock: sctp_socket, size: int, *_: object) -> str:
    room = sock.getsockopt(SOL_SOCKET, socket.SO_SNDBUF)
    if size > room:
        return f"A message must fit into the send buffer: SO_SNDBUF is {room} bytes."
    return "SCTP_DISABLE_FRAGMENTS is on, so a message must fit into one packet."


def _why_nothing_received(sock: sctp_socket) -> str:
    if _listens(sock):
        return (
            "The socket listens, so it cannot receive: use the socket that accept()"
            " returns."
        )
    return "The socket is not connected."


# Addresses


def _is_local(address: _Address) -> bool:
    """Tries to bind another socket to the address, with any port."""
    host, _, *rest = address
    family = socket.AF_INET6 if rest else socket.AF_INET
    with socket.socket(family, SOCK_SEQPACKET, IPPROTO_SCTP) as other:
        try:
            other.bind((host, 0, *rest))
        except OSError as error:
            return error.errno != errno.EADDRNOTAVAIL
    return True


def _partly(
    addresses: tuple[_Address, ...], flags: int, note: str | None
) -> str | None:
    """Warns that some addresses may be bound. RFC 6458, 9.1 wants all or none, but the
    kernels may keep some."""
    if note is not None and len(addresses) > 1 and flags == SCTP_BINDX_ADD_ADDR:
        note += " Other addresses of the list may be bound now: see sctp_getladdrs()."
    return note


def _why_not_local(
    sock: sctp_socket, addresses: tuple[_Address, ...], flags: int
) -> str | None:
    for address in addresses:
        if not _is_local(address):
            note = f"This machine has no address {address} to bind to."
            return _partly(addresses, flags, note)
    return None


def _why_in_use(
    sock: sctp_socket, addresses: tuple[_Address, ...], flags: int
) -> str | None:
    if len(addresses) == 1:
        return None
    found = ", ".join(map(str, addresses))
    note = f"Another socket uses the port on one of {found}."
    return _partly(addresses, flags, note)


def _why_invalid_addresses(
    sock: sctp_socket, addresses: tuple[_Address, ...], flags: int
) -> str | None:
    return _partly(addresses, flags, _find_fault(sock, addresses, flags))


def _find_fault(
    sock: sctp_socket, addresses: tuple[_Address, ...], flags: int
) -> str | None:
    if not addresses:
        return _EMPTY
    unusable = _unusable_address(sock, addresses, "own")
    if unusable is not None:
        return unusable
    if len(addresses) > 1 and any(
        _host(address).is_unspecified for address in addresses
    ):
        return "The wildcard address means all addresses: it must be the only one."
    port = _bound_port(sock)
    for address in addresses:
        if port != 0 and address[1] not in (0, port):
            return f"The socket is bound to port {port}, so {address} has a wrong port."
    if port != 0 and _host(sock.getsockname()).is_unspecified:
        return "The socket is bound to the wildcard address, so it has all addresses."
    if flags == SCTP_BINDX_REM_ADDR:
        return _not_bound_to(sock, addresses)
    local = {_host(address) for address in sock.sctp_getladdrs() or ()}
    for address in addresses:
        if _host(address) in local:
            return f"The socket is bound to {address[0]} already."
    return None


def _not_bound_to(sock: sctp_socket, addresses: tuple[_Address, ...]) -> str | None:
    local = {_host(address) for address in sock.sctp_getladdrs() or ()}
    for address in addresses:
        if _host(address) not in local:
            return f"The socket is not bound to {address}."
    return None


def _why_not_removed(
    sock: sctp_socket, addresses: tuple[_Address, ...], flags: int
) -> str:
    if _bound_port(sock) == 0:
        return "The socket is not bound to an address yet."
    if _host(sock.getsockname()).is_unspecified:
        return (
            "The socket is bound to the wildcard address. No single address can be"
            " removed from that."
        )
    return (
        _not_bound_to(sock, addresses)
        or "The last address of a socket cannot be removed."
    )


def _why_not_a_peer(sock: sctp_socket, addresses: tuple[_Address, ...]) -> str | None:
    if not addresses:
        return _EMPTY
    return _unusable_address(sock, addresses, "peer")


def _why_connected(sock: sctp_socket, addresses: tuple[_Address, ...]) -> str:
    if _is_many(sock):
        return (
            "There is an association with that peer already: sctp_sendv() can use it."
        )
    if _listens(sock):
        return "The socket listens, so it cannot connect: use another socket."
    return "A one-to-one socket has one association: use a new socket for another one."


# Associations


def _why_not_peeled(sock: sctp_socket, assoc_id: int) -> str | None:
    if not _is_many(sock):
        return "sctp_peeloff() is for one-to-many sockets."
    return _why_unknown(sock, assoc_id)


def _why_unknown(sock: sctp_socket, assoc_id: int) -> str | None:
    if _count_streams(sock, assoc_id) is None:
        return _no_such_association(assoc_id)
    return None


def _why_not_accepted(sock: sctp_socket) -> str | None:
    if _is_many(sock):
        return (
            "On a one-to-many socket the kernel accepts associations by itself:"
            " sctp_recvv() receives from all of them. sctp_peeloff() moves one to a"
            " socket of its own."
        )
    if _listens(sock):
        return None
    peeled = sock.getsockopt(SOL_SOCKET, socket.SO_TYPE) == SOCK_SEQPACKET
    if peeled or _count_streams(sock, 0) is not None:
        return "The socket has an association already, so it cannot listen."
    return "The socket does not listen: call listen() first."


def _why_not_shut_down(sock: sctp_socket) -> str | None:
    if _is_many(sock):
        return (
            "shutdown() is for one-to-one sockets. To end an association of a"
            " one-to-many socket, send an empty message with SCTP_EOF in snd_flags."
        )
    return None


_LOAD = (
    '"modprobe sctp" as root (the module comes with packages such as'
    " linux-modules-extra or kernel-modules-extra)."
    if _LINUX
    else '"kldload sctp" as root.'
)
_NO_SCTP = f"This kernel has no SCTP, or its module is not loaded: run {_LOAD}"

# The note for an error of a call: a text, or a function that returns it. The function
# gets the socket and what else C passes.
_NOTES: dict[tuple[str, int], str | Callable[..., str | None]] = {
    ("sctp_socket", errno.EPROTONOSUPPORT): _NO_SCTP,
    ("sctp_socket", errno.ESOCKTNOSUPPORT): _NO_SCTP,
    ("sctp_sendv", errno.EINVAL): _why_invalid_message,
    ("sctp_sendv", errno.EPIPE): _why_no_association,
    ("sctp_sendv", errno.ENOENT): _why_no_association,
    ("sctp_sendv", errno.ENOTCONN): _why_no_association,
    ("sctp_sendv", errno.ESHUTDOWN): _why_no_association,
    ("sctp_sendv", errno.EADDRNOTAVAIL): _why_no_address_of_the_peer,
    ("sctp_sendv", errno.EMSGSIZE): _why_too_long,
    ("sctp_sendv", errno.ESRCH): _ENDED,
    ("sctp_recvv", errno.ENOTCONN): _why_nothing_received,
    ("sctp_bindx", errno.EADDRNOTAVAIL): _why_not_local,
    ("sctp_bindx", errno.EADDRINUSE): _why_in_use,
    ("sctp_bindx", errno.EINVAL): _why_invalid_addresses,
    ("sctp_bindx", errno.EBUSY): _why_not_removed,
    ("sctp_connectx", errno.EINVAL): _why_not_a_peer,
    ("sctp_connectx", errno.EISCONN): _why_connected,
    ("sctp_peeloff", errno.EINVAL): _why_not_peeled,
    ("sctp_peeloff", errno.ENOENT): _why_not_peeled,
    ("sctp_getladdrs", errno.EINVAL): _why_unknown,
    ("sctp_getladdrs", errno.ENOENT): _why_unknown,
    ("accept", errno.EINVAL): _why_not_accepted,
    ("accept", errno.EOPNOTSUPP): _why_not_accepted,
    ("shutdown", errno.ENOTCONN): _why_not_shut_down,
    ("shutdown", errno.EOPNOTSUPP): _why_not_shut_down,
}


def add(error: OSError, call: str, sock: sctp_socket, facts: tuple[Any, ...]) -> None:
    """Adds a note to the error of a call. C ignores what this function raises."""
    note = _NOTES.get((call, error.errno or 0))
    if callable(note):
        note = note(sock, *facts)
    if note is not None:
        error.add_note(note)


# Options

_OPTIONS = {row[1]: row for row in _sctp.sctp._options}

_NO_RESETS = (
    f"to reset or add streams, both sides need the sysctl {_RECONFIG} and"
    " SCTP_ENABLE_STREAM_RESET."
)
_RESETS = SCTP_RESET_STREAMS, SCTP_RESET_ASSOC, SCTP_ADD_STREAMS

_OPTION_NOTES = {
    errno.ENOPROTOOPT: "This kernel may be too old for the option. Or the option is"
    f" part of an extension that is off or was not negotiated: {_NO_RESETS}",
    errno.EPERM: "The option may be part of an extension that is off. Address"
    f" reconfiguration must be on at both sides before connecting: set the sysctl"
    f" {_ASCONF} to 1, or the option SCTP_ASCONF_SUPPORTED."
    + (f" The sysctl {_SYSCTL}.intl_enable switches interleaving on." if _LINUX else "")
    + " Interleaving also needs SCTP_FRAGMENT_INTERLEAVE.",
}


_AUTHENTICATE = (
    f"set the sysctl {_SYSCTL}.auth_enable to 1, or set the option SCTP_AUTH_SUPPORTED"
    " to 1 before the socket connects or listens."
)


def _why_unauthenticated(sock: sctp_socket) -> str:
    try:
        sctp_socket._getsockopt(sock, IPPROTO_SCTP, SCTP_HMAC_IDENT, bytes(64))
    except OSError:
        return f"Authentication may be off: {_AUTHENTICATE}"
    return (
        "Authentication may have been off when the association was set up, on this"
        f" side or the peer's. On both sides, {_AUTHENTICATE}"
    )


def _keys(structure: str | None) -> list[str]:
    return [row[0] for row in _sctp.sctp._describe(structure)[1]] if structure else []


# These options are for an association, not for a socket.
_OF_ASSOCIATIONS = {
    "SCTP_PRIMARY_ADDR",
    "SCTP_STATUS",
    "SCTP_GET_PEER_ADDR_INFO",
    "SCTP_PEER_AUTH_CHUNKS",
    "SCTP_SET_PEER_PRIMARY_ADDR",
    "SCTP_PR_STREAM_STATUS",
    "SCTP_PR_ASSOC_STATUS",
    "SCTP_RESET_STREAMS",
    "SCTP_RESET_ASSOC",
    "SCTP_ADD_STREAMS",
    "SCTP_STREAM_SCHEDULER_VALUE",
    "SCTP_GET_ASSOC_STATS",
}
_LISTS = {"sctp_authchunks", "sctp_assoc_ids"}


def _why_invalid_option(sock: sctp_socket, verb: str, optname: int, value: Any) -> str:
    name, _, structure, _, reference = _OPTIONS[optname]
    look = f" See {reference}." if reference.startswith("RFC") else ""
    fields = value if isinstance(value, dict) else {}
    which = next((key for key in _keys(structure) if key.endswith("assoc_id")), None)
    assoc_id = fields.get(which, 0)
    if optname == SCTP_RESET_ASSOC:
        which = "The value"
    if isinstance(value, int) and (optname == SCTP_RESET_ASSOC or structure in _LISTS):
        assoc_id = value
    elif verb == "read" and isinstance(value, int):
        size = _sctp.sctp._describe(structure)[0] if structure else 4
        if value != size:
            return f"{value} may be the wrong length for {name}.{look}"
    elif which is not None and not isinstance(value, (dict, int, type(None))):
        return f"The value, or the association in it, may be wrong for {name}.{look}"
    elif isinstance(value, int):
        which = None
    if which is not None:
        if not _is_many(sock):
            assoc_id = 0
        streams = _count_streams(sock, assoc_id)
        if streams is None and assoc_id not in (0, *_RESERVED):
            return _no_such_association(assoc_id)
        if streams is None and "scact_keynumber" not in fields:
            return _why_needed(sock, name, which, fields, assoc_id) + look
        if streams is not None:
            flags = fields.get("srs_flags", SCTP_STREAM_RESET_OUTGOING)
            if not flags & SCTP_STREAM_RESET_OUTGOING:
                streams = _count_streams(sock, assoc_id, "sstat_instrms") or 0
            bad = _bad_stream(fields, streams) or _bad_address(sock, fields, assoc_id)
            if bad is not None:
                return bad
    if "scact_keynumber" in fields:
        return (
            f"scact_keynumber {fields['scact_keynumber']} is not a key that"
            " SCTP_AUTH_KEY has set, or it is the active key, which cannot be"
            " deactivated or deleted."
        )
    return f"The kernel does not accept this value for {name}.{look}"


def _why_needed(
    sock: sctp_socket, name: str, which: str, fields: dict[Any, Any], assoc_id: int
) -> str:
    """The note for an option that was not for an existing association."""
    addressed = any(
        any(fields[key]) for key in fields if key.endswith(("_addr", "_address"))
    )
    if assoc_id == 0 and name not in _OF_ASSOCIATIONS and not addressed:
        return f"The value may be out of the range of the kernel for {name}."
    if not _is_many(sock):
        return f"The socket has no association, and {name} may need one."
    return (
        f"{which} is {assoc_id}, and {name} may need the identifier of an association."
    )


def _bad_stream(fields: dict[Any, Any], streams: int) -> str | None:
    for key in "srs_stream_list", "stream_id", "sprstat_sid":
        given = fields.get(key, ())
        for stream in (given,) if isinstance(given, int) else given:
            if stream >= streams:
                return _no_such_stream(key, stream, streams)
    return None


# Without an address, these fields mean all paths.
_ALL_PATHS = {"spp_address", "spt_address", "sue_address", "spi_address"}


def _bad_address(
    sock: sctp_socket, fields: dict[Any, Any], assoc_id: int
) -> str | None:
    found = sock.sctp_getpaddrs(assoc_id) or ()
    peers = {(_host(address), address[1]) for address in found}
    for key in fields:
        if key.endswith(("_addr", "_address")) and key != "sspp_addr":
            value = fields[key]
            if isinstance(value, bytes) and not any(value):
                if key in _ALL_PATHS:
                    continue
                return f"{key} is missing."
            if isinstance(value, bytes):
                value = sockaddr_storage_to_ipaddr(value)
            if (_host(value), value[1]) not in peers:
                return f"{key}: the peer has no address {value}."
    return None


def add_to_option(
    error: OSError, verb: str, sock: sctp_socket, optname: int, value: object
) -> None:
    """Adds a note to the error of an option that was read or set. verb is "read" or
    "write"."""
    if optname not in _OPTIONS:
        return
    name, _, _, access, _ = _OPTIONS[optname]
    if verb not in access:
        error.add_note(f"{name} is {access}-only.")
    elif error.errno == errno.EACCES:
        error.add_note(_why_unauthenticated(sock))
    elif error.errno in _OPTION_NOTES:
        error.add_note(_OPTION_NOTES[error.errno])
    elif error.errno == errno.EOPNOTSUPP and optname in _RESETS:
        error.add_note(f"The extension is off or was not negotiated: {_NO_RESETS}")
    elif error.errno == errno.EOPNOTSUPP and not _is_many(sock):
        error.add_note(f"{name} may be for one-to-many sockets only.")
    elif error.errno in (errno.EINVAL, errno.ENOENT):
        error.add_note(_why_invalid_option(sock, verb, optname, value))
