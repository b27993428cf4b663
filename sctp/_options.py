"""The dict classes of socket options. The rows in C define their layout."""

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
    """Returns the format for the module struct, with padding. Each row is (key,
    format, offset, size). The argument size is that of the whole structure."""
    end, parts = 0, ["="]
    for _, code, offset, width in sorted(rows, key=lambda row: row[2]):
        parts += [f"{offset - end}x" if offset > end else "", code]
        end = offset + width
    return "".join([*parts, f"{size - end}x" if size > end else ""])


# For each structure: its size, its rows, and its tail. The tail is None, or (key,
# format, format of the count, offset of the count).
_LAYOUTS = {name: _describe(name) for _, _, name, *_ in _options if name is not None}

# Linux refuses the null key if no byte follows the structure.
_NO_KEY = b"\0" if sys.platform == "linux" else b""


def _check_tail(name, value):
    """Checks the tail of a structure. Returns bytes or None, or a tuple of ints."""
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
        # This takes all items, even if a derived class has its own iterator.
        value = bytes.__getitem__(value, slice(None))
    elif value is not None:
        raise TypeError(f"{name}: {key} must be bytes or None, not {given}")
    length, most = len(value or ()), 2 ** (8 * struct.calcsize(count)) - 1
    if length > most:
        unit = "bytes" if is_bytes else "items"
        raise ValueError(f"{name}: {key} must have at most {most} {unit}, not {length}")
    return value if is_bytes else tuple(_check(name, key, item) for item in value)


def _pack_structure(name, fields):
    """Returns the bytes of a structure and its tail."""
    head, tail = _pack(name, fields), _LAYOUTS[name][2]
    if tail is None:
        return head
    key, code, count, offset = tail
    # This reads the dict itself, as _pack() does for the other keys, even if a derived
    # class has its own methods.
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


class _Zeros(bytes):
    """The default of an address, with a short text for help()."""

    __slots__ = ()

    def __repr__(self):
        return "<zeros>"


class _Signature:
    """The signature of a class, for help() and inspect: it names the fields."""

    def __get__(self, instance, owner):
        if owner.__module__ != "sctp":  # a derived class may have other arguments
            return None
        # This import is slow, and few programs need it.
        from inspect import Parameter, Signature, signature

        _, *parameters, _ = signature(owner.__init__).parameters.values()
        for field, (_, default) in owner.__fields__.items():
            if isinstance(default, bytes):
                default = _Zeros(default)
            parameters.append(Parameter(field, Parameter.KEYWORD_ONLY, default=default))
        return Signature(parameters)


class _Structure(dict):
    """A dict with one key for each field of the C structure of the same name."""

    __slots__ = ()
    __fields__: ClassVar[dict] = {}
    __c_size__ = 0
    __optname__ = 0
    __signature__ = _Signature()
    fmt = ""
    size = 0
    _structure = ""
    _tail = ()  # the key of the data after the structure, if any

    def __init_subclass__(cls, abstract=False, tail_default=(), **kwargs):
        """Reads the layout of the structure from the C rows. A class that an
        application derives inherits the layout of its base."""
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
        """The value of a field as repr() shows it. Bytes that are an address become
        its tuple."""
        value = self[field]
        is_address = self.__fields__.get(field, ("",))[0] == _ADDRESS
        if is_address and isinstance(value, bytes):
            return sockaddr_storage_to_ipaddr(value)
        return value

    def copy(self):
        """Returns a shallow copy of the same class."""
        return type(self)(**self)

    def set_value(self, field, value):
        """Sets a field and returns the value.

        Raises TypeError if the field is unknown or the value does not fit.
        """
        try:
            self[field] = value
        except KeyError as error:
            raise TypeError(*error.args) from None
        except ValueError as error:
            raise TypeError(str(error)) from None
        return value

    @property
    def to_bytes(self):
        """The bytes of the structure, and of its list if it has one."""
        return _pack_structure(self._structure, self)


class sctp_generic(_Structure, abstract=True):
    """The base class of the dict classes for socket options.

    It cannot be instantiated. Each class derived from it has one key for each
    member of the C structure with the same name. Its constructor takes keywords
    only. Keys that are left out become 0, or an address of zeros.

    The constructor raises ValueError for an unknown key, and TypeError for a
    value that does not fit its field. set_value() raises TypeError for both.
    Item assignment raises KeyError for an unknown key, TypeError for a value of
    the wrong type, and ValueError for a number out of range. The other methods
    of dict, such as update(), check nothing: what they store is checked when
    the object is used.
    """

    __slots__ = ()

    def __new__(cls, *args, **kwds):
        if cls is sctp_generic:
            raise TypeError("sctp_generic cannot be instantiated")
        return super().__new__(cls)


