"""Makes sockets over the real kernel, and closes them when a test ends."""

import ast
import ctypes
import gc
import operator
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from socket import AF_INET, AF_INET6, SOCK_SEQPACKET, SOCK_STREAM

import fronts
import kernel_facts
import pytest
import system

import sctp

# Tests that can do more than a run of all tests has time for: the option, its default,
# and what it counts.
AMOUNTS = {
    "--leak-calls": (1_000, "calls of each entry point that must not leak"),
    "--network-messages": (2_000, "messages over each kind of bad network"),
    "--soak-seconds": (60, "seconds of mixed traffic"),
    "--property-examples": (50, "examples of each property"),
    "--associations": (300, "associations of one socket"),
    "--hostile-packets": (2_000, "packets of each hostile peer"),
    "--fault-calls": (2, "calls with each fault"),
}


def pytest_addoption(parser):
    for option, (default, help) in AMOUNTS.items():
        parser.addoption(
            option, type=int, default=default, metavar="N", help=f"{help} [{default:,}]"
        )
    parser.addoption(
        "--record-kernel-facts",
        action="store_true",
        help="write what the kernel does to tests/kernel_facts.json",
    )


def kernel_has_sctp():
    try:
        socket.socket(AF_INET, SOCK_STREAM, sctp.IPPROTO_SCTP).close()
    except OSError:
        return False
    return True


# Fixtures and parts of them that need Linux. Tests that use them need Linux, too.
LINUX_PARTS = {
    "OwnNetwork",
    "connectx_one_to_one",
    "convert_with",
    "late_host",
    "network_of_its_own",
    "own_network",
}


def is_of_linux(path):
    """Whether the whole module of tests has the marker linux."""
    return any(
        isinstance(statement, ast.Assign)
        and ast.unparse(statement.targets[0]) == "pytestmark"
        and "pytest.mark.linux" in ast.unparse(statement.value)
        for statement in ast.parse(path.read_text()).body
    )


def pytest_ignore_collect(collection_path):
    """On other systems these modules could not even be imported."""
    if sys.platform != "linux" and collection_path.suffix == ".py":
        return is_of_linux(collection_path) or None


@pytest.hookimpl(tryfirst=True)  # before -m selects tests
def pytest_collection_modifyitems(items):
    for item in items:
        if not LINUX_PARTS.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.linux)


def pytest_runtest_setup(item):
    """Skips kernel tests if there is no SCTP. The runner forbids that."""
    if item.get_closest_marker("linux") and not system.LINUX:
        pytest.skip("needs Linux")
    if item.get_closest_marker("kernel") and not kernel_has_sctp():
        if os.environ.get("SCTP_TEST_REQUIRE_KERNEL"):
            pytest.fail("the kernel has no SCTP", pytrace=False)
        pytest.skip("the kernel has no SCTP")


class Network:
    """The addresses of the test machine in one family: three networks with two local
    hosts each."""

    def __init__(self, family):
        self.family = family

    def address(self, network=1, host=1, port=0):
        if self.family == AF_INET:
            return (f"10.{network}.0.{host}", port)
        return (f"fd00:{network}::{host}", port, 0, 0)

    def addresses(self, count, host=1, port=0):
        """The addresses of the same host in several networks."""
        return [self.address(n + 1, host, port) for n in range(count)]


@pytest.fixture(params=[AF_INET, AF_INET6], ids=["ipv4", "ipv6"])
def network(request):
    return Network(request.param)


@pytest.fixture
def ipv4():
    return Network(AF_INET)


@pytest.fixture
def loopback():
    """Makes so many addresses of this machine. If 127/8 is not local as a whole, it
    adds an alias for each."""

    def make(count, port=0):
        hosts = [f"127.0.0.{n + 1}" for n in range(count)]
        try:
            with socket.socket(AF_INET, socket.SOCK_DGRAM) as sock:
                sock.bind((hosts[-1], 0))
        except OSError:
            if system.LINUX:
                raise
            pytest.skip(f"{hosts[-1]} is no address of this machine")
        return [(host, port) for host in hosts]

    return make


