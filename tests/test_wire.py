"""What sctp_sendv sends on the wire. The tests capture the packets and decode them."""

import itertools
import socket
import struct
from collections.abc import Sequence
from socket import MSG_DONTWAIT, MSG_MORE, SOCK_SEQPACKET, SOCK_STREAM
from typing import NamedTuple

import pytest

from sctp import (
    IPPROTO_SCTP,
    SCTP_ABORT,
    SCTP_ADDR_OVER,
    SCTP_AUTH_ACTIVE_KEY,
    SCTP_AUTH_CHUNK,
    SCTP_AUTH_KEY,
    SCTP_EOF,
    SCTP_MAXSEG,
    SCTP_PR_ASSOC_STATUS,
    SCTP_PR_SCTP_RTX,
    SCTP_SACK_IMMEDIATELY,
    SCTP_SENDALL,
    SCTP_STATUS,
    SCTP_UNORDERED,
    ChunkTypes,
    ErrorCause,
    sctp_authchunk,
    sctp_authinfo,
    sctp_authkey,
    sctp_authkeyid,
    sctp_prinfo,
    sctp_prstatus,
    sctp_sendv_spa,
    sctp_sndinfo,
    sctp_socket,
    sctp_status,
)

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.linux,
]

ETH_P_ALL = 3
# By the number of the link layer: the headers. Only the protocol and the destination
# matter here.
IP_HEADERS = {
    0x0800: (socket.AF_INET, struct.Struct("!9xB6x4s")),
    0x86DD: (socket.AF_INET6, struct.Struct("!6xB17x16s")),
}
COMMON_HEADER = struct.Struct("!HHII")
CHUNK_HEADER = struct.Struct("!BBH")
# The payload protocol identifier is bytes: RFC 9260 leaves their order to the upper
# layer.
DATA_HEADER = struct.Struct("!IHH4s")

# Flags of a DATA chunk (RFC 9260, section 3.3.1, and RFC 7053).
END, BEGINNING, UNORDERED, IMMEDIATE = 1, 2, 4, 8
WHOLE = BEGINNING | END

both_types = pytest.mark.parametrize(
    "type", [SOCK_STREAM, SOCK_SEQPACKET], ids=["one-to-one", "one-to-many"]
)


class Chunk(NamedTuple):
    type: int
    flags: int
    body: bytes


class Data(NamedTuple):
    """A DATA chunk."""

    flags: int
    sid: int
    ssn: int
    ppid: bytes
    payload: bytes


class Packet(NamedTuple):
    """The target address, the port, and the payload."""

    destination: str
    port: int
    chunks: Sequence[Chunk]

    def of_type(self, type):
        return [chunk for chunk in self.chunks if chunk.type == type]

    @property
    def data(self):
        messages = []
        for _, flags, body in self.of_type(ChunkTypes.DATA):
            _, sid, ssn, ppid = DATA_HEADER.unpack_from(body)
            messages.append(Data(flags, sid, ssn, ppid, body[DATA_HEADER.size :]))
        return messages

    @property
    def auth_keys(self):
        return [
            int.from_bytes(chunk.body[:2], "big")
            for chunk in self.of_type(ChunkTypes.AUTH)
        ]


def decode_chunks(data):
    while data:
        type, flags, length = CHUNK_HEADER.unpack_from(data)
        assert CHUNK_HEADER.size <= length <= len(data)
        yield Chunk(type, flags, data[CHUNK_HEADER.size : length])
        data = data[(length + 3) & ~3 :]


def decode_packet(link_protocol, data):
    """Decodes a packet, or returns None if it has no SCTP."""
    if link_protocol not in IP_HEADERS:
        return None
    family, header = IP_HEADERS[link_protocol]
    protocol, destination = header.unpack_from(data)
    if protocol != IPPROTO_SCTP:
        return None
    data = data[header.size :]
    _, port, _, _ = COMMON_HEADER.unpack_from(data)
    chunks = [*decode_chunks(data[COMMON_HEADER.size :])]
    return Packet(socket.inet_ntop(family, destination), port, chunks)


