"""examples/run.sh and examples/kernel.sh, checked on the host.

Run as `pytest tests/kernel/check_examples.py`; the name keeps it out of the
tests that run inside the kernel.
"""

import subprocess
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAM = """
import sys
from sctp.asyncio import connect
print(sys.argv[1:])
sys.exit(4)
"""


def run(command, *arguments):
    return subprocess.run(
        [EXAMPLES / command, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def test_without_a_name_echo_runs():
    result = run("run.sh")
    assert result.returncode == 0
    assert "client: received b'Hello' on stream 0" in result.stdout


def test_failover_fails_over():
    result = run("run.sh", "failover")
    assert result.returncode == 0
    assert "is unreachable" in result.stdout
    assert "primary 10.1.0.2 is INACTIVE" in result.stdout


def test_program_of_ones_own(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    for command in (["run.sh"], ["kernel.sh", "python"]):
        result = run(*command, program, "a", "b c")
        assert (result.returncode, result.stdout) == (4, "['a', 'b c']\n")


def test_help():
    for command in ("run.sh", "kernel.sh"):
        result = run(command, "--help")
        assert result.returncode == 0
        assert result.stdout.count("usage:") == 1
        assert "set -eu" not in result.stdout


def test_unknown_example():
    result = run("run.sh", "nothing")
    assert result.returncode == 2
    assert 'no example and no file "nothing"' in result.stderr


def test_interactive_python_needs_a_terminal():
    result = run("kernel.sh")
    assert result.returncode == 1
    assert "needs a terminal" in result.stderr
