"""A process that ends while its threads wait.

usage: ending_process.py TIMEOUT ENDING

TIMEOUT is that of the sockets, or None.
"""

import os
import sys
import threading
import time
from socket import (
    AF_INET,
    MSG_DONTWAIT,
    SO_RCVBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

from system import send_until_full, wait_until_asleep

import sctp
from sctp import sctp_sndinfo, sctp_socket

HOST = "127.0.0.1"
# An address in the network of the test machine that no host has.
NOWHERE = ("10.1.0.9", 9)
MESSAGE = bytes(50_000)
# Objects that must live until the interpreter frees its modules.
kept = []


def make(type, timeout=10, listens=False):
    sock = sctp_socket(AF_INET, type)
    sock.settimeout(timeout)
    sock.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_NODELAY, 1)
    sock.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_RECVRCVINFO, 1)
    if listens:
        sock.bind((HOST, 0))
        sock.listen()
    return sock


def connected(type, timeout):
    """A socket with an association, its identifier, and the peer."""
    listener = make(type, listens=True)
    peer = make(SOCK_STREAM)
    # It acknowledges at once, so a full buffer stays full.
    peer.setsockopt(SOL_SOCKET, SO_RCVBUF, 212_992)
    at_once = sctp.sctp_sack_info(sack_freq=1)
    peer.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_DELAYED_SACK, at_once)
    peer.connect(listener.getsockname())
    if type == SOCK_STREAM:
        sock, assoc_id = listener.accept()[0], 0
    else:
        peer.send(b"?")
        sock, assoc_id = listener, listener.sctp_recvv(1)[2]["rcv_assoc_id"]
    sock.settimeout(timeout)
    return sock, assoc_id, peer


def waits(timeout):
    """Calls that wait, and events that end some of them."""
    for type in SOCK_STREAM, SOCK_SEQPACKET:
        sock, _, peer = connected(type, timeout)
        yield lambda sock=sock: sock.sctp_recvv(10), lambda peer=peer: peer.send(b"!")
        sock, _, peer = connected(type, timeout)
        space = bytearray(10)
        yield (
            lambda sock=sock, space=space: sock.sctp_recvv_into([space]),
            lambda peer=peer: peer.send(b"!"),
        )
        sock, assoc_id, peer = connected(type, timeout)
        info = sctp_sndinfo(snd_assoc_id=assoc_id)
        send_until_full(
            lambda sock=sock, info=info: sock.sctp_sendv(
                [MESSAGE], None, info, MSG_DONTWAIT
            )
        )
        yield (
            lambda sock=sock, info=info: sock.sctp_sendv([MESSAGE], None, info),
            lambda peer=peer: [peer.recv(50_000) for _ in range(4)],
        )
    listener = make(SOCK_STREAM, timeout, listens=True)
    address, peer = listener.getsockname(), make(SOCK_STREAM)
    yield listener.accept, lambda: peer.connect(address)
    for name in "connect", "sctp_connectx":
        call = getattr(make(SOCK_STREAM, timeout), name)
        argument = NOWHERE if name == "connect" else [NOWHERE]
        yield lambda call=call, to=argument: call(to), lambda: None


class Last:
    """Wakes the threads when the interpreter frees its last objects. The names of
    this module are gone by then."""

    def __init__(self, ends):
        self.ends = ends
        self.sleep = time.sleep

    def __del__(self):
        for end in self.ends:
            end()
        self.sleep(0.1)


def main(timeout, ending):
    begun = list(waits(timeout))
    kept.append(begun)
    threads = [threading.Thread(target=call, daemon=True) for call, _ in begun]
    for thread in threads:
        thread.start()
    for thread in threads:
        wait_until_asleep(thread)
    print(len(threads), flush=True)
    if ending == "wakes":
        kept.append(Last([end for _, end in begun]))
    elif ending == "exits":
        sys.exit(0)
    elif ending == "raises":
        raise RuntimeError
    elif ending == "forks":
        child = os.fork()
        if child == 0:
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
    elif ending == "waits":
        begun[0][0]()
    else:
        assert ending == "returns"


if __name__ == "__main__":
    main(None if sys.argv[1] == "None" else float(sys.argv[1]), sys.argv[2])
