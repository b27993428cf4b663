"""The associations of a one-to-many socket, after what the kernel reports. These
tests need no kernel."""

import errno
import struct
import time
from collections import Counter, deque
from functools import partial
from socket import AF_INET, MSG_EOR, inet_aton

import pytest
from hypothesis import strategies as st

import sctp
from sctp import (
    MSG_NOTIFICATION,
    AssocChangeState,
    MessageTooLong,
    NotificationType,
    PeerAddrState,
    sctp_rcvinfo,
)
from sctp._hub import PATIENCE, Hub, Stall, Turns, least_time_out
from sctp._lifecycle import MESSAGE_COST, News
from sctp._setup import Limits

HUGE = 1 << 30
COMM_UP, COMM_LOST, RESTART, SHUTDOWN_COMP, CANT_STR_ASSOC = (
    AssocChangeState[name]
    for name in ("COMM_UP", "COMM_LOST", "RESTART", "SHUTDOWN_COMP", "CANT_STR_ASSOC")
)
CAUSE = struct.pack("!HH", 12, 4)
SILENT = [
    state
    for state in PeerAddrState
    if state.name in ("ADDR_UNREACHABLE", "ADDR_POTENTIALLY_FAILED")
]


class Association:
    """The object that a front end makes for a member."""

    def __init__(self, member):
        self.member = member


def make(backlog=10, max_message=HUGE, max_unread=HUGE, max_total=HUGE, events=()):
    limits = Limits(max_message, max_unread, max_total, 1)
    return Hub(limits, frozenset(events), backlog, Association)


def news(data):
    return data, None, None, 0, MSG_NOTIFICATION | MSG_EOR


def change(id, state, info=b"", error=0):
    type = sctp.SCTP_ASSOC_CHANGE
    head = struct.pack("=HHIHHHHi", type, 0, 20 + len(info), state, 0, error, 5, id)
    return news(head + info)


def shutdown(id):
    return news(struct.pack("=HHIi", sctp.SCTP_SHUTDOWN_EVENT, 0, 12, id))


def broken(id):
    type = sctp.SCTP_PARTIAL_DELIVERY_EVENT
    return news(struct.pack("=HHIIiII", type, 0, 24, 0, id, 0, 0))


def address_change(id, state, host=1):
    address = sctp_address(f"10.0.0.{host}")
    size = 8 + len(address) + 12
    head = struct.pack("=HHI", sctp.SCTP_PEER_ADDR_CHANGE, 0, size)
    return news(head + address + struct.pack("=iii", state, 0, id))


def sctp_address(host):
    head = struct.pack("=H", AF_INET) + struct.pack("!H", 5)
    return (head + inet_aton(host)).ljust(128, b"\0")


def piece(id, data, is_last=True):
    info = sctp_rcvinfo(rcv_assoc_id=id)
    kind = sctp.SCTP_RECVV_RCVINFO
    return data, ("10.1.0.1", 5), info, kind, MSG_EOR if is_last else 0


def taken(core):
    return [core.take().data for _ in range(len(core.unread))]


def feed(hub, items):
    hub.digest(deque(items))


def accept(hub):
    taken = []
    hub.accept(taken)
    return taken[0] if taken else None


def take(hub):
    taken = []
    hub.take(taken)
    item = taken[0] if taken else None
    if isinstance(item, Exception):
        raise item
    return item


def error_of(call):
    with pytest.raises((OSError, EOFError)) as caught:
        call()
    return type(caught.value), getattr(caught.value, "errno", None)


def up(hub, *ids):
    """Members that have arrived and were accepted."""
    feed(hub, [change(id, COMM_UP) for id in ids])
    members = [accept(hub) for _ in ids]
    hub.touched.clear()
    return members


# To which association a message belongs


def test_each_gets_what_is_its():
    hub = make()
    one, two = up(hub, 1, 2)
    feed(hub, [piece(1, b"a"), piece(2, b"b"), piece(1, b"c"), piece(2, b"d")])
    assert (taken(one), taken(two)) == ([b"a", b"c"], [b"b", b"d"])
    assert set(hub.touched) == {one, two}
    assert isinstance(one.association, Association)
    assert (one.assoc_id, one.outbound_streams) == (1, 0)
    assert one.outgoing(b"x")[2]["snd_assoc_id"] == 1


