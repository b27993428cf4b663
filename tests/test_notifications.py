"""Provokes notifications of every type on the kernel, parses them, and explains them
in words."""

import ctypes
import errno
import os
import struct
import subprocess
from contextlib import contextmanager, nullcontext, suppress
from socket import (
    AF_INET,
    AF_INET6,
    MSG_EOR,
    SO_RCVBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)
from typing import NamedTuple

import packets
import pytest

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
]

only_ipv4 = pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

PATHS = 2  # to the far host
HEARTBEAT_SUCCESS = getattr(sctp, "SCTP_HEARTBEAT_SUCCESS", None)


class Ends(NamedTuple):
    """A socket that watches an association, and its peer."""

    watcher: sctp.sctp_socket
    assoc_id: int
    peer: sctp.sctp_socket
    peer_id: int
    up: dict


def set_option(sock, structure, option, **values):
    sock.setsockopt(IPPROTO_SCTP, option, structure(**values))


def subscribe(sock, *types, assoc_id=sctp.SCTP_FUTURE_ASSOC):
    for type in types:
        event = {"se_assoc_id": assoc_id, "se_type": type, "se_on": 1}
        set_option(sock, sctp.sctp_event, sctp.SCTP_EVENT, **event)


def receive(sock):
    """Receives the next notification, and accepts nothing else."""
    data, _, info, _, flags = sock.sctp_recvv(0x10000)
    assert (info, flags) == (None, MSG_NOTIFICATION | MSG_EOR)
    return parse_notification(data)


def send(sock, assoc_id, data, **info):
    sock.sctp_sendv([data], None, sctp_sndinfo(snd_assoc_id=assoc_id, **info))


@pytest.fixture(params=[SOCK_STREAM, SOCK_SEQPACKET], ids=["one-to-one", "one-to-many"])
def type(request):
    return request.param


@pytest.fixture
def associate(make_socket, network, type):
    """Associates a socket of that type with a one-to-many socket. Both get
    SCTP_ASSOC_CHANGE. The one that watches also gets those types."""

    def associate(*types, prepare=None, addresses=None, peer_in=None):
        near, far = addresses or ([network.address(host=2)], [network.address()])
        with peer_in or nullcontext():
            peer = make_socket(network.family, SOCK_SEQPACKET)
            peer.sctp_bindx(far, sctp.SCTP_BINDX_ADD_ADDR)
        watcher = make_socket(network.family, type)
        watcher.sctp_bindx(near, sctp.SCTP_BINDX_ADD_ADDR)
        subscribe(watcher, sctp.SCTP_ASSOC_CHANGE, *types)
        subscribe(peer, sctp.SCTP_ASSOC_CHANGE)
        if prepare:
            prepare(watcher, peer)
        peer.listen()
        host, _, *others = far[0]
        watcher.connect((host, peer.getsockname()[1], *others))
        up = receive(watcher)
        assert up["sac_state"] == sctp.SCTP_COMM_UP
        return Ends(
            watcher, up["sac_assoc_id"], peer, receive(peer)["sac_assoc_id"], up
        )

    return associate


# Associations


def test_association_comes_up(associate, kernel_fact):
    def prepare(watcher, peer):
        for sock, outbound, inbound in ((watcher, 5, 7), (peer, 9, 4)):
            set_option(
                sock,
                sctp.sctp_initmsg,
                sctp.SCTP_INITMSG,
                sinit_num_ostreams=outbound,
                sinit_max_instreams=inbound,
            )

    ends = associate(prepare=prepare)
    assert ends.up == {
        "sn_type": sctp.SCTP_ASSOC_CHANGE,
        "sac_flags": 0,
        "sac_state": sctp.SCTP_COMM_UP,
        "sac_error": 0,
        "sac_outbound_streams": 4,
        "sac_inbound_streams": 7,
        "sac_assoc_id": ends.assoc_id,
    }
    assert describe_notification(ends.up) == (
        f"Association {ends.assoc_id} is up with 4 outbound and 7 inbound streams."
    )
    kernel_fact("features-with-comm-up", "sac_info" in ends.up)


