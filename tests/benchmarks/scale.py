"""What an echo costs on a one-to-many socket with few and with many associations.

For each number of associations, the least nanoseconds of several rounds that a
message takes to be received and sent back: with sctp_recvv and sctp_sendv, with
recvmsg and sendmsg of socket.socket, and the difference, which is what this
library adds. Acknowledgements come in between: each makes Linux look at every
association of the socket. Where an instruction of a virtual CPU takes a
nanosecond, these are instructions. Arguments are the numbers of associations.
"""

import argparse
import contextlib
import resource
import socket
import sys
import time
from pathlib import Path
from socket import AF_INET, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET

from sctp import (
    IPPROTO_SCTP,
    SCTP_NODELAY,
    SCTP_RECVRCVINFO,
    SCTP_SNDINFO,
    sctp_sndinfo,
    sctp_socket,
)

MESSAGES, ROUNDS = 200, 20
TEXT = b"x" * 100
BUFFER_SIZE = 2048
TIMEOUT = 60
ACKNOWLEDGED = 0.3  # seconds until all received data is
SO_SNDBUFFORCE = 32  # <asm-generic/socket.h>
BUFFERED = 1 << 28


def raise_limits(count):
    """Makes room for so many descriptors, if that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 200
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))


class Crowd:
    """A one-to-many socket, and so many one-to-one sockets that are connected to it."""

    def __init__(self, count, address=("127.0.0.1", 0)):
        raise_limits(count)
        self.clients = []
        self.server = self.make(SOCK_SEQPACKET)
        # Its data is acknowledged late. It must not wait for that.
        with contextlib.suppress(PermissionError):
            self.server.setsockopt(SOL_SOCKET, SO_SNDBUFFORCE, BUFFERED)
        self.server.bind(address)
        self.server.listen(1024)
        self.grow(count)

    def make(self, type):
        sock = sctp_socket(AF_INET, type)
        sock.settimeout(TIMEOUT)
        for option in SCTP_NODELAY, SCTP_RECVRCVINFO:
            sock.setsockopt(IPPROTO_SCTP, option, 1)
        return sock

    def grow(self, count):
        address = self.server.getsockname()
        while len(self.clients) < count:
            client = self.make(SOCK_STREAM)
            self.clients.append(client)
            client.connect(address)
            client.send(TEXT)  # the first one is acknowledged at once
            self.echo()
            assert client.recv(BUFFER_SIZE) == TEXT

    def close(self):
        for sock in [*self.clients, self.server]:
            sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def echo(self):
        """Receives a message and sends it back. Returns its association."""
        data, _, info, _, _ = self.server.sctp_recvv(BUFFER_SIZE)
        assoc_id = info["rcv_assoc_id"]
        self.server.sctp_sendv([data], None, sctp_sndinfo(snd_assoc_id=assoc_id))
        return assoc_id

    def echo_plainly(self):
        """Does the same with the methods that every socket has."""
        receive, send = socket.socket.recvmsg, socket.socket.sendmsg
        data, ancillary, _, _ = receive(self.server, BUFFER_SIZE, 256)
        rcvinfo = ancillary[0][2]
        sndinfo = bytes(12) + rcvinfo[24:28]
        send(self.server, [data], [(IPPROTO_SCTP, SCTP_SNDINFO, sndinfo)])

    def measure(self, echo, start=0, clock=time.monotonic_ns):
        """The average cost of an echo, over associations that are far apart."""
        step = max(1, len(self.clients) // MESSAGES)
        total = 0
        time.sleep(ACKNOWLEDGED)
        # With a timeout, the methods of socket.socket wait before the first try.
        self.server.settimeout(None)
        for n in range(MESSAGES):
            client = self.clients[(start + n * step) % len(self.clients)]
            client.send(TEXT)
            before = clock()
            echo()
            total += clock() - before
            assert client.recv(BUFFER_SIZE) == TEXT
        self.server.settimeout(TIMEOUT)
        return total // MESSAGES


def memory():
    """The memory of this process in kilobytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[10, 100, 1_000, 10_000])
    parser.add_argument("--clock", default="monotonic_ns", help="of the module time")
    arguments = parser.parse_args()
    clock = getattr(time, arguments.clock)
    print("associations     ours  control  difference  blocks      kB")
    for count in arguments.counts:
        with Crowd(count) as crowd:
            costs = [
                min(crowd.measure(echo, n, clock) for n in range(ROUNDS))
                for echo in (crowd.echo, crowd.echo_plainly)
            ]
            ours, control = costs
            print(
                f"{count:12,} {ours:8,} {control:8,} {ours - control:11,}"
                f" {sys.getallocatedblocks():7,} {memory():7,}",
                flush=True,
            )


if __name__ == "__main__":
    main()
