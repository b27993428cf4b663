"""The dict classes of socket options, and ChunkTypes, without a kernel."""

import copy
import inspect
import pickle
import random
import re
import struct
import sys
from enum import IntEnum

import pytest

import sctp
from _sctp import sctp as core
from sctp import ChunkTypes, sctp_authkey, sctp_generic

LINUX = sys.platform == "linux"
NO_ADDRESS = bytes(sctp.SOCKADDR_STORAGE_CSIZE)

# The keys of each class in their order, and the option that it serves first.
# The classes up to sctp_event are those of RFC 6458.
CLASSES = {
    "sctp_initmsg": (
        "SCTP_INITMSG",
        "sinit_num_ostreams sinit_max_instreams sinit_max_attempts"
        " sinit_max_init_timeo",
    ),
    "sctp_paddrparams": (
        "SCTP_PEER_ADDR_PARAMS",
        "spp_assoc_id spp_address spp_hbinterval spp_pathmaxrxt spp_pathmtu spp_flags"
        " spp_ipv6_flowlabel spp_dscp" + (" spp_sackdelay" if LINUX else ""),
    ),
    "sctp_paddrinfo": (
        "SCTP_GET_PEER_ADDR_INFO",
        "spinfo_assoc_id spinfo_address spinfo_state spinfo_cwnd spinfo_srtt"
        " spinfo_rto spinfo_mtu",
    ),
    "sctp_rtoinfo": ("SCTP_RTOINFO", "srto_assoc_id srto_initial srto_max srto_min"),
    "sctp_assocparams": (
        "SCTP_ASSOCINFO",
        "sasoc_assoc_id sasoc_asocmaxrxt sasoc_number_peer_destinations"
        " sasoc_peer_rwnd sasoc_local_rwnd sasoc_cookie_life",
    ),
    "sctp_setprim": ("SCTP_PRIMARY_ADDR", "ssp_assoc_id ssp_addr"),
    "sctp_setadaptation": ("SCTP_ADAPTATION_LAYER", "ssb_adaptation_ind"),
    "sctp_assoc_value": ("SCTP_MAXSEG", "assoc_id assoc_value"),
    "sctp_sack_info": ("SCTP_DELAYED_SACK", "sack_assoc_id sack_delay sack_freq"),
    "sctp_authkeyid": ("SCTP_AUTH_ACTIVE_KEY", "scact_assoc_id scact_keynumber"),
    "sctp_default_sndinfo": (
        "SCTP_DEFAULT_SNDINFO",
        "snd_sid snd_flags snd_ppid snd_context snd_assoc_id",
    ),
    "sctp_default_prinfo": ("SCTP_DEFAULT_PRINFO", "pr_policy pr_value pr_assoc_id"),
    "sctp_status": (
        "SCTP_STATUS",
        "sstat_assoc_id sstat_state sstat_rwnd sstat_unackdata sstat_penddata"
        " sstat_instrms sstat_outstrms sstat_fragmentation_point sstat_primary",
    ),
    "sctp_setpeerprim": ("SCTP_SET_PEER_PRIMARY_ADDR", "sspp_assoc_id sspp_addr"),
    "sctp_authchunk": ("SCTP_AUTH_CHUNK", "sauth_chunk"),
    "sctp_authkey": ("SCTP_AUTH_KEY", "sca_assoc_id sca_keynumber sca_key"),
    "sctp_event": ("SCTP_EVENT", "se_assoc_id se_type se_on"),
    "sctp_stream_value": (
        "SCTP_STREAM_SCHEDULER_VALUE",
        "assoc_id stream_id stream_value",
    ),
    "sctp_paddrthlds": (
        "SCTP_PEER_ADDR_THLDS",
        "spt_assoc_id spt_address spt_pathmaxrxt spt_pathpfthld"
        + ("" if LINUX else " spt_pathcpthld"),
    ),
    "sctp_udpencaps": (
        "SCTP_REMOTE_UDP_ENCAPS_PORT",
        "sue_assoc_id sue_address sue_port",
    ),
    "sctp_prstatus": (
        "SCTP_PR_STREAM_STATUS",
        "sprstat_assoc_id sprstat_sid sprstat_policy sprstat_abandoned_unsent"
        " sprstat_abandoned_sent",
    ),
    "sctp_reset_streams": (
        "SCTP_RESET_STREAMS",
        "srs_assoc_id srs_flags srs_stream_list",
    ),
    "sctp_add_streams": ("SCTP_ADD_STREAMS", "sas_assoc_id sas_instrms sas_outstrms"),
}
LINUX_CLASSES = {
    "sctp_paddrthlds_v2": (
        "SCTP_PEER_ADDR_THLDS_V2",
        "spt_assoc_id spt_address spt_pathmaxrxt spt_pathpfthld spt_pathcpthld",
    ),
    "sctp_probeinterval": (
        "SCTP_PLPMTUD_PROBE_INTERVAL",
        "spi_assoc_id spi_address spi_interval",
    ),
    "sctp_assoc_stats": (
        "SCTP_GET_ASSOC_STATS",
        "sas_assoc_id sas_obs_rto_ipaddr sas_maxrto sas_isacks sas_osacks"
        " sas_opackets sas_ipackets sas_rtxchunks sas_outofseqtsns sas_idupchunks"
        " sas_gapcnt sas_ouodchunks sas_iuodchunks sas_oodchunks sas_iodchunks"
        " sas_octrlchunks sas_ictrlchunks",
    ),
}
FREEBSD_CLASSES = {
    "sctp_cc_option": ("SCTP_CC_OPTION", "option aid_value"),
    "sctp_timeouts": (
        "SCTP_TIMEOUTS",
        "stimo_assoc_id stimo_init stimo_data stimo_sack stimo_shutdown"
        " stimo_heartbeat stimo_cookie stimo_shutdownack",
    ),
    "sctp_sockstat": (
        "SCTP_GET_SNDBUF_USE",
        "ss_assoc_id ss_total_sndbuf ss_total_recv_buf",
    ),
    "sctp_pcbinfo": (
        "SCTP_PCB_STATUS",
        "ep_count asoc_count laddr_count raddr_count chk_count readq_count"
        " free_chunks stream_oque",
    ),
    "sctp_get_nonce_values": (
        "SCTP_GET_NONCE_VALUES",
        "gn_assoc_id gn_peers_tag gn_local_tag",
    ),
}
OURS, THEIRS = (
    (LINUX_CLASSES, FREEBSD_CLASSES) if LINUX else (FREEBSD_CLASSES, LINUX_CLASSES)
)
CLASSES |= OURS

