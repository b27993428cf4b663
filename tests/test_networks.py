"""Messages between two hosts, over two paths of bad networks."""

import collections
import ctypes
import os
import select
import struct
import subprocess
import time
from contextlib import contextmanager
from socket import (
    AF_INET,
    MSG_DONTWAIT,
    MSG_EOR,
    SO_SNDBUF,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest

import sctp
from sctp import IPPROTO_SCTP, MSG_NOTIFICATION, parse_notification, sctp_sndinfo

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.linux,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
]

PATHS = 2
STREAMS = 10
HEAD = struct.Struct("!HI")  # the stream and the number of a message
FILLING = bytes(range(256)) * 32
SIZES = [6, 7, 30, 100, 250, 40, 9, 60, 20, 300, 12, 1400, 80, 10, 5000]
LAST = 0xFFFFFFFF  # the number of the message that ends a stream
# To try again soon, and as often as it takes.
OPTIONS = {
    sctp.SCTP_RTOINFO: sctp.sctp_rtoinfo(srto_initial=50, srto_min=30, srto_max=60),
    sctp.SCTP_ASSOCINFO: sctp.sctp_assocparams(sasoc_asocmaxrxt=10_000),
    sctp.SCTP_INITMSG: sctp.sctp_initmsg(
        sinit_num_ostreams=STREAMS, sinit_max_attempts=1000, sinit_max_init_timeo=60
    ),
    sctp.SCTP_PEER_ADDR_PARAMS: sctp.sctp_paddrparams(
        spp_address=("0.0.0.0", 0),
        spp_flags=sctp.SPP_HB_ENABLE,
        spp_hbinterval=50,
        spp_pathmaxrxt=4,
    ),
    sctp.SCTP_DELAYED_SACK: sctp.sctp_sack_info(sack_freq=1),
}


class Hosts:
    """Two network namespaces, near and far, with a veth pair for each path."""

    CLONE_NEWNET = 0x40000000

    def __init__(self):
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._files = {"before": self._open()}
        for host in "near", "far":
            self._enter(self._libc.unshare)
            self._files[host] = self._open()
        far = f"/proc/{os.getpid()}/fd/{self._files['far']}"
        links = [
            f"link add near{n} type veth peer far{n} netns {far}" for n in range(PATHS)
        ]
        for host in "near", "far":
            for n in range(PATHS):
                links.append(f"address add {self.path(n, host)}/24 dev {host}{n}")
                links.append(f"link set {host}{n} up")
            self._batch(host, "ip", links)
            links.clear()
        self._enter(self._libc.setns, self._files["before"])

    def close(self):
        self._enter(self._libc.setns, self._files["before"])
        for file in self._files.values():
            os.close(file)

    def _open(self):
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def _enter(self, function, *args):
        if function(*args, self.CLONE_NEWNET) != 0:
            err = ctypes.get_errno()
            raise OSError(err, os.strerror(err))

    def _batch(self, host, command, lines):
        with self.on(host):
            lines = "\n".join(lines)
            subprocess.run([command, "-batch", "-"], input=lines, text=True, check=True)

    @contextmanager
    def on(self, host):
        """Sockets that are made inside belong to that host."""
        self._enter(self._libc.setns, self._files[host])
        try:
            yield
        finally:
            self._enter(self._libc.setns, self._files["before"])

    def path(self, number, host):
        return f"192.168.{number}.{1 if host == 'near' else 2}"

    def disturb(self, how, paths=range(PATHS)):
        """Treats packets in both directions as tc-netem(8) does with these
        arguments."""
        for host in "near", "far":
            lines = [f"qdisc replace dev {host}{n} root netem {how}" for n in paths]
            self._batch(host, "tc", lines)


@pytest.fixture
def hosts():
    hosts = Hosts()
    yield hosts
    hosts.close()


