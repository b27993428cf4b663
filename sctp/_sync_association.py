"""An association for threads, on the core (_messages, _lifecycle).

The core decides, this module waits: see _sync_waiting. Python handles no signal between
a system call and the storing of its result: extend() of a deque or a list does both in
one step.
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
    Outgoing,
    Received,
    Unread,
    check_reason,
    is_end_of,
)
from ._messages import Address, plain_address
from ._notifications import Notification
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
    """An iterator over the notifications that arrive after its creation. They are
    dicts, as parse_notification() makes them. The iterator ends when the association or
    the endpoint has ended.

    It keeps the newest 1,000 notifications until they are taken. ``dropped`` is the
    number of older ones that were lost.
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
        """Returns the next notification. Raises StopIteration at the end, and
        TimeoutError after timeout seconds."""
        source, taken = self._source, list[Notification]()

        def attempt() -> bool:
            if not self.waiting:
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
    """The messages that a call sends, and how many each system call has sent."""

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
            # An exception of a signal handler tells how many messages were sent before.
            self._counts.append(getattr(error, "sent", 0))
            if isinstance(error, OSError):
                association._fail_to_send(error)
            raise
        carrier.give_others_a_turn(association)
        return True if self.sent == len(self._batch) else None


class Carrier(OwnSocket):
    """Carries an association over a socket of its own, which a crew polls."""

    def start(self, association: "Association") -> None:
        association._crew.interrupt()

    def read_if_ready(self, association: "Association") -> None:
        """Takes what has arrived, unless too much is unread."""
        if association._is_reading:
            association._read()

    def tidy(self, association: "Association") -> None:
        """Continues a read that a signal has interrupted. Wakes the next sender,
        because a thread may have left the line."""
        if association._arrived or association._core.is_ending:
            association._read()
        if not association._senders:
            association._awaits_room = False
        elif not association._awaits_room:
            association._senders.wake()

    def may_send(self, association: "Association") -> bool:
        """Whether it is the association's turn to send, and there may be room."""
        return not association._awaits_room

    def await_room(self, association: "Association") -> None:
        """Waits for room: the send buffer is full."""
        association._await_room()

    def give_others_a_turn(self, association: "Association") -> None:
        """Lets others send: an association has sent."""
        association._found_room = False

    def discard(self, association: "Association") -> None:
        """Cleans up: no variable refers to the association any more."""
        if association._core.end is None:
            warn_unclosed(association)
        close_socket(association.socket)
        association._crew.close()


