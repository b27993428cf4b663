"""Peers that send forbidden packets, and what happens to the sockets that get them."""

import collections
import errno
import os
import random
import select
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from socket import (
    AF_INET,
    MSG_DONTWAIT,
    MSG_EOR,
    SHUT_WR,
    SO_ERROR,
    SO_SNDBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import packets
import pytest
from packets import Chunk, Packet

import sctp
from sctp import (
    IPPROTO_SCTP,
    MSG_NOTIFICATION,
    ChunkTypes,
    ErrorCause,
    describe_notification,
    error_causes,
    parse_notification,
    sctp_sndinfo,
)

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.linux,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]

ETH_P_ALL = 3
HOST = "10.1.0.1"
PEER = "10.1.0.77"  # in the network of HOST; no host has it
STREAMS = 65535
TYPES = [SOCK_STREAM, SOCK_SEQPACKET]
# The ends that a peer can cause.
ENDS = ConnectionResetError, ConnectionAbortedError, BrokenPipeError, TimeoutError
PARTIAL_RELIABILITY = packets.tlv(0xC000, b"")  # RFC 3758, section 3.1


class Association:
    """What a peer knows about its association."""

    def __init__(self, peer, ports, tag, own_tag, host_tsn, tsn=1):
        self.peer, self.ports, self.tag, self.own_tag = peer, ports, tag, own_tag
        self.host_tsn, self.tsn = host_tsn, tsn
        self.ssns = collections.Counter()

    def send(self, *chunks):
        self.peer.send(Packet(*self.ports, self.tag, chunks))

    def receive(self, type):
        return self.peer.receive(type, self.ports).chunk(type)

    def data(self, value, sid=0, flags=3):
        """The next DATA chunk. The flags tell the first and the last fragment."""
        head = struct.pack("!IHHI", self.tsn, sid, self.ssns[sid] & 0xFFFF, 0)
        self.tsn = self.tsn + 1 & 0xFFFFFFFF
        self.ssns[sid] += flags & 1
        return Chunk(ChunkTypes.DATA, head + value, flags)

    def sack(self, window, count):
        """Acknowledges so many chunks of the host's."""
        tsn = self.host_tsn + count - 1 & 0xFFFFFFFF
        return Chunk(ChunkTypes.SACK, struct.pack("!IIHH", tsn, window, 0, 0))


class Peer:
    """An address for which no kernel answers. Its packets are made by hand. The
    packets to it are read where they leave the machine."""

    def __init__(self, timeout=10):
        self._out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._in = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        self._in.bind(("dummy0", ETH_P_ALL))
        self._timeout = timeout
        self._port = 1024
        self.sent = 0

    def close(self):
        self._out.close()
        self._in.close()

    def send(self, packet, source=PEER):
        """A Packet, or the bytes of one."""
        data = bytes(packet)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(data), 0, 0, 64, 132, 0)
        head += socket.inet_aton(source) + socket.inet_aton(HOST)
        self._out.sendto(head + data, (HOST, 0))
        self.sent += 1

    def receive(self, type, ports):
        """The next packet with a chunk of that type, to one of our ports."""
        deadline = time.monotonic() + self._timeout
        while True:
            self._in.settimeout(max(deadline - time.monotonic(), 0.001))
            data = self._in.recv(0x10000)
            if data[0] != 0x45 or data[9] != IPPROTO_SCTP:
                continue
            packet = Packet.parse(data[20:])
            if (packet.destination, packet.source) == ports and packet.chunk(type):
                return packet

    def forget(self):
        """All packets that have arrived until now."""
        self._in.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self._in.recv(1)

    def ports(self, port):
        self._port = self._port % 60_000 + 1024
        return self._port, port

    def init(self, ports, tag, parameters=b"", window=0x10000, streams=10):
        value = bytes(packets.Init(tag, window, streams, streams, 1, {})) + parameters
        return Packet(*ports, 0, (Chunk(ChunkTypes.INIT, value),))

    def associate(self, port, *, ports=None, tag=0x1234, **how):
        """Sets up an association with the socket that listens at the port."""
        self.forget()
        ports = ports or self.ports(port)
        self.send(self.init(ports, tag, **how))
        answer = self.receive(ChunkTypes.INIT_ACK, ports).chunk(ChunkTypes.INIT_ACK)
        answer = packets.Init.parse(answer.value)
        assoc = Association(self, ports, answer.tag, tag, answer.tsn)
        cookie = answer.parameters[packets.STATE_COOKIE]
        assoc.send(Chunk(ChunkTypes.COOKIE_ECHO, cookie))
        assoc.receive(ChunkTypes.COOKIE_ACK)
        return assoc


