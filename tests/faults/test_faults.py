"""System calls that fail, are interrupted or return less than they should, at
each point where our methods make them."""

import sys

import pytest
import scenes

import _sctp.sctp
import sctp

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(sys.platform != "linux", reason="the faults are of Linux"),
]

# What makes no system call.
WITHOUT_CALLS = {"sctp_type", "sock"}


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


@pytest.mark.parametrize("what", ["messages", "options", "sends"])
def test_call_returns_less(what, check):
    assert check(f"short_{what}")["counts"]["short results"]


@pytest.mark.parametrize("what", ["names", "services"])
def test_look_up_fails(what, check):
    check(what)
