"""What the documentation says about the kernels. The kernels decide it and not our
code, so these tests notice when a page becomes false."""

import asyncio
import contextlib
import errno
import os
import select
import socket
import struct
import time
from socket import (
    AF_INET,
    AF_INET6,
    IP_TOS,
    IPPROTO_IP,
    MSG_DONTWAIT,
    MSG_EOR,
    SHUT_RD,
    SHUT_RDWR,
    SHUT_WR,
    SO_LINGER,
    SO_RCVBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest

import sctp
from sctp import (
    IPPROTO_SCTP,
    MSG_NOTIFICATION,
    parse_notification,
    sctp_paddrparams,
    sctp_sndinfo,
)

pytestmark = [pytest.mark.kernel, pytest.mark.linux]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# Linux's headers have it. The module socket has it only since Python 3.15.
SO_PRIORITY = 12
# After so many seconds, everything that is on its way has arrived.
MOMENT = 0.5


def subscribe(sock, *types):
    for type in types:
        event = sctp.sctp_event(se_assoc_id=sctp.SCTP_ALL_ASSOC, se_type=type, se_on=1)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_EVENT, event)


def abort(sock):
    sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def receive_all(sock):
    """Receives everything until nothing arrives for a moment."""
    received = []
    sock.settimeout(MOMENT)
    with contextlib.suppress(TimeoutError):
        while True:
            received.append(sock.sctp_recvv(1 << 20))
    return received


def fill(sock, assoc_id=0, size=1000):
    """Sends until there is no room. Returns how many messages were sent."""
    how = sctp_sndinfo(snd_assoc_id=assoc_id)
    for sent in range(100_000):
        try:
            sock.sctp_sendv([bytes(size)], info=how, flags=MSG_DONTWAIT)
        except BlockingIOError:
            return sent
    pytest.fail("there is always room")


@pytest.fixture
def make_star(make_socket, ipv4):
    """Makes a one-to-many socket that listens and so many peers of it. Also returns
    the identifiers of their associations."""

    def make(peers, prepare=lambda listener: None):
        listener = make_socket(AF_INET, SOCK_SEQPACKET)
        prepare(listener)
        listener.bind(ipv4.address())
        listener.listen(128)
        others, ids = [], []
        for _ in range(peers):
            others.append(make_socket(AF_INET, SOCK_STREAM))
            others[-1].connect(listener.getsockname())
            others[-1].send(b"?")
            ids.append(listener.sctp_recvv(1)[2]["rcv_assoc_id"])
        return listener, others, ids

    return make


@pytest.fixture
def peeled(make_star):
    """A peeled-off socket and its peer."""

    def prepare(listener):
        subscribe(listener, sctp.SCTP_SHUTDOWN_EVENT)

    listener, (peer,), (assoc_id,) = make_star(1, prepare)
    with listener.sctp_peeloff(assoc_id) as sock:
        sock.settimeout(10)
        yield sock, peer


# Notifications


def test_failed_messages_are_told_after_the_loss(make_star, kernel_fact):
    """In both forms, if the program asks for both."""
    listener, (peer,), (assoc_id,) = make_star(1)
    subscribe(listener, *sctp.NotificationType)
    sent = fill(listener, assoc_id)
    abort(peer)
    while True:
        told = parse_notification(listener.recv(1 << 20))
        if told["sn_type"] == sctp.SCTP_ASSOC_CHANGE:
            break
    told = [parse_notification(data)["sn_type"] for data, *_ in receive_all(listener)]
    assert set(told) == {sctp.SCTP_SEND_FAILED, sctp.SCTP_SEND_FAILED_EVENT}
    assert 0 < told.count(sctp.SCTP_SEND_FAILED_EVENT) <= sent
    assert told.count(sctp.SCTP_SEND_FAILED) == told.count(sctp.SCTP_SEND_FAILED_EVENT)
    kernel_fact("both-forms-of-send-failed", "both")


# Numbers that stand for associations


