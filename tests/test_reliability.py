"""Which messages arrive and in which order, over a network that loses some."""

import itertools
import struct
from socket import MSG_DONTWAIT, MSG_EOR, SO_SNDBUF, SOL_SOCKET

import pytest

from sctp import (
    IPPROTO_SCTP,
    SCTP_GET_ASSOC_STATS,
    SCTP_INITMSG,
    SCTP_NODELAY,
    SCTP_PR_ASSOC_STATUS,
    SCTP_PR_SCTP_ALL,
    SCTP_PR_SCTP_NONE,
    SCTP_PR_SCTP_PRIO,
    SCTP_PR_SCTP_RTX,
    SCTP_PR_SCTP_TTL,
    SCTP_PR_STREAM_STATUS,
    SCTP_UNORDERED,
    sctp_assoc_stats,
    sctp_initmsg,
    sctp_prinfo,
    sctp_prstatus,
    sctp_sendv_spa,
    sctp_sndinfo,
    sctp_socket,
)

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.linux,
]


@pytest.fixture
def pair(own_network, make_pair):
    """A sender that repeats quickly, as often as necessary, and a receiver."""
    own_network.set(rto_min=50, rto_max=200, rto_initial=100)
    own_network.set(path_max_retrans=1000, association_max_retrans=1000)
    own_network.set(max_init_retransmits=1000)
    return make_pair()


# Partial reliability (RFC 3758 and RFC 7496)


def count_abandoned(sock, policy=SCTP_PR_SCTP_ALL, sid=None):
    """How many chunks were abandoned before they were first sent, and after that."""
    option = SCTP_PR_ASSOC_STATUS if sid is None else SCTP_PR_STREAM_STATUS
    status = sctp_prstatus(sprstat_policy=policy, sprstat_sid=sid or 0)
    status = sock.getsockopt(IPPROTO_SCTP, option, status)
    return status["sprstat_abandoned_unsent"], status["sprstat_abandoned_sent"]


def count_retransmissions(sock):
    stats = sock.getsockopt(IPPROTO_SCTP, SCTP_GET_ASSOC_STATS, sctp_assoc_stats())
    return stats["sas_rtxchunks"]


def assert_only_arriving(receiver, *messages):
    assert sorted(receiver.sctp_recvv(100)[0] for _ in messages) == sorted(messages)
    with pytest.raises(BlockingIOError):
        receiver.sctp_recvv(100, MSG_DONTWAIT)


def test_message_is_abandoned_when_its_time_is_over(own_network, pair, wait_for):
    sender, receiver = pair
    prinfo = sctp_prinfo(pr_policy=SCTP_PR_SCTP_TTL, pr_value=100)
    spa = sctp_sendv_spa([sctp_sndinfo(snd_sid=2), prinfo])
    own_network.lose(100)
    sender.sctp_sendv([b"short-lived"], None, spa)
    wait_for(lambda: count_abandoned(sender, SCTP_PR_SCTP_TTL) == (0, 1))
    assert count_abandoned(sender, SCTP_PR_SCTP_TTL, sid=2) == (0, 1)
    assert count_abandoned(sender, SCTP_PR_SCTP_TTL, sid=0) == (0, 0)
    own_network.lose(0)
    # The receiver is told not to wait for the missing messages of the stream.
    sender.sctp_sendv([b"next"], None, sctp_sndinfo(snd_sid=2))
    assert_only_arriving(receiver, b"next")


@pytest.mark.parametrize("nodelay", [False, True])
def test_short_time_needs_nodelay(make_pair, nodelay):
    """Nagle's algorithm holds the messages until the peer's delayed acknowledgement.
    On a busy machine, this may come before the messages are all sent."""
    sender, receiver = make_pair()
    sender.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, nodelay)
    prinfo = sctp_prinfo(pr_policy=SCTP_PR_SCTP_TTL, pr_value=50)

    def is_lost():
        for number in range(4):
            sender.sctp_sendv([b"%d" % number], info=prinfo)
        sender.sctp_sendv([b"end"])
        return b"3" not in list(iter(lambda: receiver.sctp_recvv(100)[0], b"end"))

    assert any(is_lost() for _ in range(5)) != nodelay


@pytest.mark.parametrize(
    "prinfo",
    [
        sctp_prinfo(pr_policy=SCTP_PR_SCTP_TTL, pr_value=600_000),
        sctp_prinfo(pr_policy=SCTP_PR_SCTP_RTX, pr_value=600_000),
        sctp_prinfo(pr_policy=SCTP_PR_SCTP_PRIO, pr_value=1),
        sctp_prinfo(pr_policy=SCTP_PR_SCTP_NONE, pr_value=1),
    ],
)
def test_message_survives_losses_before_its_limit(own_network, pair, wait_for, prinfo):
    sender, receiver = pair
    own_network.lose(100)
    sender.sctp_sendv([b"patient"], None, prinfo)
    wait_for(lambda: count_retransmissions(sender) >= 3)
    own_network.lose(0)
    assert_only_arriving(receiver, b"patient")
    assert count_abandoned(sender) == (0, 0)