class Capture:
    def __init__(self, sock, wait_for):
        self.sock = sock
        self.wait_for = wait_for
        self.packets = []

    def update(self):
        """All packets so far."""
        while True:
            try:
                data, address = self.sock.recvfrom(1 << 17)
            except BlockingIOError:
                return self.packets
            _, link_protocol, direction, *_ = address
            # The loopback device shows each packet twice.
            if direction == socket.PACKET_OUTGOING:
                packet = decode_packet(link_protocol, data)
                if packet is not None:
                    self.packets.append(packet)

    def find(self, type, count=1):
        """The packets with chunks of a type, as soon as there are so many."""

        def found():
            packets = [packet for packet in self.update() if packet.of_type(type)]
            return packets if len(packets) >= count else None

        return self.wait_for(found)


@pytest.fixture
def capture(own_network, wait_for):
    """Captures the packets of a network that no other program uses."""
    with socket.socket(
        socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)
    ) as sock:
        sock.setblocking(False)
        yield Capture(sock, wait_for)


@pytest.fixture
def make_ends(capture, make_socket, make_listener, network):
    """Makes a sender with the identifier of its association, and the receiver. The
    capture sees the packets of both."""
    accepted = []

    def make(type, homes=1, cls=sctp_socket):
        receiver = make_listener(type, homes, cls=cls)
        sender = make_socket(network.family, type, timeout=None, cls=cls)
        sender.bind(network.address(host=2))
        addrs = network.addresses(homes, port=receiver.getsockname()[1])
        assoc_id = sender.sctp_connectx(addrs, assoc_id=True)
        sender.settimeout(10)
        if type == SOCK_STREAM:
            receiver, _ = receiver.accept()
            accepted.append(receiver)
            receiver.settimeout(10)
        return sender, assoc_id, receiver

    yield make
    for sock in accepted:
        sock.close()


# Infos


class Authenticated(sctp_socket):
    """Demands that DATA is authenticated, and has two keys. The first one is active."""

    def __init__(self, *args, fileno=None, **kwargs):
        super().__init__(*args, fileno=fileno, **kwargs)
        if fileno is not None:
            return
        for option, value in [
            (SCTP_AUTH_CHUNK, sctp_authchunk(sauth_chunk=ChunkTypes.DATA)),
            (SCTP_AUTH_KEY, sctp_authkey(sca_keynumber=1, sca_key=b"first")),
            (SCTP_AUTH_KEY, sctp_authkey(sca_keynumber=2, sca_key=b"second")),
            (SCTP_AUTH_ACTIVE_KEY, sctp_authkeyid(scact_keynumber=1)),
        ]:
            self.setsockopt(IPPROTO_SCTP, option, value)


INFOS = {
    "sndinfo": sctp_sndinfo(
        snd_sid=3,
        snd_flags=SCTP_UNORDERED | SCTP_SACK_IMMEDIATELY,
        snd_ppid=socket.htonl(0x01020304),
    ),
    "prinfo": sctp_prinfo(pr_policy=SCTP_PR_SCTP_RTX, pr_value=0),
    "authinfo": sctp_authinfo(auth_keynumber=2),
}
COMBINATIONS = [
    *[((name,), info) for name, info in INFOS.items()],
    *[
        (names, sctp_sendv_spa([INFOS[name] for name in names]))
        for count in range(len(INFOS) + 1)
        for names in itertools.combinations(INFOS, count)
    ],
]


