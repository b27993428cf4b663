"""Echoes messages to many clients at the same time, with a thread for each."""

from socket import SO_SNDBUF, SOL_SOCKET

from sctp.sync import Association, serve


def echo(association: Association) -> None:
    for message in association:
        print(f"received {message.data!r} on stream {message.stream}", flush=True)
        association.send(message.data, ppid=message.ppid)


# The longest message has to fit into the send buffer.
options = {(SOL_SOCKET, SO_SNDBUF): 1 << 20}
with serve(echo, "127.0.0.1:20000", options=options) as server:
    print("listening on port 20000", flush=True)
    server.serve_forever()
