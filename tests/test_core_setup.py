"""How the layer above the socket plans sockets. These tests need no kernel."""

import re
import subprocess
import sys
from pathlib import Path
from socket import AF_INET, AF_INET6, SO_RCVBUF, SOL_SOCKET

import pytest
from hypothesis import strategies as st

import sctp
from sctp import IPPROTO_SCTP, NotificationType, PayloadProtocol, parse_addresses
from sctp import _setup as setup


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.1.0.2:38412", [("10.1.0.2", 38412)]),
        ("10.1.0.2/10.2.0.2:38412", [("10.1.0.2", 38412), ("10.2.0.2", 38412)]),
        (
            "[fd00:1::2]/[fe80::2%eth0]:38412",
            [("fd00:1::2", 38412, 0, 0), ("fe80::2%eth0", 38412, 0, 0)],
        ),
        ("[::1]/127.0.0.1:9", [("::1", 9, 0, 0), ("127.0.0.1", 9)]),
        ("amf.example:38412", [("amf.example", 38412)]),
        ("amf.example:diameter", [("amf.example", "diameter")]),
        ("amf.example/10.1.0.2:0", [("amf.example", 0), ("10.1.0.2", 0)]),
        ("[::ffff:10.1.0.2]:65535", [("::ffff:10.1.0.2", 65535, 0, 0)]),
    ],
)
def test_addresses_of_text(text, expected):
    assert parse_addresses(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        ":38412",
        "10.1.0.2",
        "amf.example",
        "10.1.0.2:",
        "10.1.0.2:65536",
        "10.1.0.2:99999999999",
        "10.1.0.2:\u0663",
        "10.1.0.2:1/10.2.0.2:2",
        "10.1.0.2:1/10.2.0.2",
        "10.1.0.2//10.2.0.2:1",
        "/10.1.0.2:1",
        "10.1.0.2/:1",
        "fd00:1::2",
        "fd00:1::2:38412",
        "fd00:1::2/10.1.0.2:38412",
        "[fd00:1::2]",
        "[fd00:1::2]38412",
        "[fd00:1::2",
        "fd00]:1",
        "[fd00:1::2]:1/[fd00:2::2]:2",
        "[10.1.0.2]:1",
        "[amf.example]:1",
        "[]:1",
        "amf example:1",
        "amf.example:dia meter",
        "amf\0:1",
    ],
)
def test_text_that_is_no_address(text):
    with pytest.raises(ValueError):
        parse_addresses(text)


@pytest.mark.parametrize("addresses", [b"10.1.0.2:1", None, 5, [("10.1.0.2", 1)]])
def test_what_is_no_text(addresses):
    with pytest.raises(TypeError):
        parse_addresses(addresses)


def test_text_is_parsed_or_refused(for_all):
    @for_all(st.text(alphabet="[]/:%.0123456789abf", max_size=30))
    def check(text):
        try:
            parsed = parse_addresses(text)
        except ValueError:
            return
        assert len({address[1] for address in parsed}) == 1
        assert all(len(address) in (2, 4) and address[0] for address in parsed)


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ("10.1.0.1", [("10.1.0.1", 0)]),
        ("10.1.0.1/[fd00:1::1]", [("10.1.0.1", 0), ("fd00:1::1", 0, 0, 0)]),
        ("10.1.0.1:5", [("10.1.0.1", 5)]),
        ([("10.1.0.1", 5)], [("10.1.0.1", 5)]),
        (iter([("a", "b")]), [("a", "b")]),
        ((), []),
    ],
)
def test_local_addresses(addresses, expected):
    assert setup.list_addresses(addresses, "local_addresses", True) == expected


@pytest.mark.parametrize("addresses", [("10.1.0.1", 5), [b"10.1.0.1"], 7, None])
def test_what_is_no_address(addresses):
    with pytest.raises(TypeError, match="addresses"):
        setup.list_addresses(addresses, "addresses")


IPV4, IPV6 = (AF_INET, "192.0.2.1", 0), (AF_INET6, "fe80::1", 3)


@pytest.mark.parametrize(
    ("addresses", "found", "family", "chosen"),
    [
        ([("10.1.0.1", 0)], [], AF_INET, None),
        ([("10.1.0.1", 0), ("::1", 0, 0, 0)], [], AF_INET6, None),
        ([("", 0)], [], AF_INET, None),
        ([("fe80::1%lo", 0, 0, 0)], [], AF_INET6, None),
        ([], [IPV4, IPV6], AF_INET, ("192.0.2.1", 7)),
        ([], [IPV6, IPV4], AF_INET6, ("fe80::1", 7, 0, 3)),
        ([("10.1.0.1", 0)], [IPV6, IPV4], AF_INET, ("192.0.2.1", 7)),
        ([("10.1.0.1", 0)], [IPV6], AF_INET6, ("fe80::1", 7, 0, 3)),
        ([("::1", 0, 0, 0)], [IPV4, IPV6], AF_INET6, ("192.0.2.1", 7)),
    ],
)
def test_family_and_address_of_a_name(addresses, found, family, chosen):
    names = [setup.Name(("amf.example", 7), found)] if found else []
    assert setup.choose_family([addresses], names) == family
    if names:
        assert setup.choose_address(names[0], family) == chosen


