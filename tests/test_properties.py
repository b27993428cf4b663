"""Statements that are true for all values, tried with many that Hypothesis
generates."""

import copy
import errno
import ipaddress
import json
import pickle
import socket
import struct
import sys
from pathlib import Path
from socket import AF_INET, AF_INET6, MSG_EOR, SOCK_SEQPACKET, htons, inet_ntop

import pytest
from hypothesis import strategies as st

import sctp
from sctp import IPPROTO_SCTP, sctp_sndinfo
from sctp import ipaddr_to_sockaddr_storage as to_storage
from sctp import sockaddr_storage_to_ipaddr as to_address

LINUX = sys.platform == "linux"
SYSTEM = "linux" if LINUX else "freebsd"
LAYOUTS = json.loads(Path(__file__).with_name("layouts.json").read_text())
CODES = {(1, "u"): "B", (2, "u"): "H", (4, "u"): "I", (8, "u"): "Q", (4, "i"): "i"}

CLASSES = [
    cls
    for cls in vars(sctp).values()
    if isinstance(cls, type) and getattr(cls, "__c_size__", 0)
]
INFOS = [
    sctp.sctp_sndinfo,
    sctp.sctp_prinfo,
    sctp.sctp_authinfo,
    sctp.sctp_rcvinfo,
    sctp.sctp_nxtinfo,
]
HOLDERS = {
    sctp.sctp_sendv_spa: ("sndinfo", "prinfo", "authinfo"),
    sctp.sctp_recvv_rn: ("rcvinfo", "nxtinfo"),
}

each_class = pytest.mark.parametrize("cls", CLASSES)
each_info = pytest.mark.parametrize("cls", INFOS)
each_holder = pytest.mark.parametrize("cls", HOLDERS)


# Values

ports = st.integers(0, 0xFFFF)
ipv4_hosts = st.ip_addresses(v=4)
ipv4 = st.tuples(ipv4_hosts.map(str), ports)
# There are too few mapped addresses to find one by chance.
ipv6_hosts = st.ip_addresses(v=6) | ipv4_hosts.map(
    lambda host: ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + host.packed)
)
ipv6 = st.tuples(
    ipv6_hosts.map(lambda host: inet_ntop(AF_INET6, host.packed)),
    ports,
    st.integers(0, 0xFFFFF),
    st.integers(0, 0xFFFFFFFF),
)
addresses = ipv4 | ipv6


def as_returned(address):
    """The address tuple that must come back: with a scope if the address is local."""
    if len(address) == 2:
        return address
    host, port, flowinfo, scope = address
    packed = ipaddress.IPv6Address(host).packed
    unicast = packed[0] == 0xFE and packed[1] & 0xC0 == 0x80
    multicast = packed[0] == 0xFF and packed[1] & 0xF in (1, 2)
    return (host, port, flowinfo, scope if unicast or multicast else 0)


# Text that is not a valid host name, so that no name server is asked.
letters = "az09.:%/-_ \0\n\xfc\u0661\u20ac\udc80\U0001f600"
no_names = st.text(letters).map(lambda text: text + "..")
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**33), 2**33)
    | st.floats()
    | no_names
    | st.binary(max_size=200).map(lambda data: data + b"..")
    | st.binary(min_size=128, max_size=128)
    | addresses
    | st.builds(object)
)
anything = st.recursive(
    scalars,
    lambda items: (
        st.lists(items, max_size=5)
        | st.lists(items, max_size=5).map(tuple)
        | st.dictionaries(no_names, items, max_size=3)
    ),
    max_leaves=8,
)
policies = st.sampled_from(
    [
        sctp.SCTP_PR_SCTP_NONE,
        sctp.SCTP_PR_SCTP_TTL,
        sctp.SCTP_PR_SCTP_RTX,
        sctp.SCTP_PR_SCTP_PRIO,
    ]
)


def integers(size, sign):
    bits = 8 * size
    low, high = (-(1 << bits - 1), 1 << bits - 1) if sign == "i" else (0, 1 << bits)
    return st.integers(low, high - 1)


def layout_of(name):
    """The size of a structure, and its members as (offset, size, sign)."""
    layout = LAYOUTS[name.replace("default_snd", "snd")][SYSTEM]
    return layout["size"], layout["fields"]


