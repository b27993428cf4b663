"""Associations over the kernel, by each front end: messages, options, limits."""

import errno
import os
import socket
import struct
import threading
import time
from pathlib import Path
from socket import (
    AF_INET,
    AF_INET6,
    SHUT_WR,
    SO_LINGER,
    SO_RCVBUF,
    SO_SNDBUF,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
from fronts import PATIENCE

import sctp
from sctp import (
    IPPROTO_SCTP,
    AssociationState,
    Message,
    MessageTooLong,
    NotificationType,
    PayloadProtocol,
    sctp_socket,
)

pytestmark = [pytest.mark.kernel]
LOCAL = "127.0.0.1"
MANY = [b"%4d" % number * 250 for number in range(20)]
SMALL_BUFFERS = {(SOL_SOCKET, SO_RCVBUF): 8192, (SOL_SOCKET, SO_SNDBUF): 8192}


@pytest.fixture
def make_ends(front):
    """A client and what the server has accepted, made with the same arguments."""

    def make(addresses=LOCAL, local_addresses=(), **kwargs):
        server = front.listen(addresses, **kwargs)
        client = front.connect(
            server.addresses, local_addresses=local_addresses, **kwargs
        )
        return client, server.accept()

    return make


@pytest.fixture
def ends(make_ends):
    return make_ends()


def test_message_arrives_with_all_that_it_has(ends):
    client, accepted = ends
    client.send(b"Hello", stream=3, ppid=PayloadProtocol.NGAP, context=7)
    message = accepted.receive()
    assert type(message) is Message
    assert (message.data, message.stream, message.ppid) == (b"Hello", 3, 60)
    assert message.unordered is False
    assert message.association is accepted.real
    assert message.address in client.local_addresses
    assert message.rcvinfo["rcv_sid"] == 3
    assert message.rcvinfo["rcv_assoc_id"] == accepted.assoc_id
    accepted.send(bytearray(b"there"), unordered=True)
    message = client.receive()
    assert (message.data, message.unordered, message.ppid) == (b"there", True, 0)


def test_iteration_ends_with_the_association(ends):
    client, accepted = ends
    for number in range(5):
        client.send(b"%d" % number)
    client.shutdown()
    assert [message.data for message in accepted.all()] == [
        b"0",
        b"1",
        b"2",
        b"3",
        b"4",
    ]
    assert accepted.next() is None


def test_what_is_known_of_an_association(make_ends):
    client, accepted = make_ends(streams=(5, 9))
    for one, other in (client, accepted), (accepted, client):
        assert one.outbound_streams == one.inbound_streams == 5
        assert one.assoc_id > 0
        assert set(one.local_addresses) == set(other.peer_addresses)
        assert one.status()["sstat_state"] == AssociationState.ESTABLISHED
        assert isinstance(one.socket, sctp_socket)
        assert one.is_closed is False
        assert f"Association {one.assoc_id}" in repr(one.real)
    addresses = client.peer_addresses
    client.shutdown()
    assert client.is_closed
    assert client.peer_addresses == addresses
    with pytest.raises(BrokenPipeError):
        client.status()


def test_several_addresses(make_ends, loopback):
    homes, near = loopback(3), loopback(5)[3:]
    client, accepted = make_ends(homes, local_addresses=near)
    port = client.peer_addresses[0][1]
    assert set(client.peer_addresses) == {(host, port) for host, _ in homes}
    assert {host for host, _ in accepted.peer_addresses} == {host for host, _ in near}


@pytest.mark.parametrize(
    ("here", "there", "family"),
    [
        ("127.0.0.1", "127.0.0.1:{}", AF_INET),
        ("[::1]", "[::1]:{}", AF_INET6),
        ("[::1]/127.0.0.1", "[::1]/127.0.0.1:{}", AF_INET6),
        ("localhost", "localhost:{}", None),
        ([("127.0.0.1", 0)], "127.0.0.1:{}", AF_INET),
    ],
)
def test_addresses_as_text(front, here, there, family):
    server = front.listen(here)
    port = server.addresses[0][1]
    client = front.connect(there.format(port))
    assert family in (None, client.socket.family)
    client.send(b"x")
    message = server.accept().receive()
    assert message.address in client.local_addresses
    assert "::ffff:" not in str(client.local_addresses + client.peer_addresses)


def test_addresses_of_a_socket_that_the_association_does_not_have(make_ends):
    off = {sctp.SCTP_ASCONF_SUPPORTED: sctp.sctp_assoc_value(assoc_value=0)}
    client, _ = make_ends("10.1.0.2", local_addresses="10.1.0.1", options=off)
    (here,) = client.local_addresses
    client.socket.sctp_bindx([("10.2.0.1", here[1])], sctp.SCTP_BINDX_ADD_ADDR)
    assert client.local_addresses == (here,)


def test_addresses_of_a_server_are_the_current_ones(front):
    server = front.serve(lambda association: None, "10.1.0.1")
    port = server.addresses[0][1]
    second, third = ("10.2.0.1", port), ("10.3.0.1", port)
    (sock,) = server.sockets
    sock.sctp_bindx([second], sctp.SCTP_BINDX_ADD_ADDR)
    assert server.addresses == (("10.1.0.1", port), second)
    assert str(second) in repr(server.real)
    sock.sctp_bindx([third], sctp.SCTP_BINDX_ADD_ADDR)
    sock.sctp_bindx([second], sctp.SCTP_BINDX_REM_ADDR)
    server.close()
    assert server.addresses == (("10.1.0.1", port), third)


def test_ipv4_is_shown_as_ipv4_on_ipv6_sockets(front):
    server = front.listen("[::1]/127.0.0.1")
    port = server.addresses[0][1]
    client = front.connect(f"127.0.0.1:{port}", local_addresses="127.0.0.1")
    client.send(b"x")
    message = server.accept().receive()
    assert message.address[0] == "127.0.0.1" and len(message.address) == 2


@pytest.mark.linux
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_both_families_where_ipv6_sockets_are_for_ipv6_alone(front):
    path = Path("/proc/sys/net/ipv6/bindv6only")
    before = path.read_text()
    path.write_text("1")
    try:
        server = front.listen("[::1]/127.0.0.1")
        port = server.addresses[0][1]
        client = front.connect(f"[::1]/127.0.0.1:{port}")
        client.send(b"x")
        assert server.accept().receive().data == b"x"
        here = "[::1]/127.0.0.1"
        client = front.connect(f"127.0.0.1:{port}", local_addresses=here)
        client.send(b"y")
        assert server.accept().receive().data == b"y"
    finally:
        path.write_text(before)


def test_service_that_nobody_knows(front):
    with pytest.raises(socket.gaierror) as caught:
        front.connect("127.0.0.1:no-such-service")
    assert caught.value.errno == socket.EAI_SERVICE


def test_host_that_nobody_knows(front):
    with pytest.raises(socket.gaierror):
        front.connect("no-such-host.invalid:5")


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (ValueError, {"addresses": "127.0.0.1"}),
        (ValueError, {"addresses": ()}),
        (TypeError, {"addresses": [("127.0.0.1",)]}),
        (TypeError, {"addresses": ("127.0.0.1", 5)}),
        (TypeError, {"addresses": 5}),
        (ValueError, {"streams": 0}),
        (ValueError, {"options": {sctp.SCTP_AUTOCLOSE: 1}}),
        (ValueError, {"options": {sctp.SCTP_RECVRCVINFO: 0}}),
        (ValueError, {"events": [1]}),
        (ValueError, {"max_message": 0}),
        (ValueError, {"max_unread": 0}),
        (ValueError, {"max_total": 0}),
        (ValueError, {"close_timeout": -1}),
        (TypeError, {"sock": 5}),
        (TypeError, {"options": {sctp.SCTP_NODELAY: "yes"}}),
        (TypeError, {"options": 5}),
        (TypeError, {"events": 5}),
    ],
)
def test_bad_arguments(front, error, arguments):
    arguments = {"addresses": "127.0.0.1:5", **arguments}
    with pytest.raises(error):
        front.connect(**arguments)
    if arguments["addresses"] == "127.0.0.1":
        return
    with pytest.raises(error):
        front.listen(**arguments)


