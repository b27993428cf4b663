"""Sends messages to the echo server, and reads the answers at the same time."""

import asyncio

from sctp.asyncio import Association, connect


async def read(association: Association) -> None:
    async for message in association:
        print(f"received {message.data!r} on stream {message.stream}")


async def main() -> None:
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        association = await connect("127.0.0.1:20000")
        tasks.create_task(read(association))
        for text in b"Hello", b"SCTP":
            await association.send(text, stream=1)
            await asyncio.sleep(0.1)
        await association.shutdown()  # this also ends read()


asyncio.run(main())