def test_what_comes_with_nxtinfo():
    hub = make()
    [one] = up(hub, 1)
    both = sctp.sctp_recvv_rn()
    both.rcvinfo = sctp_rcvinfo(rcv_assoc_id=1)
    feed(hub, [(b"x", ("10.1.0.1", 5), both, sctp.SCTP_RECVV_RN, MSG_EOR)])
    assert taken(one) == [b"x"]


def test_nothing_is_mixed_lost_or_turned_round(for_all):
    """The pieces of many messages are mixed in any order."""
    step = st.tuples(st.integers(1, 4), st.booleans(), st.binary(min_size=1))

    @for_all(st.lists(step), st.integers(1, 9))
    def check(steps, batch):
        hub = make()
        members = dict(zip((1, 2, 3, 4), up(hub, 1, 2, 3, 4), strict=True))
        items = [piece(id, data, is_last) for id, is_last, data in steps]
        for at in range(0, len(items), batch):
            feed(hub, items[at : at + batch])
        for id, member in members.items():
            expected, open_ = [], b""
            for each, is_last, data in steps:
                if each == id:
                    open_ += data
                    if is_last:
                        expected.append(open_)
                        open_ = b""
            assert taken(member) == expected


def test_end_stands_behind_what_came_before_it():
    hub = make()
    one, two = up(hub, 1, 2)
    feed(hub, [piece(1, b"a"), piece(2, b"b"), change(1, COMM_LOST, CAUSE)])
    assert one.is_over and taken(one) == [b"a"]
    assert error_of(one.take) == (ConnectionResetError, errno.ECONNRESET)
    assert not two.is_over and taken(two) == [b"b"]
    assert hub.alive == [two]


def test_shutdown_by_the_peer():
    hub = make()
    [one] = up(hub, 1)
    feed(hub, [piece(1, b"a"), shutdown(1)])
    assert one.end is None and not one.may_send
    hub.conclude()
    assert one.end is not None and not one.is_over
    assert one in hub.touched
    feed(hub, [change(1, SHUTDOWN_COMP)])
    assert one.is_over and taken(one) == [b"a"]
    assert error_of(one.take) == (EOFError, None)
    assert not hub.members
    hub.conclude()


def test_restart_and_news_of_pieces():
    hub = make()
    [one] = up(hub, 1)
    feed(hub, [piece(1, b"a", is_last=False), broken(1), piece(1, b"b")])
    assert taken(one) == [b"b"]
    feed(hub, [piece(1, b"a", is_last=False), change(1, RESTART), piece(1, b"c")])
    with pytest.raises(sctp.AssociationRestarted):
        one.take()
    assert taken(one) == [b"c"]
    assert hub.members == {1: one}


def test_message_of_somebody_unknown_is_of_a_new_association():
    """The socket had associations before."""
    hub = make()
    feed(hub, [piece(9, b"x")])
    member = accept(hub)
    assert member.is_up and member.assoc_id == 9 and taken(member) == [b"x"]


@pytest.mark.parametrize("notification", [shutdown(9), change(9, COMM_LOST)])
def test_news_of_somebody_unknown(notification):
    hub = make()
    feed(hub, [notification, news(b"no notification"), (b"", None, None, 0, 0)])
    assert not hub.members and not hub.touched


def test_notification_in_pieces():
    hub = make()
    data = change(3, COMM_UP)[0]
    feed(hub, [(data[:7], None, None, 0, MSG_NOTIFICATION), news(data[7:])])
    assert list(hub.members) == [3]


def test_news_of_all_and_of_one():
    hub = make(events=[NotificationType.SHUTDOWN_EVENT])
    _, two = up(hub, 1, 2)
    all, own = News(), News()
    hub.news.add(all)
    two.news.add(own)
    feed(hub, [shutdown(1), shutdown(2), change(1, SHUTDOWN_COMP)])
    assert [each["sse_assoc_id"] for each in all.waiting] == [1, 2]
    assert [each["sse_assoc_id"] for each in own.waiting] == [2]