@pytest.fixture
def associate(hosts, make_socket):
    """Associates a sender on the near host with a receiver on the far one."""
    accepted = []

    def prepare(host):
        with hosts.on(host):
            sock = make_socket(AF_INET, SOCK_STREAM, timeout=60)
        for option, value in OPTIONS.items():
            sock.setsockopt(IPPROTO_SCTP, option, value)
        addresses = [(hosts.path(n, host), 0) for n in range(PATHS)]
        sock.sctp_bindx(addresses, sctp.SCTP_BINDX_ADD_ADDR)
        return sock

    def associate(*events):
        listener, sender = prepare("far"), prepare("near")
        listener.listen()
        port = listener.getsockname()[1]
        for type in events:
            event = sctp.sctp_event(
                se_assoc_id=sctp.SCTP_FUTURE_ASSOC, se_type=type, se_on=1
            )
            sender.setsockopt(IPPROTO_SCTP, sctp.SCTP_EVENT, event)
        sender.sctp_connectx([(hosts.path(n, "far"), port) for n in range(PATHS)])
        receiver, _ = listener.accept()
        accepted.append(receiver)
        return sender, receiver

    yield associate
    hosts.disturb("loss 0%")  # closed sockets must end, too
    for sock in accepted:
        sock.close()


def message(n):
    """The message with the number n, and its stream."""
    sid, number = n % STREAMS, n // STREAMS
    size = SIZES[n % len(SIZES)]
    return HEAD.pack(sid, number) + FILLING[: size - HEAD.size], sid


class Transfer:
    """Sends so many messages. Then it sends one on each stream that tells the end of
    the stream. Receives until all ends have arrived."""

    def __init__(self, sender, receiver, count, seconds=300):
        self.sender, self.receiver, self.count = sender, receiver, count
        self.sent = 0
        self.arrived = collections.defaultdict(list)  # numbers by stream
        self.total = 0
        self.notifs = []
        self._goal = 0
        self._deadline = time.monotonic() + seconds

    def run(self, *, to=None, done=None, prinfo=lambda n: None):
        """Sends up to so many messages, until all have arrived or the function is
        done."""
        self._goal = self.count + STREAMS if to is None else to
        done = done or (self.has_ended if to is None else lambda: self.total >= to)
        while not done():
            assert time.monotonic() < self._deadline, (self.sent, self.total)
            writable = self._send(prinfo)
            self._receive()
            self._read_notifications()
            if not writable:
                ends = self.sender, self.receiver
                select.select(ends, ends[:1] if self._left() else (), (), 0.1)

    def has_ended(self):
        ends = sum(numbers[-1:] == [LAST] for numbers in self.arrived.values())
        return ends == STREAMS

    def _left(self):
        return self.sent < self._goal

    def _send(self, prinfo):
        for _ in range(20):
            if not self._left():
                return False
            if self.sent < self.count:
                data, sid = message(self.sent)
            else:
                sid = self.sent - self.count
                data = HEAD.pack(sid, LAST)
            info = sctp_sndinfo(snd_sid=sid, snd_ppid=len(data))
            if self.sent < self.count and (limit := prinfo(self.sent)):
                info = sctp.sctp_sendv_spa([info, limit])
            try:
                size = self.sender.sctp_sendv([data], None, info, MSG_DONTWAIT)
            except BlockingIOError:
                return False
            assert size == len(data)
            self.sent += 1
        return True

    def _receive(self):
        while True:
            try:
                data, _, info, _, flags = self.receiver.sctp_recvv(0x4000, MSG_DONTWAIT)
            except BlockingIOError:
                return
            assert flags == MSG_EOR
            sid, number = HEAD.unpack_from(data)
            assert (info["rcv_sid"], info["rcv_ppid"]) == (sid, len(data))
            if number != LAST:
                assert (data, sid) == message(number * STREAMS + sid)
                self.total += 1
            self.arrived[sid].append(number)

    def _read_notifications(self):
        while True:
            try:
                data, *_, flags = self.sender.sctp_recvv(0x4000, MSG_DONTWAIT)
            except BlockingIOError:
                return
            assert flags == MSG_NOTIFICATION | MSG_EOR
            notif = parse_notification(data)
            assert sctp.describe_notification(notif)
            self.notifs.append(notif)

    def numbers(self, sid):
        """The messages that were sent on a stream."""
        return [*range(len(range(sid, self.count, STREAMS)))]

    def assert_all_arrived(self):
        """Checks that each message arrived once, in order."""
        for sid in range(STREAMS):
            assert self.arrived[sid] == [*self.numbers(sid), LAST]

    def assert_unique_and_in_order(self):
        for numbers in self.arrived.values():
            assert all(map(int.__lt__, numbers, numbers[1:]))

    def lost(self):
        """The stream and the number of each message that did not arrive."""
        return {
            (sid, number)
            for sid in range(STREAMS)
            for number in {*self.numbers(sid)}.difference(self.arrived[sid])
        }

    def failed(self, flags):
        """The stream and the number of each message whose first fragment came back."""
        failed = [
            HEAD.unpack_from(notif["ssfe_data"])
            for notif in self.notifs
            if notif["sn_type"] == sctp.SCTP_SEND_FAILED_EVENT
            and notif["ssfe_info"]["snd_flags"] & sctp.SCTP_DATA_FIRST_FRAG
            and notif["ssfe_flags"] == flags
        ]
        assert len({*failed}) == len(failed)
        return {*failed}

    def is_settled(self):
        """Whether nothing is under way and nothing waits."""
        status = sctp.sctp_status()
        status = self.sender.getsockopt(IPPROTO_SCTP, sctp.SCTP_STATUS, status)
        return status["sstat_unackdata"] == status["sstat_penddata"] == 0

    def states(self, address):
        """What the notifications report about an address of the peer."""
        return [
            notif["spc_state"]
            for notif in self.notifs
            if notif["sn_type"] == sctp.SCTP_PEER_ADDR_CHANGE
            and notif["spc_aaddr"][0] == address
        ]