# An option with its class, the key of the association, and other values. Then the
# options that can also be set for SCTP_CURRENT_ASSOC.
FUTURE_ONLY = [
    ("RTOINFO", "sctp_rtoinfo", "srto_assoc_id", {}),
    ("ASSOCINFO", "sctp_assocparams", "sasoc_assoc_id", {}),
    ("PEER_ADDR_PARAMS", "sctp_paddrparams", "spp_assoc_id", {}),
    ("PEER_ADDR_THLDS", "sctp_paddrthlds", "spt_assoc_id", {}),
    ("REMOTE_UDP_ENCAPS_PORT", "sctp_udpencaps", "sue_assoc_id", {}),
    ("PLPMTUD_PROBE_INTERVAL", "sctp_probeinterval", "spi_assoc_id", {}),
    ("MAXSEG", "sctp_assoc_value", "assoc_id", {}),
    ("PR_SUPPORTED", "sctp_assoc_value", "assoc_id", {}),
    ("EXPOSE_PF_STATE", "sctp_assoc_value", "assoc_id", {}),
]
ALSO_CURRENT = [
    ("DELAYED_SACK", "sctp_sack_info", "sack_assoc_id", {"sack_delay": 100}),
    ("DEFAULT_SNDINFO", "sctp_default_sndinfo", "snd_assoc_id", {}),
    ("DEFAULT_PRINFO", "sctp_default_prinfo", "pr_assoc_id", {}),
    ("EVENT", "sctp_event", "se_assoc_id", {"se_type": sctp.SCTP_ASSOC_CHANGE}),
    ("MAX_BURST", "sctp_assoc_value", "assoc_id", {"assoc_value": 4}),
    ("CONTEXT", "sctp_assoc_value", "assoc_id", {"assoc_value": 4}),
    ("ENABLE_STREAM_RESET", "sctp_assoc_value", "assoc_id", {}),
    ("STREAM_SCHEDULER", "sctp_assoc_value", "assoc_id", {}),
]


def outcome(call, *args):
    try:
        call(*args)
    except OSError as error:
        return error.errno
    return 0


@pytest.mark.parametrize(
    ("option", "cls", "key", "values", "current"),
    [(*row, errno.EINVAL) for row in FUTURE_ONLY] + [(*row, 0) for row in ALSO_CURRENT],
    ids=[row[0] for row in FUTURE_ONLY + ALSO_CURRENT],
)
def test_stand_in_of_an_option(
    make_star, option, cls, key, values, current, kernel_fact
):
    sock, _, ids = make_star(1)
    number = getattr(sctp, f"SCTP_{option}")
    cls = getattr(sctp, cls)

    def put(assoc_id):
        sock.setsockopt(IPPROTO_SCTP, number, cls(**{key: assoc_id}, **values))

    def get(assoc_id):
        sock.getsockopt(IPPROTO_SCTP, number, cls(**{key: assoc_id}, **values))

    for assoc_id in (sctp.SCTP_FUTURE_ASSOC, ids[0]):
        assert (outcome(put, assoc_id), outcome(get, assoc_id)) == (0, 0)
    for assoc_id in (sctp.SCTP_CURRENT_ASSOC, sctp.SCTP_ALL_ASSOC):
        assert outcome(put, assoc_id) == current
        assert outcome(get, assoc_id) == errno.EINVAL
    kernel_fact("reading-all-associations", "EINVAL")


def test_value_of_a_stream_takes_current_associations_alone(make_star):
    sock, _, ids = make_star(1)
    outcomes = {
        assoc_id: outcome(
            sock.setsockopt,
            IPPROTO_SCTP,
            sctp.SCTP_STREAM_SCHEDULER_VALUE,
            sctp.sctp_stream_value(assoc_id=assoc_id),
        )
        for assoc_id in (
            sctp.SCTP_FUTURE_ASSOC,
            sctp.SCTP_CURRENT_ASSOC,
            sctp.SCTP_ALL_ASSOC,
            ids[0],
        )
    }
    assert list(outcomes.values()) == [errno.EINVAL, 0, errno.EINVAL, 0]


# One-to-many sockets


