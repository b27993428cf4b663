"""Socket options: sets and reads every row of the table on real sockets."""

import array
import ctypes
import errno
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext, suppress
from socket import AF_INET, AF_INET6, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET
from typing import NamedTuple

import pytest
import system
from system import raises_errno

import sctp
from _sctp import sctp as core
from sctp import (
    IPPROTO_SCTP,
    SCTP_ALL_ASSOC,
    SCTP_CURRENT_ASSOC,
    SCTP_FUTURE_ASSOC,
    ChunkTypes,
    _socket,
)

pytestmark = pytest.mark.kernel

ROWS = {
    name: (number, structure, access)
    for name, number, structure, access, _ in core._options
}

FRESH_ONE, FRESH_MANY, ONE, MANY = ENDS = (
    "fresh-one-to-one",
    "fresh-one-to-many",
    "one-to-one",
    "one-to-many",
)
FRESH = (FRESH_ONE, FRESH_MANY)
CONNECTED = (ONE, MANY)


class Case(NamedTuple):
    """Values for the fields of the structure of an option, and the fields that
    select what is read. Also the kinds of sockets that have the option."""

    values: dict
    select: tuple = ()
    ends: tuple = ENDS
    all_scopes: bool = False


def offered(table):
    """The rows of options that this system has."""
    return {name: row for name, row in table.items() if name in ROWS}


# Options of an association, and options of a path.
UNKNOWN_THING = {"linux": errno.EINVAL, "freebsd": errno.ENOENT}
# Options of a one-to-one socket, which has one association.
NO_LIST = {"linux": errno.EOPNOTSUPP, "freebsd": errno.EINVAL}

if system.LINUX:
    SACK_DELAY = {"spp_sackdelay": 300}
    SACK_DELAY_FLAG = sctp.SPP_SACKDELAY_ENABLE
else:
    SACK_DELAY = {}
    SACK_DELAY_FLAG = 0

# Options that can be set and read back. The values differ from the defaults.
READ_WRITE = {
    "SCTP_RTOINFO": Case({"srto_initial": 700, "srto_max": 900, "srto_min": 600}),
    "SCTP_ASSOCINFO": Case({"sasoc_asocmaxrxt": 4, "sasoc_cookie_life": 5000}),
    "SCTP_INITMSG": Case(
        {
            "sinit_num_ostreams": 3,
            "sinit_max_instreams": 5,
            "sinit_max_attempts": 4,
            "sinit_max_init_timeo": 500,
        }
    ),
    "SCTP_PRIMARY_ADDR": Case({"ssp_addr": ("10.9.9.9", 9)}, ends=CONNECTED),
    "SCTP_ADAPTATION_LAYER": Case({"ssb_adaptation_ind": 0xFEDCBA98}),
    "SCTP_PEER_ADDR_PARAMS": Case(
        {
            "spp_hbinterval": 5000,
            "spp_pathmaxrxt": 3,
            "spp_pathmtu": 1400,
            "spp_flags": sctp.SPP_HB_ENABLE
            | sctp.SPP_PMTUD_DISABLE
            | SACK_DELAY_FLAG
            | sctp.SPP_DSCP,
            "spp_dscp": 0x50,
            **SACK_DELAY,
        }
    ),
    "SCTP_MAXSEG": Case({"assoc_value": 1000}),
    "SCTP_AUTH_ACTIVE_KEY": Case({"scact_keynumber": 5}, all_scopes=True),
    "SCTP_DELAYED_SACK": Case({"sack_delay": 300, "sack_freq": 5}, all_scopes=True),
    "SCTP_MAX_BURST": Case({"assoc_value": 9}, all_scopes=True),
    "SCTP_CONTEXT": Case({"assoc_value": 0xFEDCBA98}, all_scopes=True),
    "SCTP_EVENT": Case(
        {"se_type": sctp.SCTP_SHUTDOWN_EVENT, "se_on": 1}, ("se_type",), all_scopes=True
    ),
    "SCTP_DEFAULT_SNDINFO": Case(
        {
            "snd_sid": 3,
            "snd_flags": sctp.SCTP_UNORDERED,
            "snd_ppid": 0xFEDCBA98,
            "snd_context": 7,
        },
        all_scopes=True,
    ),
    "SCTP_DEFAULT_PRINFO": Case(
        {"pr_policy": sctp.SCTP_PR_SCTP_TTL, "pr_value": 5000}, all_scopes=True
    ),
    "SCTP_PEER_ADDR_THLDS": Case({"spt_pathmaxrxt": 7, "spt_pathpfthld": 3}),
    "SCTP_REMOTE_UDP_ENCAPS_PORT": Case({"sue_port": 9899}),
    "SCTP_ECN_SUPPORTED": Case({"assoc_value": 0}, ends=FRESH),
    "SCTP_PR_SUPPORTED": Case({"assoc_value": 0}, ends=FRESH),
    "SCTP_AUTH_SUPPORTED": Case({"assoc_value": 0}, ends=FRESH),
    "SCTP_ASCONF_SUPPORTED": Case({"assoc_value": 0}, ends=FRESH),
    "SCTP_RECONFIG_SUPPORTED": Case({"assoc_value": 0}, ends=FRESH),
    "SCTP_ENABLE_STREAM_RESET": Case(
        {
            "assoc_value": sctp.SCTP_ENABLE_RESET_STREAM_REQ
            | sctp.SCTP_ENABLE_CHANGE_ASSOC_REQ
        },
        all_scopes=True,
    ),
    "SCTP_STREAM_SCHEDULER": Case({"assoc_value": sctp.SCTP_SS_RR}, all_scopes=True),
    "SCTP_STREAM_SCHEDULER_VALUE": Case(
        {"stream_id": 3, "stream_value": 9}, ("stream_id",), CONNECTED
    ),
    "SCTP_INTERLEAVING_SUPPORTED": Case({"assoc_value": 1}, ends=FRESH),
    "SCTP_PEER_ADDR_THLDS_V2": Case(
        {"spt_pathmaxrxt": 7, "spt_pathpfthld": 3, "spt_pathcpthld": 5}
    ),
    "SCTP_EXPOSE_POTENTIALLY_FAILED_STATE": Case({"assoc_value": 2}),
    "SCTP_PLPMTUD_PROBE_INTERVAL": Case({"spi_interval": 6000}),
}
READ_WRITE = offered(READ_WRITE)

# Options that are a number: two values, and the kinds of sockets.
INTEGERS = {
    "SCTP_NODELAY": (0, 1, ENDS),
    "SCTP_AUTOCLOSE": (0, 5, (FRESH_MANY, MANY)),
    "SCTP_DISABLE_FRAGMENTS": (0, 1, ENDS),
    "SCTP_I_WANT_MAPPED_V4_ADDR": (0, 1, ENDS),
    "SCTP_FRAGMENT_INTERLEAVE": (0, 1, ENDS),
    "SCTP_PARTIAL_DELIVERY_POINT": (4000, 8000, ENDS),
    "SCTP_AUTO_ASCONF": (0, 1, CONNECTED),
    "SCTP_REUSE_PORT": (0, 1, (FRESH_ONE,)),
    "SCTP_RECVRCVINFO": (0, 1, ENDS),
    "SCTP_RECVNXTINFO": (0, 1, ENDS),
}
INTEGERS = offered(INTEGERS)


def number_of(name):
    return ROWS[name][0]


def class_of(name):
    return getattr(sctp, ROWS[name][1])


def id_key(cls):
    """The key of the association identifier, or None."""
    return next((key for key in cls.__fields__ if key.endswith("assoc_id")), None)


def make_option(name, assoc_id=0, **values):
    """Makes an object for an option. If the option has an association, it is set."""
    cls = class_of(name)
    key = id_key(cls)
    return cls(**values, **({} if key is None else {key: assoc_id}))


