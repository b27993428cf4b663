"""sctp_sendv: every info, flag and destination, as the receiver sees it."""

import ast
import errno
import functools
import os
import re
import select
import selectors
import shutil
import signal
import subprocess
import sys
import tracemalloc
from socket import (
    AF_INET,
    MSG_DONTWAIT,
    SO_RCVBUF,
    SO_SNDBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
import system

import sctp
from sctp import (
    IPPROTO_SCTP,
    MSG_NOTIFICATION,
    SCTP_ABORT,
    SCTP_ADDR_OVER,
    SCTP_ASSOC_CHANGE,
    SCTP_COMM_LOST,
    SCTP_DISABLE_FRAGMENTS,
    SCTP_EOF,
    SCTP_EVENT,
    SCTP_GET_ASSOC_ID_LIST,
    SCTP_GET_ASSOC_NUMBER,
    SCTP_RECVRCVINFO,
    SCTP_SACK_IMMEDIATELY,
    SCTP_SENDALL,
    SCTP_SHUTDOWN_COMP,
    SCTP_UNORDERED,
    ErrorCause,
    error_causes,
    parse_notification,
    sctp_authinfo,
    sctp_event,
    sctp_nxtinfo,
    sctp_prinfo,
    sctp_rcvinfo,
    sctp_sendv_spa,
    sctp_sndinfo,
)

pytestmark = pytest.mark.kernel

only_ipv4 = pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True)


@pytest.fixture
def make_hub(make_socket, make_listener, network):
    """Makes a one-to-many socket with so many associations. Also returns the peers
    by association identifier."""

    def make(count):
        hub = make_listener(SOCK_SEQPACKET)
        peers = {}
        for _ in range(count):
            peer = make_socket(network.family, SOCK_STREAM)
            peer.connect(hub.getsockname())
            peer.sctp_sendv([b"?"])
            peers[hub.sctp_recvv(1)[2]["rcv_assoc_id"]] = peer
        return hub, peers

    return make


def watch(sock):
    event = sctp_event(se_type=SCTP_ASSOC_CHANGE, se_on=1)
    sock.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)


def next_event(sock):
    data, _, _, _, flags = sock.sctp_recvv(1000)
    assert flags & MSG_NOTIFICATION
    return parse_notification(data)


def assert_nothing_sent(sender, receiver):
    sender.sctp_sendv([b"the first message"])
    assert receiver.sctp_recvv(100)[0] == b"the first message"


# Destinations


