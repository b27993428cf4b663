"""Count the instructions that a message takes in batches: runs in the guest.

usage: grid.py [--check] [SIZE:BATCH...]

A round sends a batch and then receives it; MESSAGES of them are sent in a
round, and the round that takes the least counts. There a nanosecond is an
instruction. Prints a table of reStructuredText; with --check only what has a
target, and fails where that is missed.
"""

import subprocess
import sys
import time
from itertools import repeat
from pathlib import Path
from socket import AF_INET, SO_RCVBUF, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET, htonl

from sctp import (
    IPPROTO_SCTP,
    SCTP_NODELAY,
    SCTP_RECVRCVINFO,
    sctp_sndinfo,
    sctp_socket,
)

BATCHES = Path(__file__).parent.parent.parent / "build" / "benchmarks" / "batches"
MTUS = (1500, 65536)
SIZES = (64, 1024, 16384)
COUNTS = (1, 4, 16, 64)
MESSAGES, ROUNDS = 256, 8
STREAM, PPID, SPACE = 3, htonl(60), 16384

# The limits for a message of 64 bytes with an MTU of 1,500.
TARGETS = {
    ("same", 16): 15_500,
    ("same", 64): 15_500,
    ("own", 16): 17_000,
    ("own", 64): 16_500,
}
TITLES = {
    "C": "C, one by one",
    "C more": "C, ``MSG_MORE``",
    "one": "``sctp_sendv``, ``sctp_recvv``",
    "same": "``_many``, same info",
    "own": "``_many``, own infos",
}


def make_info():
    return sctp_sndinfo(snd_sid=STREAM, snd_ppid=PPID)


def open_pair():
    listener = sctp_socket(AF_INET, SOCK_STREAM)
    listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 4 << 20)
    listener.bind(("127.0.0.1", 0))
    listener.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    listener.listen(1)
    sender = sctp_socket(AF_INET, SOCK_STREAM)
    sender.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
    sender.setsockopt(SOL_SOCKET, SO_SNDBUF, 4 << 20)
    sender.connect(listener.getsockname())
    return sender, listener.accept()[0]


def one_by_one(size, batch):
    sender, receiver = open_pair()
    send, receive = sender.sctp_sendv, receiver.sctp_recvv
    data, info = (b"x" * size,), make_info()

    def exchange():
        for _ in repeat(None, batch):
            send(data, None, info)
        for _ in repeat(None, batch):
            _data, _from, rcvinfo, _type, _flags = receive(SPACE)
            assert rcvinfo["rcv_sid"] == STREAM and rcvinfo["rcv_ppid"] == PPID

    return exchange


def in_batches(size, batch, infos):
    sender, receiver = open_pair()
    send, receive = sender.sctp_sendv_many, receiver.sctp_recvv_many
    data = (b"x" * size,)
    messages = [(data, None, info) for info in infos]

    def exchange():
        assert send(messages) == batch
        left = batch
        while left:
            received = receive(SPACE, left)
            for _data, _from, rcvinfo, _type, _flags in received:
                assert rcvinfo["rcv_sid"] == STREAM and rcvinfo["rcv_ppid"] == PPID
            left -= len(received)

    return exchange


def count(exchange, batch):
    times = MESSAGES // batch
    least = float("inf")
    for round in range(ROUNDS + 1):
        start = time.monotonic_ns()
        for _ in repeat(None, times):
            exchange()
        if round:
            least = min(least, time.monotonic_ns() - start)
    return least / times / batch


def count_in_c(way, cases):
    done = subprocess.run(
        [BATCHES, way, f"{ROUNDS}", *(f"{size}:{batch}" for size, batch in cases)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [float(line.split()[1]) for line in done.stdout.splitlines()]


def measure(cases):
    """The cost of each way, by way and case."""
    counts = {"C": count_in_c("one", cases), "C more": count_in_c("more", cases)}
    for size, batch in cases:
        same = make_info()
        for way, exchange in (
            ("one", one_by_one(size, batch)),
            ("same", in_batches(size, batch, [same] * batch)),
            ("own", in_batches(size, batch, [make_info() for _ in range(batch)])),
        ):
            counts.setdefault(way, []).append(count(exchange, batch))
    return counts


def print_table(mtu, cases, counts):
    print(f".. list-table:: MTU {mtu:,}, instructions a message\n   :header-rows: 1\n")
    print("   * - Bytes\n     - Batch")
    for way in counts:
        print(f"     - {TITLES[way]}")
    for number, (size, batch) in enumerate(cases):
        print(f"   * - {size:,}\n     - {batch}")
        for way in counts:
            print(f"     - {counts[way][number]:,.0f}")
    print(flush=True)


def main():
    arguments = sys.argv[1:]
    if check := "--check" in arguments:
        arguments.remove("--check")
    cases = [tuple(map(int, case.split(":"))) for case in arguments]
    if check:
        cases = [(64, batch) for batch in sorted({batch for _, batch in TARGETS})]
    missed = []
    for mtu in MTUS[:1] if check else MTUS:
        subprocess.run(["ip", "link", "set", "lo", "mtu", f"{mtu}"], check=True)
        wanted = cases or [(size, batch) for size in SIZES for batch in COUNTS]
        counts = measure(wanted)
        print_table(mtu, wanted, counts)
        for number, (_, batch) in enumerate(wanted if check else ()):
            for way in ("same", "own"):
                took, most = counts[way][number], TARGETS[way, batch]
                if took > most:
                    missed.append(f"{way}, {batch}: {took:,.0f}, at most {most:,}")
    if missed:
        sys.exit("\n".join(missed))


main()
