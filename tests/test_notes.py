"""The notes that explain errors of the kernel."""

import errno
import gc
import subprocess
import sys
from contextlib import contextmanager
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    MSG_CONFIRM,
    MSG_DONTROUTE,
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_MORE,
    MSG_NOSIGNAL,
    SHUT_RDWR,
    SHUT_WR,
    SO_SNDBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest

import _sctp._notes
import _sctp.sctp
import sctp
from sctp import (
    IPPROTO_SCTP,
    SCTP_ABORT,
    SCTP_BINDX_ADD_ADDR,
    SCTP_BINDX_REM_ADDR,
    SCTP_EOF,
    SCTP_STATUS,
    sctp_assoc_value,
    sctp_authinfo,
    sctp_sendv_spa,
    sctp_sndinfo,
)

pytestmark = pytest.mark.kernel

ADD = SCTP_BINDX_ADD_ADDR
TYPES = pytest.mark.parametrize("type", [SOCK_STREAM, SOCK_SEQPACKET])


@contextmanager
def noting(number, *parts):
    """Checks that the error has this number, and one note that contains all these
    texts."""
    with pytest.raises(OSError) as raised:
        yield
    assert raised.value.errno == number
    (note,) = raised.value.__notes__
    for part in parts:
        assert part in note


def info_for(assoc_id, **fields):
    return sctp_sndinfo(snd_assoc_id=assoc_id, **fields)


def count_streams(sock, assoc_id):
    return sock.sctp_opt_info(assoc_id, SCTP_STATUS, sctp.sctp_status())[
        "sstat_outstrms"
    ]


UNKNOWN = 12345


# Messages


def test_stream_that_is_not_there(ends):
    sender, assoc_id, _ = ends
    streams = count_streams(sender, assoc_id)
    with noting(errno.EINVAL, f"snd_sid {streams} ", f"0 to {streams - 1}"):
        sender.sctp_sendv([b"x"], None, info_for(assoc_id, snd_sid=streams))
    spa = sctp_sendv_spa([info_for(assoc_id, snd_sid=streams + 1)])
    with noting(errno.EINVAL, f"snd_sid {streams + 1} "):
        sender.sctp_sendv([b"x"], None, spa)
    assert sender.sctp_sendv([b"x"], None, info_for(assoc_id, snd_sid=streams - 1)) == 1


def test_number_of_streams_is_of_the_association(make_listener, make_socket, network):
    """Also if the address selects the association."""
    listener = make_listener(SOCK_SEQPACKET)
    sender = make_socket(network.family, SOCK_SEQPACKET)
    init = sctp.sctp_initmsg(sinit_num_ostreams=3)
    sender.setsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG, init)
    to = [listener.getsockname()]
    info = sctp_sndinfo(snd_sid=3)
    with noting(errno.EINVAL, "snd_sid 3 ", "3 streams", "SCTP_INITMSG"):
        sender.sctp_sendv([b"x"], to, info)
    sender.sctp_sendv([b"x"], to)
    init["sinit_num_ostreams"] = 7
    sender.setsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG, init)
    with noting(errno.EINVAL, "snd_sid 3 ", "3 streams"):
        sender.sctp_sendv([b"x"], to, info)


def test_empty_message(ends):
    sender, assoc_id, _ = ends
    for data in [], [b""], [b"", bytearray()]:
        with noting(errno.EINVAL, "no empty messages"):
            sender.sctp_sendv(data, None, info_for(assoc_id))


def test_eof_with_data(make_many):
    client, assoc_id, _ = make_many()
    info = info_for(assoc_id, snd_flags=SCTP_EOF)
    with noting(errno.EINVAL, "SCTP_EOF must be empty"):
        client.sctp_sendv([b"x"], None, info)
    with (
        client.sctp_peeloff(assoc_id) as peeled,
        noting(errno.EINVAL, "SCTP_EOF must be empty"),
    ):
        peeled.sctp_sendv([b"x"], None, info)


@pytest.mark.parametrize("flag", [SCTP_EOF, SCTP_ABORT])
@pytest.mark.parametrize("data", [[], [b"x"]])
def test_end_of_a_one_to_one_socket(pair, data, flag):
    with noting(errno.EINVAL, "one-to-many", "shutdown()", "SO_LINGER"):
        pair[0].sctp_sendv(data, None, sctp_sndinfo(snd_flags=flag))


def test_bits_that_are_no_flag(ends):
    sender, assoc_id, _ = ends
    with noting(errno.EINVAL, "snd_flags", "0x8000."):
        sender.sctp_sendv([b"x"], None, info_for(assoc_id, snd_flags=0x8001))


