"""The effect of each socket option between two hosts, seen on the wire."""

import ctypes
import errno
import itertools
import os
import select
import socket
import struct
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import (
    AF_INET,
    AF_INET6,
    MSG_EOR,
    SOCK_SEQPACKET,
    SOCK_STREAM,
)
from typing import NamedTuple

import pytest

import sctp
from sctp import IPPROTO_SCTP, ChunkTypes, sctp_paddrparams, sctp_rtoinfo, sctp_sndinfo

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.linux,
]

DATA, INIT, SACK, HEARTBEAT = (
    ChunkTypes.DATA,
    ChunkTypes.INIT,
    ChunkTypes.SACK,
    ChunkTypes.HEARTBEAT,
)
# From Linux's headers. The module socket does not have them.
ETH_P_ALL, ETH_P_IP, ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
PACKET_OUTGOING = 4
SO_TIMESTAMPNS = 35
UDP_PORT = 9899
SYSCTLS = {
    "sctp.auth_enable": 1,
    "sctp.addip_enable": 1,
    "sctp.addip_noauth_enable": 1,
    "sctp.reconf_enable": 1,
    "sctp.intl_enable": 1,
    "sctp.udp_port": UDP_PORT,
    # IPv6 addresses stay if the wire is down, and are usable at once.
    "ipv6.conf.all.keep_addr_on_down": 1,
    "ipv6.conf.all.accept_dad": 0,
    "ipv6.conf.default.accept_dad": 0,
}
libc = ctypes.CDLL(None, use_errno=True)


# The laboratory: two hosts with two wires between them


def run(*words, commands=()):
    text = "\n".join(commands)
    subprocess.run(words, input=text, text=True, check=True, capture_output=True)


class Host:
    """A network namespace."""

    def __init__(self, name, number):
        self.name = name
        self.number = number
        self.repairs = []

    def run(self, program, *commands):
        run(program, "-n", self.name, "-batch", "-", commands=commands)

    @contextmanager
    def entered(self):
        """Sockets that are made inside belong to that host for ever."""
        outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        inside = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            assert libc.setns(inside, 0) == 0, os.strerror(ctypes.get_errno())
            yield
        finally:
            assert libc.setns(outside, 0) == 0
            os.close(inside)
            os.close(outside)

    def sysctl(self, **settings):
        with self.entered():
            for name, value in settings.items():
                Path("/proc/sys/net", name.replace(".", "/")).write_text(str(value))

    def address(self, wire=1, port=0, family=AF_INET):
        if family == AF_INET:
            return (f"10.10{wire}.0.{self.number}", port)
        return (f"fd10:{wire}::{self.number}", port, 0, 0)

    def addresses(self, homes, port=0, family=AF_INET):
        return [self.address(wire + 1, port, family) for wire in range(homes)]

    def lose(self, wire=1):
        """All packets that this host sends are lost from now on."""
        self.impair(wire, "loss 100%")

    def delay(self, milliseconds, wire=1):
        """The packets that this host sends are delayed so long."""
        self.impair(wire, f"delay {milliseconds}ms")

    def impair(self, wire, how):
        self.run("tc", f"qdisc replace dev wire{wire} root netem {how}")
        self.repairs.append(("tc", f"qdisc del dev wire{wire} root"))

    def unplug(self, wire):
        self.run("ip", f"link set wire{wire} down")
        self.repairs.append(("ip", f"link set wire{wire} up"))

    def add_address(self, address, wire=1):
        self.run("ip", f"address add {address}/24 dev wire{wire}")
        self.repairs.append(("ip", f"address del {address}/24 dev wire{wire}"))

    def repair(self):
        while self.repairs:
            self.run(*self.repairs.pop())


@pytest.fixture(scope="module")
def hosts():
    hosts = [Host(f"sctp-{os.getpid()}-{number}", number) for number in (1, 2)]
    names = [host.name for host in hosts]
    try:
        run("ip", "-batch", "-", commands=[f"netns add {name}" for name in names])
        hosts[0].run(
            "ip",
            *(
                f"link add {wire} type veth peer name {wire} netns {names[1]}"
                for wire in ("wire1", "wire2")
            ),
        )
        for host in hosts:
            host.sysctl(**SYSCTLS)
            for wire in (1, 2):
                # Without segmentation offload, each sent packet arrives as one packet.
                host.run(
                    "ip",
                    f"address add {host.address(wire)[0]}/24 dev wire{wire}",
                    f"address add {host.address(wire, 0, AF_INET6)[0]}/64"
                    f" dev wire{wire} nodad",
                    f"link set wire{wire} up gso_max_size 1500",
                )
        yield hosts
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False)


class Chunk(NamedTuple):
    type: int
    flags: int
    body: bytes


class Packet(NamedTuple):
    """A packet with SCTP, as the first host sees it."""

    time: float
    is_outgoing: bool
    wire: str
    source: str
    target: str
    traffic_class: int
    flow_label: int
    udp_ports: tuple
    chunks: list

    def has(self, *types):
        return any(chunk.type in types for chunk in self.chunks)


def parse_ip(data):
    """(source, target, traffic class, flow label, protocol, payload)."""
    if data[0] >> 4 == 4:
        length = struct.unpack_from("!H", data, 2)[0]
        source, target = (socket.inet_ntoa(data[at : at + 4]) for at in (12, 16))
        return source, target, data[1], 0, data[9], data[(data[0] & 15) * 4 : length]
    (word,) = struct.unpack_from("!I", data)
    source, target = (socket.inet_ntop(AF_INET6, data[at : at + 16]) for at in (8, 24))
    return source, target, word >> 20 & 255, word & 0xFFFFF, data[6], data[40:]


def parse_chunks(data):
    while len(data) >= 4:
        type, flags, length = struct.unpack_from("!BBH", data)
        yield Chunk(type, flags, data[4:length])
        data = data[(length + 3) & ~3 :]


class Sniffer:
    """The SCTP packets on the wires of a host, from or to a port."""

    def __init__(self, host, port):
        self.port = port
        self.packets = []
        with host.entered():
            self.sock = socket.socket(
                socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)
            )
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def receive(self, timeout):
        """Reads one packet, if there is one."""
        if not select.select([self.sock], [], [], timeout)[0]:
            return False
        data, [(_, _, stamp)], _, address = self.sock.recvmsg(1 << 16, 64)
        if address[1] in (ETH_P_IP, ETH_P_IPV6):
            *head, protocol, payload = parse_ip(data)
            udp_ports = ()
            if protocol == socket.IPPROTO_UDP:
                udp_ports, payload = struct.unpack_from("!HH", payload), payload[8:]
            elif protocol != IPPROTO_SCTP:
                return True
            if self.port not in struct.unpack_from("!HH", payload):
                return True
            seconds, nanoseconds = struct.unpack("qq", stamp)
            when = seconds + nanoseconds / 1e9
            is_outgoing, wire = address[2] == PACKET_OUTGOING, address[0]
            chunks = list(parse_chunks(payload[12:]))
            self.packets.append(
                Packet(when, is_outgoing, wire, *head, udp_ports, chunks)
            )
        return True

    def find(self, *types, outgoing=True):
        """The packets so far that have a chunk of these types."""
        while self.receive(0):
            pass
        return [
            packet
            for packet in self.packets
            if packet.is_outgoing == outgoing and packet.has(*types)
        ]

    def wait_for(self, count, *types, outgoing=True):
        """The first so many packets that have a chunk of these types."""
        deadline = time.monotonic() + 15
        while len(found := self.find(*types, outgoing=outgoing)) < count:
            assert self.receive(deadline - time.monotonic()), found
        return found[:count]

    def chunks(self, *types, outgoing=True):
        return [
            chunk
            for packet in self.find(*types, outgoing=outgoing)
            for chunk in packet.chunks
            if chunk.type in types
        ]


