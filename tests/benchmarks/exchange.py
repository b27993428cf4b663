"""What the contestants in Python share: their arguments, the clock, the report.

usage: CONTESTANT MESSAGES ROUNDS MODE:SIZE...

For each mode and size a contestant opens two sockets, sends a message through
them and receives it, so many times in a round, and checks each one's stream and
payload protocol identifier. One-to-many, those that can name the association by
its identifier. A line per MODE:SIZE says how many
nanoseconds a message took in the round that took the least.
"""

import sys
import time
from socket import htonl

STREAM = 3
PPID = htonl(60)
# What a receiver has room for: the longest message of all.
SPACE = 16384
SERVER = ("127.0.0.1", 0)


def main(open_pair):
    """open_pair(many, message) returns what exchanges so many messages."""
    messages, rounds = map(int, sys.argv[1:3])
    for case in sys.argv[3:]:
        mode, size = case.split(":")
        exchange = open_pair(mode == "one-to-many", b"x" * int(size))
        exchange(messages)
        least = float("inf")
        for _ in range(rounds):
            start = time.monotonic_ns()
            exchange(messages)
            least = min(least, time.monotonic_ns() - start)
        print(f"{case} {least / messages:.1f}", flush=True)