def read(sock, name, assoc_id=0, **select):
    return sock.getsockopt(
        IPPROTO_SCTP, number_of(name), make_option(name, assoc_id, **select)
    )


def write(sock, name, assoc_id=0, **values):
    option = make_option(name, assoc_id, **values)
    sock.setsockopt(IPPROTO_SCTP, number_of(name), option)


def read_case(sock, name, assoc_id=0):
    case = READ_WRITE[name]
    return read(sock, name, assoc_id, **{key: case.values[key] for key in case.select})


def prepare(sock, assoc_id=0):
    """Prepares for some options: a key with the number 5, streams with priorities,
    and messages that may be interleaved."""
    write(sock, "SCTP_AUTH_KEY", assoc_id, sca_keynumber=5, sca_key=b"secret")
    write(sock, "SCTP_STREAM_SCHEDULER", assoc_id, assoc_value=sctp.SCTP_SS_PRIO)
    level = 1 if system.LINUX else 2  # Linux turns 2 into 1
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, level)


def is_established(sock, assoc_id):
    with suppress(OSError):
        status = read(sock, "SCTP_STATUS", assoc_id)
        return status["sstat_state"] == sctp.SCTP_ESTABLISHED
    return False


def wait_until(condition, *args):
    deadline = time.monotonic() + 10
    while not condition(*args):
        assert time.monotonic() < deadline
        time.sleep(0.01)


class End:
    """A socket and its association. The identifier is 0 for new associations and on
    a one-to-one socket."""

    def __init__(self, kind, sock, assoc_id=0):
        self.kind = kind
        self.sock = sock
        self.assoc_id = assoc_id
        prepare(sock, assoc_id)

    def other_path(self):
        """An address of the peer that is not the primary address."""
        primary = read(self.sock, "SCTP_PRIMARY_ADDR", self.assoc_id)["ssp_addr"]
        return next(
            address
            for address in self.sock.sctp_getpaddrs(self.assoc_id)
            if address != primary
        )

    def local_address(self):
        """An address of the association that is not the loopback address."""
        return next(
            address
            for address in self.sock.sctp_getladdrs(self.assoc_id)
            if address[0] in ("10.1.0.1", "fd00:1::1")
        )


@pytest.fixture
def make_end(make_socket, make_pair, make_many, network):
    def make(kind):
        if kind == ONE:
            return End(kind, make_pair(homes=2)[0])
        if kind == MANY:
            client, assoc_id, _ = make_many(homes=2)
            return End(kind, client, assoc_id)
        type = SOCK_STREAM if kind == FRESH_ONE else SOCK_SEQPACKET
        return End(kind, make_socket(network.family, type))

    return make


@pytest.fixture
def end(request, make_end):
    return make_end(request.param)


@pytest.fixture
def fresh(make_socket):
    return make_socket(AF_INET, SOCK_STREAM)


def ends_of(table, accept=lambda case, kind: kind in case.ends):
    """Parameters (option, end) for the ends that accept() accepts."""
    return pytest.mark.parametrize(
        ("name", "end"),
        [
            pytest.param(name, kind, id=f"{name}-{kind}")
            for name, case in table.items()
            for kind in ENDS
            if accept(case, kind)
        ],
        indirect=["end"],
    )


def values_for(end, name):
    values = dict(READ_WRITE[name].values)
    if name == "SCTP_PRIMARY_ADDR":
        values["ssp_addr"] = end.other_path()
    return values


# The table


@pytest.mark.linux  # FreeBSD has some more
def test_every_option_has_a_case():
    lists = {"SCTP_HMAC_IDENT"}
    tables = {
        "read, write": {*READ_WRITE, *INTEGERS, *lists},
        "read": {*READ_ONLY},
        "write": {*WRITE_ONLY},
    }
    for access, names in tables.items():
        assert names == {name for name, row in ROWS.items() if row[2] == access}


# Set, and read back


@ends_of(READ_WRITE)
def test_structure_is_set_and_read_back(name, end):
    values = values_for(end, name)
    option = read_case(end.sock, name, end.assoc_id)
    assert type(option) is class_of(name)
    assert {key: option[key] for key in values} != values
    option.update(values)
    assert end.sock.setsockopt(IPPROTO_SCTP, number_of(name), option) is None
    assert read_case(end.sock, name, end.assoc_id) == option


@ends_of(READ_WRITE, lambda case, kind: kind not in case.ends and kind in FRESH)
def test_structure_of_an_association_needs_one(name, end):
    with pytest.raises(OSError) as raised:
        read_case(end.sock, name)
    assert raised.value.errno == errno.EINVAL


@pytest.mark.parametrize("shuffle", [reversed, sorted], ids=["reversed", "sorted"])
@ends_of(READ_WRITE)
def test_order_of_keys_does_not_matter(name, end, shuffle):
    values = values_for(end, name)
    option = read_case(end.sock, name, end.assoc_id)
    option.update(values)
    shuffled = type(option)()
    shuffled.clear()
    for key in shuffle(list(option)):
        shuffled[key] = option[key]
    end.sock.setsockopt(IPPROTO_SCTP, number_of(name), shuffled)
    result = read_case(end.sock, name, end.assoc_id)
    assert result == option
    assert list(result) == list(class_of(name).__fields__)


@ends_of(INTEGERS, lambda case, kind: kind in case[2])
def test_number_is_set_and_read_back(name, end):
    low, high, _ = INTEGERS[name]
    values = [high, low, high]
    if not system.LINUX and name == "SCTP_REUSE_PORT":
        values = [high]  # it cannot be undone
    mapped = name == "SCTP_I_WANT_MAPPED_V4_ADDR"
    if mapped and not system.LINUX and end.sock.family == AF_INET:
        with raises_errno(errno.EINVAL):
            end.sock.setsockopt(IPPROTO_SCTP, number_of(name), high)
        return
    for value in values:
        end.sock.setsockopt(IPPROTO_SCTP, number_of(name), value)
        assert end.sock.getsockopt(IPPROTO_SCTP, number_of(name)) == value


@pytest.mark.linux  # FreeBSD takes some
@ends_of(INTEGERS, lambda case, kind: kind not in case[2])
def test_number_is_refused_where_the_socket_has_no_such_thing(name, end):
    _, high, _ = INTEGERS[name]
    with pytest.raises(OSError):
        end.sock.setsockopt(IPPROTO_SCTP, number_of(name), high)


@pytest.mark.parametrize("end", ENDS, indirect=True)
def test_algorithms_are_set_and_read_back(end):
    def algorithms():
        return end.sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_HMAC_IDENT)

    sha1, sha256 = sctp.SCTP_AUTH_HMAC_ID_SHA1, sctp.SCTP_AUTH_HMAC_ID_SHA256
    for value in ((sha256, sha1), [sha1, sha256], (sha1,)):
        end.sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_HMAC_IDENT, value)
        assert algorithms() == tuple(value)


# The paths of an association


@pytest.mark.parametrize("end", CONNECTED, indirect=True)
@pytest.mark.parametrize(
    "name",
    [
        name
        for name in (
            "SCTP_PEER_ADDR_PARAMS",
            "SCTP_PEER_ADDR_THLDS",
            "SCTP_PEER_ADDR_THLDS_V2",
            "SCTP_PLPMTUD_PROBE_INTERVAL",
            "SCTP_REMOTE_UDP_ENCAPS_PORT",
        )
        if name in ROWS
    ],
)
@pytest.mark.parametrize("form", ["tuple", "bytes"])
def test_option_of_one_path_leaves_the_other(end, name, form):
    key = next(key for key in class_of(name).__fields__ if key.endswith("_address"))
    first, second = end.sock.sctp_getpaddrs(end.assoc_id)
    before = read(end.sock, name, end.assoc_id, **{key: first})
    assert before[key] == first
    option = read(end.sock, name, end.assoc_id, **{key: second})
    option.update(READ_WRITE[name].values)
    if form == "bytes":
        option[key] = sctp.ipaddr_to_sockaddr_storage(second)
    end.sock.setsockopt(IPPROTO_SCTP, number_of(name), option)
    assert read(end.sock, name, end.assoc_id, **{key: second}) == option
    assert read(end.sock, name, end.assoc_id, **{key: first}) == before


