"""An association for threads, on the core (_messages, _lifecycle).

The core decides, this module waits: see _sync_waiting. Between a system call and
its result there is no call of Python's at which a signal could be handled: results
go into a deque or a list by extend() of it.
"""

import select
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from errno import EIO
from functools import partial
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import _messages
from ._association import BATCH, COUNT, REST, AssociationBase
from ._enums import NotificationType
from ._lifecycle import (
    AssociationRestarted,
    News,
    Notification,
    Outgoing,
    Received,
    check_reason,
)
from ._messages import Address, MessageTooLong, plain_address
from ._options import sctp_status
from ._setup import AnyAddress, Limits
from ._socket import sctp_socket
from ._sockets import close_socket, keep_socket, warn_unclosed
from ._sync_waiting import Attempt, Crew, WakeUp, Watched, deadline_after, earlier

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from ._association import Sendable

    class Message(_messages.Message):
        association: "Association"

else:
    from ._messages import Message


class Notifications(News):
    """An iterator over notifications, as parse_notification() makes them, from its
    creation on. It ends when the association has ended.

    It keeps 1,000 that nobody has taken; ``dropped`` says how many older ones
    had to go.
    """

    __module__ = "sctp.sync"

    def __init__(self, association: "Association") -> None:
        super().__init__()
        self._association = association

    def add(self, notification: Notification) -> None:
        super().add(notification)
        self._association._watchers.wake()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Notification:
        return self.next()

    def next(self, timeout: float | None = None) -> Notification:
        """The next notification. Raises StopIteration at the end, and
        TimeoutError after timeout seconds."""
        association, taken = self._association, list[Notification]()

        def attempt() -> bool:
            association._read_if_ready()
            if not self.waiting:
                return association._is_closed
            first = self.waiting[0]
            del self.waiting[0]
            taken.append(first)
            return True

        try:
            association._wait(attempt, timeout)
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
        association._core.check_send(is_in_line=True)
        if association._awaits_room:
            return False
        part = self._batch[sent : sent + BATCH]
        try:
            self._counts.extend(map(association.socket.sctp_sendv_many, (part,)))
        except BlockingIOError:
            association._await_room()
            return False
        except OSError as error:
            association._fail_to_send(error)
        except BaseException as error:  # of a signal handler, in the middle
            self._counts.append(getattr(error, "sent", 0))
            raise
        association._found_room = False
        return True if self.sent == len(self._batch) else None


