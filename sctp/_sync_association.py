"""An association for threads, on the core (_messages, _lifecycle).

The core decides, this module waits: see _sync_waiting. Between a system call and
its result there is no call of Python's at which a signal could be handled: results
go into a deque or a list by extend() of it.
"""

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import _messages
from ._association import BATCH, COUNT, AssociationBase, OwnSocket
from ._enums import NotificationType
from ._lifecycle import (
    Lifecycle,
    News,
    Notification,
    Outgoing,
    Received,
    Unread,
    check_reason,
)
from ._messages import Address, plain_address
from ._options import sctp_status
from ._setup import AnyAddress, Limits
from ._socket import sctp_socket
from ._sockets import close_socket, keep_socket, warn_unclosed
from ._sync_waiting import Crew, Line, Polled, deadline_after

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from ._association import Sendable
    from ._sync_endpoint import Endpoint

    class Message(_messages.Message):
        association: "Association"

else:
    from ._messages import Message


class Notifications(News):
    """An iterator over notifications, as parse_notification() makes them, from its
    creation on. It ends when the association or the endpoint has.

    It keeps 1,000 that nobody has taken; ``dropped`` says how many older ones
    had to go.
    """

    __module__ = "sctp.sync"

    def __init__(self, source: "Association | Endpoint") -> None:
        super().__init__()
        self._source = source

    def add(self, notification: Notification) -> None:
        super().add(notification)
        self._source._watchers.wake()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Notification:
        return self.next()

    def next(self, timeout: float | None = None) -> Notification:
        """The next notification. Raises StopIteration at the end, and
        TimeoutError after timeout seconds."""
        source, taken = self._source, list[Notification]()

        def attempt() -> bool:
            source._read_if_ready()
            if not self.waiting:
                return source._is_closed
            first = self.waiting[0]
            del self.waiting[0]
            taken.append(first)
            return True

        try:
            source._watchers.call(attempt, deadline_after(timeout))
            if taken:
                return taken[0]
        except BaseException:
            self.waiting.extendleft(taken)
            raise
        raise StopIteration


class _Sending:
    """Messages that a call sends, and how many went by each call of the kernel."""

    def __init__(self, association: "Association", batch: list[Outgoing]) -> None:
        self._association = association
        self._batch = batch
        self._counts: list[int] = []

    @property
    def sent(self) -> int:
        return sum(self._counts)

    def check(self) -> None:
        self._association._core.check_send()

    def attempt(self) -> bool | None:
        association, sent = self._association, self.sent
        carrier = association._carrier
        association._core.check_send(is_in_line=True)
        if not carrier.may_send(association):
            return False
        part = self._batch[sent : sent + BATCH]
        try:
            self._counts.extend(map(association.socket.sctp_sendv_many, (part,)))
        except BlockingIOError:
            carrier.await_room(association)
            return False
        except BaseException as error:
            # That of a signal handler, in the middle, says how many.
            self._counts.append(getattr(error, "sent", 0))
            if isinstance(error, OSError):
                association._fail_to_send(error)
            raise
        carrier.give_others_a_turn(association)
        return True if self.sent == len(self._batch) else None


class Carrier(OwnSocket):
    """A socket of its own, which a crew polls."""

    def start(self, association: "Association") -> None:
        association._crew.interrupt()

    def read_if_ready(self, association: "Association") -> None:
        """Takes what has arrived, unless something is unread."""
        has_read = association._core.unread and not association._arrived
        if association._is_reading and not has_read:
            association._read()

    def tidy(self, association: "Association") -> None:
        """Reads on where that was interrupted, and lets those who can send do so:
        somebody has left their line, maybe."""
        if association._arrived or association._core.is_ending:
            association._read()
        if not association._senders:
            association._awaits_room = False
        elif not association._awaits_room:
            association._senders.wake()

    def may_send(self, association: "Association") -> bool:
        """Whether it is the turn of an association, and there may be room."""
        return not association._awaits_room

    def await_room(self, association: "Association") -> None:
        """The send buffer is full."""
        association._await_room()

    def give_others_a_turn(self, association: "Association") -> None:
        """An association has sent."""
        association._found_room = False

    def close(self, association: AssociationBase) -> None:
        assert isinstance(association, Association)
        close_socket(association.socket)
        association._crew.close()

    def discard(self, association: "Association") -> None:
        """Nobody knows the association any more."""
        if association._core.end is None:
            warn_unclosed(association)
        self.close(association)