class Laboratory:
    def __init__(self, hosts, make_socket):
        self.here, self.there = hosts
        self.make_socket = make_socket
        self.opened = []

    def close(self):
        for thing in self.opened:
            thing.close()
        for host in (self.here, self.there):
            host.repair()

    def socket(self, host, type=SOCK_STREAM, family=AF_INET, homes=1):
        with host.entered():
            sock = self.make_socket(family, type, timeout=15)
        addresses = host.addresses(homes, family=family)
        sock.sctp_bindx(addresses, sctp.SCTP_BINDX_ADD_ADDR)
        return sock

    def pair(self, homes=1, type=SOCK_STREAM, family=AF_INET, before=None):
        """Connected sockets on both hosts. With SOCK_SEQPACKET, also the identifier
        of the association here, and the listening socket there. prepare gets both
        sockets before they connect."""
        listener = self.socket(self.there, type, family, homes)
        client = self.socket(self.here, type, family, homes)
        if before is not None:
            before(client, listener)
        listener.listen(5)
        port = listener.getsockname()[1]
        addresses = self.there.addresses(homes, port, family)
        assoc_id = client.sctp_connectx(addresses, assoc_id=True)
        if type == SOCK_SEQPACKET:
            wait_until(
                lambda: get(client, sctp.sctp_status(sstat_assoc_id=assoc_id)), OSError
            )
            return client, assoc_id, listener
        return client, self.accept(listener)

    def accept(self, listener):
        sock, _ = listener.accept()
        self.opened.append(sock)
        sock.settimeout(15)
        return sock

    def sniff(self, sock):
        sniffer = Sniffer(self.here, sock.getsockname()[1])
        self.opened.append(sniffer.sock)
        return sniffer


@pytest.fixture
def lab(hosts, make_socket):
    laboratory = Laboratory(hosts, make_socket)
    yield laboratory
    laboratory.close()


def put(sock, option, name=None):
    """Sets an option: the first one of its class, or the named one."""
    number = option.__optname__ if name is None else getattr(sctp, name)
    sock.setsockopt(IPPROTO_SCTP, number, option)


def get(sock, option, name=None):
    number = option.__optname__ if name is None else getattr(sctp, name)
    return sock.getsockopt(IPPROTO_SCTP, number, option)


def wait_until(condition, *errors):
    deadline = time.monotonic() + 15
    while True:
        with suppress(*errors):
            if condition():
                return
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for_paths(sock, *addresses):
    """Waits until heartbeats have confirmed the peer's addresses."""
    for address in addresses:
        path = sctp.sctp_paddrinfo(spinfo_address=address)
        wait_until(
            lambda path=path: get(sock, path)["spinfo_state"] == sctp.SCTP_ACTIVE
        )


def subscribe(sock, *types):
    for type in types:
        put(sock, sctp.sctp_event(se_type=type, se_on=1))


def gaps(packets):
    """The times between the packets, in seconds."""
    return [after.time - before.time for before, after in itertools.pairwise(packets)]


def set_timeouts(sock, milliseconds):
    put(
        sock,
        sctp_rtoinfo(
            srto_initial=milliseconds, srto_max=milliseconds, srto_min=milliseconds
        ),
    )


# Setting up an association


def test_number_of_streams_is_what_both_agree_on(lab):
    def before(client, listener):
        put(client, sctp.sctp_initmsg(sinit_num_ostreams=7, sinit_max_instreams=3))
        put(listener, sctp.sctp_initmsg(sinit_num_ostreams=9, sinit_max_instreams=4))

    client, server = lab.pair(before=before)
    for sock, streams in ((client, (4, 3)), (server, (3, 4))):
        status = get(sock, sctp.sctp_status())
        assert (status["sstat_outstrms"], status["sstat_instrms"]) == streams
    client.sctp_sendv([b"the last stream"], None, sctp_sndinfo(snd_sid=3))
    assert server.recv(100) == b"the last stream"
    with pytest.raises(OSError, match="Invalid argument"):
        client.sctp_sendv([b"one too many"], None, sctp_sndinfo(snd_sid=4))


def test_init_is_repeated_as_often_and_as_late_as_told(lab):
    client = lab.socket(lab.here)
    put(client, sctp_rtoinfo(srto_initial=300, srto_min=300))
    put(client, sctp.sctp_initmsg(sinit_max_attempts=2, sinit_max_init_timeo=450))
    lab.there.lose()
    sniffer = lab.sniff(client)
    with pytest.raises(TimeoutError) as raised:
        client.connect(lab.there.address(port=9))
    assert raised.value.errno == errno.ETIMEDOUT
    first, second = gaps(sniffer.find(INIT))
    assert 0.28 < first < 0.43
    # It doubles, up to the limit.
    assert 0.43 < second < 0.58


@pytest.mark.parametrize(("milliseconds", "is_stale"), [(100, True), (60_000, False)])
def test_cookie_lives_as_long_as_told(lab, milliseconds, is_stale):
    def before(client, listener):
        put(listener, sctp.sctp_assocparams(sasoc_cookie_life=milliseconds))
        lab.here.delay(300)
        sniffers.append(lab.sniff(client))

    sniffers = []
    with suppress(ConnectionError):
        lab.pair(before=before)
    errors = sniffers[0].chunks(ChunkTypes.ERROR, outgoing=False)
    causes = [int.from_bytes(chunk.body[:2], "big") for chunk in errors]
    assert (sctp.ErrorCause.STALE_COOKIE in causes) == is_stale


def extensions(init):
    """What the sender of an INIT supports: the types of its parameters, and the
    chunk types in its list of extensions."""
    found, data = set(), init.body[16:]
    while len(data) >= 4:
        type, length = struct.unpack_from("!HH", data)
        found |= {type, *(data[4:length] if type == 0x8008 else b"")}
        data = data[(length + 3) & ~3 :]
    return found


