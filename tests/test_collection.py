"""The garbage collector frees the objects that C makes, also those in cycles through
classes."""

import gc
import importlib.util
import sys
import weakref
from socket import AF_INET, SOCK_STREAM

import pytest

import _sctp.sctp
import _sctp.sctp_event
import _sctp.sctp_info
import sctp

pytestmark = pytest.mark.kernel

MODULES = (_sctp.sctp, _sctp.sctp_event, _sctp.sctp_info)
HEAP_TYPE = 1 << 9


def anew(module):
    """Loads the module again, with its own types."""
    spec = importlib.util.spec_from_file_location(module.__name__, module.__file__)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def types_of(module):
    """The types of a module, without those of _sctp._life: an interpreter has one of
    each."""
    return {
        name: cls
        for name, cls in vars(module).items()
        if isinstance(cls, type) and name not in ("SCTPError", "sctp_socket")
    }


def call(cls):
    if cls.__name__ != "_core":
        return cls()
    with cls(AF_INET, SOCK_STREAM, sctp.IPPROTO_SCTP) as sock:
        return sock


WAYS = {"call": call, "new": lambda cls: cls.__new__(cls)}
TYPES = [(module, name) for module in MODULES for name in types_of(module)]


def collect(reference):
    gc.collect()
    return reference() is None


def test_every_type_is_a_heap_type_of_its_module():
    assert {name for _, name in TYPES} == {
        "_core",
        *(f"sctp_{info}info" for info in ("snd", "pr", "auth", "rcv", "nxt")),
        "sctp_sendv_spa",
        "sctp_recvv_rn",
    }
    for module, name in TYPES:
        own = types_of(anew(module))[name]
        assert own.__flags__ & HEAP_TYPE
        assert own is not types_of(module)[name]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("module", "name"), TYPES, ids=[name for _, name in TYPES])
def test_type_that_holds_an_instance_is_collected(module, name, way):
    cls = types_of(anew(module))[name]
    cls.default = WAYS[way](cls)
    reference = weakref.ref(cls)
    del cls
    assert collect(reference)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("module", "name"), TYPES, ids=[name for _, name in TYPES])
def test_subclass_that_holds_an_instance_is_collected(module, name, way):
    derived = type(name, (types_of(module)[name],), {})
    derived.default = WAYS[way](derived)
    reference = weakref.ref(derived)
    del derived
    assert collect(reference)


def test_class_of_an_option_that_holds_one_is_collected():
    """The socket makes the dict without a call of the class."""
    core = anew(_sctp.sctp)
    derived = type("sctp_rtoinfo", (dict,), {"__slots__": ()})
    core._brand(derived)
    with core._core(AF_INET, SOCK_STREAM, sctp.IPPROTO_SCTP) as sock:
        derived.default = sock._get_option(sctp.SCTP_RTOINFO, "sctp_rtoinfo", None)
    assert type(derived.default) is derived
    reference = weakref.ref(derived)
    del core, sock, derived
    assert collect(reference)


def test_infos_that_the_socket_makes_are_seen_by_the_collector(pair):
    client, server = pair
    client.send(b"message")
    _, _, info, *_ = server.sctp_recvv(32)
    event = bytearray(sctp.SCTP_SEND_FAILED_EVENT.to_bytes(2, sys.byteorder))
    event += bytes(2) + (32).to_bytes(4, sys.byteorder) + bytes(24)
    nested = sctp.parse_notification(event)["ssfe_info"]
    option = client.getsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_RTOINFO)
    for made in (info, nested, sctp.sctp_rcvinfo(), option):
        assert gc.is_tracked(made)
        assert type(made) in gc.get_referents(made)
