"""sctp_sendv_many and sctp_recvv_many: many messages in one call."""

import errno
import faulthandler
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from socket import (
    AF_INET,
    MSG_DONTWAIT,
    MSG_EOR,
    MSG_PEEK,
    SHUT_WR,
    SO_LINGER,
    SO_RCVBUF,
    SO_SNDBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)

import pytest
import system
from system import raises_errno, wait_until_asleep

import sctp
from sctp import (
    IPPROTO_SCTP,
    MSG_NOTIFICATION,
    SCTP_ABORT,
    SCTP_ACTIVE,
    SCTP_ASSOC_CHANGE,
    SCTP_EOF,
    SCTP_EVENT,
    SCTP_FRAGMENT_INTERLEAVE,
    SCTP_GET_PEER_ADDR_INFO,
    SCTP_INTERLEAVING_SUPPORTED,
    SCTP_PEER_ADDR_PARAMS,
    SCTP_RECVNXTINFO,
    SCTP_RECVRCVINFO,
    SCTP_RECVV_NOINFO,
    SCTP_RECVV_NXTINFO,
    SCTP_RECVV_RCVINFO,
    SCTP_RECVV_RN,
    SCTP_SENDALL,
    SPP_HB_DISABLE,
    parse_notification,
    sctp_assoc_value,
    sctp_event,
    sctp_paddrparams,
    sctp_prinfo,
    sctp_sendv_spa,
    sctp_sndinfo,
)

pytestmark = [pytest.mark.kernel, pytest.mark.linux]

only_ipv4 = pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True)
both_types = pytest.mark.parametrize(
    "type", [SOCK_STREAM, SOCK_SEQPACKET], ids=["one-to-one", "one-to-many"]
)
MSG_MORE = 0x8000  # of Linux
# The longest time that a message may take if nothing holds it back. A held one waits
# for ever.
SOON = 3
ABORTS = struct.pack("ii", 1, 0)


@pytest.fixture(autouse=True)
def end_a_hang():
    faulthandler.dump_traceback_later(15, exit=True, file=sys.__stderr__)
    yield
    faulthandler.cancel_dump_traceback_later()


def be_quiet(sock, assoc_id=0):
    """Switches heartbeats off, because they would send messages that are held back."""
    params = sctp_paddrparams(spp_assoc_id=assoc_id, spp_flags=SPP_HB_DISABLE)
    sock.setsockopt(IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, params)


@pytest.fixture
def make_quiet(make_socket, make_listener, network):
    """Makes an association with one path and without heartbeats. Returns the sender,
    its info, and the receiver."""
    accepted = []

    def make(type, send_buffer=None, interleaves=False):
        listener = make_listener(type, timeout=SOON)
        sender = make_socket(network.family, type, timeout=None)
        sender.bind(network.address(host=2))
        for sock in listener, sender:
            be_quiet(sock)
            if interleaves:
                interleave(sock)
        if send_buffer is not None:
            sender.setsockopt(SOL_SOCKET, SO_SNDBUF, send_buffer)
        assoc_id = sender.sctp_connectx([listener.getsockname()], assoc_id=True)
        if type == SOCK_SEQPACKET:
            return sender, sctp_sndinfo(snd_assoc_id=assoc_id), listener
        receiver, _ = listener.accept()
        accepted.append(receiver)
        receiver.settimeout(SOON)
        return sender, sctp_sndinfo(), receiver

    yield make
    for sock in accepted:
        sock.close()


@pytest.fixture
def quiet(request, make_quiet):
    return make_quiet(SOCK_STREAM)


@pytest.fixture
def make_hub(make_socket, make_listener, network):
    """Makes a one-to-many socket with so many associations, without heartbeats. Also
    returns the peers by association identifier."""

    def make(count):
        hub = make_listener(SOCK_SEQPACKET)
        be_quiet(hub)
        peers = {}
        for _ in range(count):
            peer = make_socket(network.family, SOCK_STREAM, timeout=SOON)
            peer.bind(network.address(host=2))
            be_quiet(peer)
            peer.connect(hub.getsockname())
            peer.sctp_sendv([b"?"])
            peers[hub.sctp_recvv(1)[2]["rcv_assoc_id"]] = peer
        return hub, peers

    return make


def interleave(sock):
    """Lets associations use I-DATA chunks (RFC 8260)."""
    sock.setsockopt(IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, 2)
    value = sctp_assoc_value(assoc_value=1)
    sock.setsockopt(IPPROTO_SCTP, SCTP_INTERLEAVING_SUPPORTED, value)


def watch(sock):
    event = sctp_event(se_type=SCTP_ASSOC_CHANGE, se_on=1)
    sock.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)


def numbered(count, info=None, size=64):
    return [([b"%0*d" % (size, n)], None, info) for n in range(count)]


