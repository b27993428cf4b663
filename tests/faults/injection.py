"""Lets chosen system calls fail, in a process with faults.c preloaded."""

import ctypes
import errno
import signal
from contextlib import contextmanager
from dataclasses import dataclass

# As faults.c has them.
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
    """What happens to the calls first to last of a function; without a last one,
    to the first alone."""

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
    """Lets the faults happen to what this thread calls meanwhile; interrupted
    calls are followed by the handler, during which none do."""

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
    """How often the last faults happened."""
    return library.faults_hits()


def calls():
    """How often each function was called, of those that were."""
    counts = {name: library.faults_calls(name.encode()) for name in FUNCTIONS}
    return {name: count for name, count in counts.items() if count}