@pytest.mark.parametrize("is_on", [0, 1], ids=["off", "on"])
@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("SCTP_ECN_SUPPORTED", 0x8000),
        ("SCTP_PR_SUPPORTED", 0xC000),
        ("SCTP_AUTH_SUPPORTED", ChunkTypes.AUTH),
        ("SCTP_ASCONF_SUPPORTED", ChunkTypes.ASCONF),
        ("SCTP_RECONFIG_SUPPORTED", ChunkTypes.RE_CONFIG),
        ("SCTP_INTERLEAVING_SUPPORTED", ChunkTypes.I_DATA),
    ],
)
def test_switch_shows_in_the_init(lab, name, sign, is_on):
    def before(client, listener):
        for sock in (client, listener):
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, 1)
            put(sock, sctp.sctp_assoc_value(assoc_value=1 - is_on), name)
            put(sock, sctp.sctp_assoc_value(assoc_value=is_on), name)
        sniffers.append(lab.sniff(client))

    sniffers = []
    for sock in lab.pair(before=before):
        assert get(sock, sctp.sctp_assoc_value(), name)["assoc_value"] == is_on
    (init,) = sniffers[0].chunks(INIT)
    assert (sign in extensions(init)) == bool(is_on)


def test_adaptation_layer_is_told_to_the_peer(lab):
    def before(client, listener):
        put(client, sctp.sctp_setadaptation(ssb_adaptation_ind=0x01020304))
        subscribe(listener, sctp.SCTP_ADAPTATION_INDICATION)

    _, server = lab.pair(before=before)
    event = sctp.parse_notification(server.recv(100))
    assert event["sn_type"] == sctp.SCTP_ADAPTATION_INDICATION
    assert event["sai_adaptation_ind"] == 0x01020304


def test_association_goes_through_udp(lab):
    def before(client, _):
        put(client, sctp.sctp_udpencaps(sue_port=UDP_PORT))
        sniffers.append(lab.sniff(client))

    sniffers = []
    client, server = lab.pair(before=before)
    client.send(b"in UDP")
    assert server.recv(100) == b"in UDP"
    assert get(server, sctp.sctp_udpencaps())["sue_port"] == UDP_PORT
    sniffers[0].find(DATA)
    ports = {packet.udp_ports for packet in sniffers[0].packets}
    assert ports == {(UDP_PORT, UDP_PORT)}


def test_port_may_be_shared_by_one_that_listens_and_others(lab):
    with lab.there.entered():
        socks = [lab.make_socket(AF_INET, SOCK_STREAM) for _ in range(3)]
    listener, *others = socks
    for sock in socks:
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_REUSE_PORT, 1)
    listener.bind(lab.there.address())
    for sock in others:
        sock.bind(listener.getsockname())
    listener.listen(5)
    with pytest.raises(OSError) as raised:
        others[0].listen(5)
    assert raised.value.errno == errno.EADDRINUSE
    peer = lab.socket(lab.here)
    peer.listen(5)
    others[1].connect(peer.getsockname())
    assert lab.accept(peer).getpeername() == listener.getsockname()
    client = lab.socket(lab.here)
    client.connect(listener.getsockname())
    assert lab.accept(listener).getpeername() == client.getsockname()


def test_port_is_not_shared_unasked(lab):
    listener = lab.socket(lab.there)
    with lab.there.entered():
        other = lab.make_socket(AF_INET, SOCK_STREAM)
    with pytest.raises(OSError) as raised:
        other.bind(listener.getsockname())
    assert raised.value.errno == errno.EADDRINUSE


@pytest.mark.parametrize("is_mapped", [1, 0])
def test_ipv4_address_on_an_ipv6_socket(lab, is_mapped):
    listener = lab.socket(lab.there)
    listener.listen(5)
    with lab.here.entered():
        client = lab.make_socket(AF_INET6, SOCK_STREAM)
    client.setsockopt(IPPROTO_SCTP, sctp.SCTP_I_WANT_MAPPED_V4_ADDR, is_mapped)
    address = listener.getsockname()
    client.sctp_connectx([address])
    mapped = (f"::ffff:{address[0]}", address[1], 0, 0)
    expected = mapped if is_mapped else address
    assert client.sctp_getpaddrs() == (expected,)
    status = get(client, sctp.sctp_status())
    assert status["sstat_primary"]["spinfo_address"] == expected


# Timers


@pytest.mark.parametrize("milliseconds", [200, 600])
def test_data_is_repeated_after_the_timeout(lab, milliseconds):
    client, _ = lab.pair(before=lambda client, _: set_timeouts(client, milliseconds))
    lab.there.lose()
    sniffer = lab.sniff(client)
    client.send(b"?")
    seconds = milliseconds / 1000
    for gap in gaps(sniffer.wait_for(3, DATA)):
        assert seconds - 0.02 < gap < seconds + 0.35


def test_timeout_grows_to_its_maximum(lab):
    def before(client, _):
        put(client, sctp_rtoinfo(srto_initial=200, srto_min=200, srto_max=500))

    client, _ = lab.pair(before=before)
    lab.there.lose()
    sniffer = lab.sniff(client)
    client.send(b"?")
    first, second, third = gaps(sniffer.wait_for(4, DATA))
    assert 0.18 < first < second - 0.1
    assert 0.48 < third < 0.9


def test_association_fails_after_so_many_repetitions(lab):
    client, _ = lab.pair(before=lambda client, _: set_timeouts(client, 200))
    put(client, sctp.sctp_assocparams(sasoc_asocmaxrxt=2))
    subscribe(client, sctp.SCTP_ASSOC_CHANGE)
    lab.there.lose()
    sniffer = lab.sniff(client)
    client.send(b"?")
    event = sctp.parse_notification(client.recv(1000))
    assert event["sac_state"] == sctp.SCTP_COMM_LOST
    assert len(sniffer.find(DATA)) == 1 + 2


@pytest.mark.parametrize("milliseconds", [200, 600])
def test_heartbeats_come_as_often_as_told(lab, milliseconds):
    client, _ = lab.pair(before=lambda client, _: set_timeouts(client, 200))
    sniffer = lab.sniff(client)
    flags = sctp.SPP_HB_ENABLE
    put(client, sctp_paddrparams(spp_hbinterval=milliseconds, spp_flags=flags))
    # Plus the timeout, with a jitter of half of it (RFC 9260, section 8.3).
    seconds = milliseconds / 1000
    for gap in gaps(sniffer.wait_for(3, HEARTBEAT)):
        assert seconds + 0.05 < gap < seconds + 0.45


def test_heartbeats_may_follow_the_timeout_alone(lab):
    client, _ = lab.pair(before=lambda client, _: set_timeouts(client, 200))
    sniffer = lab.sniff(client)
    flags = sctp.SPP_HB_ENABLE | sctp.SPP_HB_TIME_IS_ZERO
    put(client, sctp_paddrparams(spp_hbinterval=60_000, spp_flags=flags))
    assert get(client, sctp_paddrparams())["spp_hbinterval"] == 0
    assert all(0.05 < gap < 0.6 for gap in gaps(sniffer.wait_for(3, HEARTBEAT)))