@pytest.mark.parametrize("end", CONNECTED, indirect=True)
def test_unknown_path_is_refused(end, network):
    stranger = network.address(3, 1, 9)
    with raises_errno(UNKNOWN_THING):
        read(end.sock, "SCTP_GET_PEER_ADDR_INFO", end.assoc_id, spinfo_address=stranger)


def test_flow_label_is_set_and_read_back(make_socket):
    sock = make_socket(AF_INET6, SOCK_STREAM)
    label = {"spp_flags": sctp.SPP_IPV6_FLOWLABEL, "spp_ipv6_flowlabel": 0x12345}
    write(sock, "SCTP_PEER_ADDR_PARAMS", **label)
    option = read(sock, "SCTP_PEER_ADDR_PARAMS")
    assert option["spp_ipv6_flowlabel"] == 0x12345
    assert option["spp_flags"] & sctp.SPP_IPV6_FLOWLABEL


# Associations: future, current and all


@pytest.fixture
def associations(make_listener, make_socket, network):
    """A one-to-many socket with two associations, and a function that makes another."""

    class Associations:
        def __init__(self):
            self.sock = make_socket(network.family, SOCK_SEQPACKET)
            self.current = [self.another(), self.another()]
            prepare(self.sock, SCTP_ALL_ASSOC)

        def another(self):
            listener = make_listener(SOCK_SEQPACKET)
            prepare(listener)
            write(listener, "SCTP_INTERLEAVING_SUPPORTED", assoc_value=1)
            assoc_id = self.begin(listener.getsockname())
            wait_until(is_established, self.sock, assoc_id)
            return assoc_id

        def begin(self, address):
            return self.sock.sctp_connectx([address], assoc_id=True)

        def values(self, name, *assoc_ids):
            keys = READ_WRITE[name].values
            found = [read_case(self.sock, name, assoc_id) for assoc_id in assoc_ids]
            return [{key: option[key] for key in keys} for option in found]

    return Associations()


SCOPED = [
    name
    for name, case in READ_WRITE.items()
    if id_key(class_of(name)) and {*case.ends} >= {*FRESH}
]
for_all_scopes = pytest.mark.parametrize(
    "name", [name for name in SCOPED if READ_WRITE[name].all_scopes]
)
for_one_or_the_future = pytest.mark.parametrize(
    "name", [name for name in SCOPED if not READ_WRITE[name].all_scopes]
)


@pytest.mark.parametrize("name", SCOPED)
def test_option_of_future_associations_leaves_the_current(name, associations, network):
    values = READ_WRITE[name].values
    before = associations.values(name, *associations.current)
    assert values not in before
    write(associations.sock, name, SCTP_FUTURE_ASSOC, **values)
    if name == "SCTP_REMOTE_UDP_ENCAPS_PORT":
        # No peer answers here: the kernel would change to a peer that answers without
        # UDP.
        third = associations.begin(network.address(1, 99, 5))
    else:
        third = associations.another()
    assert associations.values(name, SCTP_FUTURE_ASSOC, third) == [values, values]
    assert associations.values(name, *associations.current) == before


@for_all_scopes
def test_option_of_current_associations_leaves_the_future(name, associations):
    values = READ_WRITE[name].values
    (before,) = associations.values(name, SCTP_FUTURE_ASSOC)
    assert before != values
    write(associations.sock, name, SCTP_CURRENT_ASSOC, **values)
    third = associations.another()
    assert associations.values(name, *associations.current) == [values, values]
    assert associations.values(name, SCTP_FUTURE_ASSOC, third) == [before, before]


@for_all_scopes
def test_option_of_all_associations(name, associations):
    values = READ_WRITE[name].values
    assert values not in associations.values(name, SCTP_FUTURE_ASSOC)
    write(associations.sock, name, SCTP_ALL_ASSOC, **values)
    third = associations.another()
    everything = (SCTP_FUTURE_ASSOC, *associations.current, third)
    assert associations.values(name, *everything) == [values] * 4


@for_one_or_the_future
def test_other_options_are_for_one_or_the_future(name, associations):
    before = associations.values(name, SCTP_FUTURE_ASSOC, *associations.current)
    for scope in (SCTP_CURRENT_ASSOC, SCTP_ALL_ASSOC):
        with pytest.raises(OSError) as raised:
            write(associations.sock, name, scope, **READ_WRITE[name].values)
        assert raised.value.errno == errno.EINVAL
    after = associations.values(name, SCTP_FUTURE_ASSOC, *associations.current)
    assert after == before


@for_all_scopes
def test_option_of_one_association_leaves_the_others(name, associations):
    values = READ_WRITE[name].values
    first, second = associations.current
    (before,) = associations.values(name, second)
    write(associations.sock, name, first, **values)
    assert associations.values(name, first) == [values]
    assert associations.values(name, second, SCTP_FUTURE_ASSOC) == [before, before]


def test_weight_of_a_stream_is_for_one_or_the_current(associations):
    name, weight = "SCTP_STREAM_SCHEDULER_VALUE", {"stream_id": 3, "stream_value": 9}
    write(associations.sock, name, SCTP_CURRENT_ASSOC, **weight)
    assert associations.values(name, *associations.current) == [weight, weight]
    for scope in (SCTP_FUTURE_ASSOC, SCTP_ALL_ASSOC):
        with pytest.raises(OSError):
            write(associations.sock, name, scope, **weight)


@pytest.mark.parametrize(
    "scope",
    [SCTP_FUTURE_ASSOC, SCTP_CURRENT_ASSOC, SCTP_ALL_ASSOC],
    ids=["future", "current", "all"],
)
def test_key_is_for_the_associations_of_its_scope(associations, scope):
    sock, current = associations.sock, associations.current
    write(sock, "SCTP_AUTH_KEY", scope, sca_keynumber=13, sca_key=b"some secret")
    has_it = {
        SCTP_FUTURE_ASSOC: [SCTP_FUTURE_ASSOC],
        SCTP_CURRENT_ASSOC: current,
        SCTP_ALL_ASSOC: [SCTP_FUTURE_ASSOC, *current],
    }[scope]
    for assoc_id in (SCTP_FUTURE_ASSOC, *current):
        expected = nullcontext() if assoc_id in has_it else pytest.raises(OSError)
        with expected:
            write(sock, "SCTP_AUTH_ACTIVE_KEY", assoc_id, scact_keynumber=13)
    write(sock, "SCTP_AUTH_ACTIVE_KEY", SCTP_ALL_ASSOC, scact_keynumber=5)
    write(sock, "SCTP_AUTH_DEACTIVATE_KEY", scope, scact_keynumber=13)
    if system.LINUX:
        write(sock, "SCTP_AUTH_DELETE_KEY", scope, scact_keynumber=13)
    for assoc_id in (SCTP_FUTURE_ASSOC, *current):
        with pytest.raises(OSError):
            write(sock, "SCTP_AUTH_ACTIVE_KEY", assoc_id, scact_keynumber=13)


def test_unknown_association_is_refused(associations):
    unknown = max(associations.current) + 1000
    for name in SCOPED:
        with raises_errno(UNKNOWN_THING):
            read_case(associations.sock, name, unknown)
        with raises_errno(UNKNOWN_THING):
            write(associations.sock, name, unknown, **READ_WRITE[name].values)


# What can only be read


