"""Instructions that the way to the kernel and back takes, without the kernel.

A preloaded object stands in for sendmsg, recvmsg and getsockopt. Counted by
valgrind: what a longer loop takes more than a shorter one, less what an empty
loop and raw C with the same object take; the end of the results is included.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SHORT, LONG = 500, 2500
SLACK = 1.05

SETUP = """
import itertools, struct, sys
from socket import AF_INET, SOCK_STREAM, socket
from sctp import *

sock = sctp_socket(AF_INET, SOCK_STREAM)
plain = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP)
data, sndinfo, status = [bytes(64)], sctp_sndinfo(snd_sid=3, snd_ppid=60), sctp_status()
snd, rcv = struct.Struct("HHIIi"), struct.Struct("HHHxxIIIIi")
notif = bytes.fromhex(sys.argv[2])
same = [(data, None, sndinfo)] * 16
own = [(data, None, sndinfo.copy()) for _ in range(16)]
sendv_many, recvv_many = sock.sctp_sendv_many, sock.sctp_recvv_many

def plain_send(sendmsg=plain.sendmsg, pack=snd.pack):
    sendmsg(data, [(IPPROTO_SCTP, SCTP_SNDINFO, pack(3, 0, 60, 0, 0))])

def plain_receive(recvmsg=plain.recvmsg, unpack=rcv.unpack):
    data, control, flags, address = recvmsg(64, 256)
    for level, type, info in control:
        if level == IPPROTO_SCTP and type == SCTP_RCVINFO:
            unpack(info)

def run(sendv, recvv, getsockopt, parse):
    for _ in itertools.repeat(None, int(sys.argv[1])):
        CALL

run(sock.sctp_sendv, sock.sctp_recvv, sock.getsockopt, parse_notification)
"""

# The call, its equivalent in plain C, and its cost when this was written. A check
# allows 5 % more.
CALLS = {
    "sctp_sendv, reused sctp_sndinfo": ("sendv(data, None, sndinfo)", "send", 2242),
    "sctp_sendv, new sctp_sndinfo": (
        "sendv(data, None, sctp_sndinfo(snd_sid=3, snd_ppid=60))",
        "send",
        None,
    ),
    "socket.sendmsg, struct": ("plain_send()", "send", None),
    "sctp_recvv(64), sctp_rcvinfo": ("recvv(64)", "receive", 2854),
    "sctp_recvv(65536), sctp_rcvinfo": ("recvv(65536)", "receive", None),
    "socket.recvmsg, struct": ("plain_receive()", "receive", None),
    "getsockopt of sctp_status": (
        "getsockopt(IPPROTO_SCTP, SCTP_STATUS, status)",
        None,
        7465,
    ),
}
# The same for batches, per message.
BATCH = 16
BATCHES = {
    "sctp_sendv_many, same info": ("sendv_many(same)", "send", 761),
    "sctp_sendv_many, own infos": ("sendv_many(own)", "send", 1578),
    "sctp_recvv_many, sctp_rcvinfo": ("recvv_many(16384, 16)", "receive", 2120),
}
PARSE = ("parse(notif)", None, 2162)
# The most expensive cases. --check measures only these.
LONGEST = ("send failed", "send failed event", "stream reset", "removed")


def notifications():
    systems = json.loads((HERE.parent / "golden_notifications.json").read_text())
    return systems["linux"]


class Counter:
    """Counts the instructions of processes with the preloaded object."""

    def __init__(self, python, directory):
        self.python = python
        self.stubs, self.raw = f"{directory}/stubs.so", f"{directory}/raw"
        source = str(HERE / "stubs.c")
        for flags, output in ("-shared -fPIC", self.stubs), ("-fno-inline", self.raw):
            subprocess.run(
                ["cc", "-O2", *flags.split(), source, "-o", output], check=True
            )

    def count(self, *command):
        """All processes use the same hash seed."""
        environment = {
            **os.environ,
            "LD_PRELOAD": self.stubs,
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(ROOT),
        }
        valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
        done = subprocess.run(
            [*valgrind, *command],
            env=environment,
            capture_output=True,
            text=True,
        )
        found = re.search(r"Collected : (\d+)", done.stderr)
        assert done.returncode == 0 and found, done.stderr
        return int(found[1])

    def slope(self, *command):
        """The cost of one call of a command, which takes the number of calls at
        "TIMES"."""
        short, long = (
            self.count(*(str(times) if word == "TIMES" else word for word in command))
            for times in (SHORT, LONG)
        )
        return (long - short) / (LONG - SHORT)

    def python_slope(self, call, notif=""):
        program = SETUP.replace("CALL", call)
        return self.slope(self.python, "-PS", "-c", program, "TIMES", notif)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--python", default=sys._base_executable, help="an interpreter [this one]"
    )
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument(
        "--check",
        action="store_true",
        help="count only what is limited, and fail where it is more",
    )
    options = parser.parse_args()

    cases = {
        name: (*row, 1, "")
        for name, row in CALLS.items()
        if row[2] or not options.check
    }
    cases |= {name: (*row, BATCH, "") for name, row in BATCHES.items()}
    for name, notif in notifications().items():
        if name in LONGEST or not options.check:
            cases[f"parse_notification: {name}"] = (*PARSE, 1, notif)
    exceeded, figures = [], {}
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor() as pool:
        counter = Counter(options.python, directory)
        loop = pool.submit(counter.python_slope, "pass")
        raw = {
            way: pool.submit(counter.slope, counter.raw, way, "TIMES")
            for way in ("send", "receive")
        }
        counts = {
            name: pool.submit(counter.python_slope, call, notif)
            for name, (call, _, _, _, notif) in cases.items()
        }
        for name, (_, way, most, messages, _) in cases.items():
            taken = (counts[name].result() - loop.result()) / messages
            base = raw[way].result() if way else 0
            figures[name] = figure = round(taken - base)
            limit = "" if most is None else f"at most {most * SLACK:,.0f}"
            print(f"{figure:8,}  {name:44}  {limit}", flush=True)
            if most is not None and figure > most * SLACK:
                exceeded.append(name)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.check and exceeded:
        sys.exit(f"more than 5 % above what is allowed: {', '.join(exceeded)}")


if __name__ == "__main__":
    main()