def values_for(name, key):
    """The possible values of a member of a structure."""
    _, fields = layout_of(name)
    _, size, sign = fields[key]
    if key == "pr_policy":
        return policies
    if key == "sca_key":
        return st.none() | st.binary(max_size=300)
    if key == "srs_stream_list":
        return st.lists(st.integers(0, 0xFFFF), max_size=20).map(tuple)
    if key == "sstat_primary":
        return objects(sctp.sctp_paddrinfo)
    return integers(size, sign) if sign else addresses


def objects(cls):
    keys = list(cls())
    return st.fixed_dictionaries(
        {key: values_for(cls.__name__, key) for key in keys}
    ).map(lambda values: cls(**values))


def read_member(name, data, key):
    """The value of a member in a structure. Addresses are bytes."""
    offset, size, sign = layout_of(name)[1][key]
    if not sign:
        return data[offset : offset + size]
    order = "!" if key == "sue_port" else "="
    return struct.unpack_from(order + CODES[size, sign], data, offset)[0]


# Structures


@each_class
def test_structure_has_each_value_where_the_system_looks_for_it(cls, for_all):
    size, fields = layout_of(cls.__name__)

    @for_all(objects(cls))
    def check(option):
        data = option.to_bytes
        assert cls.size == size <= len(data)
        for key, value in option.items():
            _, width, sign = fields[key]
            found = read_member(cls.__name__, data, key)
            if sign:
                assert found == value
            elif key == "sstat_primary":
                assert found == value.to_bytes
            elif width:
                assert found == to_storage(value)
                assert to_address(found) == value
        tail = b""
        if cls is sctp.sctp_authkey:
            tail = option["sca_key"] or b""
            assert read_member("sctp_authkey", data, "sca_keylength") == len(tail)
        elif cls is sctp.sctp_reset_streams:
            streams = option["srs_stream_list"]
            tail = struct.pack(f"={len(streams)}H", *streams)
            count = read_member("sctp_reset_streams", data, "srs_number_streams")
            assert count == len(streams)
        # On Linux even an empty key has one byte.
        assert data[size:] in (tail, tail or b"\0")


@each_class
def test_structure_survives_copying_and_printing(cls, for_all):
    @for_all(objects(cls))
    def check(option):
        for other in (
            option.copy(),
            copy.copy(option),
            copy.deepcopy(option),
            pickle.loads(pickle.dumps(option)),
        ):
            assert type(other) is cls
            assert other == option == eval(repr(option))
            assert other.to_bytes == option.to_bytes


def assert_unchanged_if_refused(option, key, value, *errors):
    """Sets a key to a value in one of those ways. The value may be refused."""
    before = dict(option)
    try:
        option[key] = value
    except errors:
        assert dict(option) == before
        return False
    assert list(option) == list(before)
    return True


@each_class
def test_structure_takes_a_value_or_refuses_it(cls, for_all):
    """If a value is accepted, an object can be made with it, and the object has
    bytes."""
    keys = list(cls())

    @for_all(key=st.sampled_from(keys), value=anything)
    def check(key, value):
        option = cls()
        refused = TypeError, socket.gaierror  # for a name
        taken = assert_unchanged_if_refused(option, key, value, ValueError, *refused)
        try:
            assert cls(**{key: value}) == option
            assert taken
        except refused:
            assert not taken
        before = dict(option)
        try:
            assert option.set_value(key, value) is value
            assert taken
        except refused:
            assert not taken
        assert dict(option) == before
        if taken:
            with_name = isinstance(value, tuple) and bytes not in map(type, value)
            try:
                assert len(option.to_bytes) >= cls.size
            except (ValueError, socket.gaierror):
                assert with_name


def test_structure_takes_no_key_but_its_own(for_all):
    @for_all(cls=st.sampled_from(CLASSES), key=anything, value=anything)
    def check(cls, key, value):
        if type(key) is str:
            with pytest.raises(ValueError):
                cls(**{key: value})
        assert not assert_unchanged_if_refused(cls(), key, value, KeyError, TypeError)


# Infos


def values_of_info(cls):
    name = cls.__name__
    return st.fixed_dictionaries({key: values_for(name, key) for key in cls()})


