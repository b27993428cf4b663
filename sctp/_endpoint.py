"""The part of an endpoint that all front ends share: everything but waiting.

The core (_hub) decides to which association each thing belongs. This class decides what
to do to the socket then. A front end reads, waits, and wakes those who wait.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

from _sctp.sctp import IPPROTO_SCTP, SCTP_INITMSG, SCTP_RTOINFO

from ._association import COUNT, AssociationBase, OwnSocket, SharedSocket, piece_size
from ._enums import AssociationState, NotificationType
from ._hub import AGAIN, LOOK, Hub, Member, Stall, Turns, least_time_out
from ._lifecycle import Received, check_reason
from ._messages import Address, plain_address
from ._options import sctp_initmsg, sctp_rtoinfo
from ._setup import Addresses, AnyAddress, Limits, list_addresses
from ._socket import sctp_socket
from ._sockets import (
    abort_association,
    abort_at_close,
    close_socket,
    current_addresses,
    is_crowded,
    keep_socket,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

Association = TypeVar("Association", bound=AssociationBase)
Later: TypeAlias = Callable[[Any], None]

# How many batches of the queue are read at once for the news of an end.
_SEARCH = 64
# The seconds between two questions whether set-ups are done, while nothing is read.
_ASK = 0.02
# The reason that is sent to a peer whose association is refused.
_REFUSAL = b"no more associations are accepted"


class Shared(SharedSocket):
    """Carries associations over the socket of their endpoint."""

    def __init__(self, endpoint: "EndpointBase[Any]") -> None:
        super().__init__(endpoint._hub)
        self._endpoint = endpoint

    def look_for_end(self, association: AssociationBase) -> None:
        self._endpoint._look_for_end(self._member(association))

    def close(self, association: AssociationBase) -> None:
        super().close(association)
        self._endpoint._note_closed()


class Apart(OwnSocket):
    """Carries an association over a socket of its own, while it still belongs to the
    endpoint."""

    def __init__(self, endpoint: "EndpointBase[Any]") -> None:
        self._endpoint = endpoint

    def close(self, association: AssociationBase) -> None:
        super().close(association)
        self._endpoint._hub.forget(cast(Member, association._core))
        self._endpoint._note_closed()


class EndpointBase(Generic[Association]):
    """A socket with any number of associations, without the waiting."""

    # With threads, it is held while something is changed.
    _lock: AbstractContextManager[Any] = nullcontext()

    def __init__(
        self,
        sock: sctp_socket,
        limits: Limits,
        events: frozenset[NotificationType],
        backlog: int,
    ) -> None:
        self._sock = sock
        keep_socket(sock)
        self._fd = sock.fileno()
        self._recvv_many = sock.sctp_recvv_many
        self._limits = limits
        self._piece_size = piece_size(limits)
        self._events = events
        self._hub = Hub(limits, events, backlog, self._adopt)
        self._senders = Turns()
        self._stall = Stall()
        self._connecting: set[Association] = set()
        # Members that the kernel has peeled off, and their sockets, until the rest of
        # the work is done.
        self._peeled: dict[Member, list[sctp_socket]] = {}
        self._is_reading = False
        # What was read and is not digested yet.
        self._arrived: deque[Received] = deque()
        # Whether more may have arrived.
        self._is_behind = False
        self._will_look = False
        self._is_closed = False
        self._addresses = current_addresses(sock)

    def __repr__(self) -> str:
        self._remember_addresses()
        state = "closed" if self._hub.end else "open"
        count = len(self._hub.alive)
        return f"<Endpoint at {self._addresses} with {count} associations, {state}>"

    # A front end adds these methods

    def _start(self) -> None:
        """Starts reading when something arrives."""
        raise NotImplementedError

    def _stop(self) -> None:
        """Stops reading when something arrives."""
        raise NotImplementedError

    def _later(self, delay: float, call: Later) -> None:
        """Makes a call after so many seconds, unless it is planned already."""
        raise NotImplementedError

    def _wake_takers(self) -> None:
        """Wakes those who wait for something that the hub has."""
        raise NotImplementedError

    def _catch_up(self) -> None:
        """Reads if no thread waits, because then no other call reads."""

    def _end(self) -> None:
        """The socket is about to be closed: nothing else will arrive."""
        raise NotImplementedError

    def _make_association(self, member: Member) -> Association:
        raise NotImplementedError

    def _move(self, association: Association, sock: sctp_socket) -> None:
        """Moves an association to a socket of its own. It still belongs to the
        endpoint."""
        raise NotImplementedError

    def _release(self, association: Association) -> None:
        """Makes an association with a socket of its own independent."""
        raise NotImplementedError

    # Reading

    def _read(self) -> None:
        """Reads what has arrived, at most as much as one wake-up may read."""
        self._read_once()
        self._react()

    def _read_once(self) -> bool:
        """Reads what has arrived. Returns whether there was something."""
        hub, arrived = self._hub, self._arrived
        failure = None
        try:
            # In one step, in which no signal is handled.
            calls = map(self._recvv_many, (self._piece_size,), (COUNT,))
            arrived.extend(chain.from_iterable(calls))
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            if error.errno is None:  # raised by a signal handler
                raise
            failure = error.errno
        count = len(arrived)
        hub.digest(arrived)
        self._is_behind = count >= COUNT
        if failure is not None:
            hub.fail(failure)
            return False
        if not count:
            hub.conclude()
            return False
        if self._is_behind:
            self._look_who_fills_the_queue()
        elif not self._will_look:
            self._will_look = True
            self._later(LOOK, EndpointBase._look_who_fills_the_queue)
        return True

    def _look_who_fills_the_queue(self) -> None:
        self._will_look = False
        missing = None
        if is_crowded(self._sock):
            missing = self._ask("sstat_penddata", self._hub.members.values())
        for member in self._hub.find_hogs(missing):
            self._peel_by_itself(member, "receiving")

    def _ask(self, what: str, members: Iterable[Member]) -> dict[Member, int]:
        """Asks the kernel for a field of the status of these members."""
        found: dict[Member, int] = {}
        for member in members:
            if member.is_shared and not member.is_over:
                with suppress(OSError):  # the news of its end will come
                    status: Any = self._association_of(member)._ask_status()
                    found[member] = status[what]
        return found

    def _react(self) -> None:
        """Does what the core wants, and wakes those who wait."""
        hub = self._hub
        if hub.refused:
            for assoc_id in hub.refused:
                abort_association(self._sock, _REFUSAL, assoc_id)
            hub.refused.clear()
        if hub.crowded:
            self._make_room()
        if hub.touched:
            touched, hub.touched = hub.touched, {}
            try:
                for member in touched:
                    member.association._react()  # type: ignore[attr-defined]
            except BaseException:  # raised by a signal handler
                hub.touched = touched | hub.touched
                raise
        if hub.waiting or hub.end is not None:
            self._wake_takers()
        if hub.ending:
            self._later(0, EndpointBase._read)
        if hub.end is not None:
            self._note_closed()

    def _make_room(self) -> None:
        """Peels off associations with too much unread. If that is not possible,
        pauses reading."""
        for member in list(self._hub.crowded):
            self._peel_by_itself(member, "reading")
        if self._hub.is_full:
            for member in self._hub.crowded:
                self._association_of(member)._is_reading = False
            if self._is_reading:
                self._stop()
            self._later(AGAIN, EndpointBase._resume)
            self._later(_ASK, EndpointBase._ask_for_set_ups)

    def _resume(self) -> None:
        """Starts reading again, if there is room now."""
        if self._is_closed or self._is_reading:
            return
        if self._hub.is_full:
            self._make_room()
        if not self._hub.is_full:
            self._start()

    def _ask_for_set_ups(self) -> None:
        """Asks the kernel about set-ups, because their news comes after data that is
        not read."""
        if self._is_reading or self._is_closed or not self._connecting:
            return
        for association in list(self._connecting):
            member = cast(Member, association._core)
            try:
                state = association._ask_status()["sstat_state"]
            except OSError:
                self._hub.lose(member)
            else:
                if state >= AssociationState.ESTABLISHED:
                    association._take_over()
            association._react()
        self._later(_ASK, EndpointBase._ask_for_set_ups)

    def _look_for_end(self, member: Member) -> None:
        """Reads on for the news of an end, which comes after other messages."""
        for _ in range(_SEARCH):
            if member.end is not None or not self._read_once():
                break
        else:
            self._hub.lose(member)
        self._react()
        if not member.is_shared and member.end is None:
            self._association_of(member)._read()  # it was peeled off meanwhile

    # Sending: the associations take turns

    def _line_up(self, member: Member) -> bool:
        """Adds a member that has to wait to the line of senders. Returns whether it
        is the first one."""
        is_first = not self._senders
        self._senders.join(member)
        if is_first:
            self._stall.begin(self._hub.members.values())
            self._later(LOOK, EndpointBase._look_who_is_slow)
        return is_first

    def _wake_first(self) -> None:
        """Wakes the member whose turn it is."""
        if (member := self._senders.first) is not None:
            self._association_of(member)._wake_senders()

    def _rotate(self, member: Member) -> None:
        """Puts a member behind the others: it had its turn, and has more to send."""
        self._stall.senders[member] = None
        self._senders.rotate(member)

    def _leave(self, member: Member) -> None:
        """Removes a member from the line: it has nothing else to send, or nobody
        waits for that."""
        self._senders.leave(member)
        if self._senders:
            self._stall.senders[member] = None
            self._wake_first()
        else:
            self._stall.end()

    def _look_who_is_slow(self) -> None:
        """Somebody waits for a long time. Peels off the members that cause this."""
        if not self._senders:
            return
        under_way = self._ask("sstat_unackdata", self._stall.senders)
        for member in self._stall.judge(under_way, self._senders):
            self._peel_by_itself(member, "sending")
        self._later(LOOK, EndpointBase._look_who_is_slow)

    # Peeling off

    def peel_off(self, association: Association) -> None:
        """Moves an association to a socket of its own.

        The association is still the same object. Calls that wait to send or to receive
        go on, and nothing that is under way is lost. From then on the association is
        independent of this endpoint: close() does not end it.

        Raises ValueError if the association does not belong to this endpoint or is not
        up. Raises OSError if the kernel fails, for example with EMFILE. The association
        then stays where it is.
        """
        if not isinstance(association, AssociationBase):
            raise TypeError(f"association must be an Association, not {association!r}")
        with self._lock:
            member = association._core
            if not isinstance(member, Member) or member not in self._hub.alive:
                raise ValueError(
                    f"{association!r} is not an association of this endpoint"
                )
            if member.is_shared:
                self._peel(member)
            self._release(association)
            self._hub.release(member)
            association._on_news = None
            self._note_closed()

    def _peel_by_itself(self, member: Member, what: str) -> None:
        try:
            self._peel(member)
        except OSError as error:
            self._hub.cannot_peel(member, error, what)

    def _peel(self, member: Member) -> None:
        # No call stands before the try: Python could handle a signal in it.
        if member not in self._peeled:
            self._peeled[member] = []
        made = self._peeled[member]
        try:
            if not made:
                made.extend(map(self._sock.sctp_peeloff, (member.assoc_id,)))
        except BaseException as error:
            if not made:
                del self._peeled[member]
                is_signal = getattr(error, "errno", None) is None
                if is_signal and not self._ask("sstat_state", [member]):
                    # A signal came in the middle, and the new socket was closed.
                    self._hub.lose(member)
                    self._association_of(member)._react()
            raise
        self._finish_peeling()

    def _finish_peeling(self) -> None:
        """Completes peeling off after the kernel has done its part. If a signal
        interrupts it, it can be called again."""
        for member, [sock] in list(self._peeled.items()):
            sock.setblocking(False)
            self._hub.peel(member)
            self._senders.leave(member)
            association = self._association_of(member)
            self._move(association, sock)
            association._on_news = partial(self._note_read, member)
            del self._peeled[member]
        self._wake_first()

    def _note_read(self, member: Member) -> None:
        """Somebody has read from an association that was peeled off by itself."""
        if not member.is_accepted:
            self._hub.note_unread(member)
            del self._hub.touched[member]
            self._wake_takers()
        if self._is_behind and self._is_reading:
            # The one socket for all is read as often as the other sockets together.
            self._read()

    # Methods for the program

    def _check_peers(self, addresses: Addresses) -> list[AnyAddress]:
        """Returns the addresses for connect(), before anything is looked up."""
        peers = list_addresses(addresses, "addresses")
        if not peers:
            raise ValueError("there are no addresses to connect to")
        self._hub.check_connect()
        return peers

    def _begin_set_up(self, peers: list[AnyAddress]) -> Association:
        """Returns an association, and begins to set it up with a peer."""
        hub = self._hub
        hub.check_connect()
        member = hub.make_member()
        member.late_at = time.monotonic() + self._least_time_out(len(peers))
        member.given = len(peers)
        assoc_id: int | None = None
        try:
            try:
                assoc_id = self._sock.sctp_connectx(peers, assoc_id=True)
            except BlockingIOError as error:
                # No call stands before this: Python could handle a signal in it.
                assoc_id = error.assoc_id  # type: ignore[attr-defined]
            hub.register(member, cast(int, assoc_id))
            association = self._make(member)
            association._peers = tuple(map(plain_address, peers))
            self._connecting.add(association)
            if not self._is_reading:
                self._later(_ASK, EndpointBase._ask_for_set_ups)
        except BaseException:
            if assoc_id is not None:
                hub.register(member, assoc_id)
                hub.forget(member, is_aborted=True)
                abort_association(self._sock, b"", assoc_id)
            raise
        return association

    def _note_set_up(self, association: Association) -> None:
        self._connecting.discard(association)
        member = cast(Member, association._core)
        member.addresses = max(1, len(association._peers))

    def _least_time_out(self, addresses: int) -> float:
        read = self._sock.getsockopt
        return least_time_out(
            read(IPPROTO_SCTP, SCTP_INITMSG, sctp_initmsg()),
            read(IPPROTO_SCTP, SCTP_RTOINFO, sctp_rtoinfo()),
            addresses,
        )

    @property
    def socket(self) -> sctp_socket:
        """The socket underneath, for its options. Do not receive from it, and do not
        close it."""
        return self._sock

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses of this side. After the end, the last known ones. If none were
        given, these are the ones that the kernel chose in connect()."""
        with self._lock:
            self._remember_addresses()
            return self._addresses

    def _remember_addresses(self) -> None:
        self._addresses = current_addresses(self._sock, self._addresses)

    @property
    def associations(self) -> tuple[Association, ...]:
        """The associations that are up, also those that were not accepted, but without
        those that peel_off() has made independent."""
        with self._lock:
            self._catch_up()
            return tuple(map(self._association_of, self._hub.alive))

    @property
    def is_closed(self) -> bool:
        """Whether everything has ended and the socket is closed."""
        with self._lock:
            self._catch_up()
            return self._is_closed

    # Its end

    def close(self) -> None:
        """Accepts no more associations, and begins to shut down the existing ones.
        After close_timeout seconds, those that are left are aborted."""
        note = "close() was called here."
        with self._lock:
            self._catch_up()
            self._hub.close(note)
            with suppress(OSError):
                self._sock.listen(0)
            for association in list(self._connecting):
                association._abort(b"", note)
            for member in self._hub.alive:
                self._association_of(member)._begin_closing()
            self._react()

    def abort(self, reason: "Buffer" = b"") -> None:
        """Ends the endpoint and all its associations at once. The peers get the
        reason: at most 65,000 bytes."""
        reason = check_reason(reason)
        note = "abort() was called here."
        with self._lock:
            self._catch_up()
            self._hub.abort(note)
            abort_at_close(self._sock)
            for association in list(self._connecting):
                association._abort(reason, note)
            for member in self._hub.alive:
                self._association_of(member)._abort(reason, note)
            self._note_closed()

    def _note_closed(self) -> None:
        """Closes the socket if nothing is left."""
        hub = self._hub
        if hub.end is None or hub.members or hub.apart or self._is_closed:
            return
        self._end()
        self._remember_addresses()
        close_socket(self._sock)
        self._is_closed = True

    # Its associations

    def _association_of(self, member: Member) -> Association:
        return member.association  # type: ignore[return-value]

    def _make(self, member: Member) -> Association:
        association = self._make_association(member)
        member.association = association
        association._is_reading = True
        return association

    def _adopt(self, member: Member) -> Association:
        association = self._make(member)
        association._remember_addresses()
        member.addresses = max(1, len(association._peers))
        return association
