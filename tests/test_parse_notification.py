"""Notifications of both systems, and any other bytes: parsed to dicts and explained
in words."""

import array
import ctypes
import errno
import gc
import mmap
import resource
import struct
import sys
from contextlib import suppress
from socket import AF_INET6, inet_pton

import golden_notifications as golden
import pytest

from _sctp import sctp_event as native
from sctp import (
    AssocChangeState,
    ErrorCause,
    NotificationType,
    PeerAddrState,
    describe_notification,
    error_causes,
    parse_notification,
    sctp_sndinfo,
)

GOLDEN = golden.load()
OURS = GOLDEN[golden.SYSTEM]
FREEBSD_ERRNO = {"EBADMSG": 89, "EOPNOTSUPP": 45}

# For structures with a tail: their size without the tail, and the size of an element.
HEADS = {
    "ASSOC_CHANGE": (20, 1),
    "REMOTE_ERROR": (16, 1),
    "SEND_FAILED": ({"linux": 48, "freebsd": 144}, 1),
    "SEND_FAILED_EVENT": (32, 1),
    "STREAM_RESET_EVENT": (12, 2),
}
# The sizes of older structures: Linux before 4.16, and 32-bit FreeBSD.
OLDER = {("linux", "PARTIAL_DELIVERY_EVENT"): 16, ("freebsd", "PEER_ADDR_CHANGE"): 148}

each_record = pytest.mark.parametrize(
    "system, name",
    [(system, name) for system, records in GOLDEN.items() for name in records],
    ids=lambda value: value.replace(" ", "-"),
)
each_of_ours = pytest.mark.parametrize("name", OURS, ids=lambda n: n.replace(" ", "-"))


@pytest.fixture(scope="session")
def freebsd(tmp_path_factory):
    """The module as FreeBSD has it. It parses on this system, too."""
    pytest.importorskip("ziglang")
    return golden.build_parser("freebsd", tmp_path_factory.mktemp("freebsd"))


@pytest.fixture
def module(system, request):
    """The module with the parser and the constants of a system."""
    return native if system == golden.SYSTEM else request.getfixturevalue(system)


def error(system, name):
    """The errno of an error on a system."""
    return getattr(errno, name) if system == golden.SYSTEM else FREEBSD_ERRNO[name]


def type_name(module, data):
    """The name of the type of a notification, without SCTP_."""
    number = struct.unpack_from("H", data)[0]
    return next(
        name
        for name in [*NotificationType.__members__, "NOTIFICATIONS_STOPPED_EVENT"]
        if getattr(module, f"SCTP_{name}", None) == number
    )


def declare(data, length):
    """The same notification with another length field."""
    return data[:4] + struct.pack("I", length) + data[8:]


def refusal(parse, data):
    """The errno of the OSError that parsing raises."""
    with pytest.raises(OSError) as caught:
        parse(data)
    assert str(caught.value)
    return caught.value.errno


