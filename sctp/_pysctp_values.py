"""The plain objects that PySCTP's sockets take and return."""

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from _sctp.sctp_event import (
    SCTP_ADAPTATION_INDICATION,
    SCTP_ASSOC_CHANGE,
    SCTP_PARTIAL_DELIVERY_EVENT,
    SCTP_PEER_ADDR_CHANGE,
    SCTP_REMOTE_ERROR,
    SCTP_SEND_FAILED,
    SCTP_SEND_FAILED_EVENT,
    SCTP_SHUTDOWN_EVENT,
    parse_notification,
)

from ._pysctp_constants import getconstant

# The attributes whose names are not those of the keys without their prefix.
_RENAMED = {
    "aaddr": "addr",
    "address": "sockaddr",
    "asocmaxrxt": "assocmaxrxt",
    "sid": "stream",
}
_UNSPECIFIED = ("???", 0)


def short_address(address: Any) -> Any:
    """The address in PySCTP's form: (host, port) for IPv4 and IPv6, and ("", 0) if
    there is none."""
    if not isinstance(address, tuple) or address == _UNSPECIFIED:
        return ("", 0)
    return address[:2]


def long_address(address: Any) -> Any:
    """The address in the form of sctp_socket. In PySCTP's form, IPv6 addresses are
    pairs too."""
    if isinstance(address, list):
        address = tuple(address)
    if isinstance(address, tuple) and len(address) == 2 and ":" in str(address[0]):
        return (*address, 0, 0)
    return address


def attribute(key: str) -> str:
    """Returns the name of the attribute of a PySCTP object for a key of a
    structure."""
    # All prefixes are one word, except "sender_dry_".
    name = key.removeprefix("sender_").partition("_")[2]
    return _RENAMED.get(name, name)