@pytest.mark.parametrize("flag", [SCTP_EOF, SCTP_ABORT])
def test_nothing_to_end(make_socket, ipv4, flag):
    sock = make_socket(AF_INET, SOCK_SEQPACKET)
    to = ipv4.address(port=9)
    with noting(errno.EINVAL, "no association", str(to)):
        sock.sctp_sendv([], [to], sctp_sndinfo(snd_flags=flag))


def test_unknown_association(make_many):
    sender, assoc_id, _ = make_many()
    for data in [b"x"], [b"x", b"y"]:
        with noting(errno.EPIPE, f"no association {UNKNOWN}"):
            sender.sctp_sendv(data, None, info_for(UNKNOWN))
    with noting(errno.EPIPE, f"no association {UNKNOWN}"):
        sender.sctp_sendv([], None, info_for(UNKNOWN, snd_flags=SCTP_ABORT))
    # One-to-one sockets ignore it.
    with sender.sctp_peeloff(assoc_id) as peeled:
        assert peeled.sctp_sendv([b"x"], None, info_for(UNKNOWN)) == 1


def test_message_to_nobody(make_many):
    sender, _, _ = make_many()
    for info in None, sctp_sndinfo():
        with noting(errno.EPIPE, "give an address", "snd_assoc_id"):
            sender.sctp_sendv([b"x"], None, info)


def test_association_that_is_shutting_down(own_network, ends):
    sender, assoc_id, receiver = ends
    to = receiver.getsockname()
    if assoc_id == 0:
        to = sender.getpeername()
    own_network.lose(100)
    if assoc_id == 0:
        sender.shutdown(SHUT_WR)
    else:
        sender.sctp_sendv([], None, info_for(assoc_id, snd_flags=SCTP_EOF))
    for addrs, info in (None, info_for(assoc_id)), ([to], None):
        with noting(errno.ESHUTDOWN, "shutting down"):
            sender.sctp_sendv([b"x"], addrs, info)


def test_sending_without_an_association(make_listener, make_socket, network):
    with noting(errno.EPIPE, "not connected"):
        make_socket(network.family, SOCK_STREAM).sctp_sendv([b"x"])
    listener = make_listener(SOCK_STREAM)
    for addrs in None, [network.address(port=9)]:
        with noting(errno.EPIPE, "listens", "accept()"):
            listener.sctp_sendv([b"x"], addrs)


def test_sending_after_the_end(pair):
    sender, receiver = pair
    receiver.close()
    assert sender.sctp_recvv(1)[0] == b""
    with noting(errno.EPIPE, "has ended"):
        sender.sctp_sendv([b"x"])


def test_receiving_on_a_listener(make_listener):
    listener = make_listener(SOCK_STREAM)
    with noting(errno.ENOTCONN, "listens", "accept()"):
        listener.sctp_recvv(1)
    with noting(errno.ENOTCONN, "listens", "accept()"):
        listener.sctp_recvv_into([bytearray(1)])


def test_address_of_nobody_connected(pair, network):
    sender, _ = pair
    other = network.address(3, 2, port=9)
    with noting(errno.EADDRNOTAVAIL, str(other), "not an address of the peer"):
        sender.sctp_sendv([b"x"], [other])


def test_message_beyond_the_send_buffer(ends):
    sender, assoc_id, _ = ends
    room = sender.getsockopt(SOL_SOCKET, SO_SNDBUF)
    with noting(errno.EMSGSIZE, f"SO_SNDBUF is {room} bytes"):
        sender.sctp_sendv([bytes(room + 1)], None, info_for(assoc_id))


def test_message_that_may_not_be_fragmented(ends):
    sender, assoc_id, _ = ends
    sender.setsockopt(IPPROTO_SCTP, sctp.SCTP_DISABLE_FRAGMENTS, 1)
    with noting(errno.EMSGSIZE, "SCTP_DISABLE_FRAGMENTS"):
        sender.sctp_sendv([bytes(70_000)], None, info_for(assoc_id))


@TYPES
@pytest.mark.parametrize("how", ["sctp_sendv", "sctp_connectx"])
def test_address_that_no_peer_has(make_socket, type, how):
    for family, address in [
        (AF_INET, ("0.0.0.0", 9)),
        (AF_INET, ("224.0.0.1", 9)),
        (AF_INET, ("255.255.255.255", 9)),
        (AF_INET6, ("ff02::1", 9, 0, 0)),
    ]:
        sock = make_socket(family, type)
        with noting(errno.EINVAL, "No peer", str(address)):
            if how == "sctp_sendv":
                sock.sctp_sendv([b"x"], [address])
            else:
                sock.sctp_connectx([address])


