"""Notifications of the kernel (RFC 6458, section 6)."""

import sys
from typing import Any, Final, Literal, TypeAlias, overload

from _typeshed import SupportsKeysAndGetItem
from typing_extensions import Buffer

from .sctp import _Address
from .sctp_info import sctp_sndinfo

_IntKey: TypeAlias = Literal[
    "sn_type",
    "sn_flags",
    "sac_flags",
    "sac_state",
    "sac_error",
    "sac_outbound_streams",
    "sac_inbound_streams",
    "sac_assoc_id",
    "spc_flags",
    "spc_state",
    "spc_error",
    "spc_assoc_id",
    "sre_flags",
    "sre_error",
    "sre_assoc_id",
    "ssf_flags",
    "ssf_error",
    "ssf_assoc_id",
    "ssfe_flags",
    "ssfe_error",
    "ssfe_assoc_id",
    "sse_flags",
    "sse_assoc_id",
    "sai_flags",
    "sai_adaptation_ind",
    "sai_assoc_id",
    "pdapi_flags",
    "pdapi_indication",
    "pdapi_stream",
    "pdapi_seq",
    "pdapi_assoc_id",
    "auth_flags",
    "auth_keynumber",
    "auth_indication",
    "auth_assoc_id",
    "sender_dry_flags",
    "sender_dry_assoc_id",
    "strreset_flags",
    "strreset_assoc_id",
    "assocreset_flags",
    "assocreset_assoc_id",
    "assocreset_local_tsn",
    "assocreset_remote_tsn",
    "strchange_flags",
    "strchange_assoc_id",
    "strchange_instrms",
    "strchange_outstrms",
]
_BytesKey: TypeAlias = Literal["sre_data", "ssf_data", "ssfe_data"]
_OtherKey: TypeAlias = Literal[
    "sac_info", "spc_aaddr", "ssf_info", "ssfe_info", "strreset_stream_list"
]
_SndrcvKey: TypeAlias = Literal[
    "sinfo_stream",
    "sinfo_ssn",
    "sinfo_flags",
    "sinfo_ppid",
    "sinfo_context",
    "sinfo_timetolive",
    "sinfo_tsn",
    "sinfo_cumtsn",
    "sinfo_assoc_id",
]

# At run time this is a plain dict. A type checker knows the keys of all notifications.
# It does not know which of them a notification has: that depends on its type. dict()
# and ** need the protocol.
class _Notification(dict[str, Any], SupportsKeysAndGetItem[str, Any]):
    @overload  # type: ignore[override]
    def __getitem__(self, key: _IntKey, /) -> int: ...
    @overload
    def __getitem__(self, key: _BytesKey, /) -> bytes: ...
    @overload
    def __getitem__(self, key: Literal["spc_aaddr"], /) -> _Address: ...
    @overload
    def __getitem__(self, key: Literal["ssfe_info"], /) -> sctp_sndinfo: ...
    @overload
    def __getitem__(self, key: Literal["ssf_info"], /) -> dict[_SndrcvKey, int]: ...
    @overload
    def __getitem__(
        self, key: Literal["strreset_stream_list"], /
    ) -> tuple[int, ...]: ...
    # It is bytes; on FreeBSD it may be a tuple of ints.
    @overload
    def __getitem__(self, key: Literal["sac_info"], /) -> bytes | Any: ...
    def get(  # type: ignore[override]
        self, key: _IntKey | _BytesKey | _OtherKey, default: Any = None, /
    ) -> Any: ...

def parse_notification(notif: Buffer, /) -> _Notification: ...