@pytest.mark.parametrize("name", ["backlog", "max_associations"])
@pytest.mark.parametrize(
    ("error", "value"), [(ValueError, 0), (ValueError, -1), (TypeError, "5")]
)
def test_counts_of_a_server(front, name, error, value):
    with pytest.raises(error, match=name):
        front.listen("127.0.0.1", **{name: value})


def test_option_that_the_kernel_refuses_is_named(front):
    with pytest.raises(OSError) as caught:
        front.connect("127.0.0.1:5", options={sctp.SCTP_STATUS: bytes(5)})
    assert f"Option {sctp.SCTP_STATUS} " in " ".join(caught.value.__notes__)


def test_options_and_streams_are_set(front):
    options = {sctp.SCTP_NODELAY: 0, (SOL_SOCKET, SO_RCVBUF): 1 << 16}
    server = front.listen(LOCAL, options=options, streams=(3, 4))
    client = front.connect(server.addresses, options=options, streams=(7, 8))
    accepted = server.accept()
    assert client.outbound_streams == 4 and client.inbound_streams == 3
    read = client.socket.getsockopt
    assert read(IPPROTO_SCTP, sctp.SCTP_NODELAY) == 0
    assert read(SOL_SOCKET, SO_RCVBUF) >= 1 << 16
    plain = front.connect(server.addresses)
    assert plain.socket.getsockopt(IPPROTO_SCTP, sctp.SCTP_NODELAY) == 1
    assert accepted.outbound_streams == 3


