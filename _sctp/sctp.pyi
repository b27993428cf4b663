"""The SCTP socket: addresses, associations and messages (RFC 6458)."""

import socket
import sys
from collections.abc import Iterable
from typing import (
    Any,
    Final,
    Literal,
    Self,
    SupportsIndex,
    TypeAlias,
    TypeVar,
    overload,
)

from typing_extensions import Buffer, disjoint_base

from .sctp_info import (
    _Received,
    sctp_authinfo,
    sctp_prinfo,
    sctp_sendv_spa,
    sctp_sndinfo,
)

# An address that the kernel returns, and an address that an application may give: there
# the host and the port may be names.
_Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int]
_AnyAddress: TypeAlias = (
    tuple[str, int | str] | tuple[str, int | str, int, int] | _Address
)
_SendInfo: TypeAlias = sctp_sndinfo | sctp_prinfo | sctp_authinfo | sctp_sendv_spa
_MessageTuple: TypeAlias = (
    tuple[Iterable[Buffer]]
    | tuple[Iterable[Buffer], Iterable[_AnyAddress] | None]
    | tuple[Iterable[Buffer], Iterable[_AnyAddress] | None, _SendInfo | None]
)
_T = TypeVar("_T")

class SCTPError(ValueError): ...

# The part of sctp_socket that is implemented in C.
@disjoint_base
class _core(socket.socket):
    def _ask_family(self, fileno: SupportsIndex, /) -> int: ...
    def _accept_into(self, into: list[int], /) -> Any: ...
    def _end_peeled(self, how: int, /) -> None: ...
    def _bindx(self, addrs: Iterable[Any], flags: int, /) -> None: ...
    def _connectx(self, addrs: Iterable[Any], assoc_id: bool, /) -> int | None: ...
    def _getaddrs(
        self, assoc_id: int, local: bool, /
    ) -> tuple[tuple[Any, ...], ...] | None: ...
    def _peeloff(self, assoc_id: int, into: list[int], /) -> None: ...
    def _forget(self) -> None: ...
    def _get_option(self, optname: int, name: str, value: object, /) -> Any: ...
    def _getsockopt(self, level: int, optname: int, optval: bytes, /) -> bytes: ...
    def _setsockopt(self, level: int, optname: int, optval: bytes, /) -> None: ...
    def sctp_sendv(
        self,
        data: Iterable[Buffer],
        addrs: Iterable[_AnyAddress] | None = None,
        info: _SendInfo | None = None,
        flags: int = 0,
    ) -> int: ...
    # These are unions with Any, because only the application knows the types. The
    # options decide about the info. At the end of an association, address and info are
    # None.
    def sctp_recvv(
        self, bufsize: int, flags: int = 0
    ) -> tuple[bytes, _Address | Any, _Received | Any, int, int]: ...
    def sctp_recvv_into(
        self, buffers: Iterable[Buffer], flags: int = 0
    ) -> tuple[int, _Address | Any, _Received | Any, int, int]: ...
    def sctp_sendv_many(
        self, messages: Iterable[_MessageTuple], flags: int = 0
    ) -> int: ...
    def sctp_recvv_many(
        self, bufsize: int, count: int, flags: int = 0
    ) -> list[tuple[bytes, _Address | Any, _Received | Any, int, int]]: ...

class sctp_socket(_core):
    @overload
    def __init__(
        self,
        family: int = -1,
        type: int = -1,
        proto: int = 132,
        *,
        fileno: SupportsIndex,
    ) -> None: ...
    @overload
    def __init__(
        self, family: int, type: int, proto: int = 132, fileno: None = None
    ) -> None: ...
    @property
    def sctp_type(self) -> Literal["one-to-one", "one-to-many"]: ...
    @property
    def sock(self) -> Self: ...
    def sctp_bindx(self, addrs: Iterable[_AnyAddress], flags: int) -> None: ...
    @overload
    def sctp_connectx(
        self, addrs: Iterable[_AnyAddress], *, assoc_id: Literal[False] = False
    ) -> None: ...
    @overload
    def sctp_connectx(
        self, addrs: Iterable[_AnyAddress], *, assoc_id: Literal[True]
    ) -> int: ...
    @overload
    def sctp_connectx(
        self, addrs: Iterable[_AnyAddress], *, assoc_id: bool = False
    ) -> int | None: ...
    def sctp_getladdrs(self, assoc_id: int = 0) -> tuple[_Address, ...] | None: ...
    def sctp_getpaddrs(self, assoc_id: int = 0) -> tuple[_Address, ...] | None: ...
    def accept(self) -> tuple[Self, Any]: ...
    def shutdown(self, how: int, /) -> None: ...
    def sctp_peeloff(self, assoc_id: int) -> Self: ...