@pytest.fixture
def count(request):
    return request.config.getoption("--network-messages")


@pytest.fixture
def report(request):
    """Prints the counts with pytest -s, or if the test fails."""
    start = time.monotonic()

    def report(transfer, **counts):
        counts = dict(sent=transfer.count, arrived=transfer.total, **counts)
        words = ", ".join(f"{count} {name}" for name, count in counts.items())
        print(f"{request.node.name}: {words} in {time.monotonic() - start:.1f} s")

    return report


@pytest.mark.parametrize(
    "how, end, statistic",
    [
        ("loss 30%", 0, "sas_rtxchunks"),
        ("delay 10ms 5ms distribution normal", 0, "sas_gapcnt"),
        ("delay 10ms reorder 50% 25%", 0, "sas_gapcnt"),
        ("duplicate 30%", 1, "sas_idupchunks"),
        ("corrupt 15%", 0, "sas_rtxchunks"),
        ("delay 5ms 5ms loss 10% duplicate 10% corrupt 5%", 1, "sas_idupchunks"),
    ],
)
def test_all_messages_arrive_in_order(
    hosts, associate, count, report, how, end, statistic
):
    """The counters show that the network was as bad as intended."""
    hosts.disturb(how)
    ends = associate()
    transfer = Transfer(*ends, count)
    transfer.run()
    stats = ends[end].getsockopt(
        IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_STATS, sctp.sctp_assoc_stats()
    )
    report(transfer, **{statistic: stats[statistic]})
    transfer.assert_all_arrived()
    assert stats[statistic] > 0


