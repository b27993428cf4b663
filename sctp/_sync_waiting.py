"""How threads wait: each in a line, one of them for the socket.

A thread that has to wait stands in a line of its crew. One of the crew, the
watcher, polls the socket, reads for all and wakes those who can go on; the others
sleep. When the watcher leaves, with a result, by its timeout or interrupted by a
signal, another one takes over.

A signal handler may raise at any call, or call the crew anew. So what is
changed is changed in an order that bears it: leaving a line can be repeated, and
the lock can be taken again by the thread that has it.
"""

import math
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import chain, starmap
from typing import TypeAlias

# What is polled: a descriptor and events, and what was found.
Watched: TypeAlias = list[tuple[int, int]]
# Says True when there is nothing left to do, and None to be called at once again.
Attempt: TypeAlias = Callable[[], bool | None]

_MILLISECONDS_MAX = 2**31 - 1
_WAKING = (1).to_bytes(8, sys.byteorder)  # an eventfd takes eight bytes
_DRAINED = 4096


def deadline_after(timeout: float | None) -> float | None:
    """When a timeout that begins now will have passed; None for never."""
    if timeout is None:
        return None
    if not isinstance(timeout, (int, float)):
        kind = type(timeout).__name__
        raise TypeError(f"timeout must be a number or None, not {kind}")
    if not timeout >= 0:
        raise ValueError(f"timeout must be 0 or more, not {timeout!r}")
    return time.monotonic() + timeout


def earlier(one: float | None, other: float | None) -> float | None:
    """The first of two deadlines."""
    if one is None or (other is not None and other < one):
        return other
    return one


class WakeUp:
    """A descriptor that others make readable."""

    _descriptors: Iterable[int] = ()

    def __init__(self) -> None:
        # None is lost where a signal handler raises: extend() is one step.
        self._descriptors = descriptors = list[int]()
        if sys.platform == "linux":
            flags = os.EFD_CLOEXEC | os.EFD_NONBLOCK
            descriptors.extend(map(os.eventfd, (0,), (flags,)))
        else:
            descriptors.extend(chain.from_iterable(starmap(os.pipe, ((),))))
            for descriptor in descriptors:
                os.set_blocking(descriptor, False)
        self._reader, self._writer = descriptors[0], descriptors[-1]
        # For the next poll(): what to ask, and for which descriptors. Not while
        # one is under way, which a signal handler may interrupt by another.
        self._idle: tuple[select.poll, Watched] | None = None

    def set(self) -> None:
        """Ends the poll() of another thread, or the next one."""
        with suppress(BlockingIOError):  # it is set already
            os.write(self._writer, _WAKING)

    def poll(self, watched: Watched, until: float | None) -> Watched:
        """Waits until one of the descriptors is ready, or set() was called, or
        until that time; returns the descriptors that are ready."""
        idle, self._idle = self._idle, None
        if idle is None or idle[1] != watched:
            poller = select.poll()
            poller.register(self._reader, select.POLLIN)
            for descriptor, events in watched:
                poller.register(descriptor, events)
        else:
            poller = idle[0]
        milliseconds = None
        if until is not None:
            left = max(until - time.monotonic(), 0) * 1000
            milliseconds = math.ceil(min(left, _MILLISECONDS_MAX))
        found = poller.poll(milliseconds)
        self._idle = poller, watched
        for descriptor, _ in found:
            if descriptor == self._reader:
                with suppress(BlockingIOError):
                    os.read(self._reader, _DRAINED)
        return found

    def close(self) -> None:
        closing = map(os.close, self._descriptors)
        self._reader = self._writer = -1
        self._descriptors = ()  # in one step with what follows
        deque(closing)

    def __del__(self) -> None:
        self.close()


class Waiter:
    """A thread that waits to be woken; it is woken under the lock of its crew.

    ``polls`` is the WakeUp that it polls, None where it sleeps.
    """

    __slots__ = ("_lock", "polls", "thread")

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.polls: WakeUp | None = None
        self._lock = threading.Lock()
        self._lock.acquire()

    def wake(self) -> None:
        if self.polls is not None:
            self.polls.set()
            self.polls = None
        elif self._lock.locked():
            self._lock.release()

    def wait(self, until: float | None) -> None:
        """Returns when it was woken since the last time, or when the time has come."""
        if until is None:
            self._lock.acquire()
        else:
            left = max(until - time.monotonic(), 0)
            self._lock.acquire(timeout=min(left, threading.TIMEOUT_MAX))