def check_status(end):
    status = read(end.sock, "SCTP_STATUS", end.assoc_id)
    primary = read(end.sock, "SCTP_PRIMARY_ADDR", end.assoc_id)["ssp_addr"]
    assert end.assoc_id in (0, status["sstat_assoc_id"])
    assert status["sstat_state"] == sctp.SCTP_ESTABLISHED
    assert (status["sstat_unackdata"], status["sstat_penddata"]) == (0, 0)
    assert type(status["sstat_primary"]) is sctp.sctp_paddrinfo
    assert status["sstat_primary"]["spinfo_address"] == primary
    assert status["sstat_primary"]["spinfo_state"] == sctp.SCTP_ACTIVE
    assert status["sstat_primary"]["spinfo_assoc_id"] == status["sstat_assoc_id"]


def check_path(end):
    status = read(end.sock, "SCTP_STATUS", end.assoc_id)
    path = read(
        end.sock,
        "SCTP_GET_PEER_ADDR_INFO",
        end.assoc_id,
        spinfo_address=status["sstat_primary"]["spinfo_address"],
    )
    assert path == status["sstat_primary"]
    assert path["spinfo_mtu"] > 1000
    if system.LINUX:  # FreeBSD has measured it by then
        assert path["spinfo_rto"] == 3000


def check_chunks(end, name="SCTP_LOCAL_AUTH_CHUNKS"):
    chunks = end.sock.getsockopt(IPPROTO_SCTP, number_of(name), end.assoc_id)
    assert list(chunks) == ["gauth_assoc_id", "gauth_chunks"]
    assert chunks["gauth_assoc_id"] == end.assoc_id
    assert {*chunks["gauth_chunks"]} == {ChunkTypes.ASCONF, ChunkTypes.ASCONF_ACK}
    assert end.sock.getsockopt(IPPROTO_SCTP, number_of(name), chunks) == chunks


def check_peer_chunks(end):
    check_chunks(end, "SCTP_PEER_AUTH_CHUNKS")


def check_number(end):
    if end.kind == ONE:
        with raises_errno(NO_LIST):
            end.sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_NUMBER)
    else:
        assert end.sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_NUMBER) == 1


def check_ids(end):
    if end.kind == ONE:
        with raises_errno(NO_LIST):
            end.sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_ID_LIST)
    else:
        ids = end.sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_ID_LIST)
        assert ids == (end.assoc_id,)


def check_abandoned(end, name="SCTP_PR_ASSOC_STATUS"):
    select = {"sprstat_sid": 1, "sprstat_policy": sctp.SCTP_PR_SCTP_ALL}
    status = read(end.sock, name, end.assoc_id, **select)
    assert status == {
        "sprstat_assoc_id": end.assoc_id,
        **select,
        "sprstat_abandoned_unsent": 0,
        "sprstat_abandoned_sent": 0,
    }


def check_abandoned_of_stream(end):
    check_abandoned(end, "SCTP_PR_STREAM_STATUS")


def check_statistics(end):
    statistics = read(end.sock, "SCTP_GET_ASSOC_STATS", end.assoc_id)
    assert statistics["sas_assoc_id"] == end.assoc_id
    assert statistics["sas_opackets"] >= 2
    assert statistics["sas_octrlchunks"] >= 2
    primary = read(end.sock, "SCTP_PRIMARY_ADDR", end.assoc_id)["ssp_addr"]
    assert statistics["sas_obs_rto_ipaddr"] == primary


READ_ONLY = {
    "SCTP_STATUS": check_status,
    "SCTP_GET_PEER_ADDR_INFO": check_path,
    "SCTP_PEER_AUTH_CHUNKS": check_peer_chunks,
    "SCTP_LOCAL_AUTH_CHUNKS": check_chunks,
    "SCTP_GET_ASSOC_NUMBER": check_number,
    "SCTP_GET_ASSOC_ID_LIST": check_ids,
    "SCTP_PR_STREAM_STATUS": check_abandoned_of_stream,
    "SCTP_PR_ASSOC_STATUS": check_abandoned,
    "SCTP_GET_ASSOC_STATS": check_statistics,
}
READ_ONLY = offered(READ_ONLY)


@ends_of(READ_ONLY, lambda _, kind: kind in CONNECTED)
def test_read_only_option_is_read(name, end):
    READ_ONLY[name](end)


@ends_of(READ_ONLY, lambda _, kind: kind in CONNECTED)
def test_read_only_option_cannot_be_set(name, end):
    chunks = {"gauth_assoc_id": end.assoc_id, "gauth_chunks": (ChunkTypes.DATA,)}
    no_objects = {
        "SCTP_GET_ASSOC_NUMBER": 1,
        "SCTP_GET_ASSOC_ID_LIST": (1,),
        "SCTP_LOCAL_AUTH_CHUNKS": chunks,
        "SCTP_PEER_AUTH_CHUNKS": chunks,
    }
    value = no_objects.get(name) or make_option(name, end.assoc_id)
    with pytest.raises(OSError) as raised:
        end.sock.setsockopt(IPPROTO_SCTP, number_of(name), value)
    if ROWS[name][1] is not None:
        assert raised.value.__notes__ == [f"{name} is read-only."]


def test_list_of_thousands_of_associations_is_complete(make_socket):
    """The list is longer than the buffer of the first try."""
    sock = make_socket(AF_INET, SOCK_SEQPACKET)
    # No peer answers, so the associations do not change their state.
    ids = [
        sock.sctp_connectx([("10.1.0.99", port)], assoc_id=True)
        for port in range(1, 4201)
    ]
    found = sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_ID_LIST)
    assert sorted(found) == sorted(ids)
    assert sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_NUMBER) == len(ids)


@pytest.fixture
def as_on_freebsd(monkeypatch):
    """Names all paths by the wildcard address, which Linux accepts as well."""
    offsets = {
        name: offset
        for name in ("sctp_paddrparams", "sctp_paddrthlds", "sctp_udpencaps")
        for _, code, offset, _ in core._describe(name)[1]
        if code == "128s"
    }
    readers = _socket._READERS | dict.fromkeys(offsets, _socket._read_paths)
    monkeypatch.setattr(_socket, "_ALL_PATHS", offsets)
    monkeypatch.setattr(_socket, "_READERS", readers)


@pytest.mark.linux
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(
    ("name", "address", "key"),
    [
        ("SCTP_PEER_ADDR_PARAMS", "spp_address", "spp_pathmaxrxt"),
        ("SCTP_PEER_ADDR_THLDS", "spt_address", "spt_pathmaxrxt"),
        ("SCTP_REMOTE_UDP_ENCAPS_PORT", "sue_address", "sue_port"),
    ],
)
def test_freebsd_gets_the_wildcard_for_all_paths(
    as_on_freebsd, make_socket, host, name, address, key
):
    rest = (0, 0) if host == "::1" else ()
    sock = make_socket(AF_INET6 if rest else AF_INET, SOCK_STREAM)
    wildcard = ("::" if rest else "0.0.0.0", 0, *rest)
    option = sock.getsockopt(IPPROTO_SCTP, number_of(name))
    assert (type(option), option[address]) == (class_of(name), wildcard)
    option = class_of(name)(**{key: 77})
    sock.setsockopt(IPPROTO_SCTP, number_of(name), option)
    for value in (None, option, class_of(name)(**{address: wildcard})):
        found = sock.getsockopt(IPPROTO_SCTP, number_of(name), value)
        assert (found[address], found[key]) == (wildcard, 77)
    assert not any(option[address])


# Options that can only be set, with a value. Other tests check their effects.