@each_info
def test_info_is_its_values_and_survives_copying(cls, for_all):
    @for_all(values_of_info(cls))
    def check(values):
        info = cls(**values)
        assert info == values
        assert eval(repr(info)) == values
        for other in (
            info.copy(),
            copy.copy(info),
            copy.deepcopy(info),
            pickle.loads(pickle.dumps(info)),
        ):
            assert type(other) is cls
            assert other == info


@each_info
def test_info_takes_a_value_or_refuses_it(cls, for_all):
    @for_all(key=st.sampled_from(list(cls())), value=anything)
    def check(key, value):
        errors = TypeError, ValueError
        taken = assert_unchanged_if_refused(cls(), key, value, *errors)
        try:
            assert cls(**{key: value})[key] == value
            assert taken
        except errors:
            assert not taken


def test_info_takes_no_key_but_its_own(for_all):
    @for_all(cls=st.sampled_from(INFOS), key=anything, value=anything)
    def check(cls, key, value):
        if type(key) is str:
            with pytest.raises((TypeError, ValueError)):
                cls(**{key: value})
        assert not assert_unchanged_if_refused(cls(), key, value, KeyError, TypeError)


@each_holder
def test_holder_has_what_it_was_given_and_survives_copying(cls, for_all):
    members = HOLDERS[cls]
    classes = [getattr(sctp, f"sctp_{member}") for member in members]
    infos = st.tuples(
        *(
            st.none()
            | values_of_info(info).map(lambda values, info=info: info(**values))
            for info in classes
        )
    )

    @for_all(infos, infos, st.randoms(use_true_random=False))
    def check(given, others, random):
        def make(infos):
            infos = [info for info in infos if info is not None]
            random.shuffle(infos)
            return cls(infos)

        holder = make(given)
        assert tuple(getattr(holder, member) for member in members) == given
        assert (holder == make(others)) == (given == others)
        for other in (
            copy.copy(holder),
            copy.deepcopy(holder),
            pickle.loads(pickle.dumps(holder)),
        ):
            assert type(other) is cls
            assert other == holder


@each_holder
def test_holder_takes_a_value_or_refuses_it(cls, for_all):
    @for_all(member=st.sampled_from(HOLDERS[cls]), value=anything)
    def check(member, value):
        holder = cls()
        try:
            setattr(holder, member, value)
        except (TypeError, ValueError):
            assert holder == cls()
        else:
            assert value is None
        with pytest.raises((TypeError, ValueError)):
            cls([value])


# Addresses


def test_address_survives_the_round_trip(for_all):
    @for_all(addresses)
    def check(address):
        storage = to_storage(address)
        assert to_address(storage) == as_returned(address)
        host = ipaddress.ip_address(address[0])
        family, at = (AF_INET, 4) if host.version == 4 else (AF_INET6, 8)
        assert storage[at : at + len(host.packed)] == host.packed
        assert storage[2:4] == address[1].to_bytes(2, "big")
        assert to_address(storage)[0] == inet_ntop(family, host.packed)


def test_host_may_be_written_in_any_way(for_all):
    @for_all(ipv6_hosts)
    def check(host):
        packed = inet_ntop(AF_INET6, host.packed)
        for text in host.exploded, host.compressed.upper(), packed.encode():
            assert to_address(to_storage((text, 1, 0, 0))) == (packed, 1, 0, 0)


def test_what_is_no_address_is_refused_as_documented(for_all):
    numbers = st.integers() | st.integers(-1, 2**32) | scalars
    near = st.tuples(no_names | scalars, numbers) | st.tuples(
        no_names | scalars, numbers, numbers, numbers
    )

    @for_all(anything | near)
    def check(value):
        try:
            storage = to_storage(value)
        except (TypeError, ValueError, socket.gaierror):
            return
        host, *numbers = to_address(storage)
        given = (host, *(int(number) for number in value[1:]))
        assert (host, *numbers) == as_returned(given)
        ipaddress.ip_address(host)


def test_any_bytes_are_an_address_or_none(for_all):
    families = [to_storage(("", 0, *more))[:2] for more in ((), (0, 0))]

    @for_all(st.sampled_from([b"", *families]), st.binary(max_size=200))
    def check(family, data):
        address = to_address(family + data)
        # Flow labels have 20 bits: the kernel returns no longer ones, and we accept
        # none.
        if address[0] != "???" and max(address[2:3], default=0) < 1 << 20:
            assert to_address(to_storage(address)) == address


