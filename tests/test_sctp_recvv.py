"""sctp_recvv and sctp_recvv_into: infos, pieces and buffers of the caller."""

import array
import itertools
import mmap
import os
import re
import socket
import subprocess
import sys
import threading
import tracemalloc
from socket import (
    AF_INET,
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_PEEK,
    MSG_TRUNC,
    SO_RCVBUF,
    SOCK_DGRAM,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import native
import pytest

import sctp
from sctp import (
    IPPROTO_SCTP,
    MSG_NOTIFICATION,
    SCTP_ASSOC_CHANGE,
    SCTP_COMM_UP,
    SCTP_EVENT,
    SCTP_FRAGMENT_INTERLEAVE,
    SCTP_MAXSEG,
    SCTP_NOTIFICATION,
    SCTP_PARTIAL_DELIVERY_POINT,
    SCTP_RECVNXTINFO,
    SCTP_RECVRCVINFO,
    SCTP_RECVV_NOINFO,
    SCTP_RECVV_NXTINFO,
    SCTP_RECVV_RCVINFO,
    SCTP_RECVV_RN,
    SCTP_SHUTDOWN_EVENT,
    SCTP_STATUS,
    SCTP_UNORDERED,
    parse_notification,
    sctp_assoc_value,
    sctp_event,
    sctp_nxtinfo,
    sctp_recvv_rn,
    sctp_sndinfo,
    sctp_status,
)

pytestmark = pytest.mark.kernel

IOV_MAX = 1024

only_ipv4 = pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True)
# FreeBSD uses it for the next message.
COMPLETE = getattr(sctp, "SCTP_COMPLETE", 0)


def pattern(size, start=0):
    return bytes((start + n) % 251 for n in range(size))


@pytest.fixture
def settle(wait_for):
    """Waits until the peer can read everything that a socket has sent."""

    def settle(sender, assoc_id=0):
        def acknowledged():
            status = sctp_status(sstat_assoc_id=assoc_id)
            status = sender.getsockopt(IPPROTO_SCTP, SCTP_STATUS, status)
            return status["sstat_unackdata"] == status["sstat_penddata"] == 0

        wait_for(acknowledged)

    return settle


@pytest.fixture
def quick_network(own_network):
    """A sender that soon tries again if a window is closed."""
    own_network.set(rto_min=50, rto_max=200, rto_initial=100)


def want_both_infos(sock):
    for option in SCTP_RECVRCVINFO, SCTP_RECVNXTINFO:
        sock.setsockopt(IPPROTO_SCTP, option, 1)


def watch(sock, *types):
    for type in types:
        event = sctp_event(se_type=type, se_on=1)
        sock.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)


def receive_whole(receiver, bufsize=1 << 20):
    """The pieces of a message, each with its info."""
    pieces = []
    while True:
        data, _, info, _, flags = receiver.sctp_recvv(bufsize)
        pieces.append((data, info))
        if flags & MSG_EOR:
            return pieces


# Infos


def test_next_message_is_as_foretold(ends, settle, kernel_fact):
    sender, assoc_id, receiver = ends
    want_both_infos(receiver)
    count = 6
    for n in range(count):
        sndinfo = sctp_sndinfo(
            snd_sid=n,
            snd_flags=SCTP_UNORDERED if n % 2 else 0,
            snd_ppid=2**32 - 1 - n,
            snd_assoc_id=assoc_id,
        )
        sender.sctp_sendv([bytes(10 * n + 1)], None, sndinfo)
    settle(sender, assoc_id)
    foretold = []
    told = []
    for n in range(count):
        data, _, info, infotype, _ = receiver.sctp_recvv(1000)
        if n < count - 1:
            assert type(info) is sctp_recvv_rn
            assert infotype == SCTP_RECVV_RN
            complete = COMPLETE and info.nxtinfo["nxt_flags"] & COMPLETE
            kernel_fact("next-message-is-complete", bool(complete))
            info.nxtinfo["nxt_flags"] &= ~COMPLETE
            foretold.append(info.nxtinfo)
            info = info.rcvinfo
        assert (info["rcv_sid"], info["rcv_ppid"]) == (n, 2**32 - 1 - n)
        told.append(
            sctp_nxtinfo(
                nxt_sid=info["rcv_sid"],
                nxt_flags=info["rcv_flags"],
                nxt_ppid=info["rcv_ppid"],
                nxt_length=len(data),
                nxt_assoc_id=info["rcv_assoc_id"],
            )
        )
    assert infotype == SCTP_RECVV_RCVINFO
    assert foretold == told[1:]


