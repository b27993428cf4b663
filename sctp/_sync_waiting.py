"""How threads wait: each in a line, and one of them polls the sockets.

A thread that has to wait stands in a line of a crew. One thread of the crew, the
watcher, polls the sockets, reads for all, and wakes those that can go on. The others
sleep. When the watcher leaves, because it has a result, its timeout is over, or a
signal interrupts it, another thread takes over.

A signal handler may raise at any call, or call the crew again. So all changes are made
in an order that allows this: leaving a line can be repeated, and the thread that has
the lock can take it again.
"""

import math
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from itertools import chain, starmap
from typing import Any, Protocol, TypeAlias

from ._association import REST

# What to poll, or what was found: descriptors and events.
Watched: TypeAlias = list[tuple[int, int]]
# Returns True if nothing is left to do, and None to be called again at once.
Attempt: TypeAlias = Callable[[], bool | None]

_MILLISECONDS_MAX = 2**31 - 1
_WAKING = (1).to_bytes(8, sys.byteorder)  # an eventfd takes eight bytes
_DRAINED = 4096


def deadline_after(timeout: float | None) -> float | None:
    """Returns the time when a timeout that begins now is over, or None if there is
    no timeout."""
    if timeout is None:
        return None
    if not isinstance(timeout, (int, float)):
        kind = type(timeout).__name__
        raise TypeError(f"timeout must be a number or None, not {kind}")
    if not timeout >= 0:
        raise ValueError(f"timeout must be 0 or more, not {timeout!r}")
    return time.monotonic() + timeout


def earlier(one: float | None, other: float | None) -> float | None:
    """Returns the earlier one of two deadlines."""
    if one is None or (other is not None and other < one):
        return other
    return one


class WakeUp:
    """A descriptor that other threads make readable."""

    _descriptors: Iterable[int] = ()

    def __init__(self) -> None:
        # If a signal handler raises, no descriptor is lost: extend() is one step.
        self._descriptors = descriptors = list[int]()
        if sys.platform == "linux":
            flags = os.EFD_CLOEXEC | os.EFD_NONBLOCK
            descriptors.extend(map(os.eventfd, (0,), (flags,)))
        else:
            descriptors.extend(chain.from_iterable(starmap(os.pipe, ((),))))
            for descriptor in descriptors:
                os.set_blocking(descriptor, False)
        self._reader, self._writer = descriptors[0], descriptors[-1]
        # The poll object for the next poll(), and its descriptors. During a poll() this
        # is None, because a signal handler may call poll() too.
        self._idle: tuple[select.poll, Watched] | None = None

    def set(self) -> None:
        """Ends the poll() of another thread, or the next one."""
        with suppress(BlockingIOError):  # it is already set
            os.write(self._writer, _WAKING)

    def poll(self, watched: Watched, until: float | None) -> Watched:
        """Waits until one of the descriptors is ready, set() was called, or the time
        has come. Returns the descriptors that are ready."""
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
        self._descriptors = ()  # in one step with the next statement
        deque(closing)

    def __del__(self) -> None:
        self.close()


