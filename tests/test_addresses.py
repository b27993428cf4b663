"""Addresses of sockets and associations: sctp_bindx, sctp_connectx, sctp_getladdrs,
sctp_getpaddrs, sctp_peeloff and _getsockopt."""

import contextlib
import errno
import itertools
import os
import resource
import socket
import struct
import time
from pathlib import Path
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    MSG_DONTWAIT,
    MSG_PEEK,
    SO_TYPE,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
import system

from sctp import (
    IPPROTO_SCTP,
    MSG_NOTIFICATION,
    SCTP_BINDX_ADD_ADDR,
    SCTP_BINDX_REM_ADDR,
    SCTP_ESTABLISHED,
    SCTP_EVENT,
    SCTP_GET_PEER_ADDR_INFO,
    SCTP_I_WANT_MAPPED_V4_ADDR,
    SCTP_INITMSG,
    SCTP_PEER_ADDR_CHANGE,
    SCTP_PRIMARY_ADDR,
    SCTP_RTOINFO,
    SCTP_STATUS,
    parse_notification,
    sctp_event,
    sctp_paddrinfo,
    sctp_setprim,
    sctp_sndinfo,
    sctp_socket,
    sctp_status,
)

pytestmark = pytest.mark.kernel

IPV4 = ("10.1.0.1", 0)
IPV6 = ("fd00:1::1", 0, 0, 0)
ASSOC_ID = "i" if system.LINUX else "I"
LOWEST_ID, HIGHEST_ID = system.ASSOC_IDS
# The errors for an unknown association, and for peeling off from a one-to-one socket.
UNKNOWN = {"linux": errno.EINVAL, "freebsd": errno.ENOENT}
NOT_MANY = {"linux": errno.EINVAL, "freebsd": errno.EOPNOTSUPP}

both_types = pytest.mark.parametrize(
    "type", [SOCK_STREAM, SOCK_SEQPACKET], ids=["one-to-one", "one-to-many"]
)


def add(sock, addrs):
    return sock.sctp_bindx(addrs, SCTP_BINDX_ADD_ADDR)


def remove(sock, addrs):
    return sock.sctp_bindx(addrs, SCTP_BINDX_REM_ADDR)


def port_of(sock):
    return sock.getsockname()[1]


def hosts(addresses):
    return {address[0] for address in addresses}


def association(sock, assoc_id=0):
    """The identifier and the state of an association."""
    status = struct.pack(ASSOC_ID, assoc_id) + bytes(252)
    status = sock._getsockopt(IPPROTO_SCTP, SCTP_STATUS, status)
    return struct.unpack_from(f"{ASSOC_ID}i", status)


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


@pytest.fixture
def free_port(make_socket):
    """A port that no program uses."""
    sock = make_socket(AF_INET6, SOCK_STREAM)
    sock.bind(("::", 0))
    port = port_of(sock)
    sock.close()
    return port


class Port:
    """A port 0 that calls a function when it is read."""

    def __init__(self, read):
        self.read = read

    def __index__(self):
        self.read()
        return 0


# sctp_bindx


@both_types
@pytest.mark.parametrize("homes", [1, 3])
def test_bindx_binds(make_socket, network, type, homes):
    sock = make_socket(network.family, type)
    assert add(sock, network.addresses(homes)) is None
    port = port_of(sock)
    assert port > 0
    assert hosts(sock.sctp_getladdrs()) == hosts(network.addresses(homes))
    assert {address[1] for address in sock.sctp_getladdrs()} == {port}


def test_ports_after_the_first_agree_or_are_zero(make_socket, network, free_port):
    sock = make_socket(network.family, SOCK_STREAM)
    add(
        sock,
        [
            network.address(1, port=free_port),
            network.address(2),
            network.address(3, port=free_port),
        ],
    )
    assert len(sock.sctp_getladdrs()) == 3
    assert {address[1] for address in sock.sctp_getladdrs()} == {free_port}


@pytest.mark.parametrize("ports", [(5001, 5002), (0, 5001), (5001, 0, 5002)])
def test_ports_that_disagree_are_a_value_error(make_socket, network, ports):
    sock = make_socket(network.family, SOCK_STREAM)
    addrs = [network.address(n + 1, port=port) for n, port in enumerate(ports)]
    with pytest.raises(ValueError, match=f"differ: {ports[0]} and {ports[-1]}"):
        add(sock, addrs)
    assert sock.sctp_getladdrs() is None


@both_types
def test_addresses_are_added_and_removed_later(make_socket, network, type):
    sock = make_socket(network.family, type)
    sock.bind(network.address(1))
    port = port_of(sock)
    add(sock, [network.address(2), network.address(3)])
    assert hosts(sock.sctp_getladdrs()) == hosts(network.addresses(3))
    assert remove(sock, [network.address(1, port=port)]) is None
    assert hosts(sock.sctp_getladdrs()) == hosts(network.addresses(3)[1:])
    assert port_of(sock) == port


