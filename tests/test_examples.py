"""Runs each example with its peer."""

import ast
import os
import re
import struct
import subprocess
import sys
import time
from pathlib import Path
from socket import AF_INET, SO_LINGER, SOCK_STREAM, SOL_SOCKET

import pytest
import system

from sctp import sctp_socket

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
PATIENCE = 20
DISCARDED = "".join(
    f"Message received from ::ffff:127.0.0.1:N: len=1000, sid={stream}\n"
    ", unordered, tsn=N, ppid=1234.\n"
    for stream in range(10)
)
ECHOED = """\
sent b'Hello' on stream 1
received b'Hello' on stream 0
sent b'SCTP' on stream 1
received b'SCTP' on stream 0
"""
DISCARD_CLIENT = "sent 10 messages of 1000 bytes on 10 of 2048 streams\n"

# The server, the client, the port of the server, and the output of both.
PAIRS = [
    (
        "echo_server",
        "echo_client",
        20000,
        "listening on port 20000\n"
        "received b'Hello' on stream 1\n"
        "received b'SCTP' on stream 1\n",
        ECHOED,
    ),
    (
        "one_to_many",
        "one_to_one",
        9,
        "Communication up (streams (in/out)=(2048/10)).\n"
        "^^^ Adaptation indication 01020304 received.\n"
        f"{DISCARDED}"
        "^^^ Shutdown received.\n"
        "Communication completed.\n",
        DISCARD_CLIENT,
    ),
    (
        "monitor",
        "one_to_one",
        9,
        "Association N is up with 10 outbound and 2048 inbound streams.\n"
        "The peer of association N indicates the adaptation layer 0x01020304.\n"
        + 10
        * "A message of 1000 bytes.\n"
        + "The peer of association N shuts it down.\n"
        "Association N has ended gracefully.\n",
        DISCARD_CLIENT,
    ),
    (
        "plain_stream_server",
        "plain_stream_client",
        20000,
        "listening on port 20000\n"
        "received b'first message'\n"
        "received b'second message'\n"
        "the client has gone\n",
        "received b'FIRST MESSAGE'\nreceived b'SECOND MESSAGE'\n",
    ),
    (
        "plain_seqpacket_server",
        "plain_seqpacket_client",
        20000,
        "listening on port 20000\n"
        "received b'first message'\n"
        "received b'second message'\n",
        "received b'FIRST MESSAGE' from 127.0.0.1:N\n"
        "received b'SECOND MESSAGE' from 127.0.0.1:N\n",
    ),
    (
        "peeloff_server",
        "echo_client",
        20000,
        "listening on port 20000\n"
        "association N echoes b'Hello' from stream 1\n"
        "association N echoes b'SCTP' from stream 1\n",
        ECHOED,
    ),
    (
        "sync_server",
        "sync_client",
        20000,
        "listening on port 20000\n"
        "received b'Hello' on stream 1\n"
        "received b'SCTP' on stream 1\n",
        "received b'Hello' on stream 0\nreceived b'SCTP' on stream 0\n",
    ),
    (
        "asyncio_server",
        "asyncio_client",
        20000,
        "listening on port 20000\n"
        "received b'Hello' on stream 1\n"
        "received b'SCTP' on stream 1\n"
        "a client is gone: EOFError('the association has ended')\n",
        "received b'Hello' on stream 0\nreceived b'SCTP' on stream 0\n",
    ),
    (
        "endpoint_server",
        "endpoint_client",
        20000,
        "listening on port 20000\n"
        + "".join(f"{n} associations on one socket\n" for n in (100, 200, 300)),
        "300 answers\n",
    ),
    (
        "diameter_server",
        "diameter_client",
        3868,
        "listening on port 3868\n127.0.0.1 has come\n",
        "".join(f"{number}: an answer of 20 bytes\n" for number in range(3)),
    ),
    (
        "failover_server",
        "failover_client",
        20000,
        "listening on 127.0.0.1 127.0.0.2\n",
        "".join(
            f"echo of b'message {number}' after N ms; primary 127.0.0.1 is ACTIVE\n"
            for number in range(30)
        ),
    ),
    (
        "authenticated_server",
        "authenticated_client",
        20000,
        "listening on port 20000\nreceived b'Who I am, I can prove'\n",
        "the server wants ASCONF ASCONF_ACK DATA\nreceived b'Who I am, I can prove'\n",
    ),
]
PAIR_IDS = [f"{server}-{client}" for server, client, *_ in PAIRS]


def elided(text):
    """The output, without the parts that differ from run to run."""
    text = re.sub(r"(?<=ssociation )\d+|(?<=tsn=)\d+|(?<=after )\d+", "N", text)
    return re.sub(r"(?<=127\.0\.0\.1:)\d+", "N", text)


def command(name, *args):
    return [sys.executable, EXAMPLES / f"{name}.py", *args]


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "too late"
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path):
    """Starts an example as a server. Returns an object that has its output so far."""
    started = []

    def start(name, port, *args):
        output = tmp_path / f"{name}.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                command(name, *args), stdout=file, stderr=subprocess.STDOUT
            )
        started.append(process)
        wait_until(lambda: system.listens(port) or process.poll() is not None)
        assert process.poll() is None, output.read_text()
        return output

    start.processes = started
    yield start
    for process in started:
        process.terminate()
        process.wait(PATIENCE)


