"""Messages as the package sctp sends and receives them.

The first argument says how: reused (the same sctp_sndinfo for all messages),
fresh (a new one for each), or into (received into the caller's memory).
"""

import sys
from socket import AF_INET, SOCK_SEQPACKET, SOCK_STREAM

from exchange import PPID, SERVER, SPACE, STREAM, main

from sctp import (
    IPPROTO_SCTP,
    SCTP_NODELAY,
    SCTP_RECVRCVINFO,
    sctp_sndinfo,
    sctp_socket,
)

WAY = sys.argv.pop(1)


def open_pair(many, message):
    kind = SOCK_SEQPACKET if many else SOCK_STREAM
    receiver = sctp_socket(AF_INET, kind)
    receiver.bind(SERVER)
    receiver.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    receiver.listen()
    sender = sctp_socket(AF_INET, kind)
    sender.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
    addresses = [receiver.getsockname()]
    if not many:
        sender.connect(*addresses)
        receiver, _ = receiver.accept()
        addresses = None
    sndinfo = sctp_sndinfo(snd_sid=STREAM, snd_ppid=PPID)
    space = bytearray(SPACE)

    def reused(times):
        for _ in range(times):
            sender.sctp_sendv([message], addresses, sndinfo)
            data, _from, info, _type, _flags = receiver.sctp_recvv(SPACE)
            assert len(data) == len(message)
            assert info["rcv_sid"] == STREAM and info["rcv_ppid"] == PPID

    def fresh(times):
        for _ in range(times):
            sndinfo = sctp_sndinfo(snd_sid=STREAM, snd_ppid=PPID)
            sender.sctp_sendv([message], addresses, sndinfo)
            data, _from, info, _type, _flags = receiver.sctp_recvv(SPACE)
            assert len(data) == len(message)
            assert info["rcv_sid"] == STREAM and info["rcv_ppid"] == PPID

    def into(times):
        for _ in range(times):
            sender.sctp_sendv([message], addresses, sndinfo)
            length, _from, info, _type, _flags = receiver.sctp_recvv_into([space])
            assert length == len(message)
            assert info["rcv_sid"] == STREAM and info["rcv_ppid"] == PPID

    return {"reused": reused, "fresh": fresh, "into": into}[WAY]


main(open_pair)