def attributes(structure: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the attributes of a PySCTP object for the values of a structure."""
    values = {attribute(key): value for key, value in structure.items()}
    for name in ("addr", "sockaddr"):
        if name in values:
            values[name] = short_address(values[name])
    return values


class assocparams:
    """Parameters of an association. 0 keeps the current value."""

    def __init__(self) -> None:
        self.assoc_id = 0
        self.assocmaxrxt = 0
        self.number_peer_destinations = 0
        self.peer_rwnd = 0
        self.local_rwnd = 0
        self.cookie_life = 0


class rtoinfo:
    """Retransmission timeouts in milliseconds. 0 keeps the current value."""

    def __init__(self) -> None:
        self.assoc_id = 0
        self.initial = 0
        self.max = 0
        self.min = 0


class paddrinfo:
    """The state of an address of the peer."""

    state_INACTIVE = getconstant("SCTP_INACTIVE")
    state_ACTIVE = getconstant("SCTP_ACTIVE")

    def __init__(self) -> None:
        self.assoc_id = 0
        self.sockaddr: Any = ("", 0)
        self.state = 0
        self.cwnd = 0
        self.srtt = 0
        self.rto = 0
        self.mtu = 0


class paddrparams:
    """Parameters of an address of the peer. flags selects the parameters to use.

    On FreeBSD sackdelay is always 0, because the structure does not have it.
    """

    flags_HB_DISABLED = flags_HB_DISABLE = getconstant("SPP_HB_DISABLED")
    flags_HB_ENABLED = flags_HB_ENABLE = getconstant("SPP_HB_ENABLED")
    flags_PMTUD_DISABLED = flags_PMTUD_DISABLE = getconstant("SPP_PMTUD_DISABLED")
    flags_PMTUD_ENABLED = flags_PMTUD_ENABLE = getconstant("SPP_PMTUD_ENABLED")
    flags_SACKDELAY_DISABLED = getconstant("SPP_SACKDELAY_DISABLED")
    flags_SACKDELAY_DISABLE = flags_SACKDELAY_DISABLED
    flags_SACKDELAY_ENABLED = getconstant("SPP_SACKDELAY_ENABLED")
    flags_SACKDELAY_ENABLE = flags_SACKDELAY_ENABLED

    def __init__(self) -> None:
        self.assoc_id = 0
        self.sockaddr: Any = ("", 0)
        self.hbinterval = 0
        self.pathmaxrxt = 0
        self.pathmtu = 0
        self.sackdelay = 0
        self.flags = 0


class status:
    """The state of an association. primary is the paddrinfo of its primary path."""

    state_EMPTY = getconstant("SCTP_EMPTY")
    state_CLOSED = getconstant("SCTP_CLOSED")
    state_COOKIE_WAIT = getconstant("SCTP_COOKIE_WAIT")
    state_COOKIE_ECHOED = getconstant("SCTP_COOKIE_ECHOED")
    state_ESTABLISHED = getconstant("SCTP_ESTABLISHED")
    state_SHUTDOWN_PENDING = getconstant("SCTP_SHUTDOWN_PENDING")
    state_SHUTDOWN_SENT = getconstant("SCTP_SHUTDOWN_SENT")
    state_SHUTDOWN_RECEIVED = getconstant("SCTP_SHUTDOWN_RECEIVED")
    state_SHUTDOWN_ACK_SENT = getconstant("SCTP_SHUTDOWN_ACK_SENT")
    state_BOUND = getconstant("SCTP_BOUND")
    state_LISTEN = getconstant("SCTP_LISTEN")

    def __init__(self) -> None:
        self.assoc_id = 0
        self.state = 0
        self.rwnd = 0
        self.unackdata = 0
        self.penddata = 0
        self.instrms = 0
        self.outstrms = 0
        self.fragmentation_point = 0
        self.primary = paddrinfo()


class initmsg:
    """Parameters for new associations. initparams.initmsg() makes such an object."""

    def __init__(self) -> None:
        self.num_ostreams = 0
        self.max_instreams = 0
        self.max_attempts = 0
        self.max_init_timeo = 0


class sndrcvinfo:
    """The information that came with a message. All is 0 unless events.data_io is on.

    ppid is in network order, as the kernel gives it.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.stream = 0
        self.ssn = 0
        self.flags = 0
        self.context = 0
        self.timetolive = 0
        self.tsn = 0
        self.cumtsn = 0
        self.assoc_id = 0
        self.ppid = 0
        vars(self).update(values or {})


class notification:
    """A notification of the kernel about an association. Notifications of a type that
    PySCTP does not know have this class."""

    type_SN_TYPE_BASE = getconstant("SCTP_SN_TYPE_BASE")
    type_ASSOC_CHANGE = SCTP_ASSOC_CHANGE
    type_PEER_ADDR_CHANGE = SCTP_PEER_ADDR_CHANGE
    type_SEND_FAILED = SCTP_SEND_FAILED
    type_REMOTE_ERROR = SCTP_REMOTE_ERROR
    type_SHUTDOWN_EVENT = SCTP_SHUTDOWN_EVENT
    type_PARTIAL_DELIVERY_EVENT = SCTP_PARTIAL_DELIVERY_EVENT
    type_ADAPTATION_INDICATION = SCTP_ADAPTATION_INDICATION

    def __init__(self, values: Mapping[str, Any] | None) -> None:
        self.type = 0
        self.flags = 0
        vars(self).update(values or {})


class assoc_change(notification):
    """An association was set up, has ended, or could not be set up."""

    state_COMM_UP = getconstant("SCTP_COMM_UP")
    state_COMM_LOST = getconstant("SCTP_COMM_LOST")
    state_RESTART = getconstant("SCTP_RESTART")
    state_SHUTDOWN_COMP = getconstant("SCTP_SHUTDOWN_COMP")
    state_CANT_START_ASSOCIATION = getconstant("SCTP_CANT_STR_ASSOC")
    state_CANT_STR_ASSOC = state_CANT_START_ASSOCIATION
    error_FAILED_THRESHOLD = getconstant("SCTP_FAILED_THRESHOLD")
    error_RECEIVED_SACK = getconstant("SCTP_RECEIVED_SACK")
    error_HEARTBEAT_SUCCESS = getconstant("SCTP_HEARTBEAT_SUCCESS")
    error_RESPONSE_TO_USER_REQ = getconstant("SCTP_RESPONSE_TO_USER_REQ")
    error_INTERNAL_ERROR = getconstant("SCTP_INTERNAL_ERROR")
    error_SHUTDOWN_GUARD_EXPIRES = getconstant("SCTP_SHUTDOWN_GUARD_EXPIRES")
    error_PEER_FAULTY = getconstant("SCTP_PEER_FAULTY")

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.state = 0
        self.error = 0
        self.outbound_streams = 0
        self.inbound_streams = 0
        self.assoc_id = 0
        super().__init__(values)


class paddr_change(notification):
    """An address of the peer was added or removed, or has changed its state."""

    state_ADDR_AVAILABLE = getconstant("SCTP_ADDR_AVAILABLE")
    state_ADDR_UNREACHABLE = getconstant("SCTP_ADDR_UNREACHABLE")
    state_ADDR_REMOVED = getconstant("SCTP_ADDR_REMOVED")
    state_ADDR_ADDED = getconstant("SCTP_ADDR_ADDED")
    state_ADDR_MADE_PRIM = getconstant("SCTP_ADDR_MADE_PRIM")
    error_FAILED_THRESHOLD = assoc_change.error_FAILED_THRESHOLD
    error_RECEIVED_SACK = assoc_change.error_RECEIVED_SACK
    error_HEARTBEAT_SUCCESS = assoc_change.error_HEARTBEAT_SUCCESS
    error_RESPONSE_TO_USER_REQ = assoc_change.error_RESPONSE_TO_USER_REQ
    error_INTERNAL_ERROR = assoc_change.error_INTERNAL_ERROR
    error_SHUTDOWN_GUARD_EXPIRES = assoc_change.error_SHUTDOWN_GUARD_EXPIRES
    error_PEER_FAULTY = assoc_change.error_PEER_FAULTY

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.addr: Any = ("", 0)
        self.state = 0
        self.error = 0
        self.assoc_id = 0
        super().__init__(values)


class send_failed(notification):
    """The kernel gave up a message. data is its bytes, and info its sndrcvinfo."""

    flag_DATA_UNSENT = getconstant("SCTP_DATA_UNSENT")
    flag_DATA_SENT = getconstant("SCTP_DATA_SENT")

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.error = 0
        self.assoc_id = 0
        self.data = b""
        self.info = sndrcvinfo()
        super().__init__(values)


class remote_error(notification):
    """The peer reported an error. data is the bytes of its causes."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.error = 0
        self.assoc_id = 0
        self.data = b""
        super().__init__(values)


class shutdown_event(notification):
    """The peer shuts down the association."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.assoc_id = 0
        super().__init__(values)


class pdapi_event(notification):
    """The rest of a message that arrived in part will not arrive."""

    indication_PD_ABORTED = getconstant("SCTP_PARTIAL_DELIVERY_ABORTED")
    indication_PARTIAL_DELIVERY_ABORTED = indication_PD_ABORTED

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.indication = 0
        self.assoc_id = 0
        super().__init__(values)


class adaptation_event(notification):
    """The peer has announced the number of its adaptation layer."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self.adaptation_ind = 0
        self.assoc_id = 0
        super().__init__(values)


notification_table: dict[int, Callable[[Mapping[str, Any] | None], notification]] = {
    SCTP_ASSOC_CHANGE: assoc_change,
    SCTP_PEER_ADDR_CHANGE: paddr_change,
    SCTP_SEND_FAILED: send_failed,
    SCTP_REMOTE_ERROR: remote_error,
    SCTP_SHUTDOWN_EVENT: shutdown_event,
    SCTP_PARTIAL_DELIVERY_EVENT: pdapi_event,
    SCTP_ADAPTATION_INDICATION: adaptation_event,
}


def notification_factory(raw_notification: Mapping[str, Any]) -> notification:
    """Makes the object for the values of a notification. If PySCTP does not know the
    type, it makes a plain notification and warns with RuntimeWarning."""
    if "type" not in raw_notification:
        raise ValueError("notification_factory(): raw_notification has no 'type'")
    kind = raw_notification["type"]
    if kind not in notification_table:
        warnings.warn(
            f"a notification of a type unknown to PySCTP ({kind}) has arrived",
            RuntimeWarning,
            stacklevel=3,
        )
    return notification_table.get(kind, notification)(raw_notification)


def raw_notification(data: bytes) -> dict[str, Any]:
    """Returns the values of a notification of the kernel, for
    notification_factory()."""
    parsed = parse_notification(data)
    kind = parsed.pop("sn_type")
    values = attributes(parsed)
    if kind in (SCTP_SEND_FAILED, SCTP_SEND_FAILED_EVENT):
        kind = SCTP_SEND_FAILED  # programs know only this one
        values["info"] = sndrcvinfo(attributes(values["info"]))
    length = int.from_bytes(data[4:8], sys.byteorder)  # sn_length
    return {**values, "type": kind, "length": length}


class _Group:
    """Settings of a socket. Each change is made in the kernel at once. If autoflush is
    off, flush() makes all changes."""

    _kind: ClassVar[str]

    def __init__(self, container: Any) -> None:
        self.container = container
        self.autoflush = True
        vars(self).update(getattr(container, f"_get_{self._kind}")())

    def _write(self, values: dict[str, Any]) -> None:
        getattr(self.container, f"_set_{self._kind}")(values)

    def _values(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key[0] == "_"}

    def flush(self) -> None:
        """Sets all values in the kernel to those of this object, also those that you
        did not change. This undoes what setsockopt() has changed since this object was
        made."""
        self._write(self._values())


def _accessors(name: str) -> tuple[Callable[[Any], Any], Callable[[Any, Any], None]]:
    """Makes the methods get_name() and set_name() of a group."""
    key = f"_{name}"

    def get(self: _Group) -> Any:
        return getattr(self, key)

    def set(self: _Group, value: Any) -> None:
        if self.autoflush:
            self._write({key: value})
        setattr(self, key, value)

    get.__name__, set.__name__ = f"get_{name}", f"set_{name}"
    return get, set


class event_subscribe(_Group):
    """Selects the notifications that arrive. With data_io, messages have a filled
    sndrcvinfo."""

    _kind = "events"

    get_data_io, set_data_io = _accessors("data_io")
    get_association, set_association = _accessors("association")
    get_address, set_address = _accessors("address")
    get_send_failure, set_send_failure = _accessors("send_failure")
    get_peer_error, set_peer_error = _accessors("peer_error")
    get_shutdown, set_shutdown = _accessors("shutdown")
    get_partial_delivery, set_partial_delivery = _accessors("partial_delivery")
    get_adaptation_layer, set_adaptation_layer = _accessors("adaptation_layer")

    data_io = dataio = sndrcvinfo = property(get_data_io, set_data_io)
    association = property(get_association, set_association)
    address = property(get_address, set_address)
    send_failure = sendfailure = property(get_send_failure, set_send_failure)
    peer_error = peererror = property(get_peer_error, set_peer_error)
    shutdown = property(get_shutdown, set_shutdown)
    partial_delivery = property(get_partial_delivery, set_partial_delivery)
    partialdelivery = partial_delivery
    adaptation_layer = property(get_adaptation_layer, set_adaptation_layer)
    adaptationlayer = adaptation_layer

    def clear(self) -> None:
        """Switches everything off except data_io."""
        vars(self).update({key: int(key == "_data_io") for key in self._values()})
        if self.autoflush:
            self.flush()


_Initmsg = initmsg  # in the class below, the name is a method


class initparams(_Group):
    """Parameters for new associations: streams, attempts, and the longest timeout
    between attempts in milliseconds."""

    _kind = "initparams"

    get_num_ostreams, set_num_ostreams = _accessors("num_ostreams")
    get_max_instreams, set_max_instreams = _accessors("max_instreams")
    get_max_attempts, set_max_attempts = _accessors("max_attempts")
    get_max_init_timeo, set_max_init_timeo = _accessors("max_init_timeo")

    num_ostreams = property(get_num_ostreams, set_num_ostreams)
    max_instreams = property(get_max_instreams, set_max_instreams)
    max_attempts = property(get_max_attempts, set_max_attempts)
    max_init_timeo = property(get_max_init_timeo, set_max_init_timeo)

    def initmsg(self) -> _Initmsg:
        """Returns an initmsg with these values."""
        made = _Initmsg()
        for name in vars(made):
            setattr(made, name, getattr(self, name))
        return made