LINUX_NAMES = """
    SCTP_PEER_ADDR_THLDS_V2 SCTP_EXPOSE_POTENTIALLY_FAILED_STATE SCTP_EXPOSE_PF_STATE
    SCTP_PLPMTUD_PROBE_INTERVAL SCTP_GET_ASSOC_STATS SCTP_DELAYED_ACK_TIME
    SCTP_DELAYED_ACK SPP_SACKDELAY_ENABLE SPP_SACKDELAY_DISABLE SCTP_PF SCTP_UNKNOWN
    SCTP_EMPTY SCTP_SS_FC SCTP_SS_WFQ SCTP_SS_MAX SCTP_ENABLE_STRRESET_MASK
"""
FREEBSD_NAMES = """
    SCTP_EXPLICIT_EOR SCTP_NRSACK_SUPPORTED SCTP_PKTDROP_SUPPORTED SCTP_MAX_CWND
    SCTP_ACCEPT_ZERO_CHECKSUM SCTP_TIMEOUTS SCTP_PLUGGABLE_CC SCTP_CC_OPTION
    SCTP_CMT_ON_OFF SCTP_PLUGGABLE_SS SCTP_SS_VALUE
    SCTP_GET_SNDBUF_USE SCTP_PCB_STATUS SCTP_GET_NONCE_VALUES SCTP_SET_DYNAMIC_PRIMARY
    SCTP_LISTEN SCTP_BOUND SCTP_SS_FB SCTP_SS_RR_PKT SCTP_CC_RTCC SCTP_CMT_MPTCP
"""

RANGES = {
    "B": (0, 2**8 - 1),
    "H": (0, 2**16 - 1),
    "I": (0, 2**32 - 1),
    "Q": (0, 2**64 - 1),
    "i": (-(2**31), 2**31 - 1),
}


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


def by_name(name):
    return getattr(sctp, name)