@TYPES
def test_ipv4_where_only_ipv6_is_meant(make_socket, type):
    sock = make_socket(AF_INET6, type)
    sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
    address = ("127.0.0.1", 9)
    for call in (
        lambda: sock.sctp_sendv([b"x"], [address]),
        lambda: sock.sctp_connectx([address]),
        lambda: sock.sctp_bindx([address], ADD),
    ):
        with noting(errno.EINVAL, "IPV6_V6ONLY", str(address)):
            call()


@pytest.fixture
def make_authenticating(make_socket, ipv4):
    """Makes sockets with an association. Returns the one that connected, its
    identifier, and the one that listens. Authentication may be off there."""

    def make(type, peer_does=1):
        listener, sock = (make_socket(AF_INET, type) for _ in range(2))
        for end, does in (listener, peer_does), (sock, 1):
            value = sctp_assoc_value(assoc_value=does)
            end.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_SUPPORTED, value)
            if does:
                chunk = sctp.sctp_authchunk(sauth_chunk=sctp.ChunkTypes.DATA)
                end.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_CHUNK, chunk)
        listener.bind(ipv4.address())
        listener.listen()
        sock.setblocking(True)
        assoc_id = sock.sctp_connectx([listener.getsockname()], assoc_id=True)
        return sock, assoc_id if type == SOCK_SEQPACKET else 0, listener

    return make


def key_for(assoc_id):
    return sctp.sctp_authkey(sca_assoc_id=assoc_id, sca_keynumber=7, sca_key=b"secret")


@pytest.fixture
def authenticated(make_authenticating, request):
    """A one-to-one or one-to-many socket, with an association that has the keys 0
    and 7."""
    sock, assoc_id, _ = make_authenticating(request.param)
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_KEY, key_for(assoc_id))
    return sock, assoc_id


BOTH_TYPES = pytest.mark.parametrize(
    "authenticated",
    [SOCK_STREAM, SOCK_SEQPACKET],
    ids=["one-to-one", "one-to-many"],
    indirect=True,
)


@BOTH_TYPES
def test_key_that_is_not_active(authenticated):
    sock, assoc_id = authenticated

    def send(number):
        authinfo = sctp_authinfo(auth_keynumber=number)
        return sock.sctp_sendv(
            [b"x"], None, sctp_sendv_spa([info_for(assoc_id), authinfo])
        )

    assert send(7) == 1
    with noting(errno.EINVAL, "auth_keynumber 9 ", "SCTP_AUTH_KEY"):
        send(9)
    key = sctp.sctp_authkeyid(scact_assoc_id=assoc_id, scact_keynumber=7)
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_DEACTIVATE_KEY, key)
    with noting(errno.EINVAL, "auth_keynumber 7 ", "deactivated"):
        send(7)
    if assoc_id == 0:
        with noting(errno.EINVAL, "auth_keynumber 7 "):
            sock.sctp_sendv([b"x"], None, sctp_authinfo(auth_keynumber=7))


@BOTH_TYPES
def test_option_of_a_key_that_is_not_there(authenticated):
    sock, assoc_id = authenticated
    for name, number in [
        ("SCTP_AUTH_ACTIVE_KEY", 9),
        ("SCTP_AUTH_DEACTIVATE_KEY", 9),
        ("SCTP_AUTH_DELETE_KEY", 9),
        ("SCTP_AUTH_DEACTIVATE_KEY", 0),
        ("SCTP_AUTH_DELETE_KEY", 0),
    ]:
        key = sctp.sctp_authkeyid(scact_assoc_id=assoc_id, scact_keynumber=number)
        with noting(errno.EINVAL, f"scact_keynumber {number} ", "SCTP_AUTH_KEY"):
            sock.setsockopt(IPPROTO_SCTP, getattr(sctp, name), key)


@pytest.mark.linux
def test_address_comes_before_the_association(make_many):
    sender, assoc_id, receiver = make_many()
    to, sid = [receiver.getsockname()], count_streams(sender, assoc_id)
    with noting(errno.EINVAL, f"snd_sid {sid} does not exist"):
        sender.sctp_sendv([b"x"], to, info_for(UNKNOWN, snd_sid=sid))


def test_message_to_all_has_no_number_of_streams(make_many):
    sender, _, _ = make_many()
    init = sctp.sctp_initmsg(sinit_num_ostreams=5)
    sender.setsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG, init)
    info = sctp_sndinfo(snd_sid=12, snd_flags=sctp.SCTP_SENDALL)
    with noting(errno.EINVAL, "Some associations"):
        sender.sctp_sendv([b"x"], None, info)