def assert_received(receiver, count, size=64, first=0):
    """Checks that all messages arrive in order, each soon after the one before."""
    for n in range(first, first + count):
        assert receiver.sctp_recvv(65_536)[0] == b"%0*d" % (size, n)


def assert_nothing_more(receiver):
    with pytest.raises(BlockingIOError):
        receiver.sctp_recvv(1, MSG_DONTWAIT)


def assert_nothing_sent(sender, info, receiver):
    sender.sctp_sendv([b"the first message"], None, info)
    assert receiver.sctp_recvv(100)[0] == b"the first message"
    assert_nothing_more(receiver)


def in_thread(call):
    """Makes a call in another thread. Returns the list that will have the result,
    and the thread."""
    results = []

    def run():
        try:
            results.append(call())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return results, thread


@contextmanager
def alarm(handler, seconds):
    previous = signal.signal(signal.SIGALRM, lambda number, frame: handler())
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


# What is sent


@both_types
def test_each_item_is_a_message_of_sctp_sendv(make_quiet, type):
    sender, info, receiver = make_quiet(type)
    addrs = [receiver.getsockname()]
    other = info.copy()
    other.update(snd_sid=3, snd_ppid=7, snd_context=1)
    spa = sctp_sendv_spa([other, sctp_prinfo()])
    messages = [
        ([b"plain"], addrs),
        ([b"with ", b"info"], None, info),
        ([memoryview(b"with"), bytearray(b" another")], None, other),
        ([b"with all"], addrs, spa),
        ([b"last"], addrs, None),
    ]
    if type == SOCK_STREAM:
        messages.append(([b"alone"],))
    assert sender.sctp_sendv_many(messages) == len(messages)
    received = [receiver.sctp_recvv(100) for _ in messages]
    assert [data for data, *_ in received] == [b"".join(data) for data, *_ in messages]
    infos = [info for _, _, info, _, _ in received]
    assert [info["rcv_sid"] for info in infos[:5]] == [0, 0, 3, 3, 0]
    assert [info["rcv_ppid"] for info in infos[:5]] == [0, 0, 7, 7, 0]
    assert all(flags == MSG_EOR for *_, flags in received)
    assert_nothing_more(receiver)


@only_ipv4
@pytest.mark.parametrize("make", [list, tuple, iter], ids=lambda make: make.__name__)
def test_any_iterable_will_do(quiet, make):
    sender, info, receiver = quiet
    assert sender.sctp_sendv_many(make(numbered(40, info))) == 40
    assert_received(receiver, 40)
    assert sender.sctp_sendv_many(make([])) == 0
    assert_nothing_more(receiver)


def test_no_messages_need_no_association(make_socket):
    assert make_socket(AF_INET, SOCK_STREAM).sctp_sendv_many([]) == 0


@only_ipv4
@both_types
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def test_info_is_that_of_its_message(make_quiet, type, shared):
    sender, info, receiver = make_quiet(type)
    infos = [info, info] if shared else [info, info.copy()]
    infos[1]["snd_sid"] = 2
    sids = [info["snd_sid"] for info in infos]
    messages = [([b"m"], None, infos[n % 2]) for n in range(40)]
    assert sender.sctp_sendv_many(messages) == 40
    got = [receiver.sctp_recvv(10)[2]["rcv_sid"] for _ in range(40)]
    assert got == sids * 20


@only_ipv4
@pytest.mark.parametrize("part", ["data", "addrs"])
def test_iterable_of_a_message_may_change_the_info(quiet, part):
    """As in sctp_sendv, which reads the info last."""
    sender, info, receiver = quiet
    receiver.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)

    def change(stream, item):
        info["snd_sid"] = stream
        yield item

    def message(stream):
        if part == "data":
            return (change(stream, b"m"), None, info)
        return ([b"m"], change(stream, receiver.getsockname()), info)

    messages = [message(1), message(2), ([b"m"], None, info), message(3)]
    assert sender.sctp_sendv_many(messages) == 4
    streams = [receiver.sctp_recvv(10)[2]["rcv_sid"] for _ in range(4)]
    assert streams == [1, 2, 2, 3]


@only_ipv4
def test_generator_may_change_an_info_between_two_messages(quiet):
    sender, info, receiver = quiet

    def messages():
        for n in range(40):
            info["snd_sid"] = n % 5
            info["snd_ppid"] = n
            yield [b"m"], None, info

    assert sender.sctp_sendv_many(messages()) == 40
    for n in range(40):
        got = receiver.sctp_recvv(10)[2]
        assert (got["rcv_sid"], got["rcv_ppid"]) == (n % 5, n)


@only_ipv4
def test_data_may_be_changed_after_the_call(quiet):
    sender, info, receiver = quiet
    space = bytearray(b"before")
    assert sender.sctp_sendv_many([([space], None, info)] * 3) == 3
    space[:] = b"after!!"  # no view of it exists any more
    assert [receiver.sctp_recvv(10)[0] for _ in range(3)] == [b"before"] * 3