@needs_root
@pytest.mark.parametrize("sndbuf_policy", [0, 1])
def test_peer_that_does_not_read_takes_the_room_of_all(
    own_network, make_star, sndbuf_policy, kernel_fact
):
    own_network.set(sndbuf_policy=sndbuf_policy)
    listener, _, (silent, other) = make_star(2)

    def send():
        how = sctp_sndinfo(snd_assoc_id=other)
        return listener.sctp_sendv([b"?"], info=how, flags=MSG_DONTWAIT)

    assert fill(listener, silent) > 0
    assert select.select([], [listener], [], 0) == ([], [], [])
    kernel_fact("writable-without-room", False)
    if sndbuf_policy == 0:
        with pytest.raises(BlockingIOError):
            send()
        kernel_fact("send-buffer-is-shared", True)
        listener.sctp_peeloff(silent).close()
    assert send() == 1


@pytest.mark.parametrize("interleave", [0, 1])
def test_long_messages_of_several_peers(make_star, interleave, kernel_fact):
    """Without SCTP_FRAGMENT_INTERLEAVE, the first pieces of some messages fill the
    buffer. Then there is no room for the rest of the one that is being delivered."""

    def prepare(listener):
        listener.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, interleave)

    listener, peers, _ = make_star(4, prepare)
    sent = sum(fill(peer, size=100_000) for peer in peers)
    listener.settimeout(20 if interleave else 5)
    ends = 0
    with contextlib.suppress(TimeoutError):
        while ends < sent:
            *_, flags = listener.sctp_recvv(1 << 20)
            ends += bool(flags & MSG_EOR)
    assert (ends == sent) == (interleave == 1)
    levels = "long-messages-at-level-0", "long-messages-at-level-1"
    kernel_fact(levels[interleave], ends == sent)


def test_window_is_that_of_the_buffer_at_the_set_up(make_star, kernel_fact):
    def window(listener, assoc_id):
        value = listener.sctp_opt_info(
            assoc_id, sctp.SCTP_ASSOCINFO, sctp.sctp_assocparams()
        )
        return value["sasoc_local_rwnd"]

    def enlarge(listener):
        listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 400_000)

    before, _, (assoc_id,) = make_star(1, enlarge)
    assert window(before, assoc_id) > 200_000
    after, _, (assoc_id,) = make_star(1)
    enlarge(after)
    assert window(after, assoc_id) < 200_000
    kernel_fact("window-follows-the-buffer", False)


def test_message_to_all_that_finds_no_room_has_reached_some(make_star, kernel_fact):
    listener, peers, _ = make_star(3)
    how = sctp_sndinfo(snd_flags=sctp.SCTP_SENDALL)
    message = bytes(10_000)
    sent = 0
    with pytest.raises(BlockingIOError):
        while True:
            listener.sctp_sendv([message], info=how, flags=MSG_DONTWAIT)
            sent += 1
    for peer in peers:
        for _ in range(sent):
            assert peer.recv(20_000) == message
    surplus = select.select(peers, [], [], 10)[0]
    assert 0 < len(surplus) < len(peers)
    kernel_fact("message-to-all-is-atomic", False)


# The end


def test_no_end_after_own_shutdown(pair, kernel_fact):
    """Only SCTP_ASSOC_CHANGE tells the end, if the program asks for it."""
    client, server = pair
    subscribe(client, sctp.SCTP_ASSOC_CHANGE)
    client.shutdown(SHUT_WR)
    assert server.recv(1) == b""
    server.close()
    data, *_, flags = client.sctp_recvv(100)
    assert flags & MSG_NOTIFICATION
    assert parse_notification(data)["sac_state"] == sctp.SCTP_SHUTDOWN_COMP
    assert receive_all(client) == []
    kernel_fact("end-after-own-shutdown", False)


@pytest.mark.parametrize("call", ["recv", "send"])
def test_no_end_after_a_reset(pair, call, kernel_fact):
    client, server = pair
    abort(server)
    arrival = select.poll()
    arrival.register(client, 0)
    assert arrival.poll(10_000) == [(client.fileno(), select.POLLERR)]
    with pytest.raises(ConnectionResetError):
        client.recv(1) if call == "recv" else client.send(b"?")
    assert receive_all(client) == []
    kernel_fact("error-of-a-loss-comes-again", False)


