"""Nothing that C implements keeps what it took, whether it succeeds or
fails."""

import cases
import pytest

needs_kernel = pytest.mark.kernel


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
