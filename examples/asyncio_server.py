"""Echoes messages to many clients at once in one thread."""

import asyncio
from socket import AF_INET, SOCK_STREAM
from typing import Any

from sctp import *


async def receive(sock: sctp_socket) -> tuple[bytes, Any]:
    """The next message and its sctp_rcvinfo."""
    ready = asyncio.Event()
    while True:
        try:
            data, _, info, _, _ = sock.sctp_recvv(1024)
            return data, info
        except BlockingIOError:
            ready.clear()
        loop = asyncio.get_running_loop()
        loop.add_reader(sock, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(sock)


async def serve(sock: sctp_socket) -> None:
    with sock:
        while True:
            data, info = await receive(sock)
            if not data:
                break
            print(f"received {data!r} on stream {info['rcv_sid']}", flush=True)
            sock.sctp_sendv([data])


async def main() -> None:
    with sctp_socket(AF_INET, SOCK_STREAM) as listener:
        listener.setblocking(False)
        listener.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
        listener.bind(("127.0.0.1", 20000))
        listener.listen()
        print("listening on port 20000", flush=True)
        async with asyncio.TaskGroup() as tasks:
            while True:
                sock, _ = await asyncio.get_running_loop().sock_accept(listener)
                assert isinstance(sock, sctp_socket)
                sock.setblocking(False)
                tasks.create_task(serve(sock))


asyncio.run(main())
