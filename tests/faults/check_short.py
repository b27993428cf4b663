"""Calls that succeed, and give less than they should."""

import errno
from socket import CMSG_LEN, CMSG_SPACE, MSG_CTRUNC, MSG_EOR, MSG_PEEK

from checking import assert_nothing_leaks, count, named
from injection import Fault, happened, injected
from scenes import World

import sctp
from sctp import IPPROTO_SCTP

# In the order in which Linux gives them.
NXTINFO_SIZE = 16
RCVINFO_SIZE = 28
BOTH_INFOS = CMSG_SPACE(NXTINFO_SIZE) + CMSG_SPACE(RCVINFO_SIZE)


def attempt_receive(receive, fault, check):
    world = World(10)
    with world.stack:
        sock, peer = world.pair()
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_RECVNXTINFO, 1)
        for data in b"hello", b"next":
            peer.send(data)
        # Until both are there.
        while sock.sctp_recvv(8, MSG_PEEK)[3] != sctp.SCTP_RECVV_RN:
            pass
        with injected(fault):
            try:
                result = receive(sock)
            except OSError as error:
                result = error.with_traceback(None)
        count("short results", happened())
        assert happened() == 1
        check(result, fault.value, peer.getsockname())
        # Only that message was short.
        assert sock.sctp_recvv(8)[0] == b"next"


def receive(sock):
    return sock.sctp_recvv(8)


def receive_into(sock):
    space = bytearray(8)
    length, *rest = sock.sctp_recvv_into([space])
    return bytes(space[:length]), *rest


def assert_only_whole_infos(result, length, sender):
    data, address, info, infotype, flags = result
    assert (data, address, flags) == (b"hello", sender, MSG_EOR)
    if length >= CMSG_SPACE(NXTINFO_SIZE) + CMSG_LEN(RCVINFO_SIZE):
        assert infotype == sctp.SCTP_RECVV_RN
        assert info.nxtinfo["nxt_length"] == 4
        assert info.nxtinfo["nxt_assoc_id"] == info.rcvinfo["rcv_assoc_id"]
    elif length >= CMSG_LEN(NXTINFO_SIZE):
        assert infotype == sctp.SCTP_RECVV_NXTINFO
        assert info["nxt_length"] == 4
    else:
        assert (info, infotype) == (None, sctp.SCTP_RECVV_NOINFO)


def assert_bad_message(result, length, sender):
    assert isinstance(result, OSError), f"no error, but {result!r}"
    assert result.errno == errno.EBADMSG, result


def assert_no_part_of_an_address(result, length, sender):
    assert result[0] == b"hello"
    assert result[1] == {0: None, 16: sender}.get(length, ("???", 0))


def check_short_messages(_, times):
    ways = [
        (Fault("recvmsg", action, length), check)
        for action, longest, check in [
            ("CONTROL", BOTH_INFOS, assert_only_whole_infos),
            # The kernel cuts the last info without its padding.
            ("ROOM", BOTH_INFOS - 5, assert_bad_message),
            ("NAMELEN", 16, assert_no_part_of_an_address),
        ]
        for length in range(longest + 1)
    ]
    ways.append((Fault("recvmsg", "FLAGS", MSG_CTRUNC), assert_bad_message))
    attempts = [
        named(attempt_receive, call, *way)
        for way in ways
        for call in (receive, receive_into)
    ]
    assert_nothing_leaks(attempts, times)


def check_short_sends(_, times):
    """Who sends is told what the kernel says."""
    world = World(10)
    with world.stack:
        sock, _ = world.pair()
        for length in range(6):
            with injected(Fault("sendmsg", "ANSWER", length)):
                assert sock.sctp_sendv([b"he", b"llo"]) == length
            count("short results", happened())
