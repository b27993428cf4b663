"""The part of a server that all front ends share: everything but waiting."""

from ._enums import NotificationType
from ._lifecycle import logger
from ._messages import Address, plain_address
from ._setup import Limits
from ._socket import sctp_socket
from ._sockets import current_addresses

# How many seconds to pause if no descriptor is left.
PAUSE = 1.0


class ServerBase:
    """A server, without the waiting."""

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
        self._addresses = current_addresses(sock)

    def __repr__(self) -> str:
        self._remember_addresses()
        state = "serving" if self._is_serving else "closed"
        return f"<Server at {self._addresses}, {state}>"

    def _has_room(self, count: int) -> bool:
        """Whether one more association may be accepted if there are count."""
        return self._most is None or count < self._most

    def _accept_one(self) -> tuple[sctp_socket, Address] | None:
        """Accepts one association, or returns None if there is none. Raises OSError,
        for example if no descriptor is left. Do not accept for PAUSE seconds then."""
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
        """Whether the server accepts new associations. It does until close()."""
        return self._is_serving

    @property
    def sockets(self) -> tuple[sctp_socket, ...]:
        """A tuple with the listening socket. After close() it is empty."""
        return (self._sock,) if self._is_serving else ()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses that the server listens on. After close(), the last known
        ones."""
        self._remember_addresses()
        return self._addresses

    def _remember_addresses(self) -> None:
        self._addresses = current_addresses(self._sock, self._addresses)