def test_default_stream_that_is_not_there(pair):
    sender, _ = pair
    default = sctp_sndinfo(snd_sid=500)
    sender.setsockopt(IPPROTO_SCTP, sctp.SCTP_DEFAULT_SNDINFO, default)
    for info in None, sctp_authinfo():
        with noting(errno.EINVAL, "SCTP_DEFAULT_SNDINFO, 500 does not exist"):
            sender.sctp_sendv([b"x"], None, info)


@pytest.mark.parametrize("name", ["SCTP_CURRENT_ASSOC", "SCTP_ALL_ASSOC"])
def test_reserved_number_is_no_association(make_many, name):
    sock, _, _ = make_many()
    number = getattr(sctp, name)
    with noting(errno.EPIPE, f"{number} is a reserved number, {name}"):
        sock.sctp_sendv([b"x"], None, info_for(number))
    with noting(errno.EINVAL, f"{number} is a reserved number, {name}"):
        sock.sctp_peeloff(number)


# Addresses


@TYPES
def test_address_of_another_machine_is_named(make_socket, network, type):
    sock = make_socket(network.family, type)
    own, foreign = network.address(1), network.address(9)
    with noting(errno.EADDRNOTAVAIL, str(foreign), "sctp_getladdrs()"):
        sock.sctp_bindx([own, foreign], ADD)
    sock = make_socket(network.family, type)
    with pytest.raises(OSError) as raised:
        sock.sctp_bindx(iter([foreign]), ADD)
    (note,) = raised.value.__notes__
    assert str(foreign) in note
    assert "sctp_getladdrs" not in note
    # The note made no system call.
    assert sock.sctp_bindx([own], ADD) is None
    (bound,) = sock.sctp_getladdrs()
    assert bound[0] == own[0]


def test_addresses_of_a_port_in_use_are_named(make_listener, make_socket, network):
    port = make_listener(SOCK_STREAM).getsockname()[1]
    addresses = network.addresses(2, port=port)
    with noting(errno.EADDRINUSE, *map(str, addresses)):
        make_socket(network.family, SOCK_STREAM).sctp_bindx(addresses, ADD)
    with pytest.raises(OSError) as raised:
        make_socket(network.family, SOCK_STREAM).sctp_bindx(addresses[:1], ADD)
    assert raised.value.errno == errno.EADDRINUSE
    assert not hasattr(raised.value, "__notes__")


@TYPES
def test_empty_list_of_addresses(make_socket, network, type):
    sock = make_socket(network.family, type)
    for call in (
        lambda: sock.sctp_bindx([], ADD),
        lambda: sock.sctp_bindx(iter(()), SCTP_BINDX_REM_ADDR),
        lambda: sock.sctp_connectx([]),
    ):
        with noting(errno.EINVAL, "list of addresses is empty"):
            call()


def test_empty_list_of_addresses_of_a_message_is_none(ends):
    sender, assoc_id, receiver = ends
    assert sender.sctp_sendv([b"one"], [], info_for(assoc_id)) == 3
    assert receiver.sctp_recvv(8)[0] == b"one"


@TYPES
def test_why_bindx_is_invalid(make_socket, network, type):
    sock = make_socket(network.family, type)
    first, second, third = network.addresses(3)
    sock.sctp_bindx([first, second], ADD)
    port = sock.getsockname()[1]
    with noting(errno.EINVAL, f"bound to {first[0]} already"):
        sock.sctp_bindx([first], ADD)
    other = network.address(2, port=port ^ 1)
    with noting(errno.EINVAL, f"bound to port {port}", str(other)):
        sock.sctp_bindx([other], ADD)
    with noting(errno.EINVAL, f"not bound to {third}"):
        sock.sctp_bindx([third], SCTP_BINDX_REM_ADDR)
    with pytest.raises(OSError) as raised:
        sock.sctp_bindx([third, second], SCTP_BINDX_REM_ADDR)
    (note,) = raised.value.__notes__
    assert note == f"The socket is not bound to {third}."
    with noting(errno.EINVAL, f"bound to {second[0]} already", "sctp_getladdrs()"):
        sock.sctp_bindx([third, second], ADD)
    sock.sctp_bindx([second], SCTP_BINDX_REM_ADDR)
    with noting(errno.EBUSY, "last address"):
        sock.sctp_bindx([first], SCTP_BINDX_REM_ADDR)


@TYPES
def test_why_no_address_is_removed(make_socket, network, type):
    first, second = network.addresses(2)
    sock = make_socket(network.family, type)

    def remove(address, text):
        with noting(errno.EBUSY, text):
            sock.sctp_bindx([address], SCTP_BINDX_REM_ADDR)

    remove(first, "not bound to an address yet")
    sock.sctp_bindx([first], ADD)
    remove(second, f"not bound to {second}")
    remove(first, "last address")
    sock = make_socket(network.family, type)
    sock.bind(("", 0))
    remove(first, "bound to the wildcard address")


