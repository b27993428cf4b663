"""Joins pieces to whole messages and notifications.

Nothing here waits or uses a socket; the front ends do that.
"""

import errno
from socket import htonl, ntohl
from typing import Any, TypeAlias

from _sctp.sctp_info import SCTP_UNORDERED, sctp_rcvinfo

from ._notifications import Notification

__all__ = ["Address", "Assembler", "Message", "MessageTooLong", "plain_address"]

Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int]

# How many bytes of a message repr() shows.
_SHOWN = 20
_MAPPED = "::ffff:"


def plain_address(address: Any) -> Any:
    """The address. If it is an IPv4-mapped IPv6 address, the IPv4 address."""
    if address is not None and address[0].startswith(_MAPPED):
        host = address[0][len(_MAPPED) :]
        if ":" not in host:
            return host, address[1]
    return address


class Message:
    """A whole message, as the peer sent it.

    ``rcvinfo`` is the ``sctp_rcvinfo`` of the message, or of its first piece if
    it came in pieces. ``association`` is the association that it came on.
    """

    __module__ = "sctp"
    __slots__ = ("_address", "association", "data", "rcvinfo")

    data: bytes
    rcvinfo: sctp_rcvinfo
    association: object

    def __init__(
        self,
        data: bytes,
        rcvinfo: sctp_rcvinfo,
        address: Address | None = None,
        association: object = None,
    ) -> None:
        self.data = data
        self.rcvinfo = rcvinfo
        self._address = address
        self.association = association

    @property
    def stream(self) -> int:
        """The number of the stream that it came on."""
        return self.rcvinfo["rcv_sid"]

    @property
    def ppid(self) -> int:
        """The payload protocol identifier in host order. PayloadProtocol has names
        for such numbers."""
        return ntohl(self.rcvinfo["rcv_ppid"])

    @property
    def unordered(self) -> bool:
        """Whether the peer sent it with SCTP_UNORDERED."""
        return bool(self.rcvinfo["rcv_flags"] & SCTP_UNORDERED)

    @property
    def address(self) -> Address:
        """The address that the sender used. An IPv4 address has the IPv4 form, also
        on an IPv6 socket."""
        address: Address = plain_address(self._address)
        return address

    def __repr__(self) -> str:
        data = self.data
        shown = repr(data[:_SHOWN]) + ("..." if len(data) > _SHOWN else "")
        ppid = f", ppid {self.ppid}" if self.rcvinfo["rcv_ppid"] else ""
        return (
            f"<Message of {len(data):,} bytes on stream {self.stream}{ppid}: {shown}>"
        )


class MessageTooLong(OSError):
    """A message was longer than ``max_message``, or there was no room for its
    pieces (``max_total``). It was read and dropped.

    ``errno`` is EMSGSIZE. ``size`` is the number of bytes that were read.
    ``stream`` and ``association`` tell where the message came from. The
    association goes on.
    """

    __module__ = "sctp"
    size: int = 0
    stream: int = 0
    association: object = None


def _too_long(size: int, stream: int, association: object) -> MessageTooLong:
    text = f"a message of {size:,} bytes on stream {stream} was too long: dropped"
    error = MessageTooLong(errno.EMSGSIZE, text)
    error.size = size
    error.stream = stream
    error.association = association
    return error


class _Piece:
    """The data of an unfinished message. If the message is too long, data is None,
    and its bytes are only counted."""

    __slots__ = ("address", "data", "rcvinfo", "size")

    def __init__(self, rcvinfo: sctp_rcvinfo, address: Address | None) -> None:
        self.rcvinfo = rcvinfo
        self.address = address
        self.data: bytearray | None = bytearray()
        self.size = 0


# The bytes that an unfinished message takes beyond its data. A bytearray also keeps
# spare room: one part in _RESERVE.
_PIECE_COST = 1024
_RESERVE = 8