# Checks before anything is sent


def failing_iterator():
    yield ([b"good"],)
    raise ZeroDivisionError


BAD_ITEMS = {
    "no tuple": (TypeError, b"data"),
    "list": (TypeError, [[b"data"]]),
    "none": (TypeError, None),
    "empty": (TypeError, ()),
    "four": (TypeError, ([b"data"], None, None, 0)),
    "no iterable": (TypeError, (1,)),
    "one buffer": (TypeError, (b"data",)),
    "no data": (TypeError, (None,)),
    "text": (TypeError, (["data"],)),
    "no address": (TypeError, ([b"data"], [1])),
    "port": (OverflowError, ([b"data"], [("127.0.0.1", 65536)])),
    "ports": (ValueError, ([b"data"], [("127.0.0.1", 1), ("127.0.0.2", 2)])),
    "info": (TypeError, ([b"data"], None, {})),
}


@only_ipv4
@both_types
@pytest.mark.parametrize("name", BAD_ITEMS)
def test_bad_item_in_the_middle_is_named_and_nothing_is_sent(make_quiet, type, name):
    sender, info, receiver = make_quiet(type)
    error, item = BAD_ITEMS[name]
    error = ValueError if name == "port" else error
    good = ([b"good"], None, info)
    with pytest.raises(error) as caught:
        sender.sctp_sendv_many([good, good, item, good])
    text = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert "messages[2]" in text
    assert_nothing_sent(sender, info, receiver)


@only_ipv4
def test_iterator_that_fails_sends_nothing(quiet):
    sender, info, receiver = quiet
    with pytest.raises(ZeroDivisionError):
        sender.sctp_sendv_many(failing_iterator())
    assert_nothing_sent(sender, info, receiver)


@only_ipv4
@pytest.mark.parametrize(
    "args, error",
    [
        ((), TypeError),
        ((1,), TypeError),
        (([], "1"), TypeError),
        (([], 2**40), ValueError),
        (([], SCTP_EOF), ValueError),
        (([], 0, 0), TypeError),
    ],
)
def test_bad_arguments_of_a_batch(quiet, args, error):
    with pytest.raises(error):
        quiet[0].sctp_sendv_many(*args)


@only_ipv4
def test_most_messages_of_a_call(quiet):
    sender, info, receiver = quiet
    with pytest.raises(ValueError, match=r"sctp_sendv_many\(\): .*1024"):
        sender.sctp_sendv_many(numbered(1025, info))
    endless = iter(lambda: ([b"x"],), None)
    with pytest.raises(ValueError, match="1024"):
        sender.sctp_sendv_many(endless)
    assert_nothing_sent(sender, info, receiver)
    results, thread = in_thread(lambda: sender.sctp_sendv_many(numbered(1024, info)))
    assert_received(receiver, 1024)
    thread.join(SOON)
    assert results == [1024]


# Nothing stays held


@both_types
@pytest.mark.parametrize("send_buffer", [None, 4096, 8192])
def test_blocking_socket_sends_all_through_full_buffers(make_quiet, type, send_buffer):
    sender, info, receiver = make_quiet(type, send_buffer)
    results, thread = in_thread(lambda: sender.sctp_sendv_many(numbered(300, info)))
    assert_received(receiver, 300)
    thread.join(SOON)
    assert results == [300]


@only_ipv4
@both_types
def test_socket_with_a_timeout_goes_on_too(make_quiet, type):
    sender, info, receiver = make_quiet(type, 4096)
    sender.settimeout(10)
    messages = numbered(300, info)

    def send():
        while messages:
            del messages[: sender.sctp_sendv_many(messages)]

    results, thread = in_thread(send)
    assert_received(receiver, 300)
    thread.join(SOON)
    assert results == [None]


@only_ipv4
@pytest.mark.parametrize("timeout", [0, 5], ids=["non-blocking", "timeout"])
@both_types
def test_part_of_a_batch_does_not_wait_for_the_rest(make_quiet, type, timeout):
    sender, info, receiver = make_quiet(type, 4096)
    sender.settimeout(timeout)
    sent = sender.sctp_sendv_many(numbered(300, info))
    assert 0 < sent <= 300
    assert_received(receiver, sent)
    assert_nothing_more(receiver)


