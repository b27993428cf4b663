"""A server for threads. It accepts associations, and runs a thread for each.

One thread waits for the next association. Then it starts another thread that does the
same, and runs the handler for its own association.
"""

import os
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeAlias
from weakref import WeakSet

from ._enums import NotificationType
from ._lifecycle import is_end_of
from ._server import PAUSE, ServerBase
from ._setup import Limits
from ._socket import sctp_socket
from ._sync_association import Association
from ._sync_waiting import Crew, Waiter, WakeUp, deadline_after

Handler: TypeAlias = Callable[[Association], object]

# The servers of this process.
_servers: "WeakSet[Server]" = WeakSet()
# The seconds that handlers may take to end after their association was aborted.
_GRACE = 1.0


class Server(ServerBase):
    """Accepts associations, and runs a handler in a thread for each of them.

    serve() makes servers. When the handler returns, its association is shut down. When
    the handler raises an exception, its association is aborted, and the exception goes
    to threading.excepthook. An exception that only reports the end of this association
    counts as a return. The threads are daemons: a program that ends does not wait for
    them.

    The end of a ``with`` block shuts down all associations. The server aborts those
    that are left after close_timeout seconds. Their handlers notice this when they next
    use the association. The server waits only a short time for them, because no thread
    can be forced to end.
    """

    __module__ = "sctp.sync"

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
        self._lock = threading.RLock()
        # Held by the thread that waits for the next association.
        self._accepting = threading.Lock()
        self._has_acceptor = False
        self._threads: dict[Association, int] = {}
        self._waiting: list[Waiter] = []
        self._wake_up = WakeUp()
        _servers.add(self)
        try:
            self._accept_more()
        except BaseException:
            self.close()
            raise

    def _leave_to_parent(self) -> None:
        """Closes the server in a child process. Its threads and associations belong to
        the parent alone."""
        self._is_serving = False
        self._lock, self._accepting = threading.RLock(), threading.Lock()
        self._of_parent, self._threads = self._threads, {}
        self._sock.close()
        self._wake_up.close()

    def _accept_more(self) -> None:
        """Starts a thread that accepts, unless there is one already. If there are
        enough associations, it starts none; new ones then wait in the kernel."""
        with self._lock:
            has_room = self._has_room(len(self._threads))
            if self._is_serving and has_room and not self._has_acceptor:
                thread = threading.Thread(
                    target=self._run, name="sctp.sync server", daemon=True
                )
                thread.start()
                self._has_acceptor = True

    def _run(self) -> None:
        """Waits for an association, and runs the handler for it."""
        association = None
        try:
            with self._accepting:
                association = self._accept()
        finally:
            if association is None:
                with self._lock:
                    self._has_acceptor = False
        if association is not None:
            try:
                self._serve(association)
            finally:
                with self._lock:
                    del self._threads[association]
                    self._wake()
                self._try_to_accept_more()

    def _accept(self) -> Association | None:
        """Returns the next association, or None after close()."""
        wake_up = None
        try:
            while self._is_serving:
                self._wake_up.poll([(self._fd, select.POLLIN)], None)
                if not self._is_serving:
                    break
                try:
                    # This needs a descriptor, so it comes before steps that cannot be
                    # undone.
                    wake_up = wake_up or self._make_wake_up()
                    accepted = self._accept_one()
                except OSError:
                    self._wake_up.poll([], time.monotonic() + PAUSE)
                    continue
                if accepted is None:
                    wake_up.close()
                    wake_up = None
                else:
                    sock, address = accepted
                    crew = Crew(wake_up=wake_up)
                    association = Association(sock, self._limits, self._events, crew)
                    wake_up = None
                    association._begin(address)
                    with self._lock:
                        self._threads[association] = threading.get_ident()
                        self._has_acceptor = False
                    return association
        finally:
            if wake_up is not None:
                wake_up.close()
        return None

    def _make_wake_up(self) -> WakeUp:
        try:
            return WakeUp()
        except OSError as error:
            self._log(error)
            raise

    def _try_to_accept_more(self) -> None:
        try:
            self._accept_more()
        except RuntimeError as error:  # tried again when a handler ends
            self._log(error)

    def _serve(self, association: Association) -> None:
        self._try_to_accept_more()
        try:
            with association:
                self._handler(association)
        except BaseException as error:
            if not is_end_of(error, association):
                raise

    @property
    def associations(self) -> tuple[Association, ...]:
        """The associations whose handlers run, or that are shutting down."""
        with self._lock:
            return tuple(self._threads)

    def close(self) -> None:
        """Stops accepting. Running handlers go on."""
        self._is_serving = False
        with suppress(OSError):  # it is closed already
            self._wake_up.set()
        with self._accepting:
            self._remember_addresses()
            self._sock.close()
            self._wake_up.close()
        with self._lock:
            self._wake()

    def _wake(self) -> None:
        for waiter in self._waiting:
            waiter.wake()

    def _wait(self, is_done: Callable[[], bool], deadline: float | None) -> None:
        waiter = Waiter()
        try:
            while True:
                with self._lock:
                    if is_done():
                        return
                    if waiter not in self._waiting:
                        self._waiting.append(waiter)
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError("timed out")
                waiter.wait(deadline)
        finally:
            with self._lock, suppress(ValueError):
                self._waiting.remove(waiter)

    def wait_closed(self, timeout: float | None = None) -> None:
        """Waits until close() has been called, and the last handler and its
        association have ended."""
        deadline = deadline_after(timeout)
        self._wait(lambda: not (self._is_serving or self._threads), deadline)

    def serve_forever(self, timeout: float | None = None) -> None:
        """Waits until close() is called. After timeout seconds it closes the server and
        raises TimeoutError. If the call is interrupted, it closes the server."""
        deadline = deadline_after(timeout)
        try:
            self._wait(lambda: not self._is_serving, deadline)
        finally:
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        mine = threading.get_ident()
        with self._lock:
            left = [each for each, thread in self._threads.items() if thread != mine]

        def have_ended() -> bool:
            return not any(each in self._threads for each in left)

        deadline = time.monotonic() + self._limits.close_timeout
        try:
            for association in left:
                with association._crew.lock:
                    association._begin_closing()
            for association in left:
                with suppress(TimeoutError):
                    association.wait_closed(max(deadline - time.monotonic(), 0))
            with suppress(TimeoutError):
                self._wait(have_ended, deadline)
        finally:
            for association in left:
                if association in self.associations:
                    association.abort()
        with suppress(TimeoutError):
            self._wait(have_ended, deadline_after(_GRACE))


def _leave_to_parent() -> None:
    for server in list(_servers):
        server._leave_to_parent()


os.register_at_fork(after_in_child=_leave_to_parent)
