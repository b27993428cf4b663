"""Echoes messages to many clients at once in one thread."""

import asyncio
from socket import AF_INET, MSG_EOR, SOCK_STREAM
from typing import Any

from sctp import *

LONGEST_MESSAGE = 2**17  # what is longer comes back in parts
PATIENCE = 60  # seconds for a client to say something, or to take its answer


async def receive(sock: sctp_socket) -> tuple[bytes, Any]:
    """The next message, b"" at the end, and its sctp_rcvinfo."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    message = b""
    while True:  # to wait each time lets other clients in between
        readable.clear()
        loop.add_reader(sock, readable.set)
        try:
            await asyncio.wait_for(readable.wait(), PATIENCE)
        finally:
            loop.remove_reader(sock)
        try:
            data, _, info, _, flags = sock.sctp_recvv(LONGEST_MESSAGE)
        except BlockingIOError:
            continue
        message += data
        if not data or flags & MSG_EOR or len(message) >= LONGEST_MESSAGE:
            return data and message, info  # the end may come in the middle of one


async def serve(sock: sctp_socket) -> None:
    loop = asyncio.get_running_loop()
    with sock:
        try:
            while True:
                message, info = await receive(sock)
                if not message:
                    break
                print(f"received {message!r} on stream {info['rcv_sid']}", flush=True)
                await asyncio.wait_for(loop.sock_sendall(sock, message), PATIENCE)
        except OSError as error:  # of this client alone
            print(f"a client is lost: {error!r}", flush=True)


async def main() -> None:
    loop = asyncio.get_running_loop()
    with sctp_socket(AF_INET, SOCK_STREAM) as listener:
        listener.setblocking(False)
        listener.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
        listener.setsockopt(IPPROTO_SCTP, SCTP_PR_SUPPORTED, sctp_assoc_value())
        listener.bind(("127.0.0.1", 20000))
        listener.listen()
        print("listening on port 20000", flush=True)
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    sock, _ = await loop.sock_accept(listener)
                except OSError as error:  # there are too many clients, say
                    print(f"cannot accept: {error}", flush=True)
                    await asyncio.sleep(1)
                    continue
                assert isinstance(sock, sctp_socket)
                sock.setblocking(False)
                tasks.create_task(serve(sock))


asyncio.run(main())