def ipaddr_to_sockaddr_storage(ip_addr: _AnyAddress, /) -> bytes: ...
def sockaddr_storage_to_ipaddr(storage: Buffer, /) -> _Address: ...

# The package sctp uses these: the layout of structures, and the table of options. Its
# rows are (name, number, structure or None, access, reference).
def _describe(
    name: str, /
) -> tuple[
    int,
    tuple[tuple[str, str, int, int], ...],
    tuple[str, str, str, int] | None,
]: ...
def _brand(cls: type[dict[Any, Any]], /) -> None: ...
def _check(name: str, key: str, value: _T, /) -> _T: ...
def _pack(name: str, value: object, /) -> bytes: ...
def _unpack(name: str, structure: bytes, /) -> dict[Any, Any]: ...

_options: Final[list[tuple[str, int, str | None, str, str]]]

IPPROTO_SCTP: Final[int]
SCTP_FUTURE_ASSOC: Final[int]
SCTP_CURRENT_ASSOC: Final[int]
SCTP_ALL_ASSOC: Final[int]
SCTP_BINDX_ADD_ADDR: Final[int]
SCTP_BINDX_REM_ADDR: Final[int]
SCTP_SENDV_NOINFO: Final[int]
SCTP_SENDV_SNDINFO: Final[int]
SCTP_SENDV_PRINFO: Final[int]
SCTP_SENDV_AUTHINFO: Final[int]
SCTP_SENDV_SPA: Final[int]
SCTP_SEND_SNDINFO_VALID: Final[int]
SCTP_SEND_PRINFO_VALID: Final[int]
SCTP_SEND_AUTHINFO_VALID: Final[int]
SCTP_RECVV_NOINFO: Final[int]
SCTP_RECVV_RCVINFO: Final[int]
SCTP_RECVV_NXTINFO: Final[int]
SCTP_RECVV_RN: Final[int]
SCTP_INIT: Final[int]
SCTP_SNDINFO: Final[int]
SCTP_RCVINFO: Final[int]
SCTP_NXTINFO: Final[int]
SCTP_PRINFO: Final[int]
SCTP_AUTHINFO: Final[int]
SCTP_DSTADDRV4: Final[int]
SCTP_DSTADDRV6: Final[int]
SCTP_AUTH_HMAC_ID_SHA1: Final[int]
SCTP_AUTH_HMAC_ID_SHA256: Final[int]
SPP_HB_ENABLE: Final[int]
SPP_HB_DISABLE: Final[int]
SPP_HB_DEMAND: Final[int]
SPP_HB_TIME_IS_ZERO: Final[int]
SPP_PMTUD_ENABLE: Final[int]
SPP_PMTUD_DISABLE: Final[int]
SPP_IPV6_FLOWLABEL: Final[int]
SPP_DSCP: Final[int]
SCTP_UNCONFIRMED: Final[int]
SCTP_ACTIVE: Final[int]
SCTP_INACTIVE: Final[int]
SCTP_CLOSED: Final[int]
SCTP_COOKIE_WAIT: Final[int]
SCTP_COOKIE_ECHOED: Final[int]
SCTP_ESTABLISHED: Final[int]
SCTP_SHUTDOWN_PENDING: Final[int]
SCTP_SHUTDOWN_SENT: Final[int]
SCTP_SHUTDOWN_RECEIVED: Final[int]
SCTP_SHUTDOWN_ACK_SENT: Final[int]
SCTP_STREAM_RESET_INCOMING: Final[int]
SCTP_STREAM_RESET_OUTGOING: Final[int]
SCTP_ENABLE_RESET_STREAM_REQ: Final[int]
SCTP_ENABLE_RESET_ASSOC_REQ: Final[int]
SCTP_ENABLE_CHANGE_ASSOC_REQ: Final[int]
SCTP_SS_DEFAULT: Final[int]
SCTP_SS_FCFS: Final[int]
SCTP_SS_PRIO: Final[int]
SCTP_SS_RR: Final[int]
SOCKADDR_STORAGE_CSIZE: Final[int]
SCTP_INITMSG_CSIZE: Final[int]
SCTP_PADDRPARAMS_CSIZE: Final[int]
SCTP_PADDRINFO_CSIZE: Final[int]
SCTP_RTOINFO_CSIZE: Final[int]
SCTP_ASSOCPARAMS_CSIZE: Final[int]
SCTP_SETPRIM_CSIZE: Final[int]
SCTP_SETADAPTATION_CSIZE: Final[int]
SCTP_MAXSEG_CSIZE: Final[int]
SCTP_AUTH_ACTIVE_KEY_CSIZE: Final[int]
SCTP_DELAYED_SACK_CSIZE: Final[int]
SCTP_SNDINFO_CSIZE: Final[int]
SCTP_DEFAULT_PRINFO_CSIZE: Final[int]
SCTP_STATUS_CSIZE: Final[int]
SCTP_SET_PEER_PRIMARY_ADDR_CSIZE: Final[int]
SCTP_AUTH_CHUNK_CSIZE: Final[int]

