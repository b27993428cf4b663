"""Questions of the tests to the operating system, which each system answers in its
own way."""

import errno
import fcntl
import os
import re
import resource
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

LINUX = sys.platform == "linux"
NAME = "linux" if LINUX else "freebsd"

# The errors of a sender after its own shutdown.
ENDED = {"linux": errno.EPIPE, "freebsd": (errno.ENOENT, errno.ECONNRESET)}

# The bounds of an association identifier.
ASSOC_IDS = (-(2**31), 2**31 - 1) if LINUX else (0, 2**32 - 1)


@contextmanager
def raises_errno(expected):
    """Expects an OSError with this errno. A table gives the errno, or several, for
    each system."""
    if isinstance(expected, dict):
        expected = expected[NAME]
    numbers = (expected,) if isinstance(expected, int) else expected
    names = " or ".join(errno.errorcode[number] for number in numbers)
    caught = SimpleNamespace()
    try:
        yield caught
    except OSError as error:
        assert error.errno in numbers, f"{error!r} instead of {names}"
        caught.value = error
    else:
        raise AssertionError(f"no {names}")


def ps(*arguments):
    """The lines of ps(1), which FreeBSD always has."""
    return subprocess.run(
        ["ps", *arguments], stdout=subprocess.PIPE, check=True, text=True
    ).stdout.splitlines()


def open_descriptors():
    """The numbers of the open descriptors of this process."""
    if LINUX:
        return {int(name) for name in os.listdir("/proc/self/fd")}
    found = set()
    for number in range(min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1 << 16)):
        with suppress(OSError):
            fcntl.fcntl(number, fcntl.F_GETFD)
            found.add(number)
    return found


def resident_memory():
    """The resident memory of this process in bytes."""
    if LINUX:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    (kilobytes,) = ps("-o", "rss=", "-p", str(os.getpid()))
    return int(kilobytes) * 1024


def process_state(pid):
    """The letter that ps(1) shows: R for running, S for asleep, T for stopped, Z for
    ended."""
    if LINUX:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    (state,) = ps("-o", "state=", "-p", str(pid))
    return "S" if state[0] == "I" else state[0]  # idle means asleep for a long time


def look_at(thread):
    """Whether a thread of this process sleeps, and all facts that tell whether it
    has run since the last look."""
    if LINUX:
        status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
        sleeps = re.search(r"^State:\s+S", status, re.MULTILINE)
        return bool(sleeps), *re.findall(r"_switches:\s+(\d+)", status)
    # There, a sender with a timeout wakes all the time, because poll() does not help.
    rows = ps("-H", "-o", "lwp=,state=", "-p", str(os.getpid()))
    states = dict(row.split() for row in rows)
    return (states[str(thread.native_id)][0] in "SI",)


def wait_until_asleep(thread=None, seconds=10):
    """Waits until a thread (by default the main thread) does not run although it
    could take the GIL."""
    thread = thread or threading.main_thread()
    deadline = time.monotonic() + seconds
    looks = deque(maxlen=2 if LINUX else 4)
    while not (len(looks) == looks.maxlen and len({*looks}) == 1 and looks[0][0]):
        assert time.monotonic() < deadline, "it does not wait"
        time.sleep(0.02)
        looks.append(look_at(thread))


def send_until_full(send):
    """Sends until there was no room for a tenth of a second: acknowledgements that
    are under way make some room again. FreeBSD's select() always reports room."""
    sent = time.monotonic()
    while time.monotonic() - sent < 0.1:
        try:
            send()
            sent = time.monotonic()
        except BlockingIOError:
            time.sleep(0.005)


def listens(port):
    """Whether an SCTP socket listens at a port, according to the kernel."""
    if LINUX:
        # Column 3 is the state of a socket (10 means LISTEN), and column 5 is its port.
        rows = Path("/proc/net/sctp/eps").read_text().splitlines()[1:]
        return any(
            (row.split()[3], row.split()[5]) == ("10", str(port)) for row in rows
        )
    rows = subprocess.run(
        ["netstat", "-an", "-p", "sctp"], stdout=subprocess.PIPE, check=True, text=True
    ).stdout
    return bool(re.search(rf"\.{port}\s.*LISTEN", rows))