def layout(name):
    """The rows (key, format, offset, size) that are in the structure itself."""
    return core._describe(name)[1]


def rows_of(accept):
    """Parameters (class name, key, format) for the rows that accept() accepts."""
    return [
        pytest.param(name, key, code, id=f"{name}-{key}")
        for name in CLASSES
        for key, code, *_ in layout(name)
        if accept(key, code)
    ]


def filled(name):
    """An object with a value in every field that is a number or an address."""
    option = by_name(name)()
    for key, code, *_ in layout(name):
        if key == "pr_policy":
            option[key] = sctp.SCTP_PR_SCTP_TTL
        elif code in RANGES:
            option[key] = 7
        elif code == "128s":
            option[key] = ("10.1.0.1", 5)
    return option


INTEGERS = rows_of(lambda key, code: code in RANGES and key != "pr_policy")
ADDRESSES = rows_of(lambda _, code: code == "128s")

each_class = pytest.mark.parametrize("name", CLASSES)
each_integer = pytest.mark.parametrize(("name", "key", "code"), INTEGERS)
each_address = pytest.mark.parametrize(("name", "key", "code"), ADDRESSES)


# What there is


def test_all_classes_are_known():
    classes = {
        name
        for name in sctp.__all__
        if name.startswith("sctp_")
        and isinstance(by_name(name), type)
        and hasattr(by_name(name), "__fields__")
    }
    assert classes == {*CLASSES, "sctp_generic"}


def test_names_of_the_other_system_are_absent():
    ours, theirs = (LINUX_NAMES, FREEBSD_NAMES)[:: 1 if LINUX else -1]
    assert all(type(by_name(name)) is int for name in ours.split())
    assert [name for name in [*theirs.split(), *THEIRS] if hasattr(sctp, name)] == []


def test_every_option_is_a_constant_of_its_number():
    assert len({number for _, number, *_ in core._options}) == len(core._options)
    for name, number, *_ in core._options:
        assert by_name(name) == getattr(core, name) == number


@each_class
def test_class_has_its_documented_keys_in_order(name):
    assert list(by_name(name)()) == CLASSES[name][1].split()
    assert list(by_name(name).__fields__) == CLASSES[name][1].split()


@each_class
def test_class_knows_its_option(name):
    assert by_name(name).__optname__ == by_name(CLASSES[name][0])


@each_class
def test_class_belongs_to_sctp_and_has_a_docstring(name):
    cls = by_name(name)
    assert (cls.__module__, cls.__qualname__) == ("sctp", name)
    assert cls.__doc__
    assert issubclass(cls, sctp_generic) == (name != "sctp_authkey")
    assert issubclass(cls, dict)


DOCUMENTED_TYPES = {
    "B": "uint8",
    "H": "uint16",
    "I": "uint32",
    "Q": "uint64",
    "i": "int32",
    "128s": "address",
}


@each_class
def test_docstring_has_the_fields_with_their_types(name):
    documented = re.findall(
        r"^- (\w+) \(([\w ]+)(?:, [a-z]+)?\): ((?:Linux|FreeBSD)(?= only))?",
        inspect.getdoc(by_name(name)),
        re.M,
    )
    others = "FreeBSD" if LINUX else "Linux"
    found = {key: type for key, type, system in documented if system != others}
    assert list(found) == CLASSES[name][1].split()
    for key, code, *_ in layout(name):
        if key.endswith("assoc_id"):
            assert found[key] == "association"
        elif code in DOCUMENTED_TYPES:
            assert found[key] == DOCUMENTED_TYPES[code], key
        else:
            assert issubclass(by_name(found[key]), dict)


@each_class
def test_signature_names_the_fields(name):
    parameters = inspect.signature(by_name(name)).parameters.values()
    fields = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    assert {p.name: p.default for p in fields} == dict(by_name(name)())
    others = [p.name for p in parameters if p not in fields]
    assert others == (["sndinfo"] if name == "sctp_default_sndinfo" else [])
    assert len(str(inspect.signature(by_name(name)))) < 500


def test_signature_of_a_derived_class_is_its_own():
    class Derived(sctp.sctp_rtoinfo):
        def __init__(self, seconds):
            super().__init__(srto_initial=seconds * 1000)

    assert list(inspect.signature(Derived).parameters) == ["seconds"]


