"""Messages as the package sctp sends and receives them.

The first argument says how: reused (the same sctp_sndinfo for all messages),
fresh (a new one for each), or into (received into the caller's memory).
"""

import sys
from itertools import repeat
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
    assoc_id = sender.sctp_connectx([receiver.getsockname()], assoc_id=True)
    if not many:
        receiver, _ = receiver.accept()
    send, receive = sender.sctp_sendv, receiver.sctp_recvv
    receive_into = receiver.sctp_recvv_into
    sndinfo = sctp_sndinfo(snd_sid=STREAM, snd_ppid=PPID, snd_assoc_id=assoc_id)
    space = bytearray(SPACE)

    def reused(times):
        for _ in repeat(None, times):
            send((message,), None, sndinfo)
            _data, _from, info, _type, _flags = receive(SPACE)
            assert info["rcv_sid"] == STREAM and info["rcv_ppid"] == PPID

    def fresh(times):
        for _ in repeat(None, times):
            sndinfo = sctp_sndinfo(snd_sid=STREAM, snd_ppid=PPID, snd_assoc_id=assoc_id)
            send((message,), None, sndinfo)
            _data, _from, info, _type, _flags = receive(SPACE)
            assert info["rcv_sid"] == STREAM and info["rcv_ppid"] == PPID

    def into(times):
        for _ in repeat(None, times):
            send((message,), None, sndinfo)
            _length, _from, info, _type, _flags = receive_into((space,))
            assert info["rcv_sid"] == STREAM and info["rcv_ppid"] == PPID

    return {"reused": reused, "fresh": fresh, "into": into}[WAY]


main(open_pair)
