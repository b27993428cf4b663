"""Echoes messages to many clients at the same time, in one thread."""

import asyncio
from socket import SO_SNDBUF, SOL_SOCKET

from sctp.asyncio import Association, serve

PATIENCE = 60  # seconds for a client to send something, or to take its answer


async def echo(association: Association) -> None:
    try:
        while True:
            async with asyncio.timeout(PATIENCE):
                message = await association.receive()
            print(f"received {message.data!r} on stream {message.stream}", flush=True)
            async with asyncio.timeout(PATIENCE):
                await association.send(message.data, ppid=message.ppid)
    except (EOFError, OSError) as error:  # this client only
        print(f"a client is gone: {error!r}", flush=True)


async def main() -> None:
    # The longest message has to fit into the send buffer.
    options = {(SOL_SOCKET, SO_SNDBUF): 1 << 20}
    async with await serve(echo, "127.0.0.1:20000", options=options) as server:
        print("listening on port 20000", flush=True)
        await server.serve_forever()


asyncio.run(main())