def test_heartbeats_of_one_path_are_switched_off(lab):
    client, server = lab.pair(2, before=lambda client, _: set_timeouts(client, 200))
    port = server.getsockname()[1]
    for wire, flags in ((1, sctp.SPP_HB_DISABLE), (2, sctp.SPP_HB_ENABLE)):
        put(
            client,
            sctp_paddrparams(
                spp_address=lab.there.address(wire, port),
                spp_hbinterval=200,
                spp_flags=flags,
            ),
        )
    sniffer = lab.sniff(client)
    wires = {packet.wire for packet in sniffer.wait_for(4, HEARTBEAT)}
    assert wires == {"wire2"}


def test_heartbeat_on_demand(lab):
    client, server = lab.pair(2)
    put(client, sctp_paddrparams(spp_flags=sctp.SPP_HB_DISABLE))
    sniffer = lab.sniff(client)
    address = lab.there.address(2, server.getsockname()[1])
    put(client, sctp_paddrparams(spp_address=address, spp_flags=sctp.SPP_HB_DEMAND))
    (packet,) = sniffer.wait_for(1, HEARTBEAT)
    assert packet.target == address[0]


def test_idle_association_closes_itself(lab):
    def before(client, _):
        client.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTOCLOSE, 1)
        sniffers.append(lab.sniff(client))

    sniffers = []
    client, *_ = lab.pair(type=SOCK_SEQPACKET, before=before)
    (up,) = sniffers[0].wait_for(1, ChunkTypes.COOKIE_ECHO)
    (down,) = sniffers[0].wait_for(1, ChunkTypes.SHUTDOWN)
    assert 0.98 < down.time - up.time < 2
    wait_until(lambda: client.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_NUMBER) == 0)


@pytest.mark.parametrize(
    ("option", "gap"),
    [
        (sctp.sctp_sack_info(sack_freq=1), 0),
        (sctp.sctp_sack_info(sack_delay=500, sack_freq=2), 0.5),
        (sctp_paddrparams(spp_flags=sctp.SPP_SACKDELAY_DISABLE), 0),
        (
            sctp_paddrparams(spp_flags=sctp.SPP_SACKDELAY_ENABLE, spp_sackdelay=450),
            0.45,
        ),
    ],
    ids=["each", "delayed", "path-each", "path-delayed"],
)
def test_acknowledgement_waits_as_long_as_told(lab, option, gap):
    client, server = lab.pair()
    put(server, option)
    # The first one is always acknowledged at once.
    client.send(b"1")
    wait_until(lambda: get(client, sctp.sctp_status())["sstat_unackdata"] == 0)
    sniffer = lab.sniff(client)
    client.send(b"2")
    (data,) = sniffer.wait_for(1, DATA)
    (sack,) = sniffer.wait_for(1, SACK, outgoing=False)
    assert gap - 0.02 < sack.time - data.time < gap + 0.15


def test_every_nth_packet_is_acknowledged(lab):
    client, server = lab.pair()
    put(server, sctp.sctp_sack_info(sack_delay=500, sack_freq=4))
    client.send(b"1")
    wait_until(lambda: get(client, sctp.sctp_status())["sstat_unackdata"] == 0)
    sniffer = lab.sniff(client)
    for _ in range(4):
        client.send(b"?")
    (sack,) = sniffer.wait_for(1, SACK, outgoing=False)
    *_, last = sniffer.wait_for(4, DATA)
    assert 0 <= sack.time - last.time < 0.3


# Paths


def test_traffic_goes_to_the_primary_address(lab):
    client, server = lab.pair(2)
    sniffer = lab.sniff(client)
    port = server.getsockname()[1]
    for wire in (2, 1, 2):
        address = lab.there.address(wire, port)
        put(client, sctp.sctp_setprim(ssp_addr=address))
        assert get(client, sctp.sctp_setprim())["ssp_addr"] == address
        client.send(b"?")
        server.recv(1)
    wires = [packet.wire for packet in sniffer.wait_for(3, DATA)]
    assert wires == ["wire2", "wire1", "wire2"]


def test_peer_is_asked_for_another_primary_address(lab):
    def before(_, listener):
        set_timeouts(listener, 200)

    def is_primary(address):
        return get(server, sctp.sctp_setprim())["ssp_addr"] == address

    client, server = lab.pair(2, before=before)
    port = client.getsockname()[1]
    wait_for_paths(server, *lab.here.addresses(2, port))
    sniffer = lab.sniff(client)
    for wire in (2, 1):
        address = lab.here.address(wire, port)
        put(client, sctp.sctp_setpeerprim(sspp_addr=address))
        wait_until(lambda address=address: is_primary(address))
        server.send(b"?")
        client.recv(1)
    packets = sniffer.wait_for(2, DATA, outgoing=False)
    assert [packet.wire for packet in packets] == ["wire2", "wire1"]


def test_path_fails_and_recovers_with_its_wire(lab):
    def before(client, _):
        set_timeouts(client, 300)
        flags = sctp.SPP_HB_ENABLE
        put(
            client,
            sctp_paddrparams(spp_pathmaxrxt=1, spp_hbinterval=100, spp_flags=flags),
        )
        subscribe(client, sctp.SCTP_PEER_ADDR_CHANGE)

    client, server = lab.pair(2, before=before)
    address = lab.there.address(1, server.getsockname()[1])
    put(client, sctp.sctp_setprim(ssp_addr=address))

    def wait_for_state(state):
        while True:
            event = sctp.parse_notification(client.recv(1000))
            if (event["spc_aaddr"], event["spc_state"]) == (address, state):
                return get(client, sctp.sctp_paddrinfo(spinfo_address=address))

    lab.there.unplug(1)
    client.send(b"by the other wire")
    assert server.recv(100) == b"by the other wire"
    path = wait_for_state(sctp.SCTP_ADDR_UNREACHABLE)
    assert path["spinfo_state"] == sctp.SCTP_INACTIVE
    sniffer = lab.sniff(client)
    client.send(b"at once")
    assert server.recv(100) == b"at once"
    assert sniffer.wait_for(1, DATA)[0].wire == "wire2"
    lab.there.repair()
    path = wait_for_state(sctp.SCTP_ADDR_AVAILABLE)
    assert path["spinfo_state"] == sctp.SCTP_ACTIVE


@pytest.mark.parametrize("failures", [1, 3])
def test_path_fails_after_so_many_heartbeats(lab, failures):
    def before(client, _):
        set_timeouts(client, 200)
        flags = sctp.SPP_HB_ENABLE
        put(client, sctp_paddrparams(spp_hbinterval=50, spp_flags=flags))
        put(client, sctp.sctp_paddrthlds(spt_pathmaxrxt=failures))
        subscribe(client, sctp.SCTP_PEER_ADDR_CHANGE)

    client, server = lab.pair(2, before=before)
    address = lab.there.address(2, server.getsockname()[1])
    assert get(client, sctp_paddrparams())["spp_pathmaxrxt"] == failures
    lab.there.lose(2)
    sniffer = lab.sniff(client)
    state = None
    while state != sctp.SCTP_ADDR_UNREACHABLE:
        event = sctp.parse_notification(client.recv(1000))
        if event["spc_aaddr"] == address:
            state = event["spc_state"]
    sent = [packet for packet in sniffer.find(HEARTBEAT) if packet.wire == "wire2"]
    assert failures + 1 <= len(sent) <= failures + 2


