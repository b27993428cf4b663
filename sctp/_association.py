"""The part of an association that all front ends share: everything but waiting.

The core (_lifecycle) decides what has happened. This class decides what to do to
the socket then. A front end reads, waits, and wakes those who wait.
"""

import errno
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from socket import SHUT_WR
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from _sctp.sctp import IPPROTO_SCTP, SCTP_STATUS

from ._enums import NotificationType
from ._hub import Hub, Member
from ._lifecycle import ENDS, Lifecycle, Outgoing
from ._messages import Address, Assembler, plain_address
from ._options import sctp_status
from ._setup import Limits, iterate
from ._socket import sctp_socket
from ._sockets import abort_association, abort_socket, close_socket, send_shutdown

if TYPE_CHECKING:
    from typing_extensions import Buffer

    class _Keywords(TypedDict, total=False):
        stream: int
        ppid: int
        unordered: bool
        lifetime: float | None
        context: int

    Sendable: TypeAlias = Buffer | tuple[Buffer, _Keywords]

# A wake-up reads at most COUNT messages of _SIZE bytes, together 256 KiB. A longer
# message comes in pieces, which are joined.
COUNT, _SIZE = 32, 8192
# How many messages send_many() hands to the kernel before others have a turn.
BATCH = 128
# How many seconds to rest if FreeBSD reports room although there is none.
REST = 0.01
# After the peer is done, the kernel is asked from time to time whether it is done, too.
# These are the seconds between two questions, at first and at most.
_POLL_FIRST, _POLL_LAST = 0.001, 0.05

# The keywords of a message, in the order of Lifecycle.outgoing().
_KEYWORDS = ("stream", "ppid", "unordered", "lifetime", "context")


def piece_size(limits: Limits) -> int:
    """How many bytes to read at once. A message longer than max_message also comes
    in pieces; they are counted, but not kept."""
    return min(_SIZE, limits.max_message)


class OwnSocket:
    """Carries an association over a socket of its own."""

    def send_shutdown(self, association: "AssociationBase") -> None:
        association.socket.shutdown(SHUT_WR)

    def abort(self, association: "AssociationBase", reason: bytes) -> None:
        """Aborts the association. The caller must call close() next."""
        abort_socket(association.socket, reason, association.assoc_id)

    def look_for_end(self, association: "AssociationBase") -> None:
        """Reads on, because the news of an end has arrived or will arrive."""
        association._read()

    def linger(self, association: "AssociationBase") -> None:
        """The peer sends no more. Waits until the kernel has sent the rest."""
        if not association._is_lingering:
            association._pause()
            association._look_later(_POLL_FIRST)
            association._is_lingering = True

    def find_addresses(
        self, association: "AssociationBase"
    ) -> tuple[tuple[Address, ...] | None, ...]:
        """The addresses of this side, and those of the peer. With the identifier, they
        are those of the association. The socket may have others."""
        sock, assoc_id = association.socket, association.assoc_id
        return sock.sctp_getladdrs(assoc_id), sock.sctp_getpaddrs(assoc_id)

    def close(self, association: "AssociationBase") -> None:
        close_socket(association.socket)


