"""A one-to-many socket: which association each thing is of, and whose turn it is.

Plain objects that are told what the kernel said and what the program called, as in
_lifecycle: nothing here waits or touches a socket.
"""

import errno
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from socket import MSG_EOR
from typing import Any
from weakref import WeakSet

from _sctp.sctp import SCTP_RECVV_RCVINFO, SCTP_RECVV_RN
from _sctp.sctp_event import MSG_NOTIFICATION, parse_notification

from ._enums import AssocChangeState, NotificationType, PeerAddrState
from ._lifecycle import (
    End,
    Lifecycle,
    News,
    Notification,
    Received,
    Unread,
    logger,
    names_cause,
)
from ._messages import Assembler
from ._options import sctp_initmsg, sctp_rtoinfo
from ._setup import Limits

__all__ = ["AGAIN", "LOOK", "Hub", "Member", "Stall", "Turns", "least_time_out"]

_MSG_EOR = int(MSG_EOR)
_BEGINNINGS = (AssocChangeState.COMM_UP, AssocChangeState.RESTART)
# What SCTP_PEER_ADDR_CHANGE says of an address that does not answer, where the
# system has it, and of one that answers, or is none any more.
_SILENT = {
    state
    for state in PeerAddrState
    if state.name in ("ADDR_UNREACHABLE", "ADDR_POTENTIALLY_FAILED")
}
_ANSWERING = {PeerAddrState.ADDR_AVAILABLE, PeerAddrState.ADDR_CONFIRMED}
# Errors of peeling off that pass: no descriptors, no memory.
_PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# How often who waits to send looks whose fault it is, and after how long it is also
# that of a peer that takes something now and then: seconds.
LOOK, PATIENCE = 0.05, 0.2
# After how many seconds what could not be peeled off is tried again.
AGAIN = 1.0