@only_ipv4
@pytest.mark.parametrize("interleaves", [False, True], ids=["DATA", "I-DATA"])
@pytest.mark.parametrize("timeout", [None, 10, 0])
def test_set_up_by_the_first_message(
    make_socket, make_listener, network, interleaves, timeout
):
    """The send buffer is full before the association is set up."""
    receiver = make_listener(SOCK_SEQPACKET, timeout=SOON)
    sender = make_socket(network.family, SOCK_SEQPACKET, timeout=timeout)
    sender.bind(network.address(host=2))
    sender.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096)
    for sock in sender, receiver:
        be_quiet(sock)
        if interleaves:
            interleave(sock)
    addrs = [receiver.getsockname()]
    messages = [(data, addrs) for data, *_ in numbered(100)]

    def send():
        while messages:
            with suppress(BlockingIOError):
                del messages[: sender.sctp_sendv_many(messages)]

    results, thread = in_thread(send)
    assert_received(receiver, 100)
    thread.join(SOON)
    assert results == [None]


@only_ipv4
@pytest.mark.parametrize("by", ["id", "address", "both"])
@pytest.mark.parametrize("count, rounds", [(300, 3), (100, 9)])
def test_round_robin_over_many_associations(make_hub, by, count, rounds):
    hub, peers = make_hub(count)
    hub.settimeout(None)
    infos = [sctp_sndinfo(snd_assoc_id=assoc_id) for assoc_id in peers]
    names = [peer.getsockname() for peer in peers.values()]
    messages = [
        ([b"%064d" % n], None, infos[peer])
        if by == "id" or (by == "both" and n % 2)
        else ([b"%064d" % n], [names[peer]])
        for n in range(rounds)
        for peer in range(count)
    ]
    assert hub.sctp_sendv_many(messages) == rounds * count
    for peer in peers.values():
        assert_received(peer, rounds)
        assert_nothing_more(peer)


@pytest.fixture
def make_homes(make_many, network):
    """Makes an association with a peer that has two confirmed addresses. Returns the
    sender, the addresses and the receiver."""

    def make(send_buffer):
        sender, assoc_id, receiver = make_many(homes=2, timeout=SOON)
        sender.setsockopt(SOL_SOCKET, SO_SNDBUF, send_buffer)
        sender.settimeout(None)
        addresses = sender.sctp_getpaddrs(assoc_id)
        for address in addresses:
            status = sctp.sctp_paddrinfo(spinfo_address=address)
            deadline = time.monotonic() + SOON
            while (
                sender.getsockopt(IPPROTO_SCTP, SCTP_GET_PEER_ADDR_INFO, status)[
                    "spinfo_state"
                ]
                != SCTP_ACTIVE
            ):
                assert time.monotonic() < deadline, "a path is not confirmed"
                time.sleep(0.001)
        be_quiet(sender, assoc_id)
        return sender, addresses, receiver

    return make


@only_ipv4
@pytest.mark.parametrize("which", [0, 1])
def test_any_address_of_the_peer_will_do(make_homes, which):
    """Messages take the primary path, whichever address names their peer."""
    sender, addresses, receiver = make_homes(8192)
    messages = [([b"%064d" % n], [addresses[which]]) for n in range(300)]
    results, thread = in_thread(lambda: sender.sctp_sendv_many(messages))
    assert_received(receiver, 300)
    thread.join(SOON)
    assert results == [300]
    assert sender.sctp_sendv_many([*messages[:2], ([b""], [addresses[which]])]) == 2
    assert_received(receiver, 2)


@only_ipv4
@pytest.mark.parametrize("type", [SOCK_STREAM, SOCK_SEQPACKET])
def test_messages_of_a_new_association_are_not_held(
    make_socket, make_listener, network, own_network, type
):
    """Before the set-up, no heartbeat would let them go."""
    own_network.disturb("delay 50ms")
    listener = make_listener(type, timeout=SOON)
    be_quiet(listener)
    sender = make_socket(network.family, type, timeout=None)
    be_quiet(sender)
    to = [listener.getsockname()]
    messages = [([b"%064d" % n], to) for n in range(3)]
    assert sender.sctp_sendv_many([*messages, ([b""], to)]) == 3
    receiver = listener
    if type == SOCK_STREAM:
        receiver = listener.accept()[0]
        receiver.settimeout(SOON)
    assert_received(receiver, 3)
    if receiver is not listener:
        receiver.close()


@only_ipv4
def test_what_goes_before_a_message_to_all_is_not_held(make_hub):
    hub, peers = make_hub(3)
    to = [sctp_sndinfo(snd_assoc_id=assoc_id) for assoc_id in peers]
    to_all = sctp_sndinfo(snd_flags=SCTP_SENDALL)
    messages = [([b"before"], None, info) for info in to]
    messages += [([b"all"], None, to_all)]
    messages += [([b"behind"], None, info) for info in to]
    assert hub.sctp_sendv_many(messages) == 7
    for peer in peers.values():
        got = [peer.sctp_recvv(10)[0] for _ in range(3)]
        assert got == [b"before", b"all", b"behind"]
        assert_nothing_more(peer)


