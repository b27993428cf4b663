"""An endpoint for asyncio: one socket for many associations, on the core (_hub).

The core decides, this module waits. The event loop has one reader for the socket. It
has a writer while somebody waits for room.
"""

import asyncio
import weakref
from collections.abc import Callable, Coroutine, Sized
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self, cast

from ._association import REST
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
from ._endpoint import Apart, EndpointBase, Later, Shared
from ._enums import NotificationType
from ._hub import Member
from ._setup import Addresses, Limits
from ._socket import sctp_socket
from ._sockets import warn_unclosed


class _Shared(Shared, Carrier):
    """Carries associations over the socket of their endpoint."""

    _endpoint: "Endpoint"

    def find_waiting(self, association: Association) -> Sized:
        return self._endpoint._senders

    def start(self, association: Association) -> None:
        self._endpoint._resume()

    def pause(self, association: Association) -> None:
        """Does nothing: the endpoint pauses if it has to."""

    def line_up(self, association: Association, is_full: bool) -> None:
        endpoint = self._endpoint
        if endpoint._line_up(self._member(association)):
            if is_full:
                endpoint._wait_for_room(False)
            else:
                endpoint._loop.call_soon(endpoint._wake_first)

    def wait_for_room(self, association: Association, is_ready: bool) -> None:
        self._endpoint._wait_for_room(is_ready)

    def give_others_a_turn(self, association: Association) -> None:
        endpoint = self._endpoint
        endpoint._rotate(self._member(association))
        endpoint._loop.call_soon(endpoint._wake_first)

    def leave_line(self, association: Association) -> None:
        if association._has_senders():
            self.give_others_a_turn(association)
        else:
            self._endpoint._leave(self._member(association))

    def discard(self, association: Association) -> None:
        """Does nothing: the endpoint cleans up."""


class _Apart(Apart, Carrier):
    """Carries an association over a socket of its own, while it still belongs to the
    endpoint."""

    def discard(self, association: Association) -> None:
        # The endpoint shows the warning.
        discard_socket(association._loop, association._fd, association.socket)


def _read_for(reference: "weakref.ref[Endpoint]") -> None:
    """Reads for an endpoint. The reference is weak, so that the event loop does not
    keep the endpoint alive."""
    endpoint = reference()
    if endpoint is not None:
        endpoint._read()


def _make(call: Later, reference: "weakref.ref[Endpoint]") -> None:
    """Makes a planned call of an endpoint. The reference is weak, so that the event
    loop does not keep the endpoint alive."""
    endpoint = reference()
    if endpoint is not None:
        del endpoint._timers[call]
        call(endpoint)


