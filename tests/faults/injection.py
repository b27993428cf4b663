"""Lets chosen system calls fail, in a process with faults.c preloaded."""

import ctypes
import errno
import signal
from contextlib import contextmanager
from dataclasses import dataclass

# The same as in faults.c.
ACTIONS = [
    "PASS",
    "FAIL",
    "INTERRUPT",
    "INTERRUPT_AFTER",
    "ANSWER",
    "CONTROL",
    "ROOM",
    "NAMELEN",
    "FLAGS",
    "LENGTH",
    "SIGNAL",
    "INFO",
]
FUNCTIONS = [
    "accept4",
    "close",
    "connect",
    "fcntl",
    "getaddrinfo",
    "getsockname",
    "getsockopt",
    "ioctl",
    "poll",
    "recvmsg",
    "sctp_bindx",
    "sctp_connectx",
    "sctp_getladdrs",
    "sctp_getpaddrs",
    "sctp_peeloff",
    "sendmsg",
    "setsockopt",
    "shutdown",
    "socket",
]
EVER = 10**9

library = ctypes.CDLL(None)


@dataclass(frozen=True)
class Fault:
    """A fault for the calls first to last of a function. Without last, it is for the
    first call only."""

    function: str
    action: str
    value: int = 0
    first: int = 1
    last: int | None = None

    def __str__(self):
        last = self.last or self.first
        name = errno.errorcode.get(self.value) if self.action == "FAIL" else self.value
        return f"{self.function} {self.first} to {last}: {self.action} {name}"


@contextmanager
def injected(*faults, handler=None):
    """Injects the faults into the calls that this thread makes in the block. After
    an interrupted call the handler runs, without faults."""

    def handle(number, frame):
        library.faults_arm(0)
        if handler is not None:
            handler()
        library.faults_arm(1)

    number = signal.SIGUSR1
    previous = signal.signal(number, handle)
    library.faults_clear(number)
    for fault in faults:
        last = fault.last or fault.first
        action = ACTIONS.index(fault.action)
        name = fault.function.encode()
        assert library.faults_add(name, fault.first, last, action, fault.value)
    library.faults_arm(1)
    try:
        yield
    finally:
        library.faults_arm(0)
        signal.signal(number, previous)


def happened():
    """How many of the last faults were injected."""
    return library.faults_hits()


def calls():
    """The number of calls of each function that was called."""
    counts = {name: library.faults_calls(name.encode()) for name in FUNCTIONS}
    return {name: count for name, count in counts.items() if count}
