"""An endpoint for threads: one socket for many associations, on the core (_hub).

The core decides, this module waits: see _sync_waiting. All threads that wait for the
endpoint or for one of its associations are one crew. The crew also polls the sockets of
associations that were peeled off.
"""

from types import MethodType, TracebackType
from typing import Any, Self, cast

from ._endpoint import Apart, EndpointBase, Later, Shared
from ._enums import NotificationType
from ._hub import Member
from ._setup import Addresses, Limits
from ._socket import sctp_socket
from ._sockets import close_socket, resolve, warn_unclosed
from ._sync_association import Association, Carrier, Message, Notifications
from ._sync_waiting import Crew, Line, Polled, deadline_after


class _Shared(Shared, Carrier):
    """Carries associations over the socket of their endpoint."""

    _endpoint: "Endpoint"

    def start(self, association: Association) -> None:
        self._endpoint._resume()

    def read_if_ready(self, association: Association) -> None:
        self._endpoint._read_if_ready()

    def tidy(self, association: Association) -> None:
        self._endpoint._finish()
        member = self._member(association)
        if member.end is not None or member not in self._endpoint._senders:
            association._senders.wake()  # the first then raises, or lines up
        self._endpoint._wake_senders()

    def may_send(self, association: Association) -> bool:
        return self._endpoint._may_send(self._member(association))

    def await_room(self, association: Association) -> None:
        self._endpoint._line_up(self._member(association))
        self._endpoint._await_room()

    def give_others_a_turn(self, association: Association) -> None:
        self._endpoint._found_room = False
        if self._endpoint._senders:
            self._endpoint._rotate(self._member(association))

    def discard(self, association: Association) -> None:
        """Does nothing: the endpoint cleans up."""


class _Apart(Apart, Carrier):
    """Carries an association over a socket of its own, while it still belongs to the
    endpoint."""

    def discard(self, association: Association) -> None:
        # The endpoint shows the warning.
        close_socket(association.socket)