def test_next_message_may_be_of_another_association(
    make_listener, make_socket, network, settle
):
    receiver = make_listener(SOCK_SEQPACKET)
    want_both_infos(receiver)
    senders = [make_socket(network.family, SOCK_STREAM) for _ in range(3)]
    for sender in senders:
        sender.connect(receiver.getsockname())
    for sender in senders * 2:
        sender.sctp_sendv([b"x"])
        settle(sender)
    infos = [receiver.sctp_recvv(1)[2] for _ in senders * 2]
    ids = [info.rcvinfo["rcv_assoc_id"] for info in infos[:-1]]
    ids.append(infos[-1]["rcv_assoc_id"])
    assert len(set(ids[:3])) == 3
    assert ids[:3] == ids[3:]
    assert [info.nxtinfo["nxt_assoc_id"] for info in infos[:-1]] == ids[1:]


@pytest.mark.linux  # FreeBSD tells of messages alone
def test_next_message_may_be_a_notification(pair, wait_for):
    sender, receiver = pair
    want_both_infos(receiver)
    watch(receiver, SCTP_SHUTDOWN_EVENT)
    sender.sctp_sendv([b"last"])
    sender.close()
    wait_for(lambda: receiver.sctp_recvv(100, MSG_PEEK)[3] == SCTP_RECVV_RN)
    data, _, info, infotype, _ = receiver.sctp_recvv(100)
    assert (data, infotype) == (b"last", SCTP_RECVV_RN)
    assert info.nxtinfo["nxt_flags"] & SCTP_NOTIFICATION
    data, _, _, _, flags = receiver.sctp_recvv(100)
    assert flags & MSG_NOTIFICATION
    assert info.nxtinfo["nxt_length"] == len(data)
    assert parse_notification(data)["sn_type"] == SCTP_SHUTDOWN_EVENT


@pytest.mark.linux  # FreeBSD tells nothing with a notification
def test_notification_has_no_info_but_that_of_the_next_message(
    make_listener, make_socket, network, settle, kernel_fact
):
    receiver = make_listener(SOCK_SEQPACKET)
    want_both_infos(receiver)
    watch(receiver, SCTP_ASSOC_CHANGE)
    sender = make_socket(network.family, SOCK_STREAM)
    sender.connect(receiver.getsockname())
    event, addr, info, infotype, flags = receiver.sctp_recvv(1000)
    assert flags & MSG_NOTIFICATION
    assert addr[1] == sender.getsockname()[1]
    assert (info, infotype) == (None, SCTP_RECVV_NOINFO)
    assert parse_notification(event)["sac_state"] == SCTP_COMM_UP

    another = make_socket(network.family, SOCK_STREAM)
    another.connect(receiver.getsockname())
    another.sctp_sendv([b"hello"], None, sctp_sndinfo(snd_sid=3))
    settle(another)
    event, _, info, infotype, flags = receiver.sctp_recvv(1000)
    assert flags & MSG_NOTIFICATION
    assert infotype == SCTP_RECVV_NXTINFO
    assert (type(info), info["nxt_sid"], info["nxt_length"]) == (sctp_nxtinfo, 3, 5)
    kernel_fact("next-message-with-a-notification", True)


def test_peeking_shows_the_same_message_and_info(ends):
    sender, assoc_id, receiver = ends
    sndinfo = sctp_sndinfo(snd_sid=1, snd_ppid=2, snd_assoc_id=assoc_id)
    sender.sctp_sendv([b"hello"], None, sndinfo)
    whole = receiver.sctp_recvv(100, MSG_PEEK)
    assert whole[2]["rcv_ppid"] == 2
    part = receiver.sctp_recvv(3, MSG_PEEK)
    assert part == (b"hel", *whole[1:4], whole[4] & ~MSG_EOR)
    assert receiver.sctp_recvv(100) == whole
    with pytest.raises(BlockingIOError):
        receiver.sctp_recvv(100, MSG_PEEK | MSG_DONTWAIT)


