"""The process that makes the calls."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import native
import pytest

HERE = Path(__file__).parent
injected = Counter()


def pytest_terminal_summary(terminalreporter):
    for what, number in sorted(injected.items()):
        terminalreporter.write_line(f"fault tests: {what} {number:,}")


@pytest.fixture(scope="session")
def faults(tmp_path_factory):
    """The object to be preloaded.  It needs libsctp, which is nobody's else."""
    output = tmp_path_factory.mktemp("faults") / "faults.so"
    arguments = ("-shared", "-fPIC", HERE / "faults.c", "-o", output)
    native.host_compiler().run(*arguments, "-Wl,--no-as-needed", "-lsctp", "-ldl")
    return output


class Process:
    """Answers one check after the other; one that ends it is not the last."""

    def __init__(self, library, log):
        # Behind what a sanitizer has there.
        preload = f"{os.environ.get('LD_PRELOAD', '')}:{library}"
        self.errors = log.open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", HERE / "run_faults.py"],
            env={**os.environ, "LD_PRELOAD": preload},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def ask(self, *question):
        self.process.stdin.write(" ".join(map(str, question)) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        with self.errors:
            self.errors.seek(0)
            return self.process.returncode, self.errors.read()


@pytest.fixture(scope="session")
def processes():
    started = []
    yield started
    for process in started:
        status, errors = process.end()
        assert status == 0, errors


@pytest.fixture
def check(request, faults, processes, tmp_path_factory):
    """Makes a check of a scene in a process with faults."""

    def run(name, scene="-"):
        if not processes:
            log = tmp_path_factory.mktemp("process") / "log"
            processes.append(Process(faults, log))
        process = processes[0]
        answer = process.ask(name, scene, request.config.getoption("--fault-calls"))
        if not answer:
            del processes[0]
            status, errors = process.end()
            pytest.fail(f"ended with {status}:\n{errors}", pytrace=False)
        answer = json.loads(answer)
        injected.update(answer["counts"])
        if "wrong" in answer:
            pytest.fail(answer["wrong"], pytrace=False)
        return answer

    return run