def least_time_out(
    initmsg: sctp_initmsg, rtoinfo: sctp_rtoinfo, addresses: int
) -> float:
    """After how many seconds a kernel gives up to set up an association with a
    peer of so many addresses: SCTP says no more than that it could not be set
    up, at once if the peer refused, then if nobody answered."""
    first, most = rtoinfo["srto_initial"], initmsg["sinit_max_init_timeo"]
    tries = range(initmsg["sinit_max_attempts"] + 1)
    waits = (min(first << min(each // addresses, 32), most) for each in tries)
    return sum(waits) / 1000 * 0.95  # timers are not exact


class Member(Lifecycle):
    """An association of an endpoint, peeled off or not."""

    # Whether its messages come by the socket of the endpoint.
    is_shared = True
    # Whether accept() gave it to the program, or connect() did.
    is_accepted = False
    # How many addresses the peer has.
    addresses = 1
    # Of a set-up: when the kernel would give up a silent peer (time.monotonic()).
    late_at = 0.0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._silent: set[object] = set()
        # Beside the address that it was set up with, which the kernel does not
        # tell of.
        self._confirmed: set[object] = set()

    def notice(self, notification: Notification) -> None:
        if notification["sn_type"] == NotificationType.PEER_ADDR_CHANGE:
            self._notice_address(notification["spc_aaddr"], notification["spc_state"])
        super().notice(notification)

    def _notice_address(self, address: object, state: object) -> None:
        if state in _SILENT:
            self._silent.add(address)
        elif state in _ANSWERING:
            self._silent.discard(address)
        elif state == PeerAddrState.ADDR_REMOVED:
            self._silent.discard(address)
            self._confirmed.discard(address)
        if state == PeerAddrState.ADDR_CONFIRMED:
            self._confirmed.add(address)

    def guess_errno(self, lost: Mapping[str, Any]) -> int:
        """On a socket of many the kernel keeps no errors, and what it says of an
        ABORT without a cause it says of silence too. But silence has shown
        before, at all addresses of the peer that had ever answered."""
        if names_cause(lost):
            return super().guess_errno(lost)
        if lost["sac_state"] == AssocChangeState.CANT_STR_ASSOC:
            is_late = time.monotonic() >= self.late_at
            return errno.ETIMEDOUT if is_late else errno.ECONNREFUSED
        answered = min(self.addresses, 1 + len(self._confirmed))
        is_silent = len(self._silent) >= answered
        return errno.ETIMEDOUT if is_silent else errno.ECONNRESET


class Hub:
    """The associations of a one-to-many socket.

    ``adopt`` is called with the Member of an association that a peer began, and
    returns the front end's object for it. What a call of digest() or conclude()
    leaves for the front end to do stands in ``touched``, ``refused`` and
    ``crowded``, which it empties.
    """

    def __init__(
        self,
        limits: Limits,
        events: frozenset[NotificationType],
        backlog: int,
        adopt: Callable[[Member], object],
    ) -> None:
        self.limits = limits
        self.events = events
        self.backlog = backlog
        self.adopt = adopt
        self.assembler = self.make_assembler()
        self.news: WeakSet[News] = WeakSet()
        # Those of the socket, by identifier; none that is over.
        self.members: dict[int, Member] = {}
        # Those that accept() gives, the oldest first.
        self.waiting: dict[Member, None] = {}
        # Of these, those of which the program has seen nothing.
        self._unseen: set[Member] = set()
        # Of these, those with something for receive(), in turn.
        self._ready: dict[Member, None] = {}
        # Those that got something, or ended: whoever waits is to be woken.
        self.touched: dict[Member, None] = {}
        # Those that were peeled off, and live.
        self.apart: dict[Member, None] = {}
        # Identifiers of associations that are to be aborted.
        self.refused: list[int] = []
        # Those that are to be peeled off, as too much of them is unread.
        self.crowded: dict[Member, None] = {}
        # Identifiers of those that were aborted here: the news of it is to come.
        self._gone: set[int] = set()
        # Those of which an end was announced: conclude() is to come.
        self.ending: dict[Member, None] = {}
        # Who is getting what arrived.
        self._receiver: Member | None = None
        # How many pieces came of each since find_hogs() was called.
        self._received: dict[Member, int] = {}
        self.end: End | None = None
        self._has_told = False

    def make_assembler(self) -> Assembler:
        return Assembler(self.limits.max_message, self.limits.max_total)

    def make_member(self, association: object = None) -> Member:
        limit = self.limits.max_unread
        return Member(association, self.assembler, limit, self.events)

    # What the socket gave

    def digest(self, arrived: deque[Received]) -> None:
        """Takes what arrived on the socket, one after the other. After a signal
        in the middle it can be called again, as that of Lifecycle."""
        members = self.members
        while True:
            if (member := self._receiver) is not None:
                self.touched[member] = None
                if member.unread and member in self.waiting:
                    self._ready[member] = None
                if member.unread_size >= member.max_unread and member.is_full:
                    self.crowded[member] = None
                self._receiver = None
            if not arrived:
                break
            # How many there are of the same association.
            assoc_id: Any = None
            count = 0
            for _, _, info, kind, _ in arrived:
                if kind == SCTP_RECVV_RCVINFO:
                    whose = info["rcv_assoc_id"]
                elif kind == SCTP_RECVV_RN:
                    whose = info.rcvinfo["rcv_assoc_id"]
                else:
                    break
                if whose != assoc_id:
                    if count:
                        break
                    assoc_id = whose
                count += 1
            if not count:
                if arrived[0][4] & MSG_NOTIFICATION:
                    self._digest_notification(arrived)
                del arrived[0]
                continue
            member = members.get(assoc_id) or self._arrive(assoc_id)
            if member is None or member.is_over:
                for _ in range(count):
                    del arrived[0]
            else:
                self._received[member] = self._received.get(member, 0) + count
                self._receiver = member
                member.digest(arrived, count)

    @property
    def is_digesting(self) -> bool:
        """Whether a signal came in the middle of digest()."""
        return self._receiver is not None

    def note_unread(self, member: Member) -> None:
        """Something was read of an association, of this socket or its own."""
        self.touched[member] = None
        if member.unread and member in self.waiting:
            self._ready[member] = None

    def _digest_notification(self, arrived: deque[Received]) -> None:
        data, _, info, kind, flags = arrived[0]
        whole = self.assembler.join_notification(data, bool(flags & _MSG_EOR))
        if whole is None:
            return
        arrived[0] = whole, None, info, kind, flags | _MSG_EOR
        try:
            notification = parse_notification(whole)
        except OSError:  # none that this system knows
            return
        assoc_id: Any = None
        state: Any = None
        for key, value in notification.items():
            if key.endswith("assoc_id"):
                assoc_id = value
                break
        if notification["sn_type"] == NotificationType.ASSOC_CHANGE:
            state = notification["sac_state"]
        member = self.members.get(assoc_id) or self._begin(assoc_id, state)
        if member is not None:
            self._notice(member, notification, state)
        if notification["sn_type"] in self.events:
            for news in self.news:
                news.add(notification)

    def _begin(self, assoc_id: int, state: object) -> Member | None:
        """Whom a notification is about that is of no member."""
        if state in _BEGINNINGS:
            if assoc_id in self._gone:
                self.refused.append(assoc_id)  # aborted before it was up
                return None
            return self._arrive(assoc_id)
        if state is not None:
            self._gone.discard(assoc_id)
        return None

    def _notice(
        self, member: Member, notification: Notification, state: object
    ) -> None:
        member.notice(notification)
        if state is not None and state not in _BEGINNINGS:
            # The last that is read of it.
            member.conclude()
        elif member.is_ending:
            self.ending[member] = None
        if member.is_over:
            self.forget(member)
        self.note_unread(member)
        self._forget_where_empty(member)

    def _arrive(self, assoc_id: int) -> Member | None:
        """A new association that a peer began, or None: it is refused."""
        if assoc_id in self._gone:
            return None
        if self.end is not None or len(self._unseen) >= self.backlog:
            self._gone.add(assoc_id)
            self.refused.append(assoc_id)
            return None
        member = self.make_member()
        member.is_up = True
        member.assoc_id = assoc_id
        member.association = self.adopt(member)
        self.members[assoc_id] = member
        self.waiting[member] = None
        self._unseen.add(member)
        return member

    def conclude(self) -> None:
        """Nothing else is to be read now."""
        for member in self.ending:
            if not member.is_over:
                member.conclude()
                self.touched[member] = None
        self.ending.clear()

    def lose(self, member: Member) -> None:
        """The kernel does not know a member any more, and the news of its end is
        out of reach."""
        if member.is_up:
            member.vanish()
        else:
            is_late = time.monotonic() >= member.late_at
            member.fail(errno.ETIMEDOUT if is_late else errno.ECONNREFUSED)
        self.forget(member, is_aborted=True)

    def fail(self, number: int) -> None:
        """An error of the socket: the end of all that is on it."""
        self._latch(End(number))
        for member in list(self.members.values()):
            member.fail(number)
            self.forget(member)
            self.touched[member] = None

    # What the program called

    def register(self, member: Member, assoc_id: int) -> None:
        """An association that is begun here has its identifier."""
        member.assoc_id = assoc_id
        member.is_accepted = True
        self.members[assoc_id] = member

    def forget(self, member: Member, *, is_aborted: bool = False) -> None:
        """A member is over; if by an abort of this side, the news of it is to
        come."""
        if self.members.get(member.assoc_id) is member:
            del self.members[member.assoc_id]
            if is_aborted:
                self._gone.add(member.assoc_id)
                self.assembler.forget(member.assoc_id)
        self.apart.pop(member, None)
        self.ending.pop(member, None)
        self.crowded.pop(member, None)
        self._forget_where_empty(member)

    def _forget_where_empty(self, member: Member) -> None:
        """Nobody gets to see what ended with nothing left before it was seen."""
        if member.is_over and not member.unread:
            self._leave_line(member)

    def _leave_line(self, member: Member) -> None:
        self.waiting.pop(member, None)
        self._unseen.discard(member)
        self._ready.pop(member, None)

    @property
    def has_acceptable(self) -> bool:
        """Whether accept() returns a member or raises."""
        return bool(self.waiting) or self.end is not None

    def accept(self, taken: list[Member]) -> None:
        """Adds the oldest association that nobody has accepted to a list, if there
        is one. Raises the end of the endpoint.

        It takes in one step, as digest() does: what is in the list by then can be
        put back.
        """
        if self.end is not None:
            raise self.end.for_receiver(None)
        if self.waiting:
            member = next(iter(self.waiting))
            taken += (member,)
            del self.waiting[member]
            member.is_accepted = True
            self._leave_line(member)

    def put_back(self, member: Member) -> None:
        """Makes an association that was accepted the next one again."""
        member.is_accepted = False
        self.waiting = {member: None} | self.waiting
        self.note_unread(member)
        self._forget_where_empty(member)

    @property
    def has_unread(self) -> bool:
        """Whether take() returns a message or raises."""
        return bool(self._ready) or self.end is not None

    def take(self, taken: list[Unread]) -> None:
        """Adds a message of those that nobody has accepted, which take turns, or
        what came in its place, to a list, if there is one; as accept() does."""
        while self._ready:
            member = next(iter(self._ready))
            self._unseen.discard(member)
            if member.unread:
                taken += (member.take_out(),)  # type: ignore[arg-type]
            del self._ready[member]
            if member.unread:
                self._ready[member] = None
            self._forget_where_empty(member)
            if taken:
                return
        if self.end is not None:
            raise self.end.for_receiver(None)

    def put_back_unread(self, item: Unread, member: Member) -> None:
        """Makes what was taken of an association the next one again."""
        member.put_back(item)
        if not member.is_accepted:
            self.waiting.setdefault(member)
            self.note_unread(member)

    @property
    def alive(self) -> list[Member]:
        """The associations of the endpoint that are up and not over."""
        both = *self.members.values(), *self.apart
        return [member for member in both if member.is_up]

    def close(self, note: str = "close() was called here.") -> None:
        """Takes no more associations."""
        self._latch(End(0, None, note))

    def abort(self, note: str = "abort() was called here.") -> None:
        """Ends the endpoint; its associations are for the front end to abort."""
        self._latch(End(errno.ECONNABORTED, None, note))
        for member in list(self.waiting):
            self._leave_line(member)

    def _latch(self, end: End) -> None:
        self.end = self.end or end

    def check_connect(self) -> None:
        """Raises where no association can be begun any more."""
        if self.end is not None:
            number = self.end.errno or errno.EBADF
            raise End(number, None, self.end.note).for_sender(None)

    # Peeling off

    def peel(self, member: Member) -> None:
        """The kernel has peeled a member off, and nothing was read since. It can
        be called again, after a signal in the middle."""
        self.forget(member)
        self.apart[member] = None
        member.is_shared = False
        if member.assembler is self.assembler:
            member.assembler = self.make_assembler()
        self.assembler.move(member.assoc_id, member.assembler)
        self._has_told = False

    def release(self, member: Member) -> None:
        """A member that was peeled off is the program's alone from now on."""
        del self.apart[member]
        self._leave_line(member)
        member.is_accepted = True

    @property
    def is_full(self) -> bool:
        """Whether reading is to stop: too much of somebody is unread who cannot
        be peeled off."""
        for member in list(self.crowded):
            if member.has_room:
                del self.crowded[member]
        return bool(self.crowded)

    def find_hogs(self, missing: Mapping[Member, int] | None) -> list[Member]:
        """Who fills the receive buffer that the kernel has for all, and is to be
        peeled off: told how many chunks of each are missing where the buffer is
        filled, those of which the kernel holds what stands behind a gap, and
        those of which more than the usual has come since the last time."""
        received, self._received = self._received, {}
        if missing is None:
            return []
        usual = sum(received.values()) / len(received) if received else 0
        return [m for m, n in missing.items() if n or received.get(m, 0) > usual]

    def cannot_peel(self, member: Member, error: OSError, what: str) -> None:
        """The kernel has not peeled a member off. Says so once, until that works
        again, where it may; else the association is over, and the news of it is
        to come. ``what`` stops: "reading", "receiving" or "sending"."""
        if error.errno not in _PASSING:
            self.crowded.pop(member, None)
            member.is_ending = True
            self.ending[member] = None
        elif not self._has_told:
            self._has_told = True
            reason = os.strerror(error.errno) if error.errno else str(error)
            logger.warning(
                "%s pauses for all associations of an endpoint, as one cannot be"
                " peeled off: %s",
                what,
                reason,
            )


class Turns(dict[Member, float]):
    """Who has something to send on a socket of many, one after the other; and
    since when each waits for its turn."""

    def join(self, member: Member) -> None:
        self.setdefault(member, time.monotonic())

    def leave(self, member: Member) -> None:
        self.pop(member, None)

    @property
    def first(self) -> Member | None:
        """Whose turn it is."""
        return next(iter(self), None)

    @property
    def waited(self) -> float:
        """For how many seconds the first one waits."""
        return time.monotonic() - next(iter(self.values()), math.inf)

    def rotate(self, member: Member) -> None:
        """It had its turn: the others come first."""
        if self.pop(member, None) is not None:
            self[member] = time.monotonic()


class Stall:
    """The kernel has one send buffer for all, which is full: by whom?

    Asked every LOOK seconds while somebody waits, it is told how many chunks of
    each of the senders are under way, and names those to peel off.
    """

    def __init__(self) -> None:
        # Those that have something under way, as far as is known; those that send
        # meanwhile are to be added.
        self.senders: dict[Member, None] = {}
        self._before: dict[Member, int] = {}

    def begin(self, members: Iterable[Member]) -> None:
        """Somebody begins to wait: it may be the fault of each of these."""
        self.senders = dict.fromkeys(members)
        self._before = {}

    def judge(self, under_way: Mapping[Member, int], turns: Turns) -> list[Member]:
        """Those whose peers took nothing since the last time; if there are none
        and somebody waits for long, the one with most under way. None that
        holds up itself alone, and none the first time."""
        before, self._before = self._before, dict(under_way)
        busy = {member: count for member, count in under_way.items() if count}
        self.senders = dict.fromkeys(busy)
        stuck = [m for m, count in busy.items() if before.get(m) == count]
        if not stuck and before and busy and turns.waited > PATIENCE:
            stuck = [max(busy, key=busy.__getitem__)]
        return [m for m in stuck if len(turns) > (m in turns)]