# Socket options.
SCTP_RTOINFO: Final[int]
SCTP_ASSOCINFO: Final[int]
SCTP_INITMSG: Final[int]
SCTP_NODELAY: Final[int]
SCTP_AUTOCLOSE: Final[int]
SCTP_PRIMARY_ADDR: Final[int]
SCTP_ADAPTATION_LAYER: Final[int]
SCTP_DISABLE_FRAGMENTS: Final[int]
SCTP_PEER_ADDR_PARAMS: Final[int]
SCTP_I_WANT_MAPPED_V4_ADDR: Final[int]
SCTP_MAXSEG: Final[int]
SCTP_HMAC_IDENT: Final[int]
SCTP_AUTH_ACTIVE_KEY: Final[int]
SCTP_DELAYED_SACK: Final[int]
SCTP_FRAGMENT_INTERLEAVE: Final[int]
SCTP_PARTIAL_DELIVERY_POINT: Final[int]
SCTP_AUTO_ASCONF: Final[int]
SCTP_MAX_BURST: Final[int]
SCTP_CONTEXT: Final[int]
SCTP_REUSE_PORT: Final[int]
SCTP_EVENT: Final[int]
SCTP_RECVRCVINFO: Final[int]
SCTP_RECVNXTINFO: Final[int]
SCTP_DEFAULT_SNDINFO: Final[int]
SCTP_DEFAULT_PRINFO: Final[int]
SCTP_STATUS: Final[int]
SCTP_GET_PEER_ADDR_INFO: Final[int]
SCTP_PEER_AUTH_CHUNKS: Final[int]
SCTP_LOCAL_AUTH_CHUNKS: Final[int]
SCTP_GET_ASSOC_NUMBER: Final[int]
SCTP_GET_ASSOC_ID_LIST: Final[int]
SCTP_SET_PEER_PRIMARY_ADDR: Final[int]
SCTP_AUTH_CHUNK: Final[int]
SCTP_AUTH_KEY: Final[int]
SCTP_AUTH_DEACTIVATE_KEY: Final[int]
SCTP_AUTH_DELETE_KEY: Final[int]
SCTP_PEER_ADDR_THLDS: Final[int]
SCTP_REMOTE_UDP_ENCAPS_PORT: Final[int]
SCTP_ECN_SUPPORTED: Final[int]
SCTP_PR_SUPPORTED: Final[int]
SCTP_AUTH_SUPPORTED: Final[int]
SCTP_ASCONF_SUPPORTED: Final[int]
SCTP_RECONFIG_SUPPORTED: Final[int]
SCTP_PR_STREAM_STATUS: Final[int]
SCTP_PR_ASSOC_STATUS: Final[int]
SCTP_ENABLE_STREAM_RESET: Final[int]
SCTP_RESET_STREAMS: Final[int]
SCTP_RESET_ASSOC: Final[int]
SCTP_ADD_STREAMS: Final[int]
SCTP_STREAM_SCHEDULER: Final[int]
SCTP_STREAM_SCHEDULER_VALUE: Final[int]
SCTP_INTERLEAVING_SUPPORTED: Final[int]

