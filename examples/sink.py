"""Receives messages, and prints how many came per second, in how many packets."""

import sys
import time
from contextlib import suppress
from socket import AF_INET, MSG_EOR, SO_RCVBUF, SOCK_STREAM, SOL_SOCKET

from sctp import *

BATCH, PIECE = 64, 2**16  # a piece is a message or a part of a longer one
PATIENCE = 60  # seconds for a peer to send something


def count_packets(sock: sctp_socket) -> int:
    """Those of the association so far; 0 when it has ended, and not on Linux."""
    if sys.platform == "linux":
        with suppress(OSError):
            stats = sctp_assoc_stats()
            stats = sock.getsockopt(IPPROTO_SCTP, SCTP_GET_ASSOC_STATS, stats)
            return stats["sas_ipackets"]
    return 0


with sctp_socket(AF_INET, SOCK_STREAM) as listener:
    # This comes before listen(): the peer learns it during the set-up.
    listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 2**20)
    listener.bind(("127.0.0.1", 20000))
    listener.listen()
    print("listening on port 20000", flush=True)
    while True:
        sock, peer = listener.accept()
        messages = size = packets = 0
        started = time.monotonic()
        with sock:
            sock.settimeout(PATIENCE)
            try:
                data = b"?"
                while data:
                    for data, _, _, _, flags in sock.sctp_recvv_many(PIECE, BATCH):
                        size += len(data)
                        messages += bool(flags & MSG_EOR)
                    packets = count_packets(sock) or packets
            except OSError as error:  # this peer only
                print(f"{peer}: {error}", flush=True)
        seconds = time.monotonic() - started
        print(f"{messages} messages, {size} bytes in {seconds:.3f} s", flush=True)
        print(f"{messages / seconds:,.0f} messages a second", flush=True)
        if messages and packets:
            print(f"{packets / messages:.3f} packets a message", flush=True)