@pytest.mark.parametrize("is_exposed", [False, True])
def test_path_may_fail_potentially(lab, is_exposed):
    """The limits are 1 failure for potentially failed, 2 for another primary path,
    and 4 for the end. The states between are shown if asked for."""

    def before(client, _):
        set_timeouts(client, 200)
        flags = sctp.SPP_HB_ENABLE
        put(client, sctp_paddrparams(spp_hbinterval=50, spp_flags=flags))
        thresholds = {"spt_pathmaxrxt": 4, "spt_pathpfthld": 1, "spt_pathcpthld": 2}
        put(client, sctp.sctp_paddrthlds_v2(**thresholds))
        expose = sctp.sctp_assoc_value(assoc_value=2 if is_exposed else 1)
        put(client, expose, "SCTP_EXPOSE_POTENTIALLY_FAILED_STATE")

    client, server = lab.pair(2, before=before)
    first, second = lab.there.addresses(2, server.getsockname()[1])
    wait_for_paths(client, first, second)
    put(client, sctp.sctp_setprim(ssp_addr=first))
    subscribe(client, sctp.SCTP_PEER_ADDR_CHANGE)
    lab.here.lose(1)
    events = []
    while events[-1:] != [(first, sctp.SCTP_ADDR_UNREACHABLE)]:
        event = sctp.parse_notification(client.recv(1000))
        events.append((event["spc_aaddr"], event["spc_state"]))
    assert events == [
        *([(first, sctp.SCTP_ADDR_POTENTIALLY_FAILED)] if is_exposed else []),
        (second, sctp.SCTP_ADDR_MADE_PRIM),
        (first, sctp.SCTP_ADDR_UNREACHABLE),
    ]
    assert get(client, sctp.sctp_setprim())["ssp_addr"] == second


def test_smoothed_round_trip_is_measured(lab, kernel_fact):
    lab.there.delay(150)
    client, server = lab.pair()
    client.send(b"?")
    wait_until(lambda: get(client, sctp.sctp_status())["sstat_unackdata"] == 0)
    path = get(client, sctp.sctp_status())["sstat_primary"]
    assert 15 <= path["spinfo_srtt"] < 1000
    if path["spinfo_srtt"] < 150:
        kernel_fact("smoothed-round-trip", "ticks")
    assert path["spinfo_address"] == server.getsockname()


def test_new_address_of_the_host_joins_the_association(lab):
    with lab.here.entered():
        client = lab.make_socket(AF_INET, SOCK_STREAM)
    client.bind(("", 0))
    client.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTO_ASCONF, 1)
    listener = lab.socket(lab.there)
    listener.listen(5)
    client.connect(listener.getsockname())
    server = lab.accept(listener)
    address = ("10.101.0.77", client.getsockname()[1])
    assert address not in server.sctp_getpaddrs()
    lab.here.add_address(address[0])
    wait_until(lambda: address in server.sctp_getpaddrs())
    lab.here.repair()
    wait_until(lambda: address not in server.sctp_getpaddrs())


def test_path_mtu_is_probed(lab):
    """With the shortest interval that the kernel accepts."""
    client, _ = lab.pair(
        before=lambda client, _: put(client, sctp.sctp_probeinterval(spi_interval=5000))
    )
    sniffer = lab.sniff(client)
    (probe, *_) = sniffer.wait_for(2, ChunkTypes.PAD)
    assert [chunk.type for chunk in probe.chunks] == [HEARTBEAT, ChunkTypes.PAD]


# Sizes and marks of packets


def test_fixed_path_mtu_limits_packets(lab):
    client, server = lab.pair()
    sniffer = lab.sniff(client)
    flags = sctp.SPP_PMTUD_DISABLE
    put(client, sctp_paddrparams(spp_flags=flags, spp_pathmtu=800))
    # Without the headers of IP, SCTP and the chunk.
    assert get(client, sctp.sctp_assoc_value())["assoc_value"] == 800 - 20 - 12 - 16 - 8
    client.send(bytes(2000))
    assert len(server.recv(3000)) == 2000
    sizes = [len(chunk.body) for chunk in sniffer.chunks(DATA)]
    assert len(sizes) == 3
    assert max(sizes) <= 800 - 20 - 12 - 4


def test_fragments_are_as_large_as_told(lab):
    client, server = lab.pair()
    sniffer = lab.sniff(client)
    put(client, sctp.sctp_assoc_value(assoc_value=500))
    assert get(client, sctp.sctp_status())["sstat_fragmentation_point"] == 500
    client.send(bytes(1600))
    assert len(server.recv(3000)) == 1600
    sizes = [len(chunk.body) - 12 for chunk in sniffer.chunks(DATA)]
    assert sizes == [500, 500, 500, 100]


def test_fragments_may_be_forbidden(lab):
    client, server = lab.pair()
    client.setsockopt(IPPROTO_SCTP, sctp.SCTP_DISABLE_FRAGMENTS, 1)
    with pytest.raises(OSError) as raised:
        client.send(bytes(2000))
    assert raised.value.errno == errno.EMSGSIZE
    client.setsockopt(IPPROTO_SCTP, sctp.SCTP_DISABLE_FRAGMENTS, 0)
    client.send(bytes(2000))
    assert len(server.recv(3000)) == 2000


@pytest.mark.parametrize("family", [AF_INET, AF_INET6], ids=["ipv4", "ipv6"])
def test_packets_carry_a_traffic_class(lab, family):
    client, server = lab.pair(family=family)
    sniffer = lab.sniff(client)
    put(client, sctp_paddrparams(spp_flags=sctp.SPP_DSCP, spp_dscp=0xB8))
    client.send(b"?")
    server.recv(1)
    (packet,) = sniffer.wait_for(1, DATA)
    assert packet.traffic_class & 0xFC == 0xB8


def test_packets_carry_a_flow_label(lab):
    def before(client, _):
        flags = sctp.SPP_IPV6_FLOWLABEL
        put(client, sctp_paddrparams(spp_flags=flags, spp_ipv6_flowlabel=0x12345))

    client, server = lab.pair(family=AF_INET6, before=before)
    sniffer = lab.sniff(client)
    client.send(b"?")
    server.recv(1)
    (packet,) = sniffer.wait_for(1, DATA)
    assert packet.flow_label == 0x12345


