"""SCTP packets as bytes: builds them, takes them apart, and exchanges them over IPv4
(RFC 9260, section 3)."""

import socket
import struct
import time
from typing import NamedTuple

from sctp import IPPROTO_SCTP

STATE_COOKIE = 7  # a parameter of INIT ACK

_HEADER = struct.Struct("!HHI")
_TLV = struct.Struct("!HH")
_INIT = struct.Struct("!IIHHI")
_POLYNOMIAL = 0x82F63B78  # of CRC32c, its bits reversed


def _remainder(value):
    """What a byte contributes to the checksum."""
    for _ in range(8):
        value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_REMAINDERS = [_remainder(value) for value in range(256)]


def crc32c(data):
    """The checksum of SCTP (RFC 9260, appendix A)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _REMAINDERS[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def pad(data):
    """The data, padded with zeros to a multiple of four bytes."""
    return data + bytes(-len(data) % 4)


def tlv(type, value):
    """A parameter or an error cause, padded."""
    return pad(_TLV.pack(type, 4 + len(value)) + value)


class Chunk(NamedTuple):
    type: int
    value: bytes = b""
    flags: int = 0

    def __bytes__(self):
        head = struct.pack("!BBH", self.type, self.flags, 4 + len(self.value))
        return pad(head + self.value)


class Packet(NamedTuple):
    source: int
    destination: int
    tag: int
    chunks: tuple[Chunk, ...]

    def __bytes__(self):
        head = _HEADER.pack(self.source, self.destination, self.tag)
        body = b"".join(map(bytes, self.chunks))
        checksum = crc32c(head + bytes(4) + body)
        return head + struct.pack("<I", checksum) + body

    @classmethod
    def parse(cls, data):
        """Does not check the checksum: over loopback, the kernel computes none."""
        chunks, at = [], 12
        while at < len(data):
            type, flags, length = struct.unpack_from("!BBH", data, at)
            chunks.append(Chunk(type, data[at + 4 : at + length], flags))
            at += length + 3 & ~3
        return cls(*_HEADER.unpack_from(data), tuple(chunks))

    def chunk(self, type):
        """The first chunk of that type, or None."""
        return next((chunk for chunk in self.chunks if chunk.type == type), None)


class Init(NamedTuple):
    """The value of an INIT or INIT ACK chunk."""

    tag: int
    window: int
    outbound: int
    inbound: int
    tsn: int
    parameters: dict[int, bytes]

    def __bytes__(self):
        head = _INIT.pack(*self[:5])
        return head + b"".join(tlv(*item) for item in self.parameters.items())

    @classmethod
    def parse(cls, data):
        parameters, at = {}, _INIT.size
        while at < len(data):
            type, length = _TLV.unpack_from(data, at)
            parameters[type] = data[at + 4 : at + length]
            at += length + 3 & ~3
        return cls(*_INIT.unpack_from(data), parameters)


class Host:
    """A local IPv4 address. It also sees the packets that the kernel gets for it,
    and can send packets of its own."""

    def __init__(self, host, timeout=10):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, IPPROTO_SCTP)
        self._socket.bind((host, 0))
        self._timeout = timeout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, host, packet):
        self._socket.sendto(bytes(packet), (host, 0))

    def receive(self, type):
        """Returns the next packet with a chunk of that type, or raises TimeoutError."""
        deadline = time.monotonic() + self._timeout
        while True:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            data = self._socket.recv(0x10000)
            packet = Packet.parse(data[(data[0] & 15) * 4 :])
            if packet.chunk(type):
                return packet
