"""Enumerations for what the kernel only numbers.

Dicts hold plain integers; a member is looked up by calling its enumeration.
Members have the values of this system, and the names of its constants without
SCTP_.
"""

import sys
from enum import IntEnum
from socket import htonl, ntohl

from _sctp import sctp, sctp_event

__all__ = [
    "AssocChangeState",
    "AssociationState",
    "ChunkTypes",
    "ErrorCause",
    "NotificationType",
    "PathState",
    "PayloadProtocol",
    "PeerAddrState",
]


class NotificationType(IntEnum):
    """What sn_type of a notification means (RFC 6458, section 6.1): each type that
    the kernel lets one subscribe to."""

    ASSOC_CHANGE = sctp_event.SCTP_ASSOC_CHANGE
    PEER_ADDR_CHANGE = sctp_event.SCTP_PEER_ADDR_CHANGE
    REMOTE_ERROR = sctp_event.SCTP_REMOTE_ERROR
    SEND_FAILED = sctp_event.SCTP_SEND_FAILED
    SHUTDOWN_EVENT = sctp_event.SCTP_SHUTDOWN_EVENT
    ADAPTATION_INDICATION = sctp_event.SCTP_ADAPTATION_INDICATION
    PARTIAL_DELIVERY_EVENT = sctp_event.SCTP_PARTIAL_DELIVERY_EVENT
    AUTHENTICATION_EVENT = sctp_event.SCTP_AUTHENTICATION_EVENT
    SENDER_DRY_EVENT = sctp_event.SCTP_SENDER_DRY_EVENT
    SEND_FAILED_EVENT = sctp_event.SCTP_SEND_FAILED_EVENT
    STREAM_RESET_EVENT = sctp_event.SCTP_STREAM_RESET_EVENT
    ASSOC_RESET_EVENT = sctp_event.SCTP_ASSOC_RESET_EVENT
    STREAM_CHANGE_EVENT = sctp_event.SCTP_STREAM_CHANGE_EVENT


class AssocChangeState(IntEnum):
    """What sac_state means (RFC 6458, section 6.1.1)."""

    COMM_UP = sctp_event.SCTP_COMM_UP
    COMM_LOST = sctp_event.SCTP_COMM_LOST
    RESTART = sctp_event.SCTP_RESTART
    SHUTDOWN_COMP = sctp_event.SCTP_SHUTDOWN_COMP
    CANT_STR_ASSOC = sctp_event.SCTP_CANT_STR_ASSOC


class PeerAddrState(IntEnum):
    """What spc_state means (RFC 6458, section 6.1.2; RFC 7829, section 7.1)."""

    ADDR_AVAILABLE = sctp_event.SCTP_ADDR_AVAILABLE
    ADDR_UNREACHABLE = sctp_event.SCTP_ADDR_UNREACHABLE
    ADDR_REMOVED = sctp_event.SCTP_ADDR_REMOVED
    ADDR_ADDED = sctp_event.SCTP_ADDR_ADDED
    ADDR_MADE_PRIM = sctp_event.SCTP_ADDR_MADE_PRIM
    ADDR_CONFIRMED = sctp_event.SCTP_ADDR_CONFIRMED
    if sys.platform == "linux":
        ADDR_POTENTIALLY_FAILED = sctp_event.SCTP_ADDR_POTENTIALLY_FAILED


class PathState(IntEnum):
    """What spinfo_state means (RFC 6458, section 8.2.2; RFC 7829, section 7.1)."""

    INACTIVE = sctp.SCTP_INACTIVE
    ACTIVE = sctp.SCTP_ACTIVE
    UNCONFIRMED = sctp.SCTP_UNCONFIRMED
    if sys.platform == "linux":
        POTENTIALLY_FAILED = sctp.SCTP_POTENTIALLY_FAILED
        UNKNOWN = sctp.SCTP_UNKNOWN


