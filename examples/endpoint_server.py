"""Echoes messages to hundreds of clients on one socket."""

import asyncio
from socket import SO_SNDBUF, SOL_SOCKET

from sctp.asyncio import Association, open_endpoint

PATIENCE = 60  # seconds for a client to send something, or to take its answer


async def echo(association: Association) -> None:
    try:
        async with association:
            while True:
                async with asyncio.timeout(PATIENCE):
                    message = await association.receive()
                async with asyncio.timeout(PATIENCE):
                    await association.send(message.data, ppid=message.ppid)
    except (EOFError, OSError):
        pass  # this client is gone


async def main() -> None:
    # The longest message has to fit into the send buffer.
    options = {(SOL_SOCKET, SO_SNDBUF): 1 << 20}
    tasks: set[asyncio.Task[None]] = set()
    async with await open_endpoint("127.0.0.1:20000", options=options) as endpoint:
        print("listening on port 20000", flush=True)
        async for association in endpoint:
            task = asyncio.create_task(echo(association))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            if len(tasks) % 100 == 0:
                print(f"{len(tasks)} associations on one socket", flush=True)


asyncio.run(main())
