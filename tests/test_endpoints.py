"""Endpoints over the kernel, by each front end: many associations of a socket."""

import errno
import os
import resource
import struct
import threading
import time
from contextlib import contextmanager
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
from packets import Chunk, Host, Packet
from test_associations_ends import no_descriptors

import sctp
from sctp import (
    IPPROTO_SCTP,
    AssociationState,
    MessageTooLong,
    NotificationType,
    sctp_socket,
)

pytestmark = [pytest.mark.kernel]
LOCAL = "127.0.0.1"
SMALL_BUFFERS = {(SOL_SOCKET, SO_RCVBUF): 8192, (SOL_SOCKET, SO_SNDBUF): 8192}


@pytest.fixture
def make_peer(make_socket):
    """Makes plain sockets with an association to an endpoint."""

    def make(endpoint, timeout=PATIENCE, **buffers):
        sock = make_socket(AF_INET, SOCK_STREAM, timeout=timeout)
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
    """With an association that it has already."""
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
    assert sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_NODELAY) == 1


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
        (TypeError, {"backlog": None}),
        (ValueError, {"max_unread": 0}),
        (TypeError, {"sock": 5}),
        (TypeError, {"addresses": [(LOCAL,)]}),
        (ValueError, {"events": [1]}),
    ],
)
def test_bad_arguments(front, error, arguments):
    with pytest.raises(error):
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


# Accepting, and receiving from those whom nobody has accepted


def test_backlog(front, make_peer):
    """One more is aborted, and those before it are served."""
    endpoint = front.open_endpoint(LOCAL, backlog=2)
    first, second = (front.connect(endpoint.addresses) for _ in range(2))
    with pytest.raises(ConnectionResetError):
        make_peer(endpoint).recv(100)
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
    endpoint = front.open_endpoint(LOCAL, max_message=5000)
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
    clients[2].send(bytes(20_000))
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
    endpoint = front.open_endpoint(LOCAL)
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
    """Unlike one that is refused, of which the kernel says the same."""
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