# Accepting


def test_accepted_in_turn():
    hub = make()
    assert accept(hub) is None and not hub.has_acceptable
    feed(hub, [change(2, COMM_UP), piece(2, b"a"), change(1, COMM_UP)])
    assert hub.has_acceptable
    first, second = accept(hub), accept(hub)
    assert (first.assoc_id, second.assoc_id) == (2, 1)
    assert taken(first) == [b"a"]
    assert accept(hub) is None
    assert hub.alive == [first, second]


def test_newest_is_refused_where_too_many_wait():
    hub = make(backlog=2)
    feed(hub, [change(id, COMM_UP) for id in (1, 2, 3, 4)] + [piece(3, b"x")])
    assert hub.refused == [3, 4]
    hub.refused.clear()
    assert list(hub.members) == [1, 2]
    # The kernel reports the abort. After that it may use the identifier again.
    feed(hub, [piece(3, b"y"), change(3, COMM_LOST), change(4, COMM_LOST)])
    assert accept(hub).assoc_id == 1
    feed(hub, [change(3, COMM_UP), change(4, COMM_UP)])
    assert hub.refused == [4] and list(hub.members) == [1, 2, 3]


def test_who_was_seen_by_receive_is_in_nobodys_way():
    hub = make(backlog=1)
    for id in 1, 2, 3:
        feed(hub, [change(id, COMM_UP), piece(id, b"x")])
        assert take(hub).rcvinfo["rcv_assoc_id"] == id
    assert not hub.refused
    assert [accept(hub).assoc_id for _ in range(3)] == [1, 2, 3]


def test_ended_before_it_was_accepted():
    """If it left something, accept returns it. Otherwise nobody sees it."""
    hub = make(backlog=2)
    feed(hub, [change(1, COMM_UP), piece(1, b"x"), change(1, COMM_LOST, CAUSE)])
    feed(hub, [change(2, COMM_UP), change(2, COMM_LOST, CAUSE), change(3, COMM_UP)])
    assert not hub.refused
    member = accept(hub)
    assert taken(member) == [b"x"]
    assert error_of(member.take) == (ConnectionResetError, errno.ECONNRESET)
    assert accept(hub).assoc_id == 3 and accept(hub) is None


# Receiving from associations that were not accepted


def test_receive_takes_turns():
    hub = make()
    feed(hub, [change(id, COMM_UP) for id in (1, 2)])
    assert take(hub) is None and not hub.has_unread
    feed(hub, [piece(1, b"%d" % n) for n in range(3)] + [piece(2, b"x")])
    assert hub.has_unread
    got = [take(hub) for _ in range(4)]
    assert [each.data for each in got] == [b"0", b"x", b"1", b"2"]
    assert got[1].association.member.assoc_id == 2
    assert take(hub) is None


def test_what_is_accepted_is_not_received_by_all():
    hub = make()
    feed(hub, [change(1, COMM_UP), piece(1, b"a"), piece(1, b"b")])
    assert take(hub).data == b"a"
    member = accept(hub)
    feed(hub, [piece(1, b"c")])
    assert not hub.has_unread and take(hub) is None
    assert taken(member) == [b"b", b"c"]


def test_receive_raises_what_came_in_place_of_a_message():
    hub = make(max_message=5)
    feed(hub, [change(1, COMM_UP), piece(1, b"123", False), piece(1, b"456")])
    feed(hub, [piece(1, b"x"), change(1, COMM_LOST, CAUSE)])
    with pytest.raises(MessageTooLong) as caught:
        take(hub)
    assert caught.value.association.member.assoc_id == 1
    assert take(hub).data == b"x"
    assert take(hub) is None and accept(hub) is None


# Associations that this side sets up


def begin(hub, id):
    member = hub.make_member()
    member.association = Association(member)
    hub.register(member, id)
    return member


def test_own_set_up():
    hub = make()
    member = begin(hub, 5)
    assert hub.alive == []
    feed(hub, [change(5, COMM_UP), piece(5, b"x")])
    assert member.is_up and taken(member) == [b"x"] and hub.alive == [member]
    assert accept(hub) is None