def test_refused(front):
    with pytest.raises(ConnectionRefusedError) as caught:
        front.connect("127.0.0.1:1")
    assert caught.value.errno == errno.ECONNREFUSED
    assert "could not be set up" in caught.value.__notes__[0]
    assert caught.value.notification["sn_type"] == NotificationType.ASSOC_CHANGE


def test_connected_socket(front, make_socket):
    server = front.listen(LOCAL)
    sock = make_socket(AF_INET, SOCK_STREAM)
    sock.connect(server.addresses[0])
    client = front.connect((), sock=sock)
    assert client.socket is sock
    client.send(b"x")
    accepted = server.accept()
    assert accepted.receive().data == b"x"
    assert client.assoc_id > 0 and client.peer_addresses
    accepted.shutdown()
    with pytest.raises(EOFError):
        client.receive()
    client.wait_closed()
    assert sock.fileno() == -1


def test_ready_sockets(front, make_socket):
    listener = make_socket(AF_INET, SOCK_STREAM)
    listener.bind((LOCAL, 0))
    server = front.listen((), sock=listener)
    assert server.sockets == (listener,)
    sock = make_socket(AF_INET, SOCK_STREAM)
    client = front.connect(server.addresses, sock=sock)
    assert client.socket is sock
    server.accept().send(b"x")
    assert client.receive().data == b"x"
    many = make_socket(AF_INET, socket.SOCK_SEQPACKET)
    with pytest.raises(ValueError, match="one-to-one"):
        front.connect(server.addresses, sock=many)


# Sending


def test_send_many(ends):
    client, accepted = ends
    messages = [
        b"a",
        (b"b", {"stream": 2}),
        (memoryview(b"c"), {"ppid": 60, "unordered": True}),
        bytearray(b"d"),
        (b"e", {}),
    ]
    client.send_many(messages, stream=1, ppid=46)
    got = {}
    for _ in messages:
        message = accepted.receive()
        got[message.data] = message.stream, message.ppid, message.unordered
    assert got == {
        b"a": (1, 46, False),
        b"b": (2, 46, False),
        b"c": (1, 60, True),
        b"d": (1, 46, False),
        b"e": (1, 46, False),
    }


def test_send_many_of_thousands(ends):
    client, accepted = ends
    sending = client.send_many.start(b"%d" % n for n in range(1000))
    assert [accepted.receive().data for _ in range(1000)] == [
        b"%d" % n for n in range(1000)
    ]
    sending.result(PATIENCE)
    client.send_many([])
    client.send(b"last")
    assert accepted.receive().data == b"last"