# Notifications

EVENTS = {
    "ASSOC_CHANGE": "sctp_assoc_change",
    "PEER_ADDR_CHANGE": "sctp_paddr_change",
    "REMOTE_ERROR": "sctp_remote_error",
    "SEND_FAILED": "sctp_send_failed",
    "SHUTDOWN_EVENT": "sctp_shutdown_event",
    "ADAPTATION_INDICATION": "sctp_adaptation_event",
    "PARTIAL_DELIVERY_EVENT": "sctp_pdapi_event",
    "AUTHENTICATION_EVENT": "sctp_authkey_event",
    "SENDER_DRY_EVENT": "sctp_sender_dry_event",
    "SEND_FAILED_EVENT": "sctp_send_failed_event",
    "STREAM_RESET_EVENT": "sctp_stream_reset_event",
    "ASSOC_RESET_EVENT": "sctp_assoc_reset_event",
    "STREAM_CHANGE_EVENT": "sctp_stream_change_event",
}
# Members that only the kernel uses.
HIDDEN = {"auth_altkeynumber"}
INFOS_OF_EVENTS = {"ssf_info": "sctp_sndrcvinfo", "ssfe_info": "sctp_sndinfo"}
CAUSES = {"sac_error", "sre_error", "ssf_error", "ssfe_error"}


def members_of(name):
    """The members of a notification's structure, by their keys in the dict."""
    for member, place in layout_of(EVENTS[name])[1].items():
        if name == "SEND_FAILED_EVENT" and member.startswith("ssf_"):
            member = member.replace("ssf_", "ssfe_")
        yield member, place


@st.composite
def notifications(draw, name):
    """The bytes of a notification, and the dict that they must give."""
    number = sctp.NotificationType[name]
    data = bytearray(layout_of(EVENTS[name])[0])
    parsed, tail = {"sn_type": int(number)}, b""

    def put(offset, size, sign, value):
        struct.pack_into("=" + CODES[size, sign], data, offset, value)

    for key, (offset, size, sign) in members_of(name):
        if key in INFOS_OF_EVENTS:
            info = {}
            for part, (at, width, kind) in layout_of(INFOS_OF_EVENTS[key])[1].items():
                info[part] = draw(integers(width, kind))
                put(offset + at, width, kind, info[part])
            parsed[key] = info
        elif key == "spc_aaddr":
            address = draw(addresses)
            parsed[key] = as_returned(address)
            data[offset : offset + size] = to_storage(address)
        elif key == "strreset_stream_list":
            parsed[key] = draw(st.lists(ports, max_size=20).map(tuple))
            tail = struct.pack(f"={len(parsed[key])}H", *parsed[key])
        elif size == 0:
            tail = draw(st.binary(max_size=200) | causes)
            if tail or key != "sac_info":
                has_features = parsed.get("sac_state") in WITH_FEATURES
                parsed[key] = tuple(tail) if has_features else tail
        elif key.endswith("_type"):
            put(offset, size, sign, number)
        elif not key.endswith("_length"):
            value = draw(integers(size, sign))
            if key in CAUSES:
                value &= 0xFFFF
                put(offset, size, sign, htons(value) if LINUX else value)
            else:
                put(offset, size, sign, value)
            if key not in HIDDEN:
                parsed[key] = value
    struct.pack_into("=I", data, 4, len(data) + len(tail))
    return bytes(data) + tail, parsed


causes = st.lists(
    st.tuples(st.integers(0, 20) | ports, st.integers(0, 300), st.binary(max_size=20)),
    max_size=5,
).map(lambda rows: b"".join(struct.pack("!HH", *row[:2]) + row[2] for row in rows))

each_event = pytest.mark.parametrize("name", EVENTS)
# The features of the association, instead of bytes (RFC 6458, section 6.1.1).
WITH_FEATURES = sctp.SCTP_COMM_UP, sctp.SCTP_RESTART


def assert_in_words(parsed):
    assert sctp.describe_notification(parsed).endswith(".")
    for cause, data in sctp.error_causes(parsed):
        assert isinstance(cause, int)
        assert isinstance(data, bytes)