class Association(AssociationBase, Polled):
    """An association with a peer: messages in both directions.

    Made by connect(), serve() and an Endpoint. Any number of threads may use it at
    the same time, in every way. ``for`` gives the messages up to the end of the
    association, and raises what receive() does.

    No thread of the module works for it: it reads, and notices its end, while
    one of its calls waits. Calls with a timeout raise TimeoutError, without an
    errno, when so many seconds have passed; with 0 they do not wait.

    Leaving ``with`` shuts the association down, an exception aborts it.
    """

    __module__ = "sctp.sync"

    _carrier: Carrier = Carrier()

    def __init__(
        self,
        sock: sctp_socket,
        limits: Limits,
        events: frozenset[NotificationType],
        crew: Crew | None = None,
        core: Lifecycle | None = None,
        carrier: Carrier | None = None,
    ) -> None:
        super().__init__(sock, limits, events, core)
        self._crew = crew or Crew()
        if carrier is None:
            keep_socket(sock)
            self._crew.polled[self] = None
            self._is_reading = True
        else:
            self._carrier = carrier
        self._receivers = Line(self._crew, self, in_turn=True)
        self._senders = Line(self._crew, self, in_turn=True)
        self._watchers = Line(self._crew, self, in_turn=False)
        self._lines = self._receivers, self._senders, self._watchers
        self._look_delay = 0.0
        # What was read, and is not digested.
        self._arrived: deque[Received] = deque()

    def __del__(self) -> None:
        if "_arrived" in self.__dict__ and not self._is_closed:
            self._carrier.discard(self)

    # Its life

    def _begin(self, peer: Address) -> None:
        """Begins with what was accepted, which has ended already, maybe."""
        self._peers = (peer,)
        with self._crew.lock:
            self._read()
        self._remember_addresses()

    def _connect(self, peers: list[AnyAddress], deadline: float | None) -> None:
        """Sets it up with a peer, and waits for the outcome."""
        self._peers = tuple(map(plain_address, peers))
        with suppress(BlockingIOError):
            self.socket.sctp_connectx(peers)

        self._wait_until_decided(deadline)

    def _wait_until_decided(self, deadline: float | None) -> None:
        core = self._core

        def attempt() -> bool:
            return core.is_up or core.end is not None

        self._watchers.call(attempt, deadline)
        if not core.is_up:
            assert core.end is not None
            raise core.end.for_receiver(self)
        self._remember_addresses()

    def _move(self, sock: sctp_socket, carrier: Carrier) -> None:
        """Goes on by a socket of its own, with the same crew."""
        self._use(sock)
        keep_socket(sock)
        self._carrier = carrier
        self._is_reading = not self._core.is_full
        self._crew.polled[self] = None
        self._crew.interrupt()
        self._senders.wake()

    def _tidy(self) -> None:
        core = self._core
        self._carrier.tidy(self)
        if core.is_over:
            self._close()
        elif core.is_closing and not self._senders:
            self._send_shutdown()
        if not self._is_reading:
            self._resume_where_room()
        if self._receivers and core.has_news:
            self._receivers.wake()

    def _read(self) -> None:
        """Takes what has arrived, at most a wake-up's share, and settles."""
        core, arrived = self._core, self._arrived
        while True:
            core.digest(arrived)  # what a signal has left
            try:
                calls = map(self._recvv_many, (self._piece_size,), (COUNT,))
                arrived.extend(chain.from_iterable(calls))
            except (BlockingIOError, InterruptedError):
                core.conclude()
            except OSError as error:
                if error.errno is None:  # of a signal handler
                    raise
                core.fail(error.errno)
            core.digest(arrived)
            if not core.is_ending:
                break
        if core.end is not None:
            self._settle()
        elif core.is_full:
            self._pause()
        if core.has_news:
            self._receivers.wake()
        if self._on_news is not None:
            self._on_news()

    def _react(self) -> None:
        if self._core.end is not None:
            self._settle()
        if self._core.has_news:
            self._receivers.wake()
        self._watchers.wake()
        if self._on_news is not None:
            self._on_news()

    def _read_if_ready(self) -> None:
        self._carrier.read_if_ready(self)

    def _pause(self) -> None:
        self._is_reading = False

    def _resume(self) -> None:
        if not (self._is_reading or self._is_lingering or self._core.is_over):
            self._is_reading = True
            self._carrier.start(self)

    def _limit_closing(self) -> None:
        self._crew.later(self._close_timeout, self._give_up)

    def _look_later(self, delay: float) -> None:
        self._look_delay = delay
        self._crew.later(delay, self._look_again)

    def _look_again(self) -> None:
        self._look(self._look_delay)  # which says when to look again

    def _has_senders(self) -> bool:
        return bool(self._senders)

    def _wake_senders(self) -> None:
        self._awaits_room = False
        self._senders.wake()

    def _close(self) -> None:
        if self._is_closed:
            return
        # First of all: should a signal come in between, one of these goes on.
        for line in self._lines:
            line.wake()
        self._remember_addresses()
        self._crew.forget(self)
        self._carrier.close(self)
        self._is_reading = False
        self._is_closed = True

    def _has_closed(self) -> bool:
        self._read_if_ready()
        self._tidy()
        self._crew.keep_time()
        return self._is_closed

    def shutdown(self, timeout: float | None = None) -> None:
        """Ends the association gracefully.

        What was sent is delivered, sends that wait in line included; further
        ones raise BrokenPipeError. What the peer still sends stays receivable,
        up to max_unread; what is more is discarded. Returns when both sides are
        done, and after any other end; after close_timeout seconds the
        association is aborted. After a TimeoutError or another exception, it is
        still being shut down: another call goes on with it.
        """
        deadline = deadline_after(timeout)
        self._watchers.call(self._has_closed, deadline, self._begin_closing)

    def abort(self, reason: "Buffer" = b"") -> None:
        """Ends the association at once and drops what is unread. Calls of other
        threads that wait end, too.

        The reason, at most 65,000 bytes, travels to the peer where the kernel can
        send one: not on the one-to-one sockets that connect() and serve() use on
        Linux.
        """
        text = check_reason(reason)
        with self._crew.lock:
            self._abort(text, "abort() was called here.")

    def wait_closed(self, timeout: float | None = None) -> None:
        """Waits for the end of the association, whichever it is.

        What arrives meanwhile can be received. The news of the end stands
        behind the messages: once max_unread of them wait, this call waits until
        somebody receives them.
        """
        self._watchers.call(self._has_closed, deadline_after(timeout))

    @property
    def is_closed(self) -> bool:
        """Whether the association has ended and its socket is closed. Messages
        that arrived before can still be received."""
        with self._crew.lock:
            if self._is_lingering and not self._is_closed:
                self._look_again()
            else:
                self._read_if_ready()
            if self._core.is_over:
                self._close()
            return self._is_closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.abort()
            return
        try:
            self.shutdown()
        except BaseException:
            self.abort()
            raise

    # Receiving

    def receive(self, timeout: float | None = None) -> Message:
        """The next message.

        At the end of the association, after all that was received: EOFError if
        it was shut down, by either side, else the OSError that says why, with
        the attribute ``notification`` and a note in words; after abort() here,
        ConnectionAbortedError. In place of a message that was too long,
        MessageTooLong is raised; after a restart by the peer,
        AssociationRestarted: receive() goes on after both.

        Threads that receive take turns, in the order of their calls. A call that
        ends by its timeout, or by a signal handler that raises, has taken
        nothing.
        """
        deadline = deadline_after(timeout)
        taken: list[Any] = []
        try:
            if self._core.unread and not self._receivers:
                # As the call does it, without what it needs for a wait.
                with self._crew.lock:
                    if not self._receivers:
                        self._take(taken)
            if not taken:
                attempt = partial(self._try_to_receive, taken)
                self._receivers.call(attempt, deadline)
            if isinstance(taken[0], Message):
                return taken[0]
        except BaseException:
            for item in taken:
                self._put_back(item)
            raise
        raise taken[0]

    def _try_to_receive(self, taken: list[Any]) -> bool:
        self._read_if_ready()
        self._take(taken)
        if not taken and self._core.end is not None:
            raise self._core.end.for_receiver(self)
        return bool(taken)

    def _take(self, taken: list[Any]) -> None:
        core = self._core
        if core.unread:
            taken += [core.take_out()]
            self._resume_where_room()

    def _put_back(self, item: Unread) -> None:
        with self._crew.lock:
            self._core.put_back(item)
            self._tidy()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Message:
        try:
            return self.receive()
        except EOFError:
            raise StopIteration from None

    def notifications(self) -> Notifications:
        """An iterator over the notifications that arrive from now on, of the types
        that ``events`` asked for."""
        news = Notifications(self)
        with self._crew.lock:
            self._core.news.add(news)
        return news

    # Sending

    def send(
        self,
        data: "Buffer",
        *,
        stream: int = 0,
        ppid: int = 0,
        unordered: bool = False,
        lifetime: float | None = None,
        context: int = 0,
        timeout: float | None = None,
    ) -> None:
        """Sends a message; waits while there is no room in the send buffer.

        ppid is in host order. After lifetime seconds the kernel gives the
        message up if it has not been delivered (PR-SCTP).

        Messages go in the order of the calls. A call that raises has not sent,
        with one exception: where a signal handler raises, the exception has the
        attribute ``sent``, which is 1 if the message has gone. Raises ValueError
        for empty data and values out of range, EMSGSIZE for data longer than the
        send buffer, BrokenPipeError after a shutdown by either side, and the
        same OSError as receive() after other ends.
        """
        message = self._core.outgoing(data, stream, ppid, unordered, lifetime, context)
        self._send([message], timeout)

    def send_many(
        self,
        messages: "Iterable[Sendable]",
        *,
        stream: int = 0,
        ppid: int = 0,
        unordered: bool = False,
        lifetime: float | None = None,
        context: int = 0,
        timeout: float | None = None,
    ) -> None:
        """Sends messages in order, small ones together in a packet; waits while
        there is no room.

        Each is bytes-like, or a tuple of that and a dict with keywords of
        send() for this message. All are checked before the first one is sent.
        If the call raises, the exception has the number of messages that were
        sent as its attribute ``sent``.
        """
        try:
            batch = self._prepare(messages, stream, ppid, unordered, lifetime, context)
        except BaseException as error:
            error.sent = 0  # type: ignore[attr-defined]
            raise
        self._send(batch, timeout)

    def _send(self, batch: list[Outgoing], timeout: float | None) -> None:
        sending = _Sending(self, batch)
        try:
            deadline = deadline_after(timeout)
            if batch:
                self._senders.call(sending.attempt, deadline, sending.check)
            else:
                sending.check()
        except BaseException as error:
            error.sent = sending.sent  # type: ignore[attr-defined]
            raise

    def status(self) -> sctp_status:
        """The kernel's SCTP_STATUS. After the end, raises what send() raises."""
        with self._crew.lock:
            self._read_if_ready()
            return super().status()