@pytest.mark.parametrize(
    ("late_at", "number"), [(0, errno.ETIMEDOUT), (HUGE, errno.ECONNREFUSED)]
)
def test_own_set_up_that_fails(late_at, number):
    hub = make()
    member = begin(hub, 5)
    member.late_at = late_at
    feed(hub, [change(5, CANT_STR_ASSOC)])
    assert error_of(member.take)[1] == number
    assert not hub.members


@pytest.mark.parametrize(
    ("is_up", "late_at", "number"),
    [
        (True, 0, errno.ECONNRESET),
        (False, 0, errno.ETIMEDOUT),
        (False, HUGE, errno.ECONNREFUSED),
    ],
)
def test_end_of_which_the_news_is_out_of_reach(is_up, late_at, number):
    hub = make()
    member = begin(hub, 5)
    member.late_at = late_at
    if is_up:
        feed(hub, [change(5, COMM_UP)])
    hub.lose(member)
    assert error_of(member.take)[1] == number
    feed(hub, [piece(5, b"x"), change(5, COMM_LOST)])
    assert hub.alive == [] and accept(hub) is None


@pytest.mark.parametrize("state", [COMM_UP, COMM_LOST, CANT_STR_ASSOC])
def test_own_set_up_that_was_given_up(state):
    """If it is set up after all, it is aborted, and nobody sees it."""
    hub = make()
    member = begin(hub, 5)
    member.abort()
    hub.forget(member, is_aborted=True)
    feed(hub, [change(5, state), piece(5, b"x")])
    assert hub.refused == ([5] if state == COMM_UP else [])
    assert accept(hub) is None or state != COMM_UP


def test_how_long_a_silent_peer_takes():
    initmsg = sctp.sctp_initmsg(sinit_max_attempts=2, sinit_max_init_timeo=100)
    rtoinfo = sctp.sctp_rtoinfo(srto_initial=60)
    assert 0.24 < least_time_out(initmsg, rtoinfo, 1) < 0.26
    assert 0.20 < least_time_out(initmsg, rtoinfo, 2) < 0.22
    initmsg["sinit_max_attempts"] = 65535
    assert least_time_out(initmsg, rtoinfo, 1) > 6000


# Ends that look alike


AVAILABLE, CONFIRMED, REMOVED = (
    PeerAddrState[f"ADDR_{name}"] for name in ("AVAILABLE", "CONFIRMED", "REMOVED")
)


@pytest.mark.parametrize("silent", SILENT)
@pytest.mark.parametrize(
    ("changes", "addresses", "number"),
    [
        ([], 1, errno.ECONNRESET),
        ([(1, None)], 1, errno.ETIMEDOUT),
        ([(1, None), (1, AVAILABLE)], 1, errno.ECONNRESET),
        ([(1, None), (1, CONFIRMED), (1, None)], 1, errno.ETIMEDOUT),
        ([(2, CONFIRMED), (1, None)], 2, errno.ECONNRESET),
        ([(2, CONFIRMED), (1, None), (1, None)], 2, errno.ECONNRESET),
        ([(2, CONFIRMED), (1, None), (2, None)], 2, errno.ETIMEDOUT),
        # The other one has never answered.
        ([(1, None)], 2, errno.ETIMEDOUT),
        # It is not a member any more.
        ([(2, CONFIRMED), (2, None), (2, REMOVED)], 2, errno.ECONNRESET),
        ([(2, CONFIRMED), (2, REMOVED), (1, None)], 2, errno.ETIMEDOUT),
        # Some kernels report the first one, too.
        ([(1, CONFIRMED), (1, None)], 1, errno.ETIMEDOUT),
    ],
)
def test_abort_without_a_cause_and_silence(silent, changes, addresses, number):
    hub = make()
    [one] = up(hub, 1)
    one.addresses = addresses
    for host, state in changes:
        feed(hub, [address_change(1, silent if state is None else state, host)])
    feed(hub, [change(1, COMM_LOST)])
    assert error_of(one.take)[1] == number


