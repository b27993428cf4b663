"""The process that makes the calls."""

import json
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path

import native
import pytest

HERE = Path(__file__).parent
totals = Counter()


def pytest_terminal_summary(terminalreporter):
    for what, number in sorted(totals.items()):
        terminalreporter.write_line(f"{what} {number:,}")


@pytest.fixture(scope="session")
def failing(tmp_path_factory):
    """The folder of the module that lets allocations fail."""
    directory = tmp_path_factory.mktemp("failing")
    output = directory / f"failing{sysconfig.get_config_var('EXT_SUFFIX')}"
    compiler = native.host_compiler()
    compiler.run("-shared", "-fPIC", HERE / "failing.c", "-o", output)
    return directory


@pytest.fixture(scope="session")
def run_cases(failing, tmp_path_factory):
    """Makes the calls of an entry point in a process of its own."""
    log = tmp_path_factory.mktemp("cases") / "log"
    # Ending calls early leaves sockets to close to the interpreter.
    command = [sys.executable, "-W", "ignore", HERE / "run_cases.py", failing]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):

        def run(what, amount, entry_point):
            before = log.stat().st_size
            process.stdin.write(f"{what} {amount} {entry_point}\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            if "ended" in answer:
                text = log.read_text()[before:]
                pytest.fail(f"ended with {answer['ended']}:\n{text}", pytrace=False)
            if wrong := answer.get("wrong"):
                pytest.fail("\n".join(wrong), pytrace=False)
            totals.update({f"{what}: {name}": n for name, n in answer.items()})

        yield run
        process.stdin.close()