@pytest.mark.parametrize("nodelay", [0, 1])
def test_small_messages_wait_for_each_other(lab, nodelay):
    client, server = lab.pair()
    client.setsockopt(IPPROTO_SCTP, sctp.SCTP_NODELAY, nodelay)
    # Until the SACK, data is in flight.
    lab.there.delay(300)
    sniffer = lab.sniff(client)
    for _ in range(4):
        client.send(b"?")
    for _ in range(4):
        server.recv(1)
    counts = [len(packet.chunks) for packet in sniffer.find(DATA)]
    assert counts == ([1, 1, 1, 1] if nodelay else [1, 3])


def test_burst_is_limited(lab):
    first_flights = []
    for packets in (1, 2, 4):
        client, _ = lab.pair()
        put(client, sctp.sctp_assoc_value(assoc_value=packets), "SCTP_MAX_BURST")
        lab.there.delay(300)
        sniffer = lab.sniff(client)
        client.send(bytes(15_000))
        (sack,) = sniffer.wait_for(1, SACK, outgoing=False)
        flight = [packet for packet in sniffer.find(DATA) if packet.time < sack.time]
        first_flights.append(len(flight))
        lab.there.repair()
    # A last packet may go beyond the limit (RFC 9260, section 6.1, rule B).
    assert first_flights == [2, 3, 4]


# Streams


RECONFIGURATION = (
    sctp.SCTP_STREAM_RESET_EVENT,
    sctp.SCTP_ASSOC_RESET_EVENT,
    sctp.SCTP_STREAM_CHANGE_EVENT,
)


@pytest.fixture
def reconfigurable(lab):
    """Two sockets that may reset and add streams. The first one gets notifications."""

    def before(client, listener):
        everything = (
            sctp.SCTP_ENABLE_RESET_STREAM_REQ
            | sctp.SCTP_ENABLE_RESET_ASSOC_REQ
            | sctp.SCTP_ENABLE_CHANGE_ASSOC_REQ
        )
        for sock in (client, listener):
            enable = sctp.sctp_assoc_value(assoc_value=everything)
            put(sock, enable, "SCTP_ENABLE_STREAM_RESET")
        subscribe(client, *RECONFIGURATION)

    return lab.pair(before=before)


def exchange(client, server, *streams):
    """Sends a message on each stream. Returns them in the order of their arrival."""
    for stream in streams:
        client.sctp_sendv([b"?"], None, sctp_sndinfo(snd_sid=stream))
    infos = [server.sctp_recvv(1)[2] for _ in streams]
    wait_until(lambda: get(client, sctp.sctp_status())["sstat_unackdata"] == 0)
    return infos


def numbers(client, server, *streams):
    return [info["rcv_ssn"] for info in exchange(client, server, *streams)]


@pytest.mark.parametrize("direction", ["outgoing", "incoming"])
@pytest.mark.parametrize(
    ("streams", "after"), [((1,), [0, 2]), ((), [0, 0]), ([2, 1], [0, 0])]
)
def test_reset_streams_begin_anew(reconfigurable, direction, streams, after):
    client, server = reconfigurable
    assert numbers(client, server, 1, 2, 1, 2) == [0, 0, 1, 1]
    flags = getattr(sctp, f"SCTP_STREAM_RESET_{direction.upper()}")
    requester = client if direction == "outgoing" else server
    put(
        requester,
        sctp.sctp_reset_streams(srs_flags=flags, srs_stream_list=streams),
    )
    event = sctp.parse_notification(client.recv(1000))
    assert event["sn_type"] == sctp.SCTP_STREAM_RESET_EVENT
    assert event["strreset_flags"] & sctp.SCTP_STREAM_RESET_OUTGOING_SSN
    assert sorted(event["strreset_stream_list"]) == sorted(streams)
    assert numbers(client, server, 1, 2) == after


def test_reset_association_begins_anew(reconfigurable):
    client, server = reconfigurable
    *_, before = exchange(client, server, 1, 1)
    client.setsockopt(IPPROTO_SCTP, sctp.SCTP_RESET_ASSOC, 0)
    event = sctp.parse_notification(client.recv(1000))
    assert event["sn_type"] == sctp.SCTP_ASSOC_RESET_EVENT
    (after,) = exchange(client, server, 1)
    assert (before["rcv_ssn"], after["rcv_ssn"]) == (1, 0)
    assert after["rcv_tsn"] == event["assocreset_remote_tsn"]
    assert after["rcv_tsn"] != before["rcv_tsn"] + 1


def test_added_streams_carry_data(reconfigurable):
    client, server = reconfigurable
    with pytest.raises(OSError):
        client.sctp_sendv([b"?"], None, sctp_sndinfo(snd_sid=14))
    put(client, sctp.sctp_add_streams(sas_outstrms=5))
    event = sctp.parse_notification(client.recv(1000))
    assert event["sn_type"] == sctp.SCTP_STREAM_CHANGE_EVENT
    assert event["strchange_outstrms"] == 5
    put(client, sctp.sctp_add_streams(sas_instrms=3))
    event = sctp.parse_notification(client.recv(1000))
    assert event["strchange_instrms"] == 3
    assert get(client, sctp.sctp_status())["sstat_outstrms"] == 15
    assert get(client, sctp.sctp_status())["sstat_instrms"] == 13
    assert exchange(client, server, 14)[0]["rcv_sid"] == 14
    assert exchange(server, client, 12)[0]["rcv_sid"] == 12


def test_reset_needs_to_be_enabled(lab):
    client, _ = lab.pair()
    for value in (
        sctp.sctp_reset_streams(srs_flags=sctp.SCTP_STREAM_RESET_OUTGOING),
        sctp.sctp_add_streams(sas_outstrms=1),
    ):
        with pytest.raises(OSError) as raised:
            put(client, value)
        assert raised.value.errno == errno.ENOPROTOOPT


@pytest.mark.parametrize(
    ("scheduler", "weights", "order"),
    [
        ("FCFS", {}, [1, 1, 1, 2, 2, 2, 3, 3, 3]),
        ("PRIO", {1: 3, 2: 2, 3: 1}, [3, 3, 3, 2, 2, 2, 1, 1, 1]),
        ("RR", {}, [1, 2, 3, 1, 2, 3, 1, 2, 3]),
    ],
)
def test_scheduler_reorders_what_waits(lab, scheduler, weights, order):
    client, server = lab.pair()
    code = getattr(sctp, f"SCTP_SS_{scheduler}")
    put(client, sctp.sctp_assoc_value(assoc_value=code), "SCTP_STREAM_SCHEDULER")
    for stream, value in weights.items():
        put(client, sctp.sctp_stream_value(stream_id=stream, stream_value=value))
    # More than the first flight, so that the rest waits for a SACK.
    lab.there.delay(300)
    client.send(bytes(8000))
    for stream in (1, 1, 1, 2, 2, 2, 3, 3, 3):
        client.sctp_sendv([b"?"], None, sctp_sndinfo(snd_sid=stream))
    assert len(server.recv(9000)) == 8000
    assert [server.sctp_recvv(1)[2]["rcv_sid"] for _ in range(9)] == order