SCTP_EVENT_CSIZE: Final[int]
MSG_NOTIFICATION: Final[int]
SCTP_EVENT: Final[int]
SCTP_ASSOC_CHANGE: Final[int]
SCTP_PEER_ADDR_CHANGE: Final[int]
SCTP_REMOTE_ERROR: Final[int]
SCTP_SEND_FAILED: Final[int]
SCTP_SHUTDOWN_EVENT: Final[int]
SCTP_ADAPTATION_INDICATION: Final[int]
SCTP_PARTIAL_DELIVERY_EVENT: Final[int]
SCTP_AUTHENTICATION_EVENT: Final[int]
SCTP_SENDER_DRY_EVENT: Final[int]
SCTP_SEND_FAILED_EVENT: Final[int]
SCTP_STREAM_RESET_EVENT: Final[int]
SCTP_ASSOC_RESET_EVENT: Final[int]
SCTP_STREAM_CHANGE_EVENT: Final[int]
SCTP_COMM_UP: Final[int]
SCTP_COMM_LOST: Final[int]
SCTP_RESTART: Final[int]
SCTP_SHUTDOWN_COMP: Final[int]
SCTP_CANT_STR_ASSOC: Final[int]
SCTP_ADDR_AVAILABLE: Final[int]
SCTP_ADDR_UNREACHABLE: Final[int]
SCTP_ADDR_REMOVED: Final[int]
SCTP_ADDR_ADDED: Final[int]
SCTP_ADDR_MADE_PRIM: Final[int]
SCTP_ADDR_CONFIRMED: Final[int]
SCTP_DATA_UNSENT: Final[int]
SCTP_DATA_SENT: Final[int]
SCTP_DATA_MIDDLE_FRAG: Final[int]
SCTP_DATA_LAST_FRAG: Final[int]
SCTP_DATA_FIRST_FRAG: Final[int]
SCTP_DATA_NOT_FRAG: Final[int]
SCTP_PARTIAL_DELIVERY_ABORTED: Final[int]
SCTP_AUTH_NEW_KEY: Final[int]
SCTP_AUTH_NEWKEY: Final[int]
SCTP_AUTH_FREE_KEY: Final[int]
SCTP_AUTH_NO_AUTH: Final[int]
SCTP_STREAM_RESET_INCOMING_SSN: Final[int]
SCTP_STREAM_RESET_OUTGOING_SSN: Final[int]
SCTP_STREAM_RESET_DENIED: Final[int]
SCTP_STREAM_RESET_FAILED: Final[int]
SCTP_ASSOC_RESET_DENIED: Final[int]
SCTP_ASSOC_RESET_FAILED: Final[int]
SCTP_STREAM_CHANGE_DENIED: Final[int]
SCTP_STREAM_CHANGE_FAILED: Final[int]

if sys.platform == "linux":
    SCTP_AUTHENTICATION_INDICATION: Final[int]
    SCTP_ADDR_POTENTIALLY_FAILED: Final[int]
    SCTP_ADDR_PF: Final[int]
    SCTP_ASSOC_CHANGE_DENIED: Final[int]
    SCTP_ASSOC_CHANGE_FAILED: Final[int]
    SCTP_FAILED_THRESHOLD: Final[int]
    SCTP_RECEIVED_SACK: Final[int]
    SCTP_HEARTBEAT_SUCCESS: Final[int]
    SCTP_RESPONSE_TO_USER_REQ: Final[int]
    SCTP_INTERNAL_ERROR: Final[int]
    SCTP_SHUTDOWN_GUARD_EXPIRES: Final[int]
    SCTP_PEER_FAULTY: Final[int]
else:
    SCTP_NOTIFICATIONS_STOPPED_EVENT: Final[int]
    SCTP_ASSOC_SUPPORTS_PR: Final[int]
    SCTP_ASSOC_SUPPORTS_AUTH: Final[int]
    SCTP_ASSOC_SUPPORTS_ASCONF: Final[int]
    SCTP_ASSOC_SUPPORTS_MULTIBUF: Final[int]
    SCTP_ASSOC_SUPPORTS_RE_CONFIG: Final[int]
    SCTP_ASSOC_SUPPORTS_INTERLEAVING: Final[int]
    SCTP_ASSOC_SUPPORTS_MAX: Final[int]
    SCTP_DATA_UNORDERED: Final[int]
    SCTP_DATA_SACK_IMMEDIATELY: Final[int]
    SCTP_DATA_FRAG_MASK: Final[int]
    SCTP_CAUSE_NO_ERROR: Final[int]
    SCTP_CAUSE_INVALID_STREAM: Final[int]
    SCTP_CAUSE_MISSING_PARAM: Final[int]
    SCTP_CAUSE_STALE_COOKIE: Final[int]
    SCTP_CAUSE_OUT_OF_RESC: Final[int]
    SCTP_CAUSE_UNRESOLVABLE_ADDR: Final[int]
    SCTP_CAUSE_UNRECOG_CHUNK: Final[int]
    SCTP_CAUSE_INVALID_PARAM: Final[int]
    SCTP_CAUSE_UNRECOG_PARAM: Final[int]
    SCTP_CAUSE_NO_USER_DATA: Final[int]
    SCTP_CAUSE_COOKIE_IN_SHUTDOWN: Final[int]
    SCTP_CAUSE_RESTART_W_NEWADDR: Final[int]
    SCTP_CAUSE_USER_INITIATED_ABT: Final[int]
    SCTP_CAUSE_PROTOCOL_VIOLATION: Final[int]
    SCTP_CAUSE_DELETING_LAST_ADDR: Final[int]
    SCTP_CAUSE_RESOURCE_SHORTAGE: Final[int]
    SCTP_CAUSE_DELETING_SRC_ADDR: Final[int]
    SCTP_CAUSE_ILLEGAL_ASCONF_ACK: Final[int]
    SCTP_CAUSE_REQUEST_REFUSED: Final[int]
    SCTP_CAUSE_NAT_COLLIDING_STATE: Final[int]
    SCTP_CAUSE_NAT_MISSING_STATE: Final[int]
    SCTP_CAUSE_UNSUPPORTED_HMACID: Final[int]