class Server:
    """Takes everything from a listening socket. It reads notifications in every
    possible way, and collects messages."""

    def __init__(self, sock):
        self.sock = sock
        self.port = sock.getsockname()[1]
        self._is_many = sock.type == SOCK_SEQPACKET
        self._socks = [sock] if self._is_many else []
        self.pieces = collections.defaultdict(bytes)
        self.messages, self.notifs = [], []

    def leave(self):
        """Closes the accepted sockets."""
        if not self._is_many:
            while self._socks:
                self._socks.pop().close()

    def serve(self):
        # On Linux, an accept() without a peer takes until the next tick.
        while not self._is_many and select.select([self.sock], [], [], 0)[0]:
            self._accept()
        for sock in [*self._socks]:
            with suppress(BlockingIOError):
                while self._take(sock):
                    pass

    def _accept(self):
        sock, _ = self.sock.accept()
        sock.settimeout(10)
        self._socks.append(sock)

    def _take(self, sock):
        try:
            data, _, info, _, flags = sock.sctp_recvv(0x40000, MSG_DONTWAIT)
        except ENDS:
            data = flags = None
        if not data and not self._is_many:
            self._socks.remove(sock)
            sock.close()
            return False
        if not data:
            return True
        if flags & MSG_NOTIFICATION:
            assert flags & MSG_EOR
            notif = parse_notification(data)
            assert describe_notification(notif)
            assert error_causes(notif) == error_causes(data)
            self.notifs.append(notif)
        else:
            key = sock, info["rcv_assoc_id"], info["rcv_sid"]
            self.pieces[key] += data
            if flags & MSG_EOR:
                self.messages.append(self.pieces.pop(key))
        return True

    def wait(self, check, seconds=10):
        """Serves until the result is true, and returns it."""
        deadline = time.monotonic() + seconds
        self.serve()
        while not (result := check()):
            assert time.monotonic() < deadline, (self.notifs, self.messages[-9:])
            time.sleep(0.001)
            self.serve()
        return result

    def wait_for(self, type, **fields):
        """The first notification with those fields since the last call."""

        def find():
            for n, notif in enumerate(self.notifs):
                if notif["sn_type"] == type and fields.items() <= notif.items():
                    del self.notifs[: n + 1]
                    return notif
            return None

        return self.wait(find)

    def wait_for_state(self, state):
        return self.wait_for(sctp.SCTP_ASSOC_CHANGE, sac_state=state)

    def one(self):
        """The socket and the identifier of the newest association."""
        assoc_id = self.wait_for_state(sctp.SCTP_COMM_UP)["sac_assoc_id"]
        return self._socks[-1], assoc_id


EVENTS = [
    sctp.SCTP_ASSOC_CHANGE,
    sctp.SCTP_PEER_ADDR_CHANGE,
    sctp.SCTP_REMOTE_ERROR,
    sctp.SCTP_SEND_FAILED_EVENT,
    sctp.SCTP_SHUTDOWN_EVENT,
    sctp.SCTP_ADAPTATION_INDICATION,
    sctp.SCTP_PARTIAL_DELIVERY_EVENT,
    sctp.SCTP_AUTHENTICATION_EVENT,
    sctp.SCTP_STREAM_RESET_EVENT,
    sctp.SCTP_ASSOC_RESET_EVENT,
    sctp.SCTP_STREAM_CHANGE_EVENT,
]


@pytest.fixture
def make_watcher(make_socket, own_network):
    """Makes sockets that get all notifications and use all extensions."""
    own_network.set(reconf_enable=1, prsctp_enable=1, intl_enable=1)
    own_network.set(addip_enable=1, addip_noauth_enable=1)
    own_network.set(auth_enable=1)

    def make(type):
        sock = make_socket(AF_INET, type)
        for event in EVENTS:
            event = sctp.sctp_event(
                se_assoc_id=sctp.SCTP_FUTURE_ASSOC, se_type=event, se_on=1
            )
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_EVENT, event)
        initmsg = sctp.sctp_initmsg(
            sinit_num_ostreams=STREAMS, sinit_max_instreams=STREAMS
        )
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG, initmsg)
        reset = sctp.sctp_assoc_value(assoc_value=7)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_ENABLE_STREAM_RESET, reset)
        # Otherwise a peer that begins a long message blocks the messages of all others.
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, 1)
        sock.bind((HOST, 0))
        return sock

    return make