def test_generic_has_no_fields_and_no_instances():
    assert sctp_generic.__fields__ == {}
    assert sctp_generic.__c_size__ == sctp_generic.__optname__ == sctp_generic.size == 0
    assert sctp_generic.fmt == ""
    with pytest.raises(TypeError, match="sctp_generic cannot be instantiated"):
        sctp_generic()


def test_constants_of_sizes_agree_with_the_classes():
    sizes = {
        "INITMSG": "initmsg",
        "PADDRPARAMS": "paddrparams",
        "PADDRINFO": "paddrinfo",
        "RTOINFO": "rtoinfo",
        "ASSOCPARAMS": "assocparams",
        "SETPRIM": "setprim",
        "SETADAPTATION": "setadaptation",
        "MAXSEG": "assoc_value",
        "AUTH_ACTIVE_KEY": "authkeyid",
        "DELAYED_SACK": "sack_info",
        "SNDINFO": "default_sndinfo",
        "DEFAULT_PRINFO": "default_prinfo",
        "STATUS": "status",
        "SET_PEER_PRIMARY_ADDR": "setpeerprim",
        "AUTH_CHUNK": "authchunk",
        "EVENT": "event",
    }
    for constant, name in sizes.items():
        assert by_name(f"SCTP_{constant}_CSIZE") == by_name(f"sctp_{name}").__c_size__


# Formats, sizes and bytes


@each_class
def test_format_and_size_are_on_class_and_instance(name):
    cls = by_name(name)
    assert (cls().fmt, cls().size) == (cls.fmt, cls.size)
    assert struct.calcsize(cls.fmt) == cls.size == cls.__c_size__ > 0


@each_class
def test_every_field_has_a_format_and_a_default(name):
    cls = by_name(name)
    assert cls() == cls(
        **{key: default for key, (_, default) in cls.__fields__.items()}
    )
    for key, code, _, width in layout(name):
        assert cls.__fields__[key][0] == code
        assert struct.calcsize(f"={code}") == width


@each_class
def test_defaults_are_zeros(name):
    data = by_name(name)().to_bytes
    assert type(data) is bytes
    assert not any(data)


@each_integer
def test_integer_lies_where_the_structure_has_it(name, key, code):
    offset = next(offset for field, _, offset, _ in layout(name) if field == key)
    order = "!" if key == "sue_port" else "="
    for value in (*RANGES[code], 0x5A):
        data = by_name(name)(**{key: value}).to_bytes
        assert struct.unpack_from(order + code, data, offset) == (value,)
        size = struct.calcsize(f"={code}")
        assert not any(data[:offset] + data[offset + size :])


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in CLASSES
        if all(code in RANGES for _, code, *_ in layout(name))
        and len(layout(name)) == len(CLASSES[name][1].split())
    ],
)
def test_bytes_are_what_struct_makes_of_the_format(name):
    values = {key: at + 1 for at, (key, *_) in enumerate(layout(name))}
    if "pr_policy" in values:
        values["pr_policy"] = sctp.SCTP_PR_SCTP_TTL
    in_order = sorted(layout(name), key=lambda row: row[2])
    cls = by_name(name)
    packed = struct.pack(cls.fmt, *(values[key] for key, *_ in in_order))
    assert cls(**values).to_bytes == packed


@each_class
def test_order_of_keys_does_not_matter_to_the_bytes(name):
    ordered = filled(name)
    keys = list(ordered)
    random.Random(name).shuffle(keys)
    shuffled = by_name(name)()
    shuffled.clear()
    for key in keys:
        shuffled[key] = ordered[key]
    assert shuffled.to_bytes == ordered.to_bytes
    assert any(ordered.to_bytes)


# Values of integers


@each_integer
def test_integer_takes_its_whole_range(name, key, code):
    option = by_name(name)()
    for value in RANGES[code]:
        option[key] = value
        assert option[key] == value
        assert by_name(name)(**{key: value}) == option