def test_the_last_address_cannot_be_removed(make_socket, network):
    sock = make_socket(network.family, SOCK_STREAM)
    add(sock, network.addresses(2))
    bound = set(sock.sctp_getladdrs())
    with pytest.raises(OSError):
        remove(sock, network.addresses(2, port=port_of(sock)))
    assert set(sock.sctp_getladdrs()) == bound


@pytest.mark.parametrize("mapped", [False, True])
def test_ipv6_socket_binds_both_kinds(make_socket, mapped):
    sock = make_socket(AF_INET6, SOCK_STREAM)
    sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
    sock.setsockopt(IPPROTO_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR, mapped)
    add(sock, [IPV4, IPV6])
    port = port_of(sock)
    assert set(sock.sctp_getladdrs()) == {
        ("::ffff:10.1.0.1", port, 0, 0) if mapped else ("10.1.0.1", port),
        ("fd00:1::1", port, 0, 0),
    }


def test_host_may_be_a_name(make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    add(sock, [("localhost", 0)])
    assert hosts(sock.sctp_getladdrs()) == {"127.0.0.1"}


@pytest.mark.linux  # FreeBSD binds the earlier ones, and used ones
@pytest.mark.parametrize("mistake", ["in use", "not local"])
@pytest.mark.parametrize("position", [0, 1])
def test_failed_bindx_leaves_a_bound_socket_as_it_was(
    make_socket, network, mistake, position, kernel_fact
):
    sock = make_socket(network.family, SOCK_STREAM)
    sock.bind(network.address(1))
    port = port_of(sock)
    if mistake == "in use":
        other = make_socket(network.family, SOCK_STREAM)
        other.bind(network.address(2, port=port))
        wrong, number = network.address(2), errno.EADDRINUSE
    else:
        wrong, number = network.address(9, host=9), errno.EADDRNOTAVAIL
    addrs = [network.address(3)]
    addrs.insert(position, wrong)
    with system.raises_errno(number) as raised:
        add(sock, addrs)
    assert hosts(sock.sctp_getladdrs()) == hosts([network.address(1)])
    if mistake == "in use":
        kernel_fact("bindx-of-a-held-address", raised.value)
    kernel_fact("bindx-is-atomic", True)


def test_failed_bindx_leaves_an_unbound_socket_unbound(make_socket, network):
    sock = make_socket(network.family, SOCK_STREAM)
    with system.raises_errno(errno.EADDRNOTAVAIL):
        add(sock, [network.address(9, host=9), network.address(1)])
    assert sock.sctp_getladdrs() is None


@pytest.mark.parametrize("flags", [0, 3, -1, 1 << 40])
def test_bindx_knows_two_flags(make_socket, flags):
    sock = make_socket(AF_INET, SOCK_STREAM)
    with pytest.raises(ValueError, match="flags"):
        sock.sctp_bindx([IPV4], flags)
    assert sock.sctp_getladdrs() is None


@pytest.mark.parametrize(
    "args, kwargs",
    [
        ((), {}),
        (([IPV4],), {}),
        (([IPV4], None), {}),
        (([IPV4], "1"), {}),
        (([IPV4], 1.0), {}),
        (([IPV4], 1, 1), {}),
        (([IPV4], 1), {"addrs": [IPV4]}),
        (([IPV4],), {"flag": 1}),
    ],
)
def test_bindx_takes_addresses_and_flags(make_socket, args, kwargs):
    sock = make_socket(AF_INET, SOCK_STREAM)
    with pytest.raises(TypeError):
        sock.sctp_bindx(*args, **kwargs)
    assert sock.sctp_getladdrs() is None


def test_bindx_takes_keywords(make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    sock.sctp_bindx(flags=SCTP_BINDX_ADD_ADDR, addrs=[IPV4])
    assert hosts(sock.sctp_getladdrs()) == {"10.1.0.1"}


@pytest.fixture(params=["one-to-one", "one-to-many"])
def reconfigurable(request, make_pair, make_many):
    """Two sockets with an association over one address each, and its identifier on
    the first. The second socket may add addresses."""
    if request.param == "one-to-one":
        client, server = make_pair()
        return client, 0, server
    return make_many()


def test_peer_is_told_of_addresses_added_and_removed(network, reconfigurable):
    client, assoc_id, server = reconfigurable
    port = port_of(server)
    first, second = network.addresses(2, port=port)

    def hosts_of_server():
        return hosts(client.sctp_getpaddrs(assoc_id))

    assert hosts_of_server() == {first[0]}
    add(server, [second])
    wait_for(lambda: hosts_of_server() == {first[0], second[0]})
    remove(server, [first])
    wait_for(lambda: hosts_of_server() == {second[0]})
    assert hosts(server.sctp_getladdrs()) == {second[0]}


# Addresses as arguments of all methods


@pytest.fixture(
    params=[
        add,
        lambda sock, addrs: sock.sctp_connectx(addrs),
        lambda sock, addrs: sock.sctp_sendv([b"x"], addrs),
    ],
    ids=["bindx", "connectx", "sendv"],
)
def take_addresses(request):
    return request.param


@pytest.mark.parametrize(
    "addrs, error",
    [
        (5, TypeError),
        ("10.1.0.1", TypeError),
        (IPV4, TypeError),
        (IPV6, TypeError),
        ([IPV4, None], TypeError),
        ([IPV4, list(IPV4)], TypeError),
        ([IPV4, (*IPV4, 0)], TypeError),
        ([IPV4, IPV6], TypeError),
        ([IPV4, ("::1", 0)], TypeError),
        ([IPV4, ("10.2.0.1", "0x")], socket.gaierror),
        ([IPV4, ("10.2.0.1", 65536)], ValueError),
        ([IPV4, ("10.2.0.1", -1)], ValueError),
        (itertools.repeat(IPV4), ValueError),
    ],
)
def test_bad_addresses_do_nothing(make_socket, addrs, error, take_addresses):
    sock = make_socket(AF_INET, SOCK_STREAM)
    with pytest.raises(error):
        take_addresses(sock, addrs)
    assert sock.sctp_getladdrs() is None


@pytest.mark.parametrize("call", [add, lambda sock, none: sock.sctp_connectx(none)])
def test_none_is_no_iterable_of_addresses(make_socket, call):
    with pytest.raises(TypeError):
        call(make_socket(AF_INET, SOCK_STREAM), None)


def test_what_the_iterator_raises_comes_through(make_socket, take_addresses):
    def addresses():
        yield IPV4
        raise ZeroDivisionError

    sock = make_socket(AF_INET, SOCK_STREAM)
    with pytest.raises(ZeroDivisionError):
        take_addresses(sock, addresses())
    assert sock.sctp_getladdrs() is None


def test_no_addresses_are_an_error(make_socket, take_addresses):
    sock = make_socket(AF_INET, SOCK_STREAM)
    with pytest.raises(OSError):
        take_addresses(sock, [])


def test_closed_socket_takes_no_addresses(make_socket, take_addresses):
    sock = make_socket(AF_INET, SOCK_STREAM)
    sock.close()
    with system.raises_errno(errno.EBADF):
        take_addresses(sock, [IPV4])


@pytest.mark.parametrize("iterable", [list, tuple, set, iter, dict.fromkeys])
def test_addresses_come_from_any_iterable(make_socket, network, iterable):
    sock = make_socket(network.family, SOCK_STREAM)
    add(sock, iterable(network.addresses(3)))
    assert hosts(sock.sctp_getladdrs()) == hosts(network.addresses(3))


def test_addresses_may_shrink_while_they_are_read(make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    addrs = [("10.1.0.1", Port(lambda: addrs.pop())), ("10.2.0.1", 0), ("10.3.0.1", 0)]
    add(sock, addrs)
    assert hosts(sock.sctp_getladdrs()) == {"10.1.0.1", "10.2.0.1"}


def test_addresses_may_grow_while_they_are_read(make_socket, loopback):
    sock = make_socket(AF_INET, SOCK_STREAM)
    addrs = [("10.1.0.1", Port(lambda: addrs.extend(loopback(50))))]
    add(sock, addrs)
    assert hosts(sock.sctp_getladdrs()) == {"10.1.0.1", *hosts(loopback(50))}


def test_addresses_may_vanish_while_they_are_read(make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    addrs = [("10.1.0.1", Port(lambda: addrs.clear())), ("10.2.0.1", 0)]
    add(sock, addrs)
    assert hosts(sock.sctp_getladdrs()) == {"10.1.0.1"}


def test_socket_may_be_closed_while_addresses_are_read(make_socket, take_addresses):
    sock = make_socket(AF_INET, SOCK_STREAM)
    with system.raises_errno(errno.EBADF):
        take_addresses(sock, [("10.1.0.1", Port(sock.close))])


# sctp_connectx


@both_types
@pytest.mark.parametrize("homes", [1, 3])
def test_connectx_sets_up_an_association(
    make_socket, make_listener, network, type, homes
):
    listener = make_listener(SOCK_STREAM, homes)
    addrs = network.addresses(homes, port=port_of(listener))
    sock = make_socket(network.family, type, timeout=None)
    assoc_id = sock.sctp_connectx(iter(addrs), assoc_id=True)
    assert association(sock, assoc_id) == (assoc_id, SCTP_ESTABLISHED)
    assert {address[:2] for address in sock.sctp_getpaddrs(assoc_id)} == {
        address[:2] for address in addrs
    }
    accepted, address = listener.accept()
    with accepted:
        assert address[1] == port_of(sock)
        assert hosts(accepted.sctp_getladdrs()) == hosts(addrs)


@pytest.mark.parametrize("kwargs", [{}, {"assoc_id": False}])
def test_connectx_returns_none_unless_asked(
    make_socket, make_listener, network, kwargs
):
    listener = make_listener(SOCK_SEQPACKET)
    sock = make_socket(network.family, SOCK_STREAM)
    addrs = [network.address(port=port_of(listener))]
    assert sock.sctp_connectx(addrs=addrs, **kwargs) is None
    assert association(sock)[1] == SCTP_ESTABLISHED


@pytest.mark.parametrize(
    "args, kwargs",
    [
        ((), {}),
        (([IPV4], True), {}),
        (([IPV4],), {"addrs": [IPV4]}),
        (([IPV4],), {"id": True}),
    ],
)
def test_connectx_takes_addresses_and_a_keyword(make_socket, args, kwargs):
    sock = make_socket(AF_INET, SOCK_STREAM)
    with pytest.raises(TypeError):
        sock.sctp_connectx(*args, **kwargs)
    assert sock.sctp_getladdrs() is None


def test_connectx_passes_on_what_the_keyword_raises(make_socket):
    class Ambiguous:
        def __bool__(self):
            raise ZeroDivisionError

    sock = make_socket(AF_INET, SOCK_STREAM)
    with pytest.raises(ZeroDivisionError):
        sock.sctp_connectx([IPV4], assoc_id=Ambiguous())
    assert sock.sctp_getladdrs() is None


@both_types
@pytest.mark.parametrize("homes", [1, 3])
def test_connectx_is_refused_where_nobody_listens(
    make_socket, network, type, homes, free_port
):
    sock = make_socket(network.family, type, timeout=None)
    with pytest.raises(ConnectionRefusedError):
        sock.sctp_connectx(network.addresses(homes, port=free_port))


@both_types
def test_connectx_to_a_connected_peer_is_an_error(
    make_socket, make_listener, network, type, kernel_fact
):
    listener = make_listener(SOCK_SEQPACKET)
    sock = make_socket(network.family, type, timeout=None)
    addrs = [network.address(port=port_of(listener))]
    assoc_id = sock.sctp_connectx(addrs, assoc_id=True)
    with system.raises_errno(
        {
            "linux": errno.EISCONN,
            "freebsd": errno.EADDRINUSE if type == SOCK_STREAM else errno.EALREADY,
        }
    ) as raised:
        sock.sctp_connectx(addrs)
    kernel_fact("connectx-again", raised.value)
    assert association(sock, assoc_id)[1] == SCTP_ESTABLISHED


def connect_and_send(sock, addrs):
    assoc_id = sock.sctp_connectx(addrs, assoc_id=True)
    sock.sctp_sendv([b"hello"], None, sctp_sndinfo(snd_assoc_id=assoc_id))


def send(sock, addrs):
    sock.sctp_sendv([b"hello"], addrs)


SET_UPS = {connect_and_send: "sctp_connectx", send: "sctp_sendv"}


@both_types
@pytest.mark.parametrize("set_up", SET_UPS)
@pytest.mark.parametrize("later", [(9,), (0, 9)])
def test_peer_has_one_port(make_socket, make_listener, network, type, set_up, later):
    server = make_listener(SOCK_SEQPACKET, homes=3, timeout=0)
    first = port_of(server)
    sock = make_socket(network.family, type)
    addrs = [network.address(n + 1, port=p) for n, p in enumerate((first, *later))]
    with pytest.raises(ValueError) as caught:
        set_up(sock, addrs)
    text = f"{SET_UPS[set_up]}(): the ports differ: {first} and 9"
    assert str(caught.value) == text
    # The call has begun nothing and sent nothing.
    assert port_of(sock) == 0
    with pytest.raises(BlockingIOError):
        server.recv(100)


@both_types
@pytest.mark.parametrize("set_up", SET_UPS)
@pytest.mark.parametrize("later", ["same", "zero"])
def test_any_of_the_addresses_may_answer(make_socket, network, type, set_up, later):
    server = make_socket(network.family, SOCK_SEQPACKET)
    server.bind(network.address(3))
    server.listen()
    sock = make_socket(network.family, type)
    # It tries the next one after a tenth of a second.
    rtoinfo = struct.pack("IIII", 0, 100, 100, 100)
    sock.setsockopt(IPPROTO_SCTP, SCTP_RTOINFO, rtoinfo)
    initmsg = struct.pack("HHHH", 0, 0, 100, 100)
    sock.setsockopt(IPPROTO_SCTP, SCTP_INITMSG, initmsg)
    port = port_of(server)
    more = port if later == "same" else 0
    silent = [
        network.address(1, host=9, port=port),
        network.address(2, host=9, port=more),
    ]
    set_up(sock, [*silent, network.address(3, port=more)])
    assert server.sctp_recvv(100)[0] == b"hello"


def test_connectx_mixes_families(make_socket):
    listener = make_socket(AF_INET6, SOCK_SEQPACKET)
    listener.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
    add(listener, [IPV4, IPV6])
    listener.listen()
    port = port_of(listener)
    sock = make_socket(AF_INET6, SOCK_STREAM)
    sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
    sock.setsockopt(IPPROTO_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR, 0)
    addrs = ("10.1.0.1", port), ("fd00:1::1", port, 0, 0)
    sock.sctp_connectx(addrs)
    assert set(sock.sctp_getpaddrs()) == set(addrs)


def test_one_to_many_socket_has_many_associations(make_socket, make_listener, network):
    sock = make_socket(network.family, SOCK_SEQPACKET, timeout=None)
    ids = {}
    for homes in (1, 2, 3):
        listener = make_listener(SOCK_SEQPACKET, homes)
        addrs = network.addresses(homes, port=port_of(listener))
        ids[sock.sctp_connectx(addrs, assoc_id=True)] = hosts(addrs)
    assert len(ids) == 3
    for assoc_id, peers in ids.items():
        assert hosts(sock.sctp_getpaddrs(assoc_id)) == peers


# sctp_getladdrs and sctp_getpaddrs


@pytest.fixture(params=["sctp_getladdrs", "sctp_getpaddrs"])
def getaddrs(request):
    return request.param


@both_types
def test_unbound_socket_has_no_local_addresses(make_socket, network, type):
    sock = make_socket(network.family, type)
    assert sock.sctp_getladdrs() is None
    assert sock.sctp_getladdrs(0) is None
    assert sock.sctp_getladdrs(assoc_id=0) is None


@both_types
def test_unconnected_socket_has_no_peer_addresses(make_socket, network, type):
    sock = make_socket(network.family, type)
    assert sock.sctp_getpaddrs() is None
    assert sock.sctp_getpaddrs(77) is None


def test_wildcard_stands_for_the_addresses_of_the_machine(make_socket, network):
    sock = make_socket(network.family, SOCK_STREAM)
    sock.bind(("", *network.address()[1:]))
    every = hosts(network.addresses(3) + network.addresses(3, host=2))
    assert every < hosts(sock.sctp_getladdrs())


@pytest.mark.parametrize("homes", [1, 3])
def test_addresses_of_an_association(make_many, network, homes):
    client, assoc_id, server = make_many(homes)
    addrs = network.addresses(homes)
    client.sctp_sendv([b"x"], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    server_id = server.sctp_recvv(1)[2]["rcv_assoc_id"]
    assert hosts(client.sctp_getpaddrs(assoc_id)) == hosts(addrs)
    assert hosts(server.sctp_getladdrs(server_id)) == hosts(addrs)
    local = client.sctp_getladdrs(assoc_id=assoc_id)
    assert hosts(server.sctp_getpaddrs(assoc_id=server_id)) == hosts(local)
    assert {len(address) for address in local} == {len(network.address())}
    assert {address[1] for address in local} == {port_of(client)}


@pytest.mark.parametrize("homes", [1, 3])
def test_one_to_one_socket_ignores_the_identifier(make_pair, network, homes):
    client, server = make_pair(homes)
    for assoc_id in (0, 77):
        assert hosts(client.sctp_getpaddrs(assoc_id)) == hosts(network.addresses(homes))
        assert hosts(server.sctp_getladdrs(assoc_id)) == hosts(network.addresses(homes))


@pytest.mark.parametrize(
    "assoc_id", [77, 2**31 - 1, *([-5, LOWEST_ID] if system.LINUX else [HIGHEST_ID])]
)
def test_unknown_association_has_no_peer_addresses(make_many, assoc_id):
    client, _, _ = make_many()
    assert client.sctp_getpaddrs(assoc_id) is None
    with system.raises_errno(UNKNOWN):
        client.sctp_getladdrs(assoc_id)


@pytest.mark.parametrize(
    "args, error",
    [
        ((HIGHEST_ID + 1,), ValueError),
        ((LOWEST_ID - 1,), ValueError),
        ((2**80,), ValueError),
        (("1",), TypeError),
        ((None,), TypeError),
        ((1.0,), TypeError),
        ((0, 0), TypeError),
    ],
)
def test_association_identifier_has_32_bits(make_socket, getaddrs, args, error):
    sock = make_socket(AF_INET, SOCK_SEQPACKET)
    with pytest.raises(error):
        getattr(sock, getaddrs)(*args)


@pytest.mark.parametrize("name", ["addrs", "id"])
def test_getaddrs_knows_one_keyword(make_socket, getaddrs, name):
    sock = make_socket(AF_INET, SOCK_SEQPACKET)
    with pytest.raises(TypeError, match=f"{getaddrs}.*{name}"):
        getattr(sock, getaddrs)(**{name: 0})


def test_asking_for_addresses_leaks_nothing(make_socket, make_pair, assert_no_leak):
    """The library allocates memory for them, even if there are none."""
    client, _ = make_pair(homes=3)
    unbound = make_socket(client.family, SOCK_STREAM)

    def ask():
        client.sctp_getpaddrs()
        unbound.sctp_getladdrs()
        unbound.sctp_getpaddrs()

    assert_no_leak(ask, 5_000)


# sctp_peeloff


@pytest.mark.parametrize("homes", [1, 3])
def test_messages_go_to_the_peeled_socket(make_listener, make_many, network, homes):
    sock, peeled_id, server = make_many(homes)
    other = make_listener(SOCK_SEQPACKET, homes)
    other_id = sock.sctp_connectx(
        network.addresses(homes, port=port_of(other)), assoc_id=True
    )
    with sock.sctp_peeloff(peeled_id) as peeled:
        peeled.settimeout(10)
        peeled.sctp_sendv([b"peeled"])
        sock.sctp_sendv([b"stayed"], None, sctp_sndinfo(snd_assoc_id=other_id))
        for peer in (server, other):
            data, addr, *_ = peer.sctp_recvv(100)
            peer.sctp_sendv([b"echo of ", data], [addr])
        assert peeled.sctp_recvv(100)[0] == b"echo of peeled"
        assert sock.sctp_recvv(100)[0] == b"echo of stayed"
        assert hosts(peeled.sctp_getpaddrs()) == hosts(network.addresses(homes))


def test_queued_messages_move_to_the_peeled_socket(make_many, kernel_fact):
    sock, assoc_id, server = make_many()
    sock.sctp_sendv([b"hello"], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    _, addr, *_ = server.sctp_recvv(100)
    server.sctp_sendv([b"queued"], [addr])
    assert sock.sctp_recvv(100, MSG_PEEK)[0] == b"queued"
    with sock.sctp_peeloff(assoc_id) as peeled:
        assert peeled.sctp_recvv(100, MSG_DONTWAIT)[0] == b"queued"
    with pytest.raises(BlockingIOError):
        sock.sctp_recvv(100, MSG_DONTWAIT)
    kernel_fact("unread-messages-move", True)


def test_peeled_socket_is_one_to_one(make_many):
    sock, assoc_id, _ = make_many()
    with sock.sctp_peeloff(assoc_id=assoc_id) as peeled:
        assert type(peeled) is sctp_socket
        assert (peeled.type, peeled.sctp_type) == (SOCK_STREAM, "one-to-one")
        assert (peeled.family, peeled.proto) == (sock.family, IPPROTO_SCTP)
        assert not os.get_inheritable(peeled.fileno())
        assert association(peeled) == (assoc_id, SCTP_ESTABLISHED)


def test_association_is_peeled_off_once(make_many, kernel_fact):
    sock, assoc_id, _ = make_many()
    with sock.sctp_peeloff(assoc_id) as peeled:
        for again in (sock, peeled):
            expected = UNKNOWN if again is sock else NOT_MANY
            with system.raises_errno(expected) as raised:
                again.sctp_peeloff(assoc_id)
            if again is sock:
                kernel_fact("unknown-association", raised.value)
        assert sock.sctp_getpaddrs(assoc_id) is None


@contextlib.contextmanager
def no_descriptor_left():
    """Yields a descriptor that is the last free one, and frees the others at the
    end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    taken = []
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield taken.pop()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)


def test_association_stays_where_no_descriptor_is_left(make_many):
    """The messages that wait to be received stay, too."""
    sock, assoc_id, server = make_many()
    sock.sctp_sendv([b"hello"], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    _, addr, *_ = server.sctp_recvv(100)
    for data in b"first", b"second":
        server.sctp_sendv([data], [addr])
    wait_for(lambda: sock.sctp_recvv(100, MSG_PEEK))
    with no_descriptor_left() as last:
        for _ in range(2):
            with pytest.raises(OSError) as caught:
                sock.sctp_peeloff(assoc_id)
            assert caught.value.errno == errno.EMFILE
        assert association(sock, assoc_id) == (assoc_id, SCTP_ESTABLISHED)
        assert sock.sctp_recvv(100)[0] == b"first"
        os.close(last)
        with sock.sctp_peeloff(assoc_id) as peeled:
            assert peeled.fileno() == last
            peeled.settimeout(10)
            assert peeled.sctp_recvv(100)[0] == b"second"
            peeled.sctp_sendv([b"answer"])
            assert server.sctp_recvv(100)[0] == b"answer"


def test_closing_a_peeled_socket_leaves_the_others(make_socket, make_many, network):
    sock, assoc_id, server = make_many()
    other = make_socket(network.family, SOCK_STREAM)
    other.sctp_connectx([network.address(port=port_of(server))])
    sock.sctp_peeloff(assoc_id).close()
    other.sctp_sendv([b"alive"])
    assert server.sctp_recvv(100)[0] == b"alive"


def test_one_to_one_socket_has_nothing_to_peel_off(make_pair):
    client, _ = make_pair()
    with pytest.raises(OSError):
        client.sctp_peeloff(association(client)[0])


@pytest.mark.parametrize(
    "args, kwargs, error",
    [
        ((77,), {}, OSError),
        ((0,), {}, OSError),
        ((HIGHEST_ID,), {}, OSError),
        ((HIGHEST_ID + 1,), {}, ValueError),
        ((LOWEST_ID - 1,), {}, ValueError),
        (("1",), {}, TypeError),
        ((None,), {}, TypeError),
        ((), {}, TypeError),
        ((1, 2), {}, TypeError),
        ((), {"id": 1}, TypeError),
    ],
)
def test_peeloff_needs_an_association(make_many, args, kwargs, error):
    sock, _, _ = make_many()
    with pytest.raises(error):
        sock.sctp_peeloff(*args, **kwargs)


# Many addresses


def test_more_addresses_than_usual(make_socket, loopback):
    server = make_socket(AF_INET, SOCK_SEQPACKET)
    add(server, loopback(50))
    server.listen()
    assert hosts(server.sctp_getladdrs()) == hosts(loopback(50))
    client = make_socket(AF_INET, SOCK_STREAM)
    client.sctp_connectx(loopback(50, port=port_of(server)))
    assert hosts(client.sctp_getpaddrs()) == hosts(loopback(50))
    sender = make_socket(AF_INET, SOCK_STREAM)
    sender.sctp_sendv([b"hello"], loopback(50, port=port_of(server)))
    assert server.sctp_recvv(100)[0] == b"hello"
    assert hosts(sender.sctp_getpaddrs()) == hosts(loopback(50))


def test_more_addresses_of_both_kinds_than_usual(make_socket, loopback):
    sock = make_socket(AF_INET6, SOCK_SEQPACKET)
    sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
    sock.setsockopt(IPPROTO_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR, 0)
    ipv6 = [(f"fd00:{n}::{host}", 0, 0, 0) for n in (1, 2, 3) for host in (1, 2)]
    addrs = [*loopback(25), *ipv6, *loopback(50)[25:]]
    add(sock, addrs)
    assert sorted(address[0] for address in sock.sctp_getladdrs()) == sorted(
        address[0] for address in addrs
    )


# Scopes of IPv6 addresses


def receive_all_ways(sock):
    """The address of a message's sender, from each call that returns it."""
    yield sock.sctp_recvv(10)[1]
    yield sock.sctp_recvv_into([bytearray(10)])[1]
    yield sock.recvfrom(10)[1]
    yield sock.recvmsg(10)[3]


@both_types
@pytest.mark.parametrize("host", ["::1", "fd00:1::1"])
def test_address_is_the_same_tuple_wherever_it_comes_from(make_socket, type, host):
    """For some calls, the kernel sets the scope to the interface."""
    server = make_socket(AF_INET6, type)
    server.bind((host, 0, 0, 0))
    server.listen()
    event = sctp_event(se_type=SCTP_PEER_ADDR_CHANGE, se_on=1)
    server.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)
    client = make_socket(AF_INET6, SOCK_STREAM)
    client.bind((host, 0, 0, 0))
    client.connect((host, port_of(server), 0, 0))
    expected = (host, port_of(client), 0, 0)
    found = [client.getsockname(), client.sctp_getladdrs()[0]]
    assoc_id = 0
    if type == SOCK_STREAM:
        server, accepted = server.accept()
        found += [accepted, server.getpeername()]
    for _ in range(4):
        client.send(b"hello")
    if type == SOCK_SEQPACKET:
        *_, info, _, _ = server.sctp_recvv(10, MSG_PEEK)
        assoc_id = info["rcv_assoc_id"]
    found += receive_all_ways(server)
    found += server.sctp_getpaddrs(assoc_id)
    status = server.sctp_opt_info(assoc_id, SCTP_STATUS, sctp_status())
    prim = server.sctp_opt_info(assoc_id, SCTP_PRIMARY_ADDR, sctp_setprim())
    path = sctp_paddrinfo(spinfo_assoc_id=assoc_id, spinfo_address=expected)
    path = server.getsockopt(IPPROTO_SCTP, SCTP_GET_PEER_ADDR_INFO, path)
    found += [status["sstat_primary"]["spinfo_address"], prim["ssp_addr"]]
    found.append(path["spinfo_address"])
    if host != "::1":
        add(client, [("fd00:2::1", 0, 0, 0)])
        data, *_, flags = server.sctp_recvv(1000)
        assert flags & MSG_NOTIFICATION
        change = parse_notification(data)
        assert change["spc_aaddr"] == ("fd00:2::1", *expected[1:])
    assert found == [expected] * len(found)
    server.close()


@pytest.mark.linux
def test_link_local_address_has_the_scope_of_its_interface(make_socket, kernel_fact):
    """If the kernel gives it. The name of a socket has no scope, and the sender of a
    message has another number."""
    lines = Path("/proc/net/if_inet6").read_text().splitlines()
    rows = [line.split() for line in lines]
    number, index = next((row[0], int(row[1], 16)) for row in rows if row[3] == "20")
    host = socket.inet_ntop(AF_INET6, bytes.fromhex(number))
    server = make_socket(AF_INET6, SOCK_STREAM)
    server.bind((host, 0, 0, index))
    server.listen()
    client = make_socket(AF_INET6, SOCK_STREAM)
    client.bind((host, 0, 0, index))
    client.connect((host, port_of(server), 0, index))
    accepted, name = server.accept()
    with accepted:
        scopes = {sock[3] for sock in (name, accepted.getsockname())}
        kernel_fact("scope-in-names", scopes == {index})
        client.send(b"hello")
        sender = accepted.sctp_recvv(10)[1]
        assert sender[:3] == (host, port_of(client), 0)
        client.send(b"hello")
        assert accepted.recvfrom(10)[1][:3] == sender[:3]
        assert accepted.sctp_getpaddrs() == ((host, port_of(client), 0, index),)
        assert accepted.sctp_getladdrs() == ((host, port_of(server), 0, index),)


# _getsockopt


def test_getsockopt_reads_into_a_copy(make_socket):
    sock = make_socket(AF_INET, SOCK_SEQPACKET)
    buffer = bytes(100)
    value = sock._getsockopt(SOL_SOCKET, SO_TYPE, buffer)
    assert value == struct.pack("i", SOCK_SEQPACKET)
    assert buffer == bytes(100)
    assert sock._getsockopt(SOL_SOCKET, SO_TYPE, b"") == b""


def test_kernel_sees_what_getsockopt_is_given(make_many):
    sock, assoc_id, _ = make_many()
    assert association(sock, assoc_id) == (assoc_id, SCTP_ESTABLISHED)
    with system.raises_errno(UNKNOWN):
        association(sock, assoc_id + 1)


def test_getsockopt_passes_on_the_kernels_errors(make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    with system.raises_errno(errno.ENOPROTOOPT):
        sock._getsockopt(IPPROTO_SCTP, 9999, bytes(4))
    sock.close()
    with system.raises_errno(errno.EBADF):
        sock._getsockopt(SOL_SOCKET, SO_TYPE, bytes(4))


@pytest.mark.parametrize(
    "args, error",
    [
        ((), TypeError),
        ((SOL_SOCKET, SO_TYPE), TypeError),
        ((SOL_SOCKET, SO_TYPE, b"", 0), TypeError),
        ((SOL_SOCKET, SO_TYPE, 4), TypeError),
        ((SOL_SOCKET, SO_TYPE, "1234"), TypeError),
        ((SOL_SOCKET, SO_TYPE, None), TypeError),
        ((SOL_SOCKET, SO_TYPE, bytearray(4)), TypeError),
        (("1", SO_TYPE, b""), TypeError),
        ((SOL_SOCKET, None, b""), TypeError),
        ((2**31, SO_TYPE, b""), OverflowError),
        ((SOL_SOCKET, -(2**31) - 1, b""), OverflowError),
    ],
)
def test_getsockopt_takes_two_integers_and_bytes(make_socket, args, error):
    sock = make_socket(AF_INET, SOCK_STREAM)
    with pytest.raises(error):
        sock._getsockopt(*args)


def test_single_address_with_a_long_number_is_told_to_be_a_list(make_socket, network):
    sock = make_socket(network.family, SOCK_STREAM)
    with pytest.raises(TypeError, match=r"write \[address\]"):
        sock.sctp_bindx(("127.0.0.1", 10**5000), SCTP_BINDX_ADD_ADDR)
