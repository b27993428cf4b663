"""Messages: sctp_sendv and sctp_recvv with sctp_sndinfo and sctp_rcvinfo."""

import array
import itertools
import mmap
import re
import signal
import struct
import sys
from contextlib import nullcontext, suppress
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_PEEK,
    SOCK_SEQPACKET,
    SOCK_STREAM,
)

import pytest
import system

from sctp import (
    IPPROTO_SCTP,
    SCTP_BINDX_ADD_ADDR,
    SCTP_CONTEXT,
    SCTP_I_WANT_MAPPED_V4_ADDR,
    SCTP_RECVNXTINFO,
    SCTP_RECVRCVINFO,
    SCTP_RECVV_NOINFO,
    SCTP_RECVV_NXTINFO,
    SCTP_RECVV_RCVINFO,
    SCTP_RECVV_RN,
    SCTP_UNORDERED,
    sctp_nxtinfo,
    sctp_rcvinfo,
    sctp_recvv_rn,
    sctp_sndinfo,
)

pytestmark = pytest.mark.kernel

IOV_MAX = 1024
EOF = (b"", None, None, SCTP_RECVV_NOINFO, 0)

only_ipv4 = pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True)
both_types = pytest.mark.parametrize(
    "type", [SOCK_STREAM, SOCK_SEQPACKET], ids=["one-to-one", "one-to-many"]
)


def port_of(sock):
    return sock.getsockname()[1]


def hosts(addresses):
    return {address[0] for address in addresses}


@pytest.fixture
def pair(make_pair):
    return make_pair()


@pytest.fixture(
    params=[
        (type, homes) for type in (SOCK_STREAM, SOCK_SEQPACKET) for homes in (1, 3)
    ],
    ids=[
        "one-to-one",
        "one-to-one-multihomed",
        "one-to-many",
        "one-to-many-multihomed",
    ],
)
def ends(request, make_pair, make_many):
    """A sender with the identifier of its association, and the receiver."""
    type, homes = request.param
    if type == SOCK_SEQPACKET:
        return make_many(homes)
    sender, receiver = make_pair(homes)
    return sender, 0, receiver


def assert_nothing_sent(sender, receiver):
    sender.sctp_sendv([b"the first message"])
    assert receiver.sctp_recvv(100)[0] == b"the first message"


# What travels with a message


def test_message_arrives_with_its_info(ends):
    sender, assoc_id, receiver = ends
    sndinfo = sctp_sndinfo(
        snd_sid=3, snd_ppid=0x01020304, snd_context=5, snd_assoc_id=assoc_id
    )
    assert sender.sctp_sendv([b"hello ", b"world"], None, sndinfo) == 11
    data, addr, info, infotype, flags = receiver.sctp_recvv(100)
    assert data == b"hello world"
    assert addr[0] in hosts(sender.sctp_getladdrs(assoc_id))
    assert (addr[1], len(addr)) == (port_of(sender), len(sender.getsockname()))
    assert type(info) is sctp_rcvinfo
    assert (infotype, flags) == (SCTP_RECVV_RCVINFO, MSG_EOR)
    assert (info["rcv_sid"], info["rcv_ppid"]) == (3, 0x01020304)
    assert (info["rcv_ssn"], info["rcv_flags"], info["rcv_context"]) == (0, 0, 0)
    assert addr[0] in hosts(receiver.sctp_getpaddrs(info["rcv_assoc_id"]))


