"""Explains a notification in a sentence, and finds its error causes."""

import struct
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from _sctp import sctp_event
from _sctp.sctp_event import *

from ._enums import (
    AssocChangeState,
    ChunkTypes,
    ErrorCause,
    NotificationType,
    PeerAddrState,
)

__all__ = ["describe_notification", "error_causes"]

# The type of what parse_notification() returns, for annotations.
if TYPE_CHECKING:
    Notification: TypeAlias = sctp_event._Notification
else:
    Notification = dict[str, Any]

# What parse_notification() returns or takes.
_Notification: TypeAlias = dict[str, Any] | bytes | bytearray | memoryview

_Member = TypeVar("_Member", bound=IntEnum)

_ASSOC_CHANGE = {
    AssocChangeState.COMM_UP: "is up with {sac_outbound_streams} outbound and"
    " {sac_inbound_streams} inbound streams",
    AssocChangeState.COMM_LOST: "is lost",
    AssocChangeState.RESTART: "was restarted by the peer",
    AssocChangeState.SHUTDOWN_COMP: "has ended gracefully",
    AssocChangeState.CANT_STR_ASSOC: "could not be set up",
}

_PEER_ADDR_CHANGE = {
    "ADDR_AVAILABLE": "is reachable",
    "ADDR_UNREACHABLE": "is unreachable",
    "ADDR_REMOVED": "was removed",
    "ADDR_ADDED": "was added",
    "ADDR_MADE_PRIM": "is the primary address now",
    "ADDR_CONFIRMED": "is confirmed",
    "ADDR_POTENTIALLY_FAILED": "has potentially failed",
}

_AUTHENTICATION = {
    SCTP_AUTH_NEW_KEY: "uses the new key {auth_keynumber}",
    SCTP_AUTH_FREE_KEY: "no longer needs the key {auth_keynumber}",
    SCTP_AUTH_NO_AUTH: "has a peer that does not authenticate",
}


def _parsed(notif: _Notification) -> dict[str, Any]:
    return notif if isinstance(notif, dict) else parse_notification(notif)


def _look_up(enumeration: type[_Member], value: int) -> _Member | int:
    """The member with this value, or the value itself if there is none."""
    return enumeration(value) if value in enumeration._value2member_map_ else value


def _in_words(cause: ErrorCause | int, data: bytes = b"") -> str:
    if not isinstance(cause, ErrorCause):
        return f"error cause {cause}"
    words = cause.name.lower().replace("_", " ")
    if cause == ErrorCause.USER_INITIATED_ABORT and data:
        # The peer chose the text: repr() keeps control characters out of logs.
        words += f" ({data.decode('utf-8', 'backslashreplace')!r})"
    return words


def _walk(data: bytes, at: int) -> Iterator[tuple[ErrorCause | int, bytes]]:
    """The (code, data) of each error cause in data, from the offset at on. The last
    one may be cut off."""
    while len(data) - at >= 4:
        code, length = struct.unpack_from("!HH", data, at)
        if length < 4:
            break
        yield _look_up(ErrorCause, code), data[at + 4 : at + length]
        at += (length + 3) & ~3


def _is_chunk(data: bytes, type: int) -> bool:
    """Whether data is a chunk of this type, or the beginning of one. FreeBSD passes
    on at most 512 bytes."""
    return (
        len(data) >= 4
        and data[0] == type
        and int.from_bytes(data[2:4], "big") > len(data) - 4
    )


def error_causes(notif: _Notification) -> tuple[tuple[ErrorCause | int, bytes], ...]:
    """The error causes of a notification: a tuple of (cause, data).

    notif is a notification as a dict or as bytes: what parse_notification()
    returns or takes. cause is an ErrorCause, or an int if its number is not known.
    data is bytes.

    Only two notifications have causes: SCTP_ASSOC_CHANGE those of the peer's ABORT
    chunk, and SCTP_REMOTE_ERROR those of its ERROR chunk. For all others the tuple
    is empty. Linux sends a notification for each cause of an ERROR chunk; the data
    then includes the zeros that pad it to a multiple of four bytes.
    """
    notif = _parsed(notif)
    if notif["sn_type"] == SCTP_REMOTE_ERROR:
        data, error = notif["sre_data"], notif["sre_error"]
        if _is_chunk(data, ChunkTypes.ERROR):
            causes = tuple(_walk(data, 4))
            if error in dict(causes):
                return causes
        return ((_look_up(ErrorCause, error), data),)
    data = notif.get("sac_info", ())
    if not isinstance(data, bytes):
        return ()
    return tuple(_walk(data, 4 if _is_chunk(data, ChunkTypes.ABORT) else 0))


def _describe_assoc_change(notif: dict[str, Any]) -> str:
    state = notif["sac_state"]
    what = _ASSOC_CHANGE.get(state, f"is in the unknown state {state}")
    # An association that could not be set up may have no identifier yet.
    which = "Association {sac_assoc_id}" if notif["sac_assoc_id"] else "An association"
    text = f"{which} {what}".format(**notif)
    causes = error_causes(notif)
    if not causes and notif["sac_error"]:
        causes = ((_look_up(ErrorCause, notif["sac_error"]), b""),)
    if causes:
        text += ": " + ", ".join(_in_words(*cause) for cause in causes)
    return text