class Association(AssociationBase):
    """An association with a peer: messages in both directions.

    Made by connect() and serve(). Any number of threads may use it at the same
    time, in every way. ``for`` gives the messages up to the end of the
    association, and raises what receive() does.

    No thread of the module works for it: it reads, and notices its end, while
    one of its calls waits. Calls with a timeout raise TimeoutError, without an
    errno, when so many seconds have passed; with 0 they do not wait.

    Leaving ``with`` shuts the association down, an exception aborts it.
    """

    __module__ = "sctp.sync"

    def __init__(
        self,
        sock: sctp_socket,
        limits: Limits,
        events: frozenset[NotificationType],
        wake_up: WakeUp | None = None,
    ) -> None:
        super().__init__(sock, limits, events)
        keep_socket(sock)
        self._crew = Crew(self._plan, self._attend, self._tidy, wake_up)
        self._receivers = self._crew.make_line(in_turn=True)
        self._senders = self._crew.make_line(in_turn=True)
        self._watchers = self._crew.make_line(in_turn=False)
        # What was read, and is not digested.
        self._arrived: deque[Received] = deque()
        self._is_reading = True
        # A sender has found the send buffer full; the kernel has said since
        # that it is not.
        self._awaits_room = False
        self._found_room = False
        self._rest_until = 0.0
        self._deadline: float | None = None
        self._next_look: tuple[float, float] | None = None

    def __del__(self) -> None:
        if "_next_look" not in self.__dict__ or self._is_closed:
            return
        try:
            if self._core.end is None:
                warn_unclosed(self)
        finally:
            close_socket(self.socket)
            self._crew.close()

    # Its life

    def _begin(self, peer: Address) -> None:
        """Begins with what was accepted, which has ended already, maybe."""
        self._peers = (peer,)
        with self._crew.lock:
            self._read()
        self._remember_addresses()

    def _connect(self, peers: list[AnyAddress], deadline: float | None) -> None:
        """Sets it up with a peer, and waits for the outcome."""
        core = self._core
        self._peers = tuple(map(plain_address, peers))
        with suppress(BlockingIOError):
            self.socket.sctp_connectx(peers)

        def attempt() -> bool:
            return core.is_up or core.end is not None

        self._crew.call(self._watchers, attempt, deadline)
        if not core.is_up:
            assert core.end is not None
            raise core.end.for_receiver(self)
        self._remember_addresses()

    def _plan(self) -> tuple[Watched, float | None]:
        events = select.POLLIN if self._is_reading else 0
        until = self._deadline
        if self._next_look is not None:
            until = earlier(until, self._next_look[0])
        if self._awaits_room and self._rest_until:
            until = earlier(until, self._rest_until)
        elif self._awaits_room:
            events |= select.POLLOUT
        # Without events poll() would still tell of an end, again and again.
        watched = [(self._fd, events)] if events and not self._is_closed else []
        return watched, until

    def _attend(self, found: Watched) -> None:
        for descriptor, events in found:
            if descriptor == self._fd and not self._is_closed:
                if events & ~select.POLLIN and self._awaits_room:
                    self._awaits_room = False
                    self._found_room = True
                if events & ~select.POLLOUT and self._is_reading:
                    self._read()
        if self._awaits_room or self._next_look or self._deadline is not None:
            self._keep_time()
        self._tidy()

    def _keep_time(self) -> None:
        """Does what it is time for."""
        now = time.monotonic()
        if self._awaits_room and self._rest_until and now >= self._rest_until:
            self._awaits_room = False
        if self._next_look is not None and now >= self._next_look[0]:
            self._look(self._next_look[1])  # which says when to look again
        if self._deadline is not None and now >= self._deadline:
            self._give_up()

    def _tidy(self) -> None:
        core = self._core
        if self._arrived or core.is_ending:  # _read() was interrupted
            self._read()
        if core.is_over:
            self._close()
        elif core.is_closing and not self._senders:
            self._send_shutdown()
        if not self._is_reading and core.has_room:
            self._resume()
        if not self._senders:
            self._awaits_room = False
        elif not self._awaits_room:
            self._senders.wake()
        if core.has_news:
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
                core.fail(error.errno or EIO)
            core.digest(arrived)
            if not core.is_ending:
                break
        if core.end is not None:
            self._settle()
        elif core.is_full:
            self._pause()
        if core.has_news:
            self._receivers.wake()

    def _read_if_ready(self) -> None:
        if self._is_reading and (self._arrived or not self._core.unread):
            self._read()

    def _pause(self) -> None:
        self._is_reading = False

    def _resume(self) -> None:
        if not (self._is_reading or self._is_lingering or self._core.is_over):
            self._is_reading = True
            self._crew.interrupt()

    def _limit_closing(self) -> None:
        if self._deadline is None:
            self._deadline = time.monotonic() + self._close_timeout
            self._crew.interrupt()

    def _look_later(self, delay: float) -> None:
        self._next_look = time.monotonic() + delay, delay
        self._crew.interrupt()

    def _has_senders(self) -> bool:
        return bool(self._senders)

    def _wake_senders(self) -> None:
        self._awaits_room = False
        self._senders.wake()

    def _close(self) -> None:
        if self._is_closed:
            return
        self._remember_addresses()
        self._carrier.close(self)
        self._is_reading = False
        self._deadline = self._next_look = None
        self._crew.close()
        self._is_closed = True

    def _wait(self, attempt: Attempt, timeout: float | None) -> None:
        self._crew.call(self._watchers, attempt, deadline_after(timeout))

    def _has_closed(self) -> bool:
        self._tidy()
        self._keep_time()
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
        self._crew.call(self._watchers, self._has_closed, deadline, self._begin_closing)

    def abort(self, reason: "Buffer" = b"") -> None:
        """Ends the association at once and drops what is unread. Calls of other
        threads that wait end, too.

        The reason travels to the peer where the kernel can send one: not on the
        one-to-one sockets that connect() and serve() use on Linux.
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
        self._wait(self._has_closed, timeout)

    @property
    def is_closed(self) -> bool:
        """Whether the association has ended and its socket is closed. Messages
        that arrived before can still be received."""
        with self._crew.lock:
            if self._is_lingering and self._next_look is not None:
                self._look(self._next_look[1])
            else:
                self._read_if_ready()
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
                self._crew.call(self._receivers, attempt, deadline)
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
            if not self._is_reading and core.has_room:
                self._resume()

    def _put_back(
        self, item: "Message | MessageTooLong | AssociationRestarted"
    ) -> None:
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
                self._crew.call(self._senders, sending.attempt, deadline, sending.check)
            else:
                sending.check()
        except BaseException as error:
            error.sent = sending.sent  # type: ignore[attr-defined]
            raise

    def _await_room(self) -> None:
        """The send buffer is full; on FreeBSD also where the kernel said that it
        is not, which it would say again."""
        self._rest_until = time.monotonic() + REST if self._found_room else 0.0
        self._found_room = False
        self._awaits_room = True
        self._crew.interrupt()

    def status(self) -> sctp_status:
        """The kernel's SCTP_STATUS. After the end, raises what send() raises."""
        with self._crew.lock:
            self._read_if_ready()
            return super().status()