def test_answer_goes_to_the_sender(ends):
    sender, assoc_id, receiver = ends
    sender.sctp_sendv([b"question"], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    _, addr, info, *_ = receiver.sctp_recvv(100)
    receiver.sctp_sendv([b"by address"], [addr])
    receiver.sctp_sendv(
        [b"by id"], None, sctp_sndinfo(snd_assoc_id=info["rcv_assoc_id"])
    )
    assert sender.sctp_recvv(100)[0] == b"by address"
    assert sender.sctp_recvv(100)[0] == b"by id"


def test_streams_number_their_messages(ends):
    sender, assoc_id, receiver = ends
    for sid in (0, 1, 0, 2, 1, 0):
        sender.sctp_sendv(
            [b"x"], None, sctp_sndinfo(snd_sid=sid, snd_assoc_id=assoc_id)
        )
    infos = [receiver.sctp_recvv(1)[2] for _ in range(6)]
    assert [(info["rcv_sid"], info["rcv_ssn"]) for info in infos] == [
        (0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2),
    ]  # fmt: skip
    first = infos[0]["rcv_tsn"]
    assert [(info["rcv_tsn"] - first) % 2**32 for info in infos] == list(range(6))


def test_unordered_message_says_so(ends):
    sender, assoc_id, receiver = ends
    sndinfo = sctp_sndinfo(snd_flags=SCTP_UNORDERED, snd_assoc_id=assoc_id)
    sender.sctp_sendv([b"x"], None, sndinfo)
    info = receiver.sctp_recvv(1)[2]
    assert info["rcv_flags"] & SCTP_UNORDERED
    assert info["rcv_cumtsn"] > 0


@pytest.mark.parametrize("value", [1, 2**31, 2**32 - 1])
def test_values_keep_all_their_bits(pair, value):
    sender, receiver = pair
    receiver.setsockopt(IPPROTO_SCTP, SCTP_CONTEXT, struct.pack("iI", 0, value))
    sender.sctp_sendv([b"x"], None, sctp_sndinfo(snd_ppid=value, snd_context=value))
    info = receiver.sctp_recvv(1)[2]
    assert (info["rcv_ppid"], info["rcv_context"]) == (value, value)


@only_ipv4
@pytest.mark.parametrize(
    "rcvinfo, nxtinfo, infotype, cls",
    [
        (False, False, SCTP_RECVV_NOINFO, type(None)),
        (True, False, SCTP_RECVV_RCVINFO, sctp_rcvinfo),
        (False, True, SCTP_RECVV_NXTINFO, sctp_nxtinfo),
        (True, True, SCTP_RECVV_RN, sctp_recvv_rn),
    ],
)
def test_options_choose_the_infos(pair, rcvinfo, nxtinfo, infotype, cls):
    sender, receiver = pair
    receiver.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, rcvinfo)
    receiver.setsockopt(IPPROTO_SCTP, SCTP_RECVNXTINFO, nxtinfo)
    sender.sctp_sendv([b"first"], None, sctp_sndinfo(snd_sid=1))
    sender.sctp_sendv([b"second"], None, sctp_sndinfo(snd_sid=2, snd_ppid=7))
    received = receiver.sctp_recvv(100)
    assert (type(received[2]), received[3]) == (cls, infotype)
    if infotype == SCTP_RECVV_RN:
        assert received[2].rcvinfo["rcv_sid"] == 1
        assert received[2].nxtinfo["nxt_sid"] == 2
    if infotype == SCTP_RECVV_NXTINFO:
        assert received[2]["nxt_ppid"] == 7
        assert received[2]["nxt_length"] == len(b"second")
    # After the last message there is no next one.
    last = receiver.sctp_recvv(100)
    assert last[0] == b"second"
    assert last[3] == (SCTP_RECVV_RCVINFO if rcvinfo else SCTP_RECVV_NOINFO)


# Where a message goes


@both_types
@pytest.mark.parametrize("homes", [1, 3])
def test_first_message_sets_the_association_up(
    make_socket, make_listener, network, type, homes, kernel_fact
):
    server = make_listener(SOCK_SEQPACKET, homes)
    sock = make_socket(network.family, type)
    addrs = network.addresses(homes, port=port_of(server))
    assert sock.sctp_sendv([b"hello"], iter(addrs), sctp_sndinfo(snd_sid=1)) == 5
    data, addr, info, *_ = server.sctp_recvv(100)
    assert (data, info["rcv_sid"]) == (b"hello", 1)
    assert addr[1] == port_of(sock)
    server.sctp_sendv([b"answer"], [addr])
    data, addr, info, *_ = sock.sctp_recvv(100)
    assert data == b"answer"
    assert addr[:2] in [each[:2] for each in addrs]
    assert hosts(sock.sctp_getpaddrs(info["rcv_assoc_id"])) == hosts(addrs)
    kernel_fact("implicit-set-up", True)