@only_ipv4
def test_each_association_has_its_identifier(make_hub):
    hub, peers = make_hub(100)
    assert set(peers) == set(hub.getsockopt(IPPROTO_SCTP, SCTP_GET_ASSOC_ID_LIST))
    for assoc_id in peers:
        hub.sctp_sendv([b"%d" % assoc_id], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    for assoc_id, peer in peers.items():
        assert peer.sctp_recvv(100)[0] == b"%d" % assoc_id
        with pytest.raises(BlockingIOError):
            peer.sctp_recvv(100, MSG_DONTWAIT)


@pytest.mark.parametrize("assoc_id", [0, 1, 2**31 - 1, -1 if system.LINUX else 2**31])
def test_association_has_to_exist(make_hub, assoc_id):
    hub, peers = make_hub(1)
    with pytest.raises(OSError):
        hub.sctp_sendv([b"x"], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    ((real, peer),) = peers.items()
    hub.sctp_sendv([b"first"], None, sctp_sndinfo(snd_assoc_id=real))
    assert peer.sctp_recvv(100)[0] == b"first"


# Flags


@pytest.mark.parametrize("flags", [0, SCTP_UNORDERED, SCTP_SACK_IMMEDIATELY])
def test_message_to_all_reaches_100_associations(make_hub, flags):
    hub, peers = make_hub(100)
    sndinfo = sctp_sndinfo(
        snd_sid=3, snd_flags=SCTP_SENDALL | flags, snd_ppid=0x01020304
    )
    assert hub.sctp_sendv([b"to ", b"all"], None, sndinfo) == 6
    for peer in peers.values():
        data, _, info, _, _ = peer.sctp_recvv(100)
        assert data == b"to all"
        assert (info["rcv_sid"], info["rcv_ppid"]) == (3, 0x01020304)
        assert info["rcv_flags"] == flags & SCTP_UNORDERED
        with pytest.raises(BlockingIOError):
            peer.sctp_recvv(100, MSG_DONTWAIT)


def test_message_to_all_of_no_associations_goes_nowhere(make_hub, kernel_fact):
    hub, _ = make_hub(0)
    sndinfo = sctp_sndinfo(snd_flags=SCTP_SENDALL)
    count = hub.sctp_sendv([b"?!"], None, sndinfo)
    assert count == (0 if system.LINUX else 2)
    kernel_fact("message-to-nobody", count)


class Crowd:
    """A one-to-many socket that sends to all from another process. It has so little
    room that messages wait until the peers read."""

    COUNT, SIZE = 15, 1500

    def __init__(self, hub, peers):
        self.hub, self.peers = hub, peers

    def send(self):
        """Sends numbered messages to all. Returns the errors by number."""
        errors = {}
        for number in range(self.COUNT):
            data = number.to_bytes(4, "big").ljust(self.SIZE)
            try:
                sent = self.hub.sctp_sendv(
                    [data], None, sctp_sndinfo(snd_flags=SCTP_SENDALL)
                )
                assert sent == self.SIZE
            except OSError as error:
                errors[number] = type(error).__name__
        return errors

    def run(self, prepare, wait_for, is_late=lambda: True):
        """Lets a process with a single thread send. When it waits or is done, lets
        the peers read. Returns the errors, and the messages that each peer gets."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                prepare(self.hub)
                os.write(write, repr(self.send()).encode())
            finally:
                os._exit(0)
        os.close(write)
        self.child = child

        def is_asleep():
            return system.process_state(child) in "SZ"

        wait_for(lambda: is_late() and is_asleep() and is_asleep())
        got = [[] for _ in self.peers]
        selector = selectors.DefaultSelector()
        selector.register(read, selectors.EVENT_READ)
        for peer, numbers in zip(self.peers, got, strict=True):
            selector.register(peer, selectors.EVENT_READ, numbers)
        errors = b""
        # Messages that were sent before the end of the process arrive soon after it.
        while events := selector.select(0.5 if errors else 20):
            for key, _ in events:
                if key.fileobj == read:
                    errors = os.read(read, 4096)
                    selector.unregister(read)
                else:
                    data = key.fileobj.recv(self.SIZE)
                    key.data.append(int.from_bytes(data[:4], "big"))
        os.close(read)
        selector.close()
        assert os.waitpid(child, 0)[1] == 0
        return ast.literal_eval(errors.decode()), got


@pytest.fixture(params=[6_000, 11_000])
def crowd(request, make_listener, make_socket):
    hub = make_listener(SOCK_SEQPACKET)
    hub.setsockopt(SOL_SOCKET, SO_SNDBUF, request.param)
    peers = []
    for _ in range(4):
        peer = make_socket(AF_INET, SOCK_STREAM)
        peer.setsockopt(SOL_SOCKET, SO_RCVBUF, 4_000)
        peer.connect(hub.getsockname())
        peers.append(peer)
        peer.sctp_sendv([b"?"])
        hub.sctp_recvv(1)
    return Crowd(hub, peers)


@only_ipv4
def test_message_to_all_waits_and_reaches_each_once(crowd, wait_for):
    errors, got = crowd.run(lambda hub: hub.settimeout(None), wait_for)
    assert errors == {}
    assert got == [list(range(crowd.COUNT))] * len(crowd.peers)


def assert_all_sent_once(crowd, errors, got):
    """A message that raised an error reached nobody twice."""
    sent = set(range(crowd.COUNT)) - set(errors)
    for numbers in got:
        assert numbers == sorted(set(numbers))
        assert sent <= set(numbers)


@only_ipv4
@pytest.mark.parametrize("timeout", [0, 10])
def test_message_to_all_does_not_wait_for_a_second_try(crowd, wait_for, timeout):
    errors, got = crowd.run(lambda hub: hub.settimeout(timeout), wait_for)
    assert set(errors.values()) == {"BlockingIOError"}
    assert_all_sent_once(crowd, errors, got)
    # Therefore the call is never repeated.
    assert set(errors) & set().union(*got)


@only_ipv4
def test_interrupted_message_to_all_is_not_sent_again(crowd, wait_for):
    read, write = os.pipe()

    def prepare(hub):
        hub.settimeout(None)
        signal.signal(signal.SIGALRM, lambda number, frame: os.write(write, b"."))
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)

    errors, got = crowd.run(
        prepare, wait_for, lambda: select.select([read], [], [], 0)[0]
    )
    os.close(read)
    os.close(write)
    assert set(errors.values()) == {"InterruptedError"}
    assert_all_sent_once(crowd, errors, got)


@only_ipv4
@pytest.mark.linux
def test_stopped_message_to_all_begins_anew(crowd, wait_for, kernel_fact):
    @functools.cache
    def is_stopped_once():
        for number, state in ("", "S"), (signal.SIGSTOP, "T"), (signal.SIGCONT, "S"):
            if number:
                os.kill(crowd.child, number)
            wait_for(lambda state=state: system.process_state(crowd.child) == state)
        return True

    errors, got = crowd.run(lambda hub: hub.settimeout(None), wait_for, is_stopped_once)
    assert errors == {}
    twice = any(len(set(numbers)) < len(numbers) for numbers in got)
    kernel_fact("stop-restarts-a-message-to-all", twice)


@only_ipv4
def test_what_a_message_to_all_raises_says_who_may_have_it(crowd):
    crowd.hub.settimeout(10)
    sndinfo = sctp_sndinfo(snd_flags=SCTP_SENDALL)
    with pytest.raises(BlockingIOError) as caught:
        while True:
            crowd.hub.sctp_sendv([bytes(crowd.SIZE)], None, sndinfo)
    assert caught.value.__notes__ == ["Some associations may have got the message."]


def test_message_to_all_is_like_any_other_on_a_one_to_one_socket(pair):
    """RFC 6458, section 5.3.4: the flag has no effect."""
    sender, receiver = pair
    assert sender.sctp_sendv([b"x"], None, sctp_sndinfo(snd_flags=SCTP_SENDALL)) == 1
    assert receiver.sctp_recvv(100)[0] == b"x"


def test_eof_ends_one_association(make_hub):
    hub, peers = make_hub(2)
    (first, ended), (second, kept) = peers.items()
    watch(ended)
    hub.sctp_sendv([b"last"], None, sctp_sndinfo(snd_assoc_id=first))
    sndinfo = sctp_sndinfo(snd_flags=SCTP_EOF, snd_assoc_id=first)
    assert hub.sctp_sendv([], None, sndinfo) == 0
    assert ended.sctp_recvv(100)[0] == b"last"
    assert next_event(ended)["sac_state"] == SCTP_SHUTDOWN_COMP
    hub.sctp_sendv([b"still here"], None, sctp_sndinfo(snd_assoc_id=second))
    assert kept.sctp_recvv(100)[0] == b"still here"


def test_eof_to_all_ends_all_associations(make_hub, wait_for):
    hub, peers = make_hub(5)
    sndinfo = sctp_sndinfo(snd_flags=SCTP_EOF | SCTP_SENDALL)
    assert hub.sctp_sendv([], None, sndinfo) == 0
    for peer in peers.values():
        assert peer.sctp_recvv(100)[0] == b""
    wait_for(lambda: hub.getsockopt(IPPROTO_SCTP, SCTP_GET_ASSOC_NUMBER) == 0)


@pytest.mark.parametrize("cause", [[b"the ", b"cause"], []])
def test_abort_tells_its_cause(make_hub, cause):
    hub, peers = make_hub(2)
    (first, ended), (second, kept) = peers.items()
    watch(ended)
    hub.sctp_sendv(cause, None, sctp_sndinfo(snd_flags=SCTP_ABORT, snd_assoc_id=first))
    event = next_event(ended)
    assert event["sac_state"] == SCTP_COMM_LOST
    assert error_causes(event) == ((ErrorCause.USER_INITIATED_ABORT, b"".join(cause)),)
    with pytest.raises(ConnectionResetError):
        ended.sctp_recvv(100)
    hub.sctp_sendv([b"still here"], None, sctp_sndinfo(snd_assoc_id=second))
    assert kept.sctp_recvv(100)[0] == b"still here"


@pytest.mark.linux  # FreeBSD sends them
def test_eof_takes_no_data(make_hub, kernel_fact):
    hub, peers = make_hub(1)
    ((assoc_id, peer),) = peers.items()
    with system.raises_errno(errno.EINVAL) as raised:
        hub.sctp_sendv(
            [b"x"], None, sctp_sndinfo(snd_flags=SCTP_EOF, snd_assoc_id=assoc_id)
        )
    kernel_fact("eof-with-data", raised.value)
    hub.sctp_sendv([b"first"], None, sctp_sndinfo(snd_assoc_id=assoc_id))
    assert peer.sctp_recvv(100)[0] == b"first"


@pytest.mark.linux  # FreeBSD ends the association of such a socket, too
@pytest.mark.parametrize(
    "data, flags",
    [
        ([], SCTP_EOF),
        ([b"x"], SCTP_ABORT),
        ([b"x"], SCTP_ADDR_OVER),
        ([b"x"], 0x8000),
    ],
)
def test_one_to_one_socket_refuses_other_flags(pair, data, flags, kernel_fact):
    """SCTP_ADDR_OVER without an address, and flags that end an association."""
    sender, receiver = pair
    with system.raises_errno(errno.EINVAL) as raised:
        sender.sctp_sendv(data, None, sctp_sndinfo(snd_flags=flags))
    assert_nothing_sent(sender, receiver)
    kernel_fact("end-by-a-flag-one-to-one", raised.value)


# Sizes


@pytest.mark.parametrize("size", [1, 2, 1024, 65535, 65536])
def test_message_of_any_size_arrives(ends, size):
    sender, assoc_id, receiver = ends
    message = os.urandom(size)
    sndinfo = sctp_sndinfo(snd_assoc_id=assoc_id)
    assert sender.sctp_sendv([message], None, sndinfo) == size
    data = b""
    while len(data) < size:
        data += receiver.sctp_recvv(1 << 17)[0]
    assert data == message


@pytest.mark.parametrize("data", [[], [b""], [b"", bytearray()]])
@pytest.mark.parametrize("info", [None, sctp_sndinfo(), sctp_prinfo()])
def test_message_without_a_byte_is_refused(pair, data, info, kernel_fact):
    sender, receiver = pair
    with system.raises_errno(errno.EINVAL) as raised:
        sender.sctp_sendv(data, None, info)
    kernel_fact("empty-message", raised.value)
    assert_nothing_sent(sender, receiver)


def test_message_larger_than_the_send_buffer_is_refused(pair, kernel_fact):
    sender, receiver = pair
    limit = sender.getsockopt(SOL_SOCKET, SO_SNDBUF)
    with pytest.raises(OSError) as caught:
        sender.sctp_sendv([bytes(limit), b"x"])
    assert caught.value.errno == errno.EMSGSIZE
    kernel_fact("message-longer-than-the-buffer", caught.value)
    assert sender.sctp_sendv([bytes(limit)]) == limit
    received = 0
    while received < limit:
        received += len(receiver.sctp_recvv(limit)[0])
    assert received == limit


def test_message_larger_than_a_packet_may_be_refused(own_network, make_pair):
    own_network.run("ip link set lo mtu 1500")
    sender, receiver = make_pair()
    sender.setsockopt(IPPROTO_SCTP, SCTP_DISABLE_FRAGMENTS, 1)
    with pytest.raises(OSError) as caught:
        sender.sctp_sendv([bytes(1500)])
    assert caught.value.errno == errno.EMSGSIZE
    assert_nothing_sent(sender, receiver)


@only_ipv4
def test_data_is_not_copied(pair):
    sender, receiver = pair
    buffers = [bytearray(100_000), memoryview(bytes(50_000))]
    tracemalloc.start()
    try:
        sender.sctp_sendv(buffers)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000
    assert receiver.sctp_recvv(1)[0] == b"\0"


@only_ipv4
def test_who_gives_up_has_sent_nothing(pair):
    """The messages that arrive are exactly those for which sctp_sendv returned."""
    sender, receiver = pair
    sender.settimeout(0.5)
    sent = 0
    for flags in MSG_DONTWAIT, 0:
        with pytest.raises((BlockingIOError, TimeoutError)):
            while True:
                sender.sctp_sendv([b"%6d" % sent, bytes(9_994)], None, None, flags)
                sent += 1
    sender.close()
    arrived = list(iter(lambda: receiver.sctp_recvv(10_000)[0], b""))
    assert [int(data[:6]) for data in arrived] == [*range(sent)]


# Infos that are wrong by the time they are used

U16 = (0, 2**16 - 1)
U32 = (0, 2**32 - 1)
RANGES = {
    (sctp_sndinfo, "snd_sid"): U16,
    (sctp_sndinfo, "snd_flags"): U16,
    (sctp_sndinfo, "snd_ppid"): U32,
    (sctp_sndinfo, "snd_context"): U32,
    (sctp_sndinfo, "snd_assoc_id"): system.ASSOC_IDS,
    (sctp_prinfo, "pr_policy"): U16,
    (sctp_prinfo, "pr_value"): U32,
    (sctp_authinfo, "auth_keynumber"): U16,
}

each_field = pytest.mark.parametrize("cls, field", RANGES)
alone_and_in_a_spa = pytest.mark.parametrize(
    "wrap", [lambda info: info, lambda info: sctp_sendv_spa([info])], ids=["", "spa"]
)


@pytest.fixture
def refuse(pair):
    """Checks that an info is refused, and that nothing is sent."""

    def check(info, error, reason):
        sender, receiver = pair
        buffer = bytearray(b"x")
        with pytest.raises(error, match=reason):
            sender.sctp_sendv([buffer], None, info)
        buffer.append(0)
        assert_nothing_sent(sender, receiver)

    return check


@only_ipv4
@each_field
@alone_and_in_a_spa
def test_value_out_of_range_is_refused_when_used(refuse, cls, field, wrap):
    low, high = RANGES[cls, field]
    for value in low - 1, high + 1, -(2**63) - 1, 2**64:
        info = cls()
        info.update({field: value})
        refuse(wrap(info), ValueError, f"{cls.__name__}: {field} .*{value}")


@only_ipv4
@each_field
@alone_and_in_a_spa
@pytest.mark.parametrize("value", ["1", None, 1.0, b"1"])
def test_value_of_a_wrong_type_is_refused_when_used(refuse, cls, field, wrap, value):
    info = cls()
    info.update({field: value})
    reason = f"{cls.__name__}: {field} .*{type(value).__name__}"
    refuse(wrap(info), TypeError, reason)


@only_ipv4
@each_field
@alone_and_in_a_spa
def test_missing_key_is_refused_when_used(refuse, cls, field, wrap):
    info = cls()
    info.pop(field)
    refuse(wrap(info), ValueError, f"{cls.__name__}: missing key '{field}'")


@only_ipv4
@pytest.mark.parametrize("cls", [sctp_sndinfo, sctp_prinfo, sctp_authinfo])
@alone_and_in_a_spa
@pytest.mark.parametrize("key", ["foo", 5, None])
def test_unknown_key_is_refused_when_used(refuse, cls, wrap, key):
    info = cls()
    info.setdefault(key, 0)
    refuse(wrap(info), ValueError, re.escape(f"{cls.__name__}: unknown key {key!r}"))


POLICIES = {
    value for name, value in vars(sctp).items() if name.startswith("SCTP_PR_SCTP_")
}


@only_ipv4
@alone_and_in_a_spa
@pytest.mark.parametrize("policy", sorted({1, 2, 15, 17, 64, 0xFFFF} - POLICIES))
def test_unknown_policy_is_refused_when_used(refuse, wrap, policy):
    info = sctp_prinfo()
    info.update(pr_policy=policy)
    refuse(wrap(info), ValueError, f"sctp_prinfo: pr_policy .*{policy}")


@only_ipv4
def test_one_wrong_info_of_three_is_refused(refuse):
    for wrong in range(3):
        infos = [sctp_sndinfo(snd_sid=1), sctp_prinfo(), sctp_authinfo()]
        infos[wrong].clear()
        refuse(sctp_sendv_spa(infos), ValueError, type(infos[wrong]).__name__)


@only_ipv4
@pytest.mark.parametrize(
    "info",
    [{}, {"snd_sid": 1}, sctp_rcvinfo(), sctp_nxtinfo(), sctp_sndinfo, [], 5, "info"],
)
def test_foreign_type_is_refused(refuse, info):
    refuse(info, TypeError, f"info .*{type(info).__name__}")


class Nonsense(sctp_sendv_spa):
    """Only the call checks the values in it."""

    sndinfo = prinfo = authinfo = None


@only_ipv4
@pytest.mark.parametrize("member", ["sndinfo", "prinfo", "authinfo"])
@pytest.mark.parametrize("value", [5, {}, (), sctp_rcvinfo(), sctp_sendv_spa()])
def test_member_of_a_subclass_is_checked(refuse, member, value):
    spa = type("Spa", (Nonsense,), {member: value})()
    refuse(spa, TypeError, rf"sctp_sendv_spa: {member} must be a sctp_{member} or None")


@only_ipv4
def test_error_of_a_member_of_a_subclass_comes_through(refuse):
    class Spa(sctp_sendv_spa):
        @property
        def prinfo(self):
            raise ZeroDivisionError("prinfo")

    refuse(Spa([sctp_sndinfo()]), ZeroDivisionError, "prinfo")


@only_ipv4
def test_member_of_a_subclass_is_sent(pair):
    class Spa(sctp_sendv_spa):
        sndinfo = sctp_sndinfo(snd_sid=3)

    sender, receiver = pair
    receiver.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    sender.sctp_sendv([b"x"], None, Spa())
    assert receiver.sctp_recvv(10)[2]["rcv_sid"] == 3


def test_spa_is_what_it_is_when_used(pair):
    sender, receiver = pair
    spa = sctp_sendv_spa([sctp_sndinfo(snd_sid=1), sctp_prinfo()])
    sender.sctp_sendv([b"x"], None, spa)
    spa.sndinfo["snd_sid"] = 2
    sender.sctp_sendv([b"x"], None, spa)
    spa.sndinfo = sctp_sndinfo(snd_sid=3)
    sender.sctp_sendv([b"x"], None, spa)
    spa.sndinfo = None
    sender.sctp_sendv([b"x"], None, spa)
    received = [receiver.sctp_recvv(1)[2]["rcv_sid"] for _ in range(4)]
    assert received == [1, 2, 3, 0]


@only_ipv4
@alone_and_in_a_spa
def test_refused_infos_leak_nothing(pair, wrap, assert_no_leak):
    sender, _ = pair
    infos = [sctp_sndinfo(), sctp_prinfo(), sctp_authinfo()]
    for info, value in zip(infos, [2**16, "1", None], strict=True):
        info.update(dict.fromkeys(info, value))
    given = [*map(wrap, infos), sctp_sndinfo(snd_sid=2**16 - 1), {}]
    buffers = [bytearray(b"x") for _ in range(10)]

    def fail():
        for info in given:
            with pytest.raises((TypeError, ValueError, OSError)):
                sender.sctp_sendv(buffers, None, info)

    references = [*map(sys.getrefcount, buffers)]
    assert_no_leak(fail)
    assert [*map(sys.getrefcount, buffers)] == references


# System calls

EXCHANGE = """if 1:
    from os import getppid
    from socket import AF_INET, SOCK_STREAM
    from sctp import *

    listener = sctp_socket(AF_INET, SOCK_STREAM)
    listener.bind(("10.1.0.1", 0))
    listener.listen()
    sender = sctp_socket(AF_INET, SOCK_STREAM)
    sender.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
    sender.connect(listener.getsockname())
    receiver, _ = listener.accept()
    for option in SCTP_RECVRCVINFO, SCTP_RECVNXTINFO:
        receiver.setsockopt(IPPROTO_SCTP, option, 1)
    for sock in sender, receiver:
        sock.settimeout({timeout})
    addrs = [listener.getsockname()]
    spa = sctp_sendv_spa([sctp_sndinfo(snd_sid=1), sctp_prinfo()])
    space = bytearray(100)

    getppid()
    for _ in range(3):
        sender.sctp_sendv([b"hello", b"world"], addrs, spa)
    getppid()
    while sender.getsockopt(IPPROTO_SCTP, SCTP_STATUS)["sstat_unackdata"]:
        pass
    getppid()
    receiver.sctp_recvv(100)
    receiver.sctp_recvv(100)
    receiver.sctp_recvv_into([space])
    getppid()
"""


@pytest.mark.linux
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize("timeout", [None, 10, 0])
def test_a_message_is_one_system_call(tmp_path, timeout):
    """If nobody has to wait: one call to send it and one to receive it."""
    trace = tmp_path / "trace"
    program = [sys.executable, "-c", EXCHANGE.format(timeout=timeout)]
    subprocess.run(["strace", "-o", trace, *program], check=True, timeout=60)
    calls = " ".join(re.findall(r"^(\w+)\(", trace.read_text(), re.MULTILINE))
    _, sends, _, receives, _ = calls.split("getppid")
    assert sends.split() == ["sendmsg"] * 3
    assert receives.split() == ["recvmsg"] * 3


WAITING = """if 1:
    import os
    from socket import AF_INET, SOCK_STREAM
    from sctp import *

    listener = sctp_socket(AF_INET, SOCK_STREAM)
    listener.bind(("10.1.0.1", 0))
    listener.listen()
    sender = sctp_socket(AF_INET, SOCK_STREAM)
    sender.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
    sender.connect(listener.getsockname())
    receiver, _ = listener.accept()
    receiver.settimeout({timeout})
    child = os.fork()
    if child == 0:
        for _ in range(5):
            sender.recv(1)
            while open("/proc/%d/stat" % os.getppid()).read().split()[2] != "S":
                pass
            sender.sctp_sendv([b"hello"])
        os._exit(0)
    for _ in range(5):
        receiver.send(b"?")
        os.getppid()
        assert receiver.sctp_recvv(100)[0] == b"hello"
        os.getppid()
    os.waitpid(child, 0)
"""


@pytest.mark.linux
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize(
    "timeout, calls", [(None, ["recvmsg"]), (10, ["recvmsg", "poll", "recvmsg"])]
)
def test_wait_of_a_blocking_socket_is_one_system_call(tmp_path, timeout, calls):
    trace = tmp_path / "trace"
    program = [sys.executable, "-c", WAITING.format(timeout=timeout)]
    only = ["-e", "trace=getppid,poll,recvmsg"]
    subprocess.run(["strace", *only, "-o", trace, *program], check=True, timeout=60)
    made = re.findall(r"^(\w+)\(", trace.read_text(), re.MULTILINE)
    waits = [part.split() for part in " ".join(made).split("getppid")[1::2]]
    assert waits == [calls] * 5