def _describe_peer_addr_change(notif: dict[str, Any]) -> str:
    host, port = notif["spc_aaddr"][:2]
    state = notif["spc_state"]
    name = getattr(_look_up(PeerAddrState, state), "name", "")
    what = _PEER_ADDR_CHANGE.get(name, f"is in the unknown state {state}")
    return f"Address {host} port {port} of association {notif['spc_assoc_id']} {what}"


def _describe_send_failed(notif: dict[str, Any]) -> str:
    prefix, info = ("ssfe", "snd") if "ssfe_info" in notif else ("ssf", "sinfo")
    fragment = notif[f"{prefix}_info"][f"{info}_flags"] & SCTP_DATA_NOT_FRAG
    what = "A message" if fragment == SCTP_DATA_NOT_FRAG else "Part of a message"
    sent = notif[f"{prefix}_flags"] == SCTP_DATA_SENT
    error = notif[f"{prefix}_error"]
    text = (
        f"{what} ({len(notif[f'{prefix}_data'])} bytes) on association"
        f" {notif[f'{prefix}_assoc_id']} was"
        f" {'sent but not acknowledged' if sent else 'not sent'}"
    )
    return f"{text}: {_in_words(_look_up(ErrorCause, error))}" if error else text


def _describe_authentication(notif: dict[str, Any]) -> str:
    what = _AUTHENTICATION.get(notif["auth_indication"], "reports {auth_indication}")
    return f"Association {{auth_assoc_id}} {what}".format(**notif)


def _outcome(flags: int, denied: int, failed: int) -> str:
    return "was denied" if flags & denied else "failed" if flags & failed else "is done"


def _describe_stream_reset(notif: dict[str, Any]) -> str:
    flags = notif["strreset_flags"]
    directions = [
        f"{word} "
        for word, flag in (
            ("incoming", SCTP_STREAM_RESET_INCOMING_SSN),
            ("outgoing", SCTP_STREAM_RESET_OUTGOING_SSN),
        )
        if flags & flag
    ]
    streams = ", ".join(map(str, notif["strreset_stream_list"])) or "all"
    outcome = _outcome(flags, SCTP_STREAM_RESET_DENIED, SCTP_STREAM_RESET_FAILED)
    return (
        f"Resetting {'and '.join(directions)}streams ({streams}) of association"
        f" {notif['strreset_assoc_id']} {outcome}"
    )


def _describe_assoc_reset(notif: dict[str, Any]) -> str:
    outcome = _outcome(
        notif["assocreset_flags"], SCTP_ASSOC_RESET_DENIED, SCTP_ASSOC_RESET_FAILED
    )
    return f"Resetting association {notif['assocreset_assoc_id']} {outcome}"


def _describe_stream_change(notif: dict[str, Any]) -> str:
    outcome = _outcome(
        notif["strchange_flags"], SCTP_STREAM_CHANGE_DENIED, SCTP_STREAM_CHANGE_FAILED
    )
    return (
        f"Adding streams to association {notif['strchange_assoc_id']} {outcome}:"
        f" {notif['strchange_instrms']} inbound, {notif['strchange_outstrms']} outbound"
    )


def _describe_remote_error(notif: dict[str, Any]) -> str:
    causes = ", ".join(_in_words(*cause) for cause in error_causes(notif))
    return f"The peer of association {notif['sre_assoc_id']} reports: {causes}"


# Not every kernel has this type, and no kernel lets a program subscribe to it.
_STOPPED: int | None = getattr(sctp_event, "SCTP_NOTIFICATIONS_STOPPED_EVENT", None)

# A format for the keys of the notification, or a function that returns the text.
_DESCRIPTIONS: dict[str, str | Callable[[dict[str, Any]], str]] = {
    "ASSOC_CHANGE": _describe_assoc_change,
    "PEER_ADDR_CHANGE": _describe_peer_addr_change,
    "REMOTE_ERROR": _describe_remote_error,
    "SEND_FAILED": _describe_send_failed,
    "SEND_FAILED_EVENT": _describe_send_failed,
    "SHUTDOWN_EVENT": "The peer of association {sse_assoc_id} shuts it down",
    "ADAPTATION_INDICATION": "The peer of association {sai_assoc_id} indicates the"
    " adaptation layer {sai_adaptation_ind:#010x}",
    # On Linux pdapi_stream is 0 unless messages are interleaved.
    "PARTIAL_DELIVERY_EVENT": "The rest of a message on association"
    " {pdapi_assoc_id} will not come",
    "AUTHENTICATION_EVENT": _describe_authentication,
    "SENDER_DRY_EVENT": "Association {sender_dry_assoc_id} has delivered everything",
    "STREAM_RESET_EVENT": _describe_stream_reset,
    "ASSOC_RESET_EVENT": _describe_assoc_reset,
    "STREAM_CHANGE_EVENT": _describe_stream_change,
}


def describe_notification(notif: _Notification) -> str:
    """One English sentence that says what a notification means.

    notif is a notification as a dict or as bytes: what parse_notification()
    returns or takes.
    """
    notif = _parsed(notif)
    if notif["sn_type"] == _STOPPED:
        return "There is no room for notifications: some are lost."
    description = _DESCRIPTIONS[NotificationType(notif["sn_type"]).name]
    if isinstance(description, str):
        return description.format(**notif) + "."
    return description(notif) + "."
