"""The dict classes of socket options; the C rows give their layout."""

import struct
import sys
from typing import ClassVar

from _sctp.sctp import (
    _brand,
    _check,
    _describe,
    _options,
    _pack,
    sockaddr_storage_to_ipaddr,
)
from _sctp.sctp_info import sctp_sndinfo

_ADDRESS = "128s"


def _layout(rows, size):
    """The format of struct for rows (key, format, offset, size) in a structure
    of so many bytes, with its padding written out."""
    end, parts = 0, ["="]
    for _, code, offset, width in sorted(rows, key=lambda row: row[2]):
        parts += [f"{offset - end}x" if offset > end else "", code]
        end = offset + width
    return "".join([*parts, f"{size - end}x" if size > end else ""])


# Of each structure its size, its rows, and what follows it: None, or the key, the
# format, and where its count is (format, offset).
_LAYOUTS = {name: _describe(name) for _, _, name, *_ in _options if name is not None}

# Linux takes no key without a byte to look at.
_NO_KEY = b"\0" if sys.platform == "linux" else b""


def _check_tail(name, value):
    """What is to follow a structure: bytes or None, or else a tuple of ints."""
    key, code, count, _ = _LAYOUTS[name][2]
    is_bytes, given = code == "s", type(value).__name__
    if not is_bytes:
        try:
            items = iter(value)
        except TypeError as error:
            text = f"{name}: {key} must be an iterable, not {given}"
            raise TypeError(text) from error
        value = tuple(items)
    elif isinstance(value, bytes):
        # All of them, whatever a derived class says.
        value = bytes.__getitem__(value, slice(None))
    elif value is not None:
        raise TypeError(f"{name}: {key} must be bytes or None, not {given}")
    length, most = len(value or ()), 2 ** (8 * struct.calcsize(count)) - 1
    if length > most:
        unit = "bytes" if is_bytes else "items"
        raise ValueError(f"{name}: {key} must have at most {most} {unit}, not {length}")
    return value if is_bytes else tuple(_check(name, key, item) for item in value)


def pack(name, fields):
    """The bytes of a structure and of what follows it."""
    head, tail = _pack(name, fields), _LAYOUTS[name][2]
    if tail is None:
        return head
    key, code, count, offset = tail
    # From the dict itself, as _pack() takes the rest, whatever a derived class does.
    if not dict.__contains__(fields, key):
        raise ValueError(f"{name}: missing key '{key}'")
    value = _check_tail(name, dict.__getitem__(fields, key))
    packed = bytearray(head)
    struct.pack_into(f"={count}", packed, offset, len(value or ()))
    if code == "s":
        packed += value or _NO_KEY
    else:
        packed += struct.pack(f"={len(value)}{code}", *value)
    return bytes(packed)


def _default(code):
    return bytes(struct.calcsize(code)) if code.endswith("s") else 0