class Endpoint(EndpointBase[Association]):
    """One socket with any number of associations, which either side may set up.

    open_endpoint() makes endpoints. All users of an endpoint must be tasks of one event
    loop. ``async for`` gives the associations that peers set up, as accept() does,
    until the endpoint is closed.

    The kernel has one queue and one send buffer for all associations. Still, an
    association cannot stop the others. If its unread messages pass max_unread, or if it
    fills the send buffer while others wait, the endpoint moves it to a socket of its
    own. If there is no descriptor for that, reading or sending pauses for all, and the
    log reports it.

    The end of an ``async with`` block closes the endpoint and waits until its
    associations have ended, at most close_timeout seconds. If the block raises, the
    associations are aborted.
    """

    __module__ = "sctp.asyncio"

    def __init__(
        self,
        sock: sctp_socket,
        limits: Limits,
        events: frozenset[NotificationType],
        backlog: int,
    ) -> None:
        super().__init__(sock, limits, events, backlog)
        self._loop = asyncio.get_running_loop()
        self._acceptors = Line()
        self._receivers = Line()
        self._turns = TURNS
        self._done = asyncio.Event()
        # Timers: to look which member fills the send buffer, to peel off again, to ask
        # about set-ups.
        self._timers: dict[Later, asyncio.TimerHandle] = {}
        self._carrier = _Shared(self)
        self._start()

    def __del__(self) -> None:
        if "_carrier" in self.__dict__ and not self._is_closed:
            warn_unclosed(self)
            discard_socket(self._loop, self._fd, self._sock)

    # Methods that the base class needs

    def _start(self) -> None:
        self._is_reading = True
        self._loop.add_reader(self._fd, _read_for, weakref.ref(self))

    def _stop(self) -> None:
        self._is_reading = False
        self._loop.remove_reader(self._fd)

    def _later(self, delay: float, call: Later) -> None:
        if call not in self._timers and not self._is_closed:
            reference = weakref.ref(self)
            self._timers[call] = self._loop.call_later(delay, _make, call, reference)

    def _wake_takers(self) -> None:
        if self._acceptors and self._hub.has_acceptable:
            self._acceptors.wake()
        if self._receivers and self._hub.has_unread:
            self._receivers.wake()

    def _wait_for_room(self, is_ready: bool) -> None:
        if is_ready:
            self._loop.call_later(REST, self._wake_first)
        elif not self._is_closed:
            self._loop.add_writer(self._fd, self._wake_sender)

    def _wake_sender(self) -> None:
        self._loop.remove_writer(self._fd)
        self._wake_first()

    def _end(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        stop_watching(self._loop, self._fd)
        with suppress(RuntimeError):  # the loop is closed, so nobody waits
            self._done.set()
            self._wake_takers()
            wake_readers(self._hub.news)

    def _make_association(self, member: Member) -> Association:
        return Association(
            self._sock, self._limits, self._events, member, self._carrier
        )

    def _move(self, association: Association, sock: sctp_socket) -> None:
        association._move(sock, _Apart(self))

    def _release(self, association: Association) -> None:
        association._carrier = Carrier()

    # Methods for the program

    def accept(self) -> Coroutine[Any, Any, Association]:
        """Returns the next association that a peer has set up. It is a coroutine.

        Messages that arrived before this call can be received. Raises EOFError after
        the endpoint was closed, and ConnectionAbortedError after it was aborted.
        """
        return self._accept(EOFError)

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, Association]:
        return self._accept(StopAsyncIteration)

    async def _accept(self, graceful: type[Exception]) -> Association:
        hub = self._hub
        taken: list[Member] = []
        try:
            await self._take(
                self._acceptors,
                lambda: hub.has_acceptable,
                partial(hub.accept, taken),
                taken,
            )
        except EOFError:
            if graceful is EOFError:
                raise
            raise graceful from None
        return self._association_of(taken[0])

    async def receive(self) -> Message:
        """Returns the next message of any association that was not accepted. The
        associations take turns.

        Message.association is the association of the message: send the answer there.
        accept() may return that association later. From then on, its messages are not
        received here. Raises MessageTooLong and AssociationRestarted as
        Association.receive() does. Raises EOFError after the endpoint was closed, and
        ConnectionAbortedError after it was aborted. It does not report the end of an
        association.
        """
        taken: list[Any] = []
        hub = self._hub
        await self._take(
            self._receivers, lambda: hub.has_unread, partial(hub.take, taken), taken
        )
        [item] = taken
        item.association._resume_where_room()
        if isinstance(item, Exception):
            raise item
        return cast(Message, item)

    async def _take(
        self,
        line: Line,
        is_there: Callable[[], bool],
        take: Callable[[], None],
        taken: Sized,
    ) -> None:
        """Waits until there is something to take. Then calls take(), which adds it to
        ``taken``. Waiting tasks take turns."""
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
            take()
            while not taken:
                waiter = line[0] = self._loop.create_future()
                await waiter
                take()
        finally:
            if waiter is not None:
                line.remove(waiter)
                if line and is_there():
                    line.wake()

    async def connect(self, addresses: Addresses) -> Association:
        """Sets up an association with a peer. Returns it when it is up.

        addresses has all addresses of the peer, as in sctp.asyncio.connect(). This call
        raises the same errors. If the call is cancelled, nothing is left of the
        attempt.
        """
        _, [peers] = await resolve([self._check_peers(addresses)], self._sock)
        association = self._begin_set_up(peers)
        try:
            await association._wait_until_decided()
            self._note_set_up(association)
        except BaseException:
            association.abort()
            self._connecting.discard(association)
            raise
        return association

    def notifications(self) -> Notifications:
        """Returns an asynchronous iterator over the notifications of all associations
        that arrive on the socket of this endpoint from now on. The ``events`` of
        open_endpoint() select their types."""
        news = Notifications(self)
        self._hub.news.add(news)
        return news

    async def wait_closed(self) -> None:
        """Waits until close() or abort() was called and all associations have ended."""
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