WRITE_ONLY = {
    "SCTP_SET_PEER_PRIMARY_ADDR": lambda end: sctp.sctp_setpeerprim(
        sspp_assoc_id=end.assoc_id,
        sspp_addr=end.local_address(),
    ),
    "SCTP_AUTH_CHUNK": lambda _: sctp.sctp_authchunk(sauth_chunk=ChunkTypes.DATA),
    "SCTP_AUTH_KEY": lambda end: sctp.sctp_authkey(
        sca_assoc_id=end.assoc_id, sca_keynumber=13, sca_key=b"some secret"
    ),
    "SCTP_AUTH_DEACTIVATE_KEY": lambda end: sctp.sctp_authkeyid(
        scact_assoc_id=end.assoc_id, scact_keynumber=5
    ),
    "SCTP_AUTH_DELETE_KEY": lambda end: sctp.sctp_authkeyid(
        scact_assoc_id=end.assoc_id, scact_keynumber=5
    ),
    "SCTP_RESET_STREAMS": lambda end: sctp.sctp_reset_streams(
        srs_assoc_id=end.assoc_id,
        srs_flags=sctp.SCTP_STREAM_RESET_OUTGOING,
        srs_stream_list=(0, 1),
    ),
    "SCTP_RESET_ASSOC": lambda end: end.assoc_id,
    "SCTP_ADD_STREAMS": lambda end: sctp.sctp_add_streams(
        sas_assoc_id=end.assoc_id, sas_outstrms=2
    ),
}


@ends_of(WRITE_ONLY, lambda _, kind: kind in CONNECTED)
def test_write_only_option_is_set(name, end):
    write(end.sock, "SCTP_ENABLE_STREAM_RESET", end.assoc_id, assoc_value=7)
    value = WRITE_ONLY[name](end)
    assert end.sock.setsockopt(IPPROTO_SCTP, number_of(name), value) is None


@ends_of(WRITE_ONLY, lambda _, kind: kind in CONNECTED)
def test_write_only_option_cannot_be_read(name, end):
    value = WRITE_ONLY[name](end)
    for optval in (value, None):
        with pytest.raises(OSError) as raised:
            end.sock.getsockopt(IPPROTO_SCTP, number_of(name), optval)
        if ROWS[name][1] is not None:
            assert raised.value.__notes__ == [f"{name} is write-only."]


# sctp_opt_info


@pytest.mark.parametrize("end", CONNECTED, indirect=True)
def test_opt_info_is_getsockopt_for_an_association(end):
    option = sctp.sctp_status()
    result = end.sock.sctp_opt_info(end.assoc_id, sctp.SCTP_STATUS, option)
    assert result == read(end.sock, "SCTP_STATUS", end.assoc_id)
    assert type(result) is sctp.sctp_status
    assert option["sstat_assoc_id"] == end.assoc_id


def test_opt_info_without_an_identifier_means_zero(make_pair, make_many):
    client, _ = make_pair()
    option = sctp.sctp_assoc_value(assoc_id=77)
    assert client.sctp_opt_info(sctp.SCTP_MAXSEG, option)["assoc_value"] > 1000
    assert option["assoc_id"] == 0
    many, *_ = make_many()
    with raises_errno(errno.EINVAL):
        many.sctp_opt_info(sctp.SCTP_STATUS, sctp.sctp_status())


def test_opt_info_takes_its_documented_names_as_keywords(make_many):
    client, assoc_id, _ = make_many()
    expected = read(client, "SCTP_STATUS", assoc_id)
    for args, kwds in (
        ((assoc_id, sctp.SCTP_STATUS), ("optval",)),
        ((assoc_id,), ("optname", "optval")),
        ((), ("id", "optname", "optval")),
        ((sctp.SCTP_STATUS,), ("id", "optval")),
        ((sctp.SCTP_STATUS, sctp.sctp_status()), ("id",)),
    ):
        given = {
            "id": assoc_id,
            "optname": sctp.SCTP_STATUS,
            "optval": sctp.sctp_status(),
        }
        found = client.sctp_opt_info(*args, **{name: given[name] for name in kwds})
        assert found == expected


def test_opt_info_without_an_identifier_takes_keywords(make_pair):
    client, _ = make_pair()
    expected = read(client, "SCTP_RTOINFO")
    option = sctp.sctp_rtoinfo(srto_assoc_id=7)
    assert client.sctp_opt_info(sctp.SCTP_RTOINFO, optval=option) == expected
    assert option["srto_assoc_id"] == 0
    found = client.sctp_opt_info(optname=sctp.SCTP_RTOINFO, optval=option)
    assert found == expected


@pytest.mark.parametrize(
    ("args", "kwds"),
    [
        ((), {}),
        ((), {"id": 0}),
        ((), {"id": 0, "optname": 0}),
        ((), {"id": 0, "optval": sctp.sctp_rtoinfo()}),
        ((0,), {"id": 0, "optname": 0, "optval": sctp.sctp_rtoinfo()}),
        ((0, 0, sctp.sctp_rtoinfo()), {"id": 0}),
        ((0, sctp.sctp_rtoinfo()), {"optval": sctp.sctp_rtoinfo()}),
        ((0, sctp.sctp_rtoinfo()), {"assoc_id": 0}),
        ((0, 0, sctp.sctp_rtoinfo()), {"assoc_id": 0}),
        ((0, sctp.sctp_rtoinfo()), {"value": 0, "id": 0}),
    ],
)
def test_opt_info_refuses_other_arguments(fresh, args, kwds):
    with pytest.raises(TypeError):
        fresh.sctp_opt_info(*args, **kwds)


def test_opt_info_of_an_object_with_a_key_that_is_no_name(fresh):
    option = sctp.sctp_initmsg()
    option.update({5: 1})
    with pytest.raises(ValueError, match="sctp_initmsg has no association"):
        fresh.sctp_opt_info(sctp.SCTP_INITMSG, option)
    option = sctp.sctp_rtoinfo()
    option.update({5: 1})
    with pytest.raises(ValueError, match="sctp_rtoinfo: unknown key 5"):
        fresh.sctp_opt_info(sctp.SCTP_RTOINFO, option)


def test_opt_info_ignores_the_identifier_on_a_one_to_one_socket(make_pair):
    client, _ = make_pair()
    status = client.sctp_opt_info(12345, sctp.SCTP_STATUS, sctp.sctp_status())
    assert status == client.sctp_opt_info(sctp.SCTP_STATUS, sctp.sctp_status())


def test_opt_info_takes_all_options_of_a_class(make_many):
    client, assoc_id, _ = make_many()
    for name, (number, structure, access) in ROWS.items():
        if structure == "sctp_assoc_value" and "read" in access:
            value = client.sctp_opt_info(assoc_id, number, sctp.sctp_assoc_value())
            assert value == read(client, name, assoc_id)


def test_opt_info_takes_a_sndinfo(make_many):
    client, assoc_id, _ = make_many()
    write(client, "SCTP_DEFAULT_SNDINFO", assoc_id, snd_sid=4)
    for info in (sctp.sctp_sndinfo(), sctp.sctp_default_sndinfo()):
        found = client.sctp_opt_info(assoc_id, sctp.SCTP_DEFAULT_SNDINFO, info)
        assert type(found) is type(info)
        assert (found["snd_sid"], found["snd_assoc_id"]) == (4, assoc_id)


def test_opt_info_needs_a_field_for_the_association(fresh):
    for cls in (sctp.sctp_initmsg, sctp.sctp_setadaptation, sctp.sctp_authchunk):
        with pytest.raises(ValueError, match=f"{cls.__name__} has no association"):
            fresh.sctp_opt_info(0, cls.__optname__, cls())


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ((), TypeError),
        ((sctp.SCTP_STATUS,), TypeError),
        ((0, sctp.SCTP_STATUS, sctp.sctp_status(), 0), TypeError),
        ((sctp.SCTP_STATUS, {"sstat_assoc_id": 0}), TypeError),
        ((sctp.SCTP_STATUS, None), TypeError),
        (("1", sctp.SCTP_STATUS, sctp.sctp_status()), TypeError),
        ((2**32, sctp.SCTP_STATUS, sctp.sctp_status()), ValueError),
        ((0, sctp.SCTP_STATUS, sctp.sctp_rtoinfo()), TypeError),
    ],
)
def test_opt_info_refuses_wrong_arguments(fresh, args, error):
    with pytest.raises(error):
        fresh.sctp_opt_info(*args)


