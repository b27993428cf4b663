"""The constants of PySCTP, and its functions that describe the system."""

import socket

import _sctp.sctp
import _sctp.sctp_event
import _sctp.sctp_info
from _sctp.sctp import IPPROTO_SCTP
from _sctp.sctp_event import SCTP_ASSOC_CHANGE

# PySCTP's names that differ from the names of this package.
_ALIASES = {
    "BINDX_ADD": "SCTP_BINDX_ADD_ADDR",
    "BINDX_REMOVE": "SCTP_BINDX_REM_ADDR",
    "MSG_ABORT": "SCTP_ABORT",
    "MSG_ADDR_OVER": "SCTP_ADDR_OVER",
    "MSG_EOF": "SCTP_EOF",
    "MSG_FIN": "SCTP_EOF",
    "MSG_SENDALL": "SCTP_SENDALL",
    "MSG_UNORDERED": "SCTP_UNORDERED",
    "SOL_SCTP": "IPPROTO_SCTP",
    "SPP_HB_DISABLED": "SPP_HB_DISABLE",
    "SPP_HB_ENABLED": "SPP_HB_ENABLE",
    "SPP_PMTUD_DISABLED": "SPP_PMTUD_DISABLE",
    "SPP_PMTUD_ENABLED": "SPP_PMTUD_ENABLE",
    "SPP_SACKDELAY_DISABLED": "SPP_SACKDELAY_DISABLE",
    "SPP_SACKDELAY_ENABLED": "SPP_SACKDELAY_ENABLE",
}

# Constants that the system may lack. PySCTP then has these numbers.
_ABSENT = {
    "SCTP_BOUND": -1,
    "SCTP_EMPTY": -1,
    "SCTP_LISTEN": -1,
    "SCTP_FAILED_THRESHOLD": -1,
    "SCTP_HEARTBEAT_SUCCESS": -1,
    "SCTP_INTERNAL_ERROR": -1,
    "SCTP_PEER_FAULTY": -1,
    "SCTP_RECEIVED_SACK": -1,
    "SCTP_RESPONSE_TO_USER_REQ": -1,
    "SCTP_SHUTDOWN_GUARD_EXPIRES": -1,
    "SPP_SACKDELAY_DISABLE": 0,
    "SPP_SACKDELAY_ENABLE": 0,
}

_MODULES = (_sctp.sctp, _sctp.sctp_info, _sctp.sctp_event, socket)


def getconstant(name: str) -> int:
    """Returns the number of a constant. The name is that of PySCTP or RFC 6458."""
    if not isinstance(name, str):
        raise TypeError(f"getconstant(): name must be str, not {type(name).__name__}")
    if name == "SCTP_SN_TYPE_BASE":
        return SCTP_ASSOC_CHANGE - 1
    name = _ALIASES.get(name, name)
    for module in _MODULES:
        value = getattr(module, name, None)
        if isinstance(value, int):
            return int(value)
    if name in _ABSENT:
        return _ABSENT[name]
    raise ValueError(f"getconstant(): there is no constant {name!r}")


BINDX_ADD = getconstant("BINDX_ADD")
BINDX_REMOVE = BINDX_REM = getconstant("BINDX_REMOVE")
FLAG_DONTROUTE = getconstant("MSG_DONTROUTE")
FLAG_EOR = getconstant("MSG_EOR")
FLAG_NOTIFICATION = getconstant("MSG_NOTIFICATION")
MSG_ABORT = getconstant("MSG_ABORT")
MSG_ADDR_OVER = MSG_ADDR_OVERRIDE = getconstant("MSG_ADDR_OVER")
MSG_EOF = MSG_FIN = getconstant("MSG_EOF")
MSG_SENDALL = getconstant("MSG_SENDALL")
MSG_UNORDERED = getconstant("MSG_UNORDERED")
SOCK_SEQPACKET = getconstant("SOCK_SEQPACKET")
SOCK_STREAM = getconstant("SOCK_STREAM")
SOL_SCTP = IPPROTO_SCTP
STYLE_TCP = TCP_STYLE = SOCK_STREAM
STYLE_UDP = UDP_STYLE = SOCK_SEQPACKET

HAVE_SCTP = 1
HAVE_KERNEL_SCTP = 2
HAVE_SCTP_MULTIBUF = 4
HAVE_SCTP_NOCONNECT = 8
HAVE_SCTP_PRSCTP = 16
HAVE_SCTP_ADDIP = 32
HAVE_SCTP_CANSET_PRIMARY = 64
HAVE_SCTP_SAT_NETWORK_CAPABILITY = 128


def have_sctp_multibuf() -> bool:
    """True: both systems read a message in several pieces."""
    return True


def have_sctp_noconnect() -> bool:
    """True: both systems send without connecting first."""
    return True


def have_sctp_prsctp() -> bool:
    """True: both systems have partial reliability."""
    return True


def have_sctp_addip() -> bool:
    """True: both systems change the addresses of an association."""
    return True


def have_sctp_setprimary() -> bool:
    """True: both systems choose the primary path."""
    return True


def have_sctp_sat_network() -> bool:
    """False, as PySCTP says."""
    return False


def features() -> int:
    """The abilities of the system, as the sum of HAVE_* constants."""
    return (
        HAVE_SCTP
        | HAVE_KERNEL_SCTP
        | HAVE_SCTP_MULTIBUF
        | HAVE_SCTP_NOCONNECT
        | HAVE_SCTP_PRSCTP
        | HAVE_SCTP_ADDIP
        | HAVE_SCTP_CANSET_PRIMARY
    )
