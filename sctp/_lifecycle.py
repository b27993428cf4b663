"""The life of an association: what it has received, what it may still do, its end.

These are plain objects. A front end waits and uses the socket. It tells these objects
what the kernel said and what the program called, and asks them what it means.
"""

import errno
import logging
import math
import os
import sys
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from socket import MSG_EOR
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias
from weakref import WeakSet

from _sctp.sctp import SCTP_RECVV_RCVINFO, SCTP_RECVV_RN
from _sctp.sctp_event import MSG_NOTIFICATION, parse_notification
from _sctp.sctp_info import (
    SCTP_PR_SCTP_TTL,
    SCTP_UNORDERED,
    sctp_prinfo,
    sctp_sendv_spa,
    sctp_sndinfo,
)

from ._enums import AssocChangeState, NotificationType
from ._messages import (
    Assembler,
    Message,
    MessageTooLong,
    check_number,
    network_ppid,
)
from ._notifications import Notification, describe_notification, error_causes

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "AssociationRestarted",
    "End",
    "Lifecycle",
    "News",
    "Unread",
]

# The result of sctp_recvv().
Received: TypeAlias = tuple[bytes, Any, Any, int, int]
# The arguments of sctp_sendv().
Outgoing: TypeAlias = tuple[tuple["Buffer"], None, sctp_sndinfo | sctp_sendv_spa]

logger = logging.getLogger("sctp")

# The bytes that an unread message takes beyond its data: for the object, its
# sctp_rcvinfo and its place in the queue.
MESSAGE_COST = 512
# How many notifications an iterator keeps.
NEWS_MAX = 1000
# How many infos for sending are kept, to be used for later messages.
_INFOS = 64
_LIFETIME_MAX = 2**32 - 1  # milliseconds
# The longest reason of an ABORT, which has to fit into one IP packet. If it is a
# little longer, kernels do not refuse it, but send nothing.
_REASON_MAX = 65_000

_ALL = sys.maxsize
_new = object.__new__
# To compare an int is much quicker than to compare a member of an enumeration.
_MSG_EOR = int(MSG_EOR)

# Errors of a send to an association that has ended or is ending. _VAGUE has those
# that do not tell how it ended.
_VAGUE = frozenset(
    {errno.EPIPE, errno.ESHUTDOWN, errno.ENOTCONN, errno.ESRCH, errno.ENOENT}
)
ENDS = _VAGUE | {
    errno.ECONNRESET,
    errno.ETIMEDOUT,
    errno.ECONNREFUSED,
    errno.ECONNABORTED,
}


class AssociationRestarted(ConnectionResetError):
    """The peer has restarted the association, for example after a crash. Messages
    that were under way are lost, in both directions.

    ``notification`` is the SCTP_ASSOC_CHANGE, and ``association`` is the
    association, which goes on.
    """

    __module__ = "sctp"
    notification: Notification | None = None
    association: object = None


# What a receiver gets: a message, or an exception in its place.
Unread: TypeAlias = Message | MessageTooLong | AssociationRestarted


def _describe(notification: Notification) -> str:
    with suppress(Exception):  # a state that we do not know
        return describe_notification(notification)
    return f"SCTP says {notification!r}."


@dataclass(frozen=True, slots=True)
class End:
    """How an association ended. errno 0 means a graceful end."""

    errno: int
    notification: Notification | None = None
    note: str = ""

    def _complete(self, error: Exception, association: object) -> Exception:
        error.notification = self.notification  # type: ignore[attr-defined]
        error.association = association  # type: ignore[attr-defined]
        if self.notification is not None:
            error.add_note(_describe(self.notification))
        if self.errno == errno.ETIMEDOUT:
            error.add_note("The peer did not answer.")
        if self.note:
            error.add_note(self.note)
        return error

    def for_receiver(self, association: object) -> Exception:
        """Returns a new exception for a call that receives."""
        error: Exception
        if self.errno:
            error = OSError(self.errno, os.strerror(self.errno))
        else:
            error = EOFError("the association has ended")
        return self._complete(error, association)

    def for_sender(self, association: object) -> Exception:
        """Returns a new exception for a call that sends."""
        number = self.errno or errno.EPIPE
        return self._complete(OSError(number, os.strerror(number)), association)