@TYPES
def test_any_address_stands_alone(make_socket, network, type):
    any_address = ("0.0.0.0", 0) if network.family == AF_INET else ("::", 0, 0, 0)
    first = network.address()
    for addresses in [first, any_address], [any_address, first]:
        with noting(errno.EINVAL, "The wildcard address"):
            make_socket(network.family, type).sctp_bindx(addresses, ADD)
    sock = make_socket(network.family, type)
    sock.bind(any_address)
    with noting(errno.EINVAL, "bound to the wildcard address"):
        sock.sctp_bindx([first], ADD)


@pytest.mark.parametrize(
    "single", [("127.0.0.1", 1), ("::1", 1, 0, 0), (b"127.0.0.1", 1), "127.0.0.1"]
)
def test_single_address_says_what_to_write(make_socket, single):
    sock = make_socket(AF_INET6, SOCK_SEQPACKET)
    for call in (
        lambda: sock.sctp_bindx(single, ADD),
        lambda: sock.sctp_connectx(single),
        lambda: sock.sctp_sendv([b"x"], single),
    ):
        with pytest.raises(TypeError, match=r"\[address\]") as raised:
            call()
        assert repr(single) in str(raised.value)


def test_connecting_again(make_pair, make_many, make_listener):
    client, server = make_pair()
    with noting(errno.EISCONN, "new socket"):
        client.sctp_connectx([server.getsockname()])
    listener = make_listener(SOCK_STREAM)
    with noting(errno.EISCONN, "listens"):
        listener.sctp_connectx([server.getsockname()])
    client, _, many = make_many()
    with noting(errno.EISCONN, "association with that peer"):
        client.sctp_connectx([many.getsockname()])


# Associations


def test_peeling_off_an_unknown_association(make_many):
    client, _, _ = make_many()
    for assoc_id in UNKNOWN, 0:
        with noting(errno.EINVAL, f"no association {assoc_id}"):
            client.sctp_peeloff(assoc_id)


def test_peeling_off_a_one_to_one_socket(pair):
    with noting(errno.EINVAL, "one-to-many"):
        pair[0].sctp_peeloff(0)


def test_local_addresses_of_an_unknown_association(make_many):
    with noting(errno.EINVAL, f"no association {UNKNOWN}"):
        make_many()[0].sctp_getladdrs(UNKNOWN)


def test_accepting_where_nothing_is_accepted(make_listener, make_socket, network):
    with noting(errno.EOPNOTSUPP, "sctp_peeloff()"):
        make_listener(SOCK_SEQPACKET).accept()
    sock = make_socket(network.family, SOCK_STREAM)
    sock.bind(network.address())
    with noting(errno.EINVAL, "listen()"):
        sock.accept()


def test_accepting_where_an_association_is(make_many, pair):
    client, assoc_id, _ = make_many()
    with client.sctp_peeloff(assoc_id) as peeled:
        for sock in peeled, pair[0]:
            with pytest.raises(OSError) as raised:
                sock.accept()
            (note,) = raised.value.__notes__
            assert note == "The socket has an association already, so it cannot listen."


def test_shutting_down_a_one_to_many_socket(make_many):
    client, _, listener = make_many()
    with noting(errno.ENOTCONN, "SCTP_EOF"):
        client.shutdown(SHUT_WR)
    with noting(errno.EOPNOTSUPP, "SCTP_EOF"):
        listener.shutdown(SHUT_RDWR)


# Options


def test_option_of_an_unknown_association(make_many):
    client, _, _ = make_many()
    status, rto = sctp.sctp_status(), sctp.sctp_rtoinfo(srto_assoc_id=UNKNOWN)
    for call in (
        lambda: client.sctp_opt_info(UNKNOWN, SCTP_STATUS, status),
        lambda: client.getsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO, rto),
        lambda: client.setsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO, rto),
        lambda: client.getsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_AUTH_CHUNKS, UNKNOWN),
        lambda: client.setsockopt(IPPROTO_SCTP, sctp.SCTP_RESET_ASSOC, UNKNOWN),
    ):
        with noting(errno.EINVAL, f"no association {UNKNOWN}"):
            call()


@pytest.mark.parametrize("assoc_id", [0, 1, 2])
def test_option_that_needs_an_association(make_many, assoc_id):
    client, _, _ = make_many()
    status = sctp.sctp_status()
    with noting(errno.EINVAL, f"sstat_assoc_id is {assoc_id}", "RFC 6458, 8.2.1"):
        client.sctp_opt_info(assoc_id, SCTP_STATUS, status)
    if assoc_id == 0:
        with noting(errno.EINVAL, "sstat_assoc_id is 0"):
            client.getsockopt(IPPROTO_SCTP, SCTP_STATUS)


