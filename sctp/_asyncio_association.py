"""An association for asyncio, on the core (_messages, _lifecycle).

The core decides, this module waits. The socket has one reader, and a writer while
a message waits for room. Between a system call and its result nothing waits, so
that whoever is cancelled has done the whole of it, or nothing.
"""

import asyncio
import errno
import warnings
import weakref
from collections import deque
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from socket import SHUT_WR
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypedDict

from _sctp.sctp import IPPROTO_SCTP, SCTP_STATUS

from . import _messages
from ._enums import NotificationType
from ._lifecycle import ENDS, Lifecycle, News, Notification, Outgoing
from ._messages import Address, Assembler, plain_address
from ._options import sctp_status
from ._setup import AnyAddress, Limits
from ._socket import sctp_socket
from ._sockets import abort_socket

if TYPE_CHECKING:
    from typing_extensions import Buffer

    class _Keywords(TypedDict, total=False):
        stream: int
        ppid: int
        unordered: bool
        lifetime: float | None
        context: int

    _Sendable: TypeAlias = Buffer | tuple[Buffer, _Keywords]

    class Message(_messages.Message):
        association: "Association"

else:
    from ._messages import Message

# A wake-up reads so many messages of so many bytes each, 256 KiB, at most: what
# is longer comes in pieces, which are joined.
_COUNT, _SIZE = 32, 8192
# How many calls that need not wait a task may make before others have a turn.
_TURNS = 32
# How many messages send_many() hands to the kernel before others have a turn.
_BATCH = 128
# FreeBSD says that there is room while there is none: seconds to rest.
_REST = 0.01
# How often a kernel that has said all is asked whether it is done: seconds.
_POLL_FIRST, _POLL_LAST = 0.001, 0.05

# The sockets of associations, so that who collects garbage does not close one
# before its reader is taken away.
_open_sockets: set[sctp_socket] = set()


class _Line(deque[asyncio.Future[None]]):
    """Tasks in line: the first one acts when it is woken, and wakes the next one
    when it leaves."""

    def wake(self) -> None:
        if self and not self[0].done():
            self[0].set_result(None)


class Notifications(News):
    """An asynchronous iterator over notifications, as parse_notification() makes
    them, from its creation on. It ends when the association has ended.

    It keeps 1,000 that nobody has taken; ``dropped`` says how many older ones
    had to go.
    """

    __module__ = "sctp.asyncio"

    def __init__(self, association: "Association") -> None:
        super().__init__()
        self._association = association
        self._event = asyncio.Event()

    def add(self, notification: Notification) -> None:
        super().add(notification)
        self._event.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Notification:
        while not self.waiting:
            if self._association.is_closed:
                raise StopAsyncIteration
            self._event.clear()
            await self._event.wait()
        return self.waiting.popleft()


def _read_for(reference: "weakref.ref[Association]") -> None:
    """Reads for an association that its loop does not keep alive."""
    association = reference()
    if association is not None:
        association._read()