def memory():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(params=TYPES, ids=["one-to-one", "one-to-many"])
def server(request, make_watcher, make_socket):
    """A server. After the test it must still serve an honest client, and must not
    have grown."""
    sock = make_watcher(request.param)
    sock.listen(128)
    server = Server(sock)
    before, descriptors = memory(), len(os.listdir("/proc/self/fd"))
    yield server
    server.serve()
    client = make_socket(AF_INET, SOCK_STREAM)
    client.bind(("10.1.0.2", 0))
    client.connect(sock.getsockname())
    client.send(b"from an honest client")
    server.wait(lambda: b"from an honest client" in server.messages)
    client.close()
    server.leave()
    assert memory() - before < 30_000_000
    assert len(os.listdir("/proc/self/fd")) <= descriptors + 1


@pytest.fixture
def peer(own_network, request):
    peer = Peer()
    yield peer
    peer.close()
    print(f"{request.node.name}: {peer.sent} packets sent")


@pytest.fixture
def count(request):
    return request.config.getoption("--hostile-packets")


# Setting up


def test_flood_of_inits_leaves_nothing(server, peer, count):
    for n in range(count):
        source = f"10.1.{n >> 8 & 255}.{n & 255}" if n % 2 else PEER
        packet = peer.init(peer.ports(server.port), n + 1)
        peer.send(packet, source.replace("10.1.0.", "10.1.200."))
    server.serve()
    assert server.notifs == []


def test_flood_of_false_cookies_leaves_nothing(server, peer, count):
    for n in range(count // 4):
        packet = Packet(
            *peer.ports(server.port), n, (Chunk(10, random.randbytes(n % 300)),)
        )
        peer.send(packet)
    server.serve()
    assert server.notifs == []


def test_cookie_is_good_only_as_it_was(server, peer):
    """If it is cut at any length, or any of its bytes is changed, it is refused."""
    ports = peer.ports(server.port)
    peer.send(peer.init(ports, 1))
    answer = peer.receive(ChunkTypes.INIT_ACK, ports).chunk(ChunkTypes.INIT_ACK)
    answer = packets.Init.parse(answer.value)
    assoc = Association(peer, ports, answer.tag, 1, answer.tsn)
    cookie = answer.parameters[packets.STATE_COOKIE]
    for n, byte in enumerate(cookie):
        assoc.send(Chunk(ChunkTypes.COOKIE_ECHO, cookie[:n]))
        # Linux 6.1 uses 20 of the 32 bytes for a signature, and skips the next 4.
        if not 20 <= n < 36:
            changed = cookie[:n] + bytes([byte ^ 1 << n % 8]) + cookie[n + 1 :]
            assoc.send(Chunk(ChunkTypes.COOKIE_ECHO, changed))
    server.serve()
    assert server.notifs == []
    assoc.send(Chunk(ChunkTypes.COOKIE_ECHO, cookie))
    server.wait_for_state(sctp.SCTP_COMM_UP)


@pytest.mark.parametrize("wrong", [{"streams": 0}, {"window": 1499}], ids=str)
def test_impossible_init_is_refused(server, peer, wrong):
    """The smallest permitted window is 1,500 bytes."""
    ports = peer.ports(server.port)
    peer.send(peer.init(ports, 1, **wrong))
    peer.receive(ChunkTypes.ABORT, ports)
    server.serve()
    assert server.notifs == []


def test_peer_asks_for_all_streams(server, peer):
    assoc = peer.associate(server.port, streams=STREAMS)
    sock, assoc_id = server.one()
    status = sctp.sctp_status(sstat_assoc_id=assoc_id)
    status = sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_STATUS, status)
    assert (status["sstat_instrms"], status["sstat_outstrms"]) == (STREAMS, STREAMS)
    assoc.send(assoc.data(b"on the last one", STREAMS - 1))
    server.wait(lambda: server.messages == [b"on the last one"])
    info = sctp_sndinfo(snd_sid=STREAMS - 1, snd_assoc_id=assoc_id)
    sock.sctp_sendv([b"answer"], None, info)
    assert assoc.receive(ChunkTypes.DATA).value.endswith(b"answer")


