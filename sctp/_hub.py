"""A one-to-many socket: to which association each thing belongs, and whose turn it is.

These are plain objects, as in _lifecycle. They are told what the kernel said and what
the program called. Nothing here waits or uses a socket.
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
    Received,
    Unread,
    logger,
    names_cause,
    refuse_to_reenter,
)
from ._messages import Assembler
from ._notifications import Notification
from ._options import sctp_initmsg, sctp_rtoinfo
from ._setup import Limits

__all__ = ["AGAIN", "LOOK", "Hub", "Member", "Stall", "Turns", "least_time_out"]

_MSG_EOR = int(MSG_EOR)
_BEGINNINGS = (AssocChangeState.COMM_UP, AssocChangeState.RESTART)
# The states in SCTP_PEER_ADDR_CHANGE of an address that does not answer (if the system
# has them), and of an address that answers or was removed.
_SILENT = {
    state
    for state in PeerAddrState
    if state.name in ("ADDR_UNREACHABLE", "ADDR_POTENTIALLY_FAILED")
}
_ANSWERING = {PeerAddrState.ADDR_AVAILABLE, PeerAddrState.ADDR_CONFIRMED}
# After these errors, peeling off may succeed later: no descriptors, no memory.
_PASSING = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

# How many seconds pass before a waiting sender looks again which peer is the cause.
# After PATIENCE seconds, the cause may also be a peer that takes data sometimes.
LOOK, PATIENCE = 0.05, 0.2
# The seconds before peeling off is tried again after it failed.
AGAIN = 1.0


def least_time_out(
    initmsg: sctp_initmsg, rtoinfo: sctp_rtoinfo, addresses: int
) -> float:
    """The seconds after which a kernel gives up the set-up with a silent peer of so
    many addresses. SCTP reports the same for a refusal and for a silent peer. But a
    refusal is reported at once, and a silent peer only after this time."""
    first, most = rtoinfo["srto_initial"], initmsg["sinit_max_init_timeo"]
    tries = range(initmsg["sinit_max_attempts"] + 1)
    waits = (min(first << min(each // addresses, 32), most) for each in tries)
    return sum(waits) / 1000 * 0.95  # timers are not exact


class Member(Lifecycle):
    """An association of an endpoint, peeled off or not."""

    # Whether its messages arrive on the socket of the endpoint.
    is_shared = True
    # Whether accept() or connect() has returned it to the program.
    is_accepted = False
    # The number of addresses of the peer.
    addresses = 1
    # How many of them the kernel takes as confirmed without a report: that of a set-up
    # by the peer, or all that connect() was given.
    given = 1
    # During a set-up: when the kernel gives up a silent peer (time.monotonic()).
    late_at = 0.0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._silent: set[object] = set()
        # The addresses that the kernel has reported as confirmed.
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

    def guess_errno(self, lost: Notification) -> int:
        """Chooses an errno for an end. On a one-to-many socket the kernel keeps no
        errors, and it reports the same for silence and for an ABORT without a cause.
        But silence shows before the end: all addresses of the peer that had ever
        answered have stopped answering."""
        if names_cause(lost):
            return super().guess_errno(lost)
        if lost["sac_state"] == AssocChangeState.CANT_STR_ASSOC:
            is_late = time.monotonic() >= self.late_at
            return errno.ETIMEDOUT if is_late else errno.ECONNREFUSED
        answered = min(self.addresses, self.given + len(self._confirmed))
        is_silent = len(self._silent) >= answered
        return errno.ETIMEDOUT if is_silent else errno.ECONNRESET


class Hub:
    """The associations of a one-to-many socket.

    ``adopt`` is called with the Member of an association that a peer has set up. It
    returns the front end's object for it. A call of digest() or conclude() leaves work
    for the front end in ``touched``, ``refused`` and ``crowded``. The front end empties
    these.
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
        # The members on this socket, by identifier, without those that are over.
        self.members: dict[int, Member] = {}
        # The members that accept() will return, the oldest first.
        self.waiting: dict[Member, None] = {}
        # Those of them that the program has not seen.
        self._unseen: set[Member] = set()
        # Those of them with something for receive(), in turn.
        self._ready: dict[Member, None] = {}
        # Members that got something or ended. Those who wait for them must be woken.
        self.touched: dict[Member, None] = {}
        # Members that were peeled off and are not over.
        self.apart: dict[Member, None] = {}
        # Identifiers of associations to abort.
        self.refused: list[int] = []
        # Members to peel off, because too much of them is unread.
        self.crowded: dict[Member, None] = {}
        # Identifiers of associations that this side has aborted. The news of their end
        # will come.
        self._gone: set[int] = set()
        # Members with an announced end, until conclude() is called.
        self.ending: dict[Member, None] = {}
        # The member that gets the arrived items.
        self._receiver: Member | None = None
        # How many pieces of each member arrived since the last find_hogs().
        self._received: dict[Member, int] = {}
        self.end: End | None = None
        self._has_told = False
        self.is_digesting = False

    def make_assembler(self) -> Assembler:
        return Assembler(self.limits.max_message, self.limits.max_total)

    def make_member(self, association: object = None) -> Member:
        limit = self.limits.max_unread
        return Member(association, self.assembler, limit, self.events)

    # Items from the socket

    def digest(self, arrived: deque[Received]) -> None:
        """Takes what arrived on the socket, one after the other. If a signal interrupts
        it, it can be called again, like Lifecycle.digest()."""
        if self.is_digesting:
            refuse_to_reenter()
        self.is_digesting = True
        try:
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
                # The number of items for the same association.
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
        finally:
            self.is_digesting = False

    @property
    def is_interrupted(self) -> bool:
        """Whether a signal has interrupted digest()."""
        return self._receiver is not None

    def note_unread(self, member: Member) -> None:
        """Notes that an association has unread data, on this socket or its own."""
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
        except OSError as error:
            if error.errno is None:  # raised by a signal handler
                raise
            return  # a type that this system does not know
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
        """Finds the member for a notification that belongs to no known member."""
        if state in _BEGINNINGS:
            if assoc_id in self._gone:
                self.refused.append(assoc_id)  # it was aborted before it was up
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
            # This is the last news about it.
            member.conclude()
        elif member.is_ending:
            self.ending[member] = None
        if member.is_over:
            self.forget(member)
        self.note_unread(member)
        self._forget_where_empty(member)

    def _arrive(self, assoc_id: int) -> Member | None:
        """Takes a new association that a peer has set up. Returns None if it is
        refused."""
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
        """Nothing else can be read now."""
        for member in self.ending:
            if not member.is_over:
                member.conclude()
                self.touched[member] = None
        self.ending.clear()

    def lose(self, member: Member) -> None:
        """The kernel does not know a member any more, and the news of its end cannot
        be reached."""
        if member.is_up:
            member.vanish()
        else:
            is_late = time.monotonic() >= member.late_at
            member.fail(errno.ETIMEDOUT if is_late else errno.ECONNREFUSED)
        self.forget(member, is_aborted=True)

    def fail(self, number: int) -> None:
        """Takes an error of the socket: the end of all its associations."""
        self._latch(End(number))
        for member in list(self.members.values()):
            member.fail(number)
            self.forget(member)
            self.touched[member] = None

    # Calls of the program

    def register(self, member: Member, assoc_id: int) -> None:
        """An association that this side sets up has got its identifier."""
        member.assoc_id = assoc_id
        member.is_accepted = True
        self.members[assoc_id] = member

    def forget(self, member: Member, *, is_aborted: bool = False) -> None:
        """A member is over. If this side has aborted it, the news of the end will
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
        """Forgets a member that ended before the program saw it, if it has left
        nothing."""
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
        """Adds the oldest association that was not accepted to a list, if there is one.
        Raises the end of the endpoint.

        It takes the association in one step, as digest() does: an association in the
        list can be put back.
        """
        if self.end is not None:
            raise self.end.for_receiver(None)
        for member in self.waiting:
            taken += (member,)
            del self.waiting[member]
            member.is_accepted = True
            self._leave_line(member)
            break

    def put_back(self, member: Member) -> None:
        """Puts an accepted association back: it becomes the next one again."""
        member.is_accepted = False
        self.waiting = {member: None} | self.waiting
        self.note_unread(member)
        self._forget_where_empty(member)

    @property
    def has_unread(self) -> bool:
        """Whether take() returns a message or raises."""
        return bool(self._ready) or self.end is not None

    def take(self, taken: list[Unread]) -> None:
        """Adds a message, or the error in its place, to a list, if there is one.
        Associations that were not accepted take turns. It takes in one step, as
        accept() does."""
        for member in list(self._ready):
            if (item := member.take_out()) is not None:
                taken += (item,)
            self._unseen.discard(member)
            self._ready.pop(member, None)
            if member.unread:
                self._ready[member] = None
            self._forget_where_empty(member)
            if taken:
                return
        if self.end is not None:
            raise self.end.for_receiver(None)

    def put_back_unread(self, item: Unread, member: Member) -> None:
        """Puts an item of an association back: it becomes the next one again."""
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
        """Accepts no more associations."""
        self._latch(End(0, None, note))

    def abort(self, note: str = "abort() was called here.") -> None:
        """Ends the endpoint. The front end has to abort its associations."""
        self._latch(End(errno.ECONNABORTED, None, note))
        for member in list(self.waiting):
            self._leave_line(member)

    def _latch(self, end: End) -> None:
        self.end = self.end or end

    def check_connect(self) -> None:
        """Raises the end if no association can be set up any more."""
        if self.end is not None:
            number = self.end.errno or errno.EBADF
            raise End(number, None, self.end.note).for_sender(None)

    # Peeling off

    def peel(self, member: Member) -> None:
        """The kernel has peeled a member off, and nothing was read since. If a
        signal interrupts it, it can be called again."""
        self.forget(member)
        self.apart[member] = None
        member.is_shared = False
        if member.assembler is self.assembler:
            member.assembler = self.make_assembler()
        self.assembler.move(member.assoc_id, member.assembler)
        self._has_told = False

    def release(self, member: Member) -> None:
        """Makes a member that was peeled off independent."""
        del self.apart[member]
        self._leave_line(member)
        member.is_accepted = True

    @property
    def is_full(self) -> bool:
        """Whether reading has to stop: a member has too much unread, and cannot be
        peeled off."""
        for member in list(self.crowded):
            if member.has_room:
                del self.crowded[member]
        return bool(self.crowded)

    def find_hogs(self, missing: Mapping[Member, int] | None) -> list[Member]:
        """Returns the members that fill the one receive buffer, to be peeled off.
        missing is None if the buffer is not filled. Otherwise it has the number of
        missing chunks of each member. The result has the members with missing chunks,
        because the kernel holds the data after the gap. It also has the members of
        which more than usual has arrived since the last call."""
        received, self._received = self._received, {}
        if missing is None:
            return []
        usual = sum(received.values()) / len(received) if received else 0
        return [m for m, n in missing.items() if n or received.get(m, 0) > usual]

    def cannot_peel(self, member: Member, error: OSError, what: str) -> None:
        """The kernel has not peeled a member off. If that may work later, logs the
        failure once until it works. Otherwise the association is over, and the news of
        it will come. ``what`` is what stops: "reading", "receiving" or "sending"."""
        if error.errno not in _PASSING:
            self.crowded.pop(member, None)
            member.is_ending = True
            self.ending[member] = None
        elif not self._has_told:
            self._has_told = True
            reason = os.strerror(error.errno) if error.errno else str(error)
            logger.warning(
                "%s pauses for all associations of an endpoint, because one cannot be"
                " peeled off: %s",
                what,
                reason,
            )


class Turns(dict[Member, float]):
    """The members that have something to send on a one-to-many socket, one after the
    other, and since when each waits for its turn."""

    def join(self, member: Member) -> None:
        self.setdefault(member, time.monotonic())

    def leave(self, member: Member) -> None:
        self.pop(member, None)

    @property
    def first(self) -> Member | None:
        """The member whose turn it is."""
        return next(iter(self), None)

    @property
    def waited(self) -> float:
        """The seconds that the first one has waited."""
        return time.monotonic() - next(iter(self.values()), math.inf)

    def rotate(self, member: Member) -> None:
        """Puts a member behind the others: it had its turn."""
        if self.pop(member, None) is not None:
            self[member] = time.monotonic()


class Stall:
    """The kernel has one send buffer for all associations, and it is full. Finds out
    which of them fill it.

    It is asked every LOOK seconds while somebody waits. It is told how many chunks of
    each sender are under way, and names the senders to peel off.
    """

    def __init__(self) -> None:
        # Members with data under way, as far as is known. Those that send meanwhile
        # must be added.
        self.senders: dict[Member, None] = {}
        self._before: dict[Member, int] = {}

    def begin(self, members: Iterable[Member]) -> None:
        """Somebody begins to wait. Each of these members may be the cause."""
        self.senders = dict.fromkeys(members)
        self._before = {}

    def end(self) -> None:
        """Nobody waits any more."""
        self.begin(())

    def judge(self, under_way: Mapping[Member, int], turns: Turns) -> list[Member]:
        """Returns the members whose peers took nothing since the last call. If there
        are none and somebody has waited for long, returns the member with the most
        chunks under way. Never returns a member that blocks only itself, and never
        returns one at the first call."""
        before, self._before = self._before, dict(under_way)
        busy = {member: count for member, count in under_way.items() if count}
        self.senders = dict.fromkeys(busy)
        stuck = [m for m, count in busy.items() if before.get(m) == count]
        if not stuck and before and busy and turns.waited > PATIENCE:
            stuck = [max(busy, key=busy.__getitem__)]
        return [m for m in stuck if len(turns) > (m in turns)]