class SharedSocket(OwnSocket):
    """Carries an association over the socket of its endpoint."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def _member(self, association: "AssociationBase") -> Member:
        member = association._core
        assert isinstance(member, Member)
        return member

    def send_shutdown(self, association: "AssociationBase") -> None:
        send_shutdown(association.socket, association.assoc_id)

    def abort(self, association: "AssociationBase", reason: bytes) -> None:
        self._hub.forget(self._member(association), is_aborted=True)
        abort_association(association.socket, reason, association.assoc_id)

    def look_for_end(self, association: "AssociationBase") -> None:
        raise NotImplementedError

    def linger(self, association: "AssociationBase") -> None:
        """Does nothing: a notification tells when the kernel is done."""

    def close(self, association: "AssociationBase") -> None:
        self._hub.forget(self._member(association))


class AssociationBase:
    """An association, without the waiting."""

    _carrier = OwnSocket()

    socket: sctp_socket
    """The socket underneath, for its options. Do not receive from it, and do not close
    it: abort() closes it."""

    def __init__(
        self,
        sock: sctp_socket,
        limits: Limits,
        events: frozenset[NotificationType],
        core: Lifecycle | None = None,
    ) -> None:
        self._use(sock)
        assembler = Assembler(limits.max_message, limits.max_total)
        self._core = core or Lifecycle(self, assembler, limits.max_unread, events)
        self._close_timeout = limits.close_timeout
        self._piece_size = piece_size(limits)
        self._is_reading = False
        # Called when something was read.
        self._on_news: Callable[[], None] | None = None
        self._is_lingering = False
        self._is_shut_down = False
        self._is_closed = False
        self._local: tuple[Address, ...] = ()
        self._peers: tuple[Address, ...] = ()

    def __repr__(self) -> str:
        peer = self._peers[0] if self._peers else ("", 0)
        where = "{}:{}".format(*peer)
        state = "closed" if self._is_closed else "open"
        return f"<Association {self.assoc_id} with {where}, {state}>"

    def _use(self, sock: sctp_socket) -> None:
        self.socket = sock
        self._fd = sock.fileno()
        self._recvv_many = sock.sctp_recvv_many
        self._sendv = sock.sctp_sendv

    # A front end adds these methods

    def _read(self) -> None:
        """Reads what has arrived, without waiting. Handles an end."""
        raise NotImplementedError

    def _react(self) -> None:
        """The endpoint has read something for it: handles an end, and wakes those who
        wait."""
        raise NotImplementedError

    def _pause(self) -> None:
        """Stops reading when something arrives."""
        raise NotImplementedError

    def _resume(self) -> None:
        """Starts reading again, unless the association has ended."""
        raise NotImplementedError

    def _resume_where_room(self) -> None:
        """Starts reading again, if there is room."""
        if not self._is_reading and self._core.has_room:
            self._resume()

    def _limit_closing(self) -> None:
        """Makes sure that _give_up() is called after close_timeout seconds. The time
        begins with the first call of this method."""
        raise NotImplementedError

    def _look_later(self, delay: float) -> None:
        """Calls _look(delay) after delay seconds."""
        raise NotImplementedError

    def _has_senders(self) -> bool:
        """Whether a task or a thread waits to send."""
        raise NotImplementedError

    def _wake_senders(self) -> None:
        """Wakes those who wait to send, to try again."""
        raise NotImplementedError

    def _close(self) -> None:
        """Closes the socket once, and wakes all who wait."""
        raise NotImplementedError

    # Its life

    def _take_over(self) -> None:
        """Asks the kernel for the data of an association that is already up."""
        status = self.status()
        core = self._core
        core.is_up = True
        core.assoc_id = status["sstat_assoc_id"]
        core.outbound_streams = status["sstat_outstrms"]
        core.inbound_streams = status["sstat_instrms"]
        self._remember_addresses()

    def _settle(self) -> None:
        """The end is known. Closes the socket; or if only the peer is done, waits
        until the kernel has sent the rest."""
        self._wake_senders()
        if self._core.is_over:
            self._close()
        else:
            self._limit_closing()
            self._carrier.linger(self)

    def _look(self, delay: float) -> None:
        """Looks from time to time whether the kernel is done. The socket is always
        readable now, so it cannot be waited for."""
        self._read()
        if not self._core.is_over:
            try:
                self._ask_status()
            except OSError:
                self._core.vanish()
                self._settle()
            else:
                self._look_later(min(2 * delay, _POLL_LAST))

    def _give_up(self) -> None:
        seconds = f"{self._close_timeout:g} seconds"
        note = f"The association did not end within {seconds} (close_timeout)."
        self._abort(b"", note)

    def _begin_closing(self) -> None:
        """Begins to shut down. If a signal interrupts it, it can be called again."""
        self._core.close()
        if self._core.end is None:
            self._limit_closing()
            self._resume()
            if not self._has_senders():
                self._send_shutdown()

    def _send_shutdown(self) -> None:
        if self._is_shut_down or self._core.end is not None:
            return
        try:
            self._carrier.send_shutdown(self)
        except OSError as error:
            self._look_for_end(error)
            if self._core.end is None:
                self._core.vanish()
                self._settle()
        self._is_shut_down = True

    def _look_for_end(self, error: OSError) -> None:
        """Reads on after a call failed because of an end: its news has arrived or will
        arrive."""
        self._core.note_errno(error.errno or errno.EIO)
        self._carrier.look_for_end(self)

    def _abort(self, reason: bytes, note: str) -> None:
        self._core.abort(note)
        if not self._is_closed:
            self._carrier.abort(self, reason)
            self._close()

    # Sending

    def _prepare(
        self, messages: "Iterable[Sendable]", *defaults: Any
    ) -> list[Outgoing]:
        outgoing = self._core.outgoing
        info = None
        batch: list[Outgoing] = []
        for message in iterate(messages, "messages"):
            if info is not None and type(message) is bytes and message:
                batch.append(((message,), None, info))  # the info of the last one
            elif isinstance(message, tuple):
                if not (
                    len(message) == 2
                    and isinstance(message[1], Mapping)
                    and set(_KEYWORDS).issuperset(message[1])
                ):
                    raise TypeError(
                        f"messages[{len(batch)}] must be bytes-like, or a tuple of"
                        " that and a dict with keywords of send(), not"
                        f" {message!r}"
                    )
                data, keywords = message
                values: dict[str, Any] = dict(zip(_KEYWORDS, defaults, strict=True))
                values.update(keywords)
                batch.append(outgoing(data, **values))
            else:
                batch.append(outgoing(message, *defaults))
                info = batch[-1][2]
        return batch

    def _fail_to_send(self, error: OSError) -> None:
        """Raises the exception for the end of the association if that caused the error,
        else the error."""
        if error.errno in ENDS:
            self._look_for_end(error)
            self._core.check_send(is_in_line=True)
        raise error

    # Facts about the association

    @property
    def assoc_id(self) -> int:
        """The kernel's identifier of the association."""
        return self._core.assoc_id

    @property
    def outbound_streams(self) -> int:
        """The number of streams for messages to the peer."""
        return self._core.outbound_streams

    @property
    def inbound_streams(self) -> int:
        """The number of streams for messages from the peer."""
        return self._core.inbound_streams

    @property
    def local_addresses(self) -> tuple[Address, ...]:
        """The addresses of this side. After the end, those that it had when you last
        asked, or at the set-up."""
        self._remember_addresses()
        return self._local

    @property
    def peer_addresses(self) -> tuple[Address, ...]:
        """The addresses of the peer. After the end, those that it had when you last
        asked, or at the set-up. If it ended before it was accepted, perhaps only one
        of them is known."""
        self._remember_addresses()
        return self._peers

    def _remember_addresses(self) -> None:
        with suppress(OSError):
            local, peers = self._carrier.find_addresses(self)
            if local and peers:
                self._local = tuple(map(plain_address, local))
                self._peers = tuple(map(plain_address, peers))

    def status(self) -> sctp_status:
        """Returns the kernel's SCTP_STATUS. After the end of the association, it raises
        what send() raises."""
        if self._core.end is not None:
            self._core.check_send()
        return self._ask_status()

    def _ask_status(self) -> sctp_status:
        wanted = sctp_status(sstat_assoc_id=self._core.assoc_id)
        return self.socket.getsockopt(IPPROTO_SCTP, SCTP_STATUS, wanted)
