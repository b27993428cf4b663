"""Messages as the standard library sends and receives them."""

import socket
import struct
from itertools import repeat

from exchange import PPID, SERVER, SPACE, STREAM, main

# <linux/sctp.h>
IPPROTO_SCTP = 132
SCTP_NODELAY, SCTP_GET_ASSOC_ID_LIST, SCTP_RECVRCVINFO = 3, 29, 32
SCTP_SNDINFO, SCTP_RCVINFO = 2, 3
SNDINFO = struct.Struct("=HHIIi")
RCVINFO = struct.Struct("=HHHxxIIIIi")
ASSOC_IDS = struct.Struct("=Ii")
CONTROL_SPACE = socket.CMSG_SPACE(RCVINFO.size)


def open_pair(many):
    kind = socket.SOCK_SEQPACKET if many else socket.SOCK_STREAM
    sender = socket.socket(socket.AF_INET, kind, IPPROTO_SCTP)
    receiver = socket.socket(socket.AF_INET, kind, IPPROTO_SCTP)
    for one in sender, receiver:
        one.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
        one.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    receiver.bind(SERVER)
    receiver.listen()
    sender.connect(receiver.getsockname())
    if not many:
        return sender, receiver.accept()[0], None
    ids = sender.getsockopt(IPPROTO_SCTP, SCTP_GET_ASSOC_ID_LIST, ASSOC_IDS.size)
    _, assoc_id = ASSOC_IDS.unpack(ids)
    return sender, receiver, assoc_id


def make_exchange(sender, receiver, to, message):
    send, receive, unpack = sender.sendmsg, receiver.recvmsg, RCVINFO.unpack
    sndinfo = SNDINFO.pack(STREAM, 0, PPID, 0, to or 0)
    control = ((IPPROTO_SCTP, SCTP_SNDINFO, sndinfo),)

    def exchange(times):
        for _ in repeat(None, times):
            send((message,), control)
            _data, ancillary, _flags, _from = receive(SPACE, CONTROL_SPACE)
            for level, kind, info in ancillary:
                if level == IPPROTO_SCTP and kind == SCTP_RCVINFO:
                    stream, _, _, ppid, *_ = unpack(info)
            assert stream == STREAM and ppid == PPID

    return exchange


main(open_pair, make_exchange)