def expected(m, name):
    """The dict that a golden notification must give, with the constants of a module."""
    assoc_change = {
        "sn_type": m.SCTP_ASSOC_CHANGE,
        "sac_flags": 0,
        "sac_state": m.SCTP_COMM_LOST,
        "sac_error": 0,
        "sac_outbound_streams": 0,
        "sac_inbound_streams": 0,
        "sac_assoc_id": 7,
    }
    up = {
        "sac_state": m.SCTP_COMM_UP,
        "sac_outbound_streams": 10,
        "sac_inbound_streams": 20,
    }
    restarted = {
        "sac_state": m.SCTP_RESTART,
        "sac_outbound_streams": 5,
        "sac_inbound_streams": 10,
    }
    causes = b"\0\x0c\0\x07bye\0\xab\xcd\0\x09other"
    ipv4 = {
        "sn_type": m.SCTP_PEER_ADDR_CHANGE,
        "spc_flags": 0,
        "spc_aaddr": ("192.0.2.1", 5000),
        "spc_state": 0,
        "spc_error": 0,
        "spc_assoc_id": 7,
    }
    ipv6 = ipv4 | {"spc_aaddr": ("2001:db8::2", 5001, 0x12345, 0)}
    is_linux = m.SCTP_ASSOC_CHANGE == 0x8001
    match name:
        case "up":
            return assoc_change | up
        case "up with features":
            features = (
                m.SCTP_ASSOC_SUPPORTS_PR,
                m.SCTP_ASSOC_SUPPORTS_AUTH,
                m.SCTP_ASSOC_SUPPORTS_INTERLEAVING,
            )
            return assoc_change | up | {"sac_info": features}
        case "lost":
            return assoc_change
        case "aborted":
            chunk = causes if is_linux else b"\x06\0\0\x15" + causes
            return assoc_change | {"sac_error": 12, "sac_info": chunk}
        case "restarted":
            return assoc_change | restarted
        case "restarted with features":
            features = (m.SCTP_ASSOC_SUPPORTS_ASCONF,)
            return assoc_change | restarted | {"sac_info": features}
        case "ended":
            return assoc_change | {"sac_state": m.SCTP_SHUTDOWN_COMP}
        case "impossible":
            state = {"sac_state": m.SCTP_CANT_STR_ASSOC, "sac_assoc_id": 0}
            return assoc_change | state
        case "available":
            return ipv4 | {"spc_state": m.SCTP_ADDR_AVAILABLE, "spc_error": 2}
        case "unreachable":
            return ipv4 | {"spc_state": m.SCTP_ADDR_UNREACHABLE}
        case "removed":
            return ipv4 | {"spc_state": m.SCTP_ADDR_REMOVED}
        case "added":
            return ipv6 | {"spc_state": m.SCTP_ADDR_ADDED}
        case "primary":
            return ipv6 | {"spc_state": m.SCTP_ADDR_MADE_PRIM}
        case "confirmed":
            return ipv6 | {"spc_state": m.SCTP_ADDR_CONFIRMED}
        case "potentially failed":
            return ipv6 | {"spc_state": m.SCTP_ADDR_POTENTIALLY_FAILED}
        case "remote error":
            chunk = b"wrong\0\0\0" if is_linux else b"\x09\0\0\x0d\0\x0d\0\x09wrong"
            return {
                "sn_type": m.SCTP_REMOTE_ERROR,
                "sre_flags": 0,
                "sre_error": 13,
                "sre_assoc_id": 7,
                "sre_data": chunk,
            }
        case "send failed":
            return {
                "sn_type": m.SCTP_SEND_FAILED,
                "ssf_flags": m.SCTP_DATA_SENT,
                "ssf_error": 12,
                "ssf_info": {
                    "sinfo_stream": 1,
                    "sinfo_ssn": 2,
                    "sinfo_flags": m.SCTP_DATA_NOT_FRAG,
                    "sinfo_ppid": 0x01020304,
                    "sinfo_context": 0xFFFFFFFE,
                    "sinfo_timetolive": 5,
                    "sinfo_tsn": 6,
                    "sinfo_cumtsn": 8,
                    "sinfo_assoc_id": 7,
                },
                "ssf_assoc_id": 7,
                "ssf_data": b"hello",
            }
        case "send failed event":
            return {
                "sn_type": m.SCTP_SEND_FAILED_EVENT,
                "ssfe_flags": m.SCTP_DATA_UNSENT,
                "ssfe_error": 0x105,
                "ssfe_info": sctp_sndinfo(
                    snd_sid=1,
                    snd_flags=m.SCTP_DATA_LAST_FRAG,
                    snd_ppid=0x01020304,
                    snd_context=0xFFFFFFFE,
                ),
                "ssfe_assoc_id": 7,
                "ssfe_data": b"world",
            }
        case "shutdown":
            return {
                "sn_type": m.SCTP_SHUTDOWN_EVENT,
                "sse_flags": 0,
                "sse_assoc_id": 7,
            }
        case "adaptation":
            return {
                "sn_type": m.SCTP_ADAPTATION_INDICATION,
                "sai_flags": 0,
                "sai_adaptation_ind": 0xDEADBEEF,
                "sai_assoc_id": 7,
            }
        case "partial delivery":
            return {
                "sn_type": m.SCTP_PARTIAL_DELIVERY_EVENT,
                "pdapi_flags": 0,
                "pdapi_indication": m.SCTP_PARTIAL_DELIVERY_ABORTED,
                "pdapi_stream": 1,
                "pdapi_seq": 2,
                "pdapi_assoc_id": 7,
            }
        case "authentication":
            return {
                "sn_type": m.SCTP_AUTHENTICATION_EVENT,
                "auth_flags": 0,
                "auth_keynumber": 0xABCD,
                "auth_indication": m.SCTP_AUTH_FREE_KEY,
                "auth_assoc_id": 7,
            }
        case "dry":
            return {
                "sn_type": m.SCTP_SENDER_DRY_EVENT,
                "sender_dry_flags": 0,
                "sender_dry_assoc_id": 7,
            }
        case "stream reset":
            return {
                "sn_type": m.SCTP_STREAM_RESET_EVENT,
                "strreset_flags": m.SCTP_STREAM_RESET_INCOMING_SSN,
                "strreset_assoc_id": 7,
                "strreset_stream_list": (0x0001, 0x0200, 0xFFFF),
            }
        case "all streams reset":
            return {
                "sn_type": m.SCTP_STREAM_RESET_EVENT,
                "strreset_flags": m.SCTP_STREAM_RESET_OUTGOING_SSN
                | m.SCTP_STREAM_RESET_DENIED,
                "strreset_assoc_id": 7,
                "strreset_stream_list": (),
            }
        case "association reset":
            return {
                "sn_type": m.SCTP_ASSOC_RESET_EVENT,
                "assocreset_flags": m.SCTP_ASSOC_RESET_FAILED,
                "assocreset_assoc_id": 7,
                "assocreset_local_tsn": 0xFFFFFFFE,
                "assocreset_remote_tsn": 1,
            }
        case "stream change":
            return {
                "sn_type": m.SCTP_STREAM_CHANGE_EVENT,
                "strchange_flags": 0,
                "strchange_assoc_id": 7,
                "strchange_instrms": 1,
                "strchange_outstrms": 65535,
            }
        case "stopped":
            return {"sn_type": m.SCTP_NOTIFICATIONS_STOPPED_EVENT, "sn_flags": 0}


