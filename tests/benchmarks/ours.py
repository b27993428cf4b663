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


def open_pair(many):
    kind = SOCK_SEQPACKET if many else SOCK_STREAM
    sender, receiver = sctp_socket(AF_INET, kind), sctp_socket(AF_INET, kind)
    for one in sender, receiver:
        one.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
        one.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    receiver.bind(SERVER)
    receiver.listen()
    assoc_id = sender.sctp_connectx([receiver.getsockname()], assoc_id=True)
    if many:
        return sender, receiver, assoc_id
    return sender, receiver.accept()[0], None


def make_exchange(sender, receiver, to, message):
    send, receive = sender.sctp_sendv, receiver.sctp_recvv
    receive_into = receiver.sctp_recvv_into
    assoc_id = to or 0
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


main(open_pair, make_exchange)