class _Structure(dict):
    """A dict with the fields of the structure that its class is named after."""

    __slots__ = ()
    __fields__: ClassVar[dict] = {}
    __c_size__ = 0
    __optname__ = 0
    fmt = ""
    size = 0
    _structure = ""
    _tail = ()  # the key of what follows it, if anything does

    def __init_subclass__(cls, abstract=False, tail_default=(), **kwargs):
        """Reads the layout of a class that names a structure from the C rows;
        others, of applications, inherit it."""
        super().__init_subclass__(**kwargs)
        if cls.__module__ != __name__:
            return
        cls.__module__ = "sctp"
        if abstract:
            return
        cls._structure = name = cls.__name__
        cls.__c_size__, rows, tail = _LAYOUTS[name]
        cls.__fields__ = {key: (code, _default(code)) for key, code, _, _ in rows}
        if tail is not None:
            cls._tail = (tail[0],)
            cls.__fields__[tail[0]] = (tail[1], tail_default)
        cls.__optname__ = next(
            (number for _, number, structure, *_ in _options if structure == name), 0
        )
        cls.fmt = _layout(rows, cls.__c_size__)
        cls.size = struct.calcsize(cls.fmt)
        _brand(cls)

    def __init__(self, **kwds):
        for field in kwds:
            if field not in self.__fields__:
                raise ValueError(f"{self._structure}: unknown key {field!r}")
        for field, (_, default) in self.__fields__.items():
            if field in kwds:
                self.set_value(field, kwds[field])
            else:
                super().__setitem__(field, default)

    def __setitem__(self, field, value):
        if field in self._tail:
            checked = _check_tail(self._structure, value)
        else:
            checked = _check(self._structure, field, value)
        super().__setitem__(field, checked)

    def __delitem__(self, field):
        raise TypeError(f"{self._structure}: {field} cannot be deleted")

    def __repr__(self):
        return repr({field: self._shown(field) for field in self})

    def _shown(self, field):
        """The value of a field, its bytes as the address that they hold."""
        value = self[field]
        is_address = self.__fields__.get(field, ("",))[0] == _ADDRESS
        if is_address and isinstance(value, bytes):
            return sockaddr_storage_to_ipaddr(value)
        return value

    def copy(self):
        """A shallow copy, of the same class."""
        return type(self)(**self)

    def set_value(self, field, value):
        """Sets a field to a value that it can hold, else raises TypeError, also
        for an unknown field; returns the value."""
        try:
            self[field] = value
        except KeyError as error:
            raise TypeError(*error.args) from None
        except ValueError as error:
            raise TypeError(str(error)) from None
        return value

    @property
    def to_bytes(self):
        """The structure as bytes, followed by its list where it has one."""
        return pack(self._structure, self)


class sctp_generic(_Structure, abstract=True):
    """The base of the dict classes for socket options.

    Cannot be instantiated. A class derived from it has a key for each member
    of the C structure of the same name. Constructors take keywords only;
    their values, and those of set_value(), raise TypeError where the member
    cannot hold them. A key that the structure lacks raises ValueError from a
    constructor and TypeError from set_value(). Item assignment raises KeyError
    for such a key, TypeError for a wrong type and ValueError for a value out
    of range. What the other methods of dict put in, such as update(), is
    checked when the object is used.
    """

    __slots__ = ()

    def __new__(cls, *args, **kwds):
        if cls is sctp_generic:
            raise TypeError("sctp_generic cannot be instantiated")
        return super().__new__(cls)


class sctp_initmsg(sctp_generic):
    """How associations are set up (SCTP_INITMSG; RFC 6458, section 8.1.3).

    sinit_num_ostreams and sinit_max_instreams count streams,
    sinit_max_attempts transmissions of INIT; sinit_max_init_timeo is in
    milliseconds. 0 leaves a value as it is. The bytes of the structure are
    also the data of an SCTP_INIT control message.
    """

    __slots__ = ()


class sctp_paddrparams(sctp_generic):
    """Heartbeats and path MTU of a peer's address (SCTP_PEER_ADDR_PARAMS;
    RFC 6458, section 8.1.12).

    spp_hbinterval is in milliseconds, spp_pathmaxrxt counts retransmissions,
    spp_pathmtu is in bytes, spp_flags is made of SPP_* flags; spp_sackdelay,
    in milliseconds, is Linux's own. 0 leaves a value as it is.
    """

    __slots__ = ()


class sctp_paddrinfo(sctp_generic):
    """The state of a peer's address (SCTP_GET_PEER_ADDR_INFO; RFC 6458,
    section 8.2.2).

    spinfo_state is SCTP_ACTIVE, SCTP_INACTIVE or SCTP_UNCONFIRMED;
    spinfo_cwnd and spinfo_mtu are in bytes, spinfo_rto is in milliseconds,
    and so should be spinfo_srtt: Linux counts it in ticks of the kernel.
    """

    __slots__ = ()