def test_other_path_takes_over(hosts, associate, count, report):
    """The first path fails in the middle, and returns."""
    transfer = Transfer(*associate(sctp.SCTP_PEER_ADDR_CHANGE), count)
    address = hosts.path(0, "far")

    def is_dead():
        return sctp.SCTP_ADDR_UNREACHABLE in transfer.states(address)

    def is_back():
        return transfer.states(address)[-1] == sctp.SCTP_ADDR_AVAILABLE

    transfer.run(to=count // 4)
    hosts.disturb("loss 100%", paths=[0])
    transfer.run(to=count // 2, done=is_dead)
    transfer.run(to=count * 3 // 4)
    assert not is_back()
    hosts.disturb("loss 0%", paths=[0])
    transfer.run(to=count * 7 // 8, done=is_back)
    transfer.run()
    report(transfer)
    transfer.assert_all_arrived()


# Partial reliability (RFC 3758 and RFC 7496)
#
# What Linux does when it gives a message up:
# - By SCTP_PR_SCTP_TTL, one that waits to be sent gets SCTP_SEND_FAILED_EVENT,
#   each of its fragments one, and the message counts as one "unsent".
# - By SCTP_PR_SCTP_TTL or SCTP_PR_SCTP_RTX, one that was sent counts as one
#   "sent", and gets no event, unless some of its fragments wait: then all get
#   one.  The kernel looks at the limits of what is under way before it looks
#   at what a SACK acknowledges, so that a message which counts may have arrived.
# - By SCTP_PR_SCTP_PRIO, each fragment counts.  There is no event either, unless
#   some fragments of the message were not yet given up when it was.
# So an event is certain: what came back did not arrive.  A message that did not
# arrive is counted, and maybe others are.


def count_abandoned(sock, policy):
    """How much was given up before it was first sent, and after that."""
    status = sctp.sctp_prstatus(sprstat_policy=policy)
    status = sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_PR_ASSOC_STATUS, status)
    return status["sprstat_abandoned_unsent"], status["sprstat_abandoned_sent"]


@pytest.fixture
def transfer_some(hosts, associate, count, report):
    """Sends messages with these limits while many packets are lost. Returns how many
    were abandoned before they were sent, and after that."""

    def transfer_some(policy, values):
        hosts.disturb("loss 30%")
        sender, receiver = associate(sctp.SCTP_SEND_FAILED_EVENT)
        sender.setsockopt(SOL_SOCKET, SO_SNDBUF, 40_000)
        transfer = Transfer(sender, receiver, count // 2)
        prinfos = [sctp.sctp_prinfo(pr_policy=policy, pr_value=v) for v in values]
        transfer.run(prinfo=lambda n: prinfos[n % len(prinfos)])
        transfer.run(done=transfer.is_settled)
        lost = transfer.lost()
        unsent, sent = count_abandoned(sender, policy)
        failed_unsent = transfer.failed(sctp.SCTP_DATA_UNSENT)
        failed_sent = transfer.failed(sctp.SCTP_DATA_SENT)
        report(
            transfer,
            lost=len(lost),
            abandoned_unsent=unsent,
            abandoned_sent=sent,
            failed_unsent=len(failed_unsent),
            failed_sent=len(failed_sent),
        )
        transfer.assert_unique_and_in_order()
        assert transfer.total + len(lost) == transfer.count
        assert failed_unsent | failed_sent <= lost
        assert len(lost) <= unsent + sent
        return transfer, unsent, sent

    return transfer_some


def test_messages_arrive_in_time_or_fail(transfer_some, kernel_fact):
    transfer, unsent, sent = transfer_some(sctp.SCTP_PR_SCTP_TTL, [20, 60, 200])
    assert unsent == len(transfer.failed(sctp.SCTP_DATA_UNSENT)) > 0
    assert len(transfer.failed(sctp.SCTP_DATA_SENT)) <= sent
    assert len(transfer.lost()) - unsent <= sent
    kernel_fact("send-failed-of-what-waited", True)


def assert_only_fragments(notifs):
    flags = {notif["ssfe_info"]["snd_flags"] for notif in notifs}
    assert sctp.SCTP_DATA_NOT_FRAG not in flags


@pytest.mark.parametrize("limit", [0, 1])
def test_messages_arrive_with_few_tries_or_fail(transfer_some, limit, kernel_fact):
    transfer, unsent, sent = transfer_some(sctp.SCTP_PR_SCTP_RTX, [limit])
    assert not transfer.failed(sctp.SCTP_DATA_UNSENT)
    assert_only_fragments(transfer.notifs)
    assert unsent == 0
    assert len(transfer.lost()) <= sent <= transfer.count
    # One try ends with the first SACK, even if that acknowledges the message.
    assert (sent == transfer.count) == (limit == 0)
    kernel_fact("send-failed-of-what-was-sent", False)


def test_messages_arrive_or_make_room(transfer_some):
    transfer, unsent, sent = transfer_some(sctp.SCTP_PR_SCTP_PRIO, [1, 3, 2])
    assert unsent + sent > 0
    assert_only_fragments(transfer.notifs)