@each_event
def test_notification_is_parsed_to_its_values(name, for_all):
    @for_all(notifications(name), st.binary(max_size=9))
    def check(notification, more):
        data, expected = notification
        parsed = sctp.parse_notification(data + more)
        assert parsed == expected
        assert_in_words(parsed)


@each_event
def test_notification_cut_off_is_refused(name, for_all):
    @for_all(st.data(), notifications(name))
    def check(source, notification):
        data, _ = notification
        length = source.draw(st.integers(0, len(data) - 1))
        with pytest.raises(OSError) as caught:
            sctp.parse_notification(data[:length])
        assert caught.value.errno == errno.EBADMSG


def test_any_bytes_are_a_notification_or_none(for_all):
    types = st.integers(0, 0xFFFF) | st.sampled_from(list(sctp.NotificationType))
    lengths = st.integers(0, 400) | st.integers(0, 0xFFFFFFFF)
    likely = st.builds(
        lambda head, rest: struct.pack("=HHI", *head) + rest,
        st.tuples(types, ports, lengths),
        st.binary(max_size=400),
    )

    @for_all(likely | st.binary(max_size=400))
    def check(data):
        try:
            parsed = sctp.parse_notification(data)
        except OSError as error:
            assert error.errno in (errno.EBADMSG, errno.EOPNOTSUPP)
        else:
            assert_in_words(parsed)


# Over an association

STREAMS = 64
BUFFER_KINDS = [bytes, bytearray, memoryview]


@pytest.fixture
def association(make_socket, make_listener, network):
    """A one-to-many socket with an association to another one."""
    receiver = make_listener(SOCK_SEQPACKET)
    sender = make_socket(network.family, SOCK_SEQPACKET)
    streams = sctp.sctp_initmsg(sinit_num_ostreams=STREAMS)
    sender.setsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG, streams)
    assoc_id = sender.sctp_connectx([receiver.getsockname()], assoc_id=True)
    return sender, assoc_id, receiver


@pytest.mark.kernel
@pytest.mark.parametrize("into", [False, True], ids=["recvv", "recvv_into"])
def test_message_arrives_as_it_was_sent(association, for_all, into):
    sender, assoc_id, receiver = association
    buffers = st.lists(
        st.builds(
            lambda kind, data: kind(data),
            st.sampled_from(BUFFER_KINDS),
            st.binary(max_size=100) | st.integers(0, 20_000).map(lambda n: b"\x5a" * n),
        ),
        max_size=20,
    ).filter(any)
    infos = st.fixed_dictionaries(
        {
            "snd_sid": st.integers(0, STREAMS - 1),
            "snd_flags": st.sampled_from([0, sctp.SCTP_UNORDERED]),
            "snd_ppid": st.integers(0, 0xFFFFFFFF),
            "snd_context": st.integers(0, 0xFFFFFFFF),
        }
    )
    cuts = st.lists(st.integers(0, 5000), max_size=5)
    contexts = st.integers(0, 0xFFFFFFFF)

    @for_all(buffers, infos, cuts, contexts)
    def check(data, info, cuts, context):
        value = sctp.sctp_assoc_value(assoc_value=context, assoc_id=2)
        receiver.setsockopt(IPPROTO_SCTP, sctp.SCTP_CONTEXT, value)
        sent = b"".join(data)
        sndinfo = sctp_sndinfo(**info, snd_assoc_id=assoc_id)
        assert sender.sctp_sendv(data, None, sndinfo) == len(sent)
        if into:
            room = [bytearray(size) for size in (*cuts, 1 << 19)]
            length, *rest = receiver.sctp_recvv_into(room)
            received = b"".join(room)[:length]
        else:
            received, *rest = receiver.sctp_recvv(1 << 19)
        _, rcvinfo, infotype, flags = rest
        assert received == sent
        assert flags == MSG_EOR
        assert infotype == sctp.SCTP_RECVV_RCVINFO
        assert rcvinfo["rcv_sid"] == info["snd_sid"]
        assert rcvinfo["rcv_ppid"] == info["snd_ppid"]
        assert rcvinfo["rcv_flags"] & sctp.SCTP_UNORDERED == info["snd_flags"]
        assert rcvinfo["rcv_context"] == context
