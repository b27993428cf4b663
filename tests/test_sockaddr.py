"""Converts address tuples to socket addresses and back."""

import ast
import contextlib
import os
import random
import resource
import socket
import struct
import subprocess
import sys
import threading
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from socket import AF_INET, AF_INET6

import pytest

import sctp
from sctp import ipaddr_to_sockaddr_storage as to_storage
from sctp import sockaddr_storage_to_ipaddr as to_address


class Index:
    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


# More digits than Python converts to text.
HUGE = 10**5000


class BrokenIndex:
    def __index__(self):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "address",
    [
        ("127.0.0.1", 0),
        ("255.255.255.255", 65535),
        ("::1", 2000, 0, 0),
        ("fe80::1", 2000, 0xFFFFF, 0xFFFFFFFF),
        ("::ffff:10.1.0.1", 2000, 0, 0),
        ("2001:db8:1111:2222:3333:4444:5555:6666", 65535, 1, 0),
        ("fe80::1", 5, 1, 2),
    ],
)
def test_address_survives_the_round_trip(address):
    storage = to_storage(address)
    assert type(storage) is bytes
    assert len(storage) == sctp.SOCKADDR_STORAGE_CSIZE == 128
    assert to_address(storage) == address


def test_storage_is_what_the_system_means_by_it():
    ipv4 = to_storage(("10.1.0.2", 0x1234))
    assert socket.inet_aton("10.1.0.2") == ipv4[4:8]
    assert ipv4[2:4] == b"\x12\x34"
    assert not any(ipv4[8:])
    ipv6 = to_storage(("fd00:1::2", 0x1234, 0x12345, 7))
    assert ipv6[2:8] == b"\x12\x34\x00\x01\x23\x45"
    assert ipv6[8:24] == socket.inet_pton(AF_INET6, "fd00:1::2")
    assert ipv6[24:28] == struct.pack("=I", 7)
    assert not any(ipv6[28:])


@pytest.mark.parametrize("convert", [bytes, bytearray, memoryview])
def test_any_buffer_holds_a_storage(convert):
    assert to_address(convert(to_storage(("10.1.0.1", 5)))) == ("10.1.0.1", 5)


@pytest.mark.parametrize("value", [None, "", 5, [1, 2]])
def test_storage_must_be_bytes_like(value):
    with pytest.raises(TypeError):
        to_address(value)


def test_address_may_be_a_named_tuple():
    endpoint = namedtuple("endpoint", "host, port")("10.1.0.1", 5)
    assert to_address(to_storage(endpoint)) == endpoint


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (("", 5), ("0.0.0.0", 5)),
        (("", 5, 0, 0), ("::", 5, 0, 0)),
        ((b"10.1.0.1", 5), ("10.1.0.1", 5)),
        ((b"::1", 5, 0, 0), ("::1", 5, 0, 0)),
        (("FD00:0:0::1", 5, 0, 0), ("fd00::1", 5, 0, 0)),
        (("10.1.0.1", Index(5)), ("10.1.0.1", 5)),
        (("fe80::1", Index(5), Index(6), Index(7)), ("fe80::1", 5, 6, 7)),
        (("localhost", 5), ("127.0.0.1", 5)),
        ((b"localhost", 5), ("127.0.0.1", 5)),
        (("127.0.0.\N{FULLWIDTH DIGIT ONE}", 5), ("127.0.0.1", 5)),
    ],
)
def test_host_and_numbers_as_one_may_write_them(given, meant):
    assert to_address(to_storage(given)) == meant


