"""An association, after what the kernel reports. These tests need no kernel."""

import errno
import re
import struct
from collections import defaultdict
from socket import MSG_EOR, htonl

import pytest
from hypothesis import strategies as st

import sctp
from sctp import (
    MSG_NOTIFICATION,
    AssocChangeState,
    AssociationRestarted,
    Message,
    MessageTooLong,
    NotificationType,
    sctp_rcvinfo,
)
from sctp._lifecycle import MESSAGE_COST, NEWS_MAX, Lifecycle, News, is_end_of
from sctp._messages import Assembler

HUGE = 1 << 30
ID = 7
COMM_UP, COMM_LOST, RESTART, SHUTDOWN_COMP, CANT_STR_ASSOC = (
    AssocChangeState[name]
    for name in ("COMM_UP", "COMM_LOST", "RESTART", "SHUTDOWN_COMP", "CANT_STR_ASSOC")
)
EOF = b"", None, None, 0, 0
ABORT_CAUSE = struct.pack("!HH", 12, 4)


class Association:
    """The object that messages and errors name."""


def make(max_unread=HUGE, max_message=HUGE, events=()):
    assembler = Assembler(max_message, HUGE)
    return Lifecycle(Association(), assembler, max_unread, frozenset(events))


def news(data):
    return data, None, None, 0, MSG_NOTIFICATION | MSG_EOR


def change(state, info=b""):
    type = sctp.SCTP_ASSOC_CHANGE
    head = struct.pack("=HHIHHHHi", type, 0, 20 + len(info), state, 0, 4, 5, ID)
    return news(head + info)


def shutdown():
    return news(struct.pack("=HHIi", sctp.SCTP_SHUTDOWN_EVENT, 0, 12, ID))


def piece(data, is_last=True, stream=0, unordered=False):
    flags = sctp.SCTP_UNORDERED if unordered else 0
    info = sctp_rcvinfo(rcv_assoc_id=ID, rcv_sid=stream, rcv_flags=flags)
    kind = sctp.SCTP_RECVV_RCVINFO
    return data, ("10.1.0.1", 5), info, kind, MSG_EOR if is_last else 0


def taken(core):
    """Everything that a receiver gets except the end: data, and the errors in its
    place."""
    got = []
    while core.unread:
        try:
            got.append(core.take().data)
        except (MessageTooLong, AssociationRestarted) as error:
            got.append(type(error))
    return got


def end_of(core):
    """What a receiver and a sender get each time: (type, errno, notes)."""
    ends = []
    for call in (core.take, core.check_send) * 2:
        with pytest.raises((OSError, EOFError)) as caught:
            call()
        error = caught.value
        assert error.association is core.association
        assert is_end_of(error, core.association)
        notes = getattr(error, "__notes__", [])
        ends.append((type(error), getattr(error, "errno", None), notes))
    assert ends[:2] == ends[2:]
    return ends[:2]


def test_up():
    core = make()
    core.feed([change(COMM_UP)])
    assert core.is_up and not core.is_over and core.end is None
    assert (core.assoc_id, core.outbound_streams, core.inbound_streams) == (ID, 4, 5)
    assert core.take() is None
    core.check_send()


