"""An association for asyncio, on the core (_messages, _lifecycle).

The core decides, this module waits. The event loop always has a reader for the
socket. It has a writer while a message waits for room. There is no await between a
system call and its result: a cancelled call has done all of its work or nothing.
"""

import asyncio
import weakref
from collections import deque
from collections.abc import Coroutine, Iterable, Sized
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import _messages
from ._association import BATCH, COUNT, REST, AssociationBase, OwnSocket
from ._enums import NotificationType
from ._lifecycle import Lifecycle, News, Outgoing, check_reason, is_end_of
from ._messages import Address, plain_address
from ._notifications import Notification
from ._setup import AnyAddress, Limits
from ._socket import sctp_socket
from ._sockets import close_socket, keep_socket, warn_unclosed

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from ._association import Sendable
    from ._asyncio_endpoint import Endpoint

    class Message(_messages.Message):
        association: "Association"

else:
    from ._messages import Message

# How many calls a task may make without waiting before other tasks have a turn.
TURNS = 32


class Line(deque[asyncio.Future[None]]):
    """A line of tasks. The first one acts when it is woken. When it leaves, it wakes
    the next one."""

    def wake(self) -> None:
        if self and not self[0].done():
            self[0].set_result(None)


class Notifications(News):
    """An asynchronous iterator over the notifications that arrive after its
    creation. They are dicts, as parse_notification() makes them. The iterator ends
    when the association or the endpoint has ended.

    It keeps the newest 1,000 notifications until they are taken. ``dropped`` is
    the number of older ones that were lost.
    """

    __module__ = "sctp.asyncio"

    def __init__(self, source: "Association | Endpoint") -> None:
        super().__init__()
        self._source = source
        self._event = asyncio.Event()

    def add(self, notification: Notification) -> None:
        super().add(notification)
        self._event.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Notification:
        while not self.waiting:
            if self._source.is_closed:
                raise StopAsyncIteration
            self._event.clear()
            await self._event.wait()
        return self.waiting.popleft()


def wake_readers(news: Iterable[News]) -> None:
    """Wakes all readers: no other notification will come."""
    for each in news:
        if isinstance(each, Notifications):
            each._event.set()


def _read_for(reference: "weakref.ref[Association]") -> None:
    """Reads for an association. The reference is weak, so that the event loop does
    not keep the association alive."""
    association = reference()
    if association is not None:
        association._read()


class Carrier(OwnSocket):
    """Carries an association over a socket of its own, which the loop watches."""

    def find_waiting(self, association: "Association") -> Sized:
        """The tasks that wait to send on the socket."""
        return association._senders

    def start(self, association: "Association") -> None:
        loop, fd = association._loop, association._fd
        loop.add_reader(fd, _read_for, weakref.ref(association))

    def pause(self, association: "Association") -> None:
        association._loop.remove_reader(association._fd)

    def line_up(self, association: "Association", is_full: bool) -> None:
        """A first task has lined up. is_full means that there is no room."""
        if is_full:
            self.wait_for_room(association, False)
        else:
            self.give_others_a_turn(association)

    def wait_for_room(self, association: "Association", is_ready: bool) -> None:
        """Waits for room. is_ready means that the loop reported room before."""
        loop = association._loop
        if is_ready:
            loop.call_later(REST, association._wake_senders)
        elif not association._is_closed:
            loop.add_writer(association._fd, association._wake_sender)

    def give_others_a_turn(self, association: "Association") -> None:
        """The first task has sent, and has more to send."""
        association._loop.call_soon(association._wake_senders)

    def leave_line(self, association: "Association") -> None:
        """A task has left the line."""
        association._wake_senders()

    def close(self, association: AssociationBase) -> None:
        assert isinstance(association, Association)
        stop_watching(association._loop, association._fd)
        close_socket(association.socket)

    def discard(self, association: "Association") -> None:
        """Cleans up: no variable refers to the association any more."""
        warn_unclosed(association)
        discard_socket(association._loop, association._fd, association.socket)