@needs_root
def test_no_end_after_a_silent_loss(own_network, make_pair):
    own_network.set(rto_min=50, rto_max=100, rto_initial=50)
    own_network.set(association_max_retrans=1)
    client, _ = make_pair()
    own_network.lose(100)
    client.send(b"?")
    with pytest.raises(TimeoutError) as raised:
        client.recv(1)
    assert raised.value.errno == errno.ETIMEDOUT
    assert receive_all(client) == []


def test_own_end_of_both_directions(pair, kernel_fact):
    client, _ = pair
    client.shutdown(SHUT_RDWR)
    assert client.recv(1) == b""
    kernel_fact("end-after-own-shut-rdwr", True)


def test_end_of_a_peeled_off_socket_is_a_notification(peeled, kernel_fact):
    sock, peer = peeled
    peer.close()
    data, *_, flags = sock.sctp_recvv(100)
    assert flags & MSG_NOTIFICATION
    assert parse_notification(data)["sn_type"] == sctp.SCTP_SHUTDOWN_EVENT
    assert receive_all(sock) == []
    kernel_fact("end-of-a-peeled-off-socket", False)


@pytest.mark.parametrize("how", [SHUT_RD, SHUT_RDWR])
def test_own_end_of_a_peeled_off_socket(peeled, how):
    sock, _ = peeled
    sock.shutdown(how)
    assert sock.recv(1) == b""


# What a new socket inherits


def mark_packets(sock):
    sock.setsockopt(IPPROTO_IP, IP_TOS, 0xB8)
    sock.setsockopt(SOL_SOCKET, SO_PRIORITY, 5)
    marks = sctp_paddrparams(spp_flags=sctp.SPP_DSCP, spp_dscp=0x88)
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_ADDR_PARAMS, marks)


def read_marks(sock):
    params = sctp_paddrparams()
    params = sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_ADDR_PARAMS, params)
    traffic_class = sock.getsockopt(IPPROTO_IP, IP_TOS) & 0xFC
    return traffic_class, sock.getsockopt(SOL_SOCKET, SO_PRIORITY), params["spp_dscp"]


def see_marks(kernel_fact, sock):
    traffic_class, priority, dscp = read_marks(sock)
    assert dscp == 0x88
    kernel_fact("new-socket-inherits-tos", traffic_class == 0xB8)
    kernel_fact("new-socket-inherits-priority", priority == 5)


def test_marks_of_an_accepted_socket(make_socket, ipv4, kernel_fact):
    listener, client = (make_socket(AF_INET, SOCK_STREAM) for _ in range(2))
    mark_packets(listener)
    assert read_marks(listener) == (0xB8, 5, 0x88)
    listener.bind(ipv4.address())
    listener.listen()
    client.connect(listener.getsockname())
    with listener.accept()[0] as accepted:
        see_marks(kernel_fact, accepted)


def test_marks_of_a_peeled_off_socket(make_star, kernel_fact):
    listener, _, (assoc_id,) = make_star(1, mark_packets)
    with listener.sctp_peeloff(assoc_id) as peeled:
        see_marks(kernel_fact, peeled)


@needs_root
def test_reconfiguration_switched_on_by_options(own_network, make_socket, kernel_fact):
    listener, client = (make_socket(AF_INET, SOCK_STREAM) for _ in range(2))
    first, second = ("10.1.0.1", 0), ("10.2.0.1", 0)
    listener.bind(first)
    listener.listen()
    on = sctp.sctp_assoc_value(assoc_value=1)
    for sock in listener, client:
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_ASCONF_SUPPORTED, on)
    error = outcome(client.connect, listener.getsockname())
    kernel_fact("reconfiguration-without-authentication", errno.errorcode[error])

    for sock in listener, client:
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_SUPPORTED, on)
    client.connect(listener.getsockname())
    with listener.accept()[0] as accepted:
        status = accepted.sctp_opt_info(sctp.SCTP_STATUS, sctp.sctp_status())
        assoc_id = status["sstat_assoc_id"]
        accepted.sctp_bindx([second], sctp.SCTP_BINDX_ADD_ADDR)
        assert len(accepted.sctp_getladdrs()) == 2
        has_it = len(accepted.sctp_getladdrs(assoc_id)) == 2
        kernel_fact("accepted-socket-inherits-reconfiguration", has_it)
        accepted.sctp_bindx([second], sctp.SCTP_BINDX_REM_ADDR)
        accepted.setsockopt(IPPROTO_SCTP, sctp.SCTP_ASCONF_SUPPORTED, on)
        accepted.sctp_bindx([second], sctp.SCTP_BINDX_ADD_ADDR)
        assert len(accepted.sctp_getladdrs(assoc_id)) == 2