class sctp_initmsg(sctp_generic):
    """How new associations are set up: streams, and how often to try.

    The structure of SCTP_INITMSG (RFC 6458, section 8.1.3). Its bytes are also
    the data of a control message of type SCTP_INIT.

    - sinit_num_ostreams (uint16, streams): Number of outbound streams to ask
      for. 0 keeps the current value.
    - sinit_max_instreams (uint16, streams): Largest number of inbound streams
      to accept. 0 keeps the current value.
    - sinit_max_attempts (uint16, retransmissions): How often INIT is sent again
      before the set-up fails. The default is 8. 0 keeps the current value.
    - sinit_max_init_timeo (uint16, ms): Longest timeout of INIT. The default is
      60,000. 0 keeps the current value.
    """

    __slots__ = ()


class sctp_paddrparams(sctp_generic):
    """Heartbeats, failure detection and path MTU of a peer's address.

    The structure of SCTP_PEER_ADDR_PARAMS (RFC 6458, section 8.1.12). Most
    fields are ignored unless spp_flags has the flag that belongs to them.

    - spp_assoc_id (association): The association, or SCTP_FUTURE_ASSOC.
    - spp_address (address): An address of the peer. Without it, the values are
      for all addresses of the peer.
    - spp_hbinterval (uint32, ms): Time between heartbeats on an idle path. It is
      ignored without SPP_HB_ENABLE. 0 keeps the current value; with
      SPP_HB_TIME_IS_ZERO the interval becomes 0.
    - spp_pathmaxrxt (uint16, retransmissions): How many retransmissions in a row
      make the path inactive. 0 keeps the current value.
    - spp_pathmtu (uint32, bytes): The path MTU. It is ignored without
      SPP_PMTUD_DISABLE.
    - spp_flags (uint32, flags): SPP_HB_ENABLE or SPP_HB_DISABLE, SPP_HB_DEMAND,
      SPP_HB_TIME_IS_ZERO, SPP_PMTUD_ENABLE or SPP_PMTUD_DISABLE,
      SPP_IPV6_FLOWLABEL, SPP_DSCP; on Linux also SPP_SACKDELAY_ENABLE or
      SPP_SACKDELAY_DISABLE.
    - spp_ipv6_flowlabel (uint32): The IPv6 flow label, 20 bits. It is ignored
      without SPP_IPV6_FLOWLABEL.
    - spp_dscp (uint8): The DSCP, in the six upper bits. It is ignored without
      SPP_DSCP.
    - spp_sackdelay (uint32, ms): Linux only: how long the acknowledgement of
      received data may wait, at most 500. It is ignored without
      SPP_SACKDELAY_ENABLE.
    """

    __slots__ = ()


class sctp_paddrinfo(sctp_generic):
    """The state of one path, that is of one address of the peer.

    The structure of SCTP_GET_PEER_ADDR_INFO (RFC 6458, section 8.2.2). A
    sctp_status has one for the primary path.

    - spinfo_assoc_id (association): The association.
    - spinfo_address (address): The address of the peer.
    - spinfo_state (int32): A PathState.
    - spinfo_cwnd (uint32, bytes): The congestion window.
    - spinfo_srtt (uint32, ms): The smoothed round-trip time. Linux gives it in
      ticks of the kernel's clock.
    - spinfo_rto (uint32, ms): The retransmission timeout.
    - spinfo_mtu (uint32, bytes): The path MTU.
    """

    __slots__ = ()


class sctp_rtoinfo(sctp_generic):
    """The limits of the retransmission timeout.

    The structure of SCTP_RTOINFO (RFC 6458, section 8.1.1).

    - srto_assoc_id (association): The association, or SCTP_FUTURE_ASSOC.
    - srto_initial (uint32, ms): The first timeout of a path, before its
      round-trip time is known. 0 keeps the current value.
    - srto_max (uint32, ms): The longest timeout. 0 keeps the current value.
    - srto_min (uint32, ms): The shortest timeout. 0 keeps the current value.
    """

    __slots__ = ()