def test_peer_has_fifty_addresses(server, peer):
    addresses = [f"10.1.0.{n}" for n in range(101, 151)]
    parameters = [packets.tlv(5, socket.inet_aton(host)) for host in addresses]
    assoc = peer.associate(server.port, parameters=b"".join(parameters))
    sock, assoc_id = server.one()
    of_it = (assoc_id,) if sock.type == SOCK_SEQPACKET else ()
    found = sock.sctp_getpaddrs(*of_it)
    wanted = [(host, assoc.ports[0]) for host in [PEER, *addresses]]
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize("action", range(4))
def test_unknown_parameter(server, peer, action):
    """The two high bits tell whether to go on after it, and whether to report it."""
    type = action << 14 | 0x3ABC
    unknown = packets.tlv(type, b"what?")
    address = packets.tlv(5, socket.inet_aton("10.1.0.101"))
    peer.forget()
    ports = peer.ports(server.port)
    peer.send(peer.init(ports, 1, unknown + address))
    answer = peer.receive(ChunkTypes.INIT_ACK, ports).chunk(ChunkTypes.INIT_ACK)
    parameters = packets.Init.parse(answer.value).parameters
    assert (8 in parameters) == bool(action & 1)
    assert packets.STATE_COOKIE in parameters


# In an association


@pytest.mark.parametrize("action", range(4))
def test_unknown_chunk(server, peer, action):
    assoc = peer.associate(server.port)
    unknown = Chunk(action << 6 | 0x3C, b"what?")
    assoc.send(unknown, assoc.data(b"behind it"))
    if action & 1:
        cause = assoc.receive(ChunkTypes.ERROR).value
        assert cause[:2] == struct.pack("!H", ErrorCause.UNRECOGNIZED_CHUNK_TYPE)
    if not action & 2:
        assoc.tsn -= 1
        assoc.ssns.clear()
        assoc.send(assoc.data(b"after it"))
    expected = b"behind it" if action & 2 else b"after it"
    server.wait(lambda: server.messages)
    assert server.messages == [expected]


def test_false_checksums_are_dropped(server, peer, count):
    assoc = peer.associate(server.port)
    good = bytes(Packet(*assoc.ports, assoc.tag, (assoc.data(b"true"),)))
    for n in range(count):
        bit = 1 << n % 32
        bad = int.from_bytes(good[8:12], "big") ^ bit
        peer.send(good[:8] + bad.to_bytes(4, "big") + good[12:-4] + b"lie!")
    peer.send(good)
    server.wait(lambda: server.messages)
    assert server.messages == [b"true"]


def test_error_is_reported(server, peer):
    assoc = peer.associate(server.port)
    assoc_id = server.one()[1]
    assoc.send(Chunk(ChunkTypes.ERROR, packets.tlv(0x1234, b"a cause")))
    notif = server.wait_for(sctp.SCTP_REMOTE_ERROR)
    assert (notif["sre_error"], notif["sre_assoc_id"]) == (0x1234, assoc_id)


