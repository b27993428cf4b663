"""Messages as py3-sctp sends and receives them. Its module is called sctp, too."""

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


def open_pair(many):
    kind = SOCK_SEQPACKET if many else SOCK_STREAM
    sender, receiver = sctp_socket(AF_INET, kind), sctp_socket(AF_INET, kind)
    for one in sender, receiver:
        one.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
        one.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    receiver.bind(SERVER)
    receiver.listen()
    address = receiver.getsockname()
    if many:
        return sender, receiver, (address,)
    sender.connect(address)
    return sender, receiver.accept()[0], None


def make_exchange(sender, receiver, addresses, message):
    send, receive = sender.sctp_sendv, receiver.sctp_recvv
    sndinfo = sctp_sndinfo(snd_sid=STREAM, snd_ppid=PPID)

    def exchange(times):
        for _ in repeat(None, times):
            send((message,), addresses, sndinfo)
            _data, _from, info, _type, _flags = receive(SPACE)
            assert info["rcv_sid"] == STREAM and info["rcv_ppid"] == PPID

    return exchange


main(open_pair, make_exchange)
