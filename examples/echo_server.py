"""Echoes each message on stream 0 to the peer that sent it."""

from enum import IntEnum
from socket import AF_INET, SOCK_SEQPACKET

from sctp import IPPROTO_SCTP, SCTP_RECVRCVINFO, sctp_sndinfo, sctp_socket


class Streams(IntEnum):
    OUT = 0
    IN = 1


with sctp_socket(AF_INET, SOCK_SEQPACKET) as sock:
    sock.bind(("localhost", 20000))
    sock.listen()
    sock.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    print("listening on port 20000", flush=True)
    while True:
        data, addr, rcvinfo, _, _ = sock.sctp_recvv(1024)
        print(f"received {data!r} on stream {rcvinfo['rcv_sid']}", flush=True)
        sndinfo = sctp_sndinfo(
            snd_sid=Streams.OUT, snd_assoc_id=rcvinfo["rcv_assoc_id"]
        )
        sock.sctp_sendv([data], [addr], sndinfo)