if sys.platform == "linux":
    SCTP_DELAYED_ACK: Final[int]
    SCTP_DELAYED_ACK_TIME: Final[int]
    SCTP_EXPOSE_PF_STATE: Final[int]
    SPP_HB: Final[int]
    SPP_PMTUD: Final[int]
    SPP_SACKDELAY: Final[int]
    SPP_SACKDELAY_ENABLE: Final[int]
    SPP_SACKDELAY_DISABLE: Final[int]
    SCTP_POTENTIALLY_FAILED: Final[int]
    SCTP_PF: Final[int]
    SCTP_UNKNOWN: Final[int]
    SCTP_EMPTY: Final[int]
    SCTP_ENABLE_STRRESET_MASK: Final[int]
    SCTP_SS_FC: Final[int]
    SCTP_SS_WFQ: Final[int]
    SCTP_SS_MAX: Final[int]
    SCTP_PEER_ADDR_THLDS_V2: Final[int]
    SCTP_EXPOSE_POTENTIALLY_FAILED_STATE: Final[int]
    SCTP_PLPMTUD_PROBE_INTERVAL: Final[int]
    SCTP_GET_ASSOC_STATS: Final[int]
else:
    SCTP_BOUND: Final[int]
    SCTP_LISTEN: Final[int]
    SPP_IPV4_TOS: Final[int]
    SCTP_AUTH_HMAC_ID_RSVD: Final[int]
    SCTP_ENABLE_VALUE_MASK: Final[int]
    SCTP_SS_RR_PKT: Final[int]
    SCTP_SS_FB: Final[int]
    SCTP_SS_ROUND_ROBIN: Final[int]
    SCTP_SS_ROUND_ROBIN_PACKET: Final[int]
    SCTP_SS_PRIORITY: Final[int]
    SCTP_SS_FAIR_BANDWITH: Final[int]
    SCTP_SS_FIRST_COME: Final[int]
    SCTP_PLUGGABLE_SS: Final[int]
    SCTP_SS_VALUE: Final[int]
    SCTP_EDMID_NONE: Final[int]
    SCTP_EDMID_LOWER_LAYER_DTLS: Final[int]
    SCTP_CC_RFC2581: Final[int]
    SCTP_CC_HSTCP: Final[int]
    SCTP_CC_HTCP: Final[int]
    SCTP_CC_RTCC: Final[int]
    SCTP_CC_OPT_RTCC_SETMODE: Final[int]
    SCTP_CC_OPT_USE_DCCC_ECN: Final[int]
    SCTP_CC_OPT_STEADY_STEP: Final[int]
    SCTP_CMT_OFF: Final[int]
    SCTP_CMT_BASE: Final[int]
    SCTP_CMT_RPV1: Final[int]
    SCTP_CMT_RPV2: Final[int]
    SCTP_CMT_MPTCP: Final[int]
    SCTP_CMT_MAX: Final[int]
    SCTP_FRAG_LEVEL_0: Final[int]
    SCTP_FRAG_LEVEL_1: Final[int]
    SCTP_FRAG_LEVEL_2: Final[int]
    SCTP_EXPLICIT_EOR: Final[int]
    SCTP_NRSACK_SUPPORTED: Final[int]
    SCTP_PKTDROP_SUPPORTED: Final[int]
    SCTP_MAX_CWND: Final[int]
    SCTP_ACCEPT_ZERO_CHECKSUM: Final[int]
    SCTP_TIMEOUTS: Final[int]
    SCTP_PLUGGABLE_CC: Final[int]
    SCTP_CC_OPTION: Final[int]
    SCTP_CMT_ON_OFF: Final[int]
    SCTP_GET_SNDBUF_USE: Final[int]
    SCTP_PCB_STATUS: Final[int]
    SCTP_GET_NONCE_VALUES: Final[int]
    SCTP_SET_DYNAMIC_PRIMARY: Final[int]
