"""A build with the headers of Linux 4.18 offers what the newest kernel has."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import native
import pytest

import _sctp

pytestmark = pytest.mark.linux  # FreeBSD's headers belong to its kernel

# Every constant, option and layout that the modules know.
SHOW = """
import json
from _sctp import sctp, sctp_event, sctp_info

print(json.dumps({
    "constants": {
        f"{module.__name__}.{name}": value
        for module in (sctp, sctp_event, sctp_info)
        for name, value in vars(module).items()
        if isinstance(value, int)
    },
    "options": sctp._options,
    "layouts": {
        structure: sctp._describe(structure)
        for _, _, structure, *_ in sctp._options
        if structure
    },
    "notification": sctp_event.parse_notification(bytes.fromhex(
        "0d80 0100 23000000 0c000000 0100 0200 03000000 04000000 00000000 05000000"
        "616263"
    ))["ssfe_data"].decode(),
}))
"""


def shown(directory):
    environment = {**os.environ, "PYTHONPATH": str(directory)}
    command = [sys.executable, "-c", SHOW]
    output = subprocess.run(
        command, env=environment, capture_output=True, check=True, cwd=directory
    ).stdout
    return json.loads(output)


@pytest.fixture(scope="module")
def old_headers():
    compiler = native.host_compiler()
    compiler.includes.insert(0, f"-I{native.ROOT / 'tests' / 'linux-4.18'}")
    return compiler


def test_layouts_are_the_kernels(old_headers, tmp_path):
    old_headers.check_layouts(tmp_path)
    native.host_compiler().check_layouts(tmp_path)


@pytest.mark.parametrize("name", ["SCTP_EVENT", "SPP_DSCP", "SCTP_PR_SCTP_ALL"])
def test_old_headers_lack_what_is_to_be_filled_in(old_headers, name, tmp_path):
    with pytest.raises(AssertionError, match=name):
        old_headers.values([name], native.SYSTEM_HEADERS, tmp_path)


def test_modules_offer_the_same(old_headers, tmp_path):
    package = tmp_path / "_sctp"
    package.mkdir()
    for source in Path(_sctp.__file__).parent.glob("*.py"):
        shutil.copy(source, package)
    old_headers.build(package, sysconfig.get_config_var("EXT_SUFFIX"), "-lsctp")
    assert shown(tmp_path) == shown(Path(_sctp.__file__).parent.parent)
