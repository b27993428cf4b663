"""The contract of the kernel runner, checked on the host.

Run as `pytest tests/kernel/check_runner.py`; the name keeps it out of the
tests that run inside the kernel.
"""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
import time
import uuid
from pathlib import Path

import pytest

RUNNER = Path(__file__).with_name("run")
LINUX = RUNNER.parents[2] / "build" / "linux"
MARK = "KERNEL_RUN_CHECK"
BOOT_SECONDS = 5
END_SECONDS = 5

# What a program inside sees of its surroundings; JSON survives odd characters.
# Python may add a locale to os.environ.
SHOW_SURROUNDINGS = """
import json, os, sys
with open("/proc/self/environ", "rb") as file:
    entries = os.fsdecode(file.read()).rstrip("\\0").split("\\0")
environment = dict(entry.split("=", 1) for entry in entries)
print(json.dumps([sys.argv[1:], os.getcwd(), environment, os.umask(0)]))
"""


def runner_command(*arguments):
    return [sys.executable, str(RUNNER), *arguments]


def run(*arguments, **options):
    return subprocess.run(
        runner_command(*arguments), capture_output=True, timeout=30, **options
    )


def processes_with(mark):
    """Returns the processes that have the mark in their command or environment."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            seen = [(directory / name).read_bytes() for name in ("environ", "cmdline")]
        except OSError:
            continue
        if any(mark.encode() in text for text in seen):
            found.append(int(directory.name))
    return found


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class MarkedRun:
    """A run whose processes and scratch directory can be told from all others.

    The kernel itself gets a new environment, so the mark is also a parameter
    on its command line, which its processes all show.
    """

    def __init__(self, *command, prefix=()):
        self.mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            [*prefix, *runner_command("--append", f"{MARK}={self.mark}", *command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def wait_for_output(self, text):
        assert self.process.stdout.read(len(text)) == text
        assert len(processes_with(self.mark)) >= 3

    def assert_nothing_is_left(self):
        wait_until(lambda: not processes_with(self.mark), END_SECONDS)


@pytest.fixture(autouse=True)
def no_scratch_directory_is_left(monkeypatch):
    """Checks our own directories only. Others may run kernels at the same time, so
    our runs pass a mark on in their environment."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv(MARK, mark)

    def is_ours(command):
        try:
            return mark.encode() in command.read_bytes()
        except OSError:
            return False

    def scratch_directories():
        for base in ("/dev/shm", "/var/tmp", "/tmp"):
            for command in Path(base).glob("kernel-run.*/command"):
                if is_ours(command):
                    yield command.parent

    yield
    wait_until(lambda: not list(scratch_directories()), END_SECONDS)


@pytest.mark.parametrize("status", [0, 1, 42, 124, 125, 255])
def test_exit_status(status):
    result = run("sh", "-c", f"exit {status}")
    assert (result.returncode, result.stdout, result.stderr) == (status, b"", b"")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_signal_that_ends_the_command(number):
    result = run("sh", "-c", f"kill -{number:d} $$")
    assert (result.returncode, result.stderr) == (128 + number, b"")


def test_command_not_found():
    result = run("no-such-command")
    assert result.returncode == 127
    assert b"no-such-command" in result.stderr


def test_output_is_byte_exact(tmp_path):
    data = bytes(range(256)) * 4096
    (tmp_path / "data").write_bytes(data)
    result = run("sh", "-c", "cat data; cat data >&2; exit 7", cwd=tmp_path)
    assert result.returncode == 7
    assert result.stdout == data
    assert result.stderr == data


def test_output_is_live_and_input_empty():
    marked = MarkedRun("sh", "-c", "cat; echo first; sleep 60")
    marked.wait_for_output(b"first\n")
    marked.process.terminate()
    marked.process.communicate()
    marked.assert_nothing_is_left()


def test_command_gets_the_terminal():
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (33, 99))
    before = termios.tcgetattr(theirs)
    script = 'stty size; read x; echo "<$x>"'
    command = runner_command("--terminal", "sh", "-c", script)
    with subprocess.Popen(command, stdin=theirs, stdout=theirs) as process:
        seen = b""
        while b"33 99" not in seen:
            seen += os.read(ours, 1000)
        os.write(ours, b"typed\n")
        while b"<typed>" not in seen:
            seen += os.read(ours, 1000)
        assert process.wait(END_SECONDS) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_interrupt_at_the_terminal_is_the_commands():
    ours, theirs = pty.openpty()
    script = (
        "trap 'echo interrupted; exit 7' INT; echo ready; while :; do sleep 1; done"
    )
    command = runner_command("--terminal", "sh", "-c", script)
    with subprocess.Popen(command, stdin=theirs, stdout=theirs) as process:
        seen = b""
        while b"ready" not in seen:
            seen += os.read(ours, 1000)
        os.write(ours, b"\x03")
        while b"interrupted" not in seen:
            seen += os.read(ours, 1000)
        assert process.wait(END_SECONDS) == 7
    os.close(ours)
    os.close(theirs)