@pytest.fixture
def make_socket():
    """Makes sockets that fail instead of waiting for ever, without Nagle's delay.
    They receive both infos if asked for."""
    made = []

    def make(family, type, timeout=10, rcvinfo=True, cls=sctp.sctp_socket):
        sock = cls(family, type)
        made.append(sock)
        sock.settimeout(timeout)
        sock.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_NODELAY, 1)
        sock.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_RECVRCVINFO, rcvinfo)
        return sock

    yield make
    for sock in made:
        sock.close()


@pytest.fixture
def make_listener(make_socket, network):
    """Makes listening sockets that are bound to host 1 of so many networks."""

    def make(type, homes=1, **kwargs):
        sock = make_socket(network.family, type, **kwargs)
        sock.sctp_bindx(network.addresses(homes), sctp.SCTP_BINDX_ADD_ADDR)
        sock.listen(128)
        return sock

    return make


@pytest.fixture
def make_pair(make_socket, make_listener, network):
    """Makes two connected one-to-one sockets: the one that connected, and the
    accepted one."""
    accepted = []

    def make(homes=1, **kwargs):
        listener = make_listener(SOCK_STREAM, homes, **kwargs)
        port = listener.getsockname()[1]
        client = make_socket(network.family, SOCK_STREAM, **kwargs)
        client.sctp_connectx(network.addresses(homes, port=port))
        server, _ = listener.accept()
        accepted.append(server)
        server.settimeout(client.gettimeout())
        return client, server

    yield make
    for sock in accepted:
        sock.close()


@pytest.fixture
def make_many(make_socket, make_listener, network):
    """Makes two one-to-many sockets with an association. Returns the one that
    connected, its association identifier, and the one that listens."""

    def make(homes=1, **kwargs):
        listener = make_listener(SOCK_SEQPACKET, homes, **kwargs)
        port = listener.getsockname()[1]
        client = make_socket(network.family, SOCK_SEQPACKET, timeout=None)
        assoc_id = client.sctp_connectx(
            network.addresses(homes, port=port), assoc_id=True
        )
        client.settimeout(listener.gettimeout())
        return client, assoc_id, listener

    return make


@pytest.fixture
def pair(make_pair):
    return make_pair()


@pytest.fixture(params=[SOCK_STREAM, SOCK_SEQPACKET], ids=["one-to-one", "one-to-many"])
def ends(request, make_pair, make_many):
    """A sender with the identifier of its association, and the receiver."""
    if request.param == SOCK_SEQPACKET:
        return make_many()
    sender, receiver = make_pair()
    return sender, 0, receiver


@pytest.fixture
def make_ready(make_listener, make_socket, network):
    """Makes a listening socket with one association. Returns it, a function that
    gets a socket for the association (accept or peeloff), and the peer."""

    def make(how, cls=sctp.sctp_socket):
        many = how == "peeloff"
        type = SOCK_SEQPACKET if many else SOCK_STREAM
        listener = make_listener(type, cls=cls)
        peer = make_socket(network.family, SOCK_STREAM)
        peer.connect(listener.getsockname())
        if not many:
            return listener, lambda: listener.accept()[0], peer
        peer.send(b"?")
        info = listener.sctp_recvv(1)[2]
        assoc_id = info["rcv_assoc_id"]
        return listener, lambda: listener.sctp_peeloff(assoc_id), peer

    return make


