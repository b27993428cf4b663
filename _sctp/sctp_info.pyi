"""What travels with messages (RFC 6458, sections 5.3, 9.12 and 9.13)."""

import sys
from collections.abc import Iterable
from typing import Final, Literal, Self

class sctp_sndinfo(
    dict[
        Literal["snd_sid", "snd_flags", "snd_ppid", "snd_context", "snd_assoc_id"], int
    ]
):
    """How a message is sent (RFC 6458, section 5.3.4).

    - snd_sid (uint16): The stream to send on.
    - snd_flags (uint16, flags): SCTP_UNORDERED, SCTP_ADDR_OVER, SCTP_ABORT, SCTP_EOF,
      SCTP_SENDALL, SCTP_SACK_IMMEDIATELY.
    - snd_ppid (uint32): The payload protocol identifier, as it is on the wire: it is
      never converted. Pass socket.htonl(60) for 60.
    - snd_context (uint32): A number of your choice. It comes back in
      SCTP_SEND_FAILED_EVENT.
    - snd_assoc_id (association): The association to send on. One-to-one sockets ignore
      it.
    """

    def __init__(
        self,
        *,
        snd_sid: int = 0,
        snd_flags: int = 0,
        snd_ppid: int = 0,
        snd_context: int = 0,
        snd_assoc_id: int = 0,
    ) -> None: ...
    def copy(self) -> Self: ...

class sctp_prinfo(dict[Literal["pr_policy", "pr_value"], int]):
    """When a message may be abandoned (RFC 6458, section 5.3.7).

    - pr_policy (uint16): SCTP_PR_SCTP_NONE, SCTP_PR_SCTP_TTL, SCTP_PR_SCTP_RTX or
      SCTP_PR_SCTP_PRIO.
    - pr_value (uint32): Milliseconds with SCTP_PR_SCTP_TTL, retransmissions with
      SCTP_PR_SCTP_RTX, a priority with SCTP_PR_SCTP_PRIO (0 is the highest). It is
      ignored with SCTP_PR_SCTP_NONE.
    """

    def __init__(self, *, pr_policy: int = 0, pr_value: int = 0) -> None: ...
    def copy(self) -> Self: ...

class sctp_authinfo(dict[Literal["auth_keynumber"], int]):
    """The shared key that authenticates a message (RFC 6458, section 5.3.8).

    - auth_keynumber (uint16): The number of the key.
    """

    def __init__(self, *, auth_keynumber: int = 0) -> None: ...
    def copy(self) -> Self: ...

class sctp_rcvinfo(
    dict[
        Literal[
            "rcv_sid",
            "rcv_ssn",
            "rcv_flags",
            "rcv_ppid",
            "rcv_tsn",
            "rcv_cumtsn",
            "rcv_context",
            "rcv_assoc_id",
        ],
        int,
    ]
):
    """How a message was received (RFC 6458, section 5.3.5).

    - rcv_sid (uint16): The stream that the message came on.
    - rcv_ssn (uint16): The stream sequence number of the message.
    - rcv_flags (uint16, flags): SCTP_UNORDERED, or 0.
    - rcv_ppid (uint32): The payload protocol identifier, as it is on the wire: it is
      never converted. socket.ntohl() gives the number that the peer means.
    - rcv_tsn (uint32): The transmission sequence number (TSN) of the first chunk of the
      message.
    - rcv_cumtsn (uint32): The cumulative TSN when the message was read. It matters for
      unordered messages only.
    - rcv_context (uint32): The value of SCTP_CONTEXT.
    - rcv_assoc_id (association): The association that the message came on.
    """

    def __init__(
        self,
        *,
        rcv_sid: int = 0,
        rcv_ssn: int = 0,
        rcv_flags: int = 0,
        rcv_ppid: int = 0,
        rcv_tsn: int = 0,
        rcv_cumtsn: int = 0,
        rcv_context: int = 0,
        rcv_assoc_id: int = 0,
    ) -> None: ...
    def copy(self) -> Self: ...

class sctp_nxtinfo(
    dict[Literal["nxt_sid", "nxt_flags", "nxt_ppid", "nxt_length", "nxt_assoc_id"], int]
):
    """What the next call will receive (RFC 6458, section 5.3.6).

    - nxt_sid (uint16): The stream of the next message.
    - nxt_flags (uint16, flags): SCTP_UNORDERED and SCTP_NOTIFICATION; on FreeBSD also
      SCTP_COMPLETE.
    - nxt_ppid (uint32): The payload protocol identifier of the next message, as it is
      on the wire: it is never converted.
    - nxt_length (uint32, bytes): How much of the next message has arrived.
    - nxt_assoc_id (association): The association of the next message.
    """

    def __init__(
        self,
        *,
        nxt_sid: int = 0,
        nxt_flags: int = 0,
        nxt_ppid: int = 0,
        nxt_length: int = 0,
        nxt_assoc_id: int = 0,
    ) -> None: ...
    def copy(self) -> Self: ...

# The info of a received message. The options of the socket decide whether it is None or
# an object of one of three classes. A type checker cannot know which, so it allows the
# keys and attributes of all.
class _Received(  # type: ignore[misc]
    sctp_rcvinfo, sctp_nxtinfo, sctp_recvv_rn
):
    rcvinfo: sctp_rcvinfo
    nxtinfo: sctp_nxtinfo
    def __getitem__(
        self,
        key: Literal[
            "rcv_sid",
            "rcv_ssn",
            "rcv_flags",
            "rcv_ppid",
            "rcv_tsn",
            "rcv_cumtsn",
            "rcv_context",
            "rcv_assoc_id",
            "nxt_sid",
            "nxt_flags",
            "nxt_ppid",
            "nxt_length",
            "nxt_assoc_id",
        ],
        /,
    ) -> int: ...

class sctp_sendv_spa:
    __slots__ = ("_authinfo", "_prinfo", "_sndinfo")
    sndinfo: sctp_sndinfo | None
    prinfo: sctp_prinfo | None
    authinfo: sctp_authinfo | None
    def __init__(
        self, infos: Iterable[sctp_sndinfo | sctp_prinfo | sctp_authinfo] = ()
    ) -> None: ...

class sctp_recvv_rn:
    __slots__ = ("_nxtinfo", "_rcvinfo")
    rcvinfo: sctp_rcvinfo | None
    nxtinfo: sctp_nxtinfo | None
    def __init__(self, infos: Iterable[sctp_rcvinfo | sctp_nxtinfo] = ()) -> None: ...

SCTP_UNORDERED: Final[int]
SCTP_ADDR_OVER: Final[int]
SCTP_ABORT: Final[int]
SCTP_EOF: Final[int]
SCTP_SENDALL: Final[int]
SCTP_SACK_IMMEDIATELY: Final[int]
SCTP_SEND_SNDINFO_VALID: Final[int]
SCTP_SEND_PRINFO_VALID: Final[int]
SCTP_SEND_AUTHINFO_VALID: Final[int]
SCTP_PR_SCTP_NONE: Final[int]
SCTP_PR_SCTP_TTL: Final[int]
SCTP_PR_SCTP_RTX: Final[int]
SCTP_PR_SCTP_PRIO: Final[int]
SCTP_NOTIFICATION: Final[int]
SCTP_PR_SCTP_ALL: Final[int]
SCTP_PR_SCTP_MAX: Final[int]

if sys.platform == "linux":
    SCTP_PR_SCTP_MASK: Final[int]
else:
    SCTP_EOR: Final[int]
    SCTP_COMPLETE: Final[int]
    SCTP_PR_SCTP_BUF: Final[int]