# Objects and numbers for an option


def test_missing_object_means_the_defaults(fresh):
    for name in ("SCTP_RTOINFO", "SCTP_INITMSG", "SCTP_ADAPTATION_LAYER"):
        found = fresh.getsockopt(IPPROTO_SCTP, number_of(name))
        assert type(found) is class_of(name)
        assert found == read(fresh, name)


def test_default_sndinfo_comes_as_what_was_given(fresh):
    info = sctp.sctp_sndinfo(snd_sid=2, snd_ppid=7)
    fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_DEFAULT_SNDINFO, info)
    for given in (None, sctp.sctp_sndinfo()):
        found = fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_DEFAULT_SNDINFO, given)
        assert (type(found), found) == (sctp.sctp_sndinfo, info)
    found = read(fresh, "SCTP_DEFAULT_SNDINFO")
    assert (type(found), found) == (sctp.sctp_default_sndinfo, info)


def test_class_derived_by_an_application_serves_as_well(fresh):
    class timeouts(sctp.sctp_rtoinfo):
        """A class that an application defines."""

    fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO, timeouts(srto_min=700))
    found = fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_RTOINFO, timeouts())
    assert (type(found), found["srto_min"]) == (sctp.sctp_rtoinfo, 700)


def test_option_of_a_subclass_of_the_socket(make_socket):
    class Socket(sctp.sctp_socket):
        """A class that an application defines."""

    sock = make_socket(AF_INET, SOCK_STREAM, cls=Socket)
    write(sock, "SCTP_RTOINFO", srto_min=700)
    assert read(sock, "SCTP_RTOINFO")["srto_min"] == 700


def test_bytes_and_numbers_go_to_the_kernel_as_they_stand(fresh):
    for convert in (bytes, lambda data: array.array("B", data)):
        option = fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG)
        option["sinit_num_ostreams"] += 1
        fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG, convert(option.to_bytes))
        data = fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG, option.size)
        assert data == option.to_bytes
    if system.LINUX:  # accepts a number instead of this structure
        fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_MAXSEG, 1000)
        assert read(fresh, "SCTP_MAXSEG")["assoc_value"] == 1000


ZEROED = [
    (sctp.SCTP_RTOINFO, sctp.sctp_rtoinfo),
    (sctp.SCTP_ASSOCINFO, sctp.sctp_assocparams),
    (sctp.SCTP_PEER_ADDR_PARAMS, sctp.sctp_paddrparams),
    (sctp.SCTP_DEFAULT_SNDINFO, sctp.sctp_default_sndinfo),
    (sctp.SCTP_CONTEXT, sctp.sctp_assoc_value),
]


@pytest.mark.parametrize(("number", "cls"), ZEROED, ids=lambda value: f"{value}")
def test_kernel_sees_zeros_where_a_length_is_given(make_socket, number, cls):
    """The kernel reads the association from there."""
    for type in (SOCK_STREAM, SOCK_SEQPACKET):
        sock = make_socket(AF_INET, type)
        expected = sock.getsockopt(IPPROTO_SCTP, number, cls()).to_bytes
        for _ in range(500):
            dirt = [b"\xff" * (cls.size - 1) + b"%c" % n for n in range(20)]
            del dirt
            assert sock.getsockopt(IPPROTO_SCTP, number, cls.size) == expected


def test_kernel_sees_zeros_for_an_option_that_is_not_in_the_table(make_socket):
    """The buffer of SCTP_GET_LOCAL_ADDRS begins with the association."""
    sock = make_socket(AF_INET, SOCK_SEQPACKET)
    sock.bind(("10.1.0.1", 0))
    for _ in range(500):
        dirt = [b"\xff" * 99 + b"%c" % n for n in range(20)]
        del dirt
        found = sock.getsockopt(IPPROTO_SCTP, 109, 100)
        assert socket.inet_aton("10.1.0.1") in found


UNKNOWN = 11  # SCTP_EVENTS, which is deprecated


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value

    def __repr__(self):
        return f"Index({self.value})"


@pytest.mark.parametrize(
    "call",
    [
        ("getsockopt", SOL_SOCKET, socket.SO_RCVBUF),
        ("getsockopt", SOL_SOCKET, socket.SO_LINGER, 8),
        ("getsockopt", SOL_SOCKET, sctp.SCTP_STATUS),
        ("getsockopt", SOL_SOCKET, socket.SO_LINGER, sctp.sctp_rtoinfo()),
        ("getsockopt", socket.IPPROTO_IP, socket.IP_TOS),
        ("getsockopt", IPPROTO_SCTP, UNKNOWN, 14),
        ("getsockopt", IPPROTO_SCTP, UNKNOWN, Index(8)),
        ("getsockopt", IPPROTO_SCTP, 99999),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY, 4),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY, -1),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY, 1025),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY, sctp.sctp_rtoinfo()),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_INITMSG, 8),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_INITMSG, Index(8)),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_INITMSG, True),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_INITMSG, 0),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_INITMSG, -1),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_INITMSG, 1024),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_INITMSG, 1025),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_INITMSG, 2**31),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_INITMSG, 8.0),
        ("getsockopt", IPPROTO_SCTP, 2**31, 8),
        ("getsockopt", IPPROTO_SCTP, "SCTP_RTOINFO", 8),
        ("getsockopt", IPPROTO_SCTP, sctp.SCTP_RTOINFO, "16"),
        ("getsockopt", IPPROTO_SCTP, "SCTP_RTOINFO"),
        ("getsockopt", "IPPROTO_SCTP", sctp.SCTP_RTOINFO),
        ("setsockopt", SOL_SOCKET, socket.SO_RCVBUF, 20000),
        ("setsockopt", SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"),
        ("setsockopt", SOL_SOCKET, socket.SO_LINGER, {}),
        ("setsockopt", IPPROTO_SCTP, UNKNOWN, b"\0" * 8),
        ("setsockopt", IPPROTO_SCTP, UNKNOWN, None, 8),
        ("setsockopt", IPPROTO_SCTP, UNKNOWN, sctp.sctp_rtoinfo()),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY, True),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY, Index(1)),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY, b"\1\0\0\0"),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY, "1"),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY, 2**31),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_NODELAY, 1, 2, 3),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_RTOINFO, bytearray(16)),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_RTOINFO, memoryview(bytes(15))),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_RTOINFO, array.array("I", [0] * 4)),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_RTOINFO, 5),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_RTOINFO, None),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_RTOINFO, None, 16),
        ("setsockopt", IPPROTO_SCTP, sctp.SCTP_RTOINFO, "x"),
    ],
)
def test_the_rest_is_as_on_any_socket(fresh, call):
    def outcome(sock):
        try:
            return getattr(sock, method)(*args)
        except Exception as error:
            return type(error), str(error)

    method, *args = call
    with socket.socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) as plain:
        plain.setsockopt(IPPROTO_SCTP, sctp.SCTP_NODELAY, 1)
        assert outcome(fresh) == outcome(plain)
        for level, option in ((SOL_SOCKET, socket.SO_RCVBUF), (IPPROTO_SCTP, 3)):
            ours, theirs = (s.getsockopt(level, option) for s in (fresh, plain))
            assert ours == theirs


