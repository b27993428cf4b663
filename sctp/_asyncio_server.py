"""A server for asyncio: accepts, and runs a task for each association."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeAlias

from ._asyncio_association import Association
from ._enums import NotificationType
from ._lifecycle import is_end_of, logger
from ._messages import Address, plain_address
from ._setup import Limits
from ._socket import sctp_socket

Handler: TypeAlias = Callable[[Association], Awaitable[object]]

# How long nobody is accepted when there are no descriptors left: seconds.
_PAUSE = 1.0


class Server:
    """Accepts associations, and runs a handler in a task for each.

    Made by serve(). When the handler returns, its association is shut down; when
    it raises, the association is aborted, and the exception goes to the event
    loop's exception handler, unless it is the end of this association.

    Leaving ``async with`` shuts down all associations, which takes close_timeout
    seconds at most, and then cancels the handlers that are left.
    """

    __module__ = "sctp.asyncio"

    def __init__(
        self,
        sock: sctp_socket,
        handler: Handler,
        limits: Limits,
        events: frozenset[NotificationType],
        max_associations: int | None,
    ) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._handler = handler
        self._limits = limits
        self._events = events
        self._most = max_associations
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[asyncio.Task[None], Association] = {}
        self._pause: asyncio.TimerHandle | None = None
        self._is_accepting = False
        self._closed = asyncio.Event()
        self._done = asyncio.Event()
        found = sock.sctp_getladdrs() or ()
        self._addresses: tuple[Address, ...] = tuple(map(plain_address, found))
        self._accept_more()

    def __repr__(self) -> str:
        state = "serving" if self.is_serving else "closed"
        return f"<Server at {self._addresses}, {state}>"

    def _accept_more(self) -> None:
        """Begins to accept, or stops: while there are enough associations, those
        to come wait in the kernel."""
        self._pause = None
        has_room = self._most is None or len(self._tasks) < self._most
        if self.is_serving and has_room != self._is_accepting:
            self._is_accepting = has_room
            if has_room:
                self._loop.add_reader(self._fd, self._accept)
            else:
                self._loop.remove_reader(self._fd)

    def _accept(self) -> None:
        # One only: an accept that finds nobody sleeps for up to 10 ms on Linux.
        try:
            sock, address = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            logger.warning("cannot accept, trying again in %g s: %s", _PAUSE, error)
            self._loop.remove_reader(self._fd)
            self._is_accepting = False
            self._pause = self._loop.call_later(_PAUSE, self._accept_more)
            return
        sock.setblocking(False)
        association = Association(sock, self._limits, self._events)
        association._begin(plain_address(address))
        task = self._loop.create_task(self._serve(association))
        self._tasks[task] = association
        task.add_done_callback(self._forget)
        self._accept_more()

    async def _serve(self, association: Association) -> None:
        try:
            await self._handler(association)
            await association.shutdown()
        except Exception as error:
            association.abort()
            if not is_end_of(error, association):
                # Without the task: its context cannot be entered a second time.
                self._loop.call_exception_handler(
                    {
                        "message": f"the handler of {association!r} failed",
                        "exception": error,
                    }
                )
        except BaseException:
            association.abort()
            raise

    def _forget(self, task: asyncio.Task[None]) -> None:
        association = self._tasks.pop(task)
        if not association.is_closed:  # cancelled before it began
            association.abort()
        if self._pause is None:
            self._accept_more()
        self._check_done()

    def _check_done(self) -> None:
        if self._closed.is_set() and not self._tasks:
            self._done.set()

    @property
    def is_serving(self) -> bool:
        """Whether new associations are accepted: until close()."""
        return not self._closed.is_set()

    @property
    def sockets(self) -> tuple[sctp_socket, ...]:
        """The listening socket; none after close()."""
        return (self._sock,) if self.is_serving else ()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses that it listens at."""
        return self._addresses

    @property
    def associations(self) -> tuple[Association, ...]:
        """The associations whose handlers run, or that are being shut down."""
        return tuple(self._tasks.values())

    def close(self) -> None:
        """Stops accepting. Handlers that run go on."""
        if self._closed.is_set():
            return
        if not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        if self._pause is not None:
            self._pause.cancel()
        self._sock.close()
        self._closed.set()
        self._check_done()

    async def wait_closed(self) -> None:
        """Waits until close() has been called and the last handler and its
        association have ended."""
        await self._done.wait()

    async def serve_forever(self) -> None:
        """Waits until close() is called; if it is cancelled, it closes."""
        try:
            await self._closed.wait()
        finally:
            self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        current = asyncio.current_task()
        tasks = {task for task in self._tasks if task is not current}
        try:
            for task in tasks:
                self._tasks[task]._begin_closing()
            if tasks:
                await asyncio.wait(tasks, timeout=self._limits.close_timeout)
        finally:
            left = {task for task in tasks if not task.done()}
            for task in left:
                self._tasks[task].abort()
                task.cancel()
        if left:
            await asyncio.wait(left)
