"""Count the instructions that a message takes on associations of sctp.asyncio and
of sctp.sync: runs in the guest.

usage: associations.py [--check]

Of a client and a server, and of two endpoints, for tasks and for threads. Messages
of 64 bytes, MTU 1,500. A burst is sent by send_many() and received by iteration;
one at a time, each message finds its receiver waiting. The round that takes the
least counts. Prints what a message takes; with --check it fails where that is
more than the target.
"""

import asyncio
import contextlib
import subprocess
import sys
import threading
import time

import sctp
import sctp.sync
from sctp.asyncio import connect, open_endpoint, serve

SIZE, BURST, MESSAGES, ROUNDS = 64, 16, 256, 8
# Instructions, and packets of the sender without heartbeats.
TARGETS = {
    "bursts": (32_000, 0.15),
    "one at a time": (80_000, 1),
    "threads, bursts": (32_000, 0.15),
    # The kernel and the interpreter change the thread twice for each message.
    "threads, one at a time": (130_000, 1),
    "endpoints, bursts": (32_000, 0.15),
    "endpoints, one at a time": (100_000, 1),
    "threads, endpoints, bursts": (32_000, 0.15),
    "threads, endpoints, one at a time": (160_000, 1),
}
HOST = "127.0.0.1"


def packets(association):
    """The number of packets that were sent, without those with heartbeats."""
    stats = sctp.sctp_assoc_stats(sas_assoc_id=association.assoc_id)
    stats = association.socket.getsockopt(
        sctp.IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_STATS, stats
    )
    return stats["sas_opackets"] - stats["sas_octrlchunks"]


async def exchange_bursts(sender, receiver):
    burst = [b"x" * SIZE] * BURST
    for _ in range(MESSAGES // BURST):
        await sender.send_many(burst)
        left = BURST
        async for message in receiver:
            assert len(message.data) == SIZE
            left -= 1
            if not left:
                break


async def exchange_one_by_one(sender, receiver):
    data = b"x" * SIZE

    async def answer():
        for _ in range(MESSAGES // 2):
            message = await receiver.receive()
            await receiver.send(message.data)

    answering = asyncio.create_task(answer())
    await asyncio.sleep(0)
    for _ in range(MESSAGES // 2):
        await sender.send(data)
        await sender.receive()
    await answering


@contextlib.asynccontextmanager
async def make_sockets():
    """Makes an association between two one-to-one sockets."""
    accepted = asyncio.get_running_loop().create_future()

    async def keep(association):
        accepted.set_result(association)
        await association.wait_closed()

    server = await serve(keep, HOST)
    async with server, await connect(server.addresses) as sender:
        yield sender, await accepted


@contextlib.asynccontextmanager
async def make_endpoints():
    """Makes an association between two endpoints."""
    async with await open_endpoint(HOST) as one, await open_endpoint(HOST) as other:
        yield await one.connect(other.addresses), await other.accept()


class Rounds:
    """The costs of the rounds of an exchange."""

    def __init__(self, sender):
        self._sender = sender
        self._taken = []

    def __iter__(self):
        for _ in range(ROUNDS + 1):
            before = packets(self._sender)
            start = time.monotonic_ns()
            yield
            time_taken = time.monotonic_ns() - start
            self._taken.append((time_taken, packets(self._sender) - before))

    @property
    def least(self):
        """The smallest numbers of instructions and packets of a message."""
        instructions, sent = map(min, zip(*self._taken[1:], strict=True))
        return instructions / MESSAGES, sent / MESSAGES


async def count(make, exchange):
    async with make() as (sender, receiver):
        rounds = Rounds(sender)
        for _ in rounds:
            await exchange(sender, receiver)
    return rounds.least


# For threads


def exchange_bursts_of_threads(sender, receiver):
    burst = [b"x" * SIZE] * BURST
    for _ in range(MESSAGES // BURST):
        sender.send_many(burst)
        left = BURST
        for message in receiver:
            assert len(message.data) == SIZE
            left -= 1
            if not left:
                break


def exchange_one_by_one_of_threads(sender, receiver):
    data = b"x" * SIZE

    def answer():
        for _ in range(MESSAGES // 2):
            receiver.send(receiver.receive().data)

    answering = threading.Thread(target=answer)
    answering.start()
    for _ in range(MESSAGES // 2):
        sender.send(data)
        sender.receive()
    answering.join()


@contextlib.contextmanager
def make_sockets_for_threads():
    found, done = [], threading.Event()

    def keep(association):
        found.append(association)
        done.wait()

    with (
        sctp.sync.serve(keep, HOST) as server,
        sctp.sync.connect(server.addresses) as sender,
    ):
        while not found:
            time.sleep(0.001)
        yield sender, *found
        done.set()


@contextlib.contextmanager
def make_endpoints_for_threads():
    with sctp.sync.open_endpoint(HOST) as one, sctp.sync.open_endpoint(HOST) as other:
        yield one.connect(other.addresses), other.accept()


def count_threads(make, exchange):
    with make() as (sender, receiver):
        rounds = Rounds(sender)
        for _ in rounds:
            exchange(sender, receiver)
    return rounds.least


def main():
    subprocess.run(["ip", "link", "set", "lo", "mtu", "1500"], check=True)
    missed = []

    def check(name, instructions, sent):
        print(f"{name}: {instructions:,.0f} instructions, {sent:.2f} packets")
        most, most_sent = TARGETS[name]
        if instructions > most or sent > most_sent:
            missed.append(f"{name}: at most {most:,} and {most_sent}")

    for name, make, exchange in (
        ("bursts", make_sockets, exchange_bursts),
        ("one at a time", make_sockets, exchange_one_by_one),
        ("endpoints, bursts", make_endpoints, exchange_bursts),
        ("endpoints, one at a time", make_endpoints, exchange_one_by_one),
    ):
        check(name, *asyncio.run(count(make, exchange)))
    for name, make, exchange in (
        ("bursts", make_sockets_for_threads, exchange_bursts_of_threads),
        ("one at a time", make_sockets_for_threads, exchange_one_by_one_of_threads),
        ("endpoints, bursts", make_endpoints_for_threads, exchange_bursts_of_threads),
        (
            "endpoints, one at a time",
            make_endpoints_for_threads,
            exchange_one_by_one_of_threads,
        ),
    ):
        check(f"threads, {name}", *count_threads(make, exchange))
    if "--check" in sys.argv and missed:
        sys.exit("\n".join(missed))


main()
