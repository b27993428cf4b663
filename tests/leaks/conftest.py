"""The process that makes the calls."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent
totals = Counter()


def pytest_terminal_summary(terminalreporter):
    for what, number in sorted(totals.items()):
        terminalreporter.write_line(f"leak tests: {what} {number:,}")


@pytest.fixture(scope="session")
def run_cases(tmp_path_factory):
    """Makes the calls of an entry point in a process of its own."""
    log = tmp_path_factory.mktemp("cases") / "log"
    # Ending calls early leaves sockets to close to the interpreter.
    command = [sys.executable, "-W", "ignore", HERE / "run_cases.py"]
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

        def run(calls, entry_point):
            before = log.stat().st_size
            process.stdin.write(f"{calls} {entry_point}\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            if "ended" in answer:
                text = log.read_text()[before:]
                pytest.fail(f"ended with {answer['ended']}:\n{text}", pytrace=False)
            if wrong := answer.get("wrong"):
                pytest.fail("\n".join(wrong), pytrace=False)
            totals.update(answer)

        yield run
        process.stdin.close()