def test_name_that_does_not_fit_the_socket():
    with pytest.raises(LookupError, match=r"amf\.example"):
        setup.choose_address(setup.Name(("amf.example", 7), [IPV6]), AF_INET)


def numbers(plan):
    return [option[:2] for option in plan]


def test_options_in_order_behind_those_of_the_layer():
    mine = {sctp.SCTP_NODELAY: 0, (SOL_SOCKET, SO_RCVBUF): 1 << 20}
    plan = setup.plan_options(None, mine, ())
    assert plan[-2:] == [
        (IPPROTO_SCTP, sctp.SCTP_NODELAY, 0),
        (SOL_SOCKET, SO_RCVBUF, 1 << 20),
    ]
    assert plan[:2] == [
        (IPPROTO_SCTP, sctp.SCTP_RECVRCVINFO, 1),
        (IPPROTO_SCTP, sctp.SCTP_NODELAY, 1),
    ]
    pairs = [(sctp.SCTP_MAXSEG, 1), (sctp.SCTP_MAXSEG, 2)]
    assert [o.value for o in setup.plan_options(None, pairs, ())[-2:]] == [1, 2]


def test_events_of_the_layer_and_of_the_application():
    wanted = setup.plan_events(
        [NotificationType.PEER_ADDR_CHANGE, NotificationType.ASSOC_CHANGE]
    )
    kinds = [
        option.value["se_type"]
        for option in setup.plan_options(None, (), wanted)
        if option.number == sctp.SCTP_EVENT
    ]
    assert sorted(kinds) == sorted(
        [
            NotificationType.ASSOC_CHANGE,
            NotificationType.SHUTDOWN_EVENT,
            NotificationType.PARTIAL_DELIVERY_EVENT,
            NotificationType.PEER_ADDR_CHANGE,
        ]
    )
    for error, events in (ValueError, [1]), (TypeError, 5), (ValueError, "x"):
        with pytest.raises(error, match="events"):
            setup.plan_events(events)


def test_interleave_on_endpoints_alone():
    option = IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE
    assert option in numbers(setup.plan_options(None, (), (), is_many=True))
    assert option not in numbers(setup.plan_options(None, (), ()))


@pytest.mark.parametrize(("streams", "fields"), [(7, (7, 0)), ((7, 9), (7, 9))])
def test_streams(streams, fields):
    [value] = [
        option.value
        for option in setup.plan_options(streams, (), ())
        if option.number == sctp.SCTP_INITMSG
    ]
    assert (value["sinit_num_ostreams"], value["sinit_max_instreams"]) == fields


@pytest.mark.parametrize("streams", [0, -1, 65536, (0, 1), (1, 0), (1, 65536)])
def test_streams_out_of_range(streams):
    with pytest.raises(ValueError, match="streams"):
        setup.plan_options(streams, (), ())


@pytest.mark.parametrize("streams", [1.0, "5", (1, None)])
def test_streams_that_are_none(streams):
    with pytest.raises(TypeError):
        setup.plan_options(streams, (), ())


def off(type):
    return sctp.sctp_event(se_type=type, se_on=0)


BREAKING = [
    (sctp.SCTP_RECVRCVINFO, 0),
    (sctp.SCTP_RECVRCVINFO, False),
    (sctp.SCTP_RECVRCVINFO, bytes(4)),
    (sctp.SCTP_EVENT, off(NotificationType.ASSOC_CHANGE)),
    (sctp.SCTP_EVENT, off(NotificationType.SHUTDOWN_EVENT)),
    (sctp.SCTP_EVENT, off(NotificationType.PARTIAL_DELIVERY_EVENT)),
    (sctp.SCTP_EVENT, bytes(8)),
    (setup._EVENTS, bytes(8)),
    (sctp.SCTP_AUTOCLOSE, 5),
]
if hasattr(sctp, "SCTP_EXPLICIT_EOR"):
    BREAKING.append((sctp.SCTP_EXPLICIT_EOR, 1))


