"""What the servers of the front ends have in common: all but the waiting."""

from ._enums import NotificationType
from ._lifecycle import logger
from ._messages import Address, plain_address
from ._setup import Limits
from ._socket import sctp_socket

# How long nobody is accepted when there are no descriptors left: seconds.
PAUSE = 1.0


class ServerBase:
    """A listening socket, without what waits for it."""

    def __init__(
        self,
        sock: sctp_socket,
        limits: Limits,
        events: frozenset[NotificationType],
        max_associations: int | None,
    ) -> None:
        self._sock = sock
        self._fd = sock.fileno()
        self._limits = limits
        self._events = events
        self._most = max_associations
        self._is_serving = True
        found = sock.sctp_getladdrs() or ()
        self._addresses: tuple[Address, ...] = tuple(map(plain_address, found))

    def __repr__(self) -> str:
        state = "serving" if self._is_serving else "closed"
        return f"<Server at {self._addresses}, {state}>"

    def _has_room(self, count: int) -> bool:
        """Whether one more is accepted where there are count associations."""
        return self._most is None or count < self._most

    def _accept_one(self) -> tuple[sctp_socket, Address] | None:
        """Who has come, None for nobody. Raises OSError where there are no
        descriptors, for example: nobody is accepted for PAUSE seconds then."""
        try:
            sock, address = self._sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return None
        except OSError as error:
            self._log(error)
            raise
        sock.setblocking(False)
        return sock, plain_address(address)

    def _log(self, error: Exception) -> None:
        logger.warning("cannot accept, trying again in %g s: %s", PAUSE, error)

    @property
    def is_serving(self) -> bool:
        """Whether new associations are accepted: until close()."""
        return self._is_serving

    @property
    def sockets(self) -> tuple[sctp_socket, ...]:
        """The listening socket; none after close()."""
        return (self._sock,) if self._is_serving else ()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses that it listens at."""
        return self._addresses