@pytest.mark.parametrize("reason", [b"", b"no more", bytes(range(256))])
def test_association_is_aborted(associate, reason, kernel_fact):
    ends = associate()
    send(ends.peer, ends.peer_id, reason, snd_flags=sctp.SCTP_ABORT)
    notif = receive(ends.watcher)
    assert notif == {
        "sn_type": sctp.SCTP_ASSOC_CHANGE,
        "sac_flags": 0,
        "sac_state": sctp.SCTP_COMM_LOST,
        "sac_error": ErrorCause.USER_INITIATED_ABORT,
        "sac_outbound_streams": 0,
        "sac_inbound_streams": 0,
        "sac_assoc_id": ends.assoc_id,
        "sac_info": struct.pack("!HH", 12, 4 + len(reason)) + reason,
    }
    kernel_fact("comm-lost-info", "the causes")
    assert error_causes(notif) == ((ErrorCause.USER_INITIATED_ABORT, reason),)
    own = receive(ends.peer)
    assert own["sac_error"] == ErrorCause.USER_INITIATED_ABORT
    assert "sac_info" not in own
    assert describe_notification(own).endswith("is lost: user initiated abort.")


def test_association_is_shut_down(associate):
    ends = associate(sctp.SCTP_SHUTDOWN_EVENT)
    send(ends.peer, ends.peer_id, b"", snd_flags=sctp.SCTP_EOF)
    assert receive(ends.watcher) == {
        "sn_type": sctp.SCTP_SHUTDOWN_EVENT,
        "sse_flags": 0,
        "sse_assoc_id": ends.assoc_id,
    }
    for sock, id in ((ends.watcher, ends.assoc_id), (ends.peer, ends.peer_id)):
        notif = receive(sock)
        assert notif["sac_state"] == sctp.SCTP_SHUTDOWN_COMP
        assert notif["sac_assoc_id"] == id
        assert describe_notification(notif) == f"Association {id} has ended gracefully."


def test_association_cannot_be_set_up(make_socket, network, type):
    deaf = make_socket(network.family, SOCK_SEQPACKET)
    deaf.bind(network.address())
    sock = make_socket(network.family, type)
    subscribe(sock, sctp.SCTP_ASSOC_CHANGE)
    with suppress(ConnectionRefusedError):  # one-to-many sockets do not wait
        sock.connect(deaf.getsockname())
    notif = receive(sock)
    assert notif["sac_state"] == sctp.SCTP_CANT_STR_ASSOC
    assert describe_notification(notif) == "An association could not be set up."


@only_ipv4
@needs_root
def test_association_is_restarted(associate, network):
    """The peer loses its memory. Its next packets come from a new association."""
    (near, _), (far, _) = network.address(host=2), network.address()
    with packets.Host(far) as host:
        ends = associate()
        first = host.receive(ChunkTypes.INIT)
        ports = first.destination, first.source
        init = packets.Init(0x1234, 0x10000, 4, 6, 1, {})
        chunk = packets.Chunk(ChunkTypes.INIT, bytes(init))
        host.send(near, packets.Packet(*ports, 0, (chunk,)))
        chunk = host.receive(ChunkTypes.INIT_ACK).chunk(ChunkTypes.INIT_ACK)
        answer = packets.Init.parse(chunk.value)
        cookie = answer.parameters[packets.STATE_COOKIE]
        chunk = packets.Chunk(ChunkTypes.COOKIE_ECHO, cookie)
        host.send(near, packets.Packet(*ports, answer.tag, (chunk,)))
        assert receive(ends.watcher) == {
            "sn_type": sctp.SCTP_ASSOC_CHANGE,
            "sac_flags": 0,
            "sac_state": sctp.SCTP_RESTART,
            "sac_error": 0,
            "sac_outbound_streams": 6,
            "sac_inbound_streams": 4,
            "sac_assoc_id": ends.assoc_id,
        }
        assert host.receive(ChunkTypes.COOKIE_ACK).tag == init.tag


# Addresses


def peer_addr_change(ends, address, state, **others):
    return {
        "sn_type": sctp.SCTP_PEER_ADDR_CHANGE,
        "spc_flags": 0,
        "spc_aaddr": address,
        "spc_state": state,
        "spc_error": 0,
        "spc_assoc_id": ends.assoc_id,
    } | others


def wait_for(ends, address, state, **others):
    """Reads until that notification comes. Heartbeats may report changes of any
    path."""
    wanted = peer_addr_change(ends, address, state, **others)
    while receive(ends.watcher) != wanted:
        pass