class sctp_assocparams(sctp_generic):
    """Retransmissions, receive windows and cookie lifetime of an association.

    The structure of SCTP_ASSOCINFO (RFC 6458, section 8.1.2).

    - sasoc_assoc_id (association): The association, or SCTP_FUTURE_ASSOC.
    - sasoc_asocmaxrxt (uint16, retransmissions): How many retransmissions in a
      row, over all paths, end the association. 0 keeps the current value.
    - sasoc_number_peer_destinations (uint16, addresses): How many addresses the
      peer has. Read-only.
    - sasoc_peer_rwnd (uint32, bytes): The peer's receive window, less the data
      that is on its way. Read-only.
    - sasoc_local_rwnd (uint32, bytes): The receive window of this side, as the
      peer was last told. Read-only.
    - sasoc_cookie_life (uint32, ms): How long the cookie of the set-up is valid.
      0 keeps the current value.
    """

    __slots__ = ()


class sctp_setprim(sctp_generic):
    """The primary address: the address of the peer that messages are sent to.

    The structure of SCTP_PRIMARY_ADDR (RFC 6458, section 8.1.9).

    - ssp_assoc_id (association): The association.
    - ssp_addr (address): The address of the peer.
    """

    __slots__ = ()


class sctp_setadaptation(sctp_generic):
    """The adaptation layer indication that peers get during the set-up.

    The structure of SCTP_ADAPTATION_LAYER (RFC 6458, section 8.1.10).

    - ssb_adaptation_ind (uint32): The indication, in host byte order on both
      sides.
    """

    __slots__ = ()


class sctp_assoc_value(sctp_generic):
    """One number for an association.

    The structure of SCTP_MAXSEG, SCTP_MAX_BURST and SCTP_CONTEXT (RFC 6458,
    sections 8.1.16, 8.1.24 and 8.1.25), and of many later options.

    - assoc_id (association): The association, or SCTP_FUTURE_ASSOC. Setting
      SCTP_MAX_BURST, SCTP_CONTEXT, SCTP_ENABLE_STREAM_RESET or
      SCTP_STREAM_SCHEDULER also takes SCTP_CURRENT_ASSOC and SCTP_ALL_ASSOC.
    - assoc_value (uint32): The number. The option decides what it means and
      which unit it has.
    """

    __slots__ = ()


class sctp_sack_info(sctp_generic):
    """When received data is acknowledged.

    The structure of SCTP_DELAYED_SACK (RFC 6458, section 8.1.19).

    - sack_assoc_id (association): The association, or SCTP_FUTURE_ASSOC. Setting
      also takes SCTP_CURRENT_ASSOC and SCTP_ALL_ASSOC.
    - sack_delay (uint32, ms): How long an acknowledgement may wait, at most 500.
      0 keeps the current value.
    - sack_freq (uint32, packets): After how many packets an acknowledgement is
      sent at once. 1 switches the delay off. 0 keeps the current value.
    """

    __slots__ = ()


class sctp_authkeyid(sctp_generic):
    """The number of a shared key.

    The structure of SCTP_AUTH_ACTIVE_KEY, SCTP_AUTH_DEACTIVATE_KEY and
    SCTP_AUTH_DELETE_KEY (RFC 6458, sections 8.1.18, 8.3.4 and 8.3.5).

    - scact_assoc_id (association): The association, or SCTP_FUTURE_ASSOC.
      Setting also takes SCTP_CURRENT_ASSOC and SCTP_ALL_ASSOC.
    - scact_keynumber (uint16): The number of the key.
    """

    __slots__ = ()