# Golden notifications


@pytest.mark.parametrize("system", GOLDEN)
def test_golden_bytes_are_those_of_the_compiler(system, tmp_path):
    if system != golden.SYSTEM:
        pytest.importorskip("ziglang")
    assert golden.make(system, tmp_path) == GOLDEN[system]


@pytest.mark.parametrize("system", GOLDEN)
def test_golden_bytes_are_of_every_type(system, module):
    types = {type_name(module, data) for data in GOLDEN[system].values()}
    types.add("NOTIFICATIONS_STOPPED_EVENT")
    assert types == {*NotificationType.__members__, "NOTIFICATIONS_STOPPED_EVENT"}


@each_record
def test_parsed(system, name, module):
    parsed = module.parse_notification(GOLDEN[system][name])
    wanted = expected(module, name)
    assert parsed == wanted
    assert list(parsed) == list(wanted)
    assert {key: type(value) for key, value in parsed.items()} == {
        key: type(value) for key, value in wanted.items()
    }


def test_printed_as_documented(capsys):
    print(
        parse_notification(struct.pack("HHIi", native.SCTP_SENDER_DRY_EVENT, 0, 12, 3))
    )
    assert capsys.readouterr().out == (
        f"{{'sn_type': {int(NotificationType.SENDER_DRY_EVENT)},"
        " 'sender_dry_flags': 0, 'sender_dry_assoc_id': 3}\n"
    )


@each_of_ours
def test_dicts_are_independent(name):
    first = parse_notification(OURS[name])
    for value in [first, *first.values()]:
        if isinstance(value, dict):
            value.clear()
    assert parse_notification(OURS[name]) == expected(native, name)


@pytest.mark.skipif(golden.SYSTEM == "freebsd", reason="it tells features")
def test_features_are_not_taken_for_an_abort():
    up = declare(OURS["up"] + b"\0\x0c\0\x04", 24)
    assert parse_notification(up)["sac_info"] == (0, 12, 0, 4)
    assert error_causes(up) == ()