@each_integer
def test_integer_out_of_range_is_refused_by_name(name, key, code):
    low, high = RANGES[code]
    option = by_name(name)()
    before = dict(option)
    for value in (low - 1, high + 1, -(2**70), 2**70):
        with pytest.raises(ValueError, match=rf"{name}: {key} must be in {low}\.\."):
            option[key] = value
        with pytest.raises(TypeError, match=f"{name}: {key} "):
            option.set_value(key, value)
        with pytest.raises(TypeError, match=f"{name}: {key} "):
            by_name(name)(**{key: value})
    assert option == before


@each_integer
def test_integer_of_another_type_is_refused_by_name(name, key, code):
    option = by_name(name)()
    for value in ("1", b"1", 1.0, None, (1,)):
        for set_to in (option.__setitem__, option.set_value):
            with pytest.raises(TypeError, match=f"{name}: {key} must be an int"):
                set_to(key, value)
        with pytest.raises(TypeError, match=f"{name}: {key} must be an int"):
            by_name(name)(**{key: value})
    assert option == by_name(name)()


@pytest.mark.parametrize(
    "value", [True, Index(1), IntEnum("Number", {"ONE": 1}).ONE], ids=type
)
def test_integer_takes_what_has_an_index_and_keeps_an_int(value):
    option = sctp.sctp_rtoinfo(srto_min=value)
    option["srto_max"] = value
    assert (type(option["srto_min"]), type(option["srto_max"])) == (int, int)
    assert (option["srto_min"], option["srto_max"]) == (1, 1)


def test_set_value_returns_the_value():
    option = sctp.sctp_rtoinfo()
    assert option.set_value("srto_min", 5) == 5
    assert option["srto_min"] == 5


def test_policy_is_one_that_the_platform_has():
    option = sctp.sctp_default_prinfo()
    for name in ("NONE", "TTL", "RTX", "PRIO"):
        option["pr_policy"] = by_name(f"SCTP_PR_SCTP_{name}")
    with pytest.raises(ValueError, match="pr_policy must be SCTP_PR_SCTP_NONE"):
        option["pr_policy"] = 0x77
    with pytest.raises(TypeError, match="pr_policy must be SCTP_PR_SCTP_NONE"):
        sctp.sctp_default_prinfo(pr_policy=0x77)


# Keys


@each_class
def test_unknown_keys_are_refused_by_name(name):
    option = by_name(name)()
    with pytest.raises(ValueError, match=f"{name}: unknown key 'spam'"):
        by_name(name)(spam=1)
    for key in ("spam", 1, None):
        with pytest.raises(KeyError, match=f"{name}: unknown key {key!r}"):
            option[key] = 1
    assert option == by_name(name)()


@each_class
def test_keys_cannot_be_deleted(name):
    option = by_name(name)()
    for key in by_name(name).__fields__:
        with pytest.raises(TypeError, match=f"{name}: {key} cannot be deleted"):
            del option[key]
    assert option == by_name(name)()


@each_class
def test_bytes_need_every_key_and_no_other(name):
    for key in by_name(name).__fields__:
        option = by_name(name)()
        option.pop(key)
        with pytest.raises(ValueError, match=f"{name}: missing key '{key}'"):
            _ = option.to_bytes
    option = by_name(name)()
    option.update(spam=b"eggs")
    assert "'spam': b'eggs'" in repr(option)
    with pytest.raises(ValueError, match=f"{name}: unknown key 'spam'"):
        _ = option.to_bytes


def test_bytes_are_checked_again():
    option = sctp.sctp_rtoinfo()
    option.update(srto_min=2**32)
    with pytest.raises(ValueError, match="sctp_rtoinfo: srto_min must be in"):
        _ = option.to_bytes


@each_class
def test_constructor_takes_keywords_only(name):
    with pytest.raises(TypeError):
        by_name(name)(7)


# Addresses


@each_address
def test_address_is_a_tuple_or_its_bytes(name, key, code):
    cls = by_name(name)
    for address in (("10.1.0.1", 2000), ("fe80::1", 2000, 5, 6)):
        storage = sctp.ipaddr_to_sockaddr_storage(address)
        from_tuple, from_bytes = cls(**{key: address}), cls(**{key: storage})
        assert from_tuple[key] == from_bytes[key] == address
        assert storage in from_tuple.to_bytes
        assert from_tuple.to_bytes == from_bytes.to_bytes
        assert f"{key!r}: {address!r}" in repr(from_tuple)