@pytest.fixture
def assert_no_leak():
    """Repeats a call and checks that memory does not grow: neither the number of
    Python's small objects nor the memory of the process."""

    def measure(call, times):
        for _ in range(times):
            call()
        gc.collect()
        return sys.getallocatedblocks(), system.resident_memory()

    def check(call, times=2_000):
        before = measure(call, times // 4)
        for _ in range(5):  # sometimes an allocator takes an arena
            held = measure(call, times)
            blocks, memory = map(operator.sub, held, before)
            assert blocks < times / 4
            if memory < times * 256:
                return
            before = held
        pytest.fail(f"{memory} bytes more after {times} calls, each time")

    return check


@pytest.fixture
def wait_for():
    """Repeats a call until its result is true, and returns the result."""

    def wait(call, seconds=10):
        deadline = time.monotonic() + seconds
        while not (result := call()):
            assert time.monotonic() < deadline, "it did not come true in time"
            time.sleep(0.01)
        return result

    return wait


class OwnNetwork:
    """All addresses, without packets of other programs on the loopback device."""

    def __init__(self):
        lines = ["link set lo up", "link add dummy0 type dummy", "link set dummy0 up"]
        for net in 1, 2, 3:
            for host in 1, 2:
                lines.append(f"address add 10.{net}.0.{host}/24 dev dummy0")
                lines.append(f"address add fd00:{net}::{host}/64 dev dummy0 nodad")
        self.run("ip -batch -", input="\n".join(lines))
        # The kernel makes the route to an IPv6 address a moment after the address.
        # Until then packets to it leave the machine.
        deadline = time.monotonic() + 10
        while self.count_routes_to("fd00") < 6:
            assert time.monotonic() < deadline, "no routes to the addresses"
            time.sleep(0.001)

    def count_routes_to(self, prefix):
        routes = Path("/proc/thread-self/net/ipv6_route").read_text().splitlines()
        return sum(r.startswith(prefix) and r.split()[1] == "80" for r in routes)

    def run(self, command, **kwargs):
        subprocess.run(command.split(), check=True, text=True, **kwargs)

    def disturb(self, how):
        """Treats packets from now on as tc-netem(8) does with these arguments."""
        self.run(f"tc qdisc replace dev lo root netem {how}")

    def lose(self, percent):
        self.disturb(f"loss {percent}%")

    def set(self, **parameters):
        """Sets kernel parameters of SCTP for sockets that are made later."""
        for name, value in parameters.items():
            Path("/proc/sys/net/sctp", name).write_text(f"{value}")


@pytest.fixture
def own_network():
    """Moves the test to its own network namespace. Sockets made there stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    clone_newnet = 0x40000000

    def change(function, *args):
        if function(*args, clone_newnet) != 0:
            err = ctypes.get_errno()
            raise OSError(err, os.strerror(err))

    with open("/proc/thread-self/ns/net") as before:
        change(libc.unshare)
        try:
            own = OwnNetwork()
            yield own
            # Sockets that were closed by now must end, too.
            own.lose(0)
        finally:
            change(libc.setns, before.fileno())


@pytest.fixture(params=["asyncio", "sync"])
def front(request):
    """A front end of associations. At the end of the test nothing of it may be left,
    and no exception may be lost."""
    opened = fronts.FRONTS[request.param]()
    try:
        yield opened
    finally:
        opened.close()
    assert not opened.troubles


@pytest.fixture(scope="session")
def facts_of_kernels(pytestconfig):
    recording = pytestconfig.getoption("--record-kernel-facts")
    facts = kernel_facts.KernelFacts(kernel_facts.name_of_kernel(), recording)
    yield facts
    if recording:
        facts.save()


@pytest.fixture
def kernel_fact(request, facts_of_kernels):
    """Takes a key of docs/kernels.toml and what the test saw of the kernel."""
    test = request.node.nodeid.partition("[")[0].removeprefix("tests/")

    def see(key, value):
        facts_of_kernels.see(test, key, value)

    return see


@pytest.fixture
def for_all(pytestconfig, tmp_path):
    """A decorator. It calls the function with values of the strategies, the same in
    each run, and keeps nothing for the next run."""
    import hypothesis
    from hypothesis.configuration import set_hypothesis_home_dir

    set_hypothesis_home_dir(tmp_path)
    configure = hypothesis.settings(
        max_examples=pytestconfig.getoption("--property-examples"),
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )

    def decorate(*args, **strategies):
        def run(check):
            configure(hypothesis.given(*args, **strategies)(check))()

        return run

    yield decorate
    set_hypothesis_home_dir(None)