class sctp_default_sndinfo(sctp_generic):
    """The values for messages that are sent without a sctp_sndinfo.

    The structure of SCTP_DEFAULT_SNDINFO (RFC 6458, section 8.1.31). The
    constructor takes the fields as keywords, or a sctp_sndinfo to copy them
    from, or both; then the keywords win.

    - snd_sid (uint16): The stream to send on.
    - snd_flags (uint16, flags): The flags of a sctp_sndinfo.
    - snd_ppid (uint32): The payload protocol identifier. It is sent as it is,
      without a conversion: pass socket.htonl(60) for 60.
    - snd_context (uint32): A number of your choice. It comes back in
      SCTP_SEND_FAILED_EVENT.
    - snd_assoc_id (association): The association, or SCTP_FUTURE_ASSOC. Setting
      also takes SCTP_CURRENT_ASSOC and SCTP_ALL_ASSOC.
    """

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
    """When messages that are sent without a sctp_prinfo may be abandoned.

    The structure of SCTP_DEFAULT_PRINFO (RFC 6458, section 8.1.32).

    - pr_policy (uint16): SCTP_PR_SCTP_NONE, SCTP_PR_SCTP_TTL, SCTP_PR_SCTP_RTX
      or SCTP_PR_SCTP_PRIO.
    - pr_value (uint32): Milliseconds with SCTP_PR_SCTP_TTL, retransmissions with
      SCTP_PR_SCTP_RTX, a priority with SCTP_PR_SCTP_PRIO (0 is the highest). It
      is ignored with SCTP_PR_SCTP_NONE.
    - pr_assoc_id (association): The association, or SCTP_FUTURE_ASSOC. Setting
      also takes SCTP_CURRENT_ASSOC and SCTP_ALL_ASSOC.
    """

    __slots__ = ()


class sctp_status(sctp_generic):
    """The state of an association.

    The structure of SCTP_STATUS (RFC 6458, section 8.2.1).

    - sstat_assoc_id (association): The association.
    - sstat_state (int32): An AssociationState.
    - sstat_rwnd (uint32, bytes): The receive window of the peer.
    - sstat_unackdata (uint16, chunks): How many DATA chunks were sent and are
      not acknowledged yet.
    - sstat_penddata (uint16, chunks): How many DATA chunks were received and are
      not read yet.
    - sstat_instrms (uint16, streams): The number of inbound streams.
    - sstat_outstrms (uint16, streams): The number of outbound streams.
    - sstat_fragmentation_point (uint32, bytes): The size of the longest message
      that is not fragmented.
    - sstat_primary (sctp_paddrinfo): The primary path. The default is the bytes
      of the structure, all zero.
    """

    __slots__ = ()

    def _shown(self, field):
        value = super()._shown(field)
        if field == "sstat_primary" and isinstance(value, bytes) and not any(value):
            return sctp_paddrinfo()
        return value


class sctp_setpeerprim(sctp_generic):
    """A local address that the peer is asked to make its primary address.

    The structure of SCTP_SET_PEER_PRIMARY_ADDR (RFC 6458, section 8.3.1).

    - sspp_assoc_id (association): The association.
    - sspp_addr (address): The local address.
    """

    __slots__ = ()


class sctp_authchunk(sctp_generic):
    """A chunk type that the peer has to authenticate.

    The structure of SCTP_AUTH_CHUNK (RFC 6458, section 8.3.2).

    - sauth_chunk (uint8): A member of ChunkTypes other than INIT, INIT_ACK,
      SHUTDOWN_COMPLETE and AUTH.
    """

    __slots__ = ()


class sctp_authkey(_Structure, tail_default=None):
    """A shared key for authentication.

    The structure of SCTP_AUTH_KEY (RFC 6458, section 8.3.3).

    - sca_assoc_id (association): The association, or SCTP_FUTURE_ASSOC. Setting
      also takes SCTP_CURRENT_ASSOC and SCTP_ALL_ASSOC.
    - sca_keynumber (uint16): The number of the key.
    - sca_key (bytes or None): The key, at most 65,535 bytes. None is the null
      key.
    """

    __slots__ = ()


class sctp_event(sctp_generic):
    """Whether notifications of one type are delivered.

    The structure of SCTP_EVENT (RFC 6458, section 6.2.2).

    - se_assoc_id (association): The association, or SCTP_FUTURE_ASSOC. Setting
      also takes SCTP_CURRENT_ASSOC and SCTP_ALL_ASSOC.
    - se_type (uint16): A NotificationType.
    - se_on (uint8): 1 for yes, 0 for no.
    """

    __slots__ = ()


class sctp_stream_value(sctp_generic):
    """A number that the stream scheduler uses for a stream.

    The structure of SCTP_STREAM_SCHEDULER_VALUE (RFC 8260, section 4.3.3).

    - assoc_id (association): The association. Setting also takes
      SCTP_CURRENT_ASSOC.
    - stream_id (uint16): The stream.
    - stream_value (uint16): With SCTP_SS_PRIO the priority of the stream (0 is
      the highest), with SCTP_SS_WFQ its weight.
    """

    __slots__ = ()


