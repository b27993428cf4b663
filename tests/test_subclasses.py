"""Classes derived from sctp_socket, for which accept and sctp_peeloff make objects:
what such a class may do, and what happens to the descriptor."""

import inspect
import os
import socket
import unittest.mock
from socket import AF_INET, SO_TYPE, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET
from types import SimpleNamespace

import pytest
import system

from sctp import IPPROTO_SCTP, sctp_socket

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True),
]
METHODS = {"accept": "accept", "peeloff": "sctp_peeloff"}


@pytest.fixture(params=METHODS)
def how(request):
    return request.param


class FailsBefore(sctp_socket):
    """Its constructor fails if a test has set a function that fails."""

    fail = None

    def __init__(self, *args, **kwargs):
        if self.fail:
            self.fail()
        super().__init__(*args, **kwargs)


class FailsAfter(sctp_socket):
    fail = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.fail:
            self.fail()


@pytest.mark.parametrize("cls", [FailsBefore, FailsAfter])
def test_failing_subclass_leaks_no_descriptor(make_ready, how, cls, monkeypatch):
    def fail(self):
        raise ZeroDivisionError

    _, get, peer = make_ready(how, cls)
    before = system.open_descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(cls, "fail", fail)
        with pytest.raises(ZeroDivisionError):
            get()
    assert system.open_descriptors() == before
    # The descriptor was closed, and so the association has ended.
    assert peer.recv(8) == b""


@pytest.mark.parametrize("end", ["close", "detach"])
def test_descriptor_that_a_failing_subclass_gave_up_is_not_closed(
    make_ready, how, end, monkeypatch
):
    """Another file may have its number by then."""
    numbers = []

    def fail(self):
        number = self.fileno()
        getattr(self, end)()
        os.dup2(bystander, number)
        numbers.append(number)
        raise ZeroDivisionError

    _, get, _ = make_ready(how, FailsAfter)
    bystander = os.open(os.devnull, os.O_RDONLY)
    monkeypatch.setattr(FailsAfter, "fail", fail)
    with pytest.raises(ZeroDivisionError):
        get()
    assert os.path.sameopenfile(bystander, numbers[0])
    os.close(bystander)
    os.close(numbers[0])


# Classes whose call (family, type, proto, fileno=...) makes no socket


class Switched(sctp_socket):
    """Works as its base, until a test sets new or init to another __new__ or
    __init__."""

    new = init = None

    def __new__(cls, *args, **kwargs):
        if cls.new:
            return cls.new(*args, **kwargs)
        return super().__new__(cls)

    def __init__(self, *args, **kwargs):
        if self.init:
            return self.init(*args, **kwargs)
        super().__init__(*args, **kwargs)


@pytest.fixture
def make_refused(make_ready, how, monkeypatch):
    """Replaces attributes of the class. Checks that the call then fails and leaves
    nothing behind."""

    def check(error=TypeError, **attributes):
        _, get, peer = make_ready(how, Switched)
        before = system.open_descriptors()
        with monkeypatch.context() as patch:
            for name, value in attributes.items():
                patch.setattr(Switched, name, value)
            with pytest.raises(error) as caught:
                get()
        assert system.open_descriptors() == before
        assert peer.recv(8) == b""
        return "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])

    return check


def assert_tells_what_to_override(text, how):
    method = METHODS[how]
    assert f"{method}() calls " in text
    assert "Switched(family, type, proto, fileno=...)" in text
    assert text.endswith(f"has to override {method}()")


@pytest.fixture
def older(make_pair):
    """Objects that have their own descriptors, and must keep them."""
    based, peer = make_pair()
    plain = socket.socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP)
    own = Switched(AF_INET, SOCK_SEQPACKET)
    own.bind(("10.1.0.1", 0))
    with plain, own, open(os.devnull) as file:
        yield SimpleNamespace(file=file, plain=plain, based=based, own=own)
        peer.send(b"alive")
        assert based.recv(8) == b"alive"
        assert own.getsockname()[1] > 0
        assert plain.getsockopt(SOL_SOCKET, SO_TYPE) == SOCK_STREAM


STRANGERS = {
    "None": lambda older: None,
    "int": lambda older: 3,
    "type": lambda older: Switched,
    "file": lambda older: older.file,
    "plain socket": lambda older: older.plain,
    "object of the base": lambda older: older.based,
    "new object of the base": lambda older: sctp_socket.__new__(sctp_socket),
    "older object of the class": lambda older: older.own,
}


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_no_new_socket_is_refused(make_refused, how, older, name):
    stranger = STRANGERS[name](older)
    text = make_refused(new=lambda *args, **kwargs: stranger)
    assert_tells_what_to_override(text, how)


def ignore(self, family, type, proto=IPPROTO_SCTP, fileno=None):
    sctp_socket.__init__(self, family, type, proto)


def do_nothing(self, *args, **kwargs):
    pass


def duplicate(self, family, type, proto, fileno):
    sctp_socket.__init__(self, family, type, proto, os.dup(fileno))


def take_arguments(self, *args):
    sctp_socket.__init__(self, *args)


def take_family_and_type(self, family, type):
    sctp_socket.__init__(self, family, type)


def take_name(self, name):
    self.name = name


def return_something(self, *args, **kwargs):
    sctp_socket.__init__(self, *args, **kwargs)
    return self


