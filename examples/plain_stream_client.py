"""Sends two messages at once with the socket module alone, and receives the answers
one by one."""

from socket import AF_INET, IPPROTO_SCTP, SOCK_STREAM, socket

with socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) as sock:
    sock.connect(("127.0.0.1", 20000))
    sock.send(b"first message")
    sock.send(b"second message")
    print(f"received {sock.recv(1024)!r}", flush=True)
    print(f"received {sock.recv(1024)!r}", flush=True)