@pytest.mark.parametrize(
    "host",
    [
        "::", "::1", "1::", "::1:0:0:0:1", "1:0:0:2::", "1:0:2:3:4:5:6:7",
        "2001:db8:1111:2222:3333:4444:5555:6666", "abcd::12:345", "fe80::ffff:1:2",
        "::ffff:255.10.9.0", "::1.2.3.4",
    ],
)  # fmt: skip
def test_ipv6_address_is_written_as_usual(host):
    data = bytearray(OURS["added"])
    data[16:32] = inet_pton(AF_INET6, host)
    scope = 3 if host.startswith("fe80") else 0
    assert parse_notification(data)["spc_aaddr"] == (host, 5001, 0x12345, scope)


@pytest.mark.parametrize("family", [0, 1, 0x7FFF, 0xFFFF])
def test_what_is_no_address_is_a_tuple(family):
    data = bytearray(OURS["added"])
    data[8:10] = struct.pack("H", family)
    assert parse_notification(data)["spc_aaddr"] == ("???", 0)
    assert "??? port 0" in describe_notification(data)


# What is handed in


def in_a_mapping(data):
    mapping = mmap.mmap(-1, mmap.PAGESIZE)
    mapping[: len(data)] = data
    return mapping


@pytest.mark.parametrize(
    "convert",
    [
        bytes,
        bytearray,
        memoryview,
        lambda data: memoryview(data)[:],
        lambda data: memoryview(b"xx" + data)[2:],
        lambda data: array.array("B", data),
        lambda data: array.array("I", data),
        ctypes.create_string_buffer,
        in_a_mapping,
        type("Bytes", (bytes,), {}),
    ],
)
def test_any_bytes_like_object(convert):
    given = convert(OURS["association reset"])
    assert parse_notification(given) == expected(native, "association reset")


@pytest.mark.parametrize("given", [None, 12, "text", [1, 2], object()])
def test_nothing_else(given):
    with pytest.raises(TypeError):
        parse_notification(given)


def test_bytes_with_gaps_are_refused():
    with pytest.raises(BufferError):
        parse_notification(memoryview(OURS["dry"] * 2)[::2])


@pytest.mark.parametrize("arguments", [(), (b"", b"")])
def test_one_argument(arguments):
    with pytest.raises(TypeError):
        parse_notification(*arguments)


@each_of_ours
@pytest.mark.parametrize("cut", [0, 1])
def test_buffer_is_released(name, cut):
    data = bytearray(OURS[name])
    del data[len(data) - cut :]
    try:
        parse_notification(data)
    except OSError:
        assert cut
    data.clear()  # raises BufferError while a view exists


# Lengths


@each_record
def test_every_truncation_is_refused(system, name, module):
    data = GOLDEN[system][name]
    errors = {refusal(module.parse_notification, data[:n]) for n in range(len(data))}
    assert errors == {error(system, "EBADMSG")}


@each_record
def test_length_decides_what_is_read(system, name, module):
    data = GOLDEN[system][name]
    type = type_name(module, data)
    head, element = HEADS.get(type, (len(data), 1))
    if isinstance(head, dict):
        head = head[system]
    allowed = {OLDER.get((system, type)), *range(head, len(data) + 1, element)}
    whole = module.parse_notification(data)
    for length in range(len(data) + 1):
        changed = declare(data, length)
        if length not in allowed:
            assert refusal(module.parse_notification, changed) == error(
                system, "EBADMSG"
            )
        else:
            parsed = module.parse_notification(changed)
            assert parsed == module.parse_notification(changed[:length])
            assert (parsed == whole) == (
                length == len(data) or type == "PEER_ADDR_CHANGE"
            )


@each_record
@pytest.mark.parametrize("more", [1, 4, 2**16, 2**31, 2**32 - 200])
def test_longer_than_handed_in(system, name, module, more):
    data = GOLDEN[system][name]
    longer = declare(data, len(data) + more)
    assert refusal(module.parse_notification, longer) == error(system, "EBADMSG")


@pytest.mark.parametrize("surplus", [1, 4, 1000])
@pytest.mark.parametrize("system", GOLDEN)
def test_newer_kernels_structure(system, module, surplus):
    types = set()
    for name, data in GOLDEN[system].items():
        longer = declare(data, len(data) + surplus) + b"\xff" * surplus
        if (type := type_name(module, data)) not in HEADS:
            assert module.parse_notification(longer) == expected(module, name)
            types.add(type)
    assert types >= NotificationType.__members__.keys() - HEADS.keys()