class Waiter:
    """A thread that waits to be woken. Whoever wakes it holds the lock of its crew.

    ``polls`` is the WakeUp that it polls, or None if it sleeps.
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
        """Returns when wake() was called since the last wait(), or when the time has
        come."""
        if until is None:
            self._lock.acquire()
        else:
            left = max(until - time.monotonic(), 0)
            self._lock.acquire(timeout=min(left, threading.TIMEOUT_MAX))


class Owner(Protocol):
    """An object whose threads wait in a line."""

    def _tidy(self) -> None:
        """Wakes those that can go on, and finishes what was interrupted."""


class Line(deque[Waiter]):
    """Threads that wait for the same event: one after the other, or all at once."""

    def __init__(self, crew: "Crew", owner: Owner, *, in_turn: bool) -> None:
        super().__init__()
        self.crew = crew
        self._owner = owner
        self._in_turn = in_turn

    def _is_turn_of(self, thread: int) -> bool:
        return not (self._in_turn and self) or self[0].thread == thread

    def _join(self, waiter: Waiter) -> None:
        """Adds a waiter at the end. But the waiter of a signal handler goes before that
        of the call it interrupts, which has to wait for the handler."""
        self.crew.waiters[waiter] = None
        for place, other in enumerate(self):
            if other.thread == waiter.thread:
                self.insert(place, waiter)
                return
        self.append(waiter)

    def wake(self) -> None:
        """Wakes the first one, or all if there are no turns."""
        for waiter in self:
            waiter.wake()
            if self._in_turn:
                break

    def call(
        self,
        attempt: Attempt,
        deadline: float | None,
        enter: Callable[[], None] | None = None,
    ) -> None:
        """Calls enter(), and then attempt() when it is this thread's turn. Repeats
        attempt() until it returns True, and waits in between. If attempt() returns
        None, others have a turn, but there is no wait. Raises TimeoutError at the
        deadline."""
        thread = threading.get_ident()
        crew = self.crew
        waiter = None
        found = None
        try:
            while True:
                with crew.lock:
                    if crew is not self.crew:
                        if waiter is not None:
                            crew.dismiss(waiter)
                        crew = self.crew
                        found = None
                    if enter is not None:
                        enter()
                        enter = None
                    if waiter is not None:
                        waiter.polls = None
                    if found is not None:
                        crew.attend(found)
                        found = None
                    result: bool | None = False
                    if self._is_turn_of(thread):
                        result = attempt()
                        if result:
                            return
                    if waiter is None:
                        waiter = Waiter()
                        self._join(waiter)
                    if deadline is not None and time.monotonic() >= deadline:
                        raise TimeoutError("timed out")
                    if result is None:
                        continue
                    watches = crew is self.crew and crew.may_watch(waiter)
                    if watches:
                        watched, until = crew.plan(waiter)
                if watches:
                    found = crew.poll(watched, earlier(until, deadline))
                else:
                    waiter.wait(deadline)
        finally:
            if waiter is not None:
                try:
                    self._leave(waiter, crew)
                except BaseException:
                    self._leave(waiter, crew)
                    raise

    def _leave(self, waiter: Waiter, crew: "Crew") -> None:
        with crew.lock:
            waiter.polls = None
            if waiter in self:
                self.remove(waiter)
            if crew is not self.crew:
                crew.dismiss(waiter)
            if self.crew.is_attending:
                self.crew.finish()
            self._owner._tidy()
            self.crew.dismiss(waiter)


class Polled:
    """A socket that a crew polls, for the object that reads and sends with it."""

    _crew: "Crew"
    _fd: int
    _is_reading: bool
    _is_closed: bool
    # A sender has found the send buffer full. Since then the kernel has reported room.
    _awaits_room = False
    _found_room = False
    _is_resting = False

    def _read(self) -> None:
        raise NotImplementedError

    def _tidy(self) -> None:
        raise NotImplementedError

    def _wanted(self) -> int:
        """The events to poll for. If there are none, it must not be polled: poll()
        would report an end again and again."""
        events = select.POLLIN if self._is_reading else 0
        if self._awaits_room and not self._is_resting:
            events |= select.POLLOUT
        return events

    def _attend(self, events: int) -> None:
        """Handles events of the socket."""
        if self._is_closed:
            return
        if events & ~select.POLLOUT and self._is_reading:
            self._read()
        if events & ~select.POLLIN and self._awaits_room:
            self._awaits_room = False
            self._found_room = True
            self._tidy()

    def _await_room(self) -> None:
        """The send buffer is full. FreeBSD may report room although there is none,
        again and again: then the socket is not polled for a while."""
        self._is_resting = self._found_room
        self._found_room = False
        self._awaits_room = True
        if self._is_resting:
            self._crew.later(REST, self._rested)
        self._crew.interrupt()

    def _rested(self) -> None:
        self._awaits_room = False
        self._tidy()


class Crew:
    """The threads that wait for one socket or more, and the calls to make at certain
    times.

    ``lock`` is held while anything is changed. Crews with the same lock can take over
    sockets from each other.
    """

    def __init__(
        self,
        lock: AbstractContextManager[Any] | None = None,
        wake_up: WakeUp | None = None,
    ) -> None:
        self.lock: AbstractContextManager[Any] = lock or threading.RLock()
        self.polled: dict[Polled, None] = {}
        self.waiters: dict[Waiter, None] = {}
        self._timers: dict[Callable[[], None], float] = {}
        self._wake_up = wake_up or WakeUp()
        self._watcher: Waiter | None = None
        # Watchers that a signal handler has interrupted and replaced.
        self._interrupted: list[Waiter] = []
        # attend() has begun and has not ended.
        self.is_attending = False
        self._is_closed = False

    # Methods for its lines

    def may_watch(self, waiter: Waiter) -> bool:
        """Whether a waiter may poll: no other thread polls, and the crew is not closed.
        A signal handler may poll although the call that it interrupts does."""
        watcher = self._watcher
        is_free = watcher is None or watcher.thread == waiter.thread
        return is_free and not self._is_closed

    def plan(self, watcher: Waiter) -> tuple[Watched, float | None]:
        """Makes a waiter the watcher. Returns what it has to poll, and until when."""
        if self._watcher is not None and self._watcher is not watcher:
            self._interrupted.append(self._watcher)
        self._watcher = watcher
        watcher.polls = self._wake_up
        watched = [
            (each._fd, events) for each in self.polled if (events := each._wanted())
        ]
        return watched, min(self._timers.values()) if self._timers else None

    def poll(self, watched: Watched, until: float | None) -> Watched:
        return self._wake_up.poll(watched, until)

    def attend(self, found: Watched) -> None:
        """Handles the events that poll() has found."""
        self.is_attending = True
        events = dict(found)
        for each in list(self.polled):
            if each._fd in events:
                each._attend(events[each._fd])
        if self._timers:
            self.keep_time()
        self.is_attending = False

    def catch_up(self) -> None:
        """Does what there is to do, without waiting."""
        for each in list(self.polled):
            each._attend(select.POLLIN)
            each._tidy()
        self.keep_time()

    def finish(self) -> None:
        """Finishes work that a signal has interrupted."""
        for each in list(self.polled):
            each._tidy()
        self.is_attending = False

    def dismiss(self, waiter: Waiter) -> None:
        """A waiter has left. If others wait, one of them becomes the watcher. The
        waiter must have left poll() before this: of two threads in poll(), one would
        take the wake-up of the other."""
        waiter.polls = None
        self.waiters.pop(waiter, None)
        if self._watcher is waiter:
            self._watcher = None
            if self._interrupted:
                # It still polls what it planned before it was replaced.
                self._watcher = self._interrupted.pop()
                self._watcher.wake()
        if self._watcher is None:
            if self._is_closed:
                self._wake_up.close()
            for other in self.waiters:
                other.wake()
                break

    # Methods for the owners of the sockets

    def later(self, delay: float, call: Callable[[], None]) -> None:
        """Plans a call after so many seconds, unless it is planned already. If a
        signal interrupts it, it can be called again."""
        now = time.monotonic()
        if self._timers.get(call, now) <= now:
            self._timers[call] = now + delay
            self.interrupt()

    def keep_time(self) -> None:
        """Makes the calls whose time has come."""
        now = time.monotonic()
        for call, when in list(self._timers.items()):
            if when <= now:
                call()
                if self._timers.get(call) == when:
                    self._timers.pop(call, None)

    def interrupt(self) -> None:
        """Makes the watcher look again at what there is to do."""
        if self._watcher is not None and self._watcher.polls is not None:
            self._watcher.wake()

    def _calls_of(self, polled: Polled) -> list[Callable[[], None]]:
        return [
            call for call in self._timers if getattr(call, "__self__", None) is polled
        ]

    def forget(self, polled: Polled) -> None:
        """Forgets a socket: there is nothing to poll or to do for it any more."""
        self.polled.pop(polled, None)
        for call in self._calls_of(polled):
            del self._timers[call]

    def take_over(self, polled: Polled, lines: Iterable[Line]) -> None:
        """Takes over a socket and the threads in its lines from their crew."""
        other = polled._crew
        for call in other._calls_of(polled):
            self._timers[call] = other._timers[call]
        other.forget(polled)
        self.polled[polled] = None
        for line in lines:
            for waiter in line:
                other.waiters.pop(waiter, None)
                self.waiters[waiter] = None
                waiter.wake()
            line.crew = self
        polled._crew = self

    def close(self) -> None:
        """Wakes all threads: there is nothing to wait for any more."""
        self._is_closed = True
        self.polled.clear()
        self._timers.clear()
        for waiter in list(self.waiters):
            waiter.wake()
        if self._watcher is None:
            self._wake_up.close()
