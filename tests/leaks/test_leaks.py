"""Everything that C implements frees what it has taken, whether it succeeds or
fails."""

import contextlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cases
import native
import pytest

HERE = Path(__file__).parent

needs_kernel = pytest.mark.kernel


@contextlib.contextmanager
def serving(log, script, *arguments):
    """A function that checks an entry point in its own process. At the end it prints
    the counts."""
    totals = Counter()
    # If calls end early, the interpreter closes their sockets.
    command = [sys.executable, "-W", "ignore", HERE / script, *arguments]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command,
            env=native.script_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):

        def run(amount, entry_point):
            before = log.stat().st_size
            process.stdin.write(f"{amount} {entry_point}\n")
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
    for what, number in sorted(totals.items()):
        print(f"{what} {number:,}")


@pytest.fixture(scope="session")
def run_cases(tmp_path_factory):
    """Makes the calls of an entry point."""
    with serving(tmp_path_factory.mktemp("cases") / "log", "run_cases.py") as run:
        yield run


def entry_points(cases):
    return [
        pytest.param(
            name, marks=[needs_kernel] if name.startswith("sctp_socket.") else []
        )
        for name in cases
    ]


def test_every_entry_point_has_cases():
    assert set(cases.CASES) == set(cases.entry_points())


@pytest.mark.parametrize("entry_point", entry_points(cases.CASES))
def test_calls_leak_nothing(entry_point, run_cases, request):
    run_cases(request.config.getoption("--leak-calls"), entry_point)
