"""Answers all clients on one socket, with the socket module alone. The address of a
message tells which client sent it."""

import struct
import sys
from contextlib import suppress
from socket import AF_INET, IPPROTO_SCTP, SOCK_SEQPACKET, socket

LONGEST_MESSAGE = 1024  # a longer one comes in pieces
PATIENCE = 2  # seconds for a client to make room for its answer
# Numbers that the socket module does not have.
SCTP_SNDINFO, SCTP_ABORT, SCTP_FRAGMENT_INTERLEAVE = (
    (2, 4, 18) if sys.platform == "linux" else (4, 512, 16)  # FreeBSD's
)
ABORT = IPPROTO_SCTP, SCTP_SNDINFO, struct.pack("HHIIi", 0, SCTP_ABORT, 0, 0, 0)

with socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP) as sock:
    # A client that never ends a long message does not block the others.
    sock.setsockopt(IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, 1)
    sock.bind(("127.0.0.1", 20000))
    sock.listen()  # without it, the kernel refuses clients
    sock.settimeout(PATIENCE)
    print("listening on port 20000", flush=True)
    while True:
        try:
            message, address = sock.recvfrom(LONGEST_MESSAGE)
        except TimeoutError:
            continue
        print(f"received {message!r}", flush=True)
        try:
            sock.sendto(message.upper(), address)
        except OSError:
            # It does not read. All clients share the send buffer.
            sock.setblocking(False)  # otherwise this would wait for room, too
            with suppress(OSError):
                sock.sendmsg([], [ABORT], 0, address)
            sock.settimeout(PATIENCE)
