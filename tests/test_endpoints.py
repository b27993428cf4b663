"""Endpoints over the kernel, with each front end: many associations on one socket."""

import errno
import os
import resource
import struct
import threading
import time
from socket import (
    AF_INET,
    SO_LINGER,
    SO_RCVBUF,
    SO_SNDBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
import system
from fronts import PATIENCE
from packets import Chunk, Host
from test_associations_ends import no_descriptors

import sctp
from sctp import (
    IPPROTO_SCTP,
    AssociationState,
    MessageTooLong,
    NotificationType,
)

pytestmark = [pytest.mark.kernel]
LOCAL = "127.0.0.1"
# Short timers, for a window that closes.
TIMERS = sctp.sctp_rtoinfo(srto_initial=10, srto_min=10, srto_max=20)
QUICK = {sctp.SCTP_RTOINFO: TIMERS}
SMALL_BUFFERS = {
    (SOL_SOCKET, SO_RCVBUF): 20_000,
    (SOL_SOCKET, SO_SNDBUF): 20_000,
    **QUICK,
}
SMALL_SENDING = {(SOL_SOCKET, SO_SNDBUF): 20_000, **QUICK}


@pytest.fixture
def make_peer(make_socket):
    """Makes plain sockets with an association to an endpoint."""

    def make(endpoint, timeout=PATIENCE, timers=TIMERS, **buffers):
        sock = make_socket(AF_INET, SOCK_STREAM, timeout=timeout)
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO, timers)
        for name, size in buffers.items():
            option = {"receive": SO_RCVBUF, "send": SO_SNDBUF}[name]
            sock.setsockopt(SOL_SOCKET, option, size)
        sock.connect(endpoint.addresses[0])
        return sock

    return make


def abort(sock):
    sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


# Associations, from both sides


def test_many_associations_of_a_socket(front):
    one, other = front.open_endpoint(LOCAL), front.open_endpoint(LOCAL)
    third = front.open_endpoint(LOCAL, listen=False)
    near = one.reach(other.addresses)
    far = other.take()
    late = third.reach(other.addresses)
    for each, name in (near, b"near"), (late, b"late"):
        each.send(name, stream=3, ppid=46, context=1)
    message = far.receive()
    assert (message.data, message.stream, message.ppid) == (b"near", 3, 46)
    assert message.association is far.real
    assert message.address in one.addresses
    assert other.take().receive().data == b"late"
    far.send_many([b"a", b"b"])
    assert [near.receive().data for _ in range(2)] == [b"a", b"b"]
    assert len(other.associations) == 2 and len(one.associations) == 1
    assert near.socket is one.socket and near.assoc_id != late.assoc_id
    assert near.status()["sstat_state"] == AssociationState.ESTABLISHED
    assert set(near.peer_addresses) == set(far.local_addresses) == set(other.addresses)
    with pytest.raises(ConnectionRefusedError):
        one.reach(third.addresses)


def test_one_end_does_not_end_the_others(front):
    endpoint = front.open_endpoint(LOCAL)
    clients = [front.connect(endpoint.addresses) for _ in range(3)]
    first, second, third = (endpoint.take() for _ in clients)
    clients[0].send(b"last")
    clients[0].shutdown()
    assert [message.data for message in first.all()] == [b"last"]
    clients[1].abort()
    with pytest.raises(ConnectionResetError):
        second.receive()
    clients[2].send(b"x")
    assert third.receive().data == b"x"
    assert first.is_closed and second.is_closed and not third.is_closed
    assert endpoint.associations == (third.real,)
    assert endpoint.socket.fileno() >= 0


def test_reason_of_an_abort_arrives(front):
    endpoint = front.open_endpoint(LOCAL)
    client = front.connect(endpoint.addresses)
    endpoint.take().abort(b"no more")
    with pytest.raises(ConnectionResetError) as caught:
        client.receive()
    assert sctp.error_causes(caught.value.notification)[0][1] == b"no more"


@pytest.mark.parametrize("who", ["association", "peeled off", "endpoint"])
def test_reason_that_is_none_or_does_not_fit_into_a_packet(front, who):
    """If there were no error, the peer would never be told anything."""
    endpoint = front.open_endpoint(LOCAL)
    client = front.connect(endpoint.addresses)
    accepted = endpoint.take()
    if who == "peeled off":
        endpoint.peel_off(accepted.real)
    each = endpoint if who == "endpoint" else accepted
    for error, reason in (TypeError, "no more"), (ValueError, bytes(65_001)):
        with pytest.raises(error, match="reason"):
            each.abort(reason)
    accepted.send(b"alive")
    assert client.receive().data == b"alive"
    each.abort(longest := bytes(65_000))
    with pytest.raises(ConnectionResetError) as caught:
        client.receive()
    assert sctp.error_causes(caught.value.notification)[0][1] == longest


