"""Answers all clients on one socket, with nothing but the socket module: who
sent a message is known from its address."""

from socket import AF_INET, IPPROTO_SCTP, SOCK_SEQPACKET, socket

LONGEST_MESSAGE = 1024  # a longer one would come in pieces

with socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP) as sock:
    sock.bind(("127.0.0.1", 20000))
    sock.listen()  # even without accept, or the kernel turns clients away
    print("listening on port 20000", flush=True)
    while True:
        message, address = sock.recvfrom(LONGEST_MESSAGE)
        print(f"received {message!r}", flush=True)
        sock.sendto(message.upper(), address)