def test_option_without_an_association(make_socket, network):
    sock = make_socket(network.family, SOCK_STREAM)
    with noting(errno.EINVAL, "no association", "SCTP_STATUS", "RFC 6458, 8.2.1"):
        sock.sctp_opt_info(SCTP_STATUS, sctp.sctp_status())


@TYPES
def test_option_of_who_does_not_authenticate(make_authenticating, type):
    sock, assoc_id, listener = make_authenticating(type, peer_does=0)
    for call in (
        lambda: sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_AUTH_CHUNKS, assoc_id),
        lambda: sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_KEY, key_for(assoc_id)),
    ):
        with noting(errno.EACCES, "may have been off", "on this side or the peer's"):
            call()
    with noting(errno.EACCES, "Authentication may be off"):
        listener.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_KEY, key_for(0))


def test_option_with_a_value_that_the_kernel_refuses(ends):
    sock, assoc_id, _ = ends
    rto = sctp.sctp_rtoinfo(srto_assoc_id=assoc_id, srto_min=5000, srto_max=50)
    with noting(errno.EINVAL, "SCTP_RTOINFO", "RFC 6458, 8.1.1"):
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO, rto)


def test_option_with_an_address_that_the_peer_lacks(ends, network):
    sock, assoc_id, _ = ends
    other = network.address(9, port=9)
    for name, option in [
        (
            "SCTP_GET_PEER_ADDR_INFO",
            sctp.sctp_paddrinfo(spinfo_assoc_id=assoc_id, spinfo_address=other),
        ),
        (
            "SCTP_PEER_ADDR_PARAMS",
            sctp.sctp_paddrparams(spp_assoc_id=assoc_id, spp_address=other),
        ),
    ]:
        with noting(errno.EINVAL, f"{other}"):
            sock.getsockopt(IPPROTO_SCTP, getattr(sctp, name), option)
    option = sctp.sctp_setprim(ssp_assoc_id=assoc_id, ssp_addr=other)
    with noting(errno.EINVAL, "ssp_addr", f"{other}"):
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_PRIMARY_ADDR, option)


def test_option_with_an_address_that_is_left_out(ends):
    """In some options it means all paths. Other options need an address."""
    sock, assoc_id, _ = ends
    both = sctp.SPP_HB_ENABLE | sctp.SPP_HB_DISABLE
    option = sctp.sctp_paddrparams(spp_assoc_id=assoc_id, spp_flags=both)
    with noting(errno.EINVAL, "does not accept this value for SCTP_PEER_ADDR_PARAMS"):
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_ADDR_PARAMS, option)
    option = sctp.sctp_setprim(ssp_assoc_id=assoc_id)
    with noting(errno.EINVAL, "ssp_addr is missing"):
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_PRIMARY_ADDR, option)


def test_option_with_a_stream_that_is_not_there(ends):
    sock, assoc_id, _ = ends
    on = sctp_assoc_value(assoc_id=assoc_id, assoc_value=7)
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_ENABLE_STREAM_RESET, on)
    streams = count_streams(sock, assoc_id)
    for name, key, option in [
        (
            "SCTP_RESET_STREAMS",
            "srs_stream_list",
            sctp.sctp_reset_streams(
                srs_assoc_id=assoc_id,
                srs_flags=sctp.SCTP_STREAM_RESET_OUTGOING,
                srs_stream_list=(0, streams),
            ),
        ),
        (
            "SCTP_STREAM_SCHEDULER_VALUE",
            "stream_id",
            sctp.sctp_stream_value(assoc_id=assoc_id, stream_id=streams),
        ),
    ]:
        with noting(errno.EINVAL, f"{key} {streams} ", f"0 to {streams - 1}"):
            sock.setsockopt(IPPROTO_SCTP, getattr(sctp, name), option)


def test_option_of_the_other_kind_of_socket(pair):
    with noting(errno.EOPNOTSUPP, "SCTP_AUTOCLOSE", "one-to-many"):
        pair[0].setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTOCLOSE, 5)
    with noting(errno.EOPNOTSUPP, "SCTP_GET_ASSOC_NUMBER"):
        pair[0].getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_NUMBER)


@pytest.mark.parametrize("name", ["RESET_STREAMS", "RESET_ASSOC", "ADD_STREAMS"])
def test_reset_that_the_other_side_does_not_support(make_many, name):
    """FreeBSD answers so. Linux has ENOPROTOOPT."""
    sock, _, _ = make_many()
    option = getattr(sctp, f"SCTP_{name}")
    for number in errno.EOPNOTSUPP, errno.ENOPROTOOPT:
        with noting(number, "SCTP_ENABLE_STREAM_RESET", "sysctl net."):
            error = OSError(number, "")
            _sctp._notes.add_to_option(error, "write", sock, option, None)
            raise error