def test_peer_restarts_again_and_again(server, peer, count):
    assoc = peer.associate(server.port)
    assoc_id = server.one()[1]
    for n in range(count // 50):
        assoc = peer.associate(server.port, ports=assoc.ports, tag=n + 2)
        notif = server.wait_for_state(sctp.SCTP_RESTART)
        assert notif["sac_assoc_id"] == assoc_id
        assoc.send(assoc.data(b"%d" % n))
        server.wait(lambda: server.messages)
        assert server.messages.pop() == b"%d" % n


def test_peer_cannot_restart_from_elsewhere(server, peer):
    """Otherwise anyone who knows the ports of an association could take it over."""
    assoc = peer.associate(server.port)
    address = packets.tlv(5, socket.inet_aton("10.1.0.101"))
    peer.send(peer.init(assoc.ports, 2, address))
    cause = assoc.receive(ChunkTypes.ABORT).value
    restart = ErrorCause.RESTART_WITH_NEW_ADDRESSES
    assert packets.pad(cause) == packets.tlv(restart, address)
    assoc.send(assoc.data(b"still there"))
    server.wait(lambda: server.messages == [b"still there"])
    states = [notif.get("sac_state") for notif in server.notifs]
    assert states.count(sctp.SCTP_COMM_UP) == 1
    assert not {sctp.SCTP_RESTART, sctp.SCTP_COMM_LOST}.intersection(states)


def test_streams_that_do_not_exist(server, peer):
    assoc = peer.associate(server.port, streams=10)
    for sid in 10, STREAMS:
        assoc.send(assoc.data(b"nowhere", sid))
        cause = assoc.receive(ChunkTypes.ERROR).value
        invalid = ErrorCause.INVALID_STREAM_IDENTIFIER
        assert cause == packets.tlv(invalid, struct.pack("!HH", sid, 0))
    assoc.send(assoc.data(b"somewhere", 9))
    server.wait(lambda: server.messages)
    assert server.messages == [b"somewhere"]


def data_without_data(assoc):
    return assoc.data(b"")


def sack_of_the_future(assoc):
    return assoc.sack(0x10000, 1000)


@pytest.mark.parametrize(
    "violate, code",
    [
        (data_without_data, ErrorCause.NO_USER_DATA),
        (sack_of_the_future, ErrorCause.PROTOCOL_VIOLATION),
    ],
)
def test_violation_ends_the_association(server, peer, violate, code):
    """Both sides are told the cause."""
    assoc = peer.associate(server.port)
    assoc_id = server.one()[1]
    assoc.send(violate(assoc))
    cause = assoc.receive(ChunkTypes.ABORT).value
    assert cause[:2] == struct.pack("!H", code)
    lost = server.wait_for_state(sctp.SCTP_COMM_LOST)
    assert (lost["sac_assoc_id"], lost["sac_error"]) == (assoc_id, code)


def test_gaps_in_nothing(server, peer):
    """The peer acknowledges pieces of data that was never sent. The kernel ignores
    that."""
    assoc = peer.associate(server.port)
    tsn = struct.pack("!I", assoc.host_tsn - 1 & 0xFFFFFFFF)
    gaps = struct.pack("!IHHHHHH", 0x10000, 2, 0, 1, 5, 7, 60_000)
    assoc.send(Chunk(ChunkTypes.SACK, tsn + gaps), assoc.data(b"behind it"))
    server.wait(lambda: server.messages == [b"behind it"])


def test_thousands_of_fragments(server, peer, count):
    """Each has one byte. The peer sends those again for which there was no room."""
    assoc = peer.associate(server.port)
    message = random.randbytes(count)
    first, last = assoc.tsn, count - 1
    deadline = time.monotonic() + 60 + count / 100
    for at in range(0, count, 50):
        ends = range(at, min(at + 50, count))
        batch = [
            # The last fragment asks for a SACK without delay (RFC 7053).
            assoc.data(
                message[n : n + 1],
                flags=(n == ends[-1]) << 3 | (n == 0) << 1 | (n == last),
            )
            for n in ends
        ]
        acknowledged = at
        while acknowledged <= ends[-1]:
            assert time.monotonic() < deadline
            peer.forget()
            assoc.send(*batch)
            server.serve()
            sack = assoc.receive(ChunkTypes.SACK).value
            acknowledged = struct.unpack_from("!I", sack)[0] - first + 1
    server.wait(lambda: server.messages)
    assert server.messages == [message]


@pytest.mark.parametrize("backwards", [False, True])
def test_tiny_fragments(server, peer, backwards):
    assoc = peer.associate(server.port)
    message = bytes(range(200))
    last = len(message) - 1
    chunks = [
        assoc.data(message[n : n + 1], flags=(n == 0) << 1 | (n == last))
        for n in range(len(message))
    ]
    batches = [chunks[n : n + 50] for n in range(0, len(chunks), 50)]
    for batch in reversed(batches) if backwards else batches:
        assoc.send(*batch)
    server.wait(lambda: server.messages)
    assert server.messages == [message]


def begin_message(server, peer):
    """Sends fragments that fill the receive buffer, without the last fragment."""
    assoc = peer.associate(server.port)
    server.one()
    for n in range(100):
        assoc.send(*(assoc.data(b"x", flags=2 * (n == i == 0)) for i in range(50)))
    server.wait(lambda: server.pieces)
    assert server.messages == []
    return assoc


def test_message_is_broken_off_for_another_that_is_given_up(server, peer, kernel_fact):
    """Linux does not check which message FORWARD-TSN means. It reports the loss."""
    assoc = peer.associate(server.port, parameters=PARTIAL_RELIABILITY)
    sock, _ = server.one()
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_PARTIAL_DELIVERY_POINT, 100)
    given_up = assoc.data(b"never sent", sid=1)
    assoc.send(assoc.data(b"x" * 500, flags=2))
    server.wait(lambda: server.pieces)
    skipped = given_up.value[:8]  # with its TSN, stream and number
    assoc.send(Chunk(ChunkTypes.FORWARD_TSN, skipped))
    server.wait_for(
        sctp.SCTP_PARTIAL_DELIVERY_EVENT,
        pdapi_indication=sctp.SCTP_PARTIAL_DELIVERY_ABORTED,
    )
    assoc.send(assoc.data(b"x" * 500, flags=1))
    assoc.send(assoc.data(b"the next", sid=2))
    server.wait(lambda: server.messages)
    assert server.messages == [b"the next"]
    kernel_fact("forward-tsn-of-another", True)