# Addresses


@needs_root
class TestAddressesTold:
    PRIVATE, PRIVATE_6 = "10.1.0.1", "fd00:1::1"
    GLOBAL = "198.51.100.1"

    @pytest.fixture
    def told(self, own_network, make_socket):
        """For a listener with an address of each kind: the addresses that it tells a
        peer, which connects to one of them."""
        own_network.run(f"ip address add {self.GLOBAL}/24 dev dummy0")

        def told(host, bound):
            listener = make_socket(AF_INET6, SOCK_STREAM)
            listener.sctp_bindx(bound, sctp.SCTP_BINDX_ADD_ADDR)
            listener.listen()
            port = listener.getsockname()[1]
            if ":" in host:
                client = make_socket(AF_INET6, SOCK_STREAM)
                client.connect((host, port, 0, 0))
            else:
                client = make_socket(AF_INET, SOCK_STREAM)
                client.connect((host, port))
            addresses = client.sctp_getpaddrs()
            return {address[0].removeprefix("::ffff:") for address in addresses}

        return told

    @pytest.fixture(params=["all", "some"])
    def bound(self, request):
        if request.param == "all":
            return [("::", 0, 0, 0)]
        return [(self.PRIVATE_6, 0, 0, 0), (self.PRIVATE, 0), (self.GLOBAL, 0)]

    @pytest.mark.parametrize(
        ("host", "is_told"), [(PRIVATE, True), (PRIVATE_6, False), (GLOBAL, False)]
    )
    def test_private_ones(self, told, bound, host, is_told, kernel_fact):
        addresses = told(host, bound)
        assert (self.PRIVATE in addresses) == is_told
        kernel_fact("loopback-addresses-are-told", "127.0.0.1" in addresses)
        if not is_told:
            kernel_fact("private-addresses-are-told", self.PRIVATE in addresses)
        assert self.GLOBAL in addresses

    @pytest.mark.parametrize("host", [PRIVATE_6, GLOBAL])
    @pytest.mark.parametrize("policy", [0, 2])
    def test_private_ones_as_the_system_wants_it(
        self, own_network, told, bound, host, policy, kernel_fact
    ):
        own_network.set(addr_scope_policy=policy)
        assert self.PRIVATE in told(host, bound)
        kernel_fact("scope-policy", True)

    def test_those_of_other_devices(self, own_network, make_socket, kernel_fact):
        listener, client = (make_socket(AF_INET, SOCK_STREAM) for _ in range(2))
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client.setsockopt(SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        client.connect(listener.getsockname())
        with listener.accept()[0] as server:
            told = {host for host, _ in server.sctp_getpaddrs()}
        assert told > {"127.0.0.1", "10.1.0.1", "10.2.0.1"}
        kernel_fact("device-limits-told-addresses", False)


# Timers, and data that waits


def test_time_to_connect_by_default(make_socket, kernel_fact):
    sock = make_socket(AF_INET, SOCK_STREAM)
    init = sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG, sctp.sctp_initmsg())
    times = sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO, sctp.sctp_rtoinfo())
    first, longest = times["srto_initial"], init["sinit_max_init_timeo"]
    waits = [min(first * 2**n, longest) for n in range(1 + init["sinit_max_attempts"])]
    assert sum(waits) == 333_000
    kernel_fact("time-to-give-up-a-set-up", f"{sum(waits) // 1000} s")


@needs_root
def test_time_to_connect_has_its_bounds(own_network, make_socket):
    own_network.lose(100)
    sock = make_socket(AF_INET, SOCK_STREAM, timeout=None)
    bounds = sctp.sctp_initmsg(sinit_max_attempts=2, sinit_max_init_timeo=200)
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG, bounds)
    begin = time.monotonic()
    with pytest.raises(TimeoutError):
        sock.connect(("10.1.0.1", 9))
    assert 0.5 < time.monotonic() - begin < 5