@each_address
def test_no_address_is_zeros_and_prints_as_nobody(name, key, code):
    option = by_name(name)()
    assert option[key] == NO_ADDRESS
    assert f"{key!r}: ('???', 0)" in repr(option)


@each_address
def test_what_is_no_address_is_refused(name, key, code):
    option = by_name(name)()
    wrong_type = (5, "10.1.0.1", None, ("10.1.0.1",), ("::1", 5), (1, 2), ["10.1.0.1"])
    for value in wrong_type:
        for set_to in (option.__setitem__, option.set_value):
            with pytest.raises(TypeError):
                set_to(key, value)
        with pytest.raises(TypeError):
            by_name(name)(**{key: value})
    for value in (b"", NO_ADDRESS[1:], NO_ADDRESS + b"\0", ("10.1.0.1", 65536)):
        with pytest.raises(ValueError):
            option[key] = value
        with pytest.raises(TypeError):
            option.set_value(key, value)
        with pytest.raises(TypeError):
            by_name(name)(**{key: value})
    assert option == by_name(name)()


def test_host_of_an_address_may_be_a_name():
    option = sctp.sctp_paddrinfo(spinfo_address=("localhost", 20000))
    assert option["spinfo_address"] == ("127.0.0.1", 20000)


# Structures in structures


def test_status_prints_its_primary_address():
    assert str(sctp.sctp_status()) == (
        "{'sstat_assoc_id': 0, 'sstat_state': 0, 'sstat_rwnd': 0,"
        " 'sstat_unackdata': 0, 'sstat_penddata': 0, 'sstat_instrms': 0,"
        " 'sstat_outstrms': 0, 'sstat_fragmentation_point': 0,"
        " 'sstat_primary': {'spinfo_assoc_id': 0, 'spinfo_address': ('???', 0),"
        " 'spinfo_state': 0, 'spinfo_cwnd': 0, 'spinfo_srtt': 0, 'spinfo_rto': 0,"
        " 'spinfo_mtu': 0}}"
    )


def test_primary_address_that_nobody_has_read_is_zeros():
    zeros = bytes(sctp.sctp_paddrinfo.size)
    for status in (sctp.sctp_status(), sctp.sctp_status(sstat_primary=zeros)):
        assert status["sstat_primary"] == zeros
        assert status.copy() == copy.deepcopy(status) == sctp.sctp_status()
    status["sstat_primary"] = sctp.sctp_paddrinfo()
    assert type(status["sstat_primary"]) is sctp.sctp_paddrinfo
    assert status.to_bytes == sctp.sctp_status().to_bytes
    assert str(status) == str(sctp.sctp_status())


def test_primary_address_is_an_object_or_its_bytes():
    info = sctp.sctp_paddrinfo(spinfo_address=("10.1.0.1", 5), spinfo_mtu=1500)
    status = sctp.sctp_status(sstat_primary=info)
    assert type(status["sstat_primary"]) is sctp.sctp_paddrinfo
    assert status["sstat_primary"] == info
    assert sctp.sctp_status(sstat_primary=info.to_bytes) == status
    assert status.to_bytes.endswith(info.to_bytes)
    assert status.__fields__["sstat_primary"][1] == bytes(sctp.sctp_paddrinfo.size)


def test_primary_address_of_another_kind_is_refused():
    status = sctp.sctp_status()
    for value in (None, {}, sctp.sctp_rtoinfo(), ("10.1.0.1", 5)):
        with pytest.raises(TypeError, match="sstat_primary must be sctp_paddrinfo"):
            status["sstat_primary"] = value
    with pytest.raises(ValueError, match="sstat_primary must be 152 bytes, not 151"):
        status["sstat_primary"] = bytes(151)
    info = sctp.sctp_paddrinfo()
    info.pop("spinfo_mtu")
    with pytest.raises(ValueError, match="sctp_paddrinfo: missing key 'spinfo_mtu'"):
        status["sstat_primary"] = info


# Lists behind structures


def test_key_follows_its_structure():
    head = struct.Struct("=IHH")
    for key in (b"k", b"some secret", b"x" * 65535):
        option = sctp_authkey(sca_assoc_id=3, sca_keynumber=13, sca_key=key)
        assert option.to_bytes == head.pack(3, 13, len(key)) + key
        assert option["sca_key"] == key