class AssociationState(IntEnum):
    """What sstat_state means (RFC 6458, section 8.2.1)."""

    CLOSED = sctp.SCTP_CLOSED
    COOKIE_WAIT = sctp.SCTP_COOKIE_WAIT
    COOKIE_ECHOED = sctp.SCTP_COOKIE_ECHOED
    ESTABLISHED = sctp.SCTP_ESTABLISHED
    SHUTDOWN_PENDING = sctp.SCTP_SHUTDOWN_PENDING
    SHUTDOWN_SENT = sctp.SCTP_SHUTDOWN_SENT
    SHUTDOWN_RECEIVED = sctp.SCTP_SHUTDOWN_RECEIVED
    SHUTDOWN_ACK_SENT = sctp.SCTP_SHUTDOWN_ACK_SENT
    if sys.platform == "linux":
        EMPTY = sctp.SCTP_EMPTY
    else:
        BOUND = sctp.SCTP_BOUND
        LISTEN = sctp.SCTP_LISTEN


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
    def name(cls, type: int) -> str:  # type: ignore[override]
        """The plain name of a chunk type, 'UNDEFINED_TYPE' for one that is not
        assigned; TypeError for what is no integer in 0..255."""
        if not isinstance(type, int) or not 0 <= type <= 255:
            raise TypeError("a chunk type is an integer in 0..255")
        member = cls._value2member_map_.get(type)
        return "UNDEFINED_TYPE" if member is None else member._name_


class PayloadProtocol(IntEnum):
    """Payload protocol identifiers in host order, as IANA lists them ("SCTP
    Payload Protocol Identifiers", up to 73).

    A number that is no member is as good: send it as an int.
    """

    IUA = 1
    M2UA = 2
    M3UA = 3
    SUA = 4
    M2PA = 5
    V5UA = 6
    H248 = 7
    BICC = 8
    TALI = 9
    DUA = 10
    ASAP = 11
    ENRP = 12
    H323 = 13
    QIPC = 14
    SIMCO = 15
    DDP_SEGMENT = 16
    DDP_STREAM_SESSION_CONTROL = 17
    S1AP = 18
    RUA = 19
    HNBAP = 20
    FORCES_HP = 21
    FORCES_MP = 22
    FORCES_LP = 23
    SBC_AP = 24
    NBAP = 25
    X2AP = 27
    IRCP = 28
    LCS_AP = 29
    MPICH2 = 30
    SABP = 31
    FGP = 32
    PPP = 33
    CALCAPP = 34
    SSP = 35
    NPMP_CONTROL = 36
    NPMP_DATA = 37
    ECHO = 38
    DISCARD = 39
    DAYTIME = 40
    CHARGEN = 41
    RNA = 42
    M2AP = 43
    M3AP = 44
    SSH = 45
    DIAMETER = 46
    DIAMETER_DTLS = 47
    R14P = 48
    GDT = 49
    WEBRTC_DCEP = 50
    WEBRTC_STRING = 51
    WEBRTC_BINARY_PARTIAL = 52
    WEBRTC_BINARY = 53
    WEBRTC_STRING_PARTIAL = 54
    PUA = 55
    WEBRTC_STRING_EMPTY = 56
    WEBRTC_BINARY_EMPTY = 57
    XWAP = 58
    XW_CONTROL_PLANE = 59
    NGAP = 60
    XNAP = 61
    F1AP = 62
    HTTP = 63
    E1AP = 64
    ELE2 = 65
    NGAP_DTLS = 66
    XNAP_DTLS = 67
    F1AP_DTLS = 68
    E1AP_DTLS = 69
    E2_CP = 70
    E2_UP = 71
    E2_DU = 72
    W1AP = 73

    @property
    def network(self) -> int:
        """The identifier as it goes into snd_ppid of an info, which the kernel
        does not convert."""
        return htonl(self)

    @classmethod
    def from_network(cls, rcv_ppid: int) -> "PayloadProtocol | int":
        """The member for what a rcv_ppid says, or the number in host order
        where there is none."""
        number = ntohl(rcv_ppid)
        return cls._value2member_map_.get(number, number)  # type: ignore[return-value]