def run_client(name, *args):
    return subprocess.run(
        command(name, *args), capture_output=True, text=True, timeout=PATIENCE
    )


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("server", "client", "port", "server_says", "client_says"), PAIRS, ids=PAIR_IDS
)
def test_example_with_its_peer(
    start, loopback, server, client, port, server_says, client_says
):
    if server in ("diameter_server", "failover_server"):
        loopback(2)
    output = start(server, port)
    result = run_client(client)
    assert (elided(result.stdout), result.stderr) == (client_says, "")
    wait_until(lambda: len(elided(output.read_text())) >= len(server_says))
    assert elided(output.read_text()) == server_says


@pytest.mark.kernel
def test_load_generator_and_sink_count_the_same(start):
    output = start("sink", 20000)
    # A client that aborts does not harm the next one.
    with sctp_socket(AF_INET, SOCK_STREAM) as sock:
        sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        sock.connect(("127.0.0.1", 20000))
        sock.sctp_sendv([b"message"])
    result = run_client("load_generator", "1000")
    assert result.stderr == ""
    assert result.stdout.splitlines()[-1].startswith("sent 1000 of 1000, ")
    counted = "1000 messages, 64000 bytes"
    if sys.platform == "linux":
        counted += r"(?s:.*)\n(\S+) packets a message"
    wait_until(lambda: re.search(counted, output.read_text()))
    assert "Traceback" not in output.read_text()
    if sys.platform == "linux":
        assert float(re.search(counted, output.read_text())[1]) < 0.5


@pytest.mark.kernel
@pytest.mark.linux
def test_failover_client_survives_the_loss_of_a_network(start):
    hosts = ["10.1.0.2", "10.2.0.2"]
    start("failover_server", 20000, *hosts)
    client = subprocess.Popen(
        command("failover_client", *hosts), stdout=subprocess.PIPE, text=True
    )
    address = ["ip", "address", "del", "10.1.0.2/24", "dev", "dummy0"]
    with client:
        lines = [client.stdout.readline()]
        subprocess.run(address, check=True)
        try:
            lines += client.stdout.readlines()
        finally:
            address[2] = "add"
            subprocess.run(address, check=True)
    assert client.returncode == 0
    echoes = [line for line in lines if line.startswith("echo of")]
    assert len(echoes) == 30
    assert echoes[0].endswith("primary 10.1.0.2 is ACTIVE\n")
    assert echoes[-1].endswith("primary 10.1.0.2 is INACTIVE\n")
    assert any("Address 10.1.0.2" in line and "unreachable" in line for line in lines)


@pytest.mark.kernel
def test_diameter_client_survives_its_server(start, loopback):
    loopback(2)
    start("diameter_server", 3868)
    client = subprocess.Popen(
        command("diameter_client", "40"), stdout=subprocess.PIPE, text=True
    )
    with client:
        lines = [client.stdout.readline() for _ in range(3)]
        start.processes[0].kill()
        while "no answer" not in lines[-1]:
            lines.append(client.stdout.readline())
        start("diameter_server", 3868)
        lines += client.stdout.readlines()
    assert client.returncode == 0
    assert any("no association: ConnectionRefusedError" in line for line in lines)
    assert "an answer" in lines[0] and "an answer" in lines[-1]


@pytest.mark.kernel
def test_authenticated_server_hears_nothing_from_who_has_another_key(start):
    output = start("authenticated_server", 20000)
    result = run_client("authenticated_client", "a guess")
    assert result.returncode == 1
    assert "no answer" in result.stderr
    assert output.read_text() == "listening on port 20000\n"


@pytest.mark.kernel
@pytest.mark.linux
@pytest.mark.parametrize("user", [0, 1000], ids=["root", "somebody"])
def test_runner_finds_a_port_for_whoever_runs_it(user):
    # Another user in its own namespace, who can read our files.
    become = ["unshare", "--user", f"--map-user={user}"] if user else []
    runner = ["sh", EXAMPLES / "run.sh", "--in-kernel", sys.executable]
    result = subprocess.run(
        [*become, *runner, "one_to_many", "one_to_one", "9"],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        env={**os.environ, "TMPDIR": "/dev/shm"},
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert f"client: {DISCARD_CLIENT}" in result.stdout
    assert "server: Communication completed.\n" in result.stdout


def test_each_example_has_a_test():
    tested = {name for pair in PAIRS for name in pair[:2]}
    assert tested | {"load_generator", "sink"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_example_is_short_and_says_what_it_is_for(name):
    text = (EXAMPLES / f"{name}.py").read_text()
    assert len(text.splitlines()) <= 70
    purpose = ast.get_docstring(ast.parse(text)).split("\n\n")[0]
    assert purpose.endswith(".")


def test_runner_refuses_what_is_no_example():
    result = subprocess.run(
        ["sh", EXAMPLES / "run.sh", "nothing"], capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "echo\n" in result.stderr
