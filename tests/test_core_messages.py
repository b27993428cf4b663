"""Joins pieces to whole messages. These tests need no kernel."""

import errno
import struct
from collections import defaultdict
from socket import htonl

import pytest
import system
from hypothesis import strategies as st

import sctp
from sctp import Message, MessageTooLong, PayloadProtocol, sctp_rcvinfo
from sctp._messages import Assembler

HUGE = 1 << 30


def rcvinfo(assoc_id=5, stream=0, unordered=False, **more):
    flags = sctp.SCTP_UNORDERED if unordered else 0
    return sctp_rcvinfo(rcv_assoc_id=assoc_id, rcv_sid=stream, rcv_flags=flags, **more)


def join(assembler, data, is_last, *key):
    return assembler.join(data, ("10.1.0.1", 1), rcvinfo(*key), is_last, "association")


def test_message_says_what_it_is():
    info = rcvinfo(stream=7, unordered=True, rcv_ppid=htonl(60))
    message = Message(b"Hello", info, ("::ffff:10.1.0.1", 5, 0, 0), "association")
    assert message.data == b"Hello"
    assert message.stream == 7
    assert message.ppid == PayloadProtocol.NGAP
    assert message.unordered is True
    assert message.rcvinfo is info
    assert message.address == ("10.1.0.1", 5)
    assert message.association == "association"
    assert repr(message) == "<Message of 5 bytes on stream 7, ppid 60: b'Hello'>"
    with pytest.raises(AttributeError):
        message.other = 1


@pytest.mark.parametrize(
    "address",
    [("10.1.0.1", 5), ("fd00::1", 5, 0, 0), ("::ffff:0:10.1.0.1", 5, 0, 0), None],
)
def test_other_addresses_stay_as_they_are(address):
    assert Message(b"", rcvinfo(), address).address == address


def test_repr_of_a_long_message_is_short():
    text = repr(Message(bytes(1 << 20), rcvinfo()))
    assert len(text) < 150 and "1,048,576 bytes" in text and "..." in text


def test_pieces_keep_the_infos_of_the_first():
    assembler = Assembler(HUGE, HUGE)
    first = rcvinfo(rcv_tsn=1, rcv_ppid=5)
    assert assembler.join(b"a", ("10.1.0.1", 1), first, False, None) is None
    later = rcvinfo(rcv_tsn=2)
    message = assembler.join(b"b", ("10.2.0.1", 1), later, True, None)
    assert message.data == b"ab" and type(message.data) is bytes
    assert message.rcvinfo is first and message.address == ("10.1.0.1", 1)
    assert not assembler.unfinished and assembler.total == 0


# An association, a stream, whether it is ordered, and the lengths of the pieces.
KEYS = st.tuples(st.integers(1, 3), st.integers(0, 2), st.booleans())
SIZES = st.lists(st.integers(1, 50), min_size=1, max_size=6)


def test_every_message_comes_out_once_and_whole(for_all):
    """In whatever order the pieces of different streams arrive."""

    @for_all(
        st.lists(st.tuples(KEYS, SIZES), max_size=20),
        st.randoms(),
        st.integers(20, 300),
    )
    def check(messages, random, longest):
        assembler = Assembler(longest, HUGE)
        waiting = defaultdict(list)
        for number, (key, sizes) in enumerate(messages):
            pieces = [bytes([number]) * size for size in sizes]
            waiting[key] += [
                (piece, at == len(pieces)) for at, piece in enumerate(pieces, 1)
            ]
        got = defaultdict(list)
        while waiting:
            key = random.choice(sorted(waiting))
            piece, is_last = waiting[key].pop(0)
            if not waiting[key]:
                del waiting[key]
            result = join(assembler, piece, is_last, *key)
            assert is_last == (result is not None)
            if isinstance(result, MessageTooLong):
                assert result.errno == errno.EMSGSIZE
                assert result.association == "association"
                got[key].append((result.size, result.stream))
            elif result is not None:
                assert result.association == "association"
                got[key].append(result.data)
        expected = defaultdict(list)
        for number, (key, sizes) in enumerate(messages):
            size = sum(sizes)
            whole = bytes([number]) * size
            expected[key].append(whole if size <= longest else (size, key[1]))
        assert got == expected
        assert not assembler.unfinished and assembler.total == 0


def test_account_is_right_and_bounded(for_all):
    @for_all(
        st.lists(
            st.one_of(
                st.tuples(st.just("piece"), KEYS, st.integers(1, 5000), st.booleans()),
                st.tuples(st.just("forget"), st.integers(1, 3)),
                st.tuples(st.just("break"), st.integers(1, 3), st.integers(0, 2)),
                st.tuples(st.just("move"), st.integers(1, 3)),
            ),
            max_size=60,
        )
    )
    def check(steps):
        assembler, other = Assembler(8000, 20_000), Assembler(8000, HUGE)
        for what, *arguments in steps:
            if what == "piece":
                key, size, is_last = arguments
                join(assembler, bytes(size), is_last, *key)
            elif what == "forget":
                assembler.forget(*arguments)
            elif what == "break":
                assoc_id, stream = arguments
                assembler.forget_broken(broken(assoc_id, stream))
            else:
                assembler.move(arguments[0], other)
            for each in assembler, other:
                unfinished = [
                    piece
                    for pieces in each.unfinished.values()
                    for piece in pieces.values()
                ]
                held = sum(len(piece.data or b"") for piece in unfinished)
                assert each.total >= held + 500 * len(unfinished)
                assert bool(unfinished) == bool(each.unfinished)
                assert bool(each.unfinished) >= (each.total != 0)
            assert held <= 20_000 or each is other
        for assoc_id in 1, 2, 3:
            assembler.forget(assoc_id)
            other.forget(assoc_id)
        assert assembler.total == other.total == 0