def test_terminal_has_to_be_one():
    result = run("--terminal", "true", stdin=subprocess.DEVNULL)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"the input is no terminal" in result.stderr


def test_command_ends_with_its_reader():
    marked = MarkedRun("yes")
    marked.wait_for_output(b"y\n")
    marked.process.stdout.close()
    assert marked.process.wait(END_SECONDS) == 128 + signal.SIGPIPE
    marked.process.stderr.close()
    marked.assert_nothing_is_left()


def test_surroundings_are_exact(tmp_path):
    directory = tmp_path / "a 'directory' \"with\" $odd\n\u00e9 characters"
    directory.mkdir()
    odd = "".join(map(chr, range(1, 128))) + "\u00e9\u20ac"
    bytes_that_are_no_text = os.fsdecode(bytes(range(128, 256)))
    arguments = ["", " ", "--", "-x", "a=b", "*", odd, bytes_that_are_no_text]
    environment = {
        "PATH": os.defpath,
        "EMPTY": "",
        "ODD": odd,
        "BYTES": bytes_that_are_no_text,
        "-S": "a name that is an option",
        "a.b c()": "a name that is no variable's",
        "LONG": "x" * 100_000,
        **{f"V{i}": "y" * 1000 for i in range(200)},
    }
    result = run(
        "--",
        *(sys.executable, "-I", "-X", "utf8", "-c", SHOW_SURROUNDINGS),
        *arguments,
        cwd=directory,
        env=environment,
        umask=0o027,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == [
        arguments,
        str(directory),
        {**environment, "KERNEL_RUN": "1"},
        0o027,
    ]


def test_timeout():
    marked = MarkedRun("--timeout", "3", "sh", "-c", "echo started; sleep 60")
    out, err = marked.process.communicate(timeout=10)
    assert (marked.process.returncode, out) == (124, b"started\n")
    assert err == b"run: timeout after 3 s\n"
    marked.assert_nothing_is_left()


def without_privileges():
    """Returns a command that runs another one as a user who cannot make a PID
    namespace."""
    if os.getuid() != 0:
        return []
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]


@pytest.fixture
def runner_for_all(tmp_path_factory, monkeypatch):
    """A copy of the runner that a user without privileges can read."""
    copies = Path("/var/tmp") / f"runner-{uuid.uuid4().hex}"
    copies.mkdir()
    copies.chmod(0o755)
    for name in (RUNNER.name, "xstate.c"):
        (copies / name).write_bytes((RUNNER.parent / name).read_bytes())
        (copies / name).chmod(0o755)
    monkeypatch.setattr(sys.modules[__name__], "RUNNER", copies / RUNNER.name)
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    monkeypatch.chdir("/")
    yield
    shutil.rmtree(copies)


BUSY = ("sh", "-c", "echo started; sleep 60 & yes >/dev/null & sleep 60")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_the_runner(number):
    marked = MarkedRun(*BUSY)
    marked.wait_for_output(b"started\n")
    os.kill(marked.process.pid, number)
    assert marked.process.wait(END_SECONDS) == -number
    marked.assert_nothing_is_left()
    marked.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_outlives_the_runner_without_a_pid_namespace(number, runner_for_all):
    marked = MarkedRun(*BUSY, prefix=without_privileges())
    marked.wait_for_output(b"started\n")
    os.kill(marked.process.pid, number)
    assert marked.process.wait(END_SECONDS) == -number
    marked.assert_nothing_is_left()
    marked.process.communicate()


def test_nothing_outlives_a_terminals_interrupt():
    marked = MarkedRun(*BUSY)
    marked.wait_for_output(b"started\n")
    os.killpg(marked.process.pid, signal.SIGINT)
    assert marked.process.wait(END_SECONDS) == -signal.SIGINT
    marked.assert_nothing_is_left()
    marked.process.communicate()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--setup", "echo details; exit 3"], b"--setup: status 3"),
        (["--sysctl", "net.no.such=1"], b"--sysctl net.no.such=1"),
        (["--tmpfs", "/no/such/directory"], b"--tmpfs /no/such/directory"),
        (["--linux", "/no/such/kernel"], b"/no/such/kernel"),
        (["--modules", "/no/such/modules"], b"/no/such/modules"),
        (["--append", "init=/no/such/init"], b"the kernel ended too early"),
    ],
)
def test_setup_failure(arguments, reason):
    result = run(*arguments, "echo", "ran")
    assert (result.returncode, result.stdout) == (125, b"")
    assert reason in result.stderr.splitlines()[0]


