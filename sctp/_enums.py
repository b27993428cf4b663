"""Enumerations that give names to the numbers of the kernel.

Dicts hold plain integers. To get the member for a number, call the enumeration:
PathState(2). Members have the values of this system. Their names are those of the
constants, without SCTP_.
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
    """The types of notifications that a program can subscribe to: the values of
    sn_type (RFC 6458, section 6.1)."""

    ASSOC_CHANGE = sctp_event.SCTP_ASSOC_CHANGE
    """An association was set up, has ended or was restarted (RFC 6458, section
    6.1.1)."""
    PEER_ADDR_CHANGE = sctp_event.SCTP_PEER_ADDR_CHANGE
    """An address of the peer has changed its state (RFC 6458, section 6.1.2)."""
    REMOTE_ERROR = sctp_event.SCTP_REMOTE_ERROR
    """The peer has sent an ERROR chunk (RFC 6458, section 6.1.3)."""
    SEND_FAILED = sctp_event.SCTP_SEND_FAILED
    """A message could not be delivered (RFC 6458, section 6.1.4). Deprecated: use
    SCTP_SEND_FAILED_EVENT."""
    SHUTDOWN_EVENT = sctp_event.SCTP_SHUTDOWN_EVENT
    """The peer shuts the association down: no more messages can be sent (RFC 6458,
    section 6.1.5)."""
    ADAPTATION_INDICATION = sctp_event.SCTP_ADAPTATION_INDICATION
    """The peer has sent its adaptation layer indication (RFC 6458, section 6.1.6)."""
    PARTIAL_DELIVERY_EVENT = sctp_event.SCTP_PARTIAL_DELIVERY_EVENT
    """The rest of a partly delivered message will not come (RFC 6458, section
    6.1.7)."""
    AUTHENTICATION_EVENT = sctp_event.SCTP_AUTHENTICATION_EVENT
    """A key is used for the first time or is no longer needed, or the peer does not
    support authentication (RFC 6458, section 6.1.8)."""
    SENDER_DRY_EVENT = sctp_event.SCTP_SENDER_DRY_EVENT
    """The peer has acknowledged everything that was sent (RFC 6458, section 6.1.9)."""
    SEND_FAILED_EVENT = sctp_event.SCTP_SEND_FAILED_EVENT
    """A message could not be delivered (RFC 6458, section 6.1.11). Linux has it from
    5.5 on."""
    STREAM_RESET_EVENT = sctp_event.SCTP_STREAM_RESET_EVENT
    """Streams were reset, or a request to reset them was not granted (RFC 6525, section
    6.1.1)."""
    ASSOC_RESET_EVENT = sctp_event.SCTP_ASSOC_RESET_EVENT
    """An association was reset, or a request to reset it was not granted (RFC 6525,
    section 6.1.2)."""
    STREAM_CHANGE_EVENT = sctp_event.SCTP_STREAM_CHANGE_EVENT
    """Streams were added, or a request to add them was not granted (RFC 6525, section
    6.1.3)."""


class AssocChangeState(IntEnum):
    """What has happened to an association: the values of sac_state (RFC 6458,
    section 6.1.1)."""

    COMM_UP = sctp_event.SCTP_COMM_UP
    """The association is up: messages can be sent and received."""
    COMM_LOST = sctp_event.SCTP_COMM_LOST
    """The association has failed, or one side has aborted it."""
    RESTART = sctp_event.SCTP_RESTART
    """The peer has restarted the association, for example after a crash."""
    SHUTDOWN_COMP = sctp_event.SCTP_SHUTDOWN_COMP
    """The association has ended gracefully."""
    CANT_STR_ASSOC = sctp_event.SCTP_CANT_STR_ASSOC
    """The association could not be set up."""


class PeerAddrState(IntEnum):
    """What has happened to an address of the peer: the values of spc_state (RFC 6458,
    section 6.1.2; RFC 7829, section 7.1)."""

    ADDR_AVAILABLE = sctp_event.SCTP_ADDR_AVAILABLE
    """The address is reachable again."""
    ADDR_UNREACHABLE = sctp_event.SCTP_ADDR_UNREACHABLE
    """The address is no longer reachable."""
    ADDR_REMOVED = sctp_event.SCTP_ADDR_REMOVED
    """The peer has removed the address from the association."""
    ADDR_ADDED = sctp_event.SCTP_ADDR_ADDED
    """The peer has added the address to the association."""
    ADDR_MADE_PRIM = sctp_event.SCTP_ADDR_MADE_PRIM
    """The address is the primary address now."""
    ADDR_CONFIRMED = sctp_event.SCTP_ADDR_CONFIRMED
    """The address has answered a heartbeat for the first time."""
    if sys.platform == "linux":
        ADDR_POTENTIALLY_FAILED = sctp_event.SCTP_ADDR_POTENTIALLY_FAILED
        """The path to the address has lost packets and may have failed (RFC 7829). Only
        Linux has it."""


class PathState(IntEnum):
    """The state of a path: the values of spinfo_state (RFC 6458, section 8.2.2; RFC
    7829, section 7.1)."""

    INACTIVE = sctp.SCTP_INACTIVE
    """The path has failed."""
    ACTIVE = sctp.SCTP_ACTIVE
    """The path works."""
    UNCONFIRMED = sctp.SCTP_UNCONFIRMED
    """No heartbeat on the path has been answered yet."""
    if sys.platform == "linux":
        POTENTIALLY_FAILED = sctp.SCTP_POTENTIALLY_FAILED
        """The path has lost packets and may have failed (RFC 7829). Only Linux has
        it."""
        UNKNOWN = sctp.SCTP_UNKNOWN
        """The kernel does not know the state of the path. Only Linux has it."""


class AssociationState(IntEnum):
    """The state of an association: the values of sstat_state (RFC 6458, section
    8.2.1)."""

    CLOSED = sctp.SCTP_CLOSED
    """There is no association."""
    COOKIE_WAIT = sctp.SCTP_COOKIE_WAIT
    """INIT was sent, and INIT ACK has not arrived yet."""
    COOKIE_ECHOED = sctp.SCTP_COOKIE_ECHOED
    """COOKIE ECHO was sent, and COOKIE ACK has not arrived yet."""
    ESTABLISHED = sctp.SCTP_ESTABLISHED
    """The association is up."""
    SHUTDOWN_PENDING = sctp.SCTP_SHUTDOWN_PENDING
    """This side has closed the association, but has data to deliver first."""
    SHUTDOWN_SENT = sctp.SCTP_SHUTDOWN_SENT
    """This side has sent SHUTDOWN."""
    SHUTDOWN_RECEIVED = sctp.SCTP_SHUTDOWN_RECEIVED
    """The peer has sent SHUTDOWN, and this side has data to deliver first."""
    SHUTDOWN_ACK_SENT = sctp.SCTP_SHUTDOWN_ACK_SENT
    """This side has sent SHUTDOWN ACK."""
    if sys.platform == "linux":
        EMPTY = sctp.SCTP_EMPTY
        """There is no association yet. Only Linux has it."""
    else:
        BOUND = sctp.SCTP_BOUND
        """The socket is bound. Only FreeBSD has it."""
        LISTEN = sctp.SCTP_LISTEN
        """The socket listens. Only FreeBSD has it."""


class ErrorCause(IntEnum):
    """Why an association has ended or an operation has failed: the values of
    sac_error, sre_error and ssfe_error (RFC 9260, section 3.3.10; RFC 5061, section
    4.3; RFC 4895, section 4)."""

    NO_ERROR = 0
    """No error cause was given."""
    INVALID_STREAM_IDENTIFIER = 1
    """A message was sent on a stream that does not exist."""
    MISSING_MANDATORY_PARAMETER = 2
    """A mandatory parameter of INIT or INIT ACK is missing."""
    STALE_COOKIE = 3
    """The cookie of the set-up arrived after its lifetime."""
    OUT_OF_RESOURCE = 4
    """The sender has no resources for the association."""
    UNRESOLVABLE_ADDRESS = 5
    """The sender cannot resolve an address."""
    UNRECOGNIZED_CHUNK_TYPE = 6
    """The sender does not know the type of a chunk."""
    INVALID_MANDATORY_PARAMETER = 7
    """A mandatory parameter of INIT or INIT ACK has an invalid value."""
    UNRECOGNIZED_PARAMETERS = 8
    """The sender does not know a parameter of INIT ACK."""
    NO_USER_DATA = 9
    """A DATA chunk had no data."""
    COOKIE_RECEIVED_WHILE_SHUTTING_DOWN = 10
    """COOKIE ECHO arrived while the association was shutting down."""
    RESTART_WITH_NEW_ADDRESSES = 11
    """A restart was refused because it added addresses to the association."""
    USER_INITIATED_ABORT = 12
    """The program of the peer has aborted the association. The data is the reason that
    it gave."""
    PROTOCOL_VIOLATION = 13
    """The other side has violated the protocol."""
    DELETE_LAST_REMAINING_ADDRESS = 0xA0
    """A request to delete the last address was refused (RFC 5061)."""
    RESOURCE_SHORTAGE = 0xA1
    """A request to change addresses was refused for lack of resources (RFC 5061)."""
    DELETE_SOURCE_ADDRESS = 0xA2
    """A request to delete the address that it came from was refused (RFC 5061)."""
    ILLEGAL_ASCONF_ACK = 0xA3
    """An ASCONF ACK came without a request (RFC 5061)."""
    NO_AUTHORIZATION = 0xA4
    """A request to change addresses was refused because its sender may not do it (RFC
    5061)."""
    UNSUPPORTED_HMAC_IDENTIFIER = 0x105
    """A chunk was authenticated with an algorithm that the sender of the cause does not
    support (RFC 4895)."""


class ChunkTypes(IntEnum):
    """Chunk types (RFC 9260, section 3.2, and the RFCs of the extensions)."""

    DATA = 0
    """Payload data."""
    INIT = 1
    """The first chunk of the set-up, from the side that begins it."""
    INIT_ACK = 2
    """The answer to INIT, with the cookie."""
    SACK = 3
    """The acknowledgement of received data."""
    HEARTBEAT = 4
    """A probe of a path."""
    HEARTBEAT_ACK = 5
    """The answer to HEARTBEAT."""
    ABORT = 6
    """The immediate end of an association."""
    SHUTDOWN = 7
    """The beginning of a graceful end."""
    SHUTDOWN_ACK = 8
    """The answer to SHUTDOWN."""
    ERROR = 9
    """A report of error causes."""
    COOKIE_ECHO = 10
    """The cookie on its way back, the third chunk of the set-up."""
    COOKIE_ACK = 11
    """The answer to COOKIE ECHO, which completes the set-up."""
    ECN_ECHO = 12
    """The echo of a congestion notification (RFC 9260, appendix A)."""
    CWR = 13
    """The report that the congestion window was reduced (RFC 9260, appendix A)."""
    SHUTDOWN_COMPLETE = 14
    """The end of a graceful shutdown."""
    AUTH = 15
    """The authentication of the chunks that follow it (RFC 4895)."""
    I_DATA = 64
    """Payload data that can be interleaved (RFC 8260)."""
    ASCONF_ACK = 128
    """The answer to ASCONF (RFC 5061)."""
    RE_CONFIG = 130
    """A request to reconfigure streams, or its answer (RFC 6525)."""
    PAD = 132
    """Padding (RFC 4820)."""
    FORWARD_TSN = 192
    """The report that messages were abandoned (RFC 3758)."""
    ASCONF = 193
    """A request to change addresses (RFC 5061)."""
    I_FORWARD_TSN = 194
    """The report that interleaved messages were abandoned (RFC 8260)."""

    @classmethod
    def name(cls, type: int) -> str:  # type: ignore[override]
        """The name of a chunk type, or 'UNDEFINED_TYPE' for a number that is not
        assigned.

        Raises TypeError if the argument is not an integer from 0 to 255.
        """
        if not isinstance(type, int) or not 0 <= type <= 255:
            raise TypeError("type must be an integer in 0..255")
        member = cls._value2member_map_.get(type)
        return "UNDEFINED_TYPE" if member is None else member._name_


class PayloadProtocol(IntEnum):
    """Payload protocol identifiers (PPID) in host byte order, as IANA lists them
    ("SCTP Payload Protocol Identifiers", up to 73).

    Numbers that are not in the list are allowed, too: use a plain int.
    """

    IUA = 1
    """ISDN Q.921 user adaptation (RFC 4233)."""
    M2UA = 2
    """SS7 MTP2 user adaptation (RFC 3331)."""
    M3UA = 3
    """SS7 MTP3 user adaptation (RFC 4666)."""
    SUA = 4
    """SS7 SCCP user adaptation (RFC 3868)."""
    M2PA = 5
    """SS7 MTP2 peer-to-peer adaptation (RFC 4165)."""
    V5UA = 6
    """V5.2 user adaptation (RFC 3807)."""
    H248 = 7
    """H.248 media gateway control."""
    BICC = 8
    """Bearer-independent call control (Q.2150.3)."""
    TALI = 9
    """Transport adapter layer interface (RFC 3094)."""
    DUA = 10
    """DPNSS/DASS 2 user adaptation (RFC 4129)."""
    ASAP = 11
    """Aggregate server access protocol (RFC 5352)."""
    ENRP = 12
    """Endpoint handlespace redundancy protocol (RFC 5353)."""
    H323 = 13
    """H.323 multimedia."""
    QIPC = 14
    """Q.IPC (Q.2150.3)."""
    SIMCO = 15
    """Middlebox control (RFC 4540)."""
    DDP_SEGMENT = 16
    """A segment of direct data placement (RFC 5043)."""
    DDP_STREAM_SESSION_CONTROL = 17
    """Session control of direct data placement (RFC 5043)."""
    S1AP = 18
    """3GPP S1AP, between eNodeB and MME."""
    RUA = 19
    """3GPP RUA, the RANAP user adaptation of home NodeBs."""
    HNBAP = 20
    """3GPP HNBAP, the application protocol of home NodeBs."""
    FORCES_HP = 21
    """ForCES, high priority (RFC 5811)."""
    FORCES_MP = 22
    """ForCES, medium priority (RFC 5811)."""
    FORCES_LP = 23
    """ForCES, low priority (RFC 5811)."""
    SBC_AP = 24
    """3GPP SBc-AP, between MME and cell broadcast centre."""
    NBAP = 25
    """3GPP NBAP, between NodeB and RNC."""
    X2AP = 27
    """3GPP X2AP, between eNodeBs."""
    IRCP = 28
    """Inter-router capability protocol."""
    LCS_AP = 29
    """3GPP LCS-AP, location services."""
    MPICH2 = 30
    """MPICH2, an implementation of MPI."""
    SABP = 31
    """3GPP SABP, service area broadcast."""
    FGP = 32
    """Fractal generator protocol."""
    PPP = 33
    """Ping-pong protocol."""
    CALCAPP = 34
    """CalcApp protocol."""
    SSP = 35
    """Scripting service protocol."""
    NPMP_CONTROL = 36
    """NetPerfMeter, control channel."""
    NPMP_DATA = 37
    """NetPerfMeter, data channel."""
    ECHO = 38
    """The echo service."""
    DISCARD = 39
    """The discard service."""
    DAYTIME = 40
    """The daytime service."""
    CHARGEN = 41
    """The character generator service."""
    RNA = 42
    """3GPP RNA, between RNCs and home NodeBs."""
    M2AP = 43
    """3GPP M2AP, multicast between eNodeB and MCE."""
    M3AP = 44
    """3GPP M3AP, multicast between MCE and MME."""
    SSH = 45
    """Secure shell over SCTP."""
    DIAMETER = 46
    """Diameter (RFC 6733)."""
    DIAMETER_DTLS = 47
    """Diameter over DTLS (RFC 6733)."""
    R14P = 48
    """R14P."""
    GDT = 49
    """Generic data transfer."""
    WEBRTC_DCEP = 50
    """WebRTC, set-up of data channels (RFC 8832)."""
    WEBRTC_STRING = 51
    """WebRTC, text (RFC 8831)."""
    WEBRTC_BINARY_PARTIAL = 52
    """WebRTC, a part of binary data; deprecated (RFC 8831)."""
    WEBRTC_BINARY = 53
    """WebRTC, binary data (RFC 8831)."""
    WEBRTC_STRING_PARTIAL = 54
    """WebRTC, a part of a text; deprecated (RFC 8831)."""
    PUA = 55
    """3GPP PUA, the PCAP user adaptation."""
    WEBRTC_STRING_EMPTY = 56
    """WebRTC, an empty text (RFC 8831)."""
    WEBRTC_BINARY_EMPTY = 57
    """WebRTC, empty binary data (RFC 8831)."""
    XWAP = 58
    """3GPP XwAP, between eNodeB and WLAN."""
    XW_CONTROL_PLANE = 59
    """3GPP Xw control plane."""
    NGAP = 60
    """3GPP NGAP, between gNodeB and AMF."""
    XNAP = 61
    """3GPP XnAP, between gNodeBs."""
    F1AP = 62
    """3GPP F1AP, between the central and the distributed unit of a gNodeB."""
    HTTP = 63
    """HTTP over SCTP."""
    E1AP = 64
    """3GPP E1AP, between the control and the user plane of a central unit."""
    ELE2 = 65
    """ELE2, lawful interception."""
    NGAP_DTLS = 66
    """3GPP NGAP over DTLS."""
    XNAP_DTLS = 67
    """3GPP XnAP over DTLS."""
    F1AP_DTLS = 68
    """3GPP F1AP over DTLS."""
    E1AP_DTLS = 69
    """3GPP E1AP over DTLS."""
    E2_CP = 70
    """O-RAN E2, control plane."""
    E2_UP = 71
    """O-RAN E2, user plane."""
    E2_DU = 72
    """O-RAN E2, distributed unit."""
    W1AP = 73
    """3GPP W1AP, between the central and the distributed unit of an ng-eNodeB."""

    @property
    def network(self) -> int:
        """The identifier in network byte order, as snd_ppid needs it: the kernel
        does not convert it."""
        return htonl(self)

    @classmethod
    def from_network(cls, rcv_ppid: int) -> "PayloadProtocol | int":
        """The member for a rcv_ppid. If there is no such member, the number in
        host byte order."""
        number = ntohl(rcv_ppid)
        return cls._value2member_map_.get(number, number)  # type: ignore[return-value]