class Association:
    """An association with a peer: messages in both directions.

    Made by connect() and serve(). Used by tasks of one event loop; any number
    of them may send and receive at the same time. ``async for`` gives the
    messages up to the end of the association, and raises what receive() does.

    Leaving ``async with`` shuts the association down, an exception aborts it.
    """

    __module__ = "sctp.asyncio"

    socket: sctp_socket
    """The socket underneath, for its options. Do not receive from it, and do not
    close it: abort() does that."""

    def __init__(
        self,
        sock: sctp_socket,
        limits: Limits,
        events: frozenset[NotificationType],
    ) -> None:
        self.socket = sock
        _open_sockets.add(sock)
        self._loop = asyncio.get_running_loop()
        self._fd = sock.fileno()
        self._recvv_many = sock.sctp_recvv_many
        self._sendv = sock.sctp_sendv
        assembler = Assembler(limits.max_message, limits.max_total)
        self._core = Lifecycle(self, assembler, limits.max_unread, events)
        self._close_timeout = limits.close_timeout
        self._receivers = _Line()
        self._senders = _Line()
        self._turns = _TURNS
        self._closed = asyncio.Event()
        self._is_reading = False
        self._is_lingering = False
        self._deadline: asyncio.TimerHandle | None = None
        self._next_look: asyncio.TimerHandle | None = None
        self._local: tuple[Address, ...] = ()
        self._peers: tuple[Address, ...] = ()

    def __repr__(self) -> str:
        peer = self._peers[0] if self._peers else ("", 0)
        where = "{}:{}".format(*peer)
        state = "closed" if self.is_closed else "open"
        return f"<Association {self.assoc_id} with {where}, {state}>"

    def __del__(self) -> None:
        if "_peers" not in self.__dict__ or self._closed.is_set():
            return
        warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        if not self._loop.is_closed():
            # A collection may happen in any thread.
            self._loop.call_soon_threadsafe(_discard, self._loop, self._fd, self.socket)
        else:
            _close_socket(self.socket)

    # Its life

    def _start(self) -> None:
        self._is_reading = True
        self._loop.add_reader(self._fd, _read_for, weakref.ref(self))

    def _begin(self, peer: Address) -> None:
        """Begins with what was accepted, which has ended already, maybe."""
        self._peers = (peer,)
        self._start()
        self._read()
        self._remember_addresses()

    async def _connect(self, peers: list[AnyAddress]) -> None:
        """Sets it up with a peer, and waits for the outcome."""
        decided = self._loop.create_future()

        def read() -> None:
            self._read()
            if (self._core.is_up or self._core.end) and not decided.done():
                decided.set_result(None)

        self._is_reading = True
        self._loop.add_reader(self._fd, read)
        with suppress(BlockingIOError):
            self.socket.sctp_connectx(peers)
        await decided
        if not self._core.is_up:
            assert self._core.end is not None
            raise self._core.end.for_receiver(self)
        if self._is_reading:
            self._start()
        self._remember_addresses()

    def _adopt(self) -> None:
        """Takes over the association of a socket that is connected already."""
        status = self.status()
        core = self._core
        core.is_up = True
        core.assoc_id = status["sstat_assoc_id"]
        core.outbound_streams = status["sstat_outstrms"]
        core.inbound_streams = status["sstat_instrms"]
        self._remember_addresses()
        self._start()

    def _read(self) -> None:
        """Takes what has arrived, at most a wake-up's share."""
        core = self._core
        while True:
            try:
                core.feed(self._recvv_many(_SIZE, _COUNT))
            except (BlockingIOError, InterruptedError):
                core.conclude()
            except OSError as error:
                core.fail(error.errno or errno.EIO)
            if not core.is_ending:
                break
        if core.end is not None:
            self._settle()
        elif core.unread_size >= core.max_unread:
            self._pause_if_full()
        if self._receivers and (core.unread or core.end):
            waiter = self._receivers[0]
            if not waiter.done():
                waiter.set_result(None)

    def _settle(self) -> None:
        """The end is known: closes the socket, or waits until the kernel has sent
        what it has for a peer that sends no more."""
        self._senders.wake()
        if self._core.is_over:
            self._close()
        elif not self._is_lingering:
            self._is_lingering = True
            self._pause()
            self._limit_closing()
            self._next_look = self._loop.call_later(
                _POLL_FIRST, self._look, _POLL_FIRST
            )

    def _look(self, delay: float) -> None:
        """Looks whether the kernel is done, now and then: the socket stays readable
        all the while, so there is nothing to wait for."""
        self._read()
        if not self._core.is_over:
            try:
                self._ask_status()
            except OSError:
                self._core.vanish()
                self._settle()
            else:
                delay = min(2 * delay, _POLL_LAST)
                self._next_look = self._loop.call_later(delay, self._look, delay)

    def _pause_if_full(self) -> None:
        if self._core.is_full:
            self._pause()

    def _pause(self) -> None:
        if self._is_reading:
            self._is_reading = False
            self._loop.remove_reader(self._fd)

    def _resume(self) -> None:
        if not (self._is_reading or self._is_lingering or self._core.is_over):
            self._start()

    def _limit_closing(self) -> None:
        if self._deadline is None:
            self._deadline = self._loop.call_later(self._close_timeout, self._give_up)

    def _give_up(self) -> None:
        seconds = f"{self._close_timeout:g} seconds"
        self._abort(b"", f"It did not end within {seconds} (close_timeout).")

    def _begin_closing(self) -> None:
        if self._core.close() and not self._is_lingering:
            self._limit_closing()
            self._resume()
            if not self._senders:
                self._send_shutdown()

    def _send_shutdown(self) -> None:
        if self._is_lingering or self._core.is_over:
            return
        try:
            self.socket.shutdown(SHUT_WR)
        except OSError as error:
            self._look_for_end(error)
            if not self._core.is_over:
                self._core.vanish()
                self._settle()

    def _look_for_end(self, error: OSError) -> None:
        """Reads on where a call has met an end of which the news is to come."""
        self._core.note_errno(error.errno or errno.EIO)
        self._read()

    def _abort(self, reason: bytes, note: str) -> None:
        self._core.abort(note)
        if self._closed.is_set():
            return
        abort_socket(self.socket, reason, self._core.assoc_id)
        self._close()

    def _close(self) -> None:
        """Closes the socket, and tells everybody who waits."""
        if self._closed.is_set():
            return
        if not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
        self._is_reading = False
        for timer in self._deadline, self._next_look:
            if timer is not None:
                timer.cancel()
        self._remember_addresses()
        _close_socket(self.socket)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._closed.set()
            self._receivers.wake()
            self._senders.wake()
            for news in self._core.news:
                if isinstance(news, Notifications):
                    news._event.set()

    async def shutdown(self) -> None:
        """Ends the association gracefully.

        What was sent is delivered, sends that wait in line included; further
        ones raise BrokenPipeError. What the peer still sends stays receivable,
        up to max_unread; what is more is discarded. Returns when both sides are
        done, and after any other end; after close_timeout seconds the
        association is aborted. If this call is cancelled, all of that goes on.
        """
        self._begin_closing()
        await self._closed.wait()

    def abort(self, reason: "Buffer" = b"") -> None:
        """Ends the association at once and drops what is unread.

        The reason travels to the peer where the kernel can send one: not on the
        one-to-one sockets that connect() and serve() use on Linux.
        """
        self._abort(bytes(memoryview(reason)), "abort() was called here.")

    async def wait_closed(self) -> None:
        """Waits for the end of the association, whichever it is.

        What arrives meanwhile can be received. The news of the end stands
        behind the messages: once max_unread of them wait, this call waits until
        somebody receives them.
        """
        await self._closed.wait()

    @property
    def is_closed(self) -> bool:
        """Whether the association has ended and its socket is closed. Messages
        that arrived before can still be received."""
        return self._closed.is_set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.shutdown()
        else:
            self.abort()

    # Receiving

    def receive(self) -> Coroutine[Any, Any, Message]:
        """The next message: a coroutine.

        At the end of the association, after all that was received: EOFError if
        it was shut down, by either side, else the OSError that says why, with
        the attribute ``notification`` and a note in words; after abort() here,
        ConnectionAbortedError. In place of a message that was too long,
        MessageTooLong is raised; after a restart by the peer,
        AssociationRestarted: receive() goes on after both.
        """
        return self._receive(EOFError)

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, Message]:
        return self._receive(StopAsyncIteration)

    async def _receive(self, graceful: type[Exception]) -> Message:
        """The next message; raises graceful in place of EOFError."""
        core, line = self._core, self._receivers
        waiter = None
        try:
            has_news = core.unread or core.end
            if line or not self._turns or not has_news:
                waiter = self._loop.create_future()
                line.append(waiter)
                self._turns = _TURNS
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
            if not self._is_reading and core.has_room:
                self._resume()

    def notifications(self) -> Notifications:
        """An asynchronous iterator over the notifications that arrive from now
        on, of the types that ``events`` asked for."""
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
        """Sends a message; waits while there is no room in the send buffer.

        ppid is in host order. After lifetime seconds the kernel gives the
        message up if it has not been delivered (PR-SCTP).

        Messages go in the order of the calls. A call that is cancelled has not
        sent. Raises ValueError for empty data and values out of range, EMSGSIZE
        for data longer than the send buffer, BrokenPipeError after a shutdown
        by either side, and the same OSError as receive() after other ends.
        """
        core = self._core
        info = core.infos.get((stream, ppid, unordered, context))
        if info is not None and lifetime is None and type(data) is bytes and data:
            message: Outgoing = ((data,), None, info)  # as outgoing() makes it
        else:
            message = core.outgoing(data, stream, ppid, unordered, lifetime, context)
        if not core.may_send:
            core.check_send()
        if self._turns and not self._senders:
            try:
                self._sendv(*message)
            except BlockingIOError:
                pass
            except OSError as error:
                self._fail_to_send(error)
            else:
                self._turns -= 1
                return
        await self._send_in_line([message], 0, bool(self._turns))

    async def send_many(
        self,
        messages: "Iterable[_Sendable]",
        *,
        stream: int = 0,
        ppid: int = 0,
        unordered: bool = False,
        lifetime: float | None = None,
        context: int = 0,
    ) -> None:
        """Sends messages in order, small ones together in a packet; waits while
        there is no room.

        Each is bytes-like, or a tuple of that and a dict with keywords of
        send() for this message. All are checked before the first one is sent.
        If the call raises, or is cancelled, the exception has the number of
        messages that were sent as its attribute ``sent``.
        """
        sent = 0
        try:
            batch = self._prepare(messages, stream, ppid, unordered, lifetime, context)
            if not self._core.may_send:
                self._core.check_send()
            if self._turns and batch and not self._senders:
                try:
                    sent = self.socket.sctp_sendv_many(batch[:_BATCH])
                except BlockingIOError:
                    pass
                except OSError as error:
                    self._fail_to_send(error)
                else:
                    self._turns -= 1
        except BaseException as error:
            error.sent = 0  # type: ignore[attr-defined]
            raise
        if sent < len(batch):
            await self._send_in_line(batch, sent, sent < min(len(batch), _BATCH))

    def _prepare(
        self, messages: "Iterable[_Sendable]", *defaults: Any
    ) -> list[Outgoing]:
        outgoing = self._core.outgoing
        info = None
        batch: list[Outgoing] = []
        for message in messages:
            if info is not None and type(message) is bytes and message:
                batch.append(((message,), None, info))  # as the one before
            elif isinstance(message, tuple):
                if len(message) != 2 or not set(_KEYWORDS).issuperset(message[1]):
                    raise TypeError(
                        f"messages[{len(batch)}] must be bytes-like, or that and a"
                        f" dict with keywords of send(), not {message!r}"
                    )
                data, keywords = message
                values: dict[str, Any] = dict(zip(_KEYWORDS, defaults, strict=True))
                values.update(keywords)
                batch.append(outgoing(data, **values))
            else:
                batch.append(outgoing(message, *defaults))
                info = batch[-1][2]
        return batch

    async def _send_in_line(
        self, batch: list[Outgoing], sent: int, is_full: bool
    ) -> None:
        """Sends what is left of a batch when its turn comes. is_full says that
        there is no room now."""
        core, line, loop = self._core, self._senders, self._loop
        self._turns = _TURNS
        waiter = loop.create_future()
        line.append(waiter)
        if len(line) == 1:
            if is_full:
                self._wake_when_writable()
            else:
                loop.call_soon(line.wake)
        is_ready = False
        try:
            while True:
                await waiter
                core.check_send(is_in_line=True)
                try:
                    sent += self.socket.sctp_sendv_many(batch[sent : sent + _BATCH])
                except BlockingIOError:
                    if is_ready:
                        loop.call_later(_REST, line.wake)
                    else:
                        self._wake_when_writable()
                    is_ready = not is_ready
                except OSError as error:
                    self._fail_to_send(error)
                else:
                    if sent == len(batch):
                        return
                    is_ready = False
                    loop.call_soon(line.wake)
                waiter = line[0] = loop.create_future()
        except BaseException as error:
            error.sent = sent  # type: ignore[attr-defined]
            raise
        finally:
            line.remove(waiter)
            line.wake()
            if core.is_closing and not line:
                self._send_shutdown()

    def _wake_when_writable(self) -> None:
        if not self._closed.is_set():
            self._loop.add_writer(self._fd, self._wake_sender)

    def _wake_sender(self) -> None:
        self._loop.remove_writer(self._fd)
        self._senders.wake()

    def _fail_to_send(self, error: OSError) -> None:
        """Raises the end of the association if that is behind an error, else the
        error."""
        if error.errno in ENDS:
            self._look_for_end(error)
            self._core.check_send(is_in_line=True)
        raise error

    # What is known of it

    @property
    def assoc_id(self) -> int:
        """The kernel's identifier of the association."""
        return self._core.assoc_id

    @property
    def outbound_streams(self) -> int:
        """How many streams there are for messages to the peer."""
        return self._core.outbound_streams

    @property
    def inbound_streams(self) -> int:
        """How many streams there are for messages from the peer."""
        return self._core.inbound_streams

    @property
    def local_addresses(self) -> tuple[Address, ...]:
        """The addresses of this side, after the end the last ones."""
        self._remember_addresses()
        return self._local

    @property
    def peer_addresses(self) -> tuple[Address, ...]:
        """The addresses of the peer, after the end the last ones."""
        self._remember_addresses()
        return self._peers

    def _remember_addresses(self) -> None:
        with suppress(OSError):
            local, peers = self.socket.sctp_getladdrs(), self.socket.sctp_getpaddrs()
            if local and peers:
                self._local = tuple(map(plain_address, local))
                self._peers = tuple(map(plain_address, peers))

    def status(self) -> sctp_status:
        """The kernel's SCTP_STATUS. After the end, raises what send() raises."""
        if self._core.end is not None:
            self._core.check_send()
        return self._ask_status()

    def _ask_status(self) -> sctp_status:
        wanted = sctp_status(sstat_assoc_id=self._core.assoc_id)
        return self.socket.getsockopt(IPPROTO_SCTP, SCTP_STATUS, wanted)


# The keywords of a message, in the order of Lifecycle.outgoing().
_KEYWORDS = ("stream", "ppid", "unordered", "lifetime", "context")


def _discard(loop: asyncio.AbstractEventLoop, fd: int, sock: sctp_socket) -> None:
    """Closes the socket of an association that nobody knows any more."""
    loop.remove_reader(fd)
    loop.remove_writer(fd)
    _close_socket(sock)


def _close_socket(sock: sctp_socket) -> None:
    sock.close()
    _open_sockets.discard(sock)
