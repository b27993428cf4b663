"""Associations for threads: whole messages, and ends that are always told."""

from collections.abc import Iterable

from ._lifecycle import AssociationRestarted
from ._messages import MessageTooLong
from ._setup import (
    INT_MAX,
    Addresses,
    AnyAddress,
    Limits,
    Options,
    Streams,
    check_count,
    list_addresses,
    plan_events,
    plan_options,
)
from ._socket import sctp_socket
from ._sockets import (
    check_socket,
    close_socket,
    make_socket,
    resolve,
)
from ._sync_association import Association, Message, Notifications
from ._sync_endpoint import Endpoint
from ._sync_server import Handler, Server
from ._sync_waiting import deadline_after

__all__ = [
    "Association",
    "AssociationRestarted",
    "Endpoint",
    "Message",
    "MessageTooLong",
    "Notifications",
    "Server",
    "connect",
    "open_endpoint",
    "serve",
]


def _resolve(
    lists: list[list[AnyAddress]], sock: sctp_socket | None
) -> tuple[int, list[list[AnyAddress]]]:
    """The family of the socket and the lists with numeric addresses; where that
    fails, sock is closed."""
    try:
        return resolve(lists, sock)
    except BaseException:
        if sock is not None:
            sock.close()
        raise


def connect(
    addresses: Addresses,
    *,
    local_addresses: Addresses = (),
    streams: Streams = None,
    options: Options = (),
    events: Iterable[int] = (),
    max_message: int = 1 << 20,
    max_unread: int = 4 << 20,
    max_total: int = 64 << 20,
    close_timeout: float = 10.0,
    sock: sctp_socket | None = None,
    timeout: float | None = None,
) -> Association:
    """Sets up an association and returns it when it is up.

    addresses are those of one peer, all of them: an iterable of tuples, or text
    as for sctp.parse_addresses(). Names are looked up. local_addresses, which
    may leave out the port, are those to use here. streams is how many outgoing
    streams to ask for, or a tuple of that and how many incoming ones to take.
    options are set in order, before binding: {SCTP_MAX_BURST: ..., (SOL_SOCKET,
    SO_RCVBUF): 1 << 20}; an int is an option of SCTP. events are the
    NotificationTypes that Association.notifications() gives.

    A message may have max_message bytes; reading stops when max_unread bytes
    wait to be received, what Python needs for them included (so small messages
    count 512 bytes more), and goes on below half; unfinished messages take
    max_total bytes at most. close_timeout is how many seconds shutdown() takes
    at most.

    sock is a one-to-one socket to use; it belongs to the association from then
    on. It is closed if this call fails, but not if an argument is refused before
    anything was done. If it is connected already, pass no addresses.

    Raises OSError as the kernel does (ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH),
    with a note of what SCTP said; socket.gaierror for a name that has no address;
    ValueError for options that would break this layer; TimeoutError, without an
    errno, if it is not up after timeout seconds, though names are looked up to the
    end. If it raises, nothing is left of it.
    """
    deadline = deadline_after(timeout)
    limits = Limits(max_message, max_unread, max_total, close_timeout).check()
    check_socket(sock)
    peers = list_addresses(addresses, "addresses")
    local = list_addresses(local_addresses, "local_addresses", is_local=True)
    wanted = plan_events(events)
    plan = plan_options(streams, options, wanted)
    if not peers and sock is None:
        raise ValueError("there are no addresses to connect to")
    family, (peers, local) = _resolve([peers, local], sock)
    made = make_socket(sock, family, plan, local, peers)
    association = None
    try:
        association = Association(made, limits, wanted)
        if peers:
            association._connect(peers, deadline)
        else:
            association._take_over()
    except BaseException:
        if association is not None:
            association.abort()
        close_socket(made)
        raise
    return association


def serve(
    handler: Handler,
    addresses: Addresses,
    *,
    streams: Streams = None,
    options: Options = (),
    events: Iterable[int] = (),
    max_message: int = 1 << 20,
    max_unread: int = 4 << 20,
    max_total: int = 64 << 20,
    close_timeout: float = 10.0,
    sock: sctp_socket | None = None,
    backlog: int = 128,
    max_associations: int | None = None,
) -> Server:
    """Listens at addresses, all of them together, and returns a Server, which
    accepts at once.

    For each association a thread calls handler(association). addresses may leave
    out the port: the kernel then chooses one, which Server.addresses tells.
    sock is a one-to-one socket to use; if it is bound already, pass no addresses.
    While there are max_associations, further ones wait in the kernel, backlog of
    them at most. All other arguments are those of connect(), for each
    association.
    """
    limits = Limits(max_message, max_unread, max_total, close_timeout).check()
    check_socket(sock)
    if not callable(handler):
        raise TypeError(f"handler must be callable, not {handler!r}")
    check_count(backlog, "backlog", INT_MAX)
    if max_associations is not None:
        check_count(max_associations, "max_associations")
    local = list_addresses(addresses, "addresses", is_local=True)
    wanted = plan_events(events)
    plan = plan_options(streams, options, wanted)
    if not local and sock is None:
        raise ValueError("there are no addresses to listen at")
    family, [local] = _resolve([local], sock)
    made = make_socket(sock, family, plan, local)
    try:
        made.listen(backlog)
        return Server(made, handler, limits, wanted, max_associations)
    except BaseException:
        made.close()
        raise


def open_endpoint(
    addresses: Addresses | None = None,
    *,
    streams: Streams = None,
    options: Options = (),
    events: Iterable[int] = (),
    max_message: int = 1 << 20,
    max_unread: int = 4 << 20,
    max_total: int = 64 << 20,
    close_timeout: float = 10.0,
    sock: sctp_socket | None = None,
    listen: bool = True,
    backlog: int = 128,
) -> Endpoint:
    """Opens an Endpoint: one socket with any number of associations.

    addresses are those of this side, all of them together, as for serve();
    without them the kernel chooses a port at all IPv4 addresses. Where listen is
    true, peers may begin associations. At most backlog of these wait for
    accept(); one more is aborted. sock is a one-to-many socket to use; if it is
    bound already, pass no addresses. All other arguments are those of connect():
    max_unread is for each association, max_total for the whole socket.

    Linux has one receive buffer for all associations of a socket, too: with many
    peers, give it more by the option (SOL_SOCKET, SO_RCVBUF), up to
    net.core.rmem_max, or one for each with the sysctl net.sctp.rcvbuf_policy.
    """
    limits = Limits(max_message, max_unread, max_total, close_timeout).check()
    check_socket(sock, "one-to-many")
    check_count(backlog, "backlog", INT_MAX)
    local = list_addresses(addresses or (), "addresses", is_local=True)
    wanted = plan_events(events)
    plan = plan_options(streams, options, wanted, is_many=True)
    family, [local] = _resolve([local], sock)
    made = make_socket(sock, family, plan, local, is_many=True)
    try:
        if listen:
            made.listen(backlog)
        return Endpoint(made, limits, wanted, backlog)
    except BaseException:
        made.close()
        raise
