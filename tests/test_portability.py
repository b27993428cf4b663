"""The tests are valid on both systems, except those that are marked to need Linux."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from socket import AF_INET, AF_INET6

import conftest
import native
import pytest

TESTS = Path(__file__).parent
SEEN = TESTS / "freebsd" / "seen.py"

# Things that only Linux has: files, and programs that a test would run.
OF_LINUX = re.compile(
    r"/proc\b|/sys/|/dev/fd"
    r"|(ip|tc|strace|unshare|nsenter)(\s|$)"
    r"|LD_PRELOAD$|AF_PACKET$|SO_BINDTODEVICE$"
)
OF_LINUX_FUNCTIONS = {"unshare", "setns", "ptrace"}


def of_linux(node):
    """The names in a part of a program that only Linux has."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            if OF_LINUX.match(inner.value):
                yield inner.value
        elif isinstance(inner, ast.Attribute) and inner.attr in OF_LINUX_FUNCTIONS:
            yield inner.attr


def unmarked(path):
    """The names in a module of tests that only Linux has, where the tests are not
    marked to need Linux."""
    for statement in ast.parse(path.read_text()).body:
        marks = list(map(ast.unparse, getattr(statement, "decorator_list", [])))
        parts = {getattr(statement, "name", None)}
        if isinstance(statement, ast.FunctionDef):
            parts.update(argument.arg for argument in statement.args.args)
        if "pytest.mark.linux" in marks or parts & conftest.LINUX_PARTS:
            continue
        yield from of_linux(statement)


def modules():
    """The modules of tests that run on both systems."""
    return [
        path
        for folder in (TESTS, TESTS / "leaks")
        for path in sorted(folder.glob("*.py"))
        if path.stem not in ("system", "test_portability")
        and not conftest.is_of_linux(path)
    ]


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_what_needs_linux_says_so(path):
    """To mend it, mark the test with pytest.mark.linux, or let system.py ask both
    systems."""
    assert [*unmarked(path)] == []


# Makes the modules look as on FreeBSD, as far as their names go.
AS_FREEBSD = """
import ast, socket, sys, sysconfig
from pathlib import Path

import _sctp, sctp, sctp._enums
from _sctp import sctp as core, sctp_event, sctp_info

sysconfig.get_config_vars()  # for the real system
sys.platform = "freebsd14"


def names(body):
    found = {}
    for number, statement in enumerate(body):
        if isinstance(statement, ast.ClassDef):
            name = statement.name
            found[name] = type(name, (dict,), {"__fields__": {}})
        elif isinstance(statement, ast.AnnAssign):
            found[statement.target.id] = 10_000 + number
    return found


stubs = [*Path(_sctp.__file__).parent.glob("*.pyi")]
stubs.append(Path(sctp.__file__).with_name("_options.pyi"))
for stub in stubs:
    for statement in ast.parse(stub.read_text()).body:
        if isinstance(statement, ast.If):
            there = names(statement.orelse)
            for module in (core, sctp_event, sctp_info, sctp, sctp._options):
                for name in names(statement.body).keys() - there.keys():
                    vars(module).pop(name, None)
                for name, value in there.items():
                    vars(module).setdefault(name, value)
sctp.__all__ = [name for name in sctp.__all__ if hasattr(sctp, name)]
core._options = [
    row
    for row in core._options
    if hasattr(core, row[0]) and hasattr(sctp, row[2] or "sctp_socket")
]
describe = core._describe


def _describe(name):
    try:
        return describe(name)
    except LookupError:
        return 0, ()


core._describe = _describe
for name in [name for name in vars(socket) if "PACKET" in name or "VSOCK" in name]:
    if name != "SOCK_SEQPACKET":
        del vars(socket)[name]
"""


def collect(*arguments, **environment):
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", "-o", "addopts=--strict-markers", TESTS],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        cwd=native.ROOT,
    )


def collected(result):
    assert result.returncode == 0, result.stdout[-5_000:] + result.stderr
    return {line for line in result.stdout.splitlines() if "::" in line}


@pytest.mark.linux
def test_portable_part_collects_without_what_linux_has(tmp_path):
    """This removes the names that only Linux has. It cannot show more on this
    machine."""
    (tmp_path / "as_freebsd.py").write_text(AS_FREEBSD)
    here = collected(collect("-m", "not linux"))
    there = collected(
        collect("-m", "not linux", "-p", "as_freebsd", PYTHONPATH=f"{tmp_path}")
    )
    assert len(here) > 3_000
    files = [{test.partition("::")[0] for test in tests} for tests in (here, there)]
    assert files[0] == files[1]


