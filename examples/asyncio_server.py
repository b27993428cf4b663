"""Echoes messages to many clients at once in one thread."""

import asyncio
from collections.abc import Callable
from socket import AF_INET, MSG_EOR, SOCK_STREAM
from typing import Any

from sctp import *

LONGEST_MESSAGE = 2**17  # what is longer comes back in parts
PATIENCE = 60  # seconds for a client to say something, or to take its answer


async def ready(
    sock: sctp_socket, add: Callable[..., Any], remove: Callable[..., Any]
) -> None:
    """Waits until it is, for the reader or writer that is added."""
    event = asyncio.Event()
    add(sock, event.set)
    try:
        await asyncio.wait_for(event.wait(), PATIENCE)
    finally:
        remove(sock)


async def receive(sock: sctp_socket) -> tuple[bytes, Any]:
    """The next message and its sctp_rcvinfo."""
    loop = asyncio.get_running_loop()
    message = b""
    while True:
        # Waiting each time lets other clients in between.
        await ready(sock, loop.add_reader, loop.remove_reader)
        try:
            data, _, info, _, flags = sock.sctp_recvv(LONGEST_MESSAGE)
        except BlockingIOError:
            continue
        message += data
        if not data or flags & MSG_EOR or len(message) >= LONGEST_MESSAGE:
            return message, info


async def send(sock: sctp_socket, message: bytes) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            sock.sctp_sendv([message])
            return
        except BlockingIOError:
            await ready(sock, loop.add_writer, loop.remove_writer)


async def serve(sock: sctp_socket) -> None:
    with sock:
        try:
            while True:
                message, info = await receive(sock)
                if not message:
                    break
                print(f"received {message!r} on stream {info['rcv_sid']}", flush=True)
                await send(sock, message)
        except OSError as error:  # of this client alone
            print(f"a client is lost: {error}", flush=True)


async def main() -> None:
    loop = asyncio.get_running_loop()
    with sctp_socket(AF_INET, SOCK_STREAM) as listener:
        listener.setblocking(False)
        listener.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
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
