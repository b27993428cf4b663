"""Asks a Diameter server. Matches each answer with its request, gives up late
answers, and sets up a lost association again.

usage: diameter_client.py [REQUESTS]"""

import asyncio
import struct
import sys
from itertools import count

from sctp import PayloadProtocol
from sctp.asyncio import connect

PPID = PayloadProtocol.DIAMETER
SERVER = "127.0.0.1/127.0.0.2:3868"
# Version and length, flags and command, application, hop-by-hop, end-to-end.
HEADER = struct.Struct("!IIIII")
VERSION, IS_REQUEST, DEVICE_WATCHDOG = 1 << 24, 0x80 << 24, 280
PATIENCE, RETRY = 0.5, 0.1  # seconds


class Client:
    def __init__(self) -> None:
        self._up = asyncio.Event()
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[bytes]] = {}

    async def run(self) -> None:
        """Keeps an association up, and hands out the answers."""
        while True:
            try:
                async with await connect(SERVER) as self.association:
                    self._up.set()
                    async for message in self.association:
                        answer = self._waiting.get(int.from_bytes(message.data[12:16]))
                        if answer and not answer.done():
                            answer.set_result(message.data)
            except OSError as error:
                print(f"no association: {error!r}", flush=True)
            self._up.clear()
            await asyncio.sleep(RETRY)

    async def ask(self, command: int) -> bytes:
        number = next(self._numbers)
        fields = VERSION | HEADER.size, IS_REQUEST | command, 0, number, number
        self._waiting[number] = answer = asyncio.Future[bytes]()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._up.wait()
                await self.association.send(HEADER.pack(*fields), ppid=PPID)
                return await answer
        finally:
            del self._waiting[number]


async def main(requests: int) -> None:
    client = Client()
    running = asyncio.create_task(client.run())
    for number in range(requests):
        try:
            answer = await client.ask(DEVICE_WATCHDOG)
            print(f"{number}: an answer of {len(answer)} bytes", flush=True)
        except OSError as error:
            print(f"{number}: no answer: {error!r}", flush=True)
        await asyncio.sleep(RETRY)
    await client.association.shutdown()
    running.cancel()


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
