"""System calls fail, are interrupted, or return less than they should, at each point
where our methods make them."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import native
import pytest
import scenes

import _sctp.sctp
import sctp

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.linux,
]

HERE = Path(__file__).parent

# Methods that make no system call.
WITHOUT_CALLS = {"sctp_type", "sock"}

injected = Counter()


@pytest.fixture(scope="session")
def faults(tmp_path_factory):
    """The object to preload. It needs libsctp."""
    output = tmp_path_factory.mktemp("faults") / "faults.so"
    arguments = ("-shared", "-fPIC", HERE / "faults.c", "-o", output)
    native.host_compiler().run(*arguments, "-Wl,--no-as-needed", "-lsctp", "-ldl")
    return output


class Process:
    """A process that answers one check after the other. If a check ends the process,
    the next one starts another."""

    def __init__(self, library, log):
        # After the libraries of a sanitizer.
        preload = f"{os.environ.get('LD_PRELOAD', '')}:{library}"
        self.errors = log.open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", HERE / "run_faults.py"],
            env=native.script_environment(LD_PRELOAD=preload),
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
    for what, number in sorted(injected.items()):
        print(f"{what} {number:,}")


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


def test_every_method_has_a_row():
    methods = {method for row in scenes.ROWS.values() for method in row.methods}
    for cls in _sctp.sctp.sctp_socket, sctp.sctp_socket:
        for name, value in vars(cls).items():
            if name == "__init__" or not name.startswith("__"):
                assert name in methods or name in WITHOUT_CALLS, name
            else:
                assert not callable(value) or name in ("__new__",), name


def test_every_method_that_waits_is_made_to():
    waiting = tuple(name.removeprefix("wait_in_") for name in scenes.WAITS)
    for name, row in scenes.ROWS.items():
        if {"recvmsg", "sendmsg"} & set(row.calls):
            assert name.startswith(waiting)


each_row = pytest.mark.parametrize("row", scenes.ROWS)
each_wait = pytest.mark.parametrize("wait", scenes.WAITS)


@each_row
def test_row_has_the_calls_that_the_method_makes(row, check):
    check("calls", row)


@each_row
def test_error_of_a_call_is_that_of_the_method(row, check):
    assert check("errors", row)["counts"]["errors"]


@each_row
def test_no_error_is_met_by_trying_for_ever(row, check):
    check("lasting_errors", row)


@each_row
def test_interrupted_call_goes_on(row, check):
    check("interrupted", row)


@each_row
def test_what_a_handler_raises_comes_through(row, check):
    check("raising_handler", row)


@each_row
def test_handler_may_end_the_socket(row, check):
    check("closing_handler", row)


@pytest.mark.parametrize(
    "name",
    [
        "wait_goes_on",
        "wait_ends_with_a_raising_handler",
        "wait_ends_with_a_message_that_stays",
        "wait_ends_with_a_closing_handler",
        "handler_sends_during_the_wait",
        "handler_takes_what_the_wait_is_for",
        "wait_ends_in_time",
        "wait_fails",
        "nothing_waits_on_a_non_blocking_socket",
        "wait_of_a_blocking_socket",
        "blocking_socket_may_have_a_timeout_of_the_system",
    ],
)
@each_wait
def test_wait_is_disturbed(name, wait, check):
    check(name, wait)


@pytest.mark.parametrize(
    "name", ["waiting_sender_rests", "waiting_sender_runs_handlers"]
)
@pytest.mark.parametrize("wait", [name for name in scenes.WAITS if "recvv" not in name])
def test_wait_for_room(name, wait, check):
    check(name, wait)


@pytest.mark.parametrize("what", ["messages", "ends", "options", "sends"])
def test_call_returns_less(what, check):
    assert check(f"short_{what}")["counts"]["short results"]


@pytest.mark.parametrize("what", ["names", "services"])
def test_look_up_fails(what, check):
    check(what)