class sctp_rtoinfo(sctp_generic):
    """Retransmission timeouts (SCTP_RTOINFO; RFC 6458, section 8.1.1), all in
    milliseconds. 0 leaves a value as it is."""

    __slots__ = ()


class sctp_assocparams(sctp_generic):
    """Parameters of an association (SCTP_ASSOCINFO; RFC 6458, section 8.1.2).

    sasoc_asocmaxrxt counts retransmissions, sasoc_peer_rwnd and
    sasoc_local_rwnd are in bytes, sasoc_cookie_life is in milliseconds; the
    number of the peer's addresses and both windows are read-only.
    """

    __slots__ = ()


class sctp_setprim(sctp_generic):
    """The peer's address to send to (SCTP_PRIMARY_ADDR; RFC 6458, section
    8.1.9)."""

    __slots__ = ()


class sctp_setadaptation(sctp_generic):
    """The adaptation layer indication that the peer is told
    (SCTP_ADAPTATION_LAYER; RFC 6458, section 8.1.10), in host byte order."""

    __slots__ = ()


class sctp_assoc_value(sctp_generic):
    """A number for an association (SCTP_MAXSEG, in bytes; SCTP_MAX_BURST, in
    packets; SCTP_CONTEXT; RFC 6458, sections 8.1.16, 8.1.24 and 8.1.25; and
    every later option with this structure)."""

    __slots__ = ()


class sctp_sack_info(sctp_generic):
    """When received data is acknowledged (SCTP_DELAYED_SACK; RFC 6458, section
    8.1.19): after sack_delay milliseconds, or every sack_freq packets."""

    __slots__ = ()


class sctp_authkeyid(sctp_generic):
    """The number of a shared key (SCTP_AUTH_ACTIVE_KEY,
    SCTP_AUTH_DEACTIVATE_KEY, SCTP_AUTH_DELETE_KEY; RFC 6458, sections 8.1.18,
    8.3.4 and 8.3.5)."""

    __slots__ = ()


class sctp_default_sndinfo(sctp_generic):
    """What messages without a sctp_sndinfo are sent with
    (SCTP_DEFAULT_SNDINFO; RFC 6458, section 8.1.31). Takes the fields of a
    sctp_sndinfo, by keyword or as one. snd_ppid goes on the wire as it
    stands."""

    __slots__ = ()

    def __init__(self, sndinfo=None, /, **kwds):
        if sndinfo is not None:
            if not isinstance(sndinfo, (sctp_sndinfo, sctp_default_sndinfo)):
                raise TypeError(
                    "sctp_default_sndinfo: sndinfo must be sctp_sndinfo, "
                    f"not {type(sndinfo).__name__}"
                )
            kwds = {**sndinfo, **kwds}
        super().__init__(**kwds)


class sctp_default_prinfo(sctp_generic):
    """When messages may be abandoned that are sent without a sctp_prinfo
    (SCTP_DEFAULT_PRINFO; RFC 6458, section 8.1.32)."""

    __slots__ = ()


class sctp_status(sctp_generic):
    """The state of an association (SCTP_STATUS; RFC 6458, section 8.2.1).

    sstat_state is one of SCTP_CLOSED to SCTP_SHUTDOWN_ACK_SENT; sstat_rwnd
    and sstat_fragmentation_point are in bytes; sstat_unackdata and
    sstat_penddata count chunks, sstat_instrms and sstat_outstrms streams;
    sstat_primary is the sctp_paddrinfo of the primary path, its default zeros
    in bytes.
    """

    __slots__ = ()

    def _shown(self, field):
        value = super()._shown(field)
        if field == "sstat_primary" and isinstance(value, bytes) and not any(value):
            return sctp_paddrinfo()
        return value


class sctp_setpeerprim(sctp_generic):
    """The own address that the peer is asked to send to
    (SCTP_SET_PEER_PRIMARY_ADDR; RFC 6458, section 8.3.1)."""

    __slots__ = ()


