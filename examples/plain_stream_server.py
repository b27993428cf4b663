"""Answers one client after the other with nothing but the socket module: where
TCP has bytes, each recv is one message."""

from socket import AF_INET, IPPROTO_SCTP, SOCK_STREAM, socket

LONGEST_MESSAGE = 1024  # a longer one would come in pieces

with socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) as listener:
    listener.bind(("127.0.0.1", 20000))
    listener.listen()
    print("listening on port 20000", flush=True)
    while True:
        connection, _ = listener.accept()
        with connection:
            while message := connection.recv(LONGEST_MESSAGE):
                print(f"received {message!r}", flush=True)
                connection.send(message.upper())
        print("the client has gone", flush=True)