def is_end_of(error: BaseException, association: object) -> bool:
    """Whether an exception only tells the end of that association."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_end_of(each, association) for each in error.exceptions)
    return (
        isinstance(error, (EOFError, OSError))
        and not isinstance(error, (MessageTooLong, AssociationRestarted))
        and getattr(error, "association", None) is association
    )


def refuse_to_reenter() -> NoReturn:
    """A signal handler has called an association or endpoint that digests what has
    arrived."""
    raise RuntimeError(
        "a signal handler cannot receive from an association or endpoint, or wait for"
        " it, while the same thread reads its socket"
    )


def names_cause(lost: Notification) -> bool:
    """Whether an SCTP_ASSOC_CHANGE has a cause. Then the end was an ABORT."""
    return bool(lost["sac_error"] or error_causes(lost))


class News:
    """The notifications for one reader. It keeps the newest ones, and counts the
    older ones that were dropped."""

    def __init__(self) -> None:
        self.waiting: deque[Notification] = deque()
        self.dropped = 0

    def add(self, notification: Notification) -> None:
        if len(self.waiting) == NEWS_MAX:
            self.waiting.popleft()
            self.dropped += 1
        self.waiting.append(notification)


class Lifecycle:
    """One association. It keeps received messages until they are taken. It also
    keeps its end, which never changes once it is known.

    ``association`` is the front end's object, which messages and errors name.
    ``assembler`` belongs to the socket.
    """

    def __init__(
        self,
        association: object,
        assembler: Assembler,
        max_unread: int,
        events: frozenset[NotificationType] = frozenset(),
    ) -> None:
        self.association = association
        self.assembler = assembler
        self.max_unread = max_unread
        self.events = events
        self.news: WeakSet[News] = WeakSet()
        self.assoc_id = 0
        self.outbound_streams = 0
        self.inbound_streams = 0
        self.unread: deque[Unread] = deque()
        self.unread_size = 0
        # A message that a signal has kept from getting into unread.
        self._joined: Unread | None = None
        self.is_digesting = False
        # The end for receivers. If both directions have ended, is_over is true.
        self.end: End | None = None
        self.is_up = False
        self.is_over = False
        # shutdown() was called here.
        self.is_closing = False
        # Whether check_send() would raise nothing.
        self.may_send = True
        # An end was announced. The rest of the news about it has to be read at
        # once, until conclude(), finish() or fail() is called.
        self.is_ending = False
        self._lost: Notification | None = None
        self._shutdown: Notification | None = None
        # The errno of a failed send. The kernel will not tell it to a receiver again.
        self._errno = 0
        # The infos of earlier messages, by stream, ppid, unordered and context.
        self.infos: dict[tuple[int, int, bool, int], sctp_sndinfo] = {}

    # Items from the socket

    def feed(self, items: Iterable[Received]) -> None:
        """Takes what arrived on a socket that belongs to this association alone."""
        association = self.association
        unfinished = self.assembler.unfinished
        for data, address, info, kind, flags in items:
            if (
                flags == _MSG_EOR
                and kind == SCTP_RECVV_RCVINFO
                and not unfinished
                and not self.is_closing
            ):
                # A whole message. Message() would take three times as long.
                message = _new(Message)
                message.data = data
                message.rcvinfo = info
                message._address = address
                message.association = association
                self.unread.append(message)
                self.unread_size += len(data) + MESSAGE_COST
            else:
                self.digest(deque([(data, address, info, kind, flags)]))

    def digest(self, arrived: deque[Received], most: int = _ALL) -> None:
        """Takes what arrived, one after the other, at most so many, as feed() does.
        If a signal handler raises in the middle, it can be called again with the
        rest.

        An item leaves the queue in the same step in which it is counted. Python
        handles signals at calls and loops only, and there are none in such a step.
        """
        if self.is_digesting:
            refuse_to_reenter()
        self.is_digesting = True
        try:
            if self._joined is not None:
                self.add(self._joined)
            assembler = self.assembler
            while arrived and most:
                most -= 1
                data, address, info, kind, flags = arrived[0]
                if (
                    flags == _MSG_EOR
                    and kind == SCTP_RECVV_RCVINFO
                    and data
                    and not assembler.unfinished
                    and not (self.is_closing or self.is_over)
                ):
                    message = _new(Message)  # as in feed()
                    message.data = data
                    message.rcvinfo = info
                    message._address = address
                    message.association = self.association
                    size = self.unread_size + len(data) + MESSAGE_COST
                    self.unread += (message,)
                    self.unread_size = size
                    del arrived[0]
                    continue
                is_last = bool(flags & _MSG_EOR)
                if flags & MSG_NOTIFICATION:
                    whole = assembler.join_notification(data, is_last)
                    if whole is None:
                        del arrived[0]
                        continue
                    arrived[0] = whole, address, info, kind, flags
                    notification = None
                    try:
                        notification = parse_notification(whole)
                    except OSError as error:
                        if error.errno is None:  # of a signal handler
                            raise
                    if notification is not None:  # else none that this system knows
                        self.notice(notification)
                    del arrived[0]
                elif not data:
                    self.finish()
                    del arrived[0]
                else:
                    rcvinfo = info.rcvinfo if kind == SCTP_RECVV_RN else info
                    item = assembler.join(
                        data, address, rcvinfo, is_last, self.association
                    )
                    self._joined = item
                    del arrived[0]
                    if item is not None:
                        self.add(item)
        finally:
            self.is_digesting = False

    def add(self, item: Unread) -> None:
        """Takes an item for the receiver. During a shutdown, drops it if there is no
        room."""
        size = len(item.data) if isinstance(item, Message) else 0
        if not (
            self.is_over or (self.is_closing and self.unread_size >= self.max_unread)
        ):
            self.unread += (item,)
            self.unread_size += size + MESSAGE_COST
        self._joined = None

    def notice(self, notification: Notification) -> None:
        """Takes a notification."""
        kind = notification["sn_type"]
        if kind == NotificationType.ASSOC_CHANGE:
            self._notice_change(notification)
        elif kind == NotificationType.SHUTDOWN_EVENT:
            self._shutdown = notification
            self.is_ending = True
            self.may_send = False
        elif kind == NotificationType.PARTIAL_DELIVERY_EVENT:
            self.assembler.forget_broken(notification)
        if kind in self.events:
            for news in self.news:
                news.add(notification)

    def _notice_change(self, notification: Notification) -> None:
        state = notification["sac_state"]
        if state in (AssocChangeState.COMM_UP, AssocChangeState.RESTART):
            self.is_up = True
            self.assoc_id = notification["sac_assoc_id"]
            self.outbound_streams = notification["sac_outbound_streams"]
            self.inbound_streams = notification["sac_inbound_streams"]
        if state == AssocChangeState.RESTART:
            self.assembler.forget(self.assoc_id)
            error = AssociationRestarted(
                errno.ECONNRESET, "the peer has restarted the association"
            )
            error.notification = notification
            error.association = self.association
            error.add_note(_describe(notification))
            self.add(error)
        elif state == AssocChangeState.SHUTDOWN_COMP:
            self._latch(End(0, notification))
            self._conclude_over()
        elif state != AssocChangeState.COMM_UP:
            self._lost = notification
            self.is_ending = True

    def finish(self) -> None:
        """Takes the end of file: the peer will send no more."""
        self.conclude()
        self._latch(End(0, self._shutdown))

    def fail(self, number: int) -> None:
        """Takes the errno of a receiving call, which is an end."""
        if self._lost is None and self._shutdown is not None:
            number = 0
        self._latch(End(number, self._lost or self._shutdown))
        self._conclude_over()

    def conclude(self) -> None:
        """Nothing else can be read now. If an end was announced, all its news has
        been read."""
        self.is_ending = False
        if self._lost is not None:
            self._latch(End(self._errno or self.guess_errno(self._lost), self._lost))
            self._conclude_over()
        elif self._shutdown is not None:
            self._latch(End(0, self._shutdown))

    def guess_errno(self, lost: Notification) -> int:
        """Chooses an errno for an end that only a notification has told."""
        if lost["sac_state"] == AssocChangeState.CANT_STR_ASSOC:
            return errno.ECONNREFUSED
        return errno.ECONNRESET if names_cause(lost) else errno.ETIMEDOUT

    def note_errno(self, number: int) -> None:
        """Takes the errno of a send that failed, perhaps because of an end. The news
        of the end will be read."""
        if number not in _VAGUE:
            self._errno = self._errno or number
        self.is_ending = True

    def _latch(self, end: End) -> None:
        self.end = self.end or end
        self.may_send = False

    def _conclude_over(self) -> None:
        self.is_over = True
        self.is_ending = False
        self.assembler.forget(self.assoc_id)

    # Calls of the program

    def close(self) -> bool:
        """Begins to shut down. Returns whether this is the first call."""
        is_new = not (self.is_closing or self.is_over)
        self.is_closing = True
        self.may_send = False
        return is_new

    def abort(self, note: str = "abort() was called here.") -> None:
        """Ends the association at once, and drops unread messages."""
        self.drop_unread()
        self._latch(End(errno.ECONNABORTED, None, note))
        self._conclude_over()

    def vanish(self) -> None:
        """The association is over: the kernel does not know it any more."""
        self.conclude()
        is_graceful = self.is_closing and not self._errno
        self._latch(End(0 if is_graceful else self._errno or errno.ECONNRESET))
        self._conclude_over()

    def drop_unread(self) -> None:
        self.unread.clear()
        self.unread_size = 0

    def take(self) -> Message | None:
        """Returns the next message, or None if there is none yet. Raises an error
        that came in place of a message, or the end."""
        if self.unread:
            item = self.unread.popleft()
            if type(item) is Message:
                self.unread_size -= len(item.data) + MESSAGE_COST
                return item
            self.unread_size -= MESSAGE_COST
            assert isinstance(item, Exception)
            raise item
        if self.end is not None:
            raise self.end.for_receiver(self.association)
        return None

    def take_out(self) -> Unread | None:
        """Returns the next message, or the error in its place, or None if nothing is
        unread. It takes the item in one step, as digest() does."""
        while self.unread:
            item = self.unread[0]
            size = len(item.data) if isinstance(item, Message) else 0
            # A signal handler may have taken the item meanwhile.
            if self.unread and self.unread[0] is item:
                del self.unread[0]
                self.unread_size -= size + MESSAGE_COST
                return item
        return None

    def put_back(self, item: Unread) -> None:
        """Puts an item back: it becomes the next one again."""
        size = len(item.data) if isinstance(item, Message) else 0
        self.unread.appendleft(item)
        self.unread_size += size + MESSAGE_COST

    @property
    def has_news(self) -> bool:
        """Whether take() returns a message or raises."""
        return bool(self.unread) or self.end is not None

    @property
    def is_full(self) -> bool:
        """Whether reading has to stop. It never stops while the association ends,
        because the news of the end comes after the messages."""
        return (
            self.unread_size >= self.max_unread
            and not self.is_closing
            and not self.is_ending
        )

    @property
    def has_room(self) -> bool:
        """Whether reading that was stopped can go on."""
        return self.unread_size * 2 < self.max_unread or not self.is_full

    def check_send(self, *, is_in_line: bool = False) -> None:
        """Raises the end if nothing can be sent any more. Calls that were in line
        before shutdown() was called can still send."""
        if self.end is not None:
            raise self.end.for_sender(self.association)
        if self._shutdown is not None:
            raise End(0, self._shutdown).for_sender(self.association)
        if self.is_closing and not is_in_line:
            note = "shutdown() was called here."
            raise End(0, None, note).for_sender(self.association)

    def outgoing(
        self,
        data: "Buffer",
        stream: int = 0,
        ppid: int = 0,
        unordered: bool = False,
        lifetime: float | None = None,
        context: int = 0,
    ) -> Outgoing:
        """Returns the arguments of sctp_sendv() for a message. Raises TypeError or
        ValueError for a wrong value."""
        if not (len(data) if type(data) is bytes else _view(data, "data").nbytes):
            raise ValueError("SCTP has no empty messages: data must not be empty")
        info: sctp_sndinfo | sctp_sendv_spa | None
        info = self.infos.get((stream, ppid, unordered, context))
        if info is None:
            info = self._make_info(stream, ppid, unordered, context)
        if lifetime is not None:
            info = sctp_sendv_spa([info, _limit(lifetime)])
        return (data,), None, info

    def _make_info(
        self, stream: int, ppid: int, unordered: bool, context: int
    ) -> sctp_sndinfo:
        """Makes an info, and keeps it for later messages with the same values."""
        check_number(stream, "stream", 0xFFFF)
        check_number(context, "context", 0xFFFFFFFF)
        info = sctp_sndinfo(
            snd_sid=stream,
            snd_flags=SCTP_UNORDERED if unordered else 0,
            snd_ppid=network_ppid(ppid),
            snd_context=context,
            snd_assoc_id=self.assoc_id,
        )
        if len(self.infos) == _INFOS:
            self.infos.clear()
        self.infos[stream, ppid, unordered, context] = info
        return info


def _view(data: "Buffer", name: str) -> memoryview:
    try:
        view = memoryview(data)
    except TypeError:
        kind = type(data).__name__
        raise TypeError(f"{name} must be bytes-like, not {kind}") from None
    if not view.c_contiguous:
        raise BufferError(f"{name} must be contiguous")
    return view


def check_reason(reason: "Buffer") -> bytes:
    """Returns the reason of an abort as bytes. Raises ValueError if it is too long."""
    if (size := _view(reason, "reason").nbytes) > _REASON_MAX:
        raise ValueError(
            f"reason must be at most {_REASON_MAX:,} bytes long, not {size:,}"
        )
    return bytes(reason)


def _limit(lifetime: float) -> sctp_prinfo:
    """Returns the info for the policy SCTP_PR_SCTP_TTL."""
    if not isinstance(lifetime, (int, float)):
        kind = type(lifetime).__name__
        raise TypeError(f"lifetime must be a number, not {kind}")
    if not lifetime > 0 or math.isinf(lifetime):
        raise ValueError(f"lifetime must be above 0 and finite, not {lifetime!r}")
    milliseconds = math.ceil(lifetime * 1000)
    if milliseconds > _LIFETIME_MAX:
        raise ValueError(f"lifetime must be at most {_LIFETIME_MAX / 1000:.0f} seconds")
    return sctp_prinfo(pr_policy=SCTP_PR_SCTP_TTL, pr_value=milliseconds)