def test_without_addresses(front):
    endpoint = front.open_endpoint()
    port = endpoint.addresses[0][1]
    assert port
    client = front.connect(f"127.0.0.1:{port}")
    client.send(b"x")
    assert endpoint.receive().data == b"x"
    silent = front.open_endpoint(listen=False)
    assert not any(port for _, port, *_ in silent.addresses)
    silent.reach(f"127.0.0.1:{port}")
    assert silent.addresses[0][1]


def test_addresses_are_the_current_ones(front):
    endpoint = front.open_endpoint("10.1.0.1")
    port = endpoint.addresses[0][1]
    second, third = ("10.2.0.1", port), ("10.3.0.1", port)
    endpoint.socket.sctp_bindx([second], sctp.SCTP_BINDX_ADD_ADDR)
    assert endpoint.addresses == (("10.1.0.1", port), second)
    assert str(second) in repr(endpoint.real)
    endpoint.socket.sctp_bindx([third], sctp.SCTP_BINDX_ADD_ADDR)
    endpoint.socket.sctp_bindx([second], sctp.SCTP_BINDX_REM_ADDR)
    endpoint.abort()
    assert endpoint.is_closed
    assert endpoint.addresses == (("10.1.0.1", port), third)


@pytest.mark.parametrize("here", ["[::1]/127.0.0.1", "[::]"])
def test_both_families(front, here):
    endpoint = front.open_endpoint(here)
    port = endpoint.addresses[0][1]
    for peer in f"127.0.0.1:{port}", f"[::1]:{port}", f"localhost:{port}":
        client = front.connect(peer)
        client.send(b"x")
        message = endpoint.take().receive()
        assert message.address in client.local_addresses
    other = front.open_endpoint(here)
    other.reach(f"127.0.0.1:{port}").send(b"y")
    assert endpoint.take().receive().data == b"y"


def test_ready_socket(front, make_socket):
    """A socket that the application made, with an association."""
    sock = make_socket(AF_INET, SOCK_SEQPACKET)
    sock.setsockopt(
        IPPROTO_SCTP,
        sctp.SCTP_EVENT,
        sctp.sctp_event(se_type=NotificationType.ASSOC_CHANGE, se_on=1),
    )
    sock.bind((LOCAL, 0))
    sock.listen()
    client = front.connect([sock.getsockname()])
    client.send(b"early")
    endpoint = front.open_endpoint(sock=sock)
    assert endpoint.socket is sock
    accepted = endpoint.take()
    assert accepted.receive().data == b"early"
    accepted.send(b"back")
    assert client.receive().data == b"back"
    for option in (
        sctp.SCTP_NODELAY,
        sctp.SCTP_FRAGMENT_INTERLEAVE,
        sctp.SCTP_PARTIAL_DELIVERY_POINT,
    ):
        assert sock.getsockopt(IPPROTO_SCTP, option) == 1


@pytest.mark.parametrize("how", ["shutdown", "abort"])
def test_end_of_an_association_that_a_ready_socket_had(front, make_socket, how):
    """The kernel was not asked to report the end of this association."""
    sock = make_socket(AF_INET, SOCK_SEQPACKET)
    sock.bind((LOCAL, 0))
    sock.listen()
    client = front.connect([sock.getsockname()])
    client.send(b"early")
    accepted = front.open_endpoint(sock=sock).take()
    assert accepted.receive().data == b"early"
    getattr(client, how)()
    with pytest.raises(EOFError if how == "shutdown" else ConnectionResetError):
        accepted.receive()
    accepted.wait_closed()


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (ValueError, {"options": {sctp.SCTP_FRAGMENT_INTERLEAVE: 0}}),
        (
            ValueError,
            {
                "options": {
                    sctp.SCTP_EVENT: sctp.sctp_event(
                        se_type=NotificationType.PEER_ADDR_CHANGE, se_on=0
                    )
                }
            },
        ),
        (ValueError, {"backlog": 0}),
        (ValueError, {"backlog": 1 << 31}),
        (TypeError, {"backlog": None}),
        (ValueError, {"max_unread": 0}),
        (TypeError, {"sock": 5}),
        (TypeError, {"addresses": [(LOCAL,)]}),
        (TypeError, {"addresses": 5}),
        (ValueError, {"events": [1]}),
    ],
)
def test_bad_arguments(front, error, arguments):
    with pytest.raises(error, match=next(iter(arguments))):
        front.open_endpoint(**{"addresses": LOCAL, **arguments})


def test_socket_of_the_other_kind(front, make_socket):
    with pytest.raises(ValueError, match="one-to-many"):
        front.open_endpoint(sock=make_socket(AF_INET, SOCK_STREAM))


@pytest.mark.parametrize("addresses", [(), LOCAL])
def test_nobody_to_connect_to(front, addresses):
    with pytest.raises(ValueError):
        front.open_endpoint(LOCAL).connect(addresses)


def test_peer_that_is_known_already(front):
    one, other = front.open_endpoint(LOCAL), front.open_endpoint(LOCAL)
    near = one.reach(other.addresses)
    with pytest.raises(OSError) as caught:
        one.connect(other.addresses)
    assert caught.value.errno == errno.EISCONN
    near.send(b"x")
    assert other.receive().data == b"x"


