"""Disturbs calls that wait, at each point of the wait."""

import errno
import os
import select
import signal
import time
from contextlib import suppress

import injection
from checking import (
    Interrupted,
    assert_ended,
    assert_nothing_leaks,
    count,
    named,
    raise_interrupted,
)
from injection import EVER, Fault, injected
from scenes import ERRORS, waiting


def interrupted_waits(wait):
    """The ways to interrupt a call at each point of a wait. The last interruption
    ends the wait."""
    function, events = wait.function, wait.events

    def fails(last):
        """The fault that the call would have to wait, so many times."""
        return Fault(function, "FAIL", errno.EAGAIN, 1, last)

    def polls(action, value=0, first=1, last=None):
        return Fault("poll", action, value, first, last)

    def again(first, last=None):
        return Fault(function, "INTERRUPT", 0, first, last)

    yield [again(1)]
    yield [again(1, 5)]
    yield [fails(1), polls("INTERRUPT")]
    yield [fails(1), polls("INTERRUPT", last=5)]
    yield [fails(1), polls("ANSWER", events), again(2)]
    yield [fails(1), polls("ANSWER", events), again(2, 6)]
    yield [fails(1), polls("ANSWER", last=3), polls("INTERRUPT", first=4)]
    for awake in events, select.POLLERR, select.POLLHUP, select.POLLNVAL:
        # The call has to wait although poll has returned.
        yield [fails(3), polls("ANSWER", awake, 1, 2), polls("INTERRUPT", 0, 3, 5)]


def count_interruptions(faults):
    return sum(
        (fault.last or fault.first) - fault.first + 1
        for fault in faults
        if fault.action == "INTERRUPT"
    )


def ways_of(name):
    with waiting(name, 10) as wait:
        return list(interrupted_waits(wait))


def repeat_waits(name, times, attempt):
    attempts = [named(attempt, name, faults) for faults in ways_of(name)]
    assert_nothing_leaks(attempts, times)


def check_wait_goes_on(name, times):
    def attempt(name, faults):
        left = count_interruptions(faults)

        def handler():
            nonlocal left
            left -= 1
            if left == 0:
                wait.end()

        with waiting(name, 10) as wait:
            with injected(*faults, handler=handler):
                assert wait.call() == wait.result
            count("interruptions", count_interruptions(faults))
            assert left == 0
            wait.seen()

    repeat_waits(name, times, attempt)


def check_wait_ends_with_a_raising_handler(name, times):
    def attempt(name, faults):
        with waiting(name, 10) as wait:
            with suppress(Interrupted), injected(*faults, handler=raise_interrupted):
                raise AssertionError(f"the handler raised, but {wait.call()!r}")
            count("interruptions")
            wait.end()
            assert wait.call() == wait.result
            wait.seen()

    repeat_waits(name, times, attempt)


def check_wait_ends_with_a_message_that_stays(name, times):
    """The handler raises while there is something to receive."""

    def attempt(name, faults):
        with waiting(name, 10) as wait:

            def handler():
                wait.end()
                raise Interrupted

            with suppress(Interrupted), injected(*faults, handler=handler):
                raise AssertionError(f"the handler raised, but {wait.call()!r}")
            count("interruptions")
            assert wait.call() == wait.result
            wait.seen()

    repeat_waits(name, times, attempt)


def check_wait_ends_with_a_closing_handler(name, times):
    def attempt(name, faults, how):
        with waiting(name, 10) as wait:
            assert_ended(wait, how, *faults)

    for how in "close", "detach":
        repeat_waits(name, times, lambda *where, how=how: attempt(*where, how))


def check_handler_sends_during_the_wait(name, times):
    """The handler sends on the socket that waits. Both messages arrive in order."""

    def attempt(name, faults):
        ran = []
        with waiting(name, 10) as wait:

            def handler():
                ran.append(None)
                if len(ran) == 1:
                    wait.sock.sctp_sendv([b"between"], None, wait.info)
                if len(ran) == count_interruptions(faults):
                    wait.end()

            with injected(*faults, handler=handler):
                assert wait.call() == wait.result
            count("interruptions", len(ran))
            assert wait.peer.recv(8) == b"between"
            wait.seen()

    repeat_waits(name, times, attempt)


def check_handler_takes_what_the_wait_is_for(name, times):
    """The call then waits for the next message."""

    def attempt(name, faults):
        with waiting(name, 0.05) as wait:
            if wait.function == "sendmsg":
                return
            left = count_interruptions(faults)

            def handler():
                nonlocal left
                left -= 1
                if left == 0:
                    wait.end()
                    assert wait.call() == wait.result

            start = time.monotonic()
            with injected(*faults, handler=handler), suppress(TimeoutError):
                raise AssertionError(f"nothing was left, but {wait.call()!r}")
            assert time.monotonic() - start >= 0.05
            count("interruptions", count_interruptions(faults))

    for faults in ways_of(name):
        named(attempt, name, faults)()