@only_ipv4
@pytest.mark.parametrize("flag", [SCTP_EOF, SCTP_ABORT], ids=["EOF", "ABORT"])
def test_what_goes_before_the_end_of_an_association_is_not_held(make_hub, flag):
    hub, peers = make_hub(2)
    (one, ended), (other, peer) = peers.items()
    messages = [
        ([b"before"], None, sctp_sndinfo(snd_assoc_id=one)),
        ([b"other"], None, sctp_sndinfo(snd_assoc_id=other)),
        ([], None, sctp_sndinfo(snd_assoc_id=one, snd_flags=flag)),
        ([b"behind"], None, sctp_sndinfo(snd_assoc_id=other)),
    ]
    assert hub.sctp_sendv_many(messages) == 4
    assert [peer.sctp_recvv(10)[0] for _ in range(2)] == [b"other", b"behind"]
    if flag == SCTP_EOF:
        assert [ended.sctp_recvv(10)[0] for _ in range(2)] == [b"before", b""]
    else:
        with suppress(ConnectionResetError):
            assert ended.sctp_recvv(10)[0] == b"before"
            ended.sctp_recvv(10)
            raise AssertionError("it has not ended")


@only_ipv4
def test_messages_behind_the_end_of_their_association_are_left(make_hub):
    hub, peers = make_hub(1)
    ((assoc_id, peer),) = peers.items()
    info = sctp_sndinfo(snd_assoc_id=assoc_id)
    end = sctp_sndinfo(snd_assoc_id=assoc_id, snd_flags=SCTP_EOF)
    messages = [([b"1"], None, info), ([b"2"], None, info), ([], None, end)]
    messages.append(([b"3"], None, info))
    assert hub.sctp_sendv_many(messages) == 3
    assert [peer.sctp_recvv(10)[0] for _ in range(3)] == [b"1", b"2", b""]
    with pytest.raises(OSError) as caught:
        hub.sctp_sendv_many(messages[3:])
    assert caught.value.sent == 0


@only_ipv4
@pytest.mark.parametrize("count", [1, 3])
def test_msg_more_of_the_caller_holds_the_last_message_alone(quiet, count, kernel_fact):
    sender, info, receiver = quiet
    assert sender.sctp_sendv_many(numbered(count, info), MSG_MORE) == count
    receiver.settimeout(0.3)
    with pytest.raises(TimeoutError):
        receiver.sctp_recvv(100)
    sender.sctp_sendv([b"next"])
    assert_received(receiver, count)
    kernel_fact("msg-more-holds", True)
    assert receiver.sctp_recvv(100)[0] == b"next"


@only_ipv4
@both_types
def test_batch_takes_few_packets(make_quiet, type, own_network):
    own_network.run("ip link set lo mtu 1500")
    sender, info, receiver = make_quiet(type)
    assoc_id = info["snd_assoc_id"]

    def data_packets():
        stats = sctp.sctp_assoc_stats(sas_assoc_id=assoc_id)
        stats = sender.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_STATS, stats)
        return stats["sas_opackets"] - stats["sas_octrlchunks"]

    before = data_packets()
    for _ in range(10):
        assert sender.sctp_sendv_many(numbered(16, info)) == 16
        assert_received(receiver, 16)
    assert data_packets() - before <= 16


# Errors


def bad_stream(info):
    info = info.copy()
    info["snd_sid"] = 60_000
    return info


@only_ipv4
@both_types
def test_error_of_the_first_message_is_raised(make_quiet, type):
    sender, info, receiver = make_quiet(type)
    with raises_errno(errno.EINVAL) as caught:
        sender.sctp_sendv_many([([b"m"], None, bad_stream(info)), *numbered(3, info)])
    assert caught.value.sent == 0
    assert_nothing_sent(sender, info, receiver)


@only_ipv4
@both_types
@pytest.mark.parametrize("before", [1, 2, 20])
def test_error_of_a_later_message_ends_the_call(make_quiet, type, before):
    sender, info, receiver = make_quiet(type)
    messages = [*numbered(before, info), ([b"m"], None, bad_stream(info))]
    messages += numbered(3, info)
    assert sender.sctp_sendv_many(messages) == before
    assert_received(receiver, before)
    assert_nothing_more(receiver)
    with raises_errno(errno.EINVAL) as caught:
        sender.sctp_sendv_many(messages[before:])
    assert caught.value.sent == 0
    assert any("stream" in note for note in caught.value.__notes__)
    assert sender.sctp_sendv_many(messages[before + 1 :]) == 3
    assert_received(receiver, 3)


@only_ipv4
@pytest.mark.parametrize("flag", [SCTP_EOF, SCTP_ABORT], ids=["EOF", "ABORT"])
def test_one_to_one_socket_refuses_to_end_by_a_message(quiet, flag):
    sender, info, receiver = quiet
    end = ([], None, sctp_sndinfo(snd_flags=flag))
    assert sender.sctp_sendv_many([*numbered(2, info), end, *numbered(1, info)]) == 2
    assert_received(receiver, 2)
    with raises_errno(errno.EINVAL):
        sender.sctp_sendv_many([end])
    assert_nothing_more(receiver)


