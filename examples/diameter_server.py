"""Answers requests with the header of Diameter (RFC 6733), at two addresses."""

import asyncio
import struct
from socket import SO_SNDBUF, SOL_SOCKET

from sctp import PayloadProtocol
from sctp.asyncio import Association, Message, serve

# Version and length, flags and command, application, hop-by-hop, end-to-end.
HEADER = struct.Struct("!IIIII")
IS_REQUEST = 0x80 << 24
PATIENCE = 60  # seconds for a client to take its answer


async def answer(association: Association, message: Message) -> None:
    length, command, *rest = HEADER.unpack_from(message.data)
    data = HEADER.pack(length, command & ~IS_REQUEST, *rest)
    async with asyncio.timeout(PATIENCE):
        await association.send(
            data + message.data[HEADER.size :],
            stream=message.stream,
            ppid=PayloadProtocol.DIAMETER,
        )


async def serve_client(association: Association) -> None:
    print(f"{association.peer_addresses[0][0]} has come", flush=True)
    try:
        async for message in association:
            if len(message.data) < HEADER.size:
                association.abort(b"a message without a header")
                break
            await answer(association, message)
    except OSError as error:  # this client only
        print(f"a client is lost: {error!r}", flush=True)


async def main() -> None:
    # The longest message has to fit into the send buffer.
    options = {(SOL_SOCKET, SO_SNDBUF): 1 << 20}
    addresses = "127.0.0.1/127.0.0.2:3868"
    async with await serve(serve_client, addresses, options=options) as server:
        print("listening on port 3868", flush=True)
        await server.serve_forever()


asyncio.run(main())