def test_addresses_are_confirmed(associate, network, kernel_fact):
    def prepare(watcher, _):
        set_option(watcher, sctp.sctp_rtoinfo, sctp.SCTP_RTOINFO, srto_initial=500)

    addresses = (network.addresses(2, host=2), network.addresses(2))
    types = (sctp.SCTP_PEER_ADDR_CHANGE,)
    ends = associate(*types, prepare=prepare, addresses=addresses)
    second = network.address(2, port=ends.peer.getsockname()[1])
    wait_for(ends, second, sctp.SCTP_ADDR_CONFIRMED, spc_error=HEARTBEAT_SUCCESS)
    kernel_fact("second-address-is-confirmed", True)


@pytest.mark.linux
def test_named_addresses_are_not_confirmed(make_socket, network, kernel_fact):
    """An answered heartbeat on demand confirms any other address."""
    server, client = (make_socket(network.family, SOCK_STREAM) for _ in range(2))
    server.sctp_bindx(network.addresses(3), sctp.SCTP_BINDX_ADD_ADDR)
    server.listen()
    subscribe(client, sctp.SCTP_PEER_ADDR_CHANGE)
    _, named, learned = peers = network.addresses(3, port=server.getsockname()[1])
    client.sctp_connectx(peers[:2])
    for address in named, learned:
        probe = sctp.sctp_paddrparams(spp_address=address, spp_flags=sctp.SPP_HB_DEMAND)
        client.setsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_ADDR_PARAMS, probe)
    confirmed = set()
    while learned not in confirmed:
        notification = receive(client)
        if notification["spc_state"] == sctp.SCTP_ADDR_CONFIRMED:
            confirmed.add(notification["spc_aaddr"])
    kernel_fact("named-address-is-confirmed", named in confirmed)


def test_addresses_come_and_go(associate, network):
    ends = associate(sctp.SCTP_PEER_ADDR_CHANGE)
    first, second = network.addresses(2, port=ends.peer.getsockname()[1])

    def assert_notified(address, state, **others):
        notif = receive(ends.watcher)
        assert notif == peer_addr_change(ends, address, state, **others)

    ends.peer.sctp_bindx([second], sctp.SCTP_BINDX_ADD_ADDR)
    assert_notified(second, sctp.SCTP_ADDR_ADDED)
    assert_notified(second, sctp.SCTP_ADDR_CONFIRMED, spc_error=HEARTBEAT_SUCCESS)
    set_option(
        ends.peer,
        sctp.sctp_setpeerprim,
        sctp.SCTP_SET_PEER_PRIMARY_ADDR,
        sspp_assoc_id=ends.peer_id,
        sspp_addr=second,
    )
    assert_notified(second, sctp.SCTP_ADDR_MADE_PRIM)
    ends.peer.sctp_bindx([first], sctp.SCTP_BINDX_REM_ADDR)
    assert_notified(first, sctp.SCTP_ADDR_REMOVED)


@pytest.mark.parametrize("mapped", [True, False], ids=["mapped", "plain"])
def test_ipv4_address_of_an_ipv6_socket(make_socket, ipv4, type, mapped):
    peer = make_socket(AF_INET, SOCK_SEQPACKET)
    peer.bind(ipv4.address())
    peer.listen()
    port = peer.getsockname()[1]
    watcher = make_socket(AF_INET6, type)
    watcher.setsockopt(IPPROTO_SCTP, sctp.SCTP_I_WANT_MAPPED_V4_ADDR, mapped)
    subscribe(watcher, sctp.SCTP_ASSOC_CHANGE, sctp.SCTP_PEER_ADDR_CHANGE)
    watcher.connect((f"::ffff:{ipv4.address()[0]}", port, 0, 0))
    assert receive(watcher)["sac_state"] == sctp.SCTP_COMM_UP
    added = ipv4.address(2, port=port)
    peer.sctp_bindx([added], sctp.SCTP_BINDX_ADD_ADDR)
    notif = receive(watcher)
    assert notif["spc_state"] == sctp.SCTP_ADDR_ADDED
    assert notif["spc_aaddr"] == (
        (f"::ffff:{added[0]}", port, 0, 0) if mapped else added
    )


def ip(arguments):
    subprocess.run(["ip", *arguments.split()], check=True)


def path(number, host):
    return (f"192.168.{number}.{host}", 0)