def broken(assoc_id, stream=0, flags=0):
    return {"pdapi_assoc_id": assoc_id, "pdapi_stream": stream, "pdapi_flags": flags}


@pytest.mark.parametrize(
    ("unfinished", "notification", "left"),
    [
        # If messages are not interleaved, Linux does not tell the stream.
        ([(5, 3, False)], broken(5), []),
        ([(5, 3, False), (6, 0, False)], broken(5), [(6, 0, False)]),
        ([(5, 3, False), (5, 0, True)], broken(5), [(5, 3, False)]),
        ([(5, 3, False), (5, 4, False)], broken(5, 3), [(5, 4, False)]),
        ([(5, 3, False), (5, 3, True)], broken(5, 3), [(5, 3, True)]),
        ([(5, 3, False), (5, 3, True)], broken(5, 3, 1), [(5, 3, False)]),
        ([(5, 3, False), (5, 4, False)], broken(5), [(5, 3, False), (5, 4, False)]),
        ([(5, 3, False)], broken(6), [(5, 3, False)]),
    ],
)
def test_message_that_is_broken_off(unfinished, notification, left):
    assembler = Assembler(HUGE, HUGE)
    for key in unfinished:
        join(assembler, b"old", False, *key)
    assembler.forget_broken(notification)
    for key in unfinished:
        expected = b"oldnew" if key in left else b"new"
        assert join(assembler, b"new", True, *key).data == expected


def test_peeled_off_in_the_middle_of_a_message():
    old, new = Assembler(HUGE, HUGE), Assembler(HUGE, HUGE)
    join(old, b"a", False, 5)
    join(old, b"x", False, 6)
    old.move(5, new)
    assert join(new, b"b", True, 5).data == b"ab"
    assert join(old, b"y", True, 6).data == b"xy"
    assert new.total == old.total == 0


def test_dropped_message_ends_where_it_ends():
    """The rest of a dropped message is not taken for another message."""
    assembler = Assembler(10, HUGE)
    for _ in range(1000):
        assert join(assembler, bytes(1000), False) is None
    assert assembler.total < 5000
    assert join(assembler, bytes(7), True).size == 1_000_007
    assert join(assembler, b"next", True).data == b"next"


def test_whole_message_that_is_too_long():
    error = join(Assembler(10, HUGE), bytes(11), True, 5, 3)
    assert isinstance(error, MessageTooLong) and isinstance(error, OSError)
    assert (error.size, error.stream) == (11, 3)
    assert "11 bytes on stream 3" in str(error)
    assert join(Assembler(10, HUGE), bytes(10), True).data == bytes(10)


def test_no_room_for_pieces_is_room_for_whole_messages():
    assembler = Assembler(HUGE, 10_000)
    for assoc_id in range(20):
        join(assembler, bytes(1000), False, assoc_id)
    assert join(assembler, bytes(20_000), True, 100).data == bytes(20_000)
    results = [join(assembler, b"!", True, assoc_id) for assoc_id in range(20)]
    kinds = [type(result) for result in results]
    assert 3 < kinds.count(Message) < 10
    assert kinds == sorted(kinds, key=lambda kind: kind is MessageTooLong)
    assert assembler.total == 0


@pytest.mark.parametrize("size", [1, 1000, 8192])
def test_ten_thousand_peers_in_the_middle_of_a_message(size):
    """Measured as resident memory, with pieces of every size."""
    limit = 64 << 20
    assembler = Assembler(1 << 20, limit)
    before = system.resident_memory()
    rounds = max(1, 100_000_000 // (10_000 * size)) if size > 1 else 20
    for _ in range(rounds):
        for assoc_id in range(10_000):
            join(assembler, bytes(size), False, assoc_id)
    assert assembler.total <= limit + 10_000 * 1024
    assert system.resident_memory() - before < limit * 1.25
    assert len(assembler.unfinished) == 10_000


def test_pieces_of_a_notification(for_all):
    @for_all(st.lists(st.binary(min_size=1, max_size=5), min_size=1, max_size=5))
    def check(pieces):
        assembler = Assembler(HUGE, HUGE)
        for piece in pieces[:-1]:
            assert assembler.join_notification(piece, False) is None
            assert join(assembler, b"message", True).data == b"message"
        assert assembler.join_notification(pieces[-1], True) == b"".join(pieces)
        assert assembler.join_notification(b"next", True) == b"next"


def test_layout_of_a_partial_delivery_event_is_the_kernels():
    """The keys that forget_broken reads."""
    type = sctp.SCTP_PARTIAL_DELIVERY_EVENT
    bytes = struct.pack("=HHIIIIII", type, 0, 24, 0, 0, 7, 0, 9)
    parsed = sctp.parse_notification(bytes)
    assert {"pdapi_assoc_id", "pdapi_stream", "pdapi_flags"} <= set(parsed)