def test_abort_with_a_cause_of_a_silent_peer():
    hub = make()
    [one] = up(hub, 1)
    feed(hub, [address_change(1, SILENT[0]), change(1, COMM_LOST, CAUSE, 12)])
    assert error_of(one.take)[1] == errno.ECONNRESET


def test_own_abort():
    """The messages that the kernel still has belong to nobody."""
    hub = make()
    [one] = up(hub, 1)
    feed(hub, [piece(1, b"a", is_last=False)])
    one.abort()
    hub.forget(one, is_aborted=True)
    assert hub.assembler.total == 0
    feed(hub, [piece(1, b"b"), shutdown(1), change(1, COMM_LOST, CAUSE)])
    assert hub.alive == [] and accept(hub) is None and hub.assembler.total == 0
    feed(hub, [change(1, COMM_UP)])
    assert accept(hub) is not one


# The end of the endpoint


def test_closed():
    hub = make()
    [one] = up(hub, 1)
    feed(hub, [change(2, COMM_UP), piece(2, b"x")])
    hub.close()
    assert hub.has_acceptable and hub.has_unread
    assert error_of(lambda: accept(hub)) == (EOFError, None)
    assert take(hub).data == b"x"
    assert (
        error_of(lambda: take(hub)) == error_of(lambda: take(hub)) == (EOFError, None)
    )
    assert error_of(hub.check_connect) == (OSError, errno.EBADF)
    feed(hub, [change(3, COMM_UP), piece(1, b"y")])
    assert hub.refused == [3] and taken(one) == [b"y"]
    hub.abort()  # the end stays
    assert error_of(lambda: take(hub)) == (EOFError, None)


def test_aborted():
    hub = make()
    feed(hub, [change(1, COMM_UP), piece(1, b"x")])
    hub.abort()
    expected = ConnectionAbortedError, errno.ECONNABORTED
    for call in partial(accept, hub), partial(take, hub), hub.check_connect:
        assert error_of(call) == expected


def test_error_of_the_socket_ends_all():
    hub = make()
    one, two = up(hub, 1, 2)
    hub.fail(errno.EBADF)
    for call in one.take, two.check_send, partial(accept, hub), partial(take, hub):
        assert error_of(call)[1] == errno.EBADF
    assert not hub.members and set(hub.touched) == {one, two}


# Peeling off


def test_crowded_is_peeled_off():
    hub = make(max_unread=2 * MESSAGE_COST)
    one, two = up(hub, 1, 2)
    feed(hub, [piece(1, b"a"), piece(2, b"x")])
    assert not hub.crowded
    feed(hub, [piece(1, b"b"), piece(1, b"c", is_last=False)])
    assert list(hub.crowded) == [one] and hub.is_full
    held = hub.assembler.total
    hub.peel(one)
    assert not hub.is_full and not one.is_shared and two.is_shared
    assert hub.assembler.total == 0 and one.assembler.total == held
    one.feed([piece(1, b"d")])  # on its own socket
    assert taken(one) == [b"a", b"b", b"cd"]
    assert hub.alive == [two, one]
    hub.forget(one)
    assert hub.alive == [two]


def test_peeled_off_before_it_was_accepted():
    hub = make(max_unread=1)
    feed(hub, [change(1, COMM_UP), piece(1, b"a")])
    [one] = hub.crowded
    hub.peel(one)
    assert take(hub).data == b"a"
    one.feed([piece(1, b"b")])
    hub.note_unread(one)
    assert take(hub).data == b"b"
    assert accept(hub) is one


def test_peeled_off_by_the_program_is_the_programs():
    hub = make()
    feed(hub, [change(1, COMM_UP), piece(1, b"a")])
    [one] = hub.members.values()
    hub.peel(one)
    hub.release(one)
    assert accept(hub) is None and take(hub) is None and hub.alive == []
    assert taken(one) == [b"a"]


def test_no_descriptors_for_peeling_off(caplog):
    """Reading stops until somebody receives. This is logged once."""
    hub = make(max_unread=2)
    [one] = up(hub, 1)
    feed(hub, [piece(1, b"a"), piece(1, b"b")])
    error = OSError(errno.EMFILE, "no descriptors")
    for _ in range(3):
        hub.cannot_peel(one, error, "reading")
    assert hub.is_full and len(caplog.records) == 1
    assert "reading pauses" in caplog.text and "Too many open files" in caplog.text
    taken(one)
    assert not hub.is_full
    hub.peel(one)
    hub.cannot_peel(one, error, "sending")
    assert len(caplog.records) == 2