class Assembler:
    """Joins the pieces of one socket. Pieces belong together if they have the same
    association and stream, and are both ordered or both unordered.

    A message has at most max_message bytes. All unfinished messages of the socket
    take at most max_total bytes, including what Python needs for them.
    """

    def __init__(self, max_message: int, max_total: int) -> None:
        self.max_message = max_message
        self.max_total = max_total
        self.total = 0
        # By association, then by 2 * stream + unordered. If no message is
        # unfinished, it is empty.
        self.unfinished: dict[int, dict[int, _Piece]] = {}
        self._notification: bytearray | None = None

    def join(
        self,
        data: bytes,
        address: Address | None,
        rcvinfo: sctp_rcvinfo,
        is_last: bool,
        association: object,
    ) -> Message | MessageTooLong | None:
        """Takes a piece. Returns the message that it completes, or MessageTooLong
        in its place, or None.

        All changes come last, without a call between them. So a signal is handled
        before all of them or after all of them.
        """
        assoc_id = rcvinfo["rcv_assoc_id"]
        key = rcvinfo["rcv_sid"] * 2 + bool(rcvinfo["rcv_flags"] & SCTP_UNORDERED)
        pieces = self.unfinished.get(assoc_id, {})
        piece = pieces.get(key)
        total = self.total
        if piece is None:
            piece = _Piece(rcvinfo, address)
            total += _PIECE_COST
        size = piece.size + len(data)
        before = piece.data
        is_kept = before is not None and size <= self.max_message
        if before is not None:
            total -= self._cost(len(before))
        if is_last:
            total -= _PIECE_COST
            item: Message | MessageTooLong
            if is_kept and before is not None:
                whole = b"".join((before, data))
                item = Message(whole, piece.rcvinfo, piece.address, association)
            else:
                item = _too_long(size, piece.rcvinfo["rcv_sid"], association)
            self.total = total
            if key in pieces:
                del pieces[key]
                if not pieces:
                    del self.unfinished[assoc_id]
            return item
        needed = total + self._cost(size)
        is_kept = is_kept and needed <= self.max_total
        self.total = needed if is_kept else total
        piece.size = size
        if before is not None and is_kept:
            before += data
        else:
            piece.data = None
        pieces[key] = piece
        self.unfinished[assoc_id] = pieces
        return None

    def _cost(self, size: int) -> int:
        return size + size // _RESERVE

    def _drop(self, assoc_id: int, pieces: dict[int, _Piece], key: int) -> None:
        piece = pieces.pop(key)
        self.total -= _PIECE_COST
        if piece.data is not None:
            self.total -= self._cost(len(piece.data))
        if not pieces:
            del self.unfinished[assoc_id]

    def join_notification(self, data: bytes, is_last: bool) -> bytes | None:
        """Takes a piece of a notification. Returns the notification that it
        completes, or None. Like join(), it makes all changes last."""
        before = self._notification
        if not is_last:
            if before is None:
                before = bytearray()
            before += data
            self._notification = before
            return None
        if before is not None:
            data = b"".join((before, data))
            self._notification = None
        return data

    def forget(self, assoc_id: int) -> None:
        """Drops the pieces of an association that has ended or was restarted."""
        pieces = self.unfinished.get(assoc_id, {})
        for key in list(pieces):
            self._drop(assoc_id, pieces, key)

    def forget_broken(self, notification: Notification) -> None:
        """Drops the pieces of a message whose rest will not come. notification is
        an SCTP_PARTIAL_DELIVERY_EVENT.

        Linux tells the stream only if messages are interleaved. If they are not,
        the association has at most one unfinished message.
        """
        assoc_id = notification["pdapi_assoc_id"]
        pieces = self.unfinished.get(assoc_id, {})
        ordered = notification["pdapi_stream"] * 2
        named = [key for key in (ordered, ordered + 1) if key in pieces]
        if len(named) > 1:
            # Linux tells by the lowest flag which of the two it is.
            named = [ordered + (notification["pdapi_flags"] & 1)]
        elif not named and len(pieces) == 1:
            named = list(pieces)
        for key in named:
            self._drop(assoc_id, pieces, key)

    def move(self, assoc_id: int, other: "Assembler") -> None:
        """Moves the pieces of a peeled-off association to the new assembler of its
        new socket. Call it before anything is read from that socket."""
        pieces = self.unfinished.get(assoc_id)
        if pieces is None:
            return
        size = 0
        for piece in pieces.values():
            size += _PIECE_COST
            if piece.data is not None:
                size += self._cost(len(piece.data))
        # There is no call in between, as in join().
        other.unfinished[assoc_id] = pieces
        other.total += size
        del self.unfinished[assoc_id]
        self.total -= size


def network_ppid(ppid: int) -> int:
    """Converts a payload protocol identifier for snd_ppid. Raises ValueError if it is
    out of range."""
    check_number(ppid, "ppid", 0xFFFFFFFF)
    return htonl(ppid)


def check_number(value: object, name: str, most: int) -> None:
    """Raises TypeError if the value is not an int, and ValueError if it is not in
    0..most."""
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if not 0 <= value <= most:
        raise ValueError(f"{name} must be in 0..{most}, not {value}")