@only_ipv4
def test_abort_of_the_peer_ends_a_batch_that_waits(make_quiet):
    sender, info, receiver = make_quiet(SOCK_STREAM, 4096)
    receiver.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
    messages = [([bytes(1000)], None, info)] * 1000
    results, thread = in_thread(lambda: sender.sctp_sendv_many(messages))
    wait_until_asleep(thread)
    receiver.setsockopt(SOL_SOCKET, SO_LINGER, ABORTS)
    receiver.close()
    thread.join(SOON)
    (sent,) = results
    assert 0 < sent < 1000
    for _ in range(2):
        with raises_errno((errno.ECONNRESET, errno.EPIPE)) as caught:
            sender.sctp_sendv_many(messages[sent:])
    assert caught.value.errno == errno.EPIPE
    assert caught.value.sent == 0


@only_ipv4
@pytest.mark.parametrize("timeout, error", [(0, BlockingIOError), (0.05, TimeoutError)])
def test_no_room_for_any_is_an_error(make_quiet, timeout, error):
    sender, info, receiver = make_quiet(SOCK_STREAM)
    receiver.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
    system.send_until_full(
        lambda: sender.sctp_sendv([bytes(50_000)], None, info, MSG_DONTWAIT)
    )
    sender.settimeout(timeout)
    started = time.monotonic()
    with pytest.raises(error) as caught:
        sender.sctp_sendv_many([([bytes(50_000)], None, info)] * 3)
    assert time.monotonic() - started >= timeout
    assert caught.value.sent == 0
    sender.settimeout(10)
    with pytest.raises(BlockingIOError):
        sender.sctp_sendv_many([([bytes(50_000)], None, info)], MSG_DONTWAIT)


class Interrupted(Exception):
    pass


@only_ipv4
@both_types
@pytest.mark.parametrize("timeout", [None, 30])
def test_handler_that_raises_tells_how_many_went(make_quiet, type, timeout):
    """A socket with a timeout waits only if there is no room for the first message."""
    sender, info, receiver = make_quiet(type, 4096)
    sender.settimeout(timeout)
    big = [([bytes(1000)], None, info)] * 1000

    def interrupt():
        raise Interrupted

    went = 0
    with pytest.raises(Interrupted) as caught, alarm(interrupt, 0.5):
        while True:
            went += sender.sctp_sendv_many(big)
    went += caught.value.sent
    if timeout is None:
        assert caught.value.sent == went > 0
    for _ in range(went):
        assert receiver.sctp_recvv(2000)[0] == bytes(1000)
    assert_nothing_more(receiver)


@only_ipv4
def test_signal_between_two_messages_is_seen_before_the_wait(make_quiet):
    def interrupt():
        raise Interrupted

    for _ in range(10):
        sender, info, receiver = make_quiet(SOCK_STREAM, 400_000)
        receiver.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        messages = [([bytes(600)], None, info)] * 1000
        with pytest.raises(Interrupted), alarm(interrupt, 0.002):
            while True:
                sender.sctp_sendv_many(messages)


@only_ipv4
def test_handler_that_returns_lets_the_batch_go_on(make_quiet):
    sender, info, receiver = make_quiet(SOCK_STREAM, 4096)
    ran = []

    def read():
        ran.append(None)
        reader.start()

    reader = threading.Thread(
        target=lambda: [receiver.sctp_recvv(2000) for _ in range(500)]
    )
    with alarm(read, 0.3):
        assert sender.sctp_sendv_many([([bytes(1000)], None, info)] * 500) == 500
    reader.join(10)
    assert ran and not reader.is_alive()


@only_ipv4
def test_closed_socket_sends_nothing(quiet):
    sender, info, _ = quiet
    sender.close()
    with raises_errno(errno.EBADF) as caught:
        sender.sctp_sendv_many(numbered(3, info))
    assert caught.value.sent == 0