# The data from the socket, the calls of the front end after that, and the end: its type
# for receivers, its errno, and a part of its note.
ENDS = {
    "shutdown by the peer": (
        [shutdown(), change(SHUTDOWN_COMP), EOF],
        None,
        (EOFError, None, "shuts it down|ended gracefully"),
    ),
    "end of file alone": ([EOF], None, (EOFError, None, "")),
    "shutdown by the peer without an end of file": (
        [shutdown()],
        lambda core: core.conclude(),
        (EOFError, None, "shuts it down"),
    ),
    "shutdown here": (
        [change(SHUTDOWN_COMP)],
        None,
        (EOFError, None, "ended gracefully"),
    ),
    "abort by the peer": (
        [change(COMM_LOST, ABORT_CAUSE)],
        lambda core: core.fail(errno.ECONNRESET),
        (ConnectionResetError, errno.ECONNRESET, "user initiated abort"),
    ),
    "abort whose errno a send got": (
        [],
        lambda core: (
            core.note_errno(errno.ECONNRESET),
            core.note_errno(errno.EPIPE),
            core.feed([change(COMM_LOST)]),
            core.conclude(),
        ),
        (ConnectionResetError, errno.ECONNRESET, "lost"),
    ),
    "abort before accept": (
        [change(COMM_LOST, ABORT_CAUSE), EOF],
        None,
        (ConnectionResetError, errno.ECONNRESET, "user initiated abort"),
    ),
    "abort of which SCTP alone speaks": (
        [change(COMM_LOST, ABORT_CAUSE)],
        lambda core: core.conclude(),
        (ConnectionResetError, errno.ECONNRESET, "user initiated abort"),
    ),
    "silence": (
        [change(COMM_LOST)],
        lambda core: core.fail(errno.ETIMEDOUT),
        (TimeoutError, errno.ETIMEDOUT, "is lost"),
    ),
    "silence of which SCTP alone speaks": (
        [change(COMM_LOST)],
        lambda core: core.conclude(),
        (TimeoutError, errno.ETIMEDOUT, "is lost"),
    ),
    "refused": (
        [change(CANT_STR_ASSOC)],
        lambda core: core.fail(errno.ECONNREFUSED),
        (ConnectionRefusedError, errno.ECONNREFUSED, "could not be set up"),
    ),
    "refused, of which SCTP alone speaks": (
        [change(CANT_STR_ASSOC)],
        lambda core: core.conclude(),
        (ConnectionRefusedError, errno.ECONNREFUSED, "could not be set up"),
    ),
    "error alone": (
        [],
        lambda core: core.fail(errno.EBADF),
        (OSError, errno.EBADF, ""),
    ),
    "error behind a shutdown": (
        [shutdown()],
        lambda core: core.fail(errno.ENOTCONN),
        (EOFError, None, "shuts it down"),
    ),
    "own abort": (
        [],
        lambda core: core.abort(),
        (ConnectionAbortedError, errno.ECONNABORTED, r"abort\(\) was called"),
    ),
    "gone without a word": (
        [],
        lambda core: core.vanish(),
        (ConnectionResetError, errno.ECONNRESET, ""),
    ),
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("before", [0, 3])
def test_end_comes_behind_the_messages_and_stays(name, before):
    items, then, (kind, number, note) = ENDS[name]
    core = make()
    core.feed([change(COMM_UP), *(piece(bytes([n])) for n in range(before)), *items])
    if then is not None:
        then(core)
    assert core.has_news and not core.is_ending
    if "own abort" not in name:
        assert taken(core) == [bytes([n]) for n in range(before)]
    receiver, sender = end_of(core)
    assert receiver[:2] == (kind, number)
    assert sender[:2] == (
        (BrokenPipeError, errno.EPIPE) if kind is EOFError else (kind, number)
    )
    for _, _, notes in receiver, sender:
        assert bool(notes) == bool(note)
        assert re.search(note, " ".join(notes))
    # Later news changes nothing.
    for late in change(COMM_LOST), change(SHUTDOWN_COMP), EOF, shutdown():
        core.feed([late])
        core.conclude()
    core.fail(errno.EIO)
    core.abort()
    assert core.is_over
    assert end_of(core) == [receiver, sender]


def test_each_exception_is_new_and_has_the_notification():
    core = make()
    core.feed([change(COMM_LOST, ABORT_CAUSE)])
    core.fail(errno.ECONNRESET)
    first, second = core.end.for_receiver(None), core.end.for_receiver(None)
    assert first is not second and first.__notes__ == second.__notes__
    assert first.notification["sac_state"] == COMM_LOST


def test_end_is_announced_until_all_of_it_is_read():
    core = make(max_unread=1)
    core.feed([change(COMM_UP), piece(b"x")])
    assert core.is_full and not core.is_ending
    core.feed([shutdown()])
    assert core.is_ending and not core.is_full and core.end is None
    core.feed([change(SHUTDOWN_COMP)])
    assert not core.is_ending and core.is_over


def test_peers_shutdown_is_not_over_before_it_is_complete():
    core = make()
    core.feed([shutdown(), EOF])
    assert core.end is not None and not core.is_over
    core.feed([change(SHUTDOWN_COMP)])
    assert core.is_over


def test_send_ends_when_shutting_down_begins():
    core = make()
    core.feed([change(COMM_UP)])
    assert core.close() and not core.close()
    with pytest.raises(BrokenPipeError) as caught:
        core.check_send()
    assert is_end_of(caught.value, core.association)
    assert core.take() is None  # messages that the peer still sends may arrive
    core = make()
    core.feed([shutdown()])
    with pytest.raises(BrokenPipeError):
        core.check_send()


def test_abort_drops_what_is_unread():
    core = make()
    core.feed([change(COMM_UP), piece(b"x"), piece(b"y", False)])
    core.abort()
    assert core.assembler.total == 0
    assert core.unread_size == 0 and not core.unread
    assert end_of(core)[0][0] is ConnectionAbortedError


def test_restart_comes_once_in_order_and_drops_pieces():
    core = make()
    core.feed([piece(b"a"), piece(b"old", False), change(RESTART), piece(b"new")])
    assert core.take().data == b"a"
    with pytest.raises(AssociationRestarted) as caught:
        core.take()
    assert isinstance(caught.value, ConnectionResetError)
    assert caught.value.errno == errno.ECONNRESET
    assert caught.value.association is core.association
    assert caught.value.notification["sac_state"] == RESTART
    assert "restarted by the peer" in caught.value.__notes__[0]
    assert not is_end_of(caught.value, core.association)
    assert core.take().data == b"new" and core.take() is None
    core.check_send()


def test_message_too_long_comes_in_its_place():
    core = make(max_message=3)
    core.feed([piece(b"a"), piece(b"long"), piece(b"b")])
    assert taken(core) == [b"a", b"long", b"b"]  # a single piece needs no joining
    core.feed([piece(b"lo", False), piece(b"ng"), piece(b"b")])
    assert taken(core) == [MessageTooLong, b"b"]


def test_pieces_are_dropped_where_delivery_is_broken_off():
    core = make()
    parts = sctp.SCTP_PARTIAL_DELIVERY_EVENT, 0, 24, 0, 0, 0, 0, ID
    core.feed([piece(b"old", False)])
    core.notice(
        {
            "sn_type": parts[0],
            "pdapi_assoc_id": ID,
            "pdapi_stream": 0,
            "pdapi_flags": 0,
        }
    )
    core.feed([piece(b"new")])
    assert taken(core) == [b"new"]


def test_marks():
    core = make(max_unread=10 * (MESSAGE_COST + 100))
    for _ in range(9):
        core.feed([piece(bytes(100))])
    assert not core.is_full
    core.feed([piece(bytes(100))])
    assert core.is_full and not core.has_room
    for _ in range(5):
        core.take()
    assert not core.is_full
    assert core.unread_size * 2 == core.max_unread
    core.take()
    assert core.has_room
    taken(core)
    assert core.unread_size == 0


def test_smallest_mark_lets_one_message_in():
    core = make(max_unread=1)
    core.feed([piece(b"x")])
    assert core.is_full and not core.has_room
    core.take()
    assert core.has_room and not core.is_full


def test_small_messages_count_what_they_take():
    core = make(max_unread=1 << 20)
    count = 0
    while not core.is_full:
        core.feed([piece(b"x")])
        count += 1
    assert count < 3000


def test_shutting_down_discards_beyond_the_mark():
    core = make(max_unread=5 * (MESSAGE_COST + 1))
    core.close()
    core.feed([piece(bytes([n])) for n in range(20)])
    assert not core.is_full
    core.feed([change(SHUTDOWN_COMP)])
    assert taken(core) == [bytes([n]) for n in range(5)]
    assert end_of(core)[0][0] is EOFError


def test_news_go_to_those_who_wait():
    core = make(events=[NotificationType.SHUTDOWN_EVENT])
    core.feed([change(COMM_UP)])
    first, second = News(), News()
    core.news.add(first)
    core.feed([shutdown(), change(COMM_LOST)])
    core.news.add(second)
    core.feed([shutdown()])
    kinds = [each["sn_type"] for each in first.waiting]
    assert kinds == [sctp.SCTP_SHUTDOWN_EVENT] * 2
    assert len(second.waiting) == 1
    del first
    assert len(core.news) == 1


def test_news_are_bounded():
    news = News()
    for number in range(NEWS_MAX + 3):
        news.add({"n": number})
    assert news.dropped == 3 and len(news.waiting) == NEWS_MAX
    assert news.waiting[0] == {"n": 3}


def test_notification_that_nobody_knows():
    core = make()
    unknown = struct.pack("=HHI", 0x7FFF, 0, 8)
    core.feed([news(unknown), news(b"x"), piece(b"a")])
    assert taken(core) == [b"a"]


def test_infos_with_what_comes_next():
    core = make()
    data, address, info, _, flags = piece(b"a", stream=3)
    both = sctp.sctp_recvv_rn([info, sctp.sctp_nxtinfo()])
    core.feed([(data, address, both, sctp.SCTP_RECVV_RN, flags)])
    message = core.take()
    assert message.stream == 3 and message.rcvinfo is not None


def test_group_of_ends():
    core = make()
    core.abort()
    own = core.end.for_receiver(core.association)
    assert is_end_of(BaseExceptionGroup("", [own, own]), core.association)
    assert not is_end_of(BaseExceptionGroup("", [own, EOFError()]), core.association)
    assert not is_end_of(own, Association())


# Outgoing messages


def test_outgoing():
    core = make()
    data, address, info = core.outgoing(b"x", 3, 60, True, None, 9)
    assert data == (b"x",) and address is None
    assert info == sctp.sctp_sndinfo(
        snd_sid=3, snd_flags=sctp.SCTP_UNORDERED, snd_ppid=htonl(60), snd_context=9
    )
    spa = core.outgoing(b"x", lifetime=0.0101)[2]
    assert spa.prinfo == sctp.sctp_prinfo(pr_policy=sctp.SCTP_PR_SCTP_TTL, pr_value=11)
    assert spa.sndinfo == sctp.sctp_sndinfo()
    for number in range(1000):
        assert core.outgoing(b"x", number)[2]["snd_sid"] == number
    assert len(core.infos) < 100


@pytest.mark.parametrize("data", [b"x", bytearray(b"x"), memoryview(b"x")])
def test_outgoing_buffers(data):
    assert make().outgoing(data)[0] == (data,)


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (ValueError, {"data": b""}),
        (ValueError, {"data": bytearray()}),
        (ValueError, {"data": memoryview(b"abc")[3:]}),
        (TypeError, {"data": "text"}),
        (TypeError, {"data": 5}),
        (TypeError, {"data": None}),
        (BufferError, {"data": memoryview(b"abcd")[::2]}),
        (ValueError, {"stream": -1}),
        (ValueError, {"stream": 65536}),
        (TypeError, {"stream": "0"}),
        (ValueError, {"ppid": -1}),
        (ValueError, {"ppid": 1 << 32}),
        (TypeError, {"ppid": 1.5}),
        (TypeError, {"ppid": None}),
        (ValueError, {"context": -1}),
        (ValueError, {"context": 1 << 32}),
        (ValueError, {"lifetime": 0}),
        (ValueError, {"lifetime": -1}),
        (ValueError, {"lifetime": float("nan")}),
        (ValueError, {"lifetime": float("inf")}),
        (ValueError, {"lifetime": 2**32}),
        (TypeError, {"lifetime": "1"}),
    ],
)
def test_what_cannot_be_sent(error, arguments):
    [name] = arguments
    with pytest.raises(error, match=name):
        make().outgoing(**{"data": b"x", **arguments})