@pytest.mark.parametrize("is_on", [0, 1], ids=["off", "on"])
def test_messages_of_two_streams_interleave(lab, is_on):
    """With I-DATA, a small message does not have to wait for a large one before it."""

    def before(client, listener):
        for sock in (client, listener):
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, 1)
            value = sctp.sctp_assoc_value(assoc_value=is_on)
            put(sock, value, "SCTP_INTERLEAVING_SUPPORTED")
        value = sctp.sctp_assoc_value(assoc_value=sctp.SCTP_SS_RR)
        put(client, value, "SCTP_STREAM_SCHEDULER")

    client, server = lab.pair(before=before)
    lab.there.delay(200)
    sniffer = lab.sniff(client)
    client.sctp_sendv([bytes(20_000)], None, sctp_sndinfo(snd_sid=1))
    client.sctp_sendv([b"small"], None, sctp_sndinfo(snd_sid=2))
    sizes = [len(server.recv(30_000)) for _ in range(2)]
    assert sizes == ([5, 20_000] if is_on else [20_000, 5])
    assert bool(sniffer.find(ChunkTypes.I_DATA)) == bool(is_on)
    assert bool(sniffer.find(DATA)) != bool(is_on)


# Receiving


@pytest.mark.parametrize("point", [0, 3000])
def test_large_message_is_delivered_in_part(lab, point):
    client, server = lab.pair()
    server.setsockopt(IPPROTO_SCTP, sctp.SCTP_PARTIAL_DELIVERY_POINT, point)
    lab.there.delay(200)
    client.send(bytes(20_000))
    data, *_, flags = server.sctp_recvv(30_000)
    if point == 0:
        assert (len(data), flags) == (20_000, MSG_EOR)
    else:
        assert point <= len(data) < 20_000
        assert not flags & MSG_EOR
        while not flags & MSG_EOR:
            more, *_, flags = server.sctp_recvv(30_000)
            data += more
        assert len(data) == 20_000


@pytest.mark.parametrize("level", [0, 1])
def test_messages_of_two_associations_interleave(lab, level):
    """On level 0, other associations wait while one is in a partial delivery."""
    listener = lab.socket(lab.there, SOCK_SEQPACKET, homes=2)
    listener.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, level)
    listener.setsockopt(IPPROTO_SCTP, sctp.SCTP_PARTIAL_DELIVERY_POINT, 2000)
    listener.listen(5)
    port = listener.getsockname()[1]
    clients = []
    for wire in (1, 2):
        with lab.here.entered():
            client = lab.make_socket(AF_INET, SOCK_STREAM)
        client.bind(lab.here.address(wire))
        client.connect(lab.there.address(wire, port))
        clients.append(client)
    slow, fast = clients
    lab.there.delay(300, wire=1)
    slow.send(bytes(20_000))
    parts = [listener.recv(500)]
    fast.send(b"fast")
    while parts.count(b"fast") == 0 or sum(map(len, parts)) < 20_004:
        parts.append(listener.recv(30_000))
    assert (parts[-1] == b"fast") == (level == 0)


def test_context_comes_with_every_message(lab):
    client, server = lab.pair()
    put(server, sctp.sctp_assoc_value(assoc_value=0xFEDCBA98), "SCTP_CONTEXT")
    (info,) = exchange(client, server, 0)
    assert info["rcv_context"] == 0xFEDCBA98


@pytest.mark.parametrize("rcvinfo", [0, 1])
@pytest.mark.parametrize("nxtinfo", [0, 1])
def test_infos_come_as_asked_for(lab, rcvinfo, nxtinfo):
    client, server = lab.pair()
    server.setsockopt(IPPROTO_SCTP, sctp.SCTP_RECVRCVINFO, rcvinfo)
    server.setsockopt(IPPROTO_SCTP, sctp.SCTP_RECVNXTINFO, nxtinfo)
    for data in (b"first", b"second"):
        client.send(data)
    wait_until(lambda: get(client, sctp.sctp_status())["sstat_unackdata"] == 0)
    *_, infotype, _ = server.sctp_recvv(100)
    expected = {
        (0, 0): sctp.SCTP_RECVV_NOINFO,
        (1, 0): sctp.SCTP_RECVV_RCVINFO,
        (0, 1): sctp.SCTP_RECVV_NXTINFO,
        (1, 1): sctp.SCTP_RECVV_RN,
    }
    assert infotype == expected[rcvinfo, nxtinfo]


def test_notifications_come_as_subscribed(lab):
    client, server = lab.pair()
    for is_on in (1, 0):
        event = sctp.sctp_event(se_type=sctp.SCTP_SENDER_DRY_EVENT, se_on=is_on)
        put(server, event)
        exchange(server, client, 0)
        client.send(b"data")
        if is_on:
            event = sctp.parse_notification(server.recv(100))
            assert event["sn_type"] == sctp.SCTP_SENDER_DRY_EVENT
        while (data := server.recv(100)) != b"data":
            assert is_on, data


# Sending


def test_messages_go_out_with_the_defaults(lab):
    client, server = lab.pair()
    info = {"snd_sid": 3, "snd_flags": sctp.SCTP_UNORDERED, "snd_ppid": 0x01020304}
    put(client, sctp.sctp_default_sndinfo(**info))
    client.send(b"?")
    arrived = server.sctp_recvv(10)[2]
    assert arrived["rcv_sid"] == 3
    assert arrived["rcv_ppid"] == 0x01020304
    assert arrived["rcv_flags"] & sctp.SCTP_UNORDERED


def test_default_lifetime_abandons_messages(lab):
    def abandoned(name="SCTP_PR_ASSOC_STATUS", **select):
        status = get(client, sctp.sctp_prstatus(**select), name)
        return status["sprstat_abandoned_unsent"] + status["sprstat_abandoned_sent"]

    client, server = lab.pair(before=lambda client, _: set_timeouts(client, 300))
    ttl, every = sctp.SCTP_PR_SCTP_TTL, sctp.SCTP_PR_SCTP_ALL
    lab.here.lose()
    for stream in (1, 1, 2):
        put(client, sctp.sctp_default_sndinfo(snd_sid=stream))
        # Linux forgets the policy with every new sndinfo.
        put(client, sctp.sctp_default_prinfo(pr_policy=ttl, pr_value=100))
        client.send(b"late")
    wait_until(lambda: abandoned(sprstat_policy=every) == 3)
    assert abandoned(sprstat_policy=ttl) == 3
    assert abandoned(sprstat_policy=sctp.SCTP_PR_SCTP_PRIO) == 0
    for stream, count in ((0, 0), (1, 2), (2, 1)):
        select = {"sprstat_sid": stream, "sprstat_policy": ttl}
        assert abandoned("SCTP_PR_STREAM_STATUS", **select) == count
    put(client, sctp.sctp_default_prinfo())
    lab.here.repair()
    client.send(b"in time")
    assert server.recv(100) == b"in time"