def test_exception_of_another_class_has_the_count(make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    with raises_errno(errno.EPIPE) as caught:
        sock.sctp_sendv_many(numbered(2))
    assert caught.value.sent == 0


# What is received


def packet(sender, info, count):
    """Sends messages that arrive together."""
    assert sender.sctp_sendv_many(numbered(count, info)) == count


def data_of(received):
    return [data for data, *_ in received]


@both_types
@pytest.mark.parametrize(
    "rcvinfo, nxtinfo, infotype",
    [
        (0, 0, SCTP_RECVV_NOINFO),
        (1, 0, SCTP_RECVV_RCVINFO),
        (0, 1, SCTP_RECVV_NXTINFO),
        (1, 1, SCTP_RECVV_RN),
    ],
)
def test_items_are_what_recvv_returns(make_quiet, type, rcvinfo, nxtinfo, infotype):
    sender, info, receiver = make_quiet(type)
    receiver.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, rcvinfo)
    receiver.setsockopt(IPPROTO_SCTP, SCTP_RECVNXTINFO, nxtinfo)
    packet(sender, info, 3)
    packet(sender, info, 3)
    one_by_one = [receiver.sctp_recvv(100) for _ in range(3)]
    many = receiver.sctp_recvv_many(100, 3)
    assert isinstance(many, list) and [*map(len, many)] == [5] * 3
    assert many[0][3] == infotype
    for one, other in zip(one_by_one, many, strict=True):
        assert one[0] == other[0] and one[1] == other[1] and one[4] == other[4]


@only_ipv4
def test_what_is_there_is_taken_at_most_count(quiet):
    sender, info, receiver = quiet
    packet(sender, info, 20)
    got = [data_of(receiver.sctp_recvv_many(100, count)) for count in (5, 1, 100)]
    assert [*map(len, got)] == [5, 1, 14]
    assert [data for part in got for data in part] == [b"%064d" % n for n in range(20)]


@only_ipv4
def test_long_message_comes_in_pieces(quiet):
    sender, info, receiver = quiet
    packet(sender, info, 2)
    got = receiver.sctp_recvv_many(40, 10)
    assert [*map(len, data_of(got))] == [40, 24, 40, 24]
    assert [flags & MSG_EOR for *_, flags in got] == [0, MSG_EOR] * 2


@only_ipv4
def test_waits_for_the_first_message_alone(quiet):
    sender, info, receiver = quiet
    receiver.settimeout(10)
    results, thread = in_thread(lambda: receiver.sctp_recvv_many(100, 10))
    wait_until_asleep(thread)
    packet(sender, info, 3)
    thread.join(SOON)
    assert data_of(results[0]) == [b"%064d" % n for n in range(3)]


@only_ipv4
@pytest.mark.parametrize(
    "timeout, flags, error",
    [
        (0, 0, BlockingIOError),
        (10, MSG_DONTWAIT, BlockingIOError),
        (0.05, 0, TimeoutError),
    ],
)
def test_nothing_there_is_an_error(quiet, timeout, flags, error):
    receiver = quiet[2]
    receiver.settimeout(timeout)
    with pytest.raises(error):
        receiver.sctp_recvv_many(100, 10, flags)


@only_ipv4
def test_end_of_the_association_comes_once_and_last(quiet):
    sender, info, receiver = quiet
    watch(receiver)
    packet(sender, info, 2)
    sender.shutdown(SHUT_WR)
    got = []
    while not got or got[-1][0] != b"":
        got += receiver.sctp_recvv_many(1000, 100)
    assert data_of(got)[:2] == [b"%064d" % n for n in range(2)]
    assert [data for data in data_of(got) if not data] == [b""]
    notifications = [got[n] for n in range(2, len(got) - 1)]
    assert all(flags & MSG_NOTIFICATION for *_, flags in notifications)
    for data, *_ in notifications:
        parse_notification(data)


def abort_behind(sender, info, receiver, count):
    """Sends messages and then an ABORT, and waits until the receiver has them."""
    packet(sender, info, count)
    sender.setsockopt(SOL_SOCKET, SO_LINGER, ABORTS)
    sender.close()
    deadline = time.monotonic() + SOON
    status = sctp.sctp_status()
    with suppress(OSError):
        while time.monotonic() < deadline:
            receiver.sctp_opt_info(sctp.SCTP_STATUS, status)


NEXT_CALLS = {
    "sctp_recvv": lambda sock: sock.sctp_recvv(1),
    "sctp_recvv_into": lambda sock: sock.sctp_recvv_into([bytearray(1)]),
    "sctp_recvv_many": lambda sock: sock.sctp_recvv_many(1, 1),
}


@only_ipv4
@pytest.mark.parametrize("name", NEXT_CALLS)
def test_error_behind_the_first_message_is_kept_for_the_next_call(quiet, name):
    sender, info, receiver = quiet
    abort_behind(sender, info, receiver, 3)
    got = receiver.sctp_recvv_many(100, 100)
    assert data_of(got) == [b"%064d" % n for n in range(3)]
    copy = receiver.dup()
    try:
        with raises_errno((errno.EAGAIN, errno.ENOTCONN)):
            copy.sctp_recvv(1, MSG_DONTWAIT)
    finally:
        copy.close()
    with raises_errno(errno.ECONNRESET):
        NEXT_CALLS[name](receiver)
    with raises_errno((errno.EAGAIN, errno.ENOTCONN)):
        receiver.sctp_recvv(1, MSG_DONTWAIT)