@contextmanager
def network_namespace(name):
    """Sockets that are made inside belong to the namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as here, open(f"/run/netns/{name}") as there:
        assert libc.setns(there.fileno(), 0) == 0
        try:
            yield
        finally:
            assert libc.setns(here.fileno(), 0) == 0


@pytest.fixture(scope="module")
def far():
    """A host behind several links: a network namespace."""
    ip("netns add far")
    try:
        for n in range(PATHS):
            ip(f"link add near{n} type veth peer name far{n} netns far")
            ip(f"address add {path(n, 1)[0]}/24 dev near{n}")
            ip(f"-n far address add {path(n, 2)[0]}/24 dev far{n}")
            ip(f"link set near{n} up")
        yield
    finally:
        for n in range(PATHS):
            ip(f"link delete near{n}")
        ip("netns delete far")


@pytest.fixture
def associate_far(associate, far):
    """Does what associate does, over so many paths to the far host, which fail soon."""
    for n in range(PATHS):
        ip(f"-n far link set far{n} up")

    def associate_far(*types, paths):
        def prepare(watcher, _):
            set_option(
                watcher,
                sctp.sctp_rtoinfo,
                sctp.SCTP_RTOINFO,
                srto_initial=200,
                srto_min=200,
                srto_max=200,
            )
            set_option(
                watcher,
                sctp.sctp_paddrparams,
                sctp.SCTP_PEER_ADDR_PARAMS,
                spp_address=("0.0.0.0", 0),
                spp_flags=sctp.SPP_HB_ENABLE,
                spp_hbinterval=100,
                spp_pathmaxrxt=2,  # more than to be potentially failed
            )

        addresses = [[path(n, host) for n in range(paths)] for host in (1, 2)]
        return associate(
            *types,
            prepare=prepare,
            addresses=addresses,
            peer_in=network_namespace("far"),
        )

    return associate_far


@only_ipv4
@needs_root
def test_path_fails_and_returns(associate_far):
    ends = associate_far(sctp.SCTP_PEER_ADDR_CHANGE, paths=2)
    set_option(
        ends.watcher,
        sctp.sctp_assoc_value,
        sctp.SCTP_EXPOSE_POTENTIALLY_FAILED_STATE,
        assoc_id=ends.assoc_id,
        assoc_value=2,
    )
    address = (path(1, 2)[0], ends.peer.getsockname()[1])
    wait_for(ends, address, sctp.SCTP_ADDR_CONFIRMED, spc_error=HEARTBEAT_SUCCESS)
    ip("-n far link set far1 down")
    wait_for(ends, address, sctp.SCTP_ADDR_POTENTIALLY_FAILED)
    wait_for(ends, address, sctp.SCTP_ADDR_UNREACHABLE)
    ip("-n far link set far1 up")
    wait_for(ends, address, sctp.SCTP_ADDR_AVAILABLE, spc_error=HEARTBEAT_SUCCESS)


# Errors and messages that fail


@only_ipv4
@needs_root
def test_peer_reports_an_unknown_chunk(associate, network, kernel_fact):
    """The kernel of the peer answers a packet that seems to come from the watching
    side."""
    (near, _), (far, _) = network.address(host=2), network.address()
    with packets.Host(near) as host:
        ends = associate(sctp.SCTP_REMOTE_ERROR)
        answer = host.receive(ChunkTypes.INIT_ACK)
        tag = packets.Init.parse(answer.chunk(ChunkTypes.INIT_ACK).value).tag
        unknown = packets.Chunk(0x7F, b"hello")
        ports = answer.destination, answer.source
        host.send(far, packets.Packet(*ports, tag, (unknown,)))
        notif = receive(ends.watcher)
    assert notif == {
        "sn_type": sctp.SCTP_REMOTE_ERROR,
        "sre_flags": 0,
        "sre_error": ErrorCause.UNRECOGNIZED_CHUNK_TYPE,
        "sre_assoc_id": ends.assoc_id,
        "sre_data": bytes(unknown),
    }
    kernel_fact("remote-error-data", "one cause")
    assert error_causes(notif) == (
        (ErrorCause.UNRECOGNIZED_CHUNK_TYPE, bytes(unknown)),
    )
    assert describe_notification(notif) == (
        f"The peer of association {ends.assoc_id} reports: unrecognized chunk type."
    )


@only_ipv4
@needs_root
def test_each_error_is_reported_with_its_padding(associate, network):
    causes = [
        (ErrorCause.INVALID_STREAM_IDENTIFIER, b"\0\x05\0\0"),
        (ErrorCause.PROTOCOL_VIOLATION, b"a text"),
        (0x1234, b""),
    ]
    (near, _), (far, _) = network.address(host=2), network.address()
    with packets.Host(far) as host:
        ends = associate(sctp.SCTP_REMOTE_ERROR)
        first = host.receive(ChunkTypes.INIT)
        tag = packets.Init.parse(first.chunk(ChunkTypes.INIT).value).tag
        body = b"".join(packets.tlv(*cause) for cause in causes)
        chunk = packets.Chunk(ChunkTypes.ERROR, body)
        ports = first.destination, first.source
        host.send(near, packets.Packet(*ports, tag, (chunk,)))
        notifs = [receive(ends.watcher) for _ in causes]
    padded = [(code, packets.pad(data)) for code, data in causes]
    assert [(notif["sre_error"], notif["sre_data"]) for notif in notifs] == padded
    assert [error_causes(notif) for notif in notifs] == [(cause,) for cause in padded]


@only_ipv4
@needs_root
def test_messages_fail(associate_far):
    """The path has failed: no acknowledgement comes back."""
    types = (sctp.SCTP_SEND_FAILED, sctp.SCTP_SEND_FAILED_EVENT)
    ends = associate_far(*types, paths=1)
    set_option(
        ends.watcher,
        sctp.sctp_assocparams,
        sctp.SCTP_ASSOCINFO,
        sasoc_assoc_id=ends.assoc_id,
        sasoc_asocmaxrxt=2,
    )
    ip("-n far link set far0 down")
    messages = {1: b"short", 2: bytes(range(250)) * 40}
    for stream, message in messages.items():
        info = {"snd_sid": stream, "snd_ppid": 0x01020304, "snd_context": stream + 10}
        send(ends.watcher, ends.assoc_id, message, **info)
    lost = receive(ends.watcher)
    assert lost["sac_state"] == sctp.SCTP_COMM_LOST
    assert lost["sac_error"] == ErrorCause.NO_ERROR
    assert "sac_info" not in lost

    failed = {stream: [] for stream in messages}
    while sum(len(notif["ssfe_data"]) for notif in failed[2]) < len(messages[2]):
        deprecated, notif = receive(ends.watcher), receive(ends.watcher)
        stream, flags = notif["ssfe_info"]["snd_sid"], notif["ssfe_info"]["snd_flags"]
        assert notif == {
            "sn_type": sctp.SCTP_SEND_FAILED_EVENT,
            "ssfe_flags": notif["ssfe_flags"],
            "ssfe_error": ErrorCause.NO_ERROR,
            "ssfe_info": sctp_sndinfo(
                snd_sid=stream,
                snd_flags=flags,
                snd_ppid=0x01020304,
                snd_context=stream + 10,
                snd_assoc_id=ends.assoc_id,
            ),
            "ssfe_assoc_id": ends.assoc_id,
            "ssfe_data": notif["ssfe_data"],
        }
        assert deprecated == {
            "sn_type": sctp.SCTP_SEND_FAILED,
            "ssf_flags": notif["ssfe_flags"],
            "ssf_error": ErrorCause.NO_ERROR,
            "ssf_info": {
                "sinfo_stream": stream,
                "sinfo_ssn": 0,
                "sinfo_flags": flags,
                "sinfo_ppid": 0x01020304,
                "sinfo_context": stream + 10,
                "sinfo_timetolive": 0,
                "sinfo_tsn": 0,
                "sinfo_cumtsn": 0,
                "sinfo_assoc_id": ends.assoc_id,
            },
            "ssf_assoc_id": ends.assoc_id,
            "ssf_data": notif["ssfe_data"],
        }
        failed[stream].append(notif)
    for stream, message in messages.items():
        assert b"".join(notif["ssfe_data"] for notif in failed[stream]) == message

    # Not all messages fit into the congestion window.
    (short,), (first, *middle, last) = failed.values()
    assert short["ssfe_info"]["snd_flags"] == sctp.SCTP_DATA_NOT_FRAG
    assert first["ssfe_info"]["snd_flags"] == sctp.SCTP_DATA_FIRST_FRAG
    assert {n["ssfe_info"]["snd_flags"] for n in middle} == {sctp.SCTP_DATA_MIDDLE_FRAG}
    assert last["ssfe_info"]["snd_flags"] == sctp.SCTP_DATA_LAST_FRAG
    assert first["ssfe_flags"] == short["ssfe_flags"] == sctp.SCTP_DATA_SENT
    assert last["ssfe_flags"] == sctp.SCTP_DATA_UNSENT
    assert describe_notification(short) == (
        f"A message (5 bytes) on association {ends.assoc_id} was sent but not"
        " acknowledged."
    )


def test_abort_is_why_messages_fail(associate):
    """The window of the peer is full, so some messages wait."""

    def prepare(_, peer):
        peer.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)

    ends = associate(sctp.SCTP_SEND_FAILED_EVENT, prepare=prepare)
    for _ in range(8):
        send(ends.watcher, ends.assoc_id, bytes(4000))
    send(ends.peer, ends.peer_id, b"", snd_flags=sctp.SCTP_ABORT)
    assert receive(ends.watcher)["sac_state"] == sctp.SCTP_COMM_LOST
    notif = receive(ends.watcher)
    assert notif["sn_type"] == sctp.SCTP_SEND_FAILED_EVENT
    assert notif["ssfe_error"] == ErrorCause.USER_INITIATED_ABORT
    assert describe_notification(notif).endswith(": user initiated abort.")


# Data


@pytest.mark.parametrize("interleaved", [False, True], ids=["data", "i-data"])
def test_partial_delivery_is_aborted(associate, interleaved, kernel_fact):
    def prepare(watcher, peer):
        watcher.setsockopt(SOL_SOCKET, SO_RCVBUF, 8192)
        watcher.setsockopt(IPPROTO_SCTP, sctp.SCTP_PARTIAL_DELIVERY_POINT, 1000)
        for sock in (watcher, peer) if interleaved else ():
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, 2)
            set_option(
                sock,
                sctp.sctp_assoc_value,
                sctp.SCTP_INTERLEAVING_SUPPORTED,
                assoc_value=1,
            )

    ends = associate(sctp.SCTP_PARTIAL_DELIVERY_EVENT, prepare=prepare)
    ends.peer.setblocking(False)
    send(ends.peer, ends.peer_id, bytes(100_000), snd_sid=3)
    data, *_, flags = ends.watcher.sctp_recvv(1000)
    assert not flags & MSG_EOR
    send(ends.peer, ends.peer_id, b"", snd_flags=sctp.SCTP_ABORT)
    while not flags & MSG_NOTIFICATION:
        data, *_, flags = ends.watcher.sctp_recvv(0x10000)
    assert parse_notification(data) == {
        "sn_type": sctp.SCTP_PARTIAL_DELIVERY_EVENT,
        "pdapi_flags": 0,
        "pdapi_indication": sctp.SCTP_PARTIAL_DELIVERY_ABORTED,
        "pdapi_stream": 3 if interleaved else 0,  # Linux knows it then only
        "pdapi_seq": 0,
        "pdapi_assoc_id": ends.assoc_id,
    }
    assert receive(ends.watcher)["sac_state"] == sctp.SCTP_COMM_LOST
    if not interleaved:
        kernel_fact("stream-of-partial-delivery", False)


def test_sender_is_dry(associate, kernel_fact):
    ends = associate()
    dry = {
        "sn_type": sctp.SCTP_SENDER_DRY_EVENT,
        "sender_dry_flags": 0,
        "sender_dry_assoc_id": ends.assoc_id,
    }
    subscribe(ends.watcher, sctp.SCTP_SENDER_DRY_EVENT, assoc_id=ends.assoc_id)
    assert receive(ends.watcher) == dry  # at once: nothing is under way
    kernel_fact("dry-at-once", True)
    send(ends.watcher, ends.assoc_id, b"something")
    assert receive(ends.watcher) == dry


def test_notification_in_pieces(associate):
    """A piece in a small buffer has no MSG_EOR, and is not a whole notification."""
    ends = associate()
    send(ends.peer, ends.peer_id, b"reason", snd_flags=sctp.SCTP_ABORT)
    pieces = [ends.watcher.sctp_recvv(9)]
    while not pieces[-1][-1] & MSG_EOR:
        pieces.append(ends.watcher.sctp_recvv(9))
    assert len(pieces) == 4  # 30 bytes
    assert all(flags & MSG_NOTIFICATION for *_, flags in pieces)
    for data, *_ in pieces:
        with pytest.raises(OSError) as caught:
            parse_notification(data)
        assert caught.value.errno in (errno.EBADMSG, errno.EOPNOTSUPP)
    whole = b"".join(data for data, *_ in pieces)
    assert error_causes(whole) == ((ErrorCause.USER_INITIATED_ABORT, b"reason"),)


def test_receive_buffer_as_a_whole(associate):
    ends = associate()
    send(ends.peer, ends.peer_id, b"reason", snd_flags=sctp.SCTP_ABORT)
    buffer = bytearray(b"\xff" * 1000)
    assert ends.watcher.recv_into(buffer) == 30
    assert parse_notification(buffer)["sac_info"] == b"\0\x0c\0\x0areason"


# What the peer indicates, and keys


def test_adaptation_layer(associate):
    def prepare(_, peer):
        set_option(
            peer,
            sctp.sctp_setadaptation,
            sctp.SCTP_ADAPTATION_LAYER,
            ssb_adaptation_ind=0xFEDCBA98,
        )

    ends = associate(sctp.SCTP_ADAPTATION_INDICATION, prepare=prepare)
    assert receive(ends.watcher) == {
        "sn_type": sctp.SCTP_ADAPTATION_INDICATION,
        "sai_flags": 0,
        "sai_adaptation_ind": 0xFEDCBA98,
        "sai_assoc_id": ends.assoc_id,
    }


def authentication(ends, indication, key):
    return {
        "sn_type": sctp.SCTP_AUTHENTICATION_EVENT,
        "auth_flags": 0,
        "auth_keynumber": key,
        "auth_indication": indication,
        "auth_assoc_id": ends.assoc_id,
    }


def support_authentication(sock, value):
    option = sctp.SCTP_AUTH_SUPPORTED
    set_option(sock, sctp.sctp_assoc_value, option, assoc_value=value)


def test_peer_does_not_authenticate(associate, kernel_fact):
    def prepare(watcher, peer):
        support_authentication(watcher, 1)
        support_authentication(peer, 0)

    ends = associate(sctp.SCTP_AUTHENTICATION_EVENT, prepare=prepare)
    assert receive(ends.watcher) == authentication(ends, sctp.SCTP_AUTH_NO_AUTH, 0)
    kernel_fact("peer-without-authentication", True)


def test_keys_come_and_go(associate):
    def prepare(watcher, peer):
        for sock in (watcher, peer):
            support_authentication(sock, 1)
            chunk = {"sauth_chunk": ChunkTypes.DATA}
            set_option(sock, sctp.sctp_authchunk, sctp.SCTP_AUTH_CHUNK, **chunk)
            key = {"sca_keynumber": 7, "sca_key": b"secret"}
            set_option(sock, sctp.sctp_authkey, sctp.SCTP_AUTH_KEY, **key)

    ends = associate(sctp.SCTP_AUTHENTICATION_EVENT, prepare=prepare)

    def set_key(sock, option, assoc_id, number):
        key = {"scact_assoc_id": assoc_id, "scact_keynumber": number}
        set_option(sock, sctp.sctp_authkeyid, option, **key)

    set_key(ends.peer, sctp.SCTP_AUTH_ACTIVE_KEY, ends.peer_id, 7)
    send(ends.peer, ends.peer_id, b"signed")
    assert receive(ends.watcher) == authentication(ends, sctp.SCTP_AUTH_NEW_KEY, 7)
    assert ends.watcher.recv(100) == b"signed"
    set_key(ends.watcher, sctp.SCTP_AUTH_ACTIVE_KEY, ends.assoc_id, 7)
    set_key(ends.watcher, sctp.SCTP_AUTH_DEACTIVATE_KEY, ends.assoc_id, 0)
    assert receive(ends.watcher) == authentication(ends, sctp.SCTP_AUTH_FREE_KEY, 0)


# Streams (RFC 6525)


@pytest.fixture
def associate_resettable(associate):
    """Does what associate does. The peer allows these requests of RFC 6525."""

    def associate_resettable(*types, allowed=7):
        def prepare(watcher, peer):
            for sock, value in ((watcher, 7), (peer, allowed)):
                option = sctp.SCTP_ENABLE_STREAM_RESET
                set_option(sock, sctp.sctp_assoc_value, option, assoc_value=value)
            subscribe(peer, *types)

        return associate(*types, prepare=prepare)

    return associate_resettable


def reset_streams(ends, flags, streams):
    set_option(
        ends.watcher,
        sctp.sctp_reset_streams,
        sctp.SCTP_RESET_STREAMS,
        srs_assoc_id=ends.assoc_id,
        srs_flags=flags,
        srs_stream_list=streams,
    )


def stream_reset(assoc_id, flags, streams):
    return {
        "sn_type": sctp.SCTP_STREAM_RESET_EVENT,
        "strreset_flags": flags,
        "strreset_assoc_id": assoc_id,
        "strreset_stream_list": streams,
    }


@pytest.mark.parametrize("streams", [(), (3,), (1, 2, 9)], ids=str)
@pytest.mark.parametrize("which", ["INCOMING", "OUTGOING"])
def test_streams_are_reset(associate_resettable, which, streams):
    ends = associate_resettable(sctp.SCTP_STREAM_RESET_EVENT)
    flags = getattr(sctp, f"SCTP_STREAM_RESET_{which}")
    reset_streams(ends, flags, streams)
    notif = receive(ends.watcher)
    assert notif == stream_reset(ends.assoc_id, flags, streams)
    both = sctp.SCTP_STREAM_RESET_INCOMING_SSN | sctp.SCTP_STREAM_RESET_OUTGOING_SSN
    assert receive(ends.peer) == stream_reset(ends.peer_id, both ^ flags, streams)
    assert describe_notification(notif) == (
        f"Resetting {which.lower()} streams ({', '.join(map(str, streams)) or 'all'})"
        f" of association {ends.assoc_id} is done."
    )


def test_association_is_reset(associate_resettable):
    ends = associate_resettable(sctp.SCTP_ASSOC_RESET_EVENT)
    option = struct.pack("i", ends.assoc_id)
    ends.watcher.setsockopt(IPPROTO_SCTP, sctp.SCTP_RESET_ASSOC, option)
    mine, others = receive(ends.watcher), receive(ends.peer)
    local, remote = mine["assocreset_local_tsn"], mine["assocreset_remote_tsn"]
    assert local != remote
    assert [mine, others] == [
        {
            "sn_type": sctp.SCTP_ASSOC_RESET_EVENT,
            "assocreset_flags": 0,
            "assocreset_assoc_id": assoc_id,
            "assocreset_local_tsn": tsn,
            "assocreset_remote_tsn": other_tsn,
        }
        for assoc_id, tsn, other_tsn in (
            (ends.assoc_id, local, remote),
            (ends.peer_id, remote, local),
        )
    ]


def stream_change(assoc_id, flags, inbound, outbound):
    return {
        "sn_type": sctp.SCTP_STREAM_CHANGE_EVENT,
        "strchange_flags": flags,
        "strchange_assoc_id": assoc_id,
        "strchange_instrms": inbound,
        "strchange_outstrms": outbound,
    }


def add_streams(ends, inbound, outbound):
    set_option(
        ends.watcher,
        sctp.sctp_add_streams,
        sctp.SCTP_ADD_STREAMS,
        sas_assoc_id=ends.assoc_id,
        sas_instrms=inbound,
        sas_outstrms=outbound,
    )


@pytest.mark.parametrize("inbound, outbound", [(2, 0), (0, 3)])
def test_streams_are_added(associate_resettable, inbound, outbound, kernel_fact):
    ends = associate_resettable(sctp.SCTP_STREAM_CHANGE_EVENT)
    add_streams(ends, inbound, outbound)
    assert receive(ends.watcher) == stream_change(ends.assoc_id, 0, inbound, outbound)
    assert receive(ends.peer) == stream_change(ends.peer_id, 0, outbound, inbound)
    kernel_fact("counts-of-added-streams", "added")


def test_peer_denies(associate_resettable):
    ends = associate_resettable(
        sctp.SCTP_STREAM_RESET_EVENT,
        sctp.SCTP_ASSOC_RESET_EVENT,
        sctp.SCTP_STREAM_CHANGE_EVENT,
        allowed=0,
    )
    id = ends.assoc_id
    reset_streams(ends, sctp.SCTP_STREAM_RESET_OUTGOING, (1, 2))
    flags = sctp.SCTP_STREAM_RESET_OUTGOING_SSN | sctp.SCTP_STREAM_RESET_DENIED
    notif = receive(ends.watcher)
    assert notif == stream_reset(id, flags, (1, 2))
    assert describe_notification(notif).endswith("was denied.")
    add_streams(ends, 1, 0)
    denied = stream_change(id, sctp.SCTP_STREAM_CHANGE_DENIED, 1, 0)
    assert receive(ends.watcher) == denied
    option = struct.pack("i", id)
    ends.watcher.setsockopt(IPPROTO_SCTP, sctp.SCTP_RESET_ASSOC, option)
    notif = receive(ends.watcher)
    assert notif["sn_type"] == sctp.SCTP_ASSOC_RESET_EVENT
    assert notif["assocreset_flags"] == sctp.SCTP_ASSOC_RESET_DENIED
