"""An association's life: what it has received, what it may still do, its end.

Plain objects that are told what the kernel said and what the program called.
Nothing here waits or touches a socket; a front end does both and asks here what
it means.
"""

import errno
import logging
import math
import os
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from socket import MSG_EOR
from typing import TYPE_CHECKING, Any, TypeAlias
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
from ._messages import Assembler, Message, MessageTooLong, network_ppid
from ._notifications import describe_notification, error_causes

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "AssociationRestarted",
    "End",
    "Lifecycle",
    "News",
    "Notification",
    "Unread",
]

# What parse_notification() returns.
Notification: TypeAlias = dict[str, object]
# What sctp_recvv() returns.
Received: TypeAlias = tuple[bytes, Any, Any, int, int]
# What sctp_sendv() takes.
Outgoing: TypeAlias = tuple[tuple["Buffer"], None, sctp_sndinfo | sctp_sendv_spa]

logger = logging.getLogger("sctp")

# What a message that waits to be taken costs beyond its bytes: itself, its
# sctp_rcvinfo, its place in the queue.
MESSAGE_COST = 512
# How many notifications an iterator keeps.
NEWS_MAX = 1000
# How many infos for sending are kept for the next message of their kind.
_INFOS = 64
_LIFETIME_MAX = 2**32 - 1  # milliseconds
# What an ABORT takes that has to fit into one packet of IP. Kernels do not refuse
# a little more, but send nothing then.
_REASON_MAX = 65_000

_ALL = sys.maxsize
_new = object.__new__
# An int is compared in a fraction of the time of a member of an enumeration.
_MSG_EOR = int(MSG_EOR)

# Errors of a send to an association that has gone, or is about to, somehow; and
# those that say how.
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
    """The peer has begun the association anew, after a crash for example: what
    was under way is lost, on both sides.

    ``notification`` is the SCTP_ASSOC_CHANGE, ``association`` says which one.
    It lives on.
    """

    __module__ = "sctp"
    notification: Notification | None = None
    association: object = None


# What a receiver gets: a message, or what is raised in its place.
Unread: TypeAlias = Message | MessageTooLong | AssociationRestarted


def _describe(notification: Notification) -> str:
    with suppress(Exception):  # a state that we do not know
        return describe_notification(notification)
    return f"SCTP says {notification!r}."


@dataclass(frozen=True, slots=True)
class End:
    """How an association ended: gracefully with errno 0."""

    errno: int
    notification: Notification | None = None
    note: str = ""

    def _complete(self, error: Exception, association: object) -> Exception:
        error.notification = self.notification  # type: ignore[attr-defined]
        error.association = association  # type: ignore[attr-defined]
        if self.notification is not None:
            error.add_note(_describe(self.notification))
        if self.note:
            error.add_note(self.note)
        return error

    def for_receiver(self, association: object) -> Exception:
        """A new exception for who wants to receive."""
        error: Exception
        if self.errno:
            error = OSError(self.errno, os.strerror(self.errno))
        else:
            error = EOFError("the association has ended")
        return self._complete(error, association)

    def for_sender(self, association: object) -> Exception:
        """A new exception for who wants to send."""
        number = self.errno or errno.EPIPE
        return self._complete(OSError(number, os.strerror(number)), association)


