"""A server for asyncio: accepts, and runs a task for each association."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeAlias

from ._asyncio_association import Association
from ._enums import NotificationType
from ._lifecycle import is_end_of
from ._server import PAUSE, ServerBase
from ._setup import Limits
from ._socket import sctp_socket

Handler: TypeAlias = Callable[[Association], Awaitable[object]]


class Server(ServerBase):
    """Accepts associations, and runs a handler in a task for each of them.

    serve() makes servers. When the handler returns, its association is shut
    down. When the handler raises an exception, its association is aborted, and
    the exception goes to the exception handler of the event loop. An exception
    that only reports the end of this association counts as a return.

    The end of an ``async with`` block shuts down all associations. The server
    cancels the handlers that still run after close_timeout seconds.
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
        super().__init__(sock, limits, events, max_associations)
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[asyncio.Task[None], Association] = {}
        self._pause: asyncio.TimerHandle | None = None
        self._is_accepting = False
        self._closed = asyncio.Event()
        self._done = asyncio.Event()
        self._accept_more()

    def _accept_more(self) -> None:
        """Starts or stops accepting. While there are enough associations, new ones
        wait in the kernel."""
        self._pause = None
        has_room = self._has_room(len(self._tasks))
        if self._is_serving and has_room != self._is_accepting:
            self._is_accepting = has_room
            if has_room:
                self._loop.add_reader(self._fd, self._accept)
            else:
                self._loop.remove_reader(self._fd)

    def _accept(self) -> None:
        # Only one at a time: on Linux an accept() without a peer sleeps for up to
        # 10 ms.
        try:
            accepted = self._accept_one()
        except OSError:
            self._loop.remove_reader(self._fd)
            self._is_accepting = False
            self._pause = self._loop.call_later(PAUSE, self._accept_more)
            return
        if accepted is None:
            return
        sock, address = accepted
        association = Association(sock, self._limits, self._events)
        association._begin(address)
        task = self._loop.create_task(self._serve(association))
        self._tasks[task] = association
        task.add_done_callback(self._forget)
        self._accept_more()

    async def _serve(self, association: Association) -> None:
        try:
            async with association:
                await self._handler(association)
        except Exception as error:
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
        if not (self._is_serving or self._tasks):
            self._done.set()

    @property
    def associations(self) -> tuple[Association, ...]:
        """The associations whose handlers run, or that are shutting down."""
        return tuple(self._tasks.values())

    def close(self) -> None:
        """Stops accepting. Running handlers go on."""
        if not self._is_serving:
            return
        self._is_serving = False
        if not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        if self._pause is not None:
            self._pause.cancel()
        self._remember_addresses()
        self._sock.close()
        self._closed.set()
        self._check_done()

    async def wait_closed(self) -> None:
        """Waits until close() has been called, and the last handler and its
        association have ended."""
        await self._done.wait()

    async def serve_forever(self) -> None:
        """Waits until close() is called. If the call is cancelled, it closes the
        server."""
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
