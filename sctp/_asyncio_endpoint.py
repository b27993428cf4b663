"""An endpoint for asyncio: one socket for many associations, on the core (_endpoint).

The core decides, this module waits. The socket has one reader for all, and a
writer while somebody waits for room.
"""

import asyncio
import errno
import time
import weakref
from collections.abc import Callable, Coroutine, Iterable, Sized
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar, cast

from _sctp.sctp import IPPROTO_SCTP, SCTP_INITMSG, SCTP_RTOINFO

from ._association import COUNT, REST, AssociationBase, SharedSocket, piece_size
from ._asyncio_association import (
    TURNS,
    Association,
    Carrier,
    Line,
    Message,
    Notifications,
    discard_socket,
    stop_watching,
    wake_readers,
)
from ._asyncio_names import resolve
from ._endpoint import AGAIN, LOOK, Hub, Member, Stall, Turns, least_time_out
from ._enums import AssociationState, NotificationType
from ._lifecycle import AssociationRestarted, check_reason
from ._messages import Address, MessageTooLong, plain_address
from ._options import sctp_initmsg, sctp_rtoinfo
from ._setup import Addresses, Limits, list_addresses
from ._socket import sctp_socket
from ._sockets import (
    abort_association,
    close_socket,
    is_crowded,
    keep_socket,
    warn_unclosed,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

_Item = TypeVar("_Item")

# How much of the queue is read at once for the news of an end: so many batches.
_SEARCH = 64
# While nothing is read, how often is asked whether set-ups are done: seconds.
_ASK = 0.02


class _Shared(SharedSocket, Carrier):
    """The socket of an endpoint, for its associations."""

    def __init__(self, endpoint: "Endpoint") -> None:
        super().__init__(endpoint._hub)
        self._endpoint = endpoint

    def find_waiting(self, association: Association) -> Sized:
        return self._endpoint._senders

    def start(self, association: Association) -> None:
        self._endpoint._resume()

    def pause(self, association: Association) -> None:
        """The endpoint does, where it has to."""

    def look_for_end(self, association: AssociationBase) -> None:
        self._endpoint._look_for_end(self._member(association))

    def line_up(self, association: Association, is_full: bool) -> None:
        self._endpoint._line_up(self._member(association), is_full)

    def wait_for_room(self, association: Association, is_ready: bool) -> None:
        self._endpoint._wait_for_room(is_ready)

    def give_others_a_turn(self, association: Association) -> None:
        self._endpoint._rotate(self._member(association))

    def leave_line(self, association: Association) -> None:
        member = self._member(association)
        if association._has_senders():
            self._endpoint._rotate(member)
        else:
            self._endpoint._leave(member)

    def close(self, association: AssociationBase) -> None:
        super().close(association)
        self._endpoint._note_closed()

    def discard(self, association: Association) -> None:
        """The endpoint does."""


def _read_for(reference: "weakref.ref[Endpoint]") -> None:
    """Reads for an endpoint that its loop does not keep alive."""
    endpoint = reference()
    if endpoint is not None:
        endpoint._read()


def _make(call: "_Call", reference: "weakref.ref[Endpoint]") -> None:
    """Makes a planned call of an endpoint that its loop does not keep alive."""
    endpoint = reference()
    if endpoint is not None:
        del endpoint._timers[call]
        call(endpoint)


class Endpoint:
    """One socket with any number of associations, begun by either side.

    Made by open_endpoint(). Used by tasks of one event loop. ``async for`` gives
    the associations that peers begin, as accept() does, until the endpoint is
    closed.

    The kernel has one queue and one send buffer for all. So that no association
    can stop the others, one whose unread messages pass max_unread, or for which
    the send buffer is full while others wait, gets a socket of its own by itself;
    while there is no descriptor for that, reading or sending pauses for all,
    and the log says so.

    Leaving ``async with`` closes the endpoint and waits until its associations
    have ended, which takes close_timeout seconds at most; an exception aborts
    them.
    """

    __module__ = "sctp.asyncio"

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
        self._limits = limits
        self._piece_size = piece_size(limits)
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._hub = Hub(limits, events, backlog, self._adopt)
        self._senders = Turns()
        self._stall = Stall()
        self._acceptors = Line()
        self._receivers = Line()
        self._turns = TURNS
        self._connecting: set[Association] = set()
        self._is_reading = False
        # Whether there may be more to read.
        self._is_behind = False
        self._will_look = False
        self._is_closed = False
        self._done = asyncio.Event()
        # Timers: to look who fills the send buffer, to peel off again, to ask
        # for set-ups.
        self._timers: dict[_Call, asyncio.TimerHandle] = {}
        self._carrier = _Shared(self)
        found = sock.sctp_getladdrs() or ()
        self._addresses: tuple[Address, ...] = tuple(map(plain_address, found))
        self._start()

    def __repr__(self) -> str:
        state = "closed" if self._hub.end else "open"
        count = len(self._hub.alive)
        return f"<Endpoint at {self._addresses} with {count} associations, {state}>"

    def __del__(self) -> None:
        if "_addresses" in self.__dict__ and not self._is_closed:
            warn_unclosed(self)
            discard_socket(self._loop, self._fd, self._sock)

    # Reading

    def _start(self) -> None:
        self._is_reading = True
        self._loop.add_reader(self._fd, _read_for, weakref.ref(self))

    def _read(self) -> None:
        """Takes what has arrived, at most a wake-up's share."""
        self._read_once()
        self._react()

    def _read_once(self) -> bool:
        """Whether there was something."""
        hub = self._hub
        try:
            hub.feed(items := self._sock.sctp_recvv_many(self._piece_size, COUNT))
        except (BlockingIOError, InterruptedError):
            self._is_behind = False
            hub.conclude()
            return False
        except OSError as error:
            hub.fail(error.errno or errno.EIO)
            return False
        self._is_behind = len(items) == COUNT
        if self._is_behind:
            self._look_who_fills_the_queue()
        elif not self._will_look:
            self._will_look = True
            self._later(LOOK, Endpoint._look_who_fills_the_queue)
        return True

    def _look_who_fills_the_queue(self) -> None:
        self._will_look = False
        missing = None
        if is_crowded(self._sock):
            missing = self._ask("sstat_penddata", self._hub.members.values())
        for member in self._hub.find_hogs(missing):
            self._peel_by_itself(member, "receiving")

    def _ask(self, what: str, members: Iterable[Member]) -> dict[Member, int]:
        """What the kernel's status says of these."""
        found: dict[Member, int] = {}
        for member in members:
            if member.is_shared and not member.is_over:
                with suppress(OSError):  # the news of its end is to come
                    status: Any = _association_of(member)._ask_status()
                    found[member] = status[what]
        return found

    def _react(self) -> None:
        """Does what the core wants, and wakes who waits for what there is."""
        hub = self._hub
        for assoc_id in hub.refused:
            abort_association(self._sock, b"", assoc_id)
        hub.refused.clear()
        if hub.crowded:
            self._make_room()
        if hub.touched:
            touched, hub.touched = hub.touched, {}
            for member in touched:
                member.association._react()  # type: ignore[attr-defined]
        if self._acceptors or self._receivers:
            self._wake_takers()
        if hub.ending:
            self._later(0, Endpoint._read)
        if hub.end is not None:
            self._note_closed()

    def _wake_takers(self) -> None:
        if self._hub.has_acceptable:
            self._acceptors.wake()
        if self._hub.has_unread:
            self._receivers.wake()

    def _make_room(self) -> None:
        """Peels off those with too much unread; pauses where that cannot be."""
        for member in list(self._hub.crowded):
            self._peel_by_itself(member, "reading")
        if self._hub.is_full:
            for member in self._hub.crowded:
                _association_of(member)._is_reading = False
            if self._is_reading:
                self._is_reading = False
                self._loop.remove_reader(self._fd)
            self._later(AGAIN, Endpoint._resume)
            self._later(_ASK, Endpoint._ask_for_set_ups)

    def _resume(self) -> None:
        """Reads again, if there is room now."""
        if self._is_closed or self._is_reading:
            return
        if self._hub.is_full:
            self._make_room()
        if not self._hub.is_full:
            self._start()

    def _ask_for_set_ups(self) -> None:
        """The news of set-ups stand behind what is not read: asks the kernel."""
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
        self._later(_ASK, Endpoint._ask_for_set_ups)

    def _look_for_end(self, member: Member) -> None:
        """Reads on for the news of an end, which stand behind other messages."""
        for _ in range(_SEARCH):
            if member.end is not None or not self._read_once():
                break
        else:
            self._hub.lose(member)
        self._react()
        if not member.is_shared and member.end is None:
            _association_of(member)._read()  # peeled off meanwhile

    def _later(self, delay: float, call: "_Call") -> None:
        """Makes a call after so many seconds, unless that is planned already."""
        if call not in self._timers and not self._is_closed:
            reference = weakref.ref(self)
            self._timers[call] = self._loop.call_later(delay, _make, call, reference)

    # Sending: one association after the other

    def _line_up(self, member: Member, is_full: bool) -> None:
        is_first = not self._senders
        self._senders.join(member)
        if is_first:
            self._stall.begin(self._hub.members.values())
            self._later(LOOK, Endpoint._look_who_is_slow)
            if is_full:
                self._wait_for_room(False)
            else:
                self._loop.call_soon(self._wake_first)

    def _wait_for_room(self, is_ready: bool) -> None:
        if is_ready:
            self._loop.call_later(REST, self._wake_first)
        elif not self._is_closed:
            self._loop.add_writer(self._fd, self._wake_sender)

    def _wake_sender(self) -> None:
        self._loop.remove_writer(self._fd)
        self._wake_first()

    def _wake_first(self) -> None:
        """Wakes the one whose turn it is."""
        if (member := self._senders.first) is not None:
            _association_of(member)._wake_senders()

    def _rotate(self, member: Member) -> None:
        """It had its turn, and has more to send."""
        self._stall.senders[member] = None
        self._senders.rotate(member)
        self._loop.call_soon(self._wake_first)

    def _leave(self, member: Member) -> None:
        """It has nothing else to send, or nobody who waits for that."""
        self._stall.senders[member] = None
        self._senders.leave(member)
        self._wake_first()

    def _look_who_is_slow(self) -> None:
        """Somebody waits for long: peels off whose fault that is."""
        if not self._senders:
            return
        under_way = self._ask("sstat_unackdata", self._stall.senders)
        for member in self._stall.judge(under_way, self._senders):
            self._peel_by_itself(member, "sending")
        self._later(LOOK, Endpoint._look_who_is_slow)

    # Peeling off

    def peel_off(self, association: Association) -> None:
        """Gives an association a socket of its own.

        It is the same object, and goes on: who waits to send or to receive goes
        on waiting, and nothing that is under way is lost. It is independent of
        this endpoint from then on: close() does not end it.

        Raises ValueError if it is none of this endpoint that is up, and OSError
        as the kernel does, EMFILE for example; it then stays where it is.
        """
        if not isinstance(association, Association):
            raise TypeError(f"association must be an Association, not {association!r}")
        member = association._core
        if not isinstance(member, Member) or member not in self._hub.alive:
            raise ValueError(f"{association!r} is none of this endpoint")
        if member.is_shared:
            self._peel(member)
        self._hub.release(member)
        association._carrier = Carrier()
        association._on_news = None

    def _peel_by_itself(self, member: Member, what: str) -> None:
        try:
            self._peel(member)
        except OSError as error:
            self._hub.cannot_peel(member, error, what)

    def _peel(self, member: Member) -> None:
        sock = self._sock.sctp_peeloff(member.assoc_id)
        sock.setblocking(False)
        self._hub.peel(member)
        self._senders.leave(member)
        association = _association_of(member)
        association._move(sock, _Apart(self))
        association._on_news = partial(self._note_read, member)
        self._wake_first()

    def _note_read(self, member: Member) -> None:
        """Somebody who was peeled off by itself has read something."""
        if not member.is_accepted:
            self._hub.note_unread(member)
            del self._hub.touched[member]
            self._wake_takers()
        if self._is_behind and self._is_reading:
            # One socket for many is read as often as those of one together.
            self._read()

    # What the program calls

    def accept(self) -> Coroutine[Any, Any, Association]:
        """The next association that a peer has begun: a coroutine.

        What arrived before this call is there to be received. Raises EOFError
        once the endpoint is closed, ConnectionAbortedError once it is aborted.
        """
        return self._accept(EOFError)

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, Association]:
        return self._accept(StopAsyncIteration)

    async def _accept(self, graceful: type[Exception]) -> Association:
        hub = self._hub
        try:
            member = await self._take(
                self._acceptors, lambda: hub.has_acceptable, hub.accept
            )
        except EOFError:
            if graceful is EOFError:
                raise
            raise graceful from None
        return _association_of(member)

    async def receive(self) -> Message:
        """The next message of any association that nobody has accepted; those
        that have one take turns.

        Message.association says whose it is: answer there. accept() gives that
        association later, and its messages are no more received here. Raises
        MessageTooLong and AssociationRestarted as Association.receive() does,
        EOFError once the endpoint is closed, ConnectionAbortedError once it is
        aborted. That an association ends is not told here.
        """
        hub = self._hub

        def take() -> Message | None:
            found: Any = None
            try:
                found = hub.take()
            except (MessageTooLong, AssociationRestarted) as error:
                found = error
                raise
            finally:
                if found is not None:
                    found.association._resume_where_room()
            return cast(Message | None, found)

        return await self._take(self._receivers, lambda: hub.has_unread, take)

    async def _take(
        self, line: Line, is_there: Callable[[], bool], take: Callable[[], _Item | None]
    ) -> _Item:
        """What take() gives, when there is something: those who wait take turns."""
        waiter = None
        try:
            if line or not self._turns or not is_there():
                waiter = self._loop.create_future()
                line.append(waiter)
                self._turns = TURNS
                if is_there():
                    self._loop.call_soon(line.wake)
                await waiter
            else:
                self._turns -= 1
            while (item := take()) is None:
                waiter = line[0] = self._loop.create_future()
                await waiter
            return item
        finally:
            if waiter is not None:
                line.remove(waiter)
                if line and is_there():
                    line.wake()

    async def connect(self, addresses: Addresses) -> Association:
        """Begins an association with a peer and returns it when it is up.

        addresses are all those of one peer, as for sctp.asyncio.connect(), whose
        errors this call raises, too. If it is cancelled, nothing is left of it.
        """
        hub = self._hub
        peers = list_addresses(addresses, "addresses")
        if not peers:
            raise ValueError("there are no addresses to connect to")
        hub.check_connect()
        _, [peers] = await resolve([peers], self._sock)
        hub.check_connect()
        member = hub.make_member()
        member.late_at = time.monotonic() + self._least_time_out(len(peers))
        try:
            assoc_id = self._sock.sctp_connectx(peers, assoc_id=True)
        except BlockingIOError as error:
            assoc_id = getattr(error, "assoc_id", None)  # type: ignore[assignment]
            if assoc_id is None:
                raise
        hub.register(member, assoc_id)
        association = self._make(member)
        association._peers = tuple(map(plain_address, peers))
        self._connecting.add(association)
        try:
            if not self._is_reading:
                self._later(_ASK, Endpoint._ask_for_set_ups)
            await association._wait_until_decided()
            member.addresses = max(1, len(association._peers))
        except BaseException:
            association.abort()
            raise
        finally:
            self._connecting.discard(association)
        return association

    def _least_time_out(self, addresses: int) -> float:
        read = self._sock.getsockopt
        return least_time_out(
            read(IPPROTO_SCTP, SCTP_INITMSG, sctp_initmsg()),
            read(IPPROTO_SCTP, SCTP_RTOINFO, sctp_rtoinfo()),
            addresses,
        )

    def notifications(self) -> Notifications:
        """An asynchronous iterator over the notifications of all associations
        that arrive by the socket of this endpoint from now on, of the types that
        ``events`` asked for."""
        news = Notifications(self)
        self._hub.news.add(news)
        return news

    @property
    def socket(self) -> sctp_socket:
        """The socket underneath, for its options. Do not receive from it, and do
        not close it."""
        return self._sock

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses of this side; after connect() without any, those that
        the kernel chose."""
        if not self._is_closed and not any(port for _, port, *_ in self._addresses):
            found = self._sock.sctp_getladdrs() or ()
            self._addresses = tuple(map(plain_address, found))
        return self._addresses

    @property
    def associations(self) -> tuple[Association, ...]:
        """The associations that are up, those that nobody has accepted among
        them; not those that peel_off() made independent."""
        return tuple(map(_association_of, self._hub.alive))

    @property
    def is_closed(self) -> bool:
        """Whether all of it has ended and the socket is closed."""
        return self._is_closed

    # Its end

    def close(self) -> None:
        """Takes no more associations and begins to shut down those that there
        are; after close_timeout seconds, what is left is aborted."""
        if self._hub.end is not None:
            return
        note = "close() was called here."
        self._hub.close(note)
        with suppress(OSError):
            self._sock.listen(0)
        for association in list(self._connecting):
            association._abort(b"", note)
        for association in self.associations:
            association._begin_closing()
        self._react()

    def abort(self, reason: "Buffer" = b"") -> None:
        """Ends the endpoint and all its associations at once; the reason, at most
        65,000 bytes, travels to the peers."""
        reason = check_reason(reason)
        self._hub.abort()
        for association in (*self._connecting, *self.associations):
            association.abort(reason)
        self._note_closed()

    async def wait_closed(self) -> None:
        """Waits until close() or abort() was called and all associations have
        ended."""
        await self._done.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
            await self.wait_closed()
        else:
            self.abort()

    def _note_closed(self) -> None:
        """Closes the socket where nothing is left."""
        hub = self._hub
        if hub.end is None or hub.members or hub.apart or self._is_closed:
            return
        self._is_closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        stop_watching(self._loop, self._fd)
        close_socket(self._sock)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._done.set()
            self._wake_takers()
            wake_readers(hub.news)

    # Its associations

    def _make(self, member: Member) -> Association:
        association = Association(
            self._sock, self._limits, self._events, member, self._carrier
        )
        member.association = association
        association._is_reading = True
        return association

    def _adopt(self, member: Member) -> Association:
        association = self._make(member)
        association._remember_addresses()
        member.addresses = max(1, len(association._peers))
        return association


class _Apart(Carrier):
    """A socket of its own, of an association that still is the endpoint's."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def close(self, association: AssociationBase) -> None:
        super().close(association)
        self._endpoint._hub.forget(cast(Member, association._core))
        self._endpoint._note_closed()

    def discard(self, association: Association) -> None:
        # The endpoint warns.
        discard_socket(association._loop, association._fd, association.socket)


_Call: TypeAlias = Callable[[Endpoint], None]


def _association_of(member: Member) -> Association:
    return cast(Association, member.association)
