"""Answers one client after the other, with the socket module alone. Unlike TCP, each
recv returns one message."""

import struct
from socket import (
    AF_INET,
    IPPROTO_SCTP,
    SO_RCVTIMEO,
    SO_SNDTIMEO,
    SOCK_STREAM,
    SOL_SOCKET,
    socket,
)

LONGEST_MESSAGE = 1024  # a longer one would come in pieces
# Seconds and microseconds for a client to say something, or to take its answer.
PATIENCE = struct.pack("ll", 2, 0)

with socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) as listener:
    listener.bind(("127.0.0.1", 20000))
    listener.listen()
    print("listening on port 20000", flush=True)
    while True:
        connection, _ = listener.accept()
        with connection:
            # With settimeout(), a send to a client that is gone would wait in vain.
            connection.setsockopt(SOL_SOCKET, SO_RCVTIMEO, PATIENCE)
            connection.setsockopt(SOL_SOCKET, SO_SNDTIMEO, PATIENCE)
            try:
                while message := connection.recv(LONGEST_MESSAGE):
                    print(f"received {message!r}", flush=True)
                    connection.send(message.upper())
                print("the client has gone", flush=True)
            except OSError as error:  # this client only
                print(f"the client is lost: {error}", flush=True)
