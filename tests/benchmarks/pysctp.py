"""Messages as PySCTP, whose module is sctp too, sends and receives them."""

from itertools import repeat
from socket import AF_INET, ntohl

from exchange import PPID, SERVER, SPACE, STREAM, main

from sctp import sctpsocket_tcp, sctpsocket_udp


def open_pair(many, message):
    kind = sctpsocket_udp if many else sctpsocket_tcp
    receiver = kind(AF_INET)
    receiver.bind(SERVER)
    receiver.events.clear()
    receiver.events.data_io = 1
    receiver.listen(1)
    sender = kind(AF_INET)
    sender.nodelay = True
    address = receiver.getsockname()
    if not many:
        sender.connect(address)
        receiver, _ = receiver.accept()
        address = ("", 0)
    send, receive = sender.sctp_send, receiver.sctp_recv
    # It sends the identifier in network order but does not convert it back.
    ppid = ntohl(PPID)

    def exchange(times):
        for _ in repeat(None, times):
            send(message, to=address, ppid=ppid, stream=STREAM)
            _from, _flags, _data, info = receive(SPACE)
            assert info.stream == STREAM and info.ppid == PPID

    return exchange


main(open_pair)