SYSCTLS = """
import re, socket, sys
import sctp
sys.platform = sys.argv[1]
import _sctp._notes
values = vars(_sctp._notes).values()
text = " ".join(str(value) for value in values if isinstance(value, (str, dict)))
print(*sorted({*re.findall(r"net\\.(?:inet\\.)?sctp\\.\\w+", text)}))
"""


@pytest.mark.parametrize(
    "platform, prefix, names",
    [
        ("linux", "net.sctp", "addip_enable auth_enable intl_enable reconf_enable"),
        ("freebsd14", "net.inet.sctp", "asconf_enable auth_enable reconfig_enable"),
    ],
)
def test_sysctls_are_those_of_the_system(platform, prefix, names):
    told = subprocess.run(
        [sys.executable, "-c", SYSCTLS, platform],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    ).stdout
    assert told.split() == [f"{prefix}.{name}" for name in names.split()]


def test_other_options_have_no_notes(pair):
    for level, option in (IPPROTO_SCTP, 9999), (SOL_SOCKET, 9999):
        with pytest.raises(OSError) as raised:
            pair[0].setsockopt(level, option, 1)
        assert not hasattr(raised.value, "__notes__")


def test_option_with_a_plain_value(make_many, make_socket, network):
    """An int is not an association, and bytes are not read as zeros."""
    client, assoc_id, _ = make_many()
    alone = make_socket(network.family, SOCK_STREAM)
    rto = sctp.sctp_rtoinfo(srto_assoc_id=assoc_id, srto_min=5000, srto_max=10)
    for sock in client, alone:
        with noting(errno.EINVAL, "does not accept this value for SCTP_MAXSEG"):
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_MAXSEG, 3)
        with noting(errno.EINVAL, "may be wrong for SCTP_RTOINFO"):
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO, rto.to_bytes)


def test_option_with_a_wrong_length(make_socket, network):
    sock = make_socket(network.family, SOCK_STREAM)
    for name, length in ("SCTP_NODELAY", 3), ("SCTP_RTOINFO", 15), ("SCTP_STATUS", 3):
        with noting(errno.EINVAL, f"{length} may be the wrong length for {name}"):
            sock.getsockopt(IPPROTO_SCTP, getattr(sctp, name), length)
    size = sctp.sctp_status().size
    with noting(errno.EINVAL, "no association, and SCTP_STATUS"):
        sock.getsockopt(IPPROTO_SCTP, SCTP_STATUS, size)


def test_option_with_a_mapped_address(make_socket):
    """IPv6 sockets also accept IPv4 addresses."""
    listener, sock = (make_socket(AF_INET6, SOCK_STREAM) for _ in range(2))
    listener.bind(("::ffff:127.0.0.1", 0, 0, 0))
    listener.listen()
    port = listener.getsockname()[1]
    sock.connect(("::ffff:127.0.0.1", port, 0, 0))
    both = sctp.SPP_HB_ENABLE | sctp.SPP_HB_DISABLE
    for host, text in (
        ("127.0.0.1", "does not accept this value for SCTP_PEER_ADDR_PARAMS"),
        ("127.0.0.2", "the peer has no address"),
    ):
        option = sctp.sctp_paddrparams(spp_address=(host, port), spp_flags=both)
        with noting(errno.EINVAL, text):
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_ADDR_PARAMS, option)


@TYPES
def test_option_of_a_socket_without_an_association(make_socket, ipv4, type):
    sock = make_socket(AF_INET, type)
    rto = sctp.sctp_rtoinfo(srto_min=5000, srto_max=10)
    with noting(errno.EINVAL, "out of the range of the kernel for SCTP_RTOINFO"):
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO, rto)
    option = sctp.sctp_paddrparams(spp_address=ipv4.address(port=9))
    with noting(errno.EINVAL, "SCTP_PEER_ADDR_PARAMS may need"):
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_ADDR_PARAMS, option)
    value = sctp_assoc_value(assoc_value=1)
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_SUPPORTED, value)
    for name, number in ("SCTP_AUTH_ACTIVE_KEY", 9), ("SCTP_AUTH_DELETE_KEY", 0):
        key = sctp.sctp_authkeyid(scact_keynumber=number)
        with noting(errno.EINVAL, f"scact_keynumber {number} "):
            sock.setsockopt(IPPROTO_SCTP, getattr(sctp, name), key)