@only_ipv4
@pytest.mark.parametrize("end", ["close", "detach"])
def test_ended_socket_drops_the_error(quiet, end):
    sender, info, receiver = quiet
    abort_behind(sender, info, receiver, 1)
    assert len(receiver.sctp_recvv_many(100, 100)) == 1
    number = receiver.fileno()
    getattr(receiver, end)()
    for call in NEXT_CALLS.values():
        with raises_errno(errno.EBADF):
            call(receiver)
    if end == "detach":
        os.close(number)


@only_ipv4
def test_peeking_shows_one_message_and_takes_none(quiet):
    sender, info, receiver = quiet
    packet(sender, info, 2)
    for _ in range(2):
        assert data_of(receiver.sctp_recvv_many(100, 9, MSG_PEEK)) == [b"%064d" % 0]
    assert len(receiver.sctp_recvv_many(100, 9)) == 2


@only_ipv4
@pytest.mark.parametrize(
    "args, error, text",
    [
        ((0, 1), ValueError, "bufsize"),
        ((-1, 1), ValueError, "bufsize"),
        ((2**70, 1), ValueError, "bufsize"),
        (("1", 1), TypeError, "bufsize"),
        ((1, 0), ValueError, "count"),
        ((1, 1025), ValueError, "count"),
        ((1, "1"), TypeError, "count"),
        ((1, 1, "1"), TypeError, "flags"),
        ((sys.maxsize // 4, 1), MemoryError, None),
        ((1,), TypeError, "count"),
    ],
)
def test_bad_arguments_of_receiving(quiet, args, error, text):
    sender, info, receiver = quiet
    packet(sender, info, 1)
    with pytest.raises(error, match=text):
        receiver.sctp_recvv_many(*args)
    assert len(receiver.sctp_recvv_many(100, 1024)) == 1


@only_ipv4
def test_memory_grows_with_what_arrives(quiet):
    sender, info, receiver = quiet
    size = 2**20
    packet(sender, info, 100)
    receiver.sctp_recvv_many(size, 1)
    before = system.resident_memory()
    got = []
    while len(got) < 99:
        got += receiver.sctp_recvv_many(size, 1024)
    assert system.resident_memory() - before < 8 * size


# Other threads, and system calls


@only_ipv4
def test_other_threads_run_during_a_batch_that_waits(make_quiet):
    sender, info, receiver = make_quiet(SOCK_STREAM, 4096)
    messages = [([bytes(1000)], None, info)] * 1000
    results, thread = in_thread(lambda: sender.sctp_sendv_many(messages))
    wait_until_asleep(thread)
    assert not results
    for _ in messages:
        assert len(receiver.sctp_recvv(2000)[0]) == 1000
    thread.join(SOON)
    assert results == [1000]


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
    for sock in sender, receiver:
        sock.settimeout({timeout})
    messages = [([b"hello"], None, sctp_sndinfo(snd_sid=n)) for n in range(10)]

    getppid()
    sender.sctp_sendv_many(messages)
    getppid()
    while sender.getsockopt(IPPROTO_SCTP, SCTP_STATUS)["sstat_unackdata"]:
        pass
    getppid()
    receiver.sctp_recvv_many(100, 9)
    getppid()
    receiver.sctp_recvv_many(100, 9)
    getppid()
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize("timeout", [None, 10, 0])
def test_a_message_is_one_system_call(tmp_path, timeout):
    """One more system call finds that no message is left."""
    trace = tmp_path / "trace"
    program = [sys.executable, "-c", EXCHANGE.format(timeout=timeout)]
    subprocess.run(["strace", "-o", trace, *program], check=True, timeout=60)
    calls = " ".join(re.findall(r"^(\w+)\(", trace.read_text(), re.MULTILINE))
    _, sends, _, full, last, _ = (part.split() for part in calls.split("getppid"))
    assert sends == ["sendmsg"] * 10
    assert full == ["recvmsg"] * 9
    assert last == ["recvmsg"] * 2


@only_ipv4
def test_threads_may_batch_on_the_same_socket(quiet):
    sender, info, receiver = quiet
    threads = 4
    runs = [
        in_thread(
            lambda: [sender.sctp_sendv_many(numbered(16, info)) for _ in range(20)]
        )
        for _ in range(threads)
    ]
    got, lock = [], threading.Lock()

    def receive():
        # If the receive buffer has no room for a message, the peer sends it again
        # later.
        while len(got) < threads * 320:
            with suppress(TimeoutError):
                more = receiver.sctp_recvv_many(100, 7)
                with lock:
                    got.extend(data_of(more))

    receiver.settimeout(0.1)
    readers = [in_thread(receive) for _ in range(2)]
    for results, thread in [*runs, *readers]:
        thread.join(20)
        assert results in ([[16] * 20], [None])
    assert sorted(got) == [b"%064d" % n for n in range(16) for _ in range(20 * threads)]