@pytest.mark.skipif(golden.SYSTEM != "linux", reason="its structure never grew")
def test_older_kernels_structure():
    data = declare(OURS["partial delivery"], 16)[:16]
    wanted = expected(native, "partial delivery") | {"pdapi_stream": 0, "pdapi_seq": 0}
    assert parse_notification(data) == wanted
    assert list(parse_notification(data)) == list(wanted)


@pytest.mark.parametrize("length", [13, 15, 17])
def test_half_a_stream_is_refused(length):
    assert refusal(parse_notification, declare(OURS["stream reset"], length)) == (
        errno.EBADMSG
    )


@each_record
def test_bytes_beyond_are_not_looked_at(system, name, module):
    """They are on a page that cannot be read: reading one of them would end the
    process."""
    data = GOLDEN[system][name]
    page = mmap.PAGESIZE
    mapping = mmap.mmap(-1, 2 * page)
    mapping[page - len(data) : page] = data
    first = ctypes.c_char.from_buffer(mapping)
    libc = ctypes.CDLL(None, use_errno=True)
    forbidden = ctypes.c_void_p(ctypes.addressof(first) + page)
    assert libc.mprotect(forbidden, ctypes.c_size_t(page), 0) == 0
    with memoryview(mapping)[page - len(data) :] as view:
        parsed = module.parse_notification(view)
        with view[: len(data) - 1] as shorter:
            refusal(module.parse_notification, shorter)
    del first
    mapping.close()
    assert parsed == expected(module, name)


@pytest.mark.parametrize("number", [0, 15, 0x7FFF, 0x8000, 0x8013, 0xFFFF])
@pytest.mark.parametrize("system", GOLDEN)
def test_unknown_type(system, module, number):
    data = struct.pack("HHI", number, 0, 8)
    with pytest.raises(OSError, match=rf"\b{number}\b") as caught:
        module.parse_notification(data)
    assert caught.value.errno == error(system, "EOPNOTSUPP")


# In words


def test_enumerations_have_the_values_of_the_system():
    for enumeration in (NotificationType, AssocChangeState, PeerAddrState):
        for member in enumeration:
            assert member == getattr(native, f"SCTP_{member.name}")
    assert len(AssocChangeState) == 5
    assert len(PeerAddrState) == (7 if golden.SYSTEM == "linux" else 6)
    assert len(NotificationType) == 13


def test_error_causes_have_the_values_of_the_rfcs():
    rfc_9260, rfc_5061, rfc_4895 = range(14), range(0xA0, 0xA5), [0x105]
    assert [*ErrorCause] == [*rfc_9260, *rfc_5061, *rfc_4895]
    assert ErrorCause.USER_INITIATED_ABORT == 12
    assert ErrorCause.DELETE_SOURCE_ADDRESS == 0xA2


def with_data(name, data, **changes):
    """A parsed notification whose tail is other bytes."""
    key = {"aborted": "sac_info", "remote error": "sre_data"}[name]
    return expected(native, name) | {key: data} | changes


def cause(code, data):
    return struct.pack("!HH", code, 4 + len(data)) + data + bytes(-len(data) % 4)


def chunk(type, *causes):
    body = b"".join(causes)
    return struct.pack("!BBH", type, 0, 4 + len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        cause(12, b"bye") + cause(0xABCD, b"other"),
        cause(12, b"bye") + cause(0xABCD, b"other").rstrip(b"\0"),
        chunk(6, cause(12, b"bye"), cause(0xABCD, b"other")),
        chunk(6, cause(12, b"bye"), cause(0xABCD, b"others"))[:21],
    ],
    ids=["linux", "linux-unpadded", "freebsd", "freebsd-cut"],
)
def test_causes_of_an_abort(data):
    assert error_causes(with_data("aborted", data)) == (
        (ErrorCause.USER_INITIATED_ABORT, b"bye"),
        (0xABCD, b"other"),
    )


