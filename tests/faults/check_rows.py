"""Errors and interruptions of every call of the table."""

import errno
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
from scenes import CLASS_OF, ERRORS


def fault_at(point, action, value=0, times=1):
    """The fault for a call that is written as "function" or "function 2"."""
    function, _, nth = point.partition(" ")
    first = int(nth or 1)
    return Fault(function, action, value, first, first + times - 1)


def assert_good(row, scene, point):
    """Checks that the socket works as before the failed call."""
    if point in row.done:
        scene.works()
    else:
        assert scene.call() == scene.result
        scene.seen()


# Errors


def check_calls(row, times):
    with row.scene() as scene:
        with injected():
            assert scene.call() == scene.result
        assert injection.calls() == row.calls
        scene.seen()


def attempt_error(row, point, name):
    """Checks that the fault raises OSError and leaves the socket usable."""
    number = getattr(errno, name)
    with row.scene() as scene:
        with injected(fault_at(point, "FAIL", number)):
            try:
                result = scene.call()
            except OSError as error:
                # Without the traceback, which would keep the scene alive.
                result = error.with_traceback(None)
        count("errors")
        assert injection.happened(), "it was not called"
        if point in row.unnoticed or name in row.meanings.get(point, "").split():
            assert result == scene.result, f"{result!r} is not {scene.result!r}"
            return
        if point in row.parts:
            assert result == row.parts[point], f"{result!r} is no part"
            scene.after_part(number)
            return
        assert isinstance(result, OSError), f"no error, but {result!r}"
        assert result.errno == number, repr(result)
        assert type(result) is CLASS_OF.get(name, OSError), type(result)
        assert_good(row, scene, point)


def check_errors(row, times):
    attempts = [
        named(attempt_error, row, point, name)
        for point in row.points()
        if point not in row.left_out
        for name in ERRORS[point.split()[0]].split()
    ]
    assert_nothing_leaks(attempts, times)


def check_lasting_errors(row, times):
    """If another way is tried after an error, it is not tried for ever."""
    for point, names in row.meanings.items():
        for name in names.split():
            fault = fault_at(point, "FAIL", getattr(errno, name), EVER)
            with row.scene() as scene, injected(fault):
                try:
                    result = scene.call()
                except OSError as error:
                    result = error
            count("errors", injection.happened())
            assert injection.happened()
            # libsctp gives up with ENOBUFS.
            assert result == scene.result or result.errno in (
                fault.value,
                errno.ENOBUFS,
            )


# Interruptions


def repeat_interruptions(attempt, row, times):
    attempts = []
    for point in row.again:
        for fault in (
            fault_at(point, "INTERRUPT"),
            fault_at(point, "INTERRUPT", times=5),
        ):
            attempts.append(named(attempt, row, point, fault))
    for point in row.once:
        attempts.append(named(attempt, row, point, fault_at(point, "INTERRUPT_AFTER")))
    assert_nothing_leaks(attempts, times)


def attempt_interrupted(row, point, fault):
    ran = []
    with row.scene() as scene:
        with injected(fault, handler=lambda: ran.append(None)):
            assert scene.call() == scene.result
        assert len(ran) == injection.happened() > 0
        count("interruptions", len(ran))
        scene.seen()


def attempt_raising_handler(row, point, fault):
    with row.scene() as scene:
        with suppress(Interrupted), injected(fault, handler=raise_interrupted):
            raise AssertionError(f"the handler raised, but {scene.call()!r}")
        assert injection.happened() == 1
        count("interruptions")
        if point in row.once:
            scene.works()
        else:
            assert_good(row, scene, point)


def attempt_ending_handler(row, point, fault, how):
    with row.scene() as scene:
        assert_ended(scene, how, fault)


def check_interrupted(row, times):
    repeat_interruptions(attempt_interrupted, row, times)


def check_raising_handler(row, times):
    repeat_interruptions(attempt_raising_handler, row, times)


def check_closing_handler(row, times):
    def attempt(*arguments):
        attempt_ending_handler(*arguments, "close")
        attempt_ending_handler(*arguments, "detach")

    repeat_interruptions(attempt, row, times)
