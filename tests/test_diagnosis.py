"""What ``python -m sctp`` prints about the machine."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import kernel_has_sctp

from sctp import __main__

REPOSITORY = Path(__file__).parent.parent


def diagnose(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "sctp", *arguments], capture_output=True, text=True
    )


def test_exit_status_says_whether_there_is_sctp():
    result = diagnose()
    assert result.returncode == (0 if kernel_has_sctp() else 1)
    assert result.stderr == ""
    can = "can" if kernel_has_sctp() else "cannot"
    assert f"This machine {can} do SCTP: " in result.stdout


def test_sources_without_c_modules_say_what_to_do(tmp_path):
    """As in a clone after ``pip install .``: Python finds the sources first."""
    for package in ("sctp", "_sctp"):
        without_modules = shutil.ignore_patterns("*.so", "__pycache__")
        shutil.copytree(
            REPOSITORY / package, tmp_path / package, ignore=without_modules
        )
    command = [sys.executable, "-S", "-m", "sctp"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert "No module named '_sctp.sctp'" in result.stderr
    sources = tmp_path / "sctp" / "__init__.py"
    assert f"{sources} has no C modules for this Python" in result.stderr


def test_text_says_what_to_do_where_there_is_no_sctp():
    text = diagnose().stdout
    assert ("What to do: " in text) != kernel_has_sctp()
    if sys.platform == "linux":
        assert ("examples/kernel.sh python" in text) != kernel_has_sctp()


def test_machines_get_the_same_as_json():
    result = diagnose("--json")
    facts = json.loads(result.stdout)
    assert facts["usable"] == (result.returncode == 0) == kernel_has_sctp()
    assert bool(facts["advice"]) == bool(facts["problem"]) != kernel_has_sctp()
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))


@pytest.mark.kernel
@pytest.mark.linux
def test_sysctl_is_shown_with_what_it_means():
    switch = Path("/proc/sys/net/sctp/auth_enable")
    before = switch.read_text()
    try:
        switch.write_text("0")
        off = diagnose().stdout
        switch.write_text("1")
        on = diagnose().stdout
    finally:
        switch.write_text(before)
    assert "net.sctp.auth_enable = 0 (off: only sockets with" in off
    assert "net.sctp.auth_enable = 1 (on)" in on


def test_largest_buffer_is_less_than_the_limit_of_freebsd():
    """The limit also counts the memory that the kernel needs for a buffer."""
    facts = __main__.diagnose()
    facts["sysctls"] = {"kern.ipc.maxsockbuf": "2097152"}
    assert "2097152 (bytes: SO_RCVBUF is at most 1864135)" in __main__._describe(facts)


@pytest.mark.kernel
@pytest.mark.linux
def test_firewall_is_found():
    """A network without loopback stands for a firewall."""
    result = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", "sctp"],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "This machine cannot do SCTP: " in result.stdout
    assert "firewall" in result.stdout