# Control data of other socket options (asm-generic/socket.h and
# linux/net_tstamp.h), and of the deprecated SCTP_EVENTS.
SO_MARK = 36
SO_TIMESTAMPNS = 35
SO_TIMESTAMPING = 37
SO_RXQ_OVFL = 40
SO_RCVMARK = 75
SOF_TIMESTAMPING_RX_SOFTWARE = 1 << 3
SOF_TIMESTAMPING_SOFTWARE = 1 << 4
SCTP_EVENTS = 11
SCTP_SNDRCV = 1
SCTP_RCVINFO = 3
SCTP_NXTINFO = 4


@pytest.mark.linux
def test_there_is_room_for_all_control_data(pair, settle):
    sender, receiver = pair
    want_both_infos(receiver)
    receiver.setsockopt(IPPROTO_SCTP, SCTP_EVENTS, b"\1")
    timestamping = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE
    for option, value in [
        (SO_TIMESTAMPNS, 1),
        (SO_TIMESTAMPING, timestamping),
        (SO_RXQ_OVFL, 1),
        (SO_RCVMARK, 1),
    ]:
        receiver.setsockopt(SOL_SOCKET, option, value)
    for sid in 1, 2:
        sender.sctp_sendv([b"x"], None, sctp_sndinfo(snd_sid=sid))
    settle(sender)
    _, control, _, _ = receiver.recvmsg(1, 4096, MSG_PEEK)
    assert {(level, type) for level, type, _ in control} == {
        (SOL_SOCKET, SO_TIMESTAMPNS),
        (SOL_SOCKET, SO_TIMESTAMPING),
        (SOL_SOCKET, SO_MARK),
        (IPPROTO_SCTP, SCTP_SNDRCV),
        (IPPROTO_SCTP, SCTP_RCVINFO),
        (IPPROTO_SCTP, SCTP_NXTINFO),
    }
    data, _, info, infotype, flags = receiver.sctp_recvv(1)
    assert (data, infotype, flags) == (b"x", SCTP_RECVV_RN, MSG_EOR)
    assert info.rcvinfo["rcv_sid"] == 1
    assert info.nxtinfo["nxt_sid"] == 2


# The kernel truncates control data without room. Our room is never that small.
LITTLE_ROOM = """
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t
recvmsg(int descriptor, struct msghdr *header, int flags)
{
    header->msg_controllen = CMSG_SPACE(28);
    return syscall(SYS_recvmsg, descriptor, header, flags);
}
"""

RECEIVE_WITH_LITTLE_ROOM = """if 1:
    import errno
    from socket import AF_INET, SOCK_STREAM
    from sctp import *

    listener = sctp_socket(AF_INET, SOCK_STREAM)
    listener.bind(("10.1.0.1", 0))
    listener.listen()
    sender = sctp_socket(AF_INET, SOCK_STREAM)
    sender.connect(listener.getsockname())
    receiver, _ = listener.accept()
    for option in SCTP_RECVRCVINFO, SCTP_RECVNXTINFO:
        receiver.setsockopt(IPPROTO_SCTP, option, 1)
    for data in b"first", b"second", b"last":
        sender.sctp_sendv([data])
    while sender.getsockopt(IPPROTO_SCTP, SCTP_STATUS)["sstat_unackdata"]:
        pass

    space = bytearray(10)
    for receive in (
        lambda: receiver.sctp_recvv(10),
        lambda: receiver.sctp_recvv_into([space]),
    ):
        try:
            print(receive())
        except OSError as error:
            print(errno.errorcode[error.errno], error.strerror)
    space.append(0)
    print(receiver.sctp_recvv(10)[0])
"""