def test_what_the_kernel_does_not_know_any_more_is_not_peeled_off(caplog):
    """The news of its end comes after other messages, so reading goes on."""
    hub = make(max_unread=1)
    [one] = up(hub, 1)
    feed(hub, [piece(1, b"a")])
    hub.cannot_peel(one, OSError(errno.EINVAL, "unknown"), "reading")
    assert not hub.is_full and not hub.crowded and not caplog.records
    feed(hub, [piece(1, b"b"), change(1, COMM_LOST, CAUSE)])
    assert taken(one) == [b"a", b"b"]


def test_who_fills_the_receive_buffer():
    hub = make()
    quiet, loud, gap, gone = up(hub, 1, 2, 3, 4)
    feed(hub, [piece(1, b"x")] + [piece(2, b"x")] * 19 + [piece(4, b"x")] * 20)
    missing = {quiet: 0, loud: 0, gap: 3}
    assert set(hub.find_hogs(missing)) == {loud, gap}
    # Only the notifications since then count.
    feed(hub, [piece(1, b"x")] * 3)
    assert hub.find_hogs(None) == []
    assert hub.find_hogs({quiet: 0, loud: 0}) == []
    assert gone.unread


def test_what_ends_is_not_peeled_off():
    hub = make(max_unread=1)
    up(hub, 1)
    feed(hub, [piece(1, b"a"), shutdown(1)])
    assert not hub.is_full
    feed(hub, [change(1, SHUTDOWN_COMP)])
    assert not hub.crowded


# Sending


def test_senders_take_turns():
    hub = make()
    members = up(hub, 1, 2, 3)
    turns = Turns()
    assert turns.first is None and len(turns) == 0
    for member in members * 2:
        turns.join(member)
    had = Counter()
    for _ in range(9):
        first = turns.first
        had[first] += 1
        turns.rotate(first)
    assert set(had.values()) == {3}
    turns.leave(members[0])
    turns.leave(members[0])
    turns.rotate(members[0])
    assert turns.first is members[1] and members[0] not in turns
    assert 0 <= turns.waited < 100


def stalled(count, waiting):
    hub = make()
    members = up(hub, *range(1, count + 1))
    stall, turns = Stall(), Turns()
    for each in waiting:
        turns.join(members[each])
    stall.begin(members)
    return stall, turns, members


def test_who_takes_nothing_is_peeled_off():
    stall, turns, (slow, quick, idle) = stalled(3, waiting=[0, 1])
    assert list(stall.senders) == [slow, quick, idle]
    assert stall.judge({slow: 9, quick: 9, idle: 0}, turns) == []
    assert set(stall.senders) == {slow, quick}
    assert stall.judge({slow: 9, quick: 8}, turns) == [slow]


def test_who_is_in_nobodys_way_stays():
    stall, turns, (one, _) = stalled(2, waiting=[0])
    for _ in range(3):
        assert stall.judge({one: 9}, turns) == []


def test_who_does_not_wait_itself_is_in_the_way_of_others():
    stall, turns, (one, _) = stalled(2, waiting=[1])
    stall.judge({one: 9}, turns)
    assert stall.judge({one: 9}, turns) == [one]


def test_who_takes_a_little_now_and_then_is_peeled_off_later():
    stall, turns, (more, less) = stalled(2, waiting=[0, 1])
    counts = iter(range(1000, 0, -1))
    start = time.monotonic()
    found = []
    while not found:
        count = next(counts)
        found = stall.judge({more: 2 * count, less: count}, turns)
        time.sleep(PATIENCE / 10)
    assert found == [more]
    assert time.monotonic() - start >= PATIENCE


def test_nothing_under_way():
    stall, turns, _ = stalled(2, waiting=[0, 1])
    assert stall.judge({}, turns) == stall.judge({}, turns) == []