def test_message_without_end(server, peer):
    begin_message(server, peer)


@pytest.mark.parametrize("server", [SOCK_SEQPACKET], ids=["one-to-many"], indirect=True)
def test_message_without_end_holds_up_others_by_default(
    server, peer, make_socket, kernel_fact
):
    """The message blocks them until its association ends."""
    server.sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, 0)
    assoc = begin_message(server, peer)
    client = make_socket(AF_INET, SOCK_STREAM)
    client.connect(server.sock.getsockname())
    client.send(b"waiting")

    def is_acknowledged():
        status = sctp.sctp_status()
        status = client.getsockopt(IPPROTO_SCTP, sctp.SCTP_STATUS, status)
        return status["sstat_unackdata"] == status["sstat_penddata"] == 0

    server.wait(is_acknowledged)
    server.serve()
    assert server.messages == []
    kernel_fact("unfinished-message-blocks-others", True)
    assoc.send(ABORT)
    server.wait(lambda: server.messages == [b"waiting"])


def test_window_stays_closed(server, peer, wait_for):
    """The sender waits as long as its timeout says."""
    assoc = peer.associate(server.port, window=1500)
    sock, assoc_id = server.one()
    sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 10_000)
    info = sctp_sndinfo(snd_assoc_id=assoc_id)
    sock.sctp_sendv([bytes(1000)], None, info)
    assoc.receive(ChunkTypes.DATA)
    assoc.send(assoc.sack(0, 1))

    def is_acknowledged():
        status = sctp.sctp_status(sstat_assoc_id=assoc_id)
        status = sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_STATUS, status)
        return status["sstat_unackdata"] == 0

    wait_for(is_acknowledged)
    with pytest.raises(BlockingIOError):
        for _ in range(1000):
            sock.sctp_sendv([bytes(1000)], None, info, MSG_DONTWAIT)
    sock.settimeout(0.2)
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        sock.sctp_sendv([bytes(1000)], None, info)
    assert 0.2 <= time.monotonic() - start < 5
    sock.settimeout(10)
    assoc.send(Chunk(ChunkTypes.ABORT))


# The end


CAUSES = [(ErrorCause.USER_INITIATED_ABORT, b"because"), (0x1234, b"1234")]
ABORT = Chunk(ChunkTypes.ABORT, b"".join(packets.tlv(*cause) for cause in CAUSES))


def shut_down(sock, assoc_id):
    if sock.type == SOCK_STREAM:
        sock.shutdown(SHUT_WR)
    else:
        info = sctp_sndinfo(snd_assoc_id=assoc_id, snd_flags=sctp.SCTP_EOF)
        sock.sctp_sendv([b""], None, info)


@pytest.mark.parametrize(
    "state",
    [
        "ESTABLISHED",
        "SHUTDOWN_PENDING",
        "SHUTDOWN_SENT",
        "SHUTDOWN_RECEIVED",
        "SHUTDOWN_ACK_SENT",
    ],
)
def test_abort_in_each_state(server, peer, wait_for, state):
    assoc = peer.associate(server.port)
    sock, assoc_id = server.one()
    if state in ("SHUTDOWN_PENDING", "SHUTDOWN_RECEIVED"):
        sock.sctp_sendv(
            [b"not acknowledged"], None, sctp_sndinfo(snd_assoc_id=assoc_id)
        )
    if state in ("SHUTDOWN_PENDING", "SHUTDOWN_SENT"):
        shut_down(sock, assoc_id)
    if state in ("SHUTDOWN_RECEIVED", "SHUTDOWN_ACK_SENT"):
        tsn = struct.pack("!I", assoc.host_tsn - 1 & 0xFFFFFFFF)
        assoc.send(Chunk(ChunkTypes.SHUTDOWN, tsn))

    def find_state():
        status = sctp.sctp_status(sstat_assoc_id=assoc_id)
        try:
            status = sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_STATUS, status)
        except OSError:
            return None
        return sctp.AssociationState(status["sstat_state"]).name

    # The kernel may take its time with a packet.
    wait_for(lambda: find_state() == state)
    assoc.send(ABORT)
    wait_for(lambda: find_state() is None)
    notif = server.wait_for_state(sctp.SCTP_COMM_LOST)
    assert notif["sac_assoc_id"] == assoc_id
    assert notif["sac_error"] == ErrorCause.USER_INITIATED_ABORT
    causes = error_causes(notif)
    assert [
        (code, data[: len(want)])
        for (code, data), (_, want) in zip(causes, CAUSES, strict=True)
    ] == CAUSES


