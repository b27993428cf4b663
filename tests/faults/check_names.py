"""Names that cannot be looked up."""

import errno
from socket import (
    EAI_AGAIN,
    EAI_FAIL,
    EAI_MEMORY,
    EAI_NONAME,
    EAI_SERVICE,
    SOCK_SEQPACKET,
    gaierror,
)

from checking import (
    Interrupted,
    assert_nothing_leaks,
    count,
    named,
    raise_interrupted,
)
from injection import Fault, happened, injected
from scenes import ADD, CLASS_OF, World

import sctp

NAME = "localhost"
CODES = (EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_NONAME)
# The errno of EAI_SYSTEM.
ERRORS = "EACCES EIO EMFILE ENFILE ENOMEM ENOENT"


def attempt_look_up(method, fault, handler, check):
    world = World(10)
    with world.stack:
        listener = world.listener(SOCK_SEQPACKET)
        port = listener.getsockname()[1]
        sock = world.socket(SOCK_SEQPACKET)
        arguments, expected = {
            "sctp_bindx": (([(NAME, 0)], ADD), None),
            "sctp_connectx": (([(NAME, port)],), None),
            "sctp_sendv": (([b"hello"], [(NAME, port)]), 5),
        }[method]
        call = getattr(sock, method)
        with injected(fault, handler=lambda: handler(sock)):
            try:
                result = call(*arguments)
            except (OSError, Interrupted) as error:
                result = error.with_traceback(None)
        interrupts = fault.action == "INTERRUPT"
        count("interruptions" if interrupts else "errors", happened())
        assert happened()
        if check is None:
            assert result == expected, repr(result)
            return
        check(result)
        if sock.fileno() >= 0:
            assert call(*arguments) == expected


def attempt_storage(fault, handler, check):
    """Tries the same with a function that has no socket."""
    address = NAME, 9
    with injected(fault, handler=lambda: handler(None)):
        try:
            result = sctp.ipaddr_to_sockaddr_storage(address)
        except (OSError, Interrupted) as error:
            result = error.with_traceback(None)
    interrupts = fault.action == "INTERRUPT"
    count("interruptions" if interrupts else "errors", happened())
    assert happened()
    if check is not None:
        check(result)
        result = sctp.ipaddr_to_sockaddr_storage(address)
    assert sctp.sockaddr_storage_to_ipaddr(result) == ("127.0.0.1", 9)


def is_error(cls, number):
    def check(result):
        assert type(result) is cls, repr(result)
        assert result.errno == number, result

    return check


def is_interrupted(result):
    assert isinstance(result, Interrupted), repr(result)


def nothing(sock):
    pass


def close(sock):
    sock.close()


def raise_it(sock):
    raise_interrupted()


def check_names(_, times):
    interrupt = Fault("getaddrinfo", "INTERRUPT")
    ways = [
        (interrupt, nothing, None),
        (Fault("getaddrinfo", "INTERRUPT", 0, 1, 5), nothing, None),
        (interrupt, raise_it, is_interrupted),
    ]
    for code in CODES:
        fault = Fault("getaddrinfo", "ANSWER", code)
        ways.append((fault, nothing, is_error(gaierror, code)))
    for name in ERRORS.split():
        number = getattr(errno, name)
        fault = Fault("getaddrinfo", "FAIL", number)
        ways.append((fault, nothing, is_error(CLASS_OF.get(name, OSError), number)))
    closing = (interrupt, close, is_error(OSError, errno.EBADF))
    attempts = [named(attempt_storage, *way) for way in ways]
    attempts += [
        named(attempt_look_up, method, *way)
        for method in ("sctp_bindx", "sctp_connectx", "sctp_sendv")
        for way in [*ways, closing]
    ]
    assert_nothing_leaks(attempts, times)


def check_services(_, times):
    """A service that is not found for any reason is unknown."""
    for number in errno.ENOENT, errno.ERANGE, errno.EMFILE:
        with injected(Fault("getaddrinfo", "FAIL", number, 1, 2)):
            try:
                result = sctp.ipaddr_to_sockaddr_storage(("127.0.0.1", "http"))
            except OSError as error:
                result = error
        count("errors", happened())
        is_error(gaierror, EAI_SERVICE)(result)