class sctp_authchunk(sctp_generic):
    """A chunk type that is to be authenticated (SCTP_AUTH_CHUNK; RFC 6458,
    section 8.3.2): any of ChunkTypes but INIT, INIT_ACK, SHUTDOWN_COMPLETE
    and AUTH."""

    __slots__ = ()


class sctp_authkey(_Structure, tail_default=None):
    """A shared key (SCTP_AUTH_KEY; RFC 6458, section 8.3.3): sca_key is bytes,
    65,535 at most, or None for the null key."""

    __slots__ = ()


class sctp_event(sctp_generic):
    """Whether notifications of a type arrive (SCTP_EVENT; RFC 6458, section
    6.2.2)."""

    __slots__ = ()


class sctp_stream_value(sctp_generic):
    """A number for a stream (SCTP_STREAM_SCHEDULER_VALUE; RFC 8260, section
    4.3.3): its priority or weight."""

    __slots__ = ()


class sctp_paddrthlds(sctp_generic):
    """When a peer's address fails (SCTP_PEER_ADDR_THLDS; RFC 7829, section
    7.2): retransmissions until it is inactive, or potentially failed."""

    __slots__ = ()


class sctp_udpencaps(sctp_generic):
    """The peer's port for SCTP in UDP (SCTP_REMOTE_UDP_ENCAPS_PORT; RFC 6951,
    section 6.1), in host byte order as all ports; 0 switches it off."""

    __slots__ = ()


class sctp_prstatus(sctp_generic):
    """How many messages were abandoned (SCTP_PR_STREAM_STATUS,
    SCTP_PR_ASSOC_STATUS; RFC 7496, sections 4.3 and 4.4)."""

    __slots__ = ()


class sctp_reset_streams(sctp_generic):
    """Streams whose sequence numbers are to begin anew (SCTP_RESET_STREAMS;
    RFC 6525, section 6.3.2).

    srs_flags is SCTP_STREAM_RESET_INCOMING, SCTP_STREAM_RESET_OUTGOING or
    both; srs_stream_list is an iterable of streams, empty for all.
    """

    __slots__ = ()


class sctp_add_streams(sctp_generic):
    """How many streams to add (SCTP_ADD_STREAMS; RFC 6525, section 6.3.4)."""

    __slots__ = ()


if sys.platform == "linux":

    class sctp_paddrthlds_v2(sctp_generic):
        """As sctp_paddrthlds, and spt_pathcpthld retransmissions until the
        primary path changes (SCTP_PEER_ADDR_THLDS_V2; RFC 7829, section
        7.2)."""

        __slots__ = ()

    class sctp_probeinterval(sctp_generic):
        """How often the path MTU is probed (SCTP_PLPMTUD_PROBE_INTERVAL; RFC
        8899): spi_interval is in milliseconds, at least 5000; 0 is never."""

        __slots__ = ()

    class sctp_assoc_stats(sctp_generic):
        """What an association has counted (SCTP_GET_ASSOC_STATS): packets,
        chunks, acknowledgements, and sas_maxrto, the longest timeout since
        the last look in ticks of the kernel, with its address."""

        __slots__ = ()

else:

    class sctp_cc_option(sctp_generic):
        """A number for the congestion control module (SCTP_CC_OPTION)."""

        __slots__ = ()

    class sctp_timeouts(sctp_generic):
        """How often each timer of an association expired (SCTP_TIMEOUTS)."""

        __slots__ = ()

    class sctp_sockstat(sctp_generic):
        """Bytes in the buffers of an association (SCTP_GET_SNDBUF_USE)."""

        __slots__ = ()

    class sctp_pcbinfo(sctp_generic):
        """How much the kernel's SCTP has allocated (SCTP_PCB_STATUS)."""

        __slots__ = ()

    class sctp_get_nonce_values(sctp_generic):
        """The verification tags of an association
        (SCTP_GET_NONCE_VALUES)."""

        __slots__ = ()


__all__ = [name for name in globals() if name.startswith("sctp_")]