class Association(AssociationBase, Polled):
    """An association with a peer: messages in both directions.

    connect(), serve() and an Endpoint make associations. Any number of threads may use
    an association at the same time, with all its methods. ``for`` gives the messages.
    It ends where receive() would raise EOFError, and raises the other exceptions of
    receive().

    No background thread works for an association: it reads, and notices its end, only
    while a thread waits in one of its calls. A call with a timeout raises TimeoutError,
    with errno None, when the time is over. With 0 it does not wait.

    The end of a ``with`` block shuts the association down. If the block raises an
    exception, the association is aborted, unless the exception only reports its end.
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
        # What was read and is not digested yet.
        self._arrived: deque[Received] = deque()

    def __del__(self) -> None:
        if "_arrived" in self.__dict__ and not self._is_closed:
            self._carrier.discard(self)

    # Its life

    def _begin(self, peer: Address) -> None:
        """Starts an accepted association, which may have ended already."""
        self._peers = (peer,)
        with self._crew.lock:
            self._read()
        self._remember_addresses()

    def _connect(self, peers: list[AnyAddress], deadline: float | None) -> None:
        """Sets up the association with a peer, and waits for the outcome."""
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
        """Moves the association to a socket of its own. Its crew stays the same."""
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
        """Reads what has arrived, at most as much as one wake-up may read. Handles an
        end."""
        core, arrived = self._core, self._arrived
        while True:
            core.digest(arrived)  # the rest after a signal
            try:
                calls = map(self._recvv_many, (self._piece_size,), (COUNT,))
                arrived.extend(chain.from_iterable(calls))
            except (BlockingIOError, InterruptedError):
                core.conclude()
            except OSError as error:
                if error.errno is None:  # raised by a signal handler
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
        self._look(self._look_delay)  # it plans the next look

    def _has_senders(self) -> bool:
        return bool(self._senders)

    def _wake_senders(self) -> None:
        self._awaits_room = False
        self._senders.wake()

    def _close(self) -> None:
        if self._is_closed:
            return
        # Waking comes first: if a signal interrupts the rest, a woken call completes
        # it.
        for line in self._lines:
            line.wake()
        self._remember_addresses()
        self._crew.forget(self)
        self._carrier.close(self)
        if not self._crew.polled:
            self._crew.close()
        self._is_reading = self._awaits_room = False
        self._is_closed = True

    def _has_closed(self) -> bool:
        self._read_if_ready()
        self._tidy()
        self._crew.keep_time()
        return self._is_closed

    def shutdown(self, timeout: float | None = None) -> None:
        """Ends the association gracefully.

        Messages that were sent are delivered; this includes send() calls that wait.
        Later calls of send() raise BrokenPipeError. Messages that the peer still sends
        can be received, up to max_unread bytes; the rest is discarded. The call returns
        when both sides are done, or after any other end. After close_timeout seconds it
        aborts the association. After a TimeoutError or another exception, the shutdown
        goes on: another call waits for it again.
        """
        deadline = deadline_after(timeout)
        self._watchers.call(self._has_closed, deadline, self._begin_closing)

    def abort(self, reason: "Buffer" = b"") -> None:
        """Ends the association at once and drops unread messages. Waiting calls of
        other threads end, too.

        The kernel sends the reason to the peer: at most 65,000 bytes. Linux cannot send
        a reason on the one-to-one sockets of connect() and serve().
        """
        text = check_reason(reason)
        with self._crew.lock:
            self._abort(text, "abort() was called here.")

    def wait_closed(self, timeout: float | None = None) -> None:
        """Waits until the association has ended, for any reason.

        Messages that arrive meanwhile can be received. The news of the end comes after
        them. So once max_unread bytes are unread, this call waits until another thread
        receives them.
        """
        self._watchers.call(self._has_closed, deadline_after(timeout))

    @property
    def is_closed(self) -> bool:
        """Whether the association has ended and its socket is closed. Messages that
        arrived before that can still be received."""
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
        if error is not None and not is_end_of(error, self):
            self.abort()
            return
        try:
            self.shutdown()
        except BaseException:
            self.abort()
            raise

    # Receiving

    def receive(self, timeout: float | None = None) -> Message:
        """Returns the next message.

        After the last message it raises an exception that tells how the association
        ended: EOFError after a shutdown by either side, ConnectionAbortedError after an
        abort by this side. Otherwise it is an OSError, with the attribute
        ``notification`` and a note in words.

        It raises MessageTooLong in place of a message that was too long, and
        AssociationRestarted after a restart by the peer. After these two, the
        association goes on: call receive() again.

        Threads that receive take turns, in the order of their calls. If a call ends by
        its timeout, or because a signal handler raises, it has not taken a message.
        """
        deadline = deadline_after(timeout)
        taken: list[Any] = []
        try:
            if self._core.unread and not self._receivers:
                # The same as the call does, without the parts for a wait.
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
        if not self._core.unread:
            self._read_if_ready()
        self._take(taken)
        if not taken and self._core.end is not None:
            raise self._core.end.for_receiver(self)
        return bool(taken)

    def _take(self, taken: list[Any]) -> None:
        if (item := self._core.take_out()) is not None:
            taken += (item,)
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
        """Returns an iterator over the notifications that arrive from now on. The
        ``events`` of connect(), serve() or open_endpoint() select their types."""
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
        """Sends a message. Waits while there is no room in the send buffer.

        ppid is in host order. If the message is not delivered after lifetime seconds,
        the kernel abandons it (PR-SCTP).

        Messages are sent in the order of the calls. If a call raises, it has not sent
        its message, with one exception: if a signal handler raises, the exception has
        the attribute ``sent``, which is 1 if the message was sent.

        Raises ValueError if data is empty or a value is out of range. Raises OSError
        (EMSGSIZE) if data is longer than the send buffer. Raises BrokenPipeError after
        a shutdown by either side, and the OSError of receive() after another end.
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
        """Sends messages in order. Small messages share packets. Waits while there is
        no room in the send buffer.

        Each message is bytes-like, or a tuple of that and a dict with keywords of
        send() for this message. All are checked before the first one is sent. If the
        call fails, the exception has the attribute ``sent``: the number of messages
        that were sent.
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
        """Returns the kernel's SCTP_STATUS. After the end of the association, it raises
        what send() raises."""
        with self._crew.lock:
            self._read_if_ready()
            return super().status()
