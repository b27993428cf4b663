"""Messages as py3-sctp, which has a module sctp too, sends and receives them."""

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


def open_pair(many, message):
    kind = SOCK_SEQPACKET if many else SOCK_STREAM
    receiver = sctp_socket(AF_INET, kind)
    receiver.bind(SERVER)
    receiver.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    receiver.listen()
    sender = sctp_socket(AF_INET, kind)
    sender.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
    addresses = (receiver.getsockname(),)
    if not many:
        sender.connect(*addresses)
        receiver, _ = receiver.accept()
        addresses = None
    send, receive = sender.sctp_sendv, receiver.sctp_recvv
    sndinfo = sctp_sndinfo(snd_sid=STREAM, snd_ppid=PPID)

    def exchange(times):
        for _ in repeat(None, times):
            send((message,), addresses, sndinfo)
            _data, _from, info, _type, _flags = receive(SPACE)
            assert info["rcv_sid"] == STREAM and info["rcv_ppid"] == PPID

    return exchange


main(open_pair)
