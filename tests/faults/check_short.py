"""Calls that succeed but return less than they should, or something wrong."""

import errno
from socket import (
    CMSG_LEN,
    CMSG_SPACE,
    MSG_CTRUNC,
    MSG_EOR,
    MSG_PEEK,
    SHUT_WR,
    SOCK_SEQPACKET,
)

from checking import assert_nothing_leaks, count, named
from injection import Fault, happened, injected
from scenes import ANY_PORT, World

import sctp
from sctp import IPPROTO_SCTP

# In the order of Linux.
NXTINFO_SIZE = 16
RCVINFO_SIZE = 28
BOTH_INFOS = CMSG_SPACE(NXTINFO_SIZE) + CMSG_SPACE(RCVINFO_SIZE)
LISTS = [
    # The number of bytes before the items, and of an item.
    ("SCTP_GET_ASSOC_ID_LIST", 4, 4),
    ("SCTP_HMAC_IDENT", 4, 2),
    ("SCTP_LOCAL_AUTH_CHUNKS", 8, 1),
    ("SCTP_PEER_AUTH_CHUNKS", 8, 1),
]


def attempt_receive(receive, fault, check):
    world = World(10)
    with world.stack:
        sock, peer = world.pair()
        sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_RECVNXTINFO, 1)
        for data in b"hello", b"next":
            peer.send(data)
        # Until both have arrived.
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
        # Only this message was short.
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
    assert_nothing_leaks(attempts, max(1, times // 2))


def check_short_ends(_, times):
    """FreeBSD sends an info of zeros with the end of file. It must be ignored."""
    for call in receive, receive_into:
        world = World(10)
        with world.stack:
            sock, peer = world.pair()
            peer.send(b"hello")
            peer.shutdown(SHUT_WR)
            with injected(Fault("recvmsg", "INFO", 0, 1, 2)):
                data, _, info, infotype, _ = call(sock)
                assert (data, infotype) == (b"hello", sctp.SCTP_RECVV_RCVINFO)
                assert info == sctp.sctp_rcvinfo()
                assert call(sock) == (b"", None, None, sctp.SCTP_RECVV_NOINFO, 0)
            count("short results", happened())


def get_list(sock, option, assoc_id):
    value = sock.getsockopt(IPPROTO_SCTP, option, assoc_id)
    return value["gauth_chunks"] if isinstance(value, dict) else value


def attempt_list(sock, option, assoc_id, expected, length):
    with injected(Fault("getsockopt", "LENGTH", length)):
        result = get_list(sock, option, assoc_id)
    count("short results", happened())
    assert result == expected


def attempt_option(sock, size, length):
    fault = Fault("getsockopt", "LENGTH", length)
    with injected(fault):
        option = sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO)
    assert option.keys() == sctp.sctp_rtoinfo().keys()
    with injected(fault):
        option = sock._getsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO, bytes(size))
    assert len(option) == length
    count("short results", 2)


def check_short_options(_, times):
    """Bytes after the length that the kernel returns are not read."""
    world = World(10)
    attempts = []
    with world.stack:
        on = sctp.sctp_assoc_value(assoc_value=1)
        sock, listener = world.socket(SOCK_SEQPACKET), world.socket(SOCK_SEQPACKET)
        for end in sock, listener:
            end.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_SUPPORTED, on)
        listener.bind(ANY_PORT)
        listener.listen()
        address = listener.getsockname()
        # Before the association is up, nothing is known about the peer.
        sock.setblocking(True)
        assoc_id = sock.sctp_connectx([address], assoc_id=True)
        for name, header, size in LISTS:
            option = getattr(sctp, name)
            which = assoc_id if name.endswith("CHUNKS") else 0
            whole = get_list(sock, option, which)
            assert whole
            for length in range(header + size * len(whole) + 1):
                expected = whole[: max(0, length - header) // size]
                way = (sock, option, which, expected, length)
                attempts.append(named(attempt_list, *way))
        size = sctp.SCTP_RTOINFO_CSIZE
        for length in range(size + 1):
            attempts.append(named(attempt_option, sock, size, length))
        assert_nothing_leaks(attempts, times)


def check_short_sends(_, times):
    """The sender gets the number that the kernel returns."""
    world = World(10)
    with world.stack:
        sock, _ = world.pair()
        for length in range(6):
            with injected(Fault("sendmsg", "ANSWER", length)):
                assert sock.sctp_sendv([b"he", b"llo"]) == length
            count("short results", happened())
