"""Associations for threads: they receive whole messages and say how they ended."""

from collections.abc import Iterable

from ._lifecycle import AssociationRestarted
from ._messages import MessageTooLong
from ._setup import INT_MAX, Addresses, Limits, Options, Streams, check_count
from ._socket import sctp_socket
from ._sockets import Plan, close_socket, resolve
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


def _make(plan: Plan) -> sctp_socket:
    """Makes the socket of a plan. If that fails, closes the socket."""
    try:
        found = resolve(plan.lists, plan.sock)
    except BaseException:
        if plan.sock is not None:
            plan.sock.close()
        raise
    return plan.make(*found)


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
    """Sets up an association with a peer. Returns it when it is up.

    addresses has all addresses of the peer: an iterable of tuples, or a str for
    sctp.parse_addresses(). Names are looked up. local_addresses has the addresses of
    this side; they need no port. streams is the number of outgoing streams to ask for,
    or a tuple of that and the number of incoming streams to accept. options are set in
    order before the socket is bound, for example {SCTP_MAX_BURST: ..., (SOL_SOCKET,
    SO_RCVBUF): 1 << 20}; a plain int is an option of SCTP. events are the
    NotificationTypes that Association.notifications() returns.

    max_message is the largest size of a message in bytes. Reading stops when max_unread
    bytes wait to be received, and goes on when less than half of that is unread. Each
    message counts 512 bytes more than its data, because Python needs memory for the
    object. max_total is the largest size of all unfinished messages together.
    close_timeout is the longest time of shutdown() in seconds.

    sock is a one-to-one socket to use. From then on it belongs to the association. If
    the call fails, it closes sock. But if it refuses an argument before it has done
    anything, sock stays open. If sock is already connected, pass no addresses.

    Raises OSError if the kernel fails (ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH); a note
    tells what SCTP reported. Raises socket.gaierror if a name has no address. Raises
    ValueError if an option would break this layer: the guide to asyncio lists these
    options. Raises TimeoutError, with errno None, if the association is not up after
    timeout seconds; a look-up of a name is not interrupted. After an exception, nothing
    is left of the attempt.
    """
    deadline = deadline_after(timeout)
    limits = Limits(max_message, max_unread, max_total, close_timeout)
    plan = Plan(sock, limits, streams, options, events)
    plan.reach(addresses)
    plan.bind(local_addresses, "local_addresses")
    made = _make(plan)
    association = None
    try:
        association = Association(made, limits, plan.events)
        if plan.peers:
            association._connect(plan.peers, deadline)
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
    """Listens on all the addresses. Returns a Server, which accepts at once.

    For each association, a thread calls handler(association). If addresses have no
    port, the kernel chooses one: see Server.addresses. sock is a one-to-one socket to
    use. If it is already bound, pass no addresses. While there are max_associations,
    further associations wait in the kernel, at most backlog of them. All other
    arguments are those of connect(), for each association.
    """
    limits = Limits(max_message, max_unread, max_total, close_timeout)
    plan = Plan(sock, limits, streams, options, events)
    if not callable(handler):
        raise TypeError(f"handler must be callable, not {handler!r}")
    check_count(backlog, "backlog", INT_MAX)
    if max_associations is not None:
        check_count(max_associations, "max_associations")
    plan.bind(addresses, "addresses", "listen on")
    made = _make(plan)
    try:
        made.listen(backlog)
        return Server(made, handler, limits, plan.events, max_associations)
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

    addresses has all addresses of this side, as in serve(). Without addresses, the
    kernel chooses a port on all IPv4 addresses. If listen is true, peers may set up
    associations. At most backlog of these wait for accept(); further ones are aborted.
    sock is a one-to-many socket to use. If it is already bound, pass no addresses. All
    other arguments are those of connect(). max_unread is for each association,
    max_total is for the whole socket.

    On Linux, all associations of a socket share one receive buffer. If there are many
    peers, make this buffer larger with the option (SOL_SOCKET, SO_RCVBUF), up to
    net.core.rmem_max. Or give each association its own buffer with the sysctl
    net.sctp.rcvbuf_policy.
    """
    limits = Limits(max_message, max_unread, max_total, close_timeout)
    plan = Plan(sock, limits, streams, options, events, is_many=True)
    check_count(backlog, "backlog", INT_MAX)
    plan.bind(addresses or (), "addresses")
    made = _make(plan)
    try:
        if listen:
            made.listen(backlog)
        return Endpoint(made, limits, plan.events, backlog)
    except BaseException:
        made.close()
        raise