@pytest.mark.parametrize("is_many", [False, True])
@pytest.mark.parametrize("option", BREAKING)
def test_option_that_breaks_the_layer(option, is_many):
    with pytest.raises(ValueError, match="options: SCTP_"):
        setup.plan_options(None, [option], (), is_many)
    key, value = option
    with pytest.raises(ValueError, match="options: SCTP_") as caught:
        setup.plan_options(None, {(IPPROTO_SCTP, key): value}, (), is_many)
    guide = Path(__file__).parent.parent / "docs" / "guides" / "asyncio.rst"
    name = re.search(r"SCTP_\w+", str(caught.value))[0]
    assert f"\n``{name}``" in guide.read_text()


def test_option_that_breaks_some():
    initmsg = {sctp.SCTP_INITMSG: sctp.sctp_initmsg(sinit_num_ostreams=5)}
    interleave = {sctp.SCTP_FRAGMENT_INTERLEAVE: 0}
    with pytest.raises(ValueError, match="SCTP_INITMSG"):
        setup.plan_options(5, initmsg, ())
    with pytest.raises(ValueError, match="SCTP_FRAGMENT_INTERLEAVE"):
        setup.plan_options(None, interleave, (), is_many=True)
    assert setup.plan_options(None, initmsg, ())
    assert setup.plan_options(None, interleave, ())


@pytest.mark.parametrize(
    "option",
    [
        (sctp.SCTP_RECVRCVINFO, 1),
        (sctp.SCTP_AUTOCLOSE, 0),
        (sctp.SCTP_EVENT, off(NotificationType.PEER_ADDR_CHANGE)),
        ((SOL_SOCKET, sctp.SCTP_AUTOCLOSE), 5),
    ],
)
def test_option_that_breaks_nothing(option):
    assert setup.plan_options(None, [option], ())


@pytest.mark.parametrize(
    "options",
    [{"a": 1}, [(1.0, 1)], [5], 5, [(1, 2, 3)], {1 << 31: 1}, {(1 << 31, 1): 1}],
)
def test_options_that_are_none(options):
    with pytest.raises((TypeError, ValueError), match="options"):
        setup.plan_options(None, options, ())


@pytest.mark.parametrize(
    "name", ["max_message", "max_unread", "max_total", "close_timeout"]
)
def test_limits(name):
    limits = setup.Limits(1, 1, 1, 0.0)
    assert limits.check() is limits
    with pytest.raises(ValueError, match=name):
        limits._replace(**{name: -1}).check()
    with pytest.raises((TypeError, ValueError), match=name):
        limits._replace(**{name: float("nan")}).check()


def test_payload_protocols():
    assert PayloadProtocol.NGAP == 60
    assert PayloadProtocol.DIAMETER.network.to_bytes(4, sys.byteorder) == b"\0\0\0\x2e"
    for member in PayloadProtocol:
        assert PayloadProtocol.from_network(member.network) is member
    unknown = PayloadProtocol.from_network(
        int.from_bytes((26).to_bytes(4, "big"), sys.byteorder)
    )
    assert unknown == 26 and type(unknown) is int


def test_core_waits_for_nothing():
    """The package and its core do not load the front ends. The public names of the
    layer can be imported by name."""
    program = """
import sys
import sctp
from sctp import AssociationRestarted, Message, MessageTooLong
from sctp import *
assert PayloadProtocol and parse_addresses
names = {}
exec("from sctp import *", names)
assert {"PayloadProtocol", "parse_addresses"} <= set(names)
assert not {"AssociationRestarted", "Message", "MessageTooLong"} & set(names)
assert not {"asyncio", "sctp.asyncio", "sctp.sync"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


@pytest.mark.parametrize("name", setup.Limits._fields)
@pytest.mark.parametrize("value", ["1", None, b"1"])
def test_limits_are_numbers(name, value):
    limits = setup.Limits(1, 1, 1, 1.0)._replace(**{name: value})
    with pytest.raises(TypeError, match=name):
        limits.check()


@pytest.mark.parametrize("name", setup.Limits._fields[:3])
def test_limits_of_bytes_are_whole_numbers(name):
    with pytest.raises(TypeError, match=name):
        setup.Limits(1, 1, 1, 1.0)._replace(**{name: 1.5}).check()


@pytest.mark.parametrize(
    ("streams", "error"),
    [((1,), ValueError), ((1, 2, 3), ValueError), ("3", TypeError), (1.5, TypeError)],
)
def test_streams_that_are_none_are_named(streams, error):
    with pytest.raises(error, match="streams"):
        setup.plan_options(streams, (), ())


@pytest.mark.parametrize(
    ("key", "error"), [("x", TypeError), ((1, 2, 3), ValueError), (1.5, TypeError)]
)
def test_options_that_are_none_are_named(key, error):
    with pytest.raises(error, match="options"):
        setup.plan_options(None, {key: 1}, ())


def test_port_of_digits_and_signs_is_no_service():
    with pytest.raises(ValueError, match="-1"):
        parse_addresses("127.0.0.1:-1")