def test_causes_of_golden_notifications():
    other = (0xABCD, b"other")
    assert error_causes(OURS["aborted"]) == ((12, b"bye"), other)
    data = b"wrong\0\0\0" if golden.SYSTEM == "linux" else b"wrong"
    ((code, text),) = error_causes(OURS["remote error"])
    assert (code, text) == (ErrorCause.PROTOCOL_VIOLATION, data)
    assert isinstance(code, ErrorCause)


@pytest.mark.parametrize(
    "code, data, causes",
    [
        # Linux: the data of one cause, padded.
        (1, b"\0\x05\0\0", [(ErrorCause.INVALID_STREAM_IDENTIFIER, b"\0\x05\0\0")]),
        (13, b"text\0\0\0\0", [(ErrorCause.PROTOCOL_VIOLATION, b"text\0\0\0\0")]),
        (9, b"", [(ErrorCause.NO_USER_DATA, b"")]),
        (77, b"", [(77, b"")]),
        # The unrecognized data is a chunk too, even an ERROR chunk.
        (6, b"\x7f\0\0\4", [(ErrorCause.UNRECOGNIZED_CHUNK_TYPE, b"\x7f\0\0\4")]),
        (
            6,
            chunk(9, cause(1, b"12")),
            [(ErrorCause.UNRECOGNIZED_CHUNK_TYPE, chunk(9, cause(1, b"12")))],
        ),
        # FreeBSD: the whole chunk.
        (
            1,
            chunk(9, cause(1, b"\0\x05\0\0"), cause(77, b"")),
            [(ErrorCause.INVALID_STREAM_IDENTIFIER, b"\0\x05\0\0"), (77, b"")],
        ),
        (
            13,
            chunk(9, cause(13, b"texts"))[:-3],
            [(ErrorCause.PROTOCOL_VIOLATION, b"texts")],
        ),
    ],
)
def test_causes_of_a_remote_error(code, data, causes):
    notif = with_data("remote error", data, sre_error=code)
    assert error_causes(notif) == tuple(causes)


@pytest.mark.parametrize(
    "data, causes",
    [
        (b"\0\x0c\0", []),
        (b"\0\x0c\0\3", []),
        (b"\0\x0c\0\0", []),
        (b"\0\x0c\0\5", [(12, b"")]),
        (b"\0\x0c\xff\xff" + b"x" * 100, [(12, b"x" * 100)]),
        (cause(12, b"") + b"\0\x0c\0\0" + cause(12, b""), [(12, b"")]),
        (cause(12, b"") * 16000, [(12, b"")] * 16000),
        (chunk(6), []),
        (b"", []),
    ],
)
def test_causes_end_where_they_are_malformed(data, causes):
    assert error_causes(with_data("aborted", data)) == tuple(causes)


@each_of_ours
def test_only_aborts_and_errors_have_causes(name):
    assert bool(error_causes(OURS[name])) == (name in ("aborted", "remote error"))


SENTENCES = {
    "up": "Association 7 is up with 10 outbound and 20 inbound streams.",
    "up with features": "Association 7 is up with 10 outbound and 20 inbound streams.",
    "lost": "Association 7 is lost.",
    "aborted": "Association 7 is lost: user initiated abort ('bye'), error cause"
    " 43981.",
    "restarted": "Association 7 was restarted by the peer.",
    "restarted with features": "Association 7 was restarted by the peer.",
    "ended": "Association 7 has ended gracefully.",
    "impossible": "An association could not be set up.",
    "available": "Address 192.0.2.1 port 5000 of association 7 is reachable.",
    "unreachable": "Address 192.0.2.1 port 5000 of association 7 is unreachable.",
    "removed": "Address 192.0.2.1 port 5000 of association 7 was removed.",
    "added": "Address 2001:db8::2 port 5001 of association 7 was added.",
    "primary": "Address 2001:db8::2 port 5001 of association 7 is the primary address"
    " now.",
    "confirmed": "Address 2001:db8::2 port 5001 of association 7 is confirmed.",
    "potentially failed": "Address 2001:db8::2 port 5001 of association 7 has"
    " potentially failed.",
    "remote error": "The peer of association 7 reports: protocol violation.",
    "send failed": "A message (5 bytes) on association 7 was sent but not acknowledged:"
    " user initiated abort.",
    "send failed event": "Part of a message (5 bytes) on association 7 was not sent:"
    " unsupported hmac identifier.",
    "shutdown": "The peer of association 7 shuts it down.",
    "adaptation": "The peer of association 7 indicates the adaptation layer"
    " 0xdeadbeef.",
    "partial delivery": "The rest of a message on association 7 will not come.",
    "authentication": "Association 7 no longer needs the key 43981.",
    "dry": "Association 7 has delivered everything.",
    "stream reset": "Resetting incoming streams (1, 512, 65535) of association 7 is"
    " done.",
    "all streams reset": "Resetting outgoing streams (all) of association 7 was"
    " denied.",
    "association reset": "Resetting association 7 failed.",
    "stream change": "Adding streams to association 7 is done: 1 inbound, 65535"
    " outbound.",
    "stopped": "There is no room for notifications: some are lost.",
}