def test_status_counts_what_is_under_way(lab):
    client, server = lab.pair()
    before = get(client, sctp.sctp_status())
    lab.here.lose()
    client.send(b"lost")
    client.send(b"lost")
    status = get(client, sctp.sctp_status())
    assert status["sstat_unackdata"] == 2
    assert status["sstat_rwnd"] == before["sstat_rwnd"] - 8
    # The third tells the peer that the other two are missing.
    lab.here.repair()
    client.send(b"here")
    wait_until(lambda: get(server, sctp.sctp_status())["sstat_penddata"] == 2)


def test_statistics_count(lab):
    client, server = lab.pair(before=lambda client, _: set_timeouts(client, 300))
    put(server, sctp.sctp_sack_info(sack_freq=1))
    before = get(client, sctp.sctp_assoc_stats())
    exchange(client, server, 0, 1)
    unordered = sctp_sndinfo(snd_flags=sctp.SCTP_UNORDERED)
    client.sctp_sendv([b"?"], None, unordered)
    server.recv(1)
    wait_until(lambda: get(client, sctp.sctp_status())["sstat_unackdata"] == 0)
    exchange(server, client, 0)
    after = get(client, sctp.sctp_assoc_stats())
    counted = {key: after[key] - before[key] for key in after if "addr" not in key}
    assert counted["sas_oodchunks"] == 2
    assert counted["sas_ouodchunks"] == 1
    assert counted["sas_iodchunks"] == 1
    assert counted["sas_isacks"] == 3
    assert counted["sas_opackets"] >= 3
    assert counted["sas_ipackets"] >= 4
    assert counted["sas_rtxchunks"] == counted["sas_idupchunks"] == 0
    # A message that is repeated without a SACK arrives twice.
    lab.there.lose()
    sniffer = lab.sniff(client)
    client.send(b"?")
    sniffer.wait_for(2, DATA)
    lab.there.repair()
    wait_until(lambda: get(client, sctp.sctp_status())["sstat_unackdata"] == 0)
    after = get(client, sctp.sctp_assoc_stats())
    assert after["sas_rtxchunks"] - before["sas_rtxchunks"] >= 1
    # Linux counts in ticks of the kernel, which are 1 to 10 milliseconds.
    assert 30 <= after["sas_maxrto"] <= 300
    assert after["sas_obs_rto_ipaddr"] == server.getsockname()
    assert get(server, sctp.sctp_assoc_stats())["sas_idupchunks"] >= 1


# Authentication


def set_key(sock, number, key):
    put(sock, sctp.sctp_authkey(sca_keynumber=number, sca_key=key))


def use_key(sock, number, key):
    set_key(sock, number, key)
    put(sock, sctp.sctp_authkeyid(scact_keynumber=number))


def authenticate_data(*socks):
    for sock in socks:
        put(sock, sctp.sctp_authchunk(sauth_chunk=ChunkTypes.DATA))


def auth_headers(sniffer):
    """The key and the algorithm of each AUTH chunk that was sent."""
    chunks = sniffer.chunks(ChunkTypes.AUTH)
    return [struct.unpack_from("!HH", chunk.body) for chunk in chunks]


@pytest.mark.parametrize(
    ("algorithms", "used"), [((1,), 1), ((3, 1), 3), ((1, 3), 1)], ids=str
)
def test_data_is_authenticated_with_key_and_algorithm(lab, algorithms, used):
    def before(client, listener):
        authenticate_data(client, listener)
        for sock in (client, listener):
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_HMAC_IDENT, algorithms)
            use_key(sock, 5, b"secret")

    client, server = lab.pair(before=before)
    sniffer = lab.sniff(client)
    for name in ("SCTP_PEER_AUTH_CHUNKS", "SCTP_LOCAL_AUTH_CHUNKS"):
        chunks = client.getsockopt(IPPROTO_SCTP, getattr(sctp, name))
        assert ChunkTypes.DATA in chunks["gauth_chunks"]
    client.send(b"?")
    assert server.recv(1) == b"?"
    (packet,) = sniffer.wait_for(1, DATA)
    assert [chunk.type for chunk in packet.chunks] == [ChunkTypes.AUTH, DATA]
    assert auth_headers(sniffer) == [(5, used)]


def test_data_is_not_authenticated_unasked(lab):
    client, server = lab.pair()
    sniffer = lab.sniff(client)
    client.send(b"?")
    server.recv(1)
    assert sniffer.wait_for(1, DATA)
    assert auth_headers(sniffer) == []


def test_wrong_key_drops_the_message(lab, kernel_fact):
    def before(client, listener):
        set_timeouts(client, 300)
        authenticate_data(client, listener)
        use_key(client, 5, b"secret")
        set_key(listener, 5, b"wrong")

    client, server = lab.pair(before=before)
    sniffer = lab.sniff(client)
    client.send(b"?")
    # It is repeated without an answer, so it has arrived.
    sniffer.wait_for(2, DATA)
    server.setblocking(False)
    with pytest.raises(BlockingIOError):
        server.recv(1)
    server.settimeout(15)
    assert sniffer.find(SACK, outgoing=False) == []
    kernel_fact("message-with-a-wrong-key", "dropped")
    set_key(server, 5, b"secret")
    assert server.recv(1) == b"?"


def test_another_key_becomes_active_and_the_old_one_goes(lab):
    def before(client, listener):
        authenticate_data(client, listener)
        for sock in (client, listener):
            use_key(sock, 5, b"secret")
        subscribe(client, sctp.SCTP_AUTHENTICATION_EVENT)

    client, server = lab.pair(before=before)
    sniffer = lab.sniff(client)
    exchange(client, server, 0)
    for sock in (server, client):
        use_key(sock, 6, b"another")
    exchange(client, server, 0)
    assert [number for number, _ in auth_headers(sniffer)] == [5, 6]
    old = sctp.sctp_authkeyid(scact_keynumber=5)
    put(client, old, "SCTP_AUTH_DEACTIVATE_KEY")
    event = sctp.parse_notification(client.recv(100))
    assert event["auth_indication"] == sctp.SCTP_AUTH_FREE_KEY
    assert event["auth_keynumber"] == 5
    put(client, old, "SCTP_AUTH_DELETE_KEY")
    with pytest.raises(OSError):
        put(client, old)
    exchange(client, server, 0)


def test_key_of_one_message(lab):
    def before(client, listener):
        authenticate_data(client, listener)
        for sock in (client, listener):
            set_key(sock, 7, b"for once")

    client, server = lab.pair(before=before)
    sniffer = lab.sniff(client)
    client.sctp_sendv([b"?"], None, sctp.sctp_authinfo(auth_keynumber=7))
    assert server.recv(1) == b"?"
    exchange(client, server, 0)
    assert [number for number, _ in auth_headers(sniffer)] == [7, 0]