@pytest.mark.linux
@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace")
def test_option_is_one_system_call(tmp_path):
    program = """if True:
        import socket, sctp
        sock = sctp.sctp_socket(socket.AF_INET, socket.SOCK_STREAM)
        option = sctp.sctp_rtoinfo(srto_min=500)
        sock.getsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_RTOINFO, option)
        sock.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_RTOINFO, option)
        sock.getsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_LOCAL_AUTH_CHUNKS)
        sock.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_HMAC_IDENT, (3, 1))
        sock.getsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_HMAC_IDENT)
        sock.close()
    """
    calls = tmp_path / "calls"
    command = ["strace", "-o", calls, "-e", "trace=socket,%net,close"]
    subprocess.run([*command, sys.executable, "-c", program], check=True)
    lines = calls.read_text().splitlines()
    at = next(at for at, line in enumerate(lines) if "IPPROTO_SCTP" in line)
    assert [line.partition("(")[0] for line in lines[at : at + 7]] == [
        "socket",
        "getsockopt",
        "setsockopt",
        "getsockopt",
        "setsockopt",
        "getsockopt",
        "close",
    ]


# The rules of some options


def test_level_of_interleaving_is_one_of_three(fresh):
    for value in (2, 1, 0):
        stored = min(value, 1) if system.LINUX else value
        fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, value)
        found = fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE)
        assert found == stored
    for value in (-1, 3, 10**5000):
        with pytest.raises(ValueError, match="INTERLEAVE must be 0, 1 or 2"):
            fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, value)
    assert fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE) == 0


def test_chunk_type_that_dict_let_in_is_refused_by_name(fresh):
    for value, error in (([], TypeError), ("1", TypeError), (256, ValueError)):
        option = sctp.sctp_authchunk()
        option.update(sauth_chunk=value)
        with pytest.raises(error, match="sctp_authchunk: sauth_chunk must be"):
            fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_CHUNK, option)


def test_algorithms_need_sha1(fresh):
    before = fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_HMAC_IDENT)
    for value in ((), [], (sctp.SCTP_AUTH_HMAC_ID_SHA256,)):
        with pytest.raises(ValueError, match="SCTP_AUTH_HMAC_ID_SHA1"):
            fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_HMAC_IDENT, value)
    for value, error in (
        ((1, 65536), ValueError),
        ((1, "3"), TypeError),
        ((1,) * 70000, OSError),
        ((1, 77), OSError),
    ):
        with pytest.raises(error):
            fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_HMAC_IDENT, value)
    assert fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_HMAC_IDENT) == before


@pytest.mark.parametrize("chunk", ["INIT", "INIT_ACK", "SHUTDOWN_COMPLETE", "AUTH"])
def test_some_chunks_are_never_authenticated(fresh, chunk):
    before = fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_LOCAL_AUTH_CHUNKS)
    for number in (ChunkTypes[chunk], int(ChunkTypes[chunk])):
        option = sctp.sctp_authchunk(sauth_chunk=number)
        with pytest.raises(ValueError, match=f"{chunk} is never authenticated"):
            fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_CHUNK, option)
    assert fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_LOCAL_AUTH_CHUNKS) == before


def test_chunk_to_authenticate_is_added_to_the_list(fresh):
    option = sctp.sctp_authchunk(sauth_chunk=ChunkTypes.COOKIE_ACK)
    before = fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_LOCAL_AUTH_CHUNKS)
    fresh.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTH_CHUNK, option)
    after = fresh.getsockopt(IPPROTO_SCTP, sctp.SCTP_LOCAL_AUTH_CHUNKS)
    added = {*after["gauth_chunks"]} - {*before["gauth_chunks"]}
    assert added == {ChunkTypes.COOKIE_ACK}


@pytest.mark.parametrize(
    "key",
    [None, b"", b"some secret", bytes(60000)],
    ids=["null", "empty", "short", "long"],
)
def test_key_is_set_activated_and_deleted(fresh, key):
    write(fresh, "SCTP_AUTH_KEY", sca_keynumber=13, sca_key=key)
    write(fresh, "SCTP_AUTH_ACTIVE_KEY", scact_keynumber=13)
    assert read(fresh, "SCTP_AUTH_ACTIVE_KEY")["scact_keynumber"] == 13
    with pytest.raises(OSError):
        write(fresh, "SCTP_AUTH_DELETE_KEY", scact_keynumber=13)
    write(fresh, "SCTP_AUTH_ACTIVE_KEY", scact_keynumber=0)
    write(fresh, "SCTP_AUTH_DEACTIVATE_KEY", scact_keynumber=13)
    if system.LINUX:  # FreeBSD has deleted it by then, as nothing used it
        write(fresh, "SCTP_AUTH_DELETE_KEY", scact_keynumber=13)
    with pytest.raises(OSError):
        write(fresh, "SCTP_AUTH_ACTIVE_KEY", scact_keynumber=13)


# Bad input


def snapshot(sock):
    """All values of the options with a structure that can be read."""
    found = {}
    for name in READ_WRITE:
        with suppress(OSError):
            found[name] = read_case(sock, name)
    return found


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, (_, structure, access) in ROWS.items()
        if hasattr(sctp, structure or "") and "write" in access
    ],
)
def test_bad_dict_leaves_the_socket_as_it_was(fresh, name):
    prepare(fresh)
    number, cls = number_of(name), class_of(name)
    before = snapshot(fresh)

    def refused(error, text, option):
        with pytest.raises(error, match=text):
            fresh.setsockopt(IPPROTO_SCTP, number, option)
        if "read" in ROWS[name][2]:
            with pytest.raises(error, match=text):
                fresh.getsockopt(IPPROTO_SCTP, number, option)

    def changed(**fields):
        option = cls()
        option.update(READ_WRITE[name].values if name in READ_WRITE else {})
        option.update(fields)
        return option

    record = cls.__name__
    for key in cls.__fields__:
        option = changed()
        option.pop(key)
        refused(ValueError, f"{record}: missing key '{key}'", option)
    for key, code, *_ in core._describe(record)[1]:
        if code in "BHIi":
            for value in (-(2**31) - 1, 2**32):
                text = f"{record}: {key} must be in"
                refused(ValueError, text, changed(**{key: value}))
            text = f"{record}: {key} must be an int, not float"
            refused(TypeError, text, changed(**{key: 1.5}))
    refused(ValueError, f"{record}: unknown key 'spam'", changed(spam=1))
    other = sctp.sctp_initmsg if cls is sctp.sctp_rtoinfo else sctp.sctp_rtoinfo
    refused(TypeError, f"must be a {record}, not .*{other.__name__}", other())
    refused(TypeError, f"must be a {record}, not dict", dict(cls()))
    assert snapshot(fresh) == before


@pytest.mark.parametrize("value", ["x", 1.5, None, object()], ids=repr)
def test_other_types_are_refused(fresh, value):
    before = snapshot(fresh)
    for number, *_ in ROWS.values():
        with pytest.raises(TypeError):
            fresh.setsockopt(IPPROTO_SCTP, number, value)
    assert snapshot(fresh) == before


def test_association_of_a_list_is_an_integer(fresh):
    for name in ("SCTP_LOCAL_AUTH_CHUNKS", "SCTP_PEER_AUTH_CHUNKS"):
        with pytest.raises(TypeError, match="assoc_id must be an int, not str"):
            fresh.getsockopt(IPPROTO_SCTP, number_of(name), "1")
        with pytest.raises(ValueError, match="assoc_id must be in"):
            fresh.getsockopt(IPPROTO_SCTP, number_of(name), 2**32)


def test_option_of_a_closed_socket(fresh):
    fresh.close()
    with pytest.raises(OSError) as raised:
        read(fresh, "SCTP_RTOINFO")
    assert raised.value.errno == errno.EBADF
    with pytest.raises(OSError) as raised:
        write(fresh, "SCTP_RTOINFO")
    assert raised.value.errno == errno.EBADF


# Authentication and other extensions that are off


