"""Sends messages on stream 1 and shows what the echo server sends back."""

from enum import IntEnum
from socket import AF_INET, SOCK_STREAM

from sctp import IPPROTO_SCTP, SCTP_RECVRCVINFO, sctp_sndinfo, sctp_socket


class Streams(IntEnum):
    OUT = 1
    IN = 0


with sctp_socket(AF_INET, SOCK_STREAM) as sock:
    sock.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    sndinfo = sctp_sndinfo(snd_sid=Streams.OUT)
    # The first message sets up the association.
    addrs: list[tuple[str, int]] | None = [("localhost", 20000)]
    for data in (b"Hello", b"SCTP"):
        sock.sctp_sendv([data], addrs, sndinfo)
        print(f"sent {data!r} on stream {Streams.OUT}", flush=True)
        addrs = None
        data, _, rcvinfo, _, _ = sock.sctp_recvv(1024)
        assert rcvinfo["rcv_sid"] == Streams.IN
        print(f"received {data!r} on stream {rcvinfo['rcv_sid']}", flush=True)