def test_first_message_takes_both_kinds_of_addresses(make_socket):
    server = make_socket(AF_INET6, SOCK_SEQPACKET)
    server.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
    server.sctp_bindx([("10.1.0.1", 0), ("fd00:1::1", 0, 0, 0)], SCTP_BINDX_ADD_ADDR)
    server.listen()
    port = port_of(server)
    addrs = [("10.1.0.1", port), ("fd00:1::1", port, 0, 0)]
    sock = make_socket(AF_INET6, SOCK_STREAM)
    sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
    sock.setsockopt(IPPROTO_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR, 0)
    sock.sctp_sendv([b"hello"], addrs)
    assert server.sctp_recvv(100)[0] == b"hello"
    assert set(sock.sctp_getpaddrs()) == set(addrs)


def test_one_to_many_socket_sends_to_whom_it_is_told(
    make_socket, make_listener, network
):
    sock = make_socket(network.family, SOCK_SEQPACKET, timeout=None)
    servers = [make_listener(SOCK_SEQPACKET, homes=2) for _ in range(3)]
    addrs = [network.addresses(2, port=port_of(server)) for server in servers]
    ids = [sock.sctp_connectx(each, assoc_id=True) for each in addrs]
    for n, assoc_id in enumerate(ids):
        sock.sctp_sendv([b"id %d" % n], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    for n, (first, second) in enumerate(addrs):
        sock.sctp_sendv([b"first %d" % n], [first])
        sock.sctp_sendv([b"second %d" % n], [second])
    for n, server in enumerate(servers):
        for data in (b"id %d" % n, b"first %d" % n, b"second %d" % n):
            assert server.sctp_recvv(100)[0] == data


def test_kernel_refuses_what_it_cannot_send(pair, network):
    sender, receiver = pair
    stranger = ([b"x"], [network.address(3, host=2, port=9)], None)
    for data, addrs, info in [
        *([stranger] if system.LINUX else []),  # FreeBSD looks at no address here
        ([b"x"], None, sctp_sndinfo(snd_sid=65535)),
        ([bytes(1 << 24)], None, None),
        ([], None, None),
        ([b"", b""], None, None),
    ]:
        with pytest.raises(OSError):
            sender.sctp_sendv(data, addrs, info)
    assert_nothing_sent(sender, receiver)


@both_types
def test_unconnected_socket_needs_an_address(make_socket, network, type, kernel_fact):
    """It raises an exception. SIGPIPE, which would end other programs, does not
    come."""
    sock = make_socket(network.family, type, timeout=None)
    signals = []
    previous = signal.signal(signal.SIGPIPE, lambda number, _: signals.append(number))
    try:
        with pytest.raises(OSError):
            sock.sctp_sendv([b"x"])
    finally:
        signal.signal(signal.SIGPIPE, previous)
    assert signals == []
    if type == SOCK_STREAM or system.LINUX:  # FreeBSD waits for an association
        with pytest.raises(OSError) as raised:
            sock.sctp_recvv(1)
        kernel_fact("receive-unconnected", raised.value)


# Buffers


def generate(items):
    yield from items


@pytest.mark.parametrize("iterable", [list, tuple, iter, generate, dict.fromkeys])
def test_data_comes_from_any_iterable(pair, iterable):
    sender, receiver = pair
    assert sender.sctp_sendv(iterable([b"a", b"bc", b"def"])) == 6
    assert receiver.sctp_recvv(100)[0] == b"abcdef"


def test_data_is_anything_bytes_like(pair):
    sender, receiver = pair
    with mmap.mmap(-1, 4) as mapped:
        mapped[:] = b"mmap"
        items = [
            b"bytes",
            bytearray(b"bytearray"),
            memoryview(b"memoryview")[2:6],
            memoryview(array.array("H", [1, 2])).cast("B", (2, 2)),
            array.array("I", [0x01020304, 5]),
            b"",
            mapped,
        ]
        expected = b"".join(bytes(item) for item in items)
        sender.sctp_sendv(items)
    assert receiver.sctp_recvv(1000)[0] == expected


@only_ipv4
@pytest.mark.parametrize("count", [1, 7, 8, 9, 100, IOV_MAX])
def test_a_message_has_up_to_iov_max_buffers(pair, count):
    sender, receiver = pair
    parts = [b"%d," % n for n in range(count)]
    sender.sctp_sendv(parts)
    assert receiver.sctp_recvv(10_000)[0] == b"".join(parts)


class Broken:
    """An iterator that gives so many buffers and then raises."""

    def __init__(self, buffer, count):
        self.buffers = itertools.repeat(buffer, count)

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return next(self.buffers)
        except StopIteration:
            raise ZeroDivisionError from None


# Wrong data. The argument is a buffer that must be released.
BAD_DATA = {
    "more than IOV_MAX": (
        lambda buffer: [buffer] * (IOV_MAX + 1),
        ValueError,
        "more than 1024 buffers",
    ),
    "endless": (itertools.repeat, ValueError, "more than 1024 buffers"),
    "an item too many": (lambda buffer: [buffer, 5], TypeError, r"data\[1\].*int"),
    "a str": (lambda buffer: [buffer, "text"], TypeError, r"data\[1\].*str"),
    "None": (lambda buffer: [buffer, None], TypeError, r"data\[1\].*NoneType"),
    "not contiguous": (
        lambda buffer: [buffer, memoryview(b"abcd")[::2]],
        BufferError,
        "contiguous",
    ),
    "a released view": (
        lambda buffer: [buffer, *released_views()],
        ValueError,
        "released",
    ),
    "an iterator that raises": (
        lambda buffer: Broken(buffer, 3),
        ZeroDivisionError,
        None,
    ),
    "one that raises late": (
        lambda buffer: Broken(buffer, 20),
        ZeroDivisionError,
        None,
    ),
    "one that raises at once": (
        lambda buffer: Broken(buffer, 0),
        ZeroDivisionError,
        None,
    ),
}


def released_views():
    view = memoryview(b"x")
    view.release()
    return [view]


@only_ipv4
@pytest.mark.parametrize("make, error, reason", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_sends_nothing(pair, make, error, reason):
    sender, receiver = pair
    buffer = bytearray(b"x")
    with pytest.raises(error, match=reason):
        sender.sctp_sendv(make(buffer))
    buffer.append(0)
    assert_nothing_sent(sender, receiver)


@only_ipv4
@pytest.mark.parametrize(
    "data",
    [b"single", bytearray(b"single"), memoryview(b"single"), array.array("b", [1])],
)
def test_single_buffer_must_stand_in_a_list(pair, data):
    sender, receiver = pair
    with pytest.raises(TypeError, match=re.escape("write [data]")):
        sender.sctp_sendv(data)
    assert_nothing_sent(sender, receiver)


@only_ipv4
@pytest.mark.parametrize("data", ["text", None, 5, 1.5, ["text"], [[b"x"]], [b"x", 0]])
def test_data_must_be_an_iterable_of_buffers(pair, data):
    sender, receiver = pair
    with pytest.raises(TypeError):
        sender.sctp_sendv(data)
    assert_nothing_sent(sender, receiver)


@only_ipv4
def test_data_may_shrink_or_grow_while_it_is_read(pair):
    sender, receiver = pair

    class Parts(list):
        def __iter__(self):
            for n, part in enumerate(super().__iter__()):
                if n == 0:
                    self.pop()
                if n == 1:
                    self += [b"e"] * 20
                yield part

    sender.sctp_sendv(Parts([b"a", b"b", b"c", b"d"]))
    assert receiver.sctp_recvv(100)[0] == b"abc" + b"e" * 20


@only_ipv4
@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize(
    "arguments, error",
    [
        ({}, None),
        ({"addrs": [None]}, TypeError),
        ({"addrs": Broken(("10.1.0.1", 9), 2)}, ZeroDivisionError),
        ({"addrs": [("192.0.2.1", 9)]}, OSError if system.LINUX else None),
        ({"info": 5}, TypeError),
        ({"info": sctp_sndinfo(snd_sid=65535)}, OSError),
    ],
)
def test_buffers_are_released(pair, count, arguments, error):
    sender, _ = pair
    buffer = bytearray(b"x")
    with pytest.raises(error) if error else nullcontext():
        sender.sctp_sendv([buffer] * count, **arguments)
    buffer.append(0)


# Receiving


@pytest.mark.parametrize("bufsize", [1, 7, 999, 1000, 1001])
def test_longer_messages_come_in_pieces(ends, bufsize):
    sender, assoc_id, receiver = ends
    message = bytes(n % 251 for n in range(1000))
    for _ in range(2):
        sender.sctp_sendv([message], None, sctp_sndinfo(snd_assoc_id=assoc_id))
        pieces = []
        while True:
            data, _, info, _, flags = receiver.sctp_recvv(bufsize)
            pieces.append(data)
            assert type(info) is sctp_rcvinfo
            if flags & MSG_EOR:
                break
        assert [len(piece) for piece in pieces[:-1]] == [bufsize] * (len(pieces) - 1)
        assert b"".join(pieces) == message


def test_a_large_message_arrives_whole(ends):
    """It travels in several chunks."""
    sender, assoc_id, receiver = ends
    message = bytes(n % 251 for n in range(100_000))
    sender.sctp_sendv([message], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    data = b""
    flags = 0
    while not flags & MSG_EOR:
        piece, _, _, _, flags = receiver.sctp_recvv(1 << 20)
        data += piece
    assert data == message


def test_peeking_leaves_the_message(ends):
    sender, assoc_id, receiver = ends
    sender.sctp_sendv([b"hello"], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    peeked = receiver.sctp_recvv(100, MSG_PEEK)
    assert peeked[0] == b"hello"
    assert receiver.sctp_recvv(100) == peeked
    with pytest.raises(BlockingIOError):
        receiver.sctp_recvv(100, MSG_DONTWAIT)


@only_ipv4
def test_buffer_may_be_much_larger_than_the_message(pair):
    sender, receiver = pair
    sender.sctp_sendv([b"hello"])
    data = receiver.sctp_recvv(1 << 28)[0]
    assert data == b"hello"
    assert sys.getsizeof(data) == sys.getsizeof(b"hello")


@only_ipv4
@pytest.mark.parametrize(
    "args, kwargs, error",
    [
        ((0,), {}, ValueError),
        ((-1,), {}, ValueError),
        ((2**63,), {}, ValueError),
        ((2**62,), {}, MemoryError),
        *(((sys.maxsize - less,), {}, MemoryError) for less in (0, 1, 31, 32, 33, 64)),
        ((sys.maxsize + 1,), {}, ValueError),
        ((10**5000,), {}, ValueError),
        (("1",), {}, TypeError),
        ((1.0,), {}, TypeError),
        ((None,), {}, TypeError),
        ((1, "0"), {}, TypeError),
        ((1, None), {}, TypeError),
        ((1, 2**31), {}, ValueError),
        ((), {}, TypeError),
        ((1, 0, 0), {}, TypeError),
        ((1,), {"bufsize": 1}, TypeError),
        ((1,), {"size": 1}, TypeError),
        ((), {"flags": 0}, TypeError),
    ],
)
def test_bad_arguments_receive_nothing(pair, args, kwargs, error):
    sender, receiver = pair
    sender.sctp_sendv([b"hello"])
    with pytest.raises(error):
        receiver.sctp_recvv(*args, **kwargs)
    assert receiver.sctp_recvv(flags=0, bufsize=100)[0] == b"hello"


def test_end_of_the_association(make_pair):
    client, server = make_pair()
    client.sctp_sendv([b"last"])
    client.close()
    assert server.sctp_recvv(100)[0] == b"last"
    assert server.sctp_recvv(100) == EOF
    assert server.sctp_recvv(100) == EOF


# Arguments of sctp_sendv


def test_sendv_takes_positions_and_keywords(pair, network):
    sender, receiver = pair
    addr = network.address(port=port_of(receiver))
    sender.sctp_sendv([b"a"], [addr], sctp_sndinfo(snd_sid=1), MSG_DONTWAIT)
    sender.sctp_sendv(
        flags=MSG_DONTWAIT, info=sctp_sndinfo(snd_sid=2), addrs=[addr], data=[b"b"]
    )
    sender.sctp_sendv([b"c"], None, None, 0)
    received = [receiver.sctp_recvv(1) for _ in "abc"]
    assert [(data, info["rcv_sid"]) for data, _, info, _, _ in received] == [
        (b"a", 1),
        (b"b", 2),
        (b"c", 0),
    ]


@only_ipv4
@pytest.mark.parametrize(
    "args, kwargs, error",
    [
        ((), {}, TypeError),
        (([b"x"], None, None, 0, 0), {}, TypeError),
        (([b"x"],), {"data": [b"x"]}, TypeError),
        (([b"x"],), {"to": None}, TypeError),
        (([b"x"],), {"addr": None}, TypeError),
        (([b"x"],), {"flags": "0"}, TypeError),
        (([b"x"],), {"flags": None}, TypeError),
        (([b"x"],), {"flags": 2**31}, ValueError),
        (([b"x"],), {"info": {}}, TypeError),
        (([b"x"],), {"info": {"snd_sid": 1}}, TypeError),
        (([b"x"],), {"info": sctp_sndinfo}, TypeError),
        (([b"x"],), {"info": sctp_rcvinfo()}, TypeError),
        (([b"x"],), {"info": sctp_nxtinfo()}, TypeError),
        (([b"x"],), {"info": [sctp_sndinfo()]}, TypeError),
    ],
)
def test_bad_arguments_send_nothing(pair, args, kwargs, error):
    sender, receiver = pair
    with pytest.raises(error):
        sender.sctp_sendv(*args, **kwargs)
    assert_nothing_sent(sender, receiver)


@only_ipv4
@pytest.mark.parametrize(
    "change, error, reason",
    [
        (lambda info: info.update(snd_sid=65536), ValueError, "snd_sid.*65536"),
        (lambda info: info.update(snd_ppid=-1), ValueError, "snd_ppid.*-1"),
        (lambda info: info.update(snd_context=2**32), ValueError, "snd_context"),
        (lambda info: info.update(snd_assoc_id=2**32), ValueError, "snd_assoc_id"),
        (lambda info: info.update(snd_flags="1"), TypeError, "snd_flags.*str"),
        (lambda info: info.update(snd_sid=None), TypeError, "snd_sid.*NoneType"),
        (lambda info: info.update(snd_sid=1.0), TypeError, "snd_sid.*float"),
        (lambda info: info.pop("snd_ppid"), ValueError, "snd_ppid"),
        (lambda info: info.popitem(), ValueError, "snd_assoc_id"),
        (lambda info: info.clear(), ValueError, "snd_sid"),
        (lambda info: info.update(snd_sib=1), ValueError, "snd_sib"),
        (lambda info: info.update({5: 1}), ValueError, "5"),
        (lambda info: info.setdefault("rcv_sid", 1), ValueError, "rcv_sid"),
    ],
)
def test_info_changed_behind_its_back_sends_nothing(pair, change, error, reason):
    sender, receiver = pair
    info = sctp_sndinfo(snd_sid=1)
    change(info)
    with pytest.raises(error, match=f"sctp_sndinfo: .*{reason}"):
        sender.sctp_sendv([b"x"], None, info)
    assert_nothing_sent(sender, receiver)


@only_ipv4
def test_info_may_change_while_it_is_read(pair):
    sender, receiver = pair
    info = sctp_sndinfo()

    class Clearing:
        def __index__(self):
            info.clear()
            return 1

    info.update(snd_sid=Clearing(), snd_ppid=5)
    sender.sctp_sendv([b"x"], None, info)
    assert info == {}
    received = receiver.sctp_recvv(1)[2]
    assert (received["rcv_sid"], received["rcv_ppid"]) == (1, 5)


@only_ipv4
def test_info_may_be_of_a_subclass(pair):
    class Info(sctp_sndinfo):
        pass

    sender, receiver = pair
    sender.sctp_sendv([b"x"], None, Info(snd_sid=4))
    assert receiver.sctp_recvv(1)[2]["rcv_sid"] == 4


# Leaks


@only_ipv4
def test_messages_leak_nothing(pair, network, assert_no_leak):
    sender, receiver = pair
    receiver.setsockopt(IPPROTO_SCTP, SCTP_RECVNXTINFO, 1)
    arguments = (
        [bytearray(b"x")] * 10,
        [network.address(port=port_of(receiver))],
        sctp_sndinfo(snd_ppid=12345),
    )

    def exchange():
        sender.sctp_sendv(*arguments)
        sender.sctp_sendv(*arguments)
        assert receiver.sctp_recvv(100)[3] == SCTP_RECVV_RN
        assert receiver.sctp_recvv(1000)[3] == SCTP_RECVV_RCVINFO

    exchange()  # the last address is remembered
    watched = [*arguments, *arguments[0], *arguments[1], arguments[2]["snd_ppid"]]
    references = [sys.getrefcount(value) for value in watched]
    assert_no_leak(exchange, 5_000)
    assert [sys.getrefcount(value) for value in watched] == references


@only_ipv4
@pytest.mark.parametrize("make, error, reason", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_leaks_nothing(pair, assert_no_leak, make, error, reason):
    sender, _ = pair
    buffer = bytearray(b"x")

    def fail():
        with suppress(error):
            sender.sctp_sendv(make(buffer))

    references = sys.getrefcount(buffer)
    assert_no_leak(fail)
    assert sys.getrefcount(buffer) == references


ERRORS = {
    "no address": lambda sender, _: sender.sctp_sendv([b"x"], [None]),
    "addresses that raise": lambda sender, _: sender.sctp_sendv(
        [b"x"], Broken(("10.1.0.1", 9), 50)
    ),
    "not the peer": lambda sender, _: sender.sctp_sendv(
        [b"x"], [("192.0.2.1", 9)] * 50
    ),
    "no info": lambda sender, _: sender.sctp_sendv([b"x"], info=5),
    "broken info": lambda sender, _: sender.sctp_sendv([b"x"], info=broken_info()),
    "no such stream": lambda sender, _: sender.sctp_sendv(
        [b"x"] * 20, None, sctp_sndinfo(snd_sid=65535)
    ),
    "unknown keyword": lambda sender, _: sender.sctp_sendv([b"x"], address=None),
    "no message": lambda _, receiver: receiver.sctp_recvv(1000, MSG_DONTWAIT),
    "no size": lambda _, receiver: receiver.sctp_recvv(-(2**70)),
}


def broken_info():
    info = sctp_sndinfo()
    info.pop("snd_sid")
    return info


@only_ipv4
@pytest.mark.parametrize("call", ERRORS.values(), ids=ERRORS)
def test_errors_leak_nothing(pair, assert_no_leak, call):
    def fail():
        with suppress(Exception):
            call(*pair)

    assert_no_leak(fail, 20_000)
