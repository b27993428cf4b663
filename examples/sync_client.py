"""Sends messages to the echo server and waits for each answer."""

from sctp.sync import connect

with connect("127.0.0.1:20000", timeout=10) as association:
    for text in b"Hello", b"SCTP":
        association.send(text, stream=1)
        message = association.receive(timeout=10)
        print(f"received {message.data!r} on stream {message.stream}")