@pytest.mark.parametrize(
    ("error", "bad"),
    [
        (ValueError, b""),
        (ValueError, (b"x", {"stream": -1})),
        (ValueError, (b"x", {"lifetime": 0})),
        (TypeError, (b"x", {"unknown": 1})),
        (TypeError, "text"),
        (TypeError, 5),
        ((TypeError, ValueError), (b"x",)),
        (TypeError, (b"x", 5)),
        (BufferError, memoryview(b"abcd")[::2]),
    ],
)
def test_nothing_is_sent_where_one_message_is_bad(ends, error, bad):
    client, accepted = ends
    with pytest.raises(error) as caught:
        client.send_many([b"a", b"b", bad])
    assert caught.value.sent == 0
    client.send(b"next")
    assert accepted.receive().data == b"next"


def test_messages_that_are_none_are_named(ends):
    client, accepted = ends
    with pytest.raises(TypeError, match="messages") as caught:
        client.send_many(5)
    assert caught.value.sent == 0
    with pytest.raises(TypeError, match=r"messages\[1\]"):
        client.send_many([b"x", (b"x", 5)])
    client.send(b"next")
    assert accepted.receive().data == b"next"


def test_reason_that_is_none_is_named(ends):
    client, accepted = ends
    for error, reason in (TypeError, "no more"), (ValueError, bytes(65_001)):
        with pytest.raises(error, match="reason"):
            client.abort(reason)
    client.send(b"alive")
    assert accepted.receive().data == b"alive"


def test_send_many_says_how_many_went(ends):
    client, accepted = ends
    with pytest.raises(OSError) as caught:
        client.send_many([b"a", b"b", (b"c", {"stream": 60_000}), b"d"])
    assert caught.value.errno == errno.EINVAL and caught.value.sent == 2
    client.send(b"next")
    assert [accepted.receive().data for _ in range(3)] == [b"a", b"b", b"next"]


@pytest.mark.parametrize(
    ("error", "data", "keywords"),
    [
        (ValueError, b"", {}),
        (TypeError, "text", {}),
        (ValueError, b"x", {"ppid": 1 << 32}),
        (ValueError, b"x", {"stream": 1 << 16}),
        (ValueError, b"x", {"lifetime": 0}),
        (ValueError, b"x", {"lifetime": -1}),
    ],
)
def test_what_cannot_be_sent(ends, error, data, keywords):
    client, accepted = ends
    with pytest.raises(error):
        client.send(data, **keywords)
    client.send(b"next")
    assert accepted.receive().data == b"next"


def test_longer_than_the_send_buffer(make_ends):
    client, accepted = make_ends(options=SMALL_BUFFERS)
    room = client.socket.getsockopt(SOL_SOCKET, SO_SNDBUF)
    with pytest.raises(OSError) as caught:
        client.send(bytes(room + 1))
    assert caught.value.errno == errno.EMSGSIZE
    client.send(b"next")
    assert accepted.receive().data == b"next"


def test_stream_that_there_is_not(ends):
    client, accepted = ends
    with pytest.raises(OSError) as caught:
        client.send(b"x", stream=60_000)
    assert caught.value.errno == errno.EINVAL
    client.send(b"next")
    assert accepted.receive().data == b"next"


@pytest.mark.linux
def test_lifetime(own_network, front):
    """The kernel gives up a message that was not delivered in time."""
    server = front.listen(LOCAL)
    client = front.connect(server.addresses)
    accepted = server.accept()
    own_network.lose(100)
    client.send(b"too late", lifetime=0.0001)
    time.sleep(0.1)
    own_network.lose(0)
    client.send(b"in time", lifetime=100)
    assert accepted.receive().data == b"in time"


def test_long_messages_arrive_whole(ends):
    client, accepted = ends
    for size in 8191, 8192, 8193, 16_384, 100_000, 200_000:
        data = os.urandom(size)
        sending = client.send.start(data)
        assert accepted.receive().data == data
        sending.result(PATIENCE)


def test_order_of_sends_that_wait_and_of_those_that_need_not(make_ends):
    client, accepted = make_ends(options=SMALL_BUFFERS)
    sends = [
        client.send.start(b"%d" % n + bytes(3000 if n % 3 else 10)) for n in range(50)
    ]
    got = [int(accepted.receive().data.rstrip(b"\0")) for _ in range(50)]
    assert got == list(range(50))
    for send in sends:
        send.result(PATIENCE)