# The helper


def test_the_socket_of_the_module_has_the_same_notes(make_socket, network):
    sock = make_socket(network.family, SOCK_STREAM, cls=_sctp.sctp.sctp_socket)
    with noting(errno.EINVAL, "list of addresses is empty"):
        sock.sctp_bindx([], ADD)


PLAIN = """
import sys
from socket import AF_INET, SOCK_STREAM
from _sctp.sctp import SCTP_BINDX_ADD_ADDR, sctp_socket
assert "_sctp._notes" not in sys.modules
with sctp_socket(AF_INET, SOCK_STREAM) as sock:
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    sock.setblocking(False)
    try:
        sock.accept()
    except BlockingIOError as error:
        assert not hasattr(error, "__notes__")
    assert "_sctp._notes" not in sys.modules
    try:
        sock.sctp_sendv([b"x"])
    except BrokenPipeError as error:
        assert error.__notes__
assert "_sctp._notes" in sys.modules
assert "sctp" not in sys.modules
"""


def test_the_helper_is_imported_by_the_first_error():
    subprocess.run([sys.executable, "-c", PLAIN], check=True)


def failing_add(exception):
    def add(*args):
        raise exception

    return add


@pytest.mark.parametrize("exception", [MemoryError, RuntimeError, OSError(5, "other")])
def test_an_error_stays_as_it_is_when_the_helper_fails(
    make_socket, monkeypatch, exception
):
    import _sctp._notes

    sock = make_socket(AF_INET, SOCK_STREAM)
    for name in "add", "add_to_option":
        monkeypatch.setattr(_sctp._notes, name, failing_add(exception))
    for call in (
        lambda: sock.sctp_bindx([], ADD),
        lambda: sock.getsockopt(IPPROTO_SCTP, SCTP_STATUS),
    ):
        with pytest.raises(OSError) as raised:
            call()
        assert raised.value.errno == errno.EINVAL
        assert not hasattr(raised.value, "__notes__")


def test_an_error_stays_as_it_is_without_the_helper(make_socket, monkeypatch):
    sock = make_socket(AF_INET, SOCK_STREAM)
    monkeypatch.setitem(sys.modules, "_sctp._notes", None)
    monkeypatch.delattr("_sctp._notes", raising=False)
    for call in (
        lambda: sock.sctp_bindx([], ADD),
        lambda: sock.getsockopt(IPPROTO_SCTP, SCTP_STATUS),
    ):
        with pytest.raises(OSError) as raised:
            call()
        assert raised.value.errno == errno.EINVAL
        assert not hasattr(raised.value, "__notes__")


def test_what_ends_the_program_is_not_lost(make_socket, monkeypatch):
    """A signal may come while the code of the note runs."""
    import _sctp._notes

    sock = make_socket(AF_INET, SOCK_STREAM)
    for name in "add", "add_to_option":
        monkeypatch.setattr(_sctp._notes, name, failing_add(KeyboardInterrupt))
    for call in (
        lambda: sock.sctp_bindx([], ADD),
        lambda: sock.getsockopt(IPPROTO_SCTP, SCTP_STATUS),
    ):
        with pytest.raises(KeyboardInterrupt):
            call()


def test_an_error_keeps_nothing(make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)

    def fail():
        with pytest.raises(OSError):
            sock.sctp_bindx([("10.9.9.9", 0)], ADD)

    fail()
    gc.collect()
    before = sys.getrefcount(sock)
    for _ in range(10):
        fail()
    gc.collect()
    assert sys.getrefcount(sock) == before


# Flags of a message in the wrong place


@pytest.mark.parametrize(
    "name", ["SCTP_ADDR_OVER", "SCTP_EOF", "SCTP_SACK_IMMEDIATELY"]
)
def test_flag_of_a_message_is_none_of_sendmsg(ends, name):
    sender, assoc_id, receiver = ends
    for more in 0, MSG_NOSIGNAL:
        with pytest.raises(ValueError, match=rf"put {name} into snd_flags\b"):
            sender.sctp_sendv(
                [b"x"], None, info_for(assoc_id), getattr(sctp, name) | more
            )
    sender.sctp_sendv([b"after"], None, info_for(assoc_id))
    assert receiver.sctp_recvv(8)[0] == b"after"


@pytest.mark.parametrize(
    "flags",
    [MSG_CONFIRM, MSG_DONTROUTE, MSG_DONTWAIT, MSG_EOR, MSG_MORE, MSG_NOSIGNAL],
)
def test_flag_of_sendmsg_is_one(ends, flags):
    sender, assoc_id, _ = ends
    assert sender.sctp_sendv([b"x"], None, info_for(assoc_id), flags) == 1