# What a person runs on FreeBSD


@pytest.mark.parametrize("arguments", [[], ["remove"]], ids=["add", "remove"])
def test_script_for_freebsd_has_the_addresses_of_the_tests(tmp_path, arguments):
    for name in "ifconfig", "route":
        command = tmp_path / name
        command.write_text(f'#!/bin/sh\necho {name} "$@"\n')
        command.chmod(0o755)
    told = subprocess.run(
        [TESTS / "freebsd" / "addresses", *arguments],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.defpath}"},
    ).stdout
    given = re.findall(r"^ifconfig lo0 inet6? (\S+)/\d+ (-?)alias$", told, re.MULTILINE)
    assert {minus for _, minus in given} == {"-" if arguments else ""}
    networks = [conftest.Network(family) for family in (AF_INET, AF_INET6)]
    expected = {
        address[0]
        for network in networks
        for host in (1, 2)
        for address in network.addresses(3, host)
    }
    expected.update(f"127.0.0.{number}" for number in range(2, 51))
    assert {address for address, _ in given} == expected
    assert told.count("-blackhole\n") == 6


def run_seen(*arguments, **environment):
    result = subprocess.run(
        [sys.executable, SEEN, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert result.stderr == ""
    *lines, last = result.stdout.splitlines()
    return result.returncode, lines, last


@pytest.mark.kernel
def test_script_for_freebsd_finds_all_right():
    status, lines, last = run_seen()
    assert (status, last) == (0, "9 passed, 0 failed"), "\n".join(lines)
    assert [line.split()[:2] for line in lines] == [
        [f"{number}", "right:"] for number in range(1, 10)
    ]


# The fault that each item found on FreeBSD, put into the library here.
BROKEN = """
import errno, os, time
import _sctp.sctp, sctp

sctp_socket = sctp.sctp_socket

def replace(name):
    def add(function):
        before = getattr(sctp_socket, name)
        setattr(sctp_socket, name, lambda *a, **k: function(before, *a, **k))
    return add

@replace("shutdown")
def shutdown(before, sock, how):
    before(sock, how)
    raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

@replace("sctp_peeloff")
def peeloff(before, sock, id):
    peeled = before(sock, id)
    os.set_blocking(peeled.fileno(), os.get_blocking(sock.fileno()))
    return peeled

@replace("sctp_sendv")
def sendv(before, sock, *args):
    if len(args) > 1:
        return before(sock, *args)
    deadline = time.monotonic() + (sock.gettimeout() or 0)
    while True:
        try:
            return before(sock, *args, None, None, sctp.MSG_DONTWAIT)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError from None

@replace("sctp_recvv")
def recvv(before, *args):
    data, addr, info, kind, flags = before(*args)
    if not data:
        info, kind = sctp.sctp_rcvinfo(), sctp.SCTP_RECVV_RCVINFO
    return data, addr, info, kind, flags

@replace("sctp_connectx")
def connectx(before, *args, **kwargs):
    try:
        return before(*args, **kwargs)
    except OSError:
        return 1

@replace("setsockopt")
def setsockopt(before, sock, level, option, value):
    if option == sctp.SCTP_EVENT and value["se_type"] == sctp.SCTP_SHUTDOWN_EVENT:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
    if option == sctp.SCTP_PEER_ADDR_THLDS:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    return before(sock, level, option, value)

init = sctp_socket.__init__

def __init__(self, *args, fileno=None, **kwargs):
    if not args and fileno is not None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    init(self, *args, fileno=fileno, **kwargs)

sctp_socket.__init__ = __init__
sctp.HINT = "set net.inet.sctp.reconf_enable"
import sctp._enums
sctp._enums.HINT = {"hint": ("set the sysctl net.inet.sctp.reconf_enable",)}
"""


@pytest.mark.kernel
@pytest.mark.linux
def test_script_for_freebsd_finds_what_is_wrong(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    status, lines, last = run_seen(PYTHONPATH=f"{tmp_path}")
    wrong = [line.split()[0] for line in lines if line.split()[1] == "wrong:"]
    assert wrong == [*"123456789"], "\n".join(lines)
    assert (status, last) == (1, "0 passed, 9 failed")
