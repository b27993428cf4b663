"""Sends to a server without connecting, with the socket module alone. The first
message sets up the association."""

from socket import AF_INET, IPPROTO_SCTP, SOCK_SEQPACKET, socket

with socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP) as sock:
    for message in (b"first message", b"second message"):
        sock.sendto(message, ("127.0.0.1", 20000))
        answer, address = sock.recvfrom(1024)
        print(f"received {answer!r} from {address[0]}:{address[1]}", flush=True)