@pytest.mark.parametrize(
    ("key", "value", "flag"),
    [
        ("spp_hbinterval", 300, "SPP_HB_ENABLE"),
        ("spp_sackdelay", 300, "SPP_SACKDELAY_ENABLE"),
        ("spp_pathmtu", 1000, "SPP_PMTUD_DISABLE"),
        ("spp_dscp", 0x88, "SPP_DSCP"),
    ],
)
def test_value_of_a_path_needs_its_flag(make_socket, key, value, flag, kernel_fact):
    sock = make_socket(AF_INET, SOCK_STREAM)

    def get():
        params = sctp_paddrparams()
        return sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_ADDR_PARAMS, params)[key]

    def put(**values):
        params = sctp_paddrparams(**values)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_ADDR_PARAMS, params)

    before = get()
    assert before != value
    put(**{key: value})
    assert get() == before
    put(**{key: value, "spp_flags": getattr(sctp, flag)})
    assert get() == value
    kernel_fact("value-without-its-flag", "ignored")


@needs_root
class TestReset:
    @pytest.fixture
    def reset(self, own_network, make_pair):
        """The results of the requests to reset, after a preparation."""
        own_network.set(reconf_enable=1)

        def reset(prepare, *options):
            client, server = make_pair()
            requests = sctp.SCTP_ENABLE_RESET_STREAM_REQ
            requests |= sctp.SCTP_ENABLE_RESET_ASSOC_REQ
            for sock in client, server:
                sock.setsockopt(
                    IPPROTO_SCTP,
                    sctp.SCTP_ENABLE_STREAM_RESET,
                    sctp.sctp_assoc_value(assoc_value=requests),
                )
            prepare(client)
            return [outcome(client.setsockopt, IPPROTO_SCTP, *o) for o in options]

        return reset

    def streams(self, *streams):
        return sctp.SCTP_RESET_STREAMS, sctp.sctp_reset_streams(
            srs_flags=sctp.SCTP_STREAM_RESET_OUTGOING, srs_stream_list=streams
        )

    def test_of_streams_waits_for_what_is_not_sent(
        self, own_network, reset, kernel_fact
    ):
        """It waits for messages on the streams of the request."""

        def prepare(client):
            own_network.lose(100)
            fill(client)

        own_network.run("ip link set lo mtu 1500")  # which also makes the window small
        options = self.streams(0), self.streams(), self.streams(1)
        assert reset(prepare, *options) == [errno.EAGAIN, errno.EAGAIN, 0]
        kernel_fact("reset-of-a-stream-that-waits", "EAGAIN")

    def test_of_the_association_waits_for_what_is_not_acknowledged(
        self, own_network, reset, kernel_fact
    ):
        def prepare(client):
            own_network.lose(100)
            client.send(b"?")

        options = (sctp.SCTP_RESET_ASSOC, 0), self.streams(0)
        assert reset(prepare, *options) == [errno.EAGAIN, 0]
        kernel_fact("reset-of-an-association-that-waits", "EAGAIN")


# asyncio


@needs_root
def test_streams_of_asyncio_join_messages(own_network, make_pair):
    own_network.set(rto_min=50, rto_max=200, rto_initial=100)
    own_network.set(association_max_retrans=1000, path_max_retrans=1000)
    client, server = make_pair()
    own_network.lose(100)
    fill(client)
    for sock in (client, server):
        sock.setblocking(False)

    async def write():
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection(sock=client)
        for _ in range(10):
            writer.write(b"!" * 100)
        own_network.lose(0)
        while not (written := await loop.sock_recv(server, 1 << 20)).startswith(b"!"):
            pass
        for _ in range(2):
            await loop.sock_sendall(server, b"?" * 100)
        read = await reader.readexactly(150)
        writer.close()
        return written, read

    written, read = asyncio.run(asyncio.wait_for(write(), 20))
    assert written == b"!" * 1000
    assert read == b"?" * 150