class sctp_paddrthlds(sctp_generic):
    """After how many retransmissions a path counts as failed.

    The structure of SCTP_PEER_ADDR_THLDS (RFC 7829, section 7.2).

    - spt_assoc_id (association): The association, or SCTP_FUTURE_ASSOC.
    - spt_address (address): An address of the peer. Without it, the values are
      for all addresses of the peer.
    - spt_pathmaxrxt (uint16, retransmissions): How many in a row make the path
      inactive.
    - spt_pathpfthld (uint16, retransmissions): How many in a row make the path
      potentially failed; then messages take another path.
    - spt_pathcpthld (uint16, retransmissions): FreeBSD only: how many in a row
      make another path the primary path. 65535 means never.
    """

    __slots__ = ()


class sctp_udpencaps(sctp_generic):
    """The UDP port of a peer that runs SCTP over UDP.

    The structure of SCTP_REMOTE_UDP_ENCAPS_PORT (RFC 6951, section 6.1).

    - sue_assoc_id (association): The association, or SCTP_FUTURE_ASSOC.
    - sue_address (address): An address of the peer. Without it, the port is for
      all addresses of the peer.
    - sue_port (uint16): The UDP port, in host byte order. 0 switches UDP off.
    """

    __slots__ = ()


class sctp_prstatus(sctp_generic):
    """How many messages were abandoned.

    The structure of SCTP_PR_STREAM_STATUS and SCTP_PR_ASSOC_STATUS (RFC 7496,
    sections 4.3 and 4.4).

    - sprstat_assoc_id (association): The association.
    - sprstat_sid (uint16): The stream, for SCTP_PR_STREAM_STATUS.
    - sprstat_policy (uint16): SCTP_PR_SCTP_TTL, SCTP_PR_SCTP_RTX,
      SCTP_PR_SCTP_PRIO or SCTP_PR_SCTP_ALL.
    - sprstat_abandoned_unsent (uint64, messages): How many were abandoned before
      any of their data was sent.
    - sprstat_abandoned_sent (uint64, messages): How many were abandoned after
      some of their data was sent.
    """

    __slots__ = ()


class sctp_reset_streams(sctp_generic):
    """The streams whose sequence numbers start again at 0.

    The structure of SCTP_RESET_STREAMS (RFC 6525, section 6.3.2).

    - srs_assoc_id (association): The association.
    - srs_flags (uint16, flags): SCTP_STREAM_RESET_INCOMING,
      SCTP_STREAM_RESET_OUTGOING or both.
    - srs_stream_list (tuple of int): The streams. The constructor takes any
      iterable. An empty one means all streams.
    """

    __slots__ = ()


class sctp_add_streams(sctp_generic):
    """How many streams to add to an association.

    The structure of SCTP_ADD_STREAMS (RFC 6525, section 6.3.4).

    - sas_assoc_id (association): The association.
    - sas_instrms (uint16, streams): How many inbound streams to add.
    - sas_outstrms (uint16, streams): How many outbound streams to add.
    """

    __slots__ = ()