def test_setup_failure_shows_the_log():
    result = run("--setup", "echo details; exit 3", "true")
    assert b"details" in result.stderr


def test_setup(tmp_path):
    result = run(
        *("--tmpfs", str(tmp_path), "--setup", f"echo made >{tmp_path}/file"),
        *("--sysctl", "net.sctp.rto_initial=333"),
        *("sh", "-c", f"cat {tmp_path}/file /proc/sys/net/sctp/rto_initial"),
    )
    assert (result.returncode, result.stdout) == (0, b"made\n333\n")
    assert not (tmp_path / "file").exists()


def test_two_at_once():
    runs = [MarkedRun("sh", "-c", f"sleep 1; echo {i}; exit {i}") for i in (3, 4)]
    for i, marked in zip((3, 4), runs, strict=True):
        out, err = marked.process.communicate(timeout=30)
        assert (marked.process.returncode, out, err) == (i, b"%d\n" % i, b"")
        marked.assert_nothing_is_left()


def test_boot_is_fast():
    start = time.monotonic()
    marked = MarkedRun("echo", "up")
    marked.wait_for_output(b"up\n")
    assert time.monotonic() - start < BOOT_SECONDS
    marked.process.communicate()


def test_kernel_has_sctp_and_the_addresses():
    source = """
import socket
for net in 1, 2, 3:
    for host in 1, 2:
        for family, address in (
            (socket.AF_INET, f"10.{net}.0.{host}"),
            (socket.AF_INET6, f"fd00:{net}::{host}"),
        ):
            with socket.socket(family, socket.SOCK_STREAM, 132) as listener:
                listener.bind((address, 20000))
                listener.listen()
                with socket.socket(family, socket.SOCK_STREAM, 132) as client:
                    client.settimeout(10)
                    client.connect((address, 20000))
"""
    result = run(sys.executable, "-I", "-c", source)
    assert (result.returncode, result.stderr) == (0, b"")


def test_kernel_loads_modules_for_network_namespaces():
    result = run(
        "sh",
        "-ec",
        """
        ip netns add other
        ip link add near type veth peer name far
        ip link set far netns other
        ip address add 10.9.0.1/24 dev near
        ip link set near up
        ip -n other address add 10.9.0.2/24 dev far
        ip -n other link set far up
        ip netns exec other ip route get 10.9.0.1
        tc qdisc add dev near root netem delay 5ms
        """,
        env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
    )
    assert (result.returncode, result.stderr) == (0, b"")


# Small integers, which exist already: how long it takes to make others depends
# on what else is in memory.
COUNT = """
import sys, time
def count():
    start = time.monotonic_ns()
    for _ in bytes(100_000):
        pass
    return time.monotonic_ns() - start
print(min(count() for _ in range(3)), min(count() for _ in range(3)))
sys.exit(3)
"""


@pytest.mark.skipif(not LINUX.exists(), reason="tests/benchmarks/run unpacks a kernel")
def test_time_is_instructions_under_qemu():
    command = ("--qemu", str(LINUX), "--", sys.executable, "-c", COUNT)
    result = subprocess.run(runner_command(*command), capture_output=True, timeout=120)
    assert (result.returncode, result.stderr) == (3, b"")
    first, second = map(int, result.stdout.split())
    assert 100_000 < first < 100_000_000
    assert abs(first - second) < first / 100


def test_host_mode():
    assert run("--host", "sh", "-c", "exit 5").returncode == 5
    assert run("--host", "sh", "-c", "kill -9 $$").returncode == 137
    assert run("--host", "no-such-command").returncode == 127
    assert run("--host", "--timeout", "0.5", "sleep", "60").returncode == 124


def test_host_mode_leaves_nothing():
    mark = uuid.uuid4().hex
    result = run(
        *("--host", "sh", "-c", "setsid sleep 60 & sleep 60 & exit 3"),
        env={**os.environ, MARK: mark},
        stdin=subprocess.DEVNULL,
    )
    assert result.returncode == 3
    assert not processes_with(mark)