@pytest.mark.parametrize("key", [None, b""])
def test_null_key_is_none_or_empty(key):
    option = sctp_authkey(sca_keynumber=1, sca_key=key)
    head = option.to_bytes[: sctp_authkey.size]
    assert head == struct.pack("=IHH", 0, 1, 0)
    assert not any(option.to_bytes[sctp_authkey.size :])


def test_key_that_cannot_be_represented_is_refused():
    option = sctp_authkey()
    with pytest.raises(ValueError, match="sca_key must have at most 65535 bytes"):
        option["sca_key"] = bytes(65536)
    with pytest.raises(TypeError, match="sca_key must have at most 65535 bytes"):
        sctp_authkey(sca_key=bytes(65536))
    for key in ("secret", 5, bytearray(b"secret"), (1, 2)):
        with pytest.raises(TypeError, match="sca_key must be bytes or None"):
            option["sca_key"] = key
    assert option == sctp_authkey()


def test_streams_follow_their_structure():
    option = sctp.sctp_reset_streams(srs_flags=2, srs_stream_list=[1, 65535, Index(3)])
    assert option.to_bytes == struct.pack("=IHH3H", 0, 2, 3, 1, 65535, 3)
    assert type(option["srs_stream_list"]) is tuple
    option["srs_stream_list"] = range(2)
    assert option["srs_stream_list"] == (0, 1)
    option["srs_stream_list"] = iter([4])
    assert option["srs_stream_list"] == (4,)


def test_streams_that_cannot_be_represented_are_refused():
    option = sctp.sctp_reset_streams()
    for stream in (-1, 65536):
        with pytest.raises(ValueError, match=r"srs_stream_list must be in 0\.\.65535"):
            option["srs_stream_list"] = (0, stream)
    with pytest.raises(TypeError, match="srs_stream_list must be an int"):
        option["srs_stream_list"] = (0, "1")
    with pytest.raises(TypeError, match="srs_stream_list must be an iterable, not int"):
        option["srs_stream_list"] = 5
    with pytest.raises(ValueError, match="srs_stream_list must have at most 65535"):
        option["srs_stream_list"] = range(65536)
    assert option == sctp.sctp_reset_streams()


class Sequence:
    """An iterable of the old kind, with __getitem__ only."""

    def __getitem__(self, index):
        return (7, 8)[index]


def test_streams_are_any_iterable():
    option = sctp.sctp_reset_streams(srs_stream_list=Sequence())
    assert option["srs_stream_list"] == (7, 8)


class NotIterable:
    __iter__ = None


@pytest.mark.parametrize("value", [IntEnum("Member", "ONE").ONE, NotIterable(), None])
def test_error_for_what_is_not_iterable_names_the_field(value):
    """Even if the class of the value has items, as an enumeration has."""
    option = sctp.sctp_reset_streams()
    given = type(value).__name__
    with pytest.raises(
        TypeError, match=f"srs_stream_list must be an iterable, not {given}"
    ):
        option["srs_stream_list"] = value


class Key(bytes):
    """An iterable that denies its items."""

    def __bool__(self):
        return False

    def __len__(self):
        return 2


def test_key_of_a_derived_class_is_complete():
    option = sctp_authkey(sca_key=Key(b"secret"))
    assert option.to_bytes == struct.pack("=IHH6s", 0, 0, 6, b"secret")
    with pytest.raises(ValueError, match="at most 65535 bytes, not 65536"):
        option["sca_key"] = Key(65536)


class Shown(sctp_authkey):
    """A dict that looks different from Python than from C."""

    __slots__ = ()

    def __contains__(self, key):
        return False

    def __getitem__(self, key):
        return "hidden"


def test_methods_of_a_derived_class_do_not_change_its_bytes():
    option = Shown(sca_keynumber=13, sca_key=b"secret")
    assert option.to_bytes == struct.pack("=IHH6s", 0, 13, 6, b"secret")


# Copies and relatives


@each_class
def test_copies_are_of_the_same_class(name):
    option = filled(name)
    before = dict(option)
    for duplicate in (
        option.copy(),
        copy.copy(option),
        copy.deepcopy(option),
        *(
            pickle.loads(pickle.dumps(option, protocol))
            for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
        ),
    ):
        assert type(duplicate) is type(option)
        assert duplicate == option
        duplicate.clear()
        assert option == before