# Accepting, and receiving from associations that were not accepted


def test_backlog(front, make_peer):
    """One more association is aborted. Those before it are served."""
    endpoint = front.open_endpoint(LOCAL, backlog=2).attend()
    first, second = (front.connect(endpoint.addresses) for _ in range(2))
    with pytest.raises(ConnectionResetError):
        make_peer(endpoint).recv(100)
    with pytest.raises(ConnectionResetError) as caught:
        front.connect(endpoint.addresses).receive()
    [(_, reason)] = sctp.error_causes(caught.value.notification)
    assert reason == b"no more associations are accepted"
    first.send(b"1")
    second.send(b"2")
    assert [endpoint.take().receive().data for _ in range(2)] == [b"1", b"2"]
    front.connect(endpoint.addresses).send(b"4")
    assert endpoint.take().receive().data == b"4"


def test_iteration_accepts(front):
    endpoint = front.open_endpoint(LOCAL)
    waiting = endpoint.start_next()
    client = front.connect(endpoint.addresses)
    assert waiting.result(PATIENCE) in endpoint.associations
    waiting = endpoint.start_next()
    endpoint.close()
    assert waiting.result(PATIENCE) is None
    assert [message.data for message in client.all()] == []


def test_receive_from_all(front):
    endpoint = front.open_endpoint(LOCAL, max_message=5)
    clients = [front.connect(endpoint.addresses) for _ in range(3)]
    for number, client in enumerate(clients):
        client.send_many([b"%d%d" % (number, n) for n in range(3)])
    got = [endpoint.receive() for _ in range(9)]
    for number in range(3):
        mine = [each.data for each in got if each.data[:1] == b"%d" % number]
        assert mine == [b"%d%d" % (number, n) for n in range(3)]
    reply = got[0].association.send
    front.submit(reply, (b"answer",), {}).result(PATIENCE)
    assert clients[int(got[0].data[:1])].receive().data == b"answer"
    waiting = endpoint.receive.start()
    clients[2].send(bytes(6))
    with pytest.raises(MessageTooLong) as caught:
        waiting.result(PATIENCE)
    assert caught.value.association in endpoint.associations
    accepted = endpoint.take()
    clients[0].send(b"mine")
    assert accepted.receive().data == b"mine"


def test_gone_before_it_was_accepted(front, make_peer):
    endpoint = front.open_endpoint(LOCAL, backlog=2)
    for _ in range(5):
        abort(make_peer(endpoint))
        polite = make_peer(endpoint)
        polite.send(b"bye")
        polite.close()
        assert endpoint.receive().data == b"bye"
    wait_until(lambda: not endpoint.associations)
    client = front.connect(endpoint.addresses)
    client.send(b"x")
    assert endpoint.take().receive().data == b"x"