# All of this together

STREAMS = st.tuples(st.integers(0, 2), st.booleans())
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("piece"), STREAMS, st.integers(1, 300), st.booleans()),
        st.tuples(st.just("restart")),
        st.tuples(st.just("take"), st.integers(1, 5)),
        st.tuples(st.just("close")),
        st.tuples(st.just("split notification"), st.integers(1, 19)),
    ),
    max_size=50,
)


def test_any_life_keeps_all_promises(for_all):
    """Each message comes out once, whole, and in the order of its stream. The end is
    reached. The unread bytes have a limit."""

    @for_all(STEPS, st.sampled_from(sorted(ENDS)), st.integers(1, 5000))
    def check(steps, name, max_unread):
        core = make(max_unread=max_unread, max_message=400)
        expected, unfinished, got = [], defaultdict(bytes), []
        number = 0

        def take(count):
            for _ in range(count):
                try:
                    message = core.take()
                except (MessageTooLong, AssociationRestarted) as error:
                    got.append(type(error))
                    continue
                if message is None:
                    break
                got.append((message.stream, message.unordered, message.data))

        core.feed([change(COMM_UP)])
        for what, *arguments in steps:
            if core.is_full:
                take(5)  # a front end does not read on
            if what == "piece":
                key, size, is_last = arguments
                number += 1
                data = number.to_bytes(2, "big") * (size // 2 + 1)
                is_joined = key in unfinished
                unfinished[key] += data
                has_room = not core.is_closing or core.unread_size < max_unread
                core.feed([piece(data, is_last, *key)])
                if is_last:
                    whole = unfinished.pop(key)
                    if has_room:
                        is_long = len(whole) > 400 and is_joined
                        expected.append(MessageTooLong if is_long else (*key, whole))
            elif what == "restart":
                if not core.is_closing or core.unread_size < max_unread:
                    expected.append(AssociationRestarted)
                unfinished.clear()
                core.feed([change(RESTART)])
            elif what == "take":
                take(*arguments)
            elif what == "close":
                core.close()
            else:
                [at] = arguments
                data = change(COMM_UP)[0]
                core.feed(
                    [(data[:at], None, None, 0, MSG_NOTIFICATION), news(data[at:])]
                )
            assert core.unread_size <= max_unread + 60 * 350 + MESSAGE_COST
            assert core.end is None
        items, then, _ = ENDS[name]
        core.feed(items)
        if then is not None:
            then(core)
        while core.unread:
            take(1)
        if name == "own abort":
            assert got == expected[: len(got)]
        else:
            assert got == expected
        end_of(core)
        if core.is_over:
            assert not core.assembler.unfinished
        assert core.unread_size == 0


def test_order_of_a_message_and_its_type():
    """take() returns objects of the type that the front end offers."""
    core = make()
    core.feed([piece(b"a")])
    assert type(core.take()) is Message


@pytest.mark.parametrize(
    ("data", "keywords", "name"),
    [
        ("x", {}, "data"),
        (1, {}, "data"),
        (b"x", {"ppid": "x"}, "ppid"),
        (b"x", {"ppid": 1.5}, "ppid"),
        (b"x", {"lifetime": "1"}, "lifetime"),
    ],
)
def test_argument_of_a_wrong_type_is_named(data, keywords, name):
    core = Lifecycle(object(), Assembler(1 << 20, 1 << 20), 1 << 20)
    with pytest.raises(TypeError, match=name):
        core.outgoing(data, **keywords)