def test_receivers_in_turn(ends):
    client, accepted = ends
    receivers = [accepted.receive.start() for _ in range(20)]
    client.send_many([b"%d" % n for n in range(20)])
    got = [receiver.result(PATIENCE).data for receiver in receivers]
    assert got == [b"%d" % n for n in range(20)]


# Limits


def test_message_too_long_comes_in_its_place(make_ends):
    client, accepted = make_ends(max_message=20_000)
    for data in b"a", bytes(20_001), bytes(20_000), bytes(100_000), b"b":
        client.send(data, stream=2)
    client.shutdown()
    got = []
    for _ in range(5):
        try:
            got.append(len(accepted.receive().data))
        except MessageTooLong as error:
            assert error.errno == errno.EMSGSIZE
            assert error.stream == 2 and error.association is accepted.real
            got.append(-error.size)
    assert got == [1, -20_001, 20_000, -100_000, 1]
    with pytest.raises(EOFError):
        accepted.receive()


def test_short_message_may_be_too_long(make_ends):
    client, accepted = make_ends(max_message=100)
    for size in 101, 100:
        client.send(bytes(size))
    with pytest.raises(MessageTooLong) as caught:
        accepted.receive()
    assert caught.value.size == 101
    assert accepted.receive().data == bytes(100)


def test_iteration_goes_on_behind_a_message_that_is_too_long(make_ends):
    client, accepted = make_ends(max_message=10_000)
    for data in b"a", bytes(30_000), b"b":
        client.send(data)
    client.shutdown()
    assert accepted.next().data == b"a"
    with pytest.raises(MessageTooLong):
        accepted.next()
    assert [message.data for message in accepted.all()] == [b"b"]


def wait_until(call, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not call():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


def test_reading_stops_at_the_mark_and_goes_on_below_half(front, make_socket):
    server = front.listen(LOCAL, max_unread=20_000, options=SMALL_BUFFERS)
    peer = make_socket(AF_INET, SOCK_STREAM, timeout=1)
    peer.setsockopt(SOL_SOCKET, SO_SNDBUF, 8192)
    peer.connect(server.addresses[0])
    accepted = server.accept()
    sent = 0
    with pytest.raises(TimeoutError):
        while True:
            peer.sctp_sendv([b"%6d" % sent + bytes(994)])
            sent += 1
    # The limit, and the messages that fit into the buffers of the kernel.
    assert 8 < sent < 20 + 60
    core = accepted.real._core
    assert front.look(lambda: core.unread_size) < 20_000 + 32 * 1512
    peer.settimeout(PATIENCE)
    more = threading.Thread(
        target=lambda: [
            peer.sctp_sendv([b"%6d" % (sent + n) + bytes(994)]) for n in range(50)
        ]
    )
    more.start()
    got = [int(accepted.receive().data[:6]) for _ in range(sent + 50)]
    more.join()
    assert got == list(range(sent + 50))


def test_message_over_the_mark_alone_is_received(make_ends):
    client, accepted = make_ends(max_unread=1)
    sending = client.send_many.start([bytes(100_000), b"a", b"b"])
    assert [len(accepted.receive().data) for _ in range(3)] == [100_000, 1, 1]
    sending.result(PATIENCE)


# Notifications


def test_notifications(front):
    events = [NotificationType.SHUTDOWN_EVENT, NotificationType.SENDER_DRY_EVENT]
    server = front.listen(LOCAL)
    client = front.connect(server.addresses, events=events)
    accepted = server.accept()
    first = client.notifications()
    client.send(b"x")
    notification = front_next(front, first)
    assert notification["sn_type"] == NotificationType.SENDER_DRY_EVENT
    assert client.notifications().dropped == 0
    waiting = front.submit_next(first)
    accepted.shutdown()
    assert waiting.result(PATIENCE)["sn_type"] == NotificationType.SHUTDOWN_EVENT
    assert front_next(front, first) is None  # ASSOC_CHANGE was not asked for
    client.wait_closed()
    assert front_next(front, client.notifications()) is None


def front_next(front, iterator):
    return front.submit_next(iterator).result(PATIENCE)


@pytest.mark.linux
@pytest.mark.parametrize("whose", ["peer's", "own"])
def test_messages_that_were_not_delivered(front, make_socket, whose):
    listener = make_socket(AF_INET, SOCK_STREAM)
    listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 5000)
    listener.bind((LOCAL, 0))
    listener.listen()
    events = [NotificationType.SEND_FAILED_EVENT]
    client = front.connect([listener.getsockname()], events=events)
    peer = listener.accept()[0]
    news = client.notifications()
    for number, message in enumerate(MANY):
        client.send(message, context=number)
    if whose == "own":
        client.abort()
    else:
        peer.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    lost = [*iter(lambda: front_next(front, news), None)]
    contexts = [each["ssfe_info"]["snd_context"] for each in lost]
    assert contexts == ([] if whose == "own" else [*range(min(contexts), len(MANY))])