@pytest.mark.parametrize("type", TYPES, ids=["one-to-one", "one-to-many"])
@pytest.mark.parametrize("state", ["COOKIE_WAIT", "COOKIE_ECHOED"])
def test_abort_while_it_is_set_up(make_watcher, peer, type, state):
    sock = make_watcher(type)
    ports = peer.ports(sock.getsockname()[1])
    sock.settimeout(0)
    with suppress(BlockingIOError):
        sock.connect((PEER, ports[0]))
    first = peer.receive(ChunkTypes.INIT, ports).chunk(ChunkTypes.INIT)
    assoc = Association(peer, ports, packets.Init.parse(first.value).tag, 1, 1)
    if state == "COOKIE_ECHOED":
        init = packets.Init(1, 0x10000, 5, 5, 1, {packets.STATE_COOKIE: b"cookie"})
        assoc.send(Chunk(ChunkTypes.INIT_ACK, bytes(init)))
        assoc.receive(ChunkTypes.COOKIE_ECHO)
    assoc.send(ABORT)
    sock.settimeout(10)
    data, *_, flags = sock.sctp_recvv(0x1000)
    assert flags == MSG_NOTIFICATION | MSG_EOR
    notif = parse_notification(data)
    assert notif["sac_state"] == sctp.SCTP_CANT_STR_ASSOC
    assert notif["sac_error"] == ErrorCause.USER_INITIATED_ABORT


# Junk


def chunk_samples(assoc, rng):
    """One chunk of each type, as well-formed as it can be without its context."""
    tsn = struct.pack("!I", assoc.tsn)
    address = packets.tlv(5, socket.inet_aton("10.1.0.101"))
    asconf = address + packets.tlv(0xC001, tsn + address)
    init = bytes(packets.Init(7, 0x10000, 5, 5, 1, {packets.STATE_COOKIE: b"cook"}))
    return [
        Chunk(ChunkTypes.DATA, tsn + bytes(8) + b"data", 3),
        Chunk(ChunkTypes.INIT, init + address),
        Chunk(ChunkTypes.INIT_ACK, init),
        Chunk(ChunkTypes.SACK, tsn + struct.pack("!IHHHHI", 9999, 1, 1, 2, 3, 4)),
        Chunk(ChunkTypes.HEARTBEAT, packets.tlv(1, b"beat")),
        Chunk(ChunkTypes.HEARTBEAT_ACK, packets.tlv(1, rng.randbytes(40))),
        ABORT,
        Chunk(ChunkTypes.SHUTDOWN, tsn),
        Chunk(ChunkTypes.SHUTDOWN_ACK),
        Chunk(ChunkTypes.ERROR, ABORT.value),
        Chunk(ChunkTypes.COOKIE_ECHO, rng.randbytes(64)),
        Chunk(ChunkTypes.COOKIE_ACK),
        Chunk(ChunkTypes.ECN_ECHO, tsn),
        Chunk(ChunkTypes.CWR, tsn),
        Chunk(ChunkTypes.SHUTDOWN_COMPLETE),
        Chunk(ChunkTypes.AUTH, struct.pack("!HH", 0, 1) + rng.randbytes(20)),
        Chunk(ChunkTypes.I_DATA, tsn + bytes(12) + b"data", 3),
        Chunk(ChunkTypes.ASCONF_ACK, tsn + packets.tlv(0xC003, tsn + address)),
        Chunk(
            ChunkTypes.RE_CONFIG,
            packets.tlv(13, tsn * 3 + bytes(4)) + packets.tlv(17, tsn + bytes(4)),
        ),
        Chunk(ChunkTypes.PAD, bytes(8)),
        Chunk(ChunkTypes.FORWARD_TSN, tsn + bytes(8)),
        Chunk(ChunkTypes.ASCONF, tsn + asconf),
        Chunk(ChunkTypes.I_FORWARD_TSN, tsn + bytes(16)),
    ]


# Support of the other extensions too, but AUTH.
EXTENSIONS = PARTIAL_RELIABILITY + packets.tlv(
    0x8008, bytes([0x40, 0x80, 0x82, 0xC0, 0xC1, 0xC2])
)


def raw_packet(assoc, body):
    """A packet with a correct checksum and wrong chunks."""
    head = struct.pack("!HHI", *assoc.ports, assoc.tag)
    checksum = packets.crc32c(head + bytes(4) + body)
    return head + struct.pack("<I", checksum) + body


