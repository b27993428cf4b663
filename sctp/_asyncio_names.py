"""Looks up names of hosts and services without blocking the event loop."""

import asyncio
from socket import SOCK_STREAM

from _sctp._names import find_service

from ._setup import AnyAddress, Name
from ._socket import sctp_socket
from ._sockets import find_host, unknown_names, with_names


async def resolve(
    lists: list[list[AnyAddress]], sock: sctp_socket | None
) -> tuple[int, list[list[AnyAddress]]]:
    """Returns the family of the socket, and the lists with numeric addresses. If
    sock is given, the family is that of sock."""
    loop = asyncio.get_running_loop()
    services, hosts = unknown_names(lists)
    ports: dict[str, int] = {}
    names: dict[AnyAddress, Name] = {}
    for service in services:
        ports[service] = await loop.run_in_executor(None, find_service, service)
    for address in hosts:
        infos = await loop.getaddrinfo(address[0], None, type=SOCK_STREAM)
        names[address] = Name(address, find_host(infos))
    return with_names(lists, sock, ports, names)