@contextmanager
def network_of_its_own():
    """A network namespace in which every extension has its default."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        assert libc.unshare(0x40000000) == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        assert libc.setns(own, 0) == 0
        os.close(own)


@pytest.fixture
def plain(make_socket):
    with network_of_its_own():
        return make_socket(AF_INET, SOCK_STREAM)


AUTHENTICATION = {
    "SCTP_HMAC_IDENT": (1,),
    "SCTP_AUTH_CHUNK": sctp.sctp_authchunk(),
    "SCTP_AUTH_KEY": sctp.sctp_authkey(sca_keynumber=5, sca_key=b"secret"),
    "SCTP_AUTH_ACTIVE_KEY": sctp.sctp_authkeyid(scact_keynumber=5),
    "SCTP_AUTH_DEACTIVATE_KEY": sctp.sctp_authkeyid(scact_keynumber=6),
    "SCTP_AUTH_DELETE_KEY": sctp.sctp_authkeyid(scact_keynumber=6),
}


@pytest.mark.linux
def test_error_with_authentication_off_says_so(plain):
    for name, value in AUTHENTICATION.items():
        with pytest.raises(PermissionError) as raised:
            plain.setsockopt(IPPROTO_SCTP, number_of(name), value)
        assert raised.value.errno == errno.EACCES
        (note,) = raised.value.__notes__
        assert "net.sctp.auth_enable" in note
        assert "SCTP_AUTH_SUPPORTED" in note
    for name in ("SCTP_HMAC_IDENT", "SCTP_AUTH_ACTIVE_KEY", "SCTP_LOCAL_AUTH_CHUNKS"):
        with pytest.raises(PermissionError) as raised:
            plain.getsockopt(IPPROTO_SCTP, number_of(name))
        assert "net.sctp.auth_enable" in raised.value.__notes__[0]


@pytest.mark.linux
def test_authentication_may_be_switched_on_for_a_socket(plain):
    write(plain, "SCTP_AUTH_SUPPORTED", assoc_value=1)
    prepare(plain)
    write(plain, "SCTP_AUTH_KEY", sca_keynumber=6, sca_key=b"secret")
    for name, value in AUTHENTICATION.items():
        plain.setsockopt(IPPROTO_SCTP, number_of(name), value)
    assert read(plain, "SCTP_AUTH_ACTIVE_KEY")["scact_keynumber"] == 5


@pytest.mark.linux
def test_error_with_interleaving_off_says_so(plain, fresh):
    for sock in (plain, fresh):
        with pytest.raises(PermissionError) as raised:
            write(sock, "SCTP_INTERLEAVING_SUPPORTED", assoc_value=1)
        (note,) = raised.value.__notes__
        assert "net.sctp.intl_enable" in note
        assert "SCTP_FRAGMENT_INTERLEAVE" in note


@pytest.mark.linux
def test_error_with_address_changes_off_says_so(make_socket):
    with network_of_its_own():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        listener, client = (make_socket(AF_INET, SOCK_STREAM) for _ in range(2))
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    client.connect(listener.getsockname())
    with pytest.raises(PermissionError) as raised:
        write(client, "SCTP_SET_PEER_PRIMARY_ADDR", sspp_addr=client.getsockname())
    (note,) = raised.value.__notes__
    for part in (
        "both sides",
        "before",
        "net.sctp.addip_enable",
        "SCTP_ASCONF_SUPPORTED",
    ):
        assert part in note


@pytest.mark.linux
def test_error_of_a_reset_that_was_not_enabled_says_so(make_pair):
    client, _ = make_pair()
    with pytest.raises(OSError) as raised:
        write(client, "SCTP_ADD_STREAMS", sas_outstrms=1)
    assert raised.value.errno == errno.ENOPROTOOPT
    (note,) = raised.value.__notes__
    assert "net.sctp.reconf_enable" in note
    assert "SCTP_ENABLE_STREAM_RESET" in note


# The documentation's examples


@pytest.fixture
def documented(make_socket):
    """A listening socket, in place of the one in the documentation."""
    sock = make_socket(AF_INET, SOCK_STREAM)
    sock.bind(("localhost", 20000))
    sock.listen(5)


def printed(text):
    """A pattern for the output that the documentation shows, with any numbers."""
    parts = re.split(r"(?<=[ (])\d+(?=[,})])", " ".join(text.split()))
    return r"\d+".join(map(re.escape, parts))


PATH = """{'spinfo_assoc_id': 29, 'spinfo_address': ('127.0.0.1', 20000),
    'spinfo_state': 2, 'spinfo_cwnd': 131064, 'spinfo_srtt': 0, 'spinfo_rto': 3000,
    'spinfo_mtu': 65532}"""
STATUS = f"""{{'sstat_assoc_id': 321, 'sstat_state': 4, 'sstat_rwnd': 106496,
    'sstat_unackdata': 0, 'sstat_penddata': 0, 'sstat_instrms': 2,
    'sstat_outstrms': 10, 'sstat_fragmentation_point': 65484,
    'sstat_primary': {PATH}}}"""


@pytest.mark.linux
def test_documented_path(documented, make_socket):
    sock = make_socket(AF_INET, SOCK_SEQPACKET, timeout=None)
    sock.connect(("localhost", 20000))
    spinfo = sctp.sctp_paddrinfo(spinfo_address=("localhost", 20000))
    text = str(sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_PEER_ADDR_INFO, spinfo))
    assert re.fullmatch(printed(PATH), text)


@pytest.mark.linux
def test_documented_number_of_streams(make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    sinit = sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG)
    assert str(sinit) == (
        "{'sinit_num_ostreams': 10, 'sinit_max_instreams': 65535,"
        " 'sinit_max_attempts': 8, 'sinit_max_init_timeo': 60000}"
    )
    sinit["sinit_num_ostreams"] = 100
    sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG, sinit)
    assert sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_INITMSG) == sinit


@pytest.mark.linux
def test_documented_chunks_of_the_peer(documented, make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    id = sock.sctp_connectx((("localhost", 20000),), assoc_id=True)
    text = str(sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_PEER_AUTH_CHUNKS, id))
    pattern = printed("{'gauth_assoc_id': 3, 'gauth_chunks': (128, 193)}")
    assert re.fullmatch(pattern, text)


def test_documented_algorithms(make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    sock.setsockopt(
        IPPROTO_SCTP,
        sctp.SCTP_HMAC_IDENT,
        (sctp.SCTP_AUTH_HMAC_ID_SHA256, sctp.SCTP_AUTH_HMAC_ID_SHA1),
    )
    assert str(sock.getsockopt(IPPROTO_SCTP, sctp.SCTP_HMAC_IDENT)) == "(3, 1)"


@pytest.mark.linux
def test_documented_fragmentation_point(documented, make_socket):
    sock = make_socket(AF_INET, SOCK_STREAM)
    sock.sctp_connectx((("localhost", 20000),))
    opt = sock.sctp_opt_info(sctp.SCTP_MAXSEG, sctp.sctp_assoc_value())
    assert re.fullmatch(printed("{'assoc_id': 0, 'assoc_value': 65484}"), str(opt))


@pytest.mark.linux
def test_documented_status(documented, make_socket):
    sock = make_socket(AF_INET, SOCK_SEQPACKET)
    id = sock.sctp_connectx((("localhost", 20000),), assoc_id=True)
    wait_until(is_established, sock, id)
    with pytest.raises(OSError):
        sock.sctp_opt_info(sctp.SCTP_STATUS, sctp.sctp_status())
    opt = sock.sctp_opt_info(id, sctp.SCTP_STATUS, sctp.sctp_status())
    assert re.fullmatch(printed(STATUS), str(opt))
    assert opt["sstat_assoc_id"] == opt["sstat_primary"]["spinfo_assoc_id"] == id