def add_none(self, *args, **kwargs):
    sctp_socket.__init__(self, *args, **kwargs)
    return 1 + None


INITS = [
    ignore,
    do_nothing,
    duplicate,
    take_arguments,
    take_family_and_type,
    take_name,
    return_something,
    add_none,
]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("init", INITS)
def test_constructor_that_does_not_take_the_descriptor(make_refused, how, init):
    assert_tells_what_to_override(make_refused(init=init), how)


def test_new_with_another_signature(make_refused, how):
    text = make_refused(new=lambda name: sctp_socket.__new__(Switched))
    assert "unexpected keyword" in text or "positional argument" in text
    assert_tells_what_to_override(text, how)


def test_other_errors_pass_as_they_are(make_refused):
    def fail(*args, **kwargs):
        raise ZeroDivisionError("of the class")

    for name in "new", "init", "setblocking":
        assert make_refused(ZeroDivisionError, **{name: fail}) == "of the class"


class SaysAnything(type):
    def __instancecheck__(cls, instance):
        return True


class Believed(sctp_socket, metaclass=SaysAnything):
    def __new__(cls, *args, fileno=None, **kwargs):
        return super().__new__(cls) if fileno is None else object()


class Pretends(sctp_socket):
    def __new__(cls, *args, fileno=None, **kwargs):
        return super().__new__(cls) if fileno is None else unittest.mock.Mock(spec=cls)


@pytest.mark.parametrize("cls", [Believed, Pretends])
def test_what_only_says_that_it_is_a_socket_is_refused(make_ready, how, cls):
    _, get, peer = make_ready(how, cls)
    before = system.open_descriptors()
    with pytest.raises(TypeError, match="has to override"):
        get()
    assert system.open_descriptors() == before
    assert peer.recv(8) == b""


def test_descriptor_that_a_class_gave_up_is_not_closed(make_ready, how, monkeypatch):
    _, get, peer = make_ready(how, Switched)
    numbers = []

    def detach(self, *args, **kwargs):
        sctp_socket.__init__(self, *args, **kwargs)
        numbers.append(self.detach())

    monkeypatch.setattr(Switched, "init", detach)
    with pytest.raises(TypeError, match="has to override"):
        get()
    with sctp_socket(fileno=numbers[0]) as sock:
        sock.settimeout(10)
        peer.send(b"alive")
        assert sock.recv(8) == b"alive"


# Those that do


class Derived(Switched):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_ready = True


def assert_works(sock, peer):
    sock.settimeout(10)
    peer.send(b"there")
    assert sock.recv(8) == b"there"
    sock.send(b"back")
    assert peer.recv(8) == b"back"


def test_new_may_return_what_is_derived_from_the_class(make_ready, how, monkeypatch):
    """Python calls the constructor of the returned class, as in an ordinary call of
    a class."""
    _, get, peer = make_ready(how, Switched)
    with monkeypatch.context() as patch:
        patch.setattr(
            Switched, "new", lambda *args, **kwargs: sctp_socket.__new__(Derived)
        )
        sock = get()
    with sock:
        assert type(sock) is Derived
        assert sock.is_ready
        assert_works(sock, peer)


class Named(sctp_socket):
    """Its constructor takes a name, so it makes its sockets itself."""

    def __init__(self, family=-1, type=-1, *, name="", descriptor=None):
        super().__init__(family, type, fileno=descriptor)
        self.name = name

    def take(self, call, *args):
        with sctp_socket(fileno=os.dup(self.fileno())) as twin:
            twin.settimeout(10)
            return call(twin, *args)

    def accept(self):
        sock, address = self.take(sctp_socket.accept)
        return Named(descriptor=sock.detach(), name="accept"), address

    def sctp_peeloff(self, assoc_id):
        sock = self.take(sctp_socket.sctp_peeloff, assoc_id)
        return Named(descriptor=sock.detach(), name="peeloff")


class Occupied(sctp_socket):
    """It has methods with the names of methods of the library."""

    _ask_family = _bindx = _connectx = _getaddrs = None
    _end_peeled = _forget = _peeloff = _accept_into = None


def test_class_may_use_names_of_the_library(make_ready, how):
    _, get, peer = make_ready(how, Occupied)
    with get() as sock:
        assert sock.sctp_getpaddrs()
        assert_works(sock, peer)


def test_accept_of_the_standard_library_works(make_ready):
    server, _, peer = make_ready("accept")
    sock, _ = socket.socket.accept(server)
    with sock:
        assert type(sock) is socket.socket
        assert_works(sock, peer)


def test_class_may_override_the_method(make_ready, how):
    _, get, peer = make_ready(how, Named)
    before = system.open_descriptors()
    with get() as sock:
        assert (type(sock), sock.name) == (Named, how)
        assert_works(sock, peer)
    assert system.open_descriptors() == before


def test_help_shows_no_address_as_a_default(network):
    assert " at 0x" not in str(inspect.signature(sctp_socket))


def test_note_of_peeloff_names_the_number(make_socket, network):
    class Index:
        def __index__(self):
            return 77

    with pytest.raises(OSError) as caught:
        make_socket(network.family, SOCK_SEQPACKET).sctp_peeloff(Index())
    assert "association 77" in caught.value.__notes__[0]