@pytest.mark.parametrize("limit", [0, 1, 4])
def test_message_is_abandoned_after_its_retransmissions(
    own_network, pair, wait_for, limit
):
    sender, receiver = pair
    own_network.lose(100)
    sender.sctp_sendv(
        [b"tried"], None, sctp_prinfo(pr_policy=SCTP_PR_SCTP_RTX, pr_value=limit)
    )
    wait_for(lambda: count_abandoned(sender, SCTP_PR_SCTP_RTX) == (0, 1))
    assert count_retransmissions(sender) == limit
    own_network.lose(0)
    sender.sctp_sendv([b"next"])
    assert_only_arriving(receiver, b"next")


def test_message_makes_room_for_more_important_ones(own_network, pair):
    """A smaller number is more important."""
    sender, receiver = pair
    sender.setsockopt(SOL_SOCKET, SO_SNDBUF, 32_000)

    def fill(value):
        """How many messages fit into the buffer."""
        prinfo = sctp_prinfo(pr_policy=SCTP_PR_SCTP_PRIO, pr_value=value)
        for count in itertools.count():
            try:
                sender.sctp_sendv([bytes(1000)], None, prinfo, MSG_DONTWAIT)
            except BlockingIOError:
                return count

    own_network.lose(100)
    fitted = fill(2)
    assert fitted > 10
    assert (fill(2), fill(3)) == (0, 0)
    assert count_abandoned(sender) == (0, 0)
    fitted += fill(1)
    assert sum(count_abandoned(sender, SCTP_PR_SCTP_PRIO)) > 0
    own_network.lose(0)
    sender.sctp_sendv([b"last"])
    arrived = list(iter(lambda: receiver.sctp_recvv(2000)[0], b"last"))
    assert len(arrived) == fitted - sum(count_abandoned(sender))


# Order


def test_loss_holds_up_its_own_stream_only(own_network, make_pair):
    """The first message is sent again after three others have overtaken it."""
    own_network.set(rto_max=20_000, rto_min=20_000, rto_initial=20_000)
    sender, receiver = make_pair()
    own_network.lose(100)
    sender.sctp_sendv([b"first"], None, sctp_sndinfo(snd_sid=1))
    own_network.lose(0)
    sender.sctp_sendv([b"second"], None, sctp_sndinfo(snd_sid=1))
    sender.sctp_sendv([b"other stream"], None, sctp_sndinfo(snd_sid=2))
    unordered = sctp_sndinfo(snd_sid=1, snd_flags=SCTP_UNORDERED)
    sender.sctp_sendv([b"unordered"], None, unordered)
    received = [receiver.sctp_recvv(100) for _ in range(4)]
    assert [data for data, *_ in received] == [
        b"other stream", b"unordered", b"first", b"second",
    ]  # fmt: skip
    infos = [info for _, _, info, _, _ in received]
    assert [info["rcv_sid"] for info in infos] == [2, 1, 1, 1]
    tsn = infos[2]["rcv_tsn"]
    assert [(info["rcv_tsn"] - tsn) % 2**32 for info in infos] == [2, 3, 0, 1]


@pytest.mark.parametrize(
    "how", ["loss 20%", "delay 20ms reorder 50%", "duplicate 30%", "corrupt 10%"]
)
def test_streams_keep_their_order_on_a_bad_network(own_network, pair, how):
    sender, receiver = pair
    own_network.disturb(how)
    streams = range(5)
    counts = range(40)
    for n in counts:
        for sid in streams:
            message = struct.pack("II", sid, n)
            sender.sctp_sendv([message], None, sctp_sndinfo(snd_sid=sid, snd_ppid=n))
    received = {sid: [] for sid in streams}
    for _ in range(len(streams) * len(counts)):
        data, _, info, _, flags = receiver.sctp_recvv(100)
        sid, n = struct.unpack("II", data)
        assert flags == MSG_EOR
        assert (info["rcv_sid"], info["rcv_ppid"], info["rcv_ssn"]) == (sid, n, n)
        received[sid].append(n)
    assert received == {sid: [*counts] for sid in streams}
    with pytest.raises(BlockingIOError):
        receiver.sctp_recvv(100, MSG_DONTWAIT)


class Wide(sctp_socket):
    """It has 1,000 streams in both directions."""

    def __init__(self, *args, fileno=None, **kwargs):
        super().__init__(*args, fileno=fileno, **kwargs)
        if fileno is None:
            initmsg = sctp_initmsg(sinit_num_ostreams=1000, sinit_max_instreams=1000)
            self.setsockopt(IPPROTO_SCTP, SCTP_INITMSG, initmsg)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_thousand_streams(make_pair, backwards):
    sender, receiver = make_pair(cls=Wide)
    if backwards:
        sender, receiver = receiver, sender
    for n in range(2):
        for sid in range(1000):
            sender.sctp_sendv([b"%d" % sid], None, sctp_sndinfo(snd_sid=sid))
        for sid in range(1000):
            data, _, info, _, _ = receiver.sctp_recvv(100)
            assert data == b"%d" % sid
            assert (info["rcv_sid"], info["rcv_ssn"]) == (sid, n)
    with pytest.raises(OSError, match="Invalid argument"):
        sender.sctp_sendv([b"x"], None, sctp_sndinfo(snd_sid=1000))
