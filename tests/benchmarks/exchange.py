"""What the contestants in Python share: their arguments, the clock, the report.

usage: CONTESTANT MESSAGES ROUNDS MODE:SIZE...

For each mode and size a contestant opens two sockets, sends a message from one
to the other and receives it, so many times in a round, and checks each one's
stream and payload protocol identifier. One-to-many, those that can name the
association by its identifier. In a round trip the sockets are one-to-one and in
two processes: each waits for the other's message before it sends its own. A line
per MODE:SIZE says how many nanoseconds a message or a round trip took in the
round that took the least.
"""

import multiprocessing
import os
import sys
import time
from socket import htonl

STREAM = 3
PPID = htonl(60)
# The room of a receiver: enough for the longest message.
SPACE = 16384
SERVER = ("127.0.0.1", 0)


def answer(sock, make_exchange, message):
    """Answers each message: the other end does this after the first message."""
    os.read(sock.fileno(), SPACE)
    make_exchange(sock, sock, None, message)(sys.maxsize)


def measure(exchange, messages, rounds):
    exchange(messages)
    least = float("inf")
    for _ in range(rounds):
        start = time.monotonic_ns()
        exchange(messages)
        least = min(least, time.monotonic_ns() - start)
    return least / messages


def main(open_pair, make_exchange):
    """Measure a contestant.

    open_pair(many) returns a sender, a receiver, and what names the receiver to
    the sender, None on one-to-one sockets. make_exchange(sender, receiver, to,
    message) returns what sends and then receives so many messages.
    """
    fork = multiprocessing.get_context("fork")
    messages, rounds = map(int, sys.argv[1:3])
    for case in sys.argv[3:]:
        mode, size = case.split(":")
        message = b"x" * int(size)
        sender, receiver, to = open_pair(mode == "one-to-many")
        if mode == "round-trip":
            arguments = (receiver, make_exchange, message)
            fork.Process(target=answer, args=arguments, daemon=True).start()
            # If the other process fails, so does this one.
            receiver.close()
            receiver = sender
        took = measure(make_exchange(sender, receiver, to, message), messages, rounds)
        print(f"{case} {took:.1f}", flush=True)