class Attack:
    """Sends random packets in associations. When an association ends, it uses
    another."""

    def __init__(self, server, peer):
        self._server, self._peer = server, peer
        self.assoc = None
        self.associations = 0

    def renew(self):
        self.assoc = self._peer.associate(self._server.port, parameters=EXTENSIONS)
        self._server.wait_for_state(sctp.SCTP_COMM_UP)
        self.associations += 1

    def samples(self, rng):
        """Valid chunks of a living association, to be changed."""
        if self.assoc is None:
            self.renew()
        return chunk_samples(self.assoc, rng)

    def send(self, body):
        if self.assoc is None:
            self.renew()
        self._peer.send(raw_packet(self.assoc, body))
        self._server.serve()
        if any(
            notif["sn_type"] == sctp.SCTP_SHUTDOWN_EVENT
            or (
                notif["sn_type"] == sctp.SCTP_ASSOC_CHANGE
                and notif["sac_state"] != sctp.SCTP_COMM_UP
            )
            for notif in self._server.notifs
        ):
            # Associations that survive a restart or a SHUTDOWN must not pile up.
            self.assoc.send(ABORT)
            self._server.leave()
            self.assoc = None
        self._server.notifs.clear()


def test_truncated_and_lying_chunks(server, peer):
    """Chunks are cut at each length. The length field is that of the whole chunk,
    that of the piece, or another."""
    attack = Attack(server, peer)
    sizes = [len(bytes(chunk)) for chunk in attack.samples(random)]
    for sample, size in enumerate(sizes):
        for cut in range(1, size + 1):
            whole = bytes(attack.samples(random)[sample])
            attack.send(whole[:cut])
            if cut >= 4:
                attack.send(whole[:2] + struct.pack("!H", cut) + whole[4:cut])
        for lie in 0, 1, 3, 4, 5, size - 1, size + 1, size + 4, 0xFFFF:
            attack.send(whole[:2] + struct.pack("!H", lie) + whole[4:])
    server.messages.clear()


def mutate(data, rng):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 8])):
        at = rng.randrange(len(data))
        how = rng.randrange(5)
        if how == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            data[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
        elif how == 2:
            data[at:at] = rng.randbytes(rng.choice([1, 4, 8]))
        elif how == 3 and len(data) > 8:
            del data[at : at + rng.choice([1, 4, 8])]
            data = data or bytearray(4)
        else:
            data[at : at + 2] = struct.pack("!H", rng.choice([0, 3, 4, 0xFFFF, at]))
    return bytes(data[:1400])


def test_mutations_of_valid_packets(server, peer, count):
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    attack = Attack(server, peer)
    kinds = collections.Counter()
    for _ in range(count):
        chunks = rng.choices(attack.samples(rng), k=rng.choice([1, 1, 2, 3]))
        kinds.update(chunk.type for chunk in chunks)
        attack.send(mutate(b"".join(map(bytes, chunks)), rng))
    print(f"{count} mutations in {attack.associations} associations: {dict(kinds)}")
    server.messages.clear()


def test_mutations_of_what_a_client_gets(make_watcher, peer, count):
    """The client gets a wrong answer to its INIT, and then an ABORT. It only learns
    that there is no association."""
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    answer = packets.Init(1, 0x10000, 5, 5, 1, {packets.STATE_COOKIE: b"cookie"})
    answer = bytes(Chunk(ChunkTypes.INIT_ACK, bytes(answer) + EXTENSIONS))
    outcomes = collections.Counter()
    for _ in range(count // 4):
        with make_watcher(SOCK_STREAM) as sock:
            ports = peer.ports(sock.getsockname()[1])
            sock.settimeout(0)
            with suppress(BlockingIOError):
                sock.connect((PEER, ports[0]))
            first = peer.receive(ChunkTypes.INIT, ports).chunk(ChunkTypes.INIT)
            assoc = Association(peer, ports, packets.Init.parse(first.value).tag, 1, 1)
            peer.send(raw_packet(assoc, mutate(answer, rng)))
            assoc.send(ABORT)
            sock.settimeout(10)
            state = None
            while state not in (sctp.SCTP_CANT_STR_ASSOC, sctp.SCTP_COMM_LOST):
                data, *_, flags = sock.sctp_recvv(0x1000)
                assert flags == MSG_NOTIFICATION | MSG_EOR
                notif = parse_notification(data)
                assert describe_notification(notif)
                state = notif.get("sac_state")
            outcomes[notif["sac_error"], sock.getsockopt(SOL_SOCKET, SO_ERROR)] += 1
    print(outcomes)
    assert {error for _, error in outcomes} <= {0, errno.ECONNREFUSED}
