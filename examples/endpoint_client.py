"""Talks to a server that echoes messages, over hundreds of associations."""

import asyncio

from sctp.asyncio import connect

COUNT = 300
TOGETHER = 50  # are set up at the same time


async def ask(number: int, room: asyncio.Semaphore, barrier: asyncio.Barrier) -> bytes:
    async with room:
        association = await connect("127.0.0.1:20000")
    async with association:
        await barrier.wait()  # until all are up
        await association.send(b"%d" % number)
        answer = await association.receive()
        await barrier.wait()
    return answer.data


async def main() -> None:
    room, barrier = asyncio.Semaphore(TOGETHER), asyncio.Barrier(COUNT)
    asking = [ask(number, room, barrier) for number in range(COUNT)]
    answers = await asyncio.gather(*asking)
    assert answers == [b"%d" % number for number in range(COUNT)]
    print(f"{len(answers)} answers", flush=True)


asyncio.run(main())