def test_notifications_without_a_reader_disturb_nobody(front):
    server = front.listen(LOCAL, events=list(NotificationType))
    client = front.connect(server.addresses)
    accepted = server.accept()
    for number in range(50):
        client.send(b"%d" % number)
        assert accepted.receive().data == b"%d" % number
        accepted.send(b"back")
        client.receive()


# Servers


def test_handler_that_returns_shuts_down(front):
    server = front.serve(lambda association: association.send(b"bye"), LOCAL)
    client = front.connect(server.addresses)
    assert [message.data for message in client.all()] == [b"bye"]
    wait_until(lambda: not server.associations)


def test_handler_that_fails_aborts(front):
    def fail(association):
        association.receive()
        raise RuntimeError("the handler's")

    server = front.serve(fail, LOCAL)
    client = front.connect(server.addresses)
    client.send(b"x")
    with pytest.raises(ConnectionResetError):
        client.receive()
    wait_until(lambda: front.troubles)
    [trouble] = front.troubles
    assert str(trouble["exception"]) == "the handler's"
    front.troubles.clear()


@pytest.mark.parametrize("end", ["shutdown", "abort"])
def test_end_of_its_association_is_no_news_of_a_handler(front, end):
    started = threading.Event()

    def receive_for_ever(association):
        started.set()
        while True:
            association.receive()

    server = front.serve(receive_for_ever, LOCAL)
    client = front.connect(server.addresses)
    assert started.wait(PATIENCE)
    getattr(client, end)()
    wait_until(lambda: not server.associations)
    assert not front.troubles


def test_closed_server_lets_handlers_go_on(front):
    server = front.listen(LOCAL)
    addresses = server.addresses
    client = front.connect(addresses)
    accepted = server.accept()
    assert server.is_serving and len(server.sockets) == 1
    forever, closed = server.serve_forever.start(), server.wait_closed.start()
    server.close()
    forever.result(PATIENCE)
    assert not server.is_serving and server.sockets == ()
    assert server.addresses == addresses
    assert server.associations == (accepted.real,)
    with pytest.raises(ConnectionRefusedError):
        front.connect(addresses)
    client.send(b"still here")
    assert accepted.receive().data == b"still here"
    assert not closed.done()
    client.shutdown()
    closed.result(PATIENCE)
    assert server.associations == ()
    server.close()


def test_leaving_a_server_shuts_all_down(front):
    server = front.listen(LOCAL)
    clients = [front.connect(server.addresses) for _ in range(5)]
    for _ in clients:
        server.accept()
    with server:
        pass
    for client in clients:
        with pytest.raises(EOFError):
            client.receive()
    assert server.associations == ()


def test_leaving_an_association(ends):
    client, accepted = ends
    with client:
        client.send(b"x")
    assert client.is_closed
    assert client.socket.fileno() == -1
    assert [message.data for message in accepted.all()] == [b"x"]


def test_leaving_an_association_by_an_exception_aborts_it(ends):
    client, accepted = ends
    with pytest.raises(RuntimeError), client:
        raise RuntimeError
    with pytest.raises(ConnectionResetError):
        accepted.receive()
    assert client.is_closed


def read_many(sock):
    time.sleep(0.3)  # for an abort that must not come
    return [sock.recv(8192) for _ in MANY]