def wait_until(call, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not call():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


# Ends


def test_close_shuts_all_down(front):
    endpoint = front.open_endpoint(LOCAL).attend()
    other = front.open_endpoint(LOCAL)
    clients = [front.connect(endpoint.addresses) for _ in range(3)]
    mine = endpoint.reach(other.addresses)
    accepted = endpoint.take()
    accepted.send(b"last")
    clients[1].send(b"unread")
    wait_until(lambda: front.look(lambda: endpoint.real._hub.has_unread))
    endpoint.close()
    endpoint.close()
    endpoint.wait_closed()
    assert endpoint.is_closed and endpoint.associations == ()
    assert clients[0].receive().data == b"last"
    for client in clients:
        with pytest.raises(EOFError):
            client.receive()
    with pytest.raises(EOFError):
        mine.receive()
    assert endpoint.receive().data == b"unread"
    for _ in range(2):
        for call in endpoint.accept, endpoint.receive:
            with pytest.raises(EOFError):
                call()
        with pytest.raises(OSError) as caught:
            endpoint.connect(other.addresses)
        assert caught.value.errno == errno.EBADF
    assert endpoint.socket.fileno() == -1
    with pytest.raises(ConnectionRefusedError):
        front.connect(endpoint.addresses)


def test_abort_ends_all(front):
    endpoint = front.open_endpoint(LOCAL)
    clients = [front.connect(endpoint.addresses) for _ in range(3)]
    accepted = endpoint.take()
    for _ in range(2):
        endpoint.take()
    waiting = [
        endpoint.accept.start(),
        endpoint.start_next(),
        endpoint.receive.start(),
        accepted.receive.start(),
    ]
    endpoint.abort(b"why")
    for call in waiting:
        with pytest.raises(ConnectionAbortedError):
            call.result(PATIENCE)
    for client in clients:
        with pytest.raises(ConnectionResetError) as caught:
            client.receive()
        assert sctp.error_causes(caught.value.notification)[0][1] == b"why"
    endpoint.wait_closed()
    assert endpoint.socket.fileno() == -1 and endpoint.is_closed


def test_leaving(front):
    client = None
    with front.open_endpoint(LOCAL) as endpoint:
        client = front.connect(endpoint.addresses)
        endpoint.take().send(b"bye")
    assert endpoint.is_closed
    assert [message.data for message in client.all()] == [b"bye"]
    with pytest.raises(RuntimeError), front.open_endpoint(LOCAL) as endpoint:
        client = front.connect(endpoint.addresses)
        raise RuntimeError
    with pytest.raises(ConnectionResetError):
        client.receive()


def test_close_takes_no_longer_than_close_timeout(front, make_peer):
    endpoint = front.open_endpoint(LOCAL, close_timeout=0.3)
    peer = make_peer(endpoint, receive=5000)
    accepted = endpoint.take()
    for _ in range(30):
        accepted.send(bytes(2000))
    start = time.monotonic()
    endpoint.close()
    endpoint.wait_closed()
    assert 0.2 < time.monotonic() - start < 5
    with pytest.raises(ConnectionAbortedError):
        accepted.receive()
    with pytest.raises(ConnectionResetError):
        while True:
            peer.recv(3000)


@pytest.mark.linux
def test_connect_that_nobody_answers(own_network, front):
    """The kernel reports the same for a connection that is refused."""
    options = {
        sctp.SCTP_INITMSG: sctp.sctp_initmsg(
            sinit_max_attempts=2, sinit_max_init_timeo=50
        ),
        sctp.SCTP_RTOINFO: sctp.sctp_rtoinfo(
            srto_initial=60, srto_min=30, srto_max=120
        ),
    }
    endpoint = front.open_endpoint(options=options)
    with pytest.raises(ConnectionRefusedError) as caught:
        endpoint.connect("10.1.0.2:5")
    assert "could not be set up" in caught.value.__notes__[0]
    own_network.lose(100)
    for addresses in "10.1.0.2:5", "10.1.0.2/10.2.0.2:5":
        with pytest.raises(TimeoutError) as caught:
            endpoint.connect(addresses)
        assert caught.value.errno == errno.ETIMEDOUT
        assert "could not be set up" in caught.value.__notes__[0]
    assert endpoint.associations == ()


@pytest.mark.parametrize("how", ["close", "abort"])
def test_endpoint_that_ends_while_it_connects(own_network, front, how):
    endpoint = front.open_endpoint()
    own_network.lose(100)
    call = endpoint.connect.start("10.1.0.2:5")
    wait_until(lambda: front.look(lambda: endpoint.real._connecting))
    getattr(endpoint, how)()
    with pytest.raises(ConnectionAbortedError) as caught:
        call.result(PATIENCE)
    assert caught.value.__notes__ == [f"{how}() was called here."]
    endpoint.wait_closed()


def test_addresses_of_an_association_that_ends_at_once(front, make_peer):
    endpoint = front.open_endpoint(LOCAL, backlog=1).attend()
    make_peer(endpoint)
    client = front.open_endpoint()
    mine = client.reach(endpoint.addresses)  # one too many
    with pytest.raises(ConnectionResetError):
        mine.receive()
    assert mine.peer_addresses == endpoint.addresses


# Ends that look alike


class Wire(Host):
    """A plain peer of an endpoint, which also sees the packets of the endpoint."""

    def __init__(self, endpoint, make_socket, homes=1):
        here, there = (
            [(f"10.{net}.0.{host}", 0) for net in range(1, homes + 1)]
            for host in (1, 2)
        )
        super().__init__("10.1.0.1")
        self.peer = make_socket(AF_INET, SOCK_STREAM)
        self.peer.sctp_bindx(there, sctp.SCTP_BINDX_ADD_ADDR)
        self.peer.connect((here[0][0], endpoint.addresses[0][1]))
        self.peer.send(b"x")
        # Packets to the endpoint have the tag that it expects.
        self.packet = self.receive(0)

    def abort(self):
        """Sends an ABORT without a cause, as a host does for an unknown association."""
        with Host("10.1.0.2") as host:
            aborting = self.packet._replace(chunks=(Chunk(6),))
            host.send("10.1.0.1", aborting)


SOON_SILENT = [
    (
        sctp.SCTP_RTOINFO,
        sctp.sctp_rtoinfo(srto_initial=60, srto_min=30, srto_max=120),
    ),
    (sctp.SCTP_ASSOCINFO, sctp.sctp_assocparams(sasoc_asocmaxrxt=3)),
    (
        sctp.SCTP_PEER_ADDR_PARAMS,
        sctp.sctp_paddrparams(
            spp_hbinterval=50, spp_pathmaxrxt=3, spp_flags=sctp.SPP_HB_ENABLE
        ),
    ),
]


@pytest.mark.linux
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("homes", [1, 2])
@pytest.mark.parametrize("is_peeled", [False, True])
@pytest.mark.parametrize("how", ["abort", "silence", "restarted host"])
def test_abort_without_a_cause_and_silence(
    own_network, front, make_socket, how, is_peeled, homes, kernel_fact
):
    """The kernel reports the same for both."""
    addresses = "/".join(f"10.{net}.0.1" for net in range(1, homes + 1))
    options = SOON_SILENT if how == "silence" else ()
    endpoint = front.open_endpoint(addresses, options=options)
    with Wire(endpoint, make_socket, homes) as wire:
        accepted = endpoint.take()
        assert accepted.receive().data == b"x"
        if is_peeled:
            endpoint.peel_off(accepted.real)
            front.keep(accepted)
        if how == "abort":
            wire.abort()
        else:
            own_network.lose(100)
        if how == "restarted host":
            abort(wire.peer)
            own_network.lose(0)
            accepted.send(b"Who is there?")
        with pytest.raises(OSError) as caught:
            accepted.receive()
    expected = errno.ETIMEDOUT if how == "silence" else errno.ECONNRESET
    assert caught.value.errno == expected
    notification = caught.value.notification
    kernel_fact("cause-of-a-silent-loss", "sac_info" in notification)
    assert notification["sac_error"] == 0 and "sac_info" not in notification


@pytest.mark.linux
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("how", ["abort", "silence"])
def test_end_after_a_named_path_failed(own_network, front, make_socket, how):
    """The kernel does not report that addresses named in connect() are confirmed."""
    listener = make_socket(AF_INET, SOCK_STREAM)
    addresses = [("10.1.0.2", 0), ("10.2.0.2", 0)]
    listener.sctp_bindx(addresses, sctp.SCTP_BINDX_ADD_ADDR)
    listener.listen()
    endpoint = front.open_endpoint(
        "10.1.0.1/10.2.0.1",
        options=SOON_SILENT,
        events=[NotificationType.PEER_ADDR_CHANGE],
    )
    client = endpoint.reach(listener.sctp_getladdrs())
    news = client.notifications()
    peer = listener.accept()[0]
    with Host("10.1.0.1") as here, Host("10.1.0.2") as there:
        peer.send(b"x")
        packet = here.receive(0)  # it has the tag that the endpoint expects
        assert client.receive().data == b"x"
        own_network.run("ip address del 10.2.0.2/24 dev dummy0")
        failed = front.submit_next(news).result(PATIENCE)
        assert failed["spc_aaddr"][0] == "10.2.0.2"
        if how == "abort":
            there.send("10.1.0.1", packet._replace(chunks=(Chunk(6),)))
        else:
            own_network.lose(100)
        with pytest.raises(OSError) as caught:
            client.receive()
    expected = errno.ECONNRESET if how == "abort" else errno.ETIMEDOUT
    assert caught.value.errno == expected
    peer.close()


# No association stops the others


def test_honest_clients_with_long_messages(front):
    """With the kernel's defaults, four such clients stop each other for ever."""
    endpoint = front.open_endpoint(LOCAL)
    clients = [front.connect(endpoint.addresses) for _ in range(4)]
    accepted = [endpoint.take() for _ in clients]
    messages = [os.urandom(100_000) for _ in range(10)]
    sending = [client.send_many.start(messages) for client in clients]
    for number in range(10):
        for each in accepted:
            assert each.receive().data == messages[number]
    for each in sending:
        each.result(PATIENCE)


def fill(association, size=2000):
    """Starts sends until one waits, and returns all of them."""
    calls = []
    while True:
        calls.append(association.send.start(b"%6d" % len(calls) + bytes(size - 6)))
        try:
            calls[-1].result(0.3)
        except TimeoutError:
            return calls


def numbers(sock, count):
    return [int(sock.recv(100_000)[:6]) for _ in range(count)]


def test_peer_that_does_not_read_does_not_stop_sending(front, make_peer):
    """The association is moved to its own socket when another one waits, too."""
    endpoint = front.open_endpoint(LOCAL, options=SMALL_SENDING)
    slow = make_peer(endpoint, receive=5000)
    to_slow = endpoint.take()
    healthy = front.connect(endpoint.addresses)
    to_healthy = endpoint.take()
    calls = fill(to_slow)
    assert to_slow.socket is endpoint.socket  # it does not block others
    for _ in range(20):
        start = time.monotonic()
        to_healthy.send(b"x")
        assert healthy.receive().data == b"x"
        assert time.monotonic() - start < 0.5
    assert to_slow.socket is not endpoint.socket
    assert to_healthy.socket is endpoint.socket
    assert to_slow.real in endpoint.associations
    more = [to_slow.send.start(b"%6d" % (len(calls) + n)) for n in range(10)]
    assert numbers(slow, len(calls) + 10) == list(range(len(calls) + 10))
    for each in calls + more:
        each.result(PATIENCE)
    to_slow.shutdown()
    assert slow.recv(10) == b""


def test_peers_that_do_not_read_and_turns(front, make_peer):
    """Many associations have something to send. The healthy one gets its turn soon."""
    endpoint = front.open_endpoint(LOCAL, options=SMALL_SENDING)
    slow = [make_peer(endpoint, receive=5000) for _ in range(10)]
    to_slow = [endpoint.take() for _ in slow]
    healthy = front.connect(endpoint.addresses)
    to_healthy = endpoint.take()
    calls = [
        [each.send.start(b"%6d" % n + bytes(2000)) for n in range(20)]
        for each in to_slow
    ]
    start = time.monotonic()
    sending = to_healthy.send_many.start([b"x"] * 50)
    for _ in range(50):
        assert healthy.receive().data == b"x"
    sending.result(PATIENCE)
    assert time.monotonic() - start < 3
    for sock in slow:
        assert numbers(sock, 20) == list(range(20))
    for each in calls:
        for call in each:
            call.result(PATIENCE)


def test_unread_messages_do_not_stop_others(front, make_peer):
    """If they pass the limit, their association is moved to its own socket, and the
    window of its peer closes."""
    endpoint = front.open_endpoint(
        LOCAL, max_unread=20_000, options=SMALL_BUFFERS
    ).attend()
    other = front.open_endpoint(LOCAL)
    peer = make_peer(endpoint, timeout=0.3, send=8192)
    flooded = endpoint.take()
    sent = 0
    with pytest.raises(TimeoutError):
        while True:
            peer.sctp_sendv([b"%6d" % sent + bytes(994)])
            sent += 1
    assert 8 < sent < 120
    assert flooded.socket is not endpoint.socket
    assert front.look(lambda: flooded.real._core.unread_size) < 20_000 + 32 * 1512
    # New associations of both sides are served meanwhile.
    client = front.connect(endpoint.addresses)
    client.send(b"x")
    assert endpoint.take().receive().data == b"x"
    endpoint.reach(other.addresses).send(b"y")
    assert other.receive().data == b"y"
    peer.settimeout(PATIENCE)
    more = threading.Thread(
        target=lambda: [peer.sctp_sendv([b"%6d" % (sent + n)]) for n in range(50)]
    )
    more.start()
    got = [int(flooded.receive().data[:6]) for _ in range(sent + 50)]
    more.join()
    assert got == list(range(sent + 50))


@pytest.mark.linux
def test_no_descriptors_for_peeling_off(front, make_peer, caplog):
    """Reading pauses for all, and goes on when somebody receives. Set-ups of this
    side complete meanwhile, although their news comes after messages."""
    endpoint = front.open_endpoint(LOCAL, max_unread=5000).attend()
    other = front.open_endpoint(LOCAL)
    peer, quiet = make_peer(endpoint), make_peer(endpoint)
    flooded, second = endpoint.take(), endpoint.take()
    if flooded.peer_addresses[0][1] != peer.getsockname()[1]:
        flooded, second = second, flooded
    with no_descriptors():
        for number in range(50):
            peer.sctp_sendv([b"%6d" % number])
        wait_until(lambda: "reading pauses" in caplog.text)
        quiet.send(b"waits")
        mine = endpoint.reach(other.addresses)
        mine.send(b"up")
        assert other.receive().data == b"up"
        with pytest.raises(ConnectionRefusedError):
            endpoint.connect("127.0.0.1:1")
        waiting = second.receive.start()
        with pytest.raises(TimeoutError):
            waiting.result(0.2)
        assert flooded.socket is endpoint.socket
        got = [int(flooded.receive().data) for _ in range(50)]
        assert got == list(range(50))
        assert waiting.result(PATIENCE).data == b"waits"
    assert caplog.text.count("pauses") == 1
    for number in range(50):
        peer.sctp_sendv([b"%6d" % number])
    wait_until(lambda: flooded.socket is not endpoint.socket)
    assert [int(flooded.receive().data) for _ in range(50)] == list(range(50))
    mine.send(b"on")
    assert other.receive().data == b"on"


@pytest.mark.linux
def test_no_descriptors_at_first(front, make_peer, caplog):
    """When there are descriptors again, it is peeled off, even if nobody receives."""
    endpoint = front.open_endpoint(LOCAL, max_unread=5000).attend()
    peer, other = make_peer(endpoint), front.connect(endpoint.addresses)
    flooded, _ = endpoint.take(), endpoint.take()
    with no_descriptors():
        for number in range(50):
            peer.sctp_sendv([b"%6d" % number])
        wait_until(lambda: "reading pauses" in caplog.text)
    other.send(b"x")
    wait_until(lambda: flooded.socket is not endpoint.socket)
    assert caplog.text.count("pauses") == 1


@pytest.mark.linux
def test_no_descriptors_for_a_peer_that_does_not_read(front, make_peer, caplog):
    """Sending pauses, and goes on when the peer reads."""
    endpoint = front.open_endpoint(LOCAL, options=SMALL_SENDING)
    slow = make_peer(endpoint, receive=5000)
    to_slow = endpoint.take()
    healthy = front.connect(endpoint.addresses)
    to_healthy = endpoint.take()
    calls = fill(to_slow)
    with no_descriptors():
        sending = to_healthy.send.start(b"x")
        wait_until(lambda: "sending pauses" in caplog.text)
        time.sleep(0.2)
        assert caplog.text.count("pauses") == 1 and not sending.done()
        assert numbers(slow, len(calls)) == list(range(len(calls)))
        assert healthy.receive().data == b"x"
    sending.result(PATIENCE)


# Peeling off


def test_peeled_off_with_all_that_is_under_way(front, make_peer):
    endpoint = front.open_endpoint(LOCAL, options=SMALL_SENDING)
    peer = make_peer(endpoint, receive=5000)
    accepted = endpoint.take()
    receivers = [accepted.receive.start() for _ in range(3)]
    sends = fill(accepted)
    sends += [accepted.send.start(b"%6d" % (len(sends) + n)) for n in range(20)]
    endpoint.peel_off(accepted.real)
    assert endpoint.associations == ()
    with pytest.raises(ValueError, match="not an association of this endpoint"):
        endpoint.peel_off(accepted.real)
    for number in range(3):
        peer.sctp_sendv([b"%d" % number])
    assert [each.result(PATIENCE).data for each in receivers] == [b"0", b"1", b"2"]
    assert numbers(peer, len(sends)) == list(range(len(sends)))
    for each in sends:
        each.result(PATIENCE)
    # It does not end with the endpoint.
    endpoint.close()
    endpoint.wait_closed()
    accepted.send(b"still here")
    assert peer.recv(100) == b"still here"
    peer.close()
    with pytest.raises(EOFError):
        accepted.receive()
    accepted.wait_closed()
    assert accepted.socket.fileno() == -1


def test_interleaved_messages_of_several_are_joined(front):
    """Messages use I-DATA, and one association is peeled off while they arrive."""
    interleave = {
        sctp.SCTP_FRAGMENT_INTERLEAVE: 2,
        sctp.SCTP_INTERLEAVING_SUPPORTED: sctp.sctp_assoc_value(assoc_value=1),
        (SOL_SOCKET, SO_RCVBUF): 20_000,
        **QUICK,
    }
    try:
        endpoint = front.open_endpoint(LOCAL, options=interleave, streams=10).attend()
    except PermissionError:
        pytest.skip("net.sctp.intl_enable is 0")
    clients = [
        front.connect(endpoint.addresses, options=interleave, streams=10)
        for _ in range(2)
    ]
    accepted = [endpoint.take() for _ in clients]
    messages = {n: bytes([n]) * 60_000 for n in range(8)}
    batch = [(data, {"stream": n}) for n, data in messages.items()]
    sending = [client.send_many.start(batch) for client in clients]
    unfinished = endpoint.real._hub.assembler.unfinished
    first = accepted[0].real._core
    wait_until(lambda: front.look(lambda: first.unread or first.assoc_id in unfinished))
    endpoint.peel_off(accepted[0].real)
    front.keep(accepted[0])
    for each in accepted:
        got = [each.receive() for _ in messages]
        assert {message.stream: message.data for message in got} == messages
    for each in sending:
        each.result(PATIENCE)


@pytest.mark.parametrize("size", [30_000, 70_000])
def test_peeled_off_by_itself_in_the_middle_of_a_message(front, make_peer, size):
    """Nothing is lost, doubled or torn, in both directions."""
    endpoint = front.open_endpoint(LOCAL, options=SMALL_BUFFERS, max_unread=2 * size)
    peer = make_peer(endpoint, receive=8192, send=1 << 20)
    accepted = endpoint.take()
    sends = fill(accepted)
    sends += [accepted.send.start(b"%6d" % (len(sends) + n)) for n in range(20)]
    messages = [b"%6d" % n + os.urandom(size - 6) for n in range(12)]
    flood = threading.Thread(
        target=lambda: [peer.sctp_sendv([each]) for each in messages]
    )
    flood.start()
    wait_until(lambda: accepted.socket is not endpoint.socket)
    assert [accepted.receive().data for _ in messages] == messages
    flood.join()
    assert numbers(peer, len(sends)) == list(range(len(sends)))
    for each in sends:
        each.result(PATIENCE)
    core = accepted.real._core
    assert front.look(lambda: core.assembler.total) == 0
    assert front.look(lambda: endpoint.real._hub.assembler.total) == 0


def test_peeled_off_before_it_is_accepted(front, make_peer):
    endpoint = front.open_endpoint(LOCAL, max_unread=5000).attend()
    peer = make_peer(endpoint)
    for number in range(50):
        peer.sctp_sendv([b"%6d" % number])
    wait_until(lambda: front.look(lambda: endpoint.real._hub.apart))
    assert [int(endpoint.receive().data) for _ in range(20)] == list(range(20))
    accepted = endpoint.take()
    assert accepted.socket is not endpoint.socket
    assert [int(accepted.receive().data) for _ in range(30)] == list(range(20, 50))
    endpoint.peel_off(accepted.real)
    assert endpoint.associations == ()
    endpoint.abort()
    peer.send(b"x")
    assert accepted.receive().data == b"x"
    accepted.abort()


def test_received_by_all_though_peeled_off(front, make_peer):
    endpoint = front.open_endpoint(LOCAL, max_unread=5000)
    peer = make_peer(endpoint)
    more = threading.Thread(
        target=lambda: [peer.sctp_sendv([b"%6d" % n + bytes(1000)]) for n in range(500)]
    )
    more.start()
    assert [int(endpoint.receive().data[:6]) for _ in range(500)] == list(range(500))
    more.join()
    peer.close()
    wait_until(lambda: not endpoint.associations)


def test_end_of_what_was_peeled_off_is_not_that_of_others(front, make_peer):
    endpoint = front.open_endpoint(LOCAL, max_unread=5000).attend()
    peer, other = make_peer(endpoint), make_peer(endpoint)
    accepted, second = endpoint.take(), endpoint.take()
    waiting = second.receive.start()
    for number in range(50):
        peer.sctp_sendv([b"%6d" % number])
    wait_until(lambda: accepted.socket is not endpoint.socket)
    peer.close()
    assert len(accepted.all()) == 50
    wait_until(lambda: accepted.is_closed)
    other.send(b"x")
    assert waiting.result(PATIENCE).data == b"x"
    make_peer(endpoint).send(b"y")
    assert endpoint.receive().data == b"y"


def test_end_of_what_was_peeled_off_by_itself(front, make_peer):
    """It still belongs to the endpoint."""
    endpoint = front.open_endpoint(LOCAL, max_unread=5000).attend()
    peer = make_peer(endpoint)
    accepted = endpoint.take()
    for number in range(50):
        peer.sctp_sendv([b"%6d" % number])
    wait_until(lambda: accepted.socket is not endpoint.socket)
    endpoint.close()
    endpoint.wait_closed()
    assert accepted.is_closed and endpoint.is_closed
    with pytest.raises(EOFError):
        while True:
            accepted.receive()


def test_peel_off_of_a_stranger(front):
    endpoint = front.open_endpoint(LOCAL)
    client = front.connect(endpoint.addresses)
    other = front.open_endpoint(LOCAL)
    mine = other.reach(endpoint.addresses)
    for stranger in client, mine:
        with pytest.raises(ValueError):
            endpoint.peel_off(stranger.real)
    with pytest.raises(TypeError, match="association"):
        endpoint.peel_off(None)


# Notifications


def test_notifications(front):
    events = [NotificationType.SHUTDOWN_EVENT]
    endpoint = front.open_endpoint(LOCAL, events=events)
    clients = [front.connect(endpoint.addresses) for _ in range(2)]
    accepted = [endpoint.take() for _ in clients]
    all, own = endpoint.notifications(), accepted[1].notifications()
    for each in clients:
        each.shutdown()
    got = [front.submit_next(all).result(PATIENCE) for _ in clients]
    ids = {each["sse_assoc_id"] for each in got}
    assert ids == {each.assoc_id for each in accepted}
    notification = front.submit_next(own).result(PATIENCE)
    assert notification["sse_assoc_id"] == accepted[1].assoc_id
    assert front.submit_next(own).result(PATIENCE) is None
    waiting = front.submit_next(all)
    endpoint.close()
    assert waiting.result(PATIENCE) is None


# Many associations


@pytest.mark.linux
def test_thousand_associations(front, make_peer):
    count = 1000
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[1], 2 * count),) * 2)
    peers = []
    try:
        endpoint = front.open_endpoint(LOCAL, backlog=count).attend()
        descriptors = len(system.open_descriptors())
        # With short timers a peer gives up after a fifth of a second. A message may
        # have to wait so long while the one receive buffer is full.
        patient = sctp.sctp_rtoinfo()
        for _ in range(count):
            peers.append(make_peer(endpoint, timers=patient))
        accepted = [endpoint.take() for _ in peers]
        for number, peer in enumerate(peers):
            peer.send(b"%d" % number)
        for each in accepted:
            each.send(each.receive().data)
        for number, peer in enumerate(peers):
            assert peer.recv(100) == b"%d" % number
        assert len(endpoint.associations) == count
        # Only the peers have descriptors.
        assert len(system.open_descriptors()) == descriptors + count
        endpoint.close()
        for peer in peers:
            assert peer.recv(100) == b""
        endpoint.wait_closed()
    finally:
        for peer in peers:
            peer.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.linux
def test_nothing_is_left_of_those_who_come_and_go(front, make_peer):
    endpoint = front.open_endpoint(LOCAL, max_unread=5000)
    hub = endpoint.real._hub

    def come_and_go():
        for how in "shutdown", "abort", "peel":
            client = front.connect(endpoint.addresses)
            accepted = endpoint.take()
            client.send_many([b"x"] * (50 if how == "peel" else 1))
            accepted.receive()
            if how == "abort":
                accepted.abort()
                with pytest.raises(ConnectionResetError):
                    client.receive()
            else:
                client.shutdown.start()
                accepted.all()
                accepted.wait_closed()
        abort(make_peer(endpoint))
        wait_until(lambda: front.look(lambda: not (hub.members or hub._gone)))

    come_and_go()
    before = system.open_descriptors()
    for _ in range(3):
        come_and_go()
    assert system.open_descriptors() == before
    kept = hub.apart, hub.waiting, hub._unseen, hub._ready, hub.ending, hub.crowded
    assert not any(kept) and hub.assembler.total == 0