class Association(AssociationBase):
    """An association with a peer: messages in both directions.

    connect(), serve() and an Endpoint make associations. All its users must be
    tasks of one event loop; any number of them may send and receive at the same
    time. ``async for`` gives the messages. It ends where receive() would raise
    EOFError, and raises the other exceptions of receive().

    The end of an ``async with`` block shuts the association down. If the block
    raises an exception, the association is aborted, unless the exception only
    reports its end.
    """

    __module__ = "sctp.asyncio"

    _carrier: Carrier = Carrier()

    def __init__(
        self,
        sock: sctp_socket,
        limits: Limits,
        events: frozenset[NotificationType],
        core: Lifecycle | None = None,
        carrier: Carrier | None = None,
    ) -> None:
        super().__init__(sock, limits, events, core)
        if carrier is None:
            carrier = Carrier()
            keep_socket(sock)
        self._loop = asyncio.get_running_loop()
        self._carrier = carrier
        self._receivers = Line()
        self._senders = Line()
        self._waiting = carrier.find_waiting(self)
        self._turns = TURNS
        self._closed = asyncio.Event()
        self._deadline: asyncio.TimerHandle | None = None
        self._next_look: asyncio.TimerHandle | None = None

    def __del__(self) -> None:
        if "_next_look" in self.__dict__ and not self._is_closed:
            self._carrier.discard(self)

    # Its life

    def _start(self) -> None:
        self._is_reading = True
        self._carrier.start(self)

    def _begin(self, peer: Address) -> None:
        """Starts an accepted association, which may have ended already."""
        self._peers = (peer,)
        self._start()
        self._read()
        self._remember_addresses()

    async def _connect(self, peers: list[AnyAddress]) -> None:
        """Sets up the association with a peer, and waits for the outcome."""
        self._peers = tuple(map(plain_address, peers))
        self._start()
        with suppress(BlockingIOError):
            self.socket.sctp_connectx(peers)
        await self._wait_until_decided()

    async def _wait_until_decided(self) -> None:
        decided = self._loop.create_future()

        def decide() -> None:
            if (self._core.is_up or self._core.end) and not decided.done():
                decided.set_result(None)

        self._on_news = decide
        self._react()
        await decided
        self._on_news = None
        if not self._core.is_up:
            assert self._core.end is not None
            raise self._core.end.for_receiver(self)
        self._remember_addresses()

    def _move(self, sock: sctp_socket, carrier: Carrier) -> None:
        """Moves the association to a socket of its own."""
        self._use(sock)
        keep_socket(sock)
        self._carrier = carrier
        self._waiting = carrier.find_waiting(self)
        self._is_reading = False
        if not self._core.is_full:
            self._start()
        if self._senders:
            self._carrier.line_up(self, False)

    def _adopt(self) -> None:
        """Takes over the association of a socket that is already connected."""
        self._take_over()
        self._start()

    def _read(self) -> None:
        """Reads what has arrived, at most as much as one wake-up may read."""
        core = self._core
        while True:
            try:
                core.feed(self._recvv_many(self._piece_size, COUNT))
            except (BlockingIOError, InterruptedError):
                core.conclude()
            except OSError as error:
                if error.errno is None:  # raised by a signal handler
                    raise
                core.fail(error.errno)
            if not core.is_ending:
                break
        # As in _react(), without a call for each message.
        if core.end is not None:
            self._settle()
        elif core.unread_size >= core.max_unread and core.is_full:
            self._pause()
        if self._receivers and (core.unread or core.end):
            waiter = self._receivers[0]
            if not waiter.done():
                waiter.set_result(None)
        if self._on_news is not None:
            self._on_news()

    def _react(self) -> None:
        core = self._core
        if core.end is not None:
            self._settle()
        if self._receivers and (core.unread or core.end):
            waiter = self._receivers[0]
            if not waiter.done():
                waiter.set_result(None)
        if self._on_news is not None:
            self._on_news()

    def _pause(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self._carrier.pause(self)

    def _resume(self) -> None:
        if not (self._is_reading or self._is_lingering or self._core.is_over):
            self._start()

    def _limit_closing(self) -> None:
        if self._deadline is None:
            self._deadline = self._loop.call_later(self._close_timeout, self._give_up)

    def _look_later(self, delay: float) -> None:
        self._next_look = self._loop.call_later(delay, self._look, delay)

    def _has_senders(self) -> bool:
        return bool(self._senders)

    def _wake_senders(self) -> None:
        self._senders.wake()

    def _close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._is_reading = False
        for timer in self._deadline, self._next_look:
            if timer is not None:
                timer.cancel()
        self._remember_addresses()
        self._carrier.close(self)
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            self._closed.set()
            if self._on_news is not None:
                self._on_news()
            self._receivers.wake()
            self._senders.wake()
            wake_readers(self._core.news)

    async def shutdown(self) -> None:
        """Ends the association gracefully.

        Messages that were sent are delivered; this includes send() calls that
        wait. Later calls of send() raise BrokenPipeError. Messages that the peer
        still sends can be received, up to max_unread bytes; the rest is
        discarded. The call returns when both sides are done, or after any other
        end. After close_timeout seconds it aborts the association. If the call
        is cancelled, the shutdown goes on.
        """
        self._begin_closing()
        await self._closed.wait()

    def abort(self, reason: "Buffer" = b"") -> None:
        """Ends the association at once and drops unread messages.

        The kernel sends the reason to the peer: at most 65,000 bytes. Linux
        cannot send a reason on the one-to-one sockets of connect() and serve().
        """
        self._abort(check_reason(reason), "abort() was called here.")

    async def wait_closed(self) -> None:
        """Waits until the association has ended, for any reason.

        Messages that arrive meanwhile can be received. The news of the end comes
        after them. So once max_unread bytes are unread, this call waits until
        another task receives them.
        """
        await self._closed.wait()

    @property
    def is_closed(self) -> bool:
        """Whether the association has ended and its socket is closed. Messages
        that arrived before that can still be received."""
        return self._is_closed

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None or is_end_of(error, self):
            await self.shutdown()
        else:
            self.abort()

    # Receiving

    def receive(self) -> Coroutine[Any, Any, Message]:
        """Returns the next message. It is a coroutine.

        After the last message it raises an exception that tells how the
        association ended: EOFError after a shutdown by either side,
        ConnectionAbortedError after an abort by this side. Otherwise it is an
        OSError, with the attribute ``notification`` and a note in words.

        It raises MessageTooLong in place of a message that was too long, and
        AssociationRestarted after a restart by the peer. After these two, the
        association goes on: call receive() again.
        """
        return self._receive(EOFError)

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, Message]:
        return self._receive(StopAsyncIteration)

    async def _receive(self, graceful: type[Exception]) -> Message:
        """Returns the next message. Raises graceful instead of EOFError."""
        core, line = self._core, self._receivers
        waiter = None
        try:
            has_news = core.unread or core.end
            if line or not self._turns or not has_news:
                waiter = self._loop.create_future()
                line.append(waiter)
                self._turns = TURNS
                if has_news:
                    self._loop.call_soon(line.wake)
                await waiter
            else:
                self._turns -= 1
            while (message := core.take()) is None:
                waiter = line[0] = self._loop.create_future()
                await waiter
            return message  # type: ignore[return-value]
        except EOFError:
            if graceful is EOFError:
                raise
            raise graceful from None
        finally:
            if waiter is not None:
                line.remove(waiter)
                if line and core.has_news:
                    line.wake()
            if not self._is_reading:
                self._resume_where_room()

    def notifications(self) -> Notifications:
        """Returns an asynchronous iterator over the notifications that arrive
        from now on. The ``events`` of connect(), serve() or open_endpoint()
        select their types."""
        news = Notifications(self)
        self._core.news.add(news)
        return news

    # Sending

    async def send(
        self,
        data: "Buffer",
        *,
        stream: int = 0,
        ppid: int = 0,
        unordered: bool = False,
        lifetime: float | None = None,
        context: int = 0,
    ) -> None:
        """Sends a message. Waits while there is no room in the send buffer.

        ppid is in host order. If the message is not delivered after lifetime
        seconds, the kernel abandons it (PR-SCTP).

        Messages are sent in the order of the calls. If a call is cancelled, it
        has not sent its message.

        Raises ValueError if data is empty or a value is out of range. Raises
        OSError (EMSGSIZE) if data is longer than the send buffer. Raises
        BrokenPipeError after a shutdown by either side, and the OSError of
        receive() after another end.
        """
        core = self._core
        info = core.infos.get((stream, ppid, unordered, context))
        if info is not None and lifetime is None and type(data) is bytes and data:
            message: Outgoing = ((data,), None, info)  # as outgoing() makes it
        else:
            message = core.outgoing(data, stream, ppid, unordered, lifetime, context)
        if not core.may_send:
            await self._check_send()
        if self._turns and not self._waiting:
            try:
                self._sendv(*message)
            except BlockingIOError:
                pass
            except OSError as error:
                self._turns -= 1
                self._fail_to_send(error)
            else:
                self._turns -= 1
                return
        await self._send_in_line([message], 0, bool(self._turns))

    async def send_many(
        self,
        messages: "Iterable[Sendable]",
        *,
        stream: int = 0,
        ppid: int = 0,
        unordered: bool = False,
        lifetime: float | None = None,
        context: int = 0,
    ) -> None:
        """Sends messages in order. Small messages share packets. Waits while there
        is no room in the send buffer.

        Each message is bytes-like, or a tuple of that and a dict with keywords of
        send() for this message. All are checked before the first one is sent.
        If the call fails or is cancelled, the exception has the attribute
        ``sent``: the number of messages that were sent.
        """
        sent = 0
        try:
            batch = self._prepare(messages, stream, ppid, unordered, lifetime, context)
            if not self._core.may_send:
                await self._check_send()
            if self._turns and batch and not self._waiting:
                try:
                    sent = self.socket.sctp_sendv_many(batch[:BATCH])
                except BlockingIOError:
                    pass
                except OSError as error:
                    self._turns -= 1
                    self._fail_to_send(error)
                else:
                    self._turns -= 1
        except BaseException as error:
            error.sent = 0  # type: ignore[attr-defined]
            raise
        if sent < len(batch):
            await self._send_in_line(batch, sent, sent < min(len(batch), BATCH))

    async def _check_send(self) -> None:
        """Raises if nothing can be sent any more. Lets other tasks run beside a task
        that tries again and again."""
        if not self._turns:
            self._turns = TURNS
            await asyncio.sleep(0)
        self._turns -= 1
        self._core.check_send()

    async def _send_in_line(
        self, batch: list[Outgoing], sent: int, is_full: bool
    ) -> None:
        """Sends the rest of a batch when its turn comes. is_full means that there
        is no room now."""
        core, line, loop = self._core, self._senders, self._loop
        self._turns = TURNS
        waiter = loop.create_future()
        line.append(waiter)
        if len(line) == 1:
            self._carrier.line_up(self, is_full)
        is_ready = False
        try:
            while True:
                await waiter
                core.check_send(is_in_line=True)
                try:
                    sent += self.socket.sctp_sendv_many(batch[sent : sent + BATCH])
                except BlockingIOError:
                    self._carrier.wait_for_room(self, is_ready)
                    is_ready = not is_ready
                except OSError as error:
                    self._fail_to_send(error)
                else:
                    if sent == len(batch):
                        return
                    is_ready = False
                    self._carrier.give_others_a_turn(self)
                waiter = line[0] = loop.create_future()
        except BaseException as error:
            error.sent = sent  # type: ignore[attr-defined]
            raise
        finally:
            line.remove(waiter)
            self._carrier.leave_line(self)
            if core.is_closing and not line:
                self._send_shutdown()

    def _wake_sender(self) -> None:
        self._loop.remove_writer(self._fd)
        self._senders.wake()


def stop_watching(loop: asyncio.AbstractEventLoop, fd: int) -> None:
    """Makes the loop forget a descriptor. Call it before you close the descriptor."""
    if not loop.is_closed():
        loop.remove_reader(fd)
        loop.remove_writer(fd)


def discard_socket(loop: asyncio.AbstractEventLoop, fd: int, sock: sctp_socket) -> None:
    """Closes a socket that no variable refers to any more."""

    def discard() -> None:
        stop_watching(loop, fd)
        close_socket(sock)

    if loop.is_closed():
        close_socket(sock)
    else:
        # The garbage collector may run in any thread.
        loop.call_soon_threadsafe(discard)