def is_end_of(error: BaseException, association: object) -> bool:
    """Whether an exception is nothing but the end of that association."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_end_of(each, association) for each in error.exceptions)
    return (
        isinstance(error, (EOFError, OSError))
        and not isinstance(error, (MessageTooLong, AssociationRestarted))
        and getattr(error, "association", None) is association
    )


def names_cause(lost: Mapping[str, Any]) -> bool:
    """Whether an SCTP_ASSOC_CHANGE says why: it was an ABORT with a cause."""
    return bool(lost["sac_error"] or error_causes(dict(lost)))


class News:
    """The notifications that wait for one reader: the newest ones, and how many
    older ones were dropped."""

    def __init__(self) -> None:
        self.waiting: deque[Notification] = deque()
        self.dropped = 0

    def add(self, notification: Notification) -> None:
        if len(self.waiting) == NEWS_MAX:
            self.waiting.popleft()
            self.dropped += 1
        self.waiting.append(notification)


class Lifecycle:
    """One association. What it has received waits here until it is taken; its end
    is latched: once it is there it stays the same.

    ``association`` is the front end's object, which messages and errors name.
    ``assembler`` is that of the socket.
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
        # What is to be unread next, where a signal came in between.
        self._joined: Unread | None = None
        # The end for receivers; of the whole: is_over.
        self.end: End | None = None
        self.is_up = False
        self.is_over = False
        # shutdown() was called here.
        self.is_closing = False
        # Whether check_send() has nothing to say.
        self.may_send = True
        # An end was announced: what else the socket tells of it is to be read
        # at once, up to conclude(), finish() or fail().
        self.is_ending = False
        self._lost: Notification | None = None
        self._shutdown: Notification | None = None
        # The errno that a send got to see, and that no receiver will see again.
        self._errno = 0
        # By stream, ppid, unordered and context: what was sent with before.
        self.infos: dict[tuple[int, int, bool, int], sctp_sndinfo] = {}

    # What the socket gave

    def feed(self, items: Iterable[Received]) -> None:
        """Takes what arrived on a socket of this association alone."""
        association = self.association
        unfinished = self.assembler.unfinished
        for data, address, info, kind, flags in items:
            if (
                flags == _MSG_EOR
                and kind == SCTP_RECVV_RCVINFO
                and not unfinished
                and not self.is_closing
            ):
                # A whole message, as Message() makes it, in a third of the time.
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
        """Takes what arrived, one after the other and so many at most, as feed()
        does, for who may be interrupted by a signal in the middle: it can be
        called again then.

        An item leaves in the very step that makes it count: between the
        statements of such a step there is no call and no loop, where Python
        would handle a signal.
        """
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
                with suppress(OSError):  # no notification that this system knows
                    self.notice(parse_notification(whole))
                del arrived[0]
            elif not data:
                self.finish()
                del arrived[0]
            else:
                rcvinfo = info.rcvinfo if kind == SCTP_RECVV_RN else info
                item = assembler.join(data, address, rcvinfo, is_last, self.association)
                self._joined = item
                del arrived[0]
                if item is not None:
                    self.add(item)

    def add(self, item: Unread) -> None:
        """Takes what a receiver gets; while it is shutting down, no more than
        there is room for."""
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

    def _notice_change(self, notification: Mapping[str, Any]) -> None:
        state = notification["sac_state"]
        notification = dict(notification)
        if state in (AssocChangeState.COMM_UP, AssocChangeState.RESTART):
            self.is_up = True
            self.assoc_id = notification["sac_assoc_id"]
            self.outbound_streams = notification["sac_outbound_streams"]
            self.inbound_streams = notification["sac_inbound_streams"]
        if state == AssocChangeState.RESTART:
            self.assembler.forget(self.assoc_id)
            error = AssociationRestarted(
                errno.ECONNRESET, "the peer has begun the association anew"
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
        """The end of file: the peer has sent all that it will send."""
        self.conclude()
        self._latch(End(0, self._shutdown))

    def fail(self, number: int) -> None:
        """An error of a receiving call, which is an end."""
        if self._lost is None and self._shutdown is not None:
            number = 0
        self._latch(End(number, self._lost or self._shutdown))
        self._conclude_over()

    def conclude(self) -> None:
        """Nothing else is to be read now: if an end was announced, this is all
        that is said of it."""
        self.is_ending = False
        if self._lost is not None:
            self._latch(End(self._errno or self.guess_errno(self._lost), self._lost))
            self._conclude_over()
        elif self._shutdown is not None:
            self._latch(End(0, self._shutdown))

    def guess_errno(self, lost: Mapping[str, Any]) -> int:
        """The errno of an end of which SCTP alone has spoken."""
        if lost["sac_state"] == AssocChangeState.CANT_STR_ASSOC:
            return errno.ECONNREFUSED
        return errno.ECONNRESET if names_cause(lost) else errno.ETIMEDOUT

    def note_errno(self, number: int) -> None:
        """A send has failed with what is maybe an end: the news of it is among
        what is to be read."""
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

    # What the program called

    def close(self) -> bool:
        """Begins to shut down; whether that is new."""
        is_new = not (self.is_closing or self.is_over)
        self.is_closing = True
        self.may_send = False
        return is_new

    def abort(self, note: str = "abort() was called here.") -> None:
        """Ends it at once; what is unread is dropped."""
        self.drop_unread()
        self._latch(End(errno.ECONNABORTED, None, note))
        self._conclude_over()

    def vanish(self) -> None:
        """The association is over, as the kernel does not know it any more."""
        self.conclude()
        is_graceful = self.is_closing and not self._errno
        self._latch(End(0 if is_graceful else self._errno or errno.ECONNRESET))
        self._conclude_over()

    def drop_unread(self) -> None:
        self.unread.clear()
        self.unread_size = 0

    def take(self) -> Message | None:
        """The next message, None where there is none yet. Raises what came
        in its place, or the end."""
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
        """The next message or what came in its place, None where there is
        nothing unread. It takes in one step, as digest() does."""
        if not self.unread:
            return None
        item = self.unread[0]
        size = len(item.data) if isinstance(item, Message) else 0
        del self.unread[0]
        self.unread_size -= size + MESSAGE_COST
        return item

    def put_back(self, item: Unread) -> None:
        """Makes what was taken the next one again."""
        size = len(item.data) if isinstance(item, Message) else 0
        self.unread.appendleft(item)
        self.unread_size += size + MESSAGE_COST

    @property
    def has_news(self) -> bool:
        """Whether take() returns a message or raises."""
        return bool(self.unread) or self.end is not None

    @property
    def is_full(self) -> bool:
        """Whether reading is to stop: never while it ends, as the news of that
        stands behind the messages."""
        return (
            self.unread_size >= self.max_unread
            and not self.is_closing
            and not self.is_ending
        )

    @property
    def has_room(self) -> bool:
        """Whether reading that was stopped is to go on."""
        return self.unread_size * 2 < self.max_unread or not self.is_full

    def check_send(self, *, is_in_line: bool = False) -> None:
        """Raises where nothing can be sent any more. Who was in line before
        shutdown() was called can still send."""
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
        """A message as sctp_sendv() takes it; TypeError and ValueError for what
        is none."""
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
        """An info, which is kept for the next messages of its kind."""
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
    """The reason of an abort; ValueError for one that cannot travel."""
    if (size := _view(reason, "reason").nbytes) > _REASON_MAX:
        raise ValueError(
            f"reason must be at most {_REASON_MAX:,} bytes long, not {size:,}"
        )
    return bytes(reason)


def _limit(lifetime: float) -> sctp_prinfo:
    """PR-SCTP's TTL, in whole milliseconds."""
    if not isinstance(lifetime, (int, float)):
        kind = type(lifetime).__name__
        raise TypeError(f"lifetime must be a number, not {kind}")
    if not lifetime > 0 or math.isinf(lifetime):
        raise ValueError(f"lifetime must be above 0 and finite, not {lifetime!r}")
    milliseconds = math.ceil(lifetime * 1000)
    if milliseconds > _LIFETIME_MAX:
        raise ValueError(f"lifetime must be at most {_LIFETIME_MAX / 1000:.0f} seconds")
    return sctp_prinfo(pr_policy=SCTP_PR_SCTP_TTL, pr_value=milliseconds)