class Line(deque[Waiter]):
    """Threads that wait for the same, one after the other or all at once."""

    def __init__(self, *, in_turn: bool) -> None:
        super().__init__()
        self.in_turn = in_turn

    def is_turn_of(self, thread: int) -> bool:
        return not (self.in_turn and self) or self[0].thread == thread

    def join(self, waiter: Waiter) -> None:
        """At the end; but a signal handler that waits cannot stand behind what it
        interrupts."""
        for place, other in enumerate(self):
            if other.thread == waiter.thread:
                self.insert(place, waiter)
                return
        self.append(waiter)

    def wake(self) -> None:
        """Wakes the first one, or all where there are no turns."""
        for waiter in self:
            waiter.wake()
            if self.in_turn:
                break


class Crew:
    """The threads that wait for a socket.

    ``plan`` says what is to be polled and until when, ``attend`` is told what
    was found, ``tidy`` wakes those who can go on and finishes what was
    interrupted; all three are called with the lock.
    """

    def __init__(
        self,
        plan: Callable[[], tuple[Watched, float | None]],
        attend: Callable[[Watched], None],
        tidy: Callable[[], None],
        wake_up: WakeUp | None = None,
    ) -> None:
        self.lock = threading.RLock()
        self.lines: list[Line] = []
        self._plan = plan
        self._attend = attend
        self._tidy = tidy
        self._wake_up = wake_up or WakeUp()
        self._watcher: Waiter | None = None
        self._is_closed = False

    def make_line(self, *, in_turn: bool) -> Line:
        line = Line(in_turn=in_turn)
        self.lines.append(line)
        return line

    def call(
        self,
        line: Line,
        attempt: Attempt,
        deadline: float | None,
        enter: Callable[[], None] | None = None,
    ) -> None:
        """Calls attempt() when it has its turn in the line, again and again until
        it returns True, and waits in between; where it returns None, others have
        a turn, without a wait. enter() is called first. TimeoutError at the
        deadline."""
        thread = threading.get_ident()
        waiter = None
        found = None
        try:
            while True:
                with self.lock:
                    if enter is not None:
                        enter()
                        enter = None
                    if waiter is not None:
                        waiter.polls = None
                    if found is not None:
                        self._attend(found)
                        found = None
                    result: bool | None = False
                    if line.is_turn_of(thread):
                        result = attempt()
                        if result:
                            return
                    if deadline is not None and time.monotonic() >= deadline:
                        raise TimeoutError("timed out")
                    if waiter is None:
                        waiter = Waiter()
                        line.join(waiter)
                    if result is None:
                        continue
                    watches = self._may_watch(waiter)
                    if watches:
                        self._watcher = waiter
                        watched, until = self._plan()
                        waiter.polls = self._wake_up
                if watches:
                    found = self._wake_up.poll(watched, earlier(until, deadline))
                else:
                    waiter.wait(deadline)
        finally:
            if waiter is not None:
                try:
                    self._leave(line, waiter)
                except BaseException:
                    self._leave(line, waiter)
                    raise

    def _may_watch(self, waiter: Waiter) -> bool:
        """Whether a waiter is to poll: not once there is nothing to wait for but
        a turn. A signal handler may wait while what it interrupts watches."""
        watcher = self._watcher
        is_free = watcher is None or watcher.thread == waiter.thread
        return is_free and not self._is_closed

    def _leave(self, line: Line, waiter: Waiter) -> None:
        with self.lock:
            waiter.polls = None
            if waiter in line:
                line.remove(waiter)
            if self._watcher is waiter:
                self._watcher = None
            self._tidy()
            if self._watcher is None:
                self._appoint()

    def _appoint(self) -> None:
        """Sees to it that somebody watches, if anybody waits."""
        if self._is_closed:
            self._wake_up.close()
        for line in self.lines:
            if line:
                line[0].wake()
                break

    def interrupt(self) -> None:
        """Lets the watcher look anew at what there is to do."""
        if self._watcher is not None and self._watcher.polls is not None:
            self._watcher.wake()

    def close(self) -> None:
        """Wakes everybody: there is nothing to wait for any more."""
        self._is_closed = True
        for line in self.lines:
            for waiter in line:
                waiter.wake()
        if self._watcher is None:
            self._wake_up.close()