@both_types
@pytest.mark.parametrize(
    "names, info",
    COMBINATIONS,
    ids=["+".join([type(info).__name__, *names]) for names, info in COMBINATIONS],
)
def test_every_combination_of_infos_does_what_each_does(
    own_network, capture, make_ends, wait_for, type, names, info
):
    """The message without retransmissions is abandoned when it is lost."""
    own_network.set(auth_enable=1, rto_min=50, rto_max=200, rto_initial=100)
    own_network.set(path_max_retrans=1000, association_max_retrans=1000)
    sender, assoc_id, receiver = make_ends(type, cls=Authenticated)
    addrs = [receiver.getsockname()]

    def unacknowledged():
        status = sctp_status(sstat_assoc_id=assoc_id)
        status = sender.getsockopt(IPPROTO_SCTP, SCTP_STATUS, status)
        return status["sstat_unackdata"]

    def abandoned():
        status = sctp_prstatus(
            sprstat_assoc_id=assoc_id, sprstat_policy=SCTP_PR_SCTP_RTX
        )
        status = sender.getsockopt(IPPROTO_SCTP, SCTP_PR_ASSOC_STATUS, status)
        return status["sprstat_abandoned_sent"]

    assert sender.sctp_sendv([b"hel", b"lo"], addrs, info) == 5
    data, _, rcvinfo, _, _ = receiver.sctp_recvv(100)
    packet, *_ = capture.find(ChunkTypes.DATA)
    (chunk,) = packet.data
    assert data == chunk.payload == b"hello"
    if "sndinfo" in names:
        assert chunk[:4] == (WHOLE | UNORDERED | IMMEDIATE, 3, 0, b"\1\2\3\4")
        assert (rcvinfo["rcv_sid"], rcvinfo["rcv_flags"]) == (3, SCTP_UNORDERED)
        assert rcvinfo["rcv_ppid"] == socket.htonl(0x01020304)
    else:
        assert chunk[:4] == (WHOLE, 0, 0, bytes(4))
        assert (rcvinfo["rcv_sid"], rcvinfo["rcv_flags"]) == (0, 0)
        assert rcvinfo["rcv_ppid"] == 0
    assert packet.auth_keys == [2 if "authinfo" in names else 1]

    wait_for(lambda: not unacknowledged())
    before = abandoned()
    own_network.lose(100)
    sender.sctp_sendv([b"again"], addrs, info)
    if "prinfo" in names:
        wait_for(lambda: abandoned() > before)
    own_network.lose(0)
    sender.sctp_sendv([b"last"], addrs)
    arriving = {b"last"} if "prinfo" in names else {b"again", b"last"}
    assert {receiver.sctp_recvv(100)[0] for _ in arriving} == arriving
    with pytest.raises(BlockingIOError):
        receiver.sctp_recvv(100, MSG_DONTWAIT)


# Authentication


def test_key_is_that_of_the_message_or_else_the_active_one(
    own_network, capture, make_ends
):
    own_network.set(auth_enable=1)
    sender, _, receiver = make_ends(SOCK_STREAM, cls=Authenticated)
    used = []
    for active in 1, 2, 1:
        key = sctp_authkeyid(scact_keynumber=active)
        sender.setsockopt(IPPROTO_SCTP, SCTP_AUTH_ACTIVE_KEY, key)
        for number in None, 1, 2:
            info = None if number is None else sctp_authinfo(auth_keynumber=number)
            sender.sctp_sendv([b"%d" % len(used)], None, info)
            used.append(active if number is None else number)
    assert [receiver.sctp_recvv(1)[0] for _ in used] == [
        b"%d" % n for n in range(len(used))
    ]
    packets = capture.find(ChunkTypes.DATA, len(used))
    assert [packet.auth_keys for packet in packets] == [[key] for key in used]


def test_message_with_a_wrong_key_does_not_arrive(own_network, capture, make_ends):
    """The sender repeats it until the receiver has the right key."""
    own_network.set(auth_enable=1, rto_min=50, rto_max=100, rto_initial=100)
    own_network.set(path_max_retrans=1000, association_max_retrans=1000)
    sender, _, receiver = make_ends(SOCK_STREAM, cls=Authenticated)
    wrong = sctp_authkey(sca_keynumber=2, sca_key=b"wrong")
    receiver.setsockopt(IPPROTO_SCTP, SCTP_AUTH_KEY, wrong)
    for sid, number in (1, 2), (2, 1):
        infos = sctp_sndinfo(snd_sid=sid), sctp_authinfo(auth_keynumber=number)
        sender.sctp_sendv([b"key %d" % number], None, sctp_sendv_spa(infos))
    assert receiver.sctp_recvv(100)[0] == b"key 1"
    capture.find(ChunkTypes.DATA, 5)
    with pytest.raises(BlockingIOError):
        receiver.sctp_recvv(100, MSG_DONTWAIT)
    right = sctp_authkey(sca_keynumber=2, sca_key=b"second")
    receiver.setsockopt(IPPROTO_SCTP, SCTP_AUTH_KEY, right)
    assert receiver.sctp_recvv(100)[0] == b"key 2"


@pytest.mark.parametrize("spa", [False, True])
def test_unknown_key_sends_nothing(own_network, capture, make_ends, spa, kernel_fact):
    own_network.set(auth_enable=1)
    sender, _, receiver = make_ends(SOCK_STREAM, cls=Authenticated)
    info = sctp_authinfo(auth_keynumber=3)
    with pytest.raises(OSError, match="Invalid argument") as raised:
        sender.sctp_sendv([b"x"], None, sctp_sendv_spa([info]) if spa else info)
    kernel_fact("unknown-key", raised.value)
    sender.sctp_sendv([b"first"])
    assert receiver.sctp_recvv(100)[0] == b"first"
    (packet,) = capture.find(ChunkTypes.DATA)
    assert [data.payload for data in packet.data] == [b"first"]