@each_class
def test_objects_equal_plain_dicts(name):
    assert by_name(name)() == dict(by_name(name)())
    assert repr(by_name(name)()).startswith("{'")


def test_application_may_derive_classes():
    class timeouts(sctp.sctp_rtoinfo):
        """A class that an application defines."""

    option = timeouts(srto_min=5)
    assert option.to_bytes == sctp.sctp_rtoinfo(srto_min=5).to_bytes
    assert (timeouts.size, timeouts.__optname__) == (16, sctp.SCTP_RTOINFO)
    assert type(option.copy()) is timeouts
    with pytest.raises(ValueError, match="sctp_rtoinfo: srto_min must be in"):
        option["srto_min"] = -1


@pytest.mark.parametrize("slots", [{}, {"__slots__": "mark"}], ids=["dict", "slot"])
def test_class_that_adds_to_a_dict_is_no_class_of_a_structure(slots):
    """Objects of the class are allocated as dicts, which are smaller."""
    cls = type("sctp_rtoinfo", (dict,), slots)
    with pytest.raises(TypeError, match="sctp_rtoinfo must add nothing to a dict"):
        core._brand(cls)


def test_default_sndinfo_is_made_of_a_sndinfo_or_keywords():
    fields = {key: at for at, (key, *_) in enumerate(layout("sctp_default_sndinfo"))}
    option = sctp.sctp_default_sndinfo(**fields)
    assert option == fields
    assert sctp.sctp_default_sndinfo(sctp.sctp_sndinfo(**fields)) == option
    assert sctp.sctp_default_sndinfo(option) == option
    assert sctp.sctp_default_sndinfo(option, snd_sid=9)["snd_sid"] == 9
    for other in (fields, 5, sctp.sctp_prinfo()):
        with pytest.raises(TypeError, match="sndinfo must be sctp_sndinfo"):
            sctp.sctp_default_sndinfo(other)


# Chunk types


def test_chunk_types_are_those_of_the_rfcs():
    assert {member._name_: int(member) for member in ChunkTypes} == {
        "DATA": 0,
        "INIT": 1,
        "INIT_ACK": 2,
        "SACK": 3,
        "HEARTBEAT": 4,
        "HEARTBEAT_ACK": 5,
        "ABORT": 6,
        "SHUTDOWN": 7,
        "SHUTDOWN_ACK": 8,
        "ERROR": 9,
        "COOKIE_ECHO": 10,
        "COOKIE_ACK": 11,
        "ECN_ECHO": 12,
        "CWR": 13,
        "SHUTDOWN_COMPLETE": 14,
        "AUTH": 15,
        "I_DATA": 64,
        "ASCONF_ACK": 128,
        "RE_CONFIG": 130,
        "PAD": 132,
        "FORWARD_TSN": 192,
        "ASCONF": 193,
        "I_FORWARD_TSN": 194,
    }


def test_chunk_types_have_plain_names():
    assert ChunkTypes.name(11) == "COOKIE_ACK"
    assert [ChunkTypes.name(int(member)) for member in ChunkTypes] == [
        member._name_ for member in ChunkTypes
    ]
    assert ChunkTypes.name(ChunkTypes.I_DATA) == "I_DATA"
    unassigned = {*range(256)} - {*map(int, ChunkTypes)}
    assert {ChunkTypes.name(number) for number in unassigned} == {"UNDEFINED_TYPE"}


@pytest.mark.parametrize(
    "value", [-1, 256, 2**70, 10**5000, "DATA", 1.0, None], ids=type
)
def test_chunk_type_is_an_integer_of_a_byte(value):
    with pytest.raises(TypeError, match=r"integer in 0\.\.255"):
        ChunkTypes.name(value)


def test_chunk_type_of_an_authchunk_is_a_member_or_a_number():
    option = sctp.sctp_authchunk(sauth_chunk=ChunkTypes.COOKIE_ACK)
    assert option == sctp.sctp_authchunk(sauth_chunk=11)
    assert str(option) == "{'sauth_chunk': 11}"
    assert option.to_bytes == b"\x0b"
    assert sctp.sctp_authchunk() == {"sauth_chunk": ChunkTypes.DATA.value}