def check_wait_ends_in_time(name, times):
    """It does not end earlier or later, whatever disturbs it."""
    with waiting(name, 0.05) as wait:
        function, events = wait.function, wait.events
        for fault in (
            Fault("poll", "PASS"),
            Fault("poll", "INTERRUPT", 0, 1, EVER),
            Fault("poll", "ANSWER", 0, 1, EVER),
            Fault("poll", "ANSWER", events, 1, EVER),
            Fault("poll", "ANSWER", select.POLLERR, 1, EVER),
        ):
            # For sending, poll reports room at once.
            start = time.monotonic()
            fails = Fault(function, "FAIL", errno.EAGAIN, 1, EVER)
            with injected(fails, fault):
                try:
                    result = wait.call()
                except TimeoutError as error:
                    result = error
            passed = time.monotonic() - start
            assert isinstance(result, TimeoutError), f"{result!r}: {fault}"
            assert result.errno is None
            assert 0.05 <= passed < 5, f"{passed}: {fault}"
            count("timeouts")
        wait.end()
        assert wait.call() == wait.result
        wait.seen()


def check_waiting_sender_rests(name, times):
    """On FreeBSD, poll reports room all the time."""
    with waiting(name, 1) as wait:
        ran = []
        signal.signal(signal.SIGALRM, lambda *_: ran.append(time.monotonic()))
        start, used = time.monotonic(), time.process_time()
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        fails = Fault(wait.function, "FAIL", errno.EAGAIN, 1, EVER)
        with injected(fails), suppress(TimeoutError):
            raise AssertionError(f"no timeout, but {wait.call()!r}")
        used = time.process_time() - used
        passed = time.monotonic() - start
        assert 1 <= passed < 1.5, passed
        # A try, a poll and a rest each time.
        assert injection.calls()[wait.function] <= 100, injection.calls()
        assert used < 0.3, f"{used} s of the processor"
        (at,) = ran
        assert at - start < 0.5, f"the handler ran after {at - start} s"
        count("timeouts")


def check_waiting_sender_runs_handlers(name, times):
    """It also runs them if the signal interrupts no call."""
    with waiting(name, 1) as wait:
        fails = Fault(wait.function, "FAIL", errno.EAGAIN, 1, EVER)
        for nth in 1, 2, 5:
            signals = Fault("poll", "SIGNAL", 0, nth)
            faults = injected(fails, signals, handler=raise_interrupted)
            with suppress(Interrupted), faults:
                raise AssertionError(f"the handler raised, but {wait.call()!r}")
            count("interruptions")


def check_wait_fails(name, times):
    """The error of poll is raised, and the socket stays usable."""
    for error in ERRORS["poll"].split():
        number = getattr(errno, error)
        with waiting(name, 10) as wait:
            fails = Fault(wait.function, "FAIL", errno.EAGAIN)
            with injected(fails, Fault("poll", "FAIL", number)):
                try:
                    result = wait.call()
                except OSError as error:
                    result = error
            assert result.errno == number, repr(result)
            count("errors")
            wait.end()
            assert wait.call() == wait.result
            wait.seen()


def check_nothing_waits_on_a_non_blocking_socket(name, times):
    for interruptions in 0, 1, 5:
        with waiting(name, 0) as wait:
            faults = [Fault(wait.function, "FAIL", errno.EAGAIN, interruptions + 1)]
            if interruptions:
                faults.append(Fault(wait.function, "INTERRUPT", 0, 1, interruptions))
            with injected(*faults):
                try:
                    result = wait.call()
                except OSError as error:
                    result = error
            assert type(result) is BlockingIOError, repr(result)
            assert result.errno == errno.EAGAIN
            assert "poll" not in injection.calls()
            count("interruptions", interruptions)
            wait.end()
            assert wait.call() == wait.result
            wait.seen()


def check_wait_of_a_blocking_socket(name, times):
    """The kernel waits, so the signals interrupt the call itself."""

    def attempt(name, interruptions, action):
        ran = []
        with waiting(name, None) as wait:
            numbers = [wait.sock.fileno()]

            def handler():
                ran.append(None)
                if action == "raise":
                    raise Interrupted
                if action in ("close", "detach"):
                    getattr(wait.sock, action)()
                elif len(ran) == interruptions:
                    wait.end()

            faults = [Fault(wait.function, "INTERRUPT", 0, 1, interruptions)]
            with injected(*faults, handler=handler):
                try:
                    result = wait.call()
                except (OSError, Interrupted) as error:
                    result = error.with_traceback(None)
            count("interruptions", len(ran))
            assert "poll" not in injection.calls()
            if action == "raise":
                assert isinstance(result, Interrupted)
                wait.end()
                result = wait.call()
            if action in ("close", "detach"):
                if action == "detach":
                    os.close(numbers[0])
                assert getattr(result, "errno", None) == errno.EBADF, result
            else:
                assert result == wait.result, repr(result)
                wait.seen()

    attempts = [
        named(attempt, name, interruptions, action)
        for interruptions in (1, 5)
        for action in ("pass", "raise", "close", "detach")
    ]
    assert_nothing_leaks(attempts, times)


def check_blocking_socket_may_have_a_timeout_of_the_system(name, times):
    """With SO_RCVTIMEO, the kernel returns EAGAIN after it has waited."""
    with waiting(name, None) as wait:
        with injected(Fault(wait.function, "FAIL", errno.EAGAIN, 1, EVER)):
            try:
                result = wait.call()
            except OSError as error:
                result = error
        assert type(result) is BlockingIOError, repr(result)
        count("timeouts")
        wait.end()
        assert wait.call() == wait.result
