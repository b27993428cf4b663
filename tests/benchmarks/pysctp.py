"""Messages as PySCTP sends and receives them. Its module is called sctp, too."""

from itertools import repeat
from socket import AF_INET, ntohl

from exchange import PPID, SERVER, SPACE, STREAM, main

from sctp import sctpsocket_tcp, sctpsocket_udp


def open_pair(many):
    kind = sctpsocket_udp if many else sctpsocket_tcp
    sender, receiver = kind(AF_INET), kind(AF_INET)
    for one in sender, receiver:
        one.nodelay = True
        one.events.clear()
        one.events.data_io = 1
    receiver.bind(SERVER)
    receiver.listen(1)
    address = receiver.getsockname()
    if many:
        return sender, receiver, address
    sender.connect(address)
    return sender, receiver.accept()[0], None


def make_exchange(sender, receiver, to, message):
    send, receive = sender.sctp_send, receiver.sctp_recv
    address = to or ("", 0)
    # It sends the identifier in network order but does not convert it back.
    ppid = ntohl(PPID)

    def exchange(times):
        for _ in repeat(None, times):
            send(message, to=address, ppid=ppid, stream=STREAM)
            _from, _flags, _data, info = receive(SPACE)
            assert info.stream == STREAM and info.ppid == PPID

    return exchange


main(open_pair, make_exchange)
