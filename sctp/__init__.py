"""SCTP sockets: the API of RFC 6458 for Linux and FreeBSD."""

from _sctp.sctp import *
from _sctp.sctp_event import *
from _sctp.sctp_info import *

from ._enums import *
from ._notifications import *
from ._options import *
from ._socket import sctp_socket as sctp_socket

__version__ = "0.1.0"
__all__ = [name for name in globals() if not name.startswith("_")]