class Endpoint(EndpointBase[Association], Polled):
    """One socket with any number of associations, which either side may set up.

    open_endpoint() makes endpoints. Any number of threads may use an endpoint and its
    associations at the same time. ``for`` gives the associations that peers set up, as
    accept() does, until the endpoint is closed.

    The kernel has one queue and one send buffer for all associations. Still, an
    association cannot stop the others. If its unread messages pass max_unread, or if it
    fills the send buffer while others wait, the endpoint moves it to a socket of its
    own. If there is no descriptor for that, reading or sending pauses for all, and the
    log reports it.

    No background thread works for an endpoint: it reads, and notices what happens, only
    while a thread waits in a call of it or of one of its associations. A call with a
    timeout raises TimeoutError, with errno None, when the time is over. With 0 it does
    not wait.

    The end of a ``with`` block closes the endpoint and waits until its associations
    have ended, at most close_timeout seconds. If the block raises, the associations are
    aborted.
    """

    __module__ = "sctp.sync"

    def __init__(
        self,
        sock: sctp_socket,
        limits: Limits,
        events: frozenset[NotificationType],
        backlog: int,
    ) -> None:
        super().__init__(sock, limits, events, backlog)
        self._crew = Crew()
        self._lock = self._crew.lock
        self._acceptors = Line(self._crew, self, in_turn=True)
        self._receivers = Line(self._crew, self, in_turn=True)
        self._watchers = Line(self._crew, self, in_turn=False)
        self._carrier = _Shared(self)
        self._crew.polled[self] = None
        self._is_reading = True

    def __del__(self) -> None:
        if "_carrier" in self.__dict__ and not self._is_closed:
            warn_unclosed(self)
            close_socket(self._sock)
            self._crew.close()

    # Methods that the base class needs

    def _start(self) -> None:
        self._is_reading = True
        self._crew.interrupt()

    def _stop(self) -> None:
        self._is_reading = False

    def _later(self, delay: float, call: Later) -> None:
        if not self._is_closed:
            self._crew.later(delay, MethodType(call, self))

    def _wake_takers(self) -> None:
        if self._acceptors and self._hub.has_acceptable:
            self._acceptors.wake()
        if self._receivers and self._hub.has_unread:
            self._receivers.wake()

    def _catch_up(self) -> None:
        if not self._hub.is_digesting:
            self._crew.catch_up()

    def _end(self) -> None:
        self._is_reading = False
        self._crew.close()

    def _make_association(self, member: Member) -> Association:
        return Association(
            self._sock, self._limits, self._events, self._crew, member, self._carrier
        )

    def _move(self, association: Association, sock: sctp_socket) -> None:
        association._move(sock, _Apart(self))

    def _release(self, association: Association) -> None:
        crew = Crew(self._crew.lock)
        crew.take_over(association, association._lines)
        association._carrier = Carrier()

    # Waiting

    def _read_if_ready(self) -> None:
        if self._is_reading:
            self._read()

    def _finish(self) -> None:
        """Continues work that a signal has interrupted."""
        hub = self._hub
        if self._peeled:
            self._finish_peeling()
        if self._arrived or hub.is_interrupted:
            self._read()
        elif hub.touched or hub.refused:
            self._react()

    def _tidy(self) -> None:
        self._finish()
        self._wake_senders()
        self._wake_takers()
        if self._hub.end is not None:
            self._note_closed()

    def _may_send(self, member: Member) -> bool:
        """Whether it is the association's turn to send, and there may be room. If it is
        not its turn, the association lines up."""
        first = self._senders.first
        if first is not None and first is not member:
            self._wake_senders()
            self._line_up(member)
            return False
        return not self._awaits_room

    def _wake_senders(self) -> None:
        """Lets the first in the line send, if there may be room."""
        while (first := self._senders.first) is not None:
            if self._association_of(first)._senders:
                if not self._awaits_room:
                    self._wake_first()
                return
            self._leave(first)  # the waiter has left
        self._awaits_room = False

    # Methods for the program

    def accept(self, timeout: float | None = None) -> Association:
        """Returns the next association that a peer has set up.

        Messages that arrived before this call can be received. Raises EOFError after
        the endpoint was closed, and ConnectionAbortedError after it was aborted.
        """
        taken: list[Member] = []

        def attempt() -> bool:
            if not self._hub.has_acceptable:
                self._read_if_ready()
            self._hub.accept(taken)
            return bool(taken)

        try:
            self._acceptors.call(attempt, deadline_after(timeout))
            return self._association_of(taken[0])
        except BaseException:
            if taken:
                with self._lock:
                    self._hub.put_back(taken[0])
                    self._tidy()
            raise

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Association:
        try:
            return self.accept()
        except EOFError:
            raise StopIteration from None

    def receive(self, timeout: float | None = None) -> Message:
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

        def attempt() -> bool:
            if not self._hub.has_unread:
                self._read_if_ready()
            self._hub.take(taken)
            if taken:
                taken[0].association._resume_where_room()
            return bool(taken)

        try:
            self._receivers.call(attempt, deadline_after(timeout))
            if not isinstance(taken[0], Exception):
                return cast(Message, taken[0])
        except BaseException:
            if taken:
                with self._lock:
                    self._hub.put_back_unread(taken[0], taken[0].association._core)
                    self._tidy()
            raise
        raise taken[0]

    def connect(
        self, addresses: Addresses, timeout: float | None = None
    ) -> Association:
        """Sets up an association with a peer. Returns it when it is up.

        addresses has all addresses of the peer, as in sctp.sync.connect(). This call
        raises the same errors. After an exception, nothing is left of the attempt.
        """
        deadline = deadline_after(timeout)
        _, [peers] = resolve([self._check_peers(addresses)], self._sock)
        association = None
        try:
            with self._lock:
                association = self._begin_set_up(peers)
            association._wait_until_decided(deadline)
            self._note_set_up(association)
            return association
        except BaseException:
            if association is not None:
                association.abort()
                self._connecting.discard(association)
            raise

    def notifications(self) -> Notifications:
        """Returns an iterator over the notifications of all associations that arrive on
        the socket of this endpoint from now on. The ``events`` of open_endpoint()
        select their types."""
        news = Notifications(self)
        with self._lock:
            self._hub.news.add(news)
        return news

    def wait_closed(self, timeout: float | None = None) -> None:
        """Waits until close() or abort() was called and all associations have ended."""

        def attempt() -> bool:
            self._catch_up()
            self._tidy()
            return self._is_closed

        self._watchers.call(attempt, deadline_after(timeout))

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
            self.close()
            self.wait_closed()
        except BaseException:
            self.abort()
            raise
