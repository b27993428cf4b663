"""Enumerations for what the kernel only numbers.

Dicts hold plain integers; a member is looked up by calling its enumeration.
Members have the values of this system, and the names of its constants without
SCTP_.
"""

from enum import IntEnum

from _sctp import sctp, sctp_event

__all__ = [
    "AssocChangeState",
    "AssociationState",
    "ChunkTypes",
    "ErrorCause",
    "NotificationType",
    "PathState",
    "PeerAddrState",
]


def _enumerate(name, module, constants, doc):
    """An enumeration of the constants that this system has."""
    members = {
        constant: getattr(module, f"SCTP_{constant}")
        for constant in constants.split()
        if hasattr(module, f"SCTP_{constant}")
    }
    enumeration = IntEnum(name, members, module="sctp")
    enumeration.__doc__ = doc
    return enumeration


NotificationType = _enumerate(
    "NotificationType",
    sctp_event,
    "ASSOC_CHANGE PEER_ADDR_CHANGE REMOTE_ERROR SEND_FAILED SHUTDOWN_EVENT"
    " ADAPTATION_INDICATION PARTIAL_DELIVERY_EVENT AUTHENTICATION_EVENT"
    " SENDER_DRY_EVENT NOTIFICATIONS_STOPPED_EVENT SEND_FAILED_EVENT"
    " STREAM_RESET_EVENT ASSOC_RESET_EVENT STREAM_CHANGE_EVENT",
    "What sn_type of a notification means (RFC 6458, section 6.1).",
)

AssocChangeState = _enumerate(
    "AssocChangeState",
    sctp_event,
    "COMM_UP COMM_LOST RESTART SHUTDOWN_COMP CANT_STR_ASSOC",
    "What sac_state means (RFC 6458, section 6.1.1).",
)

PeerAddrState = _enumerate(
    "PeerAddrState",
    sctp_event,
    "ADDR_AVAILABLE ADDR_UNREACHABLE ADDR_REMOVED ADDR_ADDED ADDR_MADE_PRIM"
    " ADDR_CONFIRMED ADDR_POTENTIALLY_FAILED",
    "What spc_state means (RFC 6458, section 6.1.2; RFC 7829, section 7.1).",
)

PathState = _enumerate(
    "PathState",
    sctp,
    "INACTIVE POTENTIALLY_FAILED ACTIVE UNCONFIRMED UNKNOWN",
    "What spinfo_state means (RFC 6458, section 8.2.2; RFC 7829, section 7.1).",
)

AssociationState = _enumerate(
    "AssociationState",
    sctp,
    "EMPTY CLOSED BOUND LISTEN COOKIE_WAIT COOKIE_ECHOED ESTABLISHED"
    " SHUTDOWN_PENDING SHUTDOWN_SENT SHUTDOWN_RECEIVED SHUTDOWN_ACK_SENT",
    "What sstat_state means (RFC 6458, section 8.2.1).",
)


class ErrorCause(IntEnum):
    """Why an association ended or an operation failed: sac_error, sre_error
    and ssfe_error (RFC 9260, section 3.3.10; RFC 5061, section 4.3; RFC 4895,
    section 4)."""

    NO_ERROR = 0
    INVALID_STREAM_IDENTIFIER = 1
    MISSING_MANDATORY_PARAMETER = 2
    STALE_COOKIE = 3
    OUT_OF_RESOURCE = 4
    UNRESOLVABLE_ADDRESS = 5
    UNRECOGNIZED_CHUNK_TYPE = 6
    INVALID_MANDATORY_PARAMETER = 7
    UNRECOGNIZED_PARAMETERS = 8
    NO_USER_DATA = 9
    COOKIE_RECEIVED_WHILE_SHUTTING_DOWN = 10
    RESTART_WITH_NEW_ADDRESSES = 11
    USER_INITIATED_ABORT = 12
    PROTOCOL_VIOLATION = 13
    DELETE_LAST_REMAINING_ADDRESS = 0xA0
    RESOURCE_SHORTAGE = 0xA1
    DELETE_SOURCE_ADDRESS = 0xA2
    ILLEGAL_ASCONF_ACK = 0xA3
    NO_AUTHORIZATION = 0xA4
    UNSUPPORTED_HMAC_IDENTIFIER = 0x105


class ChunkTypes(IntEnum):
    """Chunk types (RFC 9260, section 3.2, and the RFCs of the extensions)."""

    DATA = 0
    INIT = 1
    INIT_ACK = 2
    SACK = 3
    HEARTBEAT = 4
    HEARTBEAT_ACK = 5
    ABORT = 6
    SHUTDOWN = 7
    SHUTDOWN_ACK = 8
    ERROR = 9
    COOKIE_ECHO = 10
    COOKIE_ACK = 11
    ECN_ECHO = 12
    CWR = 13
    SHUTDOWN_COMPLETE = 14
    AUTH = 15
    I_DATA = 64
    ASCONF_ACK = 128
    RE_CONFIG = 130
    PAD = 132
    FORWARD_TSN = 192
    ASCONF = 193
    I_FORWARD_TSN = 194

    @classmethod
    def name(cls, type):
        """The plain name of a chunk type, 'UNDEFINED_TYPE' for one that is not
        assigned; TypeError for what is no integer in 0..255."""
        if not isinstance(type, int) or not 0 <= type <= 255:
            raise TypeError(f"a chunk type is an integer in 0..255, not {type!r}")
        member = cls._value2member_map_.get(type)
        return "UNDEFINED_TYPE" if member is None else member._name_
