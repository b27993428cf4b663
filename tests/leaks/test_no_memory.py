"""Without memory, the modules raise MemoryError and nothing else: while they are
loaded, and in everything that C implements."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import cases
import native
import pytest
from test_leaks import entry_points, serving

# How often a sweep is repeated. It must leave nothing behind.
SWEEPS = 2

# Loads a module while its allocations fail, the n-th alone and with all that
# follow, until there are no more; prints how many did.
PROGRAM = """
import _imp, gc, importlib.util, sys
import _sctp.sctp, _sctp.sctp_event, _sctp.sctp_info
sys.path.append(sys.argv[1])
import failing

spec = importlib.util.find_spec(sys.argv[2])
injected = 0
for last in lambda nth: nth, lambda nth: sys.maxsize:
    nth = 0
    while True:
        nth += 1
        module = importlib.util.module_from_spec(spec)
        try:
            failing.arm(nth, last(nth))
            failing.call(_imp.exec_dynamic, None, (module,), {})
        except MemoryError:
            pass
        if failing.seen() < nth:
            break
        injected += 1
        del module
        if nth % 50 == 0:
            gc.collect()
print(injected)
"""


@pytest.fixture(scope="session")
def failing(tmp_path_factory):
    """The folder of the module that lets allocations fail."""
    directory = tmp_path_factory.mktemp("failing")
    output = directory / f"failing{sysconfig.get_config_var('EXT_SUFFIX')}"
    source = Path(__file__).with_name("failing.c")
    native.host_compiler().run("-shared", "-fPIC", source, "-o", output)
    return directory


@pytest.fixture(scope="session")
def run_sweeps(tmp_path_factory, failing):
    """Makes the calls of an entry point while allocations fail."""
    log = tmp_path_factory.mktemp("sweeps") / "log"
    with serving(log, "run_sweeps.py", failing) as run:
        yield run


@pytest.mark.skipif(
    (3, 13) <= sys.version_info < (3, 13, 6),
    reason="CPython gh-109700: a class without memory is a crash",
)
@pytest.mark.parametrize(
    "name",
    [
        "sctp",
        "sctp_event",
        pytest.param(
            "sctp_info",
            marks=pytest.mark.skipif(
                sys.version_info[:2] == (3, 12),
                reason="a class in Python without memory is a crash of CPython 3.12",
            ),
        ),
    ],
)
def test_loading_without_memory_is_a_memory_error(name, failing):
    command = [sys.executable, "-X", "faulthandler", "-c", PROGRAM, failing]
    done = subprocess.run(
        [*command, f"_sctp.{name}"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


@pytest.mark.parametrize(
    "entry_point",
    entry_points(
        name
        for name in cases.CASES
        if not name.startswith("import ") and not cases.in_python(name)
    ),
)
def test_calls_without_memory_are_memory_errors(entry_point, run_sweeps):
    run_sweeps(SWEEPS, entry_point)