@pytest.fixture
def convert_with(tmp_path):
    """Converts addresses there and back, with our own databases of names. To mount
    them needs privileges, which a process has in its own kernel."""

    def run(database, content, addresses):
        ours = tmp_path / "database"
        ours.write_text(content, encoding="ascii")
        code = f"""if True:
            from sctp import *
            for address in {addresses!a}:
                storage = ipaddr_to_sockaddr_storage(address)
                print(sockaddr_storage_to_ipaddr(storage))
        """
        mount = 'mount --bind "$1" "$2" && exec "$3" -c "$4"'
        unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount]
        child = subprocess.run(
            [*unshare, "sh", ours, database, sys.executable, code],
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return [ast.literal_eval(line) for line in child.stdout.splitlines()]

    return run


@pytest.mark.kernel
def test_size_of_the_tuple_chooses_the_family_of_a_name(convert_with):
    hosts = "10.9.8.7 both\nfd00::7 both\n"
    addresses = [("both", 5), ("both", 5, 6, 7)]
    converted = convert_with("/etc/hosts", hosts, addresses)
    assert converted == [("10.9.8.7", 5), ("fd00::7", 5, 6, 0)]


@pytest.mark.kernel
def test_international_name_is_encoded(convert_with):
    hosts = "10.9.8.7 xn--bcher-kva.example\n"
    addresses = [("b\xfccher.example", 5)]
    assert convert_with("/etc/hosts", hosts, addresses) == [("10.9.8.7", 5)]


@pytest.mark.kernel
def test_service_of_sctp_comes_before_that_of_others(convert_with):
    services = "both 1/tcp\nboth 2/udp\nboth 3/sctp\nother 4/udp\n"
    addresses = [("", "both"), ("", "other")]
    converted = convert_with("/etc/services", services, addresses)
    assert converted == [("0.0.0.0", 3), ("0.0.0.0", 4)]


@pytest.mark.parametrize(
    "host", ["fe80::1", "febf:ffff::1", "ff01::1", "ff02::2", "ff12::1", "fff1::1"]
)
def test_scope_belongs_to_a_link_local_address(host):
    assert to_address(to_storage((host, 5, 6, 7))) == (host, 5, 6, 7)


@pytest.mark.parametrize(
    "host",
    [
        *("::", "::1", "::ffff:10.1.0.1", "2001:db8::1", "fd00::1", "fc80::1"),
        *("fe7f::1", "fec0::1", "ff00::1", "ff03::1", "ff05::2", "ff0e::1", "ff1f::1"),
    ],
)
def test_no_other_address_has_a_scope(host):
    storage = to_storage((host, 5, 6, 7))
    assert storage[24:28] == struct.pack("=I", 7)
    assert to_address(storage) == (host, 5, 6, 0)


def test_scope_of_the_host_yields_to_the_argument():
    index, name = socket.if_nameindex()[0]
    for scope_id, expected in (0, index), (index + 1, index + 1):
        address = to_address(to_storage((f"fe80::1%{name}", 5, 6, scope_id)))
        assert address == ("fe80::1", 5, 6, expected)


@contextlib.contextmanager
def no_new_descriptor():
    """Opening a file or a socket fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_numeric_hosts_need_no_resolver():
    """A resolver would at least have to open the list of hosts."""
    with no_new_descriptor():
        converted = [
            to_address(to_storage(address))
            for address in [("10.1.0.1", 5), ("fd00::1", 5, 0, 0), ("", 5)]
        ]
        with pytest.raises(OSError):
            os.open("/etc/hosts", os.O_RDONLY)
    assert converted == [("10.1.0.1", 5), ("fd00::1", 5, 0, 0), ("0.0.0.0", 5)]


# Hosts that are not valid names, so that no name server is asked.
@pytest.mark.parametrize("host", ["-", "a..b", ".", "a" * 64, "a" * 5000])
@pytest.mark.parametrize("numbers", [(5,), (5, 0, 0)])
def test_unknown_host_is_gaierror(host, numbers):
    with pytest.raises(socket.gaierror):
        to_storage((host, *numbers))


# Text that Python's int() accepts, or that the encoding of names turns into ASCII
# digits.
NO_DIGITS = ["\N{FULLWIDTH DIGIT EIGHT}0", "\N{ARABIC-INDIC DIGIT EIGHT}"]
NO_DIGITS += ["+80", "-80", " 80", "8_0", "0x50", "80.0"]


@pytest.mark.parametrize("service", ["no-such-service", "", "a" * 5000, *NO_DIGITS])
def test_unknown_service_is_gaierror(service):
    with pytest.raises(socket.gaierror) as caught:
        to_storage(("10.1.0.1", service))
    assert caught.value.errno == socket.EAI_SERVICE


@pytest.mark.parametrize("service", ["discard", "amqp"])
def test_port_may_be_a_service(service):
    port = socket.getservbyname(service)
    for address in ("10.1.0.1", service), ("::1", service, 0, 0):
        assert to_address(to_storage(address))[1] == port


def test_threads_look_up_services_at_once():
    services = ["discard", "amqp", "http", "ssh"]
    wrong, begin = [], threading.Barrier(len(services))

    def look_up(service, port):
        begin.wait(30)
        for _ in range(300):
            found = to_address(to_storage(("", service)))[1]
            if found != port:
                wrong.append((service, found))

    with ThreadPoolExecutor(len(services)) as threads:
        list(threads.map(look_up, services, map(socket.getservbyname, services)))
    assert not wrong


@pytest.mark.parametrize(
    "found",
    [
        None,
        ("10.1.0.1",),
        ("host", 5),
        (5, 5),
        ("10.1.0.1", "5"),
        ("10.1.0.1", None),
        ("10.1.0.1", 5, 0),
        (b"10.1.0.1", 5),
    ],
)
def test_nonsense_from_the_resolver_is_a_type_error(found, monkeypatch):
    """A resolver that has replaced Python's."""
    monkeypatch.setattr("_sctp._names.resolve", lambda *address: found)
    with pytest.raises(TypeError):
        to_storage(("localhost", 5))


def test_resolver_may_be_replaced(monkeypatch):
    """gevent and eventlet replace it."""

    def look_up(host, service, family, kind):
        address = ("fe80::7", 0, 0, 3) if family == AF_INET6 else ("10.9.8.7", 0)
        return [(family, kind, 0, "", address)]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    assert to_address(to_storage(("host", 5))) == ("10.9.8.7", 5)
    assert to_address(to_storage(("host", 5, 6, 0))) == ("fe80::7", 5, 6, 3)
    assert to_address(to_storage(("host", 5, 6, 7))) == ("fe80::7", 5, 6, 7)


@pytest.mark.parametrize("port", [0, 9, 80, 5000, 65535])
def test_port_may_be_text_of_digits(port):
    for text in (f"{port}", f"000{port}", f"{port:0>6000}"):
        for address in ("10.1.0.1", text), ("::1", text, 0, 0):
            assert to_address(to_storage(address))[1] == port


@pytest.mark.parametrize(
    "address",
    [
        None,
        5,
        "10.1.0.1",
        ["10.1.0.1", 5],
        {"10.1.0.1": 5},
        (),
        ("10.1.0.1",),
        ("::1", 5, 0),
        ("::1", 5, 0, 0, 0),
        ("::1", 2000),
        ("fe80::1", 2000),
        ("127.0.0.1", 1, 0, 0),
        (None, 5),
        (5, 5),
        (["10.1.0.1"], 5),
        ("10.1.0.1", None),
        ("10.1.0.1", 5.0),
        ("10.1.0.1", True),
        ("10.1.0.1", False),
        ("10.1.0.1", b"discard"),
        ("10.1.0.1", Index("5")),
        ("::1", 5, None, 0),
        ("::1", 5, 0, None),
        ("::1", 5, 0.0, 0),
        ("::1", 5, 0, "lo"),
        HUGE,
        [HUGE],
    ],
    ids=lambda value: "huge" if value in (HUGE, [HUGE]) else repr(value),
)
def test_what_is_no_address_is_a_type_error(address):
    with pytest.raises(TypeError):
        to_storage(address)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        (("10.1.0.1", -1), "port"),
        (("10.1.0.1", 65536), "port"),
        (("10.1.0.1", 2**70), "port"),
        (("10.1.0.1", -(2**70)), "port"),
        (("10.1.0.1", Index(65536)), "port"),
        (("10.1.0.1", "65536"), "port"),
        (("10.1.0.1", "9" * 6000), "port"),
        (("10.1.0.1", str(2**64 + 80)), "port"),
        (("10.1.0.1", HUGE), "port"),
        (("::1", 65536, 0, 0), "port"),
        (("::1", 5, -1, 0), "flowinfo"),
        (("::1", 5, 1 << 20, 0), "flowinfo"),
        (("::1", 5, 2**70, 0), "flowinfo"),
        (("::1", 5, HUGE, 0), "flowinfo"),
        (("::1", 5, 0, -1), "scope_id"),
        (("::1", 5, 0, 1 << 32), "scope_id"),
        (("::1", 5, 0, 2**70), "scope_id"),
        (("::1", 5, 0, -HUGE), "scope_id"),
        (("no host", 65536), "port"),
        (("no host", Index(65536)), "port"),
        (("no host", "65536"), "port"),
        (("no host", 5, -1, 0), "flowinfo"),
        (("no host", 5, 0, -1), "scope_id"),
        (("10.1.0.1\0", 5), "host"),
        ((b"10.1.0.1\0.2", 5), "host"),
        (("\0", 5, 0, 0), "host"),
        (("10.1.0.1", "discard\0"), "service"),
        (("10.1.0.1", "80\0"), "service"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_out_of_range_is_a_value_error_with_its_name(address, field):
    with pytest.raises(ValueError, match=rf"\b{field}\b"):
        to_storage(address)


@pytest.mark.parametrize("text", ["\udc80", "a\ud800.b", "\xfc" * 64, "\xfc..b"])
def test_text_that_no_name_can_hold_is_a_unicode_error(text):
    for address in (text, 5), (text, 5, 0, 0), ("10.1.0.1", text):
        with pytest.raises(UnicodeError):
            to_storage(address)


def test_error_of_index_comes_through():
    for address in (
        ("10.1.0.1", BrokenIndex()),
        ("::1", 5, BrokenIndex(), 0),
        ("::1", 5, 0, BrokenIndex()),
    ):
        with pytest.raises(ZeroDivisionError):
            to_storage(address)


NO_ADDRESSES = {AF_INET: ("???", 0), AF_INET6: ("???", 0, 0, 0)}
SIZES = {AF_INET: 16, AF_INET6: 28}
EXAMPLES = {AF_INET: ("10.1.0.1", 5), AF_INET6: ("fe80::1", 5, 6, 7)}


@pytest.mark.parametrize("family", SIZES)
def test_cut_storage_is_no_address(family):
    storage = to_storage(EXAMPLES[family])
    for length in range(2, len(storage) + 1):
        expected = EXAMPLES if length >= SIZES[family] else NO_ADDRESSES
        assert to_address(storage[:length]) == expected[family]


@pytest.mark.parametrize("family", [0, 1, 3, 255])
def test_other_families_are_no_addresses(family):
    storage = bytearray(to_storage(EXAMPLES[AF_INET]))
    storage[storage.index(AF_INET)] = family
    assert to_address(storage) == ("???", 0)


def test_garbage_never_raises():
    """If an address comes out, it is a valid one."""
    source = random.Random(6458)
    families = [to_storage(example)[:2] for example in EXAMPLES.values()]
    for length in range(201):
        for head in b"", *families:
            storage = (head + source.randbytes(200))[:length]
            address = to_address(storage)
            if address in NO_ADDRESSES.values():
                continue
            host, port, *rest = address
            family = AF_INET6 if rest else AF_INET
            assert length >= SIZES[family]
            socket.inet_pton(family, host)
            assert storage[2:4] == port.to_bytes(2, "big")
