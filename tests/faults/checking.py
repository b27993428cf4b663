"""The common part of the checks of faults."""

import ctypes
import errno
import gc
import os
import sys

from injection import injected

# How often memory is measured before it counts as leaked. Caches may fill once, but not
# each time.
ROUNDS = 50

totals = {}


def count(what, number=1):
    totals[what] = totals.get(what, 0) + number


class Interrupted(Exception):
    pass


def raise_interrupted():
    raise Interrupted


class Mallinfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks"),
            *("uordblks", "fordblks", "keepcost"),
        )
    ]


used = ctypes.CDLL(None).mallinfo2
used.restype = Mallinfo

# CPython's cache of attributes keeps some thousands of the names that were looked up.
# Names that C functions look up ("add_note") are new strings each time.
clear_caches = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache


def measure():
    """The memory blocks of Python, and the bytes that the C library has allocated."""
    gc.collect()
    clear_caches()
    return sys.getallocatedblocks(), used().uordblks


def assert_nothing_leaks(attempts, times):
    """Repeats attempts. Each must free its descriptors, and all of them their
    memory."""
    descriptors = os.listdir("/proc/self/fd")
    for _ in range(ROUNDS):
        before = measure()
        for attempt in attempts:
            for _ in range(times):
                attempt()
                assert os.listdir("/proc/self/fd") == descriptors, "a descriptor leaks"
        blocks, used = (b - a for a, b in zip(before, measure(), strict=True))
        if blocks < max(times, 5) and used < 16 * max(times, 5):
            return
    growth = f"{blocks} blocks and {used} bytes more"
    raise AssertionError(f"{growth} after {len(attempts) * times} calls")


def named(function, *arguments):
    """Makes a call. If it fails, the error names the call."""

    def call():
        try:
            function(*arguments)
        except BaseException as error:
            error.add_note(f"in {function.__name__} {arguments[1:]}")
            raise

    return call


def assert_ended(scene, how, *faults):
    """Checks that a call raises the right error if a handler ends the socket."""
    numbers = []

    def end():
        if not numbers:
            numbers.append(scene.sock.fileno())
            getattr(scene.sock, how)()

    with injected(*faults, handler=end):
        try:
            result = scene.call()
        except OSError as error:
            # Without the traceback, which would keep the scene alive.
            result = error.with_traceback(None)
    if how == "detach":
        os.close(numbers[0])
    count("interruptions")
    assert getattr(result, "errno", None) == errno.EBADF, result