# Data


@pytest.mark.parametrize("ppid", [60, socket.htonl(60), 1, 2**31, 2**32 - 1])
def test_ppid_is_handed_through_untouched(capture, make_ends, ppid):
    """The caller converts an identifier that is meant in network byte order."""
    sender, _, receiver = make_ends(SOCK_STREAM)
    sender.sctp_sendv([b"x"], None, sctp_sndinfo(snd_ppid=ppid))
    assert receiver.sctp_recvv(1)[2]["rcv_ppid"] == ppid
    (packet,) = capture.find(ChunkTypes.DATA)
    assert packet.data[0].ppid == struct.pack("=I", ppid)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 1000, 65000])
def test_buffers_are_one_chunk(capture, make_ends, size):
    sender, _, _ = make_ends(SOCK_STREAM)
    payload = bytes(n % 251 for n in range(size))
    sender.sctp_sendv([payload[: size // 2], b"", payload[size // 2 :]])
    (packet,) = capture.find(ChunkTypes.DATA)
    assert [data.payload for data in packet.data] == [payload]


def test_long_message_is_fragmented(capture, make_ends):
    sender, _, receiver = make_ends(SOCK_STREAM)
    sender.setsockopt(IPPROTO_SCTP, SCTP_MAXSEG, 1000)
    payload = bytes(n % 251 for n in range(3500))
    sender.sctp_sendv([payload], None, sctp_sndinfo(snd_sid=2, snd_ppid=7))
    assert receiver.sctp_recvv(10_000)[0] == payload
    fragments = [data for packet in capture.update() for data in packet.data]
    ppid = struct.pack("=I", 7)
    assert [fragment[:4] for fragment in fragments] == [
        (BEGINNING, 2, 0, ppid),
        (0, 2, 0, ppid),
        (0, 2, 0, ppid),
        (END, 2, 0, ppid),
    ]
    assert b"".join(fragment.payload for fragment in fragments) == payload


# Flags


@both_types
@pytest.mark.parametrize(
    "flags, bits",
    [
        (0, 0),
        (SCTP_UNORDERED, UNORDERED),
        (SCTP_SACK_IMMEDIATELY, IMMEDIATE),
        (SCTP_UNORDERED | SCTP_SACK_IMMEDIATELY, UNORDERED | IMMEDIATE),
    ],
)
def test_flags_of_a_message(capture, make_ends, type, flags, bits):
    sender, assoc_id, _ = make_ends(type)
    sndinfo = sctp_sndinfo(snd_flags=flags, snd_assoc_id=assoc_id)
    sender.sctp_sendv([b"x"], None, sndinfo)
    (packet,) = capture.find(ChunkTypes.DATA)
    assert packet.data[0].flags == WHOLE | bits


@both_types
def test_address_chooses_the_path(capture, make_ends, network, type):
    """On a one-to-many socket, this needs SCTP_ADDR_OVER. Otherwise the address only
    chooses the association (RFC 6458, sections 4.1.8 and 5.3.4)."""
    sender, _, receiver = make_ends(type, homes=3)
    primary, *others = network.addresses(3, port=receiver.getsockname()[1])
    sends = [(addr, flags) for addr in others for flags in (0, SCTP_ADDR_OVER)]
    for addr, flags in sends:
        sender.sctp_sendv([b"x"], [addr], sctp_sndinfo(snd_flags=flags))
        receiver.sctp_recvv(1)
    packets = capture.find(ChunkTypes.DATA, len(sends))
    assert [packet.destination for packet in packets] == [
        (addr if flags or type == SOCK_STREAM else primary)[0] for addr, flags in sends
    ]


def test_message_to_all_goes_to_each(capture, make_ends, make_socket, network):
    sender, _, receiver = make_ends(SOCK_SEQPACKET)
    others = [make_socket(network.family, SOCK_STREAM) for _ in range(3)]
    sender.listen()
    for other in others:
        other.bind(network.address(host=1))
        other.connect(sender.getsockname())
    sndinfo = sctp_sndinfo(
        snd_sid=1, snd_flags=SCTP_SENDALL | SCTP_UNORDERED, snd_ppid=5
    )
    sender.sctp_sendv([b"all"], None, sndinfo)
    packets = capture.find(ChunkTypes.DATA, 4)
    expected = Data(WHOLE | UNORDERED, 1, 0, struct.pack("=I", 5), b"all")
    assert [packet.data for packet in packets] == [[expected]] * 4
    ports = {sock.getsockname()[1] for sock in (receiver, *others)}
    assert {packet.port for packet in packets} == ports


@pytest.mark.parametrize("cause", [[b"the ", b"cause"], [b"x"], []])
def test_data_of_an_abort_is_its_cause(capture, make_ends, cause):
    sender, assoc_id, _ = make_ends(SOCK_SEQPACKET)
    sndinfo = sctp_sndinfo(snd_flags=SCTP_ABORT, snd_assoc_id=assoc_id)
    sender.sctp_sendv(cause, None, sndinfo)
    (packet,) = capture.find(ChunkTypes.ABORT)
    (chunk,) = packet.of_type(ChunkTypes.ABORT)
    ((code, length),) = struct.iter_unpack("!HH", chunk.body[:4])
    assert code == ErrorCause.USER_INITIATED_ABORT
    assert chunk.body[4:length] == b"".join(cause)


def test_eof_shuts_down_after_all_data(capture, make_ends):
    sender, assoc_id, receiver = make_ends(SOCK_SEQPACKET)
    sender.sctp_sendv([b"last"], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    sndinfo = sctp_sndinfo(snd_flags=SCTP_EOF, snd_assoc_id=assoc_id)
    assert sender.sctp_sendv([], None, sndinfo) == 0
    assert receiver.sctp_recvv(100)[0] == b"last"
    capture.find(ChunkTypes.SHUTDOWN_COMPLETE)
    types = [chunk.type for packet in capture.packets for chunk in packet.chunks]
    assert types.index(ChunkTypes.DATA) < types.index(ChunkTypes.SHUTDOWN)


def test_flags_of_the_call_reach_the_kernel(capture, make_ends):
    """With MSG_MORE, the kernel waits for another message to share the packet."""
    sender, _, receiver = make_ends(SOCK_STREAM)
    sender.sctp_sendv([b"more"], None, None, MSG_MORE)
    sender.sctp_sendv([b"last"])
    for expected in b"more", b"last":
        assert receiver.sctp_recvv(100)[0] == expected
    (packet,) = capture.find(ChunkTypes.DATA)
    assert [data.payload for data in packet.data] == [b"more", b"last"]


# Implicit set-up


@pytest.fixture
def set_up(own_network, capture, make_socket, make_listener, network):
    """Sends the first message to addresses of which only the last one answers.
    Returns the hosts that the kernel tries."""

    def send(type, addrs):
        own_network.set(rto_initial=100, rto_min=50, rto_max=200)
        receiver = make_listener(SOCK_SEQPACKET)
        _, port, *_ = receiver.getsockname()
        sender = make_socket(network.family, type)
        addrs = [(host, port, *more) for host, _, *more in addrs]
        sender.sctp_sendv([b"hello"], addrs, sctp_sndinfo(snd_sid=1))
        assert receiver.sctp_recvv(100)[0] == b"hello"
        hosts = [packet.destination for packet in capture.find(ChunkTypes.INIT)]
        return list(dict.fromkeys(hosts))

    return send


@both_types
@pytest.mark.parametrize("count", [1, 2, 9])
def test_set_up_tries_one_address_after_the_other(set_up, network, type, count):
    silent = [network.address(2, host=n + 3) for n in range(count - 1)]
    addrs = [*silent, network.address()]
    assert set_up(type, addrs) == [addr[0] for addr in addrs]


@pytest.mark.parametrize("network", [socket.AF_INET6], ids=["ipv6"], indirect=True)
def test_set_up_tries_addresses_of_both_families(set_up, network):
    ipv4 = [(f"10.2.0.{n}", 0) for n in (3, 4, 5)]
    ipv6 = [network.address(2, host=n) for n in (3, 4, 5)]
    addrs = [*itertools.chain(*zip(ipv4, ipv6, strict=True)), network.address()]
    assert set_up(SOCK_STREAM, addrs) == [addr[0] for addr in addrs]