@pytest.mark.linux
def test_truncated_control_data_is_an_error(tmp_path):
    source = tmp_path / "little_room.c"
    source.write_text(LITTLE_ROOM)
    library = source.with_suffix(".so")
    native.host_compiler().run("-shared", "-fPIC", "-o", library, source)
    # After the libraries of a sanitizer.
    preload = f"{os.environ.get('LD_PRELOAD', '')}:{library}"
    program = subprocess.run(
        [sys.executable, "-c", RECEIVE_WITH_LITTLE_ROOM],
        env={**os.environ, "LD_PRELOAD": preload},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    error = "EBADMSG control data of the message is truncated"
    assert program.stdout.splitlines() == [error, error, "b'last'"]


# Pieces


@pytest.mark.parametrize("bufsize", [1, 7, 20])
def test_notification_comes_in_pieces(make_listener, make_socket, network, bufsize):
    receiver = make_listener(SOCK_SEQPACKET)
    watch(receiver, SCTP_ASSOC_CHANGE)
    sender = make_socket(network.family, SOCK_STREAM)
    sender.connect(receiver.getsockname())
    event = b""
    flags = 0
    while not flags & MSG_EOR:
        data, _, _, _, flags = receiver.sctp_recvv(bufsize)
        assert 0 < len(data) <= bufsize
        assert flags & MSG_NOTIFICATION
        event += data
    assert parse_notification(event)["sac_state"] == SCTP_COMM_UP


@pytest.mark.linux  # FreeBSD tells nothing with a piece
def test_pieces_foretell_the_next_message(pair, settle, kernel_fact):
    sender, receiver = pair
    want_both_infos(receiver)
    sender.sctp_sendv([b"abcdef"], None, sctp_sndinfo(snd_sid=1))
    sender.sctp_sendv([b"next"], None, sctp_sndinfo(snd_sid=2))
    settle(sender)
    pieces = receive_whole(receiver, 2)
    assert [data for data, _ in pieces] == [b"ab", b"cd", b"ef"]
    assert [info.rcvinfo for _, info in pieces] == [pieces[0][1].rcvinfo] * 3
    assert [info.nxtinfo["nxt_length"] for _, info in pieces] == [4] * 3
    assert pieces[0][1].rcvinfo["rcv_sid"] == 1
    assert pieces[0][1].nxtinfo["nxt_sid"] == 2
    kernel_fact("next-message-with-a-piece", True)


@pytest.mark.parametrize("type", [SOCK_STREAM, SOCK_SEQPACKET])
def test_message_larger_than_the_window_is_delivered_partially(
    quick_network, make_pair, make_many, type
):
    """The receiver reads the beginning before the sender can send the end."""
    if type == SOCK_SEQPACKET:
        sender, assoc_id, receiver = make_many()
    else:
        (sender, receiver), assoc_id = make_pair(), 0
    sndinfo = sctp_sndinfo(snd_sid=2, snd_ppid=7, snd_assoc_id=assoc_id)
    # The kernel offers half of the receive buffer as the window.
    message = pattern(receiver.getsockopt(SOL_SOCKET, SO_RCVBUF))
    sender.sctp_sendv([message], None, sndinfo)
    pieces = receive_whole(receiver)
    assert len(pieces) > 1
    assert b"".join(data for data, _ in pieces) == message
    infos = [info for _, info in pieces]
    assert (infos[0]["rcv_sid"], infos[0]["rcv_ppid"]) == (2, 7)
    for key in "rcv_sid", "rcv_ssn", "rcv_ppid", "rcv_assoc_id":
        assert len({info[key] for info in infos}) == 1
    sender.sctp_sendv([b"next"], None, sndinfo)
    assert receive_whole(receiver)[0][0] == b"next"


def test_partial_delivery_begins_at_its_point(pair, settle):
    sender, receiver = pair
    receiver.setsockopt(IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT, 2000)
    sender.setsockopt(IPPROTO_SCTP, SCTP_MAXSEG, sctp_assoc_value(assoc_value=1000))
    message = pattern(10_000)
    sender.sctp_sendv([message])
    settle(sender)
    pieces = [data for data, _ in receive_whole(receiver)]
    assert len(pieces) > 1
    assert len(pieces[0]) == 2000
    assert b"".join(pieces) == message


@pytest.mark.parametrize("interleave", [0, 1])
def test_partial_deliveries_of_associations(
    quick_network, make_listener, make_socket, network, wait_for, interleave
):
    """The messages come one after the other, or mixed. If they are mixed, the
    identifier of the association tells to which message a piece belongs."""
    receiver = make_listener(SOCK_SEQPACKET)
    receiver.setsockopt(SOL_SOCKET, SO_RCVBUF, 40_000)
    receiver.setsockopt(IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, interleave)
    senders = [make_socket(network.family, SOCK_STREAM) for _ in range(2)]
    messages = [pattern(100_000, start) for start in range(2)]
    for sender, message in zip(senders, messages, strict=True):
        sender.setsockopt(IPPROTO_SCTP, SCTP_MAXSEG, 1000)
        sender.connect(receiver.getsockname())
        sender.sctp_sendv([message])

    def window(sender):
        return sender.getsockopt(IPPROTO_SCTP, SCTP_STATUS)["sstat_rwnd"]

    wait_for(lambda: all(window(sender) < 1000 for sender in senders))
    collected = {}
    order = []
    finished = 0
    while finished < len(messages):
        data, _, info, _, flags = receiver.sctp_recvv(1 << 20)
        assoc_id = info["rcv_assoc_id"]
        collected[assoc_id] = collected.get(assoc_id, b"") + data
        order.append(assoc_id)
        finished += bool(flags & MSG_EOR)
    assert sorted(collected.values()) == sorted(messages)
    turns = [assoc_id for assoc_id, _ in itertools.groupby(order)]
    assert len(turns) > 2 if interleave else len(turns) == 2


# The caller's buffers


def test_message_is_scattered(ends):
    sender, assoc_id, receiver = ends
    sndinfo = sctp_sndinfo(snd_sid=1, snd_ppid=2, snd_assoc_id=assoc_id)
    sender.sctp_sendv([b"0123456789" * 4], None, sndinfo)
    expected = receiver.sctp_recvv(100, MSG_PEEK)
    whole = bytearray(b"..........")
    part = bytearray(b"..........")
    numbers = array.array("I", [0, 0])
    with mmap.mmap(-1, 20) as mapped:
        buffers = [whole, memoryview(part)[2:5], bytearray(), numbers, mapped]
        received = receiver.sctp_recvv_into(buffers)
        assert mapped[:] == b"1234567890123456789\0"
    assert received == (40, *expected[1:])
    assert whole == b"0123456789"
    assert part == b"..012....."
    assert numbers.tobytes() == b"34567890"


def generate(items):
    yield from items


@only_ipv4
@pytest.mark.parametrize("iterable", [list, tuple, iter, generate])
@pytest.mark.parametrize("count", [1, 8, 9, IOV_MAX])
def test_buffers_come_from_any_iterable(pair, iterable, count):
    sender, receiver = pair
    message = pattern(2 * count)
    sender.sctp_sendv([message])
    buffers = [bytearray(2) for _ in range(count)]
    assert receiver.sctp_recvv_into(iterable(buffers))[0] == len(message)
    assert b"".join(buffers) == message


def test_longer_message_fills_the_buffers_again(pair):
    sender, receiver = pair
    message = pattern(45)
    sender.sctp_sendv([message])
    buffers = [bytearray(b"." * 8), bytearray(b"." * 12)]
    collected = b""
    for expected in (20, 0), (20, 0), (5, MSG_EOR):
        count, _, _, _, flags = receiver.sctp_recvv_into(buffers)
        assert (count, flags) == expected
        collected += b"".join(buffers)[:count]
    assert collected == message
    assert buffers[1] == message[28:40]


def test_notification_is_parsed_where_it_is(make_listener, make_socket, network):
    receiver = make_listener(SOCK_SEQPACKET)
    watch(receiver, SCTP_ASSOC_CHANGE)
    make_socket(network.family, SOCK_STREAM).connect(receiver.getsockname())
    space = bytearray(1000)
    count, _, info, infotype, flags = receiver.sctp_recvv_into([space])
    assert flags & MSG_NOTIFICATION
    assert (info, infotype) == (None, SCTP_RECVV_NOINFO)
    event = parse_notification(memoryview(space)[:count])
    assert event["sac_state"] == SCTP_COMM_UP


def test_end_of_the_association_is_no_bytes(pair):
    sender, receiver = pair
    sender.close()
    space = bytearray(b"....")
    received = receiver.sctp_recvv_into([space])
    assert received == (0, None, None, SCTP_RECVV_NOINFO, 0)
    assert space == b"...."


def test_buffer_keeps_its_memory_while_the_kernel_may_write(pair, wait_for):
    sender, receiver = pair
    space = bytearray(5)
    received = []
    thread = threading.Thread(
        target=lambda: received.append(receiver.sctp_recvv_into([space]))
    )
    thread.start()

    def is_held():
        try:
            space.append(0)
        except BufferError:
            return True
        space.pop()
        return False

    wait_for(is_held)
    sender.sctp_sendv([b"hello"])
    thread.join(10)
    assert received[0][0] == 5
    assert space == b"hello"
    assert not is_held()


@only_ipv4
def test_received_data_is_not_copied(pair, settle):
    sender, receiver = pair
    message = pattern(60_000)
    sender.sctp_sendv([message])
    settle(sender)
    space = bytearray(len(message))
    tracemalloc.start()
    try:
        receiver.sctp_recvv_into([space])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000
    assert space == message


# Bad arguments


def released_view():
    view = memoryview(bytearray(1))
    view.release()
    return view


# Wrong buffers. The argument is a buffer that must be released.
BAD_BUFFERS = {
    "no buffer": (lambda buffer: [], ValueError, "buffers have no room"),
    "no byte": (lambda buffer: [bytearray(), b""[:0]], BufferError, "not writable"),
    "no room": (
        lambda buffer: [bytearray(), memoryview(buffer)[:0]],
        ValueError,
        "buffers have no room",
    ),
    "bytes": (lambda buffer: [buffer, b"x"], BufferError, "not writable"),
    "a read-only view": (
        lambda buffer: [buffer, memoryview(buffer).toreadonly()],
        BufferError,
        "not writable",
    ),
    "not contiguous": (
        lambda buffer: [buffer, memoryview(bytearray(4))[::2]],
        BufferError,
        "contiguous",
    ),
    "a released view": (
        lambda buffer: [buffer, released_view()],
        ValueError,
        "released",
    ),
    "a str": (lambda buffer: [buffer, "text"], TypeError, r"buffers\[1\].*str"),
    "a number": (lambda buffer: [buffer, 5], TypeError, r"buffers\[1\].*int"),
    "not in a list": (lambda buffer: buffer, TypeError, re.escape("write [buffers]")),
    "None": (lambda buffer: None, TypeError, "NoneType"),
    "more than IOV_MAX": (
        lambda buffer: [buffer] * (IOV_MAX + 1),
        ValueError,
        "more than 1024 buffers",
    ),
    "endless": (itertools.repeat, ValueError, "more than 1024 buffers"),
}

each_bad_buffers = pytest.mark.parametrize(
    "make, error, reason", BAD_BUFFERS.values(), ids=BAD_BUFFERS
)


@only_ipv4
@each_bad_buffers
def test_bad_buffers_receive_nothing(pair, make, error, reason):
    sender, receiver = pair
    sender.sctp_sendv([b"hello"])
    buffer = bytearray(b".....")
    with pytest.raises(error, match=reason):
        receiver.sctp_recvv_into(make(buffer))
    assert buffer == b"....."
    buffer.append(0)
    assert receiver.sctp_recvv(100)[0] == b"hello"


@only_ipv4
@each_bad_buffers
def test_bad_buffers_leak_nothing(pair, make, error, reason, assert_no_leak):
    _, receiver = pair
    buffer = bytearray(b".....")

    def fail():
        with pytest.raises(error):
            receiver.sctp_recvv_into(make(buffer))

    references = sys.getrefcount(buffer)
    assert_no_leak(fail)
    assert sys.getrefcount(buffer) == references


@only_ipv4
def test_nothing_to_receive_leaks_nothing(pair, assert_no_leak):
    _, receiver = pair
    buffers = [bytearray(1) for _ in range(20)]

    def fail():
        with pytest.raises(BlockingIOError):
            receiver.sctp_recvv_into(buffers, MSG_DONTWAIT)
        with pytest.raises(BlockingIOError):
            receiver.sctp_recvv(100_000, MSG_DONTWAIT)

    references = [*map(sys.getrefcount, buffers)]
    assert_no_leak(fail)
    assert [*map(sys.getrefcount, buffers)] == references
    buffers[0].append(0)


@only_ipv4
def test_received_messages_leak_nothing(pair, assert_no_leak):
    sender, receiver = pair
    want_both_infos(receiver)
    buffers = [bytearray(1) for _ in range(20)]

    def exchange():
        for _ in range(2):
            sender.sctp_sendv([b"x" * 30])
        assert receiver.sctp_recvv_into(buffers)[3] == SCTP_RECVV_RN
        assert receiver.sctp_recvv_into(buffers)[0] == 10
        assert receiver.sctp_recvv(100)[0] == b"x" * 30

    references = [*map(sys.getrefcount, buffers)]
    assert_no_leak(exchange)
    assert [*map(sys.getrefcount, buffers)] == references


@only_ipv4
@pytest.mark.parametrize(
    "bufsize, error",
    [
        (0, ValueError),
        (-1, ValueError),
        (-(2**63) - 1, ValueError),
        (2**63, ValueError),
        (10**100, ValueError),
        ("1", TypeError),
        (1.0, TypeError),
        (None, TypeError),
        (b"1", TypeError),
    ],
)
def test_bad_bufsize_is_named(pair, bufsize, error):
    sender, receiver = pair
    sender.sctp_sendv([b"hello"])
    with pytest.raises(error, match=r"sctp_recvv\(\): bufsize"):
        receiver.sctp_recvv(bufsize)
    assert receiver.sctp_recvv(100)[0] == b"hello"


@only_ipv4
@pytest.mark.parametrize(
    "flags, error",
    [
        ("0", TypeError),
        (None, TypeError),
        (0.0, TypeError),
        (2**31, ValueError),
        (-(2**31) - 1, ValueError),
    ],
)
@pytest.mark.parametrize("method, space", [("sctp_recvv", 10), ("sctp_recvv_into", [])])
def test_bad_flags_are_named(pair, method, space, flags, error):
    sender, receiver = pair
    sender.sctp_sendv([b"hello"])
    with pytest.raises(error, match=rf"{method}\(\): flags"):
        getattr(receiver, method)(space, flags)
    assert receiver.sctp_recvv(100)[0] == b"hello"


@only_ipv4
@pytest.mark.parametrize(
    "args, kwargs",
    [
        ((), {}),
        (([bytearray(1)], 0, 0), {}),
        (([bytearray(1)],), {"buffers": [bytearray(1)]}),
        (([bytearray(1)],), {"bufsize": 1}),
        ((), {"flags": 0}),
    ],
)
def test_arguments_of_recvv_into(pair, args, kwargs):
    sender, receiver = pair
    sender.sctp_sendv([b"hello"])
    with pytest.raises(TypeError, match=r"sctp_recvv_into\(\)"):
        receiver.sctp_recvv_into(*args, **kwargs)
    space = bytearray(5)
    assert receiver.sctp_recvv_into(flags=MSG_PEEK, buffers=[space])[0] == 5
    assert receiver.sctp_recvv_into([space], 0)[0] == 5
    with pytest.raises(BlockingIOError):
        receiver.sctp_recvv_into([space], flags=MSG_DONTWAIT)


# Descriptors that are of something else by now


@pytest.mark.parametrize("room", [1, 10, 600, 3000])
def test_datagram_is_no_longer_than_the_room_for_it(make_socket, room):
    """With MSG_TRUNC, UDP reports the length of the datagram, even if it is longer
    than the buffer."""
    payload = bytes(range(250)) * 20
    sock = make_socket(AF_INET, SOCK_STREAM)
    with (
        socket.socket(AF_INET, SOCK_DGRAM) as receiver,
        socket.socket(AF_INET, SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        os.dup2(receiver.fileno(), sock.fileno())
        for _ in range(2):
            sender.sendto(payload, receiver.getsockname())
        data, *_, flags = sock.sctp_recvv(room, MSG_TRUNC)
        assert data == payload[:room]
        assert flags & MSG_TRUNC
        buffers = [bytearray(room // 2), bytearray(room - room // 2)]
        count, *_, flags = sock.sctp_recvv_into(buffers, MSG_TRUNC)
        assert count == room
        assert b"".join(buffers) == payload[:room]
        assert flags & MSG_TRUNC
