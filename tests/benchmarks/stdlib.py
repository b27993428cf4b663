"""Messages as the standard library sends and receives them."""

import socket
import struct

from exchange import PPID, SERVER, SPACE, STREAM, main

# <linux/sctp.h>
IPPROTO_SCTP = 132
SCTP_NODELAY, SCTP_RECVRCVINFO = 3, 32
SCTP_SNDINFO, SCTP_RCVINFO = 2, 3
SNDINFO = struct.Struct("=HHIIi")
RCVINFO = struct.Struct("=HHHxxIIIIi")
CONTROL_SPACE = socket.CMSG_SPACE(RCVINFO.size)


def open_pair(many, message):
    kind = socket.SOCK_SEQPACKET if many else socket.SOCK_STREAM
    receiver = socket.socket(socket.AF_INET, kind, IPPROTO_SCTP)
    receiver.bind(SERVER)
    receiver.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    receiver.listen()
    sender = socket.socket(socket.AF_INET, kind, IPPROTO_SCTP)
    sender.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
    address = receiver.getsockname()
    if not many:
        sender.connect(address)
        receiver, _ = receiver.accept()
        address = None
    sndinfo = SNDINFO.pack(STREAM, 0, PPID, 0, 0)
    control = [(IPPROTO_SCTP, SCTP_SNDINFO, sndinfo)]

    def exchange(times):
        for _ in range(times):
            sender.sendmsg([message], control, 0, address)
            data, ancillary, _flags, _from = receiver.recvmsg(SPACE, CONTROL_SPACE)
            for level, kind, info in ancillary:
                if level == IPPROTO_SCTP and kind == SCTP_RCVINFO:
                    stream, _, _, ppid, *_ = RCVINFO.unpack(info)
            assert len(data) == len(message)
            assert stream == STREAM and ppid == PPID

    return exchange


main(open_pair)