if sys.platform == "linux":

    class sctp_paddrthlds_v2(sctp_generic):
        """After how many retransmissions a path counts as failed, and after how
        many another path becomes the primary path.

        The structure of SCTP_PEER_ADDR_THLDS_V2 (RFC 7829, section 7.2).

        - spt_assoc_id (association): The association, or SCTP_FUTURE_ASSOC.
        - spt_address (address): An address of the peer. Without it, the values
          are for all addresses of the peer.
        - spt_pathmaxrxt (uint16, retransmissions): How many in a row make the
          path inactive.
        - spt_pathpfthld (uint16, retransmissions): How many in a row make the
          path potentially failed; then messages take another path.
        - spt_pathcpthld (uint16, retransmissions): How many in a row make
          another path the primary path. 65535 means never.
        """

        __slots__ = ()

    class sctp_probeinterval(sctp_generic):
        """How often the path MTU is probed.

        The structure of SCTP_PLPMTUD_PROBE_INTERVAL (RFC 8899).

        - spi_assoc_id (association): The association, or SCTP_FUTURE_ASSOC.
        - spi_address (address): An address of the peer. Without it, the interval
          is for all addresses of the peer.
        - spi_interval (uint32, ms): The time between two probes, at least 5000.
          0 switches probing off.
        """

        __slots__ = ()

    class sctp_assoc_stats(sctp_generic):
        """Counters of an association.

        The structure of SCTP_GET_ASSOC_STATS, which only Linux has.

        - sas_assoc_id (association): The association.
        - sas_obs_rto_ipaddr (address): The address of the peer that sas_maxrto
          was observed on.
        - sas_maxrto (uint64, ticks): The longest retransmission timeout since
          the option was last read, in ticks of the kernel's clock.
        - sas_isacks (uint64, chunks): SACK chunks received.
        - sas_osacks (uint64, chunks): SACK chunks sent.
        - sas_opackets (uint64, packets): Packets sent.
        - sas_ipackets (uint64, packets): Packets received.
        - sas_rtxchunks (uint64, chunks): DATA chunks sent again.
        - sas_outofseqtsns (uint64, chunks): DATA chunks received with a TSN that
          was not the next one.
        - sas_idupchunks (uint64, chunks): DATA chunks received more than once.
        - sas_gapcnt (uint64, gaps): Gap acknowledgement blocks received.
        - sas_ouodchunks (uint64, chunks): Unordered DATA chunks sent.
        - sas_iuodchunks (uint64, chunks): Unordered DATA chunks received.
        - sas_oodchunks (uint64, chunks): Ordered DATA chunks sent.
        - sas_iodchunks (uint64, chunks): Ordered DATA chunks received.
        - sas_octrlchunks (uint64, chunks): Control chunks sent.
        - sas_ictrlchunks (uint64, chunks): Control chunks received.
        """

        __slots__ = ()

else:

    class sctp_cc_option(sctp_generic):
        """A parameter of the congestion control module.

        The structure of SCTP_CC_OPTION, which only FreeBSD has.

        - option (int32): SCTP_CC_OPT_RTCC_SETMODE, SCTP_CC_OPT_USE_DCCC_ECN or
          SCTP_CC_OPT_STEADY_STEP.
        - aid_value (sctp_assoc_value): The association, and the value of the
          parameter.
        """

        __slots__ = ()

    class sctp_timeouts(sctp_generic):
        """How often each timer of an association has expired.

        The structure of SCTP_TIMEOUTS, which only FreeBSD has.

        - stimo_assoc_id (association): The association.
        - stimo_init (uint32, times): The timer of INIT.
        - stimo_data (uint32, times): The retransmission timer of DATA.
        - stimo_sack (uint32, times): The timer of delayed acknowledgements.
        - stimo_shutdown (uint32, times): The timer of SHUTDOWN.
        - stimo_heartbeat (uint32, times): The timer of heartbeats.
        - stimo_cookie (uint32, times): The timer of COOKIE ECHO.
        - stimo_shutdownack (uint32, times): The timer of SHUTDOWN ACK.
        """

        __slots__ = ()

    class sctp_sockstat(sctp_generic):
        """How much data is in the buffers of an association.

        The structure of SCTP_GET_SNDBUF_USE, which only FreeBSD has.

        - ss_assoc_id (association): The association.
        - ss_total_sndbuf (uint32, bytes): Data in the send buffer.
        - ss_total_recv_buf (uint32, bytes): Data in the receive buffer.
        """

        __slots__ = ()

    class sctp_pcbinfo(sctp_generic):
        """How many objects the SCTP code of the kernel has allocated.

        The structure of SCTP_PCB_STATUS, which only FreeBSD has.

        - ep_count (uint32): Endpoints.
        - asoc_count (uint32): Associations.
        - laddr_count (uint32): Local addresses.
        - raddr_count (uint32): Addresses of peers.
        - chk_count (uint32): Chunks.
        - readq_count (uint32): Messages in receive queues.
        - free_chunks (uint32): Free chunks that are kept for later.
        - stream_oque (uint32): Messages in the send queues of streams.
        """

        __slots__ = ()

    class sctp_get_nonce_values(sctp_generic):
        """The verification tags of an association.

        The structure of SCTP_GET_NONCE_VALUES, which only FreeBSD has.

        - gn_assoc_id (association): The association.
        - gn_peers_tag (uint32): The tag of the peer.
        - gn_local_tag (uint32): The tag of this side.
        """

        __slots__ = ()


__all__ = [name for name in globals() if name.startswith("sctp_")]
