"""SCTP sockets: the API of RFC 6458 for Linux and FreeBSD."""

import typing as _typing

if _typing.TYPE_CHECKING:  # to mypy, the first of two definitions counts
    from ._socket import sctp_socket as sctp_socket

try:
    from _sctp.sctp import *  # type: ignore[assignment]
except ModuleNotFoundError as _error:
    _error.add_note(
        f"{__file__} has no C modules for this Python. If it is in a clone of the "
        "repository, leave that directory, or build them there: pip install -e ."
    )
    raise
from _sctp.sctp_event import *
from _sctp.sctp_info import *

from ._enums import *
from ._notifications import *
from ._notifications import Notification as Notification
from ._options import *
from ._setup import parse_addresses as parse_addresses
from ._socket import sctp_socket as sctp_socket

__version__ = "0.1.0"
# Type checkers cannot evaluate this. For them the names above are public.
if not _typing.TYPE_CHECKING:
    __all__ = [name for name in globals() if not name.startswith("_")]

    # Type checkers do not see this function. To them PySCTP's names exist in
    # sctp.pysctp only.
    def __getattr__(name):
        from ._other_names import find

        return find(name)


# Types of the layer above the socket. They can be imported by name; * does not import
# them, but type checkers believe that it does.
from ._lifecycle import AssociationRestarted as AssociationRestarted
from ._messages import Message as Message
from ._messages import MessageTooLong as MessageTooLong