def test_leaving_by_the_end_that_the_peer_began_loses_nothing(front, make_socket):
    listener = make_socket(AF_INET, SOCK_STREAM)
    listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 5000)
    listener.bind((LOCAL, 0))
    listener.listen()
    client = front.connect([listener.getsockname()])
    with listener.accept()[0] as peer:
        client.send_many(MANY)
        peer.shutdown(SHUT_WR)
        with pytest.raises(EOFError) as caught:
            client.receive()
        leaving = threading.Thread(
            target=client.__exit__, args=(caught.type, caught.value, caught.tb)
        )
        leaving.start()
        assert read_many(peer) == MANY
        leaving.join()
    assert client.is_closed


def test_handler_that_ends_by_the_end_that_the_peer_began_loses_nothing(
    front, make_socket
):
    sent = threading.Event()

    def send_and_receive(association):
        association.send_many(MANY)
        sent.set()
        association.receive()

    server = front.serve(send_and_receive, LOCAL)
    peer = make_socket(AF_INET, SOCK_STREAM)
    peer.setsockopt(SOL_SOCKET, SO_RCVBUF, 5000)
    peer.connect(server.addresses[0])
    assert sent.wait(PATIENCE)
    peer.shutdown(SHUT_WR)
    assert read_many(peer) == MANY
    wait_until(lambda: not server.associations)
    assert not front.troubles


def test_no_more_associations_than_wanted(front):
    server = front.listen(LOCAL, max_associations=2)
    clients = [front.connect(server.addresses) for _ in range(4)]
    first, second = server.accept(), server.accept()
    time.sleep(0.1)
    assert len(server.associations) == 2
    clients[3].send(b"I wait")
    for each in first, second:
        each.shutdown()
    third, fourth = server.accept(), server.accept()
    assert fourth.receive().data == b"I wait" or third.receive().data == b"I wait"


@pytest.mark.linux
def test_descriptors_are_closed(front, assert_descriptors_stay):
    server = front.listen(LOCAL)

    def exchange():
        client = front.connect(server.addresses)
        accepted = server.accept()
        client.send(b"x")
        assert accepted.receive().data == b"x"
        accepted.shutdown()
        with pytest.raises(EOFError):
            client.receive()
        client.wait_closed()
        wait_until(lambda: not server.associations)

    exchange()
    with assert_descriptors_stay():
        for _ in range(5):
            exchange()


@pytest.fixture
def assert_descriptors_stay():
    from contextlib import contextmanager

    import system

    @contextmanager
    def check():
        before = system.open_descriptors()
        yield
        assert system.open_descriptors() == before

    return check


# Pieces


def test_interleaved_messages_are_joined(front, make_socket):
    """With I-DATA, pieces of messages on different streams mix."""
    interleave = {
        sctp.SCTP_FRAGMENT_INTERLEAVE: 2,
        sctp.SCTP_INTERLEAVING_SUPPORTED: sctp.sctp_assoc_value(assoc_value=1),
        (SOL_SOCKET, SO_RCVBUF): 20_000,
    }
    try:
        server = front.listen(LOCAL, options=interleave, streams=10)
    except PermissionError:
        pytest.skip("net.sctp.intl_enable is 0")
    client = front.connect(server.addresses, options=interleave, streams=10)
    accepted = server.accept()
    messages = {n: bytes([n]) * 60_000 for n in range(8)}
    sending = client.send_many.start(
        [(data, {"stream": n}) for n, data in messages.items()]
    )
    got = {}
    for _ in messages:
        message = accepted.receive()
        got[message.stream] = message.data
    assert got == messages
    sending.result(PATIENCE)


def test_pieces_go_with_the_association(front, make_socket):
    """The peer ends before its message does."""
    server = front.listen(LOCAL, options=SMALL_BUFFERS)
    peer = make_socket(AF_INET, SOCK_STREAM, timeout=0.2)
    peer.setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 20)
    peer.connect(server.addresses[0])
    accepted = server.accept()
    peer.sctp_sendv([bytes(200_000)])
    core = accepted.real._core
    wait_until(lambda: front.look(lambda: core.assembler.unfinished) or core.unread)
    abort(peer)
    with pytest.raises(ConnectionResetError):
        while True:
            accepted.receive()
    assert not core.assembler.unfinished and core.assembler.total == 0


def abort(sock):
    sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