@each_of_ours
def test_described_in_a_sentence(name):
    assert describe_notification(OURS[name]) == SENTENCES[name]
    assert describe_notification(parse_notification(OURS[name])) == SENTENCES[name]


@pytest.mark.parametrize(
    "name, changes, sentence",
    [
        ("lost", {"sac_error": 13}, "Association 7 is lost: protocol violation."),
        ("lost", {"sac_error": 99}, "Association 7 is lost: error cause 99."),
        ("lost", {"sac_state": 99}, "Association 7 is in the unknown state 99."),
        (
            "added",
            {"spc_state": 99},
            "Address 2001:db8::2 port 5001 of association 7 is in the unknown state"
            " 99.",
        ),
        (
            "aborted",
            {"sac_info": cause(12, b"a\nb\xff\xc3\xa9")},
            "Association 7 is lost: user initiated abort ('a\\nb\\\\xffé').",
        ),
        (
            "send failed event",
            {"ssfe_error": 0},
            "Part of a message (5 bytes) on association 7 was not sent.",
        ),
        (
            "authentication",
            {"auth_indication": native.SCTP_AUTH_NEW_KEY},
            "Association 7 uses the new key 43981.",
        ),
        (
            "authentication",
            {"auth_indication": native.SCTP_AUTH_NO_AUTH},
            "Association 7 has a peer that does not authenticate.",
        ),
        ("authentication", {"auth_indication": 99}, "Association 7 reports 99."),
        (
            "stream reset",
            {"strreset_flags": 3},
            "Resetting incoming and outgoing streams (1, 512, 65535) of association 7"
            " is done.",
        ),
        (
            "stream reset",
            {"strreset_flags": 0, "strreset_stream_list": (4,)},
            "Resetting streams (4) of association 7 is done.",
        ),
    ],
)
def test_described_otherwise(name, changes, sentence):
    assert describe_notification(expected(native, name) | changes) == sentence


@pytest.mark.parametrize("function", [describe_notification, error_causes])
def test_words_for_bad_bytes(function):
    assert refusal(function, OURS["dry"][:-1]) == errno.EBADMSG


# What it costs


def parse_again_and_again(records, times):
    for _ in range(times):
        for data in records:
            with suppress(OSError):
                parse_notification(data)


@pytest.mark.parametrize("what", ["notifications", "bad-bytes"])
def test_a_million_parses_leak_nothing(what):
    records = [*OURS.values(), declare(OURS["up"] + b"\1\2\3", 23)]
    if what == "bad-bytes":
        records = [data[:-1] for data in records]
        records += [b"", b"\0" * 8, declare(OURS["stream reset"], 13)]
    references = [sctp_sndinfo, None, 0, *native.__dict__.values()]
    references += [key for data in OURS.values() for key in parse_notification(data)]
    parse_again_and_again(records, 100)
    gc.collect()
    blocks, counts = sys.getallocatedblocks(), [*map(sys.getrefcount, references)]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parse_again_and_again(records, 1_000_000 // len(records) + 1)
    gc.collect()
    assert sys.getallocatedblocks() - blocks < 500
    grown = [*map(sys.getrefcount, references)]
    assert max(new - old for new, old in zip(grown, counts, strict=True)) < 500
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 4096
